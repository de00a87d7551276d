package io.weir.store;

import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.Exemplar;
import io.weir.snapshot.FamilySnapshot;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which series are live, by family: families sorted by name, series in order of their numbers. Keeper only. It holds until
 * a series is revived or killed or a text moves; values are copied by it. It costs one pass over the slab (15 ms at a million
 * series), or a copy of the families in which series have changed; series behind the last of their family cost nothing else.
 */
final class Layout {
    /** Where series are added behind a family, an eighth more get room. */
    private static final int SLACK = 8;

    static final Layout EMPTY = new Layout(new Part[0], new byte[0][], 0);

    private final Part[] parts;
    private final byte[][] textChunks;
    private final int series;

    /**
     * The series of one family: the first {@code size} of each array. Arrays may be longer, and what is behind the size then
     * is written when series are added; nobody who has a smaller size looks there.
     */
    private static final class Part {
        final Family family;
        final MetricType type;
        final int size;
        final int[] numbers;
        final long[] texts;
        final long[] begun;
        /** Complete, of as many of these series as it has; null for none. */
        FamilySnapshot shown;

        Part(Family family, MetricType type, int size, int[] numbers, long[] texts, long[] begun) {
            this.family = family;
            this.type = type;
            this.size = size;
            this.numbers = numbers;
            this.texts = texts;
            this.begun = begun;
        }
    }

    private Layout(Part[] parts, byte[][] textChunks, int series) {
        this.parts = parts;
        this.textChunks = textChunks;
        this.series = series;
    }

    static Layout of(SeriesTable table) {
        Slab slab = table.slab;
        int high = table.numbers.high();
        int[] live = new int[Math.max(16, table.live())];
        int size = 0;
        List<Family> families = new ArrayList<>();
        int[] counts = new int[16];
        Family last = null;
        for (int n = slab.nextProvided(0, high); n < high; n = slab.nextProvided(n + 1, high)) {
            long meta = slab.metaAcquire(n);
            if (!Slab.isOpen(meta) || !slab.isLive(n, meta)) {
                continue;
            }
            if (size == live.length) {
                live = Arrays.copyOf(live, size * 2);
            }
            live[size++] = n;
            Family family = slab.family(n);
            if (family != last) {
                last = family;
                if (family.layoutSlot < 0) {
                    family.layoutSlot = families.size();
                    families.add(family);
                    counts = families.size() > counts.length ? Arrays.copyOf(counts, counts.length * 2) : counts;
                }
            }
            counts[family.layoutSlot]++;
        }

        int[][] numbers = new int[families.size()][];
        long[][] texts = new long[families.size()][];
        for (int f = 0; f < numbers.length; f++) {
            numbers[f] = new int[counts[f]];
            texts[f] = new long[counts[f]];
            counts[f] = 0;
        }
        for (int i = 0; i < size; i++) {
            int n = live[i];
            int f = slab.family(n).layoutSlot;
            numbers[f][counts[f]] = n;
            texts[f][counts[f]++] = slab.text(n);
        }
        Part[] parts = new Part[numbers.length];
        for (int f = 0; f < parts.length; f++) {
            Family family = families.get(f);
            family.layoutSlot = -1;
            MetricType type = MetricType.of(Slab.kind(slab.metaAcquire(numbers[f][0])));
            parts[f] = new Part(family, type, numbers[f].length, numbers[f], texts[f], begun(slab, type, numbers[f]));
        }
        return sorted(parts, table);
    }

    private static Layout sorted(Part[] parts, SeriesTable table) {
        Arrays.sort(parts, (a, b) -> Arrays.compareUnsigned(a.family.name, b.family.name));
        int series = 0;
        for (Part part : parts) {
            series += part.size;
        }
        return new Layout(parts, table.arena.chunks(), series);
    }

    /**
     * The layout as it is after some numbers have begun or ended in some families. Whether a series lives is looked up here,
     * so it does not matter how often a number has changed, or whether it will be told again.
     */
    Layout with(Map<Family, TreeSet<Integer>> changed, SeriesTable table) {
        List<Part> all = new ArrayList<>(parts.length + changed.size());
        for (Part part : parts) {
            TreeSet<Integer> numbers = changed.remove(part.family);
            Part now = numbers == null ? part : part(part, part.family, numbers, table.slab);
            if (now != null) {
                all.add(now);
            }
        }
        changed.forEach((family, numbers) -> {
            Part now = part(new Part(family, null, 0, new int[0], new long[0], new long[0]), family, numbers, table.slab);
            if (now != null) {
                all.add(now);
            }
        });
        return sorted(all.toArray(new Part[0]), table);
    }

    /** Null when no series is left. */
    private static Part part(Part before, Family family, TreeSet<Integer> changed, Slab slab) {
        int most = before.size + changed.size();
        int[] numbers = before.numbers;
        long[] texts = before.texts;
        int at = before.size;
        boolean behind = at > 0 && changed.first() > numbers[at - 1];
        if (!behind || most > numbers.length) {
            int room = behind ? most + most / SLACK : most;
            at = behind ? at : 0;
            numbers = new int[room];
            texts = new long[room];
            System.arraycopy(before.numbers, 0, numbers, 0, at);
            System.arraycopy(before.texts, 0, texts, 0, at);
        }
        int kept = at;
        for (int n : changed) {
            int here = Arrays.binarySearch(before.numbers, kept, before.size, n);
            int until = here < 0 ? -here - 1 : here;
            if (numbers != before.numbers) {
                System.arraycopy(before.numbers, kept, numbers, at, until - kept);
                System.arraycopy(before.texts, kept, texts, at, until - kept);
            }
            at += until - kept;
            kept = here < 0 ? until : until + 1;
            if (isLive(n, family, slab)) {
                numbers[at] = n;
                texts[at++] = slab.text(n);
            }
        }
        if (kept < before.size) {
            System.arraycopy(before.numbers, kept, numbers, at, before.size - kept);
            System.arraycopy(before.texts, kept, texts, at, before.size - kept);
            at += before.size - kept;
        }
        if (at == 0) {
            return null;
        }
        MetricType type = MetricType.of(Slab.kind(slab.metaAcquire(numbers[0])));
        Part part = new Part(family, type, at, numbers, texts, begun(before, type, numbers, at, behind, slab));
        part.shown = behind ? before.shown : null;
        return part;
    }

    private static boolean isLive(int n, Family family, Slab slab) {
        long meta = slab.metaAcquire(n);
        return Slab.isOpen(meta) && slab.isLive(n, meta) && slab.family(n) == family;
    }

    /** The exemplars of these series by index, null for none at all. */
    private static Map<Integer, Exemplar[]> exemplars(int[] numbers, int size, Map<Integer, Exemplar[]> all) {
        Map<Integer, Exemplar[]> some = null;
        if (all.size() < size / 16) {
            for (Map.Entry<Integer, Exemplar[]> entry : all.entrySet()) {
                int i = Arrays.binarySearch(numbers, 0, size, entry.getKey());
                if (i >= 0) {
                    some = some == null ? new HashMap<>() : some;
                    some.put(i, entry.getValue());
                }
            }
            return some;
        }
        for (int i = 0; i < size; i++) {
            Exemplar[] there = all.get(numbers[i]);
            if (there != null) {
                some = some == null ? new HashMap<>() : some;
                some.put(i, there);
            }
        }
        return some;
    }

    /** When series of a type that counts from a beginning began, else null. */
    private static long[] begun(Slab slab, MetricType type, int[] numbers) {
        return beginsAtZero(type) ? begun(slab, numbers, 0, numbers.length, new long[numbers.length]) : null;
    }

    private static boolean beginsAtZero(MetricType type) {
        return type != MetricType.GAUGE && type != MetricType.UNTYPED;
    }

    private static long[] begun(Slab slab, int[] numbers, int from, int to, long[] begun) {
        for (int i = from; i < to; i++) {
            begun[i] = slab.begun(numbers[i]);
        }
        return begun;
    }

    /** The same of a part made from another, of which all are known when the new ones are behind it. */
    private static long[] begun(Part before, MetricType type, int[] numbers, int size, boolean behind, Slab slab) {
        if (!beginsAtZero(type)) {
            return null;
        }
        if (!behind) {
            return begun(slab, numbers, 0, size, new long[numbers.length]);
        }
        long[] begun = numbers == before.numbers ? before.begun : Arrays.copyOf(before.begun, numbers.length);
        return begun(slab, numbers, before.size, size, begun);
    }

    int series() {
        return series;
    }

    /** Numbers of a family's series; empty when it has none. */
    int[] numbers(byte[] name) {
        Part part = part(name);
        return part == null ? new int[0] : Arrays.copyOf(part.numbers, part.size);
    }

    /** Label texts of a family's series when they are scalars of another type than {@code type}; empty otherwise. */
    Set<ByteBuffer> textsOfOtherType(byte[] name, MetricType type) {
        Part part = part(name);
        if (part == null || part.type == type || !part.type.isScalar() || !type.isScalar()) {
            return Set.of();
        }
        Set<ByteBuffer> texts = new HashSet<>();
        for (int i = 0; i < part.size; i++) {
            long place = part.texts[i];
            texts.add(ByteBuffer.wrap(
                    textChunks[TextArena.chunk(place)], TextArena.offset(place), TextArena.length(place)));
        }
        return texts;
    }

    private Part part(byte[] name) {
        int low = 0;
        int high = parts.length - 1;
        while (low <= high) {
            int mid = low + high >>> 1;
            int order = Arrays.compareUnsigned(parts[mid].family.name, name);
            if (order == 0) {
                return parts[mid];
            }
            low = order < 0 ? mid + 1 : low;
            high = order < 0 ? high : mid - 1;
        }
        return null;
    }

    /**
     * The families, whose values are as they will be when they are first asked for, and {@link #complete} at the latest. No
     * series of this layout may have been killed, nor be killed until then.
     */
    FamilySnapshot[] families(Slab slab, Map<Integer, Exemplar[]> exemplars) {
        FamilySnapshot[] families = new FamilySnapshot[parts.length];
        for (int f = 0; f < families.length; f++) {
            Part part = parts[f];
            families[f] = new FamilySnapshot(
                    part.family.name,
                    part.type,
                    part.family.help(),
                    part.size,
                    textChunks,
                    part.texts,
                    new Taking(slab, part.numbers, part.size, part.type.isScalar() ? part.shown : null),
                    part.begun,
                    part.family.hasQuotedLabels(),
                    part.begun == null || exemplars.isEmpty() ? null : exemplars(part.numbers, part.size, exemplars));
            part.shown = families[f];
        }
        return families;
    }

    /** Makes all values that nobody has asked for yet. */
    static void complete(FamilySnapshot[] families) {
        for (FamilySnapshot family : families) {
            family.complete();
        }
    }

    /**
     * Values of one family, read from the slab by whoever is the first to ask. Who is not, because the keeper has gone on
     * meanwhile, may read anything here; it is not used.
     */
    private static final class Taking implements FamilySnapshot.Values {
        private final Slab slab;
        private final int[] numbers;
        private final int size;
        /** Of the same scalars, or the first of them; values that are the same still are not copied. Let go as soon as all is taken, since it has one itself. */
        private FamilySnapshot before;

        Taking(Slab slab, int[] numbers, int size, FamilySnapshot before) {
            this.slab = slab;
            this.numbers = numbers;
            this.size = size;
            this.before = before;
        }

        @Override
        public long[] scalars(int from, int count) {
            FamilySnapshot known = before;
            long[] same = known == null || from + count > known.size() ? null : known.scalars(from / FamilySnapshot.RUN);
            long[] made = same == null ? new long[count] : null;
            for (int i = 0; i < count; i++) {
                long value = Slab.bits(slab.valueAcquire(numbers[from + i]));
                if (made != null) {
                    made[i] = value;
                } else if (value != same[i]) {
                    made = Arrays.copyOf(same, count);
                    made[i] = value;
                }
            }
            if (from + count == size) {
                // asked for in order by the keeper, so this is its last, or that of a reader who needs no more
                before = null;
            }
            return made == null ? same : made;
        }

        @Override
        public CellValue[] cells(int from, int count) {
            CellValue[] made = new CellValue[count];
            for (int i = 0; i < count; i++) {
                made[i] = slab.cellAcquire(numbers[from + i]) instanceof CellValue cell ? cell : null;
            }
            return made;
        }
    }
}
