package io.weir.expose;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Writes a double as the shortest decimal text that reads back as the same double, of those the one nearest to it; the
 * same on every JDK. Any thread, no allocation.
 *
 * <p>The form is one that Go's ParseFloat, Prometheus, JavaScript and, but for the last three, JSON read: {@code 42},
 * {@code -0}, {@code 0.1}; without exponent as long as the first digit stands for 1e-5 to 1e20, beyond that with a signed
 * exponent of two digits or more ({@code 1.5e+21}, {@code 1e-07}); {@code NaN}, {@code +Inf}, {@code -Inf}.
 *
 * <p>Integers below 2^53, three decimals, and decimals of at most 14 digits, which is most of what is ever measured, have
 * their fast paths; the rest, such as sums of fractions, goes through {@link ShortestDecimal}.
 */
public final class NumberWriter {
    /** Longest text: sign, {@code 0.0000} and 17 digits, or sign, 17 digits, point and {@code e-308}. */
    public static final int BYTES_MAX = 24;

    private static final VarHandle SHORT =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long INTEGER_END = 1L << 53;
    private static final int PLAIN_EXPONENT_MIN = -5;
    private static final int PLAIN_EXPONENT_MAX = 20;

    /** Integers below this have at most 15 digits. */
    private static final long DIGITS_15_END = 1_000_000_000_000_000L;

    private static final double THOUSANDTHS_END = 1e12;

    /** Powers of ten that a double holds exactly. */
    private static final double[] POWERS = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22
    };

    private static final long[] LONG_POWERS = new long[19];

    /** By binary exponent: the most decimals with which a number of that size has at most 15 digits. */
    private static final byte[] DECIMALS = new byte[64];

    private static final int DECIMALS_EXPONENT_MIN = -17;

    private static final short[] PAIRS = new short[100];

    static {
        long power = 1;
        for (int i = 0; i < LONG_POWERS.length; i++) {
            LONG_POWERS[i] = power;
            power *= 10;
        }
        for (int i = 0; i < DECIMALS.length; i++) {
            double end = Math.scalb(1.0, i + DECIMALS_EXPONENT_MIN + 1);
            int decimals = 0;
            while (decimals + 1 < POWERS.length && end * POWERS[decimals + 1] <= DIGITS_15_END) {
                decimals++;
            }
            DECIMALS[i] = (byte) decimals;
        }
        for (int i = 0; i < 100; i++) {
            PAIRS[i] = (short) ('0' + i / 10 | ('0' + i % 10) << 8);
        }
    }

    private NumberWriter() {}

    /**
     * Writes {@code value} at {@code o}.
     *
     * @param out has room for {@link #BYTES_MAX} bytes from {@code o}
     * @return the offset after the last byte written
     */
    public static int write(double value, byte[] out, int o) {
        long integer = (long) value;
        if (integer == value && integer < INTEGER_END && integer > -INTEGER_END) {
            if (integer > 0) {
                return digits(integer, count(integer), out, o);
            }
            if (integer < 0) {
                out[o] = '-';
                return digits(-integer, count(-integer), out, o + 1);
            }
            if (Double.doubleToRawLongBits(value) != 0) {
                out[o++] = '-';
            }
            out[o] = '0';
            return o + 1;
        }
        return Math.abs(value) <= Double.MAX_VALUE ? fraction(value, out, o) : notFinite(value, out, o);
    }

    /**
     * A decimal of at most 15 digits that rounds to {@code value} is its shortest text: doubles tell any two such decimals
     * apart, so no other one of 15 digits or fewer rounds to it. The product below may be off by a rounding error, the
     * quotient is not: it is the double nearest to the decimal, both of its operands being exact.
     */
    private static int fraction(double value, byte[] out, int o) {
        double v = value;
        if (v < 0) {
            out[o++] = '-';
            v = -v;
        }
        if (v < THOUSANDTHS_END) {
            long thousandths = (long) (v * 1e3 + 0.5);
            if (thousandths / 1e3 == v) {
                return thousandths(thousandths, out, o);
            }
        }
        int exponent = Math.getExponent(v);
        if (exponent >= DECIMALS_EXPONENT_MIN && exponent < DECIMALS_EXPONENT_MIN + DECIMALS.length) {
            int decimals = DECIMALS[exponent - DECIMALS_EXPONENT_MIN];
            long scaled = (long) (v * POWERS[decimals] + 0.5);
            if (scaled < DIGITS_15_END && scaled / POWERS[decimals] == v) {
                return layout(scaled, -decimals, out, o);
            }
        }
        long bits = Double.doubleToRawLongBits(v);
        int power = ShortestDecimal.exponent(bits);
        return layout(ShortestDecimal.digits(bits, power), power, out, o);
    }

    private static int thousandths(long thousandths, byte[] out, int o) {
        long whole = thousandths / 1000;
        int rest = (int) (thousandths - whole * 1000);
        if (whole == 0) {
            out[o++] = '0';
        } else {
            o = digits(whole, count(whole), out, o);
        }
        out[o] = '.';
        int hundreds = rest / 100;
        int pair = rest - hundreds * 100;
        out[o + 1] = (byte) ('0' + hundreds);
        SHORT.set(out, o + 2, PAIRS[pair]);
        return o + (pair == 0 ? 2 : pair % 10 == 0 ? 3 : 4);
    }

    private static int notFinite(double value, byte[] out, int o) {
        if (value != value) {
            out[o] = 'N';
            out[o + 1] = 'a';
            out[o + 2] = 'N';
            return o + 3;
        }
        out[o] = (byte) (value > 0 ? '+' : '-');
        out[o + 1] = 'I';
        out[o + 2] = 'n';
        out[o + 3] = 'f';
        return o + 4;
    }

    /** Writes {@code digits * 10^exponent}, which is greater than zero. */
    private static int layout(long digits, int exponent, byte[] out, int o) {
        while (digits % 10_000 == 0) {
            digits /= 10_000;
            exponent += 4;
        }
        while (digits % 10 == 0) {
            digits /= 10;
            exponent++;
        }
        int count = count(digits);
        int first = exponent + count - 1;

        if (first < PLAIN_EXPONENT_MIN || first > PLAIN_EXPONENT_MAX) {
            digits(digits, count, out, o + 1);
            out[o] = out[o + 1];
            if (count == 1) {
                o++;
            } else {
                out[o + 1] = '.';
                o += count + 1;
            }
            out[o] = 'e';
            out[o + 1] = (byte) (first < 0 ? '-' : '+');
            int size = Math.abs(first);
            return digits(size, Math.max(2, count(size)), out, o + 2);
        }
        if (exponent >= 0) {
            o = digits(digits, count, out, o);
            return zeros(exponent, out, o);
        }
        if (first < 0) {
            out[o] = '0';
            out[o + 1] = '.';
            o = zeros(-first - 1, out, o + 2);
            return digits(digits, count, out, o);
        }
        int whole = first + 1;
        digits(digits, count, out, o + 1);
        for (int i = 0; i < whole; i++) {
            out[o + i] = out[o + i + 1];
        }
        out[o + whole] = '.';
        return o + count + 1;
    }

    private static int zeros(int count, byte[] out, int o) {
        for (int i = 0; i < count; i++) {
            out[o + i] = '0';
        }
        return o + count;
    }

    /** Number of decimal digits; one for zero. */
    private static int count(long n) {
        // 1233 / 4096 is just above log10(2)
        int bits = 64 - Long.numberOfLeadingZeros(n | 1);
        int guess = bits * 1233 >>> 12;
        return n >= LONG_POWERS[guess] ? guess + 1 : Math.max(1, guess);
    }

    /** Writes exactly {@code count} digits, with zeros in front when {@code n} has fewer. */
    private static int digits(long n, int count, byte[] out, int o) {
        int end = o + count;
        int p = end;
        while (n > Integer.MAX_VALUE) {
            long q = n / 100;
            p -= 2;
            SHORT.set(out, p, PAIRS[(int) (n - q * 100)]);
            n = q;
        }
        int m = (int) n;
        while (p - o >= 2) {
            int q = m / 100;
            p -= 2;
            SHORT.set(out, p, PAIRS[m - q * 100]);
            m = q;
        }
        if (p > o) {
            out[o] = (byte) ('0' + m);
        }
        return end;
    }
}
