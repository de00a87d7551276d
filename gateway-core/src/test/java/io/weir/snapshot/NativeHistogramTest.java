package io.weir.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.NativeHistogramBuckets;
import io.weir.sample.Limits;
import io.weir.sample.NativeSample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class NativeHistogramTest {
    private static final double DEFAULT_THRESHOLD = 0x1p-128;

    /** Buckets as index, count, index, count ... */
    static NativeHistogram of(int schema, double threshold, double zeros, double sum, double[] positive, double... negative) {
        NativeSample sample = new NativeSample();
        sample.schema = schema;
        sample.zeroThreshold = threshold;
        sample.zeroCount = zeros;
        sample.sum = sum;
        sample.count = zeros + fill(sample.positive, positive) + fill(sample.negative, negative);
        return NativeHistogram.of(sample);
    }

    private static double fill(NativeSample.Side side, double[] buckets) {
        double total = 0;
        for (int i = 0; i < buckets.length; i += 2) {
            side.add((int) buckets[i], buckets[i + 1]);
            total += buckets[i + 1];
        }
        return total;
    }

    /** What a client that observes these would push. */
    static NativeHistogram observed(int schema, double threshold, List<Double> values) {
        TreeMap<Integer, Double> positive = new TreeMap<>();
        TreeMap<Integer, Double> negative = new TreeMap<>();
        NativeSample sample = new NativeSample();
        sample.schema = schema;
        sample.zeroThreshold = threshold;
        for (double value : values) {
            sample.count++;
            sample.sum += value;
            if (Double.isNaN(value)) {
                continue;
            }
            if (Math.abs(value) <= threshold) {
                sample.zeroCount++;
            } else {
                (value > 0 ? positive : negative).merge(NativeHistogram.index(schema, Math.abs(value)), 1.0, Double::sum);
            }
        }
        positive.forEach(sample.positive::add);
        negative.forEach(sample.negative::add);
        return NativeHistogram.of(sample);
    }

    private static double[] buckets(double... buckets) {
        return buckets;
    }

    // ---- the merge vectors: lower schema, wider zero bucket, sum of spans

    @Test
    void shouldReduceToTheLowerSchemaAndAdd() {
        // at schema 0 the buckets 1 and 2 of schema 1, (1,1.41] and (1.41,2], are bucket 1, and -1 and 0 are bucket 0
        NativeHistogram fine = of(1, DEFAULT_THRESHOLD, 2, 7, buckets(-1, 1, 0, 2, 1, 4, 2, 8, 5, 16), 3, 32);
        NativeHistogram coarse = of(0, DEFAULT_THRESHOLD, 1, 5, buckets(1, 100), 2, 200, 9, 300);

        NativeHistogram expected = of(0, DEFAULT_THRESHOLD, 3, 12, buckets(0, 3, 1, 112, 3, 16), 2, 232, 9, 300);
        assertThat(fine.plus(coarse)).isEqualTo(expected);
        assertThat(coarse.plus(fine)).isEqualTo(expected);
    }

    @Test
    void shouldReduceOverManySchemasAtOnce() {
        // 2^16 is a bound of schema -4: bucket 1 is (1, 65536], bucket 0 what is below down to 2^-16
        NativeHistogram fine = of(8, DEFAULT_THRESHOLD, 0, 0, buckets(-4095, 1, 0, 2, 1, 4, 4096, 8, 4097, 16));
        assertThat(fine.plus(of(-4, DEFAULT_THRESHOLD, 0, 0, buckets())))
                .isEqualTo(of(-4, DEFAULT_THRESHOLD, 0, 0, buckets(0, 3, 1, 12, 2, 16)));
    }

    @Test
    void shouldWidenTheZeroBucketOverTheBucketsWithinIt() {
        // 0.5 is a bound: buckets up to it are zero now, on both sides
        NativeHistogram narrow = of(0, 0.001, 1, 0, buckets(-2, 2, -1, 4, 0, 8), -3, 16, 1, 32);
        assertThat(narrow.plus(of(0, 0.5, 64, 0, buckets(0, 128))))
                .isEqualTo(of(0, 0.5, 1 + 2 + 4 + 16 + 64, 0, buckets(0, 136), 1, 32));
    }

    @Test
    void shouldWidenToTheBoundOfTheFilledBucketInWhichTheThresholdLies() {
        // 0.6 lies in (0.5,1], which has observations, on the negative side
        NativeHistogram narrow = of(0, 0.25, 0, 0, buckets(1, 1), 0, 2);
        assertThat(narrow.plus(of(0, 0.6, 4, 0, buckets()))).isEqualTo(of(0, 1, 6, 0, buckets(1, 1)));
        // where nothing is, it stays where it is
        NativeHistogram clear = of(0, 0.25, 0, 0, buckets(1, 1), 5, 2);
        assertThat(clear.plus(of(0, 0.6, 4, 0, buckets()))).isEqualTo(of(0, 0.6, 4, 0, buckets(1, 1), 5, 2));
    }

    @Test
    void shouldWidenAgainWhenTheOtherSideHasAFilledBucketThere() {
        // schema -1: bounds 1, 4, 16. 3 lies in the filled (1,4]; what is below 4 on the other side goes along
        NativeHistogram h = of(-1, 0, 0, 0, buckets(1, 1, 2, 2), 0, 4, 1, 8);
        assertThat(h.plus(of(-1, 3, 16, 0, buckets()))).isEqualTo(of(-1, 4, 29, 0, buckets(2, 2)));
    }

    @Test
    void shouldTakeAThresholdThatDiffersInTheLastBitForTheBound() {
        double bound = NativeHistogram.bound(3, 5);
        for (double threshold : new double[] {bound, Math.nextUp(bound), Math.nextDown(bound)}) {
            NativeHistogram h = of(3, threshold, 1, 0, buckets(5, 2, 6, 4));
            assertThat(h.zeroCount()).isEqualTo(3);
            assertThat(h.positiveIndexes()).containsExactly(6);
        }
    }

    @Test
    void shouldKeepInfinitiesInTheirBucketAtEverySchema() {
        for (int schema = -4; schema <= 8; schema++) {
            NativeHistogram h = observed(schema, 0, List.of(Double.POSITIVE_INFINITY, Double.MAX_VALUE, Double.MIN_VALUE));
            NativeHistogram low = h.plus(of(-4, 0, 0, 0, buckets()));
            assertThat(low.positiveIndexes()).containsExactly(NativeHistogram.index(-4, Double.MIN_VALUE), 64, 65);
            assertThat(NativeHistogram.bound(schema, NativeHistogram.indexMax(schema))).isInfinite();
            assertThat(NativeHistogram.bound(schema, NativeHistogram.indexMax(schema) - 1)).isEqualTo(Double.MAX_VALUE);
        }
    }

    @Test
    void shouldHaveMoreObservationsThanBucketsHoldWhereNaNWasObserved() {
        NativeHistogram nan = observed(3, DEFAULT_THRESHOLD, List.of(1.0, Double.NaN));
        NativeHistogram sum = nan.plus(observed(3, DEFAULT_THRESHOLD, List.of(2.0)));
        assertThat(sum.count()).isEqualTo(3);
        assertThat(sum.sum()).isNaN();
    }

    @Test
    void shouldLowerTheSchemaRatherThanHaveTooManyBuckets() {
        List<Double> values = new ArrayList<>();
        for (double v = 1e-9; v < 1e9; v *= 1.01) {
            values.add(v);
            values.add(-v);
        }
        NativeHistogram h = observed(8, DEFAULT_THRESHOLD, values);
        assertThat(h.schema()).isEqualTo(1);
        assertThat(h.positiveIndexes().length).isLessThanOrEqualTo(Limits.NATIVE_BUCKETS).isGreaterThan(Limits.NATIVE_BUCKETS / 2 - 2);
        assertThat(total(h)).isEqualTo(values.size());
        assertThat(h).isEqualTo(observed(1, DEFAULT_THRESHOLD, values));
    }

    @Test
    void shouldFitIntoTheLimitAtTheLowestSchemaWhateverThereIs() {
        NativeSample all = new NativeSample();
        all.schema = -4;
        for (int i = NativeHistogram.indexMin(-4); i <= NativeHistogram.indexMax(-4); i++) {
            all.positive.add(i, 1);
            all.count++;
        }
        NativeHistogram h = NativeHistogram.of(all);
        assertThat(h.schema()).isEqualTo(-4);
        assertThat(total(h)).isEqualTo(all.count);
        assertThat(h.positiveIndexes().length).isLessThanOrEqualTo(Limits.NATIVE_BUCKETS);
    }

    // ---- against others

    /** The client library works its buckets out in another way. */
    @Test
    void shouldCountEachValueInTheBucketOfTheClientLibrary() {
        Random random = new Random(Long.getLong("weir.fuzz.seed", 1));
        for (int schema = -4; schema <= 8; schema++) {
            Histogram client = Histogram.builder()
                    .name("h").nativeOnly().nativeInitialSchema(schema).nativeMaxNumberOfBuckets(0)
                    .nativeMinZeroThreshold(0).nativeMaxZeroThreshold(0).build();
            Map<Integer, Long> expected = new TreeMap<>();
            for (int i = 0; i < 2_000; i++) {
                double value = switch (i % 4) {
                    case 0 -> Math.abs(Double.longBitsToDouble(random.nextLong()));
                    case 1 -> random.nextDouble();
                    case 2 -> Math.scalb(1.0, random.nextInt(2000) - 1000);
                    // beside a bound, not at it: bounds between powers of two differ in their last bit
                    default -> NativeHistogram.bound(schema, random.nextInt(200) - 100) * (1 + 1e-13 * (random.nextInt(2) * 2 - 1));
                };
                if (Double.isFinite(value) && value > 0) {
                    client.observe(value);
                    expected.merge(NativeHistogram.index(schema, value), 1L, Long::sum);
                }
            }
            HistogramSnapshot.HistogramDataPointSnapshot point = client.collect().getDataPoints().get(0);
            NativeHistogramBuckets buckets = point.getNativeBucketsForPositiveValues();
            Map<Integer, Long> found = new TreeMap<>();
            for (int i = 0; i < buckets.size(); i++) {
                found.put(buckets.getBucketIndex(i), buckets.getCount(i));
            }
            assertThat(found.equals(expected)).as("schema " + schema).isTrue();
        }
    }

    @Property(tries = 500)
    void shouldHaveEachValueBetweenTheBoundsOfItsBucket(@ForAll("positive") double value, @ForAll("schemas") int schema) {
        int index = NativeHistogram.index(schema, value);
        assertThat(NativeHistogram.bound(schema, index)).isGreaterThanOrEqualTo(value);
        assertThat(NativeHistogram.bound(schema, index - 1)).isLessThan(value);
    }

    @Property(tries = 500)
    void shouldHoldAfterMergingWhatOneHistogramOfAllWouldHold(
            @ForAll("values") List<Double> a, @ForAll("values") List<Double> b, @ForAll("schemas") int s, @ForAll("schemas") int t) {
        List<Double> both = new ArrayList<>(a);
        both.addAll(b);
        NativeHistogram merged = observed(s, DEFAULT_THRESHOLD, a).plus(observed(t, DEFAULT_THRESHOLD, b));
        NativeHistogram once = observed(Math.min(s, t), DEFAULT_THRESHOLD, both);
        same(merged, once);
    }

    @Property(tries = 500)
    void shouldMergeInAnyOrder(@ForAll("any") NativeHistogram a, @ForAll("any") NativeHistogram b, @ForAll("any") NativeHistogram c) {
        same(a.plus(b), b.plus(a));
        same(a.plus(b).plus(c), a.plus(b.plus(c)));
        same(a.plus(b).plus(c), c.plus(a).plus(b));
    }

    /** Where thresholds differ, the place at which zero begins may depend on the order; nothing is lost in any. */
    @Property(tries = 500)
    void shouldLoseNothingAndHoldItsPromisesWhateverTheThresholds(
            @ForAll("thresholds") NativeHistogram a, @ForAll("thresholds") NativeHistogram b, @ForAll("thresholds") NativeHistogram c) {
        for (NativeHistogram h : List.of(a, a.plus(b), a.plus(b).plus(c), a.plus(c).plus(b), c.plus(b).plus(a))) {
            assertThat(total(h)).isEqualTo(h.count());
            promises(h.positiveIndexes(), h.positiveCounts(), h);
            promises(h.negativeIndexes(), h.negativeCounts(), h);
        }
        assertThat(total(a.plus(b).plus(c))).isEqualTo(total(a) + total(b) + total(c));
        assertThat(a.plus(b)).isEqualTo(b.plus(a));
    }

    @Property(tries = 500)
    void shouldTakeAwayWhatWasAdded(@ForAll("thresholds") NativeHistogram a, @ForAll("thresholds") NativeHistogram b) {
        NativeHistogram sum = a.plus(b);
        NativeHistogram rest = sum.minus(a);
        assertThat(rest.count()).isEqualTo(b.count());
        assertThat(total(rest)).isEqualTo(b.count());
        assertThat(a.plus(rest)).isEqualTo(sum);
    }

    private static void promises(int[] indexes, double[] counts, NativeHistogram h) {
        assertThat(indexes).isSorted().doesNotHaveDuplicates().hasSizeLessThanOrEqualTo(Limits.NATIVE_BUCKETS);
        for (int i = 0; i < indexes.length; i++) {
            assertThat(counts[i]).isPositive();
            assertThat(NativeHistogram.bound(h.schema(), indexes[i])).isGreaterThan(h.zeroThreshold());
            if (h.zeroThreshold() > 0) {
                assertThat(NativeHistogram.bound(h.schema(), indexes[i] - 1))
                        .isGreaterThanOrEqualTo(Math.nextDown(h.zeroThreshold()));
            }
        }
    }

    private static void same(NativeHistogram a, NativeHistogram b) {
        if (!Double.isNaN(a.sum())) {
            assertThat(a.sum()).isCloseTo(b.sum(), within(1e-9 * Math.max(1, Math.abs(a.sum()))));
        }
        assertThat(withoutSum(a)).isEqualTo(withoutSum(b));
    }

    private static NativeHistogram withoutSum(NativeHistogram h) {
        return h.minus(of(h.schema(), h.zeroThreshold(), 0, h.sum(), buckets()));
    }

    private static double total(NativeHistogram h) {
        double total = h.zeroCount();
        for (double c : h.positiveCounts()) {
            total += c;
        }
        for (double c : h.negativeCounts()) {
            total += c;
        }
        return total;
    }

    @Provide
    Arbitrary<Integer> schemas() {
        return Arbitraries.integers().between(-4, 8);
    }

    @Provide
    Arbitrary<Double> positive() {
        return Arbitraries.oneOf(
                Arbitraries.longs().map(bits -> Math.abs(Double.longBitsToDouble(bits))).filter(v -> Double.isFinite(v) && v >= Double.MIN_NORMAL),
                Arbitraries.integers().between(-900, 900).map(e -> Math.scalb(1.0, e)),
                Arbitraries.doubles().between(0.001, 1000).ofScale(9));
    }

    @Provide
    Arbitrary<List<Double>> values() {
        return Arbitraries.oneOf(
                        Arbitraries.doubles().between(-10, 10).ofScale(6),
                        Arbitraries.doubles().between(1e-6, 1e6).ofScale(9),
                        Arbitraries.of(0.0, 1.0, -2.0, 0.25, 1e300, -1e-300))
                .list().ofMaxSize(300);
    }

    @Provide
    Arbitrary<NativeHistogram> any() {
        return Combinators.combine(schemas(), values()).as((s, v) -> observed(s, DEFAULT_THRESHOLD, v));
    }

    @Provide
    Arbitrary<NativeHistogram> thresholds() {
        Arbitrary<Double> thresholds = Arbitraries.oneOf(
                Arbitraries.of(0.0, DEFAULT_THRESHOLD, 0.5, 1.0), Arbitraries.doubles().between(0, 20));
        Arbitrary<List<Double>> whole = Arbitraries.integers().between(-1000, 1000).map(i -> i / 8.0).list().ofMaxSize(200);
        return Combinators.combine(schemas(), thresholds, whole).as(NativeHistogramTest::observed);
    }
}
