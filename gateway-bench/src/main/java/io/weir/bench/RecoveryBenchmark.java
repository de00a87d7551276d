package io.weir.bench;

import io.weir.ingest.AggregationRules;
import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.ingest.Restore;
import io.weir.journal.FileStorage;
import io.weir.journal.Journal;
import io.weir.journal.JournalConfig;
import io.weir.journal.Recovered;
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
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.SystemNanoClock;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** How long a process that has just started takes to have 1,000,000 series back: one shot, cold JVM. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 0)
@Measurement(iterations = 1)
@Fork(value = 3, jvmArgsAppend = {"--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "-Xmx2g"})
public class RecoveryBenchmark {
    private static final int SERIES = 1_000_000;

    /** Everything in a checkpoint, or in the journal, or a checkpoint and one push to each series behind it. */
    @Param({"checkpoint", "journal", "both"})
    public String from;

    private final Limits limits = Limits.DEFAULTS;
    private final Function<String, FamilyPolicy> policies = AggregationRules.DEFAULTS::policy;
    private Path directory;

    @Setup
    public void setUp() throws Exception {
        directory = Files.createTempDirectory(Path.of("."), "recovery-bench-");
        KeyHash hash = new KeyHash(1, 2, 3, 4);
        SeriesTable table = table();
        try (Journal journal = journal()) {
            journal.recover(new Restore(table, limits, hash));
            Ingest ingest = new Ingest(table, limits, hash, policies, 1 << 20, () -> {}, journal.newLoop());
            push(ingest, hash);
            if (!from.equals("journal")) {
                journal.requestCheckpoint();
                journal.checkpoints().doWork();
                journal.requestCheckpoint();
            }
            if (from.equals("both")) {
                push(ingest, hash);
            }
        }
    }

    private void push(Ingest ingest, KeyHash hash) {
        TextParser parser = new TextParser(limits, hash, TextParser.Timestamps.IGNORE);
        for (byte[] body : IngestBenchmark.bodies(SERIES / 100)) {
            Batch batch = ingest.open(io.weir.sample.Mode.ADD);
            parser.reset(batch);
            ingest.enter();
            parser.finish(body, 0, body.length);
            ingest.exit();
            if (ingest.submit(batch, null, (b, outcome, ticket) -> ingest.close(b)) != Code.OK) {
                throw new IllegalStateException(batch.detail());
            }
            ingest.flush();
        }
    }

    private SeriesTable table() {
        return new SeriesTable(
                TableConfig.of(limits.series(), limits.families()), SystemNanoClock.INSTANCE, policies);
    }

    private Journal journal() throws IOException {
        return Journal.open(
                new FileStorage(directory),
                JournalConfig.DEFAULTS.with(JournalConfig.Sync.NEVER),
                SystemEpochClock.INSTANCE,
                SystemNanoClock.INSTANCE);
    }

    @TearDown
    public void tearDown() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> all = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : all) {
                Files.delete(file);
            }
        }
    }

    @Benchmark
    public Recovered recover() throws IOException {
        try (Journal journal = journal()) {
            Restore restore = new Restore(table(), limits, new KeyHash(5, 6, 7, 8));
            Recovered recovered = journal.recover(restore);
            restore.finish();
            if (restore.restored() != SERIES) {
                throw new IllegalStateException(recovered.toString());
            }
            return recovered;
        }
    }
}
