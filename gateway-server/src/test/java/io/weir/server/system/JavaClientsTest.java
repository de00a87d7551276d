package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Summary;
import io.prometheus.metrics.exporter.pushgateway.Format;
import io.prometheus.metrics.exporter.pushgateway.PushGateway;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The push gateway classes of both generations of the Java client library, as they come from Maven Central. */
@Timeout(60)
class JavaClientsTest {
    private static final String LABELS = "instance=\"a/b c+d\",job=\"nightly/backup\",zone=\"ü\"";

    private RunningWeir weir;

    @BeforeEach
    void start() {
        weir = new RunningWeir("--series.max=10000");
    }

    @AfterEach
    void stop() {
        weir.close();
    }

    private String address() {
        return "127.0.0.1:" + weir.port();
    }

    /** What is pushed, sorted, without what groups tell of themselves and without times of creation. */
    private List<String> samples() {
        return weir.scrape().lines()
                .filter(line -> !line.startsWith("#") && !line.startsWith("push_") && !line.contains("_created"))
                .sorted()
                .collect(Collectors.toList());
    }

    private PushGateway gateway(PrometheusRegistry registry, Format format) {
        return PushGateway.builder()
                .address(address())
                .job("nightly/backup")
                .groupingKey("instance", "a/b c+d")
                .groupingKey("zone", "ü")
                .format(format)
                .registry(registry)
                .build();
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void shouldKeepWhatTheClientOfTodayPushes(Format format) throws IOException {
        PrometheusRegistry registry = new PrometheusRegistry();
        Counter jobs = Counter.builder().name("jobs_total").help("Jobs.").labelNames("queue").register(registry);
        jobs.labelValues("a\"b\\c\nd").inc(3);
        Histogram latency = Histogram.builder().name("latency_seconds").classicOnly().classicUpperBounds(0.5, 2).register(registry);
        latency.observe(1);
        Summary size = Summary.builder().name("size_bytes").register(registry);
        size.observe(10);
        PushGateway gateway = gateway(registry, format);

        gateway.push();
        List<String> pushed = List.of(
                "jobs_total{" + LABELS.replace(",zone", ",queue=\"a\\\"b\\\\c\\nd\",zone") + "} 3",
                "latency_seconds_bucket{" + LABELS + ",le=\"+Inf\"} 1",
                "latency_seconds_bucket{" + LABELS + ",le=\"0.5\"} 0",
                "latency_seconds_bucket{" + LABELS + ",le=\"2\"} 1",
                "latency_seconds_count{" + LABELS + "} 1",
                "latency_seconds_sum{" + LABELS + "} 1",
                "size_bytes_count{" + LABELS + "} 1",
                "size_bytes_sum{" + LABELS + "} 10");
        assertThat(samples()).isEqualTo(pushed);
        assertThat(weir.scrape()).contains("# TYPE jobs_total counter\n", "# HELP jobs_total Jobs.\n");

        PrometheusRegistry other = new PrometheusRegistry();
        Gauge.builder().name("queue").register(other).set(-2.5);
        gateway(other, format).pushAdd();
        assertThat(samples()).containsAll(pushed).contains("queue{" + LABELS + "} -2.5").hasSize(pushed.size() + 1);
        gateway(other, format).push();
        assertThat(samples()).containsExactly("queue{" + LABELS + "} -2.5");

        gateway.delete();
        assertThat(weir.scrape()).isEmpty();
    }

    @Test
    void shouldTellTheClientOfTodayWhatIsWrong() {
        PrometheusRegistry counters = new PrometheusRegistry();
        Counter.builder().name("queue_total").register(counters).inc();
        weir.post("# TYPE queue_total gauge\nqueue_total 1\n");
        assertThatThrownBy(() -> gateway(counters, Format.PROMETHEUS_PROTOBUF).push())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("queue_total is a gauge, pushed as counter");
    }

    @Test
    void shouldKeepWhatTheClientOfYesterdayPushes() throws IOException {
        CollectorRegistry registry = new CollectorRegistry();
        io.prometheus.client.Counter.build("jobs", "Jobs.").labelNames("queue").register(registry).labels("mail").inc(3);
        io.prometheus.client.Histogram.build("latency_seconds", "Latency.").buckets(0.5, 2).register(registry).observe(1);
        Map<String, String> key = new TreeMap<>(Map.of("instance", "a/b c+d", "zone", "ü"));
        var gateway = new io.prometheus.client.exporter.PushGateway(address());

        gateway.push(registry, "nightly/backup", key);
        assertThat(samples()).containsExactly(
                "jobs_total{" + LABELS.replace(",zone", ",queue=\"mail\",zone") + "} 3",
                "latency_seconds_bucket{" + LABELS + ",le=\"+Inf\"} 1",
                "latency_seconds_bucket{" + LABELS + ",le=\"0.5\"} 0",
                "latency_seconds_bucket{" + LABELS + ",le=\"2\"} 1",
                "latency_seconds_count{" + LABELS + "} 1",
                "latency_seconds_sum{" + LABELS + "} 1");
        CollectorRegistry other = new CollectorRegistry();
        io.prometheus.client.Gauge.build("queue", "Queue.").register(other).set(4);
        gateway.pushAdd(other, "nightly/backup", key);
        assertThat(samples()).hasSize(7).contains("queue{" + LABELS + "} 4");
        gateway.push(other, "nightly/backup", key);
        assertThat(samples()).containsExactly("queue{" + LABELS + "} 4");
        gateway.delete("nightly/backup", key);
        assertThat(weir.scrape()).isEmpty();
    }
}
