package io.weir.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/** Doors that show what the front does. */
final class TestDoors {
    /** Requests that asked {@code /later} and have no answer yet. */
    final BlockingQueue<Responder> later = new LinkedBlockingQueue<>();
    /** Exchanges that were aborted. */
    final AtomicInteger aborted = new AtomicInteger();
    /** Blocks of streams asked for. */
    final AtomicInteger streamed = new AtomicInteger();
    final BlockingQueue<String> aborts = new LinkedBlockingQueue<>();
    /** A permit for each byte that {@code /echo} has been given before the end of a body. */
    final Semaphore arrived = new Semaphore(0);

    RouteTable.Builder routes(String prefix) {
        return RouteTable.under(prefix)
                .at("/ok", "ok", (request, responder) -> {
                    responder.send(Answer.OK);
                    return Exchange.NONE;
                }, Method.GET, Method.HEAD, Method.POST)
                .at("/ping", "ping", (request, responder) -> {
                    responder.send(Answer.OK);
                    return Exchange.NONE;
                }, Method.GET)
                .at("/echo", "echo", (request, responder) -> new Echo(responder), Method.POST, Method.PUT)
                .at("/lines", "lines", (request, responder) -> new Lines(responder), Method.POST)
                .at("/later", "later", (request, responder) -> new Exchange() {
                    @Override
                    public void end(byte[] buffer, int offset, int length) {
                        later.add(responder);
                    }
                }, Method.GET, Method.POST)
                .at("/stream", "stream", (request, responder) -> {
                    int blocks = Integer.parseInt(request.parameter("blocks"));
                    responder.stream(Answer.head(200, Answer.TEXT), new Blocks(blocks));
                    return Exchange.NONE;
                }, Method.GET, Method.HEAD)
                .at("/broken", "broken", (request, responder) -> {
                    throw new IllegalStateException("on purpose");
                }, Method.GET)
                .under("/under/", "{rest}", "under", (request, responder) -> {
                    byte[] rest = request.rest().getBytes(UTF_8);
                    responder.send(Answer.TEXT, rest, 0, rest.length);
                    return Exchange.NONE;
                }, Method.GET, Method.PATCH);
    }

    /** Sends back what it was sent. */
    private class Echo implements Exchange {
        private final Responder responder;
        private final ByteArrayOutputStream all = new ByteArrayOutputStream();

        Echo(Responder responder) {
            this.responder = responder;
        }

        @Override
        public int body(byte[] buffer, int offset, int length) {
            all.write(buffer, offset, length);
            arrived.release(length);
            return length;
        }

        @Override
        public void end(byte[] buffer, int offset, int length) {
            all.write(buffer, offset, length);
            responder.send(Answer.TEXT, all.toByteArray(), 0, all.size());
        }

        @Override
        public void abort() {
            aborted.incrementAndGet();
            aborts.add("aborted");
        }
    }

    /** Consumes whole lines only and sends them back, each in brackets. */
    private static class Lines implements Exchange {
        private final Responder responder;
        private final StringBuilder all = new StringBuilder();

        Lines(Responder responder) {
            this.responder = responder;
        }

        @Override
        public int body(byte[] buffer, int offset, int length) {
            int begin = offset;
            for (int i = offset; i < offset + length; i++) {
                if (buffer[i] == '\n') {
                    all.append('[').append(new String(buffer, begin, i - begin, UTF_8)).append(']');
                    begin = i + 1;
                }
            }
            return begin - offset;
        }

        @Override
        public void end(byte[] buffer, int offset, int length) {
            byte[] text = all.append('<').append(new String(buffer, offset, length, UTF_8)).append('>')
                    .toString().getBytes(UTF_8);
            responder.send(Answer.TEXT, text, 0, text.length);
        }
    }

    /** Blocks of 1,000 bytes, numbered. */
    private final class Blocks implements BodySource {
        private final int count;
        private int n;

        Blocks(int count) {
            this.count = count;
        }

        @Override
        public byte[] next() {
            streamed.incrementAndGet();
            return n == count ? null : block(n++).getBytes(UTF_8);
        }
    }

    static String block(int n) {
        return String.format("%1000d", n);
    }
}
