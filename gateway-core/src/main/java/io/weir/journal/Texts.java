package io.weir.journal;

import java.util.Arrays;

/** Label texts, one behind the other in chunks: without an object for each. One thread. */
final class Texts {
    private static final int CHUNK_BITS = 18;
    private static final int LENGTH_BYTES = 4;

    private byte[][] chunks = new byte[16][];
    private int count;
    private int at;

    /** Keeps a copy; returns its place, below 2^50. */
    long add(byte[] text, int offset, int length) {
        if (count == 0 || chunks[count - 1].length - at < LENGTH_BYTES + length) {
            chunks = count < chunks.length ? chunks : Arrays.copyOf(chunks, count << 1);
            chunks[count++] = new byte[Math.max(1 << CHUNK_BITS, LENGTH_BYTES + length)];
            at = 0;
        }
        byte[] chunk = chunks[count - 1];
        long place = (long) (count - 1) << CHUNK_BITS | at;
        FrameBuffer.int32(chunk, at, length);
        System.arraycopy(text, offset, chunk, at + LENGTH_BYTES, length);
        at += LENGTH_BYTES + length;
        return place;
    }

    boolean equal(long place, byte[] text, int offset, int length) {
        byte[] chunk = chunks[(int) (place >>> CHUNK_BITS)];
        int from = (int) place & (1 << CHUNK_BITS) - 1;
        int there = from + LENGTH_BYTES;
        return FrameCursor.intAt(chunk, from) == length
                && Arrays.equals(chunk, there, there + length, text, offset, offset + length);
    }

    /** Points {@code to} at the text. */
    void get(long place, StoredSeries to) {
        to.labels = chunks[(int) (place >>> CHUNK_BITS)];
        to.labelsOffset = ((int) place & (1 << CHUNK_BITS) - 1) + LENGTH_BYTES;
        to.labelsLength = FrameCursor.intAt(to.labels, to.labelsOffset - LENGTH_BYTES);
    }
}
