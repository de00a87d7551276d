package io.weir.journal;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.agrona.concurrent.EpochClock;

/**
 * The idempotency keys in use: each is in flight or has its answer. Any thread. Bounded by count and age; the oldest
 * answers go first. What is in flight stays until {@link #done} or {@link #abandon}, one of which must follow.
 */
public final class IdempotencyIndex {
    private static final int SHARDS = 16;
    private static final int EXPIRED_PER_CLAIM = 4;

    /** What a key stands for. */
    public enum State {
        /** It is the caller's now, who must end it. */
        CLAIMED,
        /** Its first request has no answer yet. */
        IN_FLIGHT,
        /** Its first request has had this answer. */
        DONE,
        /** It belongs to a request with another body. */
        OTHER_BODY
    }

    /**
     * The state of a key, with the answer if there is one.
     *
     * @param answer null unless DONE
     */
    public record Claim(State state, KeyedAnswer answer) {}

    private static final Claim CLAIMED = new Claim(State.CLAIMED, null);
    private static final Claim IN_FLIGHT = new Claim(State.IN_FLIGHT, null);
    private static final Claim OTHER_BODY = new Claim(State.OTHER_BODY, null);

    private static final class Slot {
        final long hash0;
        final long hash1;
        long millis;
        KeyedAnswer answer;

        Slot(long hash0, long hash1, long millis) {
            this.hash0 = hash0;
            this.hash1 = hash1;
            this.millis = millis;
        }
    }

    private final int perShardMax;
    private final long keyMillis;
    private final EpochClock clock;
    private final Shard[] shards = new Shard[SHARDS];

    private static final class Shard {
        final Map<String, Slot> slots = new LinkedHashMap<>();
    }

    /**
     * An empty index.
     *
     * @param keysMax keys in total, shared out over shards
     * @param clock of the times keys are remembered from
     */
    public IdempotencyIndex(int keysMax, long keyMillis, EpochClock clock) {
        this.perShardMax = Math.max(1, (keysMax + SHARDS - 1) / SHARDS);
        this.keyMillis = keyMillis;
        this.clock = clock;
        for (int i = 0; i < SHARDS; i++) {
            shards[i] = new Shard();
        }
    }

    /** Takes the key for a request with this body, or says who has it. */
    public Claim claim(String key, long bodyHash0, long bodyHash1) {
        long now = clock.time();
        Shard shard = shard(key);
        synchronized (shard) {
            Slot slot = shard.slots.get(key);
            if (slot != null && slot.answer != null && now - slot.millis >= keyMillis) {
                shard.slots.remove(key);
                slot = null;
            }
            if (slot != null) {
                if (slot.hash0 != bodyHash0 || slot.hash1 != bodyHash1) {
                    return OTHER_BODY;
                }
                return slot.answer == null ? IN_FLIGHT : new Claim(State.DONE, slot.answer);
            }
            shard.slots.put(key, new Slot(bodyHash0, bodyHash1, now));
            makeRoom(shard.slots, now);
            return CLAIMED;
        }
    }

    /** The claimed key has this answer from now on. */
    public void done(KeyedAnswer answer) {
        restore(answer, clock.time());
    }

    /** The claimed key is free again: its request changed nothing. */
    public void abandon(String key) {
        Shard shard = shard(key);
        synchronized (shard) {
            Slot slot = shard.slots.get(key);
            if (slot != null && slot.answer == null) {
                shard.slots.remove(key);
            }
        }
    }

    public int size() {
        int size = 0;
        for (Shard shard : shards) {
            synchronized (shard) {
                size += shard.slots.size();
            }
        }
        return size;
    }

    /** Remembers an answer given at {@code millis}. */
    void restore(KeyedAnswer answer, long millis) {
        Shard shard = shard(answer.key());
        synchronized (shard) {
            // to the end: the map is in order of age
            shard.slots.remove(answer.key());
            Slot slot = new Slot(answer.bodyHash0(), answer.bodyHash1(), millis);
            slot.answer = answer;
            shard.slots.put(answer.key(), slot);
            makeRoom(shard.slots, clock.time());
        }
    }

    private void makeRoom(Map<String, Slot> slots, long now) {
        int excess = slots.size() - perShardMax;
        int left = Math.max(excess, EXPIRED_PER_CLAIM);
        for (Iterator<Slot> i = slots.values().iterator(); left > 0 && i.hasNext(); left--) {
            Slot slot = i.next();
            if (slot.answer == null) {
                continue;
            }
            if (excess > 0) {
                excess--;
            } else if (now - slot.millis < keyMillis) {
                return;
            }
            i.remove();
        }
    }

    private Shard shard(String key) {
        int h = key.hashCode();
        return shards[(h ^ h >>> 15) * 0x9e37_79b9 >>> 28];
    }
}
