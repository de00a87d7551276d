package io.weir.server.remotewrite;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A real Prometheus with its remote-write receiver on, on a loopback port, with its data in a directory of the test's; it
 * scrapes what its configuration says, by default nothing.
 */
public final class PrometheusProcess implements AutoCloseable {
    private static final Pattern VECTOR =
            Pattern.compile("\\{\"metric\":\\{([^}]*)\\},\"value\":\\[[^,]*,\"([^\"]*)\"\\]\\}");
    private static final Pattern MATRIX = Pattern.compile("\\[([0-9.]+),\"([^\"]*)\"\\]");

    private final HttpClient client = HttpClient.newHttpClient();
    private final Path directory;
    private final int port;
    private final String[] flags;
    private Process process;

    PrometheusProcess(Path directory) throws IOException {
        this(directory, "global: {scrape_interval: 1h}\n");
    }

    /** With flags of its own besides. */
    public PrometheusProcess(Path directory, String configuration, String... flags) throws IOException {
        this.directory = directory;
        this.flags = flags;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            this.port = free.getLocalPort();
        }
        Files.writeString(directory.resolve("prometheus.yml"), configuration);
    }

    /** The program, or null. */
    public static Path binary() {
        for (String dir : System.getenv().getOrDefault("PATH", "").split(":")) {
            Path program = Path.of(dir, "prometheus");
            if (!dir.isEmpty() && Files.isExecutable(program)) {
                return program;
            }
        }
        return null;
    }

    public URI writeUrl() {
        return URI.create("http://127.0.0.1:" + port + "/api/v1/write");
    }

    public void start() throws Exception {
        List<String> command = new ArrayList<>(List.of(
                binary().toString(),
                "--config.file=" + directory.resolve("prometheus.yml"),
                "--storage.tsdb.path=" + directory.resolve("data"),
                "--web.listen-address=127.0.0.1:" + port,
                "--web.enable-remote-write-receiver",
                "--log.level=warn"));
        command.addAll(List.of(flags));
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve("log").toFile()))
                .start();
        await("Prometheus is ready", this::isReady);
    }

    /** What it has said: nothing below a warning. */
    public String log() throws IOException {
        return Files.readString(directory.resolve("log"));
    }

    void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        if (process != null) {
            kill();
        }
    }

    private boolean isReady() {
        try {
            return get("/-/ready").startsWith("Prometheus");
        } catch (IOException e) {
            return false;
        }
    }

    /** Polls until it holds, for ten seconds at most. */
    public void await(String what, BooleanSupplier condition) {
        poll(what, () -> {
            if (!process.isAlive()) {
                throw new AssertionError("Prometheus has ended with code " + process.exitValue());
            }
            return condition.getAsBoolean();
        });
    }

    static void poll(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + 10_000_000_000L;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within ten seconds: " + what);
            }
            LockSupport.parkNanos(20_000_000L);
        }
    }

    /** Values of an instant query, by the labels as JSON shows them. */
    public Map<String, String> query(String expression) {
        Map<String, String> values = new TreeMap<>();
        Matcher m = VECTOR.matcher(api(expression));
        while (m.find()) {
            values.put(m.group(1).replace("\"", ""), m.group(2));
        }
        return values;
    }

    /** The value of the only result, or "" when there is not one. */
    public String value(String expression) {
        Map<String, String> values = query(expression);
        return values.size() == 1 ? values.values().iterator().next() : "";
    }

    /** All stored samples of a series within the last hour: seconds and value. */
    List<String[]> samples(String selector) {
        List<String[]> samples = new ArrayList<>();
        Matcher m = MATRIX.matcher(api(selector + "[1h]"));
        while (m.find()) {
            samples.add(new String[] {m.group(1), m.group(2)});
        }
        return samples;
    }

    String api(String expression) {
        try {
            return get("/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8));
        } catch (IOException e) {
            return "";
        }
    }

    private String get(String path) throws IOException {
        try {
            URI uri = URI.create("http://127.0.0.1:" + port + path);
            HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(5)).build();
            return client.send(request, BodyHandlers.ofString()).body();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }
}
