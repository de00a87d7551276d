package io.weir.server.auth;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RateLimitTest {
    private final AtomicLong clock = new AtomicLong(-3);

    @Test
    void shouldLetABurstThroughAndThenOneInEachInterval() {
        RateLimit limit = new RateLimit(1_000, 3, clock::get);
        assertThat(allowed(limit, 10)).isEqualTo(3);
        clock.addAndGet(999);
        assertThat(allowed(limit, 10)).isZero();
        clock.addAndGet(1);
        assertThat(allowed(limit, 10)).isEqualTo(1);
        clock.addAndGet(1_000_000);
        assertThat(allowed(limit, 10)).isEqualTo(3);
    }

    @Test
    void shouldLetNothingThroughWithoutABurstAndTakeHugeOnes() {
        assertThat(allowed(new RateLimit(1_000, 0, clock::get), 10)).isZero();
        assertThat(allowed(new RateLimit(Long.MAX_VALUE / 4, Integer.MAX_VALUE, clock::get), 2)).isEqualTo(2);
    }

    private static int allowed(RateLimit limit, int tries) {
        int allowed = 0;
        for (int i = 0; i < tries; i++) {
            allowed += limit.allow() ? 1 : 0;
        }
        return allowed;
    }
}
