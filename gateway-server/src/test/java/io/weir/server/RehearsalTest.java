package io.weir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RehearsalTest {
    @TempDir
    Path directory;

    @Test
    void shouldBeAnsweredAtEveryDoor() throws Exception {
        try (WeirProcess weir = WeirProcess.start(
                directory, "--web.listen-address=127.0.0.1:0", "--storage.path=" + directory.resolve("data"))) {
            int port = port(weir);
            Rehearsal.run(port, 0);
            assertThat(get(port, "/metrics"))
                    .contains("rehearsed_requests_total{", "rehearsed_total{", "rehearsed_operations_7_total{", "rehearsed_user",
                            "job=\"rehearsal\"", "rehearsed_seconds_bucket{");
            assertThat(get(port, "/-/metrics"))
                    .containsPattern("weir_http_requests_total\\{handler=\"api_status\"[^}]*} [1-9]");
        }
    }

    @Test
    void shouldFailWhereAPushIsRefused() throws Exception {
        try (WeirProcess weir = WeirProcess.start(
                directory, "--web.listen-address=127.0.0.1:0", "--storage.path=none", "--series.max=100")) {
            int port = port(weir);
            assertThatThrownBy(() -> Rehearsal.run(port, 0))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(IOException.class);
        }
    }

    private static int port(WeirProcess weir) throws Exception {
        String greeting = String.join("\n", weir.readThrough("try "));
        int at = greeting.indexOf("http://127.0.0.1:") + 17;
        return Integer.parseInt(greeting.substring(at).split("\\D", 2)[0]);
    }

    private static String get(int port, String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build();
        return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
    }
}
