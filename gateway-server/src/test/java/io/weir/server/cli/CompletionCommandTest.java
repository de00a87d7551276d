package io.weir.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script as a real bash takes it. */
class CompletionCommandTest {
    @TempDir
    private Path directory;

    @BeforeEach
    void needBash() {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "no /bin/bash here: shell completion is not tested");
    }

    @Test
    void shouldOfferCommandsFirst() throws Exception {
        assertThat(complete("")).contains("completion", "check", "config", "help", "version");
        assertThat(complete("compl")).containsExactly("completion");
        assertThat(complete("check", "")).containsExactlyInAnyOrder("config", "web-config");
    }

    @Test
    void shouldOfferTheFlagsOfTheGatewayAndOfACommand() throws Exception {
        assertThat(complete("--log.")).containsExactlyInAnyOrder("--log.level", "--log.format");
        assertThat(complete("--log.level=info", "--storage.p")).containsExactly("--storage.path");
        assertThat(complete("completion", "")).containsExactly("bash", "--help");
    }

    @Test
    void shouldOfferFilesWhereNoWordFits() throws Exception {
        Files.createFile(directory.resolve("weir.yml"));
        assertThat(complete("check", "config", "wei")).containsExactly("weir.yml");
    }

    private List<String> complete(String... typed) throws Exception {
        Path script = Files.writeString(directory.resolve(".script"), CompletionCommand.script());
        StringBuilder words = new StringBuilder("weir");
        for (String word : typed) {
            words.append(" '").append(word).append('\'');
        }
        Process bash = new ProcessBuilder(
                        "/bin/bash",
                        "--norc",
                        "-c",
                        "set -e; source " + script + "; COMP_WORDS=(" + words + "); COMP_CWORD=" + typed.length
                                + "; _weir || true; printf '%s\\n' \"${COMPREPLY[@]}\"")
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        assertThat(bash.waitFor(20, TimeUnit.SECONDS)).isTrue();
        String output = new String(bash.getInputStream().readAllBytes(), UTF_8);
        return output.lines().filter(line -> !line.isEmpty()).toList();
    }
}
