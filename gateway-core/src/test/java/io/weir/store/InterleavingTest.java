package io.weir.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import org.junit.jupiter.api.Test;

class InterleavingTest {
    private static final long SEED = Long.getLong("weir.stress.seed", System.nanoTime());

    @Test
    void shouldHoldWhenOperationsAreStoppedAtAnyStepForOthers() {
        assumeThat(Steps.ON).as("needs -Dweir.store.steps=true").isTrue();
        int runs = Interleaving.explore(2_000, SEED);
        System.out.println("store interleavings, seed " + SEED + ": " + runs);
        assertThat(runs).isPositive();
    }
}
