package io.weir.server.http;

/** The status codes this server sends, with their phrases and a dense index for counting. Any thread. */
public final class Status {
    private static final int[] CODES = {
        200, 202, 204, 207, 304, 400, 401, 403, 404, 405, 408, 409, 411, 413, 414, 415, 417, 421, 422, 429, 431, 500, 501, 502,
        503, 504, 505
    };
    private static final String[] PHRASES = {
        "OK", "Accepted", "No Content", "Multi-Status", "Not Modified", "Bad Request", "Unauthorized", "Forbidden",
        "Not Found", "Method Not Allowed", "Request Timeout", "Conflict", "Length Required", "Content Too Large",
        "URI Too Long", "Unsupported Media Type", "Expectation Failed", "Misdirected Request", "Unprocessable Content",
        "Too Many Requests", "Request Header Fields Too Large", "Internal Server Error", "Not Implemented", "Bad Gateway",
        "Service Unavailable", "Gateway Timeout", "HTTP Version Not Supported"
    };
    private static final byte[] INDEX = new byte[600];

    static {
        java.util.Arrays.fill(INDEX, (byte) -1);
        for (int i = 0; i < CODES.length; i++) {
            INDEX[CODES[i]] = (byte) i;
        }
    }

    private Status() {}

    public static String phrase(int status) {
        return PHRASES[index(status)];
    }

    /** How many codes there are. */
    public static int count() {
        return CODES.length;
    }

    public static int code(int index) {
        return CODES[index];
    }

    /** Dense index of a code. */
    public static int index(int status) {
        int index = INDEX[status];
        if (index < 0) {
            throw new IllegalArgumentException("status " + status + " is not in the table");
        }
        return index;
    }
}
