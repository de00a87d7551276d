package io.weir.store;

import static io.weir.store.Invariants.require;

import io.weir.sample.Code;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.GaugePolicy;
import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A small world in which one operation is stopped between two of its steps while others run, all on one thread: an
 * operation is stopped at step i, the next one within it at step j, and so on. Every world is checked at its end.
 */
final class Interleaving {
    /** What can happen; every operation by another writer, the keeper's by the keeper, which is never within itself. */
    enum Op {
        ADD_LIVE,
        ADD_LIVE_KNOWN,
        ADD_DEAD,
        ADD_DEAD_KNOWN,
        ADD_NEW,
        ADD_NEW_TWIN_HASH,
        SET_GAUGE,
        SET_GAUGE_SAME,
        SET_OTHER_TYPE,
        HISTOGRAM_LIVE,
        HISTOGRAM_DEAD,
        HISTOGRAM_NEW,
        TOUCH_HISTOGRAM,
        REBUILD,
        RECYCLE,
        KILL_ALL,
        EXPIRE,
        KILL_REBUILD_RECYCLE,
        SNAPSHOT,
        RECLAIM_TEXT,
        FAMILIES;

        boolean isKeepers() {
            return ordinal() >= REBUILD.ordinal();
        }
    }

    private static final int LIVE = 0;
    private static final int DEAD = 1;
    private static final int NEW = 2;
    private static final int TWIN = 3;
    private static final int GAUGE = 4;
    private static final int OTHER = 5;
    private static final int H_LIVE = 6;
    private static final int H_DEAD = 7;
    private static final int H_NEW = 8;
    private static final int KEYS = 9;
    private static final int PAST = 1;
    private static final int NOW = 100;

    private static final MetricType[] TYPES = {
        MetricType.COUNTER, MetricType.COUNTER, MetricType.COUNTER, MetricType.COUNTER, MetricType.GAUGE,
        MetricType.COUNTER, MetricType.HISTOGRAM, MetricType.HISTOGRAM, MetricType.HISTOGRAM
    };
    private static final String[] FAMILIES = {"c", "c", "c", "c2", "g", "g", "h", "h", "h"};

    private final Op[] ops;
    private final int[] stops;
    private final boolean[] passed;
    private final SeriesTable table;
    private final Keeper keeper;
    private final TableWriter[] writers;
    private final long[] known = new long[KEYS];
    private final long[] acknowledged = new long[KEYS];
    private final long[] killed = new long[KEYS];
    private final boolean[] pushed = new boolean[KEYS];
    private long nanos = PAST * Store.SECOND;
    private long gauge = 5;
    private boolean deleted;
    private boolean expiring;
    private int level = -1;
    private int steps;

    /** Operation {@code i + 1} runs within {@code i}, at its step {@code stops[i]}. */
    Interleaving(Op[] ops, int[] stops) {
        this.ops = ops;
        this.stops = stops;
        passed = new boolean[ops.length];
        FamilyPolicy policy = new FamilyPolicy(GaugePolicy.SUM, 50_000);
        table = new SeriesTable(
                new TableConfig(64, 64, 1, 13, 100, 64, 256, 8, 8), () -> nanos, name -> policy);
        keeper = new Keeper(table, () -> 0);
        keeper.reaper().ends((n, meta, word, cell) -> ended(n, word, cell));
        writers = new TableWriter[ops.length + 1];
        Arrays.setAll(writers, i -> table.newWriter());
        nanos += PAST * Store.SECOND;
        TableWriter first = writers[ops.length];
        for (int k : new int[] {LIVE, DEAD, GAUGE, H_LIVE, H_DEAD}) {
            require(push(first, k, k == GAUGE ? gauge : 1, false), "the world can be made");
        }
        Arrays.fill(pushed, false);
        kill(known[DEAD]);
        kill(known[H_DEAD]);
        deleted = false;
        nanos = NOW * Store.SECOND;
    }

    private void kill(long ref) {
        keeper.reaper().kill((int) ref, table.slab.metaAcquire((int) ref));
    }

    /** Runs everything; false when the outermost operation had fewer steps than its stop. */
    boolean run() {
        Steps.delay = this::step;
        try {
            next();
        } finally {
            Steps.delay = null;
        }
        for (int i = 1; i < ops.length; i++) {
            if (!passed[i]) {
                return false;
            }
        }
        check();
        return true;
    }

    private void next() {
        int outerSteps = steps;
        level++;
        steps = 0;
        passed[level] = true;
        perform(ops[level], writers[level]);
        level--;
        steps = outerSteps;
    }

    private void step() {
        // What is done under the lock is one step: on one thread the lock would let the others in.
        if (Thread.holdsLock(table.families())) {
            return;
        }
        if (level >= 0 && level + 1 < ops.length && steps++ == stops[level] && !passed[level + 1]) {
            next();
        }
    }

    private void perform(Op op, TableWriter writer) {
        switch (op) {
            case ADD_LIVE -> push(writer, LIVE, 2, false);
            case ADD_LIVE_KNOWN -> push(writer, LIVE, 2, true);
            case ADD_DEAD -> push(writer, DEAD, 2, false);
            case ADD_DEAD_KNOWN -> push(writer, DEAD, 2, true);
            case ADD_NEW -> push(writer, NEW, 2, false);
            case ADD_NEW_TWIN_HASH -> push(writer, TWIN, 2, false);
            case SET_GAUGE -> push(writer, GAUGE, gauge = 9 + level, true);
            case SET_GAUGE_SAME -> push(writer, GAUGE, gauge, true);
            case SET_OTHER_TYPE -> push(writer, OTHER, 2, false);
            case HISTOGRAM_LIVE -> push(writer, H_LIVE, 2, true);
            case HISTOGRAM_DEAD -> push(writer, H_DEAD, 2, false);
            case HISTOGRAM_NEW -> push(writer, H_NEW, 2, false);
            case TOUCH_HISTOGRAM -> touch(writer);
            case REBUILD -> rebuild();
            case RECYCLE -> keeper.compaction().recycle();
            case KILL_ALL -> {
                deleted = true;
                for (int n = 0; n < table.numbers.high(); n++) {
                    kill(n);
                }
            }
            case EXPIRE -> {
                expiring = true;
                keeper.reaper().expire();
                expiring = false;
            }
            case KILL_REBUILD_RECYCLE -> {
                deleted = true;
                keeper.commands().delete(Selector.all(), n -> {});
                keeper.doWork();
                rebuild();
                keeper.compaction().recycle();
            }
            case SNAPSHOT -> snapshot();
            case RECLAIM_TEXT -> keeper.reclaimText();
            case FAMILIES -> {
                rebuild();
                table.families().removeUnused();
            }
        }
    }

    private void rebuild() {
        nanos += Store.SECOND;
        for (Shard shard : table.shards) {
            keeper.compaction().rebuild(shard, shard.indexAcquire().capacity);
        }
    }

    private void touch(TableWriter writer) {
        writer.enter();
        pushed[H_LIVE] |= writer.state(known[H_LIVE]) == TableWriter.LIVE;
        writer.exit();
    }

    private static long h0(int k) {
        return k == TWIN ? NEW : k;
    }

    /** One push of one sample as the gateway does it; false when it was refused. */
    private boolean push(TableWriter writer, int k, long x, boolean hint) {
        byte[] name = FAMILIES[k].getBytes(StandardCharsets.US_ASCII);
        byte[] labels = ("k=\"" + k + "\"").getBytes(StandardCharsets.US_ASCII);
        boolean done = false;
        boolean reserved = false;
        Family family = null;
        writer.enter();
        long ref = hint && known[k] > 0 ? known[k] : writer.find(h0(k), k);
        for (boolean refused = false; !done && !refused; ) {
            int result = TableWriter.GONE;
            if (ref != TableWriter.NONE) {
                result = act(writer, ref, k, x, reserved);
            }
            if (result == TableWriter.APPLIED) {
                done = true;
            } else if (result == TableWriter.LIVE) {
                writer.release(family);
                reserved = false;
            } else if (!reserved) {
                family = table.families().claim(name, 0, name.length);
                Code code = writer.reserve(family, TYPES[k]);
                reserved = code == Code.OK;
                refused = code != Code.OK && code != Code.UNKNOWN;
            } else {
                ref = writer.findOrCreate(h0(k), k, family, TYPES[k], labels, 0, labels.length);
                require(ref > 0, "there is room");
            }
        }
        if (done) {
            known[k] = ref;
            pushed[k] = true;
            if (k != GAUGE) {
                acknowledged[k] += x;
            }
            writer.committed();
        }
        writer.exit();
        return done;
    }

    private int act(TableWriter writer, long ref, int k, long x, boolean reserved) {
        if (TYPES[k].isScalar()) {
            return reserved
                    ? writer.revive(ref, x)
                    : writer.apply(ref, k == GAUGE ? TableWriter.SET : TableWriter.ADD, x);
        }
        CellValue cell = new HistogramValue(new double[0], new double[] {x}, x);
        return reserved ? writer.revive(ref, cell) : writer.apply(ref, TableWriter.ADD, cell);
    }

    private void ended(int n, long word, CellValue cell) {
        int k = (int) table.slab.h1Plain(n);
        if (k != GAUGE) {
            killed[k] += cell == null ? (long) Slab.decode(word) : (long) ((HistogramValue) cell).count();
        }
        deleted |= !expiring;
    }

    private long[] snapshot() {
        long[] before = acknowledged.clone();
        long[] killedBefore = killed.clone();
        AtomicReference<Snapshot> taken = new AtomicReference<>();
        keeper.commands().snapshot(s -> taken.compareAndSet(null, s));
        // Without the rest of a duty cycle, which could expire.
        expiring = true;
        keeper.doWork();
        expiring = false;
        long[] values = new long[KEYS];
        Arrays.fill(values, -1);
        for (FamilySnapshot f : taken.get().families()) {
            for (int i = 0; i < f.size(); i++) {
                String text =
                        new String(f.textChunk(i), f.textOffset(i), f.textLength(i), StandardCharsets.US_ASCII);
                require(text.matches("k=\"\\d\""), "a whole text, not " + text);
                int k = text.charAt(3) - '0';
                require(values[k] < 0, "no twin in a snapshot");
                require(TYPES[k] == f.type(), "the type of its family");
                values[k] = f.type().isScalar() ? (long) f.value(i) : (long) f.histogram(i).count();
            }
        }
        for (int k = 0; k < KEYS; k++) {
            require(
                    k == GAUGE || Math.max(0, values[k]) + killedBefore[k] >= before[k],
                    "what was acknowledged before is in the snapshot");
        }
        return values;
    }

    private void check() {
        Invariants.check(table, keeper);
        if (!deleted) {
            for (int k = 0; k < KEYS; k++) {
                require(
                        !pushed[k] || table.isLive(h0(k), k),
                        "key " + k + " was touched in time and has not expired");
            }
        }
        long[] values = snapshot();
        for (int k = 0; k < KEYS; k++) {
            require(
                    k == GAUGE || acknowledged[k] == killed[k] + Math.max(0, liveValue(k, values)),
                    "key " + k + " acknowledged " + acknowledged[k] + " = live " + values[k] + " + killed " + killed[k]);
        }
        rebuild();
        keeper.compaction().recycle();
        Invariants.check(table, keeper);
        require(keeper.compaction().limbo().length == 0, "grace ends when everybody is outside");
    }

    /** The duty of the last snapshot may have expired the series after it; then its value is among the killed. */
    private long liveValue(int k, long[] values) {
        return table.isLive(h0(k), k) ? values[k] : 0;
    }

    /** All nestings of two operations at every step, and of three at every pair of steps, up to a time. */
    static int explore(long millis, long seed) {
        List<Op[]> nestings = new ArrayList<>();
        for (Op a : Op.values()) {
            for (Op b : Op.values()) {
                if (!(a.isKeepers() && b.isKeepers())) {
                    nestings.add(new Op[] {a, b});
                }
            }
        }
        int runs = 0;
        for (Op[] ops : nestings) {
            for (int i = 0; one(ops, i); i++) {
                runs++;
            }
        }
        Random random = new Random(seed);
        Op[] all = Op.values();
        for (long end = System.nanoTime() + millis * 1_000_000; System.nanoTime() < end; runs++) {
            Op[] ops = new Op[3 + random.nextInt(2)];
            int[] stops = new int[ops.length];
            boolean kept = false;
            for (int i = 0; i < ops.length; i++) {
                do {
                    ops[i] = all[random.nextInt(all.length)];
                } while (kept && ops[i].isKeepers());
                kept |= ops[i].isKeepers();
                stops[i] = random.nextInt(ops[i].isKeepers() ? 60 : 16);
            }
            one(ops, stops);
        }
        return runs;
    }

    private static boolean one(Op[] ops, int... stops) {
        try {
            return new Interleaving(ops, Arrays.copyOf(stops, ops.length)).run();
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(Arrays.toString(ops) + " at " + Arrays.toString(stops) + ": " + e.getMessage(), e);
        }
    }
}
