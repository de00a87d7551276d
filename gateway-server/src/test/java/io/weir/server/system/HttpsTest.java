package io.weir.server.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.weir.server.LeakGuard;
import io.weir.server.auth.Bcrypt;
import io.weir.server.remotewrite.PrometheusProcess;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** TLS and the rest of the web configuration, with clients of others. */
@ExtendWith(LeakGuard.class)
@Timeout(120)
class HttpsTest {
    private static X509Bundle ca;
    private static X509Bundle otherCa;
    private static X509Bundle client;

    @TempDir
    private Path directory;

    private Path file;

    @BeforeAll
    static void makeAuthorities() throws Exception {
        CertificateBuilder authority = new CertificateBuilder().setIsCertificateAuthority(true).ecp256();
        ca = authority.subject("CN=ca").buildSelfSigned();
        otherCa = authority.subject("CN=other").buildSelfSigned();
        client = client().buildIssuedBy(ca);
    }

    private static CertificateBuilder client() throws Exception {
        return new CertificateBuilder()
                .subject("CN=client")
                .addSanDnsName("pusher.example")
                .addSanIpAddress("2001:db8::1")
                .addSanUriName("spiffe://example/pusher")
                .addExtendedKeyUsageClientAuth()
                .ecp256();
    }

    @BeforeEach
    void writeFiles() throws Exception {
        server("first");
        write("ca.crt", ca.getCertificatePEM());
        write("client.crt", client.getCertificatePathPEM());
        write("client.key", client.getPrivateKeyPEM());
        file = directory.resolve("web.yml");
        config("");
    }

    private void server(String name) throws Exception {
        X509Bundle server = new CertificateBuilder()
                .subject("CN=" + name)
                .addSanDnsName("localhost")
                .addSanIpAddress("127.0.0.1")
                .addExtendedKeyUsageServerAuth()
                .ecp256()
                .buildIssuedBy(ca);
        write("server.crt", server.getCertificatePathPEM());
        write("server.key", server.getPrivateKeyPEM());
    }

    private void config(String more) throws IOException {
        Files.writeString(file, "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n" + more);
    }

    private RunningWeir start(String... flags) {
        List<String> all = new ArrayList<>(List.of(flags));
        all.add("--web.config.file=" + file);
        return new RunningWeir(all.toArray(String[]::new));
    }

    @Test
    void shouldServePushAndScrapeToCurl() throws Exception {
        try (RunningWeir weir = start()) {
            Files.writeString(directory.resolve("body"), "# TYPE a_total counter\na_total 41\n");
            assertThat(curl(weir, "/metrics", "--data-binary", "@body")).startsWith("ok 200");
            assertThat(curl(weir, "/metrics/a_total", "-X", "PATCH")).endsWith(" 200");
            assertThat(curl(weir, "/metrics", "--tlsv1.3", "--compressed")).contains("a_total 42\n").endsWith(" 200");
            assertThat(curl(weir, "/metrics", "--tls-max", "1.2", "--tlsv1.2")).contains("a_total 42\n").endsWith(" 200");
            assertThat(curl(weir, "/metrics", "--http2")).contains("a_total 42\n").endsWith(" 200");
        }
    }

    @Test
    void shouldTellPlainHttpThatThisPortSpeaksTls() throws Exception {
        try (RunningWeir weir = start();
                Socket socket = new Socket("127.0.0.1", weir.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(UTF_8));
            assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
                    .startsWith("HTTP/1.0 400 Bad Request\r\n")
                    .contains("HTTPS");
        }
    }

    @Test
    void shouldEndWithACloseNotifyAndSurviveJunk() throws Exception {
        try (RunningWeir weir = start()) {
            for (byte[] junk : List.of(new byte[] {22, 3, 1, 0, 5, 1, 2, 3, 4, 5}, new byte[] {22, 3, 1, (byte) 255, (byte) 255, 0})) {
                try (Socket socket = new Socket("127.0.0.1", weir.port())) {
                    socket.setSoTimeout(10_000);
                    socket.getOutputStream().write(junk);
                    socket.shutdownOutput();
                    socket.getInputStream().readAllBytes();
                }
            }
            try (SSLSocket socket = connect(weir, null)) {
                socket.getOutputStream()
                        .write("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".getBytes(UTF_8));
                // without a close_notify this would throw
                assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8)).startsWith("HTTP/1.1 200 ");
            }
        }
    }

    @Test
    void shouldHangUpOnThoseThatNeverEndTheirHandshake() throws Exception {
        try (RunningWeir weir = start("--limits.header-time=1s");
                Socket silent = new Socket("127.0.0.1", weir.port());
                Socket begun = new Socket("127.0.0.1", weir.port())) {
            begun.getOutputStream().write(new byte[] {22, 3, 1, 1, 0, 1, 0, 0, (byte) 252, 3, 3});
            for (Socket socket : List.of(silent, begun)) {
                // the handshake has ten seconds of its own
                socket.setSoTimeout(15_000);
                socket.getInputStream().readAllBytes();
            }
        }
    }

    @Test
    void shouldGetAnEarlyAnswerOutThoughTheBodyStillComes() throws Exception {
        config("basic_auth_users:\n  alice: " + Bcrypt.hash("secret", 4) + "\n");
        try (RunningWeir weir = start();
                SSLSocket socket = connect(weir, null)) {
            socket.getOutputStream()
                    .write("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n".getBytes(UTF_8));
            socket.getOutputStream().write(new byte[20_000]);
            byte[] head = socket.getInputStream().readNBytes(40);
            assertThat(new String(head, UTF_8)).startsWith("HTTP/1.1 401 ");
        }
    }

    @Test
    void shouldLetInWhoShowsACertificateOfTheClientCa() throws Exception {
        config("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n");
        try (RunningWeir weir = start()) {
            assertThat(curl(weir, "/metrics", "--cert", "client.crt", "--key", "client.key")).endsWith(" 200");
            assertThat(curl(weir, "/metrics")).as("without one").endsWith(" 000");
            X509Bundle stranger = client().buildIssuedBy(otherCa);
            write("stranger.crt", stranger.getCertificatePathPEM());
            write("stranger.key", stranger.getPrivateKeyPEM());
            assertThat(curl(weir, "/metrics", "--cert", "stranger.crt", "--key", "stranger.key")).endsWith(" 000");
            assertThat(status(weir, client)).isEqualTo(200);
            assertThatThrownBy(() -> status(weir, client().buildIssuedBy(otherCa))).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> status(weir, null)).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> status(weir, new CertificateBuilder()
                            .subject("CN=server").addExtendedKeyUsageServerAuth().ecp256().buildIssuedBy(ca)))
                    .as("a certificate for servers")
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void shouldBeScrapedByPrometheusWithACertificateAndAToken() throws Exception {
        assumeTrue(PrometheusProcess.binary() != null, "SKIPPED: there is no 'prometheus' on the PATH");
        config("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n");
        write("weir.yml", "auth: {tokens: [{name: prometheus, token: s-key, scopes: [scrape]},"
                + " {name: lambda, token: p-key, scopes: [push]}]}\n");
        try (RunningWeir weir = start("--config.file=" + directory.resolve("weir.yml"))) {
            assertThat(curl(weir, "/metrics/a_total", "-X", "PATCH", "-u", "lambda:p-key", "--cert", "client.crt", "--key", "client.key"))
                    .isEqualTo("ok 200");
            String target = "static_configs: [{targets: [\"127.0.0.1:" + weir.port() + "\"]}]}\n";
            String tls = "scheme: https, tls_config: {ca_file: " + directory + "/ca.crt, cert_file: " + directory
                    + "/client.crt, key_file: " + directory + "/client.key}, ";
            String configuration = "global: {scrape_interval: 250ms, scrape_timeout: 250ms}\nscrape_configs:\n"
                    + "  - {job_name: bearer, " + tls + "authorization: {credentials: s-key}, " + target
                    + "  - {job_name: basic, " + tls + "basic_auth: {username: prometheus, password: s-key}, " + target
                    + "  - {job_name: pusher, " + tls + "authorization: {credentials: p-key}, " + target
                    + "  - {job_name: stranger, scheme: https, tls_config: {ca_file: " + directory
                    + "/ca.crt}, authorization: {credentials: s-key}, " + target;
            try (PrometheusProcess prometheus = new PrometheusProcess(directory, configuration)) {
                prometheus.start();
                prometheus.await("all have been tried, and both ways are up",
                        () -> prometheus.value("count(up)").equals("4") && prometheus.value("sum(up)").equals("2"));
                assertThat(prometheus.value("up{job=\"pusher\"}")).isEqualTo("0");
                assertThat(prometheus.value("up{job=\"stranger\"}")).isEqualTo("0");
                assertThat(prometheus.value("a_total{job=\"bearer\"}")).isEqualTo("1");
            }
        }
    }

    @Test
    void shouldAskForCertificatesAsMuchAsItIsTold() throws Exception {
        X509Bundle stranger = client().buildIssuedBy(otherCa);
        config("  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.crt\n");
        try (RunningWeir weir = start()) {
            assertThat(status(weir, null)).isEqualTo(200);
            assertThat(status(weir, client)).isEqualTo(200);
            // the JDK's client sends nothing when it is not of an authority that the server names; curl does
            assertThat(status(weir, stranger)).isEqualTo(200);
            write("stranger.crt", stranger.getCertificatePathPEM());
            write("stranger.key", stranger.getPrivateKeyPEM());
            assertThat(curl(weir, "/metrics", "--cert", "stranger.crt", "--key", "stranger.key")).endsWith(" 000");
            assertThat(curl(weir, "/metrics", "--cert", "client.crt", "--key", "client.key")).endsWith(" 200");
        }
        config("  client_auth_type: RequireAnyClientCert\n");
        try (RunningWeir weir = start()) {
            assertThat(status(weir, stranger)).isEqualTo(200);
            assertThatThrownBy(() -> status(weir, null)).isInstanceOf(IOException.class);
        }
        config("  client_auth_type: RequestClientCert\n");
        try (RunningWeir weir = start()) {
            assertThat(status(weir, stranger)).isEqualTo(200);
            assertThat(status(weir, null)).isEqualTo(200);
        }
    }

    @Test
    void shouldLetInOnlyTheAllowedNames() throws Exception {
        for (String allowed : List.of("pusher.example", "2001:db8:0:0:0:0:0:1", "spiffe://example/pusher")) {
            assertThat(statusWhenAllowed(allowed)).isEqualTo(200);
        }
        for (String allowed : List.of("pusher", "Pusher.example.", "client", "2001:db8::2", "spiffe://example")) {
            assertThatThrownBy(() -> statusWhenAllowed(allowed)).as(allowed).isInstanceOf(IOException.class);
        }
    }

    private int statusWhenAllowed(String name) throws Exception {
        config("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
                + "  client_allowed_sans: ['nobody', '" + name + "']\n");
        try (RunningWeir weir = start()) {
            return status(weir, client);
        }
    }

    @Test
    void shouldKeepToVersionsAndSuites() throws Exception {
        config("  min_version: TLS13\n");
        try (RunningWeir weir = start()) {
            assertThat(protocol(weir, "TLSv1.3")).isEqualTo("TLSv1.3");
            assertThatThrownBy(() -> protocol(weir, "TLSv1.2")).isInstanceOf(SSLException.class);
        }
        config("  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n");
        try (RunningWeir weir = start();
                SSLSocket socket = connect(weir, null)) {
            socket.startHandshake();
            assertThat(socket.getSession().getCipherSuite()).isEqualTo("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
            assertThatThrownBy(() -> protocol(weir, "TLSv1.3")).isInstanceOf(SSLException.class);
        }
    }

    @Test
    void shouldTakeCurvesWhereTheJdkDoes() throws Exception {
        config("  curve_preferences: [CurveP384]\n");
        try (RunningWeir weir = start()) {
            assertThat(curl(weir, "/metrics", "--curves", "P-384")).endsWith(" 200");
            String other = curl(weir, "/metrics", "--curves", "X25519");
            assertThat(other.endsWith(" 200")).as("before Java 20 it has no effect").isEqualTo(Runtime.version().feature() < 20);
        }
    }

    @Test
    void shouldSendTheHeadersWithEveryAnswerAndLimitTheRate() throws Exception {
        Files.writeString(file, "http_server_config: {headers: {X-Frame-Options: deny, X-Content-Type-Options: nosniff}}\n"
                + "rate_limit: {interval: 10h, burst: 3}\n");
        try (RunningWeir weir = start()) {
            assertThat(weir.get("/metrics").header("X-Frame-Options")).isEqualTo("deny");
            RunningWeir.Reply push = weir.post("a_total 1\n");
            assertThat(push.status()).isEqualTo(200);
            assertThat(push.header("X-Frame-Options")).isEqualTo("deny");
            assertThat(weir.get("/nowhere").header("X-Frame-Options")).isEqualTo("deny");
            assertThat(weir.get("/metrics").status()).isEqualTo(429);
            assertThat(weir.post("a_total 1\n").status()).isEqualTo(429);
            assertThat(weir.get("/-/healthy").status()).as("health is not limited").isEqualTo(200);
        }
    }

    @Test
    void shouldAskTheUsersOfTheFile() throws Exception {
        Files.writeString(file, "basic_auth_users: {alice: " + Bcrypt.hash("secret", 4) + "}\n");
        try (RunningWeir weir = start()) {
            assertThat(weir.get("/metrics").status()).isEqualTo(401);
            assertThat(weir.get("/metrics").header("WWW-Authenticate")).isEqualTo("Basic realm=\"weir\"");
            assertThat(weir.get("/metrics", "Authorization", basic("alice", "secret")).status()).isEqualTo(200);
            assertThat(weir.get("/metrics", "Authorization", basic("alice", "Secret")).status()).isEqualTo(401);
            assertThat(weir.get("/metrics", "Authorization", basic("bob", "secret")).status()).isEqualTo(401);
            assertThat(weir.send("DELETE", "/metrics/a", BodyPublishers.noBody(),
                            "Authorization", basic("alice", "secret")).status())
                    .as("users may do everything")
                    .isNotIn(401, 403);
        }
    }

    @Test
    void shouldVerifyPasswordsApartFromTheEventLoops() throws Exception {
        // a second of work for each guess that is verified, and more where the machine is busy
        Files.writeString(file, "basic_auth_users:\n  alice: " + Bcrypt.hash("secret", 4) + "\n  slow: "
                + "$2y$13$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n");
        try (RunningWeir weir = start()) {
            String request = "GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: ";
            List<Wire> waiting = new ArrayList<>();
            try {
                assertThat(weir.get("/metrics", "Authorization", basic("alice", "secret")).status()).isEqualTo(200);
                for (int i = 0; i < 16; i++) {
                    waiting.add(weir.wire().send(request + basic("slow", "guess") + "\r\n\r\n"));
                }
                RunningWeir.await("a verification begins", () -> Thread.getAllStackTraces().entrySet().stream()
                        .anyMatch(thread -> thread.getKey().getName().equals("weir-password")
                                && List.of(thread.getValue()).toString().contains("bcrypt")));
                for (int i = 0; i < 20; i++) {
                    try (Wire wire = weir.wire()) {
                        wire.send(request + basic("alice", "secret") + "\r\n\r\n");
                        assertThat(wire.answer().status()).isEqualTo(200);
                    }
                }
                assertThat(Thread.getAllStackTraces().keySet())
                        .as("still verifying")
                        .anyMatch(thread -> thread.getName().equals("weir-password")
                                && List.of(thread.getStackTrace()).toString().contains("bcrypt"));
                for (Wire wire : waiting) {
                    assertThat(wire.answer().status()).isEqualTo(401);
                }
                assertThat(weir.get("/-/metrics", "Authorization", basic("alice", "secret")).body())
                        .contains("weir_auth_password_checks_total 2\n");
            } finally {
                waiting.forEach(Wire::close);
            }
        }
    }

    @Test
    void shouldTakeANewCertificateWithoutARestartAndKeepTheOldOneWhenTheNewIsBad() throws Exception {
        try (RunningWeir weir = start()) {
            assertThat(subject(weir)).isEqualTo("CN=first");
            server("second");
            RunningWeir.await("the new certificate", () -> subject(weir).equals("CN=second"));
            Files.writeString(directory.resolve("server.key"), "no key\n");
            RunningWeir.await("the refusal", () -> metrics(weir).contains("weir_web_config_last_reload_successful 0\n"));
            assertThat(subject(weir)).isEqualTo("CN=second");
            assertThat(metrics(weir)).contains("weir_web_config_reloads_total{result=\"bad\"} 1\n");
            server("third");
            RunningWeir.await("the third certificate", () -> subject(weir).equals("CN=third"));
            assertThat(metrics(weir)).contains("weir_web_config_last_reload_successful 1\n");
        }
    }

    @Test
    void shouldOpenNothingByAReload() throws Exception {
        config("basic_auth_users: {alice: " + Bcrypt.hash("secret", 4) + "}\n");
        try (RunningWeir weir = start()) {
            config("");
            assertThat(weir.weir.reload()).contains("asks nobody").contains("restart");
            Files.writeString(file, "");
            assertThat(weir.weir.reload()).contains("TLS off").contains("restart");
            assertThat(curl(weir, "/metrics")).endsWith(" 401");
            config("basic_auth_users: {bob: " + Bcrypt.hash("other", 4) + "}\n");
            assertThat(weir.weir.reload()).isNull();
            assertThat(curl(weir, "/metrics", "-u", "alice:secret")).endsWith(" 401");
            assertThat(curl(weir, "/metrics", "-u", "bob:other")).endsWith(" 200");
        }
    }

    private String metrics(RunningWeir weir) {
        try {
            return curl(weir, "/-/metrics");
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static String subject(RunningWeir weir) {
        try (SSLSocket socket = connect(weir, null)) {
            socket.startHandshake();
            return socket.getSession().getPeerPrincipal().getName();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static String protocol(RunningWeir weir, String version) throws Exception {
        try (SSLSocket socket = connect(weir, null)) {
            socket.setEnabledProtocols(new String[] {version});
            socket.startHandshake();
            return socket.getSession().getProtocol();
        }
    }

    private static int status(RunningWeir weir, X509Bundle certificate) throws Exception {
        try (SSLSocket socket = connect(weir, certificate)) {
            socket.getOutputStream()
                    .write("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".getBytes(UTF_8));
            String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
            return Integer.parseInt(answer.substring(9, 12));
        }
    }

    private static SSLSocket connect(RunningWeir weir, X509Bundle certificate) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        KeyManager[] keys = certificate == null ? null : certificate.toKeyManagerFactory().getKeyManagers();
        context.init(keys, new TrustManager[] {ca.toTrustManager()}, null);
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", weir.port());
        socket.setSoTimeout(10_000);
        return socket;
    }

    /** Body, a blank and the status. */
    private String curl(RunningWeir weir, String target, String... words) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/curl")), "no curl here: HTTPS is NOT tried with it");
        List<String> command = new ArrayList<>(List.of(
                "/usr/bin/curl", "--silent", "--max-time", "20", "--cacert", "ca.crt", "--write-out", " %{http_code}"));
        command.addAll(List.of(words));
        command.add("https://127.0.0.1:" + weir.port() + target);
        Process process = new ProcessBuilder(command).directory(directory.toFile()).start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return output;
    }

    private static String basic(String user, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(UTF_8));
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(directory.resolve(name), text);
    }
}
