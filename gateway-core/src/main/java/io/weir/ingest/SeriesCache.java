package io.weir.ingest;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Opaque-key cache of one event loop: the hash of the raw bytes that name a series ({@code name{a="b"}} as sent) leads
 * straight to its record, so that labels are taken apart only the first time. Nobody invalidates entries: the reference
 * in an entry carries the life of its record, and a record of another life or without a live value refuses the hit.
 *
 * <p>Event loop only. Entries lie in chunks in order of creation and a look-up tries the one after the last hit first:
 * bodies repeat, so a repeated body is read sequentially and never touches the index. Bounded: when {@code entriesMax} is
 * reached everything is forgotten and learned again.
 *
 * <p>Up to {@link #TEXT_MAX} bytes of keys are kept as they stand, from their second use on. The entry after the last hit is
 * then recognised by comparing its key, without a hash: 5 instead of 20 ns for 100 bytes.
 *
 * <pre>
 *   entry (4 longs):  | raw hash 0 | raw hash 1 | reference | kind 32 . extra 32 |
 *   index (int):      upper bits of raw hash 1 . entry number + 1, 0 = free; linear probing from the low bits of raw hash 0
 *   place (int):      where the key stands in the text, 0 = nowhere; there its length (2 bytes) comes first
 * </pre>
 */
final class SeriesCache {
    static final int NONE = -1;

    private static final int CHUNK_BITS = 13;
    private static final int CHUNK = 1 << CHUNK_BITS;
    private static final int INDEX_MIN = 1 << 12;

    /** Keys as they stand, of so many bytes in all: some 40,000. */
    static final int TEXT_MAX = 4 << 20;

    /** When there is no more room, so many keys are passed over before the text begins anew with those in use then. */
    private static final int PASSED_OVER_MAX = 1 << 20;

    private static final int JUMPS_MAX = 3;
    private static final int TEXT_MIN = 1 << 12;
    private static final int KEY_MAX = (1 << 16) - 1;
    private static final VarHandle LENGTH =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private final int entriesMax;
    private final int numberMask;
    private long[][] chunks = new long[4][];
    private int[] index = new int[INDEX_MIN];
    private double[] extras = new double[64];
    private int extraCount;
    private int size;
    private int last = -1;
    private int jumps;
    private byte[] text = new byte[TEXT_MIN];
    private int textSize = 1;
    private int[][] places = new int[4][];
    private int passedOver;
    private int clears;

    SeriesCache(int entriesMax) {
        this.entriesMax = entriesMax;
        this.numberMask = -1 >>> Integer.numberOfLeadingZeros(entriesMax);
    }

    /**
     * Entry with this raw hash, or {@link #NONE}. After some jumps in a row the entry after the last hit is not looked at any
     * more, until it would have been right: where keys come in any order a guess costs up to three cache misses.
     */
    int find(long h0, long h1) {
        int guess = last + 1;
        if (jumps < JUMPS_MAX && guess < size) {
            long[] chunk = chunks[guess >>> CHUNK_BITS];
            int at = (guess & CHUNK - 1) << 2;
            if (chunk[at] == h0 && chunk[at + 1] == h1) {
                jumps = 0;
                last = guess;
                return guess;
            }
        }

        // without the tag each occupied word on the way would cost a look at its entry, a cache miss: five for a new key
        int tag = tag(h1);
        int mask = index.length - 1;
        for (int i = (int) h0 & mask; ; i = i + 1 & mask) {
            int word = index[i];
            if (word == 0) {
                return NONE;
            }
            if ((word & ~numberMask) != tag) {
                continue;
            }
            int entry = (word & numberMask) - 1;
            long[] chunk = chunks[entry >>> CHUNK_BITS];
            int at = (entry & CHUNK - 1) << 2;
            if (chunk[at] == h0 && chunk[at + 1] == h1) {
                jumps = entry == guess ? 0 : jumps + 1;
                last = entry;
                return entry;
            }
        }
    }

    long reference(int entry) {
        return chunks[entry >>> CHUNK_BITS][((entry & CHUNK - 1) << 2) + 2];
    }

    /** The word given to {@link #put}. */
    int kind(int entry) {
        return (int) (chunks[entry >>> CHUNK_BITS][((entry & CHUNK - 1) << 2) + 3] >>> 32);
    }

    /** The number given to {@link #put}. */
    double extra(int entry) {
        int at = (int) chunks[entry >>> CHUNK_BITS][((entry & CHUNK - 1) << 2) + 3];
        return at == 0 ? Double.NaN : extras[at];
    }

    /** Adds an entry or renews the one with this hash. {@code extra} is kept unless it is NaN, the same for all renewals. */
    void put(long h0, long h1, long reference, int kind, double extra) {
        int entry = find(h0, h1);
        if (entry == NONE) {
            if (size >= entriesMax) {
                clear();
            }
            if (size + (size >> 1) >= index.length) {
                grow();
            }
            entry = size++;
            place(h0, h1, entry);
            last = entry;
        }

        int chunk = entry >>> CHUNK_BITS;
        if (chunk == chunks.length) {
            chunks = Arrays.copyOf(chunks, chunks.length << 1);
        }
        if (chunks[chunk] == null) {
            chunks[chunk] = new long[CHUNK << 2];
        }
        long[] words = chunks[chunk];
        int at = (entry & CHUNK - 1) << 2;
        int extraAt = (int) words[at + 3];
        if (!Double.isNaN(extra)) {
            if (extraAt == 0) {
                extraAt = ++extraCount;
                if (extraAt == extras.length) {
                    extras = Arrays.copyOf(extras, extras.length << 1);
                }
            }
            extras[extraAt] = extra;
        }
        words[at] = h0;
        words[at + 1] = h1;
        words[at + 2] = reference;
        words[at + 3] = (long) kind << 32 | extraAt;
    }

    /** Length of the key of the entry after the last hit, when it is kept and stands at {@code offset}; else 0. */
    int expected(byte[] b, int offset, int end) {
        int guess = last + 1;
        int c = guess >>> CHUNK_BITS;
        int place = jumps < JUMPS_MAX && c < places.length && places[c] != null ? places[c][guess & CHUNK - 1] : 0;
        if (place == 0) {
            return 0;
        }
        int length = (short) LENGTH.get(text, place) & KEY_MAX;
        int from = place + Short.BYTES;
        return length < end - offset && Arrays.equals(text, from, from + length, b, offset, offset + length) ? length : 0;
    }

    /** The entry whose key {@link #expected} has found. */
    int takeExpected() {
        jumps = 0;
        return ++last;
    }

    /** Keeps the key of the last hit. */
    void learn(byte[] b, int offset, int length) {
        int c = last >>> CHUNK_BITS;
        if (c < places.length && places[c] != null && places[c][last & CHUNK - 1] != 0 || length > KEY_MAX) {
            return;
        }
        int behind = textSize + Short.BYTES + length;
        if (behind > TEXT_MAX) {
            if (++passedOver < PASSED_OVER_MAX) {
                return;
            }
            forgetText();
            behind = textSize + Short.BYTES + length;
        }
        if (behind > text.length) {
            text = Arrays.copyOf(text, Math.min(TEXT_MAX, Math.max(behind, text.length << 1)));
        }
        if (c >= places.length) {
            places = Arrays.copyOf(places, Math.max(c + 1, places.length << 1));
        }
        if (places[c] == null) {
            places[c] = new int[CHUNK];
        }
        LENGTH.set(text, textSize, (short) length);
        System.arraycopy(b, offset, text, textSize + Short.BYTES, length);
        places[c][last & CHUNK - 1] = textSize;
        textSize = behind;
    }

    private void forgetText() {
        places = new int[4][];
        textSize = 1;
        passedOver = 0;
    }

    int size() {
        return size;
    }

    /** How often everything has been forgotten: until then an entry keeps its number and its key. */
    int clears() {
        return clears;
    }

    /** The entry found or put last. */
    int last() {
        return last;
    }

    /** Takes an entry for the one found last. */
    void last(int entry) {
        last = entry;
    }

    void clear() {
        clears++;
        text = new byte[TEXT_MIN];
        forgetText();
        chunks = new long[4][];
        index = new int[INDEX_MIN];
        extras = new double[64];
        extraCount = 0;
        size = 0;
        last = -1;
    }

    private void grow() {
        index = new int[index.length << 2];
        for (int entry = 0; entry < size; entry++) {
            long[] chunk = chunks[entry >>> CHUNK_BITS];
            int at = (entry & CHUNK - 1) << 2;
            place(chunk[at], chunk[at + 1], entry);
        }
    }

    private int tag(long h1) {
        return (int) (h1 >>> 32) & ~numberMask;
    }

    private void place(long h0, long h1, int entry) {
        int mask = index.length - 1;
        int i = (int) h0 & mask;
        while (index[i] != 0) {
            i = i + 1 & mask;
        }
        index[i] = tag(h1) | entry + 1;
    }
}
