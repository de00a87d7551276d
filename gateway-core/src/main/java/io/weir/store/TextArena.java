package io.weir.store;

import io.weir.snapshot.FamilySnapshot;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Append-only label texts in chunks, addressed by the packed places of {@link FamilySnapshot#text}. Each writer fills a
 * chunk of its own through a {@link Tail}, so that appending takes no atomic step; only a new chunk takes the lock.
 *
 * <p>Series with the same labels share one text while its chunk is being filled: what one process sends in many families
 * mostly has the same labels in all of them. That takes 66 of 139 bytes off each of a million series in a thousand such
 * families, and a scrape reads them from the processor's cache. Older chunks are not looked at, so that what nobody
 * appends to gets no new series either, and the keeper may drop it.
 *
 * <p>When half of the bytes belong to retired records, the keeper copies what lives out of sparse chunks and drops them.
 * A snapshot keeps the directory it was made with, in which they still are; a chunk's number is given again only in a
 * later directory.
 */
final class TextArena {
    static final int TEXT_BYTES_MAX = (1 << 20) - 1;
    private static final int CHUNKS_MAX = 1 << 20;
    private static final int NO_CHUNK = -1;

    /** Shorter than most. */
    private static final int TEXT_BYTES_USUAL = 32;

    private static final long MIX = 0x9e37_79b9_7f4a_7c15L;
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle APPENDED;

    static {
        try {
            APPENDED = MethodHandles.lookup().findVarHandle(Tail.class, "appendedBytes", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int chunkBytes;
    private final List<Tail> tails = new ArrayList<>();
    private final BitSet free = new BitSet();
    private volatile byte[][] chunks = new byte[16][];
    private volatile long bytes;
    private int size;
    private long retiredBytes;
    private long droppedBytes;

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
        return bytes;
    }

    synchronized Tail newTail() {
        Tail tail = new Tail();
        tails.add(tail);
        return tail;
    }

    private synchronized int add(byte[] chunk, Tail tail, boolean apart) {
        int number = free.nextSetBit(0);
        if (number >= 0) {
            free.clear(number);
        } else if (size < CHUNKS_MAX) {
            number = size++;
        } else {
            return NO_CHUNK;
        }
        byte[][] c = number >= chunks.length ? Arrays.copyOf(chunks, chunks.length * 2) : chunks;
        c[number] = chunk;
        chunks = c;
        bytes = bytes + chunk.length;
        if (apart) {
            tail.apart = number;
        } else {
            tail.number = number;
        }
        return number;
    }

    /** Keeper only: the text of a record that has been retired. */
    void retire(long place) {
        retiredBytes += length(place);
    }

    /** Keeper only: the record of this text refers to a copy now. */
    void moved(long place) {
        droppedBytes += length(place);
    }

    /** Keeper only: whether half of the bytes that series refer to, each its own, are those of retired ones. */
    boolean isDue() {
        return retiredBytes > chunkBytes && retiredBytes > (appendedBytes() - droppedBytes) / 2;
    }

    private synchronized long appendedBytes() {
        long sum = 0;
        for (Tail tail : tails) {
            sum += tail.appendedBytes;
        }
        return sum;
    }

    /**
     * Keeper only: chunks that nobody appends to, of which less than half lives.
     *
     * @param live bytes that live, by chunk number, as of after {@link #settled} was asked
     */
    static BitSet sparse(BitSet settled, byte[][] chunks, int[] live) {
        BitSet sparse = new BitSet();
        for (int c = settled.nextSetBit(0); c >= 0; c = settled.nextSetBit(c + 1)) {
            if (live[c] < chunks[c].length / 2) {
                sparse.set(c);
            }
        }
        return sparse;
    }

    /** Keeper only: chunks to which nobody appends any more. All their texts are published or given up. */
    synchronized BitSet settled() {
        BitSet settled = new BitSet();
        for (int c = 0; c < size; c++) {
            settled.set(c, chunks[c] != null);
        }
        for (Tail tail : tails) {
            for (int c : new int[] {tail.number, tail.apart}) {
                if (c != NO_CHUNK) {
                    settled.clear(c);
                }
            }
        }
        return settled;
    }

    /** Keeper only: forgets chunks from which everything living has been moved. */
    synchronized void drop(BitSet dropped) {
        byte[][] c = chunks.clone();
        dropped.stream().forEach(i -> {
            bytes = bytes - c[i].length;
            c[i] = null;
        });
        free.or(dropped);
        chunks = c;
        droppedBytes += retiredBytes;
        retiredBytes = 0;
    }

    /** The end of the arena at which one thread appends. */
    final class Tail {
        /** Places of texts by their hash, where a newer one takes the place of an older one; as many as a chunk may have. */
        private long[] known;

        private byte[] chunk = new byte[0];
        private int used;
        private long last = -1;
        private boolean lastIsShared;
        private volatile long appendedBytes;
        // under the lock of the arena
        private int number = NO_CHUNK;
        private int apart = NO_CHUNK;

        /** Place of a text of at most {@link #TEXT_BYTES_MAX} bytes; -1 when the arena is full. */
        long append(byte[] text, int offset, int length) {
            assert length <= TEXT_BYTES_MAX;
            last = place(text, offset, length);
            if (last >= 0) {
                addAppended(length);
            }
            return last;
        }

        private long place(byte[] text, int offset, int length) {
            lastIsShared = false;
            if (length > chunkBytes / 4) {
                // A chunk of its own, rather than an end of a chunk wasted.
                int in = add(Arrays.copyOfRange(text, offset, offset + length), this, true);
                return in == NO_CHUNK ? -1 : FamilySnapshot.text(in, 0, length);
            }
            if (known == null) {
                known = new long[Math.max(16, Integer.highestOneBit(chunkBytes / TEXT_BYTES_USUAL) * 2)];
            }
            int slot = hash(text, offset, length) >>> Integer.numberOfLeadingZeros(known.length - 1);
            if (isInChunk(known[slot], text, offset, length)) {
                lastIsShared = true;
                return known[slot];
            }
            if (chunk.length == 0 || length > chunk.length - used) {
                byte[] next = new byte[chunkBytes];
                if (add(next, this, false) == NO_CHUNK) {
                    return -1;
                }
                chunk = next;
                used = 0;
            }
            System.arraycopy(text, offset, chunk, used, length);
            long place = FamilySnapshot.text(number, used, length);
            known[slot] = place;
            used += length;
            return place;
        }

        /** Whether the text lies there, in this chunk and before its end; whoever put it there does not matter. */
        private boolean isInChunk(long place, byte[] text, int offset, int length) {
            int from = offset(place);
            return chunk(place) == number
                    && length(place) == length
                    && from + length <= used
                    && Arrays.equals(chunk, from, from + length, text, offset, offset + length);
        }

        /** The last text has been published. */
        void keep() {
            last = -1;
            settleApart();
        }

        /** Takes the last text back, which nobody has seen. */
        void undo() {
            if (last >= 0) {
                addAppended(-length(last));
                if (chunk(last) == number && !lastIsShared) {
                    used -= length(last);
                }
            }
            last = -1;
            settleApart();
        }

        /** One thread adds, the keeper reads. */
        private void addAppended(int bytes) {
            APPENDED.setRelease(this, (long) APPENDED.get(this) + bytes);
        }

        private void settleApart() {
            if (apart != NO_CHUNK) {
                synchronized (TextArena.this) {
                    apart = NO_CHUNK;
                }
            }
        }
    }

    /** Eight bytes at a step; of a text that was made to collide the worst is that it is not shared. */
    private static int hash(byte[] text, int offset, int length) {
        int end = offset + length;
        long h = length;
        int i = offset;
        for (; i <= end - Long.BYTES; i += Long.BYTES) {
            h = (h ^ (long) LONG.get(text, i)) * MIX;
            h ^= h >>> 32;
        }
        for (; i < end; i++) {
            h = (h ^ text[i]) * MIX;
        }
        return (int) (h * MIX >>> 32);
    }
}
