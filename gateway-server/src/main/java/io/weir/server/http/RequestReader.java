package io.weir.server.http;

import io.netty.buffer.ByteBuf;

/**
 * What a connection reads: heads and the pieces of bodies, one by one as they are asked for. Nothing is looked at ahead, so
 * what waits for an answer to get out waits as the bytes it came in. Event loop only.
 */
final class RequestReader {
    enum Found {
        /** Nothing that is whole; more input has to come. */
        NOTHING,
        /** A head, good or refused: {@link #head}. */
        HEAD,
        /** A piece of a body, or something that makes it none: {@link #body}. */
        BODY
    }

    final Input input;
    final HeadReader head;
    final BodyReader body;
    private boolean isInBody;
    private boolean isHeadLeft;
    private boolean isPartial;

    RequestReader(EventLoopContext context, KnownHeads known) {
        input = new Input(context);
        head = new HeadReader(known);
        body = new BodyReader(known.limits.http().chunkExtraBytes());
    }

    void add(ByteBuf data) {
        isPartial = false;
        input.add(data);
    }

    /** Whether there may be something to find without more input. */
    boolean hasMore() {
        return isHeadLeft || isInBody && body.isDue() || !input.isEmpty() && !isPartial;
    }

    /** What comes next. */
    Found next() {
        if (isInBody) {
            if (!body.next(input)) {
                isPartial = true;
                return Found.NOTHING;
            }
            isInBody = !body.isLast && body.refusal == null;
            return Found.BODY;
        }
        if (isHeadLeft) {
            isHeadLeft = false;
        } else if (!head.read(input)) {
            isPartial = true;
            return Found.NOTHING;
        }
        isInBody = head.refusal == null;
        if (isInBody) {
            body.begin(head.length);
        }
        return Found.HEAD;
    }

    /** The head that was found cannot be taken up now: it will be found again. */
    void leaveHead() {
        isHeadLeft = true;
        isInBody = false;
    }

    /** Forgets all input, and what has been found in it. */
    void drop() {
        input.drop();
        isHeadLeft = false;
        isInBody = false;
    }
}
