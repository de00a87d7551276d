package io.weir.store;

import static io.weir.sample.MetricType.COUNTER;
import static io.weir.sample.MetricType.GAUGE;
import static io.weir.sample.MetricType.HISTOGRAM;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class LayoutTest {
    private final Store store = new Store(Store.small(4000));

    @Test
    void shouldBeTheSameAfterAFewChangesAsByAPassOverAllSeries() {
        Random random = new Random(3);
        Map<String, Object> expected = new TreeMap<>();
        for (int round = 0; round < 600; round++) {
            for (int i = random.nextInt(6); i >= 0; i--) {
                change(random, expected);
            }
            Snapshot now = store.snapshot();
            assertThat(Store.read(now)).isEqualTo(expected);
            assertThat(now.series()).isEqualTo(expected.size());
            assertThat(described(now)).isEqualTo(described(byAPass()));
        }
    }

    @Test
    void shouldNotChangeSnapshotsThatHaveBeenTaken() {
        List<Snapshot> taken = new ArrayList<>();
        List<Map<String, Object>> then = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            store.add("c", "i=\"" + i + "\"", i);
            store.add("c", "i=\"0\"", 1);
            if (i % 50 == 49) {
                store.add("d", "", 1);
                store.delete("d");
            }
            taken.add(store.snapshot());
            then.add(Store.read(taken.get(i)));
            assertThat(then.get(i)).hasSize(i + 1);
        }
        for (int i = 0; i < taken.size(); i++) {
            assertThat(Store.read(taken.get(i))).isEqualTo(then.get(i));
        }
    }

    @Test
    void shouldFindAllSeriesWhenMoreHaveChangedThanAreRemembered() {
        store.add("c", "i=\"first\"", 1);
        store.snapshot();
        for (int i = 0; i < 3 * Changes.SIZE; i++) {
            store.add("c", "i=\"" + i + "\"", i);
        }
        assertThat(Store.read(store.snapshot())).hasSize(3 * Changes.SIZE + 1);
    }

    @Test
    void shouldGiveASnapshotBeforeItsValuesAreTakenToWhoDoesNotAskForEnds() {
        store.add("c", "", 1);
        store.keeper.recordEnds(() -> 0);
        store.snapshot();
        store.delete("c");
        for (int i = 0; i < 3 * FamilySnapshot.RUN / 4; i++) {
            store.add("c", "i=\"" + i + "\"", i);
        }
        AtomicReference<Snapshot> early = new AtomicReference<>();
        AtomicReference<Snapshot> late = new AtomicReference<>();
        StringBuilder order = new StringBuilder();
        store.keeper.commands().snapshot(0, s -> {
            order.append(" late");
            late.set(s);
        });
        store.keeper.commands().snapshot(s -> {
            order.append("early");
            early.set(s);
            // a push that comes while values are being taken is seen in those that have not been
            store.add("c", "i=\"1\"", 100);
            assertThat(Store.read(s)).containsEntry("c{i=\"1\"}", 101.0);
            store.add("c", "i=\"1\"", 1000);
        });
        store.keeper.doWork();

        assertThat(order).hasToString("early late");
        assertThat(Store.read(early.get())).isEqualTo(Store.read(late.get())).containsEntry("c{i=\"1\"}", 101.0);
        assertThat(late.get().ended()).hasSize(1);
        assertThat(Store.read(store.snapshot())).containsEntry("c{i=\"1\"}", 1101.0);
    }

    @Test
    void shouldLetGoOfSnapshotsThatNobodyHasAnyMore() {
        double[] counts = {1, 2};
        List<WeakReference<FamilySnapshot>> old = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            store.add("c", "", 1);
            store.add("c", "i=\"" + i + "\"", 1);
            store.cell("h", HISTOGRAM, "", new HistogramValue(new double[] {1}, counts, 1));
            store.snapshot().families().forEach(family -> old.add(new WeakReference<>(family)));
        }
        List<WeakReference<FamilySnapshot>> before = old.subList(0, old.size() - 2);
        for (int i = 0; i < 100 && before.stream().anyMatch(family -> family.get() != null); i++) {
            System.gc();
        }
        assertThat(before).allMatch(family -> family.get() == null);
    }

    private Snapshot byAPass() {
        FamilySnapshot[] families = Layout.of(store.table).families(store.table.slab, Map.of());
        return new Snapshot(1, 0, List.of(families), 0, 0, 0, List.of());
    }

    private static List<String> described(Snapshot snapshot) {
        List<String> lines = new ArrayList<>();
        for (FamilySnapshot f : snapshot.families()) {
            for (int i = 0; i < f.size(); i++) {
                lines.add(new String(f.name(), StandardCharsets.UTF_8) + f.type() + " " + f.textPlace(i) + " " + f.value(i) + " " + f.begunMillis(i));
            }
        }
        return lines;
    }

    private void change(Random random, Map<String, Object> expected) {
        String family = "f" + random.nextInt(5);
        String labels = "i=\"" + random.nextInt(60) + "\"";
        boolean gauge = family.equals("f4");
        switch (random.nextInt(12)) {
            case 0 -> {
                store.delete(family);
                expected.keySet().removeIf(key -> key.startsWith(family + "{"));
            }
            case 1 -> store.advance(5);
            default -> {
                double x = random.nextInt(100);
                store.push(family, gauge ? GAUGE : COUNTER, labels, gauge ? TableWriter.SET : TableWriter.ADD, x);
                expected.merge(family + "{" + labels + "}", x, (a, b) -> gauge ? b : (Double) a + (Double) b);
            }
        }
    }
}
