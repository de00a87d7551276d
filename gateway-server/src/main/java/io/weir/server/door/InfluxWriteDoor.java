package io.weir.server.door;

import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.ingest.PointMapper;
import io.weir.ingest.PointRules;
import io.weir.ingest.RefusedLines;
import io.weir.parse.LineProtocolParser;
import io.weir.parse.TimePrecision;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.EventLoopContext;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * {@code POST /write} and its like: InfluxDB line protocol. Good lines are applied and answered {@code 204}; bad ones are
 * listed in an error of the InfluxDB version whose path was used, see {@link InfluxRefusal}. Parameters: {@code precision}
 * in any spelling of any version, and {@code db} or {@code bucket}; others are of no interest. Any thread; its writes
 * belong to their event loop.
 */
final class InfluxWriteDoor implements Door {
    private final EventLoopContext.Local<ArrayDeque<Write>> idle = new EventLoopContext.Local<>(c -> new ArrayDeque<>());
    private final InfluxVersion version;
    private final Limits limits;
    private final KeyHash hash;
    private final Supplier<PointRules> rules;
    private final LongSupplier epochNanos;
    private final IngestMetrics metrics;
    private final Keeping keeping;
    private final String[] headers;
    private final Answer[] done;

    /**
     * @param rules asked at each request, so that a reload holds from then on
     * @param epochNanos the server's time for lines without timestamp
     * @param headers of every answer, names and values alternately
     */
    InfluxWriteDoor(
            InfluxVersion version,
            Limits limits,
            KeyHash hash,
            Supplier<PointRules> rules,
            LongSupplier epochNanos,
            Keeping keeping,
            IngestMetrics metrics,
            String... headers) {
        this.keeping = keeping;
        this.version = version;
        this.limits = limits;
        this.hash = hash;
        this.rules = rules;
        this.epochNanos = epochNanos;
        this.metrics = metrics;
        this.headers = headers;
        this.done = Ack.answers(ack -> Answer.empty(204, headers).with(Ack.HEADER, ack.label()));
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        String unit = request.parameter("precision");
        TimePrecision precision = TimePrecision.of(unit);
        if (precision == null) {
            metrics.rejected("bad_precision");
            responder.send(version.error(
                    400, "invalid precision \"" + unit + "\" (use n, ns, u, us, ms, s, m or h)", 0, headers));
            return Exchange.NONE;
        }
        String database = request.parameter(version == InfluxVersion.V1 ? "db" : "bucket");
        if (database == null) {
            database = request.parameter(version == InfluxVersion.V1 ? "bucket" : "db");
        }
        ArrayDeque<Write> free = responder.context().get(idle);
        Write write = free.pollLast();
        if (write == null) {
            write = new Write(free, responder.context());
        }
        String problem = write.submission.open(request, responder, false);
        if (problem != null) {
            free.addLast(write);
            metrics.rejected("bad_request");
            responder.send(version.error(400, problem, 0, headers));
            return Exchange.NONE;
        }
        write.open(precision, database);
        return write;
    }

    private String[] retryLater() {
        String[] fields = Arrays.copyOf(headers, headers.length + 2);
        fields[headers.length] = "Retry-After";
        fields[headers.length + 1] = "1";
        return fields;
    }

    /** One body on its way; used again for later ones of the same event loop. */
    private final class Write implements Exchange, Submission.Owner {
        private static final int IDLE_MAX = 64;

        private final ArrayDeque<Write> free;
        private final Ingest ingest;
        private final LineProtocolParser parser = new LineProtocolParser(hash, limits);
        private PointRules mapperRules;
        private PointMapper mapper;
        private final Submission submission;
        private Batch batch;

        Write(ArrayDeque<Write> free, EventLoopContext context) {
            this.free = free;
            this.ingest = context.ingest();
            this.submission = new Submission(this, context, keeping);
        }

        void open(TimePrecision precision, String database) {
            PointRules now = rules.get();
            if (mapperRules != now) {
                mapperRules = now;
                mapper = new PointMapper(now, limits, hash);
            }
            batch = ingest.open(Mode.SET);
            mapper.begin(batch, database, epochNanos.getAsLong());
            parser.reset(mapper, precision);
        }

        @Override
        public int body(byte[] buffer, int offset, int length) {
            ingest.enter();
            try {
                parser.parse(buffer, offset, length);
                submission.body(buffer, offset, parser.consumed());
                return parser.consumed();
            } finally {
                ingest.exit();
            }
        }

        @Override
        public void end(byte[] buffer, int offset, int length) {
            submission.body(buffer, offset, length);
            ingest.enter();
            try {
                parser.finish(buffer, offset, length);
            } finally {
                ingest.exit();
            }
            if (parser.failed(Code.TOO_MANY_SAMPLES) > 0) {
                // clients split such a body and send it again, so none of it may stay
                metrics.rejected(Code.TOO_MANY_SAMPLES.reason(), parser.failed());
                submission.failed(Code.TOO_MANY_SAMPLES.text());
                answer(version.error(413,
                        Refuse.text(Code.TOO_MANY_SAMPLES, "limit " + limits.samplesPerRequest()), 0, headers));
                return;
            }
            Code code = submission.submit(batch, true);
            if (code != Code.OK) {
                metrics.rejected(code.reason());
                submission.failed(Refuse.text(code, keeping.failure().get()));
                answer(version.error(503, Refuse.text(code, keeping.failure().get()), 0, retryLater()));
            }
        }

        @Override
        public Answer answer(Batch accepted, RefusedLines refused, Ack ack, boolean applied) {
            if (accepted == null || parser.failed() == 0 && refused == null) {
                return done[ack.ordinal()];
            }
            return new InfluxRefusal(parser.failures(), parser.failed(), refused)
                    .answer(version, samples(accepted, refused), headers)
                    .with(Ack.HEADER, ack.label());
        }

        @Override
        public void applied(Batch accepted, RefusedLines refused) {
            metrics.applied(samples(accepted, refused));
            metrics.dropped("string_field", accepted.droppedStrings());
            if (parser.failed() > 0 || refused != null) {
                submission.failed(parser.failures().isEmpty() && refused != null
                        ? "line " + refused.lines().get(0).line() + ": " + refused.lines().get(0).code().text()
                        : parser.failures().get(0).describe());
                count(refused);
            }
        }

        @Override
        public void over() {
            release();
        }

        private long samples(Batch accepted, RefusedLines refused) {
            return accepted.samples() - (refused == null ? 0 : refused.samples());
        }

        @Override
        public void abort() {
            release();
        }

        private void count(RefusedLines refused) {
            for (Code code : Code.values()) {
                metrics.rejected(code.reason(), parser.failed(code));
            }
            if (refused != null) {
                for (RefusedLines.Line line : refused.lines()) {
                    metrics.rejected(line.code().reason());
                }
            }
        }

        private void answer(Answer answer) {
            Responder answering = submission.responder();
            release();
            answering.send(answer);
        }

        private void release() {
            ingest.close(batch);
            batch = null;
            if (free.size() < IDLE_MAX) {
                free.addLast(this);
            }
        }
    }
}
