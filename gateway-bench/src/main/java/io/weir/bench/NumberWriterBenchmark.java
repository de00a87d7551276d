package io.weir.bench;

import io.weir.expose.NumberWriter;
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

/** What does the text of one number cost? */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class NumberWriterBenchmark {
    private static final int NUMBERS = 8192;

    /** Small and large integers, two decimals, nine decimals, 16 to 17 digits. */
    @Param({"small", "large", "cents", "nanos", "sums"})
    String kind;

    private final double[] numbers = new double[NUMBERS];
    private final byte[] out = new byte[NumberWriter.BYTES_MAX];

    @Setup
    public void setUp() {
        Random random = new Random(1);
        for (int i = 0; i < NUMBERS; i++) {
            numbers[i] = switch (kind) {
                case "small" -> random.nextInt(1000);
                case "large" -> random.nextLong() >>> 12;
                case "cents" -> random.nextInt(1_000_000) / 100.0;
                case "nanos" -> random.nextInt(1_000_000_000) / 1e9;
                default -> random.nextDouble() * 1000;
            };
        }
    }

    @Benchmark
    @OperationsPerInvocation(NUMBERS)
    public int write() {
        int sum = 0;
        for (double number : numbers) {
            sum += NumberWriter.write(number, out, 0);
        }
        return sum;
    }
}
