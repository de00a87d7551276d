package io.weir.server.http;

import io.netty.buffer.ByteBuf;

/**
 * Bytes of one connection that have been read and not been taken up yet. What one read brings is copied once into memory
 * that all connections of the event loop share, and is looked at there; only what is left of it, such as half a head, is
 * moved to memory of the connection's own. Event loop only.
 */
final class Input {
    private static final byte[] EMPTY = {};
    private static final int OWN_MIN = 256;

    private final EventLoopContext context;

    /** What is there is {@code array[from, to)}; readers move {@code from}. */
    byte[] array = EMPTY;

    int from;
    int to;
    private boolean shared;

    Input(EventLoopContext context) {
        this.context = context;
    }

    boolean isEmpty() {
        return from == to;
    }

    int length() {
        return to - from;
    }

    /** Takes all readable bytes; {@link #keep} has to be called before another connection has its turn. */
    void add(ByteBuf data) {
        int n = data.readableBytes();
        if (from == to) {
            array = context.input(n);
            shared = true;
            from = 0;
            to = n;
            data.readBytes(array, 0, n);
            return;
        }
        assert !shared;
        if (array.length - to < n) {
            int left = to - from;
            byte[] room = array.length - left >= n ? array : new byte[Math.max(left + n, left + (left >> 1))];
            System.arraycopy(array, from, room, 0, left);
            array = room;
            from = 0;
            to = left;
        }
        data.readBytes(array, to, n);
        to += n;
    }

    /** Moves what is left out of shared memory, or lets own memory go. */
    void keep() {
        if (from == to) {
            drop();
        } else if (shared) {
            int left = to - from;
            byte[] own = new byte[Math.max(left, OWN_MIN)];
            System.arraycopy(array, from, own, 0, left);
            array = own;
            from = 0;
            to = left;
            shared = false;
        }
    }

    void drop() {
        array = EMPTY;
        from = 0;
        to = 0;
        shared = false;
    }
}
