package io.weir.bench.compare;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** A gateway that runs, in a directory of its own, on loopback. One thread. */
final class Server implements AutoCloseable {
    private static final long START_SECONDS = 120;
    private static final int ANSWER_MILLIS = 600_000;

    /**
     * An answer read to its end.
     *
     * @param firstByteNanos from the request to its first byte
     */
    record Answer(int status, long bytes, long nanos, long firstByteNanos) {}

    private final Gateway gateway;
    private final Path data;
    private final int port;
    private final HttpServer sink;
    private final Process process;
    private final double readyMillis;
    private final double readyCpuMillis;

    /** Starts it and waits until it is ready. */
    Server(Gateway gateway, Corpus corpus) throws IOException {
        this.gateway = gateway;
        data = Files.createTempDirectory("bench-");
        port = freePort();
        sink = gateway.needsSink() ? sink() : null;
        if (gateway.file() != null) {
            Files.writeString(data.resolve(gateway.file()[0]), fill(gateway.file()[1], corpus, freePort()));
        }
        List<String> command = gateway.command().stream().map(part -> fill(part, corpus, 0)).toList();
        ProcessBuilder builder = new ProcessBuilder(command).directory(data.toFile());
        File log = data.resolve("log").toFile();
        builder.redirectErrorStream(true).redirectOutput(log);
        builder.environment().putAll(gateway.environment());
        long start = System.nanoTime();
        process = builder.start();
        try {
            while (!isReady()) {
                if (!process.isAlive() || System.nanoTime() - start > TimeUnit.SECONDS.toNanos(START_SECONDS)) {
                    throw new IOException(gateway.name() + " did not start: " + Files.readString(log.toPath(), ISO_8859_1));
                }
                LockSupport.parkNanos(1_000_000);
            }
            readyMillis = (System.nanoTime() - start) / 1e6;
            readyCpuMillis = Proc.cpu(process.toHandle()) * 1e3;
            for (String request : gateway.setup()) {
                String[] parts = request.split(" ");
                send(parts[0], parts[1], "", new byte[0]);
            }
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private String fill(String text, Corpus corpus, int secondPort) {
        return text.replace("{port}", Integer.toString(port))
                .replace("{port2}", Integer.toString(secondPort))
                .replace("{data}", data.toString())
                .replace("{corpus}", corpus.directory().toString())
                .replace("{sink}", sink == null ? "" : Integer.toString(sink.getAddress().getPort()));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Takes what is forwarded; its CPU counts as the generator's. */
    private static HttpServer sink() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        server.createContext("/", exchange -> {
            try (exchange; InputStream in = exchange.getRequestBody()) {
                in.transferTo(OutputStream.nullOutputStream());
                exchange.sendResponseHeaders(204, -1);
            }
        });
        server.start();
        return server;
    }

    private boolean isReady() {
        try {
            return request("GET", gateway.ready(), "", new byte[0], 5_000).status() / 100 == 2;
        } catch (IOException notYet) {
            return false;
        }
    }

    /** Sends one request over a connection of its own; anything but 2xx is a failure. */
    Answer send(String method, String path, String fields, byte[] body) throws IOException {
        Answer answer = request(method, path, fields, body, ANSWER_MILLIS);
        if (answer.status() / 100 != 2) {
            throw new IOException(gateway.name() + " " + method + " " + path + ": " + answer.status());
        }
        return answer;
    }

    private Answer request(String method, String path, String fields, byte[] body, int timeoutMillis) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 2_000);
            socket.setSoTimeout(timeoutMillis);
            long start = System.nanoTime();
            OutputStream out = socket.getOutputStream();
            out.write((method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + fields
                    + (method.equals("GET") ? "" : "Content-Length: " + body.length + "\r\n") + "\r\n").getBytes(ISO_8859_1));
            out.write(body);
            InputStream in = socket.getInputStream();
            byte[] buffer = new byte[256 << 10];
            int read = in.read(buffer);
            long first = System.nanoTime() - start;
            if (read < 12) {
                throw new IOException("no answer");
            }
            int status = Integer.parseInt(new String(buffer, 9, 3, ISO_8859_1));
            long bytes = 0;
            for (; read >= 0; read = in.read(buffer)) {
                bytes += read;
            }
            return new Answer(status, bytes, System.nanoTime() - start, first);
        }
    }

    Gateway gateway() {
        return gateway;
    }

    int port() {
        return port;
    }

    Path data() {
        return data;
    }

    /** From the start of the command to the first 2xx, and the CPU spent on it. */
    double readyMillis() {
        return readyMillis;
    }

    double readyCpuMillis() {
        return readyCpuMillis;
    }

    double cpu() {
        return Proc.cpu(process.toHandle());
    }

    long resident() {
        return Proc.resident(process.toHandle());
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (sink != null) {
            sink.stop(0);
        }
        try (Stream<Path> files = Files.walk(data)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        } catch (IOException leftBehind) {
            return;
        }
    }
}
