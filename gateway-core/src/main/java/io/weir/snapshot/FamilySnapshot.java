package io.weir.snapshot;

import io.weir.sample.MetricNames;
import io.weir.sample.MetricType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Consumer;

/**
 * One metric family within a {@link Snapshot}: its series in parallel arrays. Immutable, any thread. Arrays handed out
 * belong to the snapshot and must not be written.
 *
 * <p>Label text is the canonical form {@code a="x",b="y"}: sorted by label name, without braces, values escaped as in
 * text 0.0.4, empty for no labels; names that are not classic stand in quotes. {@link LabelText} takes it apart.
 */
public final class FamilySnapshot {
    /**
     * Makes the values of a family, {@link #RUN} series at a time, when somebody first asks for one of them: so the first
     * lines of a scrape need not wait until those of the last have been taken. Asked by any thread, by several at once too:
     * what the first of them made is the value for all. Must be able to until {@link #complete} has returned.
     */
    public interface Values {
        /** Raw double bits of series {@code from} to {@code from + count}. */
        long[] scalars(int from, int count);

        /** The same of histograms and summaries. */
        CellValue[] cells(int from, int count);
    }

    /** Most bytes of a label text. */
    public static final int TEXT_BYTES_MAX = 0xf_ffff;

    private static final int RUN_SHIFT = 12;

    /** Series whose values are taken together. */
    public static final int RUN = 1 << RUN_SHIFT;

    private static final VarHandle SCALARS = MethodHandles.arrayElementVarHandle(long[][].class);
    private static final VarHandle CELLS = MethodHandles.arrayElementVarHandle(CellValue[][].class);

    private final byte[] name;
    private final MetricType type;
    private final byte[] help;
    private final int size;
    private final byte[][] textChunks;
    private final long[] texts;
    /** Series per run as a power of two, and what an index is masked with. */
    private final int shift;

    private final int mask;
    private final Values source;
    private final long[][] values;
    private final CellValue[][] cells;
    private final long[] begun;
    private final Map<Integer, Exemplar[]> exemplars;
    private final boolean classicName;
    private final boolean classic;

    /**
     * Takes all arrays without copying them; {@code texts}, {@code values} and {@code cells} may be longer than
     * {@code size}.
     *
     * @param help plain UTF-8, or null
     * @param texts per series: chunk number (upper 20 bits), offset (24 bits), length (lower 20 bits)
     * @param values raw double bits per series; null when the type is not scalar
     * @param cells null when the type is scalar
     */
    public FamilySnapshot(
            byte[] name,
            MetricType type,
            byte[] help,
            int size,
            byte[][] textChunks,
            long[] texts,
            long[] values,
            CellValue[] cells) {
        this(name, type, help, size, textChunks, texts, values, cells, null, quotesLabels(size, textChunks, texts), null);
    }

    /**
     * As above, by someone who knows whether a label text may have names in quotes.
     *
     * @param begun when each series began, in epoch milliseconds, 0 for unknown; null for none
     * @param exemplars by index of the series; null for none
     */
    public FamilySnapshot(
            byte[] name,
            MetricType type,
            byte[] help,
            int size,
            byte[][] textChunks,
            long[] texts,
            long[] values,
            CellValue[] cells,
            long[] begun,
            boolean quotesLabels,
            Map<Integer, Exemplar[]> exemplars) {
        this(
                name,
                type,
                help,
                size,
                textChunks,
                texts,
                Integer.SIZE - 1,
                null,
                values == null ? null : new long[][] {values},
                cells == null ? null : new CellValue[][] {cells},
                begun,
                quotesLabels,
                exemplars);
    }

    /** As above, with values that are made when they are asked for. */
    public FamilySnapshot(
            byte[] name,
            MetricType type,
            byte[] help,
            int size,
            byte[][] textChunks,
            long[] texts,
            Values source,
            long[] begun,
            boolean quotesLabels,
            Map<Integer, Exemplar[]> exemplars) {
        this(
                name,
                type,
                help,
                size,
                textChunks,
                texts,
                RUN_SHIFT,
                source,
                type.isScalar() ? new long[runs(size)][] : null,
                type.isScalar() ? null : new CellValue[runs(size)][],
                begun,
                quotesLabels,
                exemplars);
    }

    private FamilySnapshot(
            byte[] name,
            MetricType type,
            byte[] help,
            int size,
            byte[][] textChunks,
            long[] texts,
            int shift,
            Values source,
            long[][] values,
            CellValue[][] cells,
            long[] begun,
            boolean quotesLabels,
            Map<Integer, Exemplar[]> exemplars) {
        this.name = name;
        this.type = type;
        this.help = help;
        this.size = size;
        this.textChunks = textChunks;
        this.texts = texts;
        this.shift = shift;
        this.mask = (1 << shift) - 1;
        this.source = source;
        this.values = values;
        this.cells = cells;
        this.begun = begun;
        this.exemplars = exemplars;
        this.classicName = MetricNames.isMetricName(name, 0, name.length);
        this.classic = classicName && !quotesLabels;
    }

    private static int runs(int size) {
        return (size + RUN - 1) >> RUN_SHIFT;
    }

    private static boolean quotesLabels(int size, byte[][] textChunks, long[] texts) {
        for (int i = 0; i < size; i++) {
            if (LabelText.quotesNames(textChunks[chunk(texts[i])], offset(texts[i]), length(texts[i]))) {
                return true;
            }
        }
        return false;
    }

    /** Packs the place of a label text. */
    public static long text(int chunk, int offset, int length) {
        return (long) chunk << 44 | (long) offset << 20 | length;
    }

    public byte[] name() {
        return name;
    }

    /** Whether its name and all label names are those of the classic data model, which no form has to quote or escape. */
    public boolean isClassic() {
        return classic;
    }

    public boolean hasClassicName() {
        return classicName;
    }

    /** The same series with a name and label texts, none of which has to be quoted. */
    public FamilySnapshot shownAs(byte[] otherName, byte[][] otherChunks, long[] otherTexts) {
        return new FamilySnapshot(
                otherName,
                type,
                help,
                size,
                otherChunks,
                otherTexts,
                shift,
                source,
                values,
                cells,
                begun,
                false,
                exemplars);
    }

    public MetricType type() {
        return type;
    }

    /** Plain UTF-8, unescaped; null when none was sent. */
    public byte[] help() {
        return help;
    }

    /** Number of series, at least one. */
    public int size() {
        return size;
    }

    /** Array in which the label text of series {@code i} lies. */
    public byte[] textChunk(int i) {
        return textChunks[chunk(texts[i])];
    }

    public int textOffset(int i) {
        return offset(texts[i]);
    }

    public int textLength(int i) {
        return length(texts[i]);
    }

    private static int chunk(long text) {
        return (int) (text >>> 44);
    }

    private static int offset(long text) {
        return (int) (text >>> 20) & 0xff_ffff;
    }

    private static int length(long text) {
        return (int) text & TEXT_BYTES_MAX;
    }

    /** Where the label text of series {@code i} lies, which tells series apart as long as texts do not move. */
    public long textPlace(int i) {
        return texts[i];
    }

    /** Whether {@code count} series from {@code from} on are those of another snapshot from {@code otherFrom} on, unchanged. */
    public boolean hasSame(int from, FamilySnapshot other, int otherFrom, int count) {
        return type == other.type
                && Arrays.equals(name, other.name)
                && Arrays.equals(help, other.help)
                && hasSameTexts(from, other, otherFrom, count)
                && hasSameValues(from, other, otherFrom, count)
                && hasSameBegun(from, other, otherFrom, count)
                && hasSameExemplars(from, other, otherFrom, count);
    }

    private boolean hasSameTexts(int from, FamilySnapshot other, int otherFrom, int count) {
        if (texts == other.texts && textChunks == other.textChunks && from == otherFrom) {
            return true;
        }
        int same = -1;
        for (int i = 0; i < count; i++) {
            long text = texts[from + i];
            if (text != other.texts[otherFrom + i]) {
                return false;
            }
            int chunk = chunk(text);
            // the number of a chunk that has been dropped may have been given to another
            if (chunk != same && textChunks[chunk] != other.textChunks[chunk]) {
                return false;
            }
            same = chunk;
        }
        return true;
    }

    private boolean hasSameValues(int from, FamilySnapshot other, int otherFrom, int count) {
        for (int i = 0; i < count; ) {
            int a = from + i & mask;
            int b = otherFrom + i & other.mask;
            int n = Math.min(count - i - 1, Math.min(mask - a, other.mask - b)) + 1;
            if (type.isScalar()) {
                long[] one = scalars(from + i >>> shift);
                long[] two = other.scalars(otherFrom + i >>> other.shift);
                if (!(one == two && a == b) && !Arrays.equals(one, a, a + n, two, b, b + n)) {
                    return false;
                }
            } else if (!hasSameCells(from + i, other, otherFrom + i, n)) {
                return false;
            }
            i += n;
        }
        return true;
    }

    private boolean hasSameCells(int from, FamilySnapshot other, int otherFrom, int count) {
        CellValue[] one = cells(from >>> shift);
        CellValue[] two = other.cells(otherFrom >>> other.shift);
        for (int i = 0; i < count; i++) {
            if (one[from + i & mask] != two[otherFrom + i & other.mask]) {
                return false;
            }
        }
        return true;
    }

    private boolean hasSameBegun(int from, FamilySnapshot other, int otherFrom, int count) {
        if (begun == null || other.begun == null) {
            return begun == other.begun;
        }
        return begun == other.begun && from == otherFrom
                || Arrays.equals(begun, from, from + count, other.begun, otherFrom, otherFrom + count);
    }

    private boolean hasSameExemplars(int from, FamilySnapshot other, int otherFrom, int count) {
        if (exemplars == null && other.exemplars == null) {
            return true;
        }
        if (exemplars == null || other.exemplars == null) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            if (!Arrays.equals(exemplars.get(from + i), other.exemplars.get(otherFrom + i))) {
                return false;
            }
        }
        return true;
    }

    /** Makes all values that nobody has asked for yet. */
    public void complete() {
        for (int run = 0; source != null && run < runs(size); run++) {
            if (type.isScalar()) {
                scalars(run);
            } else {
                cells(run);
            }
        }
    }

    /** Raw double bits of series {@code run * RUN} on. */
    public long[] scalars(int run) {
        long[] made = (long[]) SCALARS.getAcquire(values, run);
        if (made == null) {
            long[] mine = source.scalars(run << shift, Math.min(RUN, size - (run << shift)));
            long[] first = (long[]) SCALARS.compareAndExchange(values, run, null, mine);
            made = first == null ? mine : first;
        }
        return made;
    }

    /** Values of histogram or summary series {@code run * RUN} on. */
    public CellValue[] cells(int run) {
        CellValue[] made = (CellValue[]) CELLS.getAcquire(cells, run);
        if (made == null) {
            CellValue[] mine = source.cells(run << shift, Math.min(RUN, size - (run << shift)));
            CellValue[] first = (CellValue[]) CELLS.compareAndExchange(cells, run, null, mine);
            made = first == null ? mine : first;
        }
        return made;
    }

    /** Value of a scalar series. */
    public double value(int i) {
        return Double.longBitsToDouble(scalars(i >>> shift)[i & mask]);
    }

    /** Value of a histogram series. */
    public HistogramValue histogram(int i) {
        return (HistogramValue) cells(i >>> shift)[i & mask];
    }

    /** Value of a summary series. */
    public SummaryValue summary(int i) {
        return (SummaryValue) cells(i >>> shift)[i & mask];
    }

    /**
     * When a counter, histogram or summary began, that is when what it counts was zero: epoch milliseconds; 0 when that is not
     * known, and for other types.
     */
    public long begunMillis(int i) {
        return begun == null ? 0 : begun[i];
    }

    public boolean hasExemplars() {
        return exemplars != null;
    }

    /** All exemplars of the family, in no order. */
    public void forEachExemplar(Consumer<Exemplar> receiver) {
        if (exemplars != null) {
            for (Exemplar[] ofOne : exemplars.values()) {
                for (Exemplar e : ofOne) {
                    receiver.accept(e);
                }
            }
        }
    }

    /** The exemplar of a counter, of bound NaN, or of the bucket of a histogram with this bound; null for none. */
    public Exemplar exemplar(int i, double bound) {
        if (exemplars != null) {
            for (Exemplar e : exemplars.getOrDefault(i, Exemplar.NONE)) {
                if (Double.compare(e.bound(), bound) == 0) {
                    return e;
                }
            }
        }
        return null;
    }
}
