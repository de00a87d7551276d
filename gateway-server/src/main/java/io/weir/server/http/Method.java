package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;

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

    private final byte[] bytes = name().getBytes(ISO_8859_1);

    /** Null for any other name; methods are case-sensitive (RFC 9110 9.1). */
    static Method of(byte[] in, int from, int to) {
        for (Method method : ALL) {
            if (Arrays.equals(in, from, to, method.bytes, 0, method.bytes.length)) {
                return method;
            }
        }
        return null;
    }

    /** Whether requests with it add to what is there, and tell nothing of it. */
    boolean writes() {
        return this == POST || this == PUT || this == PATCH;
    }
}
