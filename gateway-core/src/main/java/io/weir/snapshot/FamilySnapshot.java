package io.weir.snapshot;

import io.weir.sample.MetricType;

/**
 * One metric family within a {@link Snapshot}: its series in parallel arrays. Immutable, any thread. Arrays handed out
 * belong to the snapshot and must not be written.
 *
 * <p>Label text is the canonical form {@code a="x",b="y"}: sorted by label name, without braces, values escaped as in
 * text 0.0.4, empty for no labels. {@link LabelText} takes it apart.
 */
public final class FamilySnapshot {
    private final byte[] name;
    private final MetricType type;
    private final byte[] help;
    private final int size;
    private final byte[][] textChunks;
    private final long[] texts;
    private final long[] values;
    private final CellValue[] cells;

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
        this.name = name;
        this.type = type;
        this.help = help;
        this.size = size;
        this.textChunks = textChunks;
        this.texts = texts;
        this.values = values;
        this.cells = cells;
    }

    /** Packs the place of a label text. */
    public static long text(int chunk, int offset, int length) {
        return (long) chunk << 44 | (long) offset << 20 | length;
    }

    public byte[] name() {
        return name;
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
        return textChunks[(int) (texts[i] >>> 44)];
    }

    public int textOffset(int i) {
        return (int) (texts[i] >>> 20) & 0xff_ffff;
    }

    public int textLength(int i) {
        return (int) texts[i] & 0xf_ffff;
    }

    /** Value of a scalar series. */
    public double value(int i) {
        return Double.longBitsToDouble(values[i]);
    }

    /** Value of a histogram series. */
    public HistogramValue histogram(int i) {
        return (HistogramValue) cells[i];
    }

    /** Value of a summary series. */
    public SummaryValue summary(int i) {
        return (SummaryValue) cells[i];
    }
}
