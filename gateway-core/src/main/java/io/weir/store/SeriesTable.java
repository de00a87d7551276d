package io.weir.store;

import io.weir.sample.Entropy;
import io.weir.sample.FamilyPolicy;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.agrona.concurrent.NanoClock;
import org.jctools.queues.varhandle.MpscVarHandleArrayQueue;

/**
 * The aggregation store: one record per series, kept without locks. Any thread; it is written through a
 * {@link TableWriter} per thread, and killed, expired, compacted and read by its one {@link Keeper}.
 *
 * <p>A series is identified by a 128-bit hash of type, family name and canonical label text, computed by the caller with
 * a secret; equal hashes are the same series. {@link Slab} holds the records by number, an {@link Index} per shard leads
 * from hash to number. What holds at all times:
 *
 * <ol>
 *   <li>Index words are written once, so two writers of one key meet at the same first free word.
 *   <li>A key goes into the next index only after its path in the old one is sealed before it or its record there is
 *       retired: one usable record per key over all generations.
 *   <li>A record is retired by one CAS on its meta word, when it is dead and no writer inside has touched it; touching is
 *       a CAS on the same word, so what a writer has touched stays until it has been outside.
 *   <li>A live value implies a published word, with hash, kind and text visible.
 *   <li>Every acknowledged operation is one successful CAS on the liveness word of an unretired record, and every kill
 *       takes the final value by CAS: the sum acknowledged is the sum live plus the sum killed, exactly.
 *   <li>A number is reused only after every writer that was inside when it was retired has been outside.
 *   <li>Live series stay within the limit, index words within their bound: reserve first, then act, give back on failure.
 *   <li>No number is lost or given twice, and a record is open if and only if it is in an index.
 * </ol>
 */
public final class SeriesTable {
    private static final int LIVE = 0;
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final int REPLACED_MAX = 1 << 16;
    private static final int SPINS = 1 << 10;
    private static final long NAME_SEED = Entropy.word();

    final TableConfig config;
    final Slab slab;
    final Numbers numbers;
    final TextArena arena;
    final Shard[] shards;
    private final int shardShift;
    private final Families families;
    private final LongSupplier wallMillis;
    private final NanoClock clock;
    private final long startNanos;
    private final CacheLine counters = new CacheLine();
    private final CacheLine epoch = new CacheLine();
    private volatile long ownTtlTicksMin = Long.MAX_VALUE;
    private volatile TableWriter[] writers = new TableWriter[0];
    private volatile Thread keeperThread;
    private final Groups groups = new Groups();
    private final Exemplars exemplars = new Exemplars();
    private volatile boolean gateClosed;
    private volatile MpscVarHandleArrayQueue<EndedLog.Entry> replaced;
    private volatile boolean replacedLost;

    /**
     * An empty table.
     *
     * @param clock monotonic, for times to live
     * @param policies policy of a family by its name; called under a lock, must not call back
     */
    public SeriesTable(TableConfig config, NanoClock clock, Function<String, FamilyPolicy> policies) {
        this(config, clock, System::currentTimeMillis, policies);
    }

    /** As above, with the wall clock in milliseconds that says when series begin. */
    public SeriesTable(
            TableConfig config, NanoClock clock, LongSupplier wallMillis, Function<String, FamilyPolicy> policies) {
        this.wallMillis = wallMillis;
        this.config = config;
        this.clock = clock;
        this.startNanos = clock.nanoTime();
        this.slab = new Slab(config.numbersMax());
        this.numbers = new Numbers(config.numbersMax());
        this.arena = new TextArena(config.textChunkBytes());
        this.families = new Families(
                config.familiesMax(), NAME_SEED, policies, this::wakeKeeper);
        this.shards = new Shard[config.shards()];
        this.shardShift = 64 - Integer.numberOfTrailingZeros(config.shards());
        for (int i = 0; i < shards.length; i++) {
            shards[i] = new Shard(config.shardWords(), maxUsed(config.shardWords()));
        }
        epoch.set(0, 1);
    }

    /** A writer for one thread; it stays registered as long as the table lives. */
    public TableWriter newWriter() {
        TableWriter writer = new TableWriter(this);
        synchronized (this) {
            TableWriter[] w = Arrays.copyOf(writers, writers.length + 1);
            w[writers.length] = writer;
            writers = w;
        }
        return writer;
    }

    public Families families() {
        return families;
    }

    /** A series has a time to live of its own. Any thread. */
    synchronized void ownTtl(long ticks) {
        ownTtlTicksMin = Math.min(ownTtlTicksMin, ticks);
    }

    /** Keeper only: forgets, before it looks at all series again. */
    synchronized void forgetOwnTtl() {
        ownTtlTicksMin = Long.MAX_VALUE;
    }

    /** No series has a shorter time to live of its own; {@link Long#MAX_VALUE} when none has one. */
    long ownTtlTicksMin() {
        return ownTtlTicksMin;
    }

    public Groups groups() {
        return groups;
    }

    /** Live series, reservations included. */
    public int live() {
        return (int) counters.get(LIVE);
    }

    /** Live series allowed. */
    public int limit() {
        return config.seriesMax();
    }

    /** Index words in use: live records and dead ones that have not been compacted away. */
    public int usedWords() {
        int used = 0;
        for (Shard shard : shards) {
            used += shard.used();
        }
        return used;
    }

    public int capacityWords() {
        int capacity = 0;
        for (Shard shard : shards) {
            capacity += shard.indexAcquire().capacity;
        }
        return capacity;
    }

    /** Memory of the label texts. */
    public long textBytes() {
        return arena.bytes();
    }

    Shard shard(long h0) {
        return shards[shards.length == 1 ? 0 : (int) (h0 >>> shardShift)];
    }

    /** Keeper only, while no rebuild is on: whether the series of this hash is live; does not touch it. */
    boolean isLive(long h0, long h1) {
        Index index = shard(h0).indexAcquire();
        long tag = Index.tag(h1);
        int i = index.home(h0);
        for (int passed = 0; passed < index.capacity; passed++) {
            long word = index.wordAcquire(i);
            if (word == Index.FREE) {
                return false;
            }
            if ((word & Index.TAG) == tag && slab.hasKey((int) word, h0, h1)) {
                return slab.isLive((int) word, slab.metaAcquire((int) word));
            }
            i = i + 1 == index.capacity ? 0 : i + 1;
        }
        return false;
    }

    int maxUsed(int capacity) {
        return Math.max(1, (int) ((long) capacity * config.loadPercent() / 100));
    }

    /** The exemplars of series; none are kept until there is a limit. */
    public Exemplars exemplars() {
        return exemplars;
    }

    long wallMillis() {
        return wallMillis.getAsLong();
    }

    /** Seconds since the start. */
    int tick() {
        return (int) ((clock.nanoTime() - startNanos) / SECOND_NANOS);
    }

    /**
     * Keeper only: records touched before this tick are not meant by any writer that is inside. The own clock is read
     * first, so a writer that enters later has this tick or a later one.
     */
    int youngTick() {
        int young = tick();
        for (TableWriter writer : writers) {
            if (writer.epoch() != 0) {
                young = Math.min(young, writer.enteredTick());
            }
        }
        return young;
    }

    /** Takes a live place; false, with nothing taken, at the limit. */
    boolean reserveLive() {
        Steps.step();
        if (counters.getAndAdd(LIVE, 1) < config.seriesMax()) {
            return true;
        }
        counters.getAndAdd(LIVE, -1);
        return false;
    }

    void reserveLiveAnyway() {
        counters.getAndAdd(LIVE, 1);
    }

    void releaseLive() {
        Steps.step();
        counters.getAndAdd(LIVE, -1);
    }

    long epoch() {
        return epoch.get(0);
    }

    /** Keeper only: what was retired before this belongs to the epoch returned. */
    long nextEpoch() {
        Steps.step();
        return epoch.getAndAdd(0, 1) + 1;
    }

    TableWriter[] writers() {
        return writers;
    }

    // ---- the gate: writers inside apply batches of groups, and nobody else looks at series meanwhile

    boolean isGateClosed() {
        return gateClosed;
    }

    /** Keeper only: from the return of this on, until {@link #openGate}, no batch of a group is half applied. */
    void closeGate() {
        gateClosed = true;
        for (TableWriter writer : writers) {
            for (int i = 0; writer.isInGate(); i++) {
                if (i < SPINS) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
            }
        }
    }

    void openGate() {
        gateClosed = false;
    }

    // ---- ends by replacement, on their way from writers to the keeper's log

    /** Keeper only: whether such ends are to be told. */
    void recordReplaced(boolean on) {
        if (on != (replaced != null)) {
            replaced = on ? new MpscVarHandleArrayQueue<>(REPLACED_MAX) : null;
        }
    }

    void addReplaced(EndedLog.Entry entry) {
        MpscVarHandleArrayQueue<EndedLog.Entry> queue = replaced;
        if (queue != null && !queue.offer(entry)) {
            replacedLost = true;
        }
    }

    boolean isRecordingReplaced() {
        return replaced != null;
    }

    /** Keeper only. */
    void takeReplaced(EndedLog into) {
        MpscVarHandleArrayQueue<EndedLog.Entry> queue = replaced;
        if (queue == null) {
            return;
        }
        if (replacedLost) {
            replacedLost = false;
            into.forget();
        }
        for (EndedLog.Entry entry; (entry = queue.poll()) != null; ) {
            into.add(entry);
        }
    }

    void keeperThread(Thread thread) {
        keeperThread = thread;
    }

    void wakeKeeper() {
        LockSupport.unpark(keeperThread);
    }
}
