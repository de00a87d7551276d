package io.weir.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * Pushes 10 series to each of some groups in turn, over one connection that is kept alive, each request after the answer to the
 * one before; says how many a second, and what each costs the gateway in CPU. For any gateway with grouping paths, on Linux.
 *
 * <p>usage: {@code GroupPushRate PORT GROUPS WARM_UP_SECONDS SECONDS NAME PID}
 */
public final class GroupPushRate {
    private static final int LATENCIES_MAX = 4_000_000;
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final double TICK_MICROS = 10_000;
    private static final byte[] END = "\r\n\r\n".getBytes(ISO_8859_1);

    private GroupPushRate() {}

    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(arguments[0]);
        int groups = Integer.parseInt(arguments[1]);
        long warmUp = Long.parseLong(arguments[2]) * SECOND_NANOS;
        long seconds = Long.parseLong(arguments[3]) * SECOND_NANOS;
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setTcpNoDelay(true);
            OutputStream out = socket.getOutputStream();
            InputStream in = socket.getInputStream();
            byte[] answer = new byte[8192];
            long fillStart = System.nanoTime();
            for (int group = 0; group < groups; group++) {
                push(out, in, answer, group, 0);
            }
            double fillSeconds = (System.nanoTime() - fillStart) / 1e9;
            for (int round = 0; System.nanoTime() - fillStart < warmUp; round++) {
                push(out, in, answer, round % groups, round);
            }

            long[] nanos = new long[LATENCIES_MAX];
            int count = 0;
            long ticks = ticks(arguments[5]);
            long start = System.nanoTime();
            long last = start;
            while (last - start < seconds && count < nanos.length) {
                push(out, in, answer, count % groups, count);
                long now = System.nanoTime();
                nanos[count++] = now - last;
                last = now;
            }
            double cpuMicros = (ticks(arguments[5]) - ticks) * TICK_MICROS / count;
            Arrays.sort(nanos, 0, count);
            System.out.printf(Locale.ROOT, "%-24s %7d groups: %8.0f pushes/s, %8.1f us CPU each, p50 %7.3f ms, p99 %8.3f ms (filled at %.0f/s)%n",
                    arguments[4], groups, count / ((last - start) / 1e9), cpuMicros, nanos[count / 2] / 1e6,
                    nanos[(int) (count * 0.99)] / 1e6, groups / fillSeconds);
        }
    }

    private static void push(OutputStream out, InputStream in, byte[] answer, int group, int round) throws IOException {
        StringBuilder body = new StringBuilder(512).append("# TYPE bench_value gauge\n");
        for (int i = 0; i < 10; i++) {
            body.append("bench_value{series=\"").append(i).append("\"} ").append(round + i).append('\n');
        }
        String request = "PUT /metrics/job/bench/instance/host-" + group + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body;
        out.write(request.getBytes(ISO_8859_1));
        int length = 0;
        while (!endsHead(answer, length)) {
            int n = in.read(answer, length, answer.length - length);
            if (n < 0) {
                throw new IOException("connection closed");
            }
            length += n;
        }
        if (answer[9] != '2') {
            throw new IOException(new String(answer, 0, length, ISO_8859_1));
        }
    }

    /** User and system time of a process. */
    private static long ticks(String pid) throws IOException {
        String stat = Files.readString(Path.of("/proc", pid, "stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    }

    /** Answers to good pushes have no body. */
    private static boolean endsHead(byte[] answer, int length) {
        return length >= 4 && Arrays.equals(answer, length - 4, length, END, 0, 4);
    }
}
