package io.weir.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.weir.ingest.AggregationRules;
import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.ingest.PointMapper;
import io.weir.ingest.PointRules;
import io.weir.ingest.RefusedLines;
import io.weir.parse.LineProtocolParser;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.store.SeriesTable;
import io.weir.store.TableConfig;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.SystemNanoClock;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
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
 * What one value of line protocol costs from body bytes to the store: parse, map, stage, commit. Bodies of 1,000 lines with
 * 4 tags and 4 fields. Guards the look-up by whole lines and what is done
 * about values that others of the body replace (100 tag sets: each series ten times in a body); {@code -prof gc} shows that
 * nothing is allocated.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = {"--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "-Xmx3g"})
public class PointIngestBenchmark {
    private static final int LINES = 1_000;
    private static final int VALUES = 4 * LINES;

    /** Over all bodies. */
    @Param({"100", "100000"})
    public int tagSets;

    private final KeyHash hash = new KeyHash(1, 2, 3, 4);
    private final LineProtocolParser parser = new LineProtocolParser(hash, Limits.DEFAULTS);
    private final PointMapper mapper = new PointMapper(PointRules.DEFAULTS, Limits.DEFAULTS, hash);
    private byte[][] bodies;
    private Ingest ingest;
    private int next;

    @Setup
    public void write() {
        Random random = new Random(42);
        bodies = new byte[Math.max(1, tagSets / LINES)][];
        StringBuilder s = new StringBuilder();
        for (int n = 0; n < bodies.length * LINES; n++) {
            int i = n % tagSets;
            s.append(String.format(Locale.ROOT,
                    "cpu,az=%s,host=host-%06d,region=eu-west-1,service=checkout "
                            + "usage_user=%.2f,usage_system=%.3f,requests=%di,latency_ms=%.4f %d%n",
                    "abc".charAt(i % 3), i, random.nextDouble() * 100, random.nextDouble() * 10,
                    random.nextInt(100_001), random.nextDouble() * 9, 1_700_000_000_000_000_000L + n * 1000L));
            if (n % LINES == LINES - 1) {
                bodies[n / LINES] = s.toString().getBytes(US_ASCII);
                s.setLength(0);
            }
        }
    }

    /** An empty store. */
    @Setup(Level.Iteration)
    public void begin() {
        SeriesTable table = new SeriesTable(
                TableConfig.of(Limits.DEFAULTS.series(), Limits.DEFAULTS.families()),
                SystemNanoClock.INSTANCE,
                AggregationRules.DEFAULTS::policy);
        ingest = new Ingest(table, Limits.DEFAULTS, hash, AggregationRules.DEFAULTS::policy, 1 << 20, () -> {});
        for (int i = 0; i < 3; i++) {
            for (byte[] body : bodies) {
                push(body);
            }
        }
    }

    @Benchmark
    @OperationsPerInvocation(VALUES)
    public int known() {
        next = next + 1 == bodies.length ? 0 : next + 1;
        return push(bodies[next]);
    }

    private int push(byte[] body) {
        Batch batch = ingest.open(io.weir.sample.Mode.SET);
        mapper.begin(batch, null, 0);
        parser.reset(mapper);
        ingest.enter();
        parser.parse(body, 0, body.length);
        parser.finish(body, 0, 0);
        ingest.exit();
        RefusedLines refused = ingest.commitLines(batch);
        int samples = batch.samples();
        ingest.close(batch);
        if (refused != null || samples != VALUES) {
            throw new IllegalStateException(parser.failures().toString());
        }
        return samples;
    }
}
