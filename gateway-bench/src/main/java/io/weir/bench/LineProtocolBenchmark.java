package io.weir.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.weir.parse.LineProtocolParser;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.PointSink;
import java.util.Locale;
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

/**
 * What does one value of line protocol cost to parse, when its series is known, when its line is known as a whole, and when
 * neither is? Bodies of 5,000 lines
 * with 4 tags, 4 fields and a nanosecond timestamp, 740 kB; time per value.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class LineProtocolBenchmark {
    private static final int LINES = 5_000;
    private static final int VALUES = 4 * LINES;
    private static final String[] REGIONS = {"eu-west-1", "us-east-1", "ap-south-1", "sa-east-1"};
    private static final String[] SERVICES = {
        "checkout", "search", "catalog", "auth", "billing", "mailer", "edge", "media"
    };

    /** Tag sets in the body. */
    @Param({"100", "5000"})
    public int tagSets;

    /** Bytes of one chunk: how much one read of a socket brings. */
    @Param({"65536"})
    public int chunk;

    private final LineProtocolParser parser =
            new LineProtocolParser(new KeyHash(0x9e37_79b9L, 0x7f4a_7c15L, 0xf39c_c060L, 0x5ced_c834L), Limits.DEFAULTS);
    private final Discard known = new Discard(Code.OK, false);
    private final Discard knownLines = new Discard(Code.OK, true);
    private final Discard unknown = new Discard(Code.UNKNOWN, false);
    private byte[] body;

    @Setup
    public void write() {
        Random random = new Random(42);
        StringBuilder s = new StringBuilder(800_000);
        for (int n = 0; n < LINES; n++) {
            int i = n % tagSets;
            s.append(String.format(Locale.ROOT,
                    "cpu,az=%s,host=host-%06d,region=%s,service=%s "
                            + "usage_user=%.2f,usage_system=%.3f,requests=%di,latency_ms=%.4f %d%n",
                    "abc".charAt(i % 3), i, REGIONS[i % 4], SERVICES[i % 8],
                    random.nextDouble() * 100, random.nextDouble() * 10, random.nextInt(100_001),
                    -5 * Math.log(1 - random.nextDouble()), 1_700_000_000_000_000_000L + n * 1000L));
        }
        body = s.toString().getBytes(US_ASCII);
    }

    @Benchmark
    @OperationsPerInvocation(VALUES)
    public double known() {
        return read(known);
    }

    @Benchmark
    @OperationsPerInvocation(VALUES)
    public double knownLines() {
        return read(knownLines);
    }

    @Benchmark
    @OperationsPerInvocation(VALUES)
    public double unknown() {
        return read(unknown);
    }

    private double read(Discard sink) {
        parser.reset(sink);
        int at = 0;
        int end = 0;
        while (end < body.length) {
            end = Math.min(body.length, end + chunk);
            parser.parse(body, at, end - at);
            at += parser.consumed();
        }
        parser.finish(body, at, end - at);
        if (parser.samples() != VALUES) {
            throw new IllegalStateException(parser.failures().toString());
        }
        return sink.sum;
    }

    /** Adds everything up, so that nothing can be left out. */
    private static final class Discard implements PointSink {
        private final Code answer;
        private final boolean lines;
        private double sum;
        private long bytes;

        Discard(Code answer, boolean lines) {
            this.answer = answer;
            this.lines = lines;
        }

        @Override
        public void line(long number) {
            bytes += number;
        }

        @Override
        public Code known(long rawHash0, long rawHash1, double value) {
            sum += value + (rawHash0 ^ rawHash1);
            return answer;
        }

        @Override
        public Code knownLine(
                long number, long hash0, long hash1, double[] values, int fields, long timestampNanos) {
            if (!lines) {
                return Code.UNKNOWN;
            }
            for (int i = 0; i < fields; i++) {
                sum += values[i];
            }
            sum += timestampNanos + (hash0 ^ hash1);
            return Code.OK;
        }

        @Override
        public Code measurement(byte[] buffer, int offset, int length) {
            bytes += length;
            return Code.OK;
        }

        @Override
        public Code tag(byte[] buffer, int keyOffset, int keyLength, int valueOffset, int valueLength) {
            bytes += keyLength + valueLength;
            return Code.OK;
        }

        @Override
        public Code field(
                byte[] buffer, int keyOffset, int keyLength, FieldKind kind, double value, long rawHash0, long rawHash1) {
            bytes += keyLength;
            return Code.OK;
        }

        @Override
        public void complete(long timestampNanos) {
            sum += timestampNanos + bytes;
        }

        @Override
        public void complete() {
            sum += bytes;
        }

        @Override
        public void drop() {
            bytes = 0;
        }

        @Override
        public String detail() {
            return "";
        }
    }
}
