package io.weir.server.door;

import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;

/**
 * A door that changes something, which a page of another site does not get a browser to open: 403 when the browser says so
 * ({@code Sec-Fetch-Site}, W3C Fetch Metadata) and the request has no credentials that only a script can have added. A
 * browser sends a form, a beacon or a simple request anywhere, also to gateways that only its user's machine reaches; name
 * and password it adds by itself, a token it does not. Programs say nothing of a site. Any thread.
 */
final class OwnSiteDoor implements Door {
    private static final String BY_THE_BROWSER = "basic ";

    private final Door door;

    OwnSiteDoor(Door door) {
        this.door = door;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        String site = request.header("sec-fetch-site");
        if (site == null || !site.equalsIgnoreCase("cross-site") || hasToken(request.header("authorization"))) {
            return door.open(request, responder);
        }
        responder.fail(403, "pages of another site may not write without a token");
        return Exchange.NONE;
    }

    private static boolean hasToken(String field) {
        return field != null && !field.regionMatches(true, 0, BY_THE_BROWSER, 0, BY_THE_BROWSER.length());
    }
}
