package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.weir.expose.ZstdFrame;
import io.weir.sample.Limits;
import java.util.Arrays;

/**
 * Every rule for the head of a request that is well-formed, checked before any byte of its body is read: what RFC 9110 and
 * RFC 9112 demand of it, and our limits. One pass over the fields. Event loop only; the findings are valid until the next
 * check.
 */
final class HeadRules {
    /** How a body is compressed. */
    enum Coding {
        IDENTITY,
        GZIP,
        DEFLATE,
        /** Framed. */
        SNAPPY,
        ZSTD
    }

    private static final byte[] VERSION = "HTTP/".getBytes(ISO_8859_1);

    private final Limits limits;
    private byte[] in;
    private int hosts;
    private int lengths;
    private int transferEncodings;
    private int contentEncodings;
    private Refusal found;

    boolean http10;
    /** Which field says whom the request is for, or -1. */
    int hostField;
    /** Which field says how long the body is, or -1. */
    int lengthField;
    /** Declared length of the body; 0 without a body, -1 when it is chunked. */
    long length;
    boolean isChunked;
    boolean keepAlive;
    boolean expectContinue;
    Coding coding;
    /** Whether a field is a secret of its connection. */
    boolean isPrivate;

    HeadRules(Limits limits) {
        this.limits = limits;
    }

    // ---------------------------------------------------------------------------------------------- request line

    /** Reads {@code method SP target SP version CRLF}; null when it is not that. */
    RequestLine line(byte[] in, int from, int to) {
        int end = to - 2;
        int method = from;
        while (method < end && Octets.isToken(in[method])) {
            method++;
        }
        int target = method + 1;
        int targetEnd = target;
        while (targetEnd < end && in[targetEnd] != ' ') {
            targetEnd++;
        }
        int version = targetEnd + 1;
        boolean isLine = method > from && in[method] == ' ' && targetEnd > target && isVersion(in, version, end);
        return isLine ? line(in, from, to, method, targetEnd) : null;
    }

    private RequestLine line(byte[] in, int from, int to, int methodEnd, int targetEnd) {
        boolean http1 = in[to - 5] == '1';
        boolean http10 = http1 && in[to - 3] == '0';
        Method method = Method.of(in, from, methodEnd);
        Refusal early = !http10 && !(http1 && in[to - 3] == '1') ? Refusal.VERSION : method == null ? Refusal.METHOD : null;
        String uri = new String(in, methodEnd + 1, targetEnd - methodEnd - 1, ISO_8859_1);
        int authority = authority(uri);
        if (authority == 0) {
            return new RequestLine(in, from, to, method, http10, uri, null, early, target(uri, uri, method));
        }
        int at = authority;
        while (at < uri.length() && uri.charAt(at) != '/' && uri.charAt(at) != '?') {
            at++;
        }
        String host = uri.substring(authority, at);
        String path = at == uri.length() ? "/" : uri.charAt(at) == '?' ? "/" + uri.substring(at) : uri.substring(at);
        Refusal late = at == authority || !isHost(host) ? Refusal.BAD_TARGET : target(uri, path, method);
        return new RequestLine(in, from, to, method, http10, path, host, early, late);
    }

    /** {@code "HTTP/" DIGIT "." DIGIT}, in this case (RFC 9112 2.3) */
    private static boolean isVersion(byte[] in, int from, int end) {
        return end - from == VERSION.length + 3
                && Arrays.equals(in, from, from + VERSION.length, VERSION, 0, VERSION.length)
                && Octets.isDigit(in[end - 3])
                && in[end - 2] == '.'
                && Octets.isDigit(in[end - 1]);
    }

    /** Where the authority of a target in absolute form begins; 0 when it has another form. */
    private static int authority(String uri) {
        return uri.regionMatches(true, 0, "http://", 0, 7) ? 7 : uri.regionMatches(true, 0, "https://", 0, 8) ? 8 : 0;
    }

    /** Origin form; absolute form with the http scheme has been reduced to it (RFC 9112 3.2.2). */
    private Refusal target(String uri, String path, Method method) {
        if (uri.length() > limits.uriBytes()) {
            return Refusal.URI_TOO_LONG;
        }
        if (path.equals("*") && method == Method.OPTIONS) {
            return null;
        }
        if (path.isEmpty() || path.charAt(0) != '/') {
            return Refusal.BAD_TARGET;
        }
        int parameters = 0;
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c >= 0x7f || !Octets.isTarget((byte) c)) {
                return Refusal.BAD_TARGET;
            }
            parameters += c == '&' ? 1 : 0;
        }
        return parameters >= limits.queryParameters() ? Refusal.TOO_MANY_PARAMETERS : null;
    }

    // ---------------------------------------------------------------------------------------------- fields

    /**
     * The first broken rule, or null.
     *
     * @param spans of {@code count} fields, relative to {@code from}, but of no more than there may be
     */
    Refusal fields(boolean http10, byte[] in, int from, int[] spans, int count) {
        this.in = in;
        this.http10 = http10;
        hosts = 0;
        hostField = -1;
        lengths = 0;
        lengthField = -1;
        transferEncodings = 0;
        contentEncodings = 0;
        length = 0;
        isChunked = false;
        keepAlive = !http10;
        expectContinue = false;
        coding = Coding.IDENTITY;
        isPrivate = false;
        found = null;

        for (int field = 0; field < count && found == null; field++) {
            if (field == limits.headers()) {
                return Refusal.HEADERS_TOO_LARGE;
            }
            int span = field * Fields.SPAN;
            field(
                    field,
                    from + spans[span + Fields.NAME],
                    from + spans[span + Fields.NAME_END],
                    from + spans[span + Fields.VALUE],
                    from + spans[span + Fields.VALUE_END]);
        }
        if (found != null) {
            return found;
        }
        if (hosts != 1 && !(http10 && hosts == 0)) {
            return Refusal.BAD_HOST;
        }
        if (isChunked) {
            if (transferEncodings > 1 || lengths > 0 || http10) {
                return Refusal.BAD_TRANSFER_ENCODING;
            }
            length = -1;
        }
        return null;
    }

    /** Fields that mean nothing here are told apart by their length alone. */
    private void field(int field, int name, int nameEnd, int value, int end) {
        switch (nameEnd - name) {
            case 4 -> {
                if (is(name, nameEnd, "host")) {
                    hosts++;
                    hostField = field;
                    found = isHost(text(value, end)) ? null : Refusal.BAD_HOST;
                }
            }
            case 6 -> {
                if (is(name, nameEnd, "expect")) {
                    expectContinue = !http10;
                    found = is(value, end, "100-continue") ? null : Refusal.EXPECTATION;
                } else if (is(name, nameEnd, "cookie")) {
                    isPrivate = true;
                }
            }
            case 10 -> {
                if (is(name, nameEnd, "connection")) {
                    connection(text(value, end));
                }
            }
            case 13 -> isPrivate |= is(name, nameEnd, "authorization");
            case 14 -> {
                if (is(name, nameEnd, "content-length")) {
                    lengthField = field;
                    length = length(in, value, end);
                    found = ++lengths == 1 && length >= 0 ? null : Refusal.BAD_LENGTH;
                }
            }
            case 16 -> {
                if (is(name, nameEnd, "content-encoding")) {
                    contentEncoding(value, end);
                }
            }
            case 17 -> {
                if (is(name, nameEnd, "transfer-encoding")) {
                    transferEncodings++;
                    isChunked = true;
                    found = is(value, end, "chunked") ? null : Refusal.BAD_TRANSFER_ENCODING;
                }
            }
            case 18 -> {
                // With both such fields (hixie-76) a GET has a body of 8 bytes that no length declares.
                if (is(name, nameEnd, "sec-websocket-key1")) {
                    found = Refusal.BAD_LENGTH;
                }
            }
            case 19 -> isPrivate |= is(name, nameEnd, "proxy-authorization");
            default -> {}
        }
    }

    private void connection(String tokens) {
        if (Accept.names(tokens, "close")) {
            keepAlive = false;
        } else if (http10 && Accept.names(tokens, "keep-alive")) {
            keepAlive = true;
        }
    }

    /** Value of a {@code Content-Length}: one decimal number without sign or leading zeros, or -1. */
    static long length(byte[] in, int from, int end) {
        int digits = end - from;
        boolean good = digits > 0 && digits <= 19 && (digits == 1 || in[from] != '0');
        long n = 0;
        for (int i = from; good && i < end; i++) {
            good = Octets.isDigit(in[i]);
            n = n > (Long.MAX_VALUE - 9) / 10 ? Long.MAX_VALUE - 9 : n * 10 + in[i] - '0';
        }
        return good ? n : -1;
    }

    /** What a body may be compressed with (RFC 9110 12.5.3). */
    static String codings() {
        return ZstdFrame.isAvailable() ? "gzip, deflate, snappy, zstd" : "gzip, deflate, snappy";
    }

    private void contentEncoding(int value, int end) {
        if (is(value, end, "gzip") || is(value, end, "x-gzip")) {
            coding = Coding.GZIP;
        } else if (is(value, end, "deflate")) {
            coding = Coding.DEFLATE;
        } else if (is(value, end, "snappy") || is(value, end, "x-snappy-framed")) {
            coding = Coding.SNAPPY;
        } else if (is(value, end, "zstd") && ZstdFrame.isAvailable()) {
            coding = Coding.ZSTD;
        } else if (!is(value, end, "identity")) {
            found = Refusal.CONTENT_ENCODING;
        }
        if (++contentEncodings > 1) {
            found = Refusal.CONTENT_ENCODING;
        }
    }

    /** {@code reg-name[:port]} or {@code [IPv6][:port]} (RFC 3986 3.2.2, without user information); may be empty. */
    static boolean isHost(CharSequence value) {
        int end = value.length();
        int i = 0;
        if (end > 0 && value.charAt(0) == '[') {
            i = 1;
            while (i < end && (Character.digit(value.charAt(i), 16) >= 0 && value.charAt(i) < 0x80
                    || value.charAt(i) == ':' || value.charAt(i) == '.')) {
                i++;
            }
            if (i < 3 || i == end || value.charAt(i++) != ']') {
                return false;
            }
        } else {
            while (i < end && value.charAt(i) != ':') {
                if (!isRegName(value.charAt(i++))) {
                    return false;
                }
            }
        }
        if (i == end) {
            return true;
        }
        if (value.charAt(i++) != ':' || i == 1 || end - i > 5) {
            return false;
        }
        for (; i < end; i++) {
            if (value.charAt(i) < '0' || value.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    /** unreserved / sub-delims / "%" */
    private static boolean isRegName(char c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '-' || c == '.' || c == '_' || c == '~' || c == '%'
                || "!$&'()*+,;=".indexOf(c) >= 0;
    }

    private boolean is(int from, int end, String lowerCase) {
        return Octets.is(in, from, end, lowerCase);
    }

    private String text(int from, int end) {
        return new String(in, from, end - from, ISO_8859_1);
    }
}
