package io.weir.server.remotewrite;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** Makes what a receiver or an exception says fit for a log line: bounded, on one line, without secrets. */
final class ReceiverText {
    static final int CHARS_MAX = 400;

    /** Shorter ones, such as a tenant's number, are found in any text. */
    private static final int SECRET_CHARS_MIN = 4;

    private ReceiverText() {}

    static String of(byte[] body, List<String> secrets) {
        return of(new String(body, 0, Math.min(body.length, 8 * CHARS_MAX), StandardCharsets.UTF_8), secrets);
    }

    static String of(String text, List<String> secrets) {
        String clean = text.strip();
        for (String secret : secrets) {
            clean = secret.length() < SECRET_CHARS_MIN ? clean : clean.replace(secret, "(secret)");
        }
        StringBuilder line = new StringBuilder(Math.min(clean.length(), CHARS_MAX) + 3);
        for (int i = 0; i < clean.length(); i++) {
            if (line.length() >= CHARS_MAX) {
                return line.append("...").toString();
            }
            char c = clean.charAt(i);
            if (c == '\n') {
                line.append("\\n");
            } else if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT || Character.isSurrogate(c)
                    || c == '\u2028' || c == '\u2029') {
                line.append(String.format("\\u%04x", (int) c));
            } else {
                line.append(c);
            }
        }
        return line.toString();
    }
}
