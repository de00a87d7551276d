package io.weir.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Walks over the parameters of a query string, {@code a=1&b=2}; {@code +} is a space there. Empty parameters ({@code &&})
 * are passed over. Not thread-safe.
 */
public final class QueryReader {
    private final String text;
    private int next;
    private int nameAt;
    private int nameEnd;
    private int valueAt;
    private int valueEnd;

    /** Reads {@code text} from {@code from} to its end. */
    public QueryReader(String text, int from) {
        this.text = text;
        this.next = from;
    }

    /** Moves to the next parameter; false after the last. */
    public boolean next() {
        while (next < text.length()) {
            int ampersand = text.indexOf('&', next);
            int end = ampersand < 0 ? text.length() : ampersand;
            nameAt = next;
            next = end + 1;
            if (end > nameAt) {
                int equals = text.indexOf('=', nameAt);
                nameEnd = equals < 0 || equals > end ? end : equals;
                valueAt = Math.min(nameEnd + 1, end);
                valueEnd = end;
                return true;
            }
        }
        return false;
    }

    /** Decoded name, or null when its percent-encoding is broken. */
    public String name() {
        return decoded(nameAt, nameEnd);
    }

    /** Decoded value, empty when there is none; null when its percent-encoding is broken. */
    public String value() {
        return decoded(valueAt, valueEnd);
    }

    /** Writes the decoded name to {@code out}; its end there, or -1 when its percent-encoding is broken. */
    public int name(byte[] out, int at) {
        return Percent.decode(text, nameAt, nameEnd, true, out, at);
    }

    /** Writes the decoded value to {@code out}; its end there, or -1 when its percent-encoding is broken. */
    public int value(byte[] out, int at) {
        return Percent.decode(text, valueAt, valueEnd, true, out, at);
    }

    private String decoded(int from, int end) {
        byte[] bytes = new byte[end - from];
        int length = Percent.decode(text, from, end, true, bytes, 0);
        return length < 0 ? null : new String(bytes, 0, length, UTF_8);
    }
}
