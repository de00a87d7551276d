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

/**
 * Which series are live, by family: families sorted by name, series in order of their numbers. Keeper only. It costs one
 * pass over the slab and holds until a series is revived or killed or a text moves; values are copied by it.
 */
final class Layout {
    static final Layout EMPTY = new Layout(new Part[0], new byte[0][], 0);

    private final Part[] parts;
    private final byte[][] textChunks;
    private final int series;

    private record Part(Family family, MetricType type, int[] numbers, long[] texts, long[] begun) {}

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
            parts[f] = new Part(family, type, numbers[f], texts[f], begun(slab, type, numbers[f]));
        }
        Arrays.sort(parts, (a, b) -> Arrays.compareUnsigned(a.family.name, b.family.name));
        return new Layout(parts, table.arena.chunks(), size);
    }

    /** The exemplars of these series by index, null for none at all. */
    private static Map<Integer, Exemplar[]> exemplars(int[] numbers, Map<Integer, Exemplar[]> all) {
        Map<Integer, Exemplar[]> some = null;
        if (all.size() < numbers.length / 16) {
            for (Map.Entry<Integer, Exemplar[]> entry : all.entrySet()) {
                int i = Arrays.binarySearch(numbers, entry.getKey());
                if (i >= 0) {
                    some = some == null ? new HashMap<>() : some;
                    some.put(i, entry.getValue());
                }
            }
            return some;
        }
        for (int i = 0; i < numbers.length; i++) {
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
        if (type == MetricType.GAUGE || type == MetricType.UNTYPED) {
            return null;
        }
        long[] begun = new long[numbers.length];
        for (int i = 0; i < begun.length; i++) {
            begun[i] = slab.begun(numbers[i]);
        }
        return begun;
    }

    int series() {
        return series;
    }

    /** Numbers of a family's series; empty when it has none. */
    int[] numbers(byte[] name) {
        Part part = part(name);
        return part == null ? new int[0] : part.numbers;
    }

    /** Label texts of a family's series when they are scalars of another type than {@code type}; empty otherwise. */
    Set<ByteBuffer> textsOfOtherType(byte[] name, MetricType type) {
        Part part = part(name);
        if (part == null || part.type == type || !part.type.isScalar() || !type.isScalar()) {
            return Set.of();
        }
        Set<ByteBuffer> texts = new HashSet<>();
        for (long place : part.texts) {
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

    /** The values as they are now. No series of this layout may have been killed. */
    List<FamilySnapshot> copy(Slab slab, Map<Integer, Exemplar[]> exemplars) {
        FamilySnapshot[] families = new FamilySnapshot[parts.length];
        for (int f = 0; f < families.length; f++) {
            Part part = parts[f];
            int[] numbers = part.numbers;
            long[] values = null;
            CellValue[] cells = null;
            if (part.type.isScalar()) {
                values = new long[numbers.length];
                for (int i = 0; i < numbers.length; i++) {
                    values[i] = Slab.bits(slab.valueAcquire(numbers[i]));
                }
            } else {
                cells = new CellValue[numbers.length];
                for (int i = 0; i < numbers.length; i++) {
                    cells[i] = (CellValue) slab.cellAcquire(numbers[i]);
                }
            }
            families[f] = new FamilySnapshot(
                    part.family.name,
                    part.type,
                    part.family.help(),
                    numbers.length,
                    textChunks,
                    part.texts,
                    values,
                    cells,
                    part.begun,
                    part.family.hasQuotedLabels(),
                    part.begun == null || exemplars.isEmpty() ? null : exemplars(numbers, exemplars));
        }
        return List.of(families);
    }
}
