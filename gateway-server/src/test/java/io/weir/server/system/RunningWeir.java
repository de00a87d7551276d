package io.weir.server.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.server.Weir;
import io.weir.server.config.CommandLine;
import io.weir.server.config.ConfigLoader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;

/**
 * A whole gateway in this process, started with the flags a user would give (memory only, on a free loopback port unless
 * they say otherwise), and an HTTP client of the JDK that talks to it. Any thread.
 */
final class RunningWeir implements AutoCloseable {
    /** One answer. */
    record Reply(int status, String body, byte[] bytes, HttpResponse<byte[]> response) {
        String header(String name) {
            return response.headers().firstValue(name).orElse(null);
        }

        @Override
        public String toString() {
            return status + " " + body;
        }
    }

    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();

    final Weir weir;

    RunningWeir(String... flags) {
        List<String> arguments = new ArrayList<>();
        if (List.of(flags).stream().noneMatch(flag -> flag.startsWith("--storage.path"))) {
            arguments.add("--storage.path=none");
        }
        if (List.of(flags).stream().noneMatch(flag -> flag.startsWith("--web.listen-address"))) {
            arguments.add("--web.listen-address=127.0.0.1:0");
        }
        arguments.addAll(List.of(flags));
        try {
            CommandLine commandLine = CommandLine.parse(arguments);
            Weir.ConfigSource source = () -> ConfigLoader.load(commandLine, Map.of());
            weir = Weir.start(source.load(), source);
            weir.awaitRecovery();
        } catch (Exception e) {
            throw new AssertionError("the gateway does not start", e);
        }
    }

    int port() {
        return weir.addresses().get(0).getPort();
    }

    InetSocketAddress address() {
        return weir.addresses().get(0);
    }

    Wire wire() {
        return new Wire(address());
    }

    /** A connection whose kernel takes a few kilobytes that nobody has read, and no more. */
    Wire wireWithoutRoom() {
        return new Wire(address(), 4096);
    }

    /** The user's series as text. */
    String scrape() {
        Reply reply = get("/metrics");
        if (reply.status != 200) {
            throw new AssertionError("scrape failed: " + reply);
        }
        return reply.body;
    }

    /** Lines of one family without comments, as a scrape shows them. */
    List<String> samples(String family) {
        return get("/metrics?name[]=" + family).body.lines().filter(line -> !line.startsWith("#")).toList();
    }

    /** The value that a scrape shows for this series, written as in the text format; NaN when there is none. */
    double value(String series) {
        return valueIn(scrape(), series);
    }

    /** The value of one of the gateway's own series; NaN when there is none. */
    double own(String series) {
        return valueIn(get("/-/metrics").body, series);
    }

    static double valueIn(String text, String series) {
        return text.lines()
                .filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1).replace("Inf", "Infinity")))
                .findFirst()
                .orElse(Double.NaN);
    }

    Reply get(String target, String... headers) {
        return send("GET", target, BodyPublishers.noBody(), headers);
    }

    Reply post(String body, String... headers) {
        return send("POST", "/metrics", BodyPublishers.ofString(body), headers);
    }

    Reply put(String body, String... headers) {
        return send("PUT", "/metrics", BodyPublishers.ofString(body), headers);
    }

    Reply patch(String target, String... headers) {
        return send("PATCH", "/metrics/" + target, BodyPublishers.noBody(), headers);
    }

    Reply patchBy(String amount, String target, String... headers) {
        return send("PATCH", "/metrics/" + target, BodyPublishers.ofString(amount), headers);
    }

    Reply delete(String target) {
        return send("DELETE", "/metrics/" + target, BodyPublishers.noBody());
    }

    Reply send(String method, String target, BodyPublisher body, String... headers) {
        String escaped = target.replace("[", "%5B").replace("]", "%5D");
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + escaped))
                .timeout(Duration.ofSeconds(30))
                .method(method, body);
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        try {
            HttpResponse<byte[]> response = CLIENT.send(request.build(), BodyHandlers.ofByteArray());
            return new Reply(response.statusCode(), new String(response.body(), UTF_8), response.body(), response);
        } catch (IOException e) {
            throw new UncheckedIOException(method + " " + target, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Polls until it holds, for ten seconds at most; for what time brings about. */
    static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + 10_000_000_000L;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within ten seconds: " + what);
            }
            LockSupport.parkNanos(20_000_000L);
        }
    }

    static byte[] gzip(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(text.getBytes(UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** The body in chunks of one byte each. */
    static String oneByteChunks(String body) {
        byte[] bytes = body.getBytes(UTF_8);
        StringBuilder chunks = new StringBuilder();
        for (byte b : bytes) {
            chunks.append("1\r\n").append((char) (b & 0xff)).append("\r\n");
        }
        return chunks.append("0\r\n\r\n").toString();
    }

    /** A raw request, in Latin-1 so that each char is one byte. */
    static String request(String method, String target, String body, String... headers) {
        byte[] bytes = body.getBytes(UTF_8);
        String fields = List.of(headers).stream().map(header -> header + "\r\n").collect(Collectors.joining());
        return method + " " + target + " HTTP/1.1\r\nHost: gateway\r\nContent-Length: " + bytes.length + "\r\n" + fields
                + "\r\n" + new String(bytes, ISO_8859_1);
    }

    @Override
    public void close() {
        weir.close();
    }
}
