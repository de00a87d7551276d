package io.weir.server.door;

import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;

/** A door that stays shut, with 503, until what was kept before has been recovered. Any thread. */
final class GatedDoor implements Door {
    private final Door door;
    private final Keeping keeping;

    GatedDoor(Door door, Keeping keeping) {
        this.door = door;
        this.keeping = keeping;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        if (keeping.open().getAsBoolean()) {
            return door.open(request, responder);
        }
        responder.fail(503, keeping.closedBecause().get(), "Retry-After", "1");
        return Exchange.NONE;
    }
}
