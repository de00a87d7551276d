package io.weir.parse;

import java.util.Arrays;

/** A growing set of hashes; zero is a member like any other. Not thread-safe; allocates only to grow. */
final class LongSet {
    private static final int SMALL = 64;

    private long[] slots = new long[SMALL];
    private int size;
    private boolean zero;

    /** False when it was there. */
    boolean add(long hash) {
        if (hash == 0) {
            boolean added = !zero;
            zero = true;
            return added;
        }
        int mask = slots.length - 1;
        int i = (int) hash & mask;
        for (long there; (there = slots[i]) != 0; i = i + 1 & mask) {
            if (there == hash) {
                return false;
            }
        }
        slots[i] = hash;
        if (++size << 1 > slots.length) {
            long[] old = slots;
            slots = new long[old.length << 1];
            for (long h : old) {
                if (h != 0) {
                    place(h);
                }
            }
        }
        return true;
    }

    void clear() {
        if (size > 0) {
            if (slots.length > SMALL) {
                slots = new long[SMALL];
            } else {
                Arrays.fill(slots, 0);
            }
        }
        size = 0;
        zero = false;
    }

    private void place(long hash) {
        int mask = slots.length - 1;
        int i = (int) hash & mask;
        while (slots[i] != 0) {
            i = i + 1 & mask;
        }
        slots[i] = hash;
    }
}
