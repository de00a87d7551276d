package io.weir.expose;

import io.weir.sample.MetricType;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.Snapshot;
import java.util.Collection;
import java.util.List;

/**
 * Prometheus text 0.0.4: HELP (when there is one) before TYPE, families by name, a histogram as its ladder, sum and count.
 * One instance per scrape; any thread, one at a time. Allocates per family, nothing per series.
 *
 * <p>Source: Prometheus exposition formats, text-based format 0.0.4.
 */
public final class TextExposition extends LineExposition {
    public static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private static final byte[][] TYPES = new byte[MetricType.values().length][];

    static {
        for (MetricType type : MetricType.values()) {
            TYPES[type.ordinal()] = ascii(type.text());
        }
    }

    public TextExposition(Snapshot snapshot) {
        this(snapshot.families(), BLOCK_BYTES);
    }

    /** Only the families that {@code names} select: by family name, or by a sample name of a histogram or summary. */
    public TextExposition(Snapshot snapshot, Collection<String> names) {
        this(select(snapshot, names), BLOCK_BYTES);
    }

    TextExposition(List<FamilySnapshot> families, int blockBytes) {
        super(families, blockBytes);
    }

    @Override
    public String contentType() {
        return CONTENT_TYPE;
    }

    @Override
    void open(ByteBlock out) {}

    @Override
    void close(ByteBlock out) {}

    @Override
    int shape(int family) {
        return 0;
    }

    @Override
    byte[] headName(FamilySnapshot current) {
        return current.name();
    }

    @Override
    byte[] headType(FamilySnapshot current) {
        return TYPES[current.type().ordinal()];
    }

    @Override
    boolean isEscaped(byte b) {
        return b == '\\';
    }

    @Override
    int bound(double bound, byte[] a, int n) {
        return NumberWriter.write(bound, a, n);
    }

    @Override
    void endSeries(FamilySnapshot current, ByteBlock out) {}

    @Override
    boolean endsSeries(FamilySnapshot current) {
        return false;
    }
}
