package io.weir.server.http;

import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Shares an event loop between reading heads, which is cheap, and working on long bodies, which is not. In one round of the
 * loop bodies are worked on for {@link #TURN_NANOS}; whoever comes after that waits here, and the sockets are looked at
 * before work goes on. So every head is read within a round or two, however many bodies there are, and the wait of each
 * request is known: it is spent here and not in the kernel, which does not tell. Event loop only.
 *
 * <p>A body that has begun goes before one that has not, which keeps the number of bodies in progress low. Those that have
 * not begun are taken in the order of their heads; who would wait longer than {@code Limits.Http.waitSeconds} is turned
 * away: at the head if the pace of the last rounds says so, else when that time has passed.
 */
final class Turns {
    /** Of one round of the event loop; enough that what a round costs besides is small against it. */
    static final long TURN_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    /** As many may wait for as long as it takes: that is no overload, but a machine that has been busy with other things. */
    private static final int FEW = 32;

    private final EventExecutor loop;
    private final LongSupplier nanoClock;
    private final long waitNanosMax;
    private final Runnable endOfRound = this::endRound;
    private final Runnable serve = this::serve;
    private final ArrayDeque<HttpFront> begun = new ArrayDeque<>();
    private final ArrayDeque<HttpFront> fresh = new ArrayDeque<>();

    private boolean open;
    private boolean serving;
    private long beganNanos;
    /** How long it takes from the beginning of one waiting body to the next. */
    private long paceNanos;
    private long pacedNanos;
    private int paced;
    /** Of those in {@link #fresh}, connections that are still there. */
    private int waiting;

    Turns(EventExecutor loop, LongSupplier nanoClock, long waitNanosMax) {
        this.loop = loop;
        this.nanoClock = nanoClock;
        this.waitNanosMax = waitNanosMax;
    }

    /** Whether a long body may be worked on now; its connection has to wait otherwise. */
    boolean mayWork() {
        if (serving) {
            return hasTime();
        }
        if (!begun.isEmpty() || !fresh.isEmpty()) {
            return false;
        }
        if (!open) {
            open = true;
            beganNanos = nanoClock.getAsLong();
            loop.execute(endOfRound);
            return true;
        }
        return hasTime();
    }

    /** Whether a request that came now would have to wait too long. */
    boolean isTooLong() {
        return waiting >= FEW && waiting * paceNanos > waitNanosMax;
    }

    /** Calls {@link HttpFront#takeTurn} later, for a body of which something has been worked on. */
    void awaitNext(HttpFront front) {
        backlog();
        begun.addLast(front);
    }

    /** Calls {@link HttpFront#takeTurn} later, or {@link HttpFront#missTurn}. */
    void awaitFirst(HttpFront front) {
        backlog();
        front.waitsSince(nanoClock.getAsLong());
        fresh.addLast(front);
        waiting++;
    }

    /** A connection that awaits its first turn has gone; it is passed over. */
    void gone() {
        waiting--;
    }

    private void backlog() {
        if (!serving && begun.isEmpty() && fresh.isEmpty()) {
            paced = 0;
            pacedNanos = nanoClock.getAsLong();
        }
    }

    private boolean hasTime() {
        return nanoClock.getAsLong() - beganNanos < TURN_NANOS;
    }

    private void endRound() {
        if (begun.isEmpty() && fresh.isEmpty()) {
            open = false;
        } else {
            afterReading();
        }
    }

    /** What is due at once runs after the sockets have been looked at; what is handed in may run before. */
    private void afterReading() {
        loop.schedule(serve, 0, TimeUnit.NANOSECONDS);
    }

    private void serve() {
        serving = true;
        beganNanos = nanoClock.getAsLong();
        if (paced > 0) {
            long last = (beganNanos - pacedNanos) / paced;
            paceNanos = paceNanos == 0 ? last : paceNanos + (last - paceNanos) / 4;
            pacedNanos = beganNanos;
            paced = 0;
        }
        try {
            missed();
            do {
                HttpFront next = begun.pollFirst();
                if (next != null) {
                    next.takeTurn();
                } else if ((next = fresh.pollFirst()) != null) {
                    first(next);
                }
            } while (hasTime() && !(begun.isEmpty() && fresh.isEmpty()));
        } finally {
            serving = false;
            endRound();
        }
    }

    private void first(HttpFront front) {
        if (!front.isClosed()) {
            waiting--;
            paced++;
            front.takeTurn();
        }
    }

    private void missed() {
        while (waiting > FEW && beganNanos - fresh.peekFirst().waitsSince() > waitNanosMax) {
            HttpFront first = fresh.pollFirst();
            if (!first.isClosed()) {
                waiting--;
                first.missTurn();
            }
        }
    }
}
