package io.weir.parse;

import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Bucket;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Counter;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Exemplar;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Gauge;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Histogram;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.LabelPair;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Metric;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.MetricFamily;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.MetricType;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Quantile;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Summary;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Untyped;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** Bodies written by the generated classes of the Java client library, and the samples those classes say are in them. */
public final class ProtobufBodies {
    private ProtobufBodies() {}

    public static byte[] delimited(MetricFamily... families) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            for (MetricFamily family : families) {
                family.writeDelimitedTo(out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    public static MetricFamily.Builder family(String name, MetricType type, Metric.Builder... metrics) {
        MetricFamily.Builder family = MetricFamily.newBuilder().setName(name).setType(type);
        for (Metric.Builder metric : metrics) {
            family.addMetric(metric);
        }
        return family;
    }

    public static Metric.Builder metric(String... labels) {
        Metric.Builder metric = Metric.newBuilder();
        for (int i = 0; i < labels.length; i += 2) {
            metric.addLabel(label(labels[i], labels[i + 1]));
        }
        return metric;
    }

    static LabelPair label(String name, String value) {
        return LabelPair.newBuilder().setName(name).setValue(value).build();
    }

    public static Metric.Builder counter(double value, String... labels) {
        Exemplar exemplar = Exemplar.newBuilder().addLabel(label("trace_id", "abc")).setValue(1).build();
        return metric(labels).setCounter(Counter.newBuilder().setValue(value).setExemplar(exemplar));
    }

    public static Metric.Builder gauge(double value, String... labels) {
        return metric(labels).setGauge(Gauge.newBuilder().setValue(value));
    }

    public static Metric.Builder untyped(double value, String... labels) {
        return metric(labels).setUntyped(Untyped.newBuilder().setValue(value));
    }

    public static Metric.Builder summary(long count, double sum, double[] quantiles, String... labels) {
        Summary.Builder summary = Summary.newBuilder().setSampleCount(count).setSampleSum(sum);
        for (int i = 0; i < quantiles.length; i += 2) {
            summary.addQuantile(Quantile.newBuilder().setQuantile(quantiles[i]).setValue(quantiles[i + 1]));
        }
        return metric(labels).setSummary(summary);
    }

    public static Metric.Builder histogram(long count, double sum, double[] ladder, String... labels) {
        Histogram.Builder histogram = Histogram.newBuilder().setSampleCount(count).setSampleSum(sum);
        for (int i = 0; i < ladder.length; i += 2) {
            histogram.addBucket(Bucket.newBuilder().setUpperBound(ladder[i]).setCumulativeCount((long) ladder[i + 1]));
        }
        return metric(labels).setHistogram(histogram);
    }

    /** One body with every type of metric. */
    static byte[] everything() {
        return delimited(
                family("requests_total", MetricType.COUNTER, counter(3, "path", "/a\"\\\n", "code", "200"), counter(0.5))
                        .setHelp("Requests \\ all\nof them")
                        .build(),
                family("queue_size", MetricType.GAUGE, gauge(-4.25, "q", "grün"), gauge(Double.NaN)).setUnit("x").build(),
                family("what", MetricType.UNTYPED, untyped(Double.POSITIVE_INFINITY, "a", "")).build(),
                family("rpc_seconds", MetricType.SUMMARY, summary(5, 7.5, new double[] {0.5, 1, 0.99, 2}, "m", "x")).build(),
                family(
                                "latency_seconds",
                                MetricType.HISTOGRAM,
                                histogram(300, 12.5, new double[] {0.001, 1, 1, 5, 2.5e20, 7}, "m", "x"),
                                histogram(9, 1, new double[] {1, 2, Double.POSITIVE_INFINITY, 9}))
                        .build(),
                family("level", MetricType.GAUGE_HISTOGRAM, histogram(2, -1, new double[] {1e-7, 2, 0.5, 2})).build(),
                family("empty", MetricType.GAUGE).setHelp("no metrics").build());
    }

    /** What {@link RecordingSink} should be told of a body, or null when the library cannot read it. */
    static List<String> told(byte[] body) {
        List<String> told = new ArrayList<>();
        java.io.ByteArrayInputStream in = new java.io.ByteArrayInputStream(body);
        try {
            for (MetricFamily f; (f = MetricFamily.parseDelimitedFrom(in)) != null; ) {
                tell(f, told);
            }
        } catch (IOException e) {
            return null;
        }
        return told;
    }

    private static void tell(MetricFamily f, List<String> told) {
        if (f.getMetricCount() == 0) {
            return;
        }
        boolean gauges = f.getType() == MetricType.GAUGE_HISTOGRAM;
        String[] suffixes = gauges ? new String[] {"_bucket", "_gcount", "_gsum"} : new String[] {""};
        for (String suffix : suffixes) {
            String type = gauges ? "gauge" : f.getType().name().toLowerCase(java.util.Locale.ROOT);
            told.add("TYPE " + f.getName() + suffix + " " + type);
            if (!f.getHelp().isEmpty()) {
                told.add("HELP " + f.getName() + suffix + " " + f.getHelp().replace("\\", "\\\\"));
            }
        }
        for (Metric m : f.getMetricList()) {
            String labels = m.getLabelList().stream()
                    .map(l -> l.getName() + "=\"" + l.getValue() + '"')
                    .collect(java.util.stream.Collectors.joining(","));
            switch (f.getType()) {
                case COUNTER -> told.add(sample(f, "", labels, m.getCounter().getValue()));
                case GAUGE -> told.add(sample(f, "", labels, m.getGauge().getValue()));
                case UNTYPED -> told.add(sample(f, "", labels, m.getUntyped().getValue()));
                case SUMMARY -> {
                    for (Quantile q : m.getSummary().getQuantileList()) {
                        String more = labels(labels, "quantile", q.getQuantile());
                        told.add(sample(f, "", more, q.getValue()));
                    }
                    told.add(sample(f, "_sum", labels, m.getSummary().getSampleSum()));
                    told.add(sample(f, "_count", labels, unsigned(m.getSummary().getSampleCount())));
                }
                default -> {
                    Histogram h = m.getHistogram();
                    for (Bucket b : h.getBucketList()) {
                        double count = b.getCumulativeCountFloat() > 0
                                ? b.getCumulativeCountFloat()
                                : unsigned(b.getCumulativeCount());
                        told.add(sample(f, "_bucket", labels(labels, "le", b.getUpperBound()), count));
                    }
                    double count = h.getSampleCountFloat() > 0 ? h.getSampleCountFloat() : unsigned(h.getSampleCount());
                    told.add(sample(f, gauges ? "_gsum" : "_sum", labels, h.getSampleSum()));
                    told.add(sample(f, gauges ? "_gcount" : "_count", labels, count));
                }
            }
        }
    }

    private static String labels(String labels, String name, double value) {
        String text = Double.toString(value).replaceFirst("\\.0(E|$)", "$1");
        text = text.replaceFirst("E(\\d)$", "e+0$1").replaceFirst("E(\\d\\d+)$", "e+$1");
        text = text.replaceFirst("E-(\\d)$", "e-0$1").replaceFirst("E-(\\d\\d+)$", "e-$1");
        text = text.equals("Infinity") ? "+Inf" : text;
        return labels + (labels.isEmpty() ? "" : ",") + name + "~\"" + text + '"';
    }

    private static String sample(MetricFamily f, String suffix, String labels, double value) {
        return f.getName() + suffix + (labels.isEmpty() ? "" : "{" + labels + "}") + " " + value;
    }

    private static double unsigned(long n) {
        return new java.math.BigDecimal(Long.toUnsignedString(n)).doubleValue();
    }
}
