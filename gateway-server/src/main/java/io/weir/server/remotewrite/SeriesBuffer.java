package io.weir.server.remotewrite;

import io.weir.sample.MetricType;
import io.weir.snapshot.Exemplar;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Encoded time series, one field of a WriteRequest after the other. Any run of them is a whole WriteRequest, so a refused
 * request can be taken apart without encoding anything again. Beside them stands what only 2.0 sends, by families. Outputs
 * thread only.
 */
final class SeriesBuffer {
    /** Of an exemplar encoded, but for its labels: value, time, tags and lengths. */
    private static final int EXEMPLAR_BYTES = 26;

    private byte[] bytes = new byte[16 << 10];
    private int length;
    private int[] ends = new int[256];
    private long[] starts = new long[256];
    private long start;
    private int count;
    private int firstMarker;
    private int markers;

    /** Of each family its first series, type and help. */
    private int[] firsts = new int[16];

    private MetricType[] types = new MetricType[16];
    private byte[][] helps = new byte[16][];
    private int families;
    private int helpBytes;

    /** The series that only 2.0 sends, rising. */
    private int[] natives = new int[16];

    private int nativeCount;

    /** The exemplars, and the series that each belongs to, rising. */
    private Exemplar[] exemplars = new Exemplar[16];

    private int[] exemplarOf = new int[16];
    private int exemplarCount;
    private int exemplarBytes;

    void clear() {
        length = 0;
        count = 0;
        markers = 0;
        Arrays.fill(helps, 0, families, null);
        families = 0;
        helpBytes = 0;
        nativeCount = 0;
        Arrays.fill(exemplars, 0, exemplarCount, null);
        exemplarCount = 0;
        exemplarBytes = 0;
    }

    /** Gives series {@code i} an exemplar, which only 2.0 sends; the last that was given one came before it. */
    void exemplar(int i, Exemplar exemplar) {
        if (exemplarCount == exemplars.length) {
            exemplars = Arrays.copyOf(exemplars, exemplarCount * 2);
            exemplarOf = Arrays.copyOf(exemplarOf, exemplarCount * 2);
        }
        exemplars[exemplarCount] = exemplar;
        exemplarOf[exemplarCount++] = i;
        exemplarBytes += EXEMPLAR_BYTES + exemplar.labels().length;
    }

    /** Number of the first exemplar of series {@code i} or a later one. */
    int exemplarsBefore(int i) {
        int place = exemplarCount == 0 ? 0 : Arrays.binarySearch(exemplarOf, 0, exemplarCount, i);
        return place >= 0 ? place : -place - 1;
    }

    /** How many exemplars the series {@code from} to {@code to} have. */
    int exemplars(int from, int to) {
        return exemplarCount == 0 ? 0 : exemplarsBefore(to) - exemplarsBefore(from);
    }

    /** Series that exemplar {@code n} belongs to; {@link Integer#MAX_VALUE} behind the last. */
    int seriesOfExemplar(int n) {
        return n < exemplarCount ? exemplarOf[n] : Integer.MAX_VALUE;
    }

    Exemplar exemplar(int n) {
        return exemplars[n];
    }

    /** Ends a series of native histograms, which 1.0 does not have. */
    void endNative(int end, boolean marker) {
        if (nativeCount == natives.length) {
            natives = Arrays.copyOf(natives, nativeCount * 2);
        }
        natives[nativeCount++] = count;
        endSeries(end, marker);
    }

    /** How many of the series {@code from} to {@code to} only 2.0 sends. */
    int natives(int from, int to) {
        return nativesBefore(to) - nativesBefore(from);
    }

    private int nativesBefore(int i) {
        int place = nativeCount == 0 ? 0 : Arrays.binarySearch(natives, 0, nativeCount, i);
        return place >= 0 ? place : -place - 1;
    }

    /** The series {@code from} to {@code to} without those that only 2.0 sends. */
    byte[] classic(int from, int to) {
        byte[] copy = new byte[offset(to) - offset(from)];
        int n = 0;
        int begin = from;
        for (int i = nativesBefore(from); begin < to; i++) {
            int end = i < nativeCount ? Math.min(natives[i], to) : to;
            System.arraycopy(bytes, offset(begin), copy, n, offset(end) - offset(begin));
            n += offset(end) - offset(begin);
            begin = end + 1;
        }
        return Arrays.copyOf(copy, n);
    }

    /**
     * The series that follow are of this family.
     *
     * @param help null for none
     */
    void family(MetricType type, byte[] help) {
        if (families > 0 && types[families - 1] == type && helps[families - 1] == help) {
            return;
        }
        if (families == firsts.length) {
            firsts = Arrays.copyOf(firsts, families * 2);
            types = Arrays.copyOf(types, families * 2);
            helps = Arrays.copyOf(helps, families * 2);
        }
        firsts[families] = count;
        types[families] = type;
        helps[families++] = help;
        helpBytes += help == null ? 0 : help.length;
    }

    /** The series that follow began then, milliseconds since the epoch; 0 for unknown. */
    void start(long millis) {
        start = millis;
    }

    /** When series {@code i} began, milliseconds since the epoch; 0 for unknown. */
    long startOf(int i) {
        return starts[i];
    }

    /** Number of the family that series {@code i} belongs to. */
    int familyOf(int i) {
        int place = Arrays.binarySearch(firsts, 0, families, i);
        return place >= 0 ? place : -place - 2;
    }

    /** Series up to which the family reaches. */
    int familyEnd(int family) {
        return family + 1 < families ? firsts[family + 1] : count;
    }

    MetricType type(int family) {
        return types[family];
    }

    /** Null for none. */
    byte[] help(int family) {
        return helps[family];
    }

    /** Makes room for {@code n} bytes, to be written from {@link #length()} on. */
    byte[] reserve(int n) {
        if (bytes.length - length < n) {
            bytes = Arrays.copyOf(bytes, Math.max(length + n, bytes.length * 2));
        }
        return bytes;
    }

    /** Ends a series whose encoding has been written up to {@code end}. */
    void endSeries(int end, boolean marker) {
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, count * 2);
            starts = Arrays.copyOf(starts, count * 2);
        }
        if (marker) {
            firstMarker = markers == 0 ? count : firstMarker;
            markers++;
        }
        starts[count] = start;
        ends[count++] = end;
        length = end;
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /** Bytes in all, those that only 2.0 sends included. */
    int weight() {
        return length + helpBytes + exemplarBytes;
    }

    /** Number of time series. */
    int count() {
        return count;
    }

    /** How many of the series {@code from} to {@code to} are stale markers; those of a request lie together. */
    int markers(int from, int to) {
        return markers == 0 ? 0 : Math.max(0, Math.min(to, firstMarker + markers) - Math.max(from, firstMarker));
    }

    /** Offset at which series {@code i} begins; for {@code i == count()} the end of the last one. */
    int offset(int i) {
        return i == 0 ? 0 : ends[i - 1];
    }

    /** Metric name of series {@code i}, for a log line. */
    String name(int i) {
        int[] at = {offset(i) + 1};
        int size = varint(at);
        int end = at[0] + size;
        while (at[0] < end && bytes[at[0]++] == WriteRequestEncoder.FIELD_1) {
            int label = varint(at);
            int next = at[0] + label;
            at[0]++;
            int nameLength = varint(at);
            int name = at[0];
            at[0] += nameLength + 1;
            int valueLength = varint(at);
            if (Arrays.equals(
                    bytes, name, name + nameLength, WriteRequestEncoder.NAME, 0, WriteRequestEncoder.NAME.length)) {
                return new String(bytes, at[0], valueLength, StandardCharsets.UTF_8);
            }
            at[0] = next;
        }
        return "";
    }

    private int varint(int[] at) {
        int value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = bytes[at[0]++];
            value |= (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }
}
