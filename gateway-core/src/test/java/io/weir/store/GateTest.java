package io.weir.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.ingest.AggregationRules;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The gate between batches of groups and the keeper. */
class GateTest {
    private final SeriesTable table =
            new SeriesTable(TableConfig.of(100, 10), System::nanoTime, AggregationRules.DEFAULTS::policy);

    @Test
    void shouldKeepWritersOutWhileItIsClosed() {
        TableWriter writer = table.newWriter();
        assertThat(writer.tryEnterGate()).isTrue();
        writer.exitGate();
        table.closeGate();
        assertThat(writer.tryEnterGate()).isFalse();
        assertThat(writer.isInGate()).isFalse();
        table.openGate();
        assertThat(writer.tryEnterGate()).isTrue();
    }

    @Test
    @Timeout(30)
    void shouldCloseOnlyWhenNobodyIsInside() throws Exception {
        TableWriter writer = table.newWriter();
        AtomicBoolean inside = new AtomicBoolean(true);
        AtomicBoolean seen = new AtomicBoolean();
        assertThat(writer.tryEnterGate()).isTrue();
        CountDownLatch started = new CountDownLatch(1);
        Thread keeper = new Thread(() -> {
            started.countDown();
            table.closeGate();
            seen.set(inside.get());
        });
        keeper.start();
        started.await();
        while (!table.isGateClosed()) {
            Thread.onSpinWait();
        }
        inside.set(false);
        writer.exitGate();
        keeper.join();
        assertThat(seen).isFalse();
    }
}
