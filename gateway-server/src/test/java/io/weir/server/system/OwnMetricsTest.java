package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.system.RunningWeir.Reply;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the gateway says about itself: the promised names, and never a word of its users. */
@Timeout(60)
class OwnMetricsTest {
    private static final String SECRET = "zanzibar";

    @Test
    void shouldCountWhatHappensAndKeepUserInputOut() {
        try (RunningWeir weir = new RunningWeir("--series.max=1000", "--remote-write.url=http://127.0.0.1:1/write",
                "--remote-write.headers=X-Token: " + SECRET)) {
            Set<String> quiet = seriesOf(weir);
            weir.patch(SECRET + "?" + SECRET + "=" + SECRET);
            weir.post("# TYPE " + SECRET + " gauge\n" + SECRET + " 1\n");
            weir.post(SECRET + "{} x\n", "X-" + SECRET, SECRET, "User-Agent", SECRET, "Content-Type", SECRET + "/x");
            weir.get("/" + SECRET + "?" + SECRET);
            weir.get("/metrics?name[]=" + SECRET);
            weir.delete(SECRET + "?x=" + SECRET);
            weir.send(SECRET.toUpperCase(), "/metrics", BodyPublishers.noBody());
            weir.send("POST", "/metrics", BodyPublishers.ofString("x"), "Content-Encoding", SECRET);

            String own = weir.get("/-/metrics").body();

            assertThat(own.toLowerCase()).doesNotContain(SECRET);
            for (String name : List.of(
                    "weir_build_info{", "weir_http_requests_total{", "weir_http_request_duration_seconds_bucket{",
                    "weir_http_request_duration_seconds_count{", "weir_connections", "weir_connections_rejected_total{",
                    "weir_ingest_samples_total{protocol=\"text\"}", "weir_ingest_samples_total{protocol=\"patch\"} 1",
                    "weir_ingest_rejected_total{protocol=\"text\",reason=\"type_conflict\"} 1",
                    "weir_ingest_rejected_total{protocol=\"text\",reason=\"bad_value\"} 1",
                    "weir_http_requests_total{handler=\"patch\",method=\"PATCH\",code=\"200\"} 1",
                    "weir_http_requests_total{handler=\"push\",method=\"POST\",code=\"400\"} 2",
                    "weir_series 1", "weir_series_limit 1000", "weir_config_last_reload_successful 1",
                    "weir_direct_memory_used_bytes", "weir_sink_lag_seconds{", "weir_sink_queue_bytes{", "weir_sink_sent_total{",
                    "weir_sink_retries_total{", "weir_sink_dropped_total{", "process_cpu_seconds_total",
                    "process_resident_memory_bytes", "process_open_fds", "jvm_memory_used_bytes{", "jvm_gc_collection")) {
                assertThat(own).contains("\n" + name);
            }
            Set<String> busy = seriesOf(weir);
            busy.removeAll(quiet);
            assertThat(busy).allMatch(series -> series.startsWith("weir_http_") || series.startsWith("weir_ingest_"));
        }
    }

    @Test
    void shouldShowUsersTheirSeriesOnly() {
        try (RunningWeir weir = new RunningWeir("--series.max=1000")) {
            weir.get("/nowhere");
            assertThat(weir.scrape()).isEmpty();
            assertThat(weir.get("/metrics?format=json").body()).isEqualTo("{}");
            Reply pushed = weir.post("# TYPE weir_series counter\nweir_series 5\n");
            assertThat(pushed).hasToString("200 ok");
            assertThat(weir.scrape()).isEqualTo("# TYPE weir_series counter\nweir_series 5\n");
            assertThat(weir.own("weir_series")).isEqualTo(1);
        }
    }

    @Test
    void shouldWriteEveryFamilyOnceAndInOnePiece() {
        try (RunningWeir weir = new RunningWeir("--series.max=1000")) {
            weir.patch("a");
            String own = weir.get("/-/metrics").body();
            List<String> types = own.lines().filter(line -> line.startsWith("# TYPE ")).map(line -> line.split(" ")[2]).toList();
            assertThat(types).doesNotHaveDuplicates();
            List<String> helps = own.lines().filter(line -> line.startsWith("# HELP ")).map(line -> line.split(" ")[2]).toList();
            assertThat(helps).containsExactlyInAnyOrderElementsOf(types);
            List<String> series = own.lines().filter(line -> !line.startsWith("#")).map(line -> line.substring(0, line.lastIndexOf(' '))).toList();
            assertThat(series).doesNotHaveDuplicates();
            assertThat(weir.get("/-/metrics").header("Content-Type")).isEqualTo("text/plain; version=0.0.4; charset=utf-8");
        }
    }

    private static Set<String> seriesOf(RunningWeir weir) {
        return weir.get("/-/metrics").body().lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.substring(0, line.lastIndexOf(' ')))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
