package io.weir.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * Runs a gateway for a long time under a fixed rate of mixed requests, with its journal on, short-lived series, scrapes
 * and a remote_write receiver that checks what it gets; writes memory, threads and descriptors to a CSV file, and says at
 * the end whether anything climbed and whether every total is exact. A program of its own without dependencies, for
 * Linux: {@code java Soak.java JAR MINUTES RATE CLIMB_MIB CSV}.
 */
public final class Soak {
    private static final int WORKERS = 8;
    private static final int WIDE = 100;
    private static final int SAMPLE_SECONDS = 30;
    private static final int REQUESTS_PER_CONNECTION = 5_000;
    private static final int TTL_SECONDS = 60;
    private static final int FLUSH_SECONDS = 5;
    private static final long MIB = 1 << 20;
    private static final String[] BOUNDS = {"0.1", "1", "+Inf"};

    /** What a worker does, by weight: each hundred requests have each of these so many times. */
    private enum Card {
        PATCH(24), PATCH_KEYED(12), PATCH_AGAIN(3), PATCH_JSON(4), TEXT(20), TEXT_KEYED(5), WIDE_TEXT(4), GZIP(4),
        JSON_STRING(4), PUT(2), POINTS(8), HISTOGRAM(3), CHURN(3), REFUSED(1), DELETED_ADD(2), DELETE(1);

        final int weight;

        Card(int weight) {
            this.weight = weight;
        }
    }

    private final Path jar;
    private final int minutes;
    private final int rate;
    private final long climbMax;
    private final Path csv;
    private final Path data;
    private final Receiver receiver = new Receiver();
    private final LongAdder shared = new LongAdder();
    private final LongAdder requests = new LongAdder();
    private final LongAdder problems = new LongAdder();
    private final Latencies latencies = new Latencies();
    private volatile Process process;
    private volatile boolean stopping;
    private int port;

    private Soak(Path jar, int minutes, int rate, long climbMax, Path csv) throws IOException {
        this.jar = jar;
        this.minutes = minutes;
        this.rate = rate;
        this.climbMax = climbMax;
        this.csv = csv;
        this.data = Files.createTempDirectory("weir-soak");
    }

    /** Arguments: jar, minutes, requests a second, MiB that memory may climb, CSV file. Ends with 1 when a check fails. */
    public static void main(String[] arguments) throws Exception {
        Soak soak = new Soak(
                Path.of(arguments[0]),
                Integer.parseInt(arguments[1]),
                Integer.parseInt(arguments[2]),
                Long.parseLong(arguments[3]) * MIB,
                Path.of(arguments[4]));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> soak.process.destroyForcibly()));
        System.exit(soak.run() ? 0 : 1);
    }

    private boolean run() throws Exception {
        receiver.start();
        start();
        System.out.printf("%d minutes at %d requests/s, data in %s, samples in %s%n", minutes, rate, data, csv);
        List<Worker> workers = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < WORKERS; i++) {
            Worker worker = new Worker(i);
            workers.add(worker);
            threads.add(new Thread(worker, "worker-" + i));
        }
        threads.add(new Thread(this::scrape, "scrapes"));
        threads.forEach(Thread::start);
        Trend trend = sample();
        stopping = true;
        for (Thread thread : threads) {
            thread.join();
        }

        Map<String, Double> expected = new TreeMap<>();
        workers.forEach(worker -> worker.values.forEach((name, value) -> expected.put(name, (double) value)));
        expected.put("shared_total", shared.doubleValue());
        boolean good = trend.judge();
        good &= check("the text scrape", expected, () -> text(get("/metrics", "")));
        good &= check("the gzip scrape", expected, () -> text(get("/metrics", "Accept-Encoding: gzip\r\n")));
        good &= check("the remote_write receiver", expected, receiver::values);
        process.destroy();
        good &= expect("the exit code after SIGTERM", process.waitFor() == 0 || process.exitValue() == 143);
        start();
        good &= check("the text scrape after a restart", expected, () -> text(get("/metrics", "")));
        good &= check("the text scrape after the time to live", Map.of(), () -> text(get("/metrics", "")));
        good &= check("the receiver after the time to live", Map.of(), receiver::values);
        good &= expect("requests that were answered otherwise than they should: " + problems, problems.sum() == 0);
        good &= expect("samples the receiver had to refuse: " + receiver.wrong, receiver.wrong.get() == 0);
        process.destroyForcibly().waitFor();
        System.out.printf("%d requests, %d remote_write requests with %d samples: %s%n",
                requests.sum(), receiver.requests.get(), receiver.samples.get(), good ? "all good" : "FAILED");
        if (good) {
            try (Stream<Path> files = Files.walk(data)) {
                for (Path file : files.sorted(Collections.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
        return good;
    }

    private static boolean expect(String what, boolean holds) {
        System.out.println((holds ? "ok      " : "FAILED  ") + what);
        return holds;
    }

    private interface Source {
        Map<String, Double> get() throws IOException;
    }

    /** Waits until the source shows what is expected, at most as long as the time to live and some flushes take. */
    private static boolean check(String what, Map<String, Double> expected, Source source) throws IOException {
        long end = System.nanoTime() + Duration.ofSeconds(TTL_SECONDS + 8 * FLUSH_SECONDS).toNanos();
        Map<String, Double> found = live(source.get());
        while (!found.equals(expected) && System.nanoTime() < end) {
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
            found = live(source.get());
        }
        Map<String, Double> last = found;
        expected.forEach((name, value) -> {
            if (!value.equals(last.get(name))) {
                System.out.println("        " + name + " is " + last.get(name) + ", expected " + value);
            }
        });
        last.keySet().stream().filter(name -> !expected.containsKey(name)).limit(10)
                .forEach(name -> System.out.println("        " + name + " should not be there"));
        return expect(what + ": " + expected.size() + " series exact", last.equals(expected));
    }

    /** Without the short-lived series, while others are expected. */
    private static Map<String, Double> live(Map<String, Double> all) {
        Map<String, Double> live = new HashMap<>(all);
        if (live.containsKey("shared_total")) {
            live.keySet().removeIf(name -> name.startsWith("churn_total"));
        }
        return live;
    }

    // ---- the gateway

    private void start() throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:MaxRAMPercentage=50",
                "-XX:+ExitOnOutOfMemoryError",
                "-Xlog:gc:file=" + data.resolve("gc.log")));
        if (Runtime.version().feature() >= 24) {
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        Collections.addAll(command,
                "-jar", jar.toString(),
                "--web.listen-address=127.0.0.1:0",
                "--storage.path=" + data.resolve("store"),
                "--series.ttl=" + TTL_SECONDS + "s",
                "--remote-write.url=http://127.0.0.1:" + receiver.port() + "/",
                "--remote-write.interval=" + FLUSH_SECONDS + "s",
                "--log.level=warn");
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

    private byte[] get(String path, String fields) throws IOException {
        try (Client client = new Client(port)) {
            return client.get(path, fields);
        }
    }

    /** Values by canonical name, labels in order. */
    private static Map<String, Double> text(byte[] body) {
        Map<String, Double> values = new HashMap<>();
        for (String line : new String(body, ISO_8859_1).split("\n")) {
            int space = line.lastIndexOf(' ');
            if (!line.startsWith("#") && space > 0) {
                String name = line.substring(0, space);
                int brace = name.indexOf('{');
                if (brace > 0) {
                    String[] labels = name.substring(brace + 1, name.length() - 1).split(",");
                    Arrays.sort(labels);
                    name = name.substring(0, brace) + '{' + String.join(",", labels) + '}';
                }
                values.put(name, Double.parseDouble(line.substring(space + 1).replace("+Inf", "Infinity")));
            }
        }
        return values;
    }

    // ---- samples

    /** Samples until the time is over. */
    private Trend sample() throws Exception {
        Trend trend = new Trend();
        long begin = System.nanoTime();
        long end = begin + TimeUnit.MINUTES.toNanos(minutes);
        long cpu = cpuMillis();
        long count = 0;
        GcLog log = new GcLog(data.resolve("gc.log"));
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(csv))) {
            out.println("seconds,rss_bytes,heap_used_bytes,heap_after_gc_bytes,direct_bytes,threads,fds,cores,"
                    + "requests_per_second,p50_us,p99_us,series,idempotency_keys,wal_bytes");
            for (long next = begin + TimeUnit.SECONDS.toNanos(SAMPLE_SECONDS); next <= end;
                    next += TimeUnit.SECONDS.toNanos(SAMPLE_SECONDS)) {
                for (long left; (left = next - System.nanoTime()) > 0; ) {
                    LockSupport.parkNanos(left);
                }
                if (!process.isAlive()) {
                    expect("the gateway lives", false);
                    return trend;
                }
                long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);
                Map<String, Double> own = text(get("/-/metrics", ""));
                long cpuNow = cpuMillis();
                long countNow = requests.sum();
                long[] times = latencies.takePercentiles();
                double[] row = {
                    status("VmRSS") * 1024,
                    own.get("jvm_memory_used_bytes{area=\"heap\"}"),
                    log.afterLast(),
                    own.get("weir_direct_memory_used_bytes"),
                    status("Threads"),
                    own.get("process_open_fds"),
                };
                trend.add(seconds, row);
                out.printf("%d,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.3f,%d,%d,%d,%.0f,%.0f,%.0f%n",
                        seconds, row[0], row[1], row[2], row[3], row[4], row[5],
                        (cpuNow - cpu) / 1000.0 / SAMPLE_SECONDS, (countNow - count) / SAMPLE_SECONDS,
                        times[0], times[1], own.get("weir_series"), own.get("weir_idempotency_keys"),
                        own.get("weir_wal_bytes"));
                out.flush();
                cpu = cpuNow;
                count = countNow;
                if (trend.liveAtThird == 0 && next - begin >= (end - begin) / 3) {
                    trend.liveAtThird = liveBytes();
                }
            }
        }
        trend.liveAtEnd = liveBytes();
        return trend;
    }

    private double status(String name) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
            if (line.startsWith(name + ":")) {
                return Double.parseDouble(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("no " + name);
    }

    private long cpuMillis() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO).toMillis();
    }

    /** What a full collection leaves; asked for twice only, since it changes what the heap does by itself. */
    private long liveBytes() throws Exception {
        Process jcmd = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        Long.toString(process.pid()),
                        "GC.class_histogram")
                .start();
        String total = jcmd.inputReader().lines().filter(line -> line.startsWith("Total")).findFirst().orElse("0");
        jcmd.waitFor();
        String[] words = total.trim().split("\\s+");
        return Long.parseLong(words[words.length - 1]);
    }

    /** The heap after the last collection, from the log the JVM writes. */
    private static final class GcLog {
        private static final Pattern PAUSE = Pattern.compile("Pause.* \\d+M->(\\d+)M\\(");
        private final Path file;
        private long place;
        private double last;

        GcLog(Path file) {
            this.file = file;
        }

        double afterLast() throws IOException {
            try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
                log.seek(place);
                for (String line = log.readLine(); line != null; line = log.readLine()) {
                    Matcher pause = PAUSE.matcher(line);
                    if (pause.find()) {
                        last = Double.parseDouble(pause.group(1)) * MIB;
                    }
                }
                place = log.getFilePointer();
            }
            return last;
        }
    }

    /** Straight lines through the samples of the last two thirds. */
    private final class Trend {
        private static final String[] NAMES = {"resident", "heap used", "heap after collection", "direct", "threads", "fds"};
        private final List<long[]> seconds = new ArrayList<>();
        private final List<double[]> rows = new ArrayList<>();
        long liveAtThird;
        long liveAtEnd;

        void add(long second, double[] row) {
            seconds.add(new long[] {second});
            rows.add(row);
        }

        boolean judge() {
            int from = rows.size() / 3;
            if (rows.size() - from < 3) {
                return expect("enough samples", false);
            }
            boolean good = true;
            for (int column = 0; column < NAMES.length; column++) {
                double climb = climb(from, column);
                double first = rows.get(from)[column];
                double last = rows.get(rows.size() - 1)[column];
                boolean isMemory = column < 4;
                double unit = isMemory ? MIB : 1;
                // What is used at the moment says more of the time since the last collection than of anything else.
                boolean isJudged = column != 1 && column != 2;
                double most = isMemory ? climbMax : 4;
                String line = String.format("%s: from %.1f to %.1f%s, the line through all climbs %.2f (at most %.0f)",
                        NAMES[column], first / unit, last / unit, isMemory ? " MiB" : "", climb / unit, most / unit);
                if (isJudged) {
                    good &= expect(line, climb <= most);
                } else {
                    System.out.println("        " + line);
                }
            }
            return good & expect(String.format("live heap: from %.1f to %.1f MiB (at most %d more)",
                    liveAtThird / (double) MIB, liveAtEnd / (double) MIB, climbMax / MIB),
                    liveAtThird > 0 && liveAtEnd - liveAtThird <= climbMax);
        }

        private double climb(int from, int column) {
            int n = rows.size() - from;
            double meanX = 0;
            double meanY = 0;
            for (int i = from; i < rows.size(); i++) {
                meanX += (double) seconds.get(i)[0] / n;
                meanY += rows.get(i)[column] / n;
            }
            double xy = 0;
            double xx = 0;
            for (int i = from; i < rows.size(); i++) {
                double x = seconds.get(i)[0] - meanX;
                xy += x * (rows.get(i)[column] - meanY);
                xx += x * x;
            }
            return xy / xx * (seconds.get(rows.size() - 1)[0] - seconds.get(from)[0]);
        }
    }

    /** Times of requests since the last look, from when they were due, in buckets an eighth of a power of two wide. */
    private static final class Latencies {
        private final AtomicLongArray counts = new AtomicLongArray(8 * 40);

        void add(long micros) {
            long value = Math.max(8, micros);
            int power = 63 - Long.numberOfLeadingZeros(value);
            counts.incrementAndGet(Math.min(counts.length() - 1, power * 8 + (int) (value >> (power - 3) & 7)));
        }

        long[] takePercentiles() {
            long[] taken = new long[counts.length()];
            long total = 0;
            for (int i = 0; i < taken.length; i++) {
                taken[i] = counts.getAndSet(i, 0);
                total += taken[i];
            }
            return new long[] {at(taken, total / 2), at(taken, total - total / 100)};
        }

        private static long at(long[] counts, long rank) {
            long seen = 0;
            for (int i = 0; i < counts.length; i++) {
                seen += counts[i];
                if (seen >= rank && seen > 0) {
                    return (8L + i % 8 + 1) << i / 8 >> 3;
                }
            }
            return 0;
        }
    }

    // ---- readers

    /** Plain, gzip and JSON scrapes, one a second in turn; the shared counter never falls and is never above what was sent. */
    private void scrape() {
        double before = 0;
        for (long round = 0; !stopping; round++) {
            try {
                if (round % 4 == 3) {
                    byte[] json = get("/metrics?format=json", "");
                    count(json[0] == '{' && json[json.length - 1] == '}');
                } else {
                    Map<String, Double> values = text(get("/metrics", round % 2 == 0 ? "" : "Accept-Encoding: gzip\r\n"));
                    double now = values.getOrDefault("shared_total", 0.0);
                    count(now >= before && now <= shared.sum() + WORKERS * 101);
                    before = now;
                }
                if (round % 10 == 0) {
                    abandon();
                }
            } catch (IOException | RuntimeException e) {
                System.out.println("scrape: " + e);
                count(false);
            }
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
        }
    }

    /** A client that dies in the middle of a body: nothing of it may count. */
    private void abandon() throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.getOutputStream().write(("POST /metrics HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1000\r\n\r\n"
                    + "# TYPE shared_total counter\nshared_total 1000000\n").getBytes(ISO_8859_1));
        }
    }

    private void count(boolean isGood) {
        requests.increment();
        if (!isGood) {
            problems.increment();
        }
    }

    // ---- writers

    /** One client with series of its own, one request at a time, each at its time. */
    private final class Worker implements Runnable {
        final Map<String, Long> values = new HashMap<>();
        private final String id;
        private final Random dice;
        private final List<Card> deck = new ArrayList<>();
        private final ArrayDeque<String> shortLived = new ArrayDeque<>();
        private Client client;
        private long keys;
        private long number;
        private String lastKey;

        Worker(int index) {
            id = Integer.toString(index);
            dice = new Random(index);
            for (Card card : Card.values()) {
                deck.addAll(Collections.nCopies(card.weight, card));
            }
        }

        @Override
        public void run() {
            long period = TimeUnit.SECONDS.toNanos(1) * WORKERS / rate;
            long due = System.nanoTime() + period * Integer.parseInt(id) / WORKERS;
            try {
                client = new Client(port);
                // Whole decks, so that each series is touched again and again, also at low rates.
                for (long sent = 0; !stopping; ) {
                    Collections.shuffle(deck, dice);
                    for (Card card : deck) {
                        for (long left; (left = due - System.nanoTime()) > 0; ) {
                            LockSupport.parkNanos(left);
                        }
                        if (++sent % REQUESTS_PER_CONNECTION == 0) {
                            client.close();
                            client = new Client(port);
                        }
                        play(card);
                        latencies.add((System.nanoTime() - due) / 1000);
                        due += period;
                    }
                }
                client.close();
            } catch (IOException | RuntimeException e) {
                System.out.println("worker " + id + ": " + e);
                count(false);
            }
        }

        private String name(String family) {
            return family + "{w=\"" + id + "\"}";
        }

        private void add(String name, long amount) {
            values.merge(name, amount, Long::sum);
        }

        private void play(Card card) throws IOException {
            switch (card) {
                case PATCH -> patch("patched_total", "", null, 1);
                case PATCH_KEYED -> {
                    lastKey = id + "-" + ++keys;
                    patch("keyed_total", "", lastKey, 1);
                }
                case PATCH_AGAIN -> {
                    if (lastKey != null) {
                        patch("keyed_total", "", lastKey, 0);
                    }
                }
                case PATCH_JSON -> patch("amount_total", "{\"value\":7}", null, 7);
                case TEXT -> post(text(), null, "");
                case TEXT_KEYED -> {
                    String key = id + "-" + ++keys;
                    String text = text();
                    post(text, key, "");
                    send("POST", "/metrics", text.getBytes(ISO_8859_1), key, "", 200); // again, which must not count
                }
                case WIDE_TEXT -> {
                    StringBuilder text = new StringBuilder("# TYPE wide_total counter\n");
                    for (int i = 0; i < WIDE; i++) {
                        String name = "wide_total{i=\"" + i + "\",w=\"" + id + "\"}";
                        text.append(name).append(" 2\n");
                        add(name, 2);
                    }
                    post(text.toString(), null, "");
                }
                case GZIP -> {
                    byte[] body = text().getBytes(ISO_8859_1);
                    ByteArrayOutputStream out = new ByteArrayOutputStream();
                    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
                        gzip.write(body);
                    }
                    send("POST", "/metrics", out.toByteArray(), null, "Content-Encoding: gzip\r\n", 200);
                    texted();
                }
                case JSON_STRING -> {
                    String text = text().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
                    post('"' + text + '"', null, "");
                }
                case PUT -> {
                    String name = name("put_value");
                    send("PUT", "/metrics", (name + " " + ++number + "\n").getBytes(ISO_8859_1), null, "", 200);
                    values.put(name, number);
                }
                case POINTS -> {
                    long v = ++number;
                    String line = "cpu,w=" + id + " a=" + v + ",b=" + v + "i,c=t\n";
                    send("POST", "/write?db=soak", line.getBytes(ISO_8859_1), null, "", 204);
                    values.put(name("cpu_a"), v);
                    values.put(name("cpu_b"), v);
                    values.put(name("cpu_c"), 1L);
                }
                case HISTOGRAM -> histogram();
                case CHURN -> churn();
                case REFUSED -> send("POST", "/metrics",
                        (name("posted_total") + " 1\nposted_total{w=\"" + id + "} 1\n").getBytes(ISO_8859_1), null, "", 400);
                case DELETED_ADD -> patch("deleted_total", "", null, 1);
                case DELETE -> {
                    send("DELETE", "/metrics/deleted_total?w=" + id, new byte[0], null, "", 200);
                    values.remove(name("deleted_total"));
                }
            }
        }

        /** One of its own and one that all add to. */
        private String text() {
            return "# TYPE posted_total counter\n" + name("posted_total") + " 3\n"
                    + "# TYPE depth gauge\n" + name("depth") + " 0.5\n" + name("depth") + " 0.5\n"
                    + "# TYPE shared_total counter\nshared_total 1\n";
        }

        private void texted() {
            add(name("posted_total"), 3);
            add(name("depth"), 1);
            shared.increment();
        }

        private void post(String body, String key, String fields) throws IOException {
            send("POST", "/metrics", body.getBytes(ISO_8859_1), key, fields, 200);
            if (body.contains("shared_total")) {
                texted();
            }
        }

        private void patch(String family, String body, String key, long amount) throws IOException {
            send("PATCH", "/metrics/" + family + "?w=" + id, body.getBytes(ISO_8859_1), key, "", 200);
            add(name(family), amount);
        }

        private void histogram() throws IOException {
            StringBuilder text = new StringBuilder("# TYPE latency_seconds histogram\n");
            for (int i = 0; i < BOUNDS.length; i++) {
                text.append("latency_seconds_bucket{w=\"").append(id).append("\",le=\"").append(BOUNDS[i]).append("\"} ")
                        .append(i + 1).append('\n');
                add("latency_seconds_bucket{le=\"" + BOUNDS[i] + "\",w=\"" + id + "\"}", i + 1);
            }
            text.append(name("latency_seconds_sum")).append(" 4\n").append(name("latency_seconds_count")).append(" 3\n");
            add(name("latency_seconds_sum"), 4);
            add(name("latency_seconds_count"), 3);
            post(text.toString(), null, "");
        }

        /** Half of the short-lived series are deleted, the others end by themselves. */
        private void churn() throws IOException {
            String series = "id=" + id + "-" + ++number;
            send("PATCH", "/metrics/churn_total?" + series, new byte[0], null, "", 200);
            shortLived.add(series);
            if (shortLived.size() == 2) {
                shortLived.poll();
                String deleted = shortLived.poll();
                String answer = send("DELETE", "/metrics/churn_total?" + deleted, new byte[0], null, "", 200);
                count(answer.trim().equals("deleted 1 series"));
            }
        }

        private String send(String method, String target, byte[] body, String key, String fields, int status)
                throws IOException {
            String answer = client.send(method, target, body, key, fields);
            boolean isGood = client.status == status;
            if (!isGood) {
                System.out.println(method + " " + target + ": " + client.status + " " + answer);
            }
            count(isGood);
            return answer;
        }
    }

    /** One connection that is kept. */
    private static final class Client implements AutoCloseable {
        private final Socket socket;
        private final InputStream in;
        int status;
        private boolean isGzip;

        Client(int port) throws IOException {
            socket = new Socket("127.0.0.1", port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(30_000);
            in = new BufferedInputStream(socket.getInputStream());
        }

        String send(String method, String target, byte[] body, String key, String fields) throws IOException {
            ByteArrayOutputStream request = new ByteArrayOutputStream();
            request.write((method + " " + target + " HTTP/1.1\r\nHost: gateway\r\nContent-Length: " + body.length + "\r\n"
                    + (key == null ? "" : "Idempotency-Key: " + key + "\r\n") + fields + "\r\n").getBytes(ISO_8859_1));
            request.write(body);
            socket.getOutputStream().write(request.toByteArray());
            int length = head();
            byte[] answer = in.readNBytes(length);
            if (answer.length < length) {
                throw new IOException("cut off");
            }
            return new String(answer, ISO_8859_1);
        }

        /** By HTTP/1.0, whose body ends with the connection. */
        byte[] get(String path, String fields) throws IOException {
            socket.getOutputStream().write(
                    ("GET " + path + " HTTP/1.0\r\nHost: gateway\r\n" + fields + "\r\n").getBytes(ISO_8859_1));
            head();
            byte[] body = in.readAllBytes();
            if (status != 200) {
                throw new IOException(status + " " + new String(body, ISO_8859_1));
            }
            return isGzip ? new GZIPInputStream(new ByteArrayInputStream(body)).readAllBytes() : body;
        }

        private int head() throws IOException {
            status = Integer.parseInt(line().split(" ")[1]);
            int length = 0;
            for (String field = line(); !field.isEmpty(); field = line()) {
                String lower = field.toLowerCase();
                if (lower.startsWith("content-length:")) {
                    length = Integer.parseInt(field.substring(15).trim());
                }
                isGzip |= lower.equals("content-encoding: gzip");
            }
            return length;
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

    // ---- the receiver

    /** A remote_write 1.0 receiver that keeps the last value of each live series and refuses a series that goes back in time. */
    private static final class Receiver {
        private static final long STALE = 0x7ff0_0000_0000_0002L;
        final AtomicLong requests = new AtomicLong();
        final AtomicLong samples = new AtomicLong();
        final AtomicLong wrong = new AtomicLong();
        private final Map<String, double[]> series = new HashMap<>();
        private HttpServer server;

        void start() throws IOException {
            server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
            server.createContext("/", this::take);
            server.setExecutor(Executors.newFixedThreadPool(2, task -> {
                Thread thread = new Thread(task, "receiver");
                thread.setDaemon(true);
                return thread;
            }));
            server.start();
        }

        int port() {
            return server.getAddress().getPort();
        }

        synchronized Map<String, Double> values() {
            Map<String, Double> values = new HashMap<>();
            series.forEach((name, last) -> values.put(name, last[1]));
            return values;
        }

        private void take(HttpExchange exchange) throws IOException {
            try (exchange) {
                byte[] body = exchange.getRequestBody().readAllBytes();
                try {
                    store(ByteBuffer.wrap(unsnap(body)).order(ByteOrder.LITTLE_ENDIAN));
                } catch (RuntimeException e) {
                    System.out.println("receiver: " + e);
                    wrong.incrementAndGet();
                }
                requests.incrementAndGet();
                exchange.sendResponseHeaders(204, -1);
            }
        }

        private synchronized void store(ByteBuffer request) {
            while (request.hasRemaining()) {
                long tag = varint(request);
                ByteBuffer message = bytes(request);
                if (tag == (1 << 3 | 2)) {
                    storeSeries(message);
                }
            }
        }

        private void storeSeries(ByteBuffer message) {
            String metric = "";
            List<String> labels = new ArrayList<>();
            double value = 0;
            long time = 0;
            while (message.hasRemaining()) {
                long tag = varint(message);
                ByteBuffer part = bytes(message);
                if (tag == (1 << 3 | 2)) {
                    String[] label = label(part);
                    if (label[0].equals("__name__")) {
                        metric = label[1];
                    } else {
                        labels.add(label[0] + "=\"" + label[1] + '"');
                    }
                } else {
                    while (part.hasRemaining()) {
                        if (varint(part) == (1 << 3 | 1)) {
                            value = part.getDouble();
                        } else {
                            time = varint(part);
                        }
                    }
                }
            }
            Collections.sort(labels);
            String name = labels.isEmpty() ? metric : metric + '{' + String.join(",", labels) + '}';
            samples.incrementAndGet();
            double[] last = series.get(name);
            boolean isStale = Double.doubleToRawLongBits(value) == STALE;
            boolean fell = last != null && metric.endsWith("_total") && !metric.equals("deleted_total") && value < last[1];
            if (last != null && time <= last[0] || fell) {
                wrong.incrementAndGet();
                System.out.println("receiver: " + name + " " + value + " at " + time + " after " + Arrays.toString(last));
            }
            if (isStale) {
                series.remove(name);
            } else {
                series.put(name, new double[] {time, value});
            }
        }

        private static String[] label(ByteBuffer part) {
            String[] label = {"", ""};
            while (part.hasRemaining()) {
                int field = (int) varint(part) >> 3;
                ByteBuffer text = bytes(part);
                byte[] copy = new byte[text.remaining()];
                text.get(copy);
                label[field - 1] = new String(copy, ISO_8859_1);
            }
            return label;
        }

        private static ByteBuffer bytes(ByteBuffer from) {
            int length = (int) varint(from);
            ByteBuffer part = from.slice(from.position(), length).order(ByteOrder.LITTLE_ENDIAN);
            from.position(from.position() + length);
            return part;
        }

        private static long varint(ByteBuffer from) {
            long value = 0;
            for (int shift = 0; ; shift += 7) {
                byte b = from.get();
                value |= (long) (b & 0x7f) << shift;
                if (b >= 0) {
                    return value;
                }
            }
        }

        /** The block format of snappy. */
        private static byte[] unsnap(byte[] compressed) {
            ByteBuffer in = ByteBuffer.wrap(compressed).order(ByteOrder.LITTLE_ENDIAN);
            byte[] out = new byte[(int) varint(in)];
            int end = 0;
            while (in.hasRemaining()) {
                int tag = in.get() & 0xff;
                int kind = tag & 3;
                int length = (tag >> 2) + 1;
                int back = 0;
                if (kind == 0) {
                    int extra = Math.max(0, length - 60);
                    if (extra > 0) {
                        length = 0;
                        for (int i = 0; i < extra; i++) {
                            length |= (in.get() & 0xff) << 8 * i;
                        }
                        length++;
                    }
                    in.get(out, end, length);
                    end += length;
                    continue;
                }
                if (kind == 1) {
                    length = (tag >> 2 & 7) + 4;
                    back = (tag >> 5) << 8 | in.get() & 0xff;
                } else {
                    back = kind == 2 ? in.getShort() & 0xffff : in.getInt();
                }
                for (int i = 0; i < length; i++, end++) {
                    out[end] = out[end - back];
                }
            }
            return out;
        }
    }
}
