package io.weir.ingest;

import io.weir.sample.MetricType;
import java.util.Arrays;

/**
 * The series of one batch that were not live when they were staged, each once, with the key under which commit creates
 * or revives them. Event loop only; reused from batch to batch.
 */
final class Newcomers {
    private static final int RESERVED = 1;
    private static final int CLAIMED = 2;
    private static final int QUOTED = 4;

    private long[] hashes = new long[16];
    private long[] references = new long[8];
    private int[] texts = new int[16];
    private int[] declarations = new int[8];
    private byte[] states = new byte[8];
    private MetricType[] types = new MetricType[8];
    private byte[] arena = new byte[1024];
    private int arenaSize;
    private int[] index = new int[16];
    private int size;

    int size() {
        return size;
    }

    int findOrAdd(SeriesKey key, MetricType type, int declaration) {
        long h0 = key.h0();
        long h1 = key.h1();
        int mask = index.length - 1;
        int i = (int) h0 & mask;
        for (int n; (n = index[i]) != 0; i = i + 1 & mask) {
            if (hashes[(n - 1) << 1] == h0 && hashes[((n - 1) << 1) + 1] == h1) {
                return n - 1;
            }
        }

        int number = size;
        if (number == references.length) {
            hashes = Arrays.copyOf(hashes, number << 2);
            references = Arrays.copyOf(references, number << 1);
            texts = Arrays.copyOf(texts, number << 2);
            declarations = Arrays.copyOf(declarations, number << 1);
            states = Arrays.copyOf(states, number << 1);
            types = Arrays.copyOf(types, number << 1);
        }
        int length = key.labelsLength();
        if (arenaSize + length > arena.length) {
            arena = Arrays.copyOf(arena, Math.max(arenaSize + length, arena.length << 1));
        }
        System.arraycopy(key.key(), key.labelsOffset(), arena, arenaSize, length);
        hashes[number << 1] = h0;
        hashes[(number << 1) + 1] = h1;
        references[number] = 0;
        texts[number << 1] = arenaSize;
        texts[(number << 1) + 1] = length;
        declarations[number] = declaration;
        states[number] = (byte) (key.quotesNames() ? QUOTED : 0);
        types[number] = type;
        arenaSize += length;
        index[i] = ++size;
        if (size << 1 > index.length) {
            rehash();
        }
        return number;
    }

    /** Forgets those from {@code newSize} on; removing the newest first never breaks a probe path. */
    void truncate(int newSize) {
        int mask = index.length - 1;
        while (size > newSize) {
            int i = (int) hashes[(size - 1) << 1] & mask;
            while (index[i] != size) {
                i = i + 1 & mask;
            }
            index[i] = 0;
            size--;
            arenaSize = texts[size << 1];
        }
    }

    long h0(int i) {
        return hashes[i << 1];
    }

    long h1(int i) {
        return hashes[(i << 1) + 1];
    }

    /** Record of the series once commit has resolved it. */
    long reference(int i) {
        return references[i];
    }

    void reference(int i, long reference) {
        references[i] = reference;
    }

    MetricType type(int i) {
        return types[i];
    }

    int declaration(int i) {
        return declarations[i];
    }

    byte[] arena() {
        return arena;
    }

    int textOffset(int i) {
        return texts[i << 1];
    }

    int textLength(int i) {
        return texts[(i << 1) + 1];
    }

    /** Whether commit holds a reservation for it that nothing has used up. */
    boolean isReserved(int i) {
        return (states[i] & RESERVED) != 0;
    }

    /** Whether commit has claimed it for the group of the batch. */
    boolean isClaimed(int i) {
        return (states[i] & CLAIMED) != 0;
    }

    /** Whether its label text has names in quotes. */
    boolean quotesNames(int i) {
        return (states[i] & QUOTED) != 0;
    }

    void claimed(int i, boolean claimed) {
        states[i] = (byte) (claimed ? states[i] | CLAIMED : states[i] & ~CLAIMED);
    }

    void reserved(int i, boolean reserved) {
        states[i] = (byte) (reserved ? states[i] | RESERVED : states[i] & ~RESERVED);
    }

    void clear() {
        if (references.length > 4096) {
            hashes = new long[16];
            references = new long[8];
            texts = new int[16];
            declarations = new int[8];
            states = new byte[8];
            types = new MetricType[8];
            arena = new byte[1024];
            index = new int[16];
        } else if (size > 0) {
            Arrays.fill(index, 0);
        }
        size = 0;
        arenaSize = 0;
    }

    private void rehash() {
        index = new int[index.length << 1];
        int mask = index.length - 1;
        for (int n = 0; n < size; n++) {
            int i = (int) hashes[n << 1] & mask;
            while (index[i] != 0) {
                i = i + 1 & mask;
            }
            index[i] = n + 1;
        }
    }
}
