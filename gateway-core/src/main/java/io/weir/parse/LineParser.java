package io.weir.parse;

import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.SampleSink;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** A parser of text whose lines are read one by one, each when all of it is there. */
abstract class LineParser extends BodyParser {
    static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    static final long ONES = 0x0101_0101_0101_0101L;
    static final long HIGHS = 0x8080_8080_8080_8080L;
    private static final long NEWLINES = '\n' * ONES;

    private static final long QUOTES = '"' * ONES;
    private static final long BACKSLASHES = '\\' * ONES;

    /** The closing quote that {@link #quoted} has found. */
    int quote;

    /** How many bytes of the unread tail are known to hold no newline. */
    private int searched;

    LineParser(Limits limits, KeyHash hash, TextParser.Timestamps timestamps) {
        super(limits, hash, timestamps);
    }

    @Override
    public void reset(SampleSink sink) {
        super.reset(sink);
        searched = 0;
    }

    /**
     * Reads the line that is expected here, if it is that one and all of it is there; else nothing has happened.
     *
     * @return index behind its newline, or {@code start}
     */
    int expected(byte[] b, int start, int end) {
        return start;
    }

    /** Reads one line, newline excluded; an error is told by {@link #errorAt} and {@link #detail} too. */
    abstract Code line(byte[] b, int start, int end);

    /** The body ends at {@code at}. */
    Code end(int at) {
        return Code.OK;
    }

    @Override
    final Result read(byte[] b, int offset, int length, boolean last) {
        assert searched <= length;
        int end = offset + length;
        int start = offset;
        int from = offset + searched;
        searched = 0;
        while (start < end) {
            // a tail that has been tried is not tried again: a body that comes byte by byte must cost linear time
            int next = from == start ? expected(b, start, end) : start;
            if (next > start) {
                lines++;
                start = next;
                from = next;
                continue;
            }
            int stop = newline(b, from, end);
            if (stop - start > limits.lineBytes()) {
                int excess = start + limits.lineBytes();
                Code code = over(Code.LINE_TOO_LONG, excess, limits.lineBytes(), " bytes");
                return refuse(code, b, offset, start, excess + 1, start);
            }
            if (stop == end && !last) {
                searched = end - start;
                consumed = start - offset;
                return Result.NEED_MORE;
            }

            Code code = line(b, start, stop);
            if (code != Code.OK) {
                return refuse(code, b, offset, start, stop, errorAt);
            }
            lines++;
            start = stop + 1;
            from = start;
        }
        Code code = last ? end(end) : Code.OK;
        if (code != Code.OK) {
            return refuse(code, b, offset, end, end, end);
        }
        consumed = length;
        return Result.COMPLETE;
    }

    private Result refuse(Code code, byte[] b, int offset, int start, int stop, int excerptAt) {
        consumed = start - offset;
        int column = Utf8.characters(b, start, errorAt) + 1;
        failure = new ParseFailure(code, lines + 1, column, Excerpt.of(b, start, stop, excerptAt), detail);
        return Result.ERROR;
    }

    final Code over(Code code, int at, int limit, String unit) {
        return error(code, at, limit + unit);
    }

    // ---- names in quotes

    /** Reads a name behind its opening quote; where it is closed is in {@link #quote}. */
    final Code quoted(byte[] b, int from, int end, int bytesMax, Code tooLong) {
        int escapes = 0;
        int i = quoteOrBackslash(b, from, end);
        for (; i < end && b[i] != '"'; i = quoteOrBackslash(b, i + 2, end)) {
            if (i + 1 < end && b[i + 1] != '\\' && b[i + 1] != '"' && b[i + 1] != 'n') {
                return error(Code.BAD_ESCAPE, i);
            }
            escapes++;
        }
        if (i >= end) {
            return error(Code.NAME_NOT_CLOSED, from - 1);
        }
        int bad = Utf8.firstInvalid(b, from, i);
        if (bad < i) {
            return error(Code.BAD_UTF8, bad);
        }
        if (i - from - escapes > bytesMax) {
            return over(tooLong, from, bytesMax, " bytes");
        }
        quote = i;
        return Code.OK;
    }

    /** Whether a name, in quotes or not, has escapes. */
    static boolean isEscaped(byte[] b, int from, int length) {
        if (length == 0 || from == 0 || b[from - 1] != '"') {
            return false;
        }
        for (int i = from; i < from + length; i++) {
            if (b[i] == '\\') {
                return true;
            }
        }
        return false;
    }

    /** Undoes the escapes of a name; returns how many bytes are left of it. */
    static int unescape(byte[] b, int from, int length, byte[] to) {
        int n = 0;
        for (int i = from; i < from + length; i++) {
            byte c = b[i];
            if (c == '\\') {
                c = b[++i];
                c = c == 'n' ? (byte) '\n' : c;
            }
            to[n++] = c;
        }
        return n;
    }

    final void begin(byte[] b, int name, int length) {
        if (isEscaped(b, name, length)) {
            byte[] plain = new byte[length];
            sink.begin(plain, 0, unescape(b, name, length, plain));
        } else {
            sink.begin(b, name, length);
        }
    }

    final Code label(byte[] b, int name, int length, int value, int valueLength, boolean escaped) {
        if (!isEscaped(b, name, length)) {
            return sink.label(b, name, length, value, valueLength, escaped);
        }
        byte[] both = new byte[length + valueLength];
        int n = unescape(b, name, length, both);
        System.arraycopy(b, value, both, n, valueLength);
        return sink.label(both, 0, n, n, valueLength, escaped);
    }

    static int quoteOrBackslash(byte[] b, int from, int end) {
        int i = from;
        for (; i <= end - Long.BYTES; i += Long.BYTES) {
            long word = (long) LONG.get(b, i);
            long found = zeroBytes(word ^ QUOTES) | zeroBytes(word ^ BACKSLASHES);
            if (found != 0) {
                return i + (Long.numberOfTrailingZeros(found) >>> 3);
            }
        }
        while (i < end && b[i] != '"' && b[i] != '\\') {
            i++;
        }
        return i;
    }

    static int newline(byte[] b, int from, int end) {
        int i = from;
        for (; i <= end - Long.BYTES; i += Long.BYTES) {
            long found = zeroBytes((long) LONG.get(b, i) ^ NEWLINES);
            if (found != 0) {
                return i + (Long.numberOfTrailingZeros(found) >>> 3);
            }
        }
        while (i < end && b[i] != '\n') {
            i++;
        }
        return i;
    }

    /** High bit of each zero byte; bytes above the lowest zero byte may be marked wrongly. */
    static long zeroBytes(long word) {
        return word - ONES & ~word & HIGHS;
    }
}
