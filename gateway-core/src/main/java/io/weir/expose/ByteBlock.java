package io.weir.expose;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A growing run of bytes that renderers fill and whoever owns it drains and clears. Not thread-safe.
 *
 * <p>Hot renderers call {@link #reserve} once per line and then write into {@link #array()} themselves.
 */
public final class ByteBlock {
    private static final int VARINT_BYTES_MAX = 10;

    private byte[] array;
    private int length;

    public ByteBlock(int capacity) {
        array = new byte[capacity];
    }

    /** The bytes, valid up to {@link #length()}; another array after {@link #reserve} has grown it. */
    public byte[] array() {
        return array;
    }

    public int length() {
        return length;
    }

    public void clear() {
        length = 0;
    }

    /** A copy of exactly the bytes written. */
    public byte[] toByteArray() {
        return Arrays.copyOf(array, length);
    }

    /** Makes room for {@code bytes} more and returns the array. */
    byte[] reserve(int bytes) {
        if (array.length - length < bytes) {
            array = Arrays.copyOf(array, Math.max(Math.addExact(length, bytes), length + (length >> 1)));
        }
        return array;
    }

    /** Sets the length after the array was written directly. */
    void length(int length) {
        this.length = length;
    }

    void put(byte b) {
        reserve(1)[length++] = b;
    }

    void put(byte[] bytes) {
        put(bytes, 0, bytes.length);
    }

    public void put(byte[] bytes, int offset, int count) {
        System.arraycopy(bytes, offset, reserve(count), length, count);
        length += count;
    }

    void put(double value) {
        length = NumberWriter.write(value, reserve(NumberWriter.BYTES_MAX), length);
    }

    /** A varint of protocol buffers, of the value's 64 bits without a sign. */
    void putVarint(long value) {
        byte[] a = reserve(VARINT_BYTES_MAX);
        int n = length;
        long v = value;
        for (; (v & ~0x7fL) != 0; v >>>= 7) {
            a[n++] = (byte) (v | 0x80);
        }
        a[n++] = (byte) v;
        length = n;
    }

    /** Bytes that {@link #putVarint} takes. */
    static int varintBytes(long value) {
        return value == 0 ? 1 : (70 - Long.numberOfLeadingZeros(value)) / 7;
    }

    @Override
    public String toString() {
        return new String(array, 0, length, StandardCharsets.UTF_8);
    }
}
