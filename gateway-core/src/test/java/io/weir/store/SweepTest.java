package io.weir.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.store.Selectors.Condition;
import io.weir.store.StoreCommands.Swept;
import io.weir.store.StoreCommands.Swept.State;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Deletion by conditions on names and labels. */
class SweepTest {
    private final Store store = new Store(Store.small(20_000));

    private static Condition is(String label, String value) {
        byte[] wanted = value.getBytes(UTF_8);
        return new Condition(
                label == null ? null : label.getBytes(UTF_8),
                (b, offset, length) -> Arrays.equals(b, offset, offset + length, wanted, 0, wanted.length));
    }

    private static Condition isNot(String label, String value) {
        Condition not = is(label, value);
        return new Condition(not.label(), (b, offset, length) -> !not.test().accepts(b, offset, length));
    }

    private Swept sweep(boolean dry, List<List<Condition>> alternatives) {
        List<Swept> answers = new ArrayList<>();
        assertThat(store.keeper.commands().sweep(new Selectors(alternatives), dry, answers::add)).isTrue();
        store.work();
        assertThat(answers).hasSize(1);
        return answers.get(0);
    }

    @Test
    void shouldDeleteTheUnionAndLeaveTheRest() {
        store.add("a_total", "job=\"x\",zone=\"1\"", 1);
        store.add("a_total", "job=\"x\"", 2);
        store.add("a_total", "job=\"y\"", 3);
        store.add("b_total", "job=\"x\",zone=\"1\"", 4);
        store.add("b_total", "job=\"z\"", 5);
        List<List<Condition>> union =
                List.of(List.of(is(null, "a_total"), is("zone", "")), List.of(is("job", "z")), List.of(is("job", "y")));
        Swept dry = sweep(true, union);
        assertThat(dry).isEqualTo(new Swept(State.DONE, 3, Map.of("a_total", 2L, "b_total", 1L)));
        assertThat(dry.families().keySet()).containsExactly("a_total", "b_total");
        assertThat(store.values()).hasSize(5);

        assertThat(sweep(false, union)).isEqualTo(dry);
        assertThat(store.values()).isEqualTo(Map.of("a_total{job=\"x\",zone=\"1\"}", 1.0, "b_total{job=\"x\",zone=\"1\"}", 4.0));
        assertThat(store.keeper.deleted()).isEqualTo(3);
        assertThat(sweep(false, union)).isEqualTo(new Swept(State.DONE, 0, Map.of()));
    }

    @Test
    void shouldAskForThePlainValue() {
        store.add("a", "x=\"q\\\"\\\\\\n\"", 1);
        store.add("a", "x=\"q\"", 2);
        assertThat(sweep(false, List.of(List.of(is("x", "q\"\\\n")))).series()).isEqualTo(1);
        assertThat(sweep(false, List.of(List.of(isNot("x", "p")))).series()).isEqualTo(1);
    }

    @Test
    void shouldLetSnapshotsAndPushesGoOnBetweenSlices() {
        for (int i = 0; i < 10_000; i++) {
            store.add("a", "i=\"" + i + "\"", 1);
        }
        AtomicBoolean answered = new AtomicBoolean();
        // so slow that a slice is over after a few records
        Condition slow = new Condition(null, (b, offset, length) -> true);
        Condition slower = new Condition("i".getBytes(UTF_8), (b, offset, length) -> {
            long end = System.nanoTime() + 5_000;
            while (System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            return true;
        });
        store.keeper.commands().sweep(new Selectors(List.of(List.of(slow, slower))), false, swept -> {
            assertThat(swept.series()).isEqualTo(10_000);
            answered.set(true);
        });
        store.keeper.doWork();
        assertThat(answered).as("one duty").isFalse();
        List<Integer> sizes = new ArrayList<>();
        store.keeper.commands().snapshot(s -> sizes.add(s.series()));
        store.keeper.doWork();
        assertThat(sizes.get(0)).isBetween(1, 9_999);
        store.add("new", "", 7);
        store.work();
        assertThat(answered).isTrue();
        assertThat(store.values().keySet()).as("what came after").containsExactly("new{}");
    }

    @Test
    void shouldRefuseWhenTooManyWait() {
        store.add("a", "", 1);
        List<State> states = new ArrayList<>();
        Selectors one = new Selectors(List.of(List.of(is(null, "b"))));
        // one duty takes all commands, and then works on the first
        for (int i = 0; i <= StoreCommands.SWEEPS_MAX; i++) {
            assertThat(store.keeper.commands().sweep(one, false, swept -> states.add(swept.state()))).isTrue();
        }
        store.work();
        assertThat(states).hasSize(StoreCommands.SWEEPS_MAX + 1);
        assertThat(states.get(0)).isEqualTo(State.BUSY);
        assertThat(states.subList(1, states.size())).containsOnly(State.DONE);
    }

    @Test
    void shouldSayWhenEndsCannotBeWrittenDown() {
        store.add("a", "i=\"1\"", 1);
        store.add("a", "i=\"2\"", 1);
        boolean[] begins = {false};
        boolean[] commits = {false};
        store.keeper.endListener(new EndListener() {
            @Override
            public boolean begin() {
                return begins[0];
            }

            @Override
            public boolean ended(
                    Family family, MetricType type, byte[] text, int offset, int length, double value, CellValue cell) {
                return true;
            }

            @Override
            public boolean commit() {
                return commits[0];
            }
        });
        List<List<Condition>> one = List.of(List.of(is("i", "1")));
        assertThat(sweep(false, one).state()).isEqualTo(State.REFUSED);
        assertThat(store.values()).hasSize(2);
        assertThat(sweep(true, one)).as("needs nothing written").isEqualTo(new Swept(State.DONE, 1, Map.of("a", 1L)));
        begins[0] = true;
        assertThat(sweep(false, one).state()).isEqualTo(State.UNKNOWN);
    }
}
