package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayDeque;

/**
 * Gathers the answers of one connection, so that those of one read leave in one write. Event loop only.
 *
 * <p>An answer may be held back until it is true, and holds back all behind it.
 *
 * <p>What has grown to {@link #GATHER_MAX} is handed on at once. When the peer does not take it, the output is stalled: the
 * connection should take up nothing new until {@link #resumed}.
 */
final class Output {
    static final int GATHER_MAX = 64 << 10;

    private static final byte[] LINE_END = {'\r', '\n'};
    /** Longest size line of a chunk. */
    private static final int CHUNK_FRAME = 16;

    private final ChannelHandlerContext ctx;
    private final ArrayDeque<HeldAnswer> held = new ArrayDeque<>(0);
    private ByteBuf gathered;
    private boolean stalled;
    private long sent;

    Output(ChannelHandlerContext ctx) {
        this.ctx = ctx;
    }

    void append(byte[] bytes) {
        append(bytes, 0, bytes.length);
    }

    void append(byte[] bytes, int offset, int length) {
        room(length).writeBytes(bytes, offset, length);
        handOn();
    }

    /** Appends a block in the form of the chunked coding (RFC 9112 7.1); it must not be empty. */
    void appendChunk(byte[] block, int length) {
        ByteBuf out = room(length + CHUNK_FRAME);
        out.writeCharSequence(Integer.toHexString(length), ISO_8859_1);
        out.writeBytes(LINE_END).writeBytes(block, 0, length).writeBytes(LINE_END);
        handOn();
    }

    /** What is appended until {@link #holdEnds} is held back; it has a length then. */
    void holdBegins(HeldAnswer answer) {
        answer.position = gathered == null ? 0 : gathered.writerIndex();
        answer.length = 0;
        answer.isTrue = false;
        held.addLast(answer);
    }

    void holdEnds(HeldAnswer answer) {
        answer.length = gathered.writerIndex() - answer.position;
    }

    /** Whether anything is held back. */
    boolean isHolding() {
        return !held.isEmpty();
    }

    boolean isHolding(HeldAnswer answer) {
        return held.contains(answer);
    }

    /** Answers held back. */
    int held() {
        return held.size();
    }

    /** The first answer that is held back if it has become true, which it is no longer then; else null. */
    HeldAnswer release() {
        HeldAnswer first = held.peekFirst();
        return first != null && first.isTrue ? held.pollFirst() : null;
    }

    /** Puts other bytes in the place of an answer that is held back. */
    void replace(HeldAnswer answer, byte[] bytes) {
        ByteBuf before = gathered;
        int end = answer.position + answer.length;
        int rest = before.writerIndex() - end;
        ByteBuf after = ctx.alloc().directBuffer(answer.position + bytes.length + rest);
        after.writeBytes(before, 0, answer.position).writeBytes(bytes).writeBytes(before, end, rest);
        before.release();
        gathered = after;
        shift(end, bytes.length - answer.length);
        answer.length = bytes.length;
    }

    /** Takes back an answer that is held back, and everything behind it. */
    void cut(HeldAnswer from) {
        gathered.writerIndex(from.position);
        while (held.pollLast() != from) {
            // those behind it go as well
        }
    }

    /** Hands on to the socket what is not held back. */
    void flush() {
        if (gathered == null) {
            return;
        }
        ByteBuf out = gathered;
        HeldAnswer first = held.peekFirst();
        if (first == null) {
            gathered = null;
        } else if (first.position == 0) {
            return;
        } else {
            int from = first.position;
            int rest = out.writerIndex() - from;
            gathered = ctx.alloc().directBuffer(Math.max(rest, 256)).writeBytes(out, from, rest);
            out.writerIndex(from);
            shift(0, -from);
        }
        if (out.isReadable()) {
            sent += out.readableBytes();
            ctx.writeAndFlush(out, ctx.voidPromise());
        } else {
            out.release();
        }
    }

    /** Bytes handed on since the connection was opened. */
    long sent() {
        return sent;
    }

    private void shift(int from, int by) {
        for (HeldAnswer answer : held) {
            if (answer.position >= from) {
                answer.position += by;
            }
        }
    }

    boolean isStalled() {
        return stalled || gathered != null && gathered.writerIndex() >= GATHER_MAX;
    }

    /** Looks again whether the peer takes more. */
    void resumed() {
        stalled &= !ctx.channel().isWritable();
    }

    /** The connection has gone. */
    void drop() {
        held.clear();
        if (gathered != null) {
            gathered.release();
            gathered = null;
        }
    }

    private ByteBuf room(int bytes) {
        if (gathered == null) {
            gathered = ctx.alloc().directBuffer(Math.max(bytes, 256));
        }
        return gathered;
    }

    private void handOn() {
        if (gathered.readableBytes() >= GATHER_MAX) {
            flush();
            if (gathered != null) {
                return;
            }
            if (!ctx.channel().isWritable()) {
                stalled = true;
                ctx.channel().config().setAutoRead(false);
            }
        }
    }
}
