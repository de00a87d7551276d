package io.weir.sample;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Seeded 128-bit hash of a byte span: two wyhash-like lanes with independent secrets over the same words. It is the
 * identity of a series within one process, so its secret is random per process and never leaves it; collisions can
 * neither be met by accident (2^-128 a pair) nor crafted without the secret.
 *
 * <p>Not thread-safe: the result lies in two fields ({@link #h0()}, {@link #h1()}) so that hashing allocates nothing.
 * Instances made by {@link #copy()} share the secret and give equal results.
 */
public final class KeyHash {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    /** Odd, so that unequal tweaks stay so; they move into the bits above any length. */
    private static final long TWEAK_SPREAD = 0x9e37_79b9_7f4a_7c15L;
    private static final MethodHandle MULTIPLY_HIGH = multiplyHigh();

    private final long a0;
    private final long a1;
    private final long b0;
    private final long b1;
    private long h0;
    private long h1;

    /** Four secret words; {@link Entropy#keyHash} outside tests. Small numbers do for tests. */
    public KeyHash(long a0, long a1, long b0, long b1) {
        this.a0 = spread(a0);
        this.a1 = spread(a1);
        this.b0 = spread(b0);
        this.b1 = spread(b1);
    }

    private KeyHash(KeyHash other) {
        a0 = other.a0;
        a1 = other.a1;
        b0 = other.b0;
        b1 = other.b1;
    }

    public KeyHash copy() {
        return new KeyHash(this);
    }

    public long h0() {
        return h0;
    }

    public long h1() {
        return h1;
    }

    /**
     * Hashes a span.
     *
     * @param tweak separates uses: equal bytes with different tweaks have unrelated hashes
     */
    public void hash(byte[] buffer, int offset, int length, long tweak) {
        long a = a0;
        long b = b0;
        // into the last product: where key bytes are mixed in, a key could be chosen that cancels the tweak
        long end = length ^ tweak * TWEAK_SPREAD;
        int i = offset;
        int last = offset + length - 16;
        if (last >= offset) {
            for (; i < last; i += 16) {
                long x = (long) LONG.get(buffer, i);
                long y = (long) LONG.get(buffer, i + 8);
                a = mix(x ^ a1, y ^ a);
                b = mix(x ^ b1, y ^ b);
            }
            finish(a, b, (long) LONG.get(buffer, last), (long) LONG.get(buffer, last + 8), end);
        } else {
            long x = 0;
            long y = 0;
            if (length >= 8) {
                x = (long) LONG.get(buffer, offset);
                y = (long) LONG.get(buffer, offset + length - 8);
            } else if (length >= 4) {
                x = (int) INT.get(buffer, offset) & 0xffff_ffffL;
                y = (int) INT.get(buffer, offset + length - 4) & 0xffff_ffffL;
            } else if (length > 0) {
                x = (buffer[offset] & 0xffL) << 16
                        | (buffer[offset + (length >> 1)] & 0xffL) << 8
                        | buffer[offset + length - 1] & 0xffL;
            }
            finish(a, b, x, y, end);
        }
    }

    /** Hashes the pair of two earlier results, such as a series prefix and a field key. */
    public void combine(long p0, long p1, long q0, long q1) {
        h0 = mix(p0 ^ a1, q0 ^ a0);
        h1 = mix(p1 ^ b1, q1 ^ b0);
    }

    private void finish(long a, long b, long x, long y, long end) {
        h0 = mix(a1 ^ end, mix(x ^ a1, y ^ a));
        h1 = mix(b1 ^ end, mix(x ^ b1, y ^ b));
    }

    /** SplitMix64's finaliser: a product with a secret of few bits would not reach the upper half. */
    private static long spread(long z) {
        z += 0x9e37_79b9_7f4a_7c15L;
        z = (z ^ z >>> 30) * 0xbf58_476d_1ce4_e5b9L;
        z = (z ^ z >>> 27) * 0x94d0_49bb_1331_11ebL;
        return z ^ z >>> 31;
    }

    /** Folds the unsigned 128-bit product. */
    private static long mix(long x, long y) {
        try {
            return (long) MULTIPLY_HIGH.invokeExact(x, y) ^ x * y;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** {@code Math.unsignedMultiplyHigh}, one instruction from Java 18 on; before that made of the signed product. */
    private static MethodHandle multiplyHigh() {
        MethodHandles.Lookup lookup = MethodHandles.lookup();
        MethodType type = MethodType.methodType(long.class, long.class, long.class);
        try {
            return Runtime.version().feature() >= 18
                    ? lookup.findStatic(Math.class, "unsignedMultiplyHigh", type)
                    : lookup.findStatic(KeyHash.class, "unsignedMultiplyHigh", type);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static long unsignedMultiplyHigh(long x, long y) {
        return Math.multiplyHigh(x, y) + ((x >> 63) & y) + ((y >> 63) & x);
    }
}
