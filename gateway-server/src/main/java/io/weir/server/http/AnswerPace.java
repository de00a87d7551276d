package io.weir.server.http;

import io.weir.sample.Limits;
import java.util.concurrent.TimeUnit;

/**
 * Whether the peer of one connection takes its answers: something every {@code Limits.Http.stallSeconds}, and over that
 * time {@code Limits.Http.answerRateBytes} a second. To be looked at a few times a second. Event loop only.
 *
 * <p>The rate is taken over the two last halves of that time, so whoever slows down is found out within one and a half
 * of it, wherever in a half that falls. It is known once an answer has waited for the whole time. What the kernel has taken
 * counts as taken: with epoll that is in steps of 64 KiB, which is why a rate far below that over the time says no more
 * than that something was taken.
 */
final class AnswerPace {
    private static final long UNKNOWN = -1;

    private final long stallNanos;
    private final long windowBytes;

    private boolean waits;
    private long takenSeen;
    private long takenNanos;
    private long halfNanos;
    private long takenAtHalf;
    private long halfBefore;

    AnswerPace(Limits.Http limits) {
        this.stallNanos = TimeUnit.SECONDS.toNanos(limits.stallSeconds());
        this.windowBytes = limits.answerWindowBytes();
    }

    /** Whether something was left to be taken when this was last looked at. */
    boolean waits() {
        return waits;
    }

    /**
     * Looks again.
     *
     * @param sent bytes handed to the connection since it was opened
     * @param pending of those, bytes that wait for the peer
     * @return why the connection should be cut, or null
     */
    Cut look(long now, long sent, long pending) {
        long taken = sent - pending;
        if (pending == 0 || !waits) {
            waits = pending > 0;
            takenSeen = taken;
            takenNanos = now;
            halfNanos = now;
            takenAtHalf = taken;
            halfBefore = UNKNOWN;
            return null;
        }
        if (taken != takenSeen) {
            takenSeen = taken;
            takenNanos = now;
        } else if (now - takenNanos >= stallNanos) {
            return Cut.STALLED;
        }
        if (now - halfNanos >= stallNanos / 2) {
            long half = taken - takenAtHalf;
            if (halfBefore != UNKNOWN && halfBefore + half < windowBytes) {
                return Cut.SLOW;
            }
            halfBefore = Math.max(0, half);
            takenAtHalf = taken;
            halfNanos = now;
        }
        return null;
    }
}
