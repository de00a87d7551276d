package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weir.server.LeakGuard;
import java.io.File;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What {@code /-/metrics} says after some traffic. */
@ExtendWith(LeakGuard.class)
class OwnMetricsTest {
    private static final String EVIL = "evil\\\"}{";

    private static Gateway gateway;

    @BeforeAll
    static void start() throws Exception {
        gateway = new Gateway();
        gateway.post("/metrics", "a{b=\"" + EVIL.replace("\\", "\\\\").replace("\"", "\\\"") + "\"} 1\n");
        gateway.post("/metrics", "a x\n");
        gateway.send("PATCH", "/metrics/user_counter?user_label=user_value", null);
        gateway.get("/metrics");
        gateway.get("/user_path");
        gateway.send("BREW", "/user_path", null);
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @Test
    void shouldBeWellFormed() throws Exception {
        File promtool = Stream.of("/usr/bin/promtool", "/usr/local/bin/promtool")
                .map(File::new).filter(File::canExecute).findFirst().orElse(null);
        assumeTrue(promtool != null, "promtool is not installed: the form of the own metrics is not checked");
        Process check = new ProcessBuilder(promtool.getPath(), "check", "metrics").redirectErrorStream(true).start();
        check.getOutputStream().write(gateway.get("/-/metrics").bytes());
        check.getOutputStream().close();
        String complaints = new String(check.getInputStream().readAllBytes(), UTF_8);

        assertThat(check.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(complaints).isEmpty();
        assertThat(check.exitValue()).isZero();
    }

    @Test
    void shouldNameWhatOperatorsLookFor() throws Exception {
        Gateway.Reply reply = gateway.get("/-/metrics");
        assertThat(reply.header("Content-Type")).isEqualTo("text/plain; version=0.0.4; charset=utf-8");
        assertThat(reply.body()).contains(
                "weir_build_info{version=\"0\",commit=\"test\",java=",
                "weir_http_requests_total{handler=\"push\",method=\"POST\",code=\"200\"} 1\n",
                "weir_http_requests_total{handler=\"push\",method=\"POST\",code=\"400\"} 1\n",
                "weir_http_requests_total{handler=\"patch\",method=\"PATCH\",code=\"200\"} 1\n",
                "weir_http_requests_total{handler=\"none\",method=\"GET\",code=\"404\"} 1\n",
                "weir_http_requests_total{handler=\"none\",method=\"other\",code=\"501\"} 1\n",
                "weir_http_rejected_total{reason=\"method\"} 1\n",
                "weir_http_request_duration_seconds_bucket{handler=\"push\",le=\"+Inf\"} 2\n",
                "weir_http_request_duration_seconds_count{handler=\"push\"} 2\n",
                "weir_connections ",
                "weir_connections_rejected_total{reason=\"connections\"} 0\n",
                "weir_ingest_samples_total{protocol=\"text\"} 1\n",
                "weir_ingest_samples_total{protocol=\"patch\"} 1\n",
                "weir_ingest_rejected_total{protocol=\"text\",reason=\"bad_value\"} 1\n",
                "process_cpu_seconds_total ",
                "process_resident_memory_bytes ",
                "process_open_fds ",
                "process_start_time_seconds ",
                "jvm_memory_used_bytes{area=\"heap\"} ",
                "jvm_gc_collections_total{gc=",
                "jvm_threads_current ",
                "weir_direct_memory_used_bytes ");
    }

    @Test
    void shouldHoldNothingThatUsersSent() throws Exception {
        assertThat(gateway.get("/-/metrics").body()).doesNotContain("user_", "evil", "BREW");
        assertThat(gateway.get("/metrics").body()).doesNotContain("weir_", "process_", "jvm_");
    }

    @Test
    void shouldCountDurationsInRisingBuckets() throws Exception {
        double last = 0;
        for (String line : gateway.get("/-/metrics").body().split("\n")) {
            if (line.startsWith("weir_http_request_duration_seconds_bucket{handler=\"push\"")) {
                double count = Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
                assertThat(count).isGreaterThanOrEqualTo(last);
                last = count;
            }
        }
        assertThat(last).isEqualTo(2);
    }
}
