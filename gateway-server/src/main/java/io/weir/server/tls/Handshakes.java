package io.weir.server.tls;

import io.netty.util.concurrent.EventExecutor;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Which TLS handshakes may begin. Each costs an event loop about a millisecond of signing and tens of kilobytes, so that
 * clients that only ever begin one could keep it from all else. A few begin in one round of a loop, a number in all are
 * in progress; whoever comes beyond that waits, in the order of arrival and with nothing made for it, and is closed when
 * that takes too long. Any thread; each {@link Queue} belongs to its event loop.
 */
public final class Handshakes {
    /** What comes in between waits for as long as these take. */
    private static final int BEGUN_PER_ROUND = 2;

    /** When all places are taken, the time until somebody looks again. */
    private static final long LOOK_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final int max;
    private final long waitNanosMax;
    private final Runnable onRejected;
    private final AtomicInteger inProgress = new AtomicInteger();
    private final Map<EventExecutor, Queue> queues = new IdentityHashMap<>();

    /**
     * For the connections of some event loops.
     *
     * @param max in progress at once, of all loops
     * @param waitNanosMax from the first bytes of a handshake until it begins
     * @param onRejected called for each that has waited for too long, by its event loop
     */
    public Handshakes(Iterable<EventExecutor> loops, int max, long waitNanosMax, Runnable onRejected) {
        this.max = max;
        this.waitNanosMax = waitNanosMax;
        this.onRejected = onRejected;
        for (EventExecutor loop : loops) {
            queues.put(loop, new Queue(loop));
        }
    }

    /** Those of one event loop. */
    Queue on(EventExecutor loop) {
        return queues.get(loop);
    }

    /** Begun and not ended. */
    public int inProgress() {
        return inProgress.get();
    }

    /** One has ended, either way. */
    void leave() {
        inProgress.decrementAndGet();
    }

    private boolean enter() {
        if (inProgress.incrementAndGet() > max) {
            inProgress.decrementAndGet();
            return false;
        }
        return true;
    }

    /** Who waits on one event loop. That event loop only. */
    final class Queue {
        private final EventExecutor loop;
        private final LinkedHashSet<TlsGate> waiting = new LinkedHashSet<>();
        private int begun;
        private boolean planned;

        private Queue(EventExecutor loop) {
            this.loop = loop;
        }

        /** Whether one may begin now, which then has to {@link Handshakes#leave}; it has to {@link #await} otherwise. */
        boolean mayBegin() {
            plan(0);
            if (!waiting.isEmpty() || begun == BEGUN_PER_ROUND || !enter()) {
                return false;
            }
            begun++;
            return true;
        }

        /** Has {@link TlsGate#begin} called in its turn, or {@link TlsGate#reject}. */
        void await(TlsGate gate) {
            waiting.add(gate);
        }

        void forget(TlsGate gate) {
            waiting.remove(gate);
        }

        /** In a later round, which is after the sockets have been looked at. */
        private void plan(long nanos) {
            if (!planned) {
                planned = true;
                loop.schedule(this::endRound, nanos, TimeUnit.NANOSECONDS);
            }
        }

        private void endRound() {
            planned = false;
            begun = 0;
            long now = System.nanoTime();
            boolean full = false;
            while (!waiting.isEmpty() && begun < BEGUN_PER_ROUND && !full) {
                Iterator<TlsGate> oldest = waiting.iterator();
                TlsGate gate = oldest.next();
                if (now - gate.waitsSince() > waitNanosMax) {
                    oldest.remove();
                    onRejected.run();
                    gate.reject();
                } else if (enter()) {
                    oldest.remove();
                    begun++;
                    gate.begin();
                } else {
                    full = true;
                }
            }
            if (!waiting.isEmpty()) {
                plan(full ? LOOK_AGAIN_NANOS : 0);
            }
        }
    }
}
