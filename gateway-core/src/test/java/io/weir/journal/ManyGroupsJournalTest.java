package io.weir.journal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.ingest.Batch;
import io.weir.ingest.GroupSplitter;
import io.weir.ingest.Ingest;
import io.weir.parse.Parser;
import io.weir.parse.TextParser;
import io.weir.sample.Code;
import io.weir.sample.Mode;
import org.junit.jupiter.api.Test;

/** Many groups from one body: all or none, and there again after a kill. */
class ManyGroupsJournalTest {
    private static final byte[][] BY = {"job".getBytes(UTF_8)};

    private MemoryStorage storage = new MemoryStorage();
    private final Gateway.Time time = new Gateway.Time();
    private Gateway gateway = start();

    private Gateway start() {
        storage = storage.copy();
        return new Gateway(storage, JournalConfig.DEFAULTS, time);
    }

    /** Submits to event loop 0 without the end of its turn. */
    private Code submit(Mode mode, Replace replace, String body) {
        Ingest ingest = gateway.loops[0];
        GroupSplitter splitter = new GroupSplitter(ingest);
        splitter.open(BY, mode, replace);
        TextParser parser = new TextParser(gateway.limits, gateway.hash.copy(), TextParser.Timestamps.IGNORE);
        parser.reset(splitter);
        byte[] bytes = body.getBytes(UTF_8);
        ingest.enter();
        assertThat(parser.finish(bytes, 0, bytes.length)).isEqualTo(Parser.Result.COMPLETE);
        for (Batch batch : splitter.batches()) {
            assertThat(batch.pushed(5, 0)).isEqualTo(Code.OK);
        }
        ingest.exit();
        int[] left = {splitter.batches().size()};
        Code code = ingest.submitAll(splitter.batches(), (batch, outcome, ticket) -> {
            if (--left[0] == 0) {
                splitter.close();
            }
        });
        if (code != Code.OK) {
            splitter.close();
        }
        return code;
    }

    @Test
    void shouldBeThereAgainAfterAKillAndBehindACheckpoint() {
        assertThat(submit(Mode.SET, Replace.ALL, "m{job=\"a\"} 1\nm{job=\"b\"} 2\nn{job=\"a\"} 3\n")).isEqualTo(Code.OK);
        gateway.loops[0].flush();
        assertThat(submit(Mode.SET, Replace.ALL, "m{job=\"a\"} 4\no{job=\"c\"} 5\n")).isEqualTo(Code.OK);
        gateway.loops[0].flush();
        String there = gateway.scrape();
        assertThat(there).contains("m{instance=\"\",job=\"a\"} 4\n", "m{instance=\"\",job=\"b\"} 2\n", "o{").doesNotContain("n{");
        gateway = start();
        assertThat(gateway.scrape()).isEqualTo(there);
        gateway.checkpoint();
        gateway = start();
        assertThat(gateway.scrape()).isEqualTo(there);
        assertThat(gateway.table.groups().size()).isEqualTo(3);
    }

    @Test
    void shouldLeaveNothingOfARefusedOneAndAllOfWhatTheTurnHadBefore() {
        gateway.submit(0, Mode.ADD, "plain 1\n", null, Gateway.CLOSE);
        gateway.group(1, Mode.SET, Replace.ALL, "job=\"z\",x=\"1\"", "m{} 1\n", 5);
        int live = gateway.table.live();
        // of three groups the last is refused, when the others have been prepared
        assertThat(submit(Mode.SET, Replace.ALL, "new{job=\"a\"} 1\nnew{job=\"b\"} 2\nm{job=\"z\"} 3\nm{job=\"z\"} 4\n"))
                .isEqualTo(Code.SERIES_TWICE);
        assertThat(gateway.loops[0].refusal()).isEqualTo("of m, group {job=\"z\"}");
        gateway.loops[0].flush();
        String there = gateway.scrape();
        assertThat(there).contains("plain 1\n", "m{instance=\"\",job=\"z\",x=\"1\"} 1\n").doesNotContain("new");
        assertThat(gateway.table.live()).as("reservations given back").isEqualTo(live);
        gateway = start();
        assertThat(gateway.scrape()).isEqualTo(there);
    }

    @Test
    void shouldNotBeSeenBeforeItsTurnEnds() {
        submit(Mode.ADD, Replace.NOTHING, "m{job=\"a\"} 1\nm{job=\"b\"} 2\n");
        assertThat(gateway.scrape()).isEmpty();
        gateway.loops[0].flush();
        assertThat(gateway.scrape()).contains("job=\"a\"} 1\n", "job=\"b\"} 2\n");
    }
}
