package io.weir.journal;

import java.util.zip.CRC32C;

/**
 * First bytes of a checkpoint. Little endian.
 *
 * <pre>
 *    0  "WEIRCKPT"         8     32  wall clock at the cut   8
 *    8  format version     4     40  base                    8
 *   12  zero               4     48  zero                   12
 *   16  number             8     60  CRC32C of 0..59         4
 *   24  cut                8
 * </pre>
 *
 * @param number higher for later checkpoints
 * @param cut the frames with lower sequence numbers, all of them and no others, are in it
 * @param millis to which times of touch are relative
 * @param base cut of the checkpoint it was folded from, 0 for none: segments behind that are still there
 */
record CheckpointHeader(int version, long number, long cut, long millis, long base) {
    static final int BYTES = 64;
    static final int VERSION = 4;
    static final int VERSION_MIN = 1;

    private static final long MAGIC = 0x5450_4b43_5249_4557L;
    private static final String PREFIX = "checkpoint-";
    private static final String SUFFIX = ".weir";

    static String name(long number) {
        return String.format("%s%016x%s", PREFIX, number, SUFFIX);
    }

    /** Number in a checkpoint's name, -1 for names of other files. */
    static long number(String name) {
        return Segment.number(name, PREFIX, SUFFIX);
    }

    void write(FrameBuffer to) {
        int from = to.size;
        to.putLong(MAGIC);
        to.putInt(version);
        to.putInt(0);
        to.putLong(number);
        to.putLong(cut);
        to.putLong(millis);
        to.putLong(base);
        to.putLong(0);
        to.putInt(0);
        CRC32C crc = new CRC32C();
        crc.update(to.bytes, from, to.size - from);
        to.putInt((int) crc.getValue());
    }

    /** @throws FrameCursor.DamagedException when these bytes are no header of a version known here */
    static CheckpointHeader read(byte[] bytes, int length) {
        if (length < BYTES) {
            throw new FrameCursor.DamagedException("no header");
        }
        FrameCursor from = new FrameCursor();
        from.reset(bytes, 0, BYTES);
        if (from.getLong() != MAGIC) {
            throw new FrameCursor.DamagedException("not a checkpoint");
        }
        int version = from.getInt();
        from.getInt();
        CheckpointHeader header =
                new CheckpointHeader(version, from.getLong(), from.getLong(), from.getLong(), from.getLong());
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, BYTES - 4);
        if (FrameCursor.intAt(bytes, BYTES - 4) != (int) crc.getValue()) {
            throw new FrameCursor.DamagedException("check sum of the header");
        }
        if (version < VERSION_MIN || version > VERSION) {
            throw new FrameCursor.DamagedException("format version " + version);
        }
        return header;
    }
}
