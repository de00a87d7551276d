package io.weir.expose;

import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * The parts of one gzip member whose deflate data is made of independent pieces. Each piece is compressed without a look at
 * those before it and ends on a byte boundary (sync flush), so pieces can be made by any thread, kept, and joined in any
 * member; their checksums are joined by arithmetic.
 *
 * <p>Instances are not thread-safe and may hold native memory until {@link #close()}. Source: RFC 1951 3.2, RFC 1952 2.3.
 */
final class GzipMember implements AutoCloseable {
    /** Deflate, no flags, no time, level as in "fastest", unknown system. */
    private static final byte[] HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 4, (byte) 0xff};

    /** A last block of fixed codes with nothing in it. */
    private static final byte[] LAST_BLOCK = {3, 0};

    /** The polynomial of CRC-32, highest power in the lowest bit; so bit 31 is one and bit 30 is x. */
    private static final int POLYNOMIAL = 0xedb88320;

    private static final int ONE = 1 << 31;
    private static final int X = 1 << 30;

    /** {@code x} to the power of {@code 8 << i}: what so many bytes of zeros multiply a checksum by. */
    private static final int[] SHIFTS = new int[Long.SIZE - 3];

    static {
        int power = X;
        for (int i = -3; i < SHIFTS.length; i++) {
            if (i >= 0) {
                SHIFTS[i] = power;
            }
            power = multiply(power, power);
        }
    }

    private final CRC32 crc = new CRC32();
    /** One of the two is null. */
    private final FastDeflate fast;

    private final Deflater zlib;

    /** At {@link RenderedSnapshot#GZIP_LEVEL_FAST} uses {@link FastDeflate}, else zlib at {@code level}. */
    GzipMember(int level) {
        fast = level == RenderedSnapshot.GZIP_LEVEL_FAST ? new FastDeflate() : null;
        zlib = fast == null ? new Deflater(level, true) : null;
    }

    static void header(ByteBlock out) {
        out.put(HEADER);
    }

    /**
     * Ends the member.
     *
     * @param crc of all plain bytes
     * @param length number of plain bytes
     */
    static void trailer(int crc, long length, ByteBlock out) {
        out.put(LAST_BLOCK);
        littleEndian(crc, out);
        littleEndian((int) length, out);
    }

    private static void littleEndian(int word, ByteBlock out) {
        for (int shift = 0; shift < 32; shift += 8) {
            out.put((byte) (word >>> shift));
        }
    }

    /**
     * Appends the deflated bytes of {@code plain} as one piece.
     *
     * @return the checksum of {@code plain}
     */
    int piece(ByteBlock plain, ByteBlock out) {
        if (fast != null) {
            fast.piece(plain.array(), 0, plain.length(), out);
        } else {
            zlib(plain, out);
        }
        crc.reset();
        crc.update(plain.array(), 0, plain.length());
        return (int) crc.getValue();
    }

    private void zlib(ByteBlock plain, ByteBlock out) {
        int length = plain.length();
        zlib.reset();
        zlib.setInput(plain.array(), 0, length);
        int written;
        int room;
        do {
            // stored blocks are the worst: 5 bytes in 16 KiB and the flush
            room = length + (length >>> 11) + 64;
            byte[] a = out.reserve(room);
            written = zlib.deflate(a, out.length(), room, Deflater.SYNC_FLUSH);
            out.length(out.length() + written);
        } while (written == room);
    }

    /** Checksum of two runs of bytes joined, of which the second has {@code length} bytes. */
    static int join(int first, int second, long length) {
        int shifted = first;
        for (int i = 0; length >>> i != 0 && shifted != 0; i++) {
            if ((length >>> i & 1) != 0) {
                shifted = multiply(shifted, SHIFTS[i]);
            }
        }
        return shifted ^ second;
    }

    private static int multiply(int a, int b) {
        int product = 0;
        for (int bit = ONE; bit != 0; bit >>>= 1) {
            if ((a & bit) != 0) {
                product ^= b;
            }
            b = b >>> 1 ^ ((b & 1) != 0 ? POLYNOMIAL : 0);
        }
        return product;
    }

    @Override
    public void close() {
        if (zlib != null) {
            zlib.end();
        }
    }
}
