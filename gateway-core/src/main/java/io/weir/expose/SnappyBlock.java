package io.weir.expose;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;

/**
 * Compresses into the raw block format of Snappy, as remote_write bodies want it (not the framed format).
 *
 * <p>Input is cut into windows of 64 KiB, so that every offset fits the two-byte copy. Within a window a greedy matcher
 * with a hash table of four-byte words looks for the newest earlier place of the bytes at hand, and takes ever longer
 * strides through input that does not match.
 *
 * <p>Reusable, not thread-safe, allocates nothing per call. Source: google/snappy {@code format_description.txt}.
 */
public final class SnappyBlock {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int WINDOW_BYTES = 1 << 16;
    private static final int TABLE_BITS_MIN = 8;
    private static final int TABLE_BITS_MAX = 14;
    /** The matcher stops this far from the end of a window, so that it can read words without asking. */
    private static final int MARGIN_BYTES = 16;

    private static final int MATCH_MIN = 4;
    private static final int COPY_MAX = 64;

    /** Offset in the window of the newest word with this hash; zero also stands for none, the words are compared. */
    private final short[] table = new short[1 << TABLE_BITS_MAX];

    /**
     * Most bytes that {@link #compress} writes for {@code length} bytes.
     *
     * <p>A literal of n bytes costs n + 1 up to 60 bytes, n + 2 up to 256, n + 3 up to the window; a copy takes the place
     * of 4 bytes or more and costs 3 at most. So a literal and the copy after it grow only when the literal has 61 bytes
     * or more: by 1 for 65 bytes of input, by 2 for 261, never more than 1 in 65. The last literal of each window has no
     * copy after it and grows by 3, the length in front takes 5:
     * {@code n + n/65 + 3(n/65536 + 1) + 5}, which {@code n + n/64 + 8} is never below, as n/64 - n/65 = n/4160.
     *
     * @throws ArithmeticException when that is no int
     */
    public static int maxCompressedLength(int length) {
        return Math.addExact(length, length / 64 + 9);
    }

    /**
     * Writes {@code length} bytes of {@code in} as one block.
     *
     * @param out has room for {@link #maxCompressedLength} bytes from {@code outOffset}
     *            what follows the result may be overwritten
     * @return number of bytes written
     */
    public int compress(byte[] in, int offset, int length, byte[] out, int outOffset) {
        Objects.checkFromIndexSize(offset, length, in.length);
        Objects.checkFromIndexSize(outOffset, maxCompressedLength(length), out.length);

        int o = outOffset;
        int rest = length;
        while (rest >= 0x80) {
            out[o++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        out[o++] = (byte) rest;

        for (int i = offset, end = offset + length; i < end; i += WINDOW_BYTES) {
            o = window(in, i, Math.min(i + WINDOW_BYTES, end), out, o, table);
        }
        return o - outOffset;
    }

    private static int window(byte[] in, int start, int end, byte[] out, int o, short[] table) {
        int bits = Math.min(TABLE_BITS_MAX, Math.max(TABLE_BITS_MIN, 32 - Integer.numberOfLeadingZeros(end - start)));
        int shift = 32 - bits;
        Arrays.fill(table, 0, 1 << bits, (short) 0);

        int limit = end - MARGIN_BYTES;
        int literal = start;
        int p = start + 1;
        while (true) {
            int candidate;
            int stride = 32;
            while (true) {
                if (p > limit) {
                    return literal < end ? literal(in, literal, end - literal, out, o) : o;
                }
                int word = (int) INT.get(in, p);
                int slot = slot(word, shift);
                candidate = start + (table[slot] & 0xffff);
                table[slot] = (short) (p - start);
                if (word == (int) INT.get(in, candidate)) {
                    break;
                }
                p += stride++ >>> 5;
            }
            o = literal(in, literal, p - literal, out, o);

            int word;
            do {
                int match = match(in, candidate, p, end);
                o = copy(p - candidate, match, out, o);
                p += match;
                literal = p;
                if (p > limit) {
                    return literal < end ? literal(in, literal, end - literal, out, o) : o;
                }
                table[slot((int) INT.get(in, p - 1), shift)] = (short) (p - 1 - start);
                word = (int) INT.get(in, p);
                int slot = slot(word, shift);
                candidate = start + (table[slot] & 0xffff);
                table[slot] = (short) (p - start);
            } while (word == (int) INT.get(in, candidate));
            p++;
        }
    }

    private static int slot(int word, int shift) {
        return word * 0x1e35a7bd >>> shift;
    }

    /** Length of the match of {@code earlier} and {@code p}, whose first four bytes are known to be equal. */
    private static int match(byte[] in, int earlier, int p, int end) {
        int n = MATCH_MIN;
        int room = end - p;
        for (; n <= room - 8; n += 8) {
            long difference = (long) LONG.get(in, earlier + n) ^ (long) LONG.get(in, p + n);
            if (difference != 0) {
                return n + (Long.numberOfTrailingZeros(difference) >>> 3);
            }
        }
        while (n < room && in[earlier + n] == in[p + n]) {
            n++;
        }
        return n;
    }

    private static int literal(byte[] in, int from, int length, byte[] out, int o) {
        int n = length - 1;
        if (n < 60) {
            out[o++] = (byte) (n << 2);
            if (n < 16 && from + 16 <= in.length && o + 16 <= out.length) {
                LONG.set(out, o, (long) LONG.get(in, from));
                LONG.set(out, o + 8, (long) LONG.get(in, from + 8));
                return o + length;
            }
        } else if (n < 256) {
            out[o++] = (byte) (60 << 2);
            out[o++] = (byte) n;
        } else {
            out[o++] = (byte) (61 << 2);
            out[o++] = (byte) n;
            out[o++] = (byte) (n >>> 8);
        }
        System.arraycopy(in, from, out, o, length);
        return o + length;
    }

    private static int copy(int offset, int length, byte[] out, int o) {
        int rest = length;
        while (rest > COPY_MAX) {
            // never leave less than the shortest copy that pays
            int n = rest >= COPY_MAX + MATCH_MIN ? COPY_MAX : COPY_MAX - MATCH_MIN;
            o = longCopy(offset, n, out, o);
            rest -= n;
        }
        if (rest < 12 && offset < 2048) {
            out[o++] = (byte) (1 | rest - 4 << 2 | offset >>> 8 << 5);
            out[o++] = (byte) offset;
            return o;
        }
        return longCopy(offset, rest, out, o);
    }

    private static int longCopy(int offset, int length, byte[] out, int o) {
        out[o] = (byte) (2 | length - 1 << 2);
        out[o + 1] = (byte) offset;
        out[o + 2] = (byte) (offset >>> 8);
        return o + 3;
    }
}
