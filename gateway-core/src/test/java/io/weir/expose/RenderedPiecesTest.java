package io.weir.expose;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.expose.RenderedSnapshot.Encoding;
import io.weir.sample.MetricType;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RenderedPiecesTest {
    private static final int KEEP_ALL = Integer.MAX_VALUE;
    private static final int BLOCK = 4000;

    /** Label texts lie at the same place in every snapshot, as they do in the store. */
    private final byte[] text = new byte[1 << 20];

    private final Map<String, Long> places = new TreeMap<>();
    private int used;

    private record Series(String labels, double value, HistogramValue histogram) {}

    private final TreeMap<String, List<Series>> families = new TreeMap<>();
    private long version;

    @ParameterizedTest
    @EnumSource(ExpositionFormat.class)
    void shouldGiveWhatRenderingWouldGiveWhateverHasChanged(ExpositionFormat format) throws IOException {
        RenderedPieces pieces = new RenderedPieces();
        Random random = new Random(7);
        fill(random);
        for (int round = 0; round < 200; round++) {
            Snapshot snapshot = snapshot();
            byte[] expected = body(format.open(snapshot, BLOCK));
            RenderedSnapshot first = rendered(snapshot, format, pieces);
            byte[] packed = read(first, null);

            assertThat(gunzip(packed)).isEqualTo(expected);
            assertThat(packed).as("as if nothing had been kept")
                    .isEqualTo(read(rendered(snapshot, format, new RenderedPieces()), null));
            assertThat(first.length()).isEqualTo(packed.length);

            for (int i = random.nextInt(4); i >= 0; i--) {
                change(random);
            }
        }
    }

    @Test
    void shouldPackOnlyTheBlockInWhichAValueHasChanged() {
        RenderedPieces pieces = new RenderedPieces();
        fill(new Random(1));
        IdentityHashMap<byte[], Boolean> before = new IdentityHashMap<>();
        read(rendered(snapshot(), ExpositionFormat.OPEN_METRICS, pieces), before);

        set("requests_total", 600, 123456789.25);
        IdentityHashMap<byte[], Boolean> after = new IdentityHashMap<>();
        read(rendered(snapshot(), ExpositionFormat.OPEN_METRICS, pieces), after);

        assertThat(after.size()).isEqualTo(before.size()).isGreaterThan(20);
        after.keySet().removeAll(before.keySet());
        assertThat(after.size()).as("the changed one, and those with head and end").isLessThanOrEqualTo(3);
    }

    @Test
    void shouldPackOnlyAFewBlocksWhenASeriesHasComeOrGone() {
        RenderedPieces pieces = new RenderedPieces();
        fill(new Random(1));
        IdentityHashMap<byte[], Boolean> before = new IdentityHashMap<>();
        read(rendered(snapshot(), ExpositionFormat.TEXT, pieces), before);

        families.get("requests_total").remove(100);
        IdentityHashMap<byte[], Boolean> after = new IdentityHashMap<>();
        read(rendered(snapshot(), ExpositionFormat.TEXT, pieces), after);

        assertThat(before.size()).isGreaterThan(20);
        after.keySet().removeAll(before.keySet());
        assertThat(after.size()).isLessThan(before.size() / 2);
    }

    @Test
    void shouldForgetWhatNoBodyHasAnyMore() {
        RenderedPieces pieces = new RenderedPieces();
        fill(new Random(1));
        read(rendered(snapshot(), ExpositionFormat.TEXT, pieces), null);
        assertThat(pieces.bytes()).isPositive();

        families.clear();
        families.put("one", new ArrayList<>(List.of(new Series("", 1, null))));
        read(rendered(snapshot(), ExpositionFormat.TEXT, pieces), null);

        assertThat(pieces.bytes()).isZero();
    }

    private static RenderedSnapshot rendered(Snapshot snapshot, ExpositionFormat format, RenderedPieces pieces) {
        return new RenderedSnapshot(snapshot, format, Encoding.GZIP, 1, KEEP_ALL, BLOCK, pieces);
    }

    private void fill(Random random) {
        for (String name : List.of("a", "a_created", "requests_total", "seconds", "z")) {
            List<Series> series = new ArrayList<>();
            int count = name.equals("requests_total") ? 1000 : name.equals("seconds") ? 60 : 40;
            for (int i = 0; i < count; i++) {
                String labels = "instance=\"host-" + i % 97 + "\",path=\"/a/" + i + "\"";
                series.add(new Series(
                        labels, random.nextInt(100), name.equals("seconds") ? histogram(random) : null));
            }
            families.put(name, series);
        }
    }

    private static HistogramValue histogram(Random random) {
        return new HistogramValue(new double[] {0.1, 1}, new double[] {random.nextInt(9), 2, 3}, random.nextInt(99));
    }

    private void set(String family, int i, double value) {
        List<Series> series = families.get(family);
        Series s = series.get(i);
        series.set(i, new Series(s.labels, value, s.histogram == null ? null : histogram(new Random((long) value))));
    }

    private void change(Random random) {
        List<String> names = new ArrayList<>(families.keySet());
        String name = names.get(random.nextInt(names.size()));
        List<Series> series = families.get(name);
        int i = random.nextInt(series.size());
        switch (random.nextInt(6)) {
            case 0 -> {
                if (series.size() > 1) {
                    series.remove(i);
                }
            }
            case 1 -> series.add(i, new Series(
                    "k=\"" + random.nextInt(50) + "\"", 7, name.equals("seconds") ? histogram(random) : null));
            case 2 -> {
                if (families.size() < 12) {
                    families.put("new_" + random.nextInt(100), new ArrayList<>(List.of(new Series("", 1, null))));
                }
            }
            case 3 -> {
                if (name.startsWith("new_")) {
                    families.remove(name);
                }
            }
            default -> set(name, i, random.nextInt(1_000_000) / 16.0);
        }
    }

    private Snapshot snapshot() {
        List<FamilySnapshot> list = new ArrayList<>();
        byte[][] chunks = {text};
        int all = 0;
        for (Map.Entry<String, List<Series>> family : families.entrySet()) {
            List<Series> series = family.getValue();
            boolean scalar = series.get(0).histogram == null;
            list.add(new FamilySnapshot(
                    family.getKey().getBytes(StandardCharsets.UTF_8),
                    scalar ? family.getKey().equals("requests_total") ? MetricType.COUNTER : MetricType.GAUGE : MetricType.HISTOGRAM,
                    null,
                    series.size(),
                    chunks,
                    series.stream().mapToLong(s -> place(s.labels)).toArray(),
                    scalar ? series.stream().mapToLong(s -> Double.doubleToRawLongBits(s.value)).toArray() : null,
                    scalar ? null : series.stream().map(Series::histogram).toArray(HistogramValue[]::new)));
            all += series.size();
        }
        return new Snapshot(++version, 0, list, all, 0, 0, List.of());
    }

    private long place(String labels) {
        return places.computeIfAbsent(labels, l -> {
            byte[] bytes = l.getBytes(StandardCharsets.UTF_8);
            System.arraycopy(bytes, 0, text, used, bytes.length);
            used += bytes.length;
            return FamilySnapshot.text(0, used - bytes.length, bytes.length);
        });
    }

    private static byte[] read(RenderedSnapshot rendered, IdentityHashMap<byte[], Boolean> blocks) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        try (RenderedSnapshot.Reader reader = rendered.open()) {
            for (byte[] block = reader.next(); block != null; block = reader.next()) {
                body.write(block, 0, reader.blockLength());
                if (blocks != null) {
                    blocks.put(block, true);
                }
            }
        }
        return body.toByteArray();
    }

    private static byte[] body(Exposition exposition) {
        ByteBlock out = new ByteBlock(0);
        while (exposition.next(out)) {}
        return Arrays.copyOf(out.array(), out.length());
    }

    private static byte[] gunzip(byte[] gzip) throws IOException {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
            return in.readAllBytes();
        }
    }
}
