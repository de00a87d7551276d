package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.ingest.AggregationRules;
import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.ingest.Restore;
import io.weir.journal.JournalConfig.Sync;
import io.weir.parse.NativeBodies;
import io.weir.parse.Parser;
import io.weir.parse.ProtobufParser;
import io.weir.parse.TextParser;
import io.weir.sample.Code;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.MetricType;
import io.weir.sample.Mode;
import io.weir.sample.SampleSink;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.NativeHistogram;
import io.weir.store.EndListener;
import io.weir.store.Family;
import io.weir.store.Keeper;
import io.weir.store.Selector;
import io.weir.store.SeriesTable;
import io.weir.store.TableConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.io.TempDir;

/** Two loops that push, a keeper that deletes, checkpoints and forces, all at once and for real; then a restart. */
class ConcurrencyTest {
    private static final int SERIES = 12;
    private static final int PUSHES = 15_000;
    /** From here on they are native histograms, and their value is the count. */
    private static final int HISTOGRAMS_FROM = 9;

    @TempDir
    Path directory;

    private volatile Throwable failure;

    @RepeatedTest(5)
    void shouldFindAfterARestartWhatWasPushedLessWhatWasKilled() throws Exception {
        KeyHash hash = new KeyHash(5, 6, 7, 8);
        Limits limits = Limits.DEFAULTS;
        Function<String, FamilyPolicy> policies = AggregationRules.DEFAULTS::policy;
        TableConfig tableConfig = new TableConfig(1000, 50, 1, 64, 85, 8192, 4096, 16, 16);
        JournalConfig config = new JournalConfig(Sync.INTERVAL, 5, 20_000, 60_000, 100_000, 1000, 60_000, 100);
        Path place = directory.resolve("d" + System.nanoTime());
        java.nio.file.Files.createDirectory(place);
        SeriesTable table = new SeriesTable(tableConfig, SystemNanoClock.INSTANCE, policies);
        Keeper keeper = new Keeper(table, SystemEpochClock.INSTANCE);
        Journal journal = Journal.open(
                new FileStorage(place), config, SystemEpochClock.INSTANCE, SystemNanoClock.INSTANCE);
        journal.recover(new Restore(table, limits, hash));
        Map<String, Double> killed = new HashMap<>();
        keeper.endListener(counting(journal.kills(), killed));

        double[][] pushed = new double[2][SERIES];
        Thread[] loops = new Thread[2];
        AtomicBoolean done = new AtomicBoolean();
        for (int l = 0; l < 2; l++) {
            int loop = l;
            // a parser does not copy the hash, which is for one thread
            Ingest ingest = new Ingest(table, limits, hash.copy(), policies, 256, () -> {}, journal.newLoop());
            loops[l] = thread(() -> push(ingest, new Random(loop), new TextParser(limits, hash.copy(), TextParser.Timestamps.IGNORE),
                    new ProtobufParser(limits, hash.copy(), TextParser.Timestamps.IGNORE), pushed[loop]));
        }
        Random random = new Random(3);
        Thread keeping = thread(() -> {
            while (!done.get()) {
                if (random.nextInt(3) == 0) {
                    keeper.commands().delete(new Selector(name(random.nextInt(SERIES)), List.of()), n -> {
                        if (n < 0) {
                            throw new IllegalStateException("not deleted: " + n);
                        }
                    });
                }
                keeper.doWork();
                Thread.onSpinWait();
            }
        });
        Thread syncing = thread(() -> work(journal.sync(), done));
        Thread folding = thread(() -> work(journal.checkpoints(), done));
        for (Thread loop : loops) {
            loop.join();
        }
        done.set(true);
        keeping.join();
        syncing.join();
        folding.join();
        assertThat(failure).isNull();
        assertThat(journal.failure()).isNull();
        assertThat(journal.checkpointsTaken()).isPositive();
        assertThat(journal.checkpointsFailed()).isZero();
        Map<String, Double> live = live(keeper);
        journal.close();

        SeriesTable again = new SeriesTable(tableConfig, SystemNanoClock.INSTANCE, policies);
        Keeper next = new Keeper(again, SystemEpochClock.INSTANCE);
        try (Journal reopened = Journal.open(
                new FileStorage(place), config, SystemEpochClock.INSTANCE, SystemNanoClock.INSTANCE)) {
            Restore restore = new Restore(again, limits, new KeyHash(9, 9, 9, 9));
            Recovered recovered = reopened.recover(restore);
            restore.finish();
            assertThat(recovered.corruptions()).isZero();
            assertThat(restore.refused()).isZero();
        }
        assertThat(live(next)).isEqualTo(live);
        assertThat(killed).isNotEmpty();
        for (int i = 0; i < SERIES; i++) {
            String name = new String(name(i), StandardCharsets.UTF_8);
            assertThat(live.getOrDefault(name, 0.0) + killed.getOrDefault(name, 0.0))
                    .as(name)
                    .isEqualTo(pushed[0][i] + pushed[1][i]);
        }
    }

    private static byte[] name(int i) {
        return ("c" + i).getBytes(StandardCharsets.UTF_8);
    }

    private static void push(
            Ingest ingest, Random random, TextParser parser, ProtobufParser protobuf, double[] pushed) {
        for (int n = 0; n < PUSHES; n++) {
            int i = random.nextInt(SERIES);
            int value = 1 + random.nextInt(1000);
            Batch batch = ingest.open(Mode.ADD);
            boolean isNative = i >= HISTOGRAMS_FROM;
            byte[] body = isNative
                    ? NativeBodies.bucket("c" + i, 3, random.nextInt(20), value)
                    : ("# TYPE c" + i + " counter\nc" + i + " " + value + "\n").getBytes(StandardCharsets.UTF_8);
            Parser<SampleSink> of = isNative ? protobuf : parser;
            of.reset(batch);
            ingest.enter();
            of.finish(body, 0, body.length);
            ingest.exit();
            Code code = ingest.submit(batch, null, (b, outcome, ticket) -> {
                ingest.close(b);
                if (outcome == Outcome.APPLIED) {
                    pushed[i] += value;
                }
            });
            if (code != Code.OK) {
                throw new IllegalStateException(code + " " + batch.detail());
            }
            if (random.nextInt(4) == 0) {
                ingest.flush();
            }
        }
        ingest.flush();
        if (ingest.superseded() > 0) {
            throw new IllegalStateException("superseded " + ingest.superseded());
        }
    }

    private static void work(Agent agent, AtomicBoolean done) throws Exception {
        while (!done.get()) {
            if (agent.doWork() == 0) {
                Thread.yield();
            }
        }
    }

    private interface Work {
        void run() throws Exception;
    }

    private Thread thread(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Throwable e) {
                failure = e;
            }
        });
        thread.start();
        return thread;
    }

    private static EndListener counting(KillJournal kills, Map<String, Double> killed) {
        return new EndListener() {
            @Override
            public boolean begin() {
                return kills.begin();
            }

            @Override
            public boolean ended(
                    Family family, MetricType type, byte[] text, int offset, int length, double value, CellValue cell) {
                double count = cell instanceof HistogramValue histogram ? histogram.nativePart().count() : value;
                killed.merge(family.text(), count, Double::sum);
                return kills.ended(family, type, text, offset, length, value, cell);
            }

            @Override
            public boolean commit() {
                return kills.commit();
            }
        };
    }

    private static Map<String, Double> live(Keeper keeper) {
        AtomicReference<io.weir.snapshot.Snapshot> taken = new AtomicReference<>();
        keeper.commands().snapshot(taken::set);
        while (taken.get() == null) {
            keeper.doWork();
        }
        Map<String, Double> live = new HashMap<>();
        for (io.weir.snapshot.FamilySnapshot family : taken.get().families()) {
            String name = new String(family.name(), StandardCharsets.UTF_8);
            if (family.type() != MetricType.HISTOGRAM) {
                live.put(name, family.value(0));
                continue;
            }
            NativeHistogram buckets = family.histogram(0).nativePart();
            live.put(name, buckets.count());
            for (int i = 0; i < buckets.positiveIndexes().length; i++) {
                live.put(name + " bucket " + buckets.positiveIndexes()[i], buckets.positiveCounts()[i]);
            }
        }
        return live;
    }
}
