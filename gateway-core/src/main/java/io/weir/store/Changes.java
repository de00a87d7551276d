package io.weir.store;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Map;
import java.util.TreeSet;

/**
 * The series that one thread has begun or ended, for the keeper, who has read how far: so a layout needs not be made anew
 * for a few of them. Bounded: what nobody has read is overwritten. One thread adds, one reads.
 *
 * <p>An entry is added after the change and before it is counted as a revival or kill.
 */
final class Changes {
    /** Entries that are held, a power of two; small in tests, so that some are lost. */
    static final int SIZE = Integer.getInteger("weir.store.changes", 1 << 12);

    private static final VarHandle COUNT;

    static {
        try {
            COUNT = MethodHandles.lookup().findVarHandle(Changes.class, "count", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int[] numbers = new int[SIZE];
    private final Family[] families = new Family[SIZE];
    private long count;

    /** Entries read, or passed over. */
    private long read;

    void add(int n, Family family) {
        long at = count;
        // who sees this entry in the place of an older one also sees that count has come so far
        VarHandle.storeStoreFence();
        numbers[(int) at & SIZE - 1] = n;
        families[(int) at & SIZE - 1] = family;
        COUNT.setRelease(this, at + 1);
    }

    /** Keeper only: whether so much is waiting that some of it will soon be lost. */
    boolean isFilling() {
        return (long) COUNT.getAcquire(this) - read > SIZE / 2;
    }

    /** Keeper only: adds what has come since the last call, by family; false when some of that is lost. */
    boolean read(Map<Family, TreeSet<Integer>> into) {
        long end = (long) COUNT.getAcquire(this);
        long from = read;
        read = end;
        if (end - from >= SIZE) {
            return false;
        }
        for (long i = from; i < end; i++) {
            Family family = families[(int) i & SIZE - 1];
            int n = numbers[(int) i & SIZE - 1];
            VarHandle.acquireFence();
            if ((long) COUNT.getAcquire(this) - i >= SIZE) {
                return false;
            }
            into.computeIfAbsent(family, f -> new TreeSet<>()).add(n);
        }
        return true;
    }

    /** Keeper only: passes over what has come. */
    void skip() {
        read = (long) COUNT.getAcquire(this);
    }
}
