package io.weir.server.http;

import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * All answers of a server that are being sent, and what they keep from being freed. A peer that does not read keeps what it
 * was to be sent, which for a scrape is a snapshot of all series: a thousand of them would keep a thousand snapshots, and the
 * collector would copy them about. Where they come to more than a limit, the answers that have gone without progress for
 * longest are revoked: from a second on, and beyond four times the limit at once; never the one that has just begun. Any
 * thread; locked for some tens of nanoseconds per block of an answer.
 */
final class UnreadAnswers {
    /** Of each answer: what waits in its connection, here and in the kernel. */
    static final long ANSWER_BYTES = 128 << 10;

    /** Whoever is taking his answer has taken some of it within so long. */
    static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** From so many answers on, those that want the same are made together. */
    static final int CROWD = 32;

    /** Beyond this many times the limit nobody is spared. */
    private static final int UTMOST = 4;

    private final long bytesMax;
    private final LongSupplier nanoClock;
    /** Whoever has made no progress for longest is first. */
    private final Set<Held> answers = new LinkedHashSet<>();
    private final Map<Object, Shared> shared = new IdentityHashMap<>();
    private long bytes;
    /** Of what has been shared so far. */
    private long largest;
    private volatile boolean crowded;

    /** What several answers hold together counts once. */
    private static final class Shared {
        int answers;
        long bytes;
    }

    UnreadAnswers(long bytesMax, LongSupplier nanoClock) {
        this.bytesMax = bytesMax;
        this.nanoClock = nanoClock;
    }

    /** The same source, which counts from now until it is closed. */
    BodySource hold(BodySource source) {
        Held held = new Held(source);
        synchronized (this) {
            answers.add(held);
            crowded = answers.size() >= CROWD;
            bytes += ANSWER_BYTES;
            if (held.key != null) {
                shared.computeIfAbsent(held.key, key -> new Shared()).answers++;
            }
            grow(held);
        }
        return held;
    }

    /** Bytes held by all answers, estimated. */
    synchronized long bytes() {
        return bytes;
    }

    /** Whether many answers are being sent. */
    boolean isCrowded() {
        return crowded;
    }

    private void grow(Held held) {
        Shared sharing = held.key == null ? null : shared.get(held.key);
        long now = held.source.sharedBytes();
        if (sharing != null && now > sharing.bytes) {
            bytes += now - sharing.bytes;
            sharing.bytes = now;
            largest = Math.max(largest, now);
        }
        shed(held);
    }

    private void shed(Held but) {
        // two of the largest have room in any case
        long max = Math.max(bytesMax, 2 * (largest + ANSWER_BYTES));
        while (bytes > max) {
            Iterator<Held> longestIdle = answers.iterator();
            Held idle = longestIdle.next();
            if (idle == but) {
                if (!longestIdle.hasNext()) {
                    return;
                }
                idle = longestIdle.next();
            }
            if (bytes <= UTMOST * max && nanoClock.getAsLong() - idle.progressNanos < IDLE_NANOS) {
                return;
            }
            idle.revoked = true;
            leave(idle);
        }
    }

    private void leave(Held held) {
        if (!answers.remove(held)) {
            return;
        }
        crowded = answers.size() >= CROWD;
        bytes -= ANSWER_BYTES;
        Shared sharing = held.key == null ? null : shared.get(held.key);
        if (sharing != null && --sharing.answers == 0) {
            shared.remove(held.key);
            bytes -= sharing.bytes;
        }
    }

    private final class Held implements BodySource {
        private final BodySource source;
        private final Object key;
        private long progressNanos = nanoClock.getAsLong();
        private volatile boolean revoked;

        Held(BodySource source) {
            this.source = source;
            this.key = source.shares();
        }

        @Override
        public byte[] next() {
            byte[] block = source.next();
            synchronized (UnreadAnswers.this) {
                progressNanos = nanoClock.getAsLong();
                if (answers.remove(this)) {
                    answers.add(this);
                    grow(this);
                }
            }
            return block;
        }

        @Override
        public int blockLength() {
            return source.blockLength();
        }

        @Override
        public long length() {
            return source.length();
        }

        @Override
        public Object shares() {
            return key;
        }

        @Override
        public long sharedBytes() {
            return source.sharedBytes();
        }

        @Override
        public boolean isRevoked() {
            synchronized (UnreadAnswers.this) {
                shed(null); // a second may have passed
            }
            return revoked;
        }

        @Override
        public void close() {
            synchronized (UnreadAnswers.this) {
                leave(this);
            }
            source.close();
        }
    }
}
