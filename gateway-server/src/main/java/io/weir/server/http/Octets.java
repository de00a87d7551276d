package io.weir.server.http;

/** Which octets may stand where in a message (RFC 9110 5.5 and 5.6.2, RFC 9112 3). Any thread. */
final class Octets {
    private static final byte TOKEN = 1;
    private static final byte VALUE = 2;
    private static final byte TARGET = 4;
    private static final byte DIGIT = 8;

    /** By octet; one look-up and one mask for each. */
    private static final byte[] KINDS = new byte[256];

    static {
        for (int b = 0; b < KINDS.length; b++) {
            boolean digit = b >= '0' && b <= '9';
            boolean letter = b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z';
            int kinds = digit ? DIGIT : 0;
            kinds |= digit || letter || b < 0x80 && "!#$%&'*+-.^_`|~".indexOf(b) >= 0 ? TOKEN : 0;
            kinds |= b == '\t' || b >= 0x20 && b != 0x7f ? VALUE : 0;
            kinds |= b > 0x20 && b < 0x7f && b != '#' ? TARGET : 0;
            KINDS[b] = (byte) kinds;
        }
    }

    private Octets() {}

    /** Of a method, a field name, a name or value of a chunk extension. */
    static boolean isToken(byte b) {
        return (KINDS[b & 0xff] & TOKEN) != 0;
    }

    /** Of a field value: anything but control bytes; tabs are none. */
    static boolean isValue(byte b) {
        return (KINDS[b & 0xff] & VALUE) != 0;
    }

    /** Of a request target: visible ASCII without {@code #}, which begins what a client keeps to itself. */
    static boolean isTarget(byte b) {
        return (KINDS[b & 0xff] & TARGET) != 0;
    }

    static boolean isDigit(byte b) {
        return (KINDS[b & 0xff] & DIGIT) != 0;
    }

    static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    /** Value of a hexadecimal digit, or -1. */
    static int hex(byte b) {
        if (isDigit(b)) {
            return b - '0';
        }
        int letter = b | 0x20;
        return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
    }

    /** First LF in {@code [from, to)}, or -1. */
    static int lineFeed(byte[] in, int from, int to) {
        for (int i = from; i < to; i++) {
            if (in[i] == '\n') {
                return i;
            }
        }
        return -1;
    }

    /** Whether a span is this text in any case; the text is lower-case ASCII. */
    static boolean is(byte[] in, int from, int to, String lowerCase) {
        if (to - from != lowerCase.length()) {
            return false;
        }
        for (int i = from; i < to; i++) {
            int b = in[i];
            if (b >= 'A' && b <= 'Z') {
                b |= 0x20;
            }
            if (b != lowerCase.charAt(i - from)) {
                return false;
            }
        }
        return true;
    }
}
