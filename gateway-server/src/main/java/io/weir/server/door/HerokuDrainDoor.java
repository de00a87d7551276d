package io.weir.server.door;

import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.ingest.RefusedLines;
import io.weir.parse.HerokuMessages;
import io.weir.parse.LogplexParser;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.server.door.DrainMetrics.Oddity;
import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.EventLoopContext;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import java.util.ArrayDeque;
import java.util.zip.CRC32C;

/**
 * {@code POST /drain[?app_name=NAME]}: a Heroku Logplex HTTPS drain. Whatever it holds is answered {@code 200} with an empty
 * body, for a sender that gets a 4xx drops the batch for good: what cannot be read is skipped and counted. What can be read
 * later, when the journal works again, gets 503, which Logplex repeats. Any thread; its batches belong to their event loop.
 *
 * <p><b>Once only.</b> A batch with {@code Logplex-Frame-Id} is remembered, in the journal with its record, by drain token,
 * frame id and a checksum of the body, so that a batch sent again changes nothing, and another under the same id is no
 * repetition. Both fields may be missing, as they are from private spaces; then nothing is remembered.
 *
 * <p>Source: {@code specs/source-systems.md} 3.2, 3.3; {@code specs/ingest.md} 1.8.
 */
final class HerokuDrainDoor implements Door {
    private static final int IDLE_MAX = 64;
    /** Of a token or frame id; longer ones are none of Logplex'. */
    private static final int ID_MAX = 64;
    private static final Answer[] DONE = Ack.answers(ack -> Answer.empty(200, Ack.HEADER, ack.label()));
    private static final HerokuMessages.Kind[] KINDS = HerokuMessages.Kind.values();
    private static final Code[] CODES = Code.values();

    private final EventLoopContext.Local<ArrayDeque<Delivery>> idle = new EventLoopContext.Local<>(c -> new ArrayDeque<>());
    private final DrainRules rules;
    private final Limits limits;
    private final KeyHash hash;
    private final Keeping keeping;
    private final IngestMetrics metrics;
    private final DrainMetrics drained;

    HerokuDrainDoor(
            DrainRules rules, Limits limits, KeyHash hash, Keeping keeping, IngestMetrics metrics, DrainMetrics drained) {
        this.rules = rules;
        this.limits = limits;
        this.hash = hash;
        this.keeping = keeping;
        this.metrics = metrics;
        this.drained = drained;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        String token = request.header("logplex-drain-token");
        if (!rules.tokens().isEmpty() && (token == null || !rules.tokens().contains(token))) {
            metrics.rejected("drain_token");
            responder.fail(403, "this drain is not one of --heroku.drain-tokens");
            return Exchange.NONE;
        }
        ArrayDeque<Delivery> free = responder.context().get(idle);
        Delivery delivery = free.pollLast();
        if (delivery == null) {
            delivery = new Delivery(free, responder.context());
        }
        delivery.open(request, responder, token);
        return delivery;
    }

    /** One body on its way; used again for later ones of the same event loop. */
    private final class Delivery implements Exchange, Submission.Owner {
        private final ArrayDeque<Delivery> free;
        private final Ingest ingest;
        private final HerokuMessages messages = new HerokuMessages(rules.prefix(), limits, hash, rules.fleeting());
        private final LogplexParser parser = new LogplexParser();
        private final CRC32C checksum = new CRC32C();
        private final Submission submission;
        private long length;
        private String id;
        private long announced;
        private Batch batch;

        Delivery(ArrayDeque<Delivery> free, EventLoopContext context) {
            this.free = free;
            this.ingest = context.ingest();
            this.submission = new Submission(this, context, keeping);
        }

        void open(Request request, Responder responder, String token) {
            submission.open(request, responder);
            String frame = request.header("logplex-frame-id");
            id = frame == null || frame.isEmpty() || frame.length() > ID_MAX || token != null && token.length() > ID_MAX
                    ? null
                    : "logplex " + (token == null ? "" : token) + " " + frame;
            announced = count(request.header("logplex-msg-count"));
            checksum.reset();
            length = 0;
            batch = ingest.open(Mode.SET);
            String app = request.parameter("app_name");
            messages.reset(batch, app == null || app.isEmpty() ? null : app);
            parser.reset(messages);
        }

        @Override
        public int body(byte[] buffer, int offset, int more) {
            ingest.enter();
            try {
                parser.parse(buffer, offset, more);
                read(buffer, offset, parser.consumed());
                return parser.consumed();
            } finally {
                ingest.exit();
            }
        }

        @Override
        public void end(byte[] buffer, int offset, int rest) {
            read(buffer, offset, rest);
            ingest.enter();
            try {
                parser.finish(buffer, offset, rest);
            } finally {
                ingest.exit();
            }
            if (id != null) {
                submission.identify(id + " " + length + " " + checksum.getValue());
            }
            Code code = submission.submit(batch, true);
            if (code != Code.OK) {
                metrics.rejected(code.reason());
                Responder answering = submission.refuse(Refuse.text(code, keeping.failure().get()));
                release();
                answering.fail(503, Refuse.text(code, keeping.failure().get()), "Retry-After", "1");
            }
        }

        private void read(byte[] buffer, int offset, int more) {
            length += more;
            submission.body(buffer, offset, more);
            if (id != null) {
                checksum.update(buffer, offset, more);
            }
        }

        @Override
        public Answer answer(Batch accepted, RefusedLines refused, Ack ack, boolean applied) {
            return DONE[ack.ordinal()];
        }

        @Override
        public void applied(Batch accepted, RefusedLines refused) {
            metrics.applied(accepted.samples() - (refused == null ? 0 : refused.samples()));
            for (HerokuMessages.Kind kind : KINDS) {
                drained.messages(kind, messages.count(kind));
            }
            for (Code code : CODES) {
                if (messages.refused(code) > 0) {
                    metrics.rejected(code.reason(), messages.refused(code));
                }
            }
            if (refused != null) {
                for (RefusedLines.Line line : refused.lines()) {
                    metrics.rejected(line.code().reason());
                }
            }
            drained.oddity(Oddity.FRAME_LENGTH, parser.badLengths());
            drained.oddity(Oddity.MESSAGE_COUNT, announced >= 0 && announced != parser.lines() ? 1 : 0);
        }

        @Override
        public void replayed() {
            drained.oddity(Oddity.REPLAYED, 1);
        }

        /** Logplex repeats after a 5xx, but drops after a 4xx. */
        @Override
        public int busyStatus() {
            return 503;
        }

        @Override
        public void over() {
            release();
        }

        @Override
        public void abort() {
            release();
        }

        private void release() {
            ingest.close(batch);
            batch = null;
            if (free.size() < IDLE_MAX) {
                free.addLast(this);
            }
        }
    }

    /** A number of messages; -1 when none was given that can be read. */
    private static long count(String text) {
        if (text == null || text.isEmpty() || text.length() > 9) {
            return -1;
        }
        long count = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            count = 10 * count + digit;
        }
        return count;
    }
}
