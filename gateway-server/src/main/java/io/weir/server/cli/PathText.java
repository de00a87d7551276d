package io.weir.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Locale;

/** Texts as parts of a URL. Stateless, any thread. */
final class PathText {
    private PathText() {}

    /** All but the unreserved characters of RFC 3986 as {@code %XX}, so it fits a path segment and a query. */
    static String encode(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte b : text.getBytes(UTF_8)) {
            char c = (char) (b & 0xff);
            if (c < 0x80 && (Character.isLetterOrDigit(c) || "-._~".indexOf(c) >= 0)) {
                encoded.append(c);
            } else {
                encoded.append(String.format(Locale.ROOT, "%%%02X", (int) c));
            }
        }
        return encoded.toString();
    }
}
