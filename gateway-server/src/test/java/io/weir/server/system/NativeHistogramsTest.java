package io.weir.server.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.exporter.pushgateway.PushGateway;
import io.prometheus.metrics.expositionformats.PrometheusProtobufWriter;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.weir.server.data.DataCommand;
import io.weir.server.remotewrite.PrometheusProcess;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Native histograms as the Java client library pushes them, and what a scraper gets. */
@Timeout(120)
class NativeHistogramsTest {
    @TempDir
    private Path directory;

    /** What one process has observed: {@code both} with classic and native buckets, {@code fine} with native ones alone. */
    private static byte[] body(int schema, double... values) throws Exception {
        return FormatsInTest.write(new PrometheusProtobufWriter(), registry(schema, values));
    }

    private static PrometheusRegistry registry(int schema, double... values) {
        PrometheusRegistry registry = new PrometheusRegistry();
        Histogram both = Histogram.builder().name("both").help("h").classicUpperBounds(1, 4).nativeInitialSchema(schema)
                .register(registry);
        Histogram fine = Histogram.builder().name("fine").nativeOnly().nativeInitialSchema(schema).register(registry);
        for (double value : values) {
            both.observe(value);
            fine.observe(value);
        }
        return registry;
    }

    private static PushGateway client(RunningWeir weir, PrometheusRegistry registry) {
        return PushGateway.builder().address("127.0.0.1:" + weir.port()).job("j").registry(registry).build();
    }

    private static void push(RunningWeir weir, String method, String target, byte[] body) {
        RunningWeir.Reply reply = weir.send(
                method, target, BodyPublishers.ofByteArray(body), "Content-Type", FormatsInTest.PROTOBUF);
        assertThat(reply.status()).as(reply::toString).isEqualTo(200);
    }

    private static Metrics.Histogram scraped(RunningWeir weir, String family) throws Exception {
        byte[] all = weir.get("/metrics", "Accept", FormatsInTest.PROTOBUF + ";q=0.7,text/plain;q=0.3").bytes();
        ByteArrayInputStream in = new ByteArrayInputStream(all);
        for (Metrics.MetricFamily f; (f = Metrics.MetricFamily.parseDelimitedFrom(in)) != null; ) {
            if (f.getName().equals(family)) {
                assertThat(f.getMetricCount()).isEqualTo(1);
                // when it began is the business of other tests
                return f.getMetric(0).getHistogram().toBuilder().clearCreatedTimestamp().build();
            }
        }
        throw new AssertionError("no " + family);
    }

    @Test
    void shouldAddInAGroupAndReplaceIt() throws Exception {
        try (RunningWeir weir = new RunningWeir("--series.max=1000")) {
            client(weir, registry(5, 2, 2, 3)).pushAdd();
            client(weir, registry(3, 2, 100)).pushAdd();
            for (String family : List.of("both", "fine")) {
                Metrics.Histogram h = scraped(weir, family);
                assertThat(h.getSampleCount()).isEqualTo(5);
                assertThat(h.getSampleSum()).isEqualTo(109);
                assertThat(h.getSchema()).isEqualTo(3);
                // 2 is the bound of bucket 8, 3 in bucket 13, 100 in bucket 54
                assertThat(h.getPositiveSpanList()).extracting(Metrics.BucketSpan::getOffset).containsExactly(8, 4, 40);
                assertThat(h.getPositiveDeltaList()).containsExactly(3L, -2L, 0L);
                assertThat(h.getBucketCount()).isEqualTo(family.equals("both") ? 3 : 0);
            }
            assertThat(weir.samples("fine")).containsExactly(
                    "fine_bucket{instance=\"\",job=\"j\",le=\"+Inf\"} 5",
                    "fine_sum{instance=\"\",job=\"j\"} 109",
                    "fine_count{instance=\"\",job=\"j\"} 5");

            assertThat(weir.get("/api/v1/metrics").body()).contains(
                    "\"fine\":{", "\"metrics\":[{\"buckets\":[[0,\"1.8340080864093424\",\"2\",\"3\"],[0,\"2.8284271247461903\",",
                    "],\"count\":\"5\",\"labels\":{\"instance\":\"\",\"job\":\"j\"},\"sum\":\"109\"}]");

            client(weir, registry(5, 7)).push();
            assertThat(weir.get("/api/v1/metrics").body()).contains("\"buckets\":[[0,\"6.874477192489912")
                    .doesNotContain("2.8284271247461903");
            client(weir, registry(0, -3, 0, 0)).push();
            assertThat(weir.get("/api/v1/metrics").body())
                    .contains("\"buckets\":[[1,\"-4\",\"-2\",\"1\"],[3,\"-2.938735877055719e-39\",\"2.938735877055719e-39\",\"2\"]]");
            client(weir, registry(5, 7)).push();
            assertThat(scraped(weir, "fine").getSampleCount()).isEqualTo(1);
            assertThat(scraped(weir, "fine").getSchema()).isEqualTo(5);
        }
    }

    @Test
    void shouldSayWhatIsWrongWithAPush() throws Exception {
        try (RunningWeir weir = new RunningWeir("--series.max=1000")) {
            push(weir, "POST", "/metrics", body(5, 2));
            RunningWeir.Reply reply = weir.post("# TYPE fine histogram\nfine_bucket{le=\"1\"} 1\nfine_bucket{le=\"+Inf\"} 1\n");
            assertThat(reply.status()).isEqualTo(400);
            assertThat(reply.body()).contains("native histograms do not add to classic ones")
                    .contains("histogram fine with native buckets, pushed with classic buckets");
            assertThat(weir.own("weir_ingest_rejected_total{protocol=\"text\",reason=\"histogram_form\"}")).isEqualTo(1);
        }
    }

    @Test
    void shouldBeThereAfterARestartToTheLastBucket() throws Exception {
        String flag = "--storage.path=" + directory.resolve("data");
        Metrics.Histogram before;
        try (RunningWeir weir = new RunningWeir("--series.max=1000", flag)) {
            push(weir, "POST", "/metrics", body(5, 2, 0, -7, 1e9, 0.1));
            push(weir, "POST", "/metrics", body(5, 2, 1e-9));
            before = scraped(weir, "both");
        }
        try (RunningWeir weir = new RunningWeir("--series.max=1000", flag)) {
            assertThat(scraped(weir, "both")).isEqualTo(before);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = new DataCommand(Map.of(), new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8))
                .run(List.of("export", directory.resolve("data").toString()));
        assertThat(code).isZero();
        assertThat(out.toString(UTF_8)).contains("both_bucket{le=\"4\"} 6\n").contains("fine_count 7\n");
        assertThat(err.toString(UTF_8))
                .isEqualTo("weir: written without their native buckets, for which text has no place: histograms 2\n");
    }

    @Test
    void shouldBeUnderstoodByAPrometheus() throws Exception {
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
                        "--enable-feature=native-histograms")) {
            double[] values = new double[100];
            for (int i = 0; i < 100; i++) {
                values[i] = i < 50 ? 3 : i < 98 ? 20 : -5;
            }
            push(weir, "POST", "/metrics", body(3, values));
            push(weir, "POST", "/metrics", body(5, values));
            prometheus.start();

            for (String family : List.of("both", "fine")) {
                prometheus.await("a count", () -> prometheus.value("histogram_count(" + family + ")").equals("200"));
                assertThat(prometheus.value("histogram_sum(" + family + ")")).isEqualTo("2200");
                // buckets of schema 3 are 9 % wide
                assertThat(Double.parseDouble(prometheus.value("histogram_quantile(0.3, " + family + ")"))).isBetween(2.8, 3.09);
                assertThat(Double.parseDouble(prometheus.value("histogram_quantile(0.9, " + family + ")"))).isBetween(19.0, 20.8);
                assertThat(Double.parseDouble(prometheus.value("histogram_quantile(0.01, " + family + ")"))).isBetween(-5.2, -4.7);
                assertThat(Double.parseDouble(prometheus.value("histogram_fraction(10, 30, " + family + ")")))
                        .isBetween(0.479, 0.481);
            }

            push(weir, "POST", "/metrics", body(-2, values));
            prometheus.await("more, at a lower resolution", () -> prometheus.value("histogram_count(both)").equals("300"));
            weir.delete("__all");
            prometheus.await("its end", () -> prometheus.value("histogram_count(both)").isEmpty());
        }
    }
}
