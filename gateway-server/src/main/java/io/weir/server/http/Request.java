package io.weir.server.http;

import io.netty.util.AsciiString;
import java.net.InetSocketAddress;

/**
 * The head of a request that has passed all rules. Reused for the next request of its connection: valid until the request
 * is answered. Event loop only.
 */
public final class Request {
    private static final String CONTENT_LENGTH = "content-length";

    private Fields fields;
    private long length;
    private Method method;
    private boolean http10;
    private String path;
    private int queryAt;
    private String target;
    private int restAt;
    private InetSocketAddress remote;
    private String principal;
    private Object memo;

    Request() {}

    void remote(InetSocketAddress remote) {
        this.remote = remote;
    }

    /**
     * Takes over a head.
     *
     * @param length of the body, or -1
     */
    void reset(RequestLine line, Fields fields, long length) {
        this.method = line.method;
        this.http10 = line.http10;
        this.fields = fields;
        this.length = length;
        this.target = line.inside;
        this.path = line.path;
        this.queryAt = path.length() == target.length() ? -1 : path.length();
        this.restAt = path.length();
        this.principal = null;
    }

    /** Takes over what is known of a request that is answered without a door. */
    void reset(Method method, Fields fields) {
        this.method = method;
        this.http10 = false;
        this.fields = fields;
        this.length = -1;
        this.target = "";
        this.path = "";
        this.queryAt = -1;
        this.restAt = 0;
        this.principal = null;
    }

    void principal(String name) {
        principal = name;
    }

    void restAt(int restAt) {
        this.restAt = restAt;
    }

    public Method method() {
        return method;
    }

    Fields fields() {
        return fields;
    }

    boolean http10() {
        return http10;
    }

    /** Path and query as sent, percent-encoded, visible ASCII, starting with {@code /}; without the route prefix. */
    public String target() {
        return target;
    }

    /** Path as sent, percent-encoded, without the query. */
    public String path() {
        return path;
    }

    /** What follows the prefix under which the door is registered, percent-encoded; empty for an exact path. */
    public String rest() {
        return path.substring(restAt);
    }

    /** Where {@link #rest} begins in {@link #target}. */
    public int restAt() {
        return restAt;
    }

    /** The query as sent, without {@code ?}; null when there is none. */
    public String query() {
        return queryAt < 0 ? null : target.substring(queryAt + 1);
    }

    /** Value of the first field of this name (any case), or null. */
    public String header(CharSequence name) {
        if (fields == null) {
            return null;
        }
        String value = fields.get(name);
        // fields are shared by requests whose bodies have other lengths
        return value == null && length >= 0 && fields.hasLength() && AsciiString.contentEqualsIgnoreCase(CONTENT_LENGTH, name)
                ? Long.toString(length)
                : value;
    }

    /** Decoded value of the first query parameter of this name; null when absent or not well-formed. */
    public String parameter(String name) {
        if (queryAt < 0) {
            return null;
        }
        QueryReader reader = new QueryReader(target, queryAt + 1);
        while (reader.next()) {
            if (name.equals(reader.name())) {
                return reader.value();
            }
        }
        return null;
    }

    /** Whether the {@code Accept} field names this media type with a quality above zero. Wildcards do not count. */
    public boolean accepts(String mediaType) {
        return Accept.names(header("accept"), mediaType);
    }

    /** Quality in thousandths with which the {@code Accept-Encoding} field names this coding; 0 when it does not. */
    public int encodingQuality(String coding) {
        return Accept.quality(header("accept-encoding"), coding);
    }

    /** Name of the token or user that the request was let in with; null when it was not asked for any. */
    public String principal() {
        return principal;
    }

    /** What doors remember of this connection; null at first. */
    public Object memo() {
        return memo;
    }

    public void memo(Object of) {
        memo = of;
    }

    /** The peer, or null when it is not an Internet address. */
    public InetSocketAddress remote() {
        return remote;
    }
}
