package io.weir.journal;

import io.weir.sample.Entropy;
import io.weir.sample.KeyHash;
import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.NativeHistogram;
import io.weir.snapshot.SummaryValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The series that some segments speak of, and what becomes of them as frames are applied in the order of their sequence
 * numbers. One thread. Holds nothing of series that only a checkpoint knows, so its memory is bounded by the journal
 * folded, not by the store.
 */
final class Fold {
    static final int NONE = -1;

    /** Series of one fold, and numbers that processes give series. With {@link #PROCESSES_MAX} that makes 63 bits. */
    private static final int NUMBER_BITS = 28;

    static final int REFERENCE_BITS = 30;
    private static final int PROCESSES_MAX = 31;

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

    /** One group, as far as segments speak of it. */
    private static final class GroupState {
        final byte[] key;
        int[] members = new int[8];
        int size;
        /** Whether a frame has ended everything that it did not name. */
        boolean replaced;
        /** Families of which a frame has done so. */
        final Set<Integer> replacedFamilies = new HashSet<>();

        GroupState(byte[] key) {
            this.key = key;
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

    // One series is one line of memory, in chunks that do not move.
    private static final int STATE = 8;
    private static final int CHUNK_BITS = 12;
    private static final int CHUNK_MASK = (1 << CHUNK_BITS) - 1;
    private static final int VALUE = 0;
    private static final int TOUCHED = 1;
    private static final int LAST = 2;
    private static final int LAST_SET = 3;
    private static final int STAMP = 4;
    /** The place of the series in the store, as its last definition has it. */
    private static final int PLACE = 5;
    private static final int HASH = 6;
    /** Where the label text lies, shifted by {@link #FLAG_BITS}, and the flags. */
    private static final int TEXT = 7;
    private static final int FLAG_BITS = 3;
    private static final long LIVE = 1;
    private static final long STAMPED = 2;
    private static final long HANDED_OUT = 4;

    private long[][] states = new long[16][];
    private int[] familyOf = new int[256];
    /** When each series began, as far as segments or the checkpoint know; 0 for unknown. */
    private long[] begun = new long[256];
    private byte[] types = new byte[256];
    /** Null until there is a histogram or summary. */
    private CellValue[] cells;
    private final Texts texts = new Texts();
    private int[] index = new int[1024];
    private int size;
    private int lastFound = NONE;
    private byte[] lastName;
    private int lastNumber;
    /** Null until there is a group. */
    private GroupState[] owners;
    /** Null until there is a series with a time to live of its own. */
    private int[] ttls;
    private final Map<Name, GroupState> groups = new HashMap<>();

    Fold() {
        hash = Entropy.keyHash();
    }

    // ---- families

    int family(byte[] name) {
        Integer number = familyNumbers.putIfAbsent(new Name(name), families.size());
        if (number != null) {
            return number;
        }
        families.add(new FamilyState(name));
        lastName = null;
        return families.size() - 1;
    }

    /** The family of this name if any series here belongs to it, else null. */
    FamilyState findFamily(byte[] name) {
        int number = familyNumber(name);
        return number == NONE ? null : families.get(number);
    }

    /** Neighbours often share the array. */
    private int familyNumber(byte[] name) {
        if (name != lastName) {
            lastNumber = familyNumbers.getOrDefault(new Name(name), NONE);
            lastName = name;
        }
        return lastNumber;
    }

    FamilyState family(int number) {
        return families.get(number);
    }

    // ---- series

    int size() {
        return size;
    }

    /** Number of the series, {@link #NONE} when no segment speaks of it. */
    int find(byte[] family, MetricType type, byte[] labels, int offset, int length) {
        int number = size == 0 ? NONE : familyNumber(family);
        if (number == NONE) {
            return NONE;
        }
        if (isNext(number, type.ordinal(), labels, offset, length)) {
            return ++lastFound;
        }
        int n = index[slot(number, type.ordinal(), labels, offset, length)] - 1;
        lastFound = n == NONE ? lastFound : n;
        return n;
    }

    /**
     * Whether a series is the one behind that found last. Whoever names many names them in the order of the store, so this
     * spares most of them the way through the index, which misses the cache at each step.
     */
    private boolean isNext(int family, int type, byte[] labels, int offset, int length) {
        int n = lastFound + 1;
        return n < size
                && familyOf[n] == family
                && types[n] == type
                && texts.equal(state(n)[at(n) + TEXT] >>> FLAG_BITS, labels, offset, length);
    }

    int findOrAdd(int family, int type, byte[] labels, int offset, int length) {
        if (isNext(family, type, labels, offset, length)) {
            return ++lastFound;
        }
        int i = slot(family, type, labels, offset, length);
        if (index[i] != 0) {
            lastFound = index[i] - 1;
            return lastFound;
        }
        int n = size;
        if (n == types.length) {
            familyOf = Arrays.copyOf(familyOf, n << 1);
            begun = Arrays.copyOf(begun, n << 1);
            types = Arrays.copyOf(types, n << 1);
            cells = cells == null ? null : Arrays.copyOf(cells, n << 1);
            owners = owners == null ? null : Arrays.copyOf(owners, n << 1);
            ttls = ttls == null ? null : Arrays.copyOf(ttls, n << 1);
        }
        int chunk = n >>> CHUNK_BITS;
        if ((n & CHUNK_MASK) == 0) {
            states = chunk < states.length ? states : Arrays.copyOf(states, chunk << 1);
            states[chunk] = new long[STATE << CHUNK_BITS];
        }
        long[] s = states[chunk];
        int o = at(n);
        s[o + HASH] = hash.h0();
        s[o + TEXT] = texts.add(labels, offset, length) << FLAG_BITS;
        familyOf[n] = family;
        types[n] = (byte) type;
        lastFound = n;
        index[i] = ++size;
        if (size << 1 > index.length) {
            rehash();
        }
        return n;
    }

    private static int at(int n) {
        return (n & CHUNK_MASK) * STATE;
    }

    private long[] state(int n) {
        return states[n >>> CHUNK_BITS];
    }

    private int slot(int family, int type, byte[] labels, int offset, int length) {
        hash.hash(labels, offset, length, (long) family << 8 | type);
        long h = hash.h0();
        int mask = index.length - 1;
        for (int i = (int) h & mask; ; i = i + 1 & mask) {
            int n = index[i] - 1;
            if (n < 0) {
                return i;
            }
            long[] s = state(n);
            if (s[at(n) + HASH] == h
                    && familyOf[n] == family
                    && types[n] == type
                    && texts.equal(s[at(n) + TEXT] >>> FLAG_BITS, labels, offset, length)) {
                return i;
            }
        }
    }

    private void rehash() {
        index = new int[index.length << 1];
        int mask = index.length - 1;
        for (int n = 0; n < size; n++) {
            int i = (int) state(n)[at(n) + HASH] & mask;
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
        return (state(n)[at(n) + TEXT] & LIVE) != 0;
    }

    /** A process names the series by this number: the later definition, in the order of frames, counts. */
    void named(int n, int process, int number) {
        state(n)[at(n) + PLACE] = (long) process << Integer.SIZE | number;
    }

    /** The series has been handed out in the place the checkpoint had for it. */
    void handedOut(int n) {
        state(n)[at(n) + TEXT] |= HANDED_OUT;
    }

    /** Live series not handed out yet, in the order of the store: by process, then by number. */
    int[] rest() {
        int[] processes = processes();
        long[] order = new long[size];
        int count = 0;
        for (int n = 0; n < size; n++) {
            long[] s = state(n);
            if ((s[at(n) + TEXT] & (LIVE | HANDED_OUT)) == LIVE) {
                long place = s[at(n) + PLACE];
                long process = Arrays.binarySearch(processes, (int) (place >>> Integer.SIZE));
                long number = place & (1L << REFERENCE_BITS) - 1;
                order[count++] = (Math.min(process, PROCESSES_MAX) << REFERENCE_BITS | number) << NUMBER_BITS | n;
            }
        }
        Arrays.sort(order, 0, count);
        int[] rest = new int[count];
        for (int i = 0; i < count; i++) {
            rest[i] = (int) (order[i] & (1 << NUMBER_BITS) - 1);
        }
        return rest;
    }

    /** Those that have named series, in their order. */
    private int[] processes() {
        TreeSet<Integer> found = new TreeSet<>();
        int last = -1;
        for (int n = 0; n < size; n++) {
            int process = (int) (state(n)[at(n) + PLACE] >>> Integer.SIZE);
            if (process != last) {
                found.add(process);
                last = process;
            }
        }
        return found.stream().mapToInt(Integer::intValue).toArray();
    }

    /** What the checkpoint says of a series. */
    void base(int n, StoredSeries from) {
        long[] s = state(n);
        int o = at(n);
        s[o + VALUE] = Double.doubleToRawLongBits(from.value);
        s[o + TOUCHED] = from.touchedMillis;
        begun[n] = from.begunMillis;
        s[o + LAST] = -1;
        s[o + LAST_SET] = -1;
        s[o + STAMP] = from.stampNanos;
        s[o + TEXT] |= LIVE | (from.stamped ? STAMPED : 0);
        if (from.cell != null) {
            cell(n, from.cell);
        }
        if (from.group != null) {
            own(n, group(from.group));
        }
        if (from.ttlSeconds > 0) {
            ttl(n, from.ttlSeconds);
        }
    }

    /** The series ends when it is not touched for so long. */
    void ttl(int n, int seconds) {
        if (ttls == null) {
            ttls = new int[types.length];
        }
        ttls[n] = seconds;
    }

    /** Fills {@code to} with a live series. */
    void get(int n, StoredSeries to) {
        long[] s = state(n);
        int o = at(n);
        FamilyState family = families.get(familyOf[n]);
        to.family = family.name;
        to.help = family.help;
        to.type = type(n);
        texts.get(s[o + TEXT] >>> FLAG_BITS, to);
        to.value = Double.longBitsToDouble(s[o + VALUE]);
        to.cell = cells == null ? null : cells[n];
        to.stamped = (s[o + TEXT] & STAMPED) != 0;
        to.stampNanos = s[o + STAMP];
        to.touchedMillis = s[o + TOUCHED];
        to.begunMillis = begun[n];
        to.group = owners == null || owners[n] == null ? null : owners[n].key;
        to.ttlSeconds = ttls == null ? 0 : ttls[n];
    }

    // ---- groups

    private GroupState group(byte[] key) {
        return groups.computeIfAbsent(new Name(key), k -> new GroupState(key));
    }

    private void own(int n, GroupState group) {
        if (owners == null) {
            owners = new GroupState[types.length];
        }
        if (owners[n] == group) {
            return;
        }
        owners[n] = group;
        if (group.size == group.members.length) {
            group.members = Arrays.copyOf(group.members, group.size << 1);
        }
        group.members[group.size++] = n;
    }

    /** A frame of a group names a live series: it is the group's. */
    void owned(int n, byte[] group) {
        own(n, group(group));
    }

    /** A frame of a group is over, with all samples in it: what it replaces ends. */
    void replace(byte[] key, Replace replace, long sequence) {
        GroupState group = group(key);
        Set<Integer> families = new HashSet<>();
        if (replace == Replace.FAMILIES) {
            for (int i = 0; i < group.size; i++) {
                int n = group.members[i];
                if (owners[n] == group && last(n) == sequence) {
                    families.add(familyOf[n]);
                }
            }
            group.replacedFamilies.addAll(families);
        }
        group.replaced |= replace == Replace.ALL;
        int kept = 0;
        for (int i = 0; i < group.size; i++) {
            int n = group.members[i];
            if (owners[n] != group) {
                continue;
            }
            if (last(n) != sequence && (replace == Replace.ALL || families.contains(familyOf[n]))) {
                end(n);
            } else {
                group.members[kept++] = n;
            }
        }
        group.size = kept;
    }

    private long last(int n) {
        return state(n)[at(n) + LAST];
    }

    /** Whether a series that only the checkpoint knows has been ended by a later frame of its group. */
    boolean isReplaced(StoredSeries s) {
        GroupState group = s.group == null || groups.isEmpty() ? null : groups.get(new Name(s.group));
        if (group == null) {
            return false;
        }
        Integer family = familyNumbers.get(new Name(s.family));
        return group.replaced || family != null && group.replacedFamilies.contains(family);
    }

    // ---- operations, by the same rules as in the store

    /** Notes an operation; says whether the series was live. */
    private boolean touch(int n, long[] s, int o, long sequence, long millis) {
        s[o + TOUCHED] = Math.max(s[o + TOUCHED], millis);
        s[o + LAST] = sequence;
        if ((s[o + TEXT] & LIVE) != 0) {
            return true;
        }
        s[o + TEXT] |= LIVE;
        begun[n] = millis;
        return false;
    }

    void add(int n, long sequence, long millis, double x) {
        long[] s = state(n);
        int o = at(n);
        double v = Double.longBitsToDouble(s[o + VALUE]);
        double sum = !touch(n, s, o, sequence, millis) || v != v ? x : x != x ? v : v + x;
        s[o + VALUE] = Double.doubleToRawLongBits(sum);
    }

    void set(int n, long sequence, long millis, double x) {
        long[] s = state(n);
        int o = at(n);
        touch(n, s, o, sequence, millis);
        s[o + LAST_SET] = sequence;
        s[o + VALUE] = Double.doubleToRawLongBits(x);
    }

    void least(int n, long sequence, long millis, double x) {
        double v = value(n);
        boolean was = touch(n, state(n), at(n), sequence, millis);
        lastSet(n, sequence, !was || v != v ? x : x != x ? v : Math.min(v, x));
    }

    void most(int n, long sequence, long millis, double x) {
        double v = value(n);
        boolean was = touch(n, state(n), at(n), sequence, millis);
        lastSet(n, sequence, !was || v != v ? x : x != x ? v : Math.max(v, x));
    }

    private double value(int n) {
        return Double.longBitsToDouble(state(n)[at(n) + VALUE]);
    }

    private void lastSet(int n, long sequence, double x) {
        state(n)[at(n) + LAST_SET] = sequence;
        state(n)[at(n) + VALUE] = Double.doubleToRawLongBits(x);
    }

    void stamped(int n, long sequence, long millis, double x, long stamp) {
        long[] s = state(n);
        int o = at(n);
        boolean older = (s[o + TEXT] & (LIVE | STAMPED)) == (LIVE | STAMPED) && s[o + STAMP] > stamp;
        touch(n, s, o, sequence, millis);
        s[o + LAST_SET] = sequence;
        if (!older) {
            s[o + VALUE] = Double.doubleToRawLongBits(x);
            s[o + STAMP] = stamp;
            s[o + TEXT] |= STAMPED;
        }
    }

    void cell(int n, long sequence, long millis, boolean set, CellValue x) {
        boolean was = touch(n, state(n), at(n), sequence, millis);
        if (set) {
            state(n)[at(n) + LAST_SET] = sequence;
        }
        cell(n, !was || set ? x : cells[n].plus(x));
    }

    private void cell(int n, CellValue x) {
        if (cells == null) {
            cells = new CellValue[types.length];
        }
        cells[n] = x;
    }

    /**
     * The series ended with value {@code x}. What came with a sequence number from {@code low} on may be part of that
     * value or have come after it: the difference tells.
     */
    void kill(int n, long low, double x) {
        long[] s = state(n);
        int o = at(n);
        if ((s[o + TEXT] & LIVE) == 0) {
            return;
        }
        if (s[o + LAST] >= low) {
            double v = value(n);
            if (s[o + LAST_SET] >= low) {
                if (Double.doubleToLongBits(v) != Double.doubleToLongBits(x)) {
                    return;
                }
            } else {
                double rest = v - x;
                // sums of the same numbers in another order differ in their last bits
                if (!(Math.abs(rest) <= 1e-9 * Math.max(Math.abs(v), Math.abs(x)))) {
                    s[o + VALUE] = Double.doubleToRawLongBits(rest == rest ? rest : v);
                    begun[n] = 0;
                    return;
                }
            }
        }
        end(n);
    }

    /** As {@link #kill(int, long, double)}. */
    void kill(int n, long low, CellValue x) {
        long[] s = state(n);
        int o = at(n);
        if ((s[o + TEXT] & LIVE) == 0) {
            return;
        }
        if (s[o + LAST] >= low) {
            CellValue v = cells[n];
            if (s[o + LAST_SET] >= low) {
                if (!v.equals(x)) {
                    return;
                }
            } else {
                CellValue rest = minus(v, x);
                if (rest != null) {
                    cells[n] = rest;
                    begun[n] = 0;
                    return;
                }
            }
        }
        end(n);
    }

    private void end(int n) {
        long[] s = state(n);
        s[at(n) + TEXT] &= ~(LIVE | STAMPED);
        s[at(n) + VALUE] = 0;
        if (cells != null) {
            cells[n] = null;
        }
        if (owners != null) {
            owners[n] = null;
        }
        if (ttls != null) {
            ttls[n] = 0;
        }
    }

    /** What was added to {@code x} to make {@code v}; null for nothing. */
    private static CellValue minus(CellValue v, CellValue x) {
        if (v instanceof SummaryValue a && x instanceof SummaryValue b) {
            double count = a.count() - b.count();
            return count == 0 ? null : new SummaryValue(count, a.sum() - b.sum());
        }
        HistogramValue a = (HistogramValue) v;
        HistogramValue b = (HistogramValue) x;
        NativeHistogram left = a.nativePart() == null || b.nativePart() == null ? null : a.nativePart().minus(b.nativePart());
        if (!a.isClassic()) {
            // its count is that of the native buckets
            return left == null || left.count() == 0 ? null : new HistogramValue(left);
        }
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
        if (total == 0) {
            return null;
        }
        return left == null
                ? new HistogramValue(a.bounds(), counts, a.sum() - b.sum())
                : new HistogramValue(a.bounds(), counts, left);
    }
}
