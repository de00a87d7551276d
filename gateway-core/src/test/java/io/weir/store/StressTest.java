package io.weir.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import org.junit.jupiter.api.Test;

/** Conservation under fire. {@code -Dweir.stress.seconds=N} runs each case longer, {@code -Dweir.stress.seed=S} again. */
class StressTest {
    private static final int SECONDS = Integer.getInteger("weir.stress.seconds", 3);
    private static final long SEED = Long.getLong("weir.stress.seed", System.nanoTime());

    @Test
    void shouldLoseNothingWhenThreadsAreDelayedBetweenSteps() throws InterruptedException {
        assumeThat(Steps.ON).as("needs -Dweir.store.steps=true").isTrue();
        report("chaos", Stress.rounds(SEED, SECONDS * 1000L, 200, true));
    }

    @Test
    void shouldLoseNothingAtFullSpeed() throws InterruptedException {
        report("full speed", Stress.rounds(SEED + 1, SECONDS * 1000L, 200, false));
    }

    private static void report(String name, Stress.Tally tally) {
        System.out.println("store stress, " + name + ", seed " + SEED + ": " + tally);
        assertThat(tally.rounds).isPositive();
        assertThat(tally.acknowledged.get()).isPositive();
        assertThat(tally.snapshots).isPositive();
    }
}
