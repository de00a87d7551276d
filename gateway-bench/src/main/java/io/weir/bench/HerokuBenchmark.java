package io.weir.bench;

import io.weir.ingest.AggregationRules;
import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.parse.HerokuMessages;
import io.weir.parse.LogplexParser;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.store.SeriesTable;
import io.weir.store.TableConfig;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
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
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What one router line of a drain costs from its frame to the store: frame, fields, three samples, commit. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = {"--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "-Xmx3g"})
public class HerokuBenchmark {
    /** About 100 KiB, as Logplex sends them. */
    private static final int LINES = 370;
    private static final int BODIES = 20;
    private static final String[] PATHS = {"/", "/api/v1/crates", "/crates/serde", "/search?q=tokio&page=2"};
    private static final int[] STATUSES = {200, 200, 200, 200, 304, 404, 301};

    private final byte[][] bodies = new byte[BODIES][];
    private int next;
    private Ingest ingest;
    private HerokuMessages messages;
    private final LogplexParser parser = new LogplexParser();

    @Setup
    public void setUp() {
        KeyHash hash = new KeyHash(1, 2, 3, 4);
        Function<String, FamilyPolicy> policies = AggregationRules.DEFAULTS::policy;
        Limits limits = Limits.DEFAULTS;
        SeriesTable table = new SeriesTable(
                TableConfig.of(limits.series(), limits.families()), SystemNanoClock.INSTANCE, policies);
        ingest = new Ingest(table, limits, hash, policies, 1 << 16, () -> {});
        messages = new HerokuMessages(HerokuMessages.PREFIX_DEFAULT, limits, hash, name -> {});
        Random random = new Random(42);
        for (int i = 0; i < BODIES; i++) {
            bodies[i] = body(random);
        }
    }

    @Benchmark
    @OperationsPerInvocation(LINES)
    public long routerLine() {
        next = next + 1 == bodies.length ? 0 : next + 1;
        byte[] body = bodies[next];
        Batch batch = ingest.open(io.weir.sample.Mode.SET);
        messages.reset(batch, "crates-io");
        parser.reset(messages);
        ingest.enter();
        parser.finish(body, 0, body.length);
        ingest.exit();
        ingest.commitLines(batch);
        ingest.close(batch);
        return messages.count(HerokuMessages.Kind.ROUTER);
    }

    private static byte[] body(Random random) {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < LINES; i++) {
            String message = String.format(
                    Locale.ROOT,
                    "<158>1 2020-01-08T22:33:57.%06d+00:00 host heroku router - at=info method=%s path=\"%s\""
                            + " host=lumberjack-store.timber.io request_id=%08x-c44e-4f94-9a20-37df73be9006"
                            + " fwd=\"73.75.38.%d\" dyno=web.%d connect=%dms service=%dms status=%d bytes=%d protocol=https\n",
                    random.nextInt(1_000_000),
                    random.nextInt(10) == 0 ? "POST" : "GET",
                    PATHS[random.nextInt(PATHS.length)],
                    random.nextInt(),
                    random.nextInt(256),
                    1 + random.nextInt(10),
                    random.nextInt(4),
                    random.nextInt(100),
                    STATUSES[random.nextInt(STATUSES.length)],
                    random.nextInt(100_000));
            s.append(message.length()).append(' ').append(message);
        }
        return s.toString().getBytes(StandardCharsets.US_ASCII);
    }
}
