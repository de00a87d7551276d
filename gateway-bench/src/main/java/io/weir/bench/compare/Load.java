package io.weir.bench.compare;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Sends as fast as answers come, over keep-alive connections: {@code wrk} with one thread where it is installed, else a thread
 * with a selector, which needs about twice its CPU and gets fewer requests a second (the CPU of the server stays comparable).
 */
final class Load {
    private static final String SCRIPT = """
            local reqs, n, i = {}, 0, 0
            function init(args)
              local f = assert(io.open(os.getenv("BODIES"), "rb"))
              local all = f:read("*a")
              f:close()
              local headers = { ["Content-Type"] = "text/plain" }
              local pos = 1
              repeat
                local s, e = all:find("\\n%%\\n", pos, true)
                n = n + 1
                reqs[n] = wrk.format(os.getenv("METHOD"), wrk.path, headers, all:sub(pos, s and s or #all))
                pos = s and e + 1
              until not pos
              local k = tonumber(os.getenv("PIPELINE"))
              if k > 1 then
                local g = {}
                for j = 1, n do
                  local t = {}
                  for q = 0, k - 1 do t[#t + 1] = reqs[(j * k + q) % n + 1] end
                  g[j] = table.concat(t)
                end
                reqs = g
              end
            end
            function request() i = i % n + 1; return reqs[i] end
            function done(s, l, r)
              local e = s.errors
              io.write(string.format("RESULT %d %d %d\\n", s.requests, s.duration,
                e.connect + e.read + e.write + e.status + e.timeout))
            end
            """;

    /**
     * @param requests answered
     * @param failed connections that broke and answers that were not 2xx
     */
    record Done(long requests, double seconds, long failed) {}

    private Load() {}

    static Optional<String> wrk() {
        return Gateway.program("wrk");
    }

    /**
     * @param door method and path
     * @param bodies a file of {@link Corpus}
     * @param pipelined requests sent at once on a connection
     */
    static Done run(Server server, String door, Path bodies, int connections, int pipelined, int seconds) throws IOException {
        Optional<String> wrk = wrk();
        String method = door.substring(0, door.indexOf(' '));
        String path = door.substring(door.indexOf(' ') + 1);
        return wrk.isPresent()
                ? wrk(wrk.get(), server, method, path, bodies, connections, pipelined, seconds)
                : selector(server.port(), method, path, Corpus.read(bodies), connections, pipelined, seconds);
    }

    private static Done wrk(
            String wrk, Server server, String method, String path, Path bodies, int connections, int pipelined, int seconds)
            throws IOException {
        Path script = server.data().resolve("load.lua");
        Files.writeString(script, SCRIPT);
        ProcessBuilder builder = new ProcessBuilder(wrk, "-t1", "-c" + connections, "-d" + seconds + "s", "--timeout", "30s",
                "-s", script.toString(), "http://127.0.0.1:" + server.port() + path);
        builder.environment().put("BODIES", bodies.toString());
        builder.environment().put("METHOD", method);
        builder.environment().put("PIPELINE", Integer.toString(pipelined));
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), ISO_8859_1);
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        int at = output.indexOf("RESULT ");
        if (at < 0) {
            throw new IOException("wrk: " + output);
        }
        String[] fields = output.substring(at + 7, output.indexOf('\n', at)).trim().split(" ");
        return new Done(Long.parseLong(fields[0]), Long.parseLong(fields[1]) / 1e6, Long.parseLong(fields[2]));
    }

    private static Done selector(
            int port, String method, String path, List<byte[]> bodies, int connections, int pipelined, int seconds)
            throws IOException {
        List<byte[]> requests = new ArrayList<>();
        for (byte[] body : bodies) {
            byte[] head = (method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: "
                    + body.length + "\r\n\r\n").getBytes(ISO_8859_1);
            ByteBuffer whole = ByteBuffer.allocate(head.length + body.length).put(head).put(body);
            requests.add(whole.array());
        }
        try (Selector selector = Selector.open()) {
            List<Connection> all = new ArrayList<>();
            try {
                for (int i = 0; i < connections; i++) {
                    all.add(new Connection(port, selector, requests, pipelined, i));
                }
                long start = System.nanoTime();
                long end = start + TimeUnit.SECONDS.toNanos(seconds);
                for (Connection connection : all) {
                    connection.next();
                }
                while (System.nanoTime() - end < 0) {
                    selector.select(key -> ((Connection) key.attachment()).ready(), 100);
                }
                double took = (System.nanoTime() - start) / 1e9;
                return new Done(all.stream().mapToLong(c -> c.answered).sum(), took, all.stream().mapToLong(c -> c.failed).sum());
            } finally {
                for (Connection connection : all) {
                    connection.channel.close();
                }
            }
        }
    }

    /** One connection of {@link #selector}; requests and answers take turns. */
    private static final class Connection {
        private static final byte[] END = "\r\n\r\n".getBytes(ISO_8859_1);

        private final SocketChannel channel;
        private final SelectionKey key;
        private final List<byte[]> requests;
        private final ByteBuffer[] sending;
        private final ByteBuffer in = ByteBuffer.allocate(16 << 10);
        private int next;
        private int open;
        private long bodyLeft;
        private long answered;
        private long failed;

        Connection(int port, Selector selector, List<byte[]> requests, int pipelined, int first) throws IOException {
            channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channel.socket().setTcpNoDelay(true);
            channel.configureBlocking(false);
            key = channel.register(selector, SelectionKey.OP_READ, this);
            this.requests = requests;
            next = first;
            sending = new ByteBuffer[pipelined];
        }

        void next() throws IOException {
            for (int i = 0; i < sending.length; i++) {
                sending[i] = ByteBuffer.wrap(requests.get(next++ % requests.size()));
            }
            open = sending.length;
            write();
        }

        private void write() throws IOException {
            channel.write(sending);
            boolean more = sending[sending.length - 1].hasRemaining();
            key.interestOps(more ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
        }

        void ready() {
            try {
                if (key.isWritable()) {
                    write();
                }
                if (key.isReadable()) {
                    if (channel.read(in) < 0) {
                        throw new IOException("closed");
                    }
                    in.flip();
                    take();
                    in.compact();
                }
            } catch (IOException broken) {
                failed++;
                key.cancel();
            }
        }

        private void take() throws IOException {
            while (in.hasRemaining()) {
                if (bodyLeft > 0) {
                    int skipped = (int) Math.min(bodyLeft, in.remaining());
                    in.position(in.position() + skipped);
                    bodyLeft -= skipped;
                } else {
                    int end = headEnd();
                    if (end < 0) {
                        return;
                    }
                    String head = new String(in.array(), in.position(), end - in.position(), ISO_8859_1).toLowerCase(Locale.ROOT);
                    in.position(end);
                    failed += head.charAt(9) == '2' ? 0 : 1;
                    int length = head.indexOf("\r\ncontent-length:");
                    bodyLeft = length < 0 ? 0 : Long.parseLong(head.substring(length + 17, head.indexOf('\r', length + 17)).trim());
                }
                if (bodyLeft == 0) {
                    answered++;
                    if (--open == 0) {
                        next();
                    }
                }
            }
        }

        private int headEnd() {
            byte[] bytes = in.array();
            for (int i = in.position(); i + END.length <= in.limit(); i++) {
                if (bytes[i] == '\r' && bytes[i + 1] == '\n' && bytes[i + 2] == '\r' && bytes[i + 3] == '\n') {
                    return i + END.length;
                }
            }
            return -1;
        }
    }
}
