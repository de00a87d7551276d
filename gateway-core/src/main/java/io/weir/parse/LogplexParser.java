package io.weir.parse;

import io.weir.sample.Code;
import io.weir.sample.Limits;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Parser of the body of a Logplex HTTPS drain: syslog frames, each behind its length in bytes. It refuses no body; what
 * cannot be read is passed over and counted.
 *
 * <pre>
 *   body:   ( LENGTH SP frame  newline* )*         newlines between frames are not Logplex', but they do occur
 *   frame:  &lt;PRI&gt;1 SP TIME SP HOST SP APP SP PROCESS SP ID [ SP text ] [ newline ]        no structured data
 * </pre>
 *
 * <p>Limits: {@link Limits#LOGPLEX_FRAME_BYTES}, {@link Limits#LOGPLEX_LENGTH_DIGITS}.
 *
 * <p><b>Where a frame ends.</b> Its length says so, and it is believed when the frame ends with a newline, or a newline, the
 * head of another frame or the end of the body follows: so texts with newlines survive, and frames without. A length that
 * does not hold is not Logplex': then the frame ends before the first newline that the head of another frame follows, or
 * with the body, as it does for receivers that split at newlines. Bytes that begin no frame are passed over to there, too.
 *
 * <p>Source: heroku/logplex {@code src/logplex_http_drain.erl}, {@code doc/README.http_drains.md}; RFC 6587, 3.4.1;
 * {@code specs/ingest.md} 1.8.
 */
public final class LogplexParser extends Parser<LogplexParser.Messages> {
    /** Receives the messages of a body. Event loop only; spans are valid during the call. */
    public interface Messages {
        /**
         * One message. The process is that of the head: {@code web.1}, {@code router}, {@code heroku-postgres}.
         *
         * @param text where the text begins, which may be empty, hold newlines and any other bytes
         */
        void message(byte[] buffer, int app, int appEnd, int process, int processEnd, int text, int textEnd);

        /** A frame that was passed over; {@code code} says why. */
        void passedOver(Code code);
    }

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGHS = 0x8080_8080_8080_8080L;
    private static final long NEWLINES = '\n' * ONES;

    /** What {@link #head} finds instead of a place. */
    private static final int NONE = -1;
    private static final int UNFINISHED = -2;

    private Messages sink;
    private long badLengths;
    /** How many bytes of the unread tail are known to hold no end of the frame that begins it. */
    private int searched;
    /** Passing over what is no frame. */
    private boolean lost;
    private int length;

    @Override
    public void reset(Messages sink) {
        super.reset(sink);
        this.sink = sink;
        badLengths = 0;
        searched = 0;
        lost = false;
    }

    @Override
    public Result parse(byte[] buffer, int offset, int length) {
        return read(buffer, offset, offset + length, false);
    }

    @Override
    public Result finish(byte[] buffer, int offset, int length) {
        return read(buffer, offset, offset + length, true);
    }

    /** Frames whose length did not hold. They were read all the same. */
    public long badLengths() {
        return badLengths;
    }

    private Result read(byte[] b, int offset, int end, boolean last) {
        int i = offset;
        int from = offset + searched;
        searched = 0;
        while (true) {
            if (lost) {
                i = nextHead(b, Math.max(i, from), end, last);
                if (i < 0) {
                    return unread(offset, -1 - i, end, last);
                }
                lost = false;
            }
            while (i < end && (b[i] == '\n' || b[i] == '\r')) {
                i++;
            }
            if (i == end) {
                consumed = end - offset;
                return Result.COMPLETE;
            }
            int start = head(b, i, end);
            if (start < 0) {
                if (start == UNFINISHED && !last) {
                    return unread(offset, i, end, false);
                }
                sink.passedOver(Code.FRAME);
                lost = true;
                from = i;
                continue;
            }

            int stop = stop(b, start, end, last);
            if (stop == NONE) {
                stop = nextHead(b, Math.max(start, from), end, last);
                int whole = stop >= 0 ? stop : -1 - stop;
                if (whole - start > Limits.LOGPLEX_FRAME_BYTES) {
                    lines++;
                    sink.passedOver(Code.FRAME_TOO_LONG);
                    lost = true;
                    from = whole;
                    continue;
                }
                if (stop < 0 && !last) {
                    searched = whole - i;
                    return unread(offset, i, end, false);
                }
                badLengths++;
                stop = whole;
            } else if (stop == UNFINISHED) {
                return unread(offset, i, end, false);
            }
            lines++;
            frame(b, start, stop);
            i = stop;
            from = stop;
        }
    }

    private Result unread(int offset, int i, int end, boolean last) {
        consumed = (last ? end : i) - offset;
        return consumed == end - offset ? Result.COMPLETE : Result.NEED_MORE;
    }

    /** Where the frame that begins at {@code start} ends by its length; NONE when that cannot be, UNFINISHED before it is known. */
    private int stop(byte[] b, int start, int end, boolean last) {
        if (length > Limits.LOGPLEX_FRAME_BYTES) {
            return NONE;
        }
        int stop = start + length;
        if (stop > end) {
            return last ? NONE : UNFINISHED;
        }
        if (b[stop - 1] == '\n' || stop == end && last) {
            return stop;
        }
        if (stop == end) {
            return UNFINISHED;
        }
        if (b[stop] == '\n' || b[stop] == '\r') {
            return stop;
        }
        int head = head(b, stop, end);
        return head == NONE || head == UNFINISHED && last ? NONE : head == UNFINISHED ? UNFINISHED : stop;
    }

    /**
     * Where the frame begins whose head {@code LENGTH SP <} begins at {@code i}, with its length in {@link #length}; NONE when
     * there is no head, UNFINISHED when there may be.
     */
    private int head(byte[] b, int i, int end) {
        int n = 0;
        int at = i;
        int d;
        while (at < end && (d = b[at] - '0') >= 0 && d <= 9) {
            if (at - i == Limits.LOGPLEX_LENGTH_DIGITS) {
                return NONE;
            }
            n = 10 * n + d;
            at++;
        }
        if (at == i && at < end || at < end && b[at] != ' ' || at + 1 < end && b[at + 1] != '<') {
            return NONE;
        }
        if (at + 1 >= end) {
            return UNFINISHED;
        }
        length = n;
        return at + 1;
    }

    /**
     * The first newline from {@code i} on that a head follows. When there is none, {@code -1 - place}: from that place on it
     * has to be searched again once there is more.
     */
    private int nextHead(byte[] b, int i, int end, boolean last) {
        for (int at = newline(b, i, end); at < end; at = newline(b, at + 1, end)) {
            int head = head(b, at + 1, end);
            if (head == UNFINISHED && !last) {
                return -1 - at;
            }
            if (head >= 0) {
                return at;
            }
        }
        return -1 - end;
    }

    private static int newline(byte[] b, int i, int end) {
        while (i <= end - 8) {
            long word = (long) LONG.get(b, i) ^ NEWLINES;
            long found = word - ONES & ~word & HIGHS;
            if (found != 0) {
                return i + (Long.numberOfTrailingZeros(found) >>> 3);
            }
            i += 8;
        }
        while (i < end && b[i] != '\n') {
            i++;
        }
        return i;
    }

    private void frame(byte[] b, int start, int stop) {
        int end = stop;
        while (end > start && (b[end - 1] == '\n' || b[end - 1] == '\r')) {
            end--;
        }
        int i = priority(b, start, end);
        int host = i < 0 ? NONE : token(b, i, end);
        int app = host < 0 ? NONE : token(b, host, end);
        int process = app < 0 ? NONE : token(b, app, end);
        int id = process < 0 ? NONE : token(b, process, end);
        if (id < 0 || id == end || b[id] == ' ') {
            sink.passedOver(Code.FRAME_HEAD);
            return;
        }
        int text = token(b, id, end);
        samples++;
        sink.message(b, app, process - 1, process, id - 1, text < 0 ? end : text, end);
    }

    /** Where the time begins, behind {@code <PRI>1 SP}; or NONE. */
    private static int priority(byte[] b, int start, int end) {
        int i = start + 1;
        while (i < end && i - start <= 3 && b[i] >= '0' && b[i] <= '9') {
            i++;
        }
        return i > start + 1 && i + 2 < end && b[i] == '>' && b[i + 1] == '1' && b[i + 2] == ' ' ? i + 3 : NONE;
    }

    /** Where the token after the one at {@code i} begins; NONE when this one is empty or the last. */
    private static int token(byte[] b, int i, int end) {
        int at = i;
        while (at < end && b[at] != ' ') {
            at++;
        }
        return at == i || at == end ? NONE : at + 1;
    }
}
