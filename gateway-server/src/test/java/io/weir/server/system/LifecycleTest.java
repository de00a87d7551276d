package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.system.RunningWeir.Reply;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rules, reload, quit, and what time ends. */
@Timeout(60)
class LifecycleTest {
    @TempDir
    private Path directory;

    @Test
    void shouldAggregateGaugesByTheRulesOfTheFile() throws Exception {
        Path file = Files.writeString(directory.resolve("weir.yml"), """
                series.max: 1000
                aggregation:
                  gauge: last
                  rules:
                    - {match: "*_max", gauge: max}
                    - {match: "low_*", gauge: min}
                    - {match: "queue", gauge: sum}
                """);
        try (RunningWeir weir = new RunningWeir("--config.file=" + file)) {
            for (int value : new int[] {5, 9, 2}) {
                String v = " " + value + "\n";
                weir.post("# TYPE a gauge\na" + v + "# TYPE b_max gauge\nb_max" + v + "# TYPE low_c gauge\nlow_c" + v
                        + "# TYPE queue gauge\nqueue" + v + "untyped" + v + "# TYPE n_total counter\nn_total" + v);
            }
            assertThat(weir.value("a")).isEqualTo(2);
            assertThat(weir.value("b_max")).isEqualTo(9);
            assertThat(weir.value("low_c")).isEqualTo(2);
            assertThat(weir.value("queue")).isEqualTo(16);
            assertThat(weir.value("untyped")).isEqualTo(2);
            assertThat(weir.value("n_total")).isEqualTo(16);
        }
    }

    @Test
    void shouldReloadRulesFromTheNextRequestOnAndKeepThemWhenTheFileIsBad() throws Exception {
        Path file = Files.writeString(directory.resolve("weir.yml"), rules("sum"));
        try (RunningWeir weir = new RunningWeir("--config.file=" + file, "--web.enable-lifecycle");
                Wire wire = weir.wire()) {
            String push = RunningWeir.request("POST", "/metrics", "# TYPE g gauge\ng 5\n");
            wire.send(push).answer();
            wire.send(push).answer();
            assertThat(weir.value("g")).isEqualTo(10);
            assertThat(weir.own("weir_config_last_reload_successful")).isEqualTo(1);

            Files.writeString(file, rules("max"));
            assertThat(weir.send("POST", "/-/reload", BodyPublishers.noBody()).status()).isEqualTo(200);
            wire.send(push).answer();
            assertThat(weir.value("g")).as("max(10, 5), on a connection from before").isEqualTo(10);
            weir.post("# TYPE g gauge\ng 12\n");
            assertThat(weir.value("g")).isEqualTo(12);

            Files.writeString(file, rules("average"));
            Reply bad = weir.send("POST", "/-/reload", BodyPublishers.noBody());
            assertThat(bad.status()).as(bad.toString()).isEqualTo(400);
            assertThat(bad.body()).contains("weir.yml:").contains("average");
            assertThat(weir.own("weir_config_last_reload_successful")).isZero();
            wire.send(push).answer();
            assertThat(weir.value("g")).as("still max").isEqualTo(12);

            Files.delete(file);
            assertThat(weir.send("PUT", "/-/reload", BodyPublishers.noBody()).status()).isEqualTo(400);
            Files.writeString(file, rules("last"));
            assertThat(weir.send("PUT", "/-/reload", BodyPublishers.noBody()).status()).isEqualTo(200);
            assertThat(weir.own("weir_config_last_reload_successful")).isEqualTo(1);
            wire.send(push).answer();
            assertThat(weir.value("g")).isEqualTo(5);
        }
    }

    @Test
    void shouldCountExactlyWhileRulesAreReloaded() throws Exception {
        Path file = Files.writeString(directory.resolve("weir.yml"), rules("sum"));
        ExecutorService threads = Executors.newCachedThreadPool();
        try (RunningWeir weir = new RunningWeir("--config.file=" + file, "--web.enable-lifecycle")) {
            List<Future<Void>> pushers = new ArrayList<>();
            for (int t = 0; t < 3; t++) {
                String push = RunningWeir.request("POST", "/metrics", "# TYPE n_total counter\nn_total{a=\"1\"} 1\n"
                        + "# TYPE g gauge\ng 1\n") + RunningWeir.request("PATCH", "/metrics/n_total?a=1", "");
                pushers.add(threads.submit(() -> {
                    try (Wire wire = weir.wire()) {
                        for (int i = 0; i < 2_000; i++) {
                            wire.send(push);
                            assertThat(wire.answer()).isEqualTo(PushTest.ok());
                            assertThat(wire.answer()).isEqualTo(PushTest.ok());
                        }
                    }
                    return null;
                }));
            }
            for (int i = 0; i < 20 || pushers.stream().anyMatch(pusher -> !pusher.isDone()); i++) {
                Files.writeString(file, rules(i % 2 == 0 ? "max" : "last"));
                assertThat(weir.send("POST", "/-/reload", BodyPublishers.noBody()).status()).isEqualTo(200);
            }
            for (Future<Void> pusher : pushers) {
                pusher.get(30, TimeUnit.SECONDS);
            }
            assertThat(weir.value("n_total{a=\"1\"}")).isEqualTo(12_000);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void shouldRefuseReloadAndQuitUnlessEnabled() {
        try (RunningWeir weir = new RunningWeir("--series.max=1000")) {
            assertThat(weir.send("POST", "/-/reload", BodyPublishers.noBody()).status()).isEqualTo(403);
            assertThat(weir.send("POST", "/-/quit", BodyPublishers.noBody()).status()).isEqualTo(403);
            assertThat(weir.send("GET", "/-/quit", BodyPublishers.noBody()).status()).isEqualTo(405);
            assertThat(weir.get("/-/ready").status()).isEqualTo(200);
        }
    }

    @Test
    void shouldAskForTheEndWhenToldToQuit() throws Exception {
        try (RunningWeir weir = new RunningWeir("--web.enable-lifecycle", "--series.max=1000")) {
            assertThat(weir.send("POST", "/-/quit", BodyPublishers.noBody()).status()).isEqualTo(200);
            weir.weir.awaitStopRequest();
        }
    }

    @Test
    void shouldEndSeriesThatNobodyTouchesAndKeepThoseThatAre() throws Exception {
        Path file = Files.writeString(directory.resolve("weir.yml"), """
                series: {max: 1000, ttl: 1s}
                aggregation.rules:
                  - {match: "kept", ttl: off}
                """);
        try (RunningWeir weir = new RunningWeir("--config.file=" + file)) {
            weir.post("# TYPE kept gauge\nkept 1\n# TYPE gone counter\ngone 1\ngone{l=\"touched\"} 1\n"
                    + "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n");
            assertThat(weir.own("weir_series")).isEqualTo(4);
            int[] touches = {1};
            RunningWeir.await("the untouched series end", () -> {
                weir.patch("gone?l=touched");
                touches[0]++;
                return weir.own("weir_series") == 2;
            });
            assertThat(weir.scrape()).isEqualTo(
                    "# TYPE gone counter\ngone{l=\"touched\"} " + touches[0] + "\n# TYPE kept gauge\nkept 1\n");
            assertThat(weir.own("weir_series_ended_total{reason=\"expired\"}")).isEqualTo(2);
            weir.patch("gone");
            assertThat(weir.value("gone")).as("begins anew").isEqualTo(1);
            RunningWeir.await("all that can end has ended", () -> weir.scrape().equals("# TYPE kept gauge\nkept 1\n"));
        }
    }

    private static String rules(String policy) {
        return "series.max: 1000\naggregation:\n  rules:\n    - {match: \"g\", gauge: " + policy + "}\n";
    }
}
