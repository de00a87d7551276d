package io.weir.store;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;

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
    private volatile long recycled;

    /** Numbers whose records were retired before {@code epoch} began. */
    private record Retired(long epoch, int[] numbers) {}

    Compaction(SeriesTable table) {
        this.table = table;
        this.slab = table.slab;
    }

    long rebuilds() {
        return rebuilds;
    }

    /** Numbers returned for reuse. */
    long recycled() {
        return recycled;
    }

    /**
     * Whether dead words take up so much of the shard that it should be rebuilt. Where series come and go, dead records would
     * otherwise take memory up to a quarter of the limit, however few series live; a rebuild walks at most 64 words for each
     * record that it takes back.
     */
    boolean isDue(Shard shard) {
        if (shard.wasFruitless(table.tick())) {
            return false;
        }
        int used = shard.used();
        int dead = used - shard.live();
        int capacity = shard.indexAcquire().capacity;
        return dead > capacity / 4 || dead > capacity / 16 && used > capacity / 4 * 3
                || dead > capacity / 64 && (dead > shard.live() || shard.refused());
    }

    /**
     * Moves words to a new index of {@code capacity} words, without those of dead records; false when they would not fit.
     * Dead records stay that were touched in this second or by a commit that is going on: it may be about to revive them.
     */
    boolean rebuild(Shard shard, int capacity) {
        Index old = shard.indexAcquire();
        int bound = table.maxUsed(capacity);
        int before = shard.maxUsed();
        shard.maxUsed(Math.min(bound, before));
        if (shard.used() > bound) {
            shard.maxUsed(before);
            return false;
        }

        int youngTick = table.youngTick();
        Index next = new Index(capacity);
        old.nextVolatile(next);
        int count = 0;
        for (int i = 0; i < old.capacity; i++) {
            long word = old.claimWord(i, Index.SEALED);
            if (word == Index.FREE) {
                continue;
            }
            int n = (int) word;
            if (retire(n, youngTick)) {
                close(n);
                if (count == noted.length) {
                    noted = Arrays.copyOf(noted, count * 2);
                }
                noted[count++] = n;
                table.arena.retire(slab.text(n));
                familyUnused |= slab.family(n).dropRecord();
                shard.give();
            } else {
                carry(next, n, word);
            }
        }

        shard.indexRelease(next);
        shard.maxUsed(bound);
        shard.clearRefused();
        shard.rebuilt(table.tick(), count);
        long epoch = table.nextEpoch();
        if (count > 0) {
            limbo.add(new Retired(epoch, Arrays.copyOf(noted, count)));
        }
        rebuilds = rebuilds + 1;
        return true;
    }

    /**
     * From dead to retired; false when the record is live or young. The CAS on meta decides: it fails when somebody has
     * touched the record since, and whoever comes later sees that it is over. So nobody can revive it after that.
     */
    private boolean retire(int n, int youngTick) {
        long meta = slab.metaAcquire(n);
        if (Slab.tick(meta) >= youngTick
                || slab.isLive(n, meta)
                || !slab.casMeta(n, meta, Slab.withTick(meta, Slab.RETIRING))) {
            return false;
        }
        boolean retired = Slab.isScalar(meta) || slab.casCell(n, null, Slab.GONE);
        retired &= slab.casValue(n, Slab.DEAD, Slab.RETIRED);
        assert retired;
        return true;
    }

    private void close(int n) {
        long meta = slab.metaAcquire(n);
        boolean closed = slab.casMeta(n, meta, Slab.closed(meta));
        assert closed;
    }

    /** Puts a word where its key is looked for. There is room: words here and words to come are within the bound. */
    private void carry(Index next, int n, long word) {
        int i = next.home(slab.h0Plain(n));
        while (next.claimWord(i, word) != Index.FREE) {
            i = i + 1 == next.capacity ? 0 : i + 1;
        }
    }

    /** Returns numbers that no writer can still mean; answers how many. A writer that stays inside delays it. */
    int recycle() {
        int given = 0;
        while (!limbo.isEmpty() && isOver(limbo.peek().epoch)) {
            int[] numbers = limbo.poll().numbers;
            table.numbers.give(numbers);
            given += numbers.length;
        }
        recycled = recycled + given;
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

    /** Moves texts out of chunks in which little lives, and drops those. */
    void reclaimText(TextArena.Tail tail) {
        TextArena arena = table.arena;
        BitSet settled = arena.settled();
        byte[][] chunks = arena.chunks();
        int high = table.numbers.high();
        int[] live = new int[chunks.length];
        for (int n = slab.nextProvided(0, high); n < high; n = slab.nextProvided(n + 1, high)) {
            if (Slab.isOpen(slab.metaAcquire(n)) && TextArena.chunk(slab.text(n)) < live.length) {
                live[TextArena.chunk(slab.text(n))] += TextArena.length(slab.text(n));
            }
        }
        BitSet sparse = TextArena.sparse(settled, chunks, live);
        for (int n = slab.nextProvided(0, high); n < high; n = slab.nextProvided(n + 1, high)) {
            // Only an open record's text is its own for sure, and only this thread closes records.
            if (Slab.isOpen(slab.metaAcquire(n)) && sparse.get(TextArena.chunk(slab.text(n)))) {
                long from = slab.text(n);
                byte[] chunk = chunks[TextArena.chunk(from)];
                long to = tail.append(chunk, TextArena.offset(from), TextArena.length(from));
                if (to < 0) {
                    return;
                }
                slab.textRelease(n, to);
                tail.keep();
                arena.moved(from);
            }
        }
        arena.drop(sparse);
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
