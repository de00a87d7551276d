package io.weir.journal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Mode;
import io.weir.store.Selectors;
import io.weir.store.StoreCommands.Swept;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Deletion by conditions survives the end of the process, and takes nothing that came after it. */
class SweepJournalTest {
    private final MemoryStorage storage = new MemoryStorage();
    private final Gateway.Time time = new Gateway.Time();

    private Gateway start(MemoryStorage on) {
        return new Gateway(on, JournalConfig.DEFAULTS, time);
    }

    private static void sweep(Gateway gateway, String label) {
        AtomicReference<Swept> answer = new AtomicReference<>();
        Selectors having = new Selectors(List.of(List.of(
                new Selectors.Condition(label.getBytes(UTF_8), (bytes, offset, length) -> length > 0))));
        assertThat(gateway.keeper.commands().sweep(having, false, answer::set)).isTrue();
        while (answer.get() == null) {
            gateway.keeper.doWork();
        }
        assertThat(answer.get().state()).isEqualTo(Swept.State.DONE);
    }

    @Test
    void shouldBeFoundAfterAKill() {
        Gateway gateway = start(storage);
        gateway.push(0, Mode.ADD, "# TYPE a counter\na{x=\"1\"} 3\na{y=\"1\"} 4\n");
        gateway.group(1, Mode.SET, Replace.ALL, "job=\"j\"", "g{x=\"2\"} 5\n", 1);
        sweep(gateway, "x");
        gateway.push(0, Mode.ADD, "# TYPE a counter\na{x=\"1\"} 7\n");
        String there = gateway.scrape();
        assertThat(there).contains("a{x=\"1\"} 7\n", "a{y=\"1\"} 4\n", "push_time_seconds").doesNotContain("g{");
        // nothing is closed: the process is killed
        assertThat(start(storage.copy()).scrape()).isEqualTo(there);
    }
}
