package io.weir.server.door;

import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.ingest.RefusedLines;
import io.weir.parse.JsonStringDecoder;
import io.weir.parse.ParseFailure;
import io.weir.parse.Parser;
import io.weir.parse.ProtobufParser;
import io.weir.parse.TextParser;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.sample.SampleSink;
import io.weir.server.door.IngestMetrics.Protocol;
import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.EventLoopContext;
import io.weir.server.http.Exchange;
import io.weir.server.http.Method;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * {@code POST|PUT /metrics}: delimited protobuf by its Content-Type, else Prometheus text 0.0.4; POST adds, PUT sets. All
 * of a body or nothing of it is applied. A text that is one JSON string, as {@code JSON.stringify(registry.metrics())} of promjs sends,
 * is unquoted first. Any thread; its pushes belong to their event loop.
 */
final class PushDoor implements Door {
    private static final Answer[] OK = Ack.answers(ack -> Answer.text(200, "ok", Ack.HEADER, ack.label()));

    private final EventLoopContext.Local<ArrayDeque<Push>> idle = new EventLoopContext.Local<>(c -> new ArrayDeque<>());
    private final Limits limits;
    private final KeyHash hash;
    private final TextParser.Timestamps timestamps;
    private final Keeping keeping;
    private final IngestMetrics[] metrics;

    PushDoor(Limits limits, KeyHash hash, TextParser.Timestamps timestamps, Keeping keeping, IngestMetrics[] metrics) {
        this.keeping = keeping;
        this.limits = limits;
        this.hash = hash;
        this.timestamps = timestamps;
        this.metrics = metrics;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        PushFormat format = PushFormat.of(request.header("content-type"));
        if (format == null) {
            metrics(PushFormat.TEXT).rejected("content_type");
            responder.fail(415, PushFormat.UNREADABLE);
            return Exchange.NONE;
        }
        ArrayDeque<Push> free = responder.context().get(idle);
        Push push = free.pollLast();
        if (push == null) {
            push = new Push(free, responder.context());
        }
        String problem = push.submission.open(request, responder, false);
        if (problem != null) {
            free.addLast(push);
            metrics(format).rejected("bad_request");
            responder.fail(400, problem);
            return Exchange.NONE;
        }
        push.open(format, request.method() == Method.PUT ? Mode.SET : Mode.ADD);
        return push;
    }

    private IngestMetrics metrics(PushFormat format) {
        return metrics[(format == PushFormat.PROTOBUF ? Protocol.PROTOBUF : Protocol.TEXT).ordinal()];
    }

    /** One body on its way; used again for later ones of the same event loop. */
    private final class Push implements Exchange, Submission.Owner {
        private static final int IDLE_MAX = 64;

        private final ArrayDeque<Push> free;
        private final Ingest ingest;
        /** By format, each made when first needed. */
        private final Parser<SampleSink>[] parsers = parsers();

        private final Submission submission;
        private Batch batch;
        private PushFormat format;
        private Parser<SampleSink> parser;
        private boolean started;
        private Unquoted unquoted;
        private ParseFailure failure;

        Push(ArrayDeque<Push> free, EventLoopContext context) {
            this.free = free;
            this.ingest = context.ingest();
            this.submission = new Submission(this, context, keeping);
        }

        void open(PushFormat format, Mode mode) {
            this.format = format;
            batch = ingest.open(mode);
            parser = parser(format);
            parser.reset(batch);
            started = format == PushFormat.PROTOBUF;
            unquoted = null;
            failure = null;
        }

        @Override
        public int body(byte[] buffer, int offset, int length) {
            if (!started && !start(buffer, offset, length)) {
                return 0;
            }
            if (failure != null) {
                return length;
            }
            int consumed = unquoted == null ? parse(buffer, offset, length) : unquote(buffer, offset, length);
            submission.body(buffer, offset, consumed);
            return consumed;
        }

        @Override
        public void end(byte[] buffer, int offset, int length) {
            if (failure == null) {
                submission.body(buffer, offset, length);
                finish(buffer, offset, length);
            }
            if (failure != null) {
                refuse(failure.code(), failure.describe());
                return;
            }
            Code code = submission.submit(batch, false);
            if (code != Code.OK) {
                refuse(code, Refuse.text(code, code == Code.JOURNAL_FAILING ? keeping.failure().get() : batch.detail()));
            }
        }

        @Override
        public void abort() {
            release();
        }

        private Parser<SampleSink> parser(PushFormat format) {
            Parser<SampleSink> made = parsers[format.ordinal()];
            if (made == null) {
                made = switch (format) {
                    case TEXT -> new TextParser(limits, hash.copy(), timestamps);
                    case PROTOBUF -> new ProtobufParser(limits, hash.copy(), timestamps);
                };
                parsers[format.ordinal()] = made;
            }
            return made;
        }

        /** False while there is only white space: then it is not known yet what this body is. */
        private boolean start(byte[] buffer, int offset, int length) {
            int first = JsonStringDecoder.skipWhiteSpace(buffer, offset, length);
            if (first == offset + length) {
                return false;
            }
            started = true;
            unquoted = buffer[first] == '"' ? new Unquoted() : null;
            return true;
        }

        private int parse(byte[] buffer, int offset, int length) {
            ingest.enter();
            try {
                if (parser.parse(buffer, offset, length) == Parser.Result.ERROR) {
                    failure = parser.failure();
                    return length;
                }
                return parser.consumed();
            } finally {
                ingest.exit();
            }
        }

        private int unquote(byte[] buffer, int offset, int length) {
            if (unquoted.add(buffer, offset, length)) {
                unquoted.drop(parse(unquoted.text, 0, unquoted.length));
            } else {
                failure = unquoted.decoder.failure();
            }
            return length;
        }

        private void finish(byte[] buffer, int offset, int length) {
            ingest.enter();
            try {
                Parser.Result result;
                if (unquoted == null) {
                    result = parser.finish(buffer, offset, length);
                } else if (unquoted.decoder.finish()) {
                    result = parser.finish(unquoted.text, 0, unquoted.length);
                } else {
                    failure = unquoted.decoder.failure();
                    return;
                }
                failure = result == Parser.Result.ERROR ? parser.failure() : null;
            } finally {
                ingest.exit();
            }
        }

        @Override
        public Answer answer(Batch accepted, RefusedLines refused, Ack ack, boolean applied) {
            return OK[ack.ordinal()];
        }

        @Override
        public void applied(Batch accepted, RefusedLines refused) {
            metrics(format).applied(parser.samples());
            metrics(format).dropped("summary_quantile", accepted.droppedQuantiles());
        }

        @Override
        public void over() {
            release();
        }

        private void refuse(Code code, String message) {
            metrics(format).rejected(code.reason());
            Responder answering = submission.refuse();
            release();
            Refuse.with(answering, code, message);
        }

        private void release() {
            ingest.close(batch);
            batch = null;
            unquoted = null;
            if (free.size() < IDLE_MAX) {
                free.addLast(this);
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static Parser<SampleSink>[] parsers() {
        return (Parser<SampleSink>[]) new Parser<?>[PushFormat.values().length];
    }

    /** Text out of a JSON string, with the tail the parser has not read yet. */
    private static final class Unquoted {
        final JsonStringDecoder decoder = new JsonStringDecoder();
        byte[] text = new byte[0];
        int length;

        boolean add(byte[] buffer, int offset, int count) {
            int room = length + count + JsonStringDecoder.GROWTH;
            if (text.length < room) {
                text = Arrays.copyOf(text, Math.max(room, text.length << 1));
            }
            int n = decoder.decode(buffer, offset, count, text, length);
            length += Math.max(n, 0);
            return n >= 0;
        }

        void drop(int consumed) {
            System.arraycopy(text, consumed, text, 0, length - consumed);
            length -= consumed;
        }
    }
}
