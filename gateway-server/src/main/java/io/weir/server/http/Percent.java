package io.weir.server.http;

/** Strict percent-decoding (RFC 3986 2.1) of request targets, which are visible ASCII. Any thread. */
public final class Percent {
    private Percent() {}

    /**
     * Decodes {@code text[from, end)} into bytes, which are not checked to be UTF-8.
     *
     * @param plus whether {@code +} is a space, as in queries
     * @param out has room for {@code end - from} bytes from {@code at} on
     * @return end of what was written, or -1 when a {@code %} is not followed by two hex digits
     */
    public static int decode(String text, int from, int end, boolean plus, byte[] out, int at) {
        for (int i = from; i < end; i++) {
            char c = text.charAt(i);
            if (c == '%') {
                if (i + 2 >= end) {
                    return -1;
                }
                int high = Character.digit(text.charAt(i + 1), 16);
                int low = Character.digit(text.charAt(i + 2), 16);
                if ((high | low) < 0) {
                    return -1;
                }
                out[at++] = (byte) (high << 4 | low);
                i += 2;
            } else {
                out[at++] = (byte) (plus && c == '+' ? ' ' : c);
            }
        }
        return at;
    }
}
