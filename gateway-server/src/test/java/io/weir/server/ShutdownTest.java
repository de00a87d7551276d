package io.weir.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.remotewrite.Decoded;
import io.weir.server.remotewrite.ScriptedReceiver;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The process is told to end: what was acknowledged reaches the receiver first. */
@Timeout(60)
class ShutdownTest {
    private static final String LISTENING = "listening on  ";

    private final HttpClient client = HttpClient.newHttpClient();

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"SIGTERM", "SIGINT", "quit"})
    void shouldFlushOnceMoreBeforeItEnds(String how) throws Exception {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                WeirProcess weir = WeirProcess.start(
                        directory,
                        "--web.listen-address=127.0.0.1:0",
                        "--web.enable-lifecycle",
                        "--storage.path=none",
                        "--remote-write.url=" + receiver.url(),
                        "--remote-write.interval=1h")) {
            URI base = listening(weir);
            for (int i = 0; i < 3; i++) {
                assertThat(send(base, "PATCH", "/metrics/last_words_total?who=me")).isEqualTo("ok");
            }

            switch (how) {
                case "SIGTERM" -> weir.process().destroy();
                case "SIGINT" -> new ProcessBuilder("kill", "-INT", Long.toString(weir.process().pid()))
                        .start().waitFor(10, TimeUnit.SECONDS);
                default -> send(base, "POST", "/-/quit");
            }

            Decoded flushed = receiver.take().decoded();
            assertThat(flushed.get("last_words_total{who=\"me\"}").sample().value()).isEqualTo(3);
            assertThat(weir.exitCode()).isZero();
            assertThat(weir.problems()).noneMatch(line -> line.contains("level=error") || line.contains("Exception"));
        }
    }

    @Test
    void shouldMarkAnEndedSeriesStaleOnceAndNotMentionItAgain() throws Exception {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                WeirProcess weir = WeirProcess.start(
                        directory,
                        "--web.listen-address=127.0.0.1:0",
                        "--storage.path=none",
                        "--remote-write.url=" + receiver.url(),
                        "--remote-write.interval=1s")) {
            URI base = listening(weir);
            send(base, "PATCH", "/metrics/kept_total");
            send(base, "PATCH", "/metrics/short_lived_total?job=batch");
            await(receiver, "short_lived_total{job=\"batch\"}", false);

            assertThat(send(base, "DELETE", "/metrics/short_lived_total")).startsWith("deleted 1 ");

            await(receiver, "short_lived_total{job=\"batch\"}", true);
            Decoded later = receiver.take().decoded();
            assertThat(later.keys()).containsExactly("kept_total");
            weir.process().destroy();
            assertThat(weir.exitCode()).isZero();
        }
    }

    private static void await(ScriptedReceiver receiver, String key, boolean stale) throws InterruptedException {
        for (int flush = 0; flush < 5; flush++) {
            Decoded request = receiver.take().decoded();
            if (request.keys().contains(key) && request.get(key).isStale() == stale) {
                return;
            }
        }
        throw new AssertionError("not within five flushes: " + key + " stale " + stale);
    }

    private String send(URI base, String method, String target) throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(base.resolve(target)).method(method, BodyPublishers.noBody()).build();
        return client.send(request, BodyHandlers.ofString()).body();
    }

    private static URI listening(WeirProcess weir) throws Exception {
        List<String> greeting = weir.readThrough("try ");
        assertThat(greeting).as("%s", weir.problems()).anyMatch(line -> line.startsWith(LISTENING));
        return greeting.stream()
                .filter(line -> line.startsWith(LISTENING))
                .map(line -> URI.create(line.substring(LISTENING.length())))
                .findFirst()
                .get();
    }
}
