package io.weir.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.remotewrite.Decoded;
import io.weir.server.remotewrite.ScriptedReceiver;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process with outputs: what it does on signals, and what receivers hear of it. */
@Timeout(60)
class ProcessTest {
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
                case "SIGINT" -> signal(weir, "-INT");
                default -> send(base, "POST", "/-/quit");
            }

            Decoded flushed = receiver.take().decoded();
            assertThat(flushed.get("last_words_total{who=\"me\"}").sample().value()).isEqualTo(3);
            assertThat(weir.exitCode()).isZero();
            assertThat(weir.problems()).noneMatch(line -> line.contains("level=error") || line.contains("Exception"));
        }
    }

    @Test
    void shouldReloadOnSighup() throws Exception {
        Path file = Files.writeString(directory.resolve("weir.yml"), "aggregation.gauge: sum\n");
        try (WeirProcess weir = WeirProcess.start(
                directory, "--web.listen-address=127.0.0.1:0", "--storage.path=none", "--config.file=" + file)) {
            URI base = listening(weir);
            assertThat(post(base, "# TYPE g gauge\ng 5\n")).isEqualTo("ok");
            Files.writeString(file, "aggregation.gauge: max\n");
            signal(weir, "-HUP");
            await(weir, "configuration reloaded");
            assertThat(post(base, "# TYPE g gauge\ng 4\n")).isEqualTo("ok");
            assertThat(send(base, "GET", "/metrics")).isEqualTo("# TYPE g gauge\ng 5\n");

            Files.writeString(file, "aggregation.gauge: most\n");
            signal(weir, "-HUP");
            await(weir, "reload refused");
            assertThat(send(base, "GET", "/-/metrics")).contains("\nweir_config_last_reload_successful 0\n");
            weir.process().destroy();
            assertThat(weir.exitCode()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"DELETE", "ttl"})
    void shouldMarkAnEndedSeriesStaleOnceAndNotMentionItAgain(String how) throws Exception {
        Path file = Files.writeString(directory.resolve("weir.yml"),
                "aggregation.rules: [{match: short_lived_total, ttl: " + (how.equals("ttl") ? "2s" : "off") + "}]\n");
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                WeirProcess weir = WeirProcess.start(
                        directory,
                        "--web.listen-address=127.0.0.1:0",
                        "--config.file=" + file,
                        "--storage.path=none",
                        "--remote-write.url=" + receiver.url(),
                        "--remote-write.interval=1s")) {
            URI base = listening(weir);
            send(base, "PATCH", "/metrics/kept_total");
            send(base, "PATCH", "/metrics/short_lived_total?job=batch");
            await(receiver, "short_lived_total{job=\"batch\"}", false);

            if (how.equals("DELETE")) {
                assertThat(send(base, "DELETE", "/metrics/short_lived_total")).startsWith("deleted 1 ");
            }

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

    private static void await(WeirProcess weir, String logged) throws Exception {
        long end = System.nanoTime() + 10_000_000_000L;
        while (weir.problems().stream().noneMatch(line -> line.contains(logged))) {
            assertThat(System.nanoTime()).as("%s in %s", logged, weir.problems()).isLessThan(end);
            LockSupport.parkNanos(20_000_000L);
        }
    }

    private static void signal(WeirProcess weir, String signal) throws Exception {
        new ProcessBuilder("kill", signal, Long.toString(weir.process().pid())).start().waitFor(10, TimeUnit.SECONDS);
    }

    private String send(URI base, String method, String target) throws Exception {
        return answer(HttpRequest.newBuilder(base.resolve(target)).method(method, BodyPublishers.noBody()));
    }

    private String post(URI base, String body) throws Exception {
        return answer(HttpRequest.newBuilder(base.resolve("/metrics")).POST(BodyPublishers.ofString(body)));
    }

    private String answer(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), BodyHandlers.ofString()).body();
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
