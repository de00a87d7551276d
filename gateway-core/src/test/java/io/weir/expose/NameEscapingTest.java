package io.weir.expose;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.MetricType;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import io.weir.snapshot.SnapshotBuilder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NameEscapingTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            my.metric    | my_metric   | my_dot_metric      | U__my_2e_metric
            my.metric_x  | my_metric_x | my_dot_metric__x   | U__my_2e_metric__x
            a:b.c        | a:b_c       | a:b_dot_c          | U__a:b_2e_c
            1a           | _a          | __a                | U___31_a
            a b          | a_b         | a__b               | U__a_20_b
            \u00fcber    | _ber        | __ber              | U___fc_ber
            x\ud83d\ude00  | x_          | x__                | U__x_1f600_
            """)
    void shouldEscapeAsPrometheusDoes(String plain, String underscores, String dots, String values) {
        assertThat(new String(NameEscaping.UNDERSCORES.escape(plain, false))).isEqualTo(underscores);
        assertThat(new String(NameEscaping.DOTS.escape(plain, false))).isEqualTo(dots);
        assertThat(new String(NameEscaping.VALUES.escape(plain, false))).isEqualTo(values);
    }

    @Test
    void shouldShowAnythingInQuotesToWhoReadsIt() {
        assertThat(text(NameEscaping.NONE)).isEqualTo("""
                # TYPE a_b gauge
                a_b 1
                # HELP "my \\"hi\\" stogram" H
                # TYPE "my \\"hi\\" stogram" histogram
                {"my \\"hi\\" stogram_bucket",x="y",le="1"} 2
                {"my \\"hi\\" stogram_bucket",x="y",le="+Inf"} 3
                {"my \\"hi\\" stogram_sum",x="y"} 4
                {"my \\"hi\\" stogram_count",x="y"} 3
                # TYPE "my.jobs_total" counter
                {"my.jobs_total"} 1
                {"my.jobs_total","trace.id"="a\\\\b"} 2
                # TYPE quoted_label gauge
                quoted_label{"a.b"="c"} 1
                """);
        assertThat(render(new OpenMetricsExposition(snapshot())))
                .contains("# TYPE \"my.jobs\" counter\n{\"my.jobs_total\"} 1\n");
        assertThat(render(new JsonExposition(snapshot().families(), Exposition.BLOCK_BYTES)))
                .contains("\"my \\\"hi\\\" stogram\":{\"name\":\"my \\\"hi\\\" stogram\"", "\"trace.id\":\"a\\\\b\"");
    }

    @Test
    void shouldEscapeEveryNameForOthers() {
        assertThat(text(NameEscaping.UNDERSCORES)).isEqualTo("""
                # TYPE a_b gauge
                a_b 1
                # HELP my__hi__stogram H
                # TYPE my__hi__stogram histogram
                my__hi__stogram_bucket{x="y",le="1"} 2
                my__hi__stogram_bucket{x="y",le="+Inf"} 3
                my__hi__stogram_sum{x="y"} 4
                my__hi__stogram_count{x="y"} 3
                # TYPE my_jobs_total counter
                my_jobs_total 1
                my_jobs_total{trace_id="a\\\\b"} 2
                # TYPE quoted_label gauge
                quoted_label{a_b="c"} 1
                """);
        Snapshot classic = new SnapshotBuilder().family("a_b", MetricType.GAUGE).series(1, "c", "d").build();
        assertThat(NameEscaping.UNDERSCORES.apply(classic)).isSameAs(classic);
    }

    @Test
    void shouldGiveNoTwoFamiliesOneName() {
        Snapshot snapshot = new SnapshotBuilder()
                .family("a-b", MetricType.GAUGE).series(1)
                .family("a.b", MetricType.GAUGE).series(2)
                .family("a_b", MetricType.COUNTER).series(3)
                .family("U__a_2e_b", MetricType.COUNTER).series(4)
                .family("h.x", MetricType.HISTOGRAM).series(new HistogramValue(new double[0], new double[1], 0))
                .family("h_x_sum", MetricType.GAUGE).series(5)
                .family("h.x_count", MetricType.GAUGE).series(6)
                .build();
        assertThat(render(new TextExposition(NameEscaping.UNDERSCORES.apply(snapshot)))).isEqualTo("""
                # TYPE U__a_2d_b gauge
                U__a_2d_b 1
                # TYPE U__a_2e_b counter
                U__a_2e_b 4
                # TYPE U__h_2e_x histogram
                U__h_2e_x_bucket{le="+Inf"} 0
                U__h_2e_x_sum 0
                U__h_2e_x_count 0
                # TYPE a_b counter
                a_b 3
                # TYPE a_b_ gauge
                a_b_ 2
                # TYPE h_x_count gauge
                h_x_count 6
                # TYPE h_x_sum gauge
                h_x_sum 5
                """);
    }

    @Test
    void shouldGiveNoTwoSeriesAndNoTwoLabelsOneName() {
        Snapshot snapshot = new SnapshotBuilder()
                .family("m", MetricType.GAUGE)
                .series(1, "a.b", "x")
                .series(2, "a_b", "x")
                .series(3, "a-b", "x")
                .series(4, "a-b", "1", "a.b", "2", "a_b", "3")
                .series(5, "..name..", "x")
                .series(6, "a:b", "y")
                .build();
        assertThat(render(new TextExposition(NameEscaping.UNDERSCORES.apply(snapshot)))).isEqualTo("""
                # TYPE m gauge
                m{U__a_2e_b="x"} 1
                m{a_b="x"} 2
                m{U__a_2d_b="x"} 3
                m{U__a_2d_b="1",U__a_2e_b="2",a_b="3"} 4
                m{U___2e__2e_name_2e__2e_="x"} 5
                m{a_b="y"} 6
                """);
    }

    private static Snapshot snapshot() {
        return new SnapshotBuilder()
                .family("a_b", MetricType.GAUGE)
                .series(1)
                .family("my.jobs_total", MetricType.COUNTER)
                .series(1)
                .series(2, "trace.id", "a\\b")
                .family("my \"hi\" stogram", MetricType.HISTOGRAM, "H")
                .series(new HistogramValue(new double[] {1}, new double[] {2, 1}, 4), "x", "y")
                .family("quoted_label", MetricType.GAUGE)
                .series(1, "a.b", "c")
                .build();
    }

    private static String text(NameEscaping names) {
        return render(new TextExposition(names.apply(snapshot())));
    }

    private static String render(Exposition exposition) {
        ByteBlock all = new ByteBlock(1 << 12);
        while (exposition.next(all)) {
            // all of it in one block
        }
        return new String(all.toByteArray(), StandardCharsets.UTF_8);
    }
}
