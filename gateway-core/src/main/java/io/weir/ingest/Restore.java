package io.weir.ingest;

import io.weir.journal.RecoverySink;
import io.weir.journal.StoredSeries;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.store.Family;
import io.weir.store.Group;
import io.weir.store.SeriesTable;
import io.weir.store.TableWriter;

/**
 * Puts what a journal kept back into the store. One thread, before event loops take pushes. A series limit that has been
 * lowered since does not keep series out that were there before.
 */
public final class Restore implements RecoverySink {
    private static final int SERIES_PER_ENTER = 1024;

    private final SeriesTable table;
    private final TableWriter writer;
    private final SeriesKey key;
    private final long[] one = new long[1];
    private byte[] lastName;
    private Family family;
    private int entered;
    private long restored;
    private long refused;

    /** @param hash the store's hash */
    public Restore(SeriesTable table, Limits limits, KeyHash hash) {
        this.table = table;
        this.writer = table.newWriter();
        this.key = new SeriesKey(limits, hash);
    }

    @Override
    public void series(StoredSeries s, long ageMillis) {
        if (entered++ % SERIES_PER_ENTER == 0) {
            writer.enter();
        }
        if (put(s, ageMillis)) {
            restored++;
        } else {
            refused++;
        }
        if (entered % SERIES_PER_ENTER == 0) {
            finish();
        }
    }

    private boolean put(StoredSeries s, long ageMillis) {
        if (s.family() != lastName || family.isRemoved()) {
            family = table.families().claim(s.family(), 0, s.family().length);
            if (family == null) {
                return false;
            }
            lastName = s.family();
        }
        key.sealed(s.type(), s.family(), s.labels(), s.labelsOffset(), s.labelsLength());
        if (writer.reserveAnyway(family, s.type()) != Code.OK) {
            return false;
        }
        if (key.quotesNames()) {
            family.quotesLabels();
        }
        long reference = writer.findOrCreate(
                key.h0(), key.h1(), family, s.type(), s.labels(), s.labelsOffset(), s.labelsLength());
        int result = reference <= TableWriter.NONE
                ? TableWriter.GONE
                : s.cell() != null
                ? writer.revive(reference, s.cell())
                : s.isStamped()
                ? writer.revive(reference, s.value(), s.stampNanos())
                : writer.revive(reference, s.value());
        if (result != TableWriter.APPLIED) {
            writer.release(family);
            return false;
        }
        writer.begun(reference, s.begunMillis());
        if (s.ttlSeconds() > 0) {
            writer.ttl(reference, s.ttlSeconds());
        }
        if (s.group() != null) {
            own(reference, s);
        }
        if (s.help() != null) {
            // after the first series, with which a family begins anew, without help
            family.help(s.help());
        }
        writer.backdate(reference, ageMillis / 1000);
        return true;
    }

    /** Nobody else is there yet, so neither gate nor order matter. */
    private void own(long reference, StoredSeries s) {
        byte[] key = s.group();
        Group group = table.groups().claim(key, 0, key.length);
        synchronized (group) {
            writer.claim(reference, group);
            one[0] = reference;
            group.add(one, 1, writer);
            byte[] name = s.family();
            if (GroupSeries.is(GroupSeries.TTL, name, 0, name.length)) {
                writer.timed(group, group.pushed(), reference);
            } else if (GroupSeries.is(GroupSeries.PUSHED, name, 0, name.length)) {
                writer.timed(group, reference, group.ttl());
            }
        }
        table.groups().release(group);
    }

    /** To be called after the last series. */
    public void finish() {
        writer.committed();
        writer.exit();
    }

    public long restored() {
        return restored;
    }

    /** Series for which the store has no room, or whose family has another type. */
    public long refused() {
        return refused;
    }
}
