package io.weir.expose;

import static io.weir.expose.ExpositionGoldenTest.text;
import static io.weir.sample.MetricType.COUNTER;
import static io.weir.sample.MetricType.GAUGE;
import static io.weir.sample.MetricType.HISTOGRAM;
import static io.weir.sample.MetricType.SUMMARY;
import static io.weir.sample.MetricType.UNTYPED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import io.weir.snapshot.SnapshotBuilder;
import io.weir.snapshot.SummaryValue;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prometheus' own checker reads what we write. */
class PromtoolTest {
    private static final Path PROMTOOL = Path.of("/usr/bin/promtool");

    @Test
    void shouldPassTheCheckOfPromtool(@TempDir Path directory) throws Exception {
        assumeTrue(Files.isExecutable(PROMTOOL), "SKIPPED: no " + PROMTOOL + " here");
        HistogramValue ladder =
                new HistogramValue(new double[] {1e-7, 0.005, 1, 2.5e21}, new double[] {2, 3, 0, 1, 1e300}, 0.1 + 0.2);
        Snapshot snapshot = new SnapshotBuilder()
                .family("requests_total", COUNTER, "Requests with \"quotes\", \\ and\nfeeds.")
                .series(9007199254740991.0)
                .series(2e-10, "path", "a\"b\\c\nd\u20ac\ud83d\ude00", "method", "GET")
                .family("temperature_celsius", GAUGE, "T.")
                .series(Double.NaN, "n", "1")
                .series(Double.POSITIVE_INFINITY, "n", "2")
                .series(Double.NEGATIVE_INFINITY, "n", "3")
                .series(-0.0, "n", "4")
                .series(Double.MAX_VALUE, "n", "5")
                .series(Double.MIN_VALUE, "n", "6")
                .family("latency_seconds", HISTOGRAM, "L.")
                .series(ladder)
                .series(ladder, "path", "\t")
                .family("size_bytes", SUMMARY, "S.")
                .series(new SummaryValue(3, 1e21), "path", "")
                .family("anything", UNTYPED, "U.")
                .series(-1.5)
                .build();

        Path output = directory.resolve("output");
        Path input = directory.resolve("input");
        Files.writeString(input, text(new TextExposition(snapshot)), StandardCharsets.UTF_8);
        Process process = new ProcessBuilder(PROMTOOL.toString(), "check", "metrics")
                .redirectInput(input.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();

        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(output)).isEmpty();
        assertThat(process.exitValue()).isZero();
    }
}
