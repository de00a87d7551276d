package io.weir.server.http;

import java.util.Arrays;

/**
 * Brings the body of one connection's request to its exchange: each piece as it lies in the input, or when the exchange has
 * left something unconsumed, copied behind that in the event loop's scratch array; only that remainder is kept per
 * connection. Event loop only.
 *
 * <p>After a remainder of n bytes the next delivery waits until there are 2n, so that a sender of single bytes cannot make
 * us scan or copy the same line again and again.
 */
final class BodyBuffer {
    private static final byte[] EMPTY = {};
    /** Room for one round of decompression. */
    private static final int INFLATE_ROOM = 64 << 10;
    /** Up to here a remainder is cheaply copied in front of decompressed data; beyond, data is appended to it. */
    private static final int COPY_MAX = 1 << 10;

    private byte[] held = EMPTY;
    private int heldLength;
    /** How many of the held bytes the exchange has seen and left. */
    private int offered;
    private int wanted;

    /** Bytes kept for the next delivery. */
    int held() {
        return heldLength;
    }

    /** Takes a piece. */
    void feed(byte[] data, int offset, int n, EventLoopContext context, Exchange exchange) {
        int total = heldLength + n;
        if (total < wanted) {
            room(n);
            System.arraycopy(data, offset, held, heldLength, n);
            heldLength = total;
            return;
        }
        if (heldLength == 0) {
            deliver(data, offset, n, exchange);
            return;
        }
        byte[] scratch = context.scratch(total);
        System.arraycopy(held, 0, scratch, 0, heldLength);
        System.arraycopy(data, offset, scratch, heldLength, n);
        deliver(scratch, 0, total, exchange);
    }

    /**
     * Takes what one round of decompression gives.
     *
     * @return false when there was nothing
     */
    boolean inflate(BodyInflater inflater, EventLoopContext context, Exchange exchange) {
        byte[] array;
        if (heldLength <= COPY_MAX) {
            array = context.scratch(COPY_MAX + INFLATE_ROOM);
            System.arraycopy(held, 0, array, 0, heldLength);
        } else {
            room(INFLATE_ROOM);
            array = held;
        }
        int n = inflater.inflate(array, heldLength, Math.min(array.length - heldLength, INFLATE_ROOM));
        if (n == 0) {
            return false;
        }
        int total = heldLength + n;
        if (total >= wanted) {
            deliver(array, 0, total, exchange);
        } else {
            keep(array, 0, total);
        }
        return true;
    }

    /** No more bytes will come: offers those that waited for more, once. */
    void offerRest(Exchange exchange) {
        if (heldLength > offered) {
            deliver(held, 0, heldLength, exchange);
        }
    }

    /** The body is complete; to be called after {@link #offerRest}. */
    void end(Exchange exchange) {
        byte[] rest = held;
        int length = heldLength;
        clear();
        exchange.end(rest, 0, length);
    }

    /** Forgets what is held; a large array is not kept for the connection's next body. */
    void clear() {
        heldLength = 0;
        offered = 0;
        wanted = 0;
        held = EMPTY;
    }

    private void deliver(byte[] array, int offset, int total, Exchange exchange) {
        int consumed = exchange.body(array, offset, total);
        assert consumed >= 0 && consumed <= total;
        keep(array, offset + consumed, total - consumed);
        offered = heldLength;
        wanted = 2 * heldLength;
    }

    private void keep(byte[] array, int from, int length) {
        if (array != held) {
            heldLength = 0;
            if (length > 0) {
                room(length);
            }
        }
        System.arraycopy(array, from, held, 0, length);
        heldLength = length;
    }

    private void room(int more) {
        if (held.length < heldLength + more) {
            held = Arrays.copyOf(held, Math.max(heldLength + more, held.length + (held.length >> 1)));
        }
    }
}
