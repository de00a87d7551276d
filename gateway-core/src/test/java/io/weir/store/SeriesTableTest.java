package io.weir.store;

import static io.weir.sample.MetricType.COUNTER;
import static io.weir.sample.MetricType.GAUGE;
import static io.weir.sample.MetricType.HISTOGRAM;
import static io.weir.sample.MetricType.SUMMARY;
import static io.weir.store.TableWriter.ADD;
import static io.weir.store.TableWriter.APPLIED;
import static io.weir.store.TableWriter.DEAD;
import static io.weir.store.TableWriter.GONE;
import static io.weir.store.TableWriter.LIVE;
import static io.weir.store.TableWriter.MAX;
import static io.weir.store.TableWriter.MIN;
import static io.weir.store.TableWriter.SET;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.weir.sample.Code;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.GaugePolicy;
import io.weir.snapshot.EndedSeries;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import io.weir.snapshot.SummaryValue;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SeriesTableTest {
    private final Store store = new Store(Store.small(8));

    @Test
    void shouldKeepSeriesByFamilyAndInOrderOfCreation() {
        store.add("b", "x=\"2\"", 1);
        store.add("a", "", 2);
        store.add("b", "x=\"1\"", 3);
        store.add("b", "x=\"2\"", 4);

        assertThat(store.values())
                .containsExactly(entry("a{}", 2.0), entry("b{x=\"2\"}", 5.0), entry("b{x=\"1\"}", 3.0));
        assertThat(store.table.live()).isEqualTo(3);
    }

    @Test
    void shouldApplyEachOperationAndPassOverNaN() {
        store.push("g", GAUGE, "", SET, 5);
        store.writer.enter();
        long ref = store.find("g", GAUGE, "");
        double nan = Double.NaN;
        double[][] rows = {
            // op, operand, result
            {ADD, 2, 7}, {ADD, nan, 7}, {MIN, 9, 7}, {MIN, 3, 3}, {MIN, nan, 3}, {MAX, 1, 3}, {MAX, 8, 8}, {MAX, nan, 8},
            {SET, nan, nan}, {ADD, 4, 4}, {SET, nan, nan}, {MIN, 6, 6}, {SET, nan, nan}, {MAX, 2, 2}, {SET, -0.0, -0.0},
        };
        for (double[] row : rows) {
            assertThat(store.writer.apply(ref, (int) row[0], row[1])).isEqualTo(APPLIED);
            assertThat(Double.valueOf(store.writer.applied())).isEqualTo(Double.valueOf(row[2]));
        }
        store.writer.exit();
    }

    @Test
    void shouldAnswerForReferencesByTheLifeOfTheirRecord() {
        store.writer.enter();
        long ref = store.series("c", COUNTER, "");
        assertThat(store.writer.state(ref)).isEqualTo(DEAD);
        assertThat(store.writer.apply(ref, ADD, 1)).isEqualTo(DEAD);
        assertThat(store.writer.reserve(store.family("c"), COUNTER)).isEqualTo(Code.OK);
        assertThat(store.writer.revive(ref, 1)).isEqualTo(APPLIED);
        assertThat(store.writer.revive(ref, 1)).isEqualTo(LIVE);
        assertThat(store.writer.state(ref)).isEqualTo(LIVE);
        assertThat(store.writer.type(ref)).isEqualTo(COUNTER);
        assertThat(store.writer.family(ref).text()).isEqualTo("c");
        store.writer.committed();
        store.writer.exit();

        assertThat(store.delete("c")).isEqualTo(1);
        rebuild();
        store.writer.enter();
        assertThat(store.writer.state(ref)).isEqualTo(GONE);
        assertThat(store.writer.apply(ref, ADD, 1)).isEqualTo(GONE);
        assertThat(store.writer.revive(ref, 1)).isEqualTo(GONE);
        store.writer.exit();
        assertThat(store.table.live()).isZero();
        assertThat(store.table.usedWords()).isZero();
    }

    private void rebuild() {
        store.advance(1);
        for (Shard shard : store.table.shards) {
            assertThat(store.keeper.compaction().rebuild(shard, shard.indexAcquire().capacity)).isTrue();
        }
        store.work();
    }

    @Test
    void shouldMergeHistogramsAndSummaries() {
        double[] bounds = {1, 2};
        store.cell("h", HISTOGRAM, "", new HistogramValue(bounds, new double[] {1, 0, 2}, 9));
        store.cell("h", HISTOGRAM, "", new HistogramValue(bounds, new double[] {1, 1, 1}, 1));
        store.cell("s", SUMMARY, "", new SummaryValue(2, 3));
        store.cell("s", SUMMARY, "", new SummaryValue(1, 1));

        assertThat(store.values())
                .containsExactly(
                        entry("h{}", new HistogramValue(bounds, new double[] {2, 1, 3}, 10)),
                        entry("s{}", new SummaryValue(3, 4)));
        assertThat(store.delete("h")).isEqualTo(1);
        assertThat(store.values()).containsOnlyKeys("s{}");
    }

    @Test
    void shouldRefuseNewSeriesAtTheLimitAndKeepOldOnesExact() {
        for (int i = 0; i < 8; i++) {
            assertThat(store.add("c", "i=\"" + i + "\"", 1)).isEqualTo(Code.OK);
        }
        int used = store.table.usedWords();
        for (int i = 8; i < 100; i++) {
            assertThat(store.add("c", "i=\"" + i + "\"", 1)).isEqualTo(Code.SERIES_LIMIT);
        }
        assertThat(store.table.usedWords()).isEqualTo(used);
        assertThat(store.add("c", "i=\"3\"", 1)).isEqualTo(Code.OK);
        assertThat(store.values()).hasSize(8).containsEntry("c{i=\"3\"}", 2.0);

        assertThat(store.delete("c", "i", "3")).isEqualTo(1);
        assertThat(store.add("c", "i=\"99\"", 1)).isEqualTo(Code.OK);
        assertThat(store.values()).hasSize(8).doesNotContainKey("c{i=\"3\"}");
    }

    @Test
    void shouldLetAnAcceptedSeriesPassTheLimitWhenItWasKilledMeanwhile() {
        for (int i = 0; i < 8; i++) {
            store.add("c", "i=\"" + i + "\"", 1);
        }
        store.writer.enter();
        assertThat(store.writer.reserve(store.family("c"), COUNTER)).isEqualTo(Code.SERIES_LIMIT);
        assertThat(store.writer.reserveAnyway(store.family("c"), COUNTER)).isEqualTo(Code.OK);
        assertThat(store.table.live()).isEqualTo(9);
        store.writer.release(store.family("c"));
        store.writer.exit();
        assertThat(store.table.live()).isEqualTo(8);
    }

    @Test
    void shouldGiveAFamilyTheTypeOfItsLiveSeries() {
        store.add("x", "", 1);
        assertThat(store.push("x", GAUGE, "", SET, 1)).isEqualTo(Code.TYPE_CONFLICT);
        assertThat(store.writer.conflict().text()).isEqualTo("x");
        assertThat(store.writer.conflictType()).isEqualTo(COUNTER);
        assertThat(store.family("x").type()).isEqualTo(COUNTER);
        assertThat(store.table.live()).isEqualTo(1);

        store.delete("x");
        assertThat(store.family("x").type()).isNull();
        assertThat(store.push("x", GAUGE, "", SET, 1)).isEqualTo(Code.OK);
        assertThat(store.family("x").type()).isEqualTo(GAUGE);
        assertThat(store.values()).containsExactly(entry("x{}", 1.0));
    }

    @Test
    void shouldKeepDerivedNamesAndTheirOwnerApart() {
        HistogramValue h = new HistogramValue(new double[] {1}, new double[] {1, 1}, 1);
        for (String suffix : List.of("_bucket", "_sum", "_count")) {
            assertThat(store.add("h" + suffix, "", 1)).isEqualTo(Code.OK);
            assertThat(store.cell("h", HISTOGRAM, "", h)).isEqualTo(Code.TYPE_CONFLICT);
            assertThat(store.writer.conflict().text()).isEqualTo("h" + suffix);
            boolean ofSummary = !suffix.equals("_bucket");
            assertThat(store.cell("h", SUMMARY, "", new SummaryValue(1, 1)))
                    .isEqualTo(ofSummary ? Code.TYPE_CONFLICT : Code.OK);
            store.delete(null);

            assertThat(store.cell("h", HISTOGRAM, "", h)).isEqualTo(Code.OK);
            assertThat(store.add("h" + suffix, "", 1)).isEqualTo(Code.TYPE_CONFLICT);
            assertThat(store.writer.conflict().text()).isEqualTo("h");
            assertThat(store.writer.conflictType()).isEqualTo(HISTOGRAM);
            store.delete(null);
        }
        store.cell("s", SUMMARY, "", new SummaryValue(1, 1));
        assertThat(store.add("s_bucket", "", 1)).isEqualTo(Code.OK);
        assertThat(store.add("s_sum", "", 1)).isEqualTo(Code.TYPE_CONFLICT);
        assertThat(store.add("_sum", "", 1)).isEqualTo(Code.OK);
    }

    @Test
    void shouldDeleteWhatHasAllPairs() {
        store.add("a", "x=\"1\",y=\"2\"", 1);
        store.add("a", "x=\"1\",y=\"3\"", 1);
        store.add("a", "x=\"q\\\"\\\\\\n\"", 1);
        store.add("a", "xx=\"1\"", 1);
        store.add("b", "x=\"1\"", 1);

        assertThat(store.delete("a", "x", "1", "y", "9")).isZero();
        assertThat(store.delete("a", "x", "q\"\\\n")).isEqualTo(1);
        assertThat(store.delete("a", "y", "3", "x", "1")).isEqualTo(1);
        assertThat(store.delete("a", "y", "")).isEqualTo(1);
        assertThat(store.values()).containsOnlyKeys("a{x=\"1\",y=\"2\"}", "b{x=\"1\"}");
        assertThat(store.delete("nothing")).isZero();
        assertThat(store.delete(null, "x", "1")).isEqualTo(2);
        assertThat(store.values()).isEmpty();
        assertThat(store.keeper.deleted()).isEqualTo(5);
    }

    @Test
    void shouldExpireWhatIsNotTouchedForItsTime() {
        Store s = new Store(
                Store.small(8),
                name -> new FamilyPolicy(GaugePolicy.SUM, name.equals("old") ? 10_000 : FamilyPolicy.FOREVER));
        s.add("old", "a=\"1\"", 1);
        s.add("old", "a=\"2\"", 1);
        s.add("ever", "", 1);
        s.advance(10);
        s.work();
        s.push("old", COUNTER, "a=\"2\"", SET, 1);
        assertThat(s.values()).hasSize(3);
        s.advance(2);
        s.work();
        assertThat(s.values()).containsOnlyKeys("old{a=\"2\"}", "ever{}");
        s.advance(20);
        s.work();
        assertThat(s.values()).containsOnlyKeys("ever{}");
        assertThat(s.keeper.expired()).isEqualTo(2);
        assertThat(s.table.live()).isEqualTo(1);

        s.table.families().policies(name -> new FamilyPolicy(GaugePolicy.SUM, 1_000));
        s.advance(60);
        s.work();
        assertThat(s.values()).isEmpty();
    }

    @Test
    void shouldNotSetAnOlderPointOverANewerOne() {
        store.writer.enter();
        long ref = store.series("g", GAUGE, "");
        store.writer.reserve(store.family("g"), GAUGE);
        assertThat(store.writer.setLast(ref, 5, 50)).isEqualTo(DEAD);
        assertThat(store.writer.revive(ref, 50, 5)).isEqualTo(APPLIED);
        long[][] rows = {{4, 40, 50}, {5, 51, 51}, {7, 70, 70}, {6, 60, 70}, {Long.MIN_VALUE, 1, 70}, {8, 80, 80}};
        for (long[] row : rows) {
            assertThat(store.writer.setLast(ref, row[0], row[1])).isEqualTo(APPLIED);
            assertThat(store.writer.applied()).isEqualTo(row[2]);
        }
        store.writer.committed();
        store.writer.exit();

        store.delete("g");
        store.writer.enter();
        ref = store.series("g", GAUGE, "");
        store.writer.reserve(store.family("g"), GAUGE);
        assertThat(store.writer.revive(ref, 1, 1)).isEqualTo(APPLIED);
        assertThat(store.writer.setLast(ref, 2, 2)).isEqualTo(APPLIED);
        assertThat(store.writer.applied()).isEqualTo(2);
        store.writer.exit();
    }

    @Test
    void shouldHandOutTheSameSnapshotWhileNothingChanges() {
        store.add("a", "", 1);
        Snapshot first = store.snapshot();
        assertThat(store.snapshot()).isSameAs(first);
        store.add("a", "", 1);
        Snapshot second = store.snapshot();
        assertThat(second.version()).isNotEqualTo(first.version());
        assertThat(Store.read(first)).containsEntry("a{}", 1.0);
        assertThat(Store.read(second)).containsEntry("a{}", 2.0);
        store.delete("a");
        assertThat(store.snapshot().families()).isEmpty();
        assertThat(store.keeper.snapshots()).isEqualTo(3);
    }

    @Test
    void shouldShareOneSnapshotAmongRequestsThatWaitTogether() {
        store.add("a", "", 1);
        List<Snapshot> got = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            store.keeper.commands().snapshot(got::add);
        }
        store.work();
        assertThat(got).hasSize(10).containsOnly(got.get(0));
    }

    @Test
    void shouldSayWhenTheQueueOfCommandsIsFull() {
        int taken = 0;
        while (store.keeper.commands().snapshot(s -> {})) {
            taken++;
        }
        assertThat(taken).isEqualTo(64);
        store.work();
        assertThat(store.keeper.commands().snapshot(s -> {})).isTrue();
    }

    @Test
    void shouldTellEachReaderWhichSeriesEndedSinceItsLastSnapshot() {
        store.keeper.recordEnds(() -> 0);
        store.add("a", "i=\"1\"", 1);
        store.add("a", "i=\"2\"", 1);
        store.cell("h", HISTOGRAM, "", new HistogramValue(new double[] {1}, new double[] {1, 1}, 1));
        store.delete("a", "i", "1");
        Snapshot first = store.snapshot(0);
        assertThat(ended(first)).containsExactly("a{i=\"1\"}");
        assertThat(first.endedFrom()).isEqualTo(1);

        store.delete("h");
        store.delete("a");
        store.add("a", "i=\"1\"", 1);
        Snapshot second = store.snapshot(first.endedSequence());
        assertThat(ended(second)).containsExactly("h{}", "a{i=\"2\"}");
        assertThat(second.ended().get(0).last()).isInstanceOf(HistogramValue.class);
        assertThat(second.endedFrom()).isEqualTo(2);
        assertThat(second.endedSequence()).isEqualTo(3);
        assertThat(ended(store.snapshot(0))).containsExactly("h{}", "a{i=\"2\"}");
        assertThat(store.snapshot(3).ended()).isEmpty();
        assertThat(store.snapshot().ended()).isEmpty();
    }

    @Test
    void shouldNotEndASeriesThatLivesAgainAsAnotherScalarType() {
        store.keeper.recordEnds(() -> 0);
        store.add("a", "i=\"1\"", 1);
        store.add("a", "i=\"2\"", 1);
        store.delete("a");
        store.push("a", GAUGE, "i=\"1\"", SET, 1);
        assertThat(ended(store.snapshot(0))).containsExactly("a{i=\"2\"}");
    }

    @Test
    void shouldForgetTheEndsThatAllReadersHaveDealtWith() {
        AtomicLong handled = new AtomicLong();
        store.keeper.recordEnds(handled::get);
        for (int i = 1; i <= 5; i++) {
            store.add("a", "i=\"" + i + "\"", 1);
            store.delete("a");
            store.advance(3);
        }
        assertThat(store.keeper.endsRemembered()).isEqualTo(5);

        handled.set(3);
        Snapshot rest = store.snapshot(3);
        assertThat(store.keeper.endsRemembered()).isEqualTo(2);
        assertThat(rest.endedFrom()).as("nothing is missing for who has dealt with three").isEqualTo(4);
        assertThat(ended(rest)).containsExactly("a{i=\"4\"}", "a{i=\"5\"}");

        handled.set(Long.MAX_VALUE);
        store.work();
        assertThat(store.keeper.endsRemembered()).isZero();
        store.add("a", "i=\"6\"", 1);
        handled.set(5);
        store.delete("a");
        assertThat(ended(store.snapshot(5))).containsExactly("a{i=\"6\"}");
    }

    @Test
    void shouldForgetTheOldestEndsAndSaySo() {
        store.add("a", "i=\"x\"", 1);
        store.delete("a");
        Snapshot off = store.snapshot(0);
        assertThat(off.endedFrom()).isEqualTo(2);
        assertThat(off.endedSequence()).isEqualTo(1);
        store.keeper.recordEnds(() -> 0);
        for (int i = 0; i < 20; i++) {
            store.add("a", "i=\"" + i + "\"", 1);
            store.delete("a");
            // the dead may be young for a while, and this index is small
            store.advance(3);
        }
        Snapshot s = store.snapshot(0);
        assertThat(s.endedSequence()).isEqualTo(21);
        assertThat(s.endedFrom()).isEqualTo(6);
        assertThat(ended(s)).hasSize(16).startsWith("a{i=\"4\"}").endsWith("a{i=\"19\"}");
    }

    private static Stream<String> ended(Snapshot s) {
        return s.ended().stream().map(SeriesTableTest::text);
    }

    private static String text(EndedSeries e) {
        return new String(e.family(), StandardCharsets.UTF_8) + "{" + new String(e.labels(), StandardCharsets.UTF_8)
                + "}";
    }

    @Test
    void shouldReuseWordsAndNumbersOfDeadSeriesForEver() {
        for (int i = 0; i < 10_000; i++) {
            assertThat(store.add("c", "i=\"" + i + "\"", i)).isEqualTo(Code.OK);
            assertThat(store.values()).containsExactly(entry("c{i=\"" + i + "\"}", (double) i));
            assertThat(store.delete("c")).isEqualTo(1);
            store.advance(1);
        }
        assertThat(store.keeper.rebuilds()).isPositive();
        assertThat(store.table.numbers.high()).isLessThanOrEqualTo(64);
    }

    @Test
    void shouldKeepFewDeadSeriesWhereFewLiveHoweverManyMayLive() {
        Store large = new Store(TableConfig.of(100_000, 10));
        for (int i = 0; i < 40_000; i++) {
            assertThat(large.add("c", "i=\"" + i + "\"", i)).isEqualTo(Code.OK);
            if (i % 100 == 99) {
                assertThat(large.delete("c")).isEqualTo(100);
                large.advance(1);
            }
        }
        assertThat(large.table.numbers.high()).isLessThan(10_000);
    }

    @Test
    void shouldMakeRoomForNewFamiliesOnceOldOnesHaveNoSeries() {
        for (int i = 0; i < 100; i++) {
            assertThat(store.add("f" + i % 8, "", 1)).isEqualTo(Code.OK);
            store.family("claimed" + i);
        }
        Family kept = store.family("f1");
        assertThat(store.family("no_room")).isNull();
        store.work();
        assertThat(store.family("room")).isNotNull();
        assertThat(kept.isRemoved()).isFalse();

        store.delete("f1");
        Family removed = kept;
        while (!removed.isRemoved()) {
            store.family("another" + store.table.families().size());
            store.advance(1);
            store.work();
        }
        store.writer.enter();
        assertThat(store.writer.reserve(removed, COUNTER)).isEqualTo(Code.UNKNOWN);
        assertThat(store.writer.findOrCreate(1, 2, removed, COUNTER, new byte[0], 0, 0)).isEqualTo(TableWriter.NONE);
        store.writer.exit();
        assertThat(store.add("f1", "", 1)).isEqualTo(Code.OK);
    }

    @Test
    void shouldLeaveDeadRecordsToTheCommitThatHasPreparedThem() {
        store.writer.enter();
        long ref = store.series("c", COUNTER, "");
        store.advance(100);
        rebuild();
        assertThat(store.writer.state(ref)).isEqualTo(DEAD);
        assertThat(store.table.usedWords()).isEqualTo(1);
        store.writer.exit();
        rebuild();
        assertThat(store.table.usedWords()).isZero();
    }

    @Test
    void shouldTakeTheTextOfEndedSeriesBackAndKeepThatOfLiveOnesAndSnapshots() {
        store.add("keep", "name=\"" + "k".repeat(100) + "\"", 1);
        store.add("long", "name=\"" + "l".repeat(2000) + "\"", 1);
        Snapshot old = null;
        for (int i = 0; i < 2_000; i++) {
            String labels = "i=\"" + i + "\",name=\"" + "x".repeat(i % 50 == 0 ? 3000 : 100) + "\"";
            store.add("churn", labels, i);
            old = i == 10 ? store.snapshot() : old;
            assertThat(store.values()).containsKeys("churn{" + labels + "}");
            store.delete("churn");
            store.advance(1);
            assertThat(store.table.textBytes()).isLessThan(64_000);
        }
        assertThat(store.keeper.textReclaims()).isPositive();
        assertThat(store.values())
                .containsOnlyKeys(
                        "keep{name=\"" + "k".repeat(100) + "\"}", "long{name=\"" + "l".repeat(2000) + "\"}");
        assertThat(Store.read(old)).containsEntry("churn{i=\"10\",name=\"" + "x".repeat(100) + "\"}", 10.0);
    }

    @Test
    void shouldFindTheTextOfASeriesWhileTextsMove() throws Exception {
        String labels = "name=\"" + "k".repeat(100) + "\"";
        store.add("keep", labels, 1);
        long ref = store.find("keep", COUNTER, labels);
        AtomicBoolean done = new AtomicBoolean();
        TableWriter reader = store.table.newWriter();
        FutureTask<Long> reading = new FutureTask<>(() -> {
            long looks = 0;
            for (; !done.get(); looks++) {
                reader.enter();
                reader.seekLabels(ref);
                String there = new String(
                        reader.labelChunk(), reader.labelOffset(), reader.labelLength(), StandardCharsets.UTF_8);
                reader.exit();
                if (!there.equals(labels)) {
                    throw new AssertionError(there);
                }
            }
            return looks;
        });
        new Thread(reading).start();
        for (int i = 0; i < 2_000; i++) {
            store.add("churn", "i=\"" + i + "\",name=\"" + "x".repeat(i % 50 == 0 ? 3000 : 100) + "\"", i);
            store.delete("churn");
            store.advance(1);
        }
        done.set(true);
        assertThat(reading.get()).isPositive();
        assertThat(store.keeper.textReclaims()).isPositive();
    }

    @Test
    void shouldRefuseWithFullWhenDeadWordsTakeTheRoomAndRecover() {
        Store s = new Store(new TableConfig(10, 10, 1, 10, 80, 100, 1000, 10, 10));
        s.writer.enter();
        for (int i = 0; i < 8; i++) {
            assertThat(s.series("c", COUNTER, "i=\"" + i + "\"")).isPositive();
        }
        assertThat(s.series("c", COUNTER, "")).isEqualTo(TableWriter.FULL);
        s.writer.exit();
        s.advance(5);
        s.work();
        assertThat(s.add("c", "", 1)).isEqualTo(Code.OK);
        Invariants.check(s.table, s.keeper);
    }

    @Test
    void shouldNeverAnswerFromARecordThatBelongsToAnotherSeriesByNow() {
        store.add("c", "i=\"1\"", 1);
        store.writer.enter();
        long ref = store.find("c", COUNTER, "i=\"1\"");
        store.writer.exit();
        store.delete("c");
        rebuild();
        store.add("c", "i=\"2\"", 5);
        store.writer.enter();
        assertThat((int) store.find("c", COUNTER, "i=\"2\"")).as("the number is reused").isEqualTo((int) ref);
        assertThat(store.writer.state(ref)).isEqualTo(GONE);
        assertThat(store.writer.apply(ref, ADD, 1)).isEqualTo(GONE);
        assertThat(store.writer.setLast(ref, 1, 1)).isEqualTo(GONE);
        assertThat(store.writer.cell(ref)).isNull();
        store.writer.exit();
        assertThat(store.values()).containsExactly(entry("c{i=\"2\"}", 5.0));
    }

    /** In the first second of a process a series that is one second old was touched at tick -1, which is not a time. */
    @Test
    @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldNotTakeASeriesOneSecondOldForOneThatRetires() {
        for (int seconds = 0; seconds < 4; seconds++) {
            String labels = "i=\"" + seconds + "\"";
            store.add("c", labels, 1);
            store.writer.enter();
            store.writer.backdate(store.find("c", COUNTER, labels), seconds);
            store.writer.exit();
            // in both of these a series that seems to retire is waited for
            assertThat(store.add("c", labels, 1)).isEqualTo(Code.OK);
            store.writer.enter();
            store.writer.backdate(store.find("c", COUNTER, labels), seconds);
            store.writer.exit();
            store.work();
            assertThat(store.values()).containsEntry("c{" + labels + "}", 2.0);
        }
        store.delete("c");
        assertThat(store.values()).isEmpty();
        Invariants.check(store.table, store.keeper);
    }
}
