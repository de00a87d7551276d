package io.weir.expose;

import io.weir.sample.MetricType;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.Snapshot;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * Renders one snapshot block by block, so that a server writes while its channel takes more and never holds a whole
 * body. One instance per scrape; any thread, one at a time.
 *
 * <p>The blocks joined are the body. Where they are cut depends on nothing but the snapshot, the filter and the block
 * size, so a second instance that is moved to the place where a block ended goes on with the same bytes.
 *
 * <p>Lines are counted as if all numbers were long, so that a new value does not shift the blocks behind it; and a block
 * that is nearly full ends where a hash of the series says so, so that of the blocks behind a series that has come or gone
 * only the next few are cut anew. {@link RenderedPieces} lives on that.
 */
public abstract sealed class Exposition permits LineExposition, JsonExposition, ProtobufExposition {
    /** Default size of a block, which is longer by what is left of the line (text) or series (JSON) that fills it. */
    public static final int BLOCK_BYTES = 64 << 10;

    /** One of so many series may end a block that is nearly full. */
    private static final int MARKS_SHIFT = Long.SIZE - 6;

    private static final long MIX = 0x9e37_79b9_7f4a_7c15L;

    /** What a sample line has besides name, suffix and labels at most, but for the bound of a bucket. */
    private static final int LINE_BYTES = NumberWriter.BYTES_MAX + 4;

    private static final int BUCKET_BYTES = LINE_BYTES + 24;

    /** What {@link #shape} says of a family whose lines depend on other families' series. */
    static final int NO_SHAPE = -1;

    /** A place between two lines of a body. */
    record Place(int family, int series, int line) {
        static final Place START = new Place(0, 0, 0);
    }

    private final List<FamilySnapshot> families;
    private final int blockBytes;
    private final int nearlyFull;

    int family;
    int series;
    /** Line within one series. */
    int line;

    /** Bytes of this block, as the lines count. */
    private int counted;

    Exposition(List<FamilySnapshot> families, int blockBytes) {
        this.families = families;
        this.blockBytes = blockBytes;
        this.nearlyFull = blockBytes - (blockBytes >> 2);
    }

    final List<FamilySnapshot> families() {
        return families;
    }

    /** Value of the Content-Type header. */
    public abstract String contentType();

    /**
     * Appends the next block to {@code out}: about {@link #BLOCK_BYTES}, less when the body ends, nothing when it is empty.
     *
     * @return whether more follows; once it does not, this instance is done
     */
    public final boolean next(ByteBlock out) {
        if (family == 0 && series == 0 && line == 0) {
            open(out);
        }
        int end = out.length() + blockBytes;
        counted = 0;
        while (family < families.size() && counted < blockBytes && out.length() < end) {
            FamilySnapshot current = families.get(family);
            int until = cut(current);
            render(current, until, out, end);
            if (series == current.size()) {
                series = 0;
                family++;
            } else if (series == until) {
                break;
            }
        }
        if (family < families.size()) {
            return true;
        }
        close(out);
        return false;
    }

    /** Where the block ends in this family, and adds to {@link #counted}, {@link #blockBytes} at least when it does end. */
    private int cut(FamilySnapshot current) {
        int size = current.size();
        int fixed = current.name().length + LINE_BYTES;
        boolean scalar = current.type().isScalar();
        long salt = Arrays.hashCode(current.name());
        int n = counted;
        int i = series;
        do {
            n += scalar ? fixed + current.textLength(i) : countCell(current, i, fixed);
            if (n >= nearlyFull && (n >= blockBytes || (current.textPlace(i) ^ salt) * MIX >>> MARKS_SHIFT == 0)) {
                counted = blockBytes;
                return i + 1;
            }
            i++;
        } while (i < size);
        counted = n;
        return size;
    }

    private int countCell(FamilySnapshot current, int i, int fixed) {
        int line = fixed + current.textLength(i);
        long bytes = current.type() == MetricType.SUMMARY
                ? 2L * line
                : (current.histogram(i).buckets() + 3L) * (line + BUCKET_BYTES);
        return (int) Math.min(bytes, blockBytes);
    }

    /**
     * What the lines of a family depend on besides its series, its name, type and help; {@link #NO_SHAPE} when that is too
     * much to say.
     */
    abstract int shape(int family);

    /**
     * Appends lines of {@code current} from {@link #series} and {@link #line} on, one at least, up to series {@code until},
     * or until {@code out} has reached {@code end}.
     */
    abstract void render(FamilySnapshot current, int until, ByteBlock out, int end);

    abstract void open(ByteBlock out);

    abstract void close(ByteBlock out);

    final Place place() {
        return new Place(family, series, line);
    }

    final void moveTo(Place place) {
        family = place.family;
        series = place.series;
        line = place.line;
    }

    /**
     * Families of {@code snapshot} with one of {@code names}, in their order. Histograms and summaries also go by the names
     * of their samples, {@code x_bucket}, {@code x_sum} and {@code x_count}.
     */
    static List<FamilySnapshot> select(Snapshot snapshot, Collection<String> names) {
        List<FamilySnapshot> all = snapshot.families();
        TreeSet<Integer> found = new TreeSet<>();
        for (String name : names) {
            int i = find(all, name);
            if (i >= 0) {
                found.add(i);
            }
            int stem = find(all, stem(name));
            if (stem >= 0) {
                MetricType type = all.get(stem).type();
                if (type == MetricType.HISTOGRAM || type == MetricType.SUMMARY && !name.endsWith("_bucket")) {
                    found.add(stem);
                }
            }
        }
        return found.stream().map(all::get).toList();
    }

    private static String stem(String name) {
        for (String suffix : List.of("_bucket", "_sum", "_count")) {
            if (name.endsWith(suffix)) {
                return name.substring(0, name.length() - suffix.length());
            }
        }
        return "";
    }

    private static int find(List<FamilySnapshot> families, String name) {
        return find(families, name.getBytes(StandardCharsets.UTF_8));
    }

    /** Index of the family of this name; negative when there is none. */
    static int find(List<FamilySnapshot> families, byte[] key) {
        int low = 0;
        int high = families.size() - 1;
        while (low <= high) {
            int middle = low + high >>> 1;
            int order = Arrays.compareUnsigned(families.get(middle).name(), key);
            if (order == 0) {
                return middle;
            }
            low = order < 0 ? middle + 1 : low;
            high = order > 0 ? middle - 1 : high;
        }
        return -1;
    }
}
