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
 */
public abstract sealed class Exposition permits LineExposition, JsonExposition, ProtobufExposition {
    /** Default size of a block, which is longer by what is left of the line (text) or series (JSON) that fills it. */
    public static final int BLOCK_BYTES = 64 << 10;

    /** A place between two lines of a body. */
    record Place(int family, int series, int line) {
        static final Place START = new Place(0, 0, 0);
    }

    private final List<FamilySnapshot> families;
    private final int blockBytes;

    int family;
    int series;
    /** Line within one series. */
    int line;

    Exposition(List<FamilySnapshot> families, int blockBytes) {
        this.families = families;
        this.blockBytes = blockBytes;
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
        while (family < families.size() && out.length() < end) {
            FamilySnapshot current = families.get(family);
            render(current, out, end);
            if (series == current.size()) {
                series = 0;
                family++;
            }
        }
        if (family < families.size()) {
            return true;
        }
        close(out);
        return false;
    }

    /**
     * Appends lines of {@code current} from {@link #series} and {@link #line} on, one at least, until {@code out} has
     * reached {@code end}.
     */
    abstract void render(FamilySnapshot current, ByteBlock out, int end);

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
