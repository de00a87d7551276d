package io.weir.server.http;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;

/**
 * Validated request fields that remember what was sent: of several {@code Content-Length} fields of an HTTP/1.0 request
 * the codec keeps the first and drops the others, unseen. Event loop only.
 */
final class CountedHeaders extends DefaultHttpHeaders {
    private int lengths;

    @Override
    public HttpHeaders add(CharSequence name, Object value) {
        lengths += isLength(name) ? 1 : 0;
        return super.add(name, value);
    }

    @Override
    public HttpHeaders add(String name, Object value) {
        lengths += isLength(name) ? 1 : 0;
        return super.add(name, value);
    }

    /** How many {@code Content-Length} fields were sent. */
    int lengths() {
        return lengths;
    }

    private static boolean isLength(CharSequence name) {
        return name.length() == 14 && AsciiString.contentEqualsIgnoreCase(name, "content-length");
    }
}
