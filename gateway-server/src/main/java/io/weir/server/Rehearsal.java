package io.weir.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * The load under which {@code scripts/run} makes its archive of classes and, from JDK 25 on, method profiles: every main door
 * in turn, over two connections to a gateway of this machine. Not part of the command line; run by class name, with a port and
 * seconds. What is not answered with 2xx ends it with a failure, and no archive is made.
 */
final class Rehearsal {
    private static final int CONNECTIONS = 2;
    /** After which everything has been read, too. */
    private static final int ROUNDS_MIN = 16;
    private static final int SINGLE = 32;
    private static final int PIPELINED = 16;
    private static final String TEXT = "text/plain; version=0.0.4";
    private static final String PROTOBUF =
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

    private final Socket socket;
    private final InputStream in;
    private final int number;
    private int round;

    private Rehearsal(int port, int number) throws IOException {
        this.number = number;
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(10_000);
        in = new BufferedInputStream(socket.getInputStream(), 64 << 10);
    }

    public static void main(String[] arguments) throws InterruptedException, IOException {
        try {
            run(Integer.parseInt(arguments[0]), TimeUnit.SECONDS.toNanos(Long.parseLong(arguments[1])));
        } catch (ExecutionException failed) {
            System.err.println("weir: " + failed.getCause());
            System.exit(1);
        }
    }

    /** Asks for so long, and at least once at every door. */
    static void run(int port, long nanos) throws InterruptedException, ExecutionException, IOException {
        ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS);
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            Rehearsal one = new Rehearsal(port, i);
            all.add(threads.submit((Callable<Void>) () -> one.run(nanos)));
        }
        threads.shutdown();
        for (Future<?> one : all) {
            one.get();
        }
    }

    private Void run(long nanos) throws IOException {
        long end = System.nanoTime() + nanos;
        try (socket) {
            byte[] batch = request("POST", "/metrics", TEXT, batch());
            byte[] lines = request("POST", "/write", "text/plain", lines());
            do {
                round++;
                for (int i = 0; i < SINGLE; i++) {
                    ask(1, request("POST", "/metrics", TEXT, one(i)));
                }
                ByteArrayOutputStream many = new ByteArrayOutputStream();
                for (int i = 0; i < PIPELINED; i++) {
                    many.write(request("POST", "/metrics", TEXT, one(i)));
                }
                ask(PIPELINED, many.toByteArray());
                for (int i = 0; i < PIPELINED; i++) {
                    ask(1, request("PATCH", "/metrics/rehearsed_total?method=GET&instance=i" + i, "", ""));
                }
                for (int i = 0; i < PIPELINED; i++) {
                    ask(1, batch);
                }
                ask(1, lines);
                ask(1, request("PUT", "/metrics/job/rehearsal/instance/i" + round % 50, TEXT, one(round)));
                read(round);
            } while (round < ROUNDS_MIN || System.nanoTime() - end < 0);
        }
        return null;
    }

    /** What is read less often than written. */
    private void read(int round) throws IOException {
        switch (round % ROUNDS_MIN) {
            case 0 -> ask(1, get("/metrics", "Accept-Encoding: gzip\r\n"));
            case 4, 12 -> ask(1, get("/metrics", ""));
            case 2 -> {
                byte[] families = ask(1, get("/metrics", "Accept: " + PROTOBUF + "\r\n"));
                byte[] head = ("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + PROTOBUF + "\r\nContent-Length: "
                        + families.length + "\r\n\r\n").getBytes(ISO_8859_1);
                socket.getOutputStream().write(head);
                ask(1, families);
            }
            case 6 -> ask(1, get("/metrics", "Accept: application/openmetrics-text; version=1.0.0\r\n"));
            case 8 -> ask(1, get("/api/v1/status", ""));
            case 10 -> ask(1, get("/-/metrics", ""));
            case 14 -> ask(1, get("/-/ready", ""));
            default -> { }
        }
    }

    private String one(int i) {
        return "# TYPE rehearsed_requests_total counter\nrehearsed_requests_total{method=\"GET\",route=\"/api/v1/users/:id\","
                + "status=\"200\",instance=\"i" + (i + SINGLE * (round % 8)) + "\"} 1\n";
    }

    private String batch() {
        StringBuilder text = new StringBuilder();
        for (int family = 0; family < 20; family++) {
            String name = "rehearsed_operations_" + family + "_total";
            text.append("# TYPE ").append(name).append(" counter\n");
            for (int i = 0; i < 5; i++) {
                text.append(name).append("{instance=\"i").append(number).append("\",region=\"eu\",shard=\"").append(i).append("\"} ")
                        .append(i % 2 == 0 ? Double.toString(i * 7.125) : Integer.toString(i * 811)).append('\n');
            }
        }
        text.append("# TYPE rehearsed_seconds histogram\n");
        for (String bound : new String[] {"0.1", "1", "+Inf"}) {
            text.append("rehearsed_seconds_bucket{le=\"").append(bound).append("\"} 3\n");
        }
        return text.append("rehearsed_seconds_sum 1.5\nrehearsed_seconds_count 3\n# TYPE rehearsed_size gauge\nrehearsed_size 4.5e3\n")
                .toString();
    }

    private String lines() {
        StringBuilder text = new StringBuilder();
        long seconds = System.currentTimeMillis() / 1_000 - 60;
        for (int i = 0; i < 500; i++) {
            text.append("rehearsed,host=h").append(i % 200).append(",region=eu,service=s").append(number)
                    .append(String.format(Locale.ROOT, " user=%.2f,system=%.3f,requests=%di,up=true %d000000000%n",
                            i * 0.37, i * 0.011, i * 31, seconds + i % 2));
        }
        return text.toString().replace("\r", "");
    }

    private static byte[] request(String method, String path, String type, String body) {
        return (method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n"
                + (type.isEmpty() ? "" : "Content-Type: " + type + "\r\n")
                + "Content-Length: " + body.length() + "\r\n\r\n" + body).getBytes(ISO_8859_1);
    }

    private static byte[] get(String path, String fields) {
        return ("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n").getBytes(ISO_8859_1);
    }

    /** Sends, and takes so many answers; gives the body of the last. */
    private byte[] ask(int answers, byte[] sent) throws IOException {
        socket.getOutputStream().write(sent);
        byte[] body = null;
        for (int i = 0; i < answers; i++) {
            body = answer();
        }
        return body;
    }

    private byte[] answer() throws IOException {
        String status = line();
        long length = 0;
        boolean chunked = false;
        for (String field = line(); !field.isEmpty(); field = line()) {
            String lower = field.toLowerCase(Locale.ROOT);
            if (lower.startsWith("content-length:")) {
                length = Long.parseLong(lower.substring(15).trim());
            } else if (lower.startsWith("transfer-encoding:")) {
                chunked = true;
            }
        }
        byte[] body;
        if (chunked) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (int chunk = Integer.parseInt(line(), 16); chunk > 0; chunk = Integer.parseInt(line(), 16)) {
                all.write(in.readNBytes(chunk));
                line();
            }
            line();
            body = all.toByteArray();
        } else {
            body = in.readNBytes((int) length);
        }
        if (!status.startsWith("HTTP/1.1 2")) {
            throw new IOException(status + ": " + new String(body, ISO_8859_1));
        }
        return body;
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder(64);
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("the gateway has closed the connection");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }
}
