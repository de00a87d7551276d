package io.weir.server.door;

import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;

/** {@code /-/quit}: asks for the end of the process; requests in progress, this one too, are answered. 403 unless the lifecycle API is enabled. Any thread. */
final class QuitDoor implements Door {
    private static final Answer BYE = Answer.text(200, "Requesting termination... Goodbye!");

    private final boolean enabled;
    private final Runnable quit;

    /** Calls {@code quit} on an event loop; it must return at once. */
    QuitDoor(boolean enabled, Runnable quit) {
        this.enabled = enabled;
        this.quit = quit;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        if (enabled) {
            quit.run();
            responder.send(BYE);
        } else {
            responder.fail(403, ReloadDoor.DISABLED);
        }
        return Exchange.NONE;
    }
}
