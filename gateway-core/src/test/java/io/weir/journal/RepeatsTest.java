package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** Points of one body that set the same series again and again: the journal holds the last of them, the store as well. */
class RepeatsTest {
    private final Gateway.Time time = new Gateway.Time();

    private Gateway start(MemoryStorage storage) {
        return new Gateway(storage, JournalConfig.DEFAULTS, time);
    }

    @RepeatedTest(20)
    void shouldLeaveWhatOneBodyForEachLineWouldLeave() {
        Random random = new Random();
        MemoryStorage storage = new MemoryStorage();
        Gateway together = start(storage);
        Gateway apart = start(new MemoryStorage());
        for (int body = 0; body < 6; body++) {
            List<String> lines = new ArrayList<>();
            int hosts = 1 + random.nextInt(60);
            int count = 1 + random.nextInt(300);
            for (int i = 0; i < count; i++) {
                lines.add("m,host=h" + random.nextInt(hosts) + " v=" + (random.nextInt(2000) - 1000) / 4.0 + ",w="
                        + random.nextInt(100) + "i " + (1000 + random.nextInt(50)));
            }
            together.points(body % 2, String.join("\n", lines));
            for (String line : lines) {
                apart.points(0, line);
            }
            // newcomers of one body have an order of their own
            assertThat(together.scrape().lines()).containsExactlyInAnyOrderElementsOf(apart.scrape().lines().toList());
        }
        String left = together.scrape();
        assertThat(start(storage.copy()).scrape()).isEqualTo(left);
        together.checkpoint();
        assertThat(start(storage.copy()).scrape()).isEqualTo(left);
    }

    @Test
    void shouldWriteASeriesOnceForManyReadingsInOneBody() {
        Gateway gateway = start(new MemoryStorage());
        gateway.points(0, "m,a=b value=0.5 1");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 1000; i++) {
            lines.append("m,a=b value=").append(i).append(".5 ").append(2 + i).append('\n');
        }
        long before = gateway.journal.bytesWritten();
        gateway.points(0, lines.toString());
        assertThat(gateway.journal.bytesWritten() - before).isBetween(20L, 100L);
        assertThat(gateway.scrape()).contains("{a=\"b\"} 999.5\n");
    }
}
