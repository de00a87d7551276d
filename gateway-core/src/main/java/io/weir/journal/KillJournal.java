package io.weir.journal;

import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.store.EndListener;
import io.weir.store.Family;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * The keeper's end of the journal: ends of series, with the final value each took. Keeper only, but {@link #written},
 * {@link #durable} and {@link #listener}.
 *
 * <p>A frame of ends stands for itself, so that one that could not be written is written again, byte for byte, into the
 * next segment. Until then nothing more is ended.
 */
public final class KillJournal implements EndListener {
    private static final int FRAME_BYTES = 1 << 20;

    private final Journal journal;
    private final Chain chain;
    private final FrameBuffer items = new FrameBuffer(64 << 10);
    private final Cells cells = new Cells();
    private final Map<Family, Integer> families = new IdentityHashMap<>();
    private long low;
    private int count;
    private long sequence;

    KillJournal(Journal journal, Chain chain) {
        this.journal = journal;
        this.chain = chain;
    }

    @Override
    public boolean begin() {
        if (chain.buffer.size > 0 && !write()) {
            return false;
        }
        if (!chain.ready()) {
            return false;
        }
        open();
        return true;
    }

    private void open() {
        chain.pendingFrom = 0;
        low = journal.low(chain);
        chain.pendingFrom = low;
        items.clear();
        cells.clear();
        families.clear();
        count = 0;
    }

    @Override
    public boolean ended(
            Family family, MetricType type, byte[] text, int offset, int length, double value, CellValue cell) {
        items.putVarint(Item.SERIES);
        family(family);
        items.putByte(type.ordinal());
        items.putSpan(text, offset, length);
        // one step back: the reference just defined
        int back = 1;
        if (cell != null) {
            items.putVarint((long) back << 4 | Item.KILL_CELL);
            cells.write(items, cell);
        } else if (FrameBuffer.isShort(value)) {
            items.putVarint((long) back << 4 | Item.KILL_SHORT);
            items.putSigned((long) value);
        } else {
            items.putVarint((long) back << 4 | Item.KILL);
            items.putDouble(value);
        }
        count++;
        if (items.size < FRAME_BYTES) {
            return true;
        }
        if (!commit() || !chain.ready()) {
            return false;
        }
        open();
        return true;
    }

    @Override
    public boolean commit() {
        if (count > 0) {
            sequence = journal.nextSequence();
            journal.ended(low, sequence);
            FrameBuffer to = chain.buffer;
            to.beginFrame();
            to.putByte(Frame.KILLS);
            to.putVarint(sequence);
            to.putVarint(journal.millis());
            to.putVarint(low);
            to.putBytes(items.bytes, 0, items.size);
            to.endFrame();
            chain.defines();
            count = 0;
            return write();
        }
        if (chain.buffer.size == 0) {
            chain.pendingFrom = Long.MAX_VALUE;
            return true;
        }
        return false;
    }

    private boolean write() {
        if (!chain.ready() || chain.write(sequence, sequence) != Outcome.APPLIED) {
            return false;
        }
        chain.pendingFrom = Long.MAX_VALUE;
        return true;
    }

    /** Ticket of the last ends written. Any thread. */
    public long written() {
        return chain.written;
    }

    /** Ticket up to which ends that are not lost are on the disk. Any thread. */
    public long durable() {
        return chain.durable;
    }

    /** Asks for what is written to be forced to the disk soon. Any thread. */
    public void force() {
        journal.wakeSync();
    }

    /** Who is told of ends that are on the disk. Any thread. */
    public void listener(Durability listener) {
        chain.listener = listener;
    }

    private void family(Family family) {
        Integer number = families.putIfAbsent(family, families.size());
        if (number != null) {
            items.putVarint(number);
            return;
        }
        items.putVarint(families.size() - 1);
        items.putSpan(family.name(), 0, family.name().length);
        // HELP changes with pushes, not with ends
        items.putByte(0);
    }
}
