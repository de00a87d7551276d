package io.weir.parse;

import java.util.Arrays;

/**
 * Decodes base64 as people and programs write it: the standard or the URL alphabet, with or without padding, white space
 * anywhere. Any thread; allocates nothing. Source: RFC 4648, 4 and 5.
 */
final class Base64Text {
    /** Answer for a text that is not base64. */
    static final int INVALID = -1;

    private static final byte SPACE = -2;
    private static final byte WRONG = -1;
    private static final byte[] VALUES = new byte[256];

    static {
        Arrays.fill(VALUES, WRONG);
        String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (int i = 0; i < 64; i++) {
            VALUES[alphabet.charAt(i)] = (byte) i;
        }
        VALUES['-'] = 62;
        VALUES['_'] = 63;
        for (char c : " \t\r\n".toCharArray()) {
            VALUES[c] = SPACE;
        }
    }

    private Base64Text() {}

    /** Bytes that a text of this length has at most. */
    static int lengthMax(int length) {
        return length / 4 * 3 + 3;
    }

    /** Writes what {@code b[from, end)} stands for; answers how many bytes that are, or INVALID. */
    static int decode(byte[] b, int from, int end, byte[] out) {
        int n = 0;
        int bits = 0;
        int digits = 0;
        int i = from;
        for (; i < end && b[i] != '='; i++) {
            byte value = VALUES[b[i] & 0xff];
            if (value == SPACE) {
                continue;
            }
            if (value == WRONG) {
                return INVALID;
            }
            bits = bits << 6 | value;
            if (++digits == 4) {
                out[n++] = (byte) (bits >> 16);
                out[n++] = (byte) (bits >> 8);
                out[n++] = (byte) bits;
                bits = 0;
                digits = 0;
            }
        }
        for (int padding = 0; i < end; i++) {
            if (b[i] == '=' ? ++padding > 2 : VALUES[b[i] & 0xff] != SPACE) {
                return INVALID;
            }
        }
        if (digits == 1) {
            return INVALID;
        }
        if (digits >= 2) {
            out[n++] = (byte) (bits >> 6 * digits - 8);
        }
        if (digits == 3) {
            out[n++] = (byte) (bits >> 2);
        }
        return n;
    }
}
