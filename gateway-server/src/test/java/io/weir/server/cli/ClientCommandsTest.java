package io.weir.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.weir.server.Weir;
import io.weir.server.config.CommandLine;
import io.weir.server.config.Config;
import io.weir.server.config.ConfigLoader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands that talk to a gateway, with a real one. */
@Timeout(60)
class ClientCommandsTest {
    @TempDir
    private Path directory;

    private Weir weir;

    @AfterEach
    void stop() {
        if (weir != null) {
            weir.close();
        }
    }

    @Test
    void shouldIncrementAndSayTheNewValue() throws Exception {
        start();
        assertThat(typed("inc", "builds_total")).isEqualTo(new Typed(0, "1\n", ""));
        assertThat(typed("inc", "builds_total", "branch=ma in/ü&x", "--by", "2.5").out()).isEqualTo("2.5\n");
        assertThat(typed("inc", "builds_total", "--by=4", "branch=ma in/ü&x").out()).isEqualTo("6.5\n");
        Typed bad = typed("inc", "builds_total", "--by", "-1");
        assertThat(bad.exitCode()).isEqualTo(1);
        assertThat(bad.err()).startsWith("weir: PATCH http://").contains(": 400 ");
        assertThat(typed("inc", "builds_total", "branch").err()).contains("LABEL=VALUE");
        assertThat(typed("inc").exitCode()).isEqualTo(2);
    }

    @Test
    void shouldPushAFileAndStandardInput() throws Exception {
        start();
        Path file = Files.writeString(directory.resolve("m.prom"), "# TYPE a_total counter\na_total 2\n");
        assertThat(typed("push", file.toString())).isEqualTo(new Typed(0, "", ""));
        Typed piped = Typed.weir("# TYPE a_total counter\na_total 5\n", environment(), "push");
        assertThat(piped.exitCode()).isZero();
        assertThat(typed("inc", "a_total").out()).isEqualTo("8\n");
        assertThat(Typed.weir("g 3\n", environment(), "push", "--set", "-").exitCode()).isZero();
        assertThat(Typed.weir("g x\n", environment(), "push").err()).contains("400").contains("line 1");
        assertThat(typed("push", "no-such-file").err()).contains("no-such-file");
    }

    @Test
    void shouldPushToTheGroupOfAJob() throws Exception {
        BlockingQueue<String> requests = new LinkedBlockingQueue<>();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI().getRawPath() + " "
                    + new String(exchange.getRequestBody().readAllBytes(), UTF_8).strip());
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.start();
        try {
            Map<String, String> environment = Map.of("WEIR_URL", "http://127.0.0.1:" + server.getAddress().getPort() + "/p/");
            assertThat(Typed.weir("a 1\n", environment, "push", "--job", "night ly").exitCode()).isZero();
            assertThat(requests.take()).isEqualTo("POST /p/metrics/job/night%20ly a 1");
            assertThat(Typed.weir("a 1\n", environment, "push", "--job=a/b", "--set").exitCode()).isZero();
            assertThat(requests.take()).isEqualTo("PUT /p/metrics/job@base64/YS9i a 1");
            assertThat(PushCommand.group("job", "")).isEqualTo("/job@base64/=");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void shouldShowATokenOverHttpsToAServerOfTheGivenAuthority() throws Exception {
        X509Bundle ca = new CertificateBuilder().subject("CN=ca").setIsCertificateAuthority(true).ecp256().buildSelfSigned();
        X509Bundle server = new CertificateBuilder()
                .subject("CN=s").addSanIpAddress("127.0.0.1").ecp256().buildIssuedBy(ca);
        Path authority = write("ca.crt", ca.getCertificatePEM());
        write("server.crt", server.getCertificatePathPEM());
        write("server.key", server.getPrivateKeyPEM());
        Path web = write("web.yml", "tls_server_config: {cert_file: server.crt, key_file: server.key}\n");
        Path config = write("weir.yml", "auth: {tokens: [{name: ci, token: t0p, scopes: [push]}]}\n");
        start("--web.config.file=" + web, "--config.file=" + config);

        assertThat(typed("inc", "a_total", "--cacert", authority.toString()).err())
                .contains("401")
                .contains("WEIR_TOKEN");
        Map<String, String> environment = Map.of("WEIR_URL", url(), "WEIR_TOKEN", "t0p");
        assertThat(Typed.weir("", environment, "inc", "a_total", "--cacert", authority.toString()).out()).isEqualTo("1\n");
        Path token = write("token", "t0p\n");
        assertThat(typed("inc", "a_total", "--cacert=" + authority, "--token-file=" + token, "--user=ci").out())
                .isEqualTo("2\n");
        assertThat(typed("inc", "a_total", "--cacert=" + authority, "--token-file=" + token, "--user=other").err())
                .contains("401");
        assertThat(Typed.weir("", environment, "cardinality", "--cacert=" + authority).err())
                .contains("403")
                .contains("scrape")
                .doesNotContain("t0p");
        assertThat(Typed.weir("", environment, "inc", "a_total").exitCode()).as("an unknown authority").isEqualTo(1);
    }

    @Test
    void shouldSayWhereNobodyAnswers() throws Exception {
        Typed typed = Typed.weir("", Map.of("WEIR_URL", "http://127.0.0.1:1"), "inc", "a_total");
        assertThat(typed.exitCode()).isEqualTo(1);
        assertThat(typed.err()).isEqualTo("weir: nothing answers at http://127.0.0.1:1 (choose another with --url or WEIR_URL)\n");
        assertThat(Typed.weir("inc", "a", "--url", "http://user:pw@host").exitCode()).isEqualTo(2);
    }

    @Test
    void shouldShowWhereTheSeriesComeFrom() throws Exception {
        start();
        for (int i = 0; i < 30; i++) {
            typed("inc", "hits_total", "user=u" + i, "method=GET");
        }
        typed("inc", "errors_total", "method=GET", "text=a\u001b[2Jb");
        Typed typed = typed("cardinality", "--top", "2");
        assertThat(typed.out()).isEqualTo("""
                31 series as Prometheus counts them, in 2 families, with 3 labels

                        series  family
                            30  hits_total
                             1  errors_total

                        values  label
                            30  user
                             1  method
                                and 1 more

                        series  label and value
                            31  method=GET
                             1  text=a?[2Jb
                                and 30 more
                """);
        assertThat(typed("cardinality", "--top", "0").exitCode()).isEqualTo(2);
    }

    @Test
    void shouldShowRates() throws Exception {
        start();
        typed("inc", "hits_total");
        Typed typed = typed("top", "--interval", "1", "--count", "1");
        assertThat(typed.exitCode()).isZero();
        assertThat(typed.out().lines().toList())
                .anyMatch(line -> line.matches("http://127\\.0\\.0\\.1:\\d+ {3}up \\d+m\\d+s"))
                .anyMatch(line -> line.startsWith("series 1 of "))
                .anyMatch(line -> line.matches("samples +0\\.0 +1"))
                .anyMatch(line -> line.matches("  patch 200 +0\\.0 +1"))
                .anyMatch(line -> line.matches("  scrape 200 +1\\.\\d +\\d") || line.matches("  scrape 200 +0\\.\\d +\\d"));
        assertThat(typed.out()).doesNotContain("\u001b");
    }

    private void start(String... flags) throws Exception {
        List<String> all = new ArrayList<>(List.of("--web.listen-address=127.0.0.1:0", "--storage.path=none"));
        all.addAll(List.of(flags));
        Config config = ConfigLoader.load(CommandLine.parse(all), Map.of());
        weir = Weir.start(config, () -> config);
    }

    private String url() {
        return (weir.isTls() ? "https" : "http") + "://127.0.0.1:" + weir.addresses().get(0).getPort();
    }

    private Map<String, String> environment() {
        return Map.of("WEIR_URL", url());
    }

    private Typed typed(String... words) throws InterruptedException {
        return Typed.weir("", environment(), words);
    }

    private Path write(String name, String text) throws Exception {
        return Files.writeString(directory.resolve(name), text);
    }
}
