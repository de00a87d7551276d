package io.weir.bench;

import io.weir.ingest.AggregationRules;
import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.parse.Parser;
import io.weir.parse.ProtobufParser;
import io.weir.parse.TextParser;
import io.weir.sample.Code;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.SampleSink;
import io.weir.store.SeriesTable;
import io.weir.store.TableConfig;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.agrona.concurrent.SystemNanoClock;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Does a sample of a known series cost as little in protobuf as in text, from body bytes to the store? The same metrics in
 * both formats: counters of four labels, or histograms of ten buckets (twelve samples) and two labels.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = {"--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "-Xmx3g"})
public class FormatIngestBenchmark {
    private static final int SAMPLES = 1200;
    private static final int BODIES = 64;
    private static final int BUCKETS = 10;

    @Param({"text", "protobuf"})
    public String format;

    @Param({"counters", "histograms"})
    public String metrics;

    private final byte[][] bodies = new byte[BODIES][];
    private int next;
    private Ingest ingest;
    private Parser<SampleSink> parser;

    @Setup
    public void setUp() {
        KeyHash hash = new KeyHash(1, 2, 3, 4);
        Function<String, FamilyPolicy> policies = AggregationRules.DEFAULTS::policy;
        Limits limits = Limits.DEFAULTS;
        SeriesTable table = new SeriesTable(
                TableConfig.of(limits.series(), limits.families()), SystemNanoClock.INSTANCE, policies);
        ingest = new Ingest(table, limits, hash, policies, 1 << 20, () -> {});
        boolean text = format.equals("text");
        parser = text
                ? new TextParser(limits, hash, TextParser.Timestamps.IGNORE)
                : new ProtobufParser(limits, hash, TextParser.Timestamps.IGNORE);
        for (int i = 0; i < BODIES; i++) {
            Random random = new Random(i);
            bodies[i] = metrics.equals("counters") ? counters(text, i, random) : histograms(text, i, random);
            push(bodies[i]);
        }
    }

    @Benchmark
    @OperationsPerInvocation(SAMPLES)
    public Code post() {
        next = next + 1 == BODIES ? 0 : next + 1;
        return push(bodies[next]);
    }

    private Code push(byte[] body) {
        Batch batch = ingest.open(io.weir.sample.Mode.ADD);
        parser.reset(batch);
        ingest.enter();
        Parser.Result result = parser.finish(body, 0, body.length);
        ingest.exit();
        if (result == Parser.Result.ERROR || parser.samples() != SAMPLES) {
            throw new IllegalStateException(parser.samples() + " samples, " + parser.failure());
        }
        Code code = ingest.commit(batch);
        ingest.close(batch);
        if (code != Code.OK) {
            throw new IllegalStateException(code.toString());
        }
        return code;
    }

    private static byte[] counters(boolean text, int body, Random random) {
        StringBuilder s = new StringBuilder();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int family = 0; family < SAMPLES / 20; family++) {
            String name = "app_checkout_operations_" + family + "_total";
            ByteArrayOutputStream content = head(name, 0);
            s.append("# TYPE ").append(name).append(" counter\n");
            for (int k = 0; k < 20; k++) {
                String[] labels = {
                    "instance", "edge-" + body, "method", "GET", "region", "eu-west-" + body % 4, "status", "" + (200 + k)
                };
                double value = k % 2 == 0 ? random.nextInt(100_000) / 1000.0 : random.nextInt(5_000);
                sample(s, name, labels, value);
                ByteArrayOutputStream metric = labels(labels);
                field(3, number(1, value), metric);
                field(4, metric, content);
            }
            delimited(content, out);
        }
        return text ? s.toString().getBytes(StandardCharsets.US_ASCII) : out.toByteArray();
    }

    private static byte[] histograms(boolean text, int body, Random random) {
        StringBuilder s = new StringBuilder();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String name = "app_checkout_latency_seconds";
        ByteArrayOutputStream content = head(name, 4);
        s.append("# TYPE ").append(name).append(" histogram\n");
        for (int k = 0; k < SAMPLES / (BUCKETS + 2); k++) {
            String instance = "edge-" + body;
            String path = "/path/" + k;
            String[] labels = {"instance", instance, "path", path};
            ByteArrayOutputStream histogram = new ByteArrayOutputStream();
            long count = 0;
            for (int bucket = 0; bucket < BUCKETS; bucket++) {
                count += random.nextInt(1000);
                double bound = bucket == BUCKETS - 1 ? Double.POSITIVE_INFINITY : 0.005 * (1 << bucket);
                String le = bound == Double.POSITIVE_INFINITY ? "+Inf" : "" + bound;
                sample(s, name + "_bucket", new String[] {"instance", instance, "path", path, "le", le}, count);
                ByteArrayOutputStream b = new ByteArrayOutputStream();
                b.write(8);
                varint(count, b);
                b.writeBytes(number(2, bound).toByteArray());
                field(3, b, histogram);
            }
            double sum = random.nextInt(100_000) / 1000.0;
            sample(s, name + "_sum", labels, sum);
            sample(s, name + "_count", labels, count);
            ByteArrayOutputStream whole = new ByteArrayOutputStream();
            whole.write(8);
            varint(count, whole);
            whole.writeBytes(number(2, sum).toByteArray());
            whole.writeBytes(histogram.toByteArray());
            ByteArrayOutputStream metric = labels(labels);
            field(7, whole, metric);
            field(4, metric, content);
        }
        delimited(content, out);
        return text ? s.toString().getBytes(StandardCharsets.US_ASCII) : out.toByteArray();
    }

    private static void sample(StringBuilder s, String name, String[] labels, double value) {
        s.append(name).append('{');
        for (int i = 0; i < labels.length; i += 2) {
            s.append(i > 0 ? "," : "").append(labels[i]).append("=\"").append(labels[i + 1]).append('"');
        }
        s.append("} ").append(value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value)).append('\n');
    }

    private static ByteArrayOutputStream head(String name, int type) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        text(1, name, out);
        out.write(3 << 3);
        out.write(type);
        return out;
    }

    private static ByteArrayOutputStream labels(String... labels) {
        ByteArrayOutputStream metric = new ByteArrayOutputStream();
        for (int i = 0; i < labels.length; i += 2) {
            ByteArrayOutputStream pair = new ByteArrayOutputStream();
            text(1, labels[i], pair);
            text(2, labels[i + 1], pair);
            field(1, pair, metric);
        }
        return metric;
    }

    private static ByteArrayOutputStream number(int field, double value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(field << 3 | 1);
        out.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(value).array());
        return out;
    }

    private static void text(int field, String text, ByteArrayOutputStream out) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
        field(field, bytes, out);
    }

    private static void field(int field, ByteArrayOutputStream content, ByteArrayOutputStream out) {
        out.write(field << 3 | 2);
        delimited(content, out);
    }

    private static void delimited(ByteArrayOutputStream content, ByteArrayOutputStream out) {
        varint(content.size(), out);
        out.writeBytes(content.toByteArray());
    }

    private static void varint(long n, ByteArrayOutputStream out) {
        for (; n >= 0x80; n >>>= 7) {
            out.write((int) n | 0x80);
        }
        out.write((int) n);
    }
}
