package io.weir.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Code;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.KeyHash;
import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.Snapshot;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.agrona.concurrent.CachedNanoClock;

/** A table, one writer and a keeper worked by hand, for tests of one thread. */
final class Store {
    static final long SECOND = 1_000_000_000L;

    final CachedNanoClock clock = new CachedNanoClock();
    final SeriesTable table;
    final TableWriter writer;
    final Keeper keeper;
    private final KeyHash hash = new KeyHash(1, 2, 3, 4);

    Store(TableConfig config) {
        this(config, name -> FamilyPolicy.DEFAULT);
    }

    Store(TableConfig config, Function<String, FamilyPolicy> policies) {
        table = new SeriesTable(config, clock, policies);
        writer = table.newWriter();
        keeper = new Keeper(table, () -> 1_700_000_000_000L + clock.nanoTime() / 1_000_000);
    }

    static TableConfig small(int seriesMax) {
        return new TableConfig(seriesMax, 100, 2, 2 * seriesMax, 85, 8 * seriesMax, 4096, 16, 64);
    }

    Family family(String name) {
        byte[] b = name.getBytes(StandardCharsets.UTF_8);
        return table.families().claim(b, 0, b.length);
    }

    /** Reference of a series, created dead when it is new. */
    long series(String family, MetricType type, String labels) {
        byte[] key = (type.ordinal() + family + "{" + labels).getBytes(StandardCharsets.UTF_8);
        hash.hash(key, 0, key.length, 0);
        byte[] text = labels.getBytes(StandardCharsets.UTF_8);
        return writer.findOrCreate(hash.h0(), hash.h1(), family(family), type, text, 0, text.length);
    }

    long find(String family, MetricType type, String labels) {
        byte[] key = (type.ordinal() + family + "{" + labels).getBytes(StandardCharsets.UTF_8);
        hash.hash(key, 0, key.length, 0);
        return writer.find(hash.h0(), hash.h1());
    }

    /** One committed push of one sample; what the gateway does. */
    Code push(String family, MetricType type, String labels, int op, double x) {
        writer.enter();
        try {
            long ref = find(family, type, labels);
            if (ref == TableWriter.NONE || writer.state(ref) == TableWriter.DEAD) {
                Family f = family(family);
                if (f == null) {
                    return Code.FAMILY_LIMIT;
                }
                Code code = writer.reserve(f, type);
                if (code != Code.OK) {
                    return code;
                }
                ref = series(family, type, labels);
                if (ref == TableWriter.FULL) {
                    writer.release(f);
                    return Code.TABLE_FULL;
                }
                assertThat(writer.revive(ref, x)).isEqualTo(TableWriter.APPLIED);
            } else {
                assertThat(writer.apply(ref, op, x)).isEqualTo(TableWriter.APPLIED);
            }
            writer.committed();
            return Code.OK;
        } finally {
            writer.exit();
        }
    }

    Code add(String family, String labels, double x) {
        return push(family, MetricType.COUNTER, labels, TableWriter.ADD, x);
    }

    Code cell(String family, MetricType type, String labels, CellValue x) {
        writer.enter();
        try {
            long ref = find(family, type, labels);
            if (ref == TableWriter.NONE || writer.state(ref) == TableWriter.DEAD) {
                Family f = family(family);
                Code code = writer.reserve(f, type);
                if (code != Code.OK) {
                    return code;
                }
                ref = series(family, type, labels);
                assertThat(writer.revive(ref, x)).isEqualTo(TableWriter.APPLIED);
            } else {
                assertThat(writer.apply(ref, TableWriter.ADD, x)).isEqualTo(TableWriter.APPLIED);
            }
            writer.committed();
            return Code.OK;
        } finally {
            writer.exit();
        }
    }

    void advance(long seconds) {
        clock.update(clock.nanoTime() + seconds * SECOND);
    }

    void work() {
        while (keeper.doWork() > 0) {
            Thread.onSpinWait();
        }
    }

    long delete(String family, String... pairs) {
        AtomicLong killed = new AtomicLong(-1);
        assertThat(keeper.commands().delete(selector(family, pairs), killed::set)).isTrue();
        work();
        return killed.get();
    }

    static Selector selector(String family, String... pairs) {
        List<Selector.Pair> labels = new ArrayList<>();
        for (int i = 0; i < pairs.length; i += 2) {
            labels.add(new Selector.Pair(
                    pairs[i].getBytes(StandardCharsets.UTF_8), pairs[i + 1].getBytes(StandardCharsets.UTF_8)));
        }
        return new Selector(family == null ? null : family.getBytes(StandardCharsets.UTF_8), labels);
    }

    Snapshot snapshot() {
        AtomicReference<Snapshot> s = new AtomicReference<>();
        assertThat(keeper.commands().snapshot(s::set)).isTrue();
        work();
        return s.get();
    }

    Snapshot snapshot(long endedAfter) {
        AtomicReference<Snapshot> s = new AtomicReference<>();
        assertThat(keeper.commands().snapshot(endedAfter, s::set)).isTrue();
        work();
        return s.get();
    }

    /** Series and values as {@code family{labels}}, in the order of the snapshot. */
    static Map<String, Object> read(Snapshot snapshot) {
        Map<String, Object> values = new LinkedHashMap<>();
        int series = 0;
        for (FamilySnapshot f : snapshot.families()) {
            assertThat(f.size()).isPositive();
            for (int i = 0; i < f.size(); i++, series++) {
                String labels = new String(
                        f.textChunk(i), f.textOffset(i), f.textLength(i), StandardCharsets.UTF_8);
                String key = new String(f.name(), StandardCharsets.UTF_8) + "{" + labels + "}";
                Object value = f.type().isScalar()
                        ? (Object) f.value(i)
                        : f.type() == MetricType.HISTOGRAM ? f.histogram(i) : f.summary(i);
                assertThat(values.put(key, value)).as("twin of " + key).isNull();
            }
        }
        assertThat(series).isEqualTo(snapshot.series());
        return values;
    }

    Map<String, Object> values() {
        return read(snapshot());
    }
}
