package io.weir.journal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Bytes of frames being written, little endian, whole numbers as LEB128. One thread at a time.
 *
 * <pre>  frame:  length of body (4 bytes) | CRC32C of length and body (4) | body  </pre>
 */
final class FrameBuffer {
    static final int FRAME_HEAD = 8;

    /** Head and value of a scalar. */
    static final int SCALAR_BYTES_MAX = 6 + 8;

    /** The same with a stamp. */
    static final int STAMPED_BYTES_MAX = SCALAR_BYTES_MAX + 10;

    /** A length beyond this is damage. */
    static final int BODY_BYTES_MAX = 1 << 28;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int VARINT_BYTES_MAX = 10;
    private static final int FIRST_BYTES = 4 << 10;

    private final CRC32C crc = new CRC32C();
    private final int keptBytes;
    byte[] bytes;
    int size;
    private int frame;

    /** @param keptBytes size beyond which {@link #clear} lets the array go */
    FrameBuffer(int keptBytes) {
        this.keptBytes = keptBytes;
        this.bytes = new byte[Math.min(keptBytes, FIRST_BYTES)];
    }

    void clear() {
        size = 0;
        if (bytes.length > keptBytes) {
            bytes = new byte[Math.min(keptBytes, FIRST_BYTES)];
        }
    }

    void beginFrame() {
        ensure(FRAME_HEAD);
        frame = size;
        size += FRAME_HEAD;
    }

    /** Bytes of the body so far. */
    int bodyBytes() {
        return size - frame - FRAME_HEAD;
    }

    /** Adds to the first byte of the body. */
    void flag(int bits) {
        bytes[frame + FRAME_HEAD] |= (byte) bits;
    }

    void endFrame() {
        INT.set(bytes, frame, bodyBytes());
        INT.set(bytes, frame + 4, crc(crc, bytes, frame, bodyBytes()));
    }

    /** Check sum of the frame at {@code frame}. */
    static int crc(CRC32C crc, byte[] bytes, int frame, int bodyBytes) {
        crc.reset();
        crc.update(bytes, frame, 4);
        crc.update(bytes, frame + FRAME_HEAD, bodyBytes);
        return (int) crc.getValue();
    }

    void ensure(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(size + more, bytes.length << 1));
        }
    }

    void putByte(int b) {
        ensure(1);
        bytes[size++] = (byte) b;
    }

    void putVarint(long x) {
        ensure(VARINT_BYTES_MAX);
        size = varint(bytes, size, x);
    }

    /** Writes where there is room; returns the position behind. */
    static int varint(byte[] to, int at, long x) {
        while ((x & ~0x7fL) != 0) {
            to[at++] = (byte) (x | 0x80);
            x >>>= 7;
        }
        to[at++] = (byte) x;
        return at;
    }

    /** Writes where there is room; returns the position behind. */
    static int number(byte[] to, int at, long x) {
        LONG.set(to, at, x);
        return at + 8;
    }

    /** Writes where there is room. */
    static void int32(byte[] to, int at, int x) {
        INT.set(to, at, x);
    }

    void putSigned(long x) {
        putVarint(x << 1 ^ x >> 63);
    }

    void putInt(int x) {
        ensure(4);
        INT.set(bytes, size, x);
        size += 4;
    }

    void putLong(long x) {
        ensure(8);
        LONG.set(bytes, size, x);
        size += 8;
    }

    void putDouble(double x) {
        putLong(Double.doubleToRawLongBits(x));
    }

    void putBytes(byte[] from, int offset, int length) {
        ensure(length);
        System.arraycopy(from, offset, bytes, size, length);
        size += length;
    }

    /** Length and bytes. */
    void putSpan(byte[] from, int offset, int length) {
        putVarint(length);
        putBytes(from, offset, length);
    }

    /** Whether {@code x} is a whole number that {@link #putSigned} writes in at most seven bytes. */
    static boolean isShort(double x) {
        long n = (long) x;
        return n == x && n << 15 >> 15 == n && (n != 0 || Double.doubleToRawLongBits(x) == 0);
    }

    /** A count, whole as a rule: twice the number as a varint, or 1 and eight bytes. */
    void putCount(double x) {
        if (isShort(x) && x >= 0) {
            putVarint((long) x << 1);
        } else {
            putByte(1);
            putDouble(x);
        }
    }
}
