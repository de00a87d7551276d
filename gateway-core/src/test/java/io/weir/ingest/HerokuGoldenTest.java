package io.weir.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.weir.sample.Code;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies as Logplex sends them and what a scrape shows then: whole, byte by byte, and cut at every byte. */
class HerokuGoldenTest {
    @ParameterizedTest
    @ValueSource(strings = {"router", "postgres", "redis", "dyno", "ingest", "platform"})
    void shouldShowWhatTheSourceShowsAndMore(String name) throws IOException {
        byte[] in = resource(name + ".in");
        DrainRig rig = new DrainRig();
        rig.drain("crates-io", in);
        String shown = rig.scrape();
        assertThat(shown).isEqualTo(new String(resource(name + ".out"), UTF_8));
        for (Code code : Code.values()) {
            assertThat(rig.messages.refused(code)).as(code.name()).isZero();
        }

        for (int piece : new int[] {1, 2, 7, 64, 300}) {
            DrainRig pieces = new DrainRig();
            pieces.drain("crates-io", in, piece);
            assertThat(pieces.scrape()).as("pieces of " + piece).isEqualTo(shown);
        }
        for (int cut = 1; cut < in.length; cut++) {
            DrainRig two = new DrainRig();
            two.drain("crates-io", in, new int[] {cut, in.length});
            assertThat(two.scrape()).as("cut at " + cut).isEqualTo(shown);
            assertThat(two.parser.lines()).isEqualTo(rig.parser.lines());
        }
    }

    /** The dashboard shows nothing that does not exist. */
    @Test
    void shouldHaveEveryMetricOfTheDashboard() throws IOException {
        Set<String> there = new TreeSet<>();
        for (String name : new String[] {"router", "postgres", "redis", "dyno", "platform"}) {
            Matcher family = Pattern.compile("# TYPE (\\S+)").matcher(new String(resource(name + ".out"), UTF_8));
            while (family.find()) {
                there.add(family.group(1));
            }
        }
        Path dashboard = Path.of("").toAbsolutePath().getParent().resolve("contrib/heroku-dashboard.json");
        Matcher named = Pattern.compile("heroku_(?:router|postgres|redis|dyno|platform|logplex)_[a-z0-9_]+")
                .matcher(Files.readString(dashboard));
        Set<String> shown = new TreeSet<>();
        while (named.find()) {
            shown.add(named.group().replaceFirst("_seconds_(bucket|sum|count)$", "_seconds"));
        }
        assertThat(shown).hasSizeGreaterThan(15);
        assertThat(there).containsAll(shown);
        try (JsonParser json = new JsonFactory().createParser(Files.readString(dashboard))) {
            assertThat(json.nextToken()).isEqualTo(JsonToken.START_OBJECT);
            json.skipChildren();
            assertThat(json.nextToken()).isNull();
        }
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = HerokuGoldenTest.class.getResourceAsStream("/heroku/" + name)) {
            return in.readAllBytes();
        }
    }
}
