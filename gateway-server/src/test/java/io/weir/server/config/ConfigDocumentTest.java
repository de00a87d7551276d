package io.weir.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With {@code -Dweir.docs=write} the documents are written instead of compared. */
class ConfigDocumentTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final String OPEN = "<!-- limits, written by ConfigDocumentTest -->\n";
    private static final String CLOSE = "<!-- end of limits -->";

    private final boolean write = "write".equals(System.getProperty("weir.docs"));

    @Test
    void shouldFindTheConfigDocumentEqualToTheOptionTable() throws IOException {
        Path document = ROOT.resolve("docs/CONFIG.md");
        if (write) {
            Files.createDirectories(document.getParent());
            Files.writeString(document, ConfigDocument.render());
        }
        assertThat(document).hasContent(ConfigDocument.render());
    }

    @Test
    void shouldFindTheLimitsOfTheReadmeEqualToTheOptionTable() throws IOException {
        Path readme = ROOT.resolve("README.md");
        assumeTrue(Files.exists(readme), "there is no README.md to compare with");
        String text = Files.readString(readme);
        int open = text.indexOf(OPEN);
        int close = text.indexOf(CLOSE);
        assertThat(open).as("README.md has the line %s", OPEN).isNotNegative();
        assertThat(close).as("README.md has %s", CLOSE).isGreaterThan(open);
        if (write) {
            text = text.substring(0, open) + OPEN + ConfigDocument.limits() + text.substring(close);
            Files.writeString(readme, text);
            close = text.indexOf(CLOSE);
        }
        assertThat(text.substring(open + OPEN.length(), close)).isEqualTo(ConfigDocument.limits());
    }

    @Test
    void shouldAcceptTheFileShownInTheDocument(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("weir.yml"), ConfigDocument.EXAMPLE);
        assertThatCode(() -> {
                    Config config = ConfigLoader.check(file);
                    assertThat(config.remoteWrite()).hasSize(2);
                    assertThat(config.aggregation().rules()).hasSize(3);
                    assertThat(config.influx().rules()).hasSize(2);
                })
                .doesNotThrowAnyException();
    }

    @Test
    void shouldNameEveryOptionInHelpAndDocument() {
        String help = HelpText.renderWith("");
        String document = ConfigDocument.render();
        for (Option option : Options.all()) {
            assertThat(help).contains("  " + option.flag()).contains(option.initial());
            assertThat(document).contains("| `" + option.name() + "` |");
        }
    }

    @Test
    void shouldKeepHelpLinesWithinOneScreenWidth() {
        assertThat(HelpText.renderWith("").lines()).allMatch(line -> line.length() <= 116);
    }
}
