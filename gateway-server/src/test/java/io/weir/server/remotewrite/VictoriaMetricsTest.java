package io.weir.server.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weir.sample.MetricType;
import io.weir.server.remotewrite.RemoteWriteConfig.Tuning;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Writes to a real VictoriaMetrics, which knows 1.0 and takes no notice of the type of a request, and reads back. */
@Tag("interop")
@Timeout(60)
class VictoriaMetricsTest {
    private final HttpClient client = HttpClient.newHttpClient();

    @TempDir
    Path directory;

    private volatile Snapshots store = Snapshots.empty();
    private int port;

    @ParameterizedTest
    @EnumSource(names = {"AUTO", "V1"})
    void shouldReadBackWhatWasWrittenAndNoMore(Protocol protocol) throws Exception {
        Path binary = Path.of("/usr/bin/victoria-metrics");
        assumeTrue(
                Files.isExecutable(binary),
                "SKIPPED: there is no victoria-metrics (Debian: apt-get install victoria-metrics)");
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Path log = directory.resolve("log");
        Process process = new ProcessBuilder(
                        binary.toString(),
                        "-storageDataPath=" + directory.resolve("data"),
                        "-httpListenAddr=127.0.0.1:" + port,
                        "-search.latencyOffset=0s",
                        "-loggerLevel=WARN")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            PrometheusProcess.poll("VictoriaMetrics is ready", () -> get("/health").startsWith("OK"));
            store = Snapshots.empty()
                    .counters("many", 5_000, 0)
                    .gauge("gone", "", 1)
                    .histogram("h", "job=\"x\"", new double[] {0.05, 1}, new double[] {8, 1, 1}, 12.5);
            try (RemoteWrite remoteWrite = start(protocol)) {
                RemoteWriteStats stats = remoteWrite.stats().get(0);
                PrometheusProcess.poll("all series are there", () -> value("count(many)").equals("5000"));
                assertThat(value("sum(many)")).isEqualTo("12497500");
                assertThat(value("sum(h_bucket)")).isEqualTo("27");

                store = Snapshots.empty().counters("many", 5_000, 0).ended(MetricType.GAUGE, "gone", "", null);
                PrometheusProcess.poll("the ended series is gone", () -> value("count(gone)").isEmpty());
                assertThat(stats.protocolVersion()).isEqualTo(1);
                assertThat(stats.staleMarkersSent()).isEqualTo(1);
                for (DropReason reason : DropReason.values()) {
                    assertThat(stats.dropped(reason)).isZero();
                }
            }
            // no two values of a series under one timestamp, whatever was sent twice
            String all = get("/api/v1/export?match[]=" + URLEncoder.encode("many{i=\"7\"}", StandardCharsets.UTF_8));
            String timestamps = all.substring(all.indexOf("\"timestamps\":["));
            String[] each = timestamps.substring(14, timestamps.indexOf(']')).split(",");
            assertThat(each).doesNotHaveDuplicates();
            assertThat(Files.readString(log)).doesNotContain("error", "cannot");
        } finally {
            process.destroyForcibly().onExit().join();
        }
    }

    private RemoteWrite start(Protocol protocol) {
        URI url = URI.create("http://127.0.0.1:" + port + "/api/v1/write");
        RemoteWriteConfig config = new RemoteWriteConfig(
                url, Duration.ofMillis(500), null, null, null, null, protocol, List.of(), Tuning.DEFAULTS);
        return RemoteWrite.start(
                List.of(config),
                (after, to) -> {
                    to.accept(store.build(after));
                    return true;
                },
                "test");
    }

    /** Value of the only result of an instant query, or "". */
    private String value(String expression) {
        String answer = get("/api/v1/query?nocache=1&query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8));
        int at = answer.indexOf("\"value\":[");
        if (at < 0) {
            return "";
        }
        String rest = answer.substring(answer.indexOf('"', at + 9) + 1);
        return rest.substring(0, rest.indexOf('"'));
    }

    private String get(String path) {
        try {
            URI uri = URI.create("http://127.0.0.1:" + port + path.replace("[", "%5B").replace("]", "%5D"));
            HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(5)).build();
            return client.send(request, BodyHandlers.ofString()).body();
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
