package io.weir.store;

import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * Rebuilds the index of a shard without its dead words, and returns the numbers of the dead records after a grace. Keeper
 * only. Values, texts and references stay where they are; only index words are copied.
 */
final class Compaction {
    private final SeriesTable table;
    private final Slab slab;
    private final ArrayDeque<Retired> limbo = new ArrayDeque<>();
    private int[] noted = new int[1024];
    private boolean familyUnused;
    private volatile long rebuilds;

    /** Numbers whose records were retired before {@code epoch} began. */
    private record Retired(long epoch, int[] numbers) {}

    Compaction(SeriesTable table) {
        this.table = table;
        this.slab = table.slab;
    }

    long rebuilds() {
        return rebuilds;
    }

    /** Whether dead words take up so much of the shard that it should be rebuilt. */
    static boolean isDue(Shard shard) {
        int used = shard.used();
        int dead = used - shard.live();
        int capacity = shard.indexAcquire().capacity;
        return dead > capacity / 4 || dead > capacity / 16 && used > capacity / 4 * 3
                || dead > capacity / 64 && shard.refused();
    }

    /** Moves the words of live records to a new index of {@code capacity} words; false when they would not fit. */
    boolean rebuild(Shard shard, int capacity) {
        Index old = shard.indexAcquire();
        int bound = table.maxUsed(capacity);
        int before = shard.maxUsed();
        shard.maxUsed(Math.min(bound, before));
        if (shard.used() > bound) {
            shard.maxUsed(before);
            return false;
        }

        Index next = new Index(capacity);
        old.nextVolatile(next);
        int count = 0;
        for (int i = 0; i < old.capacity; i++) {
            long word = old.claimWord(i, Index.SEALED);
            if (word == Index.FREE) {
                continue;
            }
            int n = (int) word;
            if (retire(n)) {
                close(n);
                if (count == noted.length) {
                    noted = Arrays.copyOf(noted, count * 2);
                }
                noted[count++] = n;
                familyUnused |= slab.family(n).dropRecord();
                shard.give();
            } else {
                carry(next, n, word);
            }
        }

        shard.indexRelease(next);
        shard.maxUsed(bound);
        shard.clearRefused();
        long epoch = table.nextEpoch();
        if (count > 0) {
            limbo.add(new Retired(epoch, Arrays.copyOf(noted, count)));
        }
        rebuilds = rebuilds + 1;
        return true;
    }

    /** From dead to retired, one CAS on the liveness word; false when the record is live. */
    private boolean retire(int n) {
        if (Slab.isScalar(slab.metaAcquire(n))) {
            return slab.casValue(n, Slab.DEAD, Slab.RETIRED);
        }
        if (!slab.casCell(n, null, Slab.GONE)) {
            return false;
        }
        boolean retired = slab.casValue(n, Slab.DEAD, Slab.RETIRED);
        assert retired;
        return true;
    }

    private void close(int n) {
        long meta;
        do {
            meta = slab.metaAcquire(n);
        } while (!slab.casMeta(n, meta, Slab.closed(meta)));
    }

    /** Puts a word where its key is looked for. There is room: words here and words to come are within the bound. */
    private void carry(Index next, int n, long word) {
        int i = next.home(slab.h0Plain(n));
        while (next.claimWord(i, word) != Index.FREE) {
            i = i + 1 == next.capacity ? 0 : i + 1;
        }
    }

    /** Returns numbers that no writer can still mean; answers how many. A writer that is stalled inside delays this only. */
    int recycle() {
        int given = 0;
        while (!limbo.isEmpty() && isOver(limbo.peek().epoch)) {
            int[] numbers = limbo.poll().numbers;
            table.numbers.give(numbers);
            given += numbers.length;
        }
        return given;
    }

    private boolean isOver(long epoch) {
        for (TableWriter writer : table.writers()) {
            long e = writer.epoch();
            if (e != 0 && e < epoch) {
                return false;
            }
        }
        return true;
    }

    /** Whether a family has lost its last record since the last call. */
    boolean takeFamilyUnused() {
        boolean unused = familyUnused;
        familyUnused = false;
        return unused;
    }

    /** Numbers in their grace. */
    int[] limbo() {
        return limbo.stream().flatMapToInt(r -> Arrays.stream(r.numbers)).toArray();
    }
}
