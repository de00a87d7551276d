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
import io.weir.snapshot.SummaryValue;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One round of writers against a keeper, everything about it drawn from a seed. Throws when something acknowledged is
 * lost or counted twice, a snapshot is wrong, a limit is passed, or the table at rest breaks an invariant.
 *
 * <p>Values: counters, histograms and summaries are added to, in whole numbers; gauges are set to
 * {@code step * 64 + writer}, so that a snapshot shows who set it when.
 */
final class Stress {
    private static final int WRITERS_MAX = 4;

    /** Totals over rounds, for the report. */
    static final class Tally {
        final AtomicLong acknowledged = new AtomicLong();
        final AtomicLong refused = new AtomicLong();
        long ended;
        long expired;
        long rebuilds;
        long reused;
        long snapshots;
        long textReclaims;
        int rounds;

        @Override
        public String toString() {
            return rounds + " rounds, " + acknowledged + " acknowledged, " + refused + " refused, " + ended
                    + " killed, " + expired + " expired, " + rebuilds + " rebuilds, " + reused + " numbers reused, "
                    + snapshots + " snapshots, " + textReclaims + " text reclaims";
        }
    }

    private final Random random;
    private final Tally tally;
    private final long millis;
    private final int writers;
    private final int keys;
    private final int window;
    private final boolean limited;
    private final boolean anyway;
    private final int hints;
    private final long[] h0;
    private final long[] h1;
    private final MetricType[] types;
    private final String[] families;
    private final byte[][] labels;
    private final AtomicLong nanos = new AtomicLong();
    private final SeriesTable table;
    private final Keeper keeper;
    private final int ttlSeconds;
    private final int killWeight;
    private final int rebuildWeight;
    private final int clockWeight;
    private final AtomicLongArray sent;
    private final AtomicLongArray acknowledged;
    private final AtomicLongArray touched;
    private final AtomicLongArray kills;
    private final long[] killed;
    private final long[] touchedBefore;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile boolean stop;
    private int passTick;
    private boolean expiring;

    Stress(long seed, long millis, Tally tally) {
        random = new Random(seed);
        this.tally = tally;
        this.millis = millis;
        writers = 2 + random.nextInt(WRITERS_MAX - 1);
        keys = 1 + random.nextInt(random.nextBoolean() ? 4 : 48);
        window = 1 + random.nextInt(keys);
        limited = random.nextInt(3) == 0;
        anyway = random.nextBoolean();
        hints = random.nextInt(3);
        h0 = new long[keys];
        h1 = new long[keys];
        types = new MetricType[keys];
        families = new String[keys];
        labels = new byte[keys][];
        drawKeys();
        int shards = 1 << random.nextInt(2);
        int words = 1 + random.nextInt(68);
        int seriesMax = limited ? 1 + random.nextInt(keys) : keys + WRITERS_MAX * 4;
        TableConfig config = new TableConfig(
                seriesMax,
                64,
                shards,
                words,
                50 + random.nextInt(51),
                random.nextInt(4) == 0 ? words + 4 : 4 * words * shards + 64,
                64 + random.nextInt(512),
                1 + random.nextInt(32),
                16);
        boolean ttl = random.nextBoolean();
        ttlSeconds = 1 + random.nextInt(20);
        FamilyPolicy policy = new FamilyPolicy(GaugePolicy.SUM, ttl ? ttlSeconds * 1000L : FamilyPolicy.FOREVER);
        table = new SeriesTable(config, nanos::get, name -> policy);
        keeper = new Keeper(table, () -> 0);
        keeper.recordEnds(random.nextBoolean() ? () -> 0 : null);
        keeper.reaper().ends(this::ended);
        killWeight = random.nextInt(60);
        rebuildWeight = random.nextInt(40);
        clockWeight = ttl ? random.nextInt(20) : 0;
        sent = new AtomicLongArray(keys * WRITERS_MAX);
        acknowledged = new AtomicLongArray(keys * WRITERS_MAX);
        touched = new AtomicLongArray(keys);
        kills = new AtomicLongArray(keys);
        killed = new long[keys];
        touchedBefore = new long[keys];
    }

    private void drawKeys() {
        int hashing = random.nextInt(6);
        boolean mixed = random.nextBoolean();
        boolean quarrel = random.nextInt(4) == 0;
        int names = 1 + random.nextInt(4);
        for (int k = 0; k < keys; k++) {
            h0[k] = random.nextLong();
            h1[k] = random.nextLong();
            switch (hashing) {
                case 1 -> h0[k] &= 0xffff_ffff_0000_0000L;
                case 2 -> h0[k] = h0[k - k % 3];
                case 3 -> h0[k] = 7;
                case 4 -> {
                    h0[k] = k % 2 - 1;
                    h1[k] = k;
                }
                case 5 -> {
                    h1[k] = (k % 2 == 0 ? 0 : Index.TAG) | k;
                }
                default -> {}
            }
            MetricType[] all = {MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM, MetricType.SUMMARY};
            types[k] = mixed ? all[random.nextInt(4)] : MetricType.COUNTER;
            // Quarrelling types share a name: only one of them can be live.
            families[k] = "f" + random.nextInt(names) + (quarrel ? "" : "_" + types[k]);
            labels[k] = ("k=\"" + k + "\"").getBytes(StandardCharsets.US_ASCII);
        }
    }

    void run() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int w = 0; w < writers; w++) {
            int id = w;
            TableWriter writer = table.newWriter();
            long seed = random.nextLong();
            threads.add(new Thread(() -> guard(() -> write(id, writer, new Random(seed))), "writer-" + w));
        }
        threads.forEach(Thread::start);
        guard(this::keep);
        stop = true;
        for (Thread thread : threads) {
            thread.join(30_000);
            require(!thread.isAlive(), "writers come to an end");
        }
        if (failure.get() == null) {
            guard(this::settle);
        }
        if (failure.get() != null) {
            throw new AssertionError(settings(), failure.get());
        }
        tally.rounds++;
        tally.ended += keeper.reaper().kills();
        tally.expired += keeper.expired();
        tally.rebuilds += keeper.rebuilds();
        tally.snapshots += keeper.snapshots();
        tally.reused += keeper.compaction().recycled();
        tally.textReclaims += keeper.textReclaims();
    }

    private String settings() {
        return writers + " writers, " + keys + " keys, limited " + limited + ", hints " + hints + ", " + table.config;
    }

    private void guard(Runnable body) {
        try {
            body.run();
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        }
    }

    // writers

    private final class Push {
        int key;
        long ref;
        Family family;
        boolean reserved;
        boolean prepared;
        boolean done;
        long kills;
        long amount;
    }

    private void write(int id, TableWriter writer, Random random) {
        long[] known = new long[keys];
        Push[] batch = new Push[4];
        for (int i = 0; i < batch.length; i++) {
            batch[i] = new Push();
        }
        long[] steps = new long[keys];
        while (!stop && failure.get() == null) {
            int size = 1 + random.nextInt(batch.length);
            for (int i = 0; i < size; i++) {
                Push p = batch[i];
                // A window that drifts with the clock, so that keys are left alone long enough to be retired.
                p.key = (table.tick() / 4 + random.nextInt(window)) % keys;
                p.kills = kills.get(p.key);
                p.reserved = false;
                p.amount = types[p.key] == MetricType.GAUGE ? ++steps[p.key] * 64 + id : 1 + random.nextInt(9);
            }
            long tick = table.tick();
            writer.enter();
            boolean accepted = true;
            for (int i = 0; i < size && accepted; i++) {
                accepted = stage(writer, batch[i], known, random);
            }
            for (int i = 0; i < size; i++) {
                Push p = batch[i];
                if (accepted) {
                    boolean gauge = types[p.key] == MetricType.GAUGE;
                    int at = p.key * WRITERS_MAX + id;
                    sent.set(at, gauge ? p.amount : sent.get(at) + p.amount);
                    p.done = commit(writer, p, known, random);
                    if (!p.done && !gauge) {
                        sent.addAndGet(at, -p.amount);
                    }
                } else if (p.reserved) {
                    writer.release(p.family);
                }
            }
            if (accepted) {
                writer.committed();
            } else {
                tally.refused.incrementAndGet();
            }
            writer.exit();
            for (int i = 0; i < size && accepted; i++) {
                acknowledge(batch[i], id, tick);
            }
        }
    }

    private void acknowledge(Push p, int id, long tick) {
        if (p.done) {
            int at = p.key * WRITERS_MAX + id;
            acknowledged.set(
                    at, types[p.key] == MetricType.GAUGE ? p.amount : acknowledged.get(at) + p.amount);
            touched.accumulateAndGet(p.key, p.kills << 32 | tick, Math::max);
            tally.acknowledged.incrementAndGet();
        }
    }

    private boolean stage(TableWriter writer, Push p, long[] known, Random random) {
        int k = p.key;
        p.ref = TableWriter.NONE;
        int state = TableWriter.GONE;
        if (hints > 0 && known[k] > 0) {
            p.ref = known[k];
            state = writer.state(p.ref);
        }
        if (state == TableWriter.GONE) {
            p.ref = writer.find(h0[k], h1[k]);
            state = p.ref == TableWriter.NONE ? TableWriter.GONE : writer.state(p.ref);
        }
        p.prepared = state != TableWriter.GONE;
        if (state == TableWriter.LIVE) {
            return true;
        }
        for (; ; ) {
            byte[] name = families[k].getBytes(StandardCharsets.US_ASCII);
            p.family = table.families().claim(name, 0, name.length);
            if (p.family == null) {
                return false;
            }
            Code code = writer.reserve(p.family, types[k]);
            if (code != Code.UNKNOWN) {
                p.reserved = code == Code.OK;
                break;
            }
        }
        if (p.reserved && random.nextBoolean()) {
            p.ref = writer.findOrCreate(h0[k], h1[k], p.family, types[k], labels[k], 0, labels[k].length);
            require(p.ref != TableWriter.NONE, "a family with a reservation is not removed");
            p.prepared = p.ref != TableWriter.FULL;
        }
        return p.reserved && p.ref != TableWriter.FULL;
    }

    /** Phase 2; false when there was no room after all. */
    private boolean commit(TableWriter writer, Push p, long[] known, Random random) {
        int k = p.key;
        for (; ; ) {
            int result = p.ref == TableWriter.NONE ? TableWriter.GONE : act(writer, p);
            if (result == TableWriter.APPLIED) {
                if (types[k].isScalar()) {
                    require(writer.applied() >= p.amount, "the value is not less than what was added");
                }
                if (hints < 2 || random.nextInt(64) == 0) {
                    known[k] = p.ref;
                }
                return true;
            }
            if (result == TableWriter.LIVE) {
                writer.release(p.family);
                p.reserved = false;
            } else if (!p.reserved) {
                // Killed since phase 1.
                byte[] name = families[k].getBytes(StandardCharsets.US_ASCII);
                p.family = table.families().claim(name, 0, name.length);
                if (p.family == null) {
                    return false;
                }
                Code code =
                        anyway ? writer.reserveAnyway(p.family, types[k]) : writer.reserve(p.family, types[k]);
                p.reserved = code == Code.OK;
                if (code != Code.OK && code != Code.UNKNOWN) {
                    return false;
                }
            } else {
                p.ref = writer.findOrCreate(h0[k], h1[k], p.family, types[k], labels[k], 0, labels[k].length);
                require(p.ref != TableWriter.NONE, "a family with a reservation is not removed");
                require(!p.prepared, "what was not gone is not gone before exit");
                if (p.ref == TableWriter.FULL) {
                    writer.release(p.family);
                    p.reserved = false;
                    return false;
                }
            }
        }
    }

    private int act(TableWriter writer, Push p) {
        if (types[p.key].isScalar()) {
            int op = types[p.key] == MetricType.GAUGE ? TableWriter.SET : TableWriter.ADD;
            return p.reserved ? writer.revive(p.ref, p.amount) : writer.apply(p.ref, op, p.amount);
        }
        CellValue cell = types[p.key] == MetricType.HISTOGRAM
                ? new HistogramValue(new double[] {1}, new double[] {p.amount, 0}, p.amount)
                : new SummaryValue(p.amount, p.amount);
        return p.reserved ? writer.revive(p.ref, cell) : writer.apply(p.ref, TableWriter.ADD, cell);
    }

    // keeper

    private void keep() {
        long end = System.nanoTime() + millis * 1_000_000;
        int weights = killWeight + rebuildWeight + clockWeight + 13;
        while (System.nanoTime() < end && failure.get() == null) {
            int what = random.nextInt(weights);
            if ((what -= killWeight) < 0) {
                for (int i = random.nextInt(8); i >= 0; i--) {
                    killOne();
                }
            } else if ((what -= rebuildWeight) < 0) {
                Shard shard = table.shards[random.nextInt(table.shards.length)];
                int capacity = random.nextInt(3) > 0 ? shard.indexAcquire().capacity : 1 + random.nextInt(68);
                if (random.nextInt(4) > 0) {
                    nanos.addAndGet(1_000_000_000);
                }
                keeper.compaction().rebuild(shard, capacity);
            } else if ((what -= clockWeight) < 0) {
                nanos.addAndGet(random.nextInt(1_000_000_000));
                noteTouches();
                expiring = true;
                keeper.reaper().expire();
                expiring = false;
            } else if (what < 4) {
                checkSnapshot();
            } else if (what < 6) {
                keeper.compaction().recycle();
            } else if (what < 7) {
                delete();
            } else if (what < 8) {
                keeper.reclaimText();
            } else if (what < 12) {
                churn();
            } else {
                expiring = true;
                noteTouches();
                keeper.doWork();
                expiring = false;
            }
        }
    }

    /** From live to reused in one go: what writers still mean must be left alone on the way. */
    private void churn() {
        for (int i = random.nextInt(keys + 1); i >= 0; i--) {
            killOne();
        }
        nanos.addAndGet(1_000_000_000);
        for (Shard shard : table.shards) {
            keeper.compaction().rebuild(shard, shard.indexAcquire().capacity);
        }
        keeper.compaction().recycle();
    }

    private void killOne() {
        int n = random.nextInt(Math.max(1, table.numbers.high()));
        if (table.slab.isProvided(n)) {
            long meta = table.slab.metaAcquire(n);
            if (Slab.isOpen(meta)) {
                keeper.reaper().kill(n, meta);
            }
        }
    }

    private void delete() {
        int k = random.nextInt(keys);
        Selector selector = random.nextInt(8) == 0
                ? Selector.all()
                : Store.selector(families[k], random.nextBoolean() ? new String[] {"k", "" + k} : new String[0]);
        long before = keeper.deleted();
        keeper.commands().delete(selector, n -> require(n == keeper.deleted() - before, "the number deleted"));
        keeper.doWork();
    }

    /** What was touched when, of keys that have not been killed since: a new life may begin with a late writer's tick. */
    private void noteTouches() {
        for (int k = 0; k < keys; k++) {
            long t = touched.get(k);
            touchedBefore[k] = t >>> 32 == kills.get(k) ? (int) t : Integer.MIN_VALUE;
        }
        passTick = table.tick();
    }

    private void ended(int n, long meta, long word, CellValue cell) {
        int k = key(n);
        kills.incrementAndGet(k);
        require(Slab.kind(meta) == types[k].ordinal(), "a series ends as the type it had");
        if (cell != null) {
            killed[k] += count(cell);
        } else if (types[k] != MetricType.GAUGE) {
            killed[k] += (long) Slab.decode(word);
        }
        if (expiring) {
            require(
                    passTick - touchedBefore[k] > ttlSeconds,
                    "nothing expires that was touched at " + touchedBefore[k] + ", now " + passTick);
        }
    }

    private int key(int n) {
        long text = table.slab.text(n);
        int k = key(
                table.arena.chunks()[TextArena.chunk(text)], TextArena.offset(text), TextArena.length(text));
        require(table.slab.hasKey(n, h0[k], h1[k]), "the text belongs to the hash");
        return k;
    }

    private static int key(byte[] text, int offset, int length) {
        String labels = new String(text, offset, length, StandardCharsets.US_ASCII);
        require(labels.startsWith("k=\"") && labels.endsWith("\""), "a whole label text, not " + labels);
        return Integer.parseInt(labels.substring(3, labels.length() - 1));
    }

    private static long count(CellValue cell) {
        if (cell instanceof HistogramValue h) {
            require(h.count() == h.sum(), "a histogram is seen whole");
            return (long) h.count();
        }
        SummaryValue s = (SummaryValue) cell;
        require(s.count() == s.sum(), "a summary is seen whole");
        return (long) s.count();
    }

    private void checkSnapshot() {
        long[] before = new long[keys * WRITERS_MAX];
        for (int i = 0; i < before.length; i++) {
            before[i] = acknowledged.get(i);
        }
        AtomicReference<Snapshot> taken = new AtomicReference<>();
        keeper.commands().snapshot(random.nextBoolean() ? 0 : Long.MAX_VALUE, taken::set);
        expiring = true;
        noteTouches();
        long[] killedBefore = killed.clone();
        Snapshot snapshot = taken.get();
        while (snapshot == null) {
            keeper.doWork();
            snapshot = taken.get();
        }
        expiring = false;
        long[] values = new long[keys];
        boolean[] seen = new boolean[keys];
        if (limited && !anyway) {
            require(snapshot.series() <= table.limit(), "not more live series than the limit");
        }
        for (FamilySnapshot f : snapshot.families()) {
            for (int i = 0; i < f.size(); i++) {
                int k = key(f.textChunk(i), f.textOffset(i), f.textLength(i));
                require(!seen[k], "no twin in a snapshot");
                seen[k] = true;
                require(types[k] == f.type(), "the type of its family");
                require(families[k].equals(new String(f.name(), StandardCharsets.US_ASCII)), "its family");
                values[k] = f.type().isScalar()
                        ? (long) f.value(i)
                        : count(f.type() == MetricType.HISTOGRAM ? f.histogram(i) : f.summary(i));
            }
        }
        for (int k = 0; k < keys; k++) {
            if (types[k] == MetricType.GAUGE) {
                if (seen[k]) {
                    int at = k * WRITERS_MAX + (int) (values[k] & 63);
                    require(before[at] <= values[k] && values[k] <= sent.get(at), "a gauge does not go back in time");
                }
            } else {
                long least = 0;
                long most = 0;
                for (int w = 0; w < WRITERS_MAX; w++) {
                    least += before[k * WRITERS_MAX + w];
                    most += sent.get(k * WRITERS_MAX + w);
                }
                // Expiry and deletion may follow the snapshot within the duty, so the kills are those of before it.
                require(
                        least <= values[k] + killed[k] && values[k] + killedBefore[k] <= most,
                        "acknowledged " + least + " <= seen " + values[k] + " + killed " + killedBefore[k] + " to "
                                + killed[k] + " <= sent " + most);
            }
        }
    }

    /** Everybody is outside: now sums are exact. */
    private void settle() {
        long[] live = new long[keys];
        int high = table.numbers.high();
        for (int n = 0; n < high; n++) {
            long meta = table.slab.metaAcquire(n);
            if (Slab.isOpen(meta) && table.slab.isLive(n, meta)) {
                int k = key(n);
                live[k] += Slab.isScalar(meta)
                        ? (long) Slab.decode(table.slab.valueAcquire(n))
                        : count((CellValue) table.slab.cellAcquire(n));
            }
        }
        for (int k = 0; k < keys; k++) {
            if (types[k] != MetricType.GAUGE) {
                long sum = 0;
                for (int w = 0; w < WRITERS_MAX; w++) {
                    sum += acknowledged.get(k * WRITERS_MAX + w);
                }
                require(
                        sum == live[k] + killed[k],
                        "key " + k + ": acknowledged " + sum + " = live " + live[k] + " + killed " + killed[k]);
            }
        }
        Invariants.check(table, keeper);
        checkSnapshot();
        while (keeper.compaction().recycle() > 0 || keeper.doWork() > 0) {
            Thread.onSpinWait();
        }
        Invariants.check(table, keeper);
        require(keeper.compaction().limbo().length == 0, "grace ends when everybody is outside");
    }

    /** Delays threads between protocol steps: mostly not, sometimes a little, seldom for a turn of the scheduler. */
    static void chaos() {
        ThreadLocalRandom r = ThreadLocalRandom.current();
        int x = r.nextInt();
        if ((x & 31) == 0) {
            if ((x & 0xe0) == 0) {
                Thread.yield();
            }
            for (int i = x >>> 8 & 255; i > 0; i--) {
                Thread.onSpinWait();
            }
        }
    }

    /** Rounds for a while; the seed that failed is in the message. */
    static Tally rounds(long seed, long millis, long roundMillisMax, boolean chaos) throws InterruptedException {
        Tally tally = new Tally();
        Random seeds = new Random(seed);
        Steps.delay = chaos ? Stress::chaos : null;
        try {
            for (long end = System.nanoTime() + millis * 1_000_000; System.nanoTime() < end; ) {
                long roundSeed = seeds.nextLong();
                long roundMillis = roundMillisMax / 4 + seeds.nextInt((int) (roundMillisMax / 4 * 3) + 1);
                try {
                    new Stress(roundSeed, roundMillis, tally).run();
                } catch (AssertionError e) {
                    throw new AssertionError(
                            "round " + tally.rounds + " with seed " + roundSeed + "L: " + e.getMessage(), e.getCause());
                }
            }
        } finally {
            Steps.delay = null;
        }
        return tally;
    }
}
