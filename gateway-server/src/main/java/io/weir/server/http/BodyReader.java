package io.weir.server.http;

/**
 * Finds the pieces of a body in what has been read (RFC 9112 6 and 7): as many bytes as were declared, or chunks, whose
 * lines end in CR LF. Extensions and trailers have to be well-formed, are bounded together, and are dropped. Event loop
 * only; the findings are valid until the next call.
 */
final class BodyReader {
    private enum State {
        LENGTH,
        SIZE,
        DATA,
        DATA_END,
        TRAILERS
    }

    private static final int LINE_END = 2;
    /** Digits of a size line that are no extras. */
    private static final int SIZE_DIGITS = 16;

    private static final byte CR = '\r';
    private static final byte LF = '\n';

    private final int extrasMax;
    private State state = State.LENGTH;
    private long remaining;
    private long extras;

    /** A piece of the body in the input, perhaps empty. */
    int at;

    int length;

    /** Whether it is the last one. */
    boolean isLast;

    /** Why this is no body, or null. */
    Refusal refusal;

    BodyReader(int extrasMax) {
        this.extrasMax = extrasMax;
    }

    /**
     * Begins a body.
     *
     * @param declared its length; -1 when it is chunked
     */
    void begin(long declared) {
        state = declared < 0 ? State.SIZE : State.LENGTH;
        remaining = declared;
        extras = 0;
        refusal = null;
    }

    /** Whether there is a last piece that needs no more input. */
    boolean isDue() {
        return state == State.LENGTH && remaining == 0;
    }

    /** Takes the next piece, or finds something to refuse; false when there is more to come before. */
    boolean next(Input in) {
        length = 0;
        isLast = false;
        while (refusal == null) {
            switch (state) {
                case LENGTH, DATA -> {
                    return piece(in);
                }
                case SIZE -> {
                    if (!sizeLine(in)) {
                        return refusal != null;
                    }
                }
                case DATA_END -> {
                    if (in.length() < LINE_END) {
                        return false;
                    }
                    state = State.SIZE;
                    refusal = in.array[in.from] == CR && in.array[in.from + 1] == LF ? null : Refusal.BAD_CHUNK;
                    in.from += LINE_END;
                }
                case TRAILERS -> {
                    if (!trailer(in)) {
                        return refusal != null;
                    }
                    if (isLast) {
                        return true;
                    }
                }
            }
        }
        return true;
    }

    private boolean piece(Input in) {
        int n = (int) Math.min(remaining, in.length());
        if (n == 0 && remaining > 0) {
            return false;
        }
        at = in.from;
        length = n;
        in.from += n;
        remaining -= n;
        if (remaining == 0) {
            isLast = state == State.LENGTH;
            state = isLast ? state : State.DATA_END;
        }
        return true;
    }

    /** Where the line ends, without its line end; -1 when it has not ended, or is refused. */
    private int lineEnd(Input in, int free) {
        int lineFeed = Octets.lineFeed(in.array, in.from, in.to);
        int end = lineFeed < 0 ? in.to : lineFeed;
        boolean hasCr = end > in.from && in.array[end - 1] == CR;
        end -= hasCr ? 1 : 0;
        if (extras + end - in.from - free > extrasMax) {
            refusal = Refusal.CHUNK_EXTRAS;
            return -1;
        }
        if (lineFeed >= 0 && !hasCr) {
            refusal = Refusal.BAD_CHUNK;
        }
        return lineFeed < 0 || !hasCr ? -1 : end;
    }

    /** {@code chunk-size [ chunk-ext ] CRLF} */
    private boolean sizeLine(Input in) {
        int end = lineEnd(in, SIZE_DIGITS);
        if (end < 0) {
            return false;
        }
        extras += Math.max(0, end - in.from - SIZE_DIGITS);
        long size = 0;
        int digits = in.from;
        for (int digit; digits < end && (digit = Octets.hex(in.array[digits])) >= 0; digits++) {
            size = Math.min(size << 4 | digit, 1L << 40);
        }
        if (digits == in.from || size > Integer.MAX_VALUE || !areExtensions(in.array, digits, end)) {
            refusal = Refusal.BAD_CHUNK;
            return false;
        }
        remaining = size;
        state = size == 0 ? State.TRAILERS : State.DATA;
        in.from = end + LINE_END;
        return true;
    }

    /** {@code *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )} */
    private static boolean areExtensions(byte[] in, int from, int end) {
        int i = from;
        while (i < end) {
            i = afterBlanks(in, i, end);
            if (i == end || in[i] != ';') {
                return false;
            }
            i = afterBlanks(in, i + 1, end);
            int name = i;
            i = afterToken(in, i, end);
            if (i == name) {
                return false;
            }
            int equals = afterBlanks(in, i, end);
            if (equals == end || in[equals] != '=') {
                continue;
            }
            i = afterBlanks(in, equals + 1, end);
            int value = i;
            i = i < end && in[i] == '"' ? afterQuoted(in, i + 1, end) : afterToken(in, i, end);
            if (i <= value) {
                return false;
            }
        }
        return true;
    }

    private static int afterBlanks(byte[] in, int from, int end) {
        int i = from;
        while (i < end && Octets.isBlank(in[i])) {
            i++;
        }
        return i;
    }

    private static int afterToken(byte[] in, int from, int end) {
        int i = from;
        while (i < end && Octets.isToken(in[i])) {
            i++;
        }
        return i;
    }

    /** Behind the closing quote; -1 without one. */
    private static int afterQuoted(byte[] in, int from, int end) {
        for (int i = from; i < end && Octets.isValue(in[i]); i++) {
            if (in[i] == '"') {
                return i + 1;
            }
            if (in[i] == '\\' && (++i == end || !Octets.isValue(in[i]))) {
                return -1;
            }
        }
        return -1;
    }

    /** A trailer field, which is dropped, or the empty line at the end. */
    private boolean trailer(Input in) {
        int end = lineEnd(in, 0);
        if (end < 0) {
            return false;
        }
        isLast = end == in.from;
        if (!isLast) {
            extras += end + LINE_END - in.from;
            if (extras > extrasMax) {
                refusal = Refusal.CHUNK_EXTRAS;
                return false;
            }
            if (!isField(in.array, in.from, end)) {
                refusal = Refusal.BAD_CHUNK;
                return false;
            }
        }
        in.from = end + LINE_END;
        return true;
    }

    private static boolean isField(byte[] in, int from, int end) {
        int name = afterToken(in, from, end);
        boolean good = name > from && name < end && in[name] == ':';
        for (int i = name + 1; good && i < end; i++) {
            good = Octets.isValue(in[i]);
        }
        return good;
    }
}
