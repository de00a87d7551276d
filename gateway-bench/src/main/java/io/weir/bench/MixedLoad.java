package io.weir.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;

/**
 * What a push waits for while a million series are scraped, flushed, written to a checkpoint or end: pushes at a fixed rate
 * ({@link OpenLoop}) against a gateway of its own, in phases with one more kind of work each, and one with all of them.
 * Prints percentiles from when each request was due, the pauses of the gateway's JVM within each phase, its processor time,
 * and what the slowest requests waited through. Linux.
 *
 * <p>Arguments: {@code JAR [--rate 2000] [--series 1000000] [--seconds 8] [--connections 64] [--phases quiet,...]}. Flushes
 * cannot be asked for, so the phases with them run on a second gateway that has a receiver.
 */
public final class MixedLoad {
    /** What goes on beside the pushes. */
    private enum Work {
        SCRAPE, GZIP, FLUSH, CHECKPOINT, EXPIRY
    }

    /** One row of the result. */
    private enum Row {
        QUIET,
        SCRAPE(Work.SCRAPE),
        GZIP(Work.GZIP),
        CHECKPOINT(Work.CHECKPOINT),
        EXPIRY(Work.EXPIRY),
        FLUSH(Work.FLUSH),
        ALL(Work.values());

        final Set<Work> work = EnumSet.noneOf(Work.class);

        Row(Work... work) {
            Collections.addAll(this.work, work);
        }
    }

    private static final int BATCH = 100;
    private static final int WARM_SECONDS = 5;
    private static final long SCRAPE_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int FLUSH_SECONDS = 2;
    private static final int ENDING = 100_000;
    private static final int HELP_BYTES = 4_000;
    /** Least journal before the first checkpoint: more than loading a million series writes. */
    private static final long CHECKPOINT_BYTES = 256L << 20;
    /** Journal before the next checkpoint, in sizes of the last. */
    private static final int CHECKPOINT_FACTOR = 4;

    /** {@code Safepoint "G1CollectForAllocation", ... Total: 123 ns}; the line is written at its end. */
    private static final Pattern SAFEPOINT = Pattern.compile("\\[(\\d+)ns].*Safepoint \"([^\"]*)\".*Total: +(\\d+) ns");

    /** Something that took time, by {@link System#nanoTime}, which is the same clock in all processes of a machine. */
    private record Event(String what, long beginNanos, long endNanos) {
        boolean meets(long from, long to) {
            return beginNanos < to && endNanos > from;
        }

        double millis() {
            return (endNanos - beginNanos) / 1e6;
        }
    }

    private final Path jar;
    private int rate = 2_000;
    private int series = 1_000_000;
    private int seconds = 8;
    private int connections = 64;
    private Set<Row> rows = EnumSet.allOf(Row.class);

    private Path data;
    private Process process;
    private int port;
    private long checkpointFrom;
    private final AtomicLong flushed = new AtomicLong();
    private final List<Event> events = Collections.synchronizedList(new ArrayList<>());
    private boolean good = true;

    private MixedLoad(Path jar) {
        this.jar = jar;
    }

    /** Ends with 1 when a push failed or what a phase is about did not happen. */
    public static void main(String[] arguments) throws Exception {
        MixedLoad load = new MixedLoad(Path.of(arguments[0]));
        for (int i = 1; i + 1 < arguments.length; i += 2) {
            String value = arguments[i + 1];
            switch (arguments[i]) {
                case "--rate" -> load.rate = Integer.parseInt(value);
                case "--series" -> load.series = Integer.parseInt(value);
                case "--seconds" -> load.seconds = Integer.parseInt(value);
                case "--connections" -> load.connections = Integer.parseInt(value);
                case "--phases" -> {
                    load.rows = EnumSet.noneOf(Row.class);
                    for (String row : value.split(",")) {
                        load.rows.add(Row.valueOf(row.toUpperCase(Locale.ROOT)));
                    }
                }
                default -> throw new IllegalArgumentException(arguments[i]);
            }
        }
        Runtime.getRuntime().addShutdownHook(new Thread(load::stop));
        load.run();
        System.exit(load.good ? 0 : 1);
    }

    private void run() throws Exception {
        System.out.printf("%,d series, %,d requests/s on %d connections, %s%n", series, rate, connections,
                Runtime.version());
        System.out.println("           requests failed |     p50     p90     p99   p99.9      max ms | late p99 | pauses"
                + " longest    sum ms | CPU us/request | beside the pushes");
        for (boolean flushes : new boolean[] {false, true}) {
            Set<Row> here = EnumSet.copyOf(rows);
            here.removeIf(row -> row.work.contains(Work.FLUSH) != flushes);
            if (!here.isEmpty()) {
                HttpServer receiver = flushes ? receiver() : null;
                start(receiver);
                phases(here);
                stop();
                if (receiver != null) {
                    receiver.stop(0);
                }
            }
        }
    }

    private void phases(Set<Row> here) throws Exception {
        fill();
        checkpointFrom = 0;
        try (OpenLoop load = new OpenLoop(new InetSocketAddress("127.0.0.1", port), connections, rate, kinds())) {
            load.begin();
            pause(TimeUnit.SECONDS.toNanos(WARM_SECONDS));
            for (Row row : here) {
                phase(load, row);
            }
            load.end();
        }
    }

    private void phase(OpenLoop load, Row row) throws Exception {
        if (row.work.contains(Work.CHECKPOINT)) {
            fillJournal(2 << 20);
        }
        if (row.work.contains(Work.EXPIRY)) {
            ending();
        }
        double checkpoints = own("weir_wal_checkpoints_total{result=\"taken\"}");
        double live = own("weir_series");
        long flushesBefore = flushed.get();
        double cpu = cpuSeconds();
        events.clear();
        List<Thread> beside = new ArrayList<>();
        load.begin();
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        if (row.work.contains(Work.SCRAPE)) {
            beside.add(new Thread(() -> scrape(until, false)));
        }
        if (row.work.contains(Work.GZIP)) {
            beside.add(new Thread(() -> scrape(until, true)));
        }
        beside.forEach(Thread::start);
        if (row.work.contains(Work.CHECKPOINT)) {
            fillJournal(-(4 << 20));
        }
        pause(until - System.nanoTime());
        OpenLoop.Phase phase = load.begin();
        for (Thread thread : beside) {
            thread.join();
        }
        load.await(phase, TimeUnit.SECONDS.toNanos(10));
        cpu = cpuSeconds() - cpu;
        checkpoints = own("weir_wal_checkpoints_total{result=\"taken\"}") - checkpoints;
        if (checkpoints > 0) {
            checkpointFrom = (long) own("weir_wal_written_bytes_total");
        }
        report(row, phase, cpu, (int) checkpoints, (int) (live - own("weir_series")), flushed.get() - flushesBefore);
    }

    private void report(Row row, OpenLoop.Phase phase, double cpu, int checkpoints, int ended, long flushes)
            throws IOException {
        List<Event> pauses = pauses(phase.beginNanos(), phase.endNanos());
        Event longest = pauses.stream().max(Comparator.comparingDouble(Event::millis))
                .orElse(new Event("", 0, 0));
        Histogram all = phase.all();
        List<String> beside = new ArrayList<>();
        for (String what : new String[] {"scrape", "gzip"}) {
            double[] took = events.stream().filter(e -> e.what.equals(what)).mapToDouble(Event::millis).sorted().toArray();
            if (took.length > 0) {
                beside.add(String.format("%d x %s of %.0f ms", took.length, what, took[took.length / 2]));
            }
        }
        beside.add(checkpoints > 0 ? checkpoints + " checkpoints" : "");
        beside.add(ended > ENDING / 2 ? ended + " series ended" : "");
        beside.add(flushes > 0 ? flushes + " requests of flushes" : "");
        beside.removeIf(String::isEmpty);
        System.out.printf(Locale.ROOT, "%-10s %8d %6d | %7.2f %7.2f %7.2f %7.2f %8.2f    | %8.2f | %6d %7.2f %9.2f    |"
                        + " %14.1f | %s%n",
                row.name().toLowerCase(Locale.ROOT), all.getTotalCount(), phase.failed() + phase.unanswered(),
                millis(all, 50), millis(all, 90), millis(all, 99), millis(all, 99.9), all.getMaxValue() / 1e6,
                millis(phase.late(), 99), pauses.size(), longest.millis(),
                pauses.stream().mapToDouble(Event::millis).sum(), cpu * 1e6 / all.getTotalCount(), String.join(", ", beside));
        StringBuilder kinds = new StringBuilder("             p99 ");
        for (int k = 0; k < KINDS.length; k++) {
            kinds.append(String.format(Locale.ROOT, "%s %.2f  ", KINDS[k], millis(phase.kind(k), 99)));
        }
        System.out.println(kinds.append(longest.what.isEmpty() ? "" : "longest pause: " + longest.what));
        slowest(phase, pauses);
        good &= phase.failed() + phase.unanswered() == 0
                && (checkpoints > 0 || !row.work.contains(Work.CHECKPOINT))
                && (ended > ENDING / 2 || !row.work.contains(Work.EXPIRY))
                && (flushes > 0 || !row.work.contains(Work.FLUSH));
    }

    /** The slowest stalls, with what they were within: requests due within the same one are told once. */
    private void slowest(OpenLoop.Phase phase, List<Event> pauses) {
        List<OpenLoop.Slow> stalls = new ArrayList<>();
        for (OpenLoop.Slow slow : phase.worst()) {
            if (stalls.size() < 4 && stalls.stream().noneMatch(s -> Math.abs(s.dueNanos() - slow.dueNanos()) < s.nanos())) {
                stalls.add(slow);
            }
        }
        for (OpenLoop.Slow slow : stalls) {
            long end = slow.dueNanos() + slow.nanos();
            double paused = 0;
            for (Event pause : pauses) {
                if (pause.meets(slow.dueNanos(), end)) {
                    paused += (Math.min(end, pause.endNanos) - Math.max(slow.dueNanos(), pause.beginNanos)) / 1e6;
                }
            }
            StringBuilder within = new StringBuilder();
            for (String what : new String[] {"scrape", "gzip", "flush"}) {
                List<Event> met = List.copyOf(events).stream()
                        .filter(e -> e.what.equals(what) && e.meets(slow.dueNanos(), end))
                        .sorted(Comparator.comparingLong(Event::beginNanos))
                        .toList();
                if (!met.isEmpty()) {
                    within.append(String.format(Locale.ROOT, ", %s since %.0f ms", what,
                            (slow.dueNanos() - met.get(0).beginNanos) / 1e6));
                }
            }
            System.out.printf(Locale.ROOT, "             %.2f ms at %.3f s: %.2f ms of it in pauses%s%n", slow.nanos() / 1e6,
                    (slow.dueNanos() - phase.beginNanos()) / 1e9, paused, within);
        }
    }

    private static double millis(Histogram histogram, double percentile) {
        return histogram.getValueAtPercentile(percentile) / 1e6;
    }

    private List<Event> pauses(long from, long to) throws IOException {
        List<Event> pauses = new ArrayList<>();
        for (String line : Files.readAllLines(data.resolve("gc.log"))) {
            Matcher matcher = SAFEPOINT.matcher(line);
            if (matcher.find()) {
                long end = Long.parseLong(matcher.group(1));
                Event pause = new Event(matcher.group(2), end - Long.parseLong(matcher.group(3)), end);
                if (pause.meets(from, to)) {
                    pauses.add(pause);
                }
            }
        }
        return pauses;
    }

    // ---- pushes

    private static final String[] KINDS = {"patch", "one", "batch", "points"};

    private List<OpenLoop.Kind> kinds() {
        Random random = new Random(7);
        List<byte[]> patches = new ArrayList<>();
        List<byte[]> ones = new ArrayList<>();
        List<byte[]> batches = new ArrayList<>();
        List<byte[]> points = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            patches.add(OpenLoop.request("PATCH", "/metrics/patched_total?worker=" + i % 50, "", new byte[0]));
            ones.add(push("", line(random.nextInt(series))));
            points.add(OpenLoop.request("POST", "/write", "", ("jobs,worker=w" + i + " done=1,failed=0,seconds=0.25\n")
                    .getBytes(ISO_8859_1)));
        }
        for (int i = 0; i < 200; i++) {
            StringBuilder text = new StringBuilder();
            for (int k = 0; k < BATCH; k++) {
                text.append(line(random.nextInt(series)));
            }
            batches.add(push("", text.toString()));
        }
        return List.of(new OpenLoop.Kind(KINDS[0], 4, patches), new OpenLoop.Kind(KINDS[1], 3, ones),
                new OpenLoop.Kind(KINDS[2], 2, batches), new OpenLoop.Kind(KINDS[3], 1, points));
    }

    private static byte[] push(String query, String text) {
        return OpenLoop.request("POST", "/metrics" + query, "text/plain; version=0.0.4", text.getBytes(ISO_8859_1));
    }

    private static String line(int i) {
        return "load_" + i % 100 + "_total{host=\"host-" + i % 997 + "\",id=\"" + i + "\"} 1\n";
    }

    /** All series, in requests of 5,000. */
    private void fill() throws IOException {
        int each = 5_000;
        for (int from = 0; from < series; from += each) {
            StringBuilder text = new StringBuilder(each * 60);
            for (int family = 0; from == 0 && family < 100; family++) {
                text.append("# TYPE load_").append(family).append("_total counter\n");
            }
            for (int i = from; i < Math.min(series, from + each); i++) {
                text.append(line(i));
            }
            post("/metrics", text.toString());
        }
    }

    /** Series that end within the next phase. */
    private void ending() throws IOException {
        StringBuilder text = new StringBuilder(ENDING * 30);
        for (int i = 0; i < ENDING; i++) {
            text.append("ending{id=\"").append(i).append("\"} 1\n");
        }
        post("/metrics?ttl=" + Math.max(1, seconds / 2) + "s", text.toString());
    }

    /** Long help texts, which cost the journal much and the table nothing, until so much of what a checkpoint takes is left. */
    private void fillJournal(long left) throws IOException {
        long last = lastCheckpointBytes();
        long due = Math.max(CHECKPOINT_BYTES, CHECKPOINT_FACTOR * last);
        for (int round = 0; own("weir_wal_written_bytes_total") - checkpointFrom < due - left; round++) {
            StringBuilder text = new StringBuilder(256 * (HELP_BYTES + 40));
            String help = (char) ('a' + round % 26) + "x".repeat(HELP_BYTES);
            for (int i = 0; i < 256; i++) {
                text.append("# HELP helped_").append(i).append(' ').append(help).append("\nhelped_").append(i).append(" 1\n");
            }
            post("/metrics", text.toString());
        }
    }

    private long lastCheckpointBytes() throws IOException {
        try (Stream<Path> files = Files.list(data.resolve("store"))) {
            List<Path> found = files.filter(f -> f.getFileName().toString().matches("checkpoint-.*\\.weir")).sorted().toList();
            return found.isEmpty() ? 0 : Files.size(found.get(found.size() - 1));
        }
    }

    // ---- beside them

    private void scrape(long until, boolean gzip) {
        long next = System.nanoTime();
        while (next < until) {
            long begin = System.nanoTime();
            try {
                HttpURLConnection get = open("/metrics");
                get.setRequestProperty("Accept-Encoding", gzip ? "gzip" : "identity");
                drop(get.getInputStream());
                events.add(new Event(gzip ? "gzip" : "scrape", begin, System.nanoTime()));
            } catch (IOException e) {
                throw new IllegalStateException("scrape", e);
            }
            next = Math.max(next + SCRAPE_EVERY_NANOS, System.nanoTime());
            pause(next - System.nanoTime());
        }
    }

    private HttpServer receiver() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            long begin = System.nanoTime();
            drop(exchange.getRequestBody());
            flushed.incrementAndGet();
            events.add(new Event("flush", begin, System.nanoTime()));
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        server.setExecutor(Executors.newFixedThreadPool(4, task -> {
            Thread thread = new Thread(task, "receiver");
            thread.setDaemon(true);
            return thread;
        }));
        server.start();
        return server;
    }

    // ---- the gateway

    private void start(HttpServer receiver) throws IOException {
        data = Files.createTempDirectory("weir-mixed-load");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:MaxRAMPercentage=50",
                "-XX:+ExitOnOutOfMemoryError",
                "-Xlog:safepoint:file=" + data.resolve("gc.log") + ":timenanos:filecount=0"));
        if (Runtime.version().feature() >= 24) {
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.addAll(Arrays.asList(System.getProperty("weir.jvm", "").split(" ")));
        command.removeIf(String::isEmpty);
        Collections.addAll(command,
                "-jar", jar.toString(),
                "--web.listen-address=127.0.0.1:0",
                "--storage.path=" + data.resolve("store"),
                "--durability.checkpoint=" + CHECKPOINT_BYTES,
                "--series.max=" + (series * 2 + 4 * ENDING),
                "--limits.family-series=" + (series * 2 + 4 * ENDING),
                "--log.level=warn");
        if (receiver != null) {
            Collections.addAll(command,
                    "--remote-write.url=http://127.0.0.1:" + receiver.getAddress().getPort() + "/",
                    "--remote-write.interval=" + FLUSH_SECONDS + "s");
        }
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
                process = null;
                try (Stream<Path> files = Files.walk(data)) {
                    for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(file);
                    }
                }
            }
        } catch (IOException | InterruptedException e) {
            System.out.println("left behind: " + data);
        }
    }

    private double cpuSeconds() {
        return process.info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
    }

    private HttpURLConnection open(String path) throws IOException {
        return (HttpURLConnection) URI.create("http://127.0.0.1:" + port + path).toURL().openConnection();
    }

    private void post(String path, String text) throws IOException {
        byte[] body = text.getBytes(ISO_8859_1);
        HttpURLConnection post = open(path);
        post.setRequestMethod("POST");
        post.setDoOutput(true);
        post.setFixedLengthStreamingMode(body.length);
        post.setRequestProperty("Content-Type", "text/plain; version=0.0.4");
        post.getOutputStream().write(body);
        if (post.getResponseCode() != 200) {
            throw new IOException(path + ": " + post.getResponseCode());
        }
        drop(post.getInputStream());
    }

    /** One value of the gateway's own metrics; 0 when it is not there. */
    private double own(String name) throws IOException {
        try (InputStream in = open("/-/metrics").getInputStream()) {
            return new String(in.readAllBytes(), ISO_8859_1).lines().filter(line -> line.startsWith(name + " "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                    .findFirst().orElse(0);
        }
    }

    private static void drop(InputStream in) throws IOException {
        byte[] buffer = new byte[256 << 10];
        try (in) {
            while (in.read(buffer) >= 0) {
                continue;
            }
        }
    }

    private static void pause(long nanos) {
        long end = System.nanoTime() + nanos;
        for (long left; (left = end - System.nanoTime()) > 0; ) {
            LockSupport.parkNanos(left);
        }
    }
}
