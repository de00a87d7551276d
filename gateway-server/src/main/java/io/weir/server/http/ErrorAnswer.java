package io.weir.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/**
 * Encodes an error for its reader: one line of text, or a problem document (RFC 9457) when the request accepts JSON.
 * The text may quote input, so no browser shall take it for anything else. Any thread.
 */
final class ErrorAnswer {
    private static final String PROBLEM = "application/problem+json";

    /** Fields that keep a browser from making anything of the text but text. */
    private static final String[] INERT = {
        "X-Content-Type-Options", "nosniff", "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"
    };

    private ErrorAnswer() {}

    static Answer of(int status, String detail, Request request, String... headers) {
        String[] all = Arrays.copyOf(headers, headers.length + INERT.length);
        System.arraycopy(INERT, 0, all, headers.length, INERT.length);
        if (request.accepts(PROBLEM) || request.accepts(Answer.JSON)) {
            String json = "{\"type\":\"about:blank\",\"title\":\"" + Status.phrase(status) + "\",\"status\":" + status
                    + ",\"detail\":\"" + json(detail) + "\"}\n";
            return Answer.of(status, PROBLEM, json.getBytes(UTF_8), all);
        }
        return Answer.text(status, line(detail) + "\n", all);
    }

    /** Control bytes, which could forge lines or drive terminals, as {@code \xNN}. */
    private static String line(String text) {
        StringBuilder line = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x20 || c >= 0x7f && c < 0xa0) {
                line.append(String.format("\\x%02x", (int) c));
            } else {
                line.append(c);
            }
        }
        return line.toString();
    }

    private static String json(String text) {
        StringBuilder json = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x20 || c >= 0x7f && c < 0xa0) {
                json.append(String.format("\\u%04x", (int) c));
            } else if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else {
                json.append(c);
            }
        }
        return json.toString();
    }
}
