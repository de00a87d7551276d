package io.weir.server.door;

import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import io.weir.store.Selector;
import io.weir.store.StoreCommands;

/** {@code PUT /api/v1/admin/wipe}: ends every series, of groups and others; 202 once that is done. Any thread. */
final class WipeDoor implements Door {
    private static final Answer ACCEPTED = Answer.empty(202);

    private final StoreCommands commands;
    private final Ends ends;

    WipeDoor(StoreCommands commands, Ends ends) {
        this.commands = commands;
        this.ends = ends;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        return new Exchange() {
            @Override
            public void end(byte[] buffer, int offset, int length) {
                boolean accepted = commands.delete(Selector.all(), killed -> {
                    if (ends.isKnown(killed, responder)) {
                        responder.later(() -> responder.send(ACCEPTED));
                    }
                });
                if (!accepted) {
                    Refuse.busy(responder);
                }
            }
        };
    }
}
