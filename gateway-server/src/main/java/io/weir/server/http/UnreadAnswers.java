package io.weir.server.http;

import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * All answers of a server that are being sent, and what they keep from being freed. A peer that does not read keeps what it
 * was to be sent, which for a scrape is a snapshot of all series: a thousand of them would keep a thousand snapshots. Where
 * they come to more than a limit, the answers that have gone without progress for longest are revoked, never one that has
 * just begun. Any thread; held for some tens of nanoseconds per block of an answer.
 */
final class UnreadAnswers {
    /** Of each answer: what waits in its connection, here and in the kernel. */
    static final long ANSWER_BYTES = 128 << 10;

    private final long bytesMax;
    private final LongSupplier nanoClock;
    private final Set<Held> answers = new LinkedHashSet<>();
    private final Map<Object, Shared> shared = new IdentityHashMap<>();
    private long bytes;

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

    private void grow(Held held) {
        Shared sharing = held.key == null ? null : shared.get(held.key);
        long now = held.source.sharedBytes();
        if (sharing != null && now > sharing.bytes) {
            bytes += now - sharing.bytes;
            sharing.bytes = now;
        }
        while (bytes > bytesMax) {
            Held idle = longestIdle(held);
            if (idle == null) {
                return;
            }
            idle.revoked = true;
            leave(idle);
        }
    }

    private Held longestIdle(Held but) {
        Held longest = null;
        for (Held answer : answers) {
            if (answer != but && (longest == null || answer.progressNanos - longest.progressNanos < 0)) {
                longest = answer;
            }
        }
        return longest;
    }

    private void leave(Held held) {
        if (!answers.remove(held)) {
            return;
        }
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
                if (!revoked) {
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
