package io.weir.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.sample.Limits;
import io.weir.server.LeakGuard;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How connections live and end: order, persistence, time, limits, shutdown. */
@ExtendWith(LeakGuard.class)
class ConnectionTest {
    private static final String OK =
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nok";
    private static final String GET_OK = "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n";
    private static final String GET_LATER = "GET /later HTTP/1.1\r\nHost: a\r\n\r\n";

    private TestServer server;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(Limits.DEFAULTS.with(l -> {
            l.pipelinedRequests = 3;
            l.connections = 4;
        }));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    // persistence

    @Test
    void shouldCloseWhenAsked() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("GET /ok HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n");
            assertThat(client.readToEnd()).isEqualTo(OK.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
        }
    }

    @Test
    void shouldCloseAfterHttp10UnlessItAsksToStay() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("GET /ok HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            assertThat(client.answer()).isEqualTo(OK.replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n"));
            client.send("GET /ok HTTP/1.0\r\n\r\n");
            assertThat(client.readToEnd()).isEqualTo(OK.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
        }
    }

    @Test
    void shouldStreamToHttp10UntilItCloses() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("GET /stream?blocks=2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            assertThat(client.readToEnd())
                    .isEqualTo("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
                            + TestDoors.block(0) + TestDoors.block(1));
        }
    }

    @Test
    void shouldAnswerHeadWithoutABody() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("HEAD /ok HTTP/1.1\r\nHost: a\r\n\r\nHEAD /stream?blocks=2 HTTP/1.1\r\nHost: a\r\n\r\n"
                    + "HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" + GET_OK.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
            String all = client.readToEnd();
            String head = OK.substring(0, OK.length() - 2);
            assertThat(all).startsWith(head + "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\nHTTP/1.1 404 Not Found\r\n");
            assertThat(all.substring(all.indexOf("404"))).contains("\r\n\r\nHTTP/1.1 200 OK\r\n");
        }
    }

    @Test
    void shouldAnswerAPeerThatHasFinishedSending() throws Exception {
        try (RawClient client = server.connect()) {
            client.send(GET_OK + GET_LATER).finishSending();
            Responder responder = server.doors.later.poll(10, TimeUnit.SECONDS);
            responder.later(() -> responder.send(Answer.text(200, "late")));
            assertThat(client.readToEnd()).startsWith(OK).endsWith("late");
        }
        try (RawClient client = server.connect()) {
            client.send(GET_OK).finishSending();
            assertThat(client.readToEnd()).isEqualTo(OK);
        }
    }

    // order

    @Test
    void shouldAnswerWaitingRequestsUpToTheLimitAndRefuseOneMore() throws Exception {
        for (int waiting : new int[] {3, 4}) {
            try (RawClient client = server.connect()) {
                client.send(GET_LATER + "POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx".repeat(waiting));
                Responder responder = server.doors.later.poll(10, TimeUnit.SECONDS);
                responder.later(() -> responder.send(Answer.text(200, "late")));
                assertThat(client.answer()).endsWith("late");
                for (int i = 0; i < 3; i++) {
                    assertThat(client.answer()).isEqualTo(OK);
                }
                if (waiting > 3) {
                    assertThat(client.readToEnd()).startsWith("HTTP/1.1 429 ").contains("\r\nRetry-After: 1\r\n");
                } else {
                    client.send(GET_OK);
                    assertThat(client.answer()).isEqualTo(OK);
                }
            }
        }
    }

    @Test
    void shouldKeepTheOrderThroughManyLateAnswers() throws Exception {
        try (RawClient client = server.connect()) {
            client.send(GET_LATER + GET_LATER + GET_OK + GET_LATER);
            for (int i = 0; i < 3; i++) {
                Responder responder = server.doors.later.poll(10, TimeUnit.SECONDS);
                int n = i;
                responder.later(() -> responder.send(Answer.text(200, "late" + n)));
                assertThat(client.answer()).endsWith("late" + i);
                if (i == 1) {
                    assertThat(client.answer()).isEqualTo(OK);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldStreamMoreThanThePeerTakesAtOnce(Transport transport) throws Exception {
        try (TestServer other = new TestServer(Limits.DEFAULTS, transport, ""); RawClient client = other.connect()) {
            // 50 MB is far beyond what the socket buffers hold.
            client.send("GET /stream?blocks=50000 HTTP/1.1\r\nHost: a\r\n\r\n" + GET_OK);
            client.answer();
            for (int i = 0; i < 50_000; i++) {
                assertThat(client.read(1_007)).isEqualTo("3e8\r\n" + TestDoors.block(i) + "\r\n");
            }
            assertThat(client.read(5 + OK.length())).isEqualTo("0\r\n\r\n" + OK);
        }
    }

    @Test
    void shouldServeOthersWhileOneDoesNotRead() throws Exception {
        try (RawClient slow = server.connect(); RawClient other = server.connect(); RawClient third = server.connect()) {
            slow.send("GET /stream?blocks=1000000 HTTP/1.1\r\nHost: a\r\n\r\n");
            for (RawClient client : new RawClient[] {other, third}) {
                client.send(GET_OK);
                assertThat(client.answer()).isEqualTo(OK);
            }
        }
    }

    // prefix

    @Test
    void shouldServeBelowARoutePrefixOnly() throws Exception {
        try (TestServer other = new TestServer(Limits.DEFAULTS, Transport.best(), "/weir/"); RawClient client = other.connect()) {
            client.send("GET /weir/ok HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(client.answer()).isEqualTo(OK);
            client.send("PATCH /weir/under/a%20b?c HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(client.answer()).endsWith("\r\n\r\na%20b");
            for (String path : new String[] {"/ok", "/weirok", "/weir", "/weir/ok/", "//weir/ok"}) {
                client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
                assertThat(client.answer()).as(path).startsWith("HTTP/1.1 404 ");
            }
        }
    }

    // errors

    @Test
    void shouldSpeakJsonToThoseWhoAskForIt() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("PUT /ok HTTP/1.1\r\nHost: a\r\nAccept: application/problem+json\r\nConnection: close\r\n\r\n");
            assertThat(client.readToEnd())
                    .contains("Content-Type: application/problem+json\r\n")
                    .endsWith("\r\n\r\n{\"type\":\"about:blank\",\"title\":\"Method Not Allowed\",\"status\":405,"
                            + "\"detail\":\"PUT is not allowed here; allowed are GET, HEAD, POST, OPTIONS\"}\n");
        }
    }

    @Test
    void shouldAnswer500AndLiveOnWhenADoorBreaks() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(client.readToEnd()).startsWith("HTTP/1.1 500 ");
        }
        try (RawClient client = server.connect()) {
            client.send(GET_OK);
            assertThat(client.answer()).isEqualTo(OK);
        }
    }

    // time

    @Test
    void shouldCutAHeadThatDoesNotEnd() throws Exception {
        try (RawClient silent = server.connect(); RawClient slow = server.connect()) {
            slow.send(GET_OK);
            slow.answer();
            slow.send("GET /ok HTTP/1.1\r\nHo");
            awaitPartialHeads(2);
            server.pass(Duration.ofSeconds(10));
            slow.send("st: a\r\n");
            server.pass(Duration.ofMillis(1));
            assertThat(slow.readToEnd()).startsWith("HTTP/1.1 408 ");
            assertThat(silent.readToEnd()).startsWith("HTTP/1.1 408 ");
        }
    }

    @Test
    void shouldCloseAnIdleConnectionSilently() throws Exception {
        try (RawClient client = server.connect()) {
            client.send(GET_OK);
            client.answer();
            server.pass(Duration.ofSeconds(60));
            client.send(GET_OK);
            assertThat(client.answer()).isEqualTo(OK);
            server.pass(Duration.ofSeconds(61));
            assertThat(client.readToEnd()).isEmpty();
        }
    }

    @Test
    void shouldCutABodyThatTrickles() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n\r\n");
            client.read(25);
            server.pass(Duration.ofSeconds(5));
            server.pass(Duration.ofSeconds(1));
            assertThat(client.readToEnd()).startsWith("HTTP/1.1 408 ");
            assertThat(server.doors.aborts.poll(10, TimeUnit.SECONDS)).isNotNull();
        }
    }

    @Test
    void shouldGiveUpAPeerThatDoesNotRead() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("GET /stream?blocks=100000 HTTP/1.1\r\nHost: a\r\n\r\n");
            client.read(100);
            awaitMetric("weir_connections", 1);
            // Whatever the socket still takes resets the clock, so several rounds may be needed.
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
            while (server.metric("weir_connections") > 0 && System.nanoTime() < deadline) {
                server.pass(Duration.ofSeconds(31));
            }
            awaitMetric("weir_connections", 0);
        }
    }

    /** A peer that reads as fast as it is written to makes the channel writable again at once, each time. */
    @Test
    void shouldServeOthersWhileALongAnswerGoesToAPeerThatKeepsUp() throws Exception {
        int blocks = 300_000;
        try (TestServer one = new TestServer(Limits.DEFAULTS, Transport.best(), "", 1);
                RawClient scrape = one.connect();
                RawClient other = one.connect()) {
            assertThat(other.send(GET_OK).answer()).isEqualTo(OK);
            scrape.send("GET /stream?blocks=" + blocks + " HTTP/1.1\r\nHost: a\r\n\r\n");
            CompletableFuture<Void> reading = CompletableFuture.runAsync(() -> {
                try {
                    while (scrape.read(1 << 16).length() == 1 << 16) {
                        continue;
                    }
                } catch (IOException closed) {
                    assertThat(closed).isNotNull();
                }
            });
            while (one.doors.streamed.get() == 0) {
                Thread.onSpinWait();
            }
            assertThat(other.send(GET_OK).answer()).isEqualTo(OK);
            assertThat(one.doors.streamed.get()).as("answered before the stream was through").isLessThan(blocks);
            scrape.close();
            reading.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void shouldForgetAPeerThatFinishedSendingAndResetOnceItIsAnswered() throws Exception {
        RawClient client = server.connect().send(GET_LATER).finishSending();
        Responder responder = server.doors.later.poll(10, TimeUnit.SECONDS);
        awaitMetric("weir_connections", 1);
        client.reset();
        responder.later(() -> responder.send(Answer.text(200, "late")));
        awaitMetric("weir_connections", 0);
        try (RawClient next = server.connect()) {
            assertThat(next.send(GET_OK).answer()).isEqualTo(OK);
        }
    }

    @Test
    void shouldCloseALingeringConnection() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("! /ok HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(client.readToEnd()).startsWith("HTTP/1.1 501 ");
            assertThat(server.metric("weir_connections")).isEqualTo(1);
            server.pass(Duration.ofSeconds(3));
            awaitMetric("weir_connections", 0);
        }
    }

    @Test
    void shouldHoldTheTimesThatAreSet() throws Exception {
        Limits limits = Limits.DEFAULTS.with(l -> l.http = new Limits.Http(100, 10, 20, 300, 40, 10, 1, 1, 1 << 20, 10));
        try (TestServer other = new TestServer(limits); RawClient slow = other.connect(); RawClient fast = other.connect();
                RawClient lingering = other.connect()) {
            for (RawClient client : new RawClient[] {slow, fast}) {
                client.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n");
                client.read(25);
            }
            lingering.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
            assertThat(lingering.readToEnd()).as("more than limits.linger is not read for the sake of the connection")
                    .startsWith("HTTP/1.1 404 ").contains("Connection: close\r\n");
            fast.send("x".repeat(200));
            other.doors.arrived.acquire(200);
            other.pass(Duration.ofSeconds(20));
            assertThat(other.metric("weir_connections")).isEqualTo(3);
            other.pass(Duration.ofMillis(1));
            assertThat(slow.readToEnd()).startsWith("HTTP/1.1 408 ").contains("10 bytes a second, --limits.body-rate");
            assertThat(other.metric("weir_connections")).as("those refused and answered linger").isEqualTo(3);
            fast.send("x".repeat(800));
            assertThat(fast.answer()).startsWith("HTTP/1.1 200 ");
        }
    }

    // counts

    @Test
    void shouldRefuseOneConnectionMoreThanTheLimit() throws Exception {
        try (RawClient a = server.connect(); RawClient b = server.connect(); RawClient c = server.connect();
                RawClient d = server.connect(); RawClient e = server.connect()) {
            for (RawClient client : new RawClient[] {a, b, c, d}) {
                client.send(GET_OK);
                assertThat(client.answer()).isEqualTo(OK);
            }
            assertThat(e.readToEnd()).startsWith("HTTP/1.1 503 ").contains("Retry-After: 1\r\n");
            assertThat(server.metric("weir_connections_rejected_total{reason=\"connections\"}")).isEqualTo(1);
        }
        awaitMetric("weir_connections", 0);
    }

    @Test
    void shouldCountConnectionsOfEachAddressButNotOfThisMachine() throws Exception {
        ConnectionGate gate = new ConnectionGate(Limits.DEFAULTS.with(l -> l.connectionsPerAddress = 2));
        InetAddress far = InetAddress.getByAddress(new byte[] {10, 0, 0, 1});
        InetAddress other = InetAddress.getByAddress(new byte[] {10, 0, 0, 2});
        InetAddress near = InetAddress.getLoopbackAddress();

        assertThat(gate.enter(far)).isEqualTo(ConnectionGate.Entry.OPEN);
        assertThat(gate.enter(far)).isEqualTo(ConnectionGate.Entry.OPEN);
        assertThat(gate.enter(far)).isEqualTo(ConnectionGate.Entry.TOO_MANY_OF_ADDRESS);
        assertThat(gate.enter(other)).isEqualTo(ConnectionGate.Entry.OPEN);
        for (int i = 0; i < 5; i++) {
            assertThat(gate.enter(near)).isEqualTo(ConnectionGate.Entry.OPEN);
        }
        gate.leave(far);
        assertThat(gate.enter(far)).isEqualTo(ConnectionGate.Entry.OPEN);
        gate.leave(far);
        gate.leave(far);
        gate.leave(other);
        for (int i = 0; i < 5; i++) {
            gate.leave(near);
        }
        assertThat(gate.open()).isZero();
        assertThat(gate.addresses()).isZero();
    }

    @Test
    void shouldRefuseBodiesBeyondTheShareOfUnfinishedInput() throws Exception {
        try (TestServer other = new TestServer(Limits.DEFAULTS.with(l -> l.inFlightBytes = 200_000)); RawClient client = other.connect()) {
            client.send("POST /lines HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + "x".repeat(150_000));
            assertThat(client.readToEnd()).startsWith("HTTP/1.1 503 ").contains("Retry-After: 1\r\n");
            try (RawClient next = other.connect()) {
                next.send(GET_OK);
                assertThat(next.answer()).isEqualTo(OK);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 4000000", "Content-Length: 4000000\r\nContent-Encoding: br"})
    void shouldHearOutWhoIsRefusedSoThatTheAnswerArrives(String fields) throws Exception {
        try (TestServer other = new TestServer(Limits.DEFAULTS.with(l -> l.inFlightBytes = 200_000)); RawClient client = other.connect()) {
            client.send("POST /lines HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n\r\n").send("x".repeat(4_000_000));
            assertThat(client.readToEnd()).matches("(?s)HTTP/1.1 (415|503) .*Connection: close.*");
        }
    }

    @Test
    void shouldCloseOnWhoSendsMoreThanABodyMayHaveAfterARefusal() throws Exception {
        Limits limits = Limits.DEFAULTS.with(l -> l.bodyBytes = 100_000);
        try (TestServer other = new TestServer(limits); RawClient client = other.connect()) {
            client.send("POST /lines HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
            byte[] part = new byte[1 << 16];
            assertThatThrownBy(() -> {
                for (int i = 0; i < 1_000; i++) {
                    client.send(part);
                }
            }).isInstanceOf(IOException.class);
        }
    }

    // the end

    @Test
    void shouldFinishWhatIsInProgressWhenItStops() throws Exception {
        // One event loop: when the idle connection has been closed, the busy one knows too.
        try (TestServer other = new TestServer(Limits.DEFAULTS, Transport.best(), "", 1);
                RawClient busy = other.connect();
                RawClient idle = other.connect()) {
            idle.send(GET_OK);
            idle.answer();
            busy.send(GET_LATER);
            Responder responder = other.doors.later.poll(10, TimeUnit.SECONDS);

            CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> other.stop(Duration.ofSeconds(10)));
            assertThat(idle.readToEnd()).isEmpty();
            responder.later(() -> responder.send(Answer.text(200, "late")));
            assertThat(busy.readToEnd()).contains("Connection: close\r\n").endsWith("late");
            stopped.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void shouldStopInTimeWhenARequestNeverEnds() throws Exception {
        try (RawClient client = server.connect()) {
            client.send(GET_LATER);
            Responder responder = server.doors.later.poll(10, TimeUnit.SECONDS);
            server.stop(Duration.ofMillis(50));
            assertThat(client.readToEnd()).isEmpty();
            responder.later(() -> responder.send(Answer.OK));
        }
    }

    /** A partial head leaves no trace but its clock. */
    private void awaitPartialHeads(int count) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (server.partialHeads() < count && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(server.partialHeads()).isEqualTo(count);
    }

    private void awaitMetric(String name, double value) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (server.metric(name) != value && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(server.metric(name)).isEqualTo(value);
    }
}
