package io.weir.bench;

import io.weir.ingest.AggregationRules;
import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.parse.Parser;
import io.weir.parse.TextParser;
import io.weir.sample.Code;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.store.SeriesTable;
import io.weir.store.TableConfig;
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
 * What one sample of a known series costs from body bytes to the store: parse, stage, commit. Bodies of 100 counters in 20
 * families, as a client library sends them; {@code -prof gc} shows that none of it allocates.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = {"--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "-Xmx3g"})
public class IngestBenchmark {
    private static final int SAMPLES = 100;

    /** Distinct series over all bodies. */
    @Param({"6400", "1000000"})
    public int series;

    private byte[][] bodies;
    private int next;
    private Ingest ingest;
    private TextParser parser;

    @Setup
    public void setUp() {
        KeyHash hash = new KeyHash(1, 2, 3, 4);
        Function<String, FamilyPolicy> policies = AggregationRules.DEFAULTS::policy;
        Limits limits = Limits.DEFAULTS;
        SeriesTable table = new SeriesTable(
                TableConfig.of(limits.series(), limits.families()), SystemNanoClock.INSTANCE, policies);
        ingest = new Ingest(table, limits, hash, policies, 1 << 20, () -> {});
        parser = new TextParser(limits, hash, TextParser.Timestamps.IGNORE);
        bodies = bodies(series / SAMPLES);
        for (byte[] body : bodies) {
            push(body);
        }
    }

    @Benchmark
    @OperationsPerInvocation(SAMPLES)
    public Code post() {
        next = next + 1 == bodies.length ? 0 : next + 1;
        return push(bodies[next]);
    }

    private Code push(byte[] body) {
        Batch batch = ingest.open(io.weir.sample.Mode.ADD);
        parser.reset(batch);
        ingest.enter();
        Parser.Result result = parser.finish(body, 0, body.length);
        ingest.exit();
        if (result == Parser.Result.ERROR) {
            throw new IllegalStateException(parser.failure().describe());
        }
        Code code = ingest.commit(batch);
        ingest.close(batch);
        if (code != Code.OK) {
            throw new IllegalStateException(code.toString());
        }
        return code;
    }

    static byte[][] bodies(int count) {
        Random random = new Random(42);
        byte[][] all = new byte[count][];
        StringBuilder s = new StringBuilder();
        for (int b = 0; b < count; b++) {
            s.setLength(0);
            for (int family = 0; family < 20; family++) {
                String name = "app_checkout_operations_" + family + "_total";
                s.append("# TYPE ").append(name).append(" counter\n");
                for (int k = 0; k < 5; k++) {
                    s.append(name).append("{instance=\"edge-").append(b).append("\",method=\"GET\",region=\"eu-west-")
                            .append(b % 4).append("\",status=\"").append(200 + k).append("\"} ");
                    if (k % 2 == 0) {
                        s.append(random.nextInt(100_000) / 1000.0);
                    } else {
                        s.append(random.nextInt(5_000));
                    }
                    s.append('\n');
                }
            }
            all[b] = s.toString().getBytes(StandardCharsets.US_ASCII);
        }
        return all;
    }
}
