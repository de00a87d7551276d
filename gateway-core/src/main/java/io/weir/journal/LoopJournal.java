package io.weir.journal;

import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.store.Family;
import io.weir.store.Group;
import io.weir.store.TableWriter;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * One event loop's end of the journal. Event loop only, but {@link #written}, {@link #durable} and {@link #listener}.
 *
 * <p>A turn: for each batch {@link #ready}, then {@link #begin}, its items, {@link #end}; at the end of the turn one
 * {@link #write} for all, after which the batches are applied, or not, and {@link #applied} is called. The ticket of a
 * batch is what {@link #end} returned.
 */
public final class LoopJournal {
    private static final int LIFE_SHIFT = 32;
    /** Samples of a run at most. */
    static final int RUN = 256;
    /** Fewer take as little room one by one. */
    private static final int RUN_MIN = 8;
    private static final int RUN_HEAD_BYTES_MAX = 1 + 5 + 2;

    private final Journal journal;
    private final Chain chain;
    private final FrameBuffer to;
    private final Cells cells = new Cells();
    private final Map<Family, Integer> families = new IdentityHashMap<>();
    private Segment segment;
    /** By series number: the life for which this segment has a definition. */
    private int[] lives = new int[1024];
    private int last;
    private long lastStamp;
    private long sequence;
    private long firstSequence;
    private int frames;
    /** Whether the open frame has defined nothing so far. */
    private boolean plain;

    LoopJournal(Journal journal, Chain chain) {
        this.journal = journal;
        this.chain = chain;
        this.to = chain.buffer;
    }

    /** Whether a batch can be taken; when not, nothing of it may be applied: {@link Journal#failure} says why. */
    public boolean ready() {
        if (frames > 0) {
            return journal.isHealthy();
        }
        if (!chain.ready()) {
            return false;
        }
        if (segment != chain.segment) {
            segment = chain.segment;
            Arrays.fill(lives, 0);
            families.clear();
            cells.clear();
        }
        return true;
    }

    /** Begins the frame of one batch. */
    public void begin(KeyedAnswer key) {
        begin(key, null, Replace.NOTHING, 0);
    }

    /**
     * As above.
     *
     * @param group the group that the batch belongs to, or null
     * @param ttlSeconds of each series in it, 0 for nothing said
     */
    public void begin(KeyedAnswer key, Group group, Replace replace, int ttlSeconds) {
        if (frames++ == 0) {
            chain.pendingFrom = journal.sequence();
            firstSequence = -1;
        }
        sequence = journal.nextSequence();
        firstSequence = firstSequence < 0 ? sequence : firstSequence;
        to.beginFrame();
        to.putByte((key == null ? 0 : Frame.KEY) | (group == null ? 0 : Frame.GROUP) | (ttlSeconds == 0 ? 0 : Frame.TTL));
        to.putVarint(sequence);
        to.putVarint(journal.millis());
        if (key != null) {
            key.write(to);
        }
        if (group != null) {
            to.putSpan(group.key(), 0, group.key().length);
            to.putByte(replace.ordinal());
        }
        if (ttlSeconds != 0) {
            to.putVarint(ttlSeconds);
        }
        last = -1;
        lastStamp = 0;
        plain = true;
    }

    /** Whether the open segment says what this reference stands for. */
    public boolean isDefined(long reference) {
        int number = (int) reference;
        return number < lives.length && lives[number] == (int) (reference >>> LIFE_SHIFT);
    }

    /** Says what a reference stands for. */
    public void define(long reference, Family family, MetricType type, byte[] labels, int offset, int length) {
        int number = (int) reference;
        if (number >= lives.length) {
            lives = Arrays.copyOf(lives, Math.max(number + 1, lives.length << 1));
        }
        lives[number] = (int) (reference >>> LIFE_SHIFT);
        plain = false;
        int before = to.size;
        head(number, Item.SERIES);
        family(family);
        to.putByte(type.ordinal());
        to.putSpan(labels, offset, length);
        chain.defined(to.size - before);
    }

    /**
     * As many ADD and SET operations on defined references as come one after the other: the many, without a call each.
     *
     * @param references negative for what has no reference yet
     * @return where it ended: {@code end}, or the first that needs another method
     */
    public int scalars(long[] references, int[] operations, double[] values, int from, int end) {
        int i = from;
        while (i < end) {
            int run = run(references, operations, i, Math.min(end, i + RUN));
            if (run == 0) {
                break;
            }
            if (run < RUN_MIN) {
                singles(references, operations, values, i, run);
            } else {
                run((int) references[i], operations[i], values, i, run);
            }
            i += run;
        }
        return i;
    }

    /** How many samples from {@code from} on do the same to defined series that follow one another. */
    private int run(long[] references, int[] operations, int from, int end) {
        long first = references[from];
        int operation = operations[from];
        if (first < 0 || operation > TableWriter.SET || !isDefined(first)) {
            return 0;
        }
        int number = (int) first;
        int life = (int) (first >>> LIFE_SHIFT);
        int most = Math.min(end - from, lives.length - number);
        int n = 1;
        while (n < most
                && references[from + n] == first + n
                && operations[from + n] == operation
                && lives[number + n] == life) {
            n++;
        }
        return n;
    }

    private void run(int number, int operation, double[] values, int from, int count) {
        to.ensure(RUN_HEAD_BYTES_MAX + PackedValues.bytesMax(count));
        byte[] bytes = to.bytes;
        int step = number - last - 1;
        int at = to.size;
        bytes[at++] = (byte) (operation == TableWriter.SET ? Item.SET_RUN : Item.ADD_RUN);
        at = FrameBuffer.varint(bytes, at, (step << 1 ^ step >> 31) & 0xffff_ffffL);
        at = FrameBuffer.varint(bytes, at, count);
        to.size = PackedValues.write(values, from, count, bytes, at);
        last = number + count - 1;
    }

    private void singles(long[] references, int[] operations, double[] values, int from, int count) {
        to.ensure(RUN_MIN * FrameBuffer.SCALAR_BYTES_MAX);
        byte[] bytes = to.bytes;
        int at = to.size;
        int before = last;
        for (int i = from; i < from + count; i++) {
            int number = (int) references[i];
            double value = values[i];
            boolean isShort = FrameBuffer.isShort(value);
            int step = number - before - 1;
            before = number;
            int kind = kind(operations[i], value, isShort);
            at = FrameBuffer.varint(bytes, at, ((step << 1 ^ step >> 31) & 0xffff_ffffL) << 4 | kind);
            if (!isShort) {
                at = FrameBuffer.number(bytes, at, Double.doubleToRawLongBits(value));
            } else if (kind != Item.ADD_ONE) {
                long n = (long) value;
                at = FrameBuffer.varint(bytes, at, n << 1 ^ n >> 63);
            }
        }
        to.size = at;
        last = before;
    }

    /**
     * As many SET operations with a stamp on defined references as come one after the other.
     *
     * @param stamps {@code none} for what has no stamp
     * @return where it ended, as {@link #scalars}
     */
    public int stamped(long[] references, int[] operations, double[] values, long[] stamps, long none, int from, int end) {
        int[] defined = lives;
        int before = last;
        long stampBefore = lastStamp;
        int i = from;
        while (i < end) {
            int stop = Math.min(end, i + RUN);
            to.ensure(RUN * FrameBuffer.STAMPED_BYTES_MAX);
            byte[] bytes = to.bytes;
            int at = to.size;
            for (; i < stop; i++) {
                long reference = references[i];
                int number = (int) reference;
                long stamp = stamps[i];
                if (reference < 0
                        || operations[i] != TableWriter.SET
                        || stamp == none
                        || number >= defined.length
                        || defined[number] != (int) (reference >>> LIFE_SHIFT)) {
                    break;
                }
                double value = values[i];
                boolean isShort = FrameBuffer.isShort(value);
                int step = number - before - 1;
                before = number;
                int kind = isShort ? Item.STAMP_SHORT : Item.STAMP;
                at = FrameBuffer.varint(bytes, at, ((step << 1 ^ step >> 31) & 0xffff_ffffL) << 4 | kind);
                long later = stamp - stampBefore;
                stampBefore = stamp;
                at = FrameBuffer.varint(bytes, at, later << 1 ^ later >> 63);
                if (isShort) {
                    long n = (long) value;
                    at = FrameBuffer.varint(bytes, at, n << 1 ^ n >> 63);
                } else {
                    at = FrameBuffer.number(bytes, at, Double.doubleToRawLongBits(value));
                }
            }
            to.size = at;
            if (i < stop) {
                break;
            }
        }
        last = before;
        lastStamp = stampBefore;
        return i;
    }

    private static int kind(int operation, double value, boolean isShort) {
        return operation == TableWriter.SET
                ? isShort ? Item.SET_SHORT : Item.SET
                : !isShort ? Item.ADD : value == 1 ? Item.ADD_ONE : Item.ADD_SHORT;
    }

    /** ADD, SET, MIN or MAX of {@link TableWriter} on a scalar. */
    public void scalar(long reference, int operation, double value) {
        int number = (int) reference;
        if (operation > TableWriter.SET) {
            head(number, operation == TableWriter.MIN ? Item.MIN : Item.MAX);
            to.putDouble(value);
            return;
        }
        boolean isShort = FrameBuffer.isShort(value);
        int kind = kind(operation, value, isShort);
        head(number, kind);
        if (!isShort) {
            to.putDouble(value);
        } else if (kind != Item.ADD_ONE) {
            to.putSigned((long) value);
        }
    }

    /** SET unless the series has a later stamp. */
    public void stamped(long reference, long stampNanos, double value) {
        boolean isShort = FrameBuffer.isShort(value);
        head((int) reference, isShort ? Item.STAMP_SHORT : Item.STAMP);
        to.putSigned(stampNanos - lastStamp);
        lastStamp = stampNanos;
        if (isShort) {
            to.putSigned((long) value);
        } else {
            to.putDouble(value);
        }
    }

    /** ADD or SET of a histogram or summary. */
    public void cell(long reference, boolean set, CellValue value) {
        head((int) reference, set ? Item.CELL_SET : Item.CELL_ADD);
        cells.write(to, value);
    }

    /** New HELP text. */
    public void help(Family family, byte[] plainUtf8) {
        plain = false;
        to.putVarint(Item.HELP);
        family(family);
        to.putSpan(plainUtf8, 0, plainUtf8.length);
    }

    /** Ends the frame; returns the ticket of its batch. */
    public long end() {
        if (plain) {
            to.flag(Frame.PLAIN);
        } else {
            chain.defines();
        }
        to.endFrame();
        return sequence;
    }

    /** Bytes of this turn that {@link #write} would write. */
    public int pendingBytes() {
        return to.size;
    }

    /** Writes all frames of this turn. */
    public Outcome write() {
        Outcome outcome = chain.write(firstSequence, sequence);
        if (outcome != Outcome.APPLIED) {
            to.clear();
        }
        return outcome;
    }

    /** The turn is over: its batches are applied, or never will be. */
    public void applied() {
        frames = 0;
        chain.pendingFrom = Long.MAX_VALUE;
    }

    /** Asks for what is written to be forced to the disk soon, whatever {@link JournalConfig#sync} says. */
    public void force() {
        journal.wakeSync();
    }

    /** Ticket of the last batch written. Any thread. */
    public long written() {
        return chain.written;
    }

    /** Ticket up to which batches that are not lost are on the disk. Any thread. */
    public long durable() {
        return chain.durable;
    }

    /** Who is told of batches that are on the disk. Any thread. */
    public void listener(Durability listener) {
        chain.listener = listener;
    }

    private void head(int number, int kind) {
        int step = number - last - 1;
        last = number;
        to.putVarint(((step << 1 ^ step >> 31) & 0xffff_ffffL) << 4 | kind);
    }

    private void family(Family family) {
        Integer number = families.putIfAbsent(family, families.size());
        if (number != null) {
            to.putVarint(number);
            return;
        }
        to.putVarint(families.size() - 1);
        byte[] help = family.help();
        to.putSpan(family.name(), 0, family.name().length);
        to.putByte(help == null ? 0 : 1);
        if (help != null) {
            to.putSpan(help, 0, help.length);
        }
    }
}
