package io.weir.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.FamilyPolicy;
import io.weir.sample.MetricType;
import io.weir.snapshot.Snapshot;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The keeper on a thread of its own. */
class KeeperTest {
    private final SeriesTable table = new SeriesTable(
            TableConfig.of(1000, 10), SystemNanoClock.INSTANCE, name -> FamilyPolicy.DEFAULT);
    private final Keeper keeper = new Keeper(table, System::currentTimeMillis);
    private final AgentRunner runner = new AgentRunner(
            keeper.idleStrategy(),
            e -> {
                throw new AssertionError(e);
            },
            null,
            keeper);

    @BeforeEach
    void start() {
        AgentRunner.startOnThread(runner);
    }

    @AfterEach
    void stop() {
        runner.close();
    }

    @Test
    void shouldWakeForACommandInsteadOfSleepingOn() throws InterruptedException {
        BlockingQueue<Snapshot> answers = new ArrayBlockingQueue<>(1);
        int requests = 500;
        long begin = System.nanoTime();
        for (int i = 0; i < requests; i++) {
            assertThat(keeper.commands().snapshot(answers::add)).isTrue();
            assertThat(answers.poll(10, TimeUnit.SECONDS)).isNotNull();
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begin))
                .as("not a sleep for each")
                .isLessThan(Duration.ofNanos(requests * Keeper.PARK_NANOS / 4));
    }

    @Test
    void shouldShowWhatWasAcknowledgedBeforeTheRequest() throws InterruptedException {
        TableWriter writer = table.newWriter();
        BlockingQueue<Snapshot> answers = new ArrayBlockingQueue<>(1);
        byte[] name = "c".getBytes(StandardCharsets.US_ASCII);
        Family family = table.families().claim(name, 0, 1);
        for (int i = 0; i < 1000; i++) {
            writer.enter();
            writer.reserve(family, MetricType.COUNTER);
            byte[] labels = ("i=\"" + i + "\"").getBytes(StandardCharsets.US_ASCII);
            long ref = writer.findOrCreate(i, i, family, MetricType.COUNTER, labels, 0, labels.length);
            assertThat(writer.revive(ref, i)).isEqualTo(TableWriter.APPLIED);
            writer.committed();
            writer.exit();

            keeper.commands().snapshot(answers::add);
            Snapshot snapshot = answers.poll(10, TimeUnit.SECONDS);
            assertThat(snapshot.series()).isEqualTo(i + 1);
            assertThat(snapshot.families().get(0).value(i)).isEqualTo(i);
        }
        keeper.commands().delete(Selector.all(), n -> keeper.commands().snapshot(answers::add));
        assertThat(answers.poll(10, TimeUnit.SECONDS).series()).isZero();
    }
}
