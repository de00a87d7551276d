package io.weir.server.door;

import io.weir.journal.Durability;
import io.weir.journal.KillJournal;
import io.weir.server.http.Answer;
import io.weir.server.http.Responder;
import java.util.ArrayDeque;

/**
 * Answers to deletions that wait until the deletion is on the disk; at most one for each connection. {@link #await} is for
 * the keeper, the rest for the journal.
 */
final class DiskWait implements Durability {
    private record Waiting(long ticket, Responder responder, Answer answer) {}

    private final KillJournal kills;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private long lost = -1;

    DiskWait(KillJournal kills) {
        this.kills = kills;
        kills.listener(this);
    }

    /** Answers once this ticket is on the disk. */
    synchronized void await(long ticket, Responder responder, Answer answer) {
        waiting.add(new Waiting(ticket, responder, answer));
        if (kills.durable() >= ticket) {
            durable(kills.durable());
        } else if (lost >= ticket) {
            lost(lost);
        } else {
            kills.force();
        }
    }

    @Override
    public synchronized void durable(long ticket) {
        waiting.removeIf(w -> {
            boolean ends = w.ticket <= ticket;
            if (ends) {
                w.responder.later(() -> w.responder.send(w.answer));
            }
            return ends;
        });
    }

    @Override
    public synchronized void lost(long ticket) {
        lost = ticket;
        waiting.removeIf(w -> {
            boolean ends = w.ticket <= ticket;
            if (ends) {
                w.responder.later(w.responder::breakOff);
            }
            return ends;
        });
    }
}
