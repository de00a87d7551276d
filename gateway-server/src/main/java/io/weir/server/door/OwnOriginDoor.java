package io.weir.server.door;

import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;

/**
 * A door that no page of another site can have a browser open: 403 when the request names an origin (RFC 6454) that is not
 * the host it was sent to. Programs name none. Any thread.
 */
final class OwnOriginDoor implements Door {
    private final Door door;

    OwnOriginDoor(Door door) {
        this.door = door;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        String origin = request.header("origin");
        if (origin == null || isOwn(origin, request.header("host"))) {
            return door.open(request, responder);
        }
        responder.fail(403, "not for pages of another origin");
        return Exchange.NONE;
    }

    private static boolean isOwn(String origin, String host) {
        return host != null && (origin.equalsIgnoreCase("http://" + host) || origin.equalsIgnoreCase("https://" + host));
    }
}
