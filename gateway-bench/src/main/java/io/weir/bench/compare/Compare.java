package io.weir.bench.compare;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Gateways side by side on one machine: each workload against each gateway in turn, its CPU from {@code /proc},
 * medians of several runs. A run in which other processes used more than {@link #OTHER_CORES_MAX} of a core is thrown
 * away and made again, and the table says so. Options are described by {@code scripts/bench --help}.
 */
public final class Compare {
    private static final double OTHER_CORES_MAX = 0.3;
    private static final int STARTS = 11;
    private static final int RATE = 2_000;
    /** Sent before latencies count, for the generator's own compiler; the server's CPU counts all the time. */
    private static final int RATE_WARM_SECONDS = 1;
    private static final int SCRAPES = 5;
    private static final int FULL_SCRAPES = 3;
    private static final List<String> WORKLOADS =
            List.of("a", "a-pipe", "a-patch", "a-100k", "b", "c-low", "c-high", "d", "f", "g1k", "g5k", "h");

    private final Corpus corpus;
    private final Figures figures;
    private final int runs;
    private final int seconds;
    private final boolean again;

    private Compare(Corpus corpus, Figures figures, int runs, int seconds, boolean again) {
        this.corpus = corpus;
        this.figures = figures;
        this.runs = runs;
        this.seconds = seconds;
        this.again = again;
    }

    /** Arguments: the project's root, then the options, then {@code MAJOR=HOME} of each JDK that Weir may run on. */
    public static void main(String[] arguments) throws IOException {
        Path root = Path.of(arguments[0]);
        Map<String, String> options = new TreeMap<>();
        Map<String, String> jdks = new TreeMap<>();
        for (int i = 1; i < arguments.length; i++) {
            String[] parts = arguments[i].split("=", 2);
            (parts[0].startsWith("--") ? options : jdks).put(parts[0], parts.length > 1 ? parts[1] : "");
        }
        boolean isShort = options.containsKey("--short");
        int warm = Integer.parseInt(options.getOrDefault("--warm", isShort ? "6" : "15"));
        Map<String, Gateway> found = Gateway.found(root, jdks, warm);
        Path directory = Files.createDirectories(
                Path.of(options.getOrDefault("--out", root.resolve("gateway-bench/target/bench").toString())));
        List<String> gateways = list(options, "--gateways", new ArrayList<>(found.keySet()));
        List<String> workloads = list(options, "--workloads", isShort ? List.of("a", "b", "c-low") : WORKLOADS);
        for (String name : gateways) {
            if (!found.containsKey(name)) {
                throw new IllegalArgumentException(
                        "no gateway " + name + " here; there are " + String.join(", ", found.keySet()));
            }
        }
        System.err.println("bench: " + String.join(", ", gateways) + "; load by "
                + Load.wrk().orElse("a selector of its own (no wrk here)"));
        Figures figures = new Figures(directory.resolve("figures.tsv"));
        Compare compare = new Compare(
                new Corpus(directory.resolve("corpus")),
                figures,
                Integer.parseInt(options.getOrDefault("--runs", isShort ? "1" : "3")),
                Integer.parseInt(options.getOrDefault("--seconds", isShort ? "3" : "4")),
                options.containsKey("--again"));
        for (String workload : workloads) {
            for (String gateway : gateways) {
                compare.measure(found.get(gateway), workload);
            }
        }
        String table = figures.table(found.keySet());
        Files.writeString(directory.resolve("table.md"), table);
        System.out.println();
        System.out.print(table);
        System.err.println("bench: written to " + directory);
    }

    private static List<String> list(Map<String, String> options, String name, List<String> standard) {
        return options.containsKey(name) ? Arrays.asList(options.get(name).split(",")) : standard;
    }

    private void measure(Gateway gateway, String workload) {
        if (!again && figures.has(gateway.name(), workload)) {
            System.err.println(
                    "bench: " + gateway.name() + " " + workload + " is there already (--again measures it anew)");
            return;
        }
        try {
            switch (workload) {
                case "a" -> requests(gateway, workload, "single", corpus.single(), 64, 1);
                case "a-pipe" -> requests(gateway, workload, "single", corpus.single(), 64, 16);
                case "a-patch" -> requests(gateway, workload, "patch", empty(), 64, 1);
                case "a-100k" -> resident(gateway);
                case "b" -> samples(gateway, workload, "hundred", corpus.hundred(), 16, 100);
                case "c-low" -> samples(gateway, workload, "lines", corpus.lines("few.bodies", 20, 100), 4,
                        Corpus.LINES * Corpus.FIELDS);
                case "c-high" -> manySeries(gateway);
                case "d" -> scrape(gateway);
                case "f" -> fixedRate(gateway);
                case "g1k" -> requests(gateway, workload, "single", corpus.single(), 1_000, 1);
                case "g5k" -> requests(gateway, workload, "single", corpus.single(), 5_000, 1);
                case "h" -> start(gateway);
                default -> throw new IllegalArgumentException(
                        "no workload " + workload + "; there are " + String.join(", ", WORKLOADS));
            }
        } catch (IOException failed) {
            System.err.println("bench: " + gateway.name() + " " + workload + " failed: " + failed.getMessage());
        }
    }

    private Path empty() throws IOException {
        return Files.writeString(corpus.directory().resolve("empty.bodies"), "");
    }

    // ---- as fast as it goes

    /**
     * Medians over quiet runs.
     *
     * @param cpuMicros of the server, a request
     */
    private record Rate(double cpuMicros, double perSecond) {}

    private void requests(Gateway gateway, String workload, String kind, Path bodies, int connections, int pipelined)
            throws IOException {
        if (gateway.doors().containsKey(kind)) {
            try (Server server = new Server(gateway, corpus)) {
                Rate rate = saturate(server, workload, kind, bodies, connections, pipelined);
                figures.add(gateway.name(), workload, "cpu_us", rate.cpuMicros);
                figures.add(gateway.name(), workload, "rps", rate.perSecond);
            }
        }
    }

    private void samples(Gateway gateway, String workload, String kind, Path bodies, int connections, int each)
            throws IOException {
        if (gateway.doors().containsKey(kind)) {
            try (Server server = new Server(gateway, corpus)) {
                Rate rate = saturate(server, workload, kind, bodies, connections, 1);
                figures.add(gateway.name(), workload, "cpu_s_m", rate.cpuMicros / each);
                figures.add(gateway.name(), workload, "samples_s", rate.perSecond * each);
            }
        }
    }

    private void resident(Gateway gateway) throws IOException {
        String door = gateway.doors().get("resident");
        if (door != null) {
            try (Server server = new Server(gateway, corpus)) {
                send(server, door, Corpus.resident());
                Rate rate = saturate(server, "a-100k", "single", corpus.single(), 64, 1);
                figures.add(gateway.name(), "a-100k", "cpu_us", rate.cpuMicros);
                figures.add(gateway.name(), "a-100k", "rps", rate.perSecond);
            }
        }
    }

    private void manySeries(Gateway gateway) throws IOException {
        String door = gateway.doors().get("lines");
        if (door == null || gateway.name().equals("nginx")) {
            return;
        }
        Path file = corpus.lines("many.bodies", 40, 200_000);
        int each = Corpus.LINES * Corpus.FIELDS;
        try (Server server = new Server(gateway, corpus)) {
            List<byte[]> bodies = Corpus.read(file);
            double cpu = server.cpu();
            for (byte[] body : bodies) {
                send(server, door, body);
            }
            figures.add(gateway.name(), "c-high", "cold_s_m", (server.cpu() - cpu) * 1e6 / each / bodies.size());
            Rate rate = saturate(server, "c-high", "lines", file, 4, 1);
            figures.add(gateway.name(), "c-high", "cpu_s_m", rate.cpuMicros / each);
        }
    }

    private static void send(Server server, String door, byte[] body) throws IOException {
        server.send(door.substring(0, door.indexOf(' ')), door.substring(door.indexOf(' ') + 1),
                "Content-Type: text/plain\r\n", body);
    }

    private Rate saturate(Server server, String workload, String kind, Path bodies, int connections, int pipelined)
            throws IOException {
        Gateway gateway = server.gateway();
        String door = gateway.doors().get(kind);
        Load.run(server, door, bodies, connections, pipelined, gateway.warmSeconds());
        List<Double> cpu = new ArrayList<>();
        List<Double> rates = new ArrayList<>();
        long failed = 0;
        int thrownAway = 0;
        while (cpu.size() < runs) {
            Meter meter = new Meter(server);
            Load.Done done = Load.run(server, door, bodies, connections, pipelined, seconds);
            meter.stop();
            if (meter.otherCores > OTHER_CORES_MAX && thrownAway < 2 * runs) {
                thrownAway++;
                continue;
            }
            cpu.add(meter.serverCpu / Math.max(1, done.requests()) * 1e6);
            rates.add(done.requests() / done.seconds());
            failed += done.failed();
        }
        say(gateway, workload, thrownAway, failed);
        return new Rate(median(cpu), median(rates));
    }

    private void say(Gateway gateway, String workload, int thrownAway, long failed) throws IOException {
        List<String> notes = new ArrayList<>();
        if (thrownAway >= 2 * runs) {
            notes.add("not quiet: other processes used over " + OTHER_CORES_MAX + " core");
        } else if (thrownAway > 0) {
            notes.add(thrownAway + " runs thrown away, other processes used over " + OTHER_CORES_MAX + " core");
        }
        if (failed > 0) {
            notes.add(failed + " requests failed");
        }
        if (!notes.isEmpty()) {
            figures.note(gateway.name(), workload, String.join("; ", notes));
        }
    }

    // ---- scrapes and memory

    private void scrape(Gateway gateway) throws IOException {
        if (gateway.scrape() == null) {
            return;
        }
        Path million = corpus.million();
        String door = gateway.doors().get("load");
        try (Server server = new Server(gateway, corpus)) {
            if (door != null) {
                sleep(1_000);
                long empty = server.resident();
                send(server, door, Files.readAllBytes(million));
                sleep(6_000);
                figures.add(gateway.name(), "e", "bytes", (server.resident() - empty) / (double) Corpus.MILLION);
            }
            scrapes(server, "plain", false, SCRAPES, null);
            if (door != null) {
                byte[] all = Files.readAllBytes(million);
                scrapes(server, "gzip", true, FULL_SCRAPES, () -> send(server, door, all));
                byte[] few = Corpus.aFewOfTheMillion();
                scrapes(server, "gzip_few", true, SCRAPES, () -> send(server, door, few));
            } else {
                scrapes(server, "gzip", true, FULL_SCRAPES, null);
            }
        }
    }

    private interface Change {
        void make() throws IOException;
    }

    private void scrapes(Server server, String name, boolean gzip, int count, Change before) throws IOException {
        List<Double> cpu = new ArrayList<>();
        List<Double> wall = new ArrayList<>();
        List<Double> first = new ArrayList<>();
        int warm = before == null ? 3 : 1;
        for (int i = 0; i < warm + count; i++) {
            if (before != null) {
                before.make();
                sleep(1_500);
            }
            double start = server.cpu();
            Server.Answer answer = server.send(
                    "GET", server.gateway().scrape(), gzip ? "Accept-Encoding: gzip\r\n" : "", new byte[0]);
            if (i >= warm) {
                cpu.add((server.cpu() - start) * 1e9 / Corpus.MILLION);
                wall.add(answer.nanos() / 1e6);
                first.add(answer.firstByteNanos() / 1e6);
            }
        }
        String gateway = server.gateway().name();
        // CPU is counted in ticks of 10 ms: the mean of several is finer than their median
        figures.add(gateway, "d", name + "_ns", cpu.stream().mapToDouble(c -> c).average().orElseThrow());
        figures.add(gateway, "d", name + "_ms", median(wall));
        figures.add(gateway, "d", name.equals("plain") ? "first_ms" : name + "_first_ms", median(first));
    }

    // ---- fixed rate, start

    private void fixedRate(Gateway gateway) throws IOException {
        String door = gateway.doors().get("single");
        if (door == null) {
            return;
        }
        try (Server server = new Server(gateway, corpus)) {
            openLoop(server, door, gateway.warmSeconds());
            Map<String, List<Double>> all = new TreeMap<>();
            int thrownAway = 0;
            long failed = 0;
            for (int i = 0; i < runs; ) {
                Meter meter = new Meter(server);
                String result = openLoop(server, door, seconds);
                meter.stop();
                if (meter.otherCores > OTHER_CORES_MAX && thrownAway < 2 * runs) {
                    thrownAway++;
                    continue;
                }
                i++;
                failed += (long) (field(result, "failed") + field(result, "unanswered"));
                double requests = field(result, "requests") + RATE * RATE_WARM_SECONDS;
                all.computeIfAbsent("cpu_us", k -> new ArrayList<>()).add(meter.serverCpu / requests * 1e6);
                for (String name : List.of("p50_us", "p90_us", "p99_us")) {
                    all.computeIfAbsent(name, k -> new ArrayList<>()).add(field(result, name));
                }
            }
            say(gateway, "f", thrownAway, failed);
            for (Map.Entry<String, List<Double>> entry : all.entrySet()) {
                figures.add(gateway.name(), "f", entry.getKey(), median(entry.getValue()));
            }
        }
    }

    /** In a process of its own, so that neither its heap nor its compiler is shared with this one. */
    private String openLoop(Server server, String door, int secs) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp", System.getProperty("java.class.path"), "io.weir.bench.OpenLoop",
                        Integer.toString(server.port()), Integer.toString(RATE), "64",
                        Integer.toString(RATE_WARM_SECONDS), Integer.toString(secs),
                        door.substring(0, door.indexOf(' ')), door.substring(door.indexOf(' ') + 1),
                        corpus.single().toString(), "text/plain")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), ISO_8859_1).trim();
        if (!output.startsWith("{")) {
            throw new IOException("the open loop gave no figures: " + output);
        }
        return output;
    }

    private static double field(String json, String name) {
        int from = json.indexOf("\"" + name + "\":") + name.length() + 3;
        int to = from;
        while (",}".indexOf(json.charAt(to)) < 0) {
            to++;
        }
        return Double.parseDouble(json.substring(from, to).trim());
    }

    private void start(Gateway gateway) throws IOException {
        List<Double> millis = new ArrayList<>();
        List<Double> cpu = new ArrayList<>();
        List<Double> resident = new ArrayList<>();
        for (int i = 0; i < STARTS; i++) {
            try (Server server = new Server(gateway, corpus)) {
                millis.add(server.readyMillis());
                cpu.add(server.readyCpuMillis());
                sleep(1_000);
                resident.add(server.resident() / 1e6);
            }
        }
        figures.add(gateway.name(), "h", "ms", median(millis));
        figures.add(gateway.name(), "h", "cpu_ms", median(cpu));
        figures.add(gateway.name(), "h", "rss_mb", median(resident));
    }

    private static double median(List<Double> values) {
        List<Double> sorted = new ArrayList<>(values);
        sorted.sort(null);
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    private static void sleep(long millis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** CPU of a server, of the load and of everything else over a span of time. */
    private static final class Meter {
        private final Server server;
        private final long start = System.nanoTime();
        private final double serverStart;
        private final double ownStart = Proc.own();
        private final double busyStart = Proc.busy();
        private double serverCpu;
        private double otherCores;

        Meter(Server server) {
            this.server = server;
            serverStart = server.cpu();
        }

        void stop() {
            serverCpu = server.cpu() - serverStart;
            double other = Proc.busy() - busyStart - serverCpu - (Proc.own() - ownStart);
            otherCores = Math.max(0, other) / ((System.nanoTime() - start) / 1e9);
            System.err.println(String.format(Locale.ROOT, "bench: %s: %.2f s of CPU, other work %.2f cores",
                    server.gateway().name(), serverCpu, otherCores));
        }
    }
}
