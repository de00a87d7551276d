package io.weir.server.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.OptionalSslHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;

/**
 * First in the pipeline of a connection that should speak TLS. Who speaks plain HTTP instead is told so, once, and hung up
 * on. Event loop only, one for each connection.
 */
public final class TlsGate extends OptionalSslHandler {
    private static final byte[] SPEAK_TLS = ("HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
                    + "Connection: close\r\n\r\nthis port speaks HTTPS, the request came as plain HTTP\n")
            .getBytes(US_ASCII);

    private final Tls tls;

    public TlsGate(Tls tls) {
        super(tls.context());
        this.tls = tls;
    }

    @Override
    protected SslHandler newSslHandler(ChannelHandlerContext ctx, SslContext context) {
        return tls.newHandler(ctx.alloc());
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
