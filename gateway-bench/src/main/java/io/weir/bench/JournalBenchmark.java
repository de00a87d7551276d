package io.weir.bench;

import io.weir.ingest.AggregationRules;
import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.ingest.Restore;
import io.weir.journal.FileStorage;
import io.weir.journal.Journal;
import io.weir.journal.JournalConfig;
import io.weir.parse.Parser;
import io.weir.parse.TextParser;
import io.weir.sample.Code;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.store.SeriesTable;
import io.weir.store.TableConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.SystemEpochClock;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the journal adds to one sample of a known series, from body bytes to the store: the bodies of {@link
 * IngestBenchmark}, 16 of them in one turn of an event loop. Force and checkpoints run beside it, as in a server.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = {"--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "-Xmx3g"})
public class JournalBenchmark {
    private static final int SAMPLES = 100;
    private static final int TURN = 16;

    /** Distinct series over all bodies. */
    @Param({"6400", "100000"})
    public int series;

    /** Without a journal, or how it forces. */
    @Param({"none", "never", "interval"})
    public String sync;

    private byte[][] bodies;
    private int next;
    private Ingest ingest;
    private TextParser parser;
    private Path directory;
    private Journal journal;
    private AgentRunner syncing;
    private AgentRunner folding;

    @Setup
    public void setUp() throws IOException {
        KeyHash hash = new KeyHash(1, 2, 3, 4);
        Function<String, FamilyPolicy> policies = AggregationRules.DEFAULTS::policy;
        Limits limits = Limits.DEFAULTS;
        SeriesTable table = new SeriesTable(
                TableConfig.of(limits.series(), limits.families()), SystemNanoClock.INSTANCE, policies);
        if (sync.equals("none")) {
            ingest = new Ingest(table, limits, hash, policies, 1 << 20, () -> {});
        } else {
            directory = Files.createTempDirectory(Path.of("."), "journal-bench-");
            journal = Journal.open(
                    new FileStorage(directory),
                    JournalConfig.DEFAULTS.with(JournalConfig.Sync.valueOf(sync.toUpperCase())),
                    SystemEpochClock.INSTANCE,
                    SystemNanoClock.INSTANCE);
            journal.recover(new Restore(table, limits, hash));
            ingest = new Ingest(table, limits, hash, policies, 1 << 20, () -> {}, journal.newLoop());
            syncing = new AgentRunner(journal.syncIdle(), JournalBenchmark::failed, null, journal.sync());
            folding = new AgentRunner(journal.checkpointIdle(), JournalBenchmark::failed, null, journal.checkpoints());
            AgentRunner.startOnThread(syncing);
            AgentRunner.startOnThread(folding);
        }
        parser = new TextParser(limits, hash, TextParser.Timestamps.IGNORE);
        bodies = IngestBenchmark.bodies(series / SAMPLES);
        for (int i = 0; i < bodies.length; i++) {
            push();
        }
        flush();
    }

    @TearDown
    public void tearDown() throws IOException {
        if (journal != null) {
            syncing.close();
            folding.close();
            journal.close();
            try (Stream<Path> files = Files.walk(directory)) {
                List<Path> all = files.sorted(Comparator.reverseOrder()).toList();
                for (Path file : all) {
                    Files.delete(file);
                }
            }
        }
    }

    @Benchmark
    @OperationsPerInvocation(SAMPLES * TURN)
    public int turn() {
        for (int i = 0; i < TURN; i++) {
            push();
        }
        return flush();
    }

    private int flush() {
        ingest.flush();
        return ingest.submitted();
    }

    private void push() {
        byte[] body = bodies[next];
        next = next + 1 == bodies.length ? 0 : next + 1;
        Batch batch = ingest.open(io.weir.sample.Mode.ADD);
        parser.reset(batch);
        ingest.enter();
        Parser.Result result = parser.finish(body, 0, body.length);
        ingest.exit();
        if (result == Parser.Result.ERROR) {
            throw new IllegalStateException(parser.failure().describe());
        }
        Code code;
        if (journal == null) {
            code = ingest.commit(batch);
            ingest.close(batch);
        } else {
            code = ingest.submit(batch, null, (b, outcome, ticket) -> ingest.close(b));
        }
        if (code != Code.OK) {
            throw new IllegalStateException(code.toString());
        }
    }

    private static void failed(Throwable error) {
        throw new IllegalStateException("a journal agent failed", error);
    }
}
