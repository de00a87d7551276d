package io.weir.server.door;

import io.weir.sample.Code;
import io.weir.sample.Limits;
import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.EventLoopContext;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import io.weir.store.Selector;
import io.weir.store.StoreCommands;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * {@code DELETE /metrics/{name}?label=value}: every series that has all the given pairs; without labels the family; {@code
 * __all}, in any case, everything. Answers how many series went, none included. Any thread.
 */
final class DeleteDoor implements Door {
    private static final String ALL = "__all";

    private final EventLoopContext.Local<SeriesTarget> targets;
    private final StoreCommands commands;
    private final Keeping keeping;
    private final DiskWait wait;

    /** @param wait where answers wait for the disk; null without a journal */
    DeleteDoor(Limits limits, StoreCommands commands, Keeping keeping, DiskWait wait) {
        this.targets = new EventLoopContext.Local<>(context -> new SeriesTarget(limits));
        this.commands = commands;
        this.keeping = keeping;
        this.wait = wait;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        return new Exchange() {
            @Override
            public void end(byte[] buffer, int offset, int length) {
                delete(request, responder);
            }
        };
    }

    private void delete(Request request, Responder responder) {
        Selector selector;
        if (request.rest().equalsIgnoreCase(ALL)) {
            if (request.query() != null && !request.query().isEmpty()) {
                responder.fail(400, ALL + " deletes everything and takes no labels; name a metric to delete by labels");
                return;
            }
            selector = Selector.all();
        } else {
            SeriesTarget target = responder.context().get(targets);
            String problem = target.read(request);
            if (problem != null) {
                responder.fail(400, problem);
                return;
            }
            selector = selector(target);
        }
        String asked = Ack.asked(request, true);
        Ack named = asked == null ? keeping.ack() : Ack.of(asked);
        if (named == null) {
            responder.fail(400, "unknown durability \"" + asked + "\", there are memory, process and disk");
            return;
        }
        // ends are written before they are told, so there is nothing less to be had
        Ack ack = !keeping.isJournaled() ? Ack.MEMORY : named == Ack.MEMORY ? Ack.PROCESS : named;
        boolean accepted = commands.delete(selector, killed -> deleted(killed, ack, responder));
        if (!accepted) {
            responder.fail(503, "too many deletions and scrapes are waiting, try again", "Retry-After", "1");
        }
    }

    /** On the keeper's thread. */
    private void deleted(long killed, Ack ack, Responder responder) {
        if (killed == StoreCommands.REFUSED) {
            responder.later(() -> Refuse.with(responder, Code.JOURNAL_FAILING,
                    Refuse.text(Code.JOURNAL_FAILING, keeping.failure().get())));
        } else if (killed == StoreCommands.UNKNOWN) {
            responder.later(responder::breakOff);
        } else {
            Answer answer = Answer.text(200, "deleted " + killed + " series\n", Ack.HEADER, ack.label());
            if (ack == Ack.DISK) {
                wait.await(keeping.kills().written(), responder, answer);
            } else {
                responder.later(() -> responder.send(answer));
            }
        }
    }

    private static Selector selector(SeriesTarget target) {
        List<Selector.Pair> pairs = new ArrayList<>();
        for (int i = 0; i < target.labels(); i++) {
            pairs.add(new Selector.Pair(
                    copy(target, target.labelOffset(i), target.labelLength(i)),
                    copy(target, target.valueOffset(i), target.valueLength(i))));
        }
        return new Selector(copy(target, 0, target.nameLength()), pairs);
    }

    private static byte[] copy(SeriesTarget target, int offset, int length) {
        return Arrays.copyOfRange(target.bytes(), offset, offset + length);
    }
}
