package io.weir.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.sun.net.httpserver.HttpServer;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import java.util.zip.GZIPOutputStream;

/**
 * Attacks on a gateway of its own, each with the verdict it must end with. A program of its own without dependencies, for
 * Linux: {@code java Siege.java JAR ATTACK [SIZE]}, where the attack is one of
 *
 * <ul>
 *   <li>{@code series}: SIZE (10,000,000) distinct series against a limit of a tenth of them in a heap of 1 GiB
 *   <li>{@code increments}: SIZE (1,000,000,000) increments from 64 clients while scrapes and flushes run
 *   <li>{@code bombs}: SIZE (100) compressed bodies of 1000 to 1 at once
 *   <li>{@code slow}: SIZE (10,000) clients that never end their heads and a tenth as many that do not read, beside good ones
 *   <li>{@code overload}: pushes at SIZE (4) times the rate that can be served, not waiting for answers
 * </ul>
 */
public final class Siege {
    private static final long MIB = 1 << 20;

    /** Slow clients that come in a second. */
    private static final int SLOW_PER_SECOND = 2_000;
    private static final int SLOW_SECONDS = 45;
    private static final long CUT_MILLIS_MAX = 15_000;

    private final Path jar;
    private final Path data;
    private Process process;
    private int port;
    private boolean good = true;

    private Siege(Path jar) throws IOException {
        this.jar = jar;
        this.data = Files.createTempDirectory("weir-siege");
    }

    /** Arguments: jar, attack, size. Ends with 1 when a verdict is bad. */
    public static void main(String[] arguments) throws Exception {
        Siege siege = new Siege(Path.of(arguments[0]));
        long size = arguments.length > 2 ? Long.parseLong(arguments[2]) : 0;
        Runtime.getRuntime().addShutdownHook(new Thread(siege::stop));
        switch (arguments[1]) {
            case "series" -> siege.series(size == 0 ? 10_000_000 : size);
            case "increments" -> siege.increments(size == 0 ? 1_000_000_000 : size);
            case "bombs" -> siege.bombs(size == 0 ? 100 : (int) size);
            case "slow" -> siege.slow(size == 0 ? 10_000 : (int) size);
            case "overload" -> siege.overload(size == 0 ? 4 : (int) size);
            default -> throw new IllegalArgumentException(arguments[1]);
        }
        System.exit(siege.good ? 0 : 1);
    }

    private void verdict(boolean holds, String format, Object... values) {
        good &= holds;
        System.out.println((holds ? "ok      " : "FAILED  ") + String.format(format, values));
    }

    // ---- attacks

    private void series(long size) throws Exception {
        long limit = size / 10;
        start(List.of("-Xmx1g"), "--series.max=" + limit);
        long begin = System.nanoTime();
        AtomicLong accepted = new AtomicLong();
        AtomicLong refused = new AtomicLong();
        AtomicLong old = new AtomicLong();
        AtomicLong next = new AtomicLong();
        AtomicLong strange = new AtomicLong();
        int each = (int) Math.max(1, size / 1_000);
        push("# TYPE old_total counter\nold_total 0\n");
        inParallel(4, client -> {
            for (long body; (body = next.getAndIncrement()) < size / each; ) {
                StringBuilder text = new StringBuilder("# TYPE flood_total counter\n");
                for (long i = body * each; i < (body + 1) * each; i++) {
                    text.append("flood_total{id=\"").append(i).append("\",host=\"host-").append(i % 997).append("\"} 1\n");
                }
                int status = client.send("POST", "/metrics", text.toString().getBytes(ISO_8859_1), "");
                (status == 200 ? accepted : status == 429 || status == 503 ? refused : strange).addAndGet(each);
                while (client.send("PATCH", "/metrics/old_total", new byte[0], "") != 200) {
                    LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
                }
                old.incrementAndGet();
            }
        });
        double seconds = (System.nanoTime() - begin) / 1e9;
        long live = (long) own("weir_series");
        verdict(process.isAlive(), "%,d series in %.0f s: the process lives", size, seconds);
        verdict(strange.get() == 0 && accepted.get() + refused.get() == size,
                "%,d accepted, %,d refused with 429 or 503", accepted.get(), refused.get());
        verdict(live == accepted.get() + 1 && live <= limit, "%,d live, at most %,d", live, limit);
        verdict(value("/metrics?name%5B%5D=old_total", "old_total") == old.get() && old.get() == size / each,
                "the series that was there counts on: %,d", old.get());
        double counted = own("weir_ingest_rejected_total{protocol=\"text\",reason=\"series_limit\"}")
                + zero(own("weir_ingest_rejected_total{protocol=\"text\",reason=\"table_full\"}"));
        verdict(counted >= refused.get() / each, "%,.0f requests counted as refused", counted);
        verdict(true, "resident at most %d MiB", peakBytes() / MIB);
    }

    private void increments(long size) throws Exception {
        HttpServer receiver = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        AtomicLong flushes = new AtomicLong();
        receiver.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            flushes.incrementAndGet();
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        receiver.start();
        start(List.of(), "--storage.path=" + data.resolve("store"),
                "--remote-write.url=http://127.0.0.1:" + receiver.getAddress().getPort() + "/", "--remote-write.interval=1s");
        int clients = 64;
        int lines = (int) Math.min(100_000, size / clients);
        long bodies = size / lines;
        long begin = System.nanoTime();
        AtomicLong next = new AtomicLong();
        AtomicLong failed = new AtomicLong();
        AtomicLong again = new AtomicLong();
        AtomicLong[] own = new AtomicLong[clients];
        AtomicLong numbers = new AtomicLong();
        AtomicLong all = new AtomicLong();
        AtomicLong scrapes = new AtomicLong();
        Thread scraper = new Thread(() -> {
            double last = 0;
            while (!Thread.currentThread().isInterrupted()) {
                try {
                    double now = zero(value("/metrics", "all_total"));
                    if (now < last || now > all.get() + (double) clients * lines) {
                        failed.incrementAndGet();
                    }
                    last = now;
                    scrapes.incrementAndGet();
                } catch (IOException e) {
                    failed.incrementAndGet();
                }
                LockSupport.parkNanos(100_000_000);
            }
        });
        scraper.start();
        inParallel(clients, client -> {
            int number = (int) numbers.getAndIncrement();
            own[number] = new AtomicLong();
            StringBuilder text = new StringBuilder("# TYPE all_total counter\n# TYPE own_total counter\n");
            for (int i = 0; i < lines; i++) {
                text.append(i % 2 == 0 ? "all_total 1\n" : "own_total{c=\"" + number + "\"} 1\n");
            }
            byte[] body = text.toString().getBytes(ISO_8859_1);
            while (next.getAndIncrement() < bodies) {
                int status = client.send("POST", "/metrics", body, "");
                for (; status == 503; status = client.send("POST", "/metrics", body, "")) {
                    again.incrementAndGet();
                    LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
                }
                if (status == 200) {
                    own[number].addAndGet(lines / 2);
                    all.addAndGet(lines - lines / 2);
                } else {
                    failed.incrementAndGet();
                }
            }
        });
        double seconds = (System.nanoTime() - begin) / 1e9;
        scraper.interrupt();
        scraper.join();
        String text = new String(get("/metrics"), ISO_8859_1);
        boolean exact = valueIn(text, "all_total") == all.get();
        long sum = all.get();
        for (int i = 0; i < clients; i++) {
            exact &= valueIn(text, "own_total{c=\"" + i + "\"}") == own[i].get();
            sum += own[i].get();
        }
        verdict(failed.get() == 0, "%,d requests refused or scrapes wrong; %,d told to come again, which they did", failed.get(),
                again.get());
        verdict(exact && sum == bodies * lines, "%,d increments of %d clients in %.0f s: all %d sums exact", sum, clients,
                seconds, clients + 1);
        verdict(scrapes.get() > 0 && flushes.get() > 0, "%,d scrapes and %,d flushes meanwhile", scrapes.get(), flushes.get());
        double cpu = process.info().totalCpuDuration().orElse(Duration.ZERO).toMillis() / 1000.0;
        verdict(true, "%.0f s of CPU", cpu);
        receiver.stop(0);
    }

    private void bombs(int size) throws Exception {
        start(List.of(), "--limits.wait-time=60s");
        push("# TYPE a counter\na 1\n");
        byte[] gzip = gzip(new byte[64 << 20]);
        bombs(size, "gzip", gzip);
        bombs(size, "zstd", zstdZeros(512));
        bombs(size, "snappy", snappyZeros(1024));
        for (String coding : List.of("br", "gzip, gzip")) {
            try (Client client = new Client(port)) {
                int status = client.send("POST", "/metrics", gzip, "Content-Encoding: " + coding + "\r\n");
                verdict(status == 415, "%s: %d", coding, status);
            }
        }
    }

    private void bombs(int size, String coding, byte[] bomb) throws Exception {
        String field = "Content-Encoding: " + coding + "\r\n";
        for (int i = 0; i < 20; i++) { // so that what runs has been compiled
            try (Client client = new Client(port)) {
                client.send("POST", "/metrics", gzip("a 1\n".repeat(100_000).getBytes(ISO_8859_1)), "Content-Encoding: gzip\r\n");
                client.send("POST", "/metrics", bomb, field);
            }
        }
        long before = residentBytes();
        long cpu = process.info().totalCpuDuration().orElse(Duration.ZERO).toMillis();
        AtomicLong refused = new AtomicLong();
        AtomicLong noRoom = new AtomicLong();
        inParallel(size, client -> {
            int status = client.send("POST", "/metrics", bomb, field);
            refused.addAndGet(status == 413 ? 1 : 0);
            noRoom.addAndGet(status == 503 ? 1 : 0);
        });
        double each = (process.info().totalCpuDuration().orElse(Duration.ZERO).toMillis() - cpu) / (double) size;
        long grown = Math.max(0, peakBytes() - before);
        // framed snappy packs 21 to 1 at most: a hundred such bodies are more than limits.in-flight
        long mayFindNoRoom = coding.equals("snappy") ? noRoom.get() : 0;
        verdict(refused.get() + mayFindNoRoom == size && refused.get() > 0,
                "%s: %d bombs of %d KB (64 MiB inflated), %d refused with 413, %d with 503 for want of room", coding, size,
                bomb.length / 1000, refused.get(), noRoom.get());
        verdict(each < 100, "%.1f ms of CPU each", each);
        verdict(grown <= 64 * MIB, "resident %d MiB before, at most %d MiB more", before / MIB, grown / MIB);
    }

    /**
     * The clients that never end their heads send a byte each second, each at a time of its own; half of those that do not
     * read take nothing, the others 512 bytes a second. They come at a pace: ten thousand at once would be an attack on the
     * processors that both sides share.
     */
    private void slow(int size) throws Exception {
        start(List.of(), "--limits.connections=" + (size * 2));
        StringBuilder large = new StringBuilder();
        for (int i = 0; i < 50_000; i++) {
            large.append("large{id=\"").append(i).append("\",text=\"").append("x".repeat(60)).append("\"} 1\n");
        }
        push(large.toString());
        Good good = new Good();
        good.start();
        pause(10); // so that what runs has been compiled
        long quiet = System.nanoTime();
        pause(10);
        long before = residentBytes();
        Slow slow = new Slow(size);
        long begin = System.nanoTime();
        slow.start();
        long most = 0;
        for (long end = begin + TimeUnit.SECONDS.toNanos(SLOW_SECONDS); System.nanoTime() < end && slow.left() > 0; ) {
            most = Math.max(most, residentBytes());
            pause(0.1);
        }
        slow.interrupt();
        slow.join();
        long after = System.nanoTime();
        pause(3);
        good.finish();

        verdict(good.failed.get() == 0, "%,d good requests, %d failed", good.count(), good.failed.get());
        verdict(slow.heads.cut == size && slow.heads.longestMillis <= CUT_MILLIS_MAX, "%,d of %,d clients that never end their"
                + " heads cut, each within %.1f s", slow.heads.cut, size, slow.heads.longestMillis / 1e3);
        verdict(slow.silent.cut == slow.silent.count && slow.silent.longestMillis <= CUT_MILLIS_MAX,
                "%,d of %,d clients that never read cut, each within %.1f s", slow.silent.cut, slow.silent.count,
                slow.silent.longestMillis / 1e3);
        verdict(slow.trickling.cut == slow.trickling.count && slow.trickling.longestMillis <= CUT_MILLIS_MAX,
                "%,d of %,d clients that take a trickle cut, each within %.1f s", slow.trickling.cut, slow.trickling.count,
                slow.trickling.longestMillis / 1e3);
        long unloaded = good.row("before", quiet, begin);
        good.row("while they come", begin, slow.openedNanos);
        good.row("while they sit", slow.openedNanos, slow.firstCutNanos);
        good.row("while they go", Math.max(slow.openedNanos, slow.firstCutNanos), after);
        long beside = good.row("all the time", begin, after);
        good.row("after", after, Long.MAX_VALUE);
        verdict(beside < 2 * Math.max(unloaded, 1_000), "p99 under twice what it was, or 2 ms");
        System.out.printf("        cut for taking nothing %.0f, too little %.0f, for the memory %.0f; %.0f scrapes answered 503%n",
                own("weir_connections_cut_total{reason=\"answer_stalled\"}"), own("weir_connections_cut_total{reason=\"answer_rate\"}"),
                own("weir_connections_cut_total{reason=\"unread\"}"),
                zero(own("weir_http_requests_total{handler=\"scrape\",method=\"GET\",code=\"503\"}")));
        verdict(most - before < 256 * MIB, "resident: %d MiB before, %d MiB at most beside them, %d MiB now", before / MIB, most / MIB,
                residentBytes() / MIB);
    }

    private static void pause(double seconds) {
        long end = System.nanoTime() + (long) (seconds * 1e9);
        for (long left; (left = end - System.nanoTime()) > 0; ) {
            LockSupport.parkNanos(left);
        }
    }

    /** The slow clients, all on one thread. */
    private final class Slow extends Thread {
        /** Of one kind. */
        private static final class Kind {
            int count;
            int cut;
            long longestMillis;
        }

        private final class Attacker {
            final Kind kind;
            final SocketChannel channel;
            final long openedNanos = System.nanoTime();
            /** Each has one turn a second. */
            long turnNanos = openedNanos + TimeUnit.SECONDS.toNanos(1);

            Attacker(Kind kind, SocketChannel channel) {
                this.kind = kind;
                this.channel = channel;
            }
        }

        final Kind heads = new Kind();
        final Kind silent = new Kind();
        final Kind trickling = new Kind();
        final int size;
        final Selector selector = Selector.open();
        final ArrayDeque<Attacker> inTurn = new ArrayDeque<>();
        final ByteBuffer in = ByteBuffer.allocate(512);
        volatile long openedNanos = Long.MAX_VALUE;
        volatile long firstCutNanos = Long.MAX_VALUE;
        private volatile long left;

        Slow(int size) throws IOException {
            this.size = size;
            this.left = size + size / 10;
        }

        long left() {
            return left;
        }

        @Override
        public void run() {
            try {
                attack();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        private void attack() throws IOException {
            long begin = System.nanoTime();
            long opened = 0;
            long all = size + size / 10;
            while (!isInterrupted() && left > 0) {
                long now = System.nanoTime();
                for (long due = (long) ((now - begin) / 1e9 * SLOW_PER_SECOND); opened < Math.min(all, due); opened++) {
                    open(opened);
                    openedNanos = opened == all - 1 ? System.nanoTime() : openedNanos;
                }
                while (!inTurn.isEmpty() && inTurn.peekFirst().turnNanos - now < 0) {
                    turn();
                }
                selector.select(1);
                for (SelectionKey key : selector.selectedKeys()) {
                    take((Attacker) key.attachment());
                }
                selector.selectedKeys().clear();
            }
            for (Attacker client : inTurn) {
                client.channel.close();
            }
        }

        private void open(long number) throws IOException {
            Kind kind = number % 11 < 10 ? heads : number / 11 % 2 == 0 ? silent : trickling;
            SocketChannel channel = SocketChannel.open();
            if (kind != heads) {
                channel.setOption(StandardSocketOptions.SO_RCVBUF, 4096);
            }
            channel.connect(new InetSocketAddress("127.0.0.1", port));
            channel.configureBlocking(false);
            channel.write(ByteBuffer.wrap((kind == heads ? "POST /metrics HTTP/1.1\r\nHost: a\r\nX-A: "
                    : "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").getBytes(ISO_8859_1)));
            Attacker client = new Attacker(kind, channel);
            kind.count++;
            inTurn.addLast(client);
            if (kind == heads) {
                channel.register(selector, SelectionKey.OP_READ, client);
            }
        }

        private void turn() throws IOException {
            Attacker client = inTurn.pollFirst();
            if (client == null || !client.channel.isOpen()) {
                return;
            }
            client.turnNanos += TimeUnit.SECONDS.toNanos(1);
            inTurn.addLast(client);
            try {
                if (client.kind == heads) {
                    client.channel.write(ByteBuffer.wrap(new byte[] {'x'}));
                } else if (client.kind == trickling) {
                    take(client);
                } else {
                    // what takes nothing sees its end when it sends: an empty line, as is allowed between requests
                    client.channel.write(ByteBuffer.wrap(new byte[] {'\r', '\n'}));
                }
            } catch (IOException reset) {
                cut(client);
            }
        }

        private void take(Attacker client) throws IOException {
            try {
                in.clear();
                if (client.channel.read(in) < 0) {
                    cut(client);
                }
            } catch (IOException reset) {
                cut(client);
            }
        }

        private void cut(Attacker client) throws IOException {
            if (!client.channel.isOpen()) {
                return;
            }
            client.channel.close();
            long now = System.nanoTime();
            firstCutNanos = Math.min(firstCutNanos, now);
            client.kind.cut++;
            client.kind.longestMillis = Math.max(client.kind.longestMillis, (now - client.openedNanos) / 1_000_000);
            left--;
        }
    }

    /** 2,000 requests a second over eight connections until told to end, each measured from when it was due. */
    private final class Good {
        private final List<Thread> threads = new ArrayList<>();
        private final List<long[]> dues = Collections.synchronizedList(new ArrayList<>());
        private final List<long[]> micros = Collections.synchronizedList(new ArrayList<>());
        final AtomicLong failed = new AtomicLong();
        private volatile boolean done;

        void start() {
            long begin = System.nanoTime() + 100_000_000;
            for (int i = 0; i < 8; i++) {
                int number = i;
                Thread thread = new Thread(() -> run(begin, number));
                threads.add(thread);
                thread.start();
            }
        }

        private void run(long begin, int number) {
            long[] due = new long[100_000];
            long[] took = new long[100_000];
            int count = 0;
            try (Client client = new Client(port)) {
                byte[] request = request("PATCH", "/metrics/good_total", new byte[0], "");
                for (; !done && count < due.length; count++) {
                    due[count] = begin + (count * 8L + number) * 500_000;
                    for (long left; (left = due[count] - System.nanoTime()) > 0; ) {
                        LockSupport.parkNanos(left);
                    }
                    if (client.send(request) != 200) {
                        failed.incrementAndGet();
                    }
                    took[count] = (System.nanoTime() - due[count]) / 1_000;
                }
            } catch (IOException e) {
                failed.incrementAndGet();
            }
            dues.add(java.util.Arrays.copyOf(due, count));
            micros.add(java.util.Arrays.copyOf(took, count));
        }

        void finish() throws InterruptedException {
            done = true;
            for (Thread thread : threads) {
                thread.join();
            }
        }

        long count() {
            return micros.stream().mapToLong(m -> m.length).sum();
        }

        /** Prints what was due in a span of time; gives the 99th percentile in microseconds. */
        long row(String what, long from, long to) {
            List<Long> found = new ArrayList<>();
            for (int client = 0; client < dues.size(); client++) {
                for (int i = 0; i < dues.get(client).length; i++) {
                    if (dues.get(client)[i] >= from && dues.get(client)[i] < to) {
                        found.add(micros.get(client)[i]);
                    }
                }
            }
            long[] sorted = found.stream().mapToLong(Long::longValue).sorted().toArray();
            if (sorted.length == 0) {
                return 0;
            }
            long p99 = sorted[(int) (sorted.length * 0.99)];
            System.out.printf("        %-16s %6d requests: p50 %6d us, p99 %7d us, p99.9 %7d us, most %7d us%n", what, sorted.length,
                    sorted[sorted.length / 2], p99, sorted[(int) (sorted.length * 0.999)], sorted[sorted.length - 1]);
            return p99;
        }
    }

    private static long[] percentiles(long[] sorted) {
        return sorted.length == 0
                ? new long[2]
                : new long[] {sorted[sorted.length / 2], sorted[(int) (sorted.length * 0.99)]};
    }

    private void overload(int times) throws Exception {
        start(List.of());
        int lines = 50_000;
        byte[] body = gzip(("# TYPE o_total counter\n" + "o_total 1\n".repeat(lines)).getBytes(ISO_8859_1));
        byte[] request = request("POST", "/metrics", body, "Content-Encoding: gzip\r\n");
        long accepted = closedLoop(request, 8);
        long begin = System.nanoTime();
        long measured = closedLoop(request, 8);
        double capacity = measured / ((System.nanoTime() - begin) / 1e9);
        accepted += measured;
        System.out.printf("        %.0f requests/s of %,d samples, %d bytes each, can be served%n", capacity, lines, body.length);

        List<Long> healthy = Collections.synchronizedList(new ArrayList<>());
        List<Long> scrapes = Collections.synchronizedList(new ArrayList<>());
        AtomicLong failed = new AtomicLong();
        List<Thread> probes = List.of(
                new Thread(() -> probe("/-/healthy", 50, healthy, failed)), new Thread(() -> probe("/metrics", 500, scrapes, failed)));
        probes.forEach(Thread::start);
        Storm storm = new Storm(request, capacity * times, 20);
        storm.run();
        probes.forEach(Thread::interrupt);
        for (Thread probe : probes) {
            probe.join();
        }
        accepted += storm.accepted;
        long[] health = percentiles(healthy.stream().mapToLong(Long::longValue).sorted().toArray());
        long[] scrape = percentiles(scrapes.stream().mapToLong(Long::longValue).sorted().toArray());
        System.out.printf("        %.0f requests/s for 20 s (%d times): %,d accepted (%.0f/s), %,d turned away, %,d without an"
                        + " answer, %,d never sent, %,d connections%n",
                capacity * times, times, storm.accepted, storm.accepted / 20.0, storm.refused, storm.lost, storm.unsent,
                storm.connections);
        System.out.printf("        accepted ones took p50 %d ms, p99 %d ms%n", storm.percentiles()[0] / 1000, storm.percentiles()[1] / 1000);
        verdict(storm.accepted / 20.0 > capacity * 0.7, "what is served stays above 70 %% of the capacity");
        verdict(storm.refused > 0, "some were turned away");
        verdict(failed.get() == 0 && health[1] < 2_000_000, "/-/healthy: %d answers, p50 %d ms, p99 %d ms", healthy.size(),
                health[0] / 1000, health[1] / 1000);
        verdict(scrape[1] < 5_000_000, "scrapes: %d, p50 %d ms, p99 %d ms", scrapes.size(), scrape[0] / 1000, scrape[1] / 1000);
        double total = value("/metrics", "o_total");
        // What was sent and never answered may have counted.
        verdict(total >= (double) accepted * lines && total <= (double) (accepted + storm.lost) * lines,
                "%,.0f samples counted, %,d acknowledged, %,d in doubt", total, accepted * lines, storm.lost * lines);
        verdict(true, "%,.0f refused for want of time, %,.0f for want of room, resident at most %d MiB",
                own("weir_http_rejected_total{reason=\"overload\"}"),
                own("weir_http_rejected_total{reason=\"in_flight_bytes\"}"), peakBytes() / MIB);
    }

    /** Eight clients, as fast as they are answered; requests in eight seconds. */
    private long closedLoop(byte[] request, int seconds) throws Exception {
        AtomicLong count = new AtomicLong();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        inParallel(8, client -> {
            while (System.nanoTime() < end) {
                if (client.send(request) != 200) {
                    throw new IllegalStateException("refused at its own pace");
                }
                count.incrementAndGet();
            }
        });
        return count.get();
    }

    private void probe(String path, long everyMillis, List<Long> micros, AtomicLong failed) {
        while (!Thread.currentThread().isInterrupted()) {
            long begin = System.nanoTime();
            try {
                get(path);
                micros.add((System.nanoTime() - begin) / 1_000);
            } catch (IOException e) {
                failed.incrementAndGet();
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(everyMillis));
        }
    }

    /** Sends at a rate, whether or not there are answers, over as many connections as that takes. */
    private final class Storm {
        private static final int CONNECTIONS_MAX = 4_000;
        final byte[] request;
        final double rate;
        final int seconds;
        final ArrayDeque<SelectionKey> idle = new ArrayDeque<>();
        final List<Long> micros = new ArrayList<>();
        long accepted;
        long refused;
        long lost;
        long unsent;
        long connections;
        private long open;

        Storm(byte[] request, double rate, int seconds) {
            this.request = request;
            this.rate = rate;
            this.seconds = seconds;
        }

        void run() throws IOException {
            try (Selector selector = Selector.open()) {
                long begin = System.nanoTime();
                long end = begin + TimeUnit.SECONDS.toNanos(seconds);
                long grace = end + TimeUnit.SECONDS.toNanos(10);
                long sent = 0;
                ByteBuffer in = ByteBuffer.allocate(4096);
                for (long now = begin; now < end || now < grace && idle.size() < open; now = System.nanoTime()) {
                    long due = now < end ? (long) ((now - begin) / 1e9 * rate) : sent;
                    for (; sent < due; sent++) {
                        send(selector);
                    }
                    selector.select(1);
                    for (SelectionKey key : selector.selectedKeys()) {
                        in.clear();
                        take(key, in);
                    }
                    selector.selectedKeys().clear();
                }
                for (SelectionKey key : selector.keys()) {
                    lost += key.attachment() == null ? 0 : 1;
                    key.channel().close();
                }
            }
        }

        private void send(Selector selector) throws IOException {
            SelectionKey key = idle.pollFirst();
            if (key == null && open == CONNECTIONS_MAX) {
                unsent++;
                return;
            }
            if (key == null) {
                SocketChannel channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                channel.configureBlocking(false);
                key = channel.register(selector, SelectionKey.OP_READ);
                open++;
                connections++;
            }
            key.attach(System.nanoTime());
            ByteBuffer out = ByteBuffer.wrap(request);
            try {
                while (out.hasRemaining()) {
                    ((SocketChannel) key.channel()).write(out);
                }
            } catch (IOException reset) {
                close(key);
            }
        }

        private void take(SelectionKey key, ByteBuffer in) throws IOException {
            int n;
            try {
                n = ((SocketChannel) key.channel()).read(in);
            } catch (IOException reset) {
                n = -1;
            }
            if (n < 0) {
                close(key);
                return;
            }
            String answer = new String(in.array(), 0, n, ISO_8859_1);
            if (!answer.startsWith("HTTP/1.1 ") || key.attachment() == null) {
                return;
            }
            if (answer.startsWith("HTTP/1.1 200")) {
                accepted++;
                micros.add((System.nanoTime() - (long) key.attachment()) / 1_000);
            } else {
                refused++;
            }
            key.attach(null);
            idle.addLast(key);
        }

        private void close(SelectionKey key) throws IOException {
            lost += key.attachment() == null ? 0 : 1;
            idle.remove(key);
            key.cancel();
            key.channel().close();
            open--;
        }

        long[] percentiles() {
            return Siege.percentiles(micros.stream().mapToLong(Long::longValue).sorted().toArray());
        }
    }

    // ---- the gateway

    private void start(List<String> jvm, String... flags) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:MaxRAMPercentage=50", "-XX:+ExitOnOutOfMemoryError"));
        command.addAll(jvm);
        if (Runtime.version().feature() >= 24) {
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        Collections.addAll(command, "-jar", jar.toString(), "--web.listen-address=127.0.0.1:0", "--log.level=warn");
        if (Stream.of(flags).noneMatch(flag -> flag.startsWith("--storage.path"))) {
            command.add("--storage.path=none");
        }
        Collections.addAll(command, flags);
        process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        BufferedReader out = process.inputReader();
        String line = out.readLine();
        while (line != null && !line.startsWith("try ")) {
            if (line.startsWith("listening on")) {
                port = Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
            }
            line = out.readLine();
        }
        if (line == null) {
            throw new IllegalStateException("the gateway did not start");
        }
    }

    private void stop() {
        try {
            if (process != null) {
                process.destroyForcibly().waitFor();
            }
            try (Stream<Path> files = Files.walk(data)) {
                for (Path file : files.sorted(Collections.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        } catch (IOException | InterruptedException e) {
            System.out.println("left behind: " + data);
        }
    }

    private long residentBytes() throws IOException {
        return status("VmRSS");
    }

    private long peakBytes() throws IOException {
        return status("VmHWM");
    }

    private long status(String name) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
            if (line.startsWith(name + ":")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        throw new IOException("no " + name);
    }

    private double own(String series) throws IOException {
        return value("/-/metrics", series);
    }

    private double value(String path, String series) throws IOException {
        return valueIn(new String(get(path), ISO_8859_1), series);
    }

    private static double valueIn(String text, String series) {
        return text.lines().filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .findFirst().orElse(Double.NaN);
    }

    private static double zero(double value) {
        return Double.isNaN(value) ? 0 : value;
    }

    private void push(String text) throws IOException {
        try (Client client = new Client(port)) {
            int status = client.send("POST", "/metrics", text.getBytes(ISO_8859_1), "");
            if (status != 200) {
                throw new IOException("push: " + status);
            }
        }
    }

    private byte[] get(String path) throws IOException {
        try (Client client = new Client(port)) {
            return client.get(path);
        }
    }

    // ---- clients

    private interface Work {
        void run(Client client) throws IOException;
    }

    /** Runs the same with a connection for each, to the end of all. */
    private void inParallel(int clients, Work work) throws Exception {
        List<Thread> threads = new ArrayList<>();
        AtomicLong failed = new AtomicLong();
        for (int i = 0; i < clients; i++) {
            Thread thread = new Thread(() -> {
                try (Client client = new Client(port)) {
                    work.run(client);
                } catch (IOException | RuntimeException e) {
                    failed.incrementAndGet();
                    System.out.println("client: " + e);
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        if (failed.get() > 0) {
            verdict(false, "%d clients failed", failed.get());
        }
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    /** Zeros as zstd (RFC 8878): a frame of blocks of 128 KiB, four bytes each. */
    private static byte[] zstdZeros(int blocks) {
        ByteBuffer out = ByteBuffer.allocate(6 + 4 * blocks).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(0xfd2fb528).put((byte) 0).put((byte) (7 << 3));
        for (int i = 0; i < blocks; i++) {
            int header = (i == blocks - 1 ? 1 : 0) | 1 << 1 | 128 << 10 << 3;
            out.put((byte) header).put((byte) (header >> 8)).put((byte) (header >> 16)).put((byte) 0);
        }
        return out.array();
    }

    /** Zeros as framed snappy, which gets no further than 21 to 1: chunks of 64 KiB, each a byte and copies of it. */
    private static byte[] snappyZeros(int chunks) throws IOException {
        CRC32C sum = new CRC32C();
        sum.update(new byte[64 << 10]);
        int crc = (int) sum.getValue();
        ByteBuffer chunk = ByteBuffer.allocate(4 + 4 + 5 + 3 * 1024).order(ByteOrder.LITTLE_ENDIAN);
        chunk.putInt(chunk.capacity() - 4 << 8).putInt((crc >>> 15 | crc << 17) + 0xa282ead8);
        chunk.put(new byte[] {(byte) 0x80, (byte) 0x80, 4, 0, 0});
        for (int left = (64 << 10) - 1; left > 0; left -= 64) {
            chunk.put((byte) (Math.min(left, 64) - 1 << 2 | 2)).putShort((short) 1);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(new byte[] {(byte) 0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'});
        for (int i = 0; i < chunks; i++) {
            out.write(chunk.array());
        }
        return out.toByteArray();
    }

    private static byte[] request(String method, String target, byte[] body, String fields) {
        byte[] head = (method + " " + target + " HTTP/1.1\r\nHost: gateway\r\nContent-Length: " + body.length + "\r\n" + fields
                + "\r\n").getBytes(ISO_8859_1);
        byte[] request = java.util.Arrays.copyOf(head, head.length + body.length);
        System.arraycopy(body, 0, request, head.length, body.length);
        return request;
    }

    /** One connection, one request at a time. */
    private static final class Client implements AutoCloseable {
        private final int port;
        private Socket socket;
        private InputStream in;

        Client(int port) throws IOException {
            this.port = port;
            connect();
        }

        private void connect() throws IOException {
            socket = new Socket("127.0.0.1", port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(60_000);
            in = new BufferedInputStream(socket.getInputStream());
        }

        int send(String method, String target, byte[] body, String fields) throws IOException {
            return send(request(method, target, body, fields));
        }

        /** The status of the answer. */
        int send(byte[] request) throws IOException {
            try {
                socket.getOutputStream().write(request);
            } catch (IOException refused) {
                // the answer may be there already
            }
            int status = Integer.parseInt(line().split(" ")[1]);
            int length = 0;
            boolean ends = false;
            for (String field = line(); !field.isEmpty(); field = line()) {
                if (field.toLowerCase().startsWith("content-length:")) {
                    length = Integer.parseInt(field.substring(15).trim());
                }
                ends |= field.equalsIgnoreCase("Connection: close");
            }
            in.readNBytes(length);
            if (ends) {
                socket.close();
                connect();
            }
            return status;
        }

        /** By HTTP/1.0, whose body ends with the connection. */
        byte[] get(String path) throws IOException {
            socket.getOutputStream().write(("GET " + path + " HTTP/1.0\r\nHost: gateway\r\n\r\n").getBytes(ISO_8859_1));
            String status = line();
            while (!line().isEmpty()) {
                // fields
            }
            byte[] body = in.readAllBytes();
            if (!status.startsWith("HTTP/1.1 200")) {
                throw new IOException(status);
            }
            return body;
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int b; (b = in.read()) != '\n'; ) {
                if (b < 0) {
                    throw new IOException("closed");
                }
                if (b != '\r') {
                    line.append((char) b);
                }
            }
            return line.toString();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
