package io.weir.server.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.LeakGuard;
import io.weir.server.auth.Scope;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Who gets in where: every door with every scope, with no, wrong and right credentials, over sockets. */
@ExtendWith(LeakGuard.class)
@Timeout(120)
class AccessTest {
    private static final List<Scope> GIVEN = List.of(Scope.PUSH, Scope.SCRAPE, Scope.DELETE, Scope.ADMIN, Scope.DRAIN);

    @TempDir
    private Path directory;

    private Path config;
    /** A loopback address of its own for each request with wrong credentials, so that none is blocked. */
    private int addresses;

    @BeforeEach
    void writeTokens() throws IOException {
        StringBuilder text = new StringBuilder("auth:\n  tokens:\n");
        for (Scope scope : GIVEN) {
            text.append("    - {name: ").append(word(scope)).append("er, token: ").append(token(scope))
                    .append(", scopes: [").append(word(scope)).append("]}\n");
        }
        config = Files.writeString(directory.resolve("weir.yml"), text);
    }

    @Test
    void shouldOpenEachDoorToItsScopeAlone() throws IOException {
        try (RunningWeir weir = new RunningWeir("--config.file=" + config)) {
            List<String> wrong = new ArrayList<>();
            for (String route : weir.weir.scopes()) {
                String[] parts = route.split(" ");
                Scope needed = Scope.valueOf(parts[2].toUpperCase(Locale.ROOT));
                String target = parts[1].replace("...", "some_total");
                Map<String, String> tries = new LinkedHashMap<>();
                tries.put("none", null);
                tries.put("wrong token", "Bearer no-such-token");
                tries.put("wrong password", basic("pusher", "no-such-token"));
                tries.put("other's name", basic("nobody", token(needed)));
                tries.put("not a scheme", "Hawk x");
                for (Scope scope : GIVEN) {
                    tries.put(word(scope) + " token", "Bearer " + token(scope));
                    tries.put(word(scope) + " password", basic(word(scope) + "er", token(scope)));
                }
                for (Map.Entry<String, String> each : tries.entrySet()) {
                    String seen = verdict(send(weir, parts[0], target, each.getValue()));
                    String right = expected(needed, each.getKey());
                    if (!seen.equals(right)) {
                        wrong.add(route + " with " + each.getKey() + ": " + seen + ", expected " + right);
                    }
                }
            }
            assertThat(wrong).isEmpty();
            assertThat(weir.weir.scopes()).hasSizeGreaterThan(20);
        }
    }

    private static String expected(Scope needed, String how) {
        if (needed == Scope.OPEN) {
            return "in";
        }
        for (Scope scope : GIVEN) {
            if (how.equals(word(scope) + " token") || how.equals(word(scope) + " password")) {
                return scope == needed || needed == Scope.DRAIN && scope == Scope.PUSH ? "in" : "no scope";
            }
        }
        return "who?";
    }

    @Test
    void shouldHaveTheseOpenDoorsAndNoOthers() throws IOException {
        try (RunningWeir weir = new RunningWeir()) {
            assertThat(weir.weir.scopes().stream().filter(route -> route.endsWith(" open")))
                    .containsExactly(
                            "GET /-/healthy open", "GET /-/ready open", "GET /health open", "GET /ping open",
                            "GET /ready open", "GET /v1/influxdb/health open", "GET /v1/influxdb/ping open",
                            "HEAD /-/healthy open", "HEAD /-/ready open", "HEAD /health open", "HEAD /ping open",
                            "HEAD /ready open", "HEAD /v1/influxdb/health open", "HEAD /v1/influxdb/ping open",
                            "POST /ping open", "POST /v1/influxdb/ping open");
            assertThat(weir.weir.scopes())
                    .contains(
                            "DELETE /metrics/... delete", "GET /metrics scrape", "GET /-/metrics scrape",
                            "PATCH /metrics/... push", "POST /-/quit admin", "POST /-/reload admin", "POST /metrics push",
                            "GET /query push", "POST /write push", "GET / scrape", "DELETE /api/v1/series delete",
                            "GET /api/v1/pushers admin", "PUT /api/v1/groups push", "POST /api/v1/groups push");
        }
    }

    @Test
    void shouldAskNobodyWhenNothingIsConfigured() throws IOException {
        try (RunningWeir weir = new RunningWeir()) {
            assertThat(verdict(send(weir, "POST", "/metrics", null))).isEqualTo("in");
            assertThat(verdict(send(weir, "GET", "/metrics", "Bearer whatever"))).isEqualTo("in");
        }
    }

    @Test
    void shouldTellStrangersNotEvenWhatThereIs() throws IOException {
        try (RunningWeir weir = new RunningWeir("--config.file=" + config)) {
            assertThat(send(weir, "GET", "/nowhere", null)).startsWith("HTTP/1.1 401 ").doesNotContain("/metrics");
            assertThat(send(weir, "PUT", "/-/healthy", null)).startsWith("HTTP/1.1 401 ");
            assertThat(send(weir, "GET", "/nowhere", "Bearer " + token(Scope.DELETE))).startsWith("HTTP/1.1 404 ");
            assertThat(send(weir, "OPTIONS", "/metrics", null)).startsWith("HTTP/1.1 204 ");
        }
    }

    @Test
    void shouldAnswerBeforeTheBodyComesAndGoOnWithTheConnection() throws IOException {
        try (RunningWeir weir = new RunningWeir("--config.file=" + config);
                Wire wire = weir.wire()) {
            wire.send("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n");
            String answer = wire.answer().head();
            assertThat(answer).startsWith("HTTP/1.1 401 ")
                    .contains("WWW-Authenticate: Basic realm=\"weir\"\r\n")
                    .contains("WWW-Authenticate: Bearer realm=\"weir\"\r\n");
        }
    }

    @Test
    void shouldCountWhatItRefusesAndApplyNothingOfIt() throws IOException {
        try (RunningWeir weir = new RunningWeir("--config.file=" + config)) {
            String push = RunningWeir.request("POST", "/metrics", "a_total 1\n", "Connection: close");
            assertThat(raw(weir, push, "127.0.0.1")).startsWith("HTTP/1.1 401 ");
            String metrics = send(weir, "GET", "/-/metrics", "Bearer " + token(Scope.SCRAPE));
            assertThat(metrics)
                    .contains("weir_auth_denied_total{reason=\"missing\"} 1\n")
                    .contains("weir_http_requests_total{handler=\"push\",method=\"POST\",code=\"401\"} 1\n");
            assertThat(send(weir, "GET", "/metrics", "Bearer " + token(Scope.SCRAPE))).doesNotContain("a_total");
        }
    }

    @Test
    void shouldAnswer429ToAnAddressThatGoesOnGuessingAndOnlyToIt() throws IOException {
        try (RunningWeir weir = new RunningWeir("--config.file=" + config)) {
            String guess = "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer guess\r\n\r\n";
            String good = guess.replace("guess", token(Scope.SCRAPE));
            for (int i = 0; i < 10; i++) {
                assertThat(raw(weir, guess, "127.0.7.7")).startsWith("HTTP/1.1 401 ");
            }
            assertThat(raw(weir, guess, "127.0.7.7")).startsWith("HTTP/1.1 429 ").contains("Retry-After: ");
            assertThat(raw(weir, good, "127.0.7.7")).as("a right guess is not told either").startsWith("HTTP/1.1 429 ");
            assertThat(raw(weir, good, "127.0.7.8")).startsWith("HTTP/1.1 200 ");
            assertThat(raw(weir, "GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "127.0.7.7"))
                    .startsWith("HTTP/1.1 200 ");
        }
    }

    @Test
    void shouldNotLockOutTheGoodClientsOfAnAddressForABadOne() throws IOException {
        try (RunningWeir weir = new RunningWeir("--config.file=" + config)) {
            String guess = "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer guess\r\n\r\n";
            String good = guess.replace("guess", token(Scope.SCRAPE));
            assertThat(raw(weir, good, "127.0.8.8")).startsWith("HTTP/1.1 200 ");
            for (int i = 0; i < 11; i++) {
                raw(weir, guess, "127.0.8.8");
            }
            assertThat(raw(weir, guess, "127.0.8.8")).startsWith("HTTP/1.1 429 ");
            assertThat(raw(weir, good, "127.0.8.8")).startsWith("HTTP/1.1 200 ");
            assertThat(raw(weir, guess.replace("guess", token(Scope.PUSH)), "127.0.8.8"))
                    .as("right, but never used there")
                    .startsWith("HTTP/1.1 429 ");
        }
    }

    @Test
    void shouldKeepAConnectionGoingThatHasShownWhoItIs() throws IOException {
        try (RunningWeir weir = new RunningWeir("--config.file=" + config);
                Wire wire = weir.wire()) {
            String get = "GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + token(Scope.SCRAPE) + "\r\n\r\n";
            wire.send(get);
            assertThat(wire.answer().status()).isEqualTo(200);
            String guess = get.replace(token(Scope.SCRAPE), "guess").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
            for (int i = 0; i < 11; i++) {
                raw(weir, guess, "127.0.0.1");
            }
            wire.send(get);
            assertThat(wire.answer().status()).isEqualTo(200);
            wire.send(get.replace("GET", "DELETE").replace("/metrics", "/metrics/a"));
            assertThat(wire.answer().status()).isEqualTo(403);
            wire.send(get.replace(token(Scope.SCRAPE), token(Scope.SCRAPE) + "x"));
            assertThat(wire.answer().status()).isEqualTo(429);
        }
    }

    @Test
    void shouldProtectWhatIsReadByThePasswordOfMetricsAndNothingElse() throws IOException {
        try (RunningWeir weir = new RunningWeir("--auth.metrics-password=m-secret", "--auth.drain-password=d-secret")) {
            assertThat(send(weir, "GET", "/metrics", null))
                    .startsWith("HTTP/1.1 401 ")
                    .contains("WWW-Authenticate: Basic realm=\"metrics\"\r\n")
                    .doesNotContain("Bearer");
            assertThat(verdict(send(weir, "GET", "/metrics", basic("metrics", "m-secret")))).isEqualTo("in");
            assertThat(verdict(send(weir, "GET", "/-/metrics", null))).isEqualTo("who?");
            assertThat(verdict(send(weir, "GET", "/metrics", basic("metrics", "d-secret")))).isEqualTo("who?");
            assertThat(verdict(send(weir, "GET", "/metrics", basic("drain", "d-secret")))).isEqualTo("no scope");
            assertThat(verdict(send(weir, "POST", "/metrics", null))).isEqualTo("in");
            assertThat(verdict(send(weir, "GET", "/health", null))).isEqualTo("in");
        }
    }

    @Test
    void shouldTakeFromTheDrainWhatComesWithItsPasswordAlone() throws IOException {
        String line = "<45>1 2026-11-20T12:00:00+00:00 host heroku web.1 - Process running mem=10M sample#memory_total=21.5MB";
        String frame = line.length() + " " + line;
        try (RunningWeir weir = new RunningWeir("--auth.metrics-password=m-secret", "--auth.drain-password=d-secret")) {
            for (String[] each : new String[][] {
                {"none", null}, {"metrics", basic("metrics", "m-secret")}, {"wrong", basic("drain", "m-secret")},
                {"right", basic("drain", "d-secret")}
            }) {
                List<String> headers = new ArrayList<>(List.of("Connection: close", "Content-Type: application/logplex-1"));
                if (each[1] != null) {
                    headers.add("Authorization: " + each[1]);
                }
                String answer = raw(
                        weir, RunningWeir.request("POST", "/drain?app_name=" + each[0], frame, headers.toArray(String[]::new)),
                        "127.2.0." + (1 + each[0].length()));
                switch (each[0]) {
                    case "right" -> assertThat(answer).startsWith("HTTP/1.1 200 ");
                    case "metrics" -> assertThat(answer).startsWith("HTTP/1.1 403 ");
                    default -> assertThat(answer)
                            .startsWith("HTTP/1.1 401 ")
                            .contains("WWW-Authenticate: Basic realm=\"drain\"\r\n");
                }
            }
            String scraped = send(weir, "GET", "/metrics", basic("metrics", "m-secret"));
            assertThat(scraped).contains("app=\"right\"").doesNotContain("app=\"none\"", "app=\"wrong\"", "app=\"metrics\"");
        }
    }

    @Test
    void shouldTakeNewTokensAtAReloadAndForgetTheOld() throws IOException {
        Path secret = Files.writeString(directory.resolve("token"), "first\n");
        Files.writeString(config, "auth: {tokens: [{name: a, token-file: " + secret + ", scopes: scrape}]}");
        try (RunningWeir weir = new RunningWeir("--config.file=" + config);
                Wire wire = weir.wire()) {
            String get = "GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer first\r\n\r\n";
            wire.send(get);
            assertThat(wire.answer().status()).isEqualTo(200);
            Files.writeString(secret, "second\n");
            assertThat(weir.weir.reload()).isNull();
            wire.send(get);
            assertThat(wire.answer().status()).as("on the connection that was let in").isEqualTo(401);
            assertThat(verdict(send(weir, "GET", "/metrics", "Token second"))).isEqualTo("in");
        }
    }

    private String send(RunningWeir weir, String method, String target, String authorization) throws IOException {
        String request = method + " " + target + " HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Length: 0\r\n"
                + (authorization == null ? "" : "Authorization: " + authorization + "\r\n") + "\r\n";
        addresses++;
        return raw(weir, request, "127.1." + addresses / 250 + "." + (1 + addresses % 250));
    }

    private static String raw(RunningWeir weir, String request, String from) throws IOException {
        try (Socket socket = new Socket()) {
            socket.bind(new InetSocketAddress(from, 0));
            socket.connect(weir.address());
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), UTF_8);
        }
    }

    private static String verdict(String answer) {
        int status = Integer.parseInt(answer.substring(9, 12));
        if (status == 401) {
            return answer.contains("\r\nWWW-Authenticate: ") ? "who?" : "401 without a challenge";
        }
        return status == 403 && answer.contains("insufficient_scope") ? "no scope" : status == 429 ? "429" : "in";
    }

    private static String basic(String user, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(UTF_8));
    }

    private static String token(Scope scope) {
        return "key-of-the-" + word(scope) + "er";
    }

    private static String word(Scope scope) {
        return scope.name().toLowerCase(Locale.ROOT);
    }
}
