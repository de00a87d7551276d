package io.weir.server.door;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.ingest.AggregationRules;
import io.weir.ingest.Ingest;
import io.weir.ingest.PointRules;
import io.weir.parse.TextParser;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.server.config.PushSemantics;
import io.weir.server.http.HttpServer;
import io.weir.server.telemetry.ProcessMetrics;
import io.weir.server.telemetry.Telemetry;
import io.weir.store.Keeper;
import io.weir.store.SeriesTable;
import io.weir.store.TableConfig;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.SystemNanoClock;

/** All doors over a real socket, with a real store and its keeper running. */
final class Gateway implements AutoCloseable {
    /** One answer as it came. */
    record Reply(int status, String head, byte[] bytes) {
        String body() {
            return new String(bytes, UTF_8);
        }

        String header(String name) {
            for (String line : head.split("\r\n")) {
                if (line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ": ")) {
                    return line.substring(name.length() + 2);
                }
            }
            return null;
        }
    }

    final Telemetry telemetry = new Telemetry();
    final AtomicReference<String> unhealthy = new AtomicReference<>();
    final AtomicReference<String> unready = new AtomicReference<>();
    final AtomicReference<String> reloadError = new AtomicReference<>();
    final AtomicReference<PointRules> points = new AtomicReference<>(PointRules.DEFAULTS);
    final AtomicInteger reloads = new AtomicInteger();
    final AtomicInteger quits = new AtomicInteger();
    final Keeper keeper;
    private final AgentRunner runner;
    private final HttpServer server;

    Gateway() throws IOException {
        this(Limits.DEFAULTS, false);
    }

    Gateway(Limits limits, boolean lifecycle) throws IOException {
        this(limits, lifecycle, DrainRules.DEFAULTS);
    }

    Gateway(Limits limits, boolean lifecycle, DrainRules drains) throws IOException {
        this(limits, lifecycle, drains, PushSemantics.METHOD);
    }

    Gateway(Limits limits, boolean lifecycle, PushSemantics semantics) throws IOException {
        this(limits, lifecycle, DrainRules.DEFAULTS, semantics);
    }

    private Gateway(Limits limits, boolean lifecycle, DrainRules drains, PushSemantics semantics) throws IOException {
        Random random = new SecureRandom();
        KeyHash hash = new KeyHash(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
        Function<String, FamilyPolicy> policies = AggregationRules.DEFAULTS::policy;
        SeriesTable table = new SeriesTable(
                TableConfig.of(limits.series(), limits.families()), SystemNanoClock.INSTANCE, policies);
        keeper = new Keeper(table, System::currentTimeMillis);
        runner = new AgentRunner(keeper.idleStrategy(), failure -> {
            throw new AssertionError(failure);
        }, null, keeper);
        AgentRunner.startOnThread(runner);
        ProcessMetrics.register(telemetry, "0", "test");
        Routes.Web web = new Routes.Web("0", "", "/-/metrics", false, Set.of(), lifecycle, unhealthy::get, unready::get, () -> {
            reloads.incrementAndGet();
            return reloadError.get();
        }, quits::incrementAndGet);
        server = new HttpServer(
                HttpServer.Options.of(
                        List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)),
                        limits,
                        () -> new Ingest(table, limits, hash.copy(), policies, 1 << 16, () -> {})),
                Routes.of(new Routes.Parts(
                        web, telemetry, limits, hash, TextParser.Timestamps.IGNORE, semantics, points::get, keeper.commands(),
                        Keeping.inMemory(new io.weir.journal.IdempotencyIndex(1000, 60_000, System::currentTimeMillis)),
                        drains,
                        new Routes.Api("1.2.3", "abc", java.util.Map.of("web.listen-address", "x"), true))),
                telemetry);
        server.start();
    }

    Reply get(String target, String... headers) throws IOException {
        return send("GET", target, null, headers);
    }

    Reply post(String target, String body, String... headers) throws IOException {
        return send("POST", target, body.getBytes(UTF_8), headers);
    }

    /** One request on a connection of its own. */
    Reply send(String method, String target, byte[] body, String... headers) throws IOException {
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes(ascii(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"));
        for (String header : headers) {
            request.writeBytes(ascii(header + "\r\n"));
        }
        if (body != null) {
            request.writeBytes(ascii("Content-Length: " + body.length + "\r\n"));
        }
        request.writeBytes(ascii("\r\n"));
        if (body != null) {
            request.writeBytes(body);
        }
        return parse(raw(request.toByteArray()));
    }

    /** Everything the server says to these bytes until it closes. */
    byte[] raw(byte[] bytes) throws IOException {
        InetSocketAddress address = server.addresses().get(0);
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(bytes);
            return socket.getInputStream().readAllBytes();
        }
    }

    InetSocketAddress address() {
        return server.addresses().get(0);
    }

    private static Reply parse(byte[] answer) throws IOException {
        String text = new String(answer, ISO_8859_1);
        int end = text.indexOf("\r\n\r\n") + 4;
        String head = text.substring(0, end);
        byte[] rest = ascii(text.substring(end));
        byte[] body = head.contains("Transfer-Encoding: chunked") ? unchunked(rest) : rest;
        return new Reply(Integer.parseInt(head.substring(9, 12)), head, body);
    }

    private static byte[] unchunked(byte[] chunked) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        InputStream in = new ByteArrayInputStream(chunked);
        while (true) {
            StringBuilder size = new StringBuilder();
            for (int b = in.read(); b != '\r'; b = in.read()) {
                size.append((char) b);
            }
            in.read();
            int length = Integer.parseInt(size.toString(), 16);
            body.writeBytes(in.readNBytes(length));
            in.readNBytes(2);
            if (length == 0) {
                if (in.read() >= 0) {
                    throw new IOException("bytes behind the last chunk");
                }
                return body.toByteArray();
            }
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(ISO_8859_1);
    }

    @Override
    public void close() {
        server.stop(Duration.ZERO);
        runner.close();
    }
}
