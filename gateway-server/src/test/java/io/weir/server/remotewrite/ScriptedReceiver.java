package io.weir.server.remotewrite;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.xerial.snappy.Snappy;

/** A receiver on a raw loopback socket that answers, or fails to, byte by byte as a test wants it. */
public final class ScriptedReceiver implements AutoCloseable {
    /** A request as it came. */
    public record Received(String requestLine, Map<String, String> headers, byte[] body, long nanos) {
        public Decoded decoded() {
            return Decoded.ofCompressed(headers.get("Content-Type"), body);
        }

        /** Of a request that says it is of version 2.0. */
        public RequestV2 requestV2() {
            try {
                return RequestV2.of(Snappy.uncompress(body));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        boolean isV2() {
            return headers.get("X-Prometheus-Remote-Write-Version").equals("2.0.0");
        }
    }

    /** Answers one request; the connection is closed when it returns false. */
    interface Answer {
        boolean to(Received request, Socket socket) throws IOException;
    }

    private final ServerSocket server;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final BlockingQueue<Received> received = new LinkedBlockingQueue<>();
    private final Deque<Answer> script = new ArrayDeque<>();
    private Answer otherwise = taken();
    private volatile int connections;

    public ScriptedReceiver() throws IOException {
        this(0);
    }

    ScriptedReceiver(int port) throws IOException {
        server = new ServerSocket();
        server.setReuseAddress(true);
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        daemon(this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    public URI url() {
        return URI.create("http://127.0.0.1:" + port() + "/api/v1/write?key=query-token");
    }

    int connections() {
        return connections;
    }

    synchronized ScriptedReceiver then(Answer... answers) {
        script.addAll(List.of(answers));
        return this;
    }

    synchronized ScriptedReceiver always(Answer answer) {
        script.clear();
        otherwise = answer;
        return this;
    }

    private synchronized Answer next() {
        return script.isEmpty() ? otherwise : script.poll();
    }

    /** The next request, which must come within ten seconds. */
    public Received take() throws InterruptedException {
        Received request = received.poll(10, TimeUnit.SECONDS);
        if (request == null) {
            throw new AssertionError("no request within ten seconds");
        }
        return request;
    }

    /** As a receiver does that understands both versions. */
    static Answer taken() {
        return (request, socket) -> (request.isV2()
                        ? status(
                                204,
                                "X-Prometheus-Remote-Write-Samples-Written: " + request.decoded().series().size(),
                                "X-Prometheus-Remote-Write-Exemplars-Written: " + request.requestV2().exemplars().size())
                        : status(204))
                .to(request, socket);
    }

    static Answer status(int status, String... headers) {
        return body(status, "", headers);
    }

    static Answer body(int status, String body, String... headers) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        String head = "HTTP/1.1 " + status + " Scripted\r\n"
                + (headers.length == 0 ? "" : String.join("\r\n", headers) + "\r\n")
                + (status == 204 ? "" : "Content-Length: " + bytes.length + "\r\n") + "\r\n";
        return raw(head + body);
    }

    static Answer raw(String text) {
        return (request, socket) -> {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
            return true;
        };
    }

    /** Sends the text and closes the connection. */
    static Answer rawAndClose(String text) {
        return (request, socket) -> {
            raw(text).to(request, socket);
            return false;
        };
    }

    /** Sends the text and resets the connection. */
    static Answer rawAndReset(String text) {
        return (request, socket) -> {
            raw(text).to(request, socket);
            socket.setSoLinger(true, 0);
            return false;
        };
    }

    /** A body that never ends. */
    static Answer endless(int status, String header) {
        return (request, socket) -> {
            OutputStream out = socket.getOutputStream();
            out.write(("HTTP/1.1 " + status + " Scripted\r\n" + header + "\r\nContent-Length: 99999999999\r\n\r\n")
                    .getBytes());
            byte[] chunk = "blah".repeat(4096).getBytes();
            while (true) {
                out.write(chunk);
            }
        };
    }

    /** No answer at all; holds the connection open. */
    static Answer hang() {
        return (request, socket) -> true;
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = server.accept();
                connections++;
                sockets.add(socket);
                daemon(() -> serve(socket));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            while (true) {
                String requestLine = line(in);
                Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
                for (String line = line(in); !line.isEmpty(); line = line(in)) {
                    int colon = line.indexOf(':');
                    String before = headers.put(line.substring(0, colon), line.substring(colon + 1).strip());
                    if (before != null) {
                        throw new IOException("header twice: " + line);
                    }
                }
                byte[] body = in.readNBytes(Integer.parseInt(headers.get("Content-Length")));
                Received request = new Received(requestLine, headers, body, System.nanoTime());
                Answer answer = next();
                received.add(request);
                if (!answer.to(request, socket)) {
                    return;
                }
                socket.getOutputStream().flush();
            }
        } catch (IOException e) {
            // the sender's right
        } finally {
            sockets.remove(socket);
        }
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new EOFException();
            }
            if (b != '\r') {
                line.write(b);
            }
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "scripted-receiver");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
