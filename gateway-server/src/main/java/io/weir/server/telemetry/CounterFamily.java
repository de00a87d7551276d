package io.weir.server.telemetry;

import java.util.concurrent.ConcurrentHashMap;

/**
 * Counters of one name, told apart by label values from closed sets: enum words, never input. Any thread. A counter
 * appears when it is first asked for; ask once and keep it where speed matters.
 */
public final class CounterFamily {
    /** More children than this is a label fed from input: our bug. */
    static final int CHILDREN_MAX = 2_000;

    private final String[] labelNames;
    private final ConcurrentHashMap<String, Counter> children = new ConcurrentHashMap<>();

    CounterFamily(String[] labelNames) {
        this.labelNames = labelNames;
    }

    /** The counter of these label values, in the order of the label names. */
    public Counter with(String... values) {
        assert values.length == labelNames.length;
        String[] pairs = new String[2 * values.length];
        for (int i = 0; i < values.length; i++) {
            pairs[2 * i] = labelNames[i];
            pairs[2 * i + 1] = values[i];
        }
        Counter counter = children.computeIfAbsent(Samples.labels(pairs), key -> new Counter());
        assert children.size() <= CHILDREN_MAX;
        return counter;
    }

    void collect(Samples out) {
        children.forEach((labels, counter) -> out.addRaw("", labels, counter.value()));
    }
}
