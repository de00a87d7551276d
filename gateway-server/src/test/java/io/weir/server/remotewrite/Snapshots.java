package io.weir.server.remotewrite;

import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.EndedSeries;
import io.weir.snapshot.Exemplar;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import io.weir.snapshot.SummaryValue;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Builds snapshots by hand; label texts are given as the store keeps them: sorted, escaped, without braces. */
final class Snapshots {
    private record Draft(MetricType type, Map<String, Object> series) {}

    private final TreeMap<String, Draft> families = new TreeMap<>();
    private final Map<String, String> helps = new HashMap<>();
    private final Map<String, Long> begun = new HashMap<>();
    /** By sequence number, from 1. */
    private final List<EndedSeries> ended = new ArrayList<>();

    /** By family and label text. */
    private final Map<String, Map<String, Exemplar[]>> exemplars = new HashMap<>();

    private long endedFrom = 1;

    static Snapshots empty() {
        return new Snapshots();
    }

    Snapshots counter(String name, String labels, double value) {
        return put(MetricType.COUNTER, name, labels, value);
    }

    Snapshots gauge(String name, String labels, double value) {
        return put(MetricType.GAUGE, name, labels, value);
    }

    Snapshots untyped(String name, String labels, double value) {
        return put(MetricType.UNTYPED, name, labels, value);
    }

    /** Of a family that has series. */
    Snapshots help(String name, String text) {
        helps.put(name, text);
        return this;
    }

    /** All series of the family began then. */
    Snapshots begun(String name, long epochMillis) {
        begun.put(name, epochMillis);
        return this;
    }

    /** Takes the place of those the series had. */
    Snapshots exemplars(String name, String labels, Exemplar... all) {
        exemplars.computeIfAbsent(name, n -> new HashMap<>()).put(labels, all);
        return this;
    }

    /** {@code count} counters {@code name{i="0"}} and so on, each with its number plus {@code base} as value. */
    Snapshots counters(String name, int count, double base) {
        for (int i = 0; i < count; i++) {
            counter(name, "i=\"" + i + '"', base + i);
        }
        return this;
    }

    Snapshots histogram(String name, String labels, double[] bounds, double[] counts, double sum) {
        return put(MetricType.HISTOGRAM, name, labels, new HistogramValue(bounds, counts, sum));
    }

    Snapshots histogram(String name, String labels, HistogramValue value) {
        return put(MetricType.HISTOGRAM, name, labels, value);
    }

    Snapshots summary(String name, String labels, double count, double sum) {
        return put(MetricType.SUMMARY, name, labels, new SummaryValue(count, sum));
    }

    Snapshots ended(MetricType type, String name, String labels, CellValue last) {
        ended.add(new EndedSeries(utf8(name), type, utf8(labels), last));
        return this;
    }

    /** The oldest ended series are forgotten. */
    Snapshots forgetEnded(long from) {
        endedFrom = from;
        return this;
    }

    Snapshots remove(String name) {
        families.remove(name);
        return this;
    }

    private Snapshots put(MetricType type, String name, String labels, Object value) {
        families.computeIfAbsent(name, n -> new Draft(type, new LinkedHashMap<>())).series().put(labels, value);
        return this;
    }

    Snapshot build() {
        return build(0);
    }

    /** With what ended after that sequence number and is not live, as the store answers it. */
    Snapshot build(long endedAfter) {
        long from = Math.min(Math.max(endedAfter + 1, endedFrom), ended.size() + 1);
        List<EndedSeries> since = ended.subList((int) from - 1, ended.size()).stream()
                .filter(e -> !families.containsKey(new String(e.family(), StandardCharsets.UTF_8)))
                .toList();
        List<FamilySnapshot> list = new ArrayList<>();
        int all = 0;
        for (Map.Entry<String, Draft> e : families.entrySet()) {
            Draft draft = e.getValue();
            int size = draft.series().size();
            all += size;
            long[] texts = new long[size];
            long[] values = new long[size];
            CellValue[] cells = new CellValue[size];
            List<byte[]> chunks = new ArrayList<>();
            ByteArrayOutputStream chunk = new ByteArrayOutputStream();
            Map<Integer, Exemplar[]> ofSeries = new HashMap<>();
            int i = 0;
            for (Map.Entry<String, Object> s : draft.series().entrySet()) {
                byte[] text = utf8(s.getKey());
                if (chunk.size() > 10_000) {
                    chunks.add(chunk.toByteArray());
                    chunk.reset();
                }
                ofSeries.put(i, exemplars.getOrDefault(e.getKey(), Map.of()).getOrDefault(s.getKey(), Exemplar.NONE));
                texts[i] = FamilySnapshot.text(chunks.size(), chunk.size(), text.length);
                chunk.writeBytes(text);
                if (s.getValue() instanceof CellValue cell) {
                    cells[i] = cell;
                } else {
                    values[i] = Double.doubleToRawLongBits((Double) s.getValue());
                }
                i++;
            }
            chunks.add(chunk.toByteArray());
            byte[] help = helps.containsKey(e.getKey()) ? utf8(helps.get(e.getKey())) : null;
            long[] starts = new long[size];
            Arrays.fill(starts, begun.getOrDefault(e.getKey(), 0L));
            list.add(new FamilySnapshot(
                    utf8(e.getKey()),
                    draft.type(),
                    help,
                    size,
                    chunks.toArray(byte[][]::new),
                    texts,
                    values,
                    cells,
                    starts,
                    false,
                    exemplars.containsKey(e.getKey()) ? ofSeries : null));
        }
        return new Snapshot(1, 0, list, all, from, ended.size(), since);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
