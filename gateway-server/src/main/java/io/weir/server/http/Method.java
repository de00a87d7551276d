package io.weir.server.http;

/** The closed set of request methods; everything else is refused before it can become a label or reach a door. */
public enum Method {
    GET,
    HEAD,
    POST,
    PUT,
    PATCH,
    DELETE,
    OPTIONS;

    private static final Method[] ALL = values();

    /** Null for any other name; methods are case-sensitive (RFC 9110 9.1). */
    static Method of(String name) {
        for (Method method : ALL) {
            if (method.name().equals(name)) {
                return method;
            }
        }
        return null;
    }
}
