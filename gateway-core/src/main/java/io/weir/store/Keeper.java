package io.weir.store;

import io.weir.snapshot.GroupSnapshot;
import io.weir.snapshot.Snapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.EpochClock;
import org.agrona.concurrent.IdleStrategy;

/**
 * The one agent that ends series, rebuilds indexes, reuses numbers and takes snapshots. {@link #doWork} belongs to one
 * thread at a time, and there is one keeper per table; the counters are for any thread.
 *
 * <p>Run it with {@link #idleStrategy}: it sleeps until a command arrives and at most {@link #PARK_NANOS}.
 */
public final class Keeper implements Agent {
    /** Longest sleep: expiry and compaction look around this often. */
    public static final long PARK_NANOS = 100_000_000L;

    private static final int COMMANDS_PER_DUTY = 256;

    private final SeriesTable table;
    private final EpochClock clock;
    private final EndedLog ended;
    private final Reaper reaper;
    private final Compaction compaction;
    private final Snapshots snapshots;
    private final StoreCommands commands;
    private final List<StoreCommands.SnapshotCommand> waiting = new ArrayList<>();
    private final ArrayDeque<Sweep> sweeps = new ArrayDeque<>();
    private final TextArena.Tail tail;
    private Thread thread;
    private int familiesTick = -1;
    private volatile LongSupplier endsHandled;
    private volatile long duties;
    private volatile long textReclaims;

    /**
     * The keeper of a table.
     *
     * @param clock wall clock, for the time of snapshots
     */
    public Keeper(SeriesTable table, EpochClock clock) {
        this.table = table;
        this.clock = clock;
        this.ended = new EndedLog(table.config.endedMax());
        this.reaper = new Reaper(table, ended);
        this.compaction = new Compaction(table);
        this.snapshots = new Snapshots(table, reaper, ended);
        this.commands = new StoreCommands(table);
        this.tail = table.arena.newTail();
    }

    public StoreCommands commands() {
        return commands;
    }

    /**
     * Remembers ends of series for snapshots that ask for them. Any thread; holds from the next duty on.
     *
     * @param handled tells {@link Snapshot#endedSequence} up to which all who read have dealt with the ends: those are
     *     forgotten; null for remembering nothing
     */
    public void recordEnds(LongSupplier handled) {
        endsHandled = handled;
    }

    /** Ends that are remembered now. Keeper only. */
    long endsRemembered() {
        return ended.size();
    }

    /** Who hears of every end of a series, and may put ends off. Before the first duty. */
    public void endListener(EndListener listener) {
        reaper.listener(listener);
    }

    /** Sleeps when there was no work, until a command or {@link #PARK_NANOS} later. */
    public IdleStrategy idleStrategy() {
        return new Parking();
    }

    @Override
    public String roleName() {
        return "keeper";
    }

    @Override
    public int doWork() {
        if (thread != Thread.currentThread()) {
            thread = Thread.currentThread();
            table.keeperThread(thread);
        }
        duties = duties + 1;
        LongSupplier handled = endsHandled;
        ended.recording(handled != null);
        table.recordReplaced(handled != null);
        if (handled != null) {
            ended.release(handled.getAsLong());
        }
        table.takeReplaced(ended);

        int work = compaction.recycle();
        work += runCommands();
        work += sweep();
        work += reaper.expire();
        work += reaper.expireGroups();
        work += reaper.dropGroups();
        work += compact(1);
        dropFamilies();
        if (table.arena.isDue()) {
            reclaimText();
        }
        snapshots.catchUp();
        return work;
    }

    /** Moves texts together when half of them belong to series that are no more. */
    void reclaimText() {
        // who ends series of groups reads their texts
        table.closeGate();
        try {
            compaction.reclaimText(tail);
        } finally {
            table.openGate();
        }
        snapshots.textMoved();
        textReclaims = textReclaims + 1;
    }

    /** Deletes in order of arrival; then one snapshot for all who have asked for one. */
    private int runCommands() {
        int n = 0;
        for (StoreCommands.Command c; n < COMMANDS_PER_DUTY && (c = commands.poll()) != null; n++) {
            if (c instanceof StoreCommands.DeleteCommand delete) {
                long killed = reaper.delete(delete.selector(), snapshots.superset());
                if (killed > 0) {
                    // Before the answer: who deletes in order to push anew shall find room.
                    compact(table.shards.length);
                }
                delete.answer().accept(killed);
            } else if (c instanceof StoreCommands.SweepCommand sweep) {
                begin(new Sweep(sweep));
            } else if (c instanceof StoreCommands.GroupsCommand groups) {
                groups.answer().accept(readGroups());
            } else {
                waiting.add((StoreCommands.SnapshotCommand) c);
            }
        }
        if (!waiting.isEmpty()) {
            try {
                Snapshot snapshot = snapshots.take(clock.time(), early -> answer(early, false));
                answer(snapshot, true);
            } finally {
                waiting.clear();
            }
        }
        return n;
    }

    /** Those who want to know what has ended get their snapshot when it is complete, all others at once. */
    private void answer(Snapshot snapshot, boolean complete) {
        for (StoreCommands.SnapshotCommand w : waiting) {
            if (complete == w.endedAfter() < snapshot.endedSequence()) {
                w.answer().accept(complete ? snapshots.withEnded(snapshot, w.endedAfter()) : snapshot);
            }
        }
    }

    private void begin(Sweep sweep) {
        if (sweeps.size() < StoreCommands.SWEEPS_MAX) {
            sweeps.add(sweep);
        } else {
            sweep.answer(StoreCommands.Swept.State.BUSY);
        }
    }

    /** A slice of the first sweep; answers work done. */
    private int sweep() {
        Sweep sweep = sweeps.peek();
        if (sweep == null) {
            return 0;
        }
        StoreCommands.Swept.State state = reaper.sweep(sweep);
        if (state != null) {
            sweeps.poll();
            if (!sweep.dry) {
                compact(table.shards.length);
            }
            sweep.answer(state);
        }
        return 1;
    }

    private List<GroupSnapshot> readGroups() {
        table.closeGate();
        try {
            return new GroupReader(table).read();
        } finally {
            table.openGate();
        }
    }

    private int compact(int shardsMax) {
        int n = 0;
        for (Shard shard : table.shards) {
            if (n < shardsMax && compaction.isDue(shard)) {
                rebuild(shard);
                n++;
            }
        }
        return n;
    }

    private void rebuild(Shard shard) {
        compaction.rebuild(shard, shard.indexAcquire().capacity);
    }

    /** Families go when their last record has gone; when there is no room for a new one, dead records go first. */
    private void dropFamilies() {
        if (table.families().isFull() && familiesTick != table.tick()) {
            familiesTick = table.tick();
            for (Shard shard : table.shards) {
                if (shard.used() > shard.live()) {
                    rebuild(shard);
                }
            }
            table.families().removeUnused();
        } else if (compaction.takeFamilyUnused()) {
            table.families().removeUnused();
        }
    }

    /** Duty cycles so far: stands still when the keeper does. */
    public long duties() {
        return duties;
    }

    /** Times that label text was compacted. */
    public long textReclaims() {
        return textReclaims;
    }

    public long rebuilds() {
        return compaction.rebuilds();
    }

    /** Series ended by their time to live. */
    public long expired() {
        return reaper.expired();
    }

    /** Series ended by deletion. */
    public long deleted() {
        return reaper.deleted();
    }

    /** Series ended by a push or a deletion of their group. */
    public long replaced() {
        long sum = 0;
        for (TableWriter writer : table.writers()) {
            sum += writer.kills();
        }
        return sum;
    }

    /** Snapshots built; one that was handed out again does not count. */
    public long snapshots() {
        return snapshots.count();
    }

    /** Time spent building snapshots. */
    public long snapshotNanos() {
        return snapshots.nanos();
    }

    // for tests

    Reaper reaper() {
        return reaper;
    }

    Compaction compaction() {
        return compaction;
    }

    /** Parks; the permit of an earlier unpark makes sure that no command waits. */
    private final class Parking implements IdleStrategy {
        @Override
        public void idle(int workCount) {
            if (workCount == 0) {
                idle();
            }
        }

        @Override
        public void idle() {
            if (commands.isEmpty()) {
                LockSupport.parkNanos(this, PARK_NANOS);
            }
        }

        @Override
        public void reset() {}

        @Override
        public String alias() {
            return "parking";
        }
    }
}
