package io.weir.server.http;

import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;

/**
 * Decoded messages of one connection that wait for an answer to get out: at most {@code Limits.pipelinedRequests} requests,
 * and at most what one read brings, for reading is off meanwhile. What comes after one request too many is dropped. Event
 * loop only.
 */
final class WaitingMessages {
    private final ArrayDeque<Object> messages = new ArrayDeque<>(0);
    private final int requestsMax;
    private int requests;
    private boolean overflow;

    WaitingMessages(int requestsMax) {
        this.requestsMax = requestsMax;
    }

    /** Takes over a message. */
    void add(Object message) {
        overflow |= message instanceof DefaultHttpRequest && requests++ == requestsMax;
        if (overflow) {
            ReferenceCountUtil.release(message);
        } else {
            messages.add(message);
        }
    }

    /** The next message, which is the caller's to release; null when there is none. */
    Object poll() {
        Object message = messages.poll();
        requests -= message instanceof DefaultHttpRequest ? 1 : 0;
        return message;
    }

    /** The next message without taking it; null when there is none. */
    Object peek() {
        return messages.peek();
    }

    boolean isEmpty() {
        return messages.isEmpty();
    }

    /** Whether requests have been dropped behind those that wait. */
    boolean overflow() {
        return overflow;
    }

    void drop() {
        for (Object message = messages.poll(); message != null; message = messages.poll()) {
            ReferenceCountUtil.release(message);
        }
        requests = 0;
        overflow = false;
    }
}
