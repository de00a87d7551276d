package io.weir.bench;

import io.weir.expose.SnappyBlock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.xerial.snappy.Snappy;

/** What does compressing one remote_write body of 2,000 series cost, beside the native reference? */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SnappyBenchmark {
    @Param({"labels", "random"})
    String content;

    private byte[] in;
    private byte[] out;
    private final SnappyBlock snappy = new SnappyBlock();

    @Setup
    public void setUp() {
        Random random = new Random(1);
        in = new byte[300_000];
        random.nextBytes(in);
        if (content.equals("labels")) {
            int n = 0;
            for (int i = 0; n < in.length - 300; i++) {
                // the shape of the protobuf: length, tag, text, eight bytes of value, six of time
                String[] words = {
                    "__name__", "http_requests_total", "instance", "host-" + i % 200 + ".example.net:9100", "method", "GET",
                    "path", "/api/v1/resource/" + i, "status", "200"
                };
                for (String word : words) {
                    byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
                    in[n++] = 10;
                    in[n++] = (byte) bytes.length;
                    System.arraycopy(bytes, 0, in, n, bytes.length);
                    n += bytes.length;
                }
                n += 3;
                for (int k = 0; k < 6; k++) {
                    in[n++] = (byte) (k * 37);
                }
            }
            in = Arrays.copyOf(in, n);
        }
        out = new byte[Math.max(SnappyBlock.maxCompressedLength(in.length), Snappy.maxCompressedLength(in.length))];
    }

    @Benchmark
    public int weir() {
        return snappy.compress(in, 0, in.length, out, 0);
    }

    @Benchmark
    public int xerial() throws IOException {
        return Snappy.compress(in, 0, in.length, out, 0);
    }
}
