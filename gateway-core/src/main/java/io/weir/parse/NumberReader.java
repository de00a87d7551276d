package io.weir.parse;

import ch.randelshofer.fastdoubleparser.JavaDoubleParser;

/**
 * Reads decimal numbers from bytes: optional sign, digits with an optional point, optional exponent; nothing else, so
 * no hex, no {@code 1f}, no {@code 1_000}, no words (the caller knows which words its format has). Correctly rounded.
 * Allocates nothing. Any thread.
 *
 * <p>Up to 18 digits with a power of ten that is exact in a double are computed here with one rounding (Clinger's fast
 * path); the rest goes to fastdoubleparser.
 */
public final class NumberReader {
    /** Answer for a span that is not a number: the bits of a signalling NaN, which no number has. */
    public static final long INVALID = 0x7ff4_dead_dead_deadL;

    private static final double[] TEN = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22
    };
    private static final long EXACT = 1L << 53;

    private NumberReader() {}

    /** Raw bits of the double in {@code [offset, end)}, or {@link #INVALID}. Overflow gives infinity as IEEE 754 does. */
    public static long bits(byte[] b, int offset, int end) {
        int i = offset;
        boolean negative = false;
        if (i < end && (b[i] == '-' || b[i] == '+')) {
            negative = b[i] == '-';
            i++;
        }
        long digits = 0;
        int count = 0;
        int start = i;
        int d;
        while (i < end && (d = b[i] - '0') >= 0 && d <= 9) {
            digits = digits * 10 + d;
            i++;
        }
        count = i - start;
        int scale = 0;
        if (i < end && b[i] == '.') {
            int point = ++i;
            while (i < end && (d = b[i] - '0') >= 0 && d <= 9) {
                digits = digits * 10 + d;
                i++;
            }
            scale = point - i;
            count += i - point;
        }
        if (count == 0) {
            return INVALID;
        }
        int exponent = 0;
        if (i < end && (b[i] | 0x20) == 'e') {
            i++;
            boolean down = false;
            if (i < end && (b[i] == '-' || b[i] == '+')) {
                down = b[i] == '-';
                i++;
            }
            int first = i;
            while (i < end && (d = b[i] - '0') >= 0 && d <= 9) {
                exponent = Math.min(exponent * 10 + d, 100_000);
                i++;
            }
            if (i == first) {
                return INVALID;
            }
            exponent = down ? -exponent : exponent;
        }
        if (i != end) {
            return INVALID;
        }
        int power = scale + exponent;
        if (count <= 18 && digits <= EXACT && power >= -22 && power <= 22) {
            double v = power < 0 ? digits / TEN[-power] : digits * TEN[power];
            return Double.doubleToRawLongBits(negative ? -v : v);
        }
        return Double.doubleToRawLongBits(JavaDoubleParser.parseDouble(b, offset, end - offset));
    }
}
