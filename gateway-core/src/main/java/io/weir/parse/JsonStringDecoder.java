package io.weir.parse;

import io.weir.sample.Code;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Unquotes a body that is one JSON string, such as {@code JSON.stringify(text)} sends, piece by piece. White space before
 * and after the string is allowed, anything else is not. No text format begins with {@code "}, so that the first byte
 * behind white space tells such a body ({@link #skipWhiteSpace}).
 *
 * <p>Positions in its failures count characters of the body as sent. UTF-8 within the string is passed on unchecked: the
 * parser behind checks it where it matters. Event loop only; allocates nothing for good input.
 *
 * <p>Source: RFC 8259 section 7. Surrogate escapes must come in pairs, for nothing else has a form in UTF-8.
 */
public final class JsonStringDecoder {
    /** Decoding {@code n} bytes writes at most {@code n + GROWTH} bytes: an escape may have begun in an earlier piece. */
    public static final int GROWTH = 3;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGHS = 0x8080_8080_8080_8080L;
    private static final long SPACES = ' ' * ONES;
    private static final long QUOTES = '"' * ONES;
    private static final long BACKSLASHES = '\\' * ONES;

    private enum State {
        BEFORE,
        TEXT,
        ESCAPE,
        HEX,
        LOW_BACKSLASH,
        LOW_U,
        AFTER
    }

    private State state;
    private int digits;
    private int unit;
    private int highSurrogate;
    private long line;
    private int column;
    private ParseFailure failure;

    public JsonStringDecoder() {
        reset();
    }

    /** Begins a new body. */
    public void reset() {
        state = State.BEFORE;
        highSurrogate = 0;
        line = 1;
        column = 0;
        failure = null;
    }

    /** Index of the first byte that is not JSON white space; {@code offset + length} when there is none. */
    public static int skipWhiteSpace(byte[] b, int offset, int length) {
        int end = offset + length;
        int i = offset;
        while (i < end && isWhiteSpace(b[i])) {
            i++;
        }
        return i;
    }

    /**
     * Decodes the next piece of the body.
     *
     * @param out has room for {@code length + GROWTH} bytes behind {@code at}; not the same array as {@code in}
     * @return number of bytes written, or -1 when the body is refused, see {@link #failure()}
     */
    public int decode(byte[] in, int offset, int length, byte[] out, int at) {
        if (failure != null) {
            return -1;
        }
        int end = offset + length;
        int n = at;
        for (int i = offset; i < end; i++) {
            if (state == State.TEXT) {
                int run = plainRun(in, i, end, out, n);
                i += run;
                n += run;
                column += run;
                if (i == end) {
                    break;
                }
            }
            byte c = in[i];
            column += (c & 0xc0) != 0x80 ? 1 : 0;
            switch (state) {
                case BEFORE -> {
                    if (c == '"') {
                        state = State.TEXT;
                    } else if (!isWhiteSpace(c)) {
                        return refuse(c, "white space or '\"' expected");
                    } else if (c == '\n') {
                        nextLine();
                    }
                }
                case TEXT -> {
                    if (c == '\\') {
                        state = State.ESCAPE;
                    } else if (c == '"') {
                        state = State.AFTER;
                    } else if (c >= 0 && c < ' ') {
                        return refuse(c, "control characters must be escaped");
                    } else {
                        out[n++] = c;
                    }
                }
                case ESCAPE -> {
                    int plain = plain(c);
                    if (c == 'u') {
                        state = State.HEX;
                        digits = 0;
                        unit = 0;
                    } else if (plain < 0) {
                        return refuse(c, "no such escape sequence");
                    } else {
                        out[n++] = (byte) plain;
                        state = State.TEXT;
                    }
                }
                case HEX -> {
                    int digit = hex(c);
                    if (digit < 0) {
                        return refuse(c, "four hexadecimal digits expected");
                    }
                    unit = unit << 4 | digit;
                    if (++digits == 4) {
                        boolean low = unit >>> 10 == 0xdc00 >>> 10;
                        if (low != (highSurrogate != 0)) {
                            return refuse(c, "half of a surrogate pair");
                        }
                        if (unit >>> 10 == 0xd800 >>> 10) {
                            highSurrogate = unit;
                            state = State.LOW_BACKSLASH;
                        } else {
                            int point = low ? Character.toCodePoint((char) highSurrogate, (char) unit) : unit;
                            n = encode(point, out, n);
                            highSurrogate = 0;
                            state = State.TEXT;
                        }
                    }
                }
                case LOW_BACKSLASH, LOW_U -> {
                    if (c != (state == State.LOW_U ? 'u' : '\\')) {
                        return refuse(c, "half of a surrogate pair");
                    }
                    if (state == State.LOW_U) {
                        state = State.HEX;
                        digits = 0;
                        unit = 0;
                    } else {
                        state = State.LOW_U;
                    }
                }
                case AFTER -> {
                    if (!isWhiteSpace(c)) {
                        return refuse(c, "nothing may follow the closing '\"'");
                    }
                    if (c == '\n') {
                        nextLine();
                    }
                }
                default -> throw new AssertionError(state);
            }
        }
        return n - at;
    }

    /** Whether the body, now at its end, was one whole string; if not, see {@link #failure()}. */
    public boolean finish() {
        if (failure == null && state != State.AFTER) {
            column++;
            failure = new ParseFailure(Code.BAD_JSON, line, column, "", "the closing '\"' is missing");
        }
        return failure == null;
    }

    /** What the body is refused for, or null. */
    public ParseFailure failure() {
        return failure;
    }

    /** Copies words of eight ASCII characters that stand for themselves; answers the number of bytes. */
    private static int plainRun(byte[] in, int from, int end, byte[] out, int at) {
        int i = from;
        for (; i <= end - Long.BYTES; i += Long.BYTES) {
            long word = (long) LONG.get(in, i);
            if ((((word ^ QUOTES) - ONES | (word ^ BACKSLASHES) - ONES | word - SPACES | word) & HIGHS) != 0) {
                break;
            }
            LONG.set(out, at + i - from, word);
        }
        return i - from;
    }

    private int refuse(byte c, String detail) {
        failure = new ParseFailure(Code.BAD_JSON, line, Math.max(1, column), Excerpt.of(new byte[] {c}, 0, 1, 0), detail);
        return -1;
    }

    private void nextLine() {
        line++;
        column = 0;
    }

    private static int plain(byte c) {
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            default -> -1;
        };
    }

    private static int hex(byte c) {
        int letter = (c | 0x20) - 'a';
        return c >= '0' && c <= '9' ? c - '0' : letter >= 0 && letter < 6 ? letter + 10 : -1;
    }

    private static int encode(int point, byte[] out, int at) {
        int n = at;
        if (point < 0x80) {
            out[n++] = (byte) point;
        } else if (point < 0x800) {
            out[n++] = (byte) (0xc0 | point >> 6);
            out[n++] = (byte) (0x80 | point & 0x3f);
        } else {
            if (point < 0x10000) {
                out[n++] = (byte) (0xe0 | point >> 12);
            } else {
                out[n++] = (byte) (0xf0 | point >> 18);
                out[n++] = (byte) (0x80 | point >> 12 & 0x3f);
            }
            out[n++] = (byte) (0x80 | point >> 6 & 0x3f);
            out[n++] = (byte) (0x80 | point & 0x3f);
        }
        return n;
    }

    private static boolean isWhiteSpace(byte c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
    }
}
