package io.weir.expose;

import static io.weir.expose.ExpositionGoldenTest.text;
import static io.weir.sample.MetricType.COUNTER;
import static io.weir.sample.MetricType.GAUGE;
import static io.weir.sample.MetricType.HISTOGRAM;
import static io.weir.sample.MetricType.SUMMARY;
import static io.weir.sample.MetricType.UNTYPED;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.SnapshotBuilder;
import io.weir.snapshot.SummaryValue;
import java.util.List;
import org.junit.jupiter.api.Test;

class OpenMetricsExpositionTest {
    @Test
    void shouldWriteEveryTypeInItsOwnTerms() {
        HistogramValue ladder = new HistogramValue(new double[] {0.5, 1, 2e6}, new double[] {1, 0, 2, 3}, 7.5);
        SnapshotBuilder builder = new SnapshotBuilder()
                .family("jobs_total", COUNTER, "Jobs \"done\" \\ and\nmore.")
                .series(3, "q", "a\"b")
                .family("plain", COUNTER)
                .series(1)
                .family("size", GAUGE)
                .series(Double.NaN)
                .family("what", UNTYPED)
                .series(Double.NEGATIVE_INFINITY)
                .family("seconds", HISTOGRAM)
                .series(ladder, "m", "x")
                .family("rpc", SUMMARY)
                .series(new SummaryValue(2, 3.5));

        assertThat(text(new OpenMetricsExposition(builder.build()))).isEqualTo("""
                # HELP jobs Jobs \\"done\\" \\\\ and\\nmore.
                # TYPE jobs counter
                jobs_total{q="a\\"b"} 3
                # TYPE plain unknown
                plain 1
                # TYPE rpc summary
                rpc_sum 3.5
                rpc_count 2
                # TYPE seconds histogram
                seconds_bucket{m="x",le="0.5"} 1
                seconds_bucket{m="x",le="1.0"} 1
                seconds_bucket{m="x",le="2000000.0"} 3
                seconds_bucket{m="x",le="+Inf"} 6
                seconds_sum{m="x"} 7.5
                seconds_count{m="x"} 6
                # TYPE size gauge
                size NaN
                # TYPE what unknown
                what -Inf
                # EOF
                """);
    }

    @Test
    void shouldPutCreationTimesWithTheirSeries() {
        SnapshotBuilder builder = new SnapshotBuilder()
                .family("jobs_created", GAUGE)
                .series(1.7e9, "q", "b")
                .series(1.6e9, "q", "a")
                .family("jobs_total", COUNTER)
                .series(1, "q", "a")
                .series(2, "q", "none")
                .series(3, "q", "b")
                .family("rpc", SUMMARY)
                .series(new SummaryValue(2, 3.5))
                .family("rpc_created", GAUGE)
                .series(5)
                .family("wall_created", GAUGE)
                .series(6);

        assertThat(text(new OpenMetricsExposition(builder.build()))).isEqualTo("""
                # TYPE jobs counter
                jobs_total{q="a"} 1
                jobs_created{q="a"} 1600000000
                jobs_total{q="none"} 2
                jobs_total{q="b"} 3
                jobs_created{q="b"} 1700000000
                # TYPE rpc summary
                rpc_sum 3.5
                rpc_count 2
                rpc_created 5
                # TYPE wall_created gauge
                wall_created 6
                # EOF
                """);
    }

    @Test
    void shouldNotLetACounterTakeTheNameOfAnotherFamily() {
        SnapshotBuilder builder = new SnapshotBuilder()
                .family("jobs", GAUGE)
                .series(1)
                .family("jobs_total", COUNTER)
                .series(2);

        assertThat(text(new OpenMetricsExposition(builder.build()))).isEqualTo("""
                # TYPE jobs gauge
                jobs 1
                # TYPE jobs_total unknown
                jobs_total 2
                # EOF
                """);
    }

    @Test
    void shouldEndAnEmptyBodyToo() {
        assertThat(text(new OpenMetricsExposition(new SnapshotBuilder().build()))).isEqualTo("# EOF\n");
        assertThat(text(new OpenMetricsExposition(
                        new SnapshotBuilder().family("a", GAUGE).series(1).build(), List.of("b"))))
                .isEqualTo("# EOF\n");
    }
}
