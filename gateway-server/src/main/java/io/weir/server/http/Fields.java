package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;

/**
 * The fields of a request head that have passed all rules, with what they say. Immutable, so that they can be kept for the
 * next request, which on most connections has the same fields, byte for byte: then comparing is all the reading there is.
 * Only the digits of {@code Content-Length} may differ; the length belongs to the request, see
 * {@link HeadReader#length}. Event loop only.
 */
final class Fields {
    /** Of one field among the spans: its name and its value. */
    static final int NAME = 0;
    static final int NAME_END = 1;
    static final int VALUE = 2;
    static final int VALUE_END = 3;
    static final int SPAN = 4;

    private final byte[] bytes;
    private final int[] spans;
    private final String[] values;

    /** Where the digits of the length are, or -1. */
    private final int lengthAt;
    private final int lengthEnd;

    /** Value of {@code Host}; null without one. */
    final String host;
    final boolean http10;
    final boolean keepAlive;
    final boolean expectContinue;
    final boolean isChunked;
    final HeadRules.Coding coding;

    /** Whether something is in them that other connections have no business with. */
    final boolean isPrivate;

    /** Lengths of all lines without their ends. */
    final int size;

    /**
     * @param in where the fields are, up to their empty line
     * @param spans of {@code count} fields, relative to {@code from}
     * @param size of the lines without their ends
     * @param rules which they have passed
     */
    Fields(byte[] in, int from, int to, int[] spans, int count, int size, HeadRules rules) {
        this.bytes = Arrays.copyOfRange(in, from, to);
        this.spans = Arrays.copyOf(spans, count * SPAN);
        this.values = new String[count];
        this.size = size;
        this.lengthAt = rules.lengthField < 0 ? -1 : spans[rules.lengthField * SPAN + VALUE];
        this.lengthEnd = rules.lengthField < 0 ? -1 : spans[rules.lengthField * SPAN + VALUE_END];
        this.host = rules.hostField < 0 ? null : value(rules.hostField);
        this.http10 = rules.http10;
        this.keepAlive = rules.keepAlive;
        this.expectContinue = rules.expectContinue;
        this.isChunked = rules.isChunked;
        this.coding = rules.coding;
        this.isPrivate = rules.isPrivate;
    }

    int length() {
        return bytes.length;
    }

    /** Where the length begins if these fields begin here up to it, -1 if not; the whole of them if they have no length. */
    int lengthAt(byte[] in, int from, int to) {
        int begin = lengthAt < 0 ? bytes.length : lengthAt;
        return to - from >= begin && Arrays.equals(in, from, from + begin, bytes, 0, begin) ? from + begin : -1;
    }

    boolean hasLength() {
        return lengthAt >= 0;
    }

    /** Digits of the length when these fields were read. */
    int lengthDigits() {
        return lengthEnd - lengthAt;
    }

    /** Where the fields end if these go on here behind the length, -1 if not. */
    int endAfterLength(byte[] in, int from, int to) {
        int rest = bytes.length - lengthEnd;
        return to - from >= rest && Arrays.equals(in, from, from + rest, bytes, lengthEnd, bytes.length) ? from + rest : -1;
    }

    /** Value of the first field of this name, in any case; null without one. */
    String get(CharSequence name) {
        int length = name.length();
        for (int field = 0; field < values.length; field++) {
            int at = spans[field * SPAN + NAME];
            if (spans[field * SPAN + NAME_END] - at == length && isName(at, name)) {
                return isLength(field) ? null : value(field);
            }
        }
        return null;
    }

    private boolean isName(int at, CharSequence name) {
        for (int i = 0; i < name.length(); i++) {
            if (lower(bytes[at + i]) != lower(name.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private static int lower(int c) {
        return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    }

    int count() {
        return values.length;
    }

    /** Whether it is the length, whose value belongs to the request. */
    boolean isLength(int field) {
        return spans[field * SPAN + VALUE] == lengthAt;
    }

    /** Value of one of them, in the order in which they were sent. */
    String value(int field) {
        String value = values[field];
        if (value == null) {
            int from = spans[field * SPAN + VALUE];
            value = new String(bytes, from, spans[field * SPAN + VALUE_END] - from, ISO_8859_1);
            values[field] = value;
        }
        return value;
    }
}
