package io.weir.parse;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Strict UTF-8 as of RFC 3629: shortest form only, no surrogates, nothing above U+10FFFF. Allocates nothing. Any thread.
 *
 * <p>Runs of ASCII are passed eight bytes at a time.
 */
public final class Utf8 {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long HIGH = 0x8080_8080_8080_8080L;

    private Utf8() {}

    /** Index of the first byte that begins no valid sequence within {@code [offset, end)}; {@code end} when all is valid. */
    public static int firstInvalid(byte[] b, int offset, int end) {
        int i = offset;
        while (i < end) {
            while (i <= end - 8 && ((long) LONG.get(b, i) & HIGH) == 0) {
                i += 8;
            }
            while (i < end && b[i] >= 0) {
                i++;
            }
            while (i < end && b[i] < 0) {
                int size = sequence(b, i, end);
                if (size == 0) {
                    return i;
                }
                i += size;
            }
        }
        return end;
    }

    public static boolean isValid(byte[] b, int offset, int end) {
        return firstInvalid(b, offset, end) == end;
    }

    /** Length in bytes of the sequence at {@code i < end}; 0 when it is invalid or cut off by {@code end}. */
    static int sequence(byte[] b, int i, int end) {
        int lead = b[i];
        if (lead >= 0) {
            return 1;
        }
        lead &= 0xff;
        if (lead < 0xc2 || lead > 0xf4) {
            return 0;
        }
        int size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (end - i < size) {
            return 0;
        }
        // the second byte alone rules out overlong forms, surrogates and what lies above U+10FFFF
        int low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        int high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        int second = b[i + 1] & 0xff;
        if (second < low || second > high) {
            return 0;
        }
        for (int k = i + 2; k < i + size; k++) {
            if ((b[k] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return size;
    }

    /** The character of a valid sequence. */
    static int codePoint(byte[] b, int i, int size) {
        return switch (size) {
            case 1 -> b[i];
            case 2 -> (b[i] & 0x1f) << 6 | b[i + 1] & 0x3f;
            case 3 -> (b[i] & 0x0f) << 12 | (b[i + 1] & 0x3f) << 6 | b[i + 2] & 0x3f;
            default -> (b[i] & 0x07) << 18 | (b[i + 1] & 0x3f) << 12 | (b[i + 2] & 0x3f) << 6 | b[i + 3] & 0x3f;
        };
    }

    /** Number of bytes in {@code [offset, end)} that begin a character; in valid UTF-8 the number of characters. */
    static int characters(byte[] b, int offset, int end) {
        int n = 0;
        for (int i = offset; i < end; i++) {
            n += (b[i] & 0xc0) != 0x80 ? 1 : 0;
        }
        return n;
    }
}
