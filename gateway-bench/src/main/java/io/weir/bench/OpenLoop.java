package io.weir.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Sends requests at a fixed rate, whether or not they are answered, and measures each from when it was <em>due</em>: what
 * waits behind a stall is counted as late as it was (coordinated omission). One thread of its own sends and reads, over
 * connections that each carry one request at a time; when all are busy the next request waits for one, and its clock runs.
 *
 * <p>What happens from {@link #begin} to the next one is a {@link Phase}. All methods may be called by any one thread.
 *
 * <p>Answers must have a length (or be 204 or 304); bodies are passed over. Whatever is not 2xx counts as failed, and so
 * does a connection that ends, which is opened again.
 */
public final class OpenLoop implements AutoCloseable {
    /** Longest head of an answer. */
    private static final int HEAD_MAX = 16 << 10;

    private static final int WORST_KEPT = 64;

    /** What takes longer is counted as this. */
    private static final long HIGHEST_NANOS = TimeUnit.MINUTES.toNanos(10);

    /**
     * A kind of request.
     *
     * @param name in the results
     * @param share of the requests, against those of the other kinds
     * @param requests whole requests, heads included, sent in turn
     */
    public record Kind(String name, int share, List<byte[]> requests) {
        public Kind {
            if (share < 1 || requests.isEmpty()) {
                throw new IllegalArgumentException(name + ": nothing to send");
            }
        }
    }

    /**
     * A slow answer.
     *
     * @param dueNanos when its request was due, by {@link System#nanoTime}
     * @param nanos from then to the answer
     */
    public record Slow(long dueNanos, long nanos) {}

    /** What was due in one span of time. Times are in nanoseconds, from when a request was due. */
    public static final class Phase {
        private final Histogram all = histogram();
        private final Histogram[] kinds;
        private final Histogram late = histogram();
        private final PriorityQueue<Slow> worst = new PriorityQueue<>(Comparator.comparingLong(Slow::nanos));
        private final long beginNanos;
        private long endNanos;
        private long failed;
        private long open;

        private Phase(int kinds, long beginNanos) {
            this.beginNanos = beginNanos;
            this.kinds = new Histogram[kinds];
            for (int i = 0; i < kinds; i++) {
                this.kinds[i] = histogram();
            }
        }

        private static Histogram histogram() {
            return new Histogram(HIGHEST_NANOS, 3);
        }

        /** All requests, failed ones included. */
        public Histogram all() {
            return all;
        }

        /** The requests of one kind, in the order of the kinds given. */
        public Histogram kind(int index) {
            return kinds[index];
        }

        /** How late the generator itself was in sending what had a free connection: the error of the measurement. */
        public Histogram late() {
            return late;
        }

        public long failed() {
            return failed;
        }

        /** Requests that had no answer when the phase was taken; they are in the histograms with the time waited. */
        public long unanswered() {
            return open;
        }

        public long beginNanos() {
            return beginNanos;
        }

        public long endNanos() {
            return endNanos;
        }

        /** The slowest answers, slowest first. */
        public List<Slow> worst() {
            List<Slow> sorted = new ArrayList<>(worst);
            sorted.sort(Comparator.comparingLong(Slow::nanos).reversed());
            return sorted;
        }

        private void done(int kind, long dueNanos, long now) {
            long nanos = Math.max(0, now - dueNanos);
            long shown = Math.min(nanos, HIGHEST_NANOS);
            all.recordValue(shown);
            kinds[kind].recordValue(shown);
            if (worst.size() < WORST_KEPT) {
                worst.add(new Slow(dueNanos, nanos));
            } else if (worst.peek().nanos() < nanos) {
                worst.poll();
                worst.add(new Slow(dueNanos, nanos));
            }
        }
    }

    private final InetSocketAddress target;
    private final List<Kind> kinds;
    private final long intervalNanos;
    private final MultiThreadIoEventLoopGroup group;
    private final EventLoop loop;
    private final Bootstrap bootstrap;
    private final List<Connection> connections = new ArrayList<>();

    // of the event loop
    private final ArrayDeque<Connection> idle = new ArrayDeque<>();
    private final ByteBuf[][] requests;
    private final int[] order;
    private final int[] nextOf;
    private int place;
    private boolean running;
    private boolean planned;
    private long dueNanos;
    /** Since when a connection has been free, if one is. */
    private long freeNanos;
    private Phase phase;
    private Phase before;

    /**
     * Opens the connections; sends nothing until {@link #begin}.
     *
     * @param perSecond requests a second
     * @throws IOException when the server does not let all connections in
     */
    public OpenLoop(InetSocketAddress target, int connections, double perSecond, List<Kind> kinds) throws IOException {
        this.target = target;
        this.kinds = List.copyOf(kinds);
        this.intervalNanos = Math.max(1, Math.round(1e9 / perSecond));
        this.requests = new ByteBuf[kinds.size()][];
        for (int k = 0; k < requests.length; k++) {
            requests[k] = kinds.get(k).requests().stream()
                    .map(bytes -> Unpooled.unreleasableBuffer(Unpooled.directBuffer(bytes.length).writeBytes(bytes)))
                    .toArray(ByteBuf[]::new);
        }
        this.order = spread(this.kinds);
        this.nextOf = new int[requests.length];
        boolean epoll = Epoll.isAvailable();
        this.group = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("open-loop", true),
                epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        this.loop = group.next();
        this.bootstrap = new Bootstrap()
                .group(group)
                .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        // the connection takes its place once it is open
                    }
                });
        onLoop(OpenLoop::wakeExactly);
        try {
            for (int i = 0; i < connections; i++) {
                Connection connection = new Connection();
                this.connections.add(connection);
                Channel channel = bootstrap.connect(target).sync().channel();
                onLoop(() -> connection.opened((SocketChannel) channel));
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            close();
            throw new IOException("interrupted", interrupted);
        } catch (Exception refused) {
            close();
            throw new IOException("cannot connect to " + target, refused);
        }
    }

    /** A whole request without fields of no use. */
    public static byte[] request(String method, String path, String contentType, byte[] body) {
        String head = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n"
                + (contentType.isEmpty() ? "" : "Content-Type: " + contentType + "\r\n")
                + "Content-Length: " + body.length + "\r\n\r\n";
        byte[] start = head.getBytes(ISO_8859_1);
        byte[] whole = Arrays.copyOf(start, start.length + body.length);
        System.arraycopy(body, 0, whole, start.length, body.length);
        return whole;
    }

    /**
     * One kind of request to 127.0.0.1, printed as one line of JSON, times in microseconds. Arguments: port, requests a
     * second, connections, seconds that are not measured, seconds that are, method, path, file of the bodies (each but the
     * last followed by a line {@code %%}), content type.
     */
    public static void main(String[] arguments) throws Exception {
        String bodies = Files.readString(Path.of(arguments[7]), ISO_8859_1);
        List<byte[]> requests = new ArrayList<>();
        for (String body : bodies.split("\n%%\n", -1)) {
            requests.add(request(arguments[5], arguments[6], arguments[8], body.getBytes(ISO_8859_1)));
        }
        try (OpenLoop load = new OpenLoop(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])),
                Integer.parseInt(arguments[2]), Double.parseDouble(arguments[1]), List.of(new Kind("all", 1, requests)))) {
            load.begin();
            pause(Long.parseLong(arguments[3]));
            load.begin();
            pause(Long.parseLong(arguments[4]));
            Phase phase = load.end();
            load.await(phase, TimeUnit.SECONDS.toNanos(5));
            Histogram all = phase.all();
            System.out.printf(Locale.ROOT, "{\"requests\": %d, \"failed\": %d, \"unanswered\": %d, \"p50_us\": %.1f,"
                            + " \"p90_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f,"
                            + " \"late_p99_us\": %.1f}%n",
                    all.getTotalCount(), phase.failed(), phase.unanswered(), all.getValueAtPercentile(50) / 1e3,
                    all.getValueAtPercentile(90) / 1e3, all.getValueAtPercentile(99) / 1e3,
                    all.getValueAtPercentile(99.9) / 1e3, all.getMaxValue() / 1e3,
                    phase.late().getValueAtPercentile(99) / 1e3);
        }
    }

    private static void pause(long seconds) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        for (long left; (left = end - System.nanoTime()) > 0; ) {
            LockSupport.parkNanos(left);
        }
    }

    /** Kinds by their shares, each spread over the whole. */
    private static int[] spread(List<Kind> kinds) {
        int sum = kinds.stream().mapToInt(Kind::share).sum();
        int[] order = new int[sum];
        double[] due = new double[kinds.size()];
        for (int i = 0; i < sum; i++) {
            int most = 0;
            for (int k = 0; k < due.length; k++) {
                due[k] += kinds.get(k).share() / (double) sum;
                most = due[k] > due[most] ? k : most;
            }
            due[most] -= 1;
            order[i] = most;
        }
        return order;
    }

    /** The kernel may wake a thread 50 us late, to save wake-ups; not this one. */
    private static void wakeExactly() {
        try {
            Path self = Path.of("/proc/thread-self").toRealPath();
            Files.writeString(Path.of("/proc", self.getFileName().toString(), "timerslack_ns"), "1");
        } catch (IOException elsewhere) {
            return; // only more exact with it
        }
    }

    /** Begins a phase, and sending at the first call; gives the one before, or null. It may have requests under way. */
    public Phase begin() {
        return onLoopGet(() -> {
            long now = System.nanoTime();
            if (!running) {
                running = true;
                dueNanos = now + intervalNanos;
            }
            before = phase;
            phase = new Phase(kinds.size(), now);
            if (before != null) {
                before.endNanos = now;
            }
            sendDue();
            return before;
        });
    }

    /** Stops sending; gives the last phase, or null when none is under way. */
    public Phase end() {
        return onLoopGet(() -> {
            running = false;
            Phase last = phase;
            if (last != null && last.endNanos == 0) {
                last.endNanos = System.nanoTime();
            }
            return last;
        });
    }

    /**
     * Waits until an ended phase has nothing under way, or so long; what has no answer then is taken up with the time it has
     * waited. To be called once for a phase whose figures are to be complete.
     */
    public void await(Phase ended, long nanos) {
        long deadline = System.nanoTime() + nanos;
        while (onLoopGet(() -> ended.open > 0) && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
        onLoop(() -> {
            long now = System.nanoTime();
            for (Connection connection : connections) {
                if (connection.phase == ended) {
                    ended.done(connection.kind, connection.due, now);
                    connection.phase = null;
                }
            }
        });
    }

    /** Ends the connections. */
    @Override
    public void close() {
        onLoop(() -> {
            running = false;
            connections.forEach(Connection::close);
        });
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5_000);
    }

    private void onLoop(Runnable task) {
        loop.submit(task).syncUninterruptibly();
    }

    private <T> T onLoopGet(Callable<T> task) {
        try {
            return loop.submit(task).get();
        } catch (ExecutionException failed) {
            throw new IllegalStateException(failed.getCause());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    // ---- on the event loop

    private void sendDue() {
        long now = System.nanoTime();
        while (running && now - dueNanos >= 0) {
            Connection connection = idle.pollFirst();
            if (connection == null) {
                return; // an answer will call again
            }
            phase.late.recordValue(now - Math.max(dueNanos, freeNanos));
            connection.send(dueNanos);
            dueNanos += intervalNanos;
            now = System.nanoTime();
        }
        if (running && !planned) {
            planned = true;
            loop.schedule(this::onTime, dueNanos - now, TimeUnit.NANOSECONDS);
        }
    }

    private void onTime() {
        planned = false;
        sendDue();
    }

    private void free(Connection connection) {
        if (idle.isEmpty()) {
            freeNanos = System.nanoTime();
        }
        idle.addLast(connection);
    }

    private final class Connection extends ChannelInboundHandlerAdapter {
        private final byte[] head = new byte[HEAD_MAX];
        private int filled;
        private long bodyLeft = -1;
        private SocketChannel channel;
        private boolean busy;
        private int status;
        private int kind;
        private long due;
        private Phase phase;

        void opened(SocketChannel opened) {
            channel = opened;
            filled = 0;
            bodyLeft = -1;
            opened.pipeline().addLast(this);
            if (opened.isActive()) {
                free(this);
            } else {
                ended();
            }
        }

        void send(long dueNanos) {
            int k = order[place];
            place = place + 1 == order.length ? 0 : place + 1;
            int next = nextOf[k];
            nextOf[k] = next + 1 == requests[k].length ? 0 : next + 1;
            kind = k;
            due = dueNanos;
            boolean isBefore = before != null && dueNanos - OpenLoop.this.phase.beginNanos < 0;
            phase = isBefore ? before : OpenLoop.this.phase;
            phase.open++;
            busy = true;
            channel.writeAndFlush(requests[k][next].duplicate(), channel.voidPromise());
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf in = (ByteBuf) message;
            try {
                take(in);
            } finally {
                in.release();
            }
        }

        private void take(ByteBuf in) {
            if (bodyLeft < 0) {
                int from = Math.max(0, filled - 3);
                int n = Math.min(in.readableBytes(), head.length - filled);
                in.readBytes(head, filled, n);
                filled += n;
                int end = headEnd(from);
                if (end < 0) {
                    if (filled == head.length) {
                        channel.close();
                    }
                    return;
                }
                status = (head[9] - '0') * 100 + (head[10] - '0') * 10 + head[11] - '0';
                bodyLeft = length(end) - (filled - end) - in.readableBytes();
            } else {
                bodyLeft -= in.readableBytes();
            }
            if (bodyLeft <= 0) {
                answered(bodyLeft == 0);
            }
        }

        private int headEnd(int from) {
            for (int i = from; i + 4 <= filled; i++) {
                if (head[i] == '\r' && head[i + 1] == '\n' && head[i + 2] == '\r' && head[i + 3] == '\n') {
                    return i + 4;
                }
            }
            return -1;
        }

        private long length(int end) {
            if (status == 204 || status == 304) {
                return 0;
            }
            String fields = new String(head, 0, end, ISO_8859_1).toLowerCase(Locale.ROOT);
            int at = fields.indexOf("\r\ncontent-length:");
            return at < 0 ? -1 : Long.parseLong(fields.substring(at + 17, fields.indexOf('\r', at + 17)).trim());
        }

        private void answered(boolean wellFormed) {
            filled = 0;
            bodyLeft = -1;
            busy = false;
            if (phase != null) {
                phase.done(kind, due, System.nanoTime());
                phase.open--;
                phase.failed += wellFormed && status / 100 == 2 ? 0 : 1;
                phase = null;
            }
            if (!wellFormed) {
                channel.close();
                return;
            }
            free(this);
            sendDue();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            ended();
        }

        private void ended() {
            idle.remove(this);
            if (busy) {
                busy = false;
                if (phase != null) {
                    phase.done(kind, due, System.nanoTime());
                    phase.open--;
                    phase.failed++;
                    phase = null;
                }
            }
            if (running) {
                bootstrap.connect(target).addListener(done -> {
                    if (done.isSuccess()) {
                        opened((SocketChannel) ((ChannelFuture) done).channel());
                        sendDue();
                    } else {
                        loop.schedule(this::ended, 10, TimeUnit.MILLISECONDS);
                    }
                });
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable reset) {
            ctx.close();
        }

        void close() {
            if (channel != null) {
                channel.close();
            }
        }
    }
}
