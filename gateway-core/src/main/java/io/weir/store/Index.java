package io.weir.store;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Hash index of one shard: words of tag and series number, found by linear probing. Any thread.
 *
 * <pre>
 *   word:  [ tag 32 | number 32 ]     0 = free     -1 = sealed
 *   0 --writer's CAS--> tag|number, for ever        0 --keeper's CAS--> sealed, for ever
 * </pre>
 *
 * Words are written once, so nothing is ever freed along a probe path and two writers of one key meet at the same first
 * free word. A sealed word sends everyone to {@link #next}.
 */
final class Index {
    static final long FREE = 0;
    static final long SEALED = -1;
    static final long TAG = 0xffff_ffff_0000_0000L;

    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle NEXT;

    static {
        try {
            NEXT = MethodHandles.lookup().findVarHandle(Index.class, "next", Index.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final int capacity;
    private final long[] words;
    private Index next;

    Index(int capacity) {
        this.capacity = capacity;
        this.words = new long[capacity];
    }

    /** The first slot of a key; the capacity need not be a power of two. */
    int home(long h0) {
        return (int) ((h0 & 0xffff_ffffL) * capacity >>> 32);
    }

    /** Upper half of {@code h1}, never 0 nor all ones: tag 0 with number 0 would be a free word. */
    static long tag(long h1) {
        long tag = h1 & TAG;
        return tag == 0 ? 1L << 32 : tag == TAG ? TAG << 1 : tag;
    }

    long wordAcquire(int i) {
        Steps.step();
        return (long) WORD.getAcquire(words, i);
    }

    /** Puts a word where none is; returns what was there, {@link #FREE} for success. */
    long claimWord(int i, long word) {
        Steps.step();
        return (long) WORD.compareAndExchange(words, i, FREE, word);
    }

    Index nextAcquire() {
        Steps.step();
        return (Index) NEXT.getAcquire(this);
    }

    void nextVolatile(Index index) {
        Steps.step();
        NEXT.setVolatile(this, index);
    }
}
