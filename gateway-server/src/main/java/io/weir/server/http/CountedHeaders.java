package io.weir.server.http;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;

/**
 * Validated request fields that remember what was sent: of several {@code Content-Length} fields of an HTTP/1.0 request
 * the codec keeps the first and drops the others, unseen. Event loop only.
 */
final class CountedHeaders extends DefaultHttpHeaders {
    private int fields;
    private int lengths;
    private boolean coding;

    @Override
    public HttpHeaders add(CharSequence name, Object value) {
        count(name);
        return super.add(name, value);
    }

    @Override
    public HttpHeaders add(String name, Object value) {
        count(name);
        return super.add(name, value);
    }

    /** How many of them are a {@code Content-Length}. */
    int lengths() {
        return lengths;
    }

    /** How many fields were sent. */
    int fields() {
        return fields;
    }

    /** Whether there is a {@code Transfer-Encoding}. */
    boolean hasCoding() {
        return coding;
    }

    private void count(CharSequence name) {
        fields++;
        if (name.length() == 14) {
            lengths += AsciiString.contentEqualsIgnoreCase(name, "content-length") ? 1 : 0;
        } else if (name.length() == 17) {
            coding |= AsciiString.contentEqualsIgnoreCase(name, "transfer-encoding");
        }
    }
}
