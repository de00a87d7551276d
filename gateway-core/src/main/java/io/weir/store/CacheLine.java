package io.weir.store;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Up to eight counters that change together, on cache lines of their own. Any thread. */
final class CacheLine {
    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int PAD = 8;

    private final long[] words = new long[PAD + 8 + PAD];

    long get(int i) {
        return (long) WORD.getVolatile(words, PAD + i);
    }

    long getAcquire(int i) {
        return (long) WORD.getAcquire(words, PAD + i);
    }

    void set(int i, long x) {
        WORD.setVolatile(words, PAD + i, x);
    }

    void setRelease(int i, long x) {
        WORD.setRelease(words, PAD + i, x);
    }

    /** For the only thread that writes this counter. */
    void addRelease(int i, long x) {
        WORD.setRelease(words, PAD + i, words[PAD + i] + x);
    }

    long getAndAdd(int i, long x) {
        return (long) WORD.getAndAdd(words, PAD + i, x);
    }
}
