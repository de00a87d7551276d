package io.weir.store;

import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.LabelText;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/** Ends series: by selector, and by time to live in slices of one pass over the slab. Keeper only. */
final class Reaper {
    /** Records looked at in one duty cycle, whole chunks. */
    private static final int SLICE = 1 << 16;

    /** Longest time between two passes in seconds; a short time to live has them closer. */
    private static final int PASS_TICKS_MAX = 10;

    /** Series of groups ended in one duty cycle, unless one group alone has more. */
    private static final int GROUP_SERIES_SLICE = 1 << 12;

    /** A slice of a sweep is over after so long, and looks at the clock after so many records. */
    private static final long SWEEP_NANOS = 2_000_000;

    private static final int SWEEP_LOOKS = 64;

    private final SeriesTable table;
    private final Slab slab;
    private final EndedLog ended;
    private final LabelText walk = new LabelText();
    private final Set<Group> losers = new HashSet<>();
    private final ArrayDeque<Group> stale = new ArrayDeque<>();
    private int groupsTick = Integer.MIN_VALUE;
    private Ends ends = (n, meta, word, cell) -> {};
    private EndListener listener = EndListener.NONE;
    private boolean goOn;
    private int passTick = Integer.MIN_VALUE;
    private int passEnd;
    private int next = -1;
    /** Shortest time to live of its own that this pass has met. */
    private long ownTtlMin;
    private final Changes changes = new Changes();
    private long kills;
    private volatile long expired;
    private volatile long deleted;

    /** Hears of every series that ended: its final value is {@code word} or, when not scalar, {@code cell}. */
    interface Ends {
        void ended(int number, long meta, long word, CellValue cell);
    }

    Reaper(SeriesTable table, EndedLog ended) {
        this.table = table;
        this.slab = table.slab;
        this.ended = ended;
    }

    void ends(Ends listener) {
        ends = listener;
    }

    void listener(EndListener endListener) {
        listener = endListener;
    }

    long expired() {
        return expired;
    }

    long deleted() {
        return deleted;
    }

    Changes changes() {
        return changes;
    }

    /** Series killed so far. */
    long kills() {
        return kills;
    }

    /**
     * Kills what the selector matches; {@code layout} may lack nothing that lives, or is null. Answers how many, or
     * {@link StoreCommands#REFUSED} or {@link StoreCommands#UNKNOWN}.
     */
    long delete(Selector selector, Layout layout) {
        if (!listener.begin()) {
            return StoreCommands.REFUSED;
        }
        goOn = true;
        boolean gated = closeGate();
        long killed;
        try {
            killed = deleteAll(selector, layout);
        } finally {
            openGate(gated);
        }
        boolean all = goOn;
        return listener.commit() && all ? killed : StoreCommands.UNKNOWN;
    }

    /** Series of groups end while nobody is half way through a batch of their group. */
    private boolean closeGate() {
        boolean gated = table.groups().size() > 0;
        if (gated) {
            table.closeGate();
        }
        return gated;
    }

    private void openGate(boolean gated) {
        if (gated) {
            losers.removeIf(group -> table.groups().lost(group, slab));
            table.openGate();
        }
    }

    /** Removes groups that have lost all their series but were held when that happened; answers work done. */
    int dropGroups() {
        if (losers.isEmpty()) {
            return 0;
        }
        table.closeGate();
        openGate(true);
        return 1;
    }

    private long deleteAll(Selector selector, Layout layout) {
        byte[][] tokens = selector.tokens();
        byte[] name = selector.family();
        long killed = 0;
        if (name != null && layout != null) {
            for (int n : layout.numbers(name)) {
                killed += goOn && delete(n, selector, tokens) ? 1 : 0;
            }
        } else {
            Family family = name == null ? null : table.families().lookup(name, 0, name.length);
            int high = name != null && family == null ? 0 : table.numbers.high();
            for (int n = slab.nextProvided(0, high); n < high && goOn; n = slab.nextProvided(n + 1, high)) {
                if (name == null || slab.family(n) == family) {
                    killed += delete(n, selector, tokens) ? 1 : 0;
                }
            }
        }
        deleted = deleted + killed;
        return killed;
    }

    /**
     * Goes on with a sweep for {@link #SWEEP_NANOS}: matching may be slow, and groups wait for the gate meanwhile.
     *
     * @return null when there is more to do, else how it ended
     */
    StoreCommands.Swept.State sweep(Sweep sweep) {
        if (sweep.end < 0) {
            sweep.end = table.numbers.high();
        }
        if (sweep.dry) {
            return sweepSlice(sweep) ? StoreCommands.Swept.State.DONE : null;
        }
        if (!listener.begin()) {
            return StoreCommands.Swept.State.REFUSED;
        }
        goOn = true;
        boolean gated = closeGate();
        boolean over;
        try {
            over = sweepSlice(sweep);
        } finally {
            openGate(gated);
        }
        boolean all = goOn;
        if (!listener.commit() || !all) {
            return StoreCommands.Swept.State.UNKNOWN;
        }
        return over ? StoreCommands.Swept.State.DONE : null;
    }

    /** Whether that was the last. */
    private boolean sweepSlice(Sweep sweep) {
        long begin = System.nanoTime();
        int end = sweep.end;
        int looks = 0;
        int n = slab.nextProvided(sweep.next, end);
        for (; n < end && goOn(sweep); n = slab.nextProvided(n + 1, end)) {
            if (++looks % SWEEP_LOOKS == 0 && System.nanoTime() - begin > SWEEP_NANOS) {
                break;
            }
            sweepOne(sweep, n);
        }
        sweep.next = n;
        return n >= end;
    }

    private boolean goOn(Sweep sweep) {
        return sweep.dry || goOn;
    }

    private void sweepOne(Sweep sweep, int n) {
        long meta = slab.metaAcquire(n);
        if (!Slab.isOpen(meta) || !slab.isLive(n, meta)) {
            return;
        }
        // as in delete, a live record keeps its key
        long text = slab.text(n);
        Family family = slab.family(n);
        if (!sweep.asking.matches(
                family,
                table.arena.chunks()[TextArena.chunk(text)],
                TextArena.offset(text),
                TextArena.length(text))) {
            return;
        }
        if (sweep.dry) {
            sweep.count(family);
        } else if (kill(n, meta)) {
            sweep.count(family);
            deleted = deleted + 1;
        }
    }

    private boolean delete(int n, Selector selector, byte[][] tokens) {
        long meta = slab.metaAcquire(n);
        if (!Slab.isOpen(meta) || !slab.isLive(n, meta)) {
            return false;
        }
        // A live record keeps its key, so text and family are its own from here on.
        long text = slab.text(n);
        byte[] name = selector.family();
        return (name == null || Arrays.equals(slab.family(n).name, name))
                && selector.matches(
                        tokens,
                        walk,
                        table.arena.chunks()[TextArena.chunk(text)],
                        TextArena.offset(text),
                        TextArena.length(text))
                && kill(n, meta);
    }

    /** From live to dead, taking the final value; false when it is dead already. */
    boolean kill(int n, long meta) {
        if (Slab.isScalar(meta)) {
            long v = slab.valueAcquire(n);
            while (Slab.isLive(v)) {
                long seen = slab.exchangeValue(n, v, Slab.DEAD);
                if (seen == v) {
                    killed(n, meta, v, null);
                    return true;
                }
                v = seen;
            }
            return false;
        }
        while (slab.cellAcquire(n) instanceof CellValue cell) {
            if (slab.casCell(n, cell, null)) {
                killed(n, meta, Slab.DEAD, cell);
                return true;
            }
        }
        return false;
    }

    /** What follows a kill, whose final value is {@code word} or {@code cell}. */
    private void killed(int n, long meta, long word, CellValue cell) {
        kills++;
        changes.add(n, slab.family(n));
        ends.ended(n, meta, word, cell);
        slab.clearStamp(n);
        long h0 = slab.h0Plain(n);
        long text = slab.text(n);
        Family family = slab.family(n);
        byte[] chunk = table.arena.chunks()[TextArena.chunk(text)];
        MetricType type = MetricType.of(Slab.kind(meta));
        goOn = listener.ended(
                family,
                type,
                chunk,
                TextArena.offset(text),
                TextArena.length(text),
                cell == null ? Slab.decode(word) : 0,
                cell);
        ended.add(
                h0, slab.h1Plain(n), family, type, chunk, TextArena.offset(text), TextArena.length(text), cell);
        Group owner = slab.owner(n);
        if (owner != null && slab.casOwner(n, owner, null)) {
            losers.add(owner);
        }
        table.shard(h0).live(-1);
        family.release();
        table.releaseLive();
    }

    /** Goes on with the pass that ends series whose time is over, or begins one when it is time; answers work done. */
    int expire() {
        int now = table.tick();
        if (next < 0) {
            long ttl = Math.min(table.families().ttlTicksMin(), table.ownTtlTicksMin());
            if (ttl == Long.MAX_VALUE
                    || passTick != Integer.MIN_VALUE
                            && now - passTick < Math.max(1, Math.min(ttl / 8, PASS_TICKS_MAX))) {
                return 0;
            }
            if (!listener.begin()) {
                return 0;
            }
            passTick = now;
            passEnd = table.numbers.high();
            next = 0;
            table.forgetOwnTtl();
            ownTtlMin = Long.MAX_VALUE;
        } else if (!listener.begin()) {
            return 0;
        }
        goOn = true;
        int end = Math.min(next + SLICE, passEnd);
        long gone = 0;
        boolean gated = closeGate();
        try {
            for (int n = slab.nextProvided(next, end); n < end && goOn; n = slab.nextProvided(n + 1, end)) {
                long meta = slab.metaAcquire(n);
                if (Slab.isOpen(meta) && isStale(n, meta, now)) {
                    gone += expire(n, meta, now) ? 1 : 0;
                }
                int own = slab.ttl(n);
                ownTtlMin = own > 0 ? Math.min(ownTtlMin, own) : ownTtlMin;
            }
        } finally {
            openGate(gated);
        }
        expired = expired + gone;
        listener.commit();
        next = end < passEnd ? end : -1;
        if (next < 0) {
            table.ownTtl(ownTtlMin);
        }
        return 1;
    }

    /** Ends groups that have not been pushed to for their time, each as a whole; answers work done. */
    int expireGroups() {
        int now = table.tick();
        if (stale.isEmpty()) {
            long ttl = table.groups().ttlTicksMin();
            boolean first = groupsTick == Integer.MIN_VALUE;
            if (ttl == Long.MAX_VALUE || !first && now - groupsTick < Math.max(1, Math.min(ttl / 8, PASS_TICKS_MAX))) {
                return 0;
            }
            groupsTick = now;
            table.groups().stale(now, slab, stale);
            if (stale.isEmpty()) {
                return 0;
            }
        }
        if (!listener.begin()) {
            return 0;
        }
        goOn = true;
        long before = kills;
        table.closeGate();
        try {
            while (goOn && kills - before < GROUP_SERIES_SLICE && !stale.isEmpty()) {
                expire(stale.peek(), now);
                if (goOn) {
                    stale.poll();
                }
            }
        } finally {
            openGate(true);
        }
        expired = expired + (kills - before);
        listener.commit();
        return 1;
    }

    /**
     * The series that tell the time go last: should the process end in the middle of what is written down, the rest of the
     * group still ends.
     */
    private void expire(Group group, int now) {
        synchronized (group) {
            long ticks = group.ttlTicks(slab);
            if (ticks == Long.MAX_VALUE || now - group.pushedTick(slab) <= ticks) {
                return;
            }
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < group.size() && goOn; i++) {
                    long member = group.member(i);
                    int n = (int) member;
                    long meta = slab.metaAcquire(n);
                    if (group.isClock(member) == (round == 1)
                            && Slab.life(meta) == (int) (member >>> 32)
                            && slab.owner(n) == group
                            && slab.isLive(n, meta)) {
                        kill(n, meta);
                    }
                }
            }
        }
    }

    private boolean isStale(int n, long meta, int now) {
        int own = slab.ttl(n);
        long ttl = slab.family(n).ttlTicks();
        return now - Slab.tick(meta) > (own == 0 ? ttl : Math.min(own, ttl));
    }

    /**
     * Kills, then reads the tick again. Who touched in between may have set the value it had, which no CAS can see: then
     * the kill is undone, as if nothing had happened.
     */
    private boolean expire(int n, long meta, int now) {
        if (Slab.isScalar(meta)) {
            long v = slab.valueAcquire(n);
            if (!Slab.isLive(v) || isTouched(n, now) || !slab.casValue(n, v, Slab.DEAD)) {
                return false;
            }
            if (isTouched(n, now) && slab.casValue(n, Slab.DEAD, v)) {
                return false;
            }
            killed(n, meta, v, null);
            return true;
        }
        Object cell = slab.cellAcquire(n);
        if (!(cell instanceof CellValue last) || isTouched(n, now) || !slab.casCell(n, cell, null)) {
            return false;
        }
        if (isTouched(n, now) && slab.casCell(n, null, cell)) {
            return false;
        }
        killed(n, meta, Slab.DEAD, last);
        return true;
    }

    private boolean isTouched(int n, int now) {
        return !isStale(n, slab.metaAcquire(n), now);
    }
}
