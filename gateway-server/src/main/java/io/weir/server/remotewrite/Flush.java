package io.weir.server.remotewrite;

import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.EndedSeries;
import io.weir.snapshot.Exemplar;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import io.weir.snapshot.SummaryValue;
import java.util.Arrays;
import java.util.List;

/**
 * One snapshot on its way to one endpoint: all its series, and a stale marker for each series that ended, under one
 * timestamp. It hands them out a request at a time. Outputs thread only.
 *
 * <p>The order is a ring of blocks, the ended series first and then the families by name, and a flush may begin anywhere in
 * it: one that replaces an unfinished one begins where that one failed, so that no series starves behind another.
 */
final class Flush {
    /** A place in the ring. The empty family is the block of the ended series. */
    record Place(byte[] family, int series) {
        static final Place FIRST = new Place(new byte[0], 0);
    }

    private static final int ENDED = 0;

    private final List<FamilySnapshot> families;
    private final List<EndedSeries> ended;
    private final long endedSequence;
    private final long timestamp;
    private final SentExemplars exemplars;
    private final long total;
    private final int startBlock;
    private final int startSeries;

    private int block;
    private int series;
    /** Next time series of a histogram or summary. */
    private int component;

    private boolean wrapped;
    private boolean endedHandedOut;
    private long handedOut;

    /** Without exemplars. */
    Flush(Snapshot snapshot, long timestamp, Place start) {
        this(snapshot, timestamp, start, null);
    }

    /**
     * @param timestamp milliseconds since the epoch
     * @param exemplars tells which are due; null for none
     */
    Flush(Snapshot snapshot, long timestamp, Place start, SentExemplars exemplars) {
        this.families = snapshot.families();
        this.endedSequence = snapshot.endedSequence();
        this.ended = snapshot.ended();
        this.timestamp = timestamp;
        this.exemplars = exemplars;
        this.total = count();

        this.startBlock = start.family.length == 0 ? ENDED : blockOf(start.family);
        boolean same = startBlock != ENDED && Arrays.equals(families.get(startBlock - 1).name(), start.family);
        this.startSeries = same ? Math.min(start.series, sizeOf(startBlock)) : 0;
        this.block = startBlock;
        this.series = startSeries;
    }

    /** First block whose family is not before {@code name}; the ended ones when all are. */
    private int blockOf(byte[] name) {
        int low = 0;
        int high = families.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Arrays.compareUnsigned(families.get(middle).name(), name) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low < families.size() ? low + 1 : ENDED;
    }

    private long count() {
        long n = 0;
        for (EndedSeries e : ended) {
            n += components(e);
        }
        for (FamilySnapshot f : families) {
            if (f.type() == MetricType.HISTOGRAM) {
                for (int i = 0; i < f.size(); i++) {
                    n += WriteRequestEncoder.seriesOf(f.histogram(i));
                }
            } else {
                n += (long) f.size() * (f.type() == MetricType.SUMMARY ? 2 : 1);
            }
        }
        return n;
    }

    /** Milliseconds since the epoch. */
    long timestamp() {
        return timestamp;
    }

    /** Time series in all. */
    long total() {
        return total;
    }

    /** Time series that no request has taken yet. */
    long remaining() {
        return total - handedOut;
    }

    /** Hands out no more; returns how many time series no request has taken. */
    long cut() {
        long left = remaining();
        handedOut = total;
        wrapped = true;
        block = startBlock;
        series = startSeries;
        return left;
    }

    /** Number of the last ended series that this flush marks. */
    long endedSequence() {
        return endedSequence;
    }

    /** Whether requests have taken all ended series. */
    boolean endedHandedOut() {
        return endedHandedOut || ended.isEmpty();
    }

    /** Where {@link #fill} will go on. */
    Place place() {
        if (block == ENDED) {
            return families.isEmpty() ? Place.FIRST : new Place(families.get(0).name(), 0);
        }
        // inside a histogram the next attempt starts after it: it may be what the receiver cannot stand
        return new Place(families.get(block - 1).name(), series + (component > 0 ? 1 : 0));
    }

    /**
     * Moves time series into {@code out} until it holds {@code maxSeries}, or {@code maxBytes} and more. A histogram is cut
     * in two only when a whole request cannot hold it.
     *
     * @return false when there are no more
     */
    boolean fill(WriteRequestEncoder encoder, SeriesBuffer out, int maxSeries, int maxBytes) {
        encoder.timestamp(timestamp);
        int before = out.count();
        while (settle() && out.count() < maxSeries && out.weight() < maxBytes) {
            if (block == ENDED) {
                EndedSeries e = ended.get(series);
                byte[] text = e.labels();
                out.start(0);
                if (!encode(encoder, out, e.type(), null, e.family(), text, 0, text.length, e.last(), maxSeries, maxBytes)) {
                    break;
                }
            } else {
                FamilySnapshot f = families.get(block - 1);
                if (f.type().isScalar()) {
                    scalars(encoder, out, f, maxSeries, maxBytes);
                    continue;
                }
                out.start(start(f, series));
                CellValue value = f.type() == MetricType.HISTOGRAM ? f.histogram(series) : f.summary(series);
                int of = series;
                int firstComponent = component;
                int first = out.count();
                if (!encode(
                        encoder,
                        out,
                        f.type(),
                        f.help(),
                        f.name(),
                        f.textChunk(series),
                        f.textOffset(series),
                        f.textLength(series),
                        value,
                        maxSeries,
                        maxBytes)) {
                    break;
                }
                if (exemplars != null && f.hasExemplars() && value instanceof HistogramValue h) {
                    bucketExemplars(out, f, of, h, firstComponent, first);
                }
            }
        }
        handedOut += out.count() - before;
        return out.count() > before;
    }

    private void scalars(WriteRequestEncoder encoder, SeriesBuffer out, FamilySnapshot f, int maxSeries, int maxBytes) {
        out.family(f.type(), f.help());
        int limit = limit();
        int i = series;
        for (; i < limit && out.count() < maxSeries && out.weight() < maxBytes; i++) {
            long bits = Double.doubleToRawLongBits(f.value(i));
            out.start(start(f, i));
            encoder.scalar(out, f.name(), f.textChunk(i), f.textOffset(i), f.textLength(i), bits);
            if (exemplars != null && f.hasExemplars()) {
                exemplar(out, out.count() - 1, f.exemplar(i, Double.NaN));
            }
        }
        series = i;
    }

    /** Of the buckets from {@code component} on, which are the series from {@code first} on. */
    private void bucketExemplars(SeriesBuffer out, FamilySnapshot f, int of, HistogramValue value, int component, int first) {
        int buckets = value.buckets();
        for (int i = component, n = first; i <= buckets && n < out.count(); i++, n++) {
            exemplar(out, n, f.exemplar(of, i < buckets ? value.bound(i) : Double.POSITIVE_INFINITY));
        }
    }

    private void exemplar(SeriesBuffer out, int i, Exemplar exemplar) {
        if (exemplar != null && exemplars.isDue(exemplar)) {
            out.exemplar(i, exemplar);
        }
    }

    /** A clock that was set back makes a series begin in the future, which no receiver would believe. */
    private long start(FamilySnapshot f, int i) {
        long begun = f.begunMillis(i);
        return begun <= timestamp ? begun : 0;
    }

    /** Writes what fits of the series at hand and moves on when that was all; false when it is left to the next request. */
    private boolean encode(
            WriteRequestEncoder encoder,
            SeriesBuffer out,
            MetricType type,
            byte[] help,
            byte[] name,
            byte[] text,
            int offset,
            int length,
            CellValue value,
            int maxSeries,
            int maxBytes) {
        boolean stale = block == ENDED;
        if (type.isScalar()) {
            out.family(type, help);
            encoder.scalar(out, name, text, offset, length, WriteRequestEncoder.STALE);
            series++;
            return true;
        }

        int components = components(type, value);
        if (component == 0 && out.count() > 0 && components > maxSeries - out.count()) {
            return false;
        }
        out.family(type, help);
        int to = Math.min(components, component + maxSeries - out.count());
        if (type == MetricType.SUMMARY) {
            encoder.summary(out, name, text, offset, length, (SummaryValue) value, stale, component, to);
        } else {
            // each bucket repeats the labels: those of one histogram may be more than a request takes
            int each = Math.max(1, (maxBytes - out.weight()) / (length + name.length + 128));
            to = Math.min(to, component + each);
            encoder.histogram(out, name, text, offset, length, (HistogramValue) value, stale, component, to);
        }
        component = to;
        if (component == components) {
            component = 0;
            series++;
        }
        return true;
    }

    private static int components(EndedSeries e) {
        return components(e.type(), e.last());
    }

    private static int components(MetricType type, CellValue value) {
        return switch (type) {
            case HISTOGRAM -> WriteRequestEncoder.seriesOf((HistogramValue) value);
            case SUMMARY -> WriteRequestEncoder.seriesOf((SummaryValue) value);
            default -> 1;
        };
    }

    /** Steps over exhausted blocks; false at the end of the ring. */
    private boolean settle() {
        while (series >= limit()) {
            endedHandedOut |= block == ENDED;
            if (wrapped && block == startBlock) {
                return false;
            }
            block++;
            series = 0;
            if (block > families.size()) {
                block = ENDED;
                wrapped = true;
            }
        }
        return true;
    }

    private int limit() {
        return wrapped && block == startBlock ? startSeries : sizeOf(block);
    }

    private int sizeOf(int b) {
        return b == ENDED ? ended.size() : families.get(b - 1).size();
    }
}
