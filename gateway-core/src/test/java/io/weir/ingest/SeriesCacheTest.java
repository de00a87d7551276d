package io.weir.ingest;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SeriesCacheTest {
    @Test
    void shouldAgreeWithAMapOverRandomUse() {
        record Entry(long reference, int kind, double extra) {}
        SeriesCache cache = new SeriesCache(1 << 20);
        Map<Long, Entry> oracle = new HashMap<>();
        Random random = new Random(7);
        for (int i = 0; i < 200_000; i++) {
            long key = random.nextInt(60_000);
            // equal low bits, so that probe paths are long
            long h0 = key << 12;
            // and halves that differ above and below
            long h1 = key % 2 == 0 ? key : key << 40;
            if (random.nextBoolean()) {
                double extra = key % 3 == 0 ? key : Double.NaN;
                cache.put(h0, h1, i + 1, (int) key, extra);
                oracle.put(key, new Entry(i + 1, (int) key, extra));
            } else {
                int found = cache.find(h0, h1);
                Entry expected = oracle.get(key);
                if (expected == null) {
                    assertThat(found).isEqualTo(SeriesCache.NONE);
                } else {
                    assertThat(new Entry(cache.reference(found), cache.kind(found), cache.extra(found))).isEqualTo(expected);
                }
            }
        }
        assertThat(cache.size()).isEqualTo(oracle.size());
    }

    @Test
    void shouldExpectTheKeyBehindTheLastOne() {
        SeriesCache cache = new SeriesCache(100_000);
        int keys = 20_000;
        for (int i = 0; i < keys; i++) {
            cache.put(i, ~i, i, 1, Double.NaN);
        }
        byte[] body = "m{a=\"0\"} 1\n".getBytes(US_ASCII);
        for (int i = 0; i < keys; i++) {
            assertThat(cache.expected(body, 0, body.length)).isZero();
            cache.find(i, ~i);
            cache.learn(key(i), 0, key(i).length);
        }
        cache.find(keys - 2, ~(keys - 2));
        byte[] next = key(keys - 1);
        byte[] other = key(keys - 2);
        byte[] more = Arrays.copyOf(next, next.length + 1);
        assertThat(cache.expected(more, 0, more.length)).isEqualTo(next.length);
        assertThat(cache.expected(next, 0, next.length)).isZero();
        assertThat(cache.expected(other, 0, other.length)).isZero();
        assertThat(cache.takeExpected()).isEqualTo(keys - 1);
        assertThat(cache.expected(more, 0, more.length)).isZero();
        cache.clear();
        assertThat(cache.expected(more, 0, more.length)).isZero();
    }

    @Test
    void shouldKeepSomeOfTheKeysInUseWhenTheyAreMoreThanItKeeps() {
        SeriesCache cache = new SeriesCache(1 << 20);
        int length = 10_000;
        int room = SeriesCache.TEXT_MAX / length;
        byte[] key = new byte[length + 1];
        for (int i = 0; i < 2 * room; i++) {
            cache.put(i, ~i, i, 1, Double.NaN);
            cache.learn(key, 0, length);
        }
        assertThat(expects(cache, 1, key)).isTrue();
        assertThat(expects(cache, 2 * room - 1, key)).isFalse();
        cache.find(2 * room - 1, ~(2 * room - 1));
        for (int i = 0; i < 1 << 20; i++) {
            cache.learn(key, 0, length);
        }
        assertThat(expects(cache, 2 * room - 1, key)).isTrue();
        assertThat(expects(cache, 1, key)).isFalse();
    }

    private static boolean expects(SeriesCache cache, int entry, byte[] key) {
        cache.find(entry - 1, ~(entry - 1));
        return cache.expected(key, 0, key.length) > 0;
    }

    private static byte[] key(int i) {
        return ("m{a=\"" + i + "\"}").getBytes(US_ASCII);
    }

    @Test
    void shouldForgetEverythingRatherThanGrowPastItsLimit() {
        SeriesCache cache = new SeriesCache(100);
        for (int i = 0; i < 1_000; i++) {
            cache.put(i, ~i, i, 1, i);
            assertThat(cache.size()).isBetween(1, 100);
            assertThat(cache.reference(cache.find(i, ~i))).isEqualTo(i);
        }
        assertThat(cache.find(0, ~0)).isEqualTo(SeriesCache.NONE);
    }

    @Test
    void shouldTellApartKeysOfWhichOneHalfIsEqual() {
        SeriesCache cache = new SeriesCache(100);
        cache.put(1, 1, 10, 0, Double.NaN);
        cache.put(1, 2, 20, 0, Double.NaN);
        cache.put(2, 1, 30, 0, Double.NaN);

        assertThat(cache.reference(cache.find(1, 2))).isEqualTo(20);
        assertThat(cache.reference(cache.find(2, 1))).isEqualTo(30);
        assertThat(cache.reference(cache.find(1, 1))).isEqualTo(10);
        assertThat(cache.find(2, 2)).isEqualTo(SeriesCache.NONE);
    }
}
