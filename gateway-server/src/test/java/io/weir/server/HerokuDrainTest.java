package io.weir.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.journal.Journal;
import io.weir.server.config.CommandLine;
import io.weir.server.config.Config;
import io.weir.server.config.ConfigLoader;
import java.io.IOException;
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
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A drain and what is kept of it: kills, retries, failing disks, dynos that go. */
class HerokuDrainTest {
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    private static final int RETRIES = 2;

    @TempDir
    Path directory;

    /** Every batch is sent until it is answered, as Logplex does, and some again after that. */
    @Test
    void shouldCountEachBatchOnceThroughKillsAndRetries() throws Exception {
        Random random = new Random(11);
        int frame = 0;
        int lines = 0;
        for (int life = 0; life < 4; life++) {
            try (WeirProcess process = process()) {
                int port = port(process);
                for (int again = Math.max(0, frame - 20); again < frame; again++) {
                    assertThat(drain(port, again)).isEqualTo(200);
                }
                assertThat(requests(port)).isEqualTo(lines);
                int last = frame + 100 + random.nextInt(100);
                Thread killer = new Thread(() -> {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(30 + random.nextInt(150)));
                    process.process().destroyForcibly();
                });
                killer.start();
                try {
                    while (frame < last) {
                        assertThat(drain(port, frame)).isEqualTo(200);
                        lines += linesOf(frame++);
                    }
                } catch (IOException killed) {
                    // not answered: it will be sent again
                }
                killer.join();
                process.process().waitFor();
            }
            try (WeirProcess process = process()) {
                int port = port(process);
                assertThat(drain(port, frame)).isEqualTo(200);
                lines += linesOf(frame++);
                assertThat(drain(port, frame - 1)).isEqualTo(200);
                assertThat(requests(port)).isEqualTo(lines);
                process.process().destroyForcibly().waitFor();
            }
        }
        assertThat(frame).isGreaterThan(4);
    }

    @Test
    void shouldAskForARetryWhileTheJournalFailsAndCountItThen() throws Exception {
        FaultyStorage disk = new FaultyStorage(DataDirectory.open(directory.resolve("data")));
        Config config = config();
        try (Weir weir = Weir.start(config, () -> config,
                Journal.open(disk, config.journal(), SystemEpochClock.INSTANCE, SystemNanoClock.INSTANCE))) {
            weir.awaitRecovery();
            int port = weir.addresses().get(0).getPort();
            assertThat(drain(port, 0)).isEqualTo(200);
            disk.writesFail = true;
            for (int retry = 0; retry <= RETRIES; retry++) {
                assertThat(drain(port, 1)).isEqualTo(503);
            }
            disk.writesFail = false;
            await("taken again", () -> drainNow(port, 1) == 200);
            assertThat(drain(port, 1)).isEqualTo(200);
            assertThat(requests(port)).isEqualTo(linesOf(0) + linesOf(1));
        }
    }

    @Test
    void shouldEndGaugesOfDynosThatHaveGone() throws Exception {
        try (Weir weir = start("--heroku.expiry=1s", "--series.ttl=1h")) {
            int port = weir.addresses().get(0).getPort();
            // [{"metric":{"name":"g","gauge":{"value":1}}}]
            String body = log("heroku", "web.1", "source=web.1 sample#load_avg_1m=1")
                    + log("app", "heroku-redis", "sample#x=1")
                    + log("app", "web.1", "sample#y=1 count#z=1")
                    + log("app", "web.1", "crates-io-heroku-metrics:ingest W3sibWV0cmljIjp7Im5hbWUiOiJnIiwiZ2F1Z2UiOnsidmFsdWUiOjF9fX1d")
                    + router("web.1");
            assertThat(post(port, "/drain", body).statusCode()).isEqualTo(200);
            post(port, "/metrics", "pushed 1\n");
            assertThat(scrape(port)).contains("heroku_dyno_load_avg_1m", "heroku_redis_x", "heroku_app_y{", "\ng{");
            await("gauges gone", () -> !scrapeNow(port).contains("heroku_dyno_load_avg_1m{")
                    && !scrapeNow(port).contains("heroku_redis_x{")
                    && !scrapeNow(port).contains("heroku_app_y{")
                    && !scrapeNow(port).contains("\ng{"));
            assertThat(scrape(port)).contains("heroku_app_z_total{", "heroku_router_requests_total{", "heroku_router_errors{", "pushed 1\n");
        }
    }

    @Test
    void shouldKeepGaugesWhereExpiryIsOffOrARuleSaysSo() throws Exception {
        try (Weir weir = start("--heroku.expiry=off", "--series.ttl=1s")) {
            int port = weir.addresses().get(0).getPort();
            post(port, "/drain", log("app", "heroku-redis", "sample#x=1"));
            await("gone by the time to live of all", () -> !scrapeNow(port).contains("heroku_redis_x{"));
        }
    }

    /** A gauge that a process of before has kept ends as well once its family is known for what it is. */
    @Test
    void shouldEndGaugesOfTheProcessBefore() throws Exception {
        // [{"metric":{"name":"g","gauge":{"value":1}}}]
        String metric = "crates-io-heroku-metrics:ingest W3sibWV0cmljIjp7Im5hbWUiOiJnIiwiZ2F1Z2UiOnsidmFsdWUiOjF9fX1d";
        try (Weir weir = start("--heroku.expiry=1h")) {
            int port = weir.addresses().get(0).getPort();
            post(port, "/drain", log("app", "web.1", metric) + log("app", "heroku-redis", "sample#x=1"));
        }
        try (Weir weir = start("--heroku.expiry=1s")) {
            int port = weir.addresses().get(0).getPort();
            post(port, "/drain", log("app", "web.2", metric));
            await("gone", () -> !scrapeNow(port).contains("g{app=\"app\",process=\"web.1\"}")
                    && !scrapeNow(port).contains("heroku_redis_x{"));
        }
    }

    // ---- batches, each always the same

    private static int linesOf(int frame) {
        return 1 + frame % 7;
    }

    private static String batch(int frame) {
        return router("web.1").repeat(linesOf(frame));
    }

    private static String router(String dyno) {
        return log("heroku", "router", "at=info method=GET path=\"/\" dyno=" + dyno + " connect=1ms service=2ms status=200");
    }

    private static String log(String app, String process, String text) {
        String message = "<158>1 2020-01-08T22:33:57.353034+00:00 host " + app + " " + process + " - " + text + "\n";
        return message.length() + " " + message;
    }

    private static int drain(int port, int frame) throws Exception {
        return post(port, "/drain?app_name=a", batch(frame),
                        "Logplex-Frame-Id", "frame" + frame, "Logplex-Drain-Token", "d.1",
                        "Logplex-Msg-Count", Integer.toString(linesOf(frame)))
                .statusCode();
    }

    private static int drainNow(int port, int frame) {
        try {
            return drain(port, frame);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static long requests(int port) throws Exception {
        return scrape(port).lines()
                .filter(line -> line.startsWith("heroku_router_requests_total{"))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    // ---- the gateway and its client

    private Config config(String... flags) throws Exception {
        List<String> arguments = new ArrayList<>(
                List.of("--web.listen-address=127.0.0.1:0", "--storage.path=" + directory.resolve("data")));
        arguments.addAll(List.of(flags));
        return ConfigLoader.load(CommandLine.parse(arguments), Map.of());
    }

    private Weir start(String... flags) throws Exception {
        Config config = config(flags);
        Weir weir = Weir.start(config, () -> config);
        weir.awaitRecovery();
        return weir;
    }

    private WeirProcess process() throws IOException {
        return WeirProcess.start(
                directory, "--web.listen-address=127.0.0.1:0", "--storage.path=" + directory.resolve("data"));
    }

    private static int port(WeirProcess process) throws IOException {
        String listening = process.readThrough("try ").stream()
                .filter(line -> line.startsWith("listening on"))
                .findFirst()
                .orElseThrow();
        return Integer.parseInt(listening.substring(listening.lastIndexOf(':') + 1));
    }

    private static String scrape(int port) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics")).build();
        return "\n" + CLIENT.send(request, BodyHandlers.ofString()).body();
    }

    private static String scrapeNow(int port) {
        try {
            return scrape(port);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static HttpResponse<String> post(int port, String target, String body, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + target))
                .timeout(Duration.ofSeconds(20))
                .POST(BodyPublishers.ofByteArray(body.getBytes(UTF_8)));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return CLIENT.send(request.build(), BodyHandlers.ofString());
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
