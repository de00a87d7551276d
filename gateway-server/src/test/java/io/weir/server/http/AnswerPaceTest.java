package io.weir.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Limits;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** At 16 KiB/s over 10 s, looked at four times a second as the sweep does. */
class AnswerPaceTest {
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final long KIB = 1 << 10;

    private final AnswerPace pace = new AnswerPace(Limits.Http.DEFAULTS);
    private long now;
    private long sent;
    private long taken;

    /** Looks until the connection would be cut, or so many seconds; the peer takes so much at each look. */
    private Cut watch(int seconds, long bytesPerLook) {
        for (int i = 0; i < seconds * 4; i++) {
            now += LOOK_NANOS;
            taken = Math.min(sent, taken + bytesPerLook);
            Cut cut = pace.look(now, sent, sent - taken);
            if (cut != null) {
                return cut;
            }
        }
        return null;
    }

    private double seconds() {
        return now / 1e9;
    }

    @Test
    void shouldCutAPeerThatTakesNothing() {
        sent = 64 * KIB;
        assertThat(watch(60, 0)).isEqualTo(Cut.STALLED);
        assertThat(seconds()).isBetween(10.0, 11.0);
    }

    @Test
    void shouldCutAPeerThatTakesATrickleFromTheBeginning() {
        sent = 1 << 30;
        assertThat(watch(60, 3 * KIB)).isEqualTo(Cut.SLOW);
        assertThat(seconds()).isBetween(10.0, 11.0);
    }

    @Test
    void shouldCutWithin15SecondsAPeerThatSlowsDownAtAnyTime() {
        for (int fast = 1; fast < 40; fast++) {
            ShortLife life = new ShortLife();
            life.run(fast);
        }
    }

    /** Another connection for each time. */
    private static final class ShortLife {
        private final AnswerPaceTest test = new AnswerPaceTest();

        void run(int fastLooks) {
            test.sent = 1 << 30;
            for (int i = 0; i < fastLooks; i++) {
                test.now += LOOK_NANOS;
                test.taken += 64 * KIB;
                assertThat(test.pace.look(test.now, test.sent, test.sent - test.taken)).isNull();
            }
            long from = test.now;
            assertThat(test.watch(60, KIB)).isEqualTo(Cut.SLOW);
            assertThat((test.now - from) / 1e9).as("after %d fast looks", fastLooks).isLessThanOrEqualTo(15.5);
        }
    }

    @Test
    void shouldLetAPeerGoOnThatIsJustFastEnough() {
        sent = 1 << 30;
        assertThat(watch(600, 4 * KIB)).isNull();
    }

    @Test
    void shouldNotMindAPeerThatHasTakenAllThereWas() {
        for (int i = 0; i < 100; i++) {
            sent += KIB;
            assertThat(watch(3, 512)).isNull();
            assertThat(pace.waits()).isFalse();
        }
    }

    @Test
    void shouldBearAPauseShorterThanTheStall() {
        sent = 1 << 30;
        assertThat(watch(3, 64 * KIB)).isNull();
        assertThat(watch(9, 0)).isNull();
        assertThat(watch(10, 64 * KIB)).isNull();
    }
}
