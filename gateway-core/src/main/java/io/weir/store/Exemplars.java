package io.weir.store;

import io.weir.snapshot.Exemplar;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The latest exemplar of each counter and of each bucket, in memory only. Written by event loops when a batch is applied, read
 * by the keeper for a snapshot, which also drops those of series that have ended. Any thread.
 *
 * <p>Limit: {@code --exemplars.max} exemplars; at the limit only those there are renewed, until the next snapshot has dropped
 * some. Which of two concurrent pushes counts as the later one is not defined.
 */
public final class Exemplars {
    private record Key(long reference, long bound) {}

    private final ConcurrentHashMap<Key, Exemplar> all = new ConcurrentHashMap<>();
    private final AtomicInteger size = new AtomicInteger();
    private volatile int max;

    Exemplars() {}

    /** Most exemplars that are kept; 0, as it is at first, for none. */
    public void max(int exemplars) {
        max = exemplars;
    }

    public int max() {
        return max;
    }

    public int size() {
        return size.get();
    }

    /**
     * Keeps the exemplar of a series in the place of the one for the same bucket. One that says the same as that leaves it
     * there, so that an exemplar pushed time after time is one object, which outputs take for delivered.
     */
    public void put(long reference, Exemplar exemplar) {
        Key key = new Key(reference, Double.doubleToLongBits(exemplar.bound()));
        Exemplar there = all.get(key);
        if (there != null && there.isSameAs(exemplar) || all.replace(key, exemplar) != null) {
            return;
        }
        if (size.incrementAndGet() > max || all.put(key, exemplar) != null) {
            size.decrementAndGet();
        }
    }

    /** Those of live series by series number. Keeper only. */
    Map<Integer, Exemplar[]> take(Slab slab) {
        if (size.get() == 0) {
            return Map.of();
        }
        Map<Integer, Exemplar[]> live = new HashMap<>();
        all.forEach((key, exemplar) -> {
            int n = (int) key.reference;
            long meta = slab.metaAcquire(n);
            if (Slab.life(meta) != (int) (key.reference >>> 32) || !slab.isLive(n, meta)) {
                if (all.remove(key, exemplar)) {
                    size.decrementAndGet();
                }
                return;
            }
            Exemplar[] there = live.getOrDefault(n, Exemplar.NONE);
            Exemplar[] more = Arrays.copyOf(there, there.length + 1);
            more[there.length] = exemplar;
            live.put(n, more);
        });
        return live;
    }
}
