package io.weir.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OpenLoopTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes";

    /** Answers each request in turn, one thread for each connection; every {@code stallAt}th waits for half a second. */
    private static final class Server implements AutoCloseable {
        final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        final AtomicInteger requests = new AtomicInteger();
        final int stallAt;
        final String answer;

        Server(int stallAt, String answer) throws IOException {
            this.stallAt = stallAt;
            this.answer = answer;
            thread(this::accept);
        }

        private static void thread(Runnable work) {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            thread.start();
        }

        private void accept() {
            try {
                while (true) {
                    Socket client = socket.accept();
                    thread(() -> serve(client));
                }
            } catch (IOException closed) {
                assertThat(socket.isClosed()).isTrue();
            }
        }

        private void serve(Socket client) {
            try (client) {
                client.setTcpNoDelay(true);
                InputStream in = new BufferedInputStream(client.getInputStream());
                int ends = 0;
                for (int b; (b = in.read()) >= 0; ) {
                    ends = b == '\n' ? ends + 1 : b == '\r' ? ends : 0;
                    if (ends == 2) {
                        ends = 0;
                        if (requests.incrementAndGet() == stallAt) {
                            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
                        }
                        client.getOutputStream().write(answer.getBytes(ISO_8859_1));
                    }
                }
            } catch (IOException gone) {
                assertThat(gone).isNotNull();
            }
        }

        OpenLoop load(int connections, double perSecond, OpenLoop.Kind... kinds) throws IOException {
            return new OpenLoop((InetSocketAddress) socket.getLocalSocketAddress(), connections, perSecond, List.of(kinds));
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private static OpenLoop.Kind kind(String name, int share) {
        return new OpenLoop.Kind(name, share, List.of(OpenLoop.request("GET", "/" + name, "", new byte[0])));
    }

    private static OpenLoop.Phase run(OpenLoop load, long millis) {
        load.begin();
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
        OpenLoop.Phase phase = load.end();
        load.await(phase, TimeUnit.SECONDS.toNanos(20));
        return phase;
    }

    @Test
    void shouldCountEverythingThatWaitsBehindAStallAsLateAsItWas() throws Exception {
        try (Server server = new Server(100, OK); OpenLoop load = server.load(1, 200, kind("a", 1))) {
            OpenLoop.Phase phase = run(load, 1_500);
            // One of 300 stalls for 500 ms; those due meanwhile, 100, wait from then on for what is left of it.
            long slow = phase.all().getCountBetweenValues(TimeUnit.MILLISECONDS.toNanos(100), Long.MAX_VALUE);
            assertThat(slow).isGreaterThan(60);
            assertThat(phase.worst().get(0).nanos()).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(490));
            assertThat(phase.failed()).isZero();
            assertThat(phase.unanswered()).isZero();
        }
    }

    @Test
    void shouldSendEachKindByItsShare() throws Exception {
        try (Server server = new Server(0, OK); OpenLoop load = server.load(4, 1_000, kind("a", 1), kind("b", 3))) {
            OpenLoop.Phase phase = run(load, 500);
            long all = phase.all().getTotalCount();
            long due = TimeUnit.NANOSECONDS.toMillis(phase.endNanos() - phase.beginNanos());
            assertThat(all).isEqualTo(server.requests.get()).isBetween(due - 50, due + 1);
            assertThat(phase.kind(1).getTotalCount()).isBetween(all * 3 / 4 - 2, all * 3 / 4 + 2);
            assertThat(phase.kind(0).getTotalCount() + phase.kind(1).getTotalCount()).isEqualTo(all);
        }
    }

    @Test
    void shouldCountOtherAnswersAndEndedConnectionsAsFailed() throws Exception {
        String refused = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
        try (Server server = new Server(0, refused); OpenLoop load = server.load(2, 200, kind("a", 1))) {
            OpenLoop.Phase phase = run(load, 300);
            assertThat(phase.failed()).isPositive().isEqualTo(phase.all().getTotalCount());
        }
        try (Server server = new Server(0, "no answer"); OpenLoop load = server.load(2, 200, kind("a", 1))) {
            load.begin();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
            OpenLoop.Phase phase = load.end();
            load.await(phase, 0);
            assertThat(phase.unanswered()).as("one on each connection").isEqualTo(2);
            assertThat(phase.all().getTotalCount()).isEqualTo(2);
        }
    }
}
