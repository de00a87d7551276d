package io.weir.ingest;

import io.weir.ingest.CellJoiner.Cell;
import io.weir.journal.Replace;
import io.weir.sample.Code;
import io.weir.sample.MetricType;
import io.weir.store.Family;
import io.weir.store.Group;
import io.weir.store.TableWriter;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * Keeps the list of a group's members while batches are applied to it, and ends those that a batch replaces. The cost is in
 * proportion to the batch and the group, and next to nothing when the same body comes again. Event loop only.
 */
final class GroupMembers {
    private static final int KEPT_MAX = 1 << 16;

    private final TableWriter writer;
    private final Set<Family> families = Collections.newSetFromMap(new IdentityHashMap<>());
    private long[] named = new long[16];
    private long[] sorted = new long[16];
    private int size;
    private long[] taken = new long[16];
    private int takenSize;

    GroupMembers(TableWriter writer) {
        this.writer = writer;
    }

    /** Refuses a batch that names a series twice, when it is to say what the group is from now on. All are prepared. */
    Code refuseTwice(Batch batch) {
        collect(batch);
        boolean same;
        synchronized (batch.group) {
            same = batch.group.isExactly(named, size);
        }
        if (same) {
            return Code.OK;
        }
        sort();
        for (int i = 1; i < size; i++) {
            if (sorted[i] == sorted[i - 1]) {
                batch.detail("of " + writer.family(sorted[i]).text());
                return Code.SERIES_TWICE;
            }
        }
        return Code.OK;
    }

    /**
     * Whether a family may have another type once this batch is applied: when every live series of it is the group's own and
     * is replaced.
     */
    boolean change(Batch batch, Family family, MetricType to) {
        MetricType already = batch.changes == null ? null : batch.changes.get(family);
        if (already != null) {
            return already == to;
        }
        Group group = batch.group;
        Set<Long> live = new HashSet<>();
        synchronized (group) {
            for (int i = 0; i < group.size(); i++) {
                long member = group.member(i);
                if (writer.owner(member) == group
                        && writer.state(member) == TableWriter.LIVE
                        && writer.family(member) == family) {
                    live.add(member);
                }
            }
        }
        if (live.isEmpty() || !writer.beginChange(family, to, live.size())) {
            return false;
        }
        if (batch.changes == null) {
            batch.changes = new IdentityHashMap<>();
        }
        batch.changes.put(family, to);
        return true;
    }

    /** The batch will not be applied: families keep their types. */
    void abandonChanges(Batch batch) {
        if (batch.changes != null) {
            batch.changes.keySet().forEach(family -> writer.endChange(family, null));
            batch.changes = null;
        }
    }

    // ---- inside the gate, under the monitor of the group

    /** Applying begins: where a family gets another type, its old series end first. */
    void begin(Batch batch) {
        takenSize = 0;
        if (batch.changes == null) {
            return;
        }
        Group group = batch.group;
        for (int i = 0; i < group.size(); i++) {
            long member = group.member(i);
            MetricType to = writer.owner(member) == group ? batch.changes.get(writer.family(member)) : null;
            if (to != null && writer.type(member) != to) {
                writer.kill(member, group);
            }
        }
        batch.changes.forEach(writer::endChange);
        batch.changes = null;
    }

    /** A dead series has been given a value by the batch. */
    void took(Batch batch, int newcomer, long reference) {
        writer.claim(reference, batch.group);
        if (newcomer < 0) {
            take(reference);
        }
    }

    /** The batch has been applied. */
    void settle(Batch batch) {
        settleMembers(batch);
        Group group = batch.group;
        if (batch.toldAt >= 0 && (batch.ttlAt >= 0 || group.isTimed())) {
            writer.timed(
                    group,
                    reference(batch, batch.targets[batch.toldAt]),
                    batch.ttlAt < 0 ? group.ttl() : reference(batch, batch.targets[batch.ttlAt]));
        }
    }

    private void settleMembers(Batch batch) {
        Group group = batch.group;
        Newcomers newcomers = batch.newcomers;
        for (int i = 0, n = newcomers.size(); i < n; i++) {
            if (newcomers.isClaimed(i)) {
                newcomers.claimed(i, false);
                take(newcomers.reference(i));
            }
        }
        if (batch.replace == Replace.NOTHING) {
            if (takenSize > 0) {
                group.add(taken, takenSize, writer);
            }
            return;
        }

        collect(batch);
        if (group.isExactly(named, size)) {
            return;
        }
        sort();
        boolean all = batch.replace == Replace.ALL;
        if (!all) {
            for (int i = 0; i < size; i++) {
                families.add(writer.family(named[i]));
            }
        }
        int pushed = size;
        for (int i = 0; i < group.size(); i++) {
            long member = group.member(i);
            if (Arrays.binarySearch(sorted, 0, pushed, member) >= 0 || writer.owner(member) != group) {
                continue;
            }
            if (all || families.contains(writer.family(member))) {
                writer.kill(member, group);
            } else {
                name(member);
            }
        }
        families.clear();
        group.members(named, size);
        if (named.length > KEPT_MAX) {
            named = new long[16];
            sorted = new long[16];
        }
    }

    private void take(long reference) {
        if (takenSize == taken.length) {
            taken = Arrays.copyOf(taken, takenSize << 1);
        }
        taken[takenSize++] = reference;
    }

    private void name(long reference) {
        if (size == named.length) {
            named = Arrays.copyOf(named, size << 1);
        }
        named[size++] = reference;
    }

    /** The series of a batch, in the order of the body. */
    private void collect(Batch batch) {
        size = 0;
        for (int i = 0; i < batch.size; i++) {
            name(reference(batch, batch.targets[i]));
        }
        CellJoiner joiner = batch.joiner;
        for (int i = 0; i < joiner.size(); i++) {
            Cell cell = joiner.cell(i);
            if (cell.value != null) {
                name(reference(batch, cell.target));
            }
        }
    }

    private static long reference(Batch batch, long target) {
        return target >= 0 ? target : batch.newcomers.reference((int) (-1 - target));
    }

    private void sort() {
        if (sorted.length < size) {
            sorted = new long[named.length];
        }
        System.arraycopy(named, 0, sorted, 0, size);
        Arrays.sort(sorted, 0, size);
    }
}
