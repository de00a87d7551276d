package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.system.RunningWeir.Reply;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Line protocol beside the other doors, with the rules of a file. */
@Timeout(60)
class LineProtocolTest {
    @TempDir
    private Path directory;

    @Test
    void shouldMakeMetricsByTheRulesOfTheFileAndReloadThem() throws Exception {
        Path file = Files.writeString(directory.resolve("weir.yml"), rules("requests"));
        try (RunningWeir weir = new RunningWeir("--config.file=" + file, "--web.enable-lifecycle")) {
            for (int i = 0; i < 3; i++) {
                Reply reply = write(weir, "/api/v2/write?bucket=web&precision=ms",
                        "http,host=a requests=2i,took_seconds=0.05,size=9 170000000000" + i + "\n");
                assertThat(reply).hasToString("204 ");
            }
            assertThat(weir.scrape()).isEqualTo("""
                    # TYPE http:requests counter
                    http:requests{bucket="web",host="a"} 6
                    # TYPE http:size gauge
                    http:size{bucket="web",host="a"} 9
                    # TYPE http:took_seconds histogram
                    http:took_seconds_bucket{bucket="web",host="a",le="0.01"} 0
                    http:took_seconds_bucket{bucket="web",host="a",le="0.1"} 3
                    http:took_seconds_bucket{bucket="web",host="a",le="+Inf"} 3
                    http:took_seconds_sum{bucket="web",host="a"} 0.15000000000000002
                    http:took_seconds_count{bucket="web",host="a"} 3
                    """);
            assertThat(weir.patch("http:requests?bucket=web&host=a")).as("one series through two doors").hasToString("200 ok");
            assertThat(weir.value("http:requests{bucket=\"web\",host=\"a\"}")).isEqualTo(7);

            Files.writeString(file, rules("none"));
            assertThat(weir.send("POST", "/-/reload", BodyPublishers.noBody()).status()).isEqualTo(200);
            weir.delete("__all");
            write(weir, "/write?db=web", "http requests=2i\nhttp requests=5i\n");
            assertThat(weir.scrape()).isEqualTo("# TYPE http:requests gauge\nhttp:requests{bucket=\"web\"} 5\n");
        }
    }

    @Test
    void shouldKeepGoodLinesAndNameTheBadOnesOfEveryKind() {
        try (RunningWeir weir = new RunningWeir("--series.max=4")) {
            weir.patch("taken_f");
            Reply reply = write(weir, "/write?db=x", "a f=1\nb f=\nc f=2\ntaken f=3\nd f=4\ne f=5\n");
            assertThat(reply.status()).as(reply.toString()).isEqualTo(400);
            assertThat(reply.header("Content-Type")).startsWith("application/json");
            assertThat(reply.body()).startsWith("{\"error\":\"partial write").contains("line 2").contains("line 4")
                    .contains("gauge").contains("counter").contains("line 6").contains("series");
            assertThat(weir.scrape()).isEqualTo("# TYPE a_f gauge\na_f 1\n# TYPE c_f gauge\nc_f 2\n# TYPE d_f gauge\nd_f 4\n"
                    + "# TYPE taken_f counter\ntaken_f 1\n");
        }
    }

    @Test
    void shouldCountFieldsExactlyFromManyConnections() throws Exception {
        Path file = Files.writeString(directory.resolve("weir.yml"), rules("requests"));
        ExecutorService threads = Executors.newCachedThreadPool();
        try (RunningWeir weir = new RunningWeir("--config.file=" + file)) {
            String body = "http,host=a requests=1i,took_seconds=0.5\nhttp,host=b requests=2i\n".repeat(50);
            List<Callable<Void>> writers = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                writers.add(() -> {
                    try (Wire wire = weir.wire()) {
                        for (int i = 0; i < 100; i++) {
                            assertThat(wire.send(RunningWeir.request("POST", "/write", body)).answer().status()).isEqualTo(204);
                        }
                    }
                    return null;
                });
            }
            for (Future<Void> writer : threads.invokeAll(writers, 40, TimeUnit.SECONDS)) {
                writer.get();
            }
            assertThat(weir.value("http:requests{host=\"a\"}")).isEqualTo(40_000);
            assertThat(weir.value("http:requests{host=\"b\"}")).isEqualTo(80_000);
            assertThat(weir.value("http:took_seconds_count{host=\"a\"}")).isEqualTo(40_000);
            assertThat(weir.value("http:took_seconds_sum{host=\"a\"}")).isEqualTo(20_000);
        } finally {
            threads.shutdownNow();
        }
    }

    private static Reply write(RunningWeir weir, String target, String body) {
        return weir.send("POST", target, BodyPublishers.ofString(body));
    }

    private static String rules(String counter) {
        return """
                series.max: 1000
                influx:
                  separator: ":"
                  database-label: bucket
                  rules:
                    - {measurement: http, field: %s, as: counter}
                    - {field: "*_seconds", as: histogram, buckets: [0.01, 0.1]}
                """.formatted(counter);
    }
}
