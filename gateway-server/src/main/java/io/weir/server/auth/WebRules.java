package io.weir.server.auth;

import java.util.Map;

/**
 * What the web configuration file says beside TLS. Immutable, any thread.
 *
 * @param users of basic authentication, who may do everything
 * @param headers sent with every answer
 * @param rateIntervalNanos time between two requests; 0 for no limit
 * @param rateBurst requests that may come at once
 */
public record WebRules(Map<String, Bcrypt> users, Map<String, String> headers, long rateIntervalNanos, int rateBurst) {
    public static final WebRules NONE = new WebRules(Map.of(), Map.of(), 0, 0);

    public WebRules {
        users = Map.copyOf(users);
        headers = Map.copyOf(headers);
    }

    /** Whether nothing is said. */
    boolean isEmpty() {
        return users.isEmpty() && headers.isEmpty() && rateIntervalNanos == 0 && rateBurst == 0;
    }
}
