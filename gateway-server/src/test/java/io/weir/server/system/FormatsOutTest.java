package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.prometheus.metrics.expositionformats.PrometheusProtobufWriter;
import io.weir.server.remotewrite.PrometheusProcess;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A real Prometheus scrapes each format it can be made to ask for. */
@Timeout(120)
class FormatsOutTest {
    @ParameterizedTest
    @CsvSource({"extra-scrape-metrics, OpenMetrics, seconds_sum", "native-histograms, protobuf, histogram_sum(seconds)"})
    void shouldBeScrapedByAPrometheus(String feature, String format, String sum, @TempDir Path directory) throws Exception {
        assumeTrue(PrometheusProcess.binary() != null, "SKIPPED: no prometheus on the PATH");
        try (RunningWeir weir = new RunningWeir("--series.max=1000");
                PrometheusProcess prometheus = new PrometheusProcess(
                        directory,
                        """
                        global: {scrape_interval: 1s, scrape_timeout: 1s}
                        scrape_configs:
                          - job_name: weir
                            honor_labels: true
                            static_configs: [{targets: ["127.0.0.1:%d"]}]
                        """.formatted(weir.port()),
                        "--enable-feature=" + feature)) {
            byte[] body = FormatsInTest.write(new PrometheusProtobufWriter(), FormatsInTest.registry());
            assertThat(weir.send("POST", "/metrics", BodyPublishers.ofByteArray(body), "Content-Type", FormatsInTest.PROTOBUF))
                    .hasToString("200 ok");
            weir.post("# TYPE h histogram\nh_bucket{le=\"1\",p=\"\\n\"} 1\nh_bucket{le=\"+Inf\",p=\"\\n\"} 2\nh_sum{p=\"\\n\"} 3\n");
            prometheus.start();

            prometheus.await("a scrape", () -> prometheus.value("up").equals("1"));
            prometheus.await("a counter", () -> prometheus.value("jobs_total{queue='grün \"x\"'}").equals("3"));
            prometheus.await("a gauge", () -> prometheus.value("size_bytes").equals("-1.5"));
            prometheus.await("a bucket", () -> prometheus.value("h_bucket{le='1.0'}").equals("1"));
            prometheus.await("the last bucket", () -> prometheus.value("h_bucket{le='+Inf'}").equals("2"));
            prometheus.await("a sum", () -> prometheus.value(sum).equals("1000000000.55"));
            prometheus.await("a summary", () -> prometheus.value("rpc_count").equals("1"));
        }
    }
}
