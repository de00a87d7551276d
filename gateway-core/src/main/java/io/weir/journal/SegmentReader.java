package io.weir.journal;

import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;
import java.util.zip.CRC32C;

/** Reads the frames of one segment, each checked, up to its end or the first damage. One thread. */
final class SegmentReader implements Closeable {
    private static final int WINDOW_BYTES = 256 << 10;

    private final Storage.Input input;
    private final long end;
    private final boolean mayHaveGrown;
    private final CRC32C crc = new CRC32C();
    private byte[] window;
    private long windowAt;
    private int windowSize;
    private long at = SegmentHeader.BYTES;
    private String damage;

    final SegmentHeader header;
    /** What the frame says, behind its head. */
    final FrameCursor items = new FrameCursor();
    int flags;
    long sequence;
    long millis;
    long low;
    KeyedAnswer key;
    /** Key of the group that the batch belongs to; null for none. */
    byte[] group;
    Replace replace;
    /** Of each series in it; 0 for none. */
    int ttlSeconds;

    /**
     * Opens a segment.
     *
     * @param bytes of the file that make whole frames; {@code Long.MAX_VALUE} when that is yet to be found out, and so there
     *     may be zeros behind them
     * @throws FrameCursor.DamagedException when the header cannot be used
     */
    SegmentReader(Storage storage, String name, long bytes) throws IOException {
        input = storage.open(name);
        try {
            end = Math.min(bytes, input.size());
            mayHaveGrown = bytes == Long.MAX_VALUE;
            window = new byte[(int) Math.max(SegmentHeader.BYTES, Math.min(WINDOW_BYTES, end))];
            fill(0, (int) Math.min(SegmentHeader.BYTES, end));
            header = SegmentHeader.read(window, windowSize);
        } catch (IOException | RuntimeException e) {
            input.close();
            throw e;
        }
    }

    /** Goes to the next frame; false at the end or at the first damage. */
    boolean next() throws IOException {
        if (damage != null || at >= end) {
            return false;
        }
        if (end - at < FrameBuffer.FRAME_HEAD) {
            return !isBlank() && damaged("frame cut off");
        }
        fill(at, FrameBuffer.FRAME_HEAD);
        int offset = (int) (at - windowAt);
        int length = FrameCursor.intAt(window, offset);
        if (length == 0 && isBlank()) {
            return false;
        }
        if (length <= 0 || length > FrameBuffer.BODY_BYTES_MAX) {
            return damaged("frame length " + length);
        }
        if (end - at - FrameBuffer.FRAME_HEAD < length) {
            return damaged("frame cut off");
        }
        fill(at, FrameBuffer.FRAME_HEAD + length);
        offset = (int) (at - windowAt);
        if (FrameCursor.intAt(window, offset + 4) != FrameBuffer.crc(crc, window, offset, length)) {
            return damaged("check sum of a frame");
        }
        try {
            items.reset(window, offset + FrameBuffer.FRAME_HEAD, offset + FrameBuffer.FRAME_HEAD + length);
            head();
        } catch (FrameCursor.DamagedException e) {
            return damaged(e.getMessage());
        }
        at += FrameBuffer.FRAME_HEAD + length;
        return true;
    }

    private void head() {
        flags = items.getByte();
        sequence = items.getVarint();
        millis = items.getVarint();
        low = (flags & Frame.KILLS) == 0 ? 0 : items.getVarint();
        key = (flags & Frame.KEY) == 0 ? null : KeyedAnswer.read(items);
        group = (flags & Frame.GROUP) == 0 ? null : items.getSpan();
        if (group != null) {
            int ordinal = items.getByte();
            if (ordinal > Replace.ALL.ordinal()) {
                throw new FrameCursor.DamagedException("replacement " + ordinal);
            }
            replace = Replace.values()[ordinal];
        }
        long ttl = (flags & Frame.TTL) == 0 ? 0 : items.getVarint();
        if (ttl < 0 || ttl > Integer.MAX_VALUE) {
            throw new FrameCursor.DamagedException("time to live " + ttl);
        }
        ttlSeconds = (int) ttl;
    }

    /** What ended the reading before the end of the segment; null when nothing did. */
    String damage() {
        return damage;
    }

    /** Offset behind the last good frame. */
    long offset() {
        return at;
    }

    /** Whether what is left are the zeros by which the file has grown: the segment ends here. */
    private boolean isBlank() throws IOException {
        for (long from = at; from < end && mayHaveGrown; ) {
            int length = (int) Math.min(window.length, end - from);
            fill(from, length);
            int offset = (int) (from - windowAt);
            for (int i = offset; i < offset + length; i++) {
                if (window[i] != 0) {
                    return false;
                }
            }
            from += length;
        }
        return mayHaveGrown;
    }

    private boolean damaged(String what) {
        damage = what;
        return false;
    }

    /** Makes {@code length} bytes from {@code from} stand in the window; a file that is shorter than it was is filled up. */
    private void fill(long from, int length) throws IOException {
        if (from >= windowAt && from + length <= windowAt + windowSize) {
            return;
        }
        if (window.length < length) {
            window = new byte[length];
        }
        int wanted = (int) Math.min(window.length, end - from);
        windowSize = input.read(from, window, 0, wanted);
        windowAt = from;
        if (windowSize < length) {
            Arrays.fill(window, windowSize, length, (byte) 0);
            windowSize = length;
        }
    }

    @Override
    public void close() throws IOException {
        input.close();
    }
}
