package io.weir.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.journal.Journal;
import io.weir.server.config.CommandLine;
import io.weir.server.config.Config;
import io.weir.server.config.ConfigLoader;
import io.weir.server.config.ExitCode;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a 2xx promises, over sockets: restarts, kills, keys, failing disks. */
class DurabilityTest {
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    private static final String TEXT = "# HELP g Some gauge.\n# TYPE g gauge\ng{a=\"b\"} 5\n# TYPE h histogram\n"
            + "h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_sum 4.5\nh_count 4\n";

    @TempDir
    Path directory;

    // ---- kept

    @ParameterizedTest
    @ValueSource(strings = {"always", "interval", "never"})
    void shouldShowTheSameTextAfterARestart(String sync) throws Exception {
        String before;
        try (Weir weir = start("--durability.sync=" + sync)) {
            pushALittleOfEverything(port(weir));
            before = get(port(weir), "/metrics").body();
        }
        try (Weir weir = start("--durability.sync=" + sync)) {
            assertThat(weir.awaitRecovery()).isEqualTo(4);
            assertThat(get(port(weir), "/metrics").body()).isEqualTo(before);
            assertThat(before).contains("c_total{x=\"1\"} 6\n", "m_v 7\n", "h_bucket{le=\"1\"} 3\n", "# HELP g Some gauge.");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"always", "interval", "never"})
    void shouldKeepWhatItAcknowledgedThroughAKill(String sync) throws Exception {
        String before;
        try (WeirProcess process = process(sync)) {
            int port = port(process);
            pushALittleOfEverything(port);
            before = get(port, "/metrics").body();
            process.process().destroyForcibly().waitFor();
        }
        try (WeirProcess process = process(sync)) {
            assertThat(get(port(process), "/metrics").body()).isEqualTo(before);
        }
    }

    @Test
    void shouldGoOnWithTheSameSeriesAfterARestart() throws Exception {
        for (int run = 1; run <= 3; run++) {
            try (Weir weir = start()) {
                int port = port(weir);
                assertThat(send(port, "PATCH", "/metrics/c_total?x=1", "2").statusCode()).isEqualTo(200);
                assertThat(send(port, "DELETE", "/metrics/gone", "").statusCode()).isEqualTo(200);
                send(port, "PUT", "/metrics", "gone 1\n");
                assertThat(get(port, "/metrics").body()).contains("c_total{x=\"1\"} " + 2 * run + "\n", "gone 1\n");
            }
        }
    }

    @Test
    void shouldRefuseADirectoryThatAnotherProcessUses() throws Exception {
        try (Weir weir = start();
                WeirProcess second = WeirProcess.start(
                        directory, "--web.listen-address=127.0.0.1:0", "--storage.path=" + directory.resolve("data"))) {
            assertThat(second.exitCode()).isEqualTo(ExitCode.STORAGE);
            assertThat(second.problems()).anyMatch(line -> line.startsWith("weir: another process is using data directory"));
            assertThat(get(port(weir), "/-/ready").statusCode()).isEqualTo(200);
        }
    }

    // ---- what an answer says

    @ParameterizedTest
    @CsvSource({
        "interval, , process", "never, , process", "always, , disk", "interval, disk, disk", "never, disk, disk",
        "always, process, process", "interval, memory, memory",
    })
    void shouldSayWhatAnAnswerSurvives(String sync, String asked, String given) throws Exception {
        try (Weir weir = start("--durability.sync=" + sync)) {
            int port = port(weir);
            String[] header = asked == null ? new String[0] : new String[] {"X-Weir-Durability", asked};
            String query = asked == null ? "" : "?ack=" + asked;
            assertThat(List.of(
                            durability(send(port, "PATCH", "/metrics/c_total", "", header)),
                            durability(send(port, "POST", "/metrics" + query, "a 1\n")),
                            durability(send(port, "PUT", "/metrics" + query, "a 1\n")),
                            durability(send(port, "POST", "/write" + query, "m v=1\n")),
                            durability(send(port, "POST", "/api/v2/write", "m v=1\n", header))))
                    .containsOnly(given);
            assertThat(durability(send(port, "DELETE", "/metrics/a", "", header)))
                    .isEqualTo(given.equals("memory") ? "process" : given);
        }
    }

    @Test
    void shouldGiveNoMoreThanMemoryWithoutADirectory() throws Exception {
        try (Weir weir = start("--storage.path=none")) {
            assertThat(durability(send(port(weir), "POST", "/metrics?ack=disk", "a 1\n"))).isEqualTo("memory");
            assertThat(durability(send(port(weir), "DELETE", "/metrics/a", ""))).isEqualTo("memory");
        }
    }

    @Test
    void shouldRefuseADurabilityThatDoesNotExist() throws Exception {
        try (Weir weir = start()) {
            int port = port(weir);
            assertThat(send(port, "POST", "/metrics?ack=tape", "a 1\n").statusCode()).isEqualTo(400);
            assertThat(send(port, "POST", "/write?ack=tape", "a v=1\n").statusCode()).isEqualTo(400);
            assertThat(send(port, "PATCH", "/metrics/a_total", "", "X-Weir-Durability", "tape").statusCode()).isEqualTo(400);
            assertThat(get(port, "/metrics").body()).isEmpty();
            // labels stay labels
            assertThat(send(port, "PATCH", "/metrics/a_total?ack=tape", "").statusCode()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"always", "interval"})
    void shouldAnswerPipelinedRequestsInTheirOrder(String sync) throws Exception {
        try (Weir weir = start("--durability.sync=" + sync)) {
            String patch = request("PATCH", "/metrics/c_total", "");
            String json = request("PATCH", "/metrics/c_total", "", "Accept: application/json");
            String bad = request("PATCH", "/metrics/c_total", "x");
            String last = request("PATCH", "/metrics/c_total", "", "Connection: close");
            String answers = raw(port(weir), patch.repeat(20) + json + bad + request("GET", "/metrics", "")
                    + request("DELETE", "/metrics/c_total", "") + patch + json + last);
            assertThat(statuses(answers)).startsWith(200, 200).hasSize(27).filteredOn(s -> s != 200).containsExactly(400);
            assertThat(answers.indexOf("{\"value\":21}")).isBetween(0, answers.indexOf("expected an empty body"));
            assertThat(answers.indexOf("expected an empty body")).isLessThan(answers.indexOf("c_total 21\n"));
            assertThat(answers.indexOf("c_total 21\n")).isLessThan(answers.indexOf("deleted 1 series"));
            assertThat(answers.indexOf("deleted 1 series")).isLessThan(answers.indexOf("{\"value\":2}"));
            assertThat(answers).endsWith("\r\n\r\nok");
            assertThat(get(port(weir), "/metrics").body()).contains("c_total 3\n");
        }
    }

    // ---- keys

    @ParameterizedTest
    @CsvSource({
        "PATCH, /metrics/c_total?x=1, 5", "POST, /metrics, c_total 5", "PUT, /metrics, c_total 5",
        "POST, /write, c_total v=5", "POST, /write, 'c_total v=5\nbad'", "POST, /api/v2/write?bucket=b, c v=5",
    })
    void shouldAnswerAKeyAgainAndChangeNothing(String method, String target, String body) throws Exception {
        String text;
        HttpResponse<String> first;
        try (Weir weir = start()) {
            int port = port(weir);
            first = send(port, method, target, body, "Idempotency-Key", "k1");
            assertThat(first.headers().firstValue("Idempotent-Replayed")).isEmpty();
            text = get(port, "/metrics").body();
            assertThat(text).contains(" 5\n");
            replayed(first, send(port, method, target, body, "Idempotency-Key", "k1"));
            assertThat(send(port, method, target, body + " ", "Idempotency-Key", "k1").statusCode()).isEqualTo(422);
            assertThat(send(port, method, target + (target.indexOf('?') < 0 ? "?" : "&") + "y=1", body, "Idempotency-Key", "k1")
                    .statusCode()).isEqualTo(422);
            assertThat(get(port, "/metrics").body()).isEqualTo(text);
        }
        try (Weir weir = start()) {
            replayed(first, send(port(weir), method, target, body, "Idempotency-Key", "k1"));
            assertThat(get(port(weir), "/metrics").body()).isEqualTo(text);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"always", "interval"})
    void shouldAnswerAPatchAgainWithTheValueItGaveThen(String sync) throws Exception {
        String[] fields = {"Accept: application/json", "Idempotency-Key: "};
        try (WeirProcess process = process(sync)) {
            int port = port(process);
            StringBuilder requests = new StringBuilder();
            for (int i = 1; i <= 5; i++) {
                requests.append(request("PATCH", "/metrics/c_total", "", fields[0], fields[1] + i, i == 5 ? "Connection: close" : "X: y"));
            }
            String answers = raw(port, requests.toString());
            for (int i = 1; i <= 5; i++) {
                assertThat(answers).contains("{\"value\":" + i + "}");
            }
            assertThat(statuses(answers)).hasSize(5).containsOnly(200);
            send(port, "PATCH", "/metrics/c_total", "10");
            process.process().destroyForcibly().waitFor();
        }
        for (int run = 0; run < 2; run++) {
            // the second time from a checkpoint
            try (Weir weir = start("--durability.sync=" + sync)) {
                int port = port(weir);
                for (int i = 5; i >= 1; i--) {
                    HttpResponse<String> again = send(port, "PATCH", "/metrics/c_total", "", "Accept", "application/json",
                            "Idempotency-Key", "" + i);
                    assertThat(again.body()).isEqualTo("{\"value\":" + i + "}");
                    assertThat(again.headers().firstValue("Idempotent-Replayed")).contains("true");
                }
                assertThat(get(port, "/metrics").body()).contains("c_total 15\n");
                await("a checkpoint", () -> sendNow(port, "GET", "/-/metrics", "").body()
                        .contains("weir_wal_checkpoints_total{result=\"taken\"} 1\n")
                        || sendNow(port, "GET", "/-/metrics", "").body().contains("weir_wal_replayed_records_total 0\n"));
            }
        }
    }

    private static void replayed(HttpResponse<String> first, HttpResponse<String> again) {
        assertThat(again.headers().firstValue("Idempotent-Replayed")).contains("true");
        assertThat(again.statusCode()).isEqualTo(first.statusCode());
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(again.headers().firstValue("Content-Type")).isEqualTo(first.headers().firstValue("Content-Type"));
    }

    @Test
    void shouldRememberKeysInMemoryWithoutADirectory() throws Exception {
        try (Weir weir = start("--storage.path=none")) {
            int port = port(weir);
            send(port, "PATCH", "/metrics/c_total", "", "Idempotency-Key", "k", "Accept", "application/json");
            HttpResponse<String> again =
                    send(port, "PATCH", "/metrics/c_total", "", "Idempotency-Key", "k", "Accept", "application/json");
            assertThat(again.body()).isEqualTo("{\"value\":1}");
            assertThat(get(port, "/metrics").body()).contains("c_total 1\n");
        }
    }

    @Test
    void shouldForgetTheKeyOfARefusedRequest() throws Exception {
        try (Weir weir = start()) {
            int port = port(weir);
            send(port, "POST", "/metrics", "# TYPE a gauge\na 1\n");
            assertThat(send(port, "POST", "/metrics", "# TYPE a counter\na 1\n", "Idempotency-Key", "k").statusCode())
                    .isEqualTo(400);
            send(port, "DELETE", "/metrics/a", "");
            assertThat(send(port, "POST", "/metrics", "# TYPE a counter\na 1\n", "Idempotency-Key", "k").statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void shouldRefuseAKeyThatIsTooLong() throws Exception {
        try (Weir weir = start()) {
            assertThat(send(port(weir), "PATCH", "/metrics/a_total", "", "Idempotency-Key", "k".repeat(129)).statusCode())
                    .isEqualTo(400);
            assertThat(send(port(weir), "PATCH", "/metrics/a_total", "", "Idempotency-Key", "k".repeat(128)).statusCode())
                    .isEqualTo(200);
            assertThat(get(port(weir), "/metrics").body()).contains("a_total 1\n");
        }
    }

    @Test
    void shouldSayThatTheFirstRequestOfAKeyIsStillInFlight() throws Exception {
        FaultyStorage disk = disk();
        try (Weir weir = start(disk, "--durability.sync=always")) {
            int port = port(weir);
            disk.forced = new CountDownLatch(1);
            CompletableFuture<HttpResponse<String>> first = CompletableFuture.supplyAsync(
                    () -> sendNow(port, "PATCH", "/metrics/a_total", "", "Idempotency-Key", "k"));
            await("the first is applied", () -> sendNow(port, "GET", "/metrics", "").body().contains("a_total 1\n"));
            HttpResponse<String> second = send(port, "PATCH", "/metrics/a_total", "", "Idempotency-Key", "k");
            assertThat(second.statusCode()).isEqualTo(409);
            assertThat(second.headers().firstValue("Retry-After")).isPresent();
            assertThat(first).isNotDone();
            disk.forced.countDown();
            assertThat(first.join().statusCode()).isEqualTo(200);
            assertThat(send(port, "PATCH", "/metrics/a_total", "", "Idempotency-Key", "k").headers()
                    .firstValue("Idempotent-Replayed")).isPresent();
        }
    }

    // ---- failing disks, slow starts

    @Test
    void shouldAcceptNothingWhileWritesFailAndGoOnAfterwards() throws Exception {
        FaultyStorage disk = disk();
        try (Weir weir = start(disk)) {
            int port = port(weir);
            assertThat(send(port, "PATCH", "/metrics/a_total", "").statusCode()).isEqualTo(200);
            disk.writesFail = true;
            for (int i = 0; i < 3; i++) {
                HttpResponse<String> refused =
                        send(port, "PATCH", "/metrics/a_total", "", "Idempotency-Key", "k", "Accept", "application/json");
                assertThat(refused.statusCode()).isEqualTo(503);
                assertThat(refused.body()).contains("No space left on device");
                assertThat(refused.headers().firstValue("Retry-After")).isPresent();
            }
            assertThat(send(port, "POST", "/metrics", "a_total 1\n").statusCode()).isEqualTo(503);
            assertThat(send(port, "POST", "/write", "m v=1\n").statusCode()).isEqualTo(503);
            assertThat(send(port, "DELETE", "/metrics/a_total", "").statusCode()).isEqualTo(503);
            assertThat(get(port, "/-/ready").statusCode()).isEqualTo(503);
            assertThat(get(port, "/-/ready").body()).contains("No space left on device");
            assertThat(get(port, "/-/healthy").statusCode()).isEqualTo(200);
            assertThat(get(port, "/metrics").body()).isEqualTo("# TYPE a_total counter\na_total 1\n");
            disk.writesFail = false;
            await("ready again", () -> sendNow(port, "GET", "/-/ready", "").statusCode() == 200);
            assertThat(send(port, "PATCH", "/metrics/a_total", "", "Idempotency-Key", "k").statusCode()).isEqualTo(200);
        }
        try (Weir weir = start()) {
            assertThat(get(port(weir), "/metrics").body()).isEqualTo("# TYPE a_total counter\na_total 2\n");
        }
    }

    @Test
    void shouldSayNeitherYesNorNoWhenTheDiskFailsToForce() throws Exception {
        FaultyStorage disk = disk();
        try (Weir weir = start(disk, "--durability.sync=always")) {
            int port = port(weir);
            assertThat(send(port, "PATCH", "/metrics/a_total", "").statusCode()).isEqualTo(200);
            disk.forcesFail = true;
            assertThat(raw(port, request("PATCH", "/metrics/a_total", "").repeat(2))).isEmpty();
            await("not ready", () -> sendNow(port, "GET", "/-/ready", "").statusCode() == 503);
            disk.forcesFail = false;
            await("ready again", () -> sendNow(port, "GET", "/-/ready", "").statusCode() == 200);
            assertThat(send(port, "PATCH", "/metrics/a_total", "").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void shouldSayNeitherYesNorNoToADeletionThatTheDiskFailsToForce() throws Exception {
        FaultyStorage disk = disk();
        try (Weir weir = start(disk, "--durability.sync=always")) {
            int port = port(weir);
            assertThat(send(port, "POST", "/metrics", "a 1\nb 1\n").statusCode()).isEqualTo(200);
            disk.forced = new CountDownLatch(1);
            CompletableFuture<String> deletion =
                    CompletableFuture.supplyAsync(() -> rawNow(port, request("DELETE", "/metrics/a", "")));
            await("it is deleted", () -> !sendNow(port, "GET", "/metrics", "").body().contains("a 1\n"));
            assertThat(deletion).as("waits for the disk").isNotDone();
            disk.forcesFail = true;
            disk.forced.countDown();
            assertThat(deletion.join()).as("the connection ends without an answer").isEmpty();
            await("not ready", () -> sendNow(port, "GET", "/-/ready", "").statusCode() == 503);
            assertThat(send(port, "DELETE", "/metrics/b", "").statusCode()).isEqualTo(503);
            disk.forcesFail = false;
            await("ready again", () -> sendNow(port, "GET", "/-/ready", "").statusCode() == 200);
            // the end of a is on no disk until a checkpoint holds it: until then nobody is told that it is
            String again = request("DELETE", "/metrics/a", "", "Connection: close");
            await("a's end is on the disk", () -> rawNow(port, again).endsWith("deleted 0 series\n"));
            assertThat(get(port, "/-/metrics").body()).contains("weir_wal_checkpoints_total{result=\"taken\"} 1\n");
            assertThat(get(port, "/metrics").body()).isEqualTo("# TYPE b untyped\nb 1\n");
        }
        try (Weir weir = start()) {
            assertThat(get(port(weir), "/metrics").body()).isEqualTo("# TYPE b untyped\nb 1\n");
        }
    }

    @Test
    void shouldMakeACheckpointAsSoonAsTheDiskWorksAgain() throws Exception {
        FaultyStorage disk = disk();
        try (Weir weir = start(disk)) {
            int port = port(weir);
            disk.forcesFail = true;
            HttpResponse<String> kept = send(port, "PATCH", "/metrics/a_total", "");
            assertThat(durability(kept)).isEqualTo("process");
            await("not ready", () -> sendNow(port, "GET", "/-/ready", "").statusCode() == 503);
            disk.forcesFail = false;
            await("a checkpoint", () -> sendNow(port, "GET", "/-/metrics", "").body()
                    .contains("weir_wal_checkpoints_total{result=\"taken\"} 1\n"));
            assertThat(get(port, "/-/ready").statusCode()).isEqualTo(200);
        }
    }

    /**
     * As many answers as may be pipelined are held back, as many requests wait behind them; of a client that sends still
     * more at once the rest is refused.
     */
    @ParameterizedTest
    @ValueSource(ints = {12, 200})
    void shouldAnswerInOrderWhenMoreRequestsWaitForTheDiskThanMayBePipelined(int requests) throws Exception {
        FaultyStorage disk = disk();
        try (Weir weir = start(disk, "--durability.sync=always", "--limits.pipelined-requests=8")) {
            int port = port(weir);
            disk.forced = new CountDownLatch(1);
            String patch = request("PATCH", "/metrics/c_total", "", "Accept: application/json");
            String last = request("PATCH", "/metrics/c_total", "", "Accept: application/json", "Connection: close");
            CompletableFuture<String> answers =
                    CompletableFuture.supplyAsync(() -> rawNow(port, patch.repeat(requests - 1) + last));
            await("some are applied", () -> sendNow(port, "GET", "/metrics", "").body().contains("c_total "));
            String shown = get(port, "/metrics").body();
            int applied = Integer.parseInt(shown.substring(shown.lastIndexOf(' ') + 1).strip());
            assertThat(applied).isLessThanOrEqualTo(8);
            assertThat(answers).isNotDone();
            disk.forced.countDown();
            String all = answers.join();
            List<Integer> statuses = statuses(all);
            int good = (int) statuses.stream().filter(status -> status == 200).count();
            if (requests == 12) {
                assertThat(good).isEqualTo(12);
            } else if (good < requests) {
                assertThat(good).isGreaterThanOrEqualTo(16);
                assertThat(statuses).hasSize(good + 1).last().isEqualTo(429);
            }
            assertThat(get(port, "/metrics").body()).endsWith("c_total " + good + "\n");
            int at = 0;
            for (int i = 1; i <= good; i++) {
                at = all.indexOf("{\"value\":" + i + "}", at);
                assertThat(at).as("value " + i).isPositive();
            }
            assertThat(all).contains("X-Weir-Durability: disk");
        }
    }

    @Test
    void shouldListenButTakeNothingUntilItHasRecovered() throws Exception {
        try (Weir weir = start()) {
            send(port(weir), "PATCH", "/metrics/a_total", "");
        }
        FaultyStorage disk = disk();
        disk.listed = new CountDownLatch(1);
        try (Weir weir = startOnly(disk)) {
            int port = port(weir);
            assertThat(get(port, "/-/healthy").statusCode()).isEqualTo(200);
            assertThat(get(port, "/-/ready").statusCode()).isEqualTo(503);
            assertThat(get(port, "/-/ready").body()).contains("recovering, 0 % done");
            for (HttpResponse<String> refused : List.of(
                    send(port, "PATCH", "/metrics/a_total", ""),
                    send(port, "POST", "/metrics", "a_total 1\n"),
                    send(port, "POST", "/write", "m v=1\n"),
                    send(port, "DELETE", "/metrics/a_total", ""),
                    get(port, "/metrics"))) {
                assertThat(refused.statusCode()).isEqualTo(503);
                assertThat(refused.headers().firstValue("Retry-After")).isPresent();
            }
            disk.listed.countDown();
            assertThat(weir.awaitRecovery()).isEqualTo(1);
            assertThat(get(port, "/-/ready").statusCode()).isEqualTo(200);
            assertThat(get(port, "/metrics").body()).contains("a_total 1\n");
        }
    }

    @Test
    void shouldTellOfItselfWhatTheJournalDoes() throws Exception {
        try (Weir weir = start()) {
            send(port(weir), "PATCH", "/metrics/a_total", "", "Idempotency-Key", "k");
            assertThat(get(port(weir), "/-/metrics").body())
                    .contains("weir_wal_segments 1\n", "weir_wal_healthy 1\n", "weir_wal_corruptions_total 0\n")
                    .contains("weir_wal_fsync_duration_seconds_count", "weir_wal_bytes ", "weir_idempotency_keys 1\n");
        }
    }

    // ---- the gateway and its client

    private static void pushALittleOfEverything(int port) throws Exception {
        for (int i = 0; i < 4; i++) {
            assertThat(send(port, "PATCH", "/metrics/c_total?x=1", "1.5").statusCode()).isEqualTo(200);
        }
        assertThat(send(port, "POST", "/metrics", TEXT).statusCode()).isEqualTo(200);
        assertThat(send(port, "PUT", "/metrics", "deleted 3\n").statusCode()).isEqualTo(200);
        assertThat(send(port, "POST", "/write", "m v=7 1700000000000000000\n").statusCode()).isEqualTo(204);
        assertThat(send(port, "DELETE", "/metrics/deleted", "").body()).isEqualTo("deleted 1 series\n");
    }

    private FaultyStorage disk() throws StartupException {
        return new FaultyStorage(DataDirectory.open(directory.resolve("data")));
    }

    private Config config(String... flags) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--web.listen-address=127.0.0.1:0"));
        if (List.of(flags).stream().noneMatch(flag -> flag.startsWith("--storage.path"))) {
            arguments.add("--storage.path=" + directory.resolve("data"));
        }
        arguments.addAll(List.of(flags));
        return ConfigLoader.load(CommandLine.parse(arguments), Map.of());
    }

    private Weir start(String... flags) throws Exception {
        Config config = config(flags);
        Weir weir = Weir.start(config, () -> config);
        weir.awaitRecovery();
        return weir;
    }

    private Weir start(FaultyStorage disk, String... flags) throws Exception {
        Weir weir = startOnly(disk, flags);
        weir.awaitRecovery();
        return weir;
    }

    private Weir startOnly(FaultyStorage disk, String... flags) throws Exception {
        Config config = config(flags);
        return Weir.start(config, () -> config,
                Journal.open(disk, config.journal(), SystemEpochClock.INSTANCE, SystemNanoClock.INSTANCE));
    }

    private WeirProcess process(String sync) throws IOException {
        return WeirProcess.start(directory, "--web.listen-address=127.0.0.1:0", "--durability.sync=" + sync,
                "--storage.path=" + directory.resolve("data"));
    }

    private static int port(WeirProcess process) throws IOException {
        String listening = process.readThrough("try ").stream()
                .filter(line -> line.startsWith("listening on"))
                .findFirst()
                .orElseThrow();
        return Integer.parseInt(listening.substring(listening.lastIndexOf(':') + 1));
    }

    private static int port(Weir weir) {
        return weir.addresses().get(0).getPort();
    }

    private static String durability(HttpResponse<String> response) {
        assertThat(response.statusCode()).isIn(200, 204);
        return response.headers().firstValue("X-Weir-Durability").orElse("none");
    }

    private static HttpResponse<String> get(int port, String target) throws Exception {
        return send(port, "GET", target, "");
    }

    private static HttpResponse<String> sendNow(int port, String method, String target, String body, String... headers) {
        try {
            return send(port, method, target, body, headers);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static HttpResponse<String> send(int port, String method, String target, String body, String... headers)
            throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + target))
                .timeout(Duration.ofSeconds(20))
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return CLIENT.send(request.build(), BodyHandlers.ofString());
    }

    private static String request(String method, String target, String body, String... fields) {
        StringBuilder request = new StringBuilder(method + " " + target + " HTTP/1.1\r\nHost: gateway\r\nContent-Length: "
                + body.length() + "\r\n");
        for (String field : fields) {
            request.append(field).append("\r\n");
        }
        return request + "\r\n" + body;
    }

    /** Everything a connection says until it is closed. */
    private static String raw(int port, String requests) throws IOException {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(20_000);
            socket.connect(new InetSocketAddress("127.0.0.1", port));
            socket.getOutputStream().write(requests.getBytes(ISO_8859_1));
            InputStream in = socket.getInputStream();
            return new String(in.readAllBytes(), ISO_8859_1);
        }
    }

    private static String rawNow(int port, String requests) {
        try {
            return raw(port, requests);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static List<Integer> statuses(String answers) {
        List<Integer> statuses = new ArrayList<>();
        for (int at = answers.indexOf("HTTP/1.1 "); at >= 0; at = answers.indexOf("HTTP/1.1 ", at + 1)) {
            statuses.add(Integer.parseInt(answers.substring(at + 9, at + 12)));
        }
        return statuses;
    }

    private static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + 15_000_000_000L;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within 15 seconds: " + what);
            }
            LockSupport.parkNanos(20_000_000L);
        }
    }
}
