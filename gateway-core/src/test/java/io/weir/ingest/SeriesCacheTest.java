package io.weir.ingest;

import static org.assertj.core.api.Assertions.assertThat;

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
            if (random.nextBoolean()) {
                double extra = key % 3 == 0 ? key : Double.NaN;
                cache.put(h0, key, i + 1, (int) key, extra);
                oracle.put(key, new Entry(i + 1, (int) key, extra));
            } else {
                int found = cache.find(h0, key);
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
