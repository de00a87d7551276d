package io.weir.bench;

import io.weir.parse.NumberReader;
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

/**
 * What does reading one number cost? Guards the way without loops of {@link NumberReader} for up to 16 bytes, and shows
 * what the others cost; {@code NumberWriterBenchmark} is the way back.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class NumberReaderBenchmark {
    private static final int NUMBERS = 4096;

    /** {@code mixed}: integers of up to 4 digits and numbers with 3 decimals in turn, as in bodies of clients. */
    @Param({"integers", "decimals", "mixed", "exponents", "digits17"})
    public String numbers;

    private byte[] text;
    private final int[] ends = new int[NUMBERS];

    @Setup
    public void setUp() {
        Random random = new Random(42);
        StringBuilder s = new StringBuilder("                ");
        for (int i = 0; i < NUMBERS; i++) {
            String number = switch (numbers) {
                case "integers" -> Integer.toString(random.nextInt(10_000_000));
                case "decimals" -> Double.toString(random.nextInt(100_000) / 1000.0);
                case "mixed" ->
                    i % 2 == 0 ? Integer.toString(random.nextInt(5_000)) : Double.toString(random.nextInt(100_000) / 1000.0);
                case "exponents" -> 1 + random.nextInt(9) + ".5e-0" + (1 + random.nextInt(9));
                default -> Double.toString(random.nextDouble());
            };
            s.append(number);
            ends[i] = s.length();
            s.append('\n');
        }
        text = s.toString().getBytes(StandardCharsets.US_ASCII);
    }

    @Benchmark
    @OperationsPerInvocation(NUMBERS)
    public long read() {
        long all = 0;
        int from = 16;
        for (int end : ends) {
            all += NumberReader.bits(text, from, end);
            from = end + 1;
        }
        return all;
    }
}
