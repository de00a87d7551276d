package io.weir.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * A gateway whose disk fails and recovers while it takes pushes. What is answered with 2xx is there, exactly; what is
 * answered with 503 is not; a connection that ends without an answer may be either. A program of its own without
 * dependencies: {@code java FailingDiskTest.java JAR DIRECTORY ROUNDS SEED HOW}. HOW is {@code full}, where DIRECTORY is a
 * small file system of its own, or {@code protected}, where its files can be made immutable.
 */
public final class FailingDiskTest {
    private static final int WORKERS = 4;
    private static final int WAIT_SECONDS = 60;
    private static final String[] SYNCS = {"always", "interval", "never"};

    private final Path jar;
    private final Path data;
    private final Disk disk;
    private final Random random;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(10)).build();
    private final List<Worker> workers = new ArrayList<>();
    private volatile Process process;
    private volatile boolean stopping;
    private String url;

    private FailingDiskTest(Path jar, Path directory, long seed, String how) {
        this.jar = jar;
        this.data = directory.resolve("data");
        this.disk = how.equals("full") ? new FullDisk(directory.resolve("ballast")) : new ProtectedDisk(data);
        this.random = new Random(seed);
        for (int i = 0; i < WORKERS; i++) {
            workers.add(new Worker(i));
        }
    }

    /** Arguments: jar, directory, rounds, seed, how. Ends with 1 when anything was not as it should be. */
    public static void main(String[] arguments) throws Exception {
        long seed = Long.parseLong(arguments[3]);
        System.out.println("seed " + seed);
        FailingDiskTest test = new FailingDiskTest(Path.of(arguments[0]), Path.of(arguments[1]), seed, arguments[4]);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (test.process != null) {
                test.process.destroyForcibly();
            }
            try {
                test.disk.mend();
            } catch (Exception e) {
                System.out.println("the disk could not be mended: " + e);
            }
        }));
        test.run(Integer.parseInt(arguments[2]));
        System.exit(0);
    }

    private void run(int rounds) throws Exception {
        for (int round = 1; round <= rounds; round++) {
            String sync = SYNCS[random.nextInt(SYNCS.length)];
            start(sync);
            check("after a start");
            List<Thread> threads = new ArrayList<>();
            stopping = false;
            long refusedBefore = sum(w -> w.refused);
            for (Worker worker : workers) {
                Thread thread = new Thread(worker);
                threads.add(thread);
                thread.start();
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200 + random.nextInt(800)));
            for (Worker worker : workers) {
                worker.refusedSinceBroken = 0;
            }
            disk.spoil();
            await("every worker has been refused", () -> workers.stream().allMatch(w -> w.refusedSinceBroken > 0));
            await("not ready", () -> status("/-/ready") == 503 && body("/-/ready").contains(disk.reason()));
            expect(status("/-/healthy") == 200, "healthy while the disk fails");
            expect(status("/metrics") == 200, "scraped while the disk fails");
            boolean kill = random.nextInt(3) == 0;
            if (kill) {
                process.destroyForcibly().waitFor();
                disk.mend();
            } else {
                disk.mend();
                await("ready again without a restart", () -> status("/-/ready") == 200);
                long before = sum(w -> w.acknowledged);
                await("pushes are taken again", () -> sum(w -> w.acknowledged) > before + 20);
            }
            stopping = true;
            for (Thread thread : threads) {
                thread.join();
            }
            if (!kill) {
                check("before the stop");
                process.destroy();
                expect(process.waitFor() == 0, "SIGTERM ends with 0");
            }
            int damaged = tool("data", "check", data.toString());
            // a process that is killed in the middle of a write leaves a part of a frame
            expect(damaged == 0 || kill && damaged == 1, "weir data check: " + damaged);
            System.out.printf("round %d of %d, sync=%s, %s: %d acknowledged, %d refused, %d in doubt%n", round, rounds, sync,
                    kill ? "killed while it failed" : "stopped", sum(w -> w.acknowledged), sum(w -> w.refused) - refusedBefore,
                    sum(w -> w.doubtful));
        }
        start("always");
        check("in the end");
        process.destroyForcibly().waitFor();
        System.out.println(disk.reason() + ": everything acknowledged is there, nothing refused is");
    }

    private interface Figure {
        long of(Worker worker);
    }

    private long sum(Figure figure) {
        return workers.stream().mapToLong(figure::of).sum();
    }

    // ---- the disk

    private interface Disk {
        /** What the system says of it. */
        String reason();

        void spoil() throws Exception;

        void mend() throws Exception;
    }

    private record FullDisk(Path ballast) implements Disk {
        @Override
        public String reason() {
            return "No space left on device";
        }

        @Override
        public void spoil() throws IOException {
            byte[] block = new byte[64 << 10];
            try (OutputStream out = Files.newOutputStream(ballast)) {
                while (true) {
                    out.write(block);
                }
            } catch (IOException full) {
                // pages that the journal still has half empty are filled by the pushes themselves
                expect(full.getMessage().contains(reason()), "filled up: " + full);
            }
        }

        @Override
        public void mend() throws IOException {
            Files.deleteIfExists(ballast);
        }
    }

    /** Immutable files refuse what is written through descriptors that are open already. */
    private record ProtectedDisk(Path data) implements Disk {
        @Override
        public String reason() {
            return "Operation not permitted";
        }

        @Override
        public void spoil() throws Exception {
            // the directory first: no file can come or go then
            change("+i", List.of(data));
            try (Stream<Path> files = Files.list(data)) {
                change("+i", files.toList());
            }
        }

        @Override
        public void mend() throws Exception {
            if (Files.exists(data)) {
                try (Stream<Path> files = Files.list(data)) {
                    change("-i", Stream.concat(Stream.of(data), files).toList());
                }
            }
        }

        private static void change(String flag, List<Path> files) throws Exception {
            List<String> command = new ArrayList<>(List.of("chattr", flag));
            files.forEach(file -> command.add(file.toString()));
            expect(new ProcessBuilder(command).inheritIO().start().waitFor() == 0, command.toString());
        }
    }

    // ---- the gateway

    private ProcessBuilder java(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m", "-XX:TieredStopAtLevel=1",
                "-jar", jar.toString()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command);
    }

    private int tool(String... arguments) throws Exception {
        return java(arguments).redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
    }

    private void start(String sync) throws IOException {
        process = java(
                        "--web.listen-address=127.0.0.1:0",
                        "--storage.path=" + data,
                        "--durability.sync=" + sync,
                        "--durability.checkpoint=256KiB",
                        "--durability.segment=64KiB",
                        "--log.level=error")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        BufferedReader out = process.inputReader();
        String line = out.readLine();
        while (line != null && !line.startsWith("try ")) {
            if (line.startsWith("listening on")) {
                url = line.substring(line.indexOf("http"));
            }
            line = out.readLine();
        }
        expect(line != null, "the gateway starts");
    }

    private HttpResponse<String> send(String method, String target, String body, String... headers) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + target))
                .timeout(Duration.ofSeconds(30))
                .method(method, BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            return client.send(request.build(), BodyHandlers.ofString());
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private int status(String target) {
        try {
            return send("GET", target, "").statusCode();
        } catch (IOException e) {
            return 0;
        }
    }

    private String body(String target) {
        try {
            return send("GET", target, "").body();
        } catch (IOException e) {
            return "";
        }
    }

    /** Every series shows what was acknowledged, and no more than may have been applied. Nobody pushes meanwhile. */
    private void check(String when) throws IOException {
        Map<String, Long> values = new HashMap<>();
        for (String line : send("GET", "/metrics", "").body().split("\n")) {
            int space = line.lastIndexOf(' ');
            if (!line.startsWith("#") && space > 0) {
                values.put(line.substring(0, space), (long) Double.parseDouble(line.substring(space + 1)));
            }
        }
        for (Worker worker : workers) {
            for (Series series : worker.all) {
                long value = values.getOrDefault(series.name, 0L);
                expect(value >= series.low && value <= series.high,
                        series.name + " " + when + ": " + value + " is in [" + series.low + ", " + series.high + "]");
                series.low = value;
                series.high = value;
            }
        }
    }

    private static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        while (!condition.getAsBoolean()) {
            expect(System.nanoTime() < end, "within " + WAIT_SECONDS + " s: " + what);
            LockSupport.parkNanos(20_000_000L);
        }
    }

    private static void expect(boolean holds, String what) {
        if (!holds) {
            System.out.println("FAILED, expected: " + what);
            Runtime.getRuntime().exit(1);
        }
    }

    /** What one series may show. */
    private static final class Series {
        final String name;
        volatile long low;
        volatile long high;

        Series(String name) {
            this.name = name;
        }
    }

    /** One client with series of its own, one request at a time. */
    private final class Worker implements Runnable {
        final List<Series> all = new ArrayList<>();
        final String label;
        final Random dice;
        volatile long acknowledged;
        volatile long refused;
        volatile long refusedSinceBroken;
        volatile long doubtful;
        private long keys;

        Worker(int index) {
            label = "{w=\"" + index + "\"}";
            dice = new Random(random.nextLong());
            for (String name : List.of("patched_total", "posted_total", "keyed_total")) {
                all.add(new Series(name + label));
            }
        }

        @Override
        public void run() {
            while (!stopping) {
                int which = dice.nextInt(3);
                Series series = all.get(which);
                // enough of it that the journal needs new room all the time
                String body = "# TYPE " + series.name.substring(0, series.name.indexOf('{')) + " counter\n" + series.name
                        + " 1\n" + "filler{i=\"" + dice.nextInt(200) + "\",x=\"" + "y".repeat(dice.nextInt(400)) + "\"} 1\n";
                String key = label.replace('"', '.') + ++keys;
                series.high++;
                boolean done = false;
                while (!done) {
                    try {
                        HttpResponse<String> answer = which == 0
                                ? send("PATCH", "/metrics/" + series.name.replace("{", "?").replaceAll("[}\"]", ""), "")
                                : which == 1
                                ? send("POST", "/metrics", body)
                                : send("POST", "/metrics", body, "Idempotency-Key", key);
                        done = answered(series, answer, which == 2);
                    } catch (IOException unknown) {
                        // with a key the same request is sent until it is answered
                        done = which != 2 || !process.isAlive();
                        doubtful += done ? 1 : 0;
                        if (!process.isAlive()) {
                            return;
                        }
                    }
                }
            }
        }

        private boolean answered(Series series, HttpResponse<String> answer, boolean keyed) {
            switch (answer.statusCode()) {
                case 200 -> {
                    series.low++;
                    acknowledged++;
                    return true;
                }
                case 503, 409 -> {
                    expect(answer.statusCode() == 409 || answer.body().contains(disk.reason()), "503 with the reason: " + answer.body());
                    expect(answer.headers().firstValue("Retry-After").isPresent(), "Retry-After");
                    refused++;
                    refusedSinceBroken++;
                    LockSupport.parkNanos(5_000_000L);
                    if (keyed && !stopping) {
                        return false;
                    }
                    series.high--;
                    return true;
                }
                default -> {
                    expect(false, "200 or 503, got " + answer.statusCode() + " " + answer.body());
                    return true;
                }
            }
        }
    }
}
