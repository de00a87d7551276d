package io.weir.server.data;

import io.weir.journal.StoredSeries;
import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Series as they come out of files, brought together by family. One thread. */
final class CollectedSeries {
    private static final int CHUNK_BYTES = 1 << 20;
    private static final int CHUNK_BYTES_MIN = 256;

    private final Map<String, Draft> drafts = new HashMap<>();
    private byte[] lastName;
    private Draft last;
    private int size;
    private long misfits;
    private long nativeHistograms;

    /** One family, growing. */
    private static final class Draft {
        final byte[] name;
        final MetricType type;
        byte[] help;
        final List<byte[]> chunks = new ArrayList<>();
        int used;
        int size;
        long[] texts = new long[4];
        long[] values;
        CellValue[] cells;

        Draft(byte[] name, MetricType type) {
            this.name = name;
            this.type = type;
            values = type.isScalar() ? new long[4] : null;
            cells = type.isScalar() ? null : new CellValue[4];
        }

        void add(StoredSeries s) {
            if (size == texts.length) {
                texts = Arrays.copyOf(texts, size << 1);
                values = values == null ? null : Arrays.copyOf(values, size << 1);
                cells = cells == null ? null : Arrays.copyOf(cells, size << 1);
            }
            int length = s.labelsLength();
            byte[] chunk = chunks.isEmpty() ? null : chunks.get(chunks.size() - 1);
            if (chunk == null || used + length > chunk.length) {
                int before = chunk == null ? CHUNK_BYTES_MIN : chunk.length;
                chunk = new byte[Math.max(length, Math.min(CHUNK_BYTES, before << 1))];
                chunks.add(chunk);
                used = 0;
            }
            System.arraycopy(s.labels(), s.labelsOffset(), chunk, used, length);
            texts[size] = FamilySnapshot.text(chunks.size() - 1, used, length);
            used += length;
            if (values != null) {
                values[size] = Double.doubleToRawLongBits(s.value());
            } else {
                cells[size] = s.cell();
            }
            help = s.help() == null ? help : s.help();
            size++;
        }

        FamilySnapshot family() {
            return new FamilySnapshot(name, type, help, size, chunks.toArray(byte[][]::new), texts, values, cells);
        }
    }

    void add(StoredSeries s) {
        if (s.family() != lastName) {
            lastName = s.family();
            last = drafts.computeIfAbsent(
                    new String(lastName, StandardCharsets.UTF_8), name -> new Draft(s.family(), s.type()));
        }
        if (last.type != s.type()) {
            misfits++;
            return;
        }
        last.add(s);
        size++;
        nativeHistograms += s.cell() instanceof HistogramValue histogram && histogram.nativePart() != null ? 1 : 0;
    }

    /** Histograms with native buckets, for which text has no place. */
    long nativeHistograms() {
        return nativeHistograms;
    }

    /** Series whose family had come with another type. */
    long misfits() {
        return misfits;
    }

    Snapshot snapshot() {
        List<FamilySnapshot> families = new ArrayList<>(drafts.size());
        drafts.values().forEach(draft -> families.add(draft.family()));
        families.sort(Comparator.comparing(FamilySnapshot::name, Arrays::compareUnsigned));
        return new Snapshot(0, 0, families, size, 0, 0, List.of());
    }
}
