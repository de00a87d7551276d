package io.weir.journal;

import io.weir.sample.KeyHash;
import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.SummaryValue;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The series that some segments speak of, and what becomes of them as frames are applied in the order of their sequence
 * numbers. One thread. Holds nothing of series that only a checkpoint knows, so its memory is bounded by the journal
 * folded, not by the store.
 */
final class Fold {
    static final int NONE = -1;

    /** Series of one fold; what is left of 63 bits is for the sequence numbers of one fold. */
    private static final int NUMBER_BITS = 28;

    /** One family. */
    static final class FamilyState {
        final byte[] name;
        byte[] help;
        /** Whether the checkpoint knows this family. */
        boolean based;

        FamilyState(byte[] name) {
            this.name = name;
        }
    }

    private record Name(byte[] bytes) {
        @Override
        public boolean equals(Object o) {
            return o instanceof Name n && Arrays.equals(bytes, n.bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }
    }

    private final KeyHash hash;
    private final Map<Name, Integer> familyNumbers = new HashMap<>();
    private final List<FamilyState> families = new ArrayList<>();

    private int[] index = new int[1024];
    private int size;
    private long[] hashes = new long[256];
    private int[] familyOf = new int[256];
    private byte[] types = new byte[256];
    private byte[][] texts = new byte[256][];
    private boolean[] live = new boolean[256];
    private double[] values = new double[256];
    private CellValue[] cells = new CellValue[256];
    private boolean[] stamped = new boolean[256];
    private long[] stamps = new long[256];
    private long[] touched = new long[256];
    private long[] lastSequence = new long[256];
    private long[] lastSet = new long[256];
    private long[] firstSequence = new long[256];
    private boolean[] handedOut = new boolean[256];

    Fold() {
        SecureRandom random = new SecureRandom();
        hash = new KeyHash(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
    }

    int size() {
        return size;
    }

    // ---- families

    int family(byte[] name) {
        Integer number = familyNumbers.putIfAbsent(new Name(name), families.size());
        if (number != null) {
            return number;
        }
        families.add(new FamilyState(name));
        return families.size() - 1;
    }

    /** The family of this name if any series here belongs to it, else null. */
    FamilyState findFamily(byte[] name) {
        Integer number = familyNumbers.get(new Name(name));
        return number == null ? null : families.get(number);
    }

    FamilyState family(int number) {
        return families.get(number);
    }

    // ---- series

    /** Number of the series, {@link #NONE} when no segment speaks of it. */
    int find(byte[] family, MetricType type, byte[] labels, int offset, int length) {
        if (size == 0) {
            return NONE;
        }
        Integer number = familyNumbers.get(new Name(family));
        return number == null ? NONE : index[slot(number, type.ordinal(), labels, offset, length)] - 1;
    }

    int findOrAdd(int family, int type, byte[] labels, int offset, int length) {
        int i = slot(family, type, labels, offset, length);
        if (index[i] != 0) {
            return index[i] - 1;
        }
        int n = size;
        if (n == values.length) {
            grow(n << 1);
        }
        hashes[n] = hash.h0();
        familyOf[n] = family;
        types[n] = (byte) type;
        texts[n] = Arrays.copyOfRange(labels, offset, offset + length);
        firstSequence[n] = Long.MAX_VALUE;
        index[i] = ++size;
        if (size << 1 > index.length) {
            rehash();
        }
        return n;
    }

    private int slot(int family, int type, byte[] labels, int offset, int length) {
        hash.hash(labels, offset, length, (long) family << 8 | type);
        long h = hash.h0();
        int mask = index.length - 1;
        for (int i = (int) h & mask; ; i = i + 1 & mask) {
            int n = index[i] - 1;
            if (n < 0
                    || hashes[n] == h
                            && familyOf[n] == family
                            && types[n] == type
                            && Arrays.equals(texts[n], 0, texts[n].length, labels, offset, offset + length)) {
                return i;
            }
        }
    }

    private void grow(int n) {
        hashes = Arrays.copyOf(hashes, n);
        familyOf = Arrays.copyOf(familyOf, n);
        types = Arrays.copyOf(types, n);
        texts = Arrays.copyOf(texts, n);
        live = Arrays.copyOf(live, n);
        values = Arrays.copyOf(values, n);
        cells = Arrays.copyOf(cells, n);
        stamped = Arrays.copyOf(stamped, n);
        stamps = Arrays.copyOf(stamps, n);
        touched = Arrays.copyOf(touched, n);
        lastSequence = Arrays.copyOf(lastSequence, n);
        lastSet = Arrays.copyOf(lastSet, n);
        firstSequence = Arrays.copyOf(firstSequence, n);
        handedOut = Arrays.copyOf(handedOut, n);
    }

    private void rehash() {
        index = new int[index.length << 1];
        int mask = index.length - 1;
        for (int n = 0; n < size; n++) {
            int i = (int) hashes[n] & mask;
            while (index[i] != 0) {
                i = i + 1 & mask;
            }
            index[i] = n + 1;
        }
    }

    MetricType type(int n) {
        return MetricType.of(types[n]);
    }

    boolean isLive(int n) {
        return live[n];
    }

    /** A segment names the series in this frame. */
    void named(int n, long sequence) {
        firstSequence[n] = Math.min(firstSequence[n], sequence);
    }

    /** The series has been handed out in the place the checkpoint had for it. */
    void handedOut(int n) {
        handedOut[n] = true;
    }

    /** Live series not handed out yet, in the order in which they were named first: the store's own order. */
    int[] rest() {
        long[] order = new long[size];
        long low = Long.MAX_VALUE;
        for (int n = 0; n < size; n++) {
            low = Math.min(low, firstSequence[n]);
        }
        int count = 0;
        boolean sorted = true;
        for (int n = 0; n < size; n++) {
            if (live[n] && !handedOut[n]) {
                order[count] = firstSequence[n] - low << NUMBER_BITS | n;
                sorted &= count == 0 || order[count - 1] < order[count];
                count++;
            }
        }
        if (!sorted) {
            Arrays.sort(order, 0, count);
        }
        int[] rest = new int[count];
        for (int i = 0; i < count; i++) {
            rest[i] = (int) (order[i] & (1 << NUMBER_BITS) - 1);
        }
        return rest;
    }

    /** What the checkpoint says of a series. */
    void base(int n, StoredSeries s) {
        live[n] = true;
        values[n] = s.value;
        cells[n] = s.cell;
        stamped[n] = s.stamped;
        stamps[n] = s.stampNanos;
        touched[n] = s.touchedMillis;
        lastSequence[n] = -1;
        lastSet[n] = -1;
    }

    /** Fills {@code s} with a live series. */
    void get(int n, StoredSeries s) {
        FamilyState family = families.get(familyOf[n]);
        s.family = family.name;
        s.help = family.help;
        s.type = type(n);
        s.labels = texts[n];
        s.labelsOffset = 0;
        s.labelsLength = texts[n].length;
        s.value = values[n];
        s.cell = cells[n];
        s.stamped = stamped[n];
        s.stampNanos = stamps[n];
        s.touchedMillis = touched[n];
    }

    // ---- operations, by the same rules as in the store

    private boolean touch(int n, long sequence, long millis, boolean sets) {
        touched[n] = Math.max(touched[n], millis);
        lastSequence[n] = sequence;
        if (sets) {
            lastSet[n] = sequence;
        }
        if (live[n]) {
            return true;
        }
        live[n] = true;
        return false;
    }

    void add(int n, long sequence, long millis, double x) {
        double v = values[n];
        values[n] = !touch(n, sequence, millis, false) || v != v ? x : x != x ? v : v + x;
    }

    void set(int n, long sequence, long millis, double x) {
        touch(n, sequence, millis, true);
        values[n] = x;
    }

    void least(int n, long sequence, long millis, double x) {
        double v = values[n];
        values[n] = !touch(n, sequence, millis, true) || v != v ? x : x != x ? v : Math.min(v, x);
    }

    void most(int n, long sequence, long millis, double x) {
        double v = values[n];
        values[n] = !touch(n, sequence, millis, true) || v != v ? x : x != x ? v : Math.max(v, x);
    }

    void stamped(int n, long sequence, long millis, double x, long stamp) {
        boolean older = live[n] && stamped[n] && stamps[n] > stamp;
        touch(n, sequence, millis, true);
        if (!older) {
            values[n] = x;
            stamps[n] = stamp;
            stamped[n] = true;
        }
    }

    void cell(int n, long sequence, long millis, boolean set, CellValue x) {
        CellValue v = cells[n];
        boolean was = touch(n, sequence, millis, set);
        cells[n] = !was || set ? x : v.plus(x);
    }

    /**
     * The series ended with value {@code x}. What came with a sequence number from {@code low} on may be part of that
     * value or have come after it: the difference tells.
     */
    void kill(int n, long low, double x) {
        if (!live[n]) {
            return;
        }
        if (lastSequence[n] >= low) {
            double v = values[n];
            if (lastSet[n] >= low) {
                if (Double.doubleToLongBits(v) != Double.doubleToLongBits(x)) {
                    return;
                }
            } else {
                double rest = v - x;
                // sums of the same numbers in another order differ in their last bits
                if (!(Math.abs(rest) <= 1e-9 * Math.max(Math.abs(v), Math.abs(x)))) {
                    values[n] = rest == rest ? rest : v;
                    return;
                }
            }
        }
        end(n);
    }

    /** As {@link #kill(int, long, double)}. */
    void kill(int n, long low, CellValue x) {
        if (!live[n]) {
            return;
        }
        if (lastSequence[n] >= low) {
            CellValue v = cells[n];
            if (lastSet[n] >= low) {
                if (!v.equals(x)) {
                    return;
                }
            } else {
                CellValue rest = minus(v, x);
                if (rest != null) {
                    cells[n] = rest;
                    return;
                }
            }
        }
        end(n);
    }

    private void end(int n) {
        live[n] = false;
        stamped[n] = false;
        cells[n] = null;
        values[n] = 0;
    }

    /** What was added to {@code x} to make {@code v}; null for nothing. */
    private static CellValue minus(CellValue v, CellValue x) {
        if (v instanceof SummaryValue a && x instanceof SummaryValue b) {
            double count = a.count() - b.count();
            return count == 0 ? null : new SummaryValue(count, a.sum() - b.sum());
        }
        HistogramValue a = (HistogramValue) v;
        HistogramValue b = (HistogramValue) x;
        double[] counts = new double[a.buckets() + 1];
        double total = 0;
        for (int i = 0, j = 0; i < counts.length; i++) {
            double there = 0;
            while (j < b.buckets() && i < a.buckets() && b.bound(j) < a.bound(i)) {
                j++;
            }
            if (i == a.buckets()) {
                there = b.count(b.buckets());
            } else if (j < b.buckets() && b.bound(j) == a.bound(i)) {
                there = b.count(j);
            }
            counts[i] = Math.max(0, a.count(i) - there);
            total += counts[i];
        }
        return total == 0 ? null : new HistogramValue(a.bounds(), counts, a.sum() - b.sum());
    }
}
