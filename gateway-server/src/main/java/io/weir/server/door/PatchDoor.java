package io.weir.server.door;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.weir.expose.NumberWriter;
import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.ingest.PointRules;
import io.weir.ingest.RefusedLines;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.EventLoopContext;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * {@code PATCH /metrics/{name}?label=value}: adds one, or the amount in the body, to a counter. Answers {@code ok}, or the
 * new value as {@code {"value":6}} when the request accepts JSON. Any thread; its patches belong to their event loop.
 */
final class PatchDoor implements Door {
    /** Separates hashes of targets from those of other formats. */
    private static final long TWEAK = 0x7061_7463_68L;
    private static final int BODY_MAX = 1 << 10;
    private static final Answer[] OK = Ack.answers(ack -> Answer.text(200, "ok", Ack.HEADER, ack.label()));
    /** The value of a patch whose process ended between keeping the patch and keeping its answer, which nobody has got. */
    private static final Answer[] UNKNOWN = Ack.answers(ack -> Answer.of(
            200, Answer.JSON, "{\"value\":null}".getBytes(ISO_8859_1), Ack.HEADER, ack.label()));
    private static final byte[] JSON_BEGIN = "{\"value\":".getBytes(ISO_8859_1);

    private final EventLoopContext.Local<Bench> benches;
    private final Keeping keeping;
    private final IngestMetrics metrics;

    PatchDoor(Limits limits, KeyHash hash, Keeping keeping, IngestMetrics metrics) {
        this.keeping = keeping;
        this.metrics = metrics;
        this.benches = new EventLoopContext.Local<>(context -> new Bench(context, limits, hash.copy()));
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        Bench bench = responder.context().get(benches);
        Patch patch = bench.free.pollLast();
        if (patch == null) {
            patch = new Patch(bench);
        }
        String problem = patch.submission.open(request, responder, true);
        if (problem != null) {
            bench.free.addLast(patch);
            metrics.rejected("bad_request");
            responder.fail(400, problem);
            return Exchange.NONE;
        }
        return patch.open(request);
    }

    /** What the patches of one event loop share. */
    private static final class Bench {
        final ArrayDeque<Patch> free = new ArrayDeque<>();
        final EventLoopContext context;
        final Ingest ingest;
        final KeyHash hash;
        final SeriesTarget target;
        final byte[] raw;
        final byte[] json = new byte[64];

        Bench(EventLoopContext context, Limits limits, KeyHash hash) {
            this.context = context;
            this.ingest = context.ingest();
            this.hash = hash;
            this.target = new SeriesTarget(limits);
            this.raw = new byte[limits.uriBytes()];
            System.arraycopy(JSON_BEGIN, 0, json, 0, JSON_BEGIN.length);
        }
    }

    /** One request; used again for later ones of the same event loop. */
    private final class Patch implements Exchange, Submission.Owner {
        private static final int IDLE_MAX = 64;

        private final Bench bench;
        private byte[] body = new byte[64];
        private int length;
        private final Submission submission;
        private Request request;
        private Batch batch;
        private boolean json;

        Patch(Bench bench) {
            this.bench = bench;
            this.submission = new Submission(this, bench.context, keeping);
        }

        Patch open(Request opened) {
            request = opened;
            length = 0;
            return this;
        }

        @Override
        public int body(byte[] buffer, int offset, int more) {
            if (length + more > BODY_MAX) {
                refuse(413, "body_too_large", "the body of a PATCH is a number, at most " + BODY_MAX + " bytes");
                return more;
            }
            if (body.length < length + more) {
                body = Arrays.copyOf(body, length + more);
            }
            System.arraycopy(buffer, offset, body, length, more);
            length += more;
            return more;
        }

        @Override
        public void end(byte[] buffer, int offset, int rest) {
            double amount = Amount.read(body, length);
            if (Double.isNaN(amount)) {
                refuse(400, "bad_value", "expected an empty body, a number, or {\"value\":number}");
                return;
            }
            submission.body(body, 0, length);
            json = request.accepts(Answer.JSON);
            batch = bench.ingest.open(Mode.ADD);
            Code code;
            bench.ingest.enter();
            try {
                code = stage(amount);
                if (code == null) {
                    return;
                }
                code = code == Code.OK ? submission.submit(batch, false) : code;
            } finally {
                bench.ingest.exit();
            }
            if (code != Code.OK) {
                metrics.rejected(code.reason());
                String text = Refuse.text(code, code == Code.JOURNAL_FAILING ? keeping.failure().get() : batch.detail());
                Refuse.with(release(text), code, text);
            }
        }

        @Override
        public void abort() {
            release();
        }

        @Override
        public Answer answer(Batch accepted, RefusedLines refused, Ack ack, boolean applied) {
            if (accepted == null || !json) {
                return OK[ack.ordinal()];
            }
            if (!applied) {
                return UNKNOWN[ack.ordinal()];
            }
            int end = NumberWriter.write(accepted.lastValue(), bench.json, JSON_BEGIN.length);
            bench.json[end] = '}';
            return Answer.of(200, Answer.JSON, Arrays.copyOf(bench.json, end + 1), Ack.HEADER, ack.label());
        }

        @Override
        public void applied(Batch accepted, RefusedLines refused) {
            metrics.applied(1);
        }

        @Override
        public void over() {
            release();
        }

        /** By the raw target when that has been seen, else by name and labels; null when it has been refused here. */
        private Code stage(double amount) {
            String target = request.target();
            int from = request.restAt();
            int n = target.length() - from;
            for (int i = 0; i < n; i++) {
                bench.raw[i] = (byte) target.charAt(from + i);
            }
            bench.hash.hash(bench.raw, 0, n, TWEAK);
            long h0 = bench.hash.h0();
            long h1 = bench.hash.h1();
            Code code = batch.known(h0, h1, amount);
            return code == Code.UNKNOWN ? define(amount, h0, h1) : code;
        }

        private Code define(double amount, long h0, long h1) {
            SeriesTarget series = bench.target;
            String problem = series.read(request);
            if (problem != null) {
                refuse(400, "bad_target", problem);
                return null;
            }
            batch.begin(series.bytes(), 0, series.nameLength());
            for (int i = 0; i < series.labels(); i++) {
                Code code = batch.label(series.bytes(), series.labelOffset(i), series.labelLength(i),
                        series.valueOffset(i), series.valueLength(i), false);
                if (code != Code.OK) {
                    return code;
                }
            }
            return batch.endAs(h0, h1, amount, PointRules.As.COUNTER, null);
        }

        private void refuse(int status, String reason, String message) {
            metrics.rejected(reason);
            release(message).fail(status, message);
        }

        private Responder release(String why) {
            Responder answering = submission.refuse(why);
            release();
            return answering;
        }

        private void release() {
            request = null;
            if (batch != null) {
                bench.ingest.close(batch);
                batch = null;
            }
            if (bench.free.size() < IDLE_MAX) {
                bench.free.addLast(this);
            }
        }
    }
}
