package io.weir.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A process whose every secret holds a mark, with a receiver that repeats in its errors whatever it was sent: the mark comes
 * out nowhere, not at the most talkative level, not in what clients are told. And nothing that clients send makes a line of
 * the log or moves a terminal's cursor.
 */
@Timeout(120)
class SecretsTest {
    private static final String MARK = "S3cr3tMark";
    private static final String MARK_64 = Base64.getEncoder().encodeToString(("weir:" + MARK).getBytes(UTF_8));
    /** Options that take a secret, or name a file that does. Whoever adds one adds it here and to what is started below. */
    private static final List<String> SECRET_OPTIONS = List.of(
            "--remote-write.url", "--remote-write.password", "--remote-write.password-file",
            "--remote-write.bearer-token-file", "--remote-write.headers", "--auth.drain-password", "--auth.metrics-password",
            "--heroku.drain-tokens", "--web.external-url");

    @TempDir
    private Path directory;

    private final Semaphore flushes = new Semaphore(0);
    private HttpServer receiver;
    private String url;
    private Path file;

    @BeforeEach
    void start() throws IOException {
        receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        receiver.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            String all = exchange.getRequestURI() + " " + exchange.getRequestHeaders().entrySet();
            byte[] answer = ("what do you mean by " + all + "\n\u001b[2Jlevel=error msg=forged").getBytes(UTF_8);
            exchange.sendResponseHeaders(401, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
            flushes.release();
        });
        receiver.start();
        url = "http://127.0.0.1:" + receiver.getAddress().getPort() + "/api/v1/write?key=" + MARK;
        file = Files.writeString(directory.resolve("secret"), MARK + "\n");
    }

    @AfterEach
    void stop() {
        receiver.stop(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"flags", "variables", "file of the configuration", "password file", "token file"})
    void shouldKeepSecretsToItself(String way) throws Exception {
        List<String> flags = new ArrayList<>(List.of(
                "--web.listen-address=127.0.0.1:0", "--storage.path=none", "--web.enable-lifecycle", "--log.level=trace",
                "--remote-write.interval=1s"));
        Map<String, String> variables = Map.of();
        switch (way) {
            case "flags" -> flags.addAll(List.of("--remote-write.url=" + url, "--remote-write.username=weir",
                    "--remote-write.password=" + MARK, "--remote-write.headers=X-Scope-OrgID: " + MARK,
                    "--auth.drain-password=" + MARK, "--auth.metrics-password=" + MARK, "--heroku.drain-tokens=" + MARK));
            case "variables" -> variables = Map.of("SECRET_PROM_ENDPOINT", url, "SECRET_PROM_USER", "weir",
                    "SECRET_PROM_TOKEN", MARK, "WEIR_REMOTE_WRITE_HEADERS", "X-Scope-OrgID: " + MARK,
                    "PASSWORD_DRAIN", MARK);
            case "file of the configuration" -> flags.add("--config.file=" + Files.writeString(directory.resolve("weir.yml"),
                    "remote-write:\n  - url: " + url + "\n    username: weir\n    password: " + MARK
                            + "\n    headers: ['X-Scope-OrgID: " + MARK + "']\n"));
            case "password file" -> flags.addAll(List.of("--remote-write.url=" + url, "--remote-write.username=weir",
                    "--remote-write.password-file=" + file, "--log.format=json"));
            default -> flags.addAll(List.of("--remote-write.url=" + url, "--remote-write.bearer-token-file=" + file));
        }
        StringBuilder shown = new StringBuilder();
        try (WeirProcess weir = WeirProcess.start(directory, variables, flags.toArray(new String[0]))) {
            List<String> greeting = weir.readThrough("try");
            greeting.forEach(line -> shown.append(line).append('\n'));
            int port = Integer.parseInt(greeting.stream()
                    .filter(line -> line.startsWith("listening"))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("it did not start: " + String.join("\n", errors(weir))))
                    .replaceAll(".*:", ""));
            exchange(port, "PATCH", "/metrics/a", "");
            assertThat(flushes.tryAcquire(2, 30, TimeUnit.SECONDS)).as("two flushes were refused").isTrue();
            String clientSecret = "?db=x&u=weir&p=" + MARK;
            for (String target : List.of("/", "/metrics", "/-/metrics", "/-/healthy", "/-/ready", "/-/config", "/config", "/api/v1/status",
                    "/api/v1/status/config", "/flags", "/ping?verbose=true", "/health", "/query" + clientSecret + "&q=SHOW", "/nowhere",
                    "/debug/pprof", "/env", "/actuator/env")) {
                shown.append(exchange(port, "GET", target, ""));
            }
            for (String target : List.of("/write" + clientSecret, "/api/v2/write" + clientSecret, "/metrics", "/-/reload", "/nowhere")) {
                shown.append(exchange(port, "POST", target, "x\u001b[2J\nlevel=error msg=forged\r\u0000\u0085 1 2 3\n"));
            }
            shown.append(exchange(port, "P\u001bST", "/", ""));
            weir.process().destroy();
            assertThat(weir.exitCode()).isZero();
            List<String> log = errors(weir);
            assertThat(log).anyMatch(line -> line.contains("401") && line.contains("(secret)"));
            assertThat(log).allMatch(line -> line.startsWith("ts=") || line.startsWith("{\"ts\":"));
            assertThat(log).noneMatch(line -> line.matches(".*[\\x00-\\x1f\\x7f-\\x9f].*"));
            shown.append(String.join("\n", log));
        }
        assertThat(shown.toString()).doesNotContain(MARK, MARK_64).doesNotContain("\u001b");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "config print --remote-write.url=URL --remote-write.username=weir --remote-write.password=MARK",
        "config print --remote-write.url=URL --remote-write.headers=X:MARK",
        "config print --remote-write.url=URL --remote-write.bearer-token-file=FILE",
        "config print --auth.drain-password=MARK --auth.metrics-password=MARK --heroku.drain-tokens=MARK",
        "--remote-write.pasword=MARK",
        "--remote-write.password=MARK --remote-write.password=MARK",
        "--remote-write.password=MARK\u0007",
        "--remote-write.password=MARK --remote-write.url=URL",
        "--remote-write.headers=MARK",
        "--remote-write.url=http://weir:MARK@localhost/",
        "--remote-write.url=MARK",
        "--web.external-url=http://weir:MARK@localhost/",
        "--web.external-url=MARK",
        "check config YAML:remote-write.pasword:MARK",
        "check config YAML:password:MARK",
        "check config YAML:remote-write:[{password:MARK}]",
        "check config YAML:remote-write:_{url:MARK,_password:MARK}",
        "check config YAML:{remote-write:_{password:_MARK",
        "check config YAML:remote-write:_-_password:_'MARK",
        "--help",
    })
    void shouldNotRepeatASecretInAnErrorOfTheCommandLine(String line) throws Exception {
        List<String> arguments = new ArrayList<>();
        for (String word : line.split(" ")) {
            String text = word.replace("URL", url).replace("FILE", file.toString()).replace("MARK", MARK);
            if (text.startsWith("YAML:")) {
                text = Files.writeString(directory.resolve("bad.yml"), text.substring(5).replace('_', ' ').replace(":", ": ") + "\n")
                        .toString();
            }
            arguments.add(text);
        }
        try (WeirProcess weir = WeirProcess.start(directory, arguments.toArray(new String[0]))) {
            List<String> shown = new ArrayList<>(weir.readThrough("\0"));
            int code = weir.exitCode();
            shown.addAll(weir.problems());
            assertThat(shown).isNotEmpty();
            assertThat(code == 0).isEqualTo(line.startsWith("config") || line.equals("--help"));
            assertThat(String.join("\n", shown)).doesNotContain(MARK, MARK_64);
        }
    }

    @Test
    void shouldKnowEveryOptionThatTakesASecret() throws Exception {
        try (WeirProcess weir = WeirProcess.start(directory, "--help")) {
            List<String> found = new ArrayList<>();
            for (String line : weir.readThrough("\0")) {
                String[] words = line.strip().split("[ =]+");
                if (words[0].startsWith("--") && words.length > 1
                        && (words[1].matches("<?(secret|url|header)>?.*") || words[0].matches(".*(password|token|secret|key).*-file"))) {
                    found.add(words[0]);
                }
            }
            assertThat(found).containsExactlyInAnyOrderElementsOf(SECRET_OPTIONS);
        }
    }

    private static List<String> errors(WeirProcess weir) {
        try {
            return weir.problems();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The whole answer, as it came. */
    private static String exchange(int port, String method, String target, String body) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            byte[] bytes = body.getBytes(ISO_8859_1);
            socket.getOutputStream().write((method + " " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Basic "
                    + MARK_64 + "\r\nCookie: a=" + MARK + "\r\nContent-Length: " + bytes.length + "\r\n\r\n").getBytes(ISO_8859_1));
            socket.getOutputStream().write(bytes);
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            socket.getInputStream().transferTo(all);
            return all.toString(ISO_8859_1);
        }
    }
}
