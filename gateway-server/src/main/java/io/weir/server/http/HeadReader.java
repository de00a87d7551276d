package io.weir.server.http;

/**
 * Reads the heads of one connection's requests (RFC 9112 2 to 5): lines that end in CR LF, words one space apart, fields
 * that are not folded; everything else is refused as soon as its line is there. What a good head says is judged by {@link
 * HeadRules} before it is given out. Event loop only; the findings are valid until the next head.
 *
 * <p>Most heads are those of the request before, so the line and the fields are compared with what is known before they are
 * read. Of half a head it is only remembered how far its lines are good; once it is whole it is read from its beginning.
 */
final class HeadReader {
    /** Method, blanks and version around the target in a request line. */
    private static final int LINE_ROOM = 32;

    private static final byte CR = '\r';
    private static final byte LF = '\n';

    private final KnownHeads known;
    private final int lineMax;
    private final int fieldsMax;
    private final int headersMax;
    private final long bodyMax;

    // how far half a head has been looked at, from its first byte
    private boolean isAfterCr;
    private boolean isBegun;
    private boolean hasLine;
    private int lineAt;
    private int scanned;
    private int size;
    private int count;

    /** Null when what there is is no request line. */
    RequestLine line;

    /** Null when they break a rule. */
    Fields fields;

    /** Declared length of the body; 0 without a body, -1 when it is chunked. */
    long length;

    /** The first broken rule, or null. */
    Refusal refusal;

    /** Null before a head has got so far. */
    Method method;

    HeadReader(KnownHeads known) {
        this.known = known;
        this.lineMax = known.limits.uriBytes() + LINE_ROOM;
        this.fieldsMax = known.limits.headerBytes();
        this.headersMax = known.limits.headers();
        this.bodyMax = known.limits.bodyBytes();
    }

    /** Whom a good head is for: the authority of an absolute target, else the Host field; null without one. */
    String host() {
        return line.authority == null ? fields.host : line.authority;
    }

    /** Whether a request line has come and its fields have not. */
    boolean isWithin() {
        return hasLine;
    }

    /** Reads a head; false when there is more to come of it. Takes it from the input when it is good. */
    boolean read(Input in) {
        if (!isBegun && !begin(in)) {
            return false;
        }
        if (refusal == null && (hasLine || line(in)) && refusal == null && !isKnown(in)) {
            fields(in);
        }
        boolean isOver = refusal != null || !isBegun;
        if (isOver) {
            isBegun = false;
            hasLine = false;
        }
        return isOver;
    }

    /** Passes over empty lines in front of a request line (RFC 9112 2.2). */
    private boolean begin(Input in) {
        method = null;
        byte[] array = in.array;
        while (in.from < in.to && array[in.from] == (isAfterCr ? LF : CR)) {
            isAfterCr = !isAfterCr;
            in.from++;
        }
        if (in.isEmpty()) {
            return false;
        }
        isBegun = true;
        refusal = isAfterCr || !Octets.isToken(array[in.from]) ? Refusal.BAD_REQUEST : null;
        isAfterCr = false;
        scanned = 0;
        return true;
    }

    /** Whether there is a request line. */
    private boolean line(Input in) {
        if (line == null || !line.isAt(in.array, in.from, in.to)) {
            line = null;
            int end = lineEnd(in, in.from, 0, lineMax, Refusal.URI_TOO_LONG);
            if (end < 0) {
                return false;
            }
            line = known.line(in.array, in.from, end + 2);
            if (line == null) {
                refusal = Refusal.BAD_REQUEST;
                return false;
            }
        }
        hasLine = true;
        rewind();
        return true;
    }

    private void rewind() {
        lineAt = line.length();
        scanned = lineAt;
        size = 0;
        count = 0;
    }

    /**
     * Where a line ends, without its line end; -1 when it has not ended yet, or is refused.
     *
     * @param before length of other lines that count
     */
    private int lineEnd(Input in, int from, int before, int max, Refusal tooLong) {
        byte[] array = in.array;
        int lineFeed = Octets.lineFeed(array, Math.max(from, in.from + scanned), in.to);
        int end = lineFeed < 0 ? in.to : lineFeed;
        boolean hasCr = end > from && array[end - 1] == CR;
        end -= hasCr ? 1 : 0;
        if (before + end - from > max) {
            refusal = tooLong;
            return -1;
        }
        if (lineFeed < 0) {
            scanned = in.to - in.from;
            return -1;
        }
        if (!hasCr) {
            refusal = Refusal.BAD_REQUEST;
            return -1;
        }
        return end;
    }

    // ---------------------------------------------------------------------------------------------- known fields

    private boolean isKnown(Input in) {
        if (line.early != null || line.late != null) {
            return false;
        }
        if (isThese(fields, in)) {
            return true;
        }
        for (int i = 0; i < known.recent(); i++) {
            if (isThese(known.recent(i), in)) {
                fields = known.recent(i);
                return true;
            }
        }
        return false;
    }

    private boolean isThese(Fields these, Input in) {
        if (these == null || these.http10 != line.http10) {
            return false;
        }
        byte[] array = in.array;
        int at = these.lengthAt(array, in.from + line.length(), in.to);
        if (at < 0) {
            return false;
        }
        if (!these.hasLength()) {
            whole(in, at, these.isChunked ? -1 : 0);
            return true;
        }
        int end = at;
        while (end < in.to && Octets.isDigit(array[end])) {
            end++;
        }
        long declared = HeadRules.length(array, at, end);
        int after = declared < 0 ? -1 : these.endAfterLength(array, end, in.to);
        if (after < 0 || these.size - these.lengthDigits() + end - at > fieldsMax) {
            return false;
        }
        whole(in, after, declared);
        return true;
    }

    /** The head ends here, and all is well with it but perhaps the length. */
    private void whole(Input in, int end, long declared) {
        method = line.method;
        length = declared;
        refusal = declared > bodyMax ? Refusal.BODY_TOO_LARGE : null;
        in.from = end;
        isBegun = false;
        hasLine = false;
    }

    // ---------------------------------------------------------------------------------------------- new fields

    private void fields(Input in) {
        boolean isWhole = lineAt == line.length();
        while (true) {
            int at = in.from + lineAt;
            int end = lineEnd(in, at, size, fieldsMax, Refusal.HEADERS_TOO_LARGE);
            if (end < 0) {
                return;
            }
            if (end > at) {
                size += end - at;
                if (!field(in.array, in.from + line.length(), at, end)) {
                    refusal = Refusal.BAD_REQUEST;
                    return;
                }
                lineAt = end + 2 - in.from;
                scanned = lineAt;
            } else if (isWhole) {
                judge(in, end + 2);
                return;
            } else {
                rewind();
                isWhole = true;
            }
        }
    }

    /** {@code name ":" OWS value OWS} */
    private boolean field(byte[] in, int begin, int from, int end) {
        int nameEnd = from;
        while (nameEnd < end && Octets.isToken(in[nameEnd])) {
            nameEnd++;
        }
        if (nameEnd == from || nameEnd == end || in[nameEnd] != ':') {
            return false;
        }
        int value = nameEnd + 1;
        while (value < end && Octets.isBlank(in[value])) {
            value++;
        }
        int valueEnd = end;
        while (valueEnd > value && Octets.isBlank(in[valueEnd - 1])) {
            valueEnd--;
        }
        for (int i = value; i < valueEnd; i++) {
            if (!Octets.isValue(in[i])) {
                return false;
            }
        }
        if (count < headersMax) {
            int[] spans = known.spans;
            int span = count * Fields.SPAN;
            spans[span + Fields.NAME] = from - begin;
            spans[span + Fields.NAME_END] = nameEnd - begin;
            spans[span + Fields.VALUE] = value - begin;
            spans[span + Fields.VALUE_END] = valueEnd - begin;
        }
        count++;
        return true;
    }

    private void judge(Input in, int end) {
        int begin = in.from + line.length();
        HeadRules rules = known.rules;
        fields = null;
        refusal = line.early;
        if (refusal == null) {
            method = line.method;
            refusal = rules.fields(line.http10, in.array, begin, known.spans, count);
        }
        if (refusal == null) {
            fields = new Fields(in.array, begin, end, known.spans, count, size, rules);
            known.add(fields);
            whole(in, end, rules.length);
            refusal = refusal == null ? line.late : refusal;
        }
    }
}
