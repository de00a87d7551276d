package io.weir.bench;

import io.weir.sample.FamilyPolicy;
import io.weir.sample.MetricType;
import io.weir.snapshot.Snapshot;
import io.weir.store.Family;
import io.weir.store.Keeper;
import io.weir.store.Selector;
import io.weir.store.SeriesTable;
import io.weir.store.TableConfig;
import io.weir.store.TableWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.SystemNanoClock;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What does a snapshot of a million series in a hundred families cost, with and without a new layout? */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"-Xms2g", "-Xmx2g"})
public class SnapshotBenchmark {
    private static final int SERIES = 1_000_000;
    private static final int FAMILIES = 100;

    private SeriesTable table;
    private TableWriter writer;
    private Keeper keeper;
    private Family[] families;
    private Snapshot snapshot;

    @Setup
    public void setup() {
        table = new SeriesTable(
                TableConfig.of(SERIES, 1000), SystemNanoClock.INSTANCE, name -> FamilyPolicy.DEFAULT);
        keeper = new Keeper(table, System::currentTimeMillis);
        writer = table.newWriter();
        families = new Family[FAMILIES];
        for (int f = 0; f < FAMILIES; f++) {
            byte[] name = ("family_" + f).getBytes(StandardCharsets.US_ASCII);
            families[f] = table.families().claim(name, 0, name.length);
        }
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < SERIES - 1; i++) {
            push(random.nextLong(), random.nextLong(), i % FAMILIES, "instance=\"host-" + i + "\",job=\"benchmark\"");
        }
        take();
    }

    private void push(long h0, long h1, int f, String labels) {
        byte[] text = labels.getBytes(StandardCharsets.US_ASCII);
        writer.enter();
        writer.reserve(families[f], MetricType.COUNTER);
        long ref = writer.findOrCreate(h0, h1, families[f], MetricType.COUNTER, text, 0, text.length);
        writer.revive(ref, 1);
        writer.committed();
        writer.exit();
    }

    private Snapshot take() {
        keeper.commands().snapshot(s -> snapshot = s);
        keeper.doWork();
        return snapshot;
    }

    /** Values have changed. */
    @Benchmark
    public Snapshot values() {
        writer.committed();
        return take();
    }

    /** A series has come and one has gone. */
    @Benchmark
    public Snapshot layout() {
        keeper.commands().delete(
                        new Selector(families[0].name(), List.of(new Selector.Pair(new byte[] {'x'}, new byte[] {'1'}))),
                        n -> {});
        keeper.doWork();
        push(1, 1, 0, "x=\"1\"");
        return take();
    }
}
