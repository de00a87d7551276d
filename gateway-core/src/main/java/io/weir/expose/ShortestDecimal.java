package io.weir.expose;

import java.math.BigInteger;

/**
 * The shortest decimal that rounds to a given double, of those the nearest to it: {@code digits * 10^exponent}. Any thread,
 * no allocation.
 *
 * <p>Source: R. Giulietti, The Schubfach way to render doubles, 2021. In short: for v = c 2^q take k so that the interval
 * of numbers that round to v holds one or more multiples of 10^k, but at most one of 10^(k+1). Scale v and both ends of
 * the interval by 4 * 10^-k, rounding them to odd so that comparing them stays exact, and look whether the multiple of
 * 10^(k+1) lies between; else the nearer of the two multiples of 10^k around v does. Here the shortest may have a single
 * digit, whereas Java's own {@code Double.toString} asks for two.
 */
final class ShortestDecimal {
    private static final int FRACTION_BITS = 52;
    private static final long FRACTION_MASK = (1L << FRACTION_BITS) - 1;
    private static final int EXPONENT_MASK = 0x7ff;
    /** Of the least significant bit of the smallest doubles. */
    private static final int Q_MIN = -1074;

    private static final int POWER_MIN = -292;
    private static final int POWER_MAX = 324;
    private static final long MASK_63 = Long.MAX_VALUE;

    /** For each power of ten the 126 bits of floor(10^i / 2^r) + 1, in two halves of 63. */
    private static final long[] G = new long[2 * (POWER_MAX - POWER_MIN + 1)];

    static {
        // one by one from the power before: floors of floors are exact, and quick on a cold JVM
        BigInteger power = BigInteger.ONE;
        for (int i = 0; i <= POWER_MAX; i++, power = power.multiply(BigInteger.TEN)) {
            store(i, power.shiftRight(floorLog2Pow10(i) - 125));
        }
        int scale = 125 - floorLog2Pow10(POWER_MIN);
        power = BigInteger.ONE.shiftLeft(scale);
        for (int i = 0; i >= POWER_MIN; i--, power = power.divide(BigInteger.TEN)) {
            store(i, power.shiftRight(scale + floorLog2Pow10(i) - 125));
        }
    }

    private static void store(int i, BigInteger floor) {
        BigInteger g = floor.add(BigInteger.ONE);
        G[2 * (i - POWER_MIN)] = g.shiftRight(63).longValue();
        G[2 * (i - POWER_MIN) + 1] = g.longValue() & MASK_63;
    }

    private ShortestDecimal() {}

    /** The exponent for {@link #digits}; {@code bits} are those of a finite double greater than zero. */
    static int exponent(long bits) {
        int q = q(bits);
        return isNarrowBelow(bits) ? floorLog10ThreeQuartersPow2(q) : floorLog10Pow2(q);
    }

    /** The digits, up to 17 and maybe with zeros at the end, for {@code k = exponent(bits)}. */
    static long digits(long bits, int k) {
        long c = bits & FRACTION_MASK | (bits >>> FRACTION_BITS == 0 ? 0 : 1L << FRACTION_BITS);
        // an interval whose double is even includes its ends
        long odd = c & 1;

        int shift = q(bits) + floorLog2Pow10(-k) + 2;
        int i = 2 * (-k - POWER_MIN);
        long g1 = G[i];
        long g0 = G[i + 1];
        long v = c << 2;
        long at = scale(g1, g0, v << shift);
        long low = scale(g1, g0, v - (isNarrowBelow(bits) ? 1 : 2) << shift) + odd;
        long high = scale(g1, g0, v + 2 << shift) - odd;

        long s = at >> 2;
        if (s >= 10) {
            long shorter = s / 10 * 10;
            boolean lowerIn = low <= shorter << 2;
            boolean upperIn = shorter + 10 << 2 <= high;
            if (lowerIn != upperIn) {
                return lowerIn ? shorter : shorter + 10;
            }
        }
        boolean lowerIn = low <= s << 2;
        boolean upperIn = s + 1 << 2 <= high;
        if (lowerIn != upperIn) {
            return lowerIn ? s : s + 1;
        }
        long middle = at - (2 * s + 1 << 1);
        return middle < 0 || middle == 0 && (s & 1) == 0 ? s : s + 1;
    }

    private static int q(long bits) {
        int biased = (int) (bits >>> FRACTION_BITS) & EXPONENT_MASK;
        return Q_MIN + Math.max(0, biased - 1);
    }

    /** Whether the next double below is only half as far away as the one above. */
    private static boolean isNarrowBelow(long bits) {
        return (bits & FRACTION_MASK) == 0 && bits >>> FRACTION_BITS > 1;
    }

    /** Upper bits of {@code g * cp / 2^126}, rounded to odd: its last bit is set when anything was cut off. */
    private static long scale(long g1, long g0, long cp) {
        long carry = Math.multiplyHigh(g0, cp);
        long low = (g1 * cp >>> 1) + carry;
        long high = Math.multiplyHigh(g1, cp) + (low >>> 63);
        return high | (low & MASK_63) + MASK_63 >>> 63;
    }

    private static int floorLog10Pow2(int e) {
        return (int) (e * 661_971_961_083L >> 41);
    }

    private static int floorLog10ThreeQuartersPow2(int e) {
        return (int) (e * 661_971_961_083L - 274_743_187_321L >> 41);
    }

    private static int floorLog2Pow10(int e) {
        return (int) (e * 913_124_641_741L >> 38);
    }
}
