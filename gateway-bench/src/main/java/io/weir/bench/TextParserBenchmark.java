package io.weir.bench;

import io.weir.parse.Parser;
import io.weir.parse.TextParser;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.MetricType;
import io.weir.sample.SampleSink;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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

/** What does a sample of Prometheus text cost to find and to hash, when its series is known and when it is not? */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class TextParserBenchmark {
    private static final int SAMPLES = 8192;

    /** {@code scrape}: four labels, about 110 bytes; {@code bare}: no labels; {@code stamped}: with a timestamp. */
    @Param({"scrape", "bare", "stamped"})
    String lines;

    private byte[] body;
    private TextParser parser;
    private final Known known = new Known();
    private final Unknown unknown = new Unknown();

    @Setup
    public void setUp() {
        body = switch (lines) {
            case "scrape" -> scrape("");
            case "stamped" -> scrape(" 1700000000000");
            default -> bare();
        };
        parser = new TextParser(Limits.DEFAULTS, new KeyHash(1, 2, 3, 4), TextParser.Timestamps.IGNORE);
    }

    @Benchmark
    @OperationsPerInvocation(SAMPLES)
    public long known() {
        known.sum = 0;
        parse(known);
        return known.sum;
    }

    @Benchmark
    @OperationsPerInvocation(SAMPLES)
    public long defined() {
        unknown.sum = 0;
        parse(unknown);
        return unknown.sum;
    }

    private void parse(SampleSink sink) {
        parser.reset(sink);
        if (parser.parse(body, 0, body.length) != Parser.Result.COMPLETE || parser.samples() != SAMPLES) {
            throw new AssertionError(parser.failure());
        }
    }

    private static byte[] scrape(String timestamp) {
        String[] services = {"checkout", "search", "catalog", "auth", "billing", "mailer", "edge", "media"};
        String[] methods = {"GET", "POST", "PUT", "DELETE", "PATCH"};
        String[] regions = {"eu-west-1", "us-east-1", "ap-south-1", "sa-east-1"};
        Random random = new Random(42);
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < SAMPLES; i++) {
            int family = i / 1000;
            String name = String.format("app_%s_operations_%04d_total", services[family % 8], family);
            if (i % 1000 == 0) {
                s.append("# HELP ").append(name).append(" Operations by instance, method, region and status.\n");
                s.append("# TYPE ").append(name).append(" counter\n");
            }
            int k = i % 1000;
            String value = k % 2 == 1
                    ? Integer.toString(1 + random.nextInt(5_000_000))
                    : Double.toString(Math.rint(random.nextDouble() * 1e7) / 1000);
            s.append(name)
                    .append(String.format("{instance=\"edge-%03d\",method=\"%s\"", k, methods[k % 5]))
                    .append(String.format(",region=\"%s\",status=\"%d\"} ", regions[k % 4], 200 + k % 5))
                    .append(value)
                    .append(timestamp)
                    .append('\n');
        }
        return s.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] bare() {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < SAMPLES; i++) {
            s.append("process_resident_memory_bytes_").append(i % 100).append(' ').append(i * 977).append('\n');
        }
        return s.toString().getBytes(StandardCharsets.US_ASCII);
    }

    /** Knows every series. */
    private static class Known implements SampleSink {
        long sum;

        @Override
        public Code type(byte[] buffer, int nameOffset, int nameLength, MetricType type) {
            return Code.OK;
        }

        @Override
        public Code help(byte[] buffer, int nameOffset, int nameLength, int textOffset, int textLength) {
            return Code.OK;
        }

        @Override
        public Code known(long rawHash0, long rawHash1, double value) {
            sum += rawHash0 ^ rawHash1 ^ Double.doubleToRawLongBits(value);
            return Code.OK;
        }

        @Override
        public void begin(byte[] buffer, int nameOffset, int nameLength) {
            sum += nameLength;
        }

        @Override
        public Code label(
                byte[] buffer, int nameOffset, int nameLength, int valueOffset, int valueLength, boolean escaped) {
            sum += nameOffset + valueLength;
            return Code.OK;
        }

        @Override
        public Code end(long rawHash0, long rawHash1, double value) {
            sum += rawHash0;
            return Code.OK;
        }

        @Override
        public String detail() {
            return "";
        }
    }

    /** Knows none. */
    private static final class Unknown extends Known {
        @Override
        public Code known(long rawHash0, long rawHash1, double value) {
            return Code.UNKNOWN;
        }
    }
}
