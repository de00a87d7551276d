package io.weir.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class KeyHashTweakTest {
    /** With xor of key bytes and tweak, "y" under one tweak met "x" under its neighbour. */
    @Test
    void shouldNotLetSimilarTweaksAndSimilarKeysMeet() {
        for (int secret = 1; secret < 16; secret++) {
            KeyHash hash = new KeyHash(secret, secret * 3, secret * 5, secret * 7);
            Set<Long> first = new HashSet<>();
            Set<Long> second = new HashSet<>();
            int hashes = 0;
            for (int length = 0; length <= 40; length++) {
                byte[] b = "x".repeat(length).getBytes(StandardCharsets.US_ASCII);
                for (int at = -1; at < length; at++) {
                    if (at >= 0) {
                        b[at] ^= 1;
                    }
                    for (long tweak = 0; tweak < 4; tweak++) {
                        hash.hash(b, 0, length, tweak);
                        first.add(hash.h0());
                        second.add(hash.h1());
                        hashes++;
                    }
                    if (at >= 0) {
                        b[at] ^= 1;
                    }
                }
            }
            assertThat(first).hasSize(hashes);
            assertThat(second).hasSize(hashes);
        }
    }

    @Test
    void shouldFoldTheUnsignedProductOnEveryJdk() throws ReflectiveOperationException {
        var mix = KeyHash.class.getDeclaredMethod("mix", long.class, long.class);
        mix.setAccessible(true);
        Random random = new Random(1);
        for (int i = 0; i < 10_000; i++) {
            long x = random.nextLong() >> random.nextInt(64);
            long y = random.nextLong() >> random.nextInt(64);
            BigInteger product = unsigned(x).multiply(unsigned(y));
            assertThat(mix.invoke(null, x, y)).isEqualTo(product.longValue() ^ product.shiftRight(64).longValue());
        }
    }

    private static BigInteger unsigned(long x) {
        return new BigInteger(Long.toUnsignedString(x));
    }
}
