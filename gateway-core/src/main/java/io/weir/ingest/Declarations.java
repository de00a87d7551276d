package io.weir.ingest;

import io.weir.sample.KeyHash;
import io.weir.sample.MetricType;
import io.weir.store.Families;
import io.weir.store.Family;
import java.util.Arrays;

/**
 * The families that one body has named: by TYPE or HELP lines, or by a sample of a series not seen before. Event loop
 * only; reused from batch to batch without allocation once warm.
 */
final class Declarations {
    /** One family of the body. */
    static final class Declaration {
        byte[] name = new byte[48];
        int nameLength;
        private long hash;
        private int slot;
        /** The family in the store; null when there is none yet. */
        Family family;
        /** Type by TYPE line, or the type that a sample without one has joined; null when neither has come yet. */
        MetricType type;
        /** Whether a sample without TYPE line has fixed the type. */
        boolean byUse;
        /** Whether this batch brings it series that were not live. */
        boolean begun;
        /** Plain text to set when the batch commits; null for none. */
        byte[] help;

        private boolean is(byte[] buffer, int offset, int length) {
            return Arrays.equals(name, 0, nameLength, buffer, offset, offset + length);
        }

        String text() {
            return new String(name, 0, nameLength, java.nio.charset.StandardCharsets.UTF_8);
        }
    }

    private static final long TWEAK = 0x6465_636c;

    private final Families families;
    private final KeyHash hash;
    private Declaration[] declarations = new Declaration[8];
    private int[] index = new int[32];
    private int size;

    Declarations(Families families, KeyHash hash) {
        this.families = families;
        this.hash = hash.copy();
    }

    int size() {
        return size;
    }

    Declaration get(int i) {
        return declarations[i];
    }

    /** Number of the declaration with this name, or -1. */
    int find(byte[] buffer, int offset, int length) {
        if (size == 0) {
            return -1;
        }
        int i = slot(buffer, offset, length);
        return index[i] - 1;
    }

    /** Number of the declaration with this name, made when there is none. */
    int findOrAdd(byte[] buffer, int offset, int length) {
        Declaration d = size < declarations.length ? declarations[size] : null;
        if (d != null && d.is(buffer, offset, length)) {
            // bodies repeat: it has this name from a body before, and with the name its hash and family; 25 ns less
            int i = slot(d.hash, buffer, offset, length);
            if (index[i] != 0) {
                return index[i] - 1;
            }
            if (d.family == null || d.family.isRemoved()) {
                d.family = families.lookup(buffer, offset, length);
            }
            return add(d, i);
        }
        int i = slot(buffer, offset, length);
        if (index[i] != 0) {
            return index[i] - 1;
        }
        if (size == declarations.length) {
            declarations = Arrays.copyOf(declarations, size << 1);
        }
        d = declarations[size];
        if (d == null) {
            declarations[size] = d = new Declaration();
        }
        if (d.name.length < length) {
            d.name = new byte[Math.max(length, d.name.length << 1)];
        }
        System.arraycopy(buffer, offset, d.name, 0, length);
        d.nameLength = length;
        d.hash = hash.h0();
        d.family = families.lookup(buffer, offset, length);
        return add(d, i);
    }

    private int add(Declaration d, int i) {
        d.slot = i;
        index[i] = ++size;
        if (size << 1 > index.length) {
            rehash();
        }
        return size - 1;
    }

    void clear() {
        boolean large = size > 4096;
        for (int i = 0; i < size; i++) {
            Declaration d = declarations[i];
            index[d.slot] = 0;
            d.type = null;
            d.byUse = false;
            d.begun = false;
            d.help = null;
        }
        if (large) {
            declarations = new Declaration[8];
            index = new int[32];
        }
        size = 0;
    }

    private int slot(byte[] buffer, int offset, int length) {
        hash.hash(buffer, offset, length, TWEAK);
        return slot(hash.h0(), buffer, offset, length);
    }

    private int slot(long h0, byte[] buffer, int offset, int length) {
        int mask = index.length - 1;
        for (int i = (int) h0 & mask; ; i = i + 1 & mask) {
            int n = index[i];
            if (n == 0 || declarations[n - 1].hash == h0 && declarations[n - 1].is(buffer, offset, length)) {
                return i;
            }
        }
    }

    private void rehash() {
        index = new int[index.length << 1];
        for (int n = 0; n < size; n++) {
            Declaration d = declarations[n];
            d.slot = slot(d.hash, d.name, 0, d.nameLength);
            index[d.slot] = n + 1;
        }
    }
}
