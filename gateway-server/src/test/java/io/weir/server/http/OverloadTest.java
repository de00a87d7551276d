package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.weir.sample.Limits;
import io.weir.server.auth.Access;
import io.weir.server.telemetry.Telemetry;
import io.weir.server.LeakGuard;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What there is no room for, or no time, is turned away before it is read. */
@ExtendWith(LeakGuard.class)
class OverloadTest {
    private static final Limits LIMITS = Limits.DEFAULTS;
    private static final String HOST = "Host: a\r\n";
    private static final String PUSH = "POST /lines HTTP/1.1\r\n" + HOST + "Content-Length: 4\r\n\r\na 1\n";

    private final AtomicLong clock = new AtomicLong(1);
    private final HandLoop loop = new HandLoop();
    /** A body that takes so long to work on. */
    private static final Duration WORK = Duration.ofMillis(50);

    private final List<String> worked = new ArrayList<>();
    private final List<Responder> responders = new ArrayList<>();
    private final RouteTable routes = new TestDoors().routes("")
            .at("/work", "work", (request, responder) -> new Working(request.header("x-name"), responder), Method.POST)
            .build();
    private final EventLoopContext context = new EventLoopContext(
            loop, null, new HttpRecorder(routes.handlers().size()), clock::get, 1_000_000, 2);
    private final List<EmbeddedChannel> connections = new ArrayList<>();

    @AfterEach
    void close() {
        connections.forEach(EmbeddedChannel::finishAndReleaseAll);
    }

    @Test
    void shouldTurnABodyAwayAtItsHeadWhenThereIsNoRoomForIt() {
        EmbeddedChannel first = connect();
        EmbeddedChannel second = connect();
        assertThat(send(first, "POST /lines HTTP/1.1\r\n" + HOST + "Content-Length: 900000\r\n\r\n" + "x".repeat(300_000))).isEmpty();
        assertThat(send(second, "POST /lines HTTP/1.1\r\n" + HOST + "Content-Length: 500000\r\n\r\n"))
                .startsWith("HTTP/1.1 503 ").contains("\r\nRetry-After: 1\r\n").contains("--limits.in-flight");
        assertThat(send(connect(), PUSH)).as("small ones go on").startsWith("HTTP/1.1 200 ");
    }

    @Test
    void shouldLetLongBodiesWaitForTheNextRound() {
        EmbeddedChannel first = connect();
        EmbeddedChannel second = connect();
        EmbeddedChannel third = connect();
        assertThat(send(first, work("first"))).startsWith("HTTP/1.1 200 ");
        assertThat(send(second, work("second"))).as("the time of this round is used up").isEmpty();
        assertThat(send(third, work("third"))).isEmpty();
        assertThat(send(connect(), "GET /ok HTTP/1.1\r\n" + HOST + "\r\n")).startsWith("HTTP/1.1 200 ");
        assertThat(send(connect(), PUSH)).as("short bodies do not wait").startsWith("HTTP/1.1 200 ");
        assertThat(worked).containsExactly("first");

        loop.runAll();
        assertThat(worked).as("the sockets are looked at first").containsExactly("first");
        loop.runAll();
        assertThat(received(second)).startsWith("HTTP/1.1 200 ");
        assertThat(worked).containsExactly("first", "second");
        loop.runAll();
        assertThat(received(third)).startsWith("HTTP/1.1 200 ");
        assertThat(loop.runAll()).as("nothing is left to do").isFalse();
        assertThat(send(third, work("again"))).as("the connection goes on").startsWith("HTTP/1.1 200 ");
    }

    @Test
    void shouldEndABodyBeforeItBeginsAnother() {
        EmbeddedChannel begun = connect();
        send(begun, "POST /work HTTP/1.1\r\n" + HOST + "X-Name: begun\r\nContent-Length: 6000\r\n\r\n" + "x".repeat(1000));
        EmbeddedChannel fresh = connect();
        send(fresh, work("fresh"));
        send(begun, "x".repeat(5000));
        loop.runAll();
        loop.runAll();
        assertThat(received(begun)).startsWith("HTTP/1.1 200 ");
        assertThat(received(fresh)).isEmpty();
        loop.runAll();
        assertThat(received(fresh)).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void shouldTurnAwayWhoWouldHaveToWaitTooLong() {
        List<EmbeddedChannel> crowd = new ArrayList<>();
        for (int i = 0; i < 36; i++) {
            crowd.add(connect());
            send(crowd.get(i), work("" + i));
        }
        assertThat(worked).containsExactly("0");
        for (int i = 1; i < 4; i++) {
            loop.runAll();
            clock.addAndGet(WORK.toNanos());
        }
        String refused = send(connect(), work("late"));
        assertThat(refused).as("33 wait, 100 ms each").startsWith("HTTP/1.1 503 ").contains("\r\nRetry-After: 1\r\n")
                .contains("2 s, --limits.wait-time").doesNotContain("Connection: close");
        assertThat(refusals()).isEqualTo(1);
        while (loop.runAll()) {
            // to the end
        }
        assertThat(worked).hasSize(36).doesNotContain("late");
        crowd.subList(1, 36).forEach(connection -> assertThat(received(connection)).startsWith("HTTP/1.1 200 "));
        assertThat(send(connect(), work("later"))).as("there is room again").startsWith("HTTP/1.1 200 ");
    }

    @Test
    void shouldTurnAwayWhoHasWaitedTooLongUnlessFewWait() {
        List<EmbeddedChannel> crowd = new ArrayList<>();
        for (int i = 0; i < 43; i++) {
            crowd.add(connect());
            send(crowd.get(i), work("" + i));
        }
        clock.addAndGet(Duration.ofSeconds(3).toNanos());
        loop.runAll();
        loop.runAll();
        assertThat(refusals()).as("42 have waited").isEqualTo(10);
        for (int i = 1; i <= 10; i++) {
            assertThat(received(crowd.get(i))).startsWith("HTTP/1.1 503 ").contains("\r\nRetry-After: 1\r\n");
            assertThat(send(crowd.get(i), "GET /ok HTTP/1.1\r\n" + HOST + "\r\n")).startsWith("HTTP/1.1 200 ");
        }
        while (loop.runAll()) {
            // to the end
        }
        assertThat(worked).hasSize(33).contains("0", "11", "42");
    }

    @Test
    void shouldNotCountTheWaitAgainstTheClient() {
        HttpFront front = front();
        EmbeddedChannel waiting = connect(front);
        send(connect(), work("first"));
        send(waiting, work("second"));
        clock.addAndGet(Duration.ofSeconds(20).toNanos());
        context.sweep();
        loop.runAll();
        loop.runAll();
        assertThat(received(waiting)).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void shouldForgetWhoLeavesWhileWaiting() {
        send(connect(), work("first"));
        EmbeddedChannel gone = connect();
        EmbeddedChannel stays = connect();
        send(gone, work("gone"));
        send(stays, work("stays"));
        gone.close();
        loop.runAll();
        loop.runAll();
        assertThat(received(stays)).startsWith("HTTP/1.1 200 ");
        assertThat(worked).containsExactly("first", "stays");
        assertThat(context.hasRoom(1_000_000)).as("nothing is booked").isTrue();
    }

    @Test
    void shouldGoOnAfterAnAnswerThatCameWhileTheBodyWaited() {
        EmbeddedChannel early = connect();
        send(early, "POST /work HTTP/1.1\r\n" + HOST + "X-Name: early\r\nContent-Length: 6000\r\n\r\n" + "x".repeat(1000));
        assertThat(send(early, "x".repeat(5000) + "GET /ok HTTP/1.1\r\n" + HOST + "\r\n")).as("waits").isEmpty();
        Responder responder = responders.get(0);
        responder.later(() -> responder.send(Answer.OK));
        early.runPendingTasks();
        assertThat(received(early)).containsOnlyOnce("HTTP/1.1 200 ");
        while (loop.runAll()) {
            // to the end
        }
        assertThat(received(early)).as("the next request").startsWith("HTTP/1.1 200 ");
        assertThat(worked).isEmpty();
        assertThat(context.hasRoom(1_000_000)).as("nothing is booked").isTrue();
    }

    @Test
    void shouldAnswerInOrderWhenPipelinedBodiesWait() {
        EmbeddedChannel pipelined = connect();
        assertThat(send(pipelined, work("a") + work("b") + "GET /ok HTTP/1.1\r\n" + HOST + "\r\n"))
                .containsOnlyOnce("HTTP/1.1 200 ");
        while (loop.runAll()) {
            // to the end
        }
        assertThat(received(pipelined).split("HTTP/1.1 200 ", -1)).hasSize(3);
        assertThat(worked).containsExactly("a", "b");
    }

    private final class Working implements Exchange {
        private final String name;
        private final Responder responder;

        Working(String name, Responder responder) {
            this.name = name;
            this.responder = responder;
            responders.add(responder);
        }

        @Override
        public int body(byte[] buffer, int offset, int length) {
            clock.addAndGet(WORK.toNanos());
            return length;
        }

        @Override
        public void end(byte[] buffer, int offset, int length) {
            worked.add(name);
            responder.send(Answer.OK);
        }
    }

    private static String work(String name) {
        return "POST /work HTTP/1.1\r\n" + HOST + "X-Name: " + name + "\r\nContent-Length: 5000\r\n\r\n" + "x".repeat(5000);
    }

    private long refusals() {
        Telemetry telemetry = new Telemetry();
        telemetry.collect("r_total", "counter", "r",
                out -> HttpRecorder.collectRefusals(new HttpRecorder[] {context.recorder()}, out));
        return new String(telemetry.render(), UTF_8).lines()
                .filter(line -> line.startsWith("r_total{reason=\"overload\"} "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
                .findFirst().orElseThrow();
    }

    private EmbeddedChannel connect() {
        return connect(front());
    }

    private HttpFront front() {
        return new HttpFront(context, routes, LIMITS, AllowedHosts.EVERY, new Access(new Telemetry(), clock::get));
    }

    private EmbeddedChannel connect(HttpFront front) {
        EmbeddedChannel connection = new EmbeddedChannel(front);
        connections.add(connection);
        return connection;
    }

    private static String send(EmbeddedChannel connection, String text) {
        connection.writeInbound(Unpooled.copiedBuffer(text, ISO_8859_1));
        return received(connection);
    }

    private static String received(EmbeddedChannel connection) {
        StringBuilder answer = new StringBuilder();
        for (ByteBuf out; (out = connection.readOutbound()) != null; out.release()) {
            answer.append(out.toString(ISO_8859_1));
        }
        return answer.toString();
    }
}
