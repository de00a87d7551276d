package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Metric;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.MetricFamily;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** When series began, as scrapers are told. */
@Timeout(60)
class CreatedTest {
    private static final String OPEN_METRICS = "application/openmetrics-text;version=1.0.0";
    private static final String BODY = """
            # TYPE jobs_total counter
            jobs_total{q="a"} 1
            # TYPE seconds histogram
            seconds_bucket{le="+Inf"} 2
            seconds_sum 3
            # TYPE size summary
            size_count 1
            size_sum 2
            # TYPE level gauge
            level 5
            # TYPE pushed_total counter
            pushed_total 1
            # TYPE pushed_created gauge
            pushed_created 7
            """;

    @Test
    void shouldTellWhenSeriesBeganAlsoAfterARestart(@TempDir Path directory) throws Exception {
        String[] flags = {"--series.max=1000", "--storage.path=" + directory, "--web.openmetrics-created-samples"};
        long before = System.currentTimeMillis();
        Map<String, Long> began;
        try (RunningWeir weir = new RunningWeir(flags)) {
            assertThat(weir.post(BODY)).hasToString("200 ok");
            long after = System.currentTimeMillis();
            assertThat(weir.post(BODY)).hasToString("200 ok");
            began = began(weir);
            assertThat(began).containsOnlyKeys("jobs_total", "pushed_total", "seconds", "size");
            assertThat(began.values()).allSatisfy(millis -> assertThat(millis).isBetween(before, after));

            String open = weir.get("/metrics", "Accept", OPEN_METRICS).body();
            assertThat(open).contains("\njobs_created{q=\"a\"} ", "\nseconds_created ", "\nsize_created ", "\npushed_created 7\n");
            assertThat(open).doesNotContain("level_created");
            assertThat(created(open, "jobs_created{q=\"a\"} ")).isEqualTo(began.get("jobs_total") / 1e3);
            assertThat(weir.scrape()).doesNotContain("jobs_created");
        }
        try (RunningWeir weir = new RunningWeir(flags)) {
            // what the journal knows is when a push was written down, to a moment
            assertThat(began(weir)).containsOnlyKeys(began.keySet());
            began(weir).forEach((name, millis) -> assertThat(millis).isBetween(began.get(name) - 1000, began.get(name) + 10_000));
            Map<String, Long> restored = began(weir);
            weir.delete("jobs_total");
            assertThat(weir.post(BODY)).hasToString("200 ok");
            assertThat(began(weir).get("jobs_total")).isGreaterThan(restored.get("jobs_total"));
            assertThat(began(weir).get("size")).isEqualTo(restored.get("size"));
        }
    }

    @Test
    void shouldHaveNoSeriesOfCreationTimesUnlessAskedTo() {
        try (RunningWeir weir = new RunningWeir("--series.max=1000")) {
            assertThat(weir.post(BODY)).hasToString("200 ok");
            assertThat(weir.get("/metrics", "Accept", OPEN_METRICS).body())
                    .doesNotContain("jobs_created", "seconds_created", "size_created")
                    .contains("\npushed_created 7\n");
        }
    }

    private static double created(String text, String sample) {
        int at = text.indexOf(sample) + sample.length();
        return Double.parseDouble(text.substring(at, text.indexOf('\n', at)));
    }

    /** By family, of its one metric, in milliseconds. */
    private static Map<String, Long> began(RunningWeir weir) throws Exception {
        ByteArrayInputStream in =
                new ByteArrayInputStream(weir.get("/metrics", "Accept", FormatsInTest.PROTOBUF).bytes());
        Map<String, Long> began = new TreeMap<>();
        for (MetricFamily family; (family = MetricFamily.parseDelimitedFrom(in)) != null; ) {
            Metric metric = family.getMetric(0);
            var time = metric.hasCounter() && metric.getCounter().hasCreatedTimestamp()
                    ? metric.getCounter().getCreatedTimestamp()
                    : metric.hasSummary() && metric.getSummary().hasCreatedTimestamp()
                            ? metric.getSummary().getCreatedTimestamp()
                            : metric.getHistogram().hasCreatedTimestamp() ? metric.getHistogram().getCreatedTimestamp() : null;
            if (time != null) {
                began.put(family.getName(), time.getSeconds() * 1000 + time.getNanos() / 1_000_000);
            }
        }
        return began;
    }
}
