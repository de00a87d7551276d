package io.weir.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CommandsTest {
    @Test
    void shouldLeaveFlagsAndUnknownWordsToTheGateway() {
        assertThat(Commands.find(List.of())).isEmpty();
        assertThat(Commands.find(List.of("--log.level=debug"))).isEmpty();
        assertThat(Commands.find(List.of("complete"))).isEmpty();
        assertThat(Commands.find(List.of("completion", "bash"))).isPresent();
    }

    @Test
    void shouldShowUsageFlagsAndExamplesOfEachCommand() throws InterruptedException {
        for (Command command : Commands.all()) {
            String[] words = (command.name() + " --help").split(" ");
            Typed typed = Typed.weir(words);
            assertThat(typed.exitCode()).isZero();
            assertThat(typed.out()).startsWith("Usage: weir " + command.name()).contains("\nExamples:\n  ");
            assertThat(typed.out().lines()).allMatch(line -> line.length() <= 116);
            assertThat(command.flags()).allMatch(flag -> typed.out().contains("\n  " + flag.name()));
            assertThat(command.examples()).isNotEmpty();
        }
        assertThat(Commands.listing().lines()).hasSameSizeAs(Commands.all());
    }

    @Test
    void shouldRefuseWhatACommandDoesNotKnow() throws InterruptedException {
        Typed typed = Typed.weir("completion", "bash", "--frob");
        assertThat(typed.exitCode()).isEqualTo(2);
        assertThat(typed.err()).startsWith("weir: completion: unknown flag \"--frob\"").hasLineCount(1);
        assertThat(typed.out()).isEmpty();
        assertThat(Typed.weir("completion").err()).contains("weir completion bash");
        assertThat(Typed.weir("completion", "fish").exitCode()).isEqualTo(2);
    }
}
