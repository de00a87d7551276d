package io.weir.store;

import io.weir.sample.Code;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.GaugePolicy;
import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import java.util.concurrent.atomic.AtomicReference;

/** A very small table with two writers and a keeper, and pushes as the gateway makes them. Base of the jcstress cases. */
abstract class Arena {
    static final long SECOND = 1_000_000_000L;

    final SeriesTable table;
    final TableWriter first;
    final TableWriter second;
    final Keeper keeper;
    volatile long nanos;
    long killed;

    Arena(int seriesMax) {
        FamilyPolicy policy = new FamilyPolicy(GaugePolicy.SUM, 5_000);
        table = new SeriesTable(
                new TableConfig(seriesMax, 8, 1, 6, 100, 16, 64, 4, 4), () -> nanos, name -> policy);
        first = table.newWriter();
        second = table.newWriter();
        keeper = new Keeper(table, () -> 0);
        keeper.reaper().ends((n, meta, word, cell) -> killed += cell == null
                ? (long) Slab.decode(word)
                : (long) ((HistogramValue) cell).count());
    }

    /** Adds (or sets, a gauge) one sample, by a reference if it is one; the reference, or 0 when it was refused. */
    long push(TableWriter writer, long ref, long h0, long h1, char family, MetricType type, double x) {
        writer.enter();
        long found = ref == TableWriter.NONE ? writer.find(h0, h1) : ref;
        Family f = null;
        boolean reserved = false;
        for (boolean refused = false; !refused; ) {
            int result = found == TableWriter.NONE ? TableWriter.GONE : act(writer, found, type, x, reserved);
            if (result == TableWriter.APPLIED) {
                writer.committed();
                writer.exit();
                return found;
            }
            if (result == TableWriter.LIVE) {
                writer.release(f);
                reserved = false;
            } else if (!reserved) {
                f = family(family);
                Code code = writer.reserve(f, type);
                reserved = code == Code.OK;
                refused = code != Code.OK && code != Code.UNKNOWN;
            } else {
                found = writer.findOrCreate(h0, h1, f, type, new byte[] {'k', '=', '"', (byte) h1, '"'}, 0, 5);
            }
        }
        writer.exit();
        return TableWriter.NONE;
    }

    private static int act(TableWriter writer, long ref, MetricType type, double x, boolean reserved) {
        if (type.isScalar()) {
            return reserved
                    ? writer.revive(ref, x)
                    : writer.apply(ref, type == MetricType.GAUGE ? TableWriter.SET : TableWriter.ADD, x);
        }
        CellValue cell = new HistogramValue(new double[0], new double[] {x}, x);
        return reserved ? writer.revive(ref, cell) : writer.apply(ref, TableWriter.ADD, cell);
    }

    long add(TableWriter writer, char key, double x) {
        return push(writer, TableWriter.NONE, 0, key, 'c', MetricType.COUNTER, x);
    }

    Family family(char c) {
        return table.families().claim(new byte[] {(byte) c}, 0, 1);
    }

    void kill(long ref) {
        keeper.reaper().kill((int) ref, table.slab.metaAcquire((int) ref));
    }

    void rebuild() {
        // In the next second, as dead records touched in this one stay.
        nanos = nanos + SECOND;
        keeper.compaction().rebuild(table.shards[0], 6);
    }

    /** Value of the series with this second hash half in a snapshot; -1 when absent, -2 when something is wrong. */
    long seen(char key) {
        AtomicReference<Snapshot> taken = new AtomicReference<>();
        keeper.commands().snapshot(taken::set);
        keeper.doWork();
        long value = -1;
        for (FamilySnapshot f : taken.get().families()) {
            for (int i = 0; i < f.size(); i++) {
                byte[] text = f.textChunk(i);
                int at = f.textOffset(i);
                if (f.textLength(i) != 5 || text[at] != 'k' || text[at + 4] != '"') {
                    return -2;
                }
                if (text[at + 3] == key) {
                    if (value != -1) {
                        return -2;
                    }
                    value = (long) (f.type().isScalar() ? f.value(i) : f.histogram(i).count());
                }
            }
        }
        return value;
    }
}
