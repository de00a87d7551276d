package io.weir.store;

import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** One deletion by {@link Selectors} on its way over the slab. Keeper only. */
final class Sweep {
    final Selectors.Asking asking;
    final boolean dry;
    private final Consumer<StoreCommands.Swept> answer;
    private final Map<Family, long[]> counts = new IdentityHashMap<>();
    private Family last;
    private long[] lastCount;
    private long series;
    int next;
    /** The numbers in use when it began; -1 before that. */
    int end = -1;

    Sweep(StoreCommands.SweepCommand command) {
        this.asking = new Selectors.Asking(command.selectors());
        this.dry = command.dry();
        this.answer = command.answer();
    }

    void count(Family family) {
        if (family != last) {
            last = family;
            lastCount = counts.computeIfAbsent(family, f -> new long[1]);
        }
        lastCount[0]++;
        series++;
    }

    boolean isEmpty() {
        return series == 0;
    }

    void answer(StoreCommands.Swept.State state) {
        Map<String, Long> families = new LinkedHashMap<>();
        List<Map.Entry<Family, long[]>> most = counts.entrySet().stream()
                .sorted((a, b) -> a.getValue()[0] != b.getValue()[0]
                        ? Long.compare(b.getValue()[0], a.getValue()[0])
                        : a.getKey().text().compareTo(b.getKey().text()))
                .limit(StoreCommands.FAMILIES_TOLD)
                .toList();
        for (Map.Entry<Family, long[]> entry : most) {
            families.merge(entry.getKey().text(), entry.getValue()[0], Long::sum);
        }
        answer.accept(new StoreCommands.Swept(state, series, families));
    }
}
