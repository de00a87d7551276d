package io.weir.store;

import io.weir.snapshot.CellValue;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Records by series number: they never move. Any thread, by the protocol of {@link TableWriter} and {@link Keeper}.
 *
 * <pre>
 *   record n: chunk n >> 13, word 6 + 4 * (n & 8191); with the array header the six words make one cache line
 *   +--------+--------+-----------------+--------------------------------+
 *   |   h0   |   h1   |  value          |  meta                          |
 *   |        |        |  bits ^ STALE   |  kind 4 | life 28 | tick 32    |
 *   +--------+--------+-----------------+--------------------------------+
 *   beside it, chunked alike: place of the label text, family, when it began, and where needed cell, stamp, owner and
 *   time to live
 * </pre>
 *
 * The value word is the liveness word: 0 is dead (the stale marker, so fresh memory is dead), 1 is retired; both are
 * signalling NaNs that arithmetic never yields. For a histogram or summary the cell is the liveness word: null is dead,
 * {@link #GONE} retired; its value word only goes from dead to retired. {@code life} counts the uses of a number and is
 * odd while the record is open; {@code tick} is the second of the last touch, or {@link #RETIRING}.
 */
final class Slab {
    /** Records of a chunk as a power of two; small in tests, so that they cross chunks and start fast. */
    static final int CHUNK_BITS = Integer.getInteger("weir.store.chunkBits", 13);

    static final int CHUNK = 1 << CHUNK_BITS;
    static final long DEAD = 0;
    static final long RETIRED = 1;
    static final Object GONE = new Object();

    /** Tick of a record that is being retired or has been, until its number is used again. */
    static final int RETIRING = -1;

    static final long LIFE_ONE = 1L << 32;
    private static final long LIFE_MASK = 0xfff_ffffL;
    private static final int KIND_SHIFT = 60;
    private static final int SCALAR_KINDS = 3;

    private static final long STALE = 0x7ff0_0000_0000_0002L;
    private static final long NAN = 0x7ff8_0000_0000_0000L;
    private static final int BASE = 6;
    private static final int H1 = 1;
    private static final int VALUE = 2;
    private static final int META = 3;

    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(Object[].class);
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[][].class);
    private static final VarHandle FAMILIES = MethodHandles.arrayElementVarHandle(Family[][].class);
    private static final VarHandle CELLS = MethodHandles.arrayElementVarHandle(Object[][].class);
    private static final VarHandle TTL = MethodHandles.arrayElementVarHandle(int[].class);
    private static final VarHandle TTLS = MethodHandles.arrayElementVarHandle(int[][].class);
    private static final VarHandle OWNER = MethodHandles.arrayElementVarHandle(Group[].class);
    private static final VarHandle OWNERS = MethodHandles.arrayElementVarHandle(Group[][].class);

    private final int numbersMax;
    private final long[][] records;
    private final long[][] texts;
    private final long[][] begun;
    private final Family[][] families;
    private final Object[][] cells;
    private final long[][] stamps;
    private final Group[][] owners;
    private final int[][] ttls;

    Slab(int numbersMax) {
        this.numbersMax = numbersMax;
        int chunks = (numbersMax + CHUNK - 1) >> CHUNK_BITS;
        records = new long[chunks][];
        texts = new long[chunks][];
        begun = new long[chunks][];
        families = new Family[chunks][];
        cells = new Object[chunks][];
        stamps = new long[chunks][];
        owners = new Group[chunks][];
        ttls = new int[chunks][];
    }

    int numbersMax() {
        return numbersMax;
    }

    // values as words

    static long encode(double x) {
        return (x != x ? NAN : Double.doubleToRawLongBits(x)) ^ STALE;
    }

    static double decode(long word) {
        return Double.longBitsToDouble(word ^ STALE);
    }

    static long bits(long word) {
        return word ^ STALE;
    }

    static boolean isLive(long word) {
        return word != DEAD && word != RETIRED;
    }

    // meta words

    static long meta(int kind, int life, int tick) {
        return (long) kind << KIND_SHIFT | (life & LIFE_MASK) << 32 | tick & 0xffff_ffffL;
    }

    static int kind(long meta) {
        return (int) (meta >>> KIND_SHIFT);
    }

    static boolean isScalar(long meta) {
        return kind(meta) < SCALAR_KINDS;
    }

    static int life(long meta) {
        return (int) (meta >>> 32 & LIFE_MASK);
    }

    static boolean isOpen(long meta) {
        return (meta & LIFE_ONE) != 0;
    }

    static int tick(long meta) {
        return (int) meta;
    }

    static boolean isRetiring(long meta) {
        return (int) meta == RETIRING;
    }

    static long withTick(long meta, int tick) {
        return meta & ~0xffff_ffffL | tick & 0xffff_ffffL;
    }

    /** The meta word with the even life after this one. */
    static long closed(long meta) {
        int life = life(meta);
        return meta(kind(meta), (life | 1) + 1, tick(meta));
    }

    // memory

    /** Makes sure that record {@code n} has memory. Dead by nature, since fresh memory is zero. */
    void provide(int n) {
        int c = n >> CHUNK_BITS;
        if (LONGS.getAcquire(records, c) == null) {
            LONGS.compareAndSet(texts, c, null, new long[CHUNK]);
            LONGS.compareAndSet(begun, c, null, new long[CHUNK]);
            FAMILIES.compareAndSet(families, c, null, new Family[CHUNK]);
            LONGS.compareAndSet(records, c, null, new long[BASE + 4 * CHUNK]);
        }
    }

    void provideCell(int n) {
        int c = n >> CHUNK_BITS;
        if (CELLS.getAcquire(cells, c) == null) {
            CELLS.compareAndSet(cells, c, null, new Object[CHUNK]);
        }
    }

    /** The first number from {@code n} on whose chunk exists, for scans; {@code high} when there is none. */
    int nextProvided(int n, int high) {
        while (n < high && (n & CHUNK - 1) == 0 && !isProvided(n)) {
            n += CHUNK;
        }
        return Math.min(n, high);
    }

    /** Whether the chunk of {@code n} exists; numbers are issued before their memory is. */
    boolean isProvided(int n) {
        return LONGS.getAcquire(records, n >> CHUNK_BITS) != null;
    }

    static int at(int n) {
        return BASE + ((n & CHUNK - 1) << 2);
    }

    /** The array of a record, {@link #at} in it: for those who take several steps, as the JIT looks both up anew for each. */
    long[] chunk(int n) {
        return records[n >> CHUNK_BITS];
    }

    // record words; plain ones are those the publishing CAS covers

    /** Fills a private record: everything but its index word, which publishes it. */
    void fill(int n, long h0, long h1, long meta, Family family, long text) {
        long[] chunk = chunk(n);
        int at = at(n);
        chunk[at] = h0;
        chunk[at + H1] = h1;
        chunk[at + META] = meta;
        chunk[at + VALUE] = DEAD;
        families[n >> CHUNK_BITS][n & CHUNK - 1] = family;
        texts[n >> CHUNK_BITS][n & CHUNK - 1] = text;
        long[] s = (long[]) LONGS.getAcquire(stamps, n >> CHUNK_BITS);
        if (s != null) {
            s[n & CHUNK - 1] = 0;
        }
        Group[] o = (Group[]) OWNERS.getAcquire(owners, n >> CHUNK_BITS);
        if (o != null) {
            o[n & CHUNK - 1] = null;
        }
        clearTtl(n);
        if (!isScalar(meta)) {
            provideCell(n);
            cells[n >> CHUNK_BITS][n & CHUNK - 1] = null;
        }
    }

    long h0Plain(int n) {
        return chunk(n)[at(n)];
    }

    long h1Plain(int n) {
        return chunk(n)[at(n) + H1];
    }

    long metaPlain(int n) {
        return chunk(n)[at(n) + META];
    }

    boolean hasKey(int n, long h0, long h1) {
        long[] chunk = chunk(n);
        int at = at(n);
        return chunk[at] == h0 && chunk[at + H1] == h1;
    }

    /**
     * Whether record {@code n}, any number, is open and has this key. The life is read first: a record that is being
     * filled may have the key already, and what is added to it is lost if its owner fails to publish it.
     */
    boolean isOpenWithKey(int n, long h0, long h1) {
        if (n >= numbersMax || !isProvided(n)) {
            return false;
        }
        return isOpen(metaAcquire(n)) && hasKey(n, h0, h1);
    }

    long metaAcquire(int n) {
        return metaAcquire(chunk(n), at(n));
    }

    static long metaAcquire(long[] chunk, int at) {
        Steps.step();
        return (long) WORD.getAcquire(chunk, at + META);
    }

    boolean casMeta(int n, long expected, long meta) {
        return casMeta(chunk(n), at(n), expected, meta);
    }

    static boolean casMeta(long[] chunk, int at, long expected, long meta) {
        Steps.step();
        return WORD.compareAndSet(chunk, at + META, expected, meta);
    }

    long valueAcquire(int n) {
        return valueAcquire(chunk(n), at(n));
    }

    static long valueAcquire(long[] chunk, int at) {
        Steps.step();
        return (long) WORD.getAcquire(chunk, at + VALUE);
    }

    boolean casValue(int n, long expected, long value) {
        Steps.step();
        return WORD.compareAndSet(chunk(n), at(n) + VALUE, expected, value);
    }

    /** CAS that returns the witness: {@code expected} for success. */
    long exchangeValue(int n, long expected, long value) {
        return exchangeValue(chunk(n), at(n), expected, value);
    }

    static long exchangeValue(long[] chunk, int at, long expected, long value) {
        Steps.step();
        return (long) WORD.compareAndExchange(chunk, at + VALUE, expected, value);
    }

    Family family(int n) {
        return families[n >> CHUNK_BITS][n & CHUNK - 1];
    }

    long text(int n) {
        return texts[n >> CHUNK_BITS][n & CHUNK - 1];
    }

    long textAcquire(int n) {
        return (long) WORD.getAcquire(texts[n >> CHUNK_BITS], n & CHUNK - 1);
    }

    void text(int n, long place) {
        texts[n >> CHUNK_BITS][n & CHUNK - 1] = place;
    }

    /** Of a record that others may be reading: the text is there before its place. */
    void textRelease(int n, long place) {
        WORD.setRelease(texts[n >> CHUNK_BITS], n & CHUNK - 1, place);
    }

    /** When the series began, epoch milliseconds, 0 for unknown; written before the value that begins it is released. */
    long begun(int n) {
        return begun[n >> CHUNK_BITS][n & CHUNK - 1];
    }

    void begun(int n, long epochMillis) {
        begun[n >> CHUNK_BITS][n & CHUNK - 1] = epochMillis;
    }

    // cells of histograms and summaries

    Object cellAcquire(int n) {
        Steps.step();
        return CELL.getAcquire(cells[n >> CHUNK_BITS], n & CHUNK - 1);
    }

    boolean casCell(int n, Object expected, Object cell) {
        Steps.step();
        return CELL.compareAndSet(cells[n >> CHUNK_BITS], n & CHUNK - 1, expected, cell);
    }

    /** Whether the record is live; {@code meta} tells its kind. */
    boolean isLive(int n, long meta) {
        return isScalar(meta) ? isLive(valueAcquire(n)) : cellAcquire(n) instanceof CellValue;
    }

    // stamps of values that are set by time, 0 for none

    /** Order-preserving image of a stamp in which zeroed memory is the oldest. */
    private static long stampWord(long stampNanos) {
        return stampNanos ^ Long.MIN_VALUE;
    }

    /** Raises the stamp to {@code stampNanos}; false when it is newer already. */
    boolean raiseStamp(int n, long stampNanos) {
        int c = n >> CHUNK_BITS;
        long[] chunk = (long[]) LONGS.getAcquire(stamps, c);
        if (chunk == null) {
            LONGS.compareAndSet(stamps, c, null, new long[CHUNK]);
            chunk = (long[]) LONGS.getAcquire(stamps, c);
        }
        long word = stampWord(stampNanos);
        for (; ; ) {
            Steps.step();
            long s = (long) WORD.getAcquire(chunk, n & CHUNK - 1);
            if (Long.compareUnsigned(s, word) > 0) {
                return false;
            }
            if (s == word || WORD.compareAndSet(chunk, n & CHUNK - 1, s, word)) {
                return true;
            }
        }
    }

    boolean isStampNewer(int n, long stampNanos) {
        Steps.step();
        long s = (long) WORD.getAcquire(stamps[n >> CHUNK_BITS], n & CHUNK - 1);
        return Long.compareUnsigned(s, stampWord(stampNanos)) > 0;
    }

    // groups that series belong to

    /** The group that owns the series or is about to, or null. */
    Group owner(int n) {
        Group[] chunk = (Group[]) OWNERS.getAcquire(owners, n >> CHUNK_BITS);
        return chunk == null ? null : (Group) OWNER.getVolatile(chunk, n & CHUNK - 1);
    }

    boolean casOwner(int n, Group expected, Group owner) {
        int c = n >> CHUNK_BITS;
        Group[] chunk = (Group[]) OWNERS.getAcquire(owners, c);
        if (chunk == null) {
            OWNERS.compareAndSet(owners, c, null, new Group[CHUNK]);
            chunk = (Group[]) OWNERS.getAcquire(owners, c);
        }
        Steps.step();
        return OWNER.compareAndSet(chunk, n & CHUNK - 1, expected, owner);
    }

    // seconds that series of their own time to live go on without a touch, 0 for none

    int ttl(int n) {
        int[] chunk = (int[]) TTLS.getAcquire(ttls, n >> CHUNK_BITS);
        return chunk == null ? 0 : (int) TTL.getAcquire(chunk, n & CHUNK - 1);
    }

    void ttl(int n, int seconds) {
        int c = n >> CHUNK_BITS;
        int[] chunk = (int[]) TTLS.getAcquire(ttls, c);
        if (chunk == null) {
            TTLS.compareAndSet(ttls, c, null, new int[CHUNK]);
            chunk = (int[]) TTLS.getAcquire(ttls, c);
        }
        TTL.setRelease(chunk, n & CHUNK - 1, seconds);
    }

    void clearTtl(int n) {
        int[] chunk = (int[]) TTLS.getAcquire(ttls, n >> CHUNK_BITS);
        if (chunk != null) {
            TTL.setRelease(chunk, n & CHUNK - 1, 0);
        }
    }

    void clearStamp(int n) {
        long[] chunk = (long[]) LONGS.getAcquire(stamps, n >> CHUNK_BITS);
        if (chunk != null) {
            WORD.setVolatile(chunk, n & CHUNK - 1, 0L);
        }
    }
}
