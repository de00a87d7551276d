package io.weir.server;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.weir.server.config.Address;
import io.weir.server.config.Config;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The gateway as a whole: what is started, in which order, and how it stops. Any thread. */
public final class Weir implements AutoCloseable {
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(NioIoHandler.newFactory());
    private final List<Channel> listeners = new ArrayList<>();
    private final CountDownLatch stopRequested = new CountDownLatch(1);

    private Weir() {}

    /**
     * Starts everything; on return requests are answered.
     *
     * @throws StartupException when an address or the data directory cannot be had; nothing is left running then
     */
    public static Weir start(Config config) throws StartupException {
        Weir weir = new Weir();
        try {
            for (Address address : config.web().listenAddresses()) {
                weir.listeners.add(weir.listen(address));
            }
            return weir;
        } catch (StartupException e) {
            weir.close();
            throw e;
        }
    }

    /** Where it listens, with the ports that the system chose. */
    public List<InetSocketAddress> addresses() {
        return listeners.stream().map(listener -> (InetSocketAddress) listener.localAddress()).toList();
    }

    /** Returns once {@link #requestStop} was called. */
    public void awaitStopRequest() throws InterruptedException {
        stopRequested.await();
    }

    /** Asks for the end of the process; returns at once. */
    public void requestStop() {
        stopRequested.countDown();
    }

    /** Stops accepting, lets unfinished requests end, and returns. */
    @Override
    public void close() {
        listeners.forEach(listener -> listener.close().awaitUninterruptibly());
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private Channel listen(Address address) throws StartupException {
        ChannelFuture bound = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new HttpServerCodec(), new Health());
                    }
                })
                .bind(address.toSocketAddress())
                .awaitUninterruptibly();
        if (bound.isSuccess()) {
            return bound.channel();
        }
        throw StartupException.cannotListen(address, bound.cause());
    }

    private static final class Health extends SimpleChannelInboundHandler<HttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, HttpRequest request) {
            byte[] body = "ok\n".getBytes(StandardCharsets.UTF_8);
            DefaultFullHttpResponse response = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.wrappedBuffer(body));
            response.headers().set(HttpHeaderNames.CONTENT_LENGTH, body.length);
            context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
        }
    }
}
