package io.weir.server.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weir.server.remotewrite.PrometheusProcess;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs that people have: Prometheus scrapes, promtool reads, curl pushes. Each test skips where its program is absent. */
@Tag("interop")
@Timeout(60)
class RealProgramsTest {
    @TempDir
    private Path directory;

    private RunningWeir weir;

    @BeforeEach
    void start() {
        weir = new RunningWeir("--series.max=10000");
    }

    @AfterEach
    void stop() {
        weir.close();
    }

    @Test
    void shouldBeScrapedByPrometheusWithEveryValueIntact() throws Exception {
        assumeTrue(PrometheusProcess.binary() != null, "SKIPPED: there is no 'prometheus' on the PATH");
        weir.post("""
                # HELP jobs_total Jobs.
                # TYPE jobs_total counter
                jobs_total{instance="pushed",job="batch",zone="ü€😀",path="a\\\\b\\"c\\nd"} 9007199254740991
                # TYPE tiny gauge
                tiny 1e-300
                # TYPE odd gauge
                odd{v="nan"} NaN
                odd{v="inf"} -Inf
                # TYPE latency_seconds histogram
                latency_seconds_bucket{le="0.1"} 8
                latency_seconds_bucket{le="1"} 9
                latency_seconds_bucket{le="+Inf"} 10
                latency_seconds_sum 3.25
                latency_seconds_count 10
                # TYPE size_bytes summary
                size_bytes_sum 100
                size_bytes_count 4
                plain 7
                """);
        weir.patch("clicks_total?page=%2F");
        String configuration = """
                global: {scrape_interval: 250ms, scrape_timeout: 250ms}
                scrape_configs:
                  - {job_name: weir, honor_labels: true, static_configs: [{targets: ["127.0.0.1:%1$d"]}]}
                  - {job_name: weir-itself, metrics_path: /-/metrics, static_configs: [{targets: ["127.0.0.1:%1$d"]}]}
                """.formatted(weir.port());
        try (PrometheusProcess prometheus = new PrometheusProcess(directory, configuration)) {
            prometheus.start();
            prometheus.await("both targets are up", () -> prometheus.value("sum(up)").equals("2"));
            prometheus.await("the click is there", () -> prometheus.value("clicks_total{page=\"/\"}").equals("1"));

            assertThat(prometheus.value("jobs_total{instance=\"pushed\",job=\"batch\",zone=\"ü€😀\",path=\"a\\\\b\\\"c\\nd\"}"))
                    .isEqualTo("9007199254740991");
            assertThat(prometheus.value("tiny")).isEqualTo("1e-300");
            assertThat(prometheus.value("odd{v=\"nan\"}")).isEqualTo("NaN");
            assertThat(prometheus.value("odd{v=\"inf\"}")).isEqualTo("-Inf");
            assertThat(prometheus.value("plain")).isEqualTo("7");
            assertThat(prometheus.value("size_bytes_sum / size_bytes_count")).isEqualTo("25");
            assertThat(prometheus.query("sum by (le) (latency_seconds_bucket)"))
                    .as("OpenMetrics, which Prometheus asks for, writes bounds as floats")
                    .isEqualTo(Map.of("le:0.1", "8", "le:1.0", "9", "le:+Inf", "10"));
            assertThat(prometheus.value("weir_ingest_samples_total{protocol=\"patch\"}")).isEqualTo("1");
            assertThat(prometheus.value("weir_build_info")).isEqualTo("1");

            weir.patchBy("41", "clicks_total?page=%2F");
            weir.delete("plain");

            prometheus.await("the new value is scraped", () -> prometheus.value("clicks_total{page=\"/\"}").equals("42"));
            prometheus.await("what was deleted is gone", () -> prometheus.query("plain").isEmpty());
        }
    }

    @Test
    void shouldSatisfyPromtoolOnBothPages() throws Exception {
        assumeProgram("promtool");
        weir.post("""
                # HELP jobs_total Jobs.
                # TYPE jobs_total counter
                jobs_total{path="a\\\\b\\"c\\nd"} 5
                # HELP latency_seconds Latency.
                # TYPE latency_seconds histogram
                latency_seconds_bucket{le="0.1"} 8
                latency_seconds_bucket{le="+Inf"} 10
                latency_seconds_sum 3.25
                latency_seconds_count 10
                """);
        weir.patchBy("not a number", "clicks_total");
        weir.get("/nowhere");
        for (String page : new String[] {"/metrics", "/-/metrics"}) {
            Result result = run(weir.get(page).bytes(), "promtool", "check", "metrics");
            assertThat(result.output).as(page).isEmpty();
            assertThat(result.code).as(page).isZero();
        }
    }

    @Test
    void shouldWorkWithTheCurlsOfTheDocuments() throws Exception {
        assumeProgram("curl");
        String url = "http://127.0.0.1:" + weir.port();
        assertThat(curl("", "-X", "PATCH", url + "/metrics/metric_name?foo=bar")).isEqualTo("ok");
        assertThat(curl("", "-X", "PATCH", "-d", "5", url + "/metrics/metric_name?foo=bar")).isEqualTo("ok");
        assertThat(curl("", "-X", "PATCH", "-H", "Accept: application/json", "-d", "{\"value\":2}", url + "/metrics/metric_name?foo=bar"))
                .isEqualTo("{\"value\":8}");
        String body = "# TYPE some_metric counter\nsome_metric{label=\"val1\"} 42\n";
        assertThat(curl(body, "--data-binary", "@-", url + "/metrics")).isEqualTo("ok");
        assertThat(curl(body, "-T", "-", url + "/metrics")).as("PUT, chunked, Expect: 100-continue").isEqualTo("ok");
        assertThat(curl(body, "-H", "Transfer-Encoding: chunked", "--data-binary", "@-", url + "/metrics")).isEqualTo("ok");
        Path zipped = Files.write(directory.resolve("body.gz"), RunningWeir.gzip(body));
        assertThat(curl("", "-H", "Content-Encoding: gzip", "--data-binary", "@" + zipped, url + "/metrics")).isEqualTo("ok");
        Path large = Files.writeString(directory.resolve("large"), body.repeat(30_000));
        assertThat(curl("", "--data-binary", "@" + large, url + "/metrics")).as("with Expect: 100-continue").isEqualTo("ok");
        assertThat(curl("", "--data-binary", "cpu,host=a usage=0.5,up=t\nmem,host=a free=17i", "-w", "%{http_code}", url + "/write?db=x"))
                .isEqualTo("204");
        assertThat(curl("", "--compressed", url + "/metrics")).isEqualTo("""
                # TYPE cpu_up gauge
                cpu_up{host="a"} 1
                # TYPE cpu_usage gauge
                cpu_usage{host="a"} 0.5
                # TYPE mem_free gauge
                mem_free{host="a"} 17
                # TYPE metric_name counter
                metric_name{foo="bar"} 8
                # TYPE some_metric counter
                some_metric{label="val1"} %d
                """.formatted(42L * (1 + 1 + 1 + 30_000)));
        assertThat(curl("", "-g", url + "/metrics?name[]=cpu_up")).isEqualTo("# TYPE cpu_up gauge\ncpu_up{host=\"a\"} 1\n");
        assertThat(curl("", "-I", url + "/metrics")).startsWith("HTTP/1.1 200 OK\r\n");
        assertThat(curl("", "-X", "DELETE", url + "/metrics/some_metric?label=val1")).isEqualTo("deleted 1 series\n");
        assertThat(curl("", "-X", "DELETE", url + "/metrics/__all")).isEqualTo("deleted 4 series\n");
    }

    private record Result(int code, String output) {}

    private String curl(String input, String... arguments) throws Exception {
        String[] command = new String[arguments.length + 4];
        System.arraycopy(new String[] {"curl", "-sS", "--max-time", "20"}, 0, command, 0, 4);
        System.arraycopy(arguments, 0, command, 4, arguments.length);
        Result result = run(input.getBytes(UTF_8), command);
        assertThat(result.code).as(result.output).isZero();
        return result.output;
    }

    private Result run(byte[] input, String... command) throws Exception {
        Path output = Files.createTempFile(directory, "output", "");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            try (OutputStream to = process.getOutputStream()) {
                to.write(input);
            }
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("%s ends", List.of(command)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        return new Result(process.exitValue(), Files.readString(output));
    }

    private static void assumeProgram(String name) {
        boolean there = List.of(System.getenv().getOrDefault("PATH", "").split(":")).stream()
                .anyMatch(dir -> !dir.isEmpty() && Files.isExecutable(Path.of(dir, name)));
        assumeTrue(there, "SKIPPED: there is no '" + name + "' on the PATH");
    }
}
