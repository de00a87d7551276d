package io.weir.store;

import io.weir.sample.FamilyPolicy;
import io.weir.sample.MetricType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;

/**
 * A metric family: its name, the type its live series have, its help and its policy. Any thread. Byte arrays handed out
 * or taken belong to the family and must not be written.
 *
 * <pre>
 *   state:  [ . | removed 1 | changing 1 | . | type + 1  4 | records 28 | live 28 ]
 * </pre>
 *
 * <p>{@code live} counts live series and reservations; while it is not zero the type stands. {@code records} counts
 * records, live or dead, that name this family. A family with neither may be removed by the keeper: then it takes no
 * reservation and no record any more, and whoever holds it claims the name again.
 *
 * <p>{@code changing}: a batch is about to end all its series and to put others of another type in their place, {@link
 * #beginChange}; until that is over nobody else gets a reservation.
 */
public final class Family {
    private static final long ONE_LIVE = 1;
    private static final long ONE_RECORD = 1L << 28;
    private static final long COUNT = ONE_RECORD - 1;
    private static final int TYPE_SHIFT = 56;
    private static final long TYPE = 0xfL << TYPE_SHIFT;
    private static final long REMOVED = 1L << 62;
    private static final long CHANGING = 1L << 61;
    private static final long TICK_FOREVER = Long.MAX_VALUE;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Family.class, "state", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** What {@link #tryReserve} found. */
    enum Reserved {
        YES,
        OTHER_TYPE,
        /** As many live series as one family may have. */
        FULL,
        /** No live series: the first must be reserved under the lock of {@link Families}. */
        FIRST,
        REMOVED
    }

    final byte[] name;
    final long hash;
    private final String text;
    private volatile FamilyPolicy policy;
    private volatile long ttlTicks;
    private volatile byte[] help;
    private volatile boolean quotesLabels;
    private long state;

    /** Keeper only: place in the layout that is being built. */
    int layoutSlot = -1;

    Family(byte[] name, long hash, FamilyPolicy policy) {
        this.name = name;
        this.hash = hash;
        this.text = new String(name, StandardCharsets.UTF_8);
        policy(policy);
    }

    public byte[] name() {
        return name;
    }

    public String text() {
        return text;
    }

    /** Type of its live series; null when it has none. */
    public MetricType type() {
        int type = (int) ((stateVolatile() & TYPE) >>> TYPE_SHIFT);
        return type == 0 ? null : MetricType.of(type - 1);
    }

    /** Plain UTF-8; null when none was sent. */
    public byte[] help() {
        return help;
    }

    public void help(byte[] plainUtf8) {
        help = plainUtf8;
    }

    /** A series of this family is about to come whose label text has names in quotes; before it is published. */
    public void quotesLabels() {
        quotesLabels = true;
    }

    /** Whether a series of this family has had a label text with names in quotes. */
    boolean hasQuotedLabels() {
        return quotesLabels;
    }

    public FamilyPolicy policy() {
        return policy;
    }

    void policy(FamilyPolicy p) {
        policy = p;
        // Ticks are whole seconds: rounding up never ends a series early.
        ttlTicks = p.ttlMillis() == FamilyPolicy.FOREVER ? TICK_FOREVER : Math.max(1, (p.ttlMillis() + 999) / 1000);
    }

    /** Seconds after which an untouched series ends, or {@link Long#MAX_VALUE}. */
    long ttlTicks() {
        return ttlTicks;
    }

    /** Live series and reservations. */
    public int live() {
        return (int) (stateVolatile() & COUNT);
    }

    /** Records that name this family, live or dead. */
    int records() {
        return (int) (stateVolatile() / ONE_RECORD & COUNT);
    }

    /** Whether the keeper has dropped this family from the map: claim the name again. */
    public boolean isRemoved() {
        return (stateVolatile() & REMOVED) != 0;
    }

    private long stateVolatile() {
        return (long) STATE.getVolatile(this);
    }

    private boolean casState(long expected, long s) {
        Steps.step();
        return STATE.compareAndSet(this, expected, s);
    }

    private static long typeBits(MetricType type) {
        return (long) (type.ordinal() + 1) << TYPE_SHIFT;
    }

    /** One more live series beside others of the same type, of which there may be {@code seriesMax}. */
    Reserved tryReserve(MetricType type, int seriesMax) {
        for (; ; ) {
            long s = stateVolatile();
            if ((s & REMOVED) != 0) {
                return Reserved.REMOVED;
            }
            if ((s & COUNT) == 0) {
                return Reserved.FIRST;
            }
            if ((s & TYPE) != typeBits(type) || (s & CHANGING) != 0) {
                return Reserved.OTHER_TYPE;
            }
            if ((s & COUNT) >= seriesMax) {
                return Reserved.FULL;
            }
            if (casState(s, s + ONE_LIVE)) {
                return Reserved.YES;
            }
        }
    }

    /** The first live series, of a family that begins anew: without help. Under the lock of {@link Families} only. */
    Reserved reserveFirst(MetricType type, int seriesMax) {
        for (; ; ) {
            long s = stateVolatile();
            if ((s & REMOVED) != 0) {
                return Reserved.REMOVED;
            }
            if ((s & (COUNT | CHANGING)) != 0) {
                return (s & COUNT) != 0 ? tryReserve(type, seriesMax) : Reserved.OTHER_TYPE;
            }
            if (casState(s, s & ~TYPE | typeBits(type) | ONE_LIVE)) {
                help = null;
                return Reserved.YES;
            }
        }
    }

    /** Keeps everybody out when exactly {@code live} series of another type are live; false when it is otherwise. */
    boolean beginChange(MetricType to, int live) {
        long s = stateVolatile();
        return (s & (CHANGING | REMOVED)) == 0
                && (s & COUNT) == live
                && (s & TYPE) != typeBits(to)
                && casState(s, s | CHANGING);
    }

    boolean isChanging() {
        return (stateVolatile() & CHANGING) != 0;
    }

    /** One more reservation for who changes it. */
    void reserveInChange() {
        for (; ; ) {
            long s = stateVolatile();
            if (casState(s, s + ONE_LIVE)) {
                return;
            }
        }
    }

    /** The series of the old type have ended: those reserved in the change are of this one. Null changes nothing. */
    void endChange(MetricType to) {
        for (; ; ) {
            long s = stateVolatile();
            long next = s & ~CHANGING;
            if (casState(s, to == null || (s & COUNT) == 0 ? next : next & ~TYPE | typeBits(to))) {
                return;
            }
        }
    }

    /** Gives one live series or reservation back; with the last one goes the type. */
    void release() {
        for (; ; ) {
            long s = stateVolatile();
            assert (s & COUNT) != 0 : text;
            long less = s - ONE_LIVE;
            if (casState(s, (less & COUNT) == 0 ? less & ~TYPE : less)) {
                return;
            }
        }
    }

    /** One more record; false when this family has been removed. */
    boolean addRecord() {
        for (; ; ) {
            long s = stateVolatile();
            if ((s & REMOVED) != 0) {
                return false;
            }
            if (casState(s, s + ONE_RECORD)) {
                return true;
            }
        }
    }

    /** One record less; true when nothing is left that would keep the family. */
    boolean dropRecord() {
        for (; ; ) {
            long s = stateVolatile();
            assert (s / ONE_RECORD & COUNT) != 0 : text;
            if (casState(s, s - ONE_RECORD)) {
                return s - ONE_RECORD == 0;
            }
        }
    }

    /** Keeper only: from unused to removed. */
    boolean remove() {
        return casState(0, REMOVED);
    }

    boolean isUnused() {
        return stateVolatile() == 0;
    }

    @Override
    public String toString() {
        return text;
    }
}
