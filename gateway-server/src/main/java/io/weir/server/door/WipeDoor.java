package io.weir.server.door;

import io.weir.sample.Code;
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
    private final Keeping keeping;

    WipeDoor(StoreCommands commands, Keeping keeping) {
        this.commands = commands;
        this.keeping = keeping;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        return new Exchange() {
            @Override
            public void end(byte[] buffer, int offset, int length) {
                if (!commands.delete(Selector.all(), killed -> responder.later(() -> answer(killed, responder)))) {
                    responder.fail(503, "too many deletions and scrapes are waiting, try again", "Retry-After", "1");
                }
            }
        };
    }

    private void answer(long killed, Responder responder) {
        if (killed == StoreCommands.REFUSED) {
            Refuse.with(responder, Code.JOURNAL_FAILING, Refuse.text(Code.JOURNAL_FAILING, keeping.failure().get()));
        } else if (killed == StoreCommands.UNKNOWN) {
            responder.breakOff();
        } else {
            responder.send(ACCEPTED);
        }
    }
}
