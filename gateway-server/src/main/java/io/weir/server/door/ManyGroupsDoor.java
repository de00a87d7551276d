package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.ingest.Batch;
import io.weir.ingest.GroupSplitter;
import io.weir.ingest.Ingest;
import io.weir.ingest.RefusedLines;
import io.weir.journal.Replace;
import io.weir.parse.OpenMetricsParser;
import io.weir.parse.ParseFailure;
import io.weir.parse.Parser;
import io.weir.parse.ProtobufParser;
import io.weir.parse.TextParser;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.MetricNames;
import io.weir.sample.Mode;
import io.weir.sample.SampleSink;
import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.EventLoopContext;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/**
 * {@code PUT|POST /api/v1/groups?by=job,instance}: one body for many groups. The values of the labels in {@code by}, {@code job} if
 * it is left out, name the group of each series; what then happens to each group is what a push to its path does. All or nothing
 * is applied, and seen at once. Text by default; OpenMetrics and protobuf by their Content-Types. Any thread.
 *
 * <p>Each group is a frame of the journal, and all of them are one write: should the machine stop in the middle of it, or the
 * process be killed, the first groups may be there, the request being unanswered. {@code Idempotency-Key} promises more than
 * that, so it is refused.
 */
final class ManyGroupsDoor implements Door {
    private static final Answer[] OK = Ack.answers(ack -> Answer.empty(200, Ack.HEADER, ack.label()));
    private static final String JOB = "job";

    private final Limits limits;
    private final KeyHash hash;
    private final TextParser.Timestamps timestamps;
    private final Keeping keeping;
    private final IngestMetrics[] metrics;
    private final GroupPushes groups;

    ManyGroupsDoor(
            Limits limits,
            KeyHash hash,
            TextParser.Timestamps timestamps,
            Keeping keeping,
            IngestMetrics[] metrics,
            GroupPushes groups) {
        this.limits = limits;
        this.hash = hash;
        this.timestamps = groups.refusesTimestamps() ? TextParser.Timestamps.REFUSE : timestamps;
        this.keeping = keeping;
        this.metrics = metrics;
        this.groups = groups;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        PushFormat format = PushFormat.of(request.header("content-type"));
        if (format == null) {
            responder.fail(415, PushFormat.UNREADABLE);
            return Exchange.NONE;
        }
        Push push = new Push(responder.context(), format);
        String problem = push.submission.open(request, responder, false);
        if (problem == null && request.header("idempotency-key") != null) {
            problem = "Idempotency-Key is not for pushes to many groups; PUT can be sent again without it";
        }
        byte[][] by = problem == null ? by(request.query() == null ? null : request.parameter("by")) : null;
        if (problem == null && by == null) {
            problem = "by lists the labels that name a group, job among them, such as by=job,instance";
        }
        try {
            if (problem == null) {
                Replace replace = groups.replace(request);
                push.open(by, replace == Replace.NOTHING ? Mode.ADD : Mode.SET, replace, GroupPushes.ttlSeconds(request));
                return push;
            }
        } catch (GroupPushes.BadRequest e) {
            problem = e.getMessage();
        }
        push.submission.refuse(problem).fail(400, problem);
        return Exchange.NONE;
    }

    /** Sorted names; null when they are none. */
    private byte[][] by(String list) {
        if (list == null) {
            return new byte[][] {JOB.getBytes(UTF_8)};
        }
        TreeSet<byte[]> names = new TreeSet<>(Arrays::compareUnsigned);
        boolean job = false;
        for (String name : list.split(",", -1)) {
            byte[] bytes = name.getBytes(UTF_8);
            job |= name.equals(JOB);
            if (bytes.length == 0
                    || bytes.length > limits.labelNameBytes()
                    || MetricNames.isReservedLabel(bytes, 0, bytes.length)
                    || !names.add(bytes)) {
                return null;
            }
        }
        return job && names.size() <= limits.labels() ? names.toArray(new byte[0][]) : null;
    }

    private final class Push implements Exchange, Submission.Owner {
        private final Ingest ingest;
        private final Submission submission;
        private final GroupSplitter splitter;
        private final Parser<SampleSink> parser;
        private final IngestMetrics counted;
        private long ttlSeconds;
        private ParseFailure failure;

        Push(EventLoopContext context, PushFormat format) {
            ingest = context.ingest();
            submission = new Submission(this, context, keeping);
            splitter = new GroupSplitter(ingest);
            parser = switch (format) {
                case TEXT, UNTOLD -> new TextParser(limits, hash.copy(), timestamps);
                case OPEN_METRICS -> new OpenMetricsParser(limits, hash.copy(), timestamps);
                case PROTOBUF -> new ProtobufParser(limits, hash.copy(), timestamps);
            };
            counted = metrics[format.protocol().ordinal()];
        }

        void open(byte[][] by, Mode mode, Replace replace, long ttl) {
            splitter.open(by, mode, replace);
            parser.reset(splitter);
            ttlSeconds = ttl;
        }

        @Override
        public int body(byte[] buffer, int offset, int length) {
            if (failure != null) {
                return length;
            }
            ingest.enter();
            try {
                if (parser.parse(buffer, offset, length) == Parser.Result.ERROR) {
                    failure = parser.failure();
                    return length;
                }
                submission.body(buffer, offset, parser.consumed());
                return parser.consumed();
            } finally {
                ingest.exit();
            }
        }

        @Override
        public void end(byte[] buffer, int offset, int length) {
            if (failure == null) {
                submission.body(buffer, offset, length);
                ingest.enter();
                try {
                    failure = parser.finish(buffer, offset, length) == Parser.Result.ERROR ? parser.failure() : null;
                } finally {
                    ingest.exit();
                }
            }
            if (failure != null) {
                refuse(failure.code(), failure.describe());
                return;
            }
            List<Batch> batches = splitter.batches();
            if (batches.isEmpty()) {
                refuse(Code.NO_GROUP, "the body names no series, and so no group");
                return;
            }
            Code code = tell(batches);
            String detail = splitter.detail();
            if (code == Code.OK) {
                code = submission.submitAll(batches);
                detail = code == Code.JOURNAL_FAILING ? keeping.failure().get() : ingest.refusal();
            }
            if (code != Code.OK) {
                refuse(code, Refuse.text(code, detail));
            }
        }

        /** Each group has been pushed to. */
        private Code tell(List<Batch> batches) {
            double now = groups.now();
            ingest.enter();
            try {
                Code code = Code.OK;
                for (int i = 0; i < batches.size() && code == Code.OK; i++) {
                    code = batches.get(i).pushed(now, ttlSeconds);
                }
                return code;
            } finally {
                ingest.exit();
            }
        }

        private void refuse(Code code, String message) {
            counted.rejected(code.reason());
            Responder answering = submission.refuse(message);
            splitter.close();
            Refuse.with(answering, code, message);
        }

        @Override
        public void abort() {
            splitter.close();
        }

        @Override
        public Answer answer(Batch accepted, RefusedLines refused, Ack ack, boolean applied) {
            return OK[ack.ordinal()];
        }

        @Override
        public void applied(Batch accepted, RefusedLines refused) {
            counted.applied(accepted.pushedSamples());
            counted.dropped("summary_quantile", accepted.droppedQuantiles());
        }

        @Override
        public void over() {
            splitter.close();
        }
    }
}
