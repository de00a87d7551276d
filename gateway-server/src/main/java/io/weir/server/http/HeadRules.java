package io.weir.server.http;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.AsciiString;
import io.weir.expose.ZstdFrame;
import io.weir.sample.Limits;
import java.util.Iterator;
import java.util.Map;

/**
 * Every rule for the head of a request, checked before any byte of its body is read: what RFC 9110 and RFC 9112 demand
 * and the codec lets through. One pass over the fields. One instance per connection, event loop only; the findings are
 * valid until the next check.
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

    private final Limits limits;
    private int hosts;
    private int lengths;
    private int transferEncodings;
    private int contentEncodings;
    private Refusal found;

    /** Null before the next request has got so far. */
    Method method;
    boolean http10;
    /** Whom the request is for: the authority of an absolute target, else the Host field; null without one. */
    CharSequence host;
    /** The target in origin form, or {@code *} for OPTIONS. */
    String target;
    /** Declared length of the body; 0 without a body, -1 when it is chunked. */
    long length;
    boolean keepAlive;
    boolean expectContinue;
    Coding coding;

    HeadRules(Limits limits) {
        this.limits = limits;
    }

    /** The first broken rule, or null. */
    Refusal check(HttpRequest head) {
        method = null;
        if (head.decoderResult().isFailure()) {
            return undecoded(head.decoderResult().cause());
        }
        Refusal refusal = version(head.protocolVersion());
        if (refusal != null) {
            return refusal;
        }
        method = Method.of(head.method().name());
        if (method == null) {
            return Refusal.METHOD;
        }
        refusal = fields(head.headers());
        if (refusal == null) {
            refusal = target(head.uri());
        }
        return refusal;
    }

    /** What the codec itself has refused. */
    private static Refusal undecoded(Throwable cause) {
        if (cause instanceof TooLongHttpLineException) {
            return Refusal.URI_TOO_LONG;
        }
        return cause instanceof TooLongHttpHeaderException ? Refusal.HEADERS_TOO_LARGE : Refusal.BAD_REQUEST;
    }

    private Refusal version(HttpVersion version) {
        http10 = version.majorVersion() == 1 && version.minorVersion() == 0;
        boolean http11 = version.majorVersion() == 1 && version.minorVersion() == 1;
        return (http10 || http11) && version.protocolName().equals("HTTP") ? null : Refusal.VERSION;
    }

    private Refusal fields(HttpHeaders headers) {
        hosts = 0;
        host = null;
        lengths = 0;
        transferEncodings = 0;
        contentEncodings = 0;
        length = 0;
        keepAlive = !http10;
        expectContinue = false;
        coding = Coding.IDENTITY;
        found = null;

        int count = 0;
        Iterator<Map.Entry<CharSequence, CharSequence>> fields = headers.iteratorCharSequence();
        while (fields.hasNext() && found == null) {
            Map.Entry<CharSequence, CharSequence> field = fields.next();
            if (++count > limits.headers()) {
                return Refusal.HEADERS_TOO_LARGE;
            }
            field(field.getKey(), field.getValue());
        }
        if (found != null) {
            return found;
        }
        if (headers instanceof CountedHeaders counted && counted.lengths() > 1) {
            return Refusal.BAD_LENGTH;
        }
        if (hosts != 1 && !(http10 && hosts == 0)) {
            return Refusal.BAD_HOST;
        }
        if (transferEncodings > 0) {
            if (transferEncodings > 1 || lengths > 0 || http10) {
                return Refusal.BAD_TRANSFER_ENCODING;
            }
            length = -1;
        }
        return length > limits.bodyBytes() ? Refusal.BODY_TOO_LARGE : null;
    }

    /** Fields that mean nothing here are told apart by their length alone. */
    private void field(CharSequence name, CharSequence value) {
        switch (name.length()) {
            case 4 -> {
                if (is(name, "host")) {
                    hosts++;
                    host = value;
                    found = isHost(value) ? null : Refusal.BAD_HOST;
                }
            }
            case 6 -> {
                if (is(name, "expect")) {
                    expectContinue = !http10;
                    found = is(value, "100-continue") ? null : Refusal.EXPECTATION;
                }
            }
            case 10 -> {
                if (is(name, "connection")) {
                    connection(value);
                }
            }
            case 14 -> {
                if (is(name, "content-length")) {
                    contentLength(value);
                }
            }
            case 16 -> {
                if (is(name, "content-encoding")) {
                    contentEncoding(value);
                }
            }
            case 17 -> {
                if (is(name, "transfer-encoding")) {
                    transferEncodings++;
                    found = is(value, "chunked") ? null : Refusal.BAD_TRANSFER_ENCODING;
                }
            }
            case 18 -> {
                // The codec gives a GET with both such fields (hixie-76) a body of 8 bytes that no length declares.
                if (is(name, "sec-websocket-key1")) {
                    found = Refusal.BAD_LENGTH;
                }
            }
            default -> {}
        }
    }

    private void connection(CharSequence value) {
        String tokens = value.toString();
        if (Accept.names(tokens, "close")) {
            keepAlive = false;
        } else if (http10 && Accept.names(tokens, "keep-alive")) {
            keepAlive = true;
        }
    }

    private void contentLength(CharSequence value) {
        int digits = value.length();
        boolean good = ++lengths == 1 && digits > 0 && digits <= 19 && (digits == 1 || value.charAt(0) != '0');
        long n = 0;
        for (int i = 0; good && i < digits; i++) {
            int d = value.charAt(i) - '0';
            good = d >= 0 && d <= 9;
            n = n > (Long.MAX_VALUE - 9) / 10 ? Long.MAX_VALUE - 9 : n * 10 + d;
        }
        length = n;
        found = good ? null : Refusal.BAD_LENGTH;
    }

    /** What a body may be compressed with (RFC 9110 12.5.3). */
    static String codings() {
        return ZstdFrame.isAvailable() ? "gzip, deflate, snappy, zstd" : "gzip, deflate, snappy";
    }

    private void contentEncoding(CharSequence value) {
        if (is(value, "gzip") || is(value, "x-gzip")) {
            coding = Coding.GZIP;
        } else if (is(value, "deflate")) {
            coding = Coding.DEFLATE;
        } else if (is(value, "snappy") || is(value, "x-snappy-framed")) {
            coding = Coding.SNAPPY;
        } else if (is(value, "zstd") && ZstdFrame.isAvailable()) {
            coding = Coding.ZSTD;
        } else if (!is(value, "identity")) {
            found = Refusal.CONTENT_ENCODING;
        }
        if (++contentEncodings > 1) {
            found = Refusal.CONTENT_ENCODING;
        }
    }

    /** Origin form; absolute form with the http scheme is reduced to it (RFC 9112 3.2.2). */
    private Refusal target(String uri) {
        if (uri.length() > limits.uriBytes()) {
            return Refusal.URI_TOO_LONG;
        }
        String path = uri;
        if (uri.regionMatches(true, 0, "http://", 0, 7) || uri.regionMatches(true, 0, "https://", 0, 8)) {
            int authority = uri.indexOf("://") + 3;
            int at = authority;
            while (at < uri.length() && uri.charAt(at) != '/' && uri.charAt(at) != '?') {
                at++;
            }
            host = uri.substring(authority, at);
            if (at == authority || !isHost(host)) {
                return Refusal.BAD_TARGET;
            }
            path = at == uri.length() ? "/" : uri.charAt(at) == '?' ? "/" + uri.substring(at) : uri.substring(at);
        }
        target = path;
        if (path.equals("*") && method == Method.OPTIONS) {
            return null;
        }
        if (path.isEmpty() || path.charAt(0) != '/') {
            return Refusal.BAD_TARGET;
        }
        int parameters = 0;
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c <= 0x20 || c >= 0x7f || c == '#') {
                return Refusal.BAD_TARGET;
            }
            parameters += c == '&' ? 1 : 0;
        }
        return parameters >= limits.queryParameters() ? Refusal.TOO_MANY_PARAMETERS : null;
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

    private static boolean is(CharSequence text, String lowerCase) {
        return AsciiString.contentEqualsIgnoreCase(text, lowerCase);
    }
}
