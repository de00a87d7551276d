package io.weir.server.http;

import io.weir.server.telemetry.Samples;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/**
 * Counts requests of one event loop: plain counting by its single writer, a few nanoseconds each, read by scrapes of the
 * own metrics from any thread.
 */
final class HttpRecorder {
    /** Longest duration told apart; longer ones count as this. */
    private static final long NANOS_MAX = TimeUnit.MINUTES.toNanos(2);
    /** Keeps the counters of two event loops off one cache line. */
    private static final int PAD = 16;
    private static final int METHODS = Method.values().length + 1;
    /** Upper bounds of the histogram in microseconds. */
    private static final long[] BOUNDS_MICROS = {
        10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
        2_500_000, 5_000_000, 10_000_000
    };

    private final AtomicLongArray requests;
    private final AtomicLongArray refusals;
    private final AtomicLongArray cuts;
    private final AtomicReferenceArray<SingleWriterRecorder> durations;
    private final Histogram[] totals;

    HttpRecorder(int handlers) {
        requests = new AtomicLongArray(2 * PAD + handlers * METHODS * Status.count());
        refusals = new AtomicLongArray(2 * PAD + Refusal.values().length);
        cuts = new AtomicLongArray(2 * PAD + Cut.values().length);
        durations = new AtomicReferenceArray<>(handlers);
        totals = new Histogram[handlers];
    }

    /** One answered request. Event loop only. */
    void answered(int handler, Method method, int status) {
        add(requests, index(handler, method == null ? METHODS - 1 : method.ordinal(), Status.index(status)));
    }

    /** Requests that took this long from their first byte to the flush of their answer. Event loop only. */
    void took(int handler, long nanos, int count) {
        SingleWriterRecorder recorder = durations.getPlain(handler);
        if (recorder == null) {
            recorder = new SingleWriterRecorder(NANOS_MAX, 2);
            durations.setRelease(handler, recorder);
        }
        recorder.recordValueWithCount(Math.min(Math.max(nanos, 0), NANOS_MAX), count);
    }

    /** One request refused by the server itself. Event loop only. */
    void refused(Refusal refusal) {
        add(refusals, PAD + refusal.ordinal());
    }

    /** One connection ended in the middle of an answer. Event loop only. */
    void cut(Cut cut) {
        add(cuts, PAD + cut.ordinal());
    }

    private int index(int handler, int method, int status) {
        return PAD + (handler * METHODS + method) * Status.count() + status;
    }

    /** There is one writer, so no atomic read-modify-write is needed. */
    private static void add(AtomicLongArray array, int index) {
        array.setRelease(index, array.getPlain(index) + 1);
    }

    /** Requests by handler, method and code, summed over all loops; only what has happened. */
    static void collectRequests(HttpRecorder[] loops, List<String> handlers, Samples out) {
        Method[] methods = Method.values();
        for (int h = 0; h < handlers.size(); h++) {
            for (int m = 0; m < METHODS; m++) {
                for (int s = 0; s < Status.count(); s++) {
                    long sum = 0;
                    for (HttpRecorder loop : loops) {
                        sum += loop.requests.getAcquire(loop.index(h, m, s));
                    }
                    if (sum > 0) {
                        String method = m < methods.length ? methods[m].name() : "other";
                        String code = Integer.toString(Status.code(s));
                        out.add(sum, "handler", handlers.get(h), "method", method, "code", code);
                    }
                }
            }
        }
    }

    /** Refusals by reason, summed over all loops; every reason is there from the start. */
    static void collectRefusals(HttpRecorder[] loops, Samples out) {
        for (Refusal refusal : Refusal.values()) {
            long sum = 0;
            for (HttpRecorder loop : loops) {
                sum += loop.refusals.getAcquire(PAD + refusal.ordinal());
            }
            out.add(sum, "reason", refusal.reason());
        }
    }

    /** Connections cut by reason, summed over all loops; every reason is there from the start. */
    static void collectCuts(HttpRecorder[] loops, Samples out) {
        for (Cut cut : Cut.values()) {
            long sum = 0;
            for (HttpRecorder loop : loops) {
                sum += loop.cuts.getAcquire(PAD + cut.ordinal());
            }
            out.add(sum, "reason", cut.reason());
        }
    }

    /** Durations by handler, summed over all loops. Callers take turns. */
    static void collectDurations(HttpRecorder[] loops, List<String> handlers, Samples out) {
        for (int h = 0; h < handlers.size(); h++) {
            Histogram all = new Histogram(NANOS_MAX, 2);
            for (HttpRecorder loop : loops) {
                Histogram total = loop.total(h);
                if (total != null) {
                    all.add(total);
                }
            }
            if (all.getTotalCount() > 0) {
                write(all, handlers.get(h), out);
            }
        }
    }

    /** Everything recorded so far for a handler, or null. */
    private Histogram total(int handler) {
        SingleWriterRecorder recorder = durations.getAcquire(handler);
        if (recorder == null) {
            return null;
        }
        if (totals[handler] == null) {
            totals[handler] = new Histogram(NANOS_MAX, 2);
        }
        totals[handler].add(recorder.getIntervalHistogram());
        return totals[handler];
    }

    /** Bounds are resolved to two digits, as exact as the recorder is. */
    private static void write(Histogram all, String handler, Samples out) {
        for (long micros : BOUNDS_MICROS) {
            long count = all.getCountBetweenValues(0, TimeUnit.MICROSECONDS.toNanos(micros));
            out.add("_bucket", count, "handler", handler, "le", Double.toString(micros / 1e6));
        }
        out.add("_bucket", all.getTotalCount(), "handler", handler, "le", "+Inf");
        out.add("_sum", all.getMean() * all.getTotalCount() / 1e9, "handler", handler);
        out.add("_count", all.getTotalCount(), "handler", handler);
    }
}
