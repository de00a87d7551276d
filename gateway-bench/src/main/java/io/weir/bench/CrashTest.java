package io.weir.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Kills a gateway again and again and compares what it shows afterwards with what it has acknowledged: every counter lies
 * between acknowledged and sent, and is exact where writes had keys and were sent again until they succeeded. A program of
 * its own without dependencies: {@code java CrashTest.java JAR KILLS SEED}.
 */
public final class CrashTest {
    private static final int WORKERS = 12;
    private static final int KILL_MILLIS_MIN = 5;
    private static final int KILL_MILLIS_MAX = 2_000;
    private static final int RECOVERY_MILLIS_MAX = 1_500;
    private static final int DELETE_EVERY = 16;
    private static final String ROUTER = "51 <158>1 t host heroku router - method=GET status=200";
    private static final String[] SYNCS = {"always", "interval", "never"};

    private final Path jar;
    private final Path data;
    private final Random random;
    private final List<Worker> workers = new ArrayList<>();
    private volatile Process process;
    private int port;
    private volatile boolean stopping;

    private CrashTest(Path jar, Path data, long seed) {
        this.jar = jar;
        this.data = data;
        this.random = new Random(seed);
        for (int i = 0; i < WORKERS; i++) {
            workers.add(new Worker(i));
        }
    }

    /** Arguments: jar, number of kills, seed. Ends with 1 when anything was lost or counted twice. */
    public static void main(String[] arguments) throws Exception {
        int kills = Integer.parseInt(arguments[1]);
        long seed = Long.parseLong(arguments[2]);
        Path data = Files.createTempDirectory("weir-crash");
        System.out.println("seed " + seed + ", data in " + data);
        CrashTest test = new CrashTest(Path.of(arguments[0]), data, seed);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> test.process.destroyForcibly()));
        System.exit(test.run(kills) ? 0 : 1);
    }

    private boolean run(int kills) throws Exception {
        int wrong = 0;
        start();
        for (int kill = 1; kill <= kills && wrong == 0; kill++) {
            boolean atRest = random.nextInt(6) == 0;
            int millis = KILL_MILLIS_MIN + random.nextInt(KILL_MILLIS_MAX - KILL_MILLIS_MIN);
            load(millis, atRest);
            String how = atRest ? "at rest" : "under load";
            if (random.nextInt(4) == 0) {
                launch();
                int later = random.nextInt(RECOVERY_MILLIS_MAX);
                process.waitFor(later, TimeUnit.MILLISECONDS);
                process.destroyForcibly().waitFor();
                how += ", again " + later + " ms into its start";
            }
            start();
            for (Worker worker : workers) {
                worker.retry();
            }
            wrong = check();
            System.out.printf("kill %d of %d after %d ms %s: %d acknowledged, %d in doubt, %d wrong%n",
                    kill, kills, millis, how, sum(0), sum(1), wrong);
        }
        process.destroyForcibly().waitFor();
        if (wrong > 0) {
            System.out.println("FAILED: the directory " + data + " is kept");
            return false;
        }
        System.out.println("lost 0, counted twice 0 in " + kills + " kills");
        try (var files = Files.list(data)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.delete(file);
            }
        }
        Files.delete(data);
        return true;
    }

    private long sum(int what) {
        return workers.stream().mapToLong(w -> what == 0 ? w.acknowledged : w.doubtful).sum();
    }

    /** Runs all workers and kills the gateway among them. */
    private void load(int millis, boolean atRest) throws InterruptedException {
        stopping = false;
        List<Thread> threads = new ArrayList<>();
        for (Worker worker : workers) {
            Thread thread = new Thread(worker);
            threads.add(thread);
            thread.start();
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
        if (atRest) {
            stopping = true;
            for (Thread thread : threads) {
                thread.join();
            }
        }
        process.destroyForcibly().waitFor();
        for (Thread thread : threads) {
            thread.join();
        }
    }

    // ---- the gateway

    private BufferedReader launch() throws IOException {
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        "-jar",
                        jar.toString(),
                        "--web.listen-address=127.0.0.1:0",
                        "--storage.path=" + data,
                        "--durability.sync=" + SYNCS[random.nextInt(SYNCS.length)],
                        // small, so that kills fall into checkpoints as well
                        "--durability.checkpoint=128KiB",
                        "--durability.segment=64KiB",
                        "--log.level=warn")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        return process.inputReader();
    }

    private void start() throws IOException {
        BufferedReader out = launch();
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

    private int check() throws IOException {
        Map<String, Double> values = new HashMap<>();
        String text;
        try (Client client = new Client(port)) {
            text = client.scrape();
        }
        for (String line : text.split("\n")) {
            int space = line.lastIndexOf(' ');
            if (!line.startsWith("#") && space > 0) {
                values.put(line.substring(0, space), Double.parseDouble(line.substring(space + 1)));
            }
        }
        int wrong = 0;
        for (Worker worker : workers) {
            for (Series series : worker.all) {
                double value = values.getOrDefault(series.name, 0.0);
                if (value < series.low || value > series.high) {
                    wrong++;
                    System.out.println(series.name + " is " + value + ", not in [" + series.low + ", " + series.high + "]");
                }
                series.low = (long) value;
                series.high = (long) value;
            }
            if (worker.grouped[0].high > 0 && worker.grouped[1].high > 0) {
                wrong++;
                System.out.println(worker.group + " holds what was replaced beside what replaced it");
            }
        }
        return wrong;
    }

    /** What one series may show: everything acknowledged, nothing that was not sent. */
    private static final class Series {
        final String name;
        long low;
        long high;

        Series(String name) {
            this.name = name;
        }
    }

    /** One client with series of its own, one request at a time. */
    private final class Worker implements Runnable {
        final List<Series> all = new ArrayList<>();
        final String label;
        final String drain;
        final String selector;
        final String group;
        final Random dice;
        final Series patched;
        final Series posted;
        final Series put;
        final Series point;
        final Series deleted;
        final Series keyedPatch;
        final Series keyedPost;
        final Series drained;
        final Series swept;
        /** One of a group, whose every push replaces all of it. */
        final Series[] grouped;
        long acknowledged;
        long doubtful;
        private long keys;
        private long number;
        private Series pending;
        private String pendingKey;

        Worker(int index) {
            label = "{w=\"" + index + "\"}";
            dice = new Random(random.nextLong());
            patched = series("patched_total");
            posted = series("posted_total");
            put = series("put");
            point = series("point_v");
            deleted = series("deleted_total");
            keyedPatch = series("keyed_patch_total");
            keyedPost = series("keyed_post_total");
            drained = new Series("heroku_router_requests_total{app=\"" + index + "\",method=\"GET\",status=\"200\"}");
            all.add(drained);
            drain = "/drain?app_name=" + index;
            swept = series("swept_total");
            selector = "/api/v1/series?match%5B%5D=swept_total%7Bw%3D%22" + index + "%22%7D";
            group = "/metrics/job/crash/w/" + index;
            grouped = new Series[] {member("this", index), member("that", index)};
        }

        private Series member(String name, int index) {
            Series series = new Series(name + "{instance=\"\",job=\"crash\",w=\"" + index + "\"}");
            all.add(series);
            return series;
        }

        private Series series(String name) {
            Series series = new Series(name + label);
            all.add(series);
            return series;
        }

        private String target(Series series) {
            return "/metrics/" + series.name.replace("{", "?").replace("}", "").replace("\"", "");
        }

        @Override
        public void run() {
            try (Client client = new Client(port)) {
                while (!stopping) {
                    step(client);
                    acknowledged++;
                }
            } catch (IOException killed) {
                doubtful++;
            }
        }

        private void step(Client client) throws IOException {
            switch (dice.nextInt(10)) {
                case 0 -> add(client, patched, "PATCH", target(patched), "");
                case 1 -> add(client, posted, "POST", "/metrics", "# TYPE posted_total counter\n" + posted.name + " 1\n");
                case 2 -> {
                    put.high = ++number;
                    client.send("PUT", "/metrics", put.name + " " + number + "\n", null);
                    put.low = number;
                }
                case 3 -> {
                    point.high = ++number;
                    client.send("POST", "/write", "point,w=" + label.replaceAll("\\D", "") + " v=" + number + "\n", null);
                    point.low = number;
                }
                case 4 -> {
                    if (dice.nextInt(DELETE_EVERY) > 0) {
                        add(client, deleted, "PATCH", target(deleted), "");
                    } else {
                        delete(client, target(deleted), deleted);
                    }
                }
                case 5 -> keyed(client, keyedPatch);
                case 6 -> keyed(client, drained);
                case 7 -> {
                    if (dice.nextInt(DELETE_EVERY) > 0) {
                        add(client, swept, "PATCH", target(swept), "");
                    } else {
                        delete(client, selector, swept);
                    }
                }
                case 8 -> {
                    if (dice.nextInt(DELETE_EVERY) > 0) {
                        replace(client, dice.nextInt(2));
                    } else {
                        delete(client, group, grouped);
                    }
                }
                default -> keyed(client, keyedPost);
            }
        }

        private void add(Client client, Series series, String method, String target, String body) throws IOException {
            series.high++;
            client.send(method, target, body, null);
            series.low++;
        }

        private void delete(Client client, String target, Series... gone) throws IOException {
            for (Series series : gone) {
                series.low = 0;
            }
            client.send("DELETE", target, "", null);
            for (Series series : gone) {
                series.high = 0;
            }
        }

        /** One member of the group in place of whatever is there. */
        private void replace(Client client, int which) throws IOException {
            Series stays = grouped[which];
            Series goes = grouped[1 - which];
            goes.low = 0;
            stays.high = ++number;
            client.send("PUT", group, stays.name.substring(0, 4) + " " + number + "\n", null);
            goes.high = 0;
            stays.low = number;
        }

        private void keyed(Client client, Series series) throws IOException {
            pending = series;
            pendingKey = label + ++keys;
            sendPending(client);
        }

        private void sendPending(Client client) throws IOException {
            if (pending == keyedPatch) {
                client.send("PATCH", target(pending), "", pendingKey);
            } else if (pending == drained) {
                client.send("POST", drain, ROUTER, pendingKey);
            } else {
                client.send("POST", "/metrics", "# TYPE keyed_post_total counter\n" + pending.name + " 1\n", pendingKey);
            }
            pending.low++;
            pending.high++;
            pending = null;
        }

        /** Sends what has a key and no answer once more, twice for good measure. */
        void retry() throws IOException {
            if (pending == null) {
                return;
            }
            Series again = pending;
            try (Client client = new Client(port)) {
                sendPending(client);
                pending = again;
                again.low--;
                again.high--;
                sendPending(client);
            }
        }
    }

    /** One connection; any answer but 2xx is an error of the gateway. */
    private static final class Client implements AutoCloseable {
        private final Socket socket;
        private final InputStream in;

        Client(int port) throws IOException {
            socket = new Socket("127.0.0.1", port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(30_000);
            in = new BufferedInputStream(socket.getInputStream());
        }

        String send(String method, String target, String body, String key) throws IOException {
            String keyField = target.startsWith("/drain") ? "Logplex-Frame-Id" : "Idempotency-Key";
            String request = method + " " + target + " HTTP/1.1\r\nHost: gateway\r\nContent-Length: " + body.length()
                    + "\r\n" + (key == null ? "" : keyField + ": " + key + "\r\n") + "\r\n" + body;
            socket.getOutputStream().write(request.getBytes(ISO_8859_1));
            String status = line();
            int length = 0;
            for (String field = line(); !field.isEmpty(); field = line()) {
                if (field.toLowerCase().startsWith("content-length:")) {
                    length = Integer.parseInt(field.substring(15).trim());
                }
            }
            byte[] answer = in.readNBytes(length);
            if (answer.length < length) {
                throw new IOException("cut off");
            }
            if (!status.startsWith("HTTP/1.1 2")) {
                System.out.println(method + " " + target + ": " + status + " " + new String(answer, ISO_8859_1));
                throw new IllegalStateException(status);
            }
            return new String(answer, ISO_8859_1);
        }

        /** By HTTP/1.0, whose body ends with the connection. */
        String scrape() throws IOException {
            socket.getOutputStream().write("GET /metrics HTTP/1.0\r\nHost: gateway\r\n\r\n".getBytes(ISO_8859_1));
            String answer = new String(in.readAllBytes(), ISO_8859_1);
            return answer.substring(answer.indexOf("\r\n\r\n") + 4);
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
