package io.weir.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.server.auth.Digest;
import io.weir.server.auth.Guard;
import io.weir.server.auth.Scope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuthConfigTest {
    @TempDir
    private Path directory;

    @Test
    void shouldReadTokensWithTheirScopes() throws Exception {
        Path secret = Files.writeString(directory.resolve("secret"), "from-a-file\n");
        Config config = ConfigLoader.check(file("""
                auth:
                  tokens:
                    - {name: a, token: inline, scopes: [push, delete]}
                    - {name: b, token-file: %s, scopes: scrape}
                """.formatted(secret)));
        assertThat(config.auth().tokens()).hasSize(2);
        assertThat(config.auth().tokens().get(0).digest()).isEqualTo(Digest.of("inline"));
        assertThat(config.auth().tokens().get(0).scopes()).containsExactlyInAnyOrder(Scope.PUSH, Scope.DELETE);
        assertThat(config.auth().tokens().get(1).digest()).isEqualTo(Digest.of("from-a-file"));
        assertThat(config.auth().files()).containsExactly(secret);
        assertThat(config.toString()).doesNotContain("inline").doesNotContain("from-a-file");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{name: a, scopes: [push]} | expected one of token and token-file",
        "{name: a, token: t, token-file: f, scopes: [push]} | expected one of token and token-file",
        "{token: t, scopes: [push]} | a rule needs name",
        "{name: a, token: t} | a rule needs scopes",
        "{name: a, token: t, scopes: []} | expected at least one of push",
        "{name: a, token: t, scopes: [pusch]} | did you mean \"push\"?",
        "{name: a, token: t, scopes: [open]} | expected any of push, scrape, delete, admin, drain",
        "{name: a:b, token: t, scopes: [push]} | without ':'",
        "{name: a, token: 'hush hush', scopes: [push]} | visible ASCII characters without spaces",
        "{name: a, token: '', scopes: [push]} | visible ASCII characters without spaces",
        "{name: a, token-file: no-such-file, scopes: [push]} | no-such-file: no such file",
        "{name: a, tokn: t, scopes: [push]} | did you mean \"token\"?",
        "{name: z, token: t, scopes: [push]} | the name \"z\" is given twice",
        "{name: a, token: zz, scopes: [push]} | another name has the same token",
    })
    void shouldRefuseBadTokensWithoutRepeatingThem(String token, String problem) throws IOException {
        Path file = file("auth:\n  tokens:\n    - {name: z, token: zz, scopes: [push]}\n    - " + token + "\n");
        assertThatThrownBy(() -> ConfigLoader.check(file))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(problem)
                .message()
                .doesNotContain("hush");
    }

    @Test
    void shouldTakeThePasswordsOfTheEnvironment() throws Exception {
        Map<String, String> environment = Map.of("PASSWORD_DRAIN", "d", "PASSWORD_METRICS", "m");
        CommandLine commandLine = CommandLine.parse(List.of());
        Config config = ConfigLoader.load(commandLine, environment);
        assertThat(config.auth().drainPassword()).isEqualTo(Guard.drainPassword("d"));
        assertThat(config.auth().metricsPassword()).isEqualTo(Guard.metricsPassword("m"));
        assertThat(config.auth().asks()).isTrue();
        assertThat(ConfigLoader.load(commandLine, Map.of()).auth().asks()).isFalse();
        assertThat(ConfigPrint.render(commandLine, environment)).contains("auth.drain-password: \"(secret)\"");
    }

    @Test
    void shouldPrintNamesAndScopesButNoToken() throws Exception {
        Path file = file("auth: {tokens: [{name: ci, token: hush-hush, scopes: [scrape, push]}]}");
        String printed = ConfigPrint.render(CommandLine.parse(List.of("--config.file=" + file)), Map.of());
        assertThat(printed).contains("# token ci: push, scrape\n").doesNotContain("hush");
    }

    private Path file(String text) throws IOException {
        return Files.writeString(directory.resolve("weir.yml"), text);
    }
}
