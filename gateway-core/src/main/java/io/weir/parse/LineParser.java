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

    private static int newline(byte[] b, int from, int end) {
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
