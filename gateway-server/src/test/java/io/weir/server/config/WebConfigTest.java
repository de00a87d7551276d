package io.weir.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * The verdicts of the exporter-toolkit on its own cases (their names are those of its {@code web/testdata}, the texts are
 * ours) and some more.
 */
class WebConfigTest {
    private static final String PAIR = "  cert_file: server.crt\n  key_file: server.key\n";
    private static final String TLS = "tls_server_config:\n" + PAIR;
    private static final String HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

    /** What a bad case says; empty for a good one. */
    private record Case(String text, String problem) {}

    @TempDir
    private static Path directory;

    private static final Map<String, Case> CASES = new LinkedHashMap<>();

    /** Cases of which the promtool of Debian 12 has never heard, or which it does not look at. */
    private static final List<String> NEWER = new ArrayList<>();

    @BeforeAll
    static void writeFiles() throws Exception {
        X509Bundle ca = new CertificateBuilder()
                .subject("CN=ca").setIsCertificateAuthority(true).ecp256().buildSelfSigned();
        X509Bundle server = new CertificateBuilder()
                .subject("CN=localhost").addSanDnsName("localhost").rsa2048().buildIssuedBy(ca);
        X509Bundle other = new CertificateBuilder()
                .subject("CN=other").setIsCertificateAuthority(true).ecp256().buildSelfSigned();
        write("server.crt", server.getCertificatePathPEM());
        write("server.key", server.getPrivateKeyPEM());
        write("other.key", other.getPrivateKeyPEM());
        write("ca.crt", ca.getCertificatePEM());
        write("nocerts.pem", "nothing here\n");
        write("broken.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        String inline = "tls_server_config:\n  cert: |\n" + indent(server.getCertificatePathPEM()) + "  key: |\n"
                + indent(server.getPrivateKeyPEM());

        good("empty", "");
        good("comment only", "# nothing\n");
        good("empty sections", "tls_server_config:\nhttp_server_config:\nbasic_auth_users:\n");
        bad("junk", "hunter2\n", "expected keys and values");
        bad("junk_key", "junk_key: 1\n", "unknown key");
        bad("junk_key in a section", TLS + "  cert_fil: x\n", "unknown key");
        bad("key twice", TLS + "  key_file: server.key\n", "given twice");
        bad("certPath_empty", "tls_server_config:\n  cert_file: ''\n  key_file: server.key\n", "cert or cert_file");
        bad("cert_empty", "tls_server_config:\n  cert: ''\n  key_file: server.key\n", "cert or cert_file");
        bad("keyPath_empty", "tls_server_config:\n  cert_file: server.crt\n  key_file: ''\n", "key or key_file");
        bad("key_empty", "tls_server_config:\n  cert_file: server.crt\n  key: ''\n", "key or key_file");
        bad("certPath_keyPath_empty", "tls_server_config:\n  client_auth_type: x\n", "cert or cert_file");
        bad("certPath_invalid", "tls_server_config:\n  cert_file: no\n  key_file: server.key\n", "no such file");
        bad("keyPath_invalid", "tls_server_config:\n  cert_file: server.crt\n  key_file: no\n", "no such file");
        bad("certPath_keyPath_invalid", "tls_server_config:\n  cert_file: no\n  key_file: no2\n", "no such file");
        bad("cert without certificate", "tls_server_config:\n  cert_file: nocerts.pem\n  key_file: server.key\n",
                "no certificate");
        bad("cert broken", "tls_server_config:\n  cert_file: broken.crt\n  key_file: server.key\n", "cannot be read");
        bad("key without key", "tls_server_config:\n  cert_file: server.crt\n  key_file: nocerts.pem\n", "no private key");
        bad("key of another", "tls_server_config:\n  cert_file: server.crt\n  key_file: other.key\n", "not the one");
        good("noAuth", TLS + "  client_auth_type: VerifyClientCertIfGiven\n");
        bad("noAuth with a CA and no policy", TLS + "  client_ca_file: ca.crt\n", "client_auth_type");
        bad("noAuth with a CA and NoClientCert", TLS + "  client_ca_file: ca.crt\n  client_auth_type: NoClientCert\n",
                "client_auth_type");
        bad("invented client auth", TLS + "  client_auth_type: Whatever\n", "invalid client_auth_type");
        bad("auth_clientCAs_invalid", TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: no\n",
                "no such file");
        newer("auth_clientCAs_nocerts");
        bad("auth_clientCAs_nocerts",
                TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: nocerts.pem\n", "no certificate");
        newer("auth_clientCAsText_nocerts");
        bad("auth_clientCAsText_nocerts",
                TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca: nothing\n", "no certificate");
        good("good.blocking", TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n");
        good("requireandverifyclientcert without a CA", TLS + "  client_auth_type: RequireAndVerifyClientCert\n");
        good("requireanyclientcert", TLS + "  client_auth_type: RequireAnyClientCert\n");
        good("requireclientcert, the older word", TLS + "  client_auth_type: RequireClientCert\n");
        good("requestclientcert", TLS + "  client_auth_type: RequestClientCert\n");
        newer("tlsInline");
        good("tlsInline", inline);
        newer("requireanyclientcertkeyinline");
        good("requireanyclientcertkeyinline",
                "tls_server_config:\n  cert_file: server.crt\n  client_auth_type: RequireAnyClientCert\n"
                        + inline.substring(inline.indexOf("  key: |")));
        newer("auth_client_san");
        good("auth_client_san", TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans: [a, b]\n");
        newer("auth_client_san_no_client_auth");
        bad("auth_client_san_no_client_auth", TLS + "  client_allowed_sans: [a]\n", "client_allowed_sans needs");
        newer("auth_client_san_optional_cert");
        bad("auth_client_san_optional_cert",
                TLS + "  client_auth_type: VerifyClientCertIfGiven\n  client_allowed_sans: [a]\n", "client_allowed_sans");
        good("allCiphers", TLS + "  cipher_suites:\n    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n"
                + "    - TLS_AES_128_GCM_SHA256\n    - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256\n");
        good("someCiphers_noOrder", TLS + "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n"
                + "  prefer_server_cipher_suites: false\n");
        bad("inventedCiphers", TLS + "  cipher_suites: [TLS_INVENTED]\n", "unknown cipher");
        bad("ciphers not a list", TLS + "  cipher_suites: TLS_AES_128_GCM_SHA256\n", "expected a list");
        good("allCurves", TLS + "  curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]\n");
        bad("inventedCurves", TLS + "  curve_preferences: [CurveP0]\n", "unknown curve");
        bad("wrongTLSVersion", TLS + "  min_version: TLS111\n", "unknown TLS version");
        good("min and max", TLS + "  min_version: TLS12\n  max_version: TLS12\n");
        good("noHTTP2", TLS + "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n  max_version: TLS12\n"
                + "http_server_config:\n  http2: false\n");
        newer("noHTTP2Cipher");
        bad("noHTTP2Cipher", TLS + "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n  max_version: TLS12\n",
                "HTTP/2");
        good("headers", "http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=1\n"
                + "    X-Content-Type-Options: nosniff\n    X-Frame-Options: deny\n    X-XSS-Protection: 1\n"
                + "    Content-Security-Policy: default-src 'self'\n");
        bad("headers_content_type_options", "http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n",
                "invalid value for");
        bad("headers_frame_options", "http_server_config:\n  headers:\n    X-Frame-Options: maybe\n", "invalid value for");
        bad("headers_extra_header", "http_server_config:\n  headers:\n    X-Extra: 1\n", "can not be configured");
        bad("http2 not a boolean", "http_server_config:\n  http2: maybe\n", "true or false");
        good("users", TLS + "basic_auth_users:\n  alice: " + HASH + "\n  bob: " + HASH + "\n");
        good("users_noTLS", "basic_auth_users:\n  alice: " + HASH + "\n");
        bad("auth_user_list_invalid", "basic_auth_users:\n  john: doe\n", "bcrypt");
        bad("user without a hash", "basic_auth_users:\n  john:\n", "bcrypt");
        bad("users as a list", "basic_auth_users: [john]\n", "expected keys");
        for (String name : List.of(
                "rate_limiter_nonblocking", "rate_limiter_one_second", "rate in fractions", "rate in nanoseconds")) {
            newer(name);
        }
        good("rate_limiter_nonblocking", "rate_limit:\n  interval: 0\n  burst: 0\n");
        good("rate_limiter_one_second", "rate_limit:\n  interval: 1s\n  burst: 1\n");
        good("rate in fractions", "rate_limit: {interval: 1h1.5s, burst: 20}\n");
        good("rate in nanoseconds", "rate_limit: {interval: 1000, burst: 20}\n");
        bad("rate without a unit", "rate_limit: {interval: 1.5, burst: 20}\n", "interval");
        bad("rate not a duration", "rate_limit: {interval: soon, burst: 20}\n", "interval");
        bad("burst not a number", "rate_limit: {interval: 1s, burst: many}\n", "burst");
        for (Map.Entry<String, Case> each : CASES.entrySet()) {
            write(fileName(each.getKey()), each.getValue().text);
        }
    }

    @TestFactory
    Stream<DynamicTest> shouldJudgeAsTheReference() {
        return CASES.entrySet().stream()
                .map(each -> DynamicTest.dynamicTest(each.getKey(), () -> {
                    Path file = directory.resolve(fileName(each.getKey()));
                    if (each.getValue().problem.isEmpty()) {
                        assertThat(WebConfig.read(file).files()).startsWith(file);
                    } else {
                        assertThatThrownBy(() -> WebConfig.read(file))
                                .isInstanceOf(ConfigException.class)
                                .hasMessageStartingWith(
                                        each.getValue().problem.equals("no such file") ? "" : file.toString())
                                .hasMessageContaining(each.getValue().problem);
                    }
                }));
    }

    @Test
    void shouldAgreeWithPromtool() throws Exception {
        Path promtool = Path.of("/usr/bin/promtool");
        assumeTrue(Files.isExecutable(promtool), "no promtool here: the verdicts are NOT compared with its own");
        List<String> command = new ArrayList<>(List.of(promtool.toString(), "check", "web-config"));
        List<String> names = CASES.keySet().stream().filter(name -> !NEWER.contains(name)).toList();
        names.forEach(name -> command.add(fileName(name)));
        Process process = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(names).hasSizeGreaterThan(40).allSatisfy(name -> assertThat(output)
                .contains(fileName(name) + (CASES.get(name).problem.isEmpty() ? " SUCCESS" : " FAILED")));
    }

    @Test
    void shouldReadWhatItAccepts() throws Exception {
        write("all.yml", TLS + "http_server_config:\n  headers: {X-Frame-Options: deny, X-XSS-Protection: ''}\n"
                + "basic_auth_users: {alice: " + HASH + "}\nrate_limit: {interval: 1m1.5s, burst: 7}\n");
        WebConfig config = WebConfig.read(directory.resolve("all.yml"));
        assertThat(config.tls()).isPresent();
        assertThat(config.rules().headers()).containsExactly(Map.entry("X-Frame-Options", "deny"));
        assertThat(config.rules().users()).containsOnlyKeys("alice");
        assertThat(config.rules().rateIntervalNanos()).isEqualTo(61_500_000_000L);
        assertThat(config.rules().rateBurst()).isEqualTo(7);
        assertThat(config.files()).extracting(Path::getFileName).extracting(Path::toString)
                .containsExactly("all.yml", "server.crt", "server.key");
        assertThat(WebConfig.read(directory.resolve(fileName("empty")))).isEqualTo(
                new WebConfig(WebConfig.NONE.tls(), WebConfig.NONE.rules(), List.of(directory.resolve(fileName("empty")))));
    }

    @Test
    void shouldNameThePlaceAndKeepSecretsToItself() throws IOException {
        write("secret.yml", "basic_auth_users:\n  john: correct-horse\n");
        assertThatThrownBy(() -> WebConfig.read(directory.resolve("secret.yml")))
                .hasMessageStartingWith(directory.resolve("secret.yml") + ":2:9: ")
                .message()
                .doesNotContain("correct-horse");
    }

    private static void good(String name, String text) {
        CASES.put(name, new Case(text, ""));
    }

    private static void bad(String name, String text, String problem) {
        CASES.put(name, new Case(text, problem));
    }

    private static void newer(String name) {
        NEWER.add(name);
    }

    private static void write(String name, String text) throws IOException {
        Files.writeString(directory.resolve(name), text);
    }

    private static String fileName(String name) {
        return "case-" + name.replaceAll("[^A-Za-z0-9_]", "-") + ".yml";
    }

    private static String indent(String pem) {
        return pem.lines().map(line -> "    " + line + "\n").reduce("", String::concat);
    }
}
