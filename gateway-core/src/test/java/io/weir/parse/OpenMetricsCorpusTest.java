package io.weir.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The verdicts of prometheus/OpenMetrics' {@code tests/testdata/parsers}, where that corpus is at hand. */
class OpenMetricsCorpusTest {
    @Test
    void shouldAgreeWithEveryVerdictHoweverTheBodyIsCut() throws IOException {
        Path corpus = corpus();
        assumeTrue(corpus != null, "SKIPPED: no corpus at ../shared/corpora/openmetrics");
        List<String> wrong = new ArrayList<>();
        int cases = 0;
        Random random = new Random(1);
        try (Stream<Path> folders = Files.list(corpus)) {
            for (Path folder : folders.sorted().toList()) {
                byte[] body = Files.readAllBytes(folder.resolve("metrics"));
                String verdict = Files.readString(folder.resolve("test.json")).replaceAll("\\s", "");
                boolean good = verdict.contains("\"shouldParse\":true");
                ParserFeed feed = new ParserFeed(
                        () -> new OpenMetricsParser(Limits.DEFAULTS, new KeyHash(1, 2, 3, 4), TextParser.Timestamps.IGNORE));
                ParserFeed.Verdict whole = feed.whole(body);
                cases++;
                if ((whole.failure() == null) != good) {
                    wrong.add(folder.getFileName() + ": " + (good ? whole.failure().describe() : "accepted"));
                }
                assertThat(feed.byteByByte(body)).isEqualTo(whole);
                assertThat(feed.feed(body, random.nextInt(body.length + 1), body.length)).isEqualTo(whole);
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(cases).isGreaterThan(100);
    }

    private static Path corpus() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path corpus = at.resolve("../shared/corpora/openmetrics").normalize();
            if (Files.isDirectory(corpus)) {
                return corpus;
            }
        }
        return null;
    }
}
