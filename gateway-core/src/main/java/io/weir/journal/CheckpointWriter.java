package io.weir.journal;

import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Writes a checkpoint: blocks of series, blocks of idempotency keys, and an end that counts them. One thread.
 *
 * <pre>
 *   block:   a frame whose body begins with SERIES, KEYS or END; each block can be read without the others
 *   series:  bytes shared with the label text before | further bytes | those | family | [TIMED, time to live]
 *            | type and form | value | touched | [begun, before touched] | [stamp]
 *            | [grouping labels: how many, then the steps from place to place]
 *   family:  number in this block, and where it comes first name and HELP
 *   key:     touched | key | hash of the body | status | answer
 *   end:     series | keys
 * </pre>
 */
final class CheckpointWriter implements Closeable {
    static final int SERIES = 0;
    static final int KEYS = 1;
    static final int END = 2;

    static final int TYPE = 0x07;
    static final int BEGUN = 0x08;
    static final int FORM_SHORT = 0x00;
    static final int FORM_DOUBLE = 0x10;
    static final int FORM_CELL = 0x20;
    static final int FORM = 0x30;
    /** Stands before type and form, of which it is none. */
    static final int TIMED = FORM;
    static final int GROUPED = 0x40;
    static final int STAMPED = 0x80;

    private static final int BLOCK_BYTES = 64 << 10;

    private record Name(byte[] bytes) {
        @Override
        public boolean equals(Object o) {
            return o instanceof Name n && Arrays.equals(bytes, n.bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }
    }

    private final Storage.Output output;
    private final CheckpointHeader header;
    private final FrameBuffer to = new FrameBuffer(BLOCK_BYTES * 2);
    private final Map<Name, Integer> families = new HashMap<>();
    private final Cells cells = new Cells();
    private final GroupKey groupKey = new GroupKey();
    private byte[] last = new byte[1024];
    private int lastLength;
    private byte[] lastFamily;
    private int lastFamilyNumber;
    private int open = -1;
    private long series;
    private long keys;
    private long bytes;

    CheckpointWriter(Storage storage, String name, CheckpointHeader header) throws IOException {
        this.header = header;
        this.output = storage.create(name);
        header.write(to);
        flush();
    }

    void series(StoredSeries s) throws IOException {
        block(SERIES);
        int most = Math.min(lastLength, s.labelsLength);
        int mismatch = Arrays.mismatch(last, 0, most, s.labels, s.labelsOffset, s.labelsOffset + most);
        int shared = mismatch < 0 ? most : mismatch;
        to.putVarint(shared);
        to.putSpan(s.labels, s.labelsOffset + shared, s.labelsLength - shared);
        if (last.length < s.labelsLength) {
            last = new byte[s.labelsLength << 1];
        }
        System.arraycopy(s.labels, s.labelsOffset, last, 0, s.labelsLength);
        lastLength = s.labelsLength;
        family(s.family, s.help);

        if (s.ttlSeconds != 0) {
            to.putByte(TIMED);
            to.putVarint(s.ttlSeconds);
        }
        int form = s.cell != null ? FORM_CELL : FrameBuffer.isShort(s.value) ? FORM_SHORT : FORM_DOUBLE;
        int begun = s.begunMillis > 0 ? BEGUN : 0;
        to.putByte(s.type.ordinal() | begun | form | (s.stamped ? STAMPED : 0) | (s.group == null ? 0 : GROUPED));
        if (form == FORM_CELL) {
            cells.write(to, s.cell);
        } else if (form == FORM_SHORT) {
            to.putSigned((long) s.value);
        } else {
            to.putDouble(s.value);
        }
        to.putSigned(header.millis() - s.touchedMillis);
        if (begun != 0) {
            to.putSigned(s.touchedMillis - s.begunMillis);
        }
        if (s.stamped) {
            to.putLong(s.stampNanos);
        }
        if (s.group != null) {
            groupKey.write(to, s);
        }
        series++;
    }

    private void family(byte[] name, byte[] help) {
        if (name == lastFamily) {
            to.putVarint(lastFamilyNumber);
            return;
        }
        Integer number = families.putIfAbsent(new Name(name), families.size());
        lastFamily = name;
        lastFamilyNumber = number == null ? families.size() - 1 : number;
        to.putVarint(lastFamilyNumber);
        if (number == null) {
            to.putSpan(name, 0, name.length);
            to.putByte(help == null ? 0 : 1);
            if (help != null) {
                to.putSpan(help, 0, help.length);
            }
        }
    }

    void key(KeyedAnswer key, long millis) throws IOException {
        block(KEYS);
        to.putVarint(millis);
        key.write(to);
        keys++;
    }

    /** Ends the file and waits until it is on the disk; returns its size. */
    long finish() throws IOException {
        block(END);
        to.putVarint(series);
        to.putVarint(keys);
        endBlock();
        output.force();
        return bytes;
    }

    private void block(int kind) throws IOException {
        if (open == kind && to.size < BLOCK_BYTES) {
            return;
        }
        endBlock();
        families.clear();
        cells.clear();
        lastFamily = null;
        lastLength = 0;
        to.beginFrame();
        to.putByte(kind);
        open = kind;
    }

    private void endBlock() throws IOException {
        if (open >= 0) {
            to.endFrame();
            flush();
            open = -1;
        }
    }

    private void flush() throws IOException {
        output.write(to.bytes, 0, to.size);
        bytes += to.size;
        to.clear();
    }

    @Override
    public void close() throws IOException {
        output.close();
    }
}
