package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weir.server.remotewrite.PrometheusProcess;
import io.weir.server.system.RunningWeir.Reply;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Names that are not classic, from the push to the scrape. */
@Timeout(120)
class Utf8NamesTest {
    private static final String BODY = """
            # HELP "my.jobs_total" Jobs.
            # TYPE "my.jobs_total" counter
            {"my.jobs_total","trace.id"="x",a="b"} 1
            # TYPE "grün" histogram
            {"grün_bucket",le="1"} 1
            {"grün_bucket",le="+Inf"} 2
            {"grün_sum"} 3
            {"grün_count"} 2
            """;
    private static final String SHOWN = """
            # TYPE "grün" histogram
            {"grün_bucket",le="1"} 2
            {"grün_bucket",le="+Inf"} 4
            {"grün_sum"} 6
            {"grün_count"} 4
            # HELP "my.jobs_total" Jobs.
            # TYPE "my.jobs_total" counter
            {"my.jobs_total",a="b","trace.id"="x"} 2
            """;
    private static final String UTF8 = "text/plain;version=1.0.0;escaping=allow-utf-8";

    @Test
    void shouldBeCountedAndShownAsEachScraperCanReadThem(@TempDir Path directory) throws Exception {
        try (RunningWeir weir = new RunningWeir("--series.max=1000", "--storage.path=" + directory.resolve("data"))) {
            assertThat(weir.post(BODY)).hasToString("200 ok");
            assertThat(weir.post(BODY)).hasToString("200 ok");
            Reply utf8 = weir.get("/metrics", "Accept", UTF8);
            assertThat(utf8.body()).isEqualTo(SHOWN);
            assertThat(utf8.header("Content-Type")).endsWith("; escaping=allow-utf-8");

            Reply escaped = weir.get("/metrics");
            assertThat(escaped.body())
                    .contains("# TYPE my_jobs_total counter\nmy_jobs_total{a=\"b\",trace_id=\"x\"} 2\n", "gr_n_bucket{le=\"1\"} 2\n")
                    .doesNotContain("{\"");
            assertThat(escaped.header("ETag")).isNotEqualTo(utf8.header("ETag"));
            assertThat(weir.get("/metrics", "Accept", "text/plain;escaping=values").body())
                    .contains("U__my_2e_jobs__total{U__trace_2e_id=\"x\",a=\"b\"} 2\n");
            assertThat(weir.get("/metrics", "Accept", "application/openmetrics-text;version=1.0.0;escaping=dots").body())
                    .contains("# TYPE my_dot_jobs_ counter\n");
            assertThat(weir.get("/metrics", "Accept", "application/json").body()).contains("\"my.jobs_total\":{\"name\":\"my.jobs_total\"");
            assertThat(weir.get("/metrics", "Accept", "text/plain", "If-None-Match", escaped.header("ETag")).status())
                    .isEqualTo(304);
            assertThat(weir.get("/metrics?name[]=my_jobs_total").body()).contains("my_jobs_total{").doesNotContain("gr_n");

            String group = "/metrics/job/j/U__my_2e_label/1";
            assertThat(weir.send("PUT", group, BodyPublishers.ofString("# TYPE \"in.group\" gauge\n{\"in.group\",my_label=\"2\"} 1\n"))
                            .status())
                    .isEqualTo(200);
            assertThat(weir.get("/metrics", "Accept", UTF8).body())
                    .contains("{\"in.group\",instance=\"\",job=\"j\",\"my.label\"=\"1\",my_label=\"2\"} 1\n");
            assertThat(weir.get("/metrics").body())
                    .contains("in_group{U__my_2e_label=\"1\",instance=\"\",job=\"j\",my_label=\"2\"} 1\n");
            assertThat(weir.get("/api/v1/metrics").body()).contains("\"my.label\":\"1\"", "\"in.group\":{");
        }
        try (RunningWeir again = new RunningWeir("--series.max=1000", "--storage.path=" + directory.resolve("data"))) {
            assertThat(again.get("/metrics", "Accept", UTF8).body())
                    .contains("{\"in.group\",instance=\"\",job=\"j\",\"my.label\"=\"1\",my_label=\"2\"} 1\n")
                    .contains(SHOWN.lines().filter(line -> !line.startsWith("#")).toArray(String[]::new));
            assertThat(again.get("/metrics").body()).doesNotContain("{\"");
            assertThat(again.post(BODY)).hasToString("200 ok");
            assertThat(again.get("/metrics").body()).contains("my_jobs_total{a=\"b\",trace_id=\"x\"} 3\n");
            assertThat(again.send("DELETE", "/metrics/job/j/U__my_2e_label/1", BodyPublishers.noBody()).status()).isEqualTo(202);
            assertThat(again.get("/metrics").body()).doesNotContain("in_group");
        }
    }

    @Test
    void shouldBeScrapedEscapedByAPrometheusThatKnowsClassicNamesOnly(@TempDir Path directory) throws Exception {
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
                        """.formatted(weir.port()))) {
            assertThat(weir.post(BODY)).hasToString("200 ok");
            assertThat(weir.post("# TYPE my_jobs_total gauge\nmy_jobs_total{trace_id=\"x\"} 7\n")).hasToString("200 ok");
            prometheus.start();
            prometheus.await("a scrape", () -> prometheus.value("up").equals("1"));
            prometheus.await("the classic one", () -> prometheus.value("my_jobs_total{trace_id='x'}").equals("7"));
            prometheus.await("the other", () -> prometheus.value("U__my_2e_jobs__total{trace_id='x'}").equals("1"));
            prometheus.await("a bucket", () -> prometheus.value("gr_n_bucket{le='+Inf'}").equals("2"));
        }
    }
}
