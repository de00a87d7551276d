package io.weir.server.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.weir.ingest.Ingest;
import io.weir.sample.Limits;
import io.weir.server.auth.Access;
import io.weir.server.telemetry.Counter;
import io.weir.server.telemetry.CounterFamily;
import io.weir.server.telemetry.Telemetry;
import io.weir.server.tls.Handshakes;
import io.weir.server.tls.Tls;
import io.weir.server.tls.TlsGate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The HTTP server: listening sockets, event loops, connections. Made and stopped by one thread; {@link #addresses} and
 * the counts may be read by any.
 */
public final class HttpServer {
    /**
     * What it is made with.
     *
     * @param addresses to listen on; port 0 takes a free one
     * @param loops number of event loops
     * @param ingest asked once for each event loop
     * @param hosts that requests may be for
     * @param access asked about every request
     * @param tls asked for each connection; gives null for plain HTTP
     * @param nanoClock monotonic, for time limits and durations
     */
    public record Options(
            List<InetSocketAddress> addresses,
            int loops,
            Limits limits,
            Supplier<Ingest> ingest,
            AllowedHosts hosts,
            Access access,
            Supplier<Tls> tls,
            LongSupplier nanoClock) {
        /** Plain HTTP for every host, and nobody is asked who he is. */
        public static Options of(List<InetSocketAddress> addresses, Limits limits, Supplier<Ingest> ingest) {
            Access open = new Access(new Telemetry(), System::nanoTime);
            return of(addresses, limits, ingest, AllowedHosts.EVERY, open, () -> null);
        }

        /** One event loop per processor and the system's clock. */
        public static Options of(
                List<InetSocketAddress> addresses,
                Limits limits,
                Supplier<Ingest> ingest,
                AllowedHosts hosts,
                Access access,
                Supplier<Tls> tls) {
            int loops = Runtime.getRuntime().availableProcessors();
            return new Options(addresses, loops, limits, ingest, hosts, access, tls, System::nanoTime);
        }
    }

    /** Interval of the sweep over the connections of an event loop; time limits are kept to this exactness. */
    private static final long SWEEP_MILLIS = 250;

    /** A peer that does not read is written to up to here, which is one block of a scrape. */
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(32 << 10, 64 << 10);

    /** A connection costs some 30 us to set up; others wait meanwhile. */
    private static final int ACCEPTED_PER_ROUND = 32;

    private static final byte[] FULL = Answer.text(
                    503, "too many connections, try again\n", "Retry-After", "1", "Connection", "close")
            .whole();

    private final Options options;
    private final RouteTable routes;
    private final Telemetry telemetry;
    private final Transport transport;
    private final EventLoopGroup group;
    private final Map<EventExecutor, EventLoopContext> contexts = new IdentityHashMap<>();
    private final ConnectionGate gate;
    private final CounterFamily rejected;
    private final UnreadAnswers unread;
    private final Handshakes handshakes;
    private final List<Channel> listening = new ArrayList<>();

    /**
     * Loads Netty's native transport and allocator, which a server would do anyway: called by another thread while the
     * configuration is read, a start takes a tenth less. To call it is not needed.
     */
    public static void prepare() {
        Transport.best();
        ByteBufAllocator.DEFAULT.directBuffer(64).release();
    }

    /** Creates event loops and registers the server's metrics; opens no socket yet. */
    public HttpServer(Options options, RouteTable routes, Telemetry telemetry) {
        this(options, routes, telemetry, Transport.best());
    }

    HttpServer(Options options, RouteTable routes, Telemetry telemetry, Transport transport) {
        this.options = options;
        this.routes = routes;
        this.telemetry = telemetry;
        this.transport = transport;
        this.gate = new ConnectionGate(options.limits());
        this.rejected = telemetry.counters(
                "weir_connections_rejected_total", "Connections refused at once, by the limit they met.", "reason");
        this.unread = new UnreadAnswers(options.limits().http().unreadBytes(), System::nanoTime);
        this.group = transport.newGroup(options.loops());
        Counter noHandshake = rejected.with("tls_handshakes");
        this.handshakes = new Handshakes(
                group,
                options.limits().http().handshakes(),
                TimeUnit.SECONDS.toNanos(options.limits().headerSeconds()) / 2,
                noHandshake::increment);
        HttpRecorder[] recorders = new HttpRecorder[options.loops()];
        int index = 0;
        for (EventExecutor loop : group) {
            recorders[index] = new HttpRecorder(routes.handlers().size());
            EventLoopContext context = new EventLoopContext(
                    loop,
                    options.ingest().get(),
                    recorders[index],
                    options.nanoClock(),
                    options.limits().inFlightBytes() / options.loops(),
                    options.limits().http().waitSeconds());
            context.unread(unread);
            contexts.put(loop, context);
            loop.scheduleAtFixedRate(
                    context::beginSweep, SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
            index++;
        }
        register(recorders);
    }

    private void register(HttpRecorder[] recorders) {
        for (ConnectionGate.Entry entry : ConnectionGate.Entry.values()) {
            if (entry != ConnectionGate.Entry.OPEN) {
                rejected.with(entry.reason());
            }
        }
        telemetry.gauge("weir_connections", "Open connections.", gate::open);
        telemetry.gauge("weir_tls_handshakes", "TLS handshakes in progress.", handshakes::inProgress);
        telemetry.gauge("weir_connections_limit", "Most connections that may be open.", options.limits()::connections);
        telemetry.collect("weir_http_requests_total", "counter", "Requests answered.",
                out -> HttpRecorder.collectRequests(recorders, routes.handlers(), out));
        telemetry.collect("weir_http_rejected_total", "counter", "Requests refused before they reached a door.",
                out -> HttpRecorder.collectRefusals(recorders, out));
        telemetry.gauge("weir_answers_held_bytes", "Memory of the answers that are being sent, estimated.", unread::bytes);
        telemetry.collect("weir_connections_cut_total", "counter", "Connections ended in the middle of an answer.",
                out -> HttpRecorder.collectCuts(recorders, out));
        telemetry.collect("weir_http_request_duration_seconds", "histogram",
                "Time from reading the head of a request to flushing its answer.",
                out -> HttpRecorder.collectDurations(recorders, routes.handlers(), out));
    }

    /**
     * Opens the listening sockets.
     *
     * @throws IOException when an address cannot be bound; nothing stays open then
     */
    public void start() throws IOException {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .option(ChannelOption.SO_BACKLOG, 4096)
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.RECVBUF_ALLOCATOR, accepting())
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .childHandler(new Initializer());
        transport.limitUnsent(bootstrap);
        for (InetSocketAddress address : options.addresses()) {
            try {
                listening.add(bootstrap.bind(address).sync().channel());
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                stop(Duration.ZERO);
                throw new IOException("interrupted while binding " + address, interrupted);
            } catch (Exception failed) {
                stop(Duration.ZERO);
                String reason = address.isUnresolved() ? "unknown host" : failed.getMessage();
                throw new IOException("cannot listen on " + text(address) + ": " + reason, failed);
            }
        }
    }

    /**
     * Takes all connections that wait, up to a number. Netty's epoll transport takes one in each round of the event loop
     * otherwise: whether there are more it tells by comparing the number of the new socket with one.
     */
    private static RecvByteBufAllocator accepting() {
        return new ServerChannelRecvByteBufAllocator()
                .respectMaybeMoreData(false)
                .maxMessagesPerRead(ACCEPTED_PER_ROUND);
    }

    private static String text(InetSocketAddress address) {
        String host = address.getHostString();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /** The bound addresses, in the order of the options. */
    public List<InetSocketAddress> addresses() {
        return listening.stream().map(c -> (InetSocketAddress) c.localAddress()).toList();
    }

    /** Every route with its scope, sorted. */
    public List<String> scopes() {
        return routes.scopes();
    }

    /** Name of the transport in use, for the log. */
    public String transport() {
        return transport.name().toLowerCase(Locale.ROOT);
    }

    /**
     * Stops: no new connection, no new request; requests in progress are answered, within {@code grace}; then everything
     * is closed. Blocks; not to be called by an event loop. Stopping what is stopped does nothing.
     */
    public synchronized void stop(Duration grace) {
        if (group.isShuttingDown()) {
            return;
        }
        listening.forEach(channel -> channel.close().awaitUninterruptibly());
        contexts.forEach((loop, context) -> loop.execute(context::drain));
        long deadline = System.nanoTime() + grace.toNanos();
        while (gate.open() > 0 && System.nanoTime() < deadline) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
        contexts.forEach((loop, context) -> loop.submit(context::closeAll).awaitUninterruptibly(1_000));
        Future<?> ended = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        ended.awaitUninterruptibly(5_000);
    }

    /** Runs the time limits of all connections now, for tests that move the clock by hand. */
    void sweep() {
        contexts.forEach((loop, context) -> loop.submit(context::sweep).syncUninterruptibly());
    }

    /** Connections of which a head is waited for within its time limit, for tests. */
    int partialHeads() {
        int count = 0;
        for (Map.Entry<EventExecutor, EventLoopContext> entry : contexts.entrySet()) {
            count += entry.getKey().submit(entry.getValue()::partialHeads).syncUninterruptibly().getNow();
        }
        return count;
    }

    /** Lets a connection in or turns it away. */
    private final class Initializer extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            InetAddress address =
                    channel.remoteAddress() instanceof InetSocketAddress remote ? remote.getAddress() : null;
            ConnectionGate.Entry entry = gate.enter(address);
            Tls tls = options.tls().get();
            if (entry != ConnectionGate.Entry.OPEN) {
                rejected.with(entry.reason()).increment();
                if (tls != null) {
                    channel.close();
                    return;
                }
                ByteBuf full = channel.alloc().directBuffer(FULL.length).writeBytes(FULL);
                channel.writeAndFlush(full).addListener(ChannelFutureListener.CLOSE);
                return;
            }
            channel.closeFuture().addListener(closed -> gate.leave(address));
            EventLoop loop = channel.eventLoop();
            if (tls != null) {
                channel.pipeline().addLast(new TlsGate(tls, handshakes));
            }
            channel.pipeline().addLast(new HttpFront(contexts.get(loop), routes, options.limits(), options.hosts(), options.access()));
        }
    }
}
