package io.weir.bench;

import io.weir.sample.FamilyPolicy;
import io.weir.sample.MetricType;
import io.weir.store.Family;
import io.weir.store.Keeper;
import io.weir.store.SeriesTable;
import io.weir.store.TableConfig;
import io.weir.store.TableWriter;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
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
 * What does one add to a known series cost in the table, and does it allocate? In commits of 100 samples. Guards find, the
 * CAS of an add and the commit around them: ns an add are those of a thread, so two threads ({@code -t 2}, on the same
 * series) show what they share; {@code -prof gc} shows that nothing is allocated.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"-Xms2g", "-Xmx2g"})
public class FindAndAddBenchmark {
    private static final int BATCH = 100;

    @Param({"10000", "1000000"})
    int series;

    /**
     * {@code runs}: a hundred neighbours at a random place, as bodies repeat; {@code random}: each anywhere; {@code hot}: one
     * series and no other.
     */
    @Param({"runs", "random", "hot"})
    String order;

    private SeriesTable table;
    private long[] h0;
    private long[] h1;
    private long[] refs;
    private int[] sequence;

    /** One event loop. */
    @State(Scope.Thread)
    public static class Loop {
        private TableWriter writer;
        private int[] sequence;
        private int next;

        @Setup
        public void setup(FindAndAddBenchmark shared) {
            writer = shared.table.newWriter();
            sequence = shared.sequence;
            next = (int) (Thread.currentThread().getId() * 7_919 % 1_000) * BATCH;
        }

        private int batch() {
            int at = next;
            next = at + 2 * BATCH > sequence.length ? 0 : at + BATCH;
            return at;
        }
    }

    @Setup
    public void setup() {
        SplittableRandom random = new SplittableRandom(1);
        table = new SeriesTable(
                TableConfig.of(series, 1000), SystemNanoClock.INSTANCE, name -> FamilyPolicy.DEFAULT);
        new Keeper(table, System::currentTimeMillis).doWork();
        TableWriter writer = table.newWriter();
        h0 = new long[series];
        h1 = new long[series];
        refs = new long[series];
        byte[] name = "requests_total".getBytes(StandardCharsets.US_ASCII);
        byte[] labels = "instance=\"host-00000000\",job=\"benchmark\",method=\"GET\",path=\"/a/b/c\",status=\"200\""
                .getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < series; i++) {
            h0[i] = random.nextLong();
            h1[i] = random.nextLong();
            writer.enter();
            Family family = table.families().claim(name, 0, name.length);
            writer.reserve(family, MetricType.COUNTER);
            refs[i] = writer.findOrCreate(h0[i], h1[i], family, MetricType.COUNTER, labels, 0, labels.length);
            if (writer.revive(refs[i], 0) != TableWriter.APPLIED) {
                throw new IllegalStateException("series " + i);
            }
            writer.exit();
        }
        sequence = new int[1 << 20];
        for (int i = 0; i < sequence.length; i++) {
            boolean begins = order.equals("random") || i % BATCH == 0;
            sequence[i] = order.equals("hot") ? 0 : begins ? random.nextInt(series) : (sequence[i - 1] + 1) % series;
        }
    }

    /** The way of a sample whose opaque key is not known: by hash. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public double byHash(Loop loop) {
        TableWriter writer = loop.writer;
        int[] sequence = loop.sequence;
        int at = loop.batch();
        writer.enter();
        for (int i = at; i < at + BATCH; i++) {
            int s = sequence[i];
            writer.apply(writer.find(h0[s], h1[s]), TableWriter.ADD, 1);
        }
        writer.committed();
        writer.exit();
        return writer.applied();
    }

    /** The way of a sample whose reference is known: look at the state of all, then add to all. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public double byReference(Loop loop) {
        TableWriter writer = loop.writer;
        int[] sequence = loop.sequence;
        int at = loop.batch();
        writer.enter();
        int live = 0;
        for (int i = at; i < at + BATCH; i++) {
            live += writer.state(refs[sequence[i]]);
        }
        for (int i = at; i < at + BATCH; i++) {
            writer.apply(refs[sequence[i]], TableWriter.ADD, 1);
        }
        writer.committed();
        writer.exit();
        return writer.applied() + live;
    }
}
