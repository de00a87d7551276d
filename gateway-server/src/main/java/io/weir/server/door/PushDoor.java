package io.weir.server.door;

import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.ingest.RefusedLines;
import io.weir.parse.JsonStringDecoder;
import io.weir.parse.OpenMetricsParser;
import io.weir.parse.ParseFailure;
import io.weir.parse.Parser;
import io.weir.parse.ProtobufParser;
import io.weir.parse.TextParser;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.sample.SampleSink;
import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.EventLoopContext;
import io.weir.server.http.Exchange;
import io.weir.server.http.Method;
import io.weir.server.http.Promise;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * {@code POST|PUT /metrics}: delimited protobuf or OpenMetrics by their Content-Types, else Prometheus text 0.0.4; POST
 * adds, PUT sets. All of a body or nothing of it is applied.
 *
 * <p>A body of which neither Content-Type nor beginning tell the format is kept until its end, up to {@link
 * #UNTOLD_BYTES}: when its last line is {@code # EOF} and it is good OpenMetrics it is read so, else it is text. A text that is one JSON string, as {@code JSON.stringify(registry.metrics())} of promjs sends,
 * is unquoted first. On {@code /metrics/job/...} the same for a group, see {@link GroupPushes}. Any thread; its pushes
 * belong to their event loop.
 */
final class PushDoor implements Door {
    /** A longer body of an untold format is text. */
    private static final int UNTOLD_BYTES = 1 << 20;

    private static final Answer[] OK = Ack.answers(ack -> Answer.text(200, "ok", Ack.HEADER, ack.label()));
    private static final Answer[] GROUP_OK = Ack.answers(ack -> Answer.empty(200, Ack.HEADER, ack.label()));

    private final EventLoopContext.Local<ArrayDeque<Push>> idle = new EventLoopContext.Local<>(c -> new ArrayDeque<>());
    private final Limits limits;
    private final KeyHash hash;
    private final TextParser.Timestamps timestamps;
    private final Keeping keeping;
    private final IngestMetrics[] metrics;
    private final GroupPushes groups;

    /** @param groups for grouping paths; null for pushes without a group */
    PushDoor(
            Limits limits,
            KeyHash hash,
            TextParser.Timestamps timestamps,
            Keeping keeping,
            IngestMetrics[] metrics,
            GroupPushes groups) {
        this.groups = groups;
        this.keeping = keeping;
        this.limits = limits;
        this.hash = hash;
        this.timestamps = groups != null && groups.refusesTimestamps() ? TextParser.Timestamps.REFUSE : timestamps;
        this.metrics = metrics;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        ArrayDeque<Push> free = responder.context().get(idle);
        Push push = free.pollLast();
        if (push == null) {
            push = new Push(free, responder.context());
        }
        PushFormat format = push.format(request.header("content-type"));
        if (format == null) {
            free.addLast(push);
            metrics(PushFormat.TEXT).rejected("content_type");
            Pushers.Table pushers = keeping.pushers().of(responder.context());
            pushers.failed(pushers.sender(request), null, PushFormat.UNREADABLE);
            responder.fail(415, PushFormat.UNREADABLE);
            return Exchange.NONE;
        }
        String problem = push.submission.open(request, responder, false);
        GroupPushes.Target group = null;
        long ttlSeconds = 0;
        try {
            group = groups == null || problem != null ? null : groups.target(request, responder.context());
            ttlSeconds = groups == null ? GroupPushes.ttlSeconds(request) : 0;
        } catch (GroupPushes.BadRequest e) {
            problem = e.getMessage();
        }
        if (problem != null) {
            push.submission.failed(problem);
            free.addLast(push);
            metrics(format).rejected("bad_request");
            responder.fail(400, problem);
            return Exchange.NONE;
        }
        push.submission.group(group == null ? null : group.key());
        push.open(format, request.method() == Method.PUT ? Mode.SET : Mode.ADD, group, ttlSeconds);
        return push;
    }

    private IngestMetrics metrics(PushFormat format) {
        return metrics[format.protocol().ordinal()];
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
        private Mode mode;
        private long ttlSeconds;
        private Parser<SampleSink> parser;
        private GroupPushes.Target group;
        private String typeRead;
        private PushFormat formatRead;
        private boolean started;
        private Unquoted unquoted;
        private ParseFailure failure;

        Push(ArrayDeque<Push> free, EventLoopContext context) {
            this.free = free;
            this.ingest = context.ingest();
            this.submission = new Submission(this, context, keeping);
        }

        /** The format a Content-Type names; the same object as last time is not read again. */
        PushFormat format(String contentType) {
            if (contentType == null || contentType != typeRead) {
                typeRead = contentType;
                formatRead = PushFormat.of(contentType);
            }
            return formatRead;
        }

        void open(PushFormat format, Mode mode, GroupPushes.Target to, long ttlSeconds) {
            this.format = format;
            this.mode = mode;
            this.ttlSeconds = ttlSeconds;
            group = to;
            batch = openBatch();
            parser = parser(format == PushFormat.UNTOLD ? PushFormat.TEXT : format);
            parser.reset(batch);
            started = format == PushFormat.PROTOBUF || format == PushFormat.OPEN_METRICS;
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
            if (format == PushFormat.UNTOLD && unquoted == null) {
                if (length <= UNTOLD_BYTES && !PushFormat.tellsText(buffer, offset, length)) {
                    return 0;
                }
                format = PushFormat.TEXT;
            }
            int consumed = unquoted == null ? parse(buffer, offset, length) : unquote(buffer, offset, length);
            submission.body(buffer, offset, consumed);
            return consumed;
        }

        @Override
        public void end(byte[] buffer, int offset, int length) {
            if (failure == null) {
                submission.body(buffer, offset, length);
                if (format == PushFormat.UNTOLD && unquoted == null
                        && PushFormat.endsLikeOpenMetrics(buffer, offset, length)) {
                    finishUntold(buffer, offset, length);
                } else {
                    finish(buffer, offset, length);
                }
            }
            if (failure != null) {
                refuse(failure.code(), failure.describe());
                return;
            }
            Code code = group == null ? Code.OK : tell();
            code = code == Code.OK ? submission.submit(batch, false) : code;
            if (code != Code.OK) {
                refuse(code, Refuse.text(code, code == Code.JOURNAL_FAILING ? keeping.failure().get() : batch.detail()));
            }
        }

        /** The group has been pushed to. */
        private Code tell() {
            ingest.enter();
            try {
                return batch.pushed(groups.now(), group.ttlSeconds());
            } finally {
                ingest.exit();
            }
        }

        @Override
        public void abort() {
            release();
        }

        private Batch openBatch() {
            if (group != null) {
                return group.open(ingest);
            }
            Batch opened = ingest.open(mode);
            opened.ttl(ttlSeconds);
            return opened;
        }

        /** Reads a whole body that ends like OpenMetrics so, else as text; bad as both it is bad OpenMetrics. */
        private void finishUntold(byte[] buffer, int offset, int length) {
            format = PushFormat.OPEN_METRICS;
            parser = parser(format);
            parser.reset(batch);
            finish(buffer, offset, length);
            ParseFailure asOpenMetrics = failure;
            if (asOpenMetrics == null) {
                return;
            }
            ingest.close(batch);
            batch = openBatch();
            parser = parser(PushFormat.TEXT);
            parser.reset(batch);
            finish(buffer, offset, length);
            if (failure == null) {
                format = PushFormat.TEXT;
            } else {
                failure = asOpenMetrics;
            }
        }

        private Parser<SampleSink> parser(PushFormat format) {
            Parser<SampleSink> made = parsers[format.ordinal()];
            if (made == null) {
                made = switch (format) {
                    case TEXT, UNTOLD -> new TextParser(limits, hash.copy(), timestamps);
                    case OPEN_METRICS -> new OpenMetricsParser(limits, hash.copy(), timestamps);
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
            return (groups == null ? OK : GROUP_OK)[ack.ordinal()];
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
            Responder answering = submission.refuse(message);
            GroupPushes.Target failed = group != null && GroupPushes.isFailureOfGroup(code) ? group : null;
            release();
            if (failed == null || !tellFailure(failed, answering, message)) {
                Refuse.with(answering, code, message);
            }
        }

        /** Writes down that a push to the group has failed, and answers then; false when it cannot. */
        private boolean tellFailure(GroupPushes.Target to, Responder answering, String message) {
            Batch telling = to.openToAdd(ingest);
            ingest.enter();
            Code code = telling.failed(groups.now(), to.ttlSeconds());
            ingest.exit();
            if (code != Code.OK) {
                ingest.close(telling);
                return false;
            }
            Promise promise = answering.promise(GROUP_OK[0]);
            promise.replace(400, message);
            code = ingest.submit(telling, null, (b, outcome, ticket) -> {
                ingest.close(b);
                promise.keep();
            });
            if (code == Code.OK) {
                answering.context().endOfTurn();
            } else {
                ingest.close(telling);
                promise.keep();
            }
            return true;
        }

        private void release() {
            ingest.close(batch);
            batch = null;
            group = null;
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
