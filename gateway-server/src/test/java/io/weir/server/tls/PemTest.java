package io.weir.server.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Keys as openssl writes them. */
class PemTest {
    @BeforeEach
    void needOpenssl() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/openssl")), "no openssl here: its key formats are NOT tried");
    }

    @Test
    void shouldReadKeysInAllTheirForms() throws Exception {
        assertThat(Pem.privateKey(openssl("genpkey", "-algorithm", "RSA")).getAlgorithm()).isEqualTo("RSA");
        assertThat(Pem.privateKey(openssl("genrsa", "-traditional", "2048")).getAlgorithm()).isEqualTo("RSA");
        assertThat(Pem.privateKey(openssl("genpkey", "-algorithm", "ED25519")).getAlgorithm()).isEqualTo("EdDSA");
        for (String curve : List.of("prime256v1", "secp384r1", "secp521r1")) {
            String key = openssl("ecparam", "-genkey", "-name", curve);
            assertThat(key).contains("BEGIN EC PARAMETERS", "BEGIN EC PRIVATE KEY");
            assertThat(Pem.privateKey(key).getAlgorithm()).isEqualTo("EC");
        }
    }

    @Test
    void shouldRefuseWhatIsEncryptedOrDamaged() throws Exception {
        String key = openssl("genrsa", "-traditional", "2048");
        String encrypted = openssl("genpkey", "-algorithm", "RSA", "-aes256", "-pass", "pass:x");
        assertThatThrownBy(() -> Pem.privateKey(encrypted)).hasMessageContaining("encrypted");
        assertThatThrownBy(() -> Pem.privateKey("nothing")).hasMessageContaining("no private key");
        int middle = key.length() / 2;
        String cut = key.substring(0, middle) + key.substring(middle + 200);
        assertThatThrownBy(() -> Pem.privateKey(cut)).isInstanceOf(TlsException.class);
        String ec = openssl("ecparam", "-genkey", "-noout", "-name", "prime256v1");
        for (int length = 40; length < ec.length() - 30; length += 7) {
            String damaged = ec.substring(0, length) + "\n-----END EC PRIVATE KEY-----\n";
            assertThatThrownBy(() -> Pem.privateKey(damaged)).isInstanceOf(TlsException.class);
        }
    }

    private static String openssl(String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return output;
    }
}
