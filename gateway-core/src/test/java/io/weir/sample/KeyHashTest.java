package io.weir.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class KeyHashTest {
    private final KeyHash hash = new KeyHash(11, 22, 33, 44);

    private record Pair(long h0, long h1) {}

    private Pair of(byte[] bytes, int offset, int length, long tweak) {
        hash.hash(bytes, offset, length, tweak);
        return new Pair(hash.h0(), hash.h1());
    }

    @Test
    void shouldDependOnNothingButTheBytesTheTweakAndTheSecret() {
        byte[] bytes = "xxhttp_requests_total{method=\"GET\",status=\"200\"}yy".getBytes(StandardCharsets.US_ASCII);
        Pair inside = of(bytes, 2, bytes.length - 4, 7);
        byte[] alone = new String(bytes, 2, bytes.length - 4, StandardCharsets.US_ASCII).getBytes(StandardCharsets.US_ASCII);

        assertThat(of(alone, 0, alone.length, 7)).isEqualTo(inside);
        assertThat(of(alone, 0, alone.length, 8)).isNotEqualTo(inside);
        KeyHash copy = hash.copy();
        copy.hash(alone, 0, alone.length, 7);
        assertThat(new Pair(copy.h0(), copy.h1())).isEqualTo(inside);
        KeyHash other = new KeyHash(11, 22, 33, 45);
        other.hash(alone, 0, alone.length, 7);
        assertThat(other.h1()).isNotEqualTo(inside.h1());
    }

    @Test
    void shouldTellApartEveryByteOfEveryLength() {
        for (int length = 0; length <= 70; length++) {
            byte[] zeros = new byte[length];
            Set<Pair> seen = new HashSet<>();
            assertThat(seen.add(of(zeros, 0, length, 0))).isTrue();
            for (int i = 0; i < length; i++) {
                for (int bit = 0; bit < 8; bit++) {
                    byte[] one = zeros.clone();
                    one[i] ^= (byte) (1 << bit);
                    assertThat(seen.add(of(one, 0, length, 0))).as("length %d byte %d bit %d", length, i, bit).isTrue();
                }
            }
        }
    }

    /** Whoever knows one process's secret, or guesses at none, cannot fill one slot of another's tables. */
    @Test
    void shouldScatterNamesThatMeetInOneSlotUnderAnotherSecret() {
        int slots = 1 << 10;
        List<byte[]> colliding = new ArrayList<>();
        for (int i = 0; colliding.size() < 1_000; i++) {
            byte[] name = ("flood{id=\"" + i + "\"}").getBytes(StandardCharsets.US_ASCII);
            if ((of(name, 0, name.length, 7).h0() & slots - 1) == 0) {
                colliding.add(name);
            }
        }
        KeyHash other = new KeyHash(55, 66, 77, 88);
        int[] load = new int[slots];
        for (byte[] name : colliding) {
            other.hash(name, 0, name.length, 7);
            load[(int) other.h0() & slots - 1]++;
        }
        // As balls thrown at random: with 1,000 in 1,024 slots ten in one happen once in ten thousand tries.
        assertThat(Arrays.stream(load).max().orElseThrow()).isLessThan(10);
        assertThat(Arrays.stream(load).filter(n -> n == 0).count()).isBetween(300L, 460L);
    }

    @Test
    void shouldTellApartLengthsOfEqualBytes() {
        Set<Pair> seen = new HashSet<>();
        byte[] zeros = new byte[200];
        for (int length = 0; length <= 200; length++) {
            assertThat(seen.add(of(zeros, 0, length, 0))).as("length %d", length).isTrue();
        }
    }

    @Test
    void shouldSpreadSimilarNamesEvenlyOverEveryBitOfBothHalves() {
        int n = 100_000;
        int[] ones = new int[128];
        for (int i = 0; i < n; i++) {
            byte[] name = ("metric_" + i).getBytes(StandardCharsets.US_ASCII);
            Pair p = of(name, 0, name.length, 0);
            for (int bit = 0; bit < 64; bit++) {
                ones[bit] += (int) (p.h0 >>> bit & 1);
                ones[64 + bit] += (int) (p.h1 >>> bit & 1);
            }
        }
        for (int bit = 0; bit < 128; bit++) {
            // six standard deviations of a fair coin
            assertThat(ones[bit]).as("bit %d", bit).isBetween(n / 2 - 950, n / 2 + 950);
        }
    }

    @Test
    void shouldCombinePairsSoThatOrderAndPartnersMatter() {
        Random random = new Random(1);
        Set<Pair> seen = new HashSet<>();
        long[] prefixes = random.longs(200).toArray();
        for (int i = 0; i < prefixes.length; i += 2) {
            for (int j = 0; j < prefixes.length; j += 2) {
                hash.combine(prefixes[i], prefixes[i + 1], prefixes[j], prefixes[j + 1]);
                assertThat(seen.add(new Pair(hash.h0(), hash.h1()))).isTrue();
            }
        }
    }
}
