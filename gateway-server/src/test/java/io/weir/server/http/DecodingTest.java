package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.weir.sample.Limits;
import io.weir.server.auth.Access;
import io.weir.server.http.Gadgets.Gadget;
import io.weir.server.http.Gadgets.Verdict;
import io.weir.server.telemetry.Telemetry;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * The front without a network, so that where the bytes are cut is ours to say: all {@link Gadgets} whole, cut in two,
 * and byte by byte, must be understood as the same requests.
 */
class DecodingTest {
    /** Without the watch on leaks, which would take most of the time here; {@code DesyncTest} has it. */
    private static final ByteBufAllocator ALLOCATOR = new UnpooledByteBufAllocator(false, true);
    /** Each gadget is cut at every so many bytes, the next one a byte further on; {@code -Dweir.cuts=1} cuts at every byte. */
    private static final int CUTS_APART = Integer.getInteger("weir.cuts", 64);

    private static final Access ACCESS = new Access(new Telemetry(), System::nanoTime);

    private final List<String> understood = new ArrayList<>();
    private final RouteTable routes = RouteTable.under("")
            .under("/", "{rest}", "all", (request, responder) -> new Recording(request, responder), Method.values())
            .build();
    private final EventLoopContext context = new EventLoopContext(
            new HandLoop(), null, new HttpRecorder(routes.handlers().size()), () -> 1, Long.MAX_VALUE, 1);

    /** Writes down a request once it is complete. */
    private final class Recording implements Exchange {
        private final String head;
        private final Responder responder;
        private final StringBuilder body = new StringBuilder();

        Recording(Request request, Responder responder) {
            this.head = request.method() + " " + request.target();
            this.responder = responder;
        }

        @Override
        public int body(byte[] buffer, int offset, int length) {
            body.append(new String(buffer, offset, length, ISO_8859_1));
            return length;
        }

        @Override
        public void end(byte[] buffer, int offset, int length) {
            understood.add(head + " <" + body + ">");
            responder.send(Answer.OK);
        }
    }

    @Test
    void shouldUnderstandEveryGadgetTheSameHoweverItIsCut() {
        List<String> wrong = new ArrayList<>();
        int first = 0;
        for (Gadget gadget : Gadgets.all()) {
            byte[] bytes = (gadget.bytes() + (gadget.verdict() == Verdict.OPEN ? "" : Gadgets.NEXT)).getBytes(ISO_8859_1);
            Set<String> readings = new LinkedHashSet<>();
            String whole = reading(bytes, bytes.length);
            for (int cut = 1 + first++ % CUTS_APART; cut < gadget.bytes().length(); cut += CUTS_APART) {
                readings.add(reading(bytes, cut));
            }
            readings.add(reading(bytes, 0));
            readings.remove(whole);
            boolean refused = whole.endsWith("closed");
            if (!readings.isEmpty() || refused != (gadget.verdict() != Verdict.OPEN)) {
                wrong.add(gadget + ":\n  whole: " + whole + "\n  cut: " + readings);
            }
        }
        assertThat(wrong).isEmpty();
    }

    /**
     * What was understood and answered.
     *
     * @param cut where the second piece begins; 0 for single bytes
     */
    private String reading(byte[] bytes, int cut) {
        understood.clear();
        EmbeddedChannel channel = new EmbeddedChannel(
                new HttpFront(context, routes, Limits.DEFAULTS, AllowedHosts.EVERY, ACCESS));
        channel.config().setAllocator(ALLOCATOR);
        if (cut == 0) {
            for (int i = 0; i < bytes.length && channel.isOpen(); i++) {
                channel.writeInbound(Unpooled.wrappedBuffer(bytes, i, 1));
            }
        } else {
            channel.writeInbound(Unpooled.wrappedBuffer(bytes, 0, cut));
            if (cut < bytes.length && channel.isOpen()) {
                channel.writeInbound(Unpooled.wrappedBuffer(bytes, cut, bytes.length - cut));
            }
        }
        channel.runPendingTasks();
        StringBuilder answers = new StringBuilder();
        for (ByteBuf out; (out = channel.readOutbound()) != null; out.release()) {
            answers.append(out.toString(ISO_8859_1));
        }
        String reading = understood + " -> " + RawAnswers.of(answers.toString()).statuses + (channel.isOpen() ? "" : " closed");
        channel.finishAndReleaseAll();
        return reading;
    }
}
