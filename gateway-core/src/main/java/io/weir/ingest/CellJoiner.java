package io.weir.ingest;

import io.weir.sample.Code;
import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.NativeHistogram;
import io.weir.snapshot.SummaryValue;
import java.util.Arrays;

/**
 * Joins the {@code _bucket}, {@code _sum} and {@code _count} samples of each histogram or summary of one batch, in any
 * order and spread over the body as they may be, into one immutable value. The same sample twice adds up when the batch
 * adds, the last one stays when it sets. Event loop only; reused from batch to batch.
 */
final class CellJoiner {
    /** Counts of float histograms are sums of others, so they may differ in their last digits. */
    private static final double COUNT_TOLERANCE = 1e-9;

    /** What one series has received so far. {@code target} is the staged target of {@link Batch}. */
    static final class Cell {
        long target;
        MetricType type;
        boolean set;
        long sample;
        int buckets;
        double[] bounds = new double[16];
        double[] cumulative = new double[16];
        double sum;
        double count;
        double infinity;
        boolean hasSum;
        boolean hasCount;
        boolean hasInfinity;
        double[] observedBounds;
        double[] observed;
        /** Native buckets; sum and count come as samples of their own. */
        NativeHistogram nativePart;
        /** What has come in one piece. */
        CellValue whole;
        /** Null when the cell has been united with another. */
        CellValue value;
    }

    private Cell[] cells = new Cell[4];
    private int size;
    private int[] index = new int[16];
    private Cell last;

    int size() {
        return size;
    }

    Cell cell(int i) {
        return cells[i];
    }

    /** Cumulative count at {@code bound}; +Inf is a bound like the others. */
    void bucket(Cell cell, double bound, double value) {
        if (bound == Double.POSITIVE_INFINITY) {
            cell.infinity = cell.set || !cell.hasInfinity ? value : cell.infinity + value;
            cell.hasInfinity = true;
            return;
        }
        int n = cell.buckets;
        int at = n > 0 && cell.bounds[n - 1] < bound ? -n - 1 : Arrays.binarySearch(cell.bounds, 0, n, bound);
        if (at >= 0) {
            cell.cumulative[at] = cell.set ? value : cell.cumulative[at] + value;
            return;
        }
        at = -at - 1;
        if (n == cell.bounds.length) {
            cell.bounds = Arrays.copyOf(cell.bounds, n << 1);
            cell.cumulative = Arrays.copyOf(cell.cumulative, n << 1);
        }
        System.arraycopy(cell.bounds, at, cell.bounds, at + 1, n - at);
        System.arraycopy(cell.cumulative, at, cell.cumulative, at + 1, n - at);
        cell.bounds[at] = bound;
        cell.cumulative[at] = value;
        cell.buckets = n + 1;
    }

    void sum(Cell cell, double value) {
        cell.sum = cell.set || !cell.hasSum ? value : cell.sum + value;
        cell.hasSum = true;
    }

    void count(Cell cell, double value) {
        cell.count = cell.set || !cell.hasCount ? value : cell.count + value;
        cell.hasCount = true;
    }

    /** Native buckets, beside the samples of sum and count that belong to them. */
    void nativePart(Cell cell, NativeHistogram value) {
        cell.nativePart = cell.set || cell.nativePart == null ? value : cell.nativePart.plus(value);
    }

    /** One observation of {@code value} for a histogram of the given bounds. */
    void observe(Cell cell, double[] bounds, double value) {
        if (cell.observed == null) {
            cell.observedBounds = bounds;
            cell.observed = new double[bounds.length + 1];
        }
        int at = Arrays.binarySearch(bounds, value);
        cell.observed[at >= 0 ? at : -at - 1]++;
        cell.sum += value;
    }

    /** A whole value: in the place of all before it, or on top of it. */
    void whole(Cell cell, CellValue value, boolean set) {
        if (set) {
            cell.set = true;
            cell.observed = null;
            cell.sum = 0;
        }
        cell.whole = set || cell.whole == null ? value : cell.whole.plus(value);
    }

    /** The cell of a target, new when {@code sample} is its first. */
    Cell at(long target, MetricType type, boolean set, long sample) {
        if (last != null && last.target == target) {
            return last;
        }
        int mask = index.length - 1;
        int i = slot(target, mask);
        for (int n; (n = index[i]) != 0; i = i + 1 & mask) {
            if (cells[n - 1].target == target) {
                return last = cells[n - 1];
            }
        }

        if (size == cells.length) {
            cells = Arrays.copyOf(cells, size << 1);
        }
        Cell cell = cells[size];
        if (cell == null) {
            cells[size] = cell = new Cell();
        }
        cell.target = target;
        cell.type = type;
        cell.set = set;
        cell.sample = sample;
        index[i] = ++size;
        if (size << 1 > index.length) {
            rehash();
        }
        return last = cell;
    }

    /** The cell of a target; null when nothing has come for it. */
    Cell find(long target) {
        int mask = index.length - 1;
        int i = slot(target, mask);
        for (int n; (n = index[i]) != 0; i = i + 1 & mask) {
            if (cells[n - 1].target == target) {
                return cells[n - 1];
            }
        }
        return null;
    }

    /** Takes into one cell what has come for another of the same series, which is left without a value. */
    void unite(Cell cell, Cell other) {
        for (int i = 0; i < other.buckets; i++) {
            bucket(cell, other.bounds[i], other.cumulative[i]);
        }
        if (other.hasInfinity) {
            bucket(cell, Double.POSITIVE_INFINITY, other.infinity);
        }
        if (other.hasSum) {
            sum(cell, other.sum);
        }
        if (other.hasCount) {
            count(cell, other.count);
        }
        if (other.nativePart != null) {
            nativePart(cell, other.nativePart);
        }
        other.value = null;
    }

    /** Makes the immutable value of a cell, or says what is wrong with it. */
    Code join(Cell cell) {
        if (cell.whole != null) {
            cell.value = cell.observed == null
                    ? cell.whole
                    : cell.whole.plus(new HistogramValue(cell.observedBounds, cell.observed, cell.sum));
            return Code.OK;
        }
        if (cell.type == MetricType.SUMMARY) {
            cell.value = new SummaryValue(cell.count, cell.sum);
            return Code.OK;
        }
        if (cell.observed != null) {
            cell.value = new HistogramValue(cell.observedBounds, cell.observed, cell.sum);
            return Code.OK;
        }

        double[] counts = new double[cell.buckets + 1];
        double below = 0;
        for (int i = 0; i < cell.buckets; i++) {
            counts[i] = cell.cumulative[i] - below;
            below = cell.cumulative[i];
            if (counts[i] < 0) {
                return Code.LADDER_FALLS;
            }
        }
        // +Inf is the truth where both are sent; _count stands in for it where it is missing
        double total = cell.hasInfinity ? cell.infinity : cell.hasCount ? Math.max(cell.count, below) : below;
        if (total < below) {
            return Code.LADDER_FALLS;
        }
        counts[cell.buckets] = total - below;
        if (cell.nativePart != null) {
            return joinNative(cell, counts, total);
        }
        cell.value = new HistogramValue(Arrays.copyOf(cell.bounds, cell.buckets), counts, cell.sum);
        return Code.OK;
    }

    /** One count for both forms; where none has come it is with the rest of the histogram, still to be united with this cell. */
    private static Code joinNative(Cell cell, double[] counts, double total) {
        NativeHistogram part = cell.nativePart;
        boolean counted = cell.hasCount || cell.hasInfinity;
        if (counted && Math.abs(total - part.count()) > COUNT_TOLERANCE * total) {
            return Code.NATIVE_HISTOGRAM;
        }
        cell.value = cell.buckets == 0
                ? new HistogramValue(part)
                : new HistogramValue(Arrays.copyOf(cell.bounds, cell.buckets), counts, part);
        return Code.OK;
    }

    void clear() {
        if (size == 0) {
            return;
        }
        for (int i = 0; i < size; i++) {
            Cell cell = cells[i];
            cell.buckets = 0;
            cell.sum = 0;
            cell.count = 0;
            cell.infinity = 0;
            cell.hasSum = false;
            cell.hasCount = false;
            cell.hasInfinity = false;
            cell.observed = null;
            cell.observedBounds = null;
            cell.nativePart = null;
            cell.whole = null;
            cell.value = null;
        }
        if (size > 1024) {
            cells = new Cell[4];
            index = new int[16];
        } else {
            Arrays.fill(index, 0);
        }
        size = 0;
        last = null;
    }

    private void rehash() {
        index = new int[index.length << 1];
        int mask = index.length - 1;
        for (int n = 0; n < size; n++) {
            int i = slot(cells[n].target, mask);
            while (index[i] != 0) {
                i = i + 1 & mask;
            }
            index[i] = n + 1;
        }
    }

    private static int slot(long target, int mask) {
        return (int) (target * 0x9e37_79b9_7f4a_7c15L >>> 40) & mask;
    }
}
