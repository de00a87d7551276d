package io.weir.store;

import io.weir.snapshot.LabelText;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Chooses series as {@code match[]} of Prometheus does: those that meet every condition of at least one alternative. What a
 * condition asks of a label that a series does not have, it asks of the empty value. Immutable as far as its tests are; asked
 * by the keeper.
 *
 * @param alternatives at most {@link #ALTERNATIVES_MAX}, none of them without conditions
 */
public record Selectors(List<List<Condition>> alternatives) {
    /** Alternatives of one choice: one bit each. */
    public static final int ALTERNATIVES_MAX = 64;

    /** Tells whether a value is one that is meant. Keeper only, so it may keep what it works with. */
    @FunctionalInterface
    public interface ValueTest {
        /**
         * Whether this value is meant.
         *
         * @param bytes plain UTF-8 from {@code offset} on, valid during the call, not to be written
         */
        boolean accepts(byte[] bytes, int offset, int length);
    }

    /**
     * What one alternative asks of one label.
     *
     * @param label its name; null for the name of the family
     */
    public record Condition(byte[] label, ValueTest test) {}

    private static final byte[] NO_VALUE = {};

    public Selectors {
        alternatives = alternatives.stream().map(List::copyOf).toList();
        if (alternatives.size() > ALTERNATIVES_MAX || alternatives.stream().anyMatch(List::isEmpty)) {
            throw new IllegalArgumentException("an alternative without conditions, or too many");
        }
    }

    /** Asks for one series after the other. One thread. */
    static final class Asking {
        private final List<List<Condition>> alternatives;
        /** By family: the alternatives that mean it. */
        private final Map<Family, Long> meant = new IdentityHashMap<>();

        private final LabelText walk = new LabelText();

        Asking(Selectors selectors) {
            this.alternatives = selectors.alternatives;
        }

        boolean matches(Family family, byte[] text, int offset, int length) {
            Long there = meant.get(family);
            if (there == null) {
                there = meant(family.name);
                meant.put(family, there);
            }
            for (long left = there; left != 0; left &= left - 1) {
                if (matches(alternatives.get(Long.numberOfTrailingZeros(left)), text, offset, length)) {
                    return true;
                }
            }
            return false;
        }

        private long meant(byte[] name) {
            long bits = 0;
            for (int i = 0; i < alternatives.size(); i++) {
                boolean all = true;
                for (Condition condition : alternatives.get(i)) {
                    all &= condition.label != null || condition.test.accepts(name, 0, name.length);
                }
                bits |= all ? 1L << i : 0;
            }
            return bits;
        }

        private boolean matches(List<Condition> conditions, byte[] text, int offset, int length) {
            for (int i = 0; i < conditions.size(); i++) {
                Condition condition = conditions.get(i);
                if (condition.label != null && !accepts(condition, text, offset, length)) {
                    return false;
                }
            }
            return true;
        }

        private boolean accepts(Condition condition, byte[] text, int offset, int length) {
            byte[] label = condition.label;
            walk.reset(text, offset, length);
            while (walk.next()) {
                if (!walk.isNamed(label)) {
                    continue;
                }
                if (!walk.escaped()) {
                    return condition.test.accepts(text, walk.valueOffset(), walk.valueLength());
                }
                byte[] plain = walk.plainValue();
                return condition.test.accepts(plain, 0, plain.length);
            }
            return condition.test.accepts(NO_VALUE, 0, 0);
        }
    }
}
