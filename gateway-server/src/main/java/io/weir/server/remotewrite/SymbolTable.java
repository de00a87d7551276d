package io.weir.server.remotewrite;

import io.weir.sample.KeyHash;
import java.util.Arrays;

/**
 * The distinct strings of one request, numbered in the order in which they were met, from the empty one, which is 0. They are
 * kept in the form in which they go out: {@code repeated string symbols = 4}. Outputs thread only; allocates only to grow.
 *
 * <p>Source: Prometheus remote write specification 2.0-rc.4, "Symbols".
 */
final class SymbolTable {
    private static final byte FIELD_4 = 0x22;
    private static final int TWEAK = 0;

    private final KeyHash hash;
    private byte[] wire = new byte[4 << 10];
    private int length;
    private int count;
    /** Where the text of each symbol begins in {@link #wire}, its length and hash. */
    private int[] offsets = new int[256];
    private int[] lengths = new int[256];
    private int[] hashes = new int[256];
    /** Open addressing, at most half full; 0 for none, which no other symbol than the empty one is. */
    private int[] slots = new int[1 << 10];

    /** @param hash seeded by chance: the strings come from outside */
    SymbolTable(KeyHash hash) {
        this.hash = hash;
        clear();
    }

    /** Forgets all but the empty string. */
    void clear() {
        Arrays.fill(slots, 0);
        wire[0] = FIELD_4;
        wire[1] = 0;
        length = 2;
        count = 1;
    }

    /** Number of symbols. */
    int count() {
        return count;
    }

    /** Number of the string, which is new or known. */
    int ref(byte[] from, int offset, int size) {
        if (size == 0) {
            return 0;
        }
        hash.hash(from, offset, size, TWEAK);
        int h = (int) hash.h0();
        int mask = slots.length - 1;
        for (int slot = h & mask; ; slot = slot + 1 & mask) {
            int symbol = slots[slot];
            if (symbol == 0) {
                slots[slot] = count;
                return add(from, offset, size, h);
            }
            int at = offsets[symbol];
            if (hashes[symbol] == h
                    && lengths[symbol] == size
                    && Arrays.equals(wire, at, at + size, from, offset, offset + size)) {
                return symbol;
            }
        }
    }

    private int add(byte[] from, int offset, int size, int h) {
        if (count == offsets.length) {
            offsets = Arrays.copyOf(offsets, count * 2);
            lengths = Arrays.copyOf(lengths, count * 2);
            hashes = Arrays.copyOf(hashes, count * 2);
        }
        reserve(size + 6);
        wire[length] = FIELD_4;
        int at = WriteRequestEncoder.varint(wire, length + 1, size);
        System.arraycopy(from, offset, wire, at, size);
        length = at + size;

        int symbol = count++;
        offsets[symbol] = at;
        lengths[symbol] = size;
        hashes[symbol] = h;
        if (count * 2 > slots.length) {
            grow();
        }
        return symbol;
    }

    private void grow() {
        slots = new int[slots.length * 2];
        int mask = slots.length - 1;
        for (int symbol = 1; symbol < count; symbol++) {
            int slot = hashes[symbol] & mask;
            while (slots[slot] != 0) {
                slot = slot + 1 & mask;
            }
            slots[slot] = symbol;
        }
    }

    private void reserve(int n) {
        if (wire.length - length < n) {
            wire = Arrays.copyOf(wire, Math.max(length + n, wire.length * 2));
        }
    }

    /** Writes what belongs behind the symbols. {@link #bytes} is then the whole, until {@link #clear}. */
    void append(byte[] from, int size) {
        reserve(size);
        System.arraycopy(from, 0, wire, length, size);
        length += size;
    }

    /** Valid up to {@link #length()}. */
    byte[] bytes() {
        return wire;
    }

    int length() {
        return length;
    }
}
