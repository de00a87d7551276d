package io.weir.store;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** What must hold of a table at rest: no writer inside, keeper idle. */
final class Invariants {
    private Invariants() {}

    static void check(SeriesTable table, Keeper keeper) {
        Slab slab = table.slab;
        int high = table.numbers.high();
        BitSet indexed = new BitSet(high);
        Map<Family, int[]> families = new HashMap<>();
        int live = 0;
        for (Shard shard : table.shards) {
            Index index = shard.indexAcquire();
            require(index.nextAcquire() == null, "the current index has no next");
            Set<String> keys = new HashSet<>();
            int words = 0;
            int shardLive = 0;
            for (int i = 0; i < index.capacity; i++) {
                long word = index.wordAcquire(i);
                require(word != Index.SEALED, "no word of the current index is sealed");
                if (word == Index.FREE) {
                    continue;
                }
                words++;
                int n = (int) word;
                long h0 = slab.h0Plain(n);
                long h1 = slab.h1Plain(n);
                require(!indexed.get(n), "number " + n + " is in one index only");
                indexed.set(n);
                require(keys.add(h0 + ":" + h1), "no key is twice in an index");
                require(table.shard(h0) == shard, "a record is in the shard of its hash");
                require((word & Index.TAG) == Index.tag(h1), "the tag is that of the hash");
                for (int j = index.home(h0); j != i; j = j + 1 == index.capacity ? 0 : j + 1) {
                    require(index.wordAcquire(j) != Index.FREE, "nothing free on the way to a word");
                }
                long meta = slab.metaAcquire(n);
                require(!Slab.isRetiring(meta), "no record of the current index is retired");
                int[] counts = families.computeIfAbsent(slab.family(n), f -> new int[2]);
                counts[0]++;
                if (slab.isLive(n, meta)) {
                    counts[1]++;
                    shardLive++;
                }
            }
            require(words == shard.used(), "used " + shard.used() + " = words " + words);
            require(words <= shard.maxUsed(), "words " + words + " <= bound " + shard.maxUsed());
            require(shardLive == shard.live(), "shard live " + shard.live() + " = records " + shardLive);
            live += shardLive;
        }
        require(live == table.live(), "live " + table.live() + " = records " + live);
        families.forEach((f, counts) -> {
            require(f.records() == counts[0], f + " records " + f.records() + " = " + counts[0]);
            require(f.live() == counts[1], f + " live " + f.live() + " = " + counts[1]);
            require(!f.isRemoved(), f + " with records is not removed");
            require((f.type() == null) == (counts[1] == 0), f + " has a type while it has live series");
        });
        for (Family f : table.families().all()) {
            require(families.containsKey(f) || f.isUnused(), f + " without records is unused");
        }

        int[] count = new int[high];
        for (int n = 0; n < high; n++) {
            count[n] = indexed.get(n) ? 1 : 0;
            require(
                    Slab.isOpen(slab.metaAcquire(n)) == indexed.get(n),
                    "record " + n + " is open if and only if it is in an index");
        }
        for (TableWriter writer : table.writers()) {
            if (writer.spare() >= 0) {
                count[writer.spare()]++;
            }
        }
        Arrays.stream(table.numbers.waiting()).forEach(n -> count[n]++);
        Arrays.stream(keeper.compaction().limbo()).forEach(n -> count[n]++);
        for (int n = 0; n < high; n++) {
            require(count[n] == 1, "number " + n + " is in one place, not in " + count[n]);
        }
    }

    static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("violated: " + what);
        }
    }
}
