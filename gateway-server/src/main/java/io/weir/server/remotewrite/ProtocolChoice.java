package io.weir.server.remotewrite;

import io.weir.server.remotewrite.Transport.Reply;
import java.time.Duration;

/**
 * Which message one endpoint gets, and what its answers say of that. Outputs thread only.
 *
 * <p>With {@link Protocol#AUTO} the first request is a trial: it goes out alone, as 2.0. An answer with a {@code Written}
 * field, whatever its status, shows a 2.0 receiver. One that is sure not to have stored anything, 415 or success without
 * such a field, shows a 1.0 receiver; so, as a guess, does a refusal without such a field (400), or server errors time after
 * time. Then the same series go out again at once as 1.0, with the same timestamps and values, so that even a receiver that did
 * store them has no sample twice. The choice holds for {@link #TRIAL_INTERVAL}; the next flush after that begins with a trial.
 *
 * <p>Source: Prometheus remote write specification 2.0-rc.4, "Required Written Response Headers", "Unsupported Request
 * Content", "2.x vs 1.x Compatibility".
 */
final class ProtocolChoice {
    /** From falling back to 1.0 until 2.0 is tried again: some receivers log what they do not understand. */
    static final Duration TRIAL_INTERVAL = Duration.ofHours(6);

    enum Verdict {
        /** The answer is about what the request holds. */
        ANSWERED,
        /** The receiver did not understand the message and has stored nothing; it may understand the other. */
        OTHER_MESSAGE,
        /** The receiver says success, but has stored nothing, and the other message is not allowed. */
        NOTHING_WRITTEN
    }

    private final boolean isFree;
    private Message message;
    /** The endpoint has shown that it understands 2.0. */
    private boolean isProven;
    /** The endpoint may have meant something else when 2.0 was given up. */
    private boolean isGuess;
    /** On the nano clock. */
    private long nextTrial;

    ProtocolChoice(Protocol protocol) {
        this.isFree = protocol == Protocol.AUTO;
        this.message = protocol == Protocol.V1 ? Message.V1 : Message.V2;
    }

    /** For requests that are built now. */
    Message message() {
        return message;
    }

    /** Whether it is not known yet what the endpoint understands; then one request at a time is enough. */
    boolean isTrial() {
        return isFree && message == Message.V2 && !isProven;
    }

    /** Nothing is under way. */
    void flushBegins(long nowNanos) {
        if (isFree && message == Message.V1 && nowNanos - nextTrial >= 0) {
            message = Message.V2;
            isProven = false;
        }
    }

    /** What an answer to a request with that message says of it. */
    Verdict judge(Message sent, Reply reply, long nowNanos) {
        int status = reply.status();
        if (sent == Message.V1) {
            boolean isRefused = status == 415 && isGuess;
            if (isRefused) {
                message = Message.V2;
                isProven = true;
                isGuess = false;
            }
            return isRefused ? Verdict.OTHER_MESSAGE : Verdict.ANSWERED;
        }
        if (reply.written() != null && status != 415) {
            isProven |= message == Message.V2;
            return Verdict.ANSWERED;
        }
        boolean isSuccess = status >= 200 && status < 300;
        if (status == 415 || isSuccess || status == 400 && isTrial()) {
            if (isFree) {
                fallBack(status == 400, nowNanos);
                return Verdict.OTHER_MESSAGE;
            }
            return isSuccess ? Verdict.NOTHING_WRITTEN : Verdict.ANSWERED;
        }
        return Verdict.ANSWERED;
    }

    /** A trial met server errors until its time was over; true when its series are to go out again as 1.0. */
    boolean giveUpTrial(long nowNanos) {
        boolean wasTrial = isTrial();
        if (wasTrial) {
            fallBack(true, nowNanos);
        }
        return wasTrial;
    }

    private void fallBack(boolean guess, long nowNanos) {
        message = Message.V1;
        isProven = false;
        isGuess = guess;
        nextTrial = nowNanos + TRIAL_INTERVAL.toNanos();
    }
}
