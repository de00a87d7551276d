package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;

/**
 * Gathers the answers of one connection, so that those of one read leave in one write. Event loop only.
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
    private ByteBuf gathered;
    private boolean stalled;

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
    void appendChunk(byte[] block) {
        ByteBuf out = room(block.length + CHUNK_FRAME);
        out.writeCharSequence(Integer.toHexString(block.length), ISO_8859_1);
        out.writeBytes(LINE_END).writeBytes(block).writeBytes(LINE_END);
        handOn();
    }

    /** Hands everything on to the socket. */
    void flush() {
        if (gathered != null) {
            ByteBuf out = gathered;
            gathered = null;
            ctx.writeAndFlush(out, ctx.voidPromise());
        }
    }

    boolean isStalled() {
        return stalled;
    }

    /** Looks again whether the peer takes more. */
    void resumed() {
        stalled &= !ctx.channel().isWritable();
    }

    /** The connection has gone. */
    void release() {
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
            if (!ctx.channel().isWritable()) {
                stalled = true;
                ctx.channel().config().setAutoRead(false);
            }
        }
    }
}
