package io.weir.server.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.OptionalSslHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.util.List;

/**
 * First in the pipeline of a connection that should speak TLS. The handshake begins when {@link Handshakes} lets it; until
 * then nothing more is read. Who speaks plain HTTP instead is told so, once, and hung up on. Event loop only, one for each
 * connection.
 */
public final class TlsGate extends OptionalSslHandler {
    private static final byte[] SPEAK_TLS = ("HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
                    + "Connection: close\r\n\r\nthis port speaks HTTPS, the request came as plain HTTP\n")
            .getBytes(US_ASCII);

    /** Bytes that tell a TLS record from others (RFC 8446 5.1). */
    private static final int RECORD_HEAD = 5;

    private final Tls tls;
    private final Handshakes handshakes;
    private ChannelHandlerContext ctx;
    private Handshakes.Queue queue;
    private boolean admitted;
    private boolean waits;
    private long waitsSince;

    public TlsGate(Tls tls, Handshakes handshakes) {
        super(tls.context());
        this.tls = tls;
        this.handshakes = handshakes;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        this.ctx = ctx;
        this.queue = handshakes.on(ctx.channel().eventLoop());
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
        if (in.readableBytes() < RECORD_HEAD || waits) {
            return;
        }
        if (!admitted && SslHandler.isEncrypted(in, false)) {
            if (!queue.mayBegin()) {
                waits = true;
                waitsSince = System.nanoTime();
                ctx.channel().config().setAutoRead(false);
                queue.await(this);
                return;
            }
            admitted = true;
        }
        super.decode(ctx, in, out);
    }

    long waitsSince() {
        return waitsSince;
    }

    /** Its turn has come: what has been read is taken up. */
    void begin() {
        waits = false;
        admitted = true;
        try {
            channelRead(ctx, Unpooled.EMPTY_BUFFER);
            ctx.pipeline().fireChannelReadComplete();
            ctx.channel().config().setAutoRead(true);
        } catch (Exception failed) {
            ctx.pipeline().fireExceptionCaught(failed);
        }
    }

    /** Its turn has not come in time. */
    void reject() {
        ctx.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) throws Exception {
        queue.forget(this);
        waits = true; // what was read is not taken up any more
        super.channelInactive(ctx);
    }

    @Override
    protected SslHandler newSslHandler(ChannelHandlerContext ctx, SslContext context) {
        SslHandler handler = tls.newHandler(ctx.alloc());
        handler.handshakeFuture().addListener(ended -> handshakes.leave());
        return handler;
    }

    @Override
    protected ChannelHandler newNonSslHandler(ChannelHandlerContext ctx) {
        return new PlainRefusal();
    }

    private static final class PlainRefusal extends ChannelInboundHandlerAdapter {
        private boolean told;

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            if (!told) {
                told = true;
                ByteBuf answer = ctx.alloc().directBuffer(SPEAK_TLS.length).writeBytes(SPEAK_TLS);
                ctx.writeAndFlush(answer).addListener(ChannelFutureListener.CLOSE);
            }
        }
    }
}
