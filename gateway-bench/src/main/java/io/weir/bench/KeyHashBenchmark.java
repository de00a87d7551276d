package io.weir.bench;

import io.weir.sample.KeyHash;
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
 * What do 128 bits of one key cost? Guards the two lanes of {@link KeyHash}: four multiplications for 16 bytes, which is
 * what the processor can do, so a key of 100 bytes takes about 20 ns and keys in a row do not overlap.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class KeyHashBenchmark {
    private static final int KEYS = 512;

    /** A field key, tags of a point, a key of Prometheus text, one with long labels. */
    @Param({"12", "66", "107", "300"})
    public int bytes;

    private final KeyHash hash = new KeyHash(1, 2, 3, 4);
    private byte[] keys;

    @Setup
    public void setUp() {
        keys = new byte[KEYS * bytes];
        new Random(42).nextBytes(keys);
    }

    @Benchmark
    @OperationsPerInvocation(KEYS)
    public long hash() {
        long all = 0;
        for (int i = 0; i < keys.length; i += bytes) {
            hash.hash(keys, i, bytes, 7);
            all += hash.h0() ^ hash.h1();
        }
        return all;
    }
}
