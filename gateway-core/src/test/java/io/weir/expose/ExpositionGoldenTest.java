package io.weir.expose;

import static io.weir.sample.MetricType.COUNTER;
import static io.weir.sample.MetricType.GAUGE;
import static io.weir.sample.MetricType.HISTOGRAM;
import static io.weir.sample.MetricType.SUMMARY;
import static io.weir.sample.MetricType.UNTYPED;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import io.weir.snapshot.SnapshotBuilder;
import io.weir.snapshot.SummaryValue;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExpositionGoldenTest {
    private static final HistogramValue LADDER =
            new HistogramValue(new double[] {0.005, 1, 2.5}, new double[] {2, 3, 0, 1}, 7.25);

    @Test
    void shouldWriteTheFirstTranscriptOfTheSourceSystem() {
        Snapshot snapshot = new SnapshotBuilder()
                .family("worker_request", COUNTER)
                .series(2, "country", "CZ", "anotherlabel", "value")
                .build();

        assertThat(text(snapshot)).isEqualTo("""
                # TYPE worker_request counter
                worker_request{anotherlabel="value",country="CZ"} 2
                """);
        assertThat(json(snapshot))
                .isEqualTo("{\"worker_request\":{\"name\":\"worker_request\",\"type\":\"counter\",\"metrics\":["
                        + "{\"value\":2,\"labels\":{\"anotherlabel\":\"value\",\"country\":\"CZ\"}}]}}");
    }

    @Test
    void shouldWriteTheSecondTranscriptOfTheSourceSystem() {
        Snapshot snapshot = new SnapshotBuilder()
                .family("some_metric", COUNTER)
                .series(50, "label", "val1")
                .series(1, "label", "val2")
                .family("another_metric", GAUGE, "Just an example.")
                .series(2399.283)
                .build();

        assertThat(text(snapshot)).isEqualTo("""
                # HELP another_metric Just an example.
                # TYPE another_metric gauge
                another_metric 2399.283
                # TYPE some_metric counter
                some_metric{label="val1"} 50
                some_metric{label="val2"} 1
                """);
        assertThat(json(snapshot))
                .isEqualTo("{\"another_metric\":{\"name\":\"another_metric\",\"help\":\"Just an example.\","
                        + "\"type\":\"gauge\",\"metrics\":[{\"value\":2399.283,\"labels\":{}}]},"
                        + "\"some_metric\":{\"name\":\"some_metric\",\"type\":\"counter\",\"metrics\":["
                        + "{\"value\":50,\"labels\":{\"label\":\"val1\"}},{\"value\":1,\"labels\":{\"label\":\"val2\"}}]}}");
    }

    @Test
    void shouldCumulateTheLadderOfAHistogram() {
        Snapshot snapshot = new SnapshotBuilder()
                .family("h", HISTOGRAM, "Seconds.")
                .series(LADDER)
                .series(LADDER, "app", "x", "zone", "z")
                .build();

        assertThat(text(snapshot)).isEqualTo("""
                # HELP h Seconds.
                # TYPE h histogram
                h_bucket{le="0.005"} 2
                h_bucket{le="1"} 5
                h_bucket{le="2.5"} 5
                h_bucket{le="+Inf"} 6
                h_sum 7.25
                h_count 6
                h_bucket{app="x",zone="z",le="0.005"} 2
                h_bucket{app="x",zone="z",le="1"} 5
                h_bucket{app="x",zone="z",le="2.5"} 5
                h_bucket{app="x",zone="z",le="+Inf"} 6
                h_sum{app="x",zone="z"} 7.25
                h_count{app="x",zone="z"} 6
                """);
        assertThat(json(snapshot))
                .isEqualTo("{\"h\":{\"name\":\"h\",\"help\":\"Seconds.\",\"type\":\"histogram\",\"metrics\":["
                        + "{\"labels\":{},\"buckets\":{\"0.005\":2,\"1\":5,\"2.5\":5,\"+Inf\":6},\"count\":6,\"sum\":7.25},"
                        + "{\"labels\":{\"app\":\"x\",\"zone\":\"z\"},"
                        + "\"buckets\":{\"0.005\":2,\"1\":5,\"2.5\":5,\"+Inf\":6},\"count\":6,\"sum\":7.25}]}}");
    }

    @Test
    void shouldWriteSummariesAndUntyped() {
        Snapshot snapshot = new SnapshotBuilder()
                .family("s", SUMMARY)
                .series(new SummaryValue(3, 0.75), "a", "b")
                .family("u", UNTYPED)
                .series(-1.5)
                .build();

        assertThat(text(snapshot)).isEqualTo("""
                # TYPE s summary
                s_sum{a="b"} 0.75
                s_count{a="b"} 3
                # TYPE u untyped
                u -1.5
                """);
        assertThat(json(snapshot))
                .isEqualTo("{\"s\":{\"name\":\"s\",\"type\":\"summary\",\"metrics\":["
                        + "{\"labels\":{\"a\":\"b\"},\"count\":3,\"sum\":0.75}]},"
                        + "\"u\":{\"name\":\"u\",\"type\":\"untyped\",\"metrics\":[{\"value\":-1.5,\"labels\":{}}]}}");
    }

    @Test
    void shouldEscapeHelpAndLabelValues() {
        Snapshot snapshot = new SnapshotBuilder()
                .family("e", GAUGE, "a \\ \"b\"\nc\t")
                .series(1, "v", "x\"y\\z\n\t\u0001\u20ac")
                .build();

        assertThat(text(snapshot)).isEqualTo("""
                # HELP e a \\\\ "b"\\nc\t
                # TYPE e gauge
                e{v="x\\"y\\\\z\\n\t\u0001\u20ac"} 1
                """);
        assertThat(json(snapshot))
                .isEqualTo("{\"e\":{\"name\":\"e\",\"help\":\"a \\\\ \\\"b\\\"\\u000ac\\u0009\",\"type\":\"gauge\","
                        + "\"metrics\":[{\"value\":1,\"labels\":{\"v\":\"x\\\"y\\\\z\\n\\u0009\\u0001\u20ac\"}}]}}");
    }

    @Test
    void shouldNotLetNumbersThatAreNotFiniteBreakJson() {
        Snapshot snapshot = new SnapshotBuilder()
                .family("n", GAUGE)
                .series(Double.NaN, "v", "1")
                .series(Double.POSITIVE_INFINITY, "v", "2")
                .series(Double.NEGATIVE_INFINITY, "v", "3")
                .build();

        assertThat(text(snapshot)).endsWith("n{v=\"1\"} NaN\nn{v=\"2\"} +Inf\nn{v=\"3\"} -Inf\n");
        assertThat(json(snapshot))
                .contains("{\"value\":\"NaN\",", "{\"value\":\"+Inf\",", "{\"value\":\"-Inf\",");
    }

    @Test
    void shouldWriteNothingForAnEmptySnapshot() {
        Snapshot empty = new SnapshotBuilder().build();

        assertThat(text(empty)).isEmpty();
        assertThat(json(empty)).isEqualTo("{}");
        assertThat(new TextExposition(empty).next(new ByteBlock(10))).isFalse();
    }

    @Test
    void shouldSelectFamiliesByTheirNamesAndByThoseOfTheirSamples() {
        Snapshot snapshot = new SnapshotBuilder()
                .family("c", COUNTER)
                .series(1)
                .family("c_count", COUNTER)
                .series(1)
                .family("h", HISTOGRAM)
                .series(LADDER)
                .family("s", SUMMARY)
                .series(new SummaryValue(1, 2))
                .build();

        assertThat(selected(snapshot, "h")).containsExactly("h");
        assertThat(selected(snapshot, "h_bucket")).containsExactly("h");
        assertThat(selected(snapshot, "h_sum", "h_count", "h")).containsExactly("h");
        assertThat(selected(snapshot, "s_count", "c")).containsExactly("c", "s");
        assertThat(selected(snapshot, "s_bucket")).isEmpty();
        assertThat(selected(snapshot, "c_count")).containsExactly("c_count");
        assertThat(selected(snapshot, "c_sum", "_sum", "", "zz", "0")).isEmpty();
        assertThat(text(new TextExposition(snapshot, List.of("c")))).isEqualTo("# TYPE c counter\nc 1\n");
        assertThat(text(new JsonExposition(snapshot, List.of("zz")))).isEqualTo("{}");
    }

    private static List<String> selected(Snapshot snapshot, String... names) {
        return Exposition.select(snapshot, List.of(names)).stream().map(f -> new String(f.name())).toList();
    }

    private static String text(Snapshot snapshot) {
        return text(new TextExposition(snapshot));
    }

    private static String json(Snapshot snapshot) {
        return text(new JsonExposition(snapshot));
    }

    static String text(Exposition exposition) {
        ByteBlock out = new ByteBlock(0);
        while (exposition.next(out)) {}
        return out.toString();
    }
}
