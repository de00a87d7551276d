package io.weir.store;

import io.weir.snapshot.FamilySnapshot;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Append-only label texts in chunks, addressed by the packed places of {@link FamilySnapshot#text}. Each writer fills a
 * chunk of its own through a {@link Tail}, so that appending takes no atomic step; only a new chunk takes the lock.
 */
final class TextArena {
    static final int TEXT_BYTES_MAX = (1 << 20) - 1;
    private static final int CHUNKS_MAX = 1 << 20;

    private final int chunkBytes;
    private final AtomicLong bytes = new AtomicLong();
    private volatile byte[][] chunks = new byte[16][];
    private int size;

    TextArena(int chunkBytes) {
        this.chunkBytes = chunkBytes;
    }

    static int chunk(long place) {
        return (int) (place >>> 44);
    }

    static int offset(long place) {
        return (int) (place >>> 20) & 0xff_ffff;
    }

    static int length(long place) {
        return (int) place & 0xf_ffff;
    }

    /** The chunk directory as it is; arrays in it are never written where a published text lies. */
    byte[][] chunks() {
        return chunks;
    }

    /** Memory held by all chunks. */
    long bytes() {
        return bytes.get();
    }

    Tail newTail() {
        return new Tail();
    }

    private synchronized int add(byte[] chunk) {
        if (size == CHUNKS_MAX) {
            return -1;
        }
        byte[][] c = size == chunks.length ? Arrays.copyOf(chunks, size * 2) : chunks;
        c[size] = chunk;
        chunks = c;
        bytes.addAndGet(chunk.length);
        return size++;
    }

    /** The end of the arena at which one thread appends. */
    final class Tail {
        private byte[] chunk = new byte[0];
        private int number;
        private int used;
        private long last = -1;

        /** Appends a text of at most {@link #TEXT_BYTES_MAX} bytes; -1 when the arena is full. */
        long append(byte[] text, int offset, int length) {
            last = -1;
            byte[] to = chunk;
            int at = used;
            int in = number;
            if (length > chunk.length - used || chunk.length == 0) {
                boolean apart = length > chunkBytes / 4;
                to = new byte[apart ? length : chunkBytes];
                in = add(to);
                at = 0;
                if (in < 0) {
                    return -1;
                }
                if (!apart) {
                    chunk = to;
                    number = in;
                }
            }
            System.arraycopy(text, offset, to, at, length);
            if (to == chunk) {
                used = at + length;
            }
            last = FamilySnapshot.text(in, at, length);
            return last;
        }

        /** The last text has been published. */
        void keep() {
            last = -1;
        }

        /** Takes the last text back, which nobody has seen. */
        void undo() {
            if (last >= 0 && chunk(last) == number && chunk.length > 0) {
                used -= length(last);
            }
            last = -1;
        }
    }
}
