package io.weir.expose;

import io.weir.sample.Entropy;
import io.weir.sample.KeyHash;
import io.weir.sample.MetricType;
import io.weir.snapshot.Exemplar;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.Snapshot;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * OpenMetrics 1.0 text. One instance per scrape; any thread, one at a time.
 *
 * <ul>
 *   <li>A counter {@code x_total} is family {@code x}. One whose name does not end so, or whose {@code x} is another
 *       family, is of type unknown, as are untyped families.
 *   <li>Gauges named {@code x_created}, as client libraries push them, are the creation times of counter {@code x_total},
 *       or histogram or summary {@code x}, where there is one: each stands with the series of the same labels.
 *   <li>Where nobody has pushed them, creation times are those of the store, if asked for.
 *   <li>Exemplars stand with counters and buckets, but those whose labels have more than 128 characters.
 *   <li>Bounds of buckets are written as floating-point numbers, {@code le="1.0"}.
 * </ul>
 *
 * <p>Source: OpenMetrics 1.0.0.
 */
public final class OpenMetricsExposition extends LineExposition {
    public static final String CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private static final byte[] EOF = ascii("# EOF\n");
    private static final byte[] EXEMPLAR = ascii(" # {");
    private static final byte[] EXEMPLAR_VALUE = ascii("} ");
    private static final byte[] TOTAL = ascii("_total");
    private static final byte[] CREATED = ascii("_created");
    private static final byte[] UNKNOWN = ascii("unknown");
    private static final byte[][] TYPES = new byte[MetricType.values().length][];
    private static final KeyHash HASH = secret();
    private static final int NONE = -1;

    static {
        for (MetricType type : MetricType.values()) {
            TYPES[type.ordinal()] = ascii(type.text());
        }
    }

    private final List<FamilySnapshot> families;
    /** Whether series say when they began, where nobody has pushed that. */
    private final boolean created;
    /** The family that {@link #ownName} is of, and its name of creation times; null when it shows none. */
    private FamilySnapshot ownOf;
    private byte[] ownName;
    private final KeyHash hash = HASH.copy();
    /** By family: the one that holds its creation times, or NONE. Null when there is none at all. */
    private int[] createdOf;
    /** Whether a family is shown as creation times of another. */
    private boolean[] isShownElsewhere;

    // the creation times of the family being rendered, by label text
    private int indexedFamily = NONE;
    private int[] index = new int[0];
    private byte[] createdName;

    public OpenMetricsExposition(Snapshot snapshot) {
        this(snapshot.families(), BLOCK_BYTES);
    }

    /** Only the families that {@code names} select: by family name, or by a sample name of a histogram or summary. */
    public OpenMetricsExposition(Snapshot snapshot, Collection<String> names) {
        this(select(snapshot, names), BLOCK_BYTES);
    }

    OpenMetricsExposition(List<FamilySnapshot> families, int blockBytes) {
        this(families, blockBytes, false);
    }

    static OpenMetricsExposition withCreated(List<FamilySnapshot> families, int blockBytes) {
        return new OpenMetricsExposition(families, blockBytes, true);
    }

    static OpenMetricsExposition withCreated(Snapshot snapshot, Collection<String> names) {
        return new OpenMetricsExposition(select(snapshot, names), BLOCK_BYTES, true);
    }

    private OpenMetricsExposition(List<FamilySnapshot> families, int blockBytes, boolean created) {
        super(families, blockBytes);
        this.families = families;
        this.created = created;
        for (int i = 0; i < families.size(); i++) {
            FamilySnapshot family = families.get(i);
            if (family.type().isScalar() && family.type() != MetricType.COUNTER && endsWith(family.name(), CREATED)) {
                int owner = owner(family.name());
                if (owner != NONE) {
                    share(i, owner);
                }
            }
        }
    }

    private void share(int created, int owner) {
        if (createdOf == null) {
            createdOf = new int[families.size()];
            Arrays.fill(createdOf, NONE);
            isShownElsewhere = new boolean[families.size()];
        }
        createdOf[owner] = created;
        isShownElsewhere[created] = true;
    }

    /** The family whose creation times these are by their name. */
    private int owner(byte[] name) {
        byte[] stem = Arrays.copyOf(name, name.length - CREATED.length);
        int i = find(families, stem);
        if (i >= 0 && !families.get(i).type().isScalar()) {
            return i;
        }
        int total = i >= 0 ? NONE : find(families, join(stem, TOTAL));
        return total >= 0 && families.get(total).type() == MetricType.COUNTER ? total : NONE;
    }

    @Override
    public String contentType() {
        return CONTENT_TYPE;
    }

    @Override
    void open(ByteBlock out) {}

    @Override
    void close(ByteBlock out) {
        out.put(EOF);
    }

    @Override
    int shape(int family) {
        if (createdOf != null && createdOf[family] != NONE) {
            return NO_SHAPE;
        }
        FamilySnapshot current = families.get(family);
        boolean elsewhere = isShownElsewhere != null && isShownElsewhere[family];
        boolean begins = created && ownName(current) != null;
        return (elsewhere ? 1 : 0) | (isCounter(current) ? 2 : 0) | (begins ? 4 : 0);
    }

    @Override
    void render(FamilySnapshot current, int until, ByteBlock out, int end) {
        if (isShownElsewhere != null && isShownElsewhere[family]) {
            series = until;
        } else {
            super.render(current, until, out, end);
        }
    }

    @Override
    byte[] headName(FamilySnapshot current) {
        byte[] name = current.name();
        return isCounter(current) ? Arrays.copyOf(name, name.length - TOTAL.length) : name;
    }

    @Override
    byte[] headType(FamilySnapshot current) {
        boolean unknown = current.type() == MetricType.UNTYPED || current.type() == MetricType.COUNTER && !isCounter(current);
        return unknown ? UNKNOWN : TYPES[current.type().ordinal()];
    }

    private boolean isCounter(FamilySnapshot current) {
        byte[] name = current.name();
        return current.type() == MetricType.COUNTER
                && endsWith(name, TOTAL)
                && find(families, Arrays.copyOf(name, name.length - TOTAL.length)) < 0;
    }

    @Override
    boolean isEscaped(byte b) {
        return b == '\\' || b == '"';
    }

    @Override
    int bound(double bound, byte[] a, int n) {
        int end = NumberWriter.write(bound, a, n);
        for (int i = n; i < end; i++) {
            if ((a[i] < '0' || a[i] > '9') && a[i] != '-') {
                return end;
            }
        }
        a[end] = '.';
        a[end + 1] = '0';
        return end + 2;
    }

    // ---- exemplars

    @Override
    void exemplar(FamilySnapshot current, double bound, ByteBlock out) {
        Exemplar exemplar = current.exemplar(series, bound);
        if (exemplar == null || current.type() == MetricType.COUNTER && !isCounter(current) || exemplar.isTooLong()) {
            return;
        }
        // instead of the end of the line
        out.length(out.length() - 1);
        out.put(EXEMPLAR);
        out.put(exemplar.labels());
        out.put(EXEMPLAR_VALUE);
        out.put(exemplar.value());
        if (exemplar.hasTime()) {
            out.put((byte) ' ');
            out.put(ascii(BigDecimal.valueOf(exemplar.epochNanos(), 9).stripTrailingZeros().toPlainString()));
        }
        out.put((byte) '\n');
    }

    // ---- creation times

    @Override
    boolean endsSeries(FamilySnapshot current) {
        return isPushedCreated() || created && ownName(current) != null || current.hasExemplars() && isCounter(current);
    }

    private boolean isPushedCreated() {
        return createdOf != null && createdOf[family] != NONE;
    }

    /** The name under which this family says when its series began; null when it does not, or another family bears it. */
    private byte[] ownName(FamilySnapshot current) {
        if (ownOf != current) {
            ownOf = current;
            boolean counter = isCounter(current);
            byte[] name = current.name();
            byte[] stem = counter ? Arrays.copyOf(name, name.length - TOTAL.length) : name;
            byte[] own = join(stem, CREATED);
            boolean has = counter || !current.type().isScalar();
            ownName = has && find(families, own) < 0 ? shown(own, current) : null;
        }
        return ownName;
    }

    @Override
    void endSeries(FamilySnapshot current, ByteBlock out) {
        if (!isPushedCreated()) {
            if (created && ownName(current) != null && current.begunMillis(series) > 0) {
                sample(ownName, current, current.begunMillis(series) / 1e3, out);
            }
            return;
        }
        FamilySnapshot created = families.get(createdOf[family]);
        if (indexedFamily != family) {
            index(created);
            indexedFamily = family;
            createdName = shown(created.name(), created);
        }
        int found = find(created, current);
        if (found != NONE) {
            sample(createdName, current, created.value(found), out);
        }
    }

    private void index(FamilySnapshot created) {
        int slots = Integer.highestOneBit(Math.max(4, created.size())) << 2;
        index = new int[slots];
        for (int i = 0; i < created.size(); i++) {
            int slot = slot(created, i);
            while (index[slot] != 0) {
                slot = slot + 1 & slots - 1;
            }
            index[slot] = i + 1;
        }
    }

    private int find(FamilySnapshot created, FamilySnapshot current) {
        int length = current.textLength(series);
        int from = current.textOffset(series);
        for (int slot = slot(current, series); index[slot] != 0; slot = slot + 1 & index.length - 1) {
            int i = index[slot] - 1;
            int at = created.textOffset(i);
            if (Arrays.equals(
                    created.textChunk(i), at, at + created.textLength(i), current.textChunk(series), from, from + length)) {
                return i;
            }
        }
        return NONE;
    }

    private int slot(FamilySnapshot of, int i) {
        hash.hash(of.textChunk(i), of.textOffset(i), of.textLength(i), 0);
        return (int) hash.h0() & index.length - 1;
    }

    private static boolean endsWith(byte[] name, byte[] suffix) {
        int from = name.length - suffix.length;
        return from > 0 && Arrays.equals(name, from, name.length, suffix, 0, suffix.length);
    }

    private static KeyHash secret() {
        return Entropy.keyHash();
    }
}
