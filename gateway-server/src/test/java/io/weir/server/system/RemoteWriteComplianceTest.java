package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.remotewrite.Decoded.Label;
import io.weir.server.remotewrite.RequestV2;
import io.weir.server.remotewrite.RequestV2.Metadata;
import io.weir.server.remotewrite.ScriptedReceiver;
import io.weir.server.remotewrite.ScriptedReceiver.Received;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Comparator;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The data cases of the Prometheus remote write 2.0 sender compliance suite, by their names, on what a receiver decodes of a
 * whole gateway: each body is pushed to one group, as the suite's scrape target would be. Quantiles of summaries are not
 * kept, so {@code type_summary} looks at the sum; {@code UNIT} is not kept either, which is the suite's one MAY.
 */
@Timeout(120)
class RemoteWriteComplianceTest {
    private static final String GROUP = ",instance=\"127.0.0.1:9100\",job=\"test\"";

    /** {@link RequestV2} has checked snappy's block format, the symbols, the references and the schema before. */
    record Case(String name, String push, Consumer<RequestV2> check) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static ScriptedReceiver receiver;
    private static RunningWeir weir;
    private static int cases;

    @BeforeAll
    static void start() throws IOException {
        receiver = new ScriptedReceiver();
        weir = new RunningWeir(
                "--remote-write.url=" + receiver.url(),
                "--remote-write.interval=100ms",
                "--remote-write.protocol=2.0",
                "--push.semantics=pushgateway",
                "--limits.name=1KiB",
                "--limits.label-value=16KiB");
    }

    @AfterAll
    static void stop() throws IOException {
        weir.close();
        receiver.close();
    }

    static Stream<Case> samples() {
        return Stream.of(
                value("float_value_encoding", "test_metric", "123.45", 123.45),
                value("integer_value_encoding", "test_counter_total", "42", 42),
                value("zero_value_encoding", "test_gauge", "0", 0),
                value("negative_value_encoding", "temperature_celsius", "-15.5", -15.5),
                value("positive_infinity_encoding", "test_gauge", "+Inf", Double.POSITIVE_INFINITY),
                value("negative_infinity_encoding", "test_gauge", "-Inf", Double.NEGATIVE_INFINITY),
                value("nan_encoding", "test_gauge", "NaN", Double.NaN),
                value("large_float_values", "test_large", "1.7976931348623157e+308", Double.MAX_VALUE),
                value("small_float_values", "test_small", "2.2250738585072014e-308", Double.MIN_NORMAL),
                value("scientific_notation", "test_scientific", "1.23e-4", 0.000123),
                value("precision_preservation", "test_precision", "0.123456789012345", 0.123456789012345),
                new Case("timestamp_milliseconds_format", "test_metric 42\n", r -> assertThat(
                                sampleTime(r, "test_metric"))
                        .isBetween(1_000_000_000_000L, 10_000_000_000_000_000L)),
                new Case("timestamp_recent", "test_metric 42\n", r -> assertThat(
                                System.currentTimeMillis() - sampleTime(r, "test_metric"))
                        .isBetween(0L, 300_000L)),
                new Case("job_instance_labels_present", "test_metric 42\n", r -> assertThat(
                                r.get(key("test_metric")).series().labels())
                        .contains(new Label("job", "test"), new Label("instance", "127.0.0.1:9100"))));
    }

    static Stream<Case> labels() {
        String three = "test_metric{foo=\"bar\",baz=\"qux\"} 1\ntest_metric1{foo=\"bar\",baz=\"qux\"} 2\nanother_metric{foo=\"bar\"} 3\n";
        return Stream.of(
                new Case("symbols_empty_at_index_zero", three, r -> assertThat(r.symbols()).startsWith("")),
                new Case("symbols_deduplication", three, r -> assertThat(r.symbols()).doesNotHaveDuplicates()),
                new Case("label_lexicographic_ordering", three, RemoteWriteComplianceTest::checkLabels),
                new Case("metric_name_label_present", three, r -> assertThat(r.decoded().series())
                        .allMatch(s -> s.labels().stream().filter(l -> l.name().equals("__name__")).count() == 1)),
                has("unicode_in_label_values", "test_metric{emoji=\"🚀\",chinese=\"测试\"} 42\n",
                        "test_metric{chinese=\"测试\",emoji=\"🚀\"" + GROUP + "}"),
                has("empty_label_value", "test_metric{foo=\"\",bar=\"qux\"} 42\n", "test_metric{bar=\"qux\"" + GROUP + "}"),
                has("metric_name_with_colons", "http:request:duration:seconds 0.5\n", key("http:request:duration:seconds")),
                has("huge_label_values", "test_metric{a_large_label=\"" + "x".repeat(10_000) + "\"} 42\n",
                        "test_metric{a_large_label=\"" + "x".repeat(10_000) + "\"" + GROUP + "}"),
                has("very_long_metric_name", "metric_" + "very_long_name_".repeat(50) + " 42\n",
                        key("metric_" + "very_long_name_".repeat(50))),
                new Case("symbol_table_efficiency", """
                        http_requests_total{method="GET",status="200",handler="/api/v1"} 100
                        http_requests_total{method="POST",status="200",handler="/api/v1"} 50
                        http_requests_total{method="GET",status="404",handler="/api/v1"} 10
                        http_requests_total{method="GET",status="200",handler="/api/v2"} 75
                        """, r -> assertThat(r.symbols()).hasSizeLessThanOrEqualTo(30)),
                new Case("special_float_combinations", """
                        special_values{type="inf"} +Inf
                        special_values{type="nan"} NaN
                        special_values{type="negative"} -123.45
                        special_values{type="zero"} 0
                        """, r -> assertThat(IntStream.range(0, 4)
                                .mapToObj(i -> r.decoded().series().stream()
                                        .filter(s -> s.key().startsWith("special_values"))
                                        .toList()
                                        .get(i)
                                        .sample()
                                        .value()))
                        .containsExactlyInAnyOrder(Double.POSITIVE_INFINITY, Double.NaN, -123.45, 0.0)));
    }

    static Stream<Case> metadata() {
        String families = """
                # HELP http_requests_total Total HTTP requests
                # TYPE http_requests_total counter
                http_requests_total 100
                # HELP memory_usage_bytes Current memory usage
                # TYPE memory_usage_bytes gauge
                memory_usage_bytes 1048576
                # TYPE request_duration_seconds histogram
                request_duration_seconds_bucket{le="+Inf"} 100
                request_duration_seconds_sum 50.0
                request_duration_seconds_count 100
                # TYPE rpc_duration_seconds summary
                rpc_duration_seconds{quantile="0.5"} 0.05
                rpc_duration_seconds_sum 100.0
                rpc_duration_seconds_count 1000
                """;
        return Stream.of(
                metadata("type_counter", families, "http_requests_total", "COUNTER", "Total HTTP requests"),
                metadata("type_gauge", families, "memory_usage_bytes", "GAUGE", "Current memory usage"),
                metadata("type_histogram", families, "request_duration_seconds_sum", "HISTOGRAM", ""),
                metadata("type_summary", families, "rpc_duration_seconds_sum", "SUMMARY", ""),
                metadata("help", families, "request_duration_seconds_count", "HISTOGRAM", ""),
                metadata("help_with_special_chars", "# HELP test_metric 🚀 测试 yolo/d\n# TYPE test_metric gauge\ntest_metric 42\n",
                        "test_metric", "GAUGE", "🚀 测试 yolo/d"),
                metadata("help_with_newlines", "# HELP test_metric one\\ntwo \\\\ three\n# TYPE test_metric gauge\ntest_metric 42\n",
                        "test_metric", "GAUGE", "one\ntwo \\ three"),
                metadata("samples_with_metadata", "# HELP c_total Help\n# TYPE c_total counter\nc_total 1\n", "c_total", "COUNTER", "Help"));
    }

    static Stream<Case> histograms() {
        String h = """
                # TYPE test_histogram histogram
                test_histogram_bucket{le="0.5"} 50
                test_histogram_bucket{le="1"} 100
                test_histogram_bucket{le="+Inf"} 1000000000
                test_histogram_sum 250.5
                test_histogram_count 1000000000
                """;
        String empty = """
                # TYPE test_histogram histogram
                test_histogram_bucket{le="+Inf"} 0
                test_histogram_sum 0
                test_histogram_count 0
                """;
        return Stream.of(
                sample("histogram_count_present", h, "test_histogram_count", 1e9),
                sample("histogram_sum_present", h, "test_histogram_sum", 250.5),
                sample("histogram_empty_buckets", empty, "test_histogram_count", 0),
                sample("histogram_large_counts", h, "test_histogram_count", 1e9),
                new Case("histogram_buckets_ordered", h, r -> assertThat(r.decoded().series().stream()
                                .filter(s -> s.key().startsWith("test_histogram_bucket"))
                                .map(s -> s.sample().value()))
                        .containsExactly(50.0, 100.0, 1e9)),
                new Case("complete_metric_family", h, r -> assertThat(r.decoded().keys())
                        .filteredOn(k -> k.startsWith("test_histogram"))
                        .hasSize(5)));
    }

    static Stream<Case> batches() {
        StringBuilder many = new StringBuilder();
        for (int i = 0; i < 12_000; i++) {
            many.append("metric{label=\"").append(i).append("\"} 1\n");
        }
        return Stream.of(
                new Case("multiple_series_per_request", """
                        http_requests_total{method="GET",status="200"} 1000
                        http_requests_total{method="POST",status="200"} 500
                        cpu_usage_percent 45.2
                        memory_usage_bytes 1048576
                        """, r -> assertThat(r.series()).hasSizeGreaterThanOrEqualTo(4)),
                new Case("batch_size_reasonable", many.toString(), r -> assertThat(r.series()).hasSizeLessThanOrEqualTo(10_000)),
                new Case("multiple_metric_types", """
                        # TYPE process_cpu_seconds_total counter
                        process_cpu_seconds_total 123.45
                        # TYPE process_memory_bytes gauge
                        process_memory_bytes 1048576
                        # TYPE request_duration_seconds histogram
                        request_duration_seconds_bucket{le="+Inf"} 100
                        request_duration_seconds_sum 50.0
                        request_duration_seconds_count 100
                        """, r -> assertThat(r.decoded().keys())
                        .contains(key("process_cpu_seconds_total"), key("process_memory_bytes"), key("request_duration_seconds_count"))),
                new Case("timestamp_ordering_within_series", "metric_a 1\nmetric_b 2\n",
                        r -> assertThat(r.decoded().series()).allMatch(s -> s.samples().size() == 1)),
                new Case("empty_scrape", "# No metrics\n", r -> assertThat(r.series()).isNotEmpty()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"samples", "labels", "metadata", "histograms", "batches"})
    void shouldPass(Case c) throws Exception {
        String marker = "row{n=\"" + cases++ + "\"}";
        String body = c.push() + "# TYPE row gauge\n" + marker + " 1\n";
        // other labels sort before those of the group, and n behind them
        String markerKey = "row{instance=\"127.0.0.1:9100\",job=\"test\"," + marker.substring(4);
        assertThat(weir.send("PUT", "/metrics/job/test/instance/127.0.0.1:9100", BodyPublishers.ofString(body)).status())
                .isEqualTo(200);

        for (int i = 0; i < 100; i++) {
            Received received = receiver.take();
            RequestV2 request = received.requestV2();
            if (request.decoded().series().stream().anyMatch(s -> s.key().equals(markerKey) && !s.isStale())) {
                checkProtocol(received);
                checkLabels(request);
                c.check().accept(request);
                return;
            }
        }
        throw new AssertionError("not within 100 requests: " + markerKey);
    }

    private static void checkProtocol(Received received) {
        assertThat(received.requestLine()).startsWith("POST ");
        assertThat(received.headers())
                .containsEntry("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request")
                .containsEntry("Content-Encoding", "snappy")
                .containsEntry("X-Prometheus-Remote-Write-Version", "2.0.0")
                .hasEntrySatisfying("User-Agent", agent -> assertThat(agent).startsWith("Weir/"));
    }

    private static void checkLabels(RequestV2 request) {
        assertThat(request.decoded().series()).allSatisfy(s -> {
            assertThat(s.labels()).isSortedAccordingTo(Comparator.comparing(Label::name));
            assertThat(s.labels().stream().map(Label::name)).doesNotHaveDuplicates();
            assertThat(s.labels()).allMatch(l -> !l.name().isEmpty() && !l.value().isEmpty());
        });
    }

    private static Case value(String name, String metric, String text, double expected) {
        return sample(name, metric + ' ' + text + '\n', metric, expected);
    }

    private static Case sample(String name, String push, String metric, double expected) {
        return new Case(name, push, r -> assertThat(r.get(key(metric)).series().sample().value())
                .isEqualTo(Double.valueOf(expected)));
    }

    private static Case has(String name, String push, String key) {
        return new Case(name, push, r -> assertThat(r.decoded().keys()).contains(key));
    }

    private static Case metadata(String name, String push, String metric, String type, String help) {
        return new Case(name, push, r -> assertThat(r.get(key(metric)).metadata()).isEqualTo(new Metadata(type, help, "")));
    }

    private static long sampleTime(RequestV2 request, String metric) {
        return request.get(key(metric)).series().sample().timestamp();
    }

    /** Of a series with no labels but those of its group. */
    private static String key(String metric) {
        return metric + "{" + GROUP.substring(1) + "}";
    }
}
