package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** A process that ends at each point of an import: all of it is there, or none. */
class StagedStorageTest {
    private static final String BODY = "# TYPE c counter\nc 5\n";

    private final Gateway.Time time = new Gateway.Time();
    private final MemoryStorage files = new MemoryStorage();

    private String restarted(MemoryStorage on) {
        return new Gateway(on, JournalConfig.DEFAULTS, time).scrape();
    }

    @Test
    void shouldCountFromTheCheckpointOnAndNotBefore() throws Exception {
        Gateway before = new Gateway(files, JournalConfig.DEFAULTS, time);
        before.post(BODY);
        before.journal.close();
        StagedStorage staged = new StagedStorage(files);
        Gateway gateway = new Gateway(staged, JournalConfig.DEFAULTS, time);
        gateway.post(BODY);
        assertThat(gateway.scrape()).contains("c 10\n");

        MemoryStorage killed = files.copy();
        assertThat(killed.files.keySet()).anyMatch(name -> name.endsWith(".tmp"));
        assertThat(restarted(killed)).contains("c 5\n");
        assertThat(killed.files.keySet()).as("swept by the next start").noneMatch(name -> name.endsWith(".tmp"));

        gateway.checkpoint();
        assertThat(restarted(files.copy())).contains("c 10\n");
        staged.publish();
        assertThat(files.files.keySet()).noneMatch(name -> name.endsWith(".tmp"));
        assertThat(restarted(files.copy())).contains("c 10\n");

        // the segments stand behind the checkpoint
        MemoryStorage damaged = files.copy();
        List<String> checkpoints =
                damaged.files.keySet().stream().filter(name -> CheckpointHeader.number(name) >= 0).toList();
        assertThat(checkpoints).hasSize(1);
        damaged.files.get(checkpoints.get(0))[70] ^= 1;
        assertThat(restarted(damaged)).contains("c 10\n");
    }

    @Test
    void shouldLeaveEverythingAsItWasWhenItIsGivenUp() throws Exception {
        Gateway before = new Gateway(files, JournalConfig.DEFAULTS, time);
        before.post(BODY);
        before.journal.close();
        MemoryStorage copy = files.copy();
        try (StagedStorage staged = new StagedStorage(files)) {
            Gateway gateway = new Gateway(staged, JournalConfig.DEFAULTS, time);
            gateway.post(BODY);
            gateway.journal.close();
        }
        assertThat(files.files).containsExactlyInAnyOrderEntriesOf(copy.files);
    }
}
