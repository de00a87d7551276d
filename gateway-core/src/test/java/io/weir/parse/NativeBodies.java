package io.weir.parse;

import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusProtobufWriter;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Random;

/** Bodies with native histograms as the Java client library pushes them. */
public final class NativeBodies {
    /** Which buckets a client keeps. */
    public enum Form { CLASSIC, NATIVE, BOTH }

    private NativeBodies() {}

    /** A histogram {@code name} of one label {@code l} with these observations. */
    public static byte[] body(String name, String label, Form form, int schema, double... values) {
        PrometheusRegistry registry = new PrometheusRegistry();
        Histogram.Builder builder =
                Histogram.builder().name(name).help("of a test").labelNames("l").nativeInitialSchema(schema).nativeMaxNumberOfBuckets(0);
        switch (form) {
            case CLASSIC -> builder.classicOnly().classicUpperBounds(0.1, 1, 10);
            case NATIVE -> builder.nativeOnly();
            case BOTH -> builder.classicUpperBounds(0.1, 1, 10);
        }
        Histogram histogram = builder.register(registry);
        histogram.initLabelValues(label);
        for (double value : values) {
            histogram.labelValues(label).observe(value);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            new PrometheusProtobufWriter().write(out, registry.scrape());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** A native histogram without labels of so many observations in one bucket, each taken for 1 in the sum. */
    public static byte[] bucket(String name, int schema, int index, long count) {
        return bucket(name, schema, index, count, count);
    }

    /** As above. */
    public static byte[] bucket(String name, int schema, int index, long count, double sum) {
        var histogram = Metrics.Histogram.newBuilder()
                .setSampleCount(count)
                .setSampleSum(sum)
                .setSchema(schema)
                .setZeroThreshold(0x1p-128)
                .addPositiveSpan(Metrics.BucketSpan
                        .newBuilder().setOffset(index).setLength(1))
                .addPositiveDelta(count);
        return ProtobufBodies.delimited(ProtobufBodies.family(
                        name,
                        Metrics.MetricType.HISTOGRAM,
                        ProtobufBodies.metric().setHistogram(histogram))
                .build());
    }

    /** Observations over many powers of two, of both signs, and a few that are zero; multiples of 1/64, so that sums are exact. */
    public static double[] values(Random random, int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            int kind = random.nextInt(10);
            double value = Math.scalb((double) random.nextInt(64), random.nextInt(12) - 6);
            values[i] = kind == 0 ? 0 : kind < 4 ? -value : value;
        }
        return values;
    }
}
