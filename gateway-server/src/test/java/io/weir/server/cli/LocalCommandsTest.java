package io.weir.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.auth.Bcrypt;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalCommandsTest {
    @Test
    void shouldHashAPasswordThatTheWebConfigurationTakes(@TempDir Path directory) throws Exception {
        Typed typed = Typed.weir("s\u00e9cret\nrest", Map.of(), "hash-password", "--cost=5");
        assertThat(typed.exitCode()).isZero();
        assertThat(typed.out()).startsWith("$2y$05$").hasLineCount(1);
        assertThat(Bcrypt.parse(typed.out().strip()).verify("s\u00e9cret")).isTrue();
        Path file = Files.writeString(directory.resolve("web.yml"), "basic_auth_users:\n  alice: " + typed.out());
        assertThat(Typed.weir("check", "web-config", file.toString())).isEqualTo(new Typed(0, file + ": ok\n", ""));
    }

    @Test
    void shouldRefusePasswordsThatWouldNotCountWholeOrCouldBeSeen() throws Exception {
        assertThat(Typed.weir("", Map.of(), "hash-password").err()).contains("no password");
        assertThat(Typed.weir("\n", Map.of(), "hash-password").exitCode()).isEqualTo(1);
        assertThat(Typed.weir("x".repeat(73), Map.of(), "hash-password", "--cost=4").err()).contains("72 bytes");
        assertThat(Typed.weir("x".repeat(72), Map.of(), "hash-password", "--cost=4").exitCode()).isZero();
        assertThat(Typed.weir("hash-password", "secret").err()).contains("others could see it").doesNotContain("secret");
        for (String cost : new String[] {"3", "32", "x", ""}) {
            assertThat(Typed.weir("p", Map.of(), "hash-password", "--cost=" + cost).exitCode()).isEqualTo(2);
        }
    }

    @Test
    void shouldCheckAWebConfiguration(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("web.yml"), "tls_server_config: {client_auth_type: x}\n");
        Typed typed = Typed.weir("check", "web-config", file.toString());
        assertThat(typed.exitCode()).isEqualTo(78);
        assertThat(typed.err()).startsWith("weir: " + file + ":1:");
        assertThat(Typed.weir("check", "web-config").exitCode()).isEqualTo(2);
    }
}
