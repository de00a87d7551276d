package io.weir.journal;

import java.util.zip.CRC32C;

/**
 * First bytes of a segment. Little endian.
 *
 * <pre>
 *    0  "WEIRJRNL"         8     32  created, milliseconds   8
 *    8  format version     4     40  first sequence number   8
 *   12  writer             4     48  sequence number before  8
 *   16  number             8     56  process                 4
 *   24  number before      8     60  CRC32C of 0..59         4
 * </pre>
 *
 * @param writer number of the event loop, {@link #KEEPER} or {@link #JOURNAL}
 * @param number of this segment, unique in the directory
 * @param previous number of the segment that the same writer wrote before in this process, -1 for none
 * @param createdMillis wall clock
 * @param firstSequence no frame has a lower one
 * @param previousSequence that of the last frame in the segment before, -1 for none
 * @param process greater for each process that writes to the directory; 0 where it is not known
 */
record SegmentHeader(
        int version,
        int writer,
        long number,
        long previous,
        long createdMillis,
        long firstSequence,
        long previousSequence,
        int process) {
    static final int BYTES = 64;
    static final int VERSION = 4;
    static final int VERSION_MIN = 1;
    static final int KEEPER = 0xffff;
    static final int JOURNAL = 0xfffe;

    private static final long MAGIC = 0x4c4e_524a_5249_4557L;

    void write(FrameBuffer to) {
        int from = to.size;
        to.putLong(MAGIC);
        to.putInt(version);
        to.putInt(writer);
        to.putLong(number);
        to.putLong(previous);
        to.putLong(createdMillis);
        to.putLong(firstSequence);
        to.putLong(previousSequence);
        to.putInt(process);
        CRC32C crc = new CRC32C();
        crc.update(to.bytes, from, to.size - from);
        to.putInt((int) crc.getValue());
    }

    /** @throws FrameCursor.DamagedException when these bytes are no header of a version known here */
    static SegmentHeader read(byte[] bytes, int length) {
        if (length < BYTES) {
            throw new FrameCursor.DamagedException("no header");
        }
        FrameCursor from = new FrameCursor();
        from.reset(bytes, 0, BYTES);
        if (from.getLong() != MAGIC) {
            throw new FrameCursor.DamagedException("not a segment");
        }
        int version = from.getInt();
        SegmentHeader header = new SegmentHeader(
                version,
                from.getInt(),
                from.getLong(),
                from.getLong(),
                from.getLong(),
                from.getLong(),
                from.getLong(),
                from.getInt());
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
