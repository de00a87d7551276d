package io.weir.store;

import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.Snapshot;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Makes snapshots, and makes nothing twice: the same snapshot again while no commit and no kill has happened, the same
 * layout while no series has begun or ended. Keeper only.
 *
 * <p>Counters are read before what they count: a change that is missed is then seen by the next snapshot. A writer counts
 * a commit after its last update, so what was acknowledged before the request is in.
 *
 * <p>Who is content with it gets a snapshot before its values have been taken. They are taken by the keeper in order, with
 * the gate closed until the last, and by readers who come to them before it. Either way a value is taken once, after the
 * request and before anything can be killed.
 */
final class Snapshots {
    private static final int PASS_TICKS = 2;

    private final SeriesTable table;
    private final Reaper reaper;
    private final EndedLog ended;
    private Layout layout = Layout.EMPTY;
    private long layoutRevivals;
    private long layoutKills;
    private long textMoves;
    private long layoutTextMoves;
    private FamilySnapshot[] lastFamilies = {};
    private int passTick = Integer.MIN_VALUE;
    private Snapshot last;
    private long lastChanges;
    private volatile long count;
    private volatile long nanos;

    Snapshots(SeriesTable table, Reaper reaper, EndedLog ended) {
        this.table = table;
        this.reaper = reaper;
        this.ended = ended;
    }

    long count() {
        return count;
    }

    long nanos() {
        return nanos;
    }

    /** A layout that lacks no live series, though some of its own may be dead by now; null when there is none. */
    Layout superset() {
        return revivals() == layoutRevivals ? layout : null;
    }

    /** Texts have moved: the layout does not hold any more. */
    void textMoved() {
        textMoves++;
    }

    /** The state now, without ended series. */
    Snapshot take(long epochMillis) {
        return take(epochMillis, snapshot -> {});
    }

    /**
     * The state now, without ended series.
     *
     * @param early gets it first, before all values have been taken: who asks for one takes it himself
     */
    Snapshot take(long epochMillis, Consumer<Snapshot> early) {
        table.closeGate();
        try {
            begin(epochMillis);
            try {
                early.accept(last);
            } finally {
                complete();
            }
        } finally {
            table.openGate();
        }
        return last;
    }

    /** With the gate closed, so that no group is seen half replaced, and before anything is killed. */
    private void complete() {
        long begin = System.nanoTime();
        Layout.complete(lastFamilies);
        nanos = nanos + System.nanoTime() - begin;
    }

    private void begin(long epochMillis) {
        table.takeReplaced(ended);
        long kills = kills();
        long changes = commits() + kills;
        if (last != null && changes == lastChanges) {
            return;
        }
        long begin = System.nanoTime();
        layOut(kills);
        lastFamilies = layout.families(table.slab, table.exemplars().take(table.slab));
        long version = last == null ? 1 : last.version() + 1;
        long sequence = ended.sequence();
        last = new Snapshot(
                version, epochMillis, List.of(lastFamilies), layout.series(), sequence + 1, sequence, List.of());
        lastChanges = changes;
        nanos = nanos + System.nanoTime() - begin;
        count = count + 1;
    }

    /** Brings the layout up to date: by what has changed when that is known, else by a pass over all series. */
    private void layOut(long kills) {
        long revivals = revivals();
        if (revivals == layoutRevivals && kills == layoutKills && textMoves == layoutTextMoves) {
            return;
        }
        Map<Family, TreeSet<Integer>> changed = new HashMap<>();
        if (textMoves == layoutTextMoves && readChanges(changed)) {
            layout = layout.with(changed, table);
        } else {
            skipChanges();
            layout = Layout.of(table);
            passTick = table.tick();
        }
        layoutRevivals = revivals;
        layoutKills = kills;
        layoutTextMoves = textMoves;
    }

    private boolean readChanges(Map<Family, TreeSet<Integer>> changed) {
        boolean all = reaper.changes().read(changed);
        for (TableWriter writer : table.writers()) {
            all &= writer.changes().read(changed);
        }
        return all;
    }

    private void skipChanges() {
        reaper.changes().skip();
        for (TableWriter writer : table.writers()) {
            writer.changes().skip();
        }
    }

    /**
     * Lays out what has come since the last snapshot while nobody waits for it, when there are many new series. A pass over
     * all is made every {@link #PASS_TICKS} at most, since it may take longer than the keeper's other work.
     */
    void catchUp() {
        if (count == 0) {
            return;
        }
        boolean filling = reaper.changes().isFilling();
        for (TableWriter writer : table.writers()) {
            filling |= writer.changes().isFilling();
        }
        if (filling && table.tick() - PASS_TICKS >= passTick) {
            layOut(kills());
        }
    }

    /** A snapshot just taken, with what ended after {@code after}. */
    Snapshot withEnded(Snapshot s, long after) {
        if (after >= s.endedSequence()) {
            return s;
        }
        Map<Family, Set<ByteBuffer>> others = new HashMap<>();
        return new Snapshot(
                s.version(),
                s.epochMillis(),
                s.families(),
                s.series(),
                ended.from(after),
                s.endedSequence(),
                ended.since(after, e -> isLive(e, others)));
    }

    /** Whether the series, or another of the same name and labels but another scalar type, is live. */
    private boolean isLive(EndedLog.Entry e, Map<Family, Set<ByteBuffer>> others) {
        return table.isLive(e.h0(), e.h1())
                || e.type().isScalar()
                        && others.computeIfAbsent(
                                        e.family(), f -> layout.textsOfOtherType(f.name, e.type()))
                                .contains(ByteBuffer.wrap(e.chunk(), e.offset(), e.length()));
    }

    private long commits() {
        long sum = 0;
        for (TableWriter writer : table.writers()) {
            sum += writer.commits();
        }
        return sum;
    }

    /** Series ended so far, by the keeper and by replacement. */
    private long kills() {
        long sum = reaper.kills();
        for (TableWriter writer : table.writers()) {
            sum += writer.kills();
        }
        return sum;
    }

    private long revivals() {
        long sum = 0;
        for (TableWriter writer : table.writers()) {
            sum += writer.revivals();
        }
        return sum;
    }
}
