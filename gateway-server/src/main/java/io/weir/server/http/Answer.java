package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/**
 * A response encoded before it is needed: status line and header fields without the end of the head, and a body.
 * Immutable, any thread.
 */
public final class Answer {
    public static final String TEXT = "text/plain; charset=utf-8";
    public static final String JSON = "application/json";

    private static final byte[] NOTHING = {};
    private static final byte[] END = "\r\n".getBytes(ISO_8859_1);

    /** {@code 200} with body {@code ok}. */
    public static final Answer OK = text(200, "ok");
    public static final Answer NO_CONTENT = empty(204);

    private final int status;
    private final byte[] head;
    private final byte[] body;
    private final byte[] whole;
    private final boolean streamed;

    private Answer(int status, byte[] head, byte[] body, boolean streamed) {
        this.status = status;
        this.head = head;
        this.body = body;
        this.streamed = streamed;
        this.whole = streamed ? null : concat(head, END, body);
    }

    /** A text answer; the body is the text as given, without a line end added. */
    public static Answer text(int status, String text, String... headers) {
        return of(status, TEXT, text.getBytes(UTF_8), headers);
    }

    /** An answer without body, such as {@code 204} or {@code 304}. */
    public static Answer empty(int status, String... headers) {
        return of(status, null, NOTHING, headers);
    }

    /**
     * An answer with a body.
     *
     * @param headers names and values alternately; a value with control bytes is refused
     */
    public static Answer of(int status, String contentType, byte[] body, String... headers) {
        StringBuilder head = begin(status, contentType, headers);
        if (status != 204 && status != 304) {
            head.append("Content-Length: ").append(body.length).append("\r\n");
        }
        return new Answer(status, head.toString().getBytes(ISO_8859_1), body, false);
    }

    /** The head of an answer whose body is streamed; its length or transfer coding is added when it is sent. */
    public static Answer head(int status, String contentType, String... headers) {
        return new Answer(status, begin(status, contentType, headers).toString().getBytes(ISO_8859_1), NOTHING, true);
    }

    /** This answer with one field more. */
    public Answer with(String name, String value) {
        StringBuilder more = new StringBuilder();
        field(more, name, value);
        return new Answer(status, concat(head, more.toString().getBytes(ISO_8859_1)), body, streamed);
    }

    /** Everything as bytes, for {@link #decoded}; not for streamed answers. */
    public byte[] encoded() {
        return whole;
    }

    /** An answer from its bytes. */
    public static Answer decoded(int status, byte[] encoded) {
        int end = 0;
        while (!(encoded[end] == '\r' && encoded[end + 1] == '\n' && encoded[end + 2] == '\r')) {
            end++;
        }
        return new Answer(
                status, Arrays.copyOf(encoded, end + 2), Arrays.copyOfRange(encoded, end + 4, encoded.length), false);
    }

    public int status() {
        return status;
    }

    /** Status line and fields, each with its line end, without the empty line. */
    byte[] head() {
        return head;
    }

    byte[] body() {
        return body;
    }

    /** Everything in one piece for the plain case: persistent HTTP/1.1, not HEAD. */
    byte[] whole() {
        return whole;
    }

    boolean streamed() {
        return streamed;
    }

    private static StringBuilder begin(int status, String contentType, String... headers) {
        StringBuilder head = new StringBuilder(160);
        head.append("HTTP/1.1 ").append(status).append(' ').append(Status.phrase(status)).append("\r\n");
        if (contentType != null) {
            field(head, "Content-Type", contentType);
        }
        for (int i = 0; i < headers.length; i += 2) {
            field(head, headers[i], headers[i + 1]);
        }
        return head;
    }

    private static void field(StringBuilder head, String name, String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < 0x20 || c > 0x7e) {
                throw new IllegalArgumentException("byte 0x" + Integer.toHexString(c) + " in the value of " + name);
            }
        }
        head.append(name).append(": ").append(value).append("\r\n");
    }

    static byte[] concat(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        byte[] all = new byte[length];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }
}
