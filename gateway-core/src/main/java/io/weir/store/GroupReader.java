package io.weir.store;

import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.GroupSnapshot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** Reads groups with what they own. Keeper only, while the gate is closed. */
final class GroupReader {
    private static final Comparator<GroupSnapshot.Series> ORDER = Comparator
            .comparing(GroupSnapshot.Series::family, Arrays::compareUnsigned)
            .thenComparing(GroupSnapshot.Series::labels, Arrays::compareUnsigned);

    private final SeriesTable table;
    private final Slab slab;

    GroupReader(SeriesTable table) {
        this.table = table;
        this.slab = table.slab;
    }

    /** Every group that owns something, sorted by key. */
    List<GroupSnapshot> read() {
        List<GroupSnapshot> groups = new ArrayList<>();
        for (Group group : table.groups().all()) {
            List<GroupSnapshot.Series> series = new ArrayList<>();
            synchronized (group) {
                long[] members = new long[group.size()];
                for (int i = 0; i < members.length; i++) {
                    members[i] = group.member(i);
                }
                Arrays.sort(members);
                for (int i = 0; i < members.length; i++) {
                    if (i == 0 || members[i] != members[i - 1]) {
                        add(series, group, members[i]);
                    }
                }
            }
            if (!series.isEmpty()) {
                series.sort(ORDER);
                groups.add(new GroupSnapshot(group.key(), series));
            }
        }
        groups.sort(Comparator.comparing(GroupSnapshot::key, Arrays::compareUnsigned));
        return groups;
    }

    private void add(List<GroupSnapshot.Series> series, Group group, long member) {
        int n = (int) member;
        long meta = slab.metaAcquire(n);
        if (Slab.life(meta) != (int) (member >>> 32) || slab.owner(n) != group) {
            return;
        }
        boolean scalar = Slab.isScalar(meta);
        long word = scalar ? slab.valueAcquire(n) : Slab.DEAD;
        Object cell = scalar ? null : slab.cellAcquire(n);
        if (!Slab.isLive(word) && !(cell instanceof CellValue)) {
            return;
        }
        Family family = slab.family(n);
        long text = slab.text(n);
        int from = TextArena.offset(text);
        series.add(new GroupSnapshot.Series(
                family.name,
                MetricType.of(Slab.kind(meta)),
                family.help(),
                Arrays.copyOfRange(table.arena.chunks()[TextArena.chunk(text)], from, from + TextArena.length(text)),
                scalar ? Slab.decode(word) : 0,
                scalar ? null : (CellValue) cell));
    }
}
