package io.weir.parse;

import ch.randelshofer.fastdoubleparser.JavaDoubleParser;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Reads decimal numbers from bytes: optional sign, digits with an optional point, optional exponent; nothing else, so
 * no hex, no {@code 1f}, no {@code 1_000}, no words (the caller knows which words its format has). Correctly rounded.
 * Allocates nothing. Any thread.
 *
 * <p>Digits and a point in up to 16 bytes are read as two words without a loop, for a branch per digit that cannot be
 * foreseen costs more than all the arithmetic. Up to 18 digits with a power of ten that is exact in a double are computed
 * here with one rounding (Clinger's fast path); the rest goes to fastdoubleparser.
 */
public final class NumberReader {
    /** Answer for a span that is not a number: the bits of a signalling NaN, which no number has. */
    public static final long INVALID = 0x7ff4_dead_dead_deadL;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGHS = 0x8080_8080_8080_8080L;
    private static final long ZEROS = '0' * ONES;
    /** What a point becomes when {@link #ZEROS} are taken off. */
    private static final long POINTS = ('.' ^ '0') * ONES;
    /** Carries any byte above nine into its high bit. */
    private static final long NO_DIGIT = (0x80 - 10) * ONES;

    private static final double[] TEN = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22
    };
    private static final long EXACT = 1L << 53;

    private NumberReader() {}

    /** Raw bits of the double in {@code [offset, end)}, or {@link #INVALID}. Overflow gives infinity as IEEE 754 does. */
    public static long bits(byte[] b, int offset, int end) {
        int n = end - offset;
        if (n <= 0 || n > 16 || end < 16) {
            return slowBits(b, offset, end);
        }

        // digit values, first digit lowest; bytes before the number become zero digits
        long high = ((long) LONG.get(b, end - 16) ^ ZEROS) & (n > 8 ? -1L << 128 - 8 * n : 0);
        long low = ((long) LONG.get(b, end - 8) ^ ZEROS) & (n < 8 ? -1L << 64 - 8 * n : -1L);

        int scale = 0;
        long point = zeroBytes(low ^ POINTS);
        if (point != 0) {
            int shift = Long.numberOfTrailingZeros(point) - 7;
            long before = (1L << shift) - 1;
            scale = 7 - (shift >>> 3);
            low = low & ~before & ~(0xffL << shift) | (low & before) << 8 | high >>> 56;
            high <<= 8;
        } else {
            point = zeroBytes(high ^ POINTS);
            if (point != 0) {
                int shift = Long.numberOfTrailingZeros(point) - 7;
                long before = (1L << shift) - 1;
                scale = 15 - (shift >>> 3);
                high = high & ~before & ~(0xffL << shift) | (high & before) << 8;
            }
        }
        long wrong = (high + NO_DIGIT | high | low + NO_DIGIT | low) & HIGHS;
        long digits = eightDigits(high) * 100_000_000 + eightDigits(low);
        if (wrong != 0 || n == 1 && point != 0) {
            return slowBits(b, offset, end);
        }
        // one rounding in either case: 16 digits have no scale, 15 are exact
        return Double.doubleToRawLongBits(scale == 0 ? digits : digits / TEN[scale]);
    }

    /** Value of eight digits, the first one in the lowest byte: neighbours join to pairs, pairs to fours. */
    private static long eightDigits(long digits) {
        long pairs = digits * (10 << 8 | 1) >>> 8 & 0x00ff_00ff_00ff_00ffL;
        long fours = pairs * (100 << 16 | 1) >>> 16 & 0x0000_ffff_0000_ffffL;
        return fours * (10_000L << 32 | 1) >>> 32;
    }

    /** High bit of each zero byte; bytes above the lowest zero byte may be marked wrongly. */
    private static long zeroBytes(long word) {
        return word - ONES & ~word & HIGHS;
    }

    private static long slowBits(byte[] b, int offset, int end) {
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
