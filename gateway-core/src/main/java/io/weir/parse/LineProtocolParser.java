package io.weir.parse;

import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.PointSink;
import io.weir.sample.PointSink.FieldKind;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Reads InfluxDB line protocol. A bad line is noted, its points are dropped, and reading goes on behind the next newline;
 * so this parser never answers {@link Parser.Result#ERROR}: see {@link #failed()} and {@link #failures()}.
 *
 * <p>Limits: {@link Limits#linePointBytes()} for a line without its newline ({@link Code#LINE_TOO_LONG}; the line is
 * skipped to its end, through the string it may be in), {@value #FAILURES} failures kept. Both bound the memory.
 *
 * <p>Where implementations differ, this one decides:
 * <ul>
 *   <li>Lines end in LF or CRLF; spaces may stand before the measurement and behind the last token; a tab may not.
 *   <li>Outside of strings a backslash escapes the one delimiter that follows it and is an ordinary byte elsewhere, so
 *       {@code a\\ b} is {@code a\ b}. Quotes mean something at the start of a field value only.
 *   <li>Strings may hold newlines and any other byte of valid UTF-8. A string that never closes costs its own line only.
 *   <li>Floats are decimal: no NaN, Inf, hex, {@code +1} or {@code 1_000}; beyond the range of a double is an error,
 *       below it is zero. Integers have 64 bits, and above 2^53 become the nearest double.
 *   <li>Control bytes outside of strings, a tag twice, and empty names and tag values are errors; the same field twice is
 *       two samples. Control bytes in comments are skipped with them.
 *   <li>Timestamps are any 64-bit number of nanoseconds after scaling by the precision, more is an error.
 * </ul>
 *
 * <p>Cost: the span of measurement and tags is scanned eight bytes at a time and hashed as it stands; it is taken apart
 * only when the sink does not know one of the line's fields. An unfinished line at the end of a chunk is tried again only
 * when it is twice as long, at its limit, or at the end of the body, so a body costs linear time however it is cut.
 *
 * <p>Event loop only. Source: InfluxDB line protocol reference and the grammar of influxdata/line-protocol.
 */
public final class LineProtocolParser extends Parser<PointSink> {
    /** Failures kept with line, column and text; all are counted. */
    public static final int FAILURES = 100;

    /** Separates the hashes of line-protocol keys from those of other formats. */
    public static final long TWEAK = 0x6c69_6e65_0001L;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGH = 0x8080_8080_8080_8080L;

    /** Exact powers of ten for the at most 6 digits behind a point in a word. */
    private static final double[] TEN = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
    private static final FieldKind[] KINDS = FieldKind.values();
    private static final int FLOAT = FieldKind.FLOAT.ordinal();
    private static final int INTEGER = FieldKind.INTEGER.ordinal();
    private static final int UNSIGNED = FieldKind.UNSIGNED.ordinal();
    private static final int BOOLEAN = FieldKind.BOOLEAN.ordinal();
    private static final int STRING = FieldKind.STRING.ordinal();

    /** Answers of {@link #line} besides the index behind the line. */
    private static final int INCOMPLETE = -1;

    private static final int BAD = -2;
    private static final int COMMENT = -3;

    /** Bytes behind an error that its excerpt may show, so that the excerpt does not depend on how the body was cut. */
    private static final int EXCERPT_BYTES = 4 * Excerpt.CHARACTERS;

    /** Tags compared with each other one by one; more are sorted. */
    private static final int FEW_TAGS = 32;

    /** Bytes of scratch memory kept from body to body. */
    private static final int SCRATCH = 1024;

    /** Fields of a line whose keys are guessed from the line before; a power of two. */
    private static final int GUESSES = 16;

    /** After so many lines in a row that could not be read as a whole, one in {@link #LOOK_EVERY} is tried; a power of two. */
    private static final int MISSES_MAX = 8;

    private static final int LOOK_EVERY = 64;

    private enum Skip {
        NOTHING,
        TO_NEWLINE,
        THROUGH_STRING
    }

    private final KeyHash hash;
    private final int lineBytes;
    private final List<ParseFailure> failures = new ArrayList<>();

    private PointSink sink;
    private long unitNanos = 1;
    private long unitMax = Long.MAX_VALUE;
    private long unitMin = Long.MIN_VALUE;
    private long failed;
    private final long[] failedByCode = new long[Code.values().length];
    private int retryBytes;
    private Skip skip = Skip.NOTHING;
    private boolean skipEscape;

    // of the line at hand
    private boolean last;
    private int syntheticNewline;
    private boolean begun;
    private boolean split;
    private Code code;
    private int errorAt;
    private String detail;
    private int openQuote;
    private int resumeAt;
    private int badAt;
    private int stringNewlines;

    // results of the slow ways
    private int kind;
    private double number;
    private long integer;

    private byte[] plain = new byte[SCRATCH];
    private long[] tagHashes = new long[FEW_TAGS];

    private final Guess[] guesses = new Guess[GUESSES];

    // what the guesses stand for when a line may be read as a whole: how many, hash of their keys and kinds; 0 when one of
    // them has changed since
    private int shapeFields;
    private long shape0;
    private long shape1;
    private final double[] shapeValues = new double[GUESSES];
    private int misses;

    // the last timestamp of 19 digits: its first 8 as they stood, and as a number
    private long timestampWord;
    private long timestampHead;

    public LineProtocolParser(KeyHash hash, Limits limits) {
        this.hash = hash.copy();
        this.lineBytes = limits.linePointBytes();
        Arrays.setAll(guesses, i -> new Guess());
    }

    @Override
    public void reset(PointSink sink) {
        reset(sink, TimePrecision.NANOSECONDS);
    }

    /** As {@link #reset(PointSink)}, with the unit of the timestamps. */
    public void reset(PointSink sink, TimePrecision precision) {
        super.reset(sink);
        this.sink = sink;
        unitNanos = precision.nanos();
        unitMax = Long.MAX_VALUE / unitNanos;
        unitMin = Long.MIN_VALUE / unitNanos;
        if (failed > 0) {
            Arrays.fill(failedByCode, 0);
            failures.clear();
        }
        failed = 0;
        retryBytes = 0;
        skip = Skip.NOTHING;
        skipEscape = false;
    }

    @Override
    public Result parse(byte[] buffer, int offset, int length) {
        if (length < retryBytes) {
            consumed = 0;
            return Result.NEED_MORE;
        }
        last = false;
        syntheticNewline = -1;
        consumed = lines(buffer, offset, offset + length) - offset;
        return consumed == length ? Result.COMPLETE : Result.NEED_MORE;
    }

    @Override
    public Result finish(byte[] buffer, int offset, int length) {
        retryBytes = 0;
        parse(buffer, offset, length);
        int tail = length - consumed;
        if (tail > 0) {
            // the last line gets the newline it lacks, in a copy: the caller's array is not ours to write
            byte[] copy = Arrays.copyOfRange(buffer, offset + consumed, offset + length + 1);
            copy[tail] = '\n';
            last = true;
            syntheticNewline = tail;
            lines(copy, 0, tail + 1);
        }
        if (skip != Skip.NOTHING) {
            lines++;
        }
        consumed = length;
        return Result.COMPLETE;
    }

    /** Bad lines since {@link #reset}. */
    public long failed() {
        return failed;
    }

    /** Bad lines since {@link #reset} that were refused with this code. */
    public long failed(Code code) {
        return failed == 0 ? 0 : failedByCode[code.ordinal()];
    }

    /** The first {@value #FAILURES} bad lines. A view: copy what is to outlive the next {@link #reset}. */
    public List<ParseFailure> failures() {
        return Collections.unmodifiableList(failures);
    }

    /** Reads lines until one is not complete; answers where that one begins. */
    private int lines(byte[] b, int offset, int end) {
        int at = offset;
        retryBytes = 0;
        while (at < end) {
            if (skip != Skip.NOTHING) {
                at = skip(b, at, end);
                continue;
            }
            int bound = end - at > lineBytes ? at + lineBytes + 1 : end;
            boolean tried = shapeFields > 0 && (misses < MISSES_MAX || (lines & LOOK_EVERY - 1) == 0);
            int next = tried ? familiar(b, at, bound) : at;
            if (next > at) {
                lines++;
                at = next;
                misses = 0;
                continue;
            }
            misses += tried ? 1 : 0;
            next = line(b, at, bound);
            if (next >= 0) {
                lines++;
                at = next;
                continue;
            }
            if (begun) {
                sink.drop();
                begun = false;
            }
            switch (next) {
                case COMMENT -> skip = Skip.TO_NEWLINE;
                case BAD -> {
                    note(b, at, bound);
                    at = resume(b, at, end);
                }
                default -> {
                    if (end - at > lineBytes) {
                        tooLong(b, at, bound);
                        at = resume(b, at, end);
                    } else if (last) {
                        // with its newline in place only an open string is left to be incomplete
                        code = Code.LP_STRING_NOT_CLOSED;
                        detail = "";
                        errorAt = openQuote;
                        resumeAt = openQuote;
                        note(b, at, bound);
                        at = resume(b, at, end);
                    } else {
                        retryBytes = (int) Math.min(2L * (end - at), lineBytes + 1L);
                        return at;
                    }
                }
            }
        }
        return at;
    }

    /**
     * Reads a line whose fields are those of the line before, by their keys and kinds, when the sink knows it as a whole:
     * values of at most 7 bytes and a timestamp, no space too many. Any other line is left to {@link #line}.
     *
     * <p>Win: one look-up and one call of the sink for all values of the line, and it need not be taken back when it turns
     * out bad further on.
     *
     * @return index behind the line; {@code at} when nothing has happened
     */
    private int familiar(byte[] b, int at, int bound) {
        if (b[at] <= '#') {
            return at;
        }
        int i = at;
        for (; ; ) {
            long m = below21(word(b, i));
            if (m == 0) {
                i += 8;
                if (i >= bound) {
                    return at;
                }
                continue;
            }
            i += Long.numberOfTrailingZeros(m) >>> 3;
            if (i >= bound || b[i] != ' ') {
                return at;
            }
            if (b[i - 1] != '\\') {
                break;
            }
            i++;
        }
        int prefixEnd = i++;
        int fields = shapeFields;
        for (int n = 0; n < fields; n++) {
            Guess guess = guesses[n];
            if (((word(b, i) ^ guess.word0) & guess.mask0 | (word(b, i + 8) ^ guess.word1) & guess.mask1) != 0) {
                return at;
            }
            i += guess.bytes;
            int stop = i < bound && b[i] <= '9' && b[i] >= '-' ? shortNumber(b, i) : BAD;
            if (stop < 0 || stop >= bound || kind != guess.kind || b[stop] != (n + 1 < fields ? ',' : ' ')) {
                return at;
            }
            shapeValues[n] = number;
            i = stop + 1;
        }
        if (i >= bound) {
            return at;
        }
        i = timestamp(b, i, bound);
        if (i < 0 || b[i] != '\n') {
            return at;
        }
        hash.hash(b, at, prefixEnd - at, TWEAK);
        hash.combine(hash.h0(), hash.h1(), shape0, shape1);
        if (sink.knownLine(lines + 1, hash.h0(), hash.h1(), shapeValues, fields, integer) != Code.OK) {
            return at;
        }
        samples += fields;
        return i + 1;
    }

    /** Tells the sink by which hash {@link #familiar} will ask for the line at hand, all of whose fields it knows. */
    private void learn(long p0, long p1, int fields) {
        long s0 = fields;
        long s1 = TWEAK;
        for (int n = 0; n < fields; n++) {
            Guess guess = guesses[n];
            if (guess.bytes == 0 || guess.kind != FLOAT && guess.kind != INTEGER) {
                return;
            }
            hash.combine(s0, s1, guess.hash0 ^ guess.kind, guess.hash1 ^ guess.kind);
            s0 = hash.h0();
            s1 = hash.h1();
        }
        shapeFields = fields;
        shape0 = s0;
        shape1 = s1;
        hash.combine(p0, p1, s0, s1);
        sink.learnLine(hash.h0(), hash.h1(), fields);
    }

    /**
     * Reads a number of at most 7 bytes from one word: the index behind it with {@link #kind} and {@link #number}, or BAD when
     * it is another one.
     */
    private int shortNumber(byte[] b, int i) {
        // s and e are bits before the first and the second byte that is no digit; between them lies the point, which is
        // taken out
        int sign = '-' - b[i] >>> 31 ^ 1;
        long w = word(b, i + sign);
        long other = nonDigits(w);
        int s = Long.numberOfTrailingZeros(other) & 0x78;
        int e = s;
        double value;
        int kind = FLOAT;
        if ((byte) (w >>> s) == '.') {
            e = Long.numberOfTrailingZeros(other & other - 1) & 0x78;
            long mask = (1L << s) - 1;
            value = decimal(w & mask | w >>> 8 & ~mask, e - 8) / TEN[e - s - 8 >>> 3 & 7];
            s = 8;
        } else {
            value = decimal(w, s);
            s = 0;
            if ((byte) (w >>> e) == 'i' && e > 0 && e < 56) {
                kind = INTEGER;
                s = 8;
                e += 8;
            }
        }
        if (e <= s || e >= 64 || !isStop((byte) (w >>> e))) {
            return BAD;
        }
        this.kind = kind;
        number = sign != 0 ? -value : value;
        return i + sign + (e >>> 3);
    }

    private void tooLong(byte[] b, int at, int bound) {
        code = Code.LINE_TOO_LONG;
        detail = "limit " + lineBytes + " bytes";
        errorAt = at;
        note(b, at, bound);
        resumeAt = openQuote >= 0 ? openQuote + 1 : bound;
        skip = openQuote >= 0 ? Skip.THROUGH_STRING : Skip.TO_NEWLINE;
        skipEscape = false;
    }

    /** Counts the newlines before {@link #resumeAt}; from there on input is skipped to the next one. */
    private int resume(byte[] b, int at, int end) {
        if (skip == Skip.NOTHING) {
            skip = Skip.TO_NEWLINE;
        }
        for (int i = at; i < resumeAt; i++) {
            lines += b[i] == '\n' ? 1 : 0;
        }
        return resumeAt;
    }

    private int skip(byte[] b, int at, int end) {
        int i = at;
        if (skip == Skip.THROUGH_STRING) {
            for (; i < end; i++) {
                byte c = b[i];
                lines += c == '\n' ? 1 : 0;
                if (skipEscape) {
                    skipEscape = false;
                } else if (c == '\\') {
                    skipEscape = true;
                } else if (c == '"') {
                    skip = Skip.TO_NEWLINE;
                    return i + 1;
                }
            }
            return end;
        }
        while (i < end && b[i] != '\n') {
            i++;
        }
        if (i == end) {
            return end;
        }
        lines++;
        skip = Skip.NOTHING;
        return i + 1;
    }

    private void note(byte[] b, int at, int bound) {
        failed++;
        failedByCode[code.ordinal()]++;
        if (failures.size() >= FAILURES) {
            return;
        }
        long line = lines + 1;
        int start = at;
        for (int i = at; i < errorAt; i++) {
            if (b[i] == '\n') {
                line++;
                start = i + 1;
            }
        }
        int stop = Math.min(bound, errorAt + EXCERPT_BYTES);
        if (syntheticNewline >= 0) {
            stop = Math.min(stop, syntheticNewline);
        }
        int end = errorAt;
        while (end < stop && b[end] != '\n') {
            end++;
        }
        if (end > errorAt && b[end - 1] == '\r') {
            end--;
        }
        int column = 1 + Utf8.characters(b, start, errorAt);
        failures.add(new ParseFailure(code, line, column, Excerpt.of(b, start, end, errorAt), detail));
    }

    /**
     * Reads one line.
     *
     * @param bound end of the data, or of the longest line if that comes first
     * @return index behind the newline, or one of INCOMPLETE, BAD, COMMENT
     */
    private int line(byte[] b, int at, int bound) {
        int i = at;
        openQuote = -1;
        code = Code.OK;
        split = false;
        byte c;
        for (; ; i++) {
            if (i >= bound) {
                return INCOMPLETE;
            }
            c = b[i];
            if (c != ' ') {
                break;
            }
        }
        if (c <= '#' && c >= 0) {
            if (c == '#') {
                return COMMENT;
            }
            if (c < ' ') {
                int next = lineEnd(b, i, bound);
                return next == BAD ? bad(Code.LP_MEASUREMENT, b, i, i, i, at, bound) : next;
            }
        }

        int prefix = i;
        for (; ; ) {
            long w = word(b, i);
            long m = below21(w);
            if (m == 0) {
                i += 8;
                if (i >= bound) {
                    return INCOMPLETE;
                }
                continue;
            }
            i += Long.numberOfTrailingZeros(m) >>> 3;
            if (i >= bound) {
                return INCOMPLETE;
            }
            if (b[i] != ' ') {
                return bad(Code.LP_FIELD, b, prefix, i, i, at, bound);
            }
            if (b[i - 1] != '\\') {
                break;
            }
            i++;
        }
        int prefixEnd = i;
        hash.hash(b, prefix, prefixEnd - prefix, TWEAK);
        final long p0 = hash.h0();
        final long p1 = hash.h1();
        sink.line(lines + 1);
        begun = true;
        do {
            if (++i >= bound) {
                return INCOMPLETE;
            }
        } while (b[i] == ' ');

        int count = 0;
        int inner = 0;
        boolean known = true;
        for (; ; count++) {
            int key = i;
            Guess guess = guesses[count & GUESSES - 1];
            int keyEnd;
            long k0;
            long k1;
            if (guess.bytes != 0
                    && ((word(b, i) ^ guess.word0) & guess.mask0 | (word(b, i + 8) ^ guess.word1) & guess.mask1) == 0) {
                i += guess.bytes;
                keyEnd = i - 1;
                k0 = guess.hash0;
                k1 = guess.hash1;
            } else {
                keyEnd = keyEnd(b, i, bound);
                if (keyEnd < 0) {
                    return keyEnd == INCOMPLETE ? INCOMPLETE : bad(Code.LP_FIELD, b, prefix, prefixEnd, badAt, at, bound);
                }
                hash.hash(b, key, keyEnd - key, TWEAK);
                k0 = hash.h0();
                k1 = hash.h1();
                guess.set(b, key, keyEnd, k0, k1);
                shapeFields = 0;
                i = keyEnd + 1;
            }
            if (i >= bound) {
                return INCOMPLETE;
            }

            c = b[i];
            int kind;
            double value;
            int t;
            if (c <= '9' && c >= '-') {
                t = shortNumber(b, i);
                if (t >= bound) {
                    return INCOMPLETE;
                }
                if (t < 0) {
                    t = number(b, i, bound);
                    if (t < 0) {
                        return t == INCOMPLETE ? INCOMPLETE : bad(Code.LP_FIELD_VALUE, b, prefix, prefixEnd, i, at, bound);
                    }
                }
                kind = this.kind;
                value = number;
            } else if (c == '"') {
                t = string(b, i, bound);
                if (t < 0) {
                    return t == INCOMPLETE ? INCOMPLETE : bad(Code.LP_FIELD_VALUE, b, prefix, prefixEnd, badAt, at, bound);
                }
                kind = STRING;
                value = 0;
                inner += stringNewlines;
            } else {
                t = bool(b, i, bound);
                if (t < 0) {
                    return t == INCOMPLETE ? INCOMPLETE : bad(Code.LP_FIELD_VALUE, b, prefix, prefixEnd, i, at, bound);
                }
                kind = BOOLEAN;
                value = number;
            }

            if (code == Code.OK) {
                hash.combine(p0, p1, k0 ^ kind, k1 ^ kind);
                Code answer = sink.known(hash.h0(), hash.h1(), value);
                if (guess.kind != kind) {
                    guess.kind = kind;
                    shapeFields = 0;
                }
                if (answer != Code.OK) {
                    known = false;
                    unknown(answer, b, prefix, prefixEnd, key, keyEnd, kind, value);
                }
            }

            c = b[t];
            i = t + 1;
            if (c != ',') {
                break;
            }
            if (i >= bound) {
                return INCOMPLETE;
            }
        }

        boolean timed = false;
        long timestamp = 0;
        if (c == ' ') {
            for (; ; i++) {
                if (i >= bound) {
                    return INCOMPLETE;
                }
                c = b[i];
                if (c != ' ') {
                    break;
                }
            }
            if (c > ' ') {
                int from = i;
                i = timestamp(b, i, bound);
                if (i < 0) {
                    return i == INCOMPLETE ? INCOMPLETE : bad(Code.LP_TIMESTAMP, b, prefix, prefixEnd, from, at, bound);
                }
                timed = true;
                timestamp = integer;
                while (b[i] == ' ') {
                    if (++i >= bound) {
                        return INCOMPLETE;
                    }
                }
            }
        } else {
            i--;
        }
        int next = b[i] == '\n' ? i + 1 : lineEnd(b, i, bound);
        if (next < 0) {
            return next == INCOMPLETE
                    ? INCOMPLETE
                    : bad(b[i] < ' ' ? Code.LP_CONTROL_BYTE : Code.LP_TIMESTAMP, b, prefix, prefixEnd, i, at, bound);
        }
        if (code != Code.OK) {
            // the grammar holds to the end of the line, which is where the next one begins
            resumeAt = next - 1;
            return BAD;
        }
        begun = false;
        if (known && timed && count < GUESSES && (misses < MISSES_MAX || (lines & LOOK_EVERY - 1) == 0)) {
            learn(p0, p1, count + 1);
        }
        if (timed) {
            sink.complete(timestamp);
        } else {
            sink.complete();
        }
        samples += count + 1;
        lines += inner;
        return next;
    }

    /** Index behind the line that ends at {@code i}, which is no space and no LF. */
    private int lineEnd(byte[] b, int i, int bound) {
        if (b[i] == '\n') {
            return i + 1;
        }
        if (b[i] != '\r') {
            return BAD;
        }
        if (i + 1 >= bound) {
            return INCOMPLETE;
        }
        return b[i + 1] == '\n' && i + 1 != syntheticNewline ? i + 2 : BAD;
    }

    /** Ends a line whose grammar breaks at {@code p}; what stands before it may have been wrong already. */
    private int bad(Code problem, byte[] b, int prefix, int prefixEnd, int p, int at, int bound) {
        if (!excerptable(b, p, at, bound)) {
            return INCOMPLETE;
        }
        resumeAt = p;
        if (code == Code.OK && !split && prefixEnd > prefix) {
            prefix(b, prefix, prefixEnd, false);
        }
        if (code == Code.OK) {
            boolean control = (b[p] & 0xff) < ' ' && lineEnd(b, p, bound) < 0 || b[p] == 0x7f;
            refuse(control ? Code.LP_CONTROL_BYTE : problem, p, "");
        }
        return BAD;
    }

    /** Whether all of the input is there that an excerpt of an error at {@code p} may show. */
    private boolean excerptable(byte[] b, int p, int at, int bound) {
        if (last || bound - at > lineBytes || bound - p >= EXCERPT_BYTES) {
            return true;
        }
        for (int i = p; i < bound; i++) {
            if (b[i] == '\n') {
                return true;
            }
        }
        return false;
    }

    /** Condemns the line; its grammar is still read to its end, for a string further on may hold newlines. */
    private void refuse(Code code, int at, String detail) {
        this.code = code;
        this.errorAt = at;
        this.detail = detail;
    }

    /** Goes the long way for a field that the sink did not take by its hash. */
    private void unknown(
            Code answer, byte[] b, int prefix, int prefixEnd, int key, int keyEnd, int kind, double value) {
        if (answer != Code.UNKNOWN) {
            refuse(answer, key, sink.detail());
            return;
        }
        long h0 = hash.h0();
        long h1 = hash.h1();
        if (!split) {
            prefix(b, prefix, prefixEnd, true);
            if (code != Code.OK) {
                return;
            }
            split = true;
        }
        if (!isClean(b, key, keyEnd, Code.LP_CONTROL_BYTE)) {
            return;
        }
        int length = unescape(b, key, keyEnd, 0, true);
        Code told = length == keyEnd - key
                ? sink.field(b, key, length, KINDS[kind], value, h0, h1)
                : sink.field(plain, 0, length, KINDS[kind], value, h0, h1);
        if (told != Code.OK) {
            refuse(told, key, sink.detail());
        }
    }

    /**
     * Takes measurement and tags apart and refuses the line when they are bad.
     *
     * @param tell whether the sink hears of them
     */
    private void prefix(byte[] b, int from, int end, boolean tell) {
        int i = unescaped(b, from, end, (byte) ',', (byte) ',');
        if (i == from) {
            refuse(Code.LP_MEASUREMENT, from, "");
            return;
        }
        if (!isClean(b, from, i, Code.LP_CONTROL_BYTE)) {
            return;
        }
        if (tell) {
            int length = unescape(b, from, i, 0, false);
            Code told = length == i - from ? sink.measurement(b, from, length) : sink.measurement(plain, 0, length);
            if (told != Code.OK) {
                refuse(told, from, sink.detail());
                return;
            }
        }
        int tags = 0;
        while (i < end) {
            int key = i + 1;
            int keyEnd = unescaped(b, key, end, (byte) '=', (byte) ',');
            if (keyEnd == key || keyEnd == end || b[keyEnd] != '=') {
                refuse(Code.LP_TAG, Math.min(keyEnd, end), "");
                return;
            }
            int value = keyEnd + 1;
            i = unescaped(b, value, end, (byte) '=', (byte) ',');
            if (i == value || i < end && b[i] == '=') {
                refuse(Code.LP_TAG, i, "");
                return;
            }
            if (!isClean(b, key, i, Code.LP_CONTROL_BYTE)) {
                return;
            }
            if (!tag(b, key, keyEnd, value, i, tags++, tell)) {
                return;
            }
        }
        if (tags > FEW_TAGS) {
            long[] sorted = Arrays.copyOf(tagHashes, tags);
            Arrays.sort(sorted);
            for (int k = 1; k < tags; k++) {
                if (sorted[k] == sorted[k - 1]) {
                    refuse(Code.LP_DUPLICATE_TAG, from, "");
                    return;
                }
            }
        }
    }

    private boolean tag(byte[] b, int key, int keyEnd, int value, int valueEnd, int number, boolean tell) {
        int keyLength = unescape(b, key, keyEnd, 0, true);
        int valueLength = unescape(b, value, valueEnd, keyLength, true);
        hash.hash(plain, 0, keyLength, TWEAK);
        long h = hash.h0();
        if (number == tagHashes.length) {
            tagHashes = Arrays.copyOf(tagHashes, 2 * number);
        }
        tagHashes[number] = h;
        for (int k = 0; k < number && number < FEW_TAGS; k++) {
            if (tagHashes[k] == h) {
                refuse(Code.LP_DUPLICATE_TAG, key, "");
                return false;
            }
        }
        if (tell) {
            Code told = sink.tag(plain, 0, keyLength, keyLength, valueLength);
            if (told != Code.OK) {
                refuse(told, key, sink.detail());
                return false;
            }
        }
        return true;
    }

    private boolean isClean(byte[] b, int from, int end, Code problem) {
        for (int i = from; i < end; i++) {
            if (b[i] == 0x7f || b[i] >= 0 && b[i] < ' ') {
                refuse(problem, i, "");
                return false;
            }
        }
        int invalid = Utf8.firstInvalid(b, from, end);
        if (invalid < end) {
            refuse(Code.BAD_UTF8, invalid, "");
            return false;
        }
        return true;
    }

    /** Index of the first of two delimiters that no backslash precedes, or {@code end}. */
    private static int unescaped(byte[] b, int from, int end, byte one, byte other) {
        for (int i = from; i < end; i++) {
            if ((b[i] == one || b[i] == other) && (i == from || b[i - 1] != '\\')) {
                return i;
            }
        }
        return end;
    }

    /** Copies a span into {@link #plain} from {@code to} on, without the backslashes that escape; answers its length. */
    private int unescape(byte[] b, int from, int end, int to, boolean equals) {
        if (plain.length < to + end - from) {
            plain = Arrays.copyOf(plain, Math.max(2 * plain.length, to + end - from));
        }
        int n = to;
        for (int i = from; i < end; i++) {
            byte c = b[i];
            if (c == '\\' && i + 1 < end) {
                byte next = b[i + 1];
                if (next == ',' || next == ' ' || equals && next == '=') {
                    c = next;
                    i++;
                }
            }
            plain[n++] = c;
        }
        return n - to;
    }

    /** Index of the {@code =} behind a field key. */
    private int keyEnd(byte[] b, int from, int bound) {
        int i = from;
        for (; ; ) {
            long w = word(b, i);
            long m = below21(w) | zeroes(w ^ '=' * ONES) | zeroes(w ^ ',' * ONES);
            if (m == 0) {
                i += 8;
                if (i >= bound) {
                    return INCOMPLETE;
                }
                continue;
            }
            i += Long.numberOfTrailingZeros(m) >>> 3;
            if (i >= bound) {
                return INCOMPLETE;
            }
            byte c = b[i];
            if (i > from && b[i - 1] == '\\' && c >= ' ') {
                i++;
                continue;
            }
            if (c == '=' && i > from) {
                return i;
            }
            badAt = i;
            return BAD;
        }
    }

    /** Reads the string whose quote is at {@code i}; answers the index behind its last quote. */
    private int string(byte[] b, int from, int bound) {
        openQuote = from;
        stringNewlines = 0;
        long high = 0;
        int i = from + 1;
        for (; ; ) {
            long w = word(b, i);
            long m = zeroes(w ^ '"' * ONES) | zeroes(w ^ '\\' * ONES) | zeroes(w ^ '\n' * ONES);
            high |= w & HIGH;
            if (m == 0) {
                i += 8;
                if (i >= bound) {
                    return INCOMPLETE;
                }
                continue;
            }
            i += Long.numberOfTrailingZeros(m) >>> 3;
            if (i + 1 >= bound) {
                return INCOMPLETE;
            }
            byte c = b[i++];
            if (c == '"') {
                break;
            }
            if (c == '\n') {
                stringNewlines++;
            } else if (b[i] == '"' || b[i] == '\\') {
                i++;
            }
        }
        openQuote = -1;
        if (!isStop(b[i])) {
            badAt = i;
            return BAD;
        }
        if (high != 0 && code == Code.OK) {
            int invalid = Utf8.firstInvalid(b, from, i);
            if (invalid < i) {
                refuse(Code.BAD_UTF8, invalid, "");
            }
        }
        return i;
    }

    private int bool(byte[] b, int from, int bound) {
        int i = from;
        long text = 0;
        for (; ; i++) {
            if (i >= bound) {
                return INCOMPLETE;
            }
            if (isStop(b[i])) {
                break;
            }
            if (i - from == 5) {
                return BAD;
            }
            text = text << 8 | b[i] & 0xff;
        }
        number = 0;
        if (text == 't' || text == 'T' || text == 0x74727565L || text == 0x54727565L || text == 0x54525545L) {
            number = 1;
            return i;
        }
        return text == 'f'
                        || text == 'F'
                        || text == 0x66616c7365L
                        || text == 0x46616c7365L
                        || text == 0x46414c5345L
                ? i
                : BAD;
    }

    /** Reads a number of any length by the grammar; answers the index behind it and leaves kind and value. */
    private int number(byte[] b, int from, int bound) {
        boolean negative = b[from] == '-';
        int first = negative ? from + 1 : from;
        int i = pastDigits(b, first, bound);
        int digits = i - first;
        if (i < bound && digits > 0 && (b[i] == 'i' || b[i] == 'u')) {
            return whole(b, first, i, bound, negative);
        }
        if (i < bound && b[i] == '.') {
            i = pastDigits(b, i + 1, bound);
            digits = i - first - 1;
        }
        if (i < bound && digits > 0 && (b[i] | 0x20) == 'e') {
            i++;
            if (i < bound && (b[i] == '-' || b[i] == '+')) {
                i++;
            }
            int exponent = i;
            i = pastDigits(b, i, bound);
            digits = i - exponent;
        }
        if (i >= bound) {
            return INCOMPLETE;
        }
        if (digits == 0 || !isStop(b[i])) {
            return BAD;
        }
        long bits = NumberReader.bits(b, from, i);
        number = Double.longBitsToDouble(bits);
        kind = FLOAT;
        return bits == NumberReader.INVALID || Double.isInfinite(number) ? BAD : i;
    }

    private int whole(byte[] b, int first, int end, int bound, boolean negative) {
        if (end + 1 >= bound) {
            return INCOMPLETE;
        }
        boolean unsigned = b[end] == 'u';
        if (!isStop(b[end + 1]) || unsigned && negative || !magnitude(b, first, end)) {
            return BAD;
        }
        long v = integer;
        if (unsigned) {
            kind = UNSIGNED;
            // halved, with the lost bit kept for rounding, an unsigned number converts as a signed one
            number = v >= 0 ? v : (double) (v >>> 1 | v & 1) * 2;
            return end + 1;
        }
        kind = INTEGER;
        number = negative ? -(double) v : v;
        if (v == Long.MIN_VALUE) {
            number = Long.MIN_VALUE;
        }
        return v >= 0 || v == Long.MIN_VALUE && negative ? end + 1 : BAD;
    }

    /** Reads digits into {@link #integer}, an unsigned number; false when it has more than 64 bits. */
    private boolean magnitude(byte[] b, int first, int end) {
        int i = first;
        while (i < end - 1 && b[i] == '0') {
            i++;
        }
        if (end - i > 20) {
            return false;
        }
        int safe = Math.min(end, i + 19);
        long v = 0;
        for (; i < safe; i++) {
            v = v * 10 + (b[i] - '0');
        }
        if (i < end) {
            int d = b[i] - '0';
            if (Long.compareUnsigned(v, 1_844_674_407_370_955_161L) > 0 || v == 1_844_674_407_370_955_161L && d > 5) {
                return false;
            }
            v = v * 10 + d;
        }
        integer = v;
        return true;
    }

    /** Reads a timestamp into {@link #integer}, in nanoseconds; answers the index behind its digits. */
    private int timestamp(byte[] b, int from, int bound) {
        if (bound - from >= 20 && unitNanos == 1 && b[from + 19] <= ' ') {
            // 19 digits as 8 + 3 + 8; the first 8 seldom differ from those of the line before
            long middle = word(b, from + 8);
            long tail = word(b, from + 11);
            long head = word(b, from);
            if ((nonDigits(middle) | nonDigits(tail) | nonDigits(head)) == 0) {
                if (head != timestampWord) {
                    timestampWord = head;
                    timestampHead = decimal(head, 64);
                }
                long v = timestampHead * 100_000_000_000L + decimal(middle, 24) * 100_000_000L + decimal(tail, 64);
                integer = v;
                return v >= 0 && isStop(b[from + 19]) ? from + 19 : BAD;
            }
        }
        boolean negative = b[from] == '-';
        int first = negative ? from + 1 : from;
        int i = pastDigits(b, first, bound);
        if (i >= bound) {
            return INCOMPLETE;
        }
        if (i == first || b[i] == ',' || !isStop(b[i]) || !magnitude(b, first, i)) {
            return BAD;
        }
        long v = integer;
        if (v < 0 && !(negative && v == Long.MIN_VALUE)) {
            return BAD;
        }
        v = negative ? -v : v;
        if (v > unitMax || v < unitMin) {
            return BAD;
        }
        integer = v * unitNanos;
        return i;
    }

    private static int pastDigits(byte[] b, int from, int bound) {
        int i = from;
        while (i < bound && b[i] >= '0' && b[i] <= '9') {
            i++;
        }
        return i;
    }

    /** Whether a field value may end before this byte; a CR is looked at again where the line ends. */
    private static boolean isStop(byte c) {
        return c == ',' || c == ' ' || c == '\n' || c == '\r';
    }

    /** Eight bytes, little-endian; zeroes stand for what lies behind the array. */
    private static long word(byte[] b, int i) {
        return i <= b.length - 8 ? (long) LONG.get(b, i) : lastWord(b, i);
    }

    private static long lastWord(byte[] b, int i) {
        long w = 0;
        for (int k = b.length - 1; k >= i; k--) {
            w = w << 8 | b[k] & 0xff;
        }
        return w;
    }

    /** Marks bytes of {@code w} that are below 0x21, spaces and control bytes; the lowest mark is exact. */
    private static long below21(long w) {
        return w - 0x21 * ONES & ~w & HIGH;
    }

    /** Marks bytes of {@code w} that are zero; the lowest mark is exact. */
    private static long zeroes(long w) {
        return w - ONES & ~w & HIGH;
    }

    /** Marks bytes of {@code w} that are no digits, all of them exactly. */
    private static long nonDigits(long w) {
        long t = w ^ 0x3030_3030_3030_3030L;
        return ((t & ~HIGH) + 0x76 * ONES | t) & HIGH;
    }

    /** The number that the first {@code bits / 8} bytes of {@code w} spell, which are 1 to 8 digits. */
    private static long decimal(long w, int bits) {
        long v = w << 64 - bits;
        v = (v & 0x0f0f_0f0f_0f0f_0f0fL) * 2561 >>> 8;
        v = (v & 0x00ff_00ff_00ff_00ffL) * 6_553_601 >>> 16;
        return (v & 0x0000_ffff_0000_ffffL) * 42_949_672_960_001L >>> 32;
    }

    /** The key, with its {@code =}, that stood at some place of the line before: two words under masks, and its hash. */
    private static final class Guess {
        int bytes;
        long word0;
        long mask0;
        long word1;
        long mask1;
        long hash0;
        long hash1;
        /** Of the value that came with the key last. */
        int kind;

        void set(byte[] b, int key, int keyEnd, long hash0, long hash1) {
            int length = keyEnd + 1 - key;
            bytes = length <= 16 ? length : 0;
            mask0 = length >= 8 ? -1L : (1L << 8 * length) - 1;
            mask1 = length <= 8 ? 0 : length >= 16 ? -1L : (1L << 8 * (length - 8)) - 1;
            word0 = word(b, key);
            word1 = word(b, key + 8);
            this.hash0 = hash0;
            this.hash1 = hash1;
        }
    }
}
