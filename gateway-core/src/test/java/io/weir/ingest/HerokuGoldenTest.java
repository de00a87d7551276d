package io.weir.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Code;
import java.io.IOException;
import java.io.InputStream;
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

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = HerokuGoldenTest.class.getResourceAsStream("/heroku/" + name)) {
            return in.readAllBytes();
        }
    }
}
