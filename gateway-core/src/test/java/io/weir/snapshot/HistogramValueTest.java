package io.weir.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class HistogramValueTest {
    private static HistogramValue of(double[] bounds, double[] counts, double sum) {
        return new HistogramValue(bounds, counts, sum);
    }

    @Test
    void shouldMergeDifferentBucketsIntoTheirUnionWithoutAFallingLadder() {
        HistogramValue a = of(new double[] {1}, new double[] {5, 0}, 3);
        HistogramValue b = of(new double[] {2}, new double[] {1, 0}, 2);

        HistogramValue merged = a.plus(b);

        assertThat(merged).isEqualTo(of(new double[] {1, 2}, new double[] {5, 1, 0}, 5));
        assertThat(merged.count()).isEqualTo(6);
        assertThat(a).isEqualTo(of(new double[] {1}, new double[] {5, 0}, 3));
    }

    @Test
    void shouldKeepWhatLiesAboveTheLastBound() {
        HistogramValue a = of(new double[] {1, 2}, new double[] {1, 2, 3}, 10);

        assertThat(a.plus(a)).isEqualTo(of(new double[] {1, 2}, new double[] {2, 4, 6}, 20));
        assertThat(a.plus(of(new double[0], new double[] {4}, 1))).isEqualTo(of(new double[] {1, 2}, new double[] {1, 2, 7}, 11));
    }

    @Test
    void shouldNotLetOneNaNSumStick() {
        HistogramValue a = of(new double[0], new double[] {1}, Double.NaN);

        assertThat(a.plus(of(new double[0], new double[] {1}, 2)).sum()).isEqualTo(2);
        assertThat(of(new double[0], new double[] {1}, 2).plus(a).sum()).isEqualTo(2);
        assertThat(new SummaryValue(1, Double.NaN).plus(new SummaryValue(1, 2))).isEqualTo(new SummaryValue(2, 2));
    }

    @Property(tries = 300)
    void shouldMergeInAnyOrderAndLoseNothing(
            @ForAll("values") HistogramValue a, @ForAll("values") HistogramValue b, @ForAll("values") HistogramValue c) {
        HistogramValue left = a.plus(b).plus(c);

        assertThat(left).isEqualTo(a.plus(b.plus(c))).isEqualTo(c.plus(a).plus(b));
        assertThat(left.count()).isEqualTo(a.count() + b.count() + c.count());
        assertThat(a.plus(b).buckets()).isEqualTo(a.unionBuckets(b));
        for (int i = 1; i < left.buckets(); i++) {
            assertThat(left.bound(i)).isGreaterThan(left.bound(i - 1));
        }
        for (int i = 0; i <= left.buckets(); i++) {
            assertThat(left.count(i)).isNotNegative();
        }
    }

    @Provide
    Arbitrary<HistogramValue> values() {
        Arbitrary<double[]> bounds = Arbitraries.integers().between(-5, 15).set().ofMaxSize(6)
                .map(set -> set.stream().mapToDouble(i -> i / 2.0).sorted().toArray());
        return bounds.flatMap(b -> Arbitraries.integers().between(0, 100).list().ofSize(b.length + 1)
                .map(counts -> of(b, counts.stream().mapToDouble(i -> i).toArray(), counts.get(0))));
    }
}
