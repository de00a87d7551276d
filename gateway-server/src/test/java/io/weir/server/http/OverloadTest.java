package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.weir.sample.Limits;
import io.weir.server.auth.Access;
import io.weir.server.telemetry.Telemetry;
import io.weir.server.LeakGuard;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What there is no room for is turned away before it is read. */
@ExtendWith(LeakGuard.class)
class OverloadTest {
    private static final Limits LIMITS = Limits.DEFAULTS;
    private static final String HOST = "Host: a\r\n";
    private static final String PUSH = "POST /lines HTTP/1.1\r\n" + HOST + "Content-Length: 4\r\n\r\na 1\n";

    private final AtomicLong clock = new AtomicLong(1);
    private final HandLoop loop = new HandLoop();
    private final RouteTable routes = new TestDoors().routes("").build();
    private final EventLoopContext context = new EventLoopContext(
            loop, null, new HttpRecorder(routes.handlers().size()), clock::get, 1_000_000);
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

    private EmbeddedChannel connect() {
        EmbeddedChannel connection = new EmbeddedChannel(
                new RequestDecoder(RequestDecoder.config(LIMITS), LIMITS),
                new HttpFront(context, routes, LIMITS, new Access(new Telemetry(), clock::get)));
        connections.add(connection);
        return connection;
    }

    private static String send(EmbeddedChannel connection, String text) {
        connection.writeInbound(Unpooled.copiedBuffer(text, ISO_8859_1));
        StringBuilder answer = new StringBuilder();
        for (ByteBuf out; (out = connection.readOutbound()) != null; out.release()) {
            answer.append(out.toString(ISO_8859_1));
        }
        return answer.toString();
    }
}
