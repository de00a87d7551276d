package io.weir.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Code;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.GaugePolicy;
import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.SummaryValue;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

/** The table against a map that does the same in the obvious way: one thread, random operations, printed seed. */
class OracleTest {
    private static final int SERIES_MAX = 40;
    private static final int TTL = 5;
    private static final String[] FAMILIES = {"a", "b", "a_sum", "a_bucket", "c", "a_count"};

    /** What a series should be. */
    private static final class Expected {
        final MetricType type;
        Object value;
        long touched;

        Expected(MetricType type, Object value, long touched) {
            this.type = type;
            this.value = value;
            this.touched = touched;
        }
    }

    private record Key(String family, String labels) {}

    private final long seed = Long.getLong("weir.stress.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final Store store = new Store(
            new TableConfig(SERIES_MAX, 32, 2, 70, 90, 400, 512, 16, 16),
            name -> new FamilyPolicy(
                    GaugePolicy.SUM, name.startsWith("a") ? TTL * 1000L : FamilyPolicy.FOREVER));
    private final Map<Key, Expected> oracle = new ConcurrentHashMap<>();
    private long second;

    @Test
    void shouldBehaveAsAMapDoes() {
        for (int i = 0; i < 60_000; i++) {
            try {
                switch (random.nextInt(20)) {
                    case 0 -> delete();
                    case 1 -> {
                        second++;
                        store.advance(1);
                        expire();
                    }
                    case 2 -> compare();
                    case 3 -> store.work();
                    default -> push();
                }
            } catch (AssertionError e) {
                throw new AssertionError("operation " + i + " of seed " + seed + ": " + e.getMessage(), e);
            }
        }
        compare();
        Invariants.check(store.table, store.keeper);
    }

    private void push() {
        String family = FAMILIES[random.nextInt(FAMILIES.length)];
        MetricType type = MetricType.of(random.nextInt(4) > 0 ? 1 : random.nextInt(5));
        String labels = random.nextInt(4) == 0 ? "" : "i=\"" + random.nextInt(20) + "\"";
        Key key = new Key(family, labels);
        int x = random.nextInt(100);
        int op = random.nextInt(type.isScalar() ? 4 : 2);
        Expected old = oracle.get(key);
        Code expected = expectedCode(family, type, old);
        Object value;
        Code code;
        if (type.isScalar()) {
            value = scalar(op, old, x);
            code = store.push(family, type, labels, op, x);
        } else {
            CellValue cell = type == MetricType.SUMMARY
                    ? new SummaryValue(x, x)
                    : new HistogramValue(new double[] {x % 5}, new double[] {x, 0}, x);
            value = old == null || old.type != type ? cell : ((CellValue) old.value).plus(cell);
            code = store.cell(family, type, labels, cell);
        }
        assertThat(code).as("%s %s{%s}", type, family, labels).isEqualTo(expected);
        if (code == Code.OK) {
            oracle.put(key, new Expected(type, value, second));
        }
    }

    private static Object scalar(int op, Expected old, double x) {
        if (old == null || !(old.value instanceof Double)) {
            return x;
        }
        double v = (Double) old.value;
        return switch (op) {
            case TableWriter.ADD -> v + x;
            case TableWriter.MIN -> Math.min(v, x);
            case TableWriter.MAX -> Math.max(v, x);
            default -> x;
        };
    }

    private Code expectedCode(String family, MetricType type, Expected old) {
        if (old != null && old.type == type) {
            return Code.OK;
        }
        if (oracle.size() >= SERIES_MAX) {
            return Code.SERIES_LIMIT;
        }
        for (Map.Entry<Key, Expected> e : oracle.entrySet()) {
            String other = e.getKey().family;
            boolean conflict = other.equals(family)
                    ? e.getValue().type != type
                    : owns(family, type).contains(other) || owns(other, e.getValue().type).contains(family);
            if (conflict) {
                return Code.TYPE_CONFLICT;
            }
        }
        return Code.OK;
    }

    private static Set<String> owns(String family, MetricType type) {
        Set<String> names = new HashSet<>();
        if (!type.isScalar()) {
            names.add(family + "_sum");
            names.add(family + "_count");
        }
        if (type == MetricType.HISTOGRAM) {
            names.add(family + "_bucket");
        }
        return names;
    }

    private void delete() {
        String family = random.nextInt(10) == 0 ? null : FAMILIES[random.nextInt(FAMILIES.length)];
        String i = random.nextBoolean() ? Integer.toString(random.nextInt(20)) : null;
        long before = oracle.size();
        oracle.keySet()
                .removeIf(k -> (family == null || k.family.equals(family))
                        && (i == null || k.labels.equals("i=\"" + i + "\"")));
        long killed = i == null ? store.delete(family) : store.delete(family, "i", i);
        assertThat(killed).isEqualTo(before - oracle.size());
    }

    private void expire() {
        oracle.entrySet()
                .removeIf(e -> e.getKey().family.startsWith("a") && second - e.getValue().touched > TTL);
        store.work();
    }

    private void compare() {
        Map<String, Object> expected = new ConcurrentHashMap<>();
        oracle.forEach((k, e) -> expected.put(k.family + "{" + k.labels + "}", e.value));
        assertThat(store.values()).isEqualTo(expected);
        assertThat(store.table.live()).isEqualTo(oracle.size());
    }
}
