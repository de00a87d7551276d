package io.weir.server.door;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.ingest.RefusedLines;
import io.weir.ingest.Settled;
import io.weir.journal.IdempotencyIndex;
import io.weir.journal.KeyedAnswer;
import io.weir.journal.Outcome;
import io.weir.sample.Code;
import io.weir.sample.Mode;
import io.weir.server.http.Answer;
import io.weir.server.http.EventLoopContext;
import io.weir.server.http.Promise;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;

/**
 * A request's way from a staged batch to its answer: what it asks for, its idempotency key, the journal, the answer once
 * it is true. Event loop only; used again for later requests.
 *
 * <pre>
 *     open -> body* -> submit -> answered at once (refused, replayed, no journal, memory is enough)
 *                            \-> promised -> end of turn: written, applied -> kept, or kept once on the disk
 *                                                      \-> not written -> 503, or the connection ends
 * </pre>
 */
final class Submission implements Settled {
    /** The door's part in it. */
    interface Owner {
        /**
         * The answer to a batch that is accepted; the same object each time when nothing is special.
         *
         * @param refused lines left out, or null
         * @param applied false before the batch is applied, when values that come of it are not known yet
         */
        Answer answer(Batch batch, RefusedLines refused, Ack ack, boolean applied);

        /** The batch is applied. */
        void applied(Batch batch, RefusedLines refused);

        /** The request is over for its door, which closes the batch. */
        void over();

        /** This key's batch has been applied before, and its answer was given again. */
        default void replayed() {}

        /** Whether it is a push, which is told by {@link Pushers}. */
        default boolean isPush() {
            return true;
        }

        /** Status when the first request with this key is not answered yet; it has to be sent again. */
        default int busyStatus() {
            return 409;
        }
    }

    private static final String REPLAYED = "Idempotent-Replayed";
    private static final int KEY_MAX = 128;
    /** Stands for the plain answer in a remembered key, one for each {@link Ack}. */
    private static final byte[][] PLAIN = {{0}, {1}, {2}};

    private final Owner owner;
    private final EventLoopContext context;
    private final Ingest ingest;
    private final Keeping keeping;
    private final Pushers.Table pushers;
    private Pushers.Sender sender;
    private byte[] group;
    private long bytes;
    private int left;
    private Responder responder;
    private Promise promise;
    private Ack ack;
    private Answer answer;
    private MessageDigest digest;
    private String key;
    private boolean identified;
    private long hash0;
    private long hash1;

    Submission(Owner owner, EventLoopContext context, Keeping keeping) {
        this.owner = owner;
        this.context = context;
        this.ingest = context.ingest();
        this.keeping = keeping;
        this.pushers = keeping.pushers().of(context);
    }

    /**
     * Reads what a request asks for.
     *
     * @param labelsInQuery whether the query is not for parameters
     * @return what is wrong with it, or null
     */
    String open(Request request, Responder answering, boolean labelsInQuery) {
        open(request, answering);
        key = request.header("idempotency-key");
        String asked = Ack.asked(request, labelsInQuery);
        if (asked != null) {
            Ack named = Ack.of(asked);
            if (named == null) {
                return Ack.unknown(asked);
            }
            ack = keeping.isJournaled() ? named : Ack.MEMORY;
        }
        if (key != null) {
            if (key.isEmpty() || key.length() > KEY_MAX) {
                return "an Idempotency-Key has 1 to " + KEY_MAX + " bytes";
            }
            digest = digest == null ? sha256() : digest;
            digest.reset();
            digest.update((request.method() + " " + request.target() + "\n").getBytes(ISO_8859_1));
        }
        return null;
    }

    /** Reads what a request asks for of a sender who knows nothing of Weir: what it does not ask is not wrong. */
    void open(Request request, Responder answering) {
        responder = answering;
        sender = pushers.sender(request);
        group = null;
        bytes = 0;
        promise = null;
        answer = null;
        ack = keeping.ack();
        identified = false;
        key = null;
    }

    /** Whose push it is: that of this group. */
    void group(byte[] groupKey) {
        group = groupKey;
    }

    /** Gives the batch a key that stands for its content, too; before {@link #submit}. */
    void identify(String contentKey) {
        key = contentKey;
        identified = true;
    }

    /** Decoded bytes of the body, each to be given once. */
    void body(byte[] buffer, int offset, int length) {
        bytes += length;
        if (key != null) {
            digest.update(buffer, offset, length);
        }
    }

    /** Sends the answer of a refused request. */
    Responder refuse(String why) {
        failed(why);
        return responder;
    }

    /** Answers a request whose failure is told by {@link #failed}. */
    Responder responder() {
        return responder;
    }

    /** Something of the request is not applied. */
    void failed(String why) {
        pushers.failed(sender, group, why);
    }

    private void told(Batch batch, RefusedLines refused) {
        owner.applied(batch, refused);
        if (owner.isPush()) {
            long samples = batch.pushedSamples() - (refused == null ? 0 : refused.samples());
            pushers.pushed(sender, group, samples, bytes);
        }
    }

    /**
     * Has a batch accepted.
     *
     * @param lines whether good lines are accepted without the bad ones
     * @return OK when the request is or will be answered and {@code over} is or will be called, else why nothing was
     *     accepted, which the door has to answer
     */
    Code submit(Batch batch, boolean lines) {
        if (key != null && !claim()) {
            return Code.OK;
        }
        Code code = ingest.journal() == null && !batch.isGrouped() ? commit(batch, lines) : append(batch, lines);
        if (code != Code.OK && key != null) {
            keeping.keys().abandon(key);
        }
        return code;
    }

    private Code commit(Batch batch, boolean lines) {
        RefusedLines refused = null;
        if (lines) {
            refused = ingest.commitLines(batch);
        } else {
            Code code = ingest.commit(batch);
            if (code != Code.OK) {
                return code;
            }
        }
        answer = owner.answer(batch, refused, ack, true);
        told(batch, refused);
        if (key != null) {
            keeping.keys().done(keyed(batch, ack));
        }
        Responder answering = responder;
        Answer given = answer;
        over();
        answering.send(given);
        return Code.OK;
    }

    private Code append(Batch batch, boolean lines) {
        Code code = lines
                ? ingest.submitLines(batch, key == null ? null : refused -> keyed(batch, refused), this)
                : ingest.submit(batch, key == null ? null : keyed(batch, (RefusedLines) null), this);
        if (code != Code.OK) {
            return code;
        }
        context.endOfTurn();
        answer = owner.answer(batch, batch.refused(), ack, false);
        if (ack == Ack.MEMORY && ingest.journal() != null) {
            responder.send(answer);
        } else {
            promise = responder.promise(answer);
        }
        return Code.OK;
    }

    /** Has all of some batches accepted, each of a group of its own, or none; as {@link #submit}, without a key. */
    Code submitAll(List<Batch> batches) {
        left = batches.size();
        bytes /= left;
        Code code = ingest.submitAll(batches, this::settledOne);
        if (code != Code.OK) {
            return code;
        }
        context.endOfTurn();
        answer = owner.answer(null, null, ack, false);
        if (ack == Ack.MEMORY && ingest.journal() != null) {
            responder.send(answer);
        } else {
            promise = responder.promise(answer);
        }
        return Code.OK;
    }

    /** All have the same outcome; the last one has the highest ticket. */
    private void settledOne(Batch batch, Outcome outcome, long ticket) {
        group = batch.groupKey();
        if (--left == 0) {
            settled(batch, outcome, ticket);
        } else if (outcome == Outcome.APPLIED) {
            told(batch, null);
        }
    }

    @Override
    public void settled(Batch batch, Outcome outcome, long ticket) {
        if (outcome == Outcome.APPLIED) {
            if (applied(batch, ticket)) {
                return;
            }
        } else {
            failed(Refuse.text(Code.JOURNAL_FAILING, keeping.failure().get()));
            if (key != null) {
                keeping.keys().abandon(key);
            }
            if (promise != null) {
                if (outcome == Outcome.REFUSED) {
                    promise.replace(503, Refuse.text(Code.JOURNAL_FAILING, keeping.failure().get()), "Retry-After", "1");
                    promise.keep();
                } else {
                    promise.breakOff();
                }
            }
        }
        over();
    }

    /** Whether the answer has to be kept before it is given. */
    private boolean applied(Batch batch, long ticket) {
        told(batch, batch.refused());
        Answer now = owner.answer(batch, batch.refused(), ack, true);
        if (now != answer) {
            boolean news = key != null && ack != Ack.MEMORY && !Arrays.equals(now.encoded(), answer.encoded());
            answer = now;
            if (promise != null) {
                promise.replace(now);
            }
            if (news && remember(batch, ticket)) {
                return true;
            }
        }
        keep(batch, ticket);
        return false;
    }

    /** Journals the answer of a key, which says what became of its batch: a frame that changes nothing else. */
    private boolean remember(Batch batch, long ticket) {
        Batch nothing = ingest.open(Mode.ADD);
        Code code = ingest.submit(nothing, keyed(batch, ack), (b, outcome, later) -> {
            ingest.close(b);
            // should this frame be lost, what was pushed is kept all the same
            keep(batch, outcome == Outcome.APPLIED ? later : ticket);
            over();
        });
        if (code != Code.OK) {
            ingest.close(nothing);
            return false;
        }
        context.endOfTurn();
        return true;
    }

    private void keep(Batch batch, long ticket) {
        if (key == null || ack != Ack.DISK) {
            if (key != null) {
                keeping.keys().done(keyed(batch, ack));
            }
            if (ack == Ack.DISK) {
                promise.keepOnDisk(ticket, null);
            } else if (promise != null) {
                promise.keep();
            }
            return;
        }
        // its key has this answer from the moment on that the answer is true
        KeyedAnswer onDisk = keyed(batch, Ack.DISK);
        KeyedAnswer lost = keyed(batch, Ack.PROCESS);
        IdempotencyIndex keys = keeping.keys();
        promise.keepOnDisk(ticket, durable -> keys.done(durable ? onDisk : lost));
    }

    private void over() {
        responder = null;
        promise = null;
        answer = null;
        key = null;
        sender = null;
        group = null;
        owner.over();
    }

    // ---- idempotency

    /** False when the request has been answered by what is known of its key. */
    private boolean claim() {
        ByteBuffer hash = identified ? ByteBuffer.allocate(16) : ByteBuffer.wrap(digest.digest());
        hash0 = hash.getLong();
        hash1 = hash.getLong();
        IdempotencyIndex.Claim claim = keeping.keys().claim(key, hash0, hash1);
        Responder answering = responder;
        switch (claim.state()) {
            case CLAIMED -> {
                return true;
            }
            case DONE -> {
                Answer first = decode(claim.answer());
                owner.replayed();
                over();
                answering.send(first.with(REPLAYED, "true"));
            }
            case OTHER_BODY -> {
                over();
                answering.fail(422, "this Idempotency-Key was used for another request");
            }
            case IN_FLIGHT -> {
                int busy = owner.busyStatus();
                over();
                answering.fail(busy, "the first request with this Idempotency-Key is not answered yet", "Retry-After", "1");
            }
        }
        return false;
    }

    /** For the journal, before the batch is applied. */
    private KeyedAnswer keyed(Batch batch, RefusedLines refused) {
        return keyed(owner.answer(batch, refused, ack, false), ack);
    }

    private KeyedAnswer keyed(Batch batch, Ack given) {
        return keyed(given == ack ? answer : owner.answer(batch, batch.refused(), given, true), given);
    }

    private KeyedAnswer keyed(Answer of, Ack given) {
        boolean plain = of == owner.answer(null, null, given, false);
        return new KeyedAnswer(
                key, hash0, hash1, of.status(), plain ? PLAIN[given.ordinal()] : of.encoded());
    }

    private Answer decode(KeyedAnswer keyed) {
        byte[] bytes = keyed.answer();
        return bytes.length == 1
                ? owner.answer(null, null, Ack.values()[bytes[0]], false)
                : Answer.decoded(keyed.status(), bytes);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
