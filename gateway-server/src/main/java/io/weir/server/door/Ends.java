package io.weir.server.door;

import io.weir.sample.Code;
import io.weir.server.http.Answer;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import io.weir.store.StoreCommands;

/**
 * How requests that have the keeper end series are answered: how well the end is kept, and what becomes of one that is not.
 * Any thread.
 */
final class Ends {
    private final Keeping keeping;
    private final DiskWait wait;

    /** @param wait where answers wait for the disk; null without a journal */
    Ends(Keeping keeping, DiskWait wait) {
        this.keeping = keeping;
        this.wait = wait;
    }

    /** What the answer will say of how well it is kept; null when the request asks for what there is not, which is answered. */
    Ack ack(Request request, Responder responder, boolean labelsInQuery) {
        String asked = Ack.asked(request, labelsInQuery);
        Ack named = asked == null ? keeping.ack() : Ack.of(asked);
        if (named == null) {
            responder.fail(400, Ack.unknown(asked));
            return null;
        }
        // ends are written before they are told, so there is nothing less to be had
        return !keeping.isJournaled() ? Ack.MEMORY : named == Ack.MEMORY ? Ack.PROCESS : named;
    }

    /** The ends are done: answers once they are kept as promised. */
    void done(Answer answer, Ack ack, Responder responder) {
        Answer kept = answer.with(Ack.HEADER, ack.label());
        if (ack == Ack.DISK) {
            wait.await(keeping.kills().written(), responder, kept);
        } else {
            responder.later(() -> responder.send(kept));
        }
    }

    /** The journal refused the ends; {@code done} of them were kept before it did. */
    void refused(long done, Responder responder) {
        responder.later(() -> Refuse.with(responder, Code.JOURNAL_FAILING,
                Refuse.text(Code.JOURNAL_FAILING, keeping.failure().get())
                        + (done == 0 ? "" : ", after " + done + " series were deleted")));
    }

    /**
     * Whether the keeper's answer to a deletion says how many series it ended; otherwise the request is answered, or broken off
     * where nobody knows.
     */
    boolean isKnown(long killed, Responder responder) {
        if (killed == StoreCommands.REFUSED) {
            refused(0, responder);
        } else if (killed == StoreCommands.UNKNOWN) {
            responder.later(responder::breakOff);
        }
        return killed >= 0;
    }
}
