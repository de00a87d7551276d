package io.weir.server.door;

import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import java.util.Set;

/**
 * A door that changes something, which a page of another site does not get a browser to open: 403 when the browser says so
 * ({@code Sec-Fetch-Site}, W3C Fetch Metadata) and the request has no credentials that only a script can have added. A
 * browser sends a form, a beacon or a simple request anywhere, also to gateways that only its user's machine reaches; name
 * and password it adds by itself, a token it does not. Programs say nothing of a site. Any thread.
 */
final class OwnSiteDoor implements Door {
    private static final String BY_THE_BROWSER = "basic ";

    private static final String EVERY = "*";

    private final Door door;
    private final Set<String> origins;

    /** @param origins whose pages may write in any case, as browsers write them; {@code *} for all */
    OwnSiteDoor(Door door, Set<String> origins) {
        this.door = door;
        this.origins = origins;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        String site = request.header("sec-fetch-site");
        if (site == null
                || !site.equalsIgnoreCase("cross-site")
                || hasToken(request.header("authorization"))
                || isAllowed(request.header("origin"))) {
            return door.open(request, responder);
        }
        responder.fail(403, "pages of another site may not write without a token, unless --web.allowed-origins has theirs");
        return Exchange.NONE;
    }

    private boolean isAllowed(String origin) {
        return !origins.isEmpty() && (origins.contains(EVERY) || origin != null && origins.contains(origin));
    }

    private static boolean hasToken(String field) {
        return field != null && !field.regionMatches(true, 0, BY_THE_BROWSER, 0, BY_THE_BROWSER.length());
    }
}
