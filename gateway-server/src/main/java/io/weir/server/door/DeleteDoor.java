package io.weir.server.door;

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
    private final Ends ends;

    DeleteDoor(Limits limits, StoreCommands commands, Ends ends) {
        this.targets = new EventLoopContext.Local<>(context -> new SeriesTarget(limits));
        this.commands = commands;
        this.ends = ends;
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
        Ack ack = ends.ack(request, responder, true);
        if (ack == null) {
            return;
        }
        boolean accepted = commands.delete(selector, killed -> {
            if (ends.isKnown(killed, responder)) {
                ends.done(Answer.text(200, "deleted " + killed + " series\n"), ack, responder);
            }
        });
        if (!accepted) {
            Refuse.busy(responder);
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
