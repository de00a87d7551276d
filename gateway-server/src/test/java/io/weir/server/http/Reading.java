package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.Unpooled;
import io.weir.sample.Limits;
import java.util.ArrayList;
import java.util.List;

/** What {@link RequestReader} finds in some bytes that come in pieces. */
final class Reading {
    /** One request, or the beginning of one. */
    static final class One {
        Method method;
        String target;
        boolean http10;
        final List<String> values = new ArrayList<>();
        final StringBuilder body = new StringBuilder();
        boolean isWhole;

        @Override
        public String toString() {
            return method + " " + target + (http10 ? " 1.0 " : " 1.1 ") + values + " <" + body + (isWhole ? ">" : "");
        }
    }

    final List<One> requests = new ArrayList<>();
    /** Heads as they were found, for looking at single fields. */
    final List<Fields> fields = new ArrayList<>();
    Refusal refusal;

    private final RequestReader reader;

    private Reading(RequestReader reader) {
        this.reader = reader;
    }

    /** A loop of its own. */
    static EventLoopContext context() {
        return new EventLoopContext(new HandLoop(), null, new HttpRecorder(1), () -> 1, Long.MAX_VALUE, 1);
    }

    /** Reads up to the first refusal. */
    static Reading of(EventLoopContext context, KnownHeads known, byte[]... pieces) {
        RequestReader reader = new RequestReader(context, known);
        Reading reading = new Reading(reader);
        for (byte[] piece : pieces) {
            reader.add(Unpooled.wrappedBuffer(piece));
            while (reading.refusal == null && reader.hasMore()) {
                reading.take(reader.next());
            }
            reader.input.keep();
        }
        return reading;
    }

    static Reading of(Limits limits, String... pieces) {
        byte[][] bytes = new byte[pieces.length][];
        for (int i = 0; i < pieces.length; i++) {
            bytes[i] = pieces[i].getBytes(ISO_8859_1);
        }
        return of(context(), new KnownHeads(limits), bytes);
    }

    private void take(RequestReader.Found found) {
        if (found == RequestReader.Found.HEAD) {
            HeadReader head = reader.head;
            refusal = head.refusal;
            if (refusal == null) {
                One one = new One();
                one.method = head.line.method;
                one.target = head.line.target;
                one.http10 = head.line.http10;
                for (int i = 0; i < head.fields.count(); i++) {
                    one.values.add(head.fields.isLength(i) ? Long.toString(head.length) : head.fields.value(i));
                }
                requests.add(one);
                fields.add(head.fields);
            }
        } else if (found == RequestReader.Found.BODY) {
            BodyReader body = reader.body;
            refusal = body.refusal;
            if (refusal == null) {
                One one = requests.get(requests.size() - 1);
                one.body.append(new String(reader.input.array, body.at, body.length, ISO_8859_1));
                one.isWhole = body.isLast;
            }
        }
    }

    @Override
    public String toString() {
        return requests + (refusal == null ? "" : " " + refusal);
    }
}
