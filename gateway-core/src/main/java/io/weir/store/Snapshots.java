package io.weir.store;

import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.Snapshot;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes snapshots, and makes nothing twice: the same snapshot again while no commit and no kill has happened, the same
 * layout while no series has begun or ended. Keeper only.
 *
 * <p>Counters are read before what they count: a change that is missed is then seen by the next snapshot. A writer counts
 * a commit after its last update, so what was acknowledged before the request is in.
 */
final class Snapshots {
    private final SeriesTable table;
    private final Reaper reaper;
    private final EndedLog ended;
    private Layout layout = Layout.EMPTY;
    private long layoutRevivals;
    private long layoutKills;
    private long textMoves;
    private long layoutTextMoves;
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
        table.closeGate();
        try {
            return takeWhole(epochMillis);
        } finally {
            table.openGate();
        }
    }

    /** With the gate closed, so that no group is seen half replaced. */
    private Snapshot takeWhole(long epochMillis) {
        table.takeReplaced(ended);
        long kills = kills();
        long changes = commits() + kills;
        if (last != null && changes == lastChanges) {
            return last;
        }
        long begin = System.nanoTime();
        long revivals = revivals();
        if (revivals != layoutRevivals || kills != layoutKills || textMoves != layoutTextMoves) {
            layout = Layout.of(table);
            layoutRevivals = revivals;
            layoutKills = kills;
            layoutTextMoves = textMoves;
        }
        List<FamilySnapshot> families = layout.copy(table.slab, table.exemplars().take(table.slab));
        long version = last == null ? 1 : last.version() + 1;
        long sequence = ended.sequence();
        last = new Snapshot(version, epochMillis, families, layout.series(), sequence + 1, sequence, List.of());
        lastChanges = changes;
        nanos = nanos + System.nanoTime() - begin;
        count = count + 1;
        return last;
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
