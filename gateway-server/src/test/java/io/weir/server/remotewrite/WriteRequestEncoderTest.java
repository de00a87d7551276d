package io.weir.server.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.MetricType;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import io.weir.snapshot.SummaryValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class WriteRequestEncoderTest {
    private static final long TIME = 1_700_000_000_123L;

    @Test
    void shouldEncodeACounterLikeTheSourceSystem() {
        Decoded request = encode(Snapshots.empty().counter("a", "x=\"1\"", 1));

        assertThat(request.series()).hasSize(1);
        Decoded.Series a = request.series().get(0);
        assertThat(a.labels()).containsExactly(new Decoded.Label("__name__", "a"), new Decoded.Label("x", "1"));
        assertThat(a.samples()).containsExactly(new Decoded.Sample(Double.doubleToRawLongBits(1), TIME));
    }

    @Test
    void shouldSortTheNameAmongTheLabels() {
        Decoded request = encode(Snapshots.empty().gauge("g", "A=\"1\",_a=\"2\",a=\"3\"", 1));

        // upper case and "_" with a capital sort before "__name__", lower case behind it
        assertThat(names(request.series().get(0))).containsExactly("A", "__name__", "_a", "a");
        assertThat(names(encode(Snapshots.empty().gauge("g", "__a=\"1\",__zone=\"1\"", 1)).series().get(0)))
                .containsExactly("__a", "__name__", "__zone");
    }

    @Test
    void shouldPutLeAmongTheLabelsOfABucket() {
        Decoded request = encode(Snapshots.empty()
                .histogram("h", "A=\"1\",a=\"2\",le2=\"3\",z=\"4\"", new double[] {0.5}, new double[] {1, 2}, 3));

        assertThat(names(request.series().get(0))).containsExactly("A", "__name__", "a", "le", "le2", "z");
        assertThat(names(request.series().get(2))).containsExactly("A", "__name__", "a", "le2", "z");
    }

    @Test
    void shouldLeaveOutLabelsWithoutValue() {
        Decoded request = encode(Snapshots.empty().gauge("g", "a=\"\",b=\"x\",c=\"\"", 1));

        assertThat(request.keys()).containsExactly("g{b=\"x\"}");
    }

    @Test
    void shouldUnescapeLabelValues() {
        Decoded request = encode(Snapshots.empty().gauge("g", "a=\"1\\\\2\\\"3\\n4\",b=\"ü€😀\"", 1));

        assertThat(request.series().get(0).labels())
                .contains(new Decoded.Label("a", "1\\2\"3\n4"), new Decoded.Label("b", "ü€😀"));
    }

    @Test
    void shouldSendNamesInQuotesAsTheyArePlain() {
        Decoded request = encode(Snapshots.empty()
                .gauge("my.gauge", "\"\\\"=\\\\,\\n\"=\"1\\\"\",a=\"2\",\"b.c\"=\"3\",\"grün\"=\"\",\"ü\"=\"4\"", 1)
                .histogram("my.h", "\"k.x\"=\"1\",\"m.x\"=\"2\"", new double[0], new double[] {1}, 1));

        assertThat(request.series().get(0).labels())
                .containsExactly(
                        new Decoded.Label("\"=\\,\n", "1\""),
                        new Decoded.Label("__name__", "my.gauge"),
                        new Decoded.Label("a", "2"),
                        new Decoded.Label("b.c", "3"),
                        new Decoded.Label("ü", "4"));
        assertThat(names(request.series().get(1))).containsExactly("__name__", "k.x", "le", "m.x");
    }

    @Test
    void shouldEncodeLengthsOfEverySize() {
        for (int length : new int[] {1, 7, 8, 9, 31, 32, 33, 117, 118, 119, 120, 127, 128, 129, 4096, 16_383, 16_384, 20_000}) {
            String value = "v".repeat(length);
            String key = "g{" + "n".repeat(Math.min(length, 200)) + "=\"" + value + "\",z=\"" + value + "\"}";
            String text = key.substring(2, key.length() - 1);

            assertThat(encode(Snapshots.empty().gauge("g", text, 1)).keys()).containsExactly(key);
            assertThat(encode(Snapshots.empty().gauge("g", text.replace("v\"", "v\\\\\""), 1)).keys())
                    .containsExactly(key.replace("v\"", "v\\\""));
        }
    }

    @Test
    void shouldWriteAHistogramAsCumulativeBucketsSumAndCount() {
        Decoded request = encode(Snapshots.empty()
                .histogram("h", "", new double[] {0.05, 1, 2.5}, new double[] {3, 0, 4, 2}, 12.5));

        assertThat(request.keys())
                .containsExactly(
                        "h_bucket{le=\"0.05\"}",
                        "h_bucket{le=\"1\"}",
                        "h_bucket{le=\"2.5\"}",
                        "h_bucket{le=\"+Inf\"}",
                        "h_sum",
                        "h_count");
        assertThat(request.series().stream().map(s -> s.sample().value()))
                .containsExactly(3.0, 3.0, 7.0, 9.0, 12.5, 9.0);
    }

    @Test
    void shouldNotConfuseTheBoundsOfHistogramsOfOneFamily() {
        Decoded request = encode(Snapshots.empty()
                .histogram("h", "a=\"1\"", new double[] {1, 2}, new double[] {1, 1, 1}, 1)
                .histogram("h", "a=\"2\"", new double[] {1, 3}, new double[] {1, 1, 1}, 1)
                .histogram("h", "a=\"3\"", new double[] {}, new double[] {5}, 1));

        assertThat(request.keys())
                .contains("h_bucket{a=\"1\",le=\"2\"}", "h_bucket{a=\"2\",le=\"3\"}", "h_bucket{a=\"3\",le=\"+Inf\"}")
                .hasSize(13)
                .doesNotHaveDuplicates();
    }

    @Test
    void shouldWriteASummaryAsSumAndCount() {
        Decoded request = encode(Snapshots.empty().summary("s", "a=\"1\"", 4, 2.5));

        assertThat(request.get("s_sum{a=\"1\"}").sample().value()).isEqualTo(2.5);
        assertThat(request.get("s_count{a=\"1\"}").sample().value()).isEqualTo(4);
        assertThat(request.series()).hasSize(2);
    }

    @Test
    void shouldKeepEveryBitOfAValue() {
        double[] values = {
            0.0, -0.0, Double.MIN_VALUE, Double.MAX_VALUE, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY,
            9007199254740993.0, 0.1, Double.longBitsToDouble(0x7ff8000000000001L), Double.longBitsToDouble(0xfff8000000000000L)
        };
        Snapshots snapshots = Snapshots.empty();
        for (int i = 0; i < values.length; i++) {
            snapshots.gauge("g", "i=\"" + i + '"', values[i]);
        }

        Decoded request = encode(snapshots);

        for (int i = 0; i < values.length; i++) {
            assertThat(request.get("g{i=\"" + i + "\"}").sample().bits()).isEqualTo(Double.doubleToRawLongBits(values[i]));
        }
    }

    @Test
    void shouldMarkEverySeriesOfWhatEnded() {
        Decoded request = encode(Snapshots.empty()
                .ended(MetricType.COUNTER, "c", "a=\"1\"", null)
                .ended(MetricType.HISTOGRAM, "h", "", new HistogramValue(new double[] {1}, new double[] {1, 1}, 1))
                .ended(MetricType.SUMMARY, "s", "", new SummaryValue(1, 1)));

        assertThat(request.keys())
                .containsExactly(
                        "c{a=\"1\"}", "h_bucket{le=\"1\"}", "h_bucket{le=\"+Inf\"}", "h_sum", "h_count", "s_sum", "s_count");
        assertThat(request.series()).allMatch(Decoded.Series::isStale);
    }

    @Test
    void shouldCutRequestsAtTheNumberOfSeriesAndKeepHistogramsWhole() {
        Snapshots snapshots = Snapshots.empty().counters("a", 7, 0);
        for (int i = 0; i < 3; i++) {
            snapshots.histogram("b", "i=\"" + i + '"', new double[] {1, 2}, new double[] {1, 1, 1}, 1);
        }

        List<Decoded> requests = encode(snapshots.build(), 10, 1 << 20, Flush.Place.FIRST);

        // a histogram of two bounds is five series
        assertThat(requests.stream().map(r -> r.series().size())).containsExactly(7, 10, 5);
        assertThat(requests.stream().flatMap(r -> r.keys().stream())).hasSize(22).doesNotHaveDuplicates();
    }

    @Test
    void shouldCutAHistogramThatNoRequestCanHold() {
        Snapshot snapshot = Snapshots.empty()
                .histogram("h", "", new double[] {1, 2, 3, 4}, new double[] {1, 1, 1, 1, 1}, 9)
                .build();

        List<Decoded> requests = encode(snapshot, 3, 1 << 20, Flush.Place.FIRST);

        assertThat(requests.stream().map(r -> r.series().size())).containsExactly(3, 3, 1);
        assertThat(requests.get(1).get("h_bucket{le=\"+Inf\"}").sample().value()).isEqualTo(5);
        assertThat(requests.get(2).get("h_count").sample().value()).isEqualTo(5);
    }

    @Test
    void shouldCutRequestsAtTheirBytes() {
        String label = "a=\"" + "x".repeat(4000) + "\",i=\"";
        Snapshots snapshots = Snapshots.empty();
        for (int i = 0; i < 20; i++) {
            snapshots.gauge("g", label + i + '"', i);
        }
        snapshots.histogram("h", label + "\"", new double[] {1, 2, 3, 4}, new double[] {1, 1, 1, 1, 1}, 9);

        List<Decoded> requests = encode(snapshots.build(), 2000, 10_000, Flush.Place.FIRST);

        assertThat(requests).allMatch(r -> r.series().size() <= 3);
        assertThat(requests.stream().flatMap(r -> r.keys().stream())).hasSize(27).doesNotHaveDuplicates();
    }

    @Test
    void shouldSendTheSameSeriesWhereverInTheRingItBegins() {
        Snapshot snapshot = Snapshots.empty()
                .counters("a", 4, 0)
                .histogram("b", "", new double[] {1}, new double[] {1, 1}, 1)
                .counters("c", 3, 0)
                .ended(MetricType.GAUGE, "e", "", null)
                .build();
        List<String> all = new ArrayList<>();
        encode(snapshot, 100, 1 << 20, Flush.Place.FIRST).forEach(r -> all.addAll(r.keys()));
        assertThat(all).hasSize(12).first().isEqualTo("e");

        for (String family : List.of("", "0", "a", "aa", "b", "c", "z")) {
            for (int series = 0; series < 6; series++) {
                Flush.Place place = new Flush.Place(family.getBytes(), family.isEmpty() ? 0 : series);
                List<String> keys = new ArrayList<>();
                encode(snapshot, 3, 1 << 20, place).forEach(r -> keys.addAll(r.keys()));
                assertThat(keys).as(family + series).containsExactlyInAnyOrderElementsOf(all);
            }
        }
        assertThat(encode(snapshot, 100, 1 << 20, new Flush.Place("c".getBytes(), 1)).get(0).keys())
                .startsWith("c{i=\"1\"}", "c{i=\"2\"}", "e", "a{i=\"0\"}");
    }

    @Test
    void shouldNameEachSeriesForALogLine() {
        SeriesBuffer buffer = new SeriesBuffer();
        Snapshot snapshot = Snapshots.empty()
                .gauge("first", "A=\"" + "x".repeat(300) + "\",b=\"2\"", 1)
                .histogram("second", "", new double[] {}, new double[] {1}, 1)
                .build();
        new Flush(snapshot, TIME, Flush.Place.FIRST).fill(new WriteRequestEncoder(), buffer, 100, 1 << 20);

        assertThat(buffer.count()).isEqualTo(4);
        assertThat(List.of(buffer.name(0), buffer.name(1), buffer.name(2), buffer.name(3)))
                .containsExactly("first", "second_bucket", "second_sum", "second_count");
    }

    @Property(tries = 300)
    void shouldDecodeToWhatWasEncoded(@ForAll("labelSets") List<List<String>> sets, @ForAll double value) {
        Snapshots snapshots = Snapshots.empty();
        List<String> expected = new ArrayList<>();
        for (List<String> values : new HashSet<>(sets)) {
            StringBuilder text = new StringBuilder();
            StringBuilder key = new StringBuilder();
            for (int i = 0; i < values.size(); i++) {
                String v = values.get(i);
                text.append(i == 0 ? "" : ",").append("l").append((char) ('a' + i)).append("=\"");
                text.append(v.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n")).append('"');
                if (!v.isEmpty()) {
                    key.append(key.isEmpty() ? "" : ",").append("l").append((char) ('a' + i)).append("=\"").append(v).append('"');
                }
            }
            snapshots.gauge("g", text.toString(), value);
            expected.add(key.isEmpty() ? "g" : "g{" + key + "}");
        }

        Decoded request = encode(snapshots);

        assertThat(request.keys()).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(request.series()).allMatch(s -> s.sample().bits() == Double.doubleToRawLongBits(value));
    }

    @Provide
    Arbitrary<List<List<String>>> labelSets() {
        Arbitrary<Character> characters = Arbitraries.oneOf(
                Arbitraries.chars().filter(c -> !Character.isSurrogate(c)), Arbitraries.of('\\', '"', '\n', 'n'));
        Arbitrary<String> value =
                characters.list().ofMaxSize(200).map(l -> l.stream().map(String::valueOf).reduce("", String::concat));
        return value.list().ofMaxSize(6).list().ofMinSize(1).ofMaxSize(5);
    }

    private static List<String> names(Decoded.Series series) {
        return series.labels().stream().map(Decoded.Label::name).toList();
    }

    private static Decoded encode(Snapshots snapshots) {
        List<Decoded> requests = encode(snapshots.build(), 2000, 1 << 20, Flush.Place.FIRST);
        assertThat(requests).hasSize(1);
        return requests.get(0);
    }

    private static List<Decoded> encode(Snapshot snapshot, int maxSeries, int maxBytes, Flush.Place start) {
        Flush flush = new Flush(snapshot, TIME, start);
        WriteRequestEncoder encoder = new WriteRequestEncoder();
        SeriesBuffer buffer = new SeriesBuffer();
        List<Decoded> requests = new ArrayList<>();
        int total = 0;
        while (flush.fill(encoder, buffer, maxSeries, maxBytes)) {
            assertThat(buffer.count()).isLessThanOrEqualTo(maxSeries);
            requests.add(Decoded.of(Arrays.copyOf(buffer.bytes(), buffer.length())));
            total += buffer.count();
            buffer.clear();
        }
        assertThat(flush.remaining()).isZero();
        assertThat(flush.endedHandedOut()).isTrue();
        assertThat(flush.total()).isEqualTo(total);
        return requests;
    }
}
