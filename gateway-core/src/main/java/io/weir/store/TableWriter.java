package io.weir.store;

import io.weir.sample.Code;
import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;

/**
 * Finds, creates and updates series. One thread only; everything but {@link #enter} between {@code enter} and
 * {@link #exit}, and between those two nothing that blocks. Never allocates for a series that is there, except the new
 * value of a histogram or summary.
 *
 * <p>A <em>reference</em> is {@code odd life << 32 | number}. It may be kept for ever, also across {@code exit}: when its
 * record has been retired or its number has another life, every call here says {@link #GONE}, and the caller finds the
 * series again by hash.
 *
 * <p>How a commit uses it:
 *
 * <ol>
 *   <li>Nothing is changed yet: {@link #state} of a known reference, or {@link #find} by hash. For a series that is dead
 *       or unknown {@link #reserve} first, and only when that succeeds {@link #findOrCreate}, so that a series refused
 *       at the limit costs no index word. When a sample is refused, {@link #release} every reservation.
 *   <li>{@link #apply} to what was live, {@link #revive} what was dead. A series may have been killed since (apply says
 *       DEAD: {@link #reserveAnyway}, then revive) or revived by another writer (revive says LIVE: release, then apply).
 *       It is not retired: a reference that was not gone is not gone before {@code exit}, so this needs no room.
 *   <li>{@link #committed}, before the commit is acknowledged; and {@code exit} whatever happened, as a writer that
 *       stays inside stops the reuse of words and numbers.
 * </ol>
 *
 * <p>An update touches the series before it changes the value: the keeper, which reads the tick again after a kill by
 * expiry, then cannot miss it.
 */
public final class TableWriter {
    /** Not a reference: no such series. */
    public static final long NONE = 0;

    /** Not a reference: no room until the keeper has compacted. */
    public static final long FULL = -1;

    /** The record is retired or its number has another life. */
    public static final int GONE = 0;

    /** The series has no value. */
    public static final int DEAD = 1;

    /** The series has a value. */
    public static final int LIVE = 2;

    /** The operation is done. */
    public static final int APPLIED = 3;

    /** The sum; a NaN on one side counts as no value. */
    public static final int ADD = 0;

    /** The new value, NaN included. */
    public static final int SET = 1;

    /** The lower value; a NaN on one side counts as no value. */
    public static final int MIN = 2;

    /** The higher value; a NaN on one side counts as no value. */
    public static final int MAX = 3;

    private static final int EPOCH = 0;
    private static final int COMMITS = 1;
    private static final int REVIVALS = 2;
    private static final int TICK = 3;
    private static final int KILLS = 4;
    private static final int IN_GATE = 5;
    private static final int NO_NUMBER = -1;

    /** No meta word that a reference may have: life 0 is even. */
    private static final long OVER = 0;

    private static final long AGE_SECONDS_MAX = 1 << 30;

    private final SeriesTable table;
    private final Slab slab;
    private long labelPlace;
    private byte[] labelChunk;
    private final TextArena.Tail tail;
    private final CacheLine shared = new CacheLine();
    private final Changes changes = new Changes();
    private int tick;
    private int spare = NO_NUMBER;
    private int last = NO_NUMBER;
    private boolean running = true;
    private double applied;
    private Family conflict;
    private MetricType conflictType;

    TableWriter(SeriesTable table) {
        this.table = table;
        this.slab = table.slab;
        this.tail = table.arena.newTail();
    }

    /** Begins a commit: what is retired from here on keeps its number until {@link #exit}. */
    public void enter() {
        long e = table.epoch();
        for (; ; ) {
            shared.set(EPOCH, e);
            Steps.step();
            // The second read orders this writer after the keeper's last retirement.
            long now = table.epoch();
            if (now == e) {
                break;
            }
            e = now;
        }
        // Read after the epoch is set: the keeper either sees this writer inside, or has read its own clock before.
        tick = table.tick();
        shared.setRelease(TICK, tick);
    }

    public void exit() {
        shared.setRelease(EPOCH, 0);
    }

    /**
     * The second it is. A reference that this writer has found, or touched otherwise, does not go before the next one; nor
     * does it while the writer stays inside.
     */
    public int second() {
        return table.tick();
    }

    /** The second in which {@link #enter} was called. */
    public int enteredSecond() {
        return tick;
    }

    /**
     * Reference of the series, live or dead; {@link #NONE} when it has no record. Touches it. Once two in a row had
     * neighbouring numbers it looks at the next number first: what was created together is pushed together.
     */
    public long find(long h0, long h1) {
        int guess = last + 1;
        if (running && slab.isOpenWithKey(guess, h0, h1)) {
            long ref = open(guess);
            if (ref != NONE) {
                last = guess;
                return ref;
            }
        }
        long ref = findByIndex(h0, h1);
        if (ref != NONE) {
            running = (int) ref == guess;
            last = (int) ref;
        }
        return ref;
    }

    private long findByIndex(long h0, long h1) {
        Shard shard = table.shard(h0);
        long tag = Index.tag(h1);
        Index index = shard.indexAcquire();
        int i = index.home(h0);
        for (int passed = 0; ; ) {
            long word = index.wordAcquire(i);
            if (word == Index.FREE) {
                return NONE;
            }
            Index next = null;
            if (word == Index.SEALED) {
                next = index.nextAcquire();
            } else if ((word & Index.TAG) == tag && slab.hasKey((int) word, h0, h1)) {
                long ref = open((int) word);
                if (ref != NONE) {
                    return ref;
                }
                next = index.nextAcquire();
            } else if (++passed == index.capacity) {
                next = shard.indexAcquire();
                if (next == index) {
                    return NONE;
                }
            } else {
                i = i + 1 == index.capacity ? 0 : i + 1;
            }
            if (next != null) {
                index = next;
                i = index.home(h0);
                passed = 0;
            }
        }
    }

    /**
     * Reference of the series; when it has no record, one is published, dead. Touches it.
     *
     * @param labels holds the canonical label text, which is copied
     * @return {@link #FULL} when the index, the numbers or the text arena are exhausted; {@link #NONE} when
     *     {@code family} has been removed and must be claimed again
     */
    public long findOrCreate(
            long h0, long h1, Family family, MetricType type, byte[] labels, int offset, int length) {
        Shard shard = table.shard(h0);
        long tag = Index.tag(h1);
        Index index = shard.indexAcquire();
        int i = index.home(h0);
        int mine = NO_NUMBER;
        for (int passed = 0; ; ) {
            long word = index.wordAcquire(i);
            if (word == Index.FREE) {
                if (mine == NO_NUMBER) {
                    if (!shard.take()) {
                        return FULL;
                    }
                    if (!family.addRecord()) {
                        shard.give();
                        return NONE;
                    }
                    mine = prepare(h0, h1, family, type, labels, offset, length);
                    if (mine == NO_NUMBER) {
                        abandon(shard, family);
                        return FULL;
                    }
                }
                word = index.claimWord(i, tag | mine);
                if (word == Index.FREE) {
                    spare = NO_NUMBER;
                    tail.keep();
                    // It bears this writer's tick, so it is not retired before exit.
                    return open(mine);
                }
            }

            Index next = null;
            if (word == Index.SEALED) {
                next = index.nextAcquire();
            } else if ((word & Index.TAG) == tag && slab.hasKey((int) word, h0, h1)) {
                long ref = open((int) word);
                if (ref != NONE) {
                    if (mine != NO_NUMBER) {
                        abandon(shard, family);
                    }
                    return ref;
                }
                next = index.nextAcquire();
            } else if (++passed == index.capacity) {
                next = shard.indexAcquire();
                if (next == index) {
                    if (mine != NO_NUMBER) {
                        abandon(shard, family);
                    }
                    return FULL;
                }
            } else {
                i = i + 1 == index.capacity ? 0 : i + 1;
            }
            if (next != null) {
                index = next;
                i = index.home(h0);
                passed = 0;
            }
        }
    }

    /** Fills a private record; its number stays the spare one until it is published. */
    private int prepare(
            long h0, long h1, Family family, MetricType type, byte[] labels, int offset, int length) {
        if (spare == NO_NUMBER) {
            spare = table.numbers.take();
            if (spare == NO_NUMBER) {
                return NO_NUMBER;
            }
            slab.provide(spare);
        }
        long text = tail.append(labels, offset, length);
        if (text < 0) {
            return NO_NUMBER;
        }
        int life = Slab.life(slab.metaPlain(spare));
        slab.fill(spare, h0, h1, Slab.meta(type.ordinal(), life, tick), family, text);
        return spare;
    }

    /** Gives back what {@link #findOrCreate} took for a record that was not published. */
    private void abandon(Shard shard, Family family) {
        tail.undo();
        family.dropRecord();
        shard.give();
    }

    /** Reference of a published record, touched, and opened by whoever comes to it first; NONE when it is retired. */
    private long open(int n) {
        for (; ; ) {
            long meta = slab.metaAcquire(n);
            // An even life is one not yet opened or one closed; what is closed is marked as retiring.
            if (Slab.isRetiring(meta)) {
                return NONE;
            }
            long opened = meta | Slab.LIFE_ONE;
            if (Slab.tick(meta) < tick) {
                opened = Slab.withTick(opened, tick);
            }
            if (opened == meta || slab.casMeta(n, meta, opened)) {
                return reference(opened, n);
            }
        }
    }

    private static long reference(long meta, int n) {
        return (long) Slab.life(meta) << 32 | n;
    }

    /** Raises the tick of an open record, which then is not retired before {@link #exit}; false when its life is over. */
    private boolean touch(long ref) {
        int n = (int) ref;
        return touch(slab.chunk(n), Slab.at(n), ref) != OVER;
    }

    /** The meta word of the record, touched; or {@link #OVER}. */
    private long touch(long[] chunk, int at, long ref) {
        for (; ; ) {
            long meta = Slab.metaAcquire(chunk, at);
            if (Slab.life(meta) != (int) (ref >>> 32) || Slab.isRetiring(meta)) {
                return OVER;
            }
            if (Slab.tick(meta) >= tick || Slab.casMeta(chunk, at, meta, Slab.withTick(meta, tick))) {
                return meta;
            }
        }
    }

    /** {@link #LIVE}, {@link #DEAD} or {@link #GONE}. Touches the series unless it is gone. */
    public int state(long ref) {
        int n = (int) ref;
        long[] chunk = slab.chunk(n);
        int at = Slab.at(n);
        long meta = touch(chunk, at, ref);
        if (meta == OVER) {
            return GONE;
        }
        if (Slab.isScalar(meta)) {
            long v = Slab.valueAcquire(chunk, at);
            return v == Slab.RETIRED ? GONE : v == Slab.DEAD ? DEAD : LIVE;
        }
        Object cell = slab.cellAcquire(n);
        return cell == Slab.GONE ? GONE : cell == null ? DEAD : LIVE;
    }

    /** As below, in a family that may have as many series as the table. */
    public Code reserve(Family family, MetricType type) {
        return reserve(family, type, Integer.MAX_VALUE);
    }

    /**
     * Takes a live place in the table and in the family.
     *
     * @param familySeriesMax live series that the family may have
     * @return OK; SERIES_LIMIT; FAMILY_SERIES_LIMIT; TYPE_CONFLICT, see {@link #conflict}; or UNKNOWN when {@code family} has been removed
     *     and must be claimed again
     */
    public Code reserve(Family family, MetricType type, int familySeriesMax) {
        return table.reserveLive() ? reserveIn(family, type, familySeriesMax) : Code.SERIES_LIMIT;
    }

    /** As {@link #reserve} but without regard to limits, for a series that was live when its batch was accepted. */
    public Code reserveAnyway(Family family, MetricType type) {
        table.reserveLiveAnyway();
        return reserveIn(family, type, Integer.MAX_VALUE);
    }

    private Code reserveIn(Family family, MetricType type, int seriesMax) {
        Family.Reserved reserved = family.tryReserve(type, seriesMax);
        Family other = family;
        while (reserved == Family.Reserved.FIRST) {
            other = table.families().reserveFirst(family, type, seriesMax);
            // Another writer was first, with this type: there may be a place beside its series.
            reserved = other == null ? Family.Reserved.YES
                    : other == family && family.type() == type ? family.tryReserve(type, seriesMax) : Family.Reserved.OTHER_TYPE;
        }
        if (reserved == Family.Reserved.YES) {
            return Code.OK;
        }
        table.releaseLive();
        if (reserved == Family.Reserved.FULL) {
            return Code.FAMILY_SERIES_LIMIT;
        }
        if (family.isRemoved()) {
            return Code.UNKNOWN;
        }
        conflict = other;
        conflictType = other.type();
        return Code.TYPE_CONFLICT;
    }

    /** Gives a reservation back that has not become a live series. */
    public void release(Family family) {
        family.release();
        table.releaseLive();
    }

    /** After TYPE_CONFLICT: the family in the way, which is the one asked for or one whose name derives from it. */
    public Family conflict() {
        return conflict;
    }

    /** After TYPE_CONFLICT: the type that family had then; null when its last series has gone meanwhile. */
    public MetricType conflictType() {
        return conflictType;
    }

    /** ADD, SET, MIN or MAX on a live scalar: {@link #APPLIED}, {@link #DEAD} or {@link #GONE}. */
    public int apply(long ref, int op, double x) {
        int n = (int) ref;
        long[] chunk = slab.chunk(n);
        int at = Slab.at(n);
        if (touch(chunk, at, ref) == OVER) {
            return GONE;
        }
        long v = Slab.valueAcquire(chunk, at);
        for (; ; ) {
            if (!Slab.isLive(v)) {
                return v == Slab.DEAD ? DEAD : GONE;
            }
            double y = combine(op, Slab.decode(v), x);
            long seen = Slab.exchangeValue(chunk, at, v, Slab.encode(y));
            if (seen == v) {
                applied = y;
                return APPLIED;
            }
            v = seen;
        }
    }

    private static double combine(int op, double v, double x) {
        if (op == SET) {
            return x;
        }
        if (v != v || x != x) {
            return v != v ? x : v;
        }
        return op == ADD ? v + x : op == MIN ? Math.min(v, x) : Math.max(v, x);
    }

    /**
     * SET unless the series holds a value with a newer stamp; then {@link #APPLIED} too, with that value as
     * {@link #applied}. Stamps end with the series. The later stamp wins also when writers race, but for one case: the
     * newer point repeats, bit for bit, the value which the older one has just read.
     */
    public int setLast(long ref, long stampNanos, double x) {
        int n = (int) ref;
        long[] chunk = slab.chunk(n);
        int at = Slab.at(n);
        if (touch(chunk, at, ref) == OVER) {
            return GONE;
        }
        long v = Slab.valueAcquire(chunk, at);
        if (Slab.isLive(v)) {
            slab.raiseStamp(n, stampNanos);
            v = Slab.valueAcquire(chunk, at);
        }
        for (; ; ) {
            if (!Slab.isLive(v)) {
                return v == Slab.DEAD ? DEAD : GONE;
            }
            // Read after the value: who has stamped later either has set the value since, or will.
            if (slab.isStampNewer(n, stampNanos)) {
                applied = Slab.decode(v);
                return APPLIED;
            }
            long seen = Slab.exchangeValue(chunk, at, v, Slab.encode(x));
            if (seen == v) {
                applied = x;
                return APPLIED;
            }
            v = seen;
        }
    }

    /**
     * Gives a dead scalar its first value, with a reservation already held: {@link #APPLIED}; {@link #LIVE} when another
     * writer did; or {@link #GONE}. The reservation is used by APPLIED only.
     */
    public int revive(long ref, double x) {
        if (!touch(ref)) {
            return GONE;
        }
        int n = (int) ref;
        if (slab.valueAcquire(n) == Slab.DEAD) {
            slab.begun(n, table.wallMillis());
        }
        long seen = slab.exchangeValue(n, Slab.DEAD, Slab.encode(x));
        if (seen == Slab.DEAD) {
            applied = x;
            revived(n);
            return APPLIED;
        }
        return seen == Slab.RETIRED ? GONE : LIVE;
    }

    /** As {@link #revive(long, double)}, with the stamp that {@link #setLast} compares. */
    public int revive(long ref, double x, long stampNanos) {
        if (!touch(ref)) {
            return GONE;
        }
        if (slab.valueAcquire((int) ref) == Slab.DEAD) {
            slab.raiseStamp((int) ref, stampNanos);
        }
        return revive(ref, x);
    }

    /** ADD or SET on a live histogram or summary: {@link #APPLIED}, {@link #DEAD} or {@link #GONE}. */
    public int apply(long ref, int op, CellValue delta) {
        assert op == ADD || op == SET;
        if (!touch(ref)) {
            return GONE;
        }
        int n = (int) ref;
        for (; ; ) {
            Object cell = slab.cellAcquire(n);
            if (cell == null || cell == Slab.GONE) {
                return cell == null ? DEAD : GONE;
            }
            CellValue y = op == SET ? delta : ((CellValue) cell).plus(delta);
            if (slab.casCell(n, cell, y)) {
                return APPLIED;
            }
        }
    }

    /** Gives a dead histogram or summary its first value; as {@link #revive(long, double)}. */
    public int revive(long ref, CellValue x) {
        if (!touch(ref)) {
            return GONE;
        }
        int n = (int) ref;
        for (; ; ) {
            Object cell = slab.cellAcquire(n);
            if (cell != null) {
                return cell == Slab.GONE ? GONE : LIVE;
            }
            slab.begun(n, table.wallMillis());
            if (slab.casCell(n, null, x)) {
                revived(n);
                return APPLIED;
            }
        }
    }

    /** A series just revived began at another time than now: epoch milliseconds, 0 for unknown. Nobody else is there yet. */
    public void begun(long ref, long epochMillis) {
        slab.begun((int) ref, epochMillis);
    }

    /** A live series ends when it is not touched for so long; until its end, or another such call. */
    public void ttl(long ref, int seconds) {
        int n = (int) ref;
        if (slab.ttl(n) != seconds && state(ref) == LIVE) {
            slab.ttl(n, seconds);
        }
        if (seconds < table.ownTtlTicksMin()) {
            table.ownTtl(seconds);
        }
    }

    private void revived(int n) {
        slab.clearTtl(n);
        table.shard(slab.h0Plain(n)).live(1);
        changes.add(n, slab.family(n));
        shared.addRelease(REVIVALS, 1);
    }

    // ---- groups

    /**
     * Enters the gate, inside of which alone series get and lose owners and are ended by {@link #kill}: what is done there is
     * seen by snapshots as a whole or not at all. False when the keeper has closed it for the time of a snapshot or of ending
     * series; try again soon.
     */
    public boolean tryEnterGate() {
        shared.set(IN_GATE, 1);
        if (!table.isGateClosed()) {
            return true;
        }
        shared.set(IN_GATE, 0);
        return false;
    }

    public void exitGate() {
        shared.setRelease(IN_GATE, 0);
    }

    /** The group that owns the series of this reference, or has claimed it; null for none, or when it is gone. */
    public Group owner(long ref) {
        int n = (int) ref;
        return Slab.life(slab.metaAcquire(n)) == (int) (ref >>> 32) ? slab.owner(n) : null;
    }

    /** Claims a dead series for a group; false when it is another's. Claimed twice is claimed. */
    public boolean claim(long ref, Group group) {
        int n = (int) ref;
        return slab.casOwner(n, null, group) || slab.owner(n) == group;
    }

    /**
     * The group ends some time after its last push. Under its monitor, with both series its own.
     *
     * @param pushed series that every push to the group touches
     * @param ttl series whose value is the time in seconds, for as long as it is live
     */
    public void timed(Group group, long pushed, long ttl) {
        table.groups().timed(group, pushed, ttl, slab);
    }

    /** Gives up a claim that has come to nothing. */
    public void disclaim(long ref, Group group) {
        if (state(ref) == DEAD) {
            slab.casOwner((int) ref, group, null);
        }
    }

    /**
     * Keeps everybody else out of a family of which a group owns all live series, so that it can have another type once they
     * have ended: until {@link #endChange}.
     *
     * @param owned live series that the group owns
     * @return false when others are live as well, or names would collide
     */
    public boolean beginChange(Family family, MetricType to, int owned) {
        return table.families().beginChange(family, to, owned);
    }

    /** As {@link #reserve}, in a family that the caller changes. */
    public Code reserveInChange(Family family) {
        if (!table.reserveLive()) {
            return Code.SERIES_LIMIT;
        }
        family.reserveInChange();
        return Code.OK;
    }

    /** The change has been made: series of the old type have ended. With null it has not. */
    public void endChange(Family family, MetricType to) {
        family.endChange(to);
    }

    /** Ends a series of a group, if it is live and its own. Inside the gate, under the monitor of the group. */
    public boolean kill(long ref, Group group) {
        int n = (int) ref;
        long meta = slab.metaAcquire(n);
        if (Slab.life(meta) != (int) (ref >>> 32) || slab.owner(n) != group) {
            return false;
        }
        long word = Slab.DEAD;
        CellValue last = null;
        if (Slab.isScalar(meta)) {
            word = slab.valueAcquire(n);
            for (long seen; Slab.isLive(word); word = seen) {
                seen = slab.exchangeValue(n, word, Slab.DEAD);
                if (seen == word) {
                    break;
                }
            }
        } else {
            Object cell = slab.cellAcquire(n);
            while (cell instanceof CellValue && !slab.casCell(n, cell, null)) {
                cell = slab.cellAcquire(n);
            }
            last = cell instanceof CellValue value ? value : null;
        }
        slab.casOwner(n, group, null);
        if (!Slab.isLive(word) && last == null) {
            return false;
        }
        slab.clearStamp(n);
        Family family = slab.family(n);
        if (table.isRecordingReplaced()) {
            long text = slab.text(n);
            table.addReplaced(new EndedLog.Entry(
                    slab.h0Plain(n),
                    slab.h1Plain(n),
                    family,
                    MetricType.of(Slab.kind(meta)),
                    table.arena.chunks()[TextArena.chunk(text)],
                    TextArena.offset(text),
                    TextArena.length(text),
                    last));
        }
        table.shard(slab.h0Plain(n)).live(-1);
        family.release();
        table.releaseLive();
        changes.add(n, family);
        shared.addRelease(KILLS, 1);
        return true;
    }

    /** Value of the scalar after the last APPLIED. */
    public double applied() {
        return applied;
    }

    /** Family of a reference that is not gone. */
    public Family family(long ref) {
        return slab.family((int) ref);
    }

    /** Type of a reference that is not gone. */
    public MetricType type(long ref) {
        return MetricType.of(Slab.kind(slab.metaPlain((int) ref)));
    }

    /**
     * Looks up the label text of a reference that is not gone, for the three methods below. The keeper may move texts at any
     * time: chunks that were there while the place stayed the same hold the text at that place.
     */
    public void seekLabels(long ref) {
        int n = (int) ref;
        while (true) {
            long place = slab.textAcquire(n);
            byte[][] chunks = table.arena.chunks();
            if (slab.textAcquire(n) == place) {
                labelPlace = place;
                labelChunk = chunks[TextArena.chunk(place)];
                return;
            }
        }
    }

    /** Array in which the text lies. */
    public byte[] labelChunk() {
        return labelChunk;
    }

    public int labelOffset() {
        return TextArena.offset(labelPlace);
    }

    public int labelLength() {
        return TextArena.length(labelPlace);
    }

    /** Makes a series look as if it had last been touched {@code seconds} ago: what a recovery does. */
    public void backdate(long ref, long seconds) {
        int then = (int) (tick - Math.min(Math.max(seconds, 0), AGE_SECONDS_MAX));
        if (then == Slab.RETIRING) {
            // not a time
            then--;
        }
        int n = (int) ref;
        for (; ; ) {
            long meta = slab.metaAcquire(n);
            if (Slab.life(meta) != (int) (ref >>> 32) || slab.casMeta(n, meta, Slab.withTick(meta, then))) {
                return;
            }
        }
    }

    /** Value of a histogram or summary; null when it is dead or gone. */
    public CellValue cell(long ref) {
        return state(ref) == LIVE && slab.cellAcquire((int) ref) instanceof CellValue cell ? cell : null;
    }

    /** Counts a commit, so that the next snapshot is not the last one again. */
    public void committed() {
        shared.addRelease(COMMITS, 1);
    }

    // for the keeper

    /** The epoch this writer entered in, 0 when it is outside. */
    long epoch() {
        return shared.get(EPOCH);
    }

    /** The tick this writer entered at, or an earlier one. */
    int enteredTick() {
        return (int) shared.getAcquire(TICK);
    }

    Changes changes() {
        return changes;
    }

    long commits() {
        return shared.getAcquire(COMMITS);
    }

    long revivals() {
        return shared.getAcquire(REVIVALS);
    }

    long kills() {
        return shared.getAcquire(KILLS);
    }

    boolean isInGate() {
        return shared.get(IN_GATE) != 0;
    }

    int spare() {
        return spare;
    }
}
