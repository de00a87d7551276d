package io.weir.store;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** One part of the table, chosen by the upper bits of the hash: its current index and how full that is. Any thread. */
final class Shard {
    private static final int USED = 0;
    private static final int MAX_USED = 1;
    private static final int LIVE = 2;
    private static final int REFUSED = 3;
    private static final VarHandle INDEX;

    static {
        try {
            INDEX = MethodHandles.lookup().findVarHandle(Shard.class, "index", Index.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private Index index;
    private final CacheLine counters = new CacheLine();
    private int rebuiltTick = -1;
    private boolean fruitful = true;

    Shard(int capacity, int maxUsed) {
        counters.set(MAX_USED, maxUsed);
        INDEX.setVolatile(this, new Index(capacity));
    }

    Index indexAcquire() {
        Steps.step();
        return (Index) INDEX.getAcquire(this);
    }

    void indexRelease(Index next) {
        Steps.step();
        INDEX.setRelease(this, next);
    }

    /** Words in use or promised, of which {@link #maxUsed} is never passed. */
    int used() {
        return (int) counters.get(USED);
    }

    int maxUsed() {
        return (int) counters.get(MAX_USED);
    }

    void maxUsed(int max) {
        Steps.step();
        counters.set(MAX_USED, max);
    }

    /** Promises a word; false when the index is full, which the keeper is told. */
    boolean take() {
        Steps.step();
        if (counters.getAndAdd(USED, 1) < counters.get(MAX_USED)) {
            return true;
        }
        counters.getAndAdd(USED, -1);
        counters.set(REFUSED, 1);
        return false;
    }

    void give() {
        Steps.step();
        counters.getAndAdd(USED, -1);
    }

    /** Live records among the words. */
    int live() {
        return (int) counters.get(LIVE);
    }

    void live(int delta) {
        counters.getAndAdd(LIVE, delta);
    }

    /** Keeper only: a rebuild has dropped this many words. */
    void rebuilt(int tick, int dropped) {
        rebuiltTick = tick;
        fruitful = dropped > 0;
    }

    /** Keeper only: whether a rebuild at this tick has found nothing to drop. */
    boolean wasFruitless(int tick) {
        return !fruitful && rebuiltTick == tick;
    }

    boolean refused() {
        return counters.get(REFUSED) != 0;
    }

    void clearRefused() {
        counters.set(REFUSED, 0);
    }
}
