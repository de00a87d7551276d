package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.MetricType;
import io.weir.sample.Mode;
import io.weir.snapshot.CellValue;
import io.weir.store.EndListener;
import io.weir.store.Family;
import org.junit.jupiter.api.Test;

/** Where a checkpoint may end while series end and pushes are on their way. One thread plays all. */
class CutTest {
    private final Gateway.Time time = new Gateway.Time();
    private final MemoryStorage storage = new MemoryStorage();
    private final Gateway gateway = new Gateway(storage, JournalConfig.DEFAULTS, time);

    private String restarted() {
        return new Gateway(storage.copy(), JournalConfig.DEFAULTS, time).scrape();
    }

    /** Runs something after a series has given its final value and before the frame that says so has its number. */
    private void whileEnding(Runnable what) {
        KillJournal kills = gateway.journal.kills();
        gateway.keeper.endListener(new EndListener() {
            @Override
            public boolean begin() {
                return kills.begin();
            }

            @Override
            public boolean ended(
                    Family family, MetricType type, byte[] text, int offset, int length, double value, CellValue cell) {
                boolean more = kills.ended(family, type, text, offset, length, value, cell);
                what.run();
                return more;
            }

            @Override
            public boolean commit() {
                return kills.commit();
            }
        });
    }

    @Test
    void shouldNotEndACheckpointInsideTheDoubtOfAnEnd() {
        gateway.post("# TYPE c counter\nc 5\n");
        whileEnding(() -> {
            // begins the series anew, below the number of its end
            gateway.post("# TYPE c counter\nc 3\n");
            // pending, so that all below is all that a checkpoint could hold
            gateway.submit(1, Mode.ADD, "# TYPE d counter\nd 1\n", null, Gateway.CLOSE);
        });
        assertThat(gateway.delete("c")).isEqualTo(1);
        assertThat(gateway.scrape()).contains("c 3\n");

        gateway.checkpoint();
        assertThat(gateway.journal.checkpointsTaken()).isEqualTo(1);
        gateway.loops[1].flush();
        String live = gateway.scrape();
        assertThat(live).contains("c 3\n").contains("d 1\n");
        assertThat(restarted()).as("from a checkpoint that ends below the end").isEqualTo(live);

        gateway.checkpoint();
        assertThat(gateway.journal.checkpointsTaken()).isEqualTo(2);
        assertThat(restarted()).as("from a checkpoint behind it").isEqualTo(live);
    }

    @Test
    void shouldHoldCheckpointsBackWhileAnEndIsBeingWritten() {
        gateway.post("# TYPE c counter\nc 5\n");
        whileEnding(() -> {
            gateway.post("# TYPE c counter\nc 3\n");
            gateway.checkpoint();
        });
        assertThat(gateway.delete("c")).isEqualTo(1);
        assertThat(gateway.journal.checkpointsTaken()).isEqualTo(1);
        assertThat(gateway.scrape()).contains("c 3\n");
        assertThat(restarted()).isEqualTo(gateway.scrape());
    }

    @Test
    void shouldKeepEveryDoubtHoweverManyThereAre() {
        // a push that stays pending holds the checkpoint at one place while ends pile up behind and before it
        for (int i = 0; i < 1200; i++) {
            int n = i;
            gateway.post("# TYPE c" + n % 3 + " counter\nc" + n % 3 + " 5\n");
            whileEnding(() -> {
                gateway.post("# TYPE c" + n % 3 + " counter\nc" + n % 3 + " 3\n");
                if (n == 600) {
                    gateway.submit(1, Mode.ADD, "# TYPE d counter\nd 1\n", null, Gateway.CLOSE);
                }
            });
            gateway.delete("c" + n % 3);
        }
        gateway.checkpoint();
        gateway.loops[1].flush();
        String live = gateway.scrape();
        assertThat(live).contains("c0 3\n").contains("c1 3\n").contains("c2 3\n");
        assertThat(restarted()).isEqualTo(live);
        gateway.checkpoint();
        assertThat(restarted()).isEqualTo(live);
    }
}
