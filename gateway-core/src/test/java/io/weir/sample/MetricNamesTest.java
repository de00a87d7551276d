package io.weir.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class MetricNamesTest {
    @Test
    void shouldKnowEveryLegalByte() {
        for (int c = 0; c < 256; c++) {
            String first = new String(new byte[] {(byte) c}, StandardCharsets.ISO_8859_1);
            byte[] alone = {(byte) c};
            byte[] second = {'a', (byte) c};
            assertThat(MetricNames.isMetricName(alone, 0, 1)).isEqualTo(first.matches("[a-zA-Z_:]"));
            assertThat(MetricNames.isMetricName(second, 0, 2)).isEqualTo(first.matches("[a-zA-Z0-9_:]"));
            assertThat(MetricNames.isLabelName(alone, 0, 1)).isEqualTo(first.matches("[a-zA-Z_]"));
            assertThat(MetricNames.isLabelName(second, 0, 2)).isEqualTo(first.matches("[a-zA-Z0-9_]"));
        }
        assertThat(MetricNames.isMetricName(new byte[1], 0, 0)).isFalse();
        assertThat(MetricNames.isLabelName(new byte[1], 0, 0)).isFalse();
    }

    @Test
    void shouldFindTheEndOfAName() {
        byte[] b = "{foo:bar-baz".getBytes(StandardCharsets.US_ASCII);
        assertThat(MetricNames.metricNameEnd(b, 1, b.length)).isEqualTo(8);
        assertThat(MetricNames.labelNameEnd(b, 1, b.length)).isEqualTo(4);
        assertThat(MetricNames.metricNameEnd(b, 0, b.length)).isZero();
        assertThat(MetricNames.metricNameEnd(b, 1, 3)).isEqualTo(3);
        assertThat(MetricNames.metricNameEnd(b, 3, 3)).isEqualTo(3);
    }

    @Test
    void shouldKnowReservedLabels() {
        assertThat(reserved("__name__")).isTrue();
        assertThat(reserved("__")).isTrue();
        assertThat(reserved("_a__")).isFalse();
        assertThat(reserved("_")).isFalse();
        assertThat(reserved("")).isFalse();
    }

    @Test
    void shouldMakeAnyNameLegal() {
        assertThat(metric("legal:name_9")).isEqualTo("legal:name_9");
        assertThat(metric("a-b.c d/e")).isEqualTo("a_b_c_d_e");
        assertThat(metric("9lives")).isEqualTo("_9lives");
        assertThat(metric("-9")).isEqualTo("_9");
        assertThat(metric("\u00e9t\u00e9\u20ac\ud83d\ude00x")).isEqualTo("_t___x");
        assertThat(metric("-")).isEqualTo("_");
        assertThat(metric("")).isEmpty();
        assertThat(label("a:b")).isEqualTo("a_b");
        assertThat(label("1a")).isEqualTo("_1a");
        assertThat(label("\u00e9")).isEqualTo("_");
    }

    private static boolean reserved(String name) {
        byte[] b = (name + "__").getBytes(StandardCharsets.US_ASCII);
        return MetricNames.isReservedLabel(b, 0, name.length());
    }

    private static String metric(String name) {
        byte[] b = name.getBytes(StandardCharsets.UTF_8);
        byte[] out = new byte[b.length + 1];
        int n = MetricNames.sanitizeMetricName(b, 0, b.length, out, 0);
        assertThat(n == 0 || MetricNames.isMetricName(out, 0, n)).isTrue();
        return new String(out, 0, n, StandardCharsets.US_ASCII);
    }

    private static String label(String name) {
        byte[] b = name.getBytes(StandardCharsets.UTF_8);
        byte[] out = new byte[b.length + 3];
        int n = MetricNames.sanitizeLabelName(b, 0, b.length, out, 2);
        assertThat(MetricNames.isLabelName(out, 2, 2 + n)).isTrue();
        return new String(out, 2, n, StandardCharsets.US_ASCII);
    }
}
