package io.weir.server.auth;

import java.util.Set;

/** What a request asks to be allowed; each route has one. */
public enum Scope {
    /** Nothing: whether the process is well may be asked by anybody. */
    OPEN,
    /** To send log frames to the drain; whoever may push may do this too. */
    DRAIN,
    /** To add and to set values. */
    PUSH,
    /** To read: what was pushed, the gateway's own metrics, status. */
    SCRAPE,
    /** To take series away. */
    DELETE,
    /** To reload, to stop, to wipe. */
    ADMIN;

    private static final Set<String> HEALTH = Set.of(
            "/-/healthy", "/-/ready", "/health", "/ready", "/ping", "/v1/influxdb/health", "/v1/influxdb/ping");

    /**
     * The scope of a route by its form. What acts on the process needs {@link #ADMIN} wherever it is put, so that a route
     * nobody thought of is closed rather than open.
     *
     * @param method in capitals
     * @param path without the route prefix; of a route with parameters the part before them
     */
    public static Scope of(String method, String path) {
        boolean reads = method.equals("GET") || method.equals("HEAD");
        if (HEALTH.contains(path) && (reads || path.endsWith("/ping"))) {
            return OPEN;
        }
        if (path.contains("/admin") || path.startsWith("/-/") && !reads) {
            return ADMIN;
        }
        if (reads) {
            return SCRAPE;
        }
        if (method.equals("DELETE")) {
            return DELETE;
        }
        return path.equals("/drain") || path.startsWith("/drain/") ? DRAIN : PUSH;
    }
}
