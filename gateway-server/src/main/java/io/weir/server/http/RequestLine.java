package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;

/**
 * A request line that has been read, with what it says, and with the place it leads to. Immutable but for that; shared by
 * the connections of an event loop, on which the same lines come again and again. Event loop only.
 */
final class RequestLine {
    private final byte[] bytes;
    final Method method;
    final boolean http10;

    /** In origin form, or {@code *} for OPTIONS. */
    final String target;

    /** Whom an absolute target is for; null in origin form. */
    final String authority;

    /** Broken rules for the line itself, which go before those for the fields. */
    final Refusal early;

    /** Broken rules for the target, which come after those for the fields. */
    final Refusal late;

    /** Once routed, the target without the prefix of all routes; as it is when it lies outside. */
    String inside;

    /** {@link #inside} without its query. */
    String path;

    /** Null when nothing is there. */
    RouteTable.Place place;

    private boolean isRouted;

    RequestLine(
            byte[] in,
            int from,
            int to,
            Method method,
            boolean http10,
            String target,
            String authority,
            Refusal early,
            Refusal late) {
        this.bytes = Arrays.copyOfRange(in, from, to);
        this.method = method;
        this.http10 = http10;
        this.target = target;
        this.authority = authority;
        this.early = early;
        this.late = late;
    }

    /** Length with its line end. */
    int length() {
        return bytes.length;
    }

    /** Whether what begins here is this line. */
    boolean isAt(byte[] in, int from, int to) {
        return to - from >= bytes.length && Arrays.equals(in, from, from + bytes.length, bytes, 0, bytes.length);
    }

    /** Finds the place it leads to, once: an event loop has one table of routes. */
    void route(RouteTable routes) {
        if (!isRouted) {
            isRouted = true;
            String found = target.equals("*") ? target : routes.inside(target);
            inside = found == null ? target : found;
            int query = inside.indexOf('?');
            path = query < 0 ? inside : inside.substring(0, query);
            place = found == null ? null : routes.find(path);
        }
    }

    @Override
    public String toString() {
        return new String(bytes, ISO_8859_1);
    }
}
