package io.weir.parse;

import io.weir.sample.MetricNames;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.MetricType;
import io.weir.sample.SampleSink;

/**
 * Parser of the Prometheus text exposition formats 0.0.4 and 1.0.0. The first bad line refuses the body. Names may be any
 * UTF-8 when they stand in quotes, that of the metric between the braces: <code>{"my.metric","a.b"="c"} 1</code>.
 *
 * <p>Limits, each with its own error: {@code lineBytes} (without the newline; known as soon as it is passed),
 * {@code nameBytes}, {@code labels}, {@code labelNameBytes}, {@code labelValueBytes} (unescaped) and {@code helpBytes} (as
 * sent).
 *
 * <p>The verdicts are those of Prometheus' own {@code expfmt} parser, with these differences:
 *
 * <ul>
 *   <li>accepted: a last line without newline, {@code \r\n}, blanks at the end of a line, a second HELP line, a backslash
 *       in HELP that begins no escape sequence (a text for people must not cost anybody samples);
 *   <li>refused: every label name that begins with {@code __}, not only {@code __name__}; a metric name between the
 *       braces that is not in quotes;
 *   <li>left to the sink: TYPE after samples, suffixes of histograms and summaries, the same label twice.
 * </ul>
 *
 * <p>How a known series is found without taking its key apart: in a good line the last <code>}</code> closes the labels,
 * for neither value nor timestamp has one. So the newline is searched eight bytes at a time, the brace backwards from
 * there, and what lies before is hashed. A bad line may give a wrong span, but no wrong span is ever known to the sink:
 * a key is defined only after it was read byte by byte and found to end exactly there. For the same reason good UTF-8 is
 * checked only then. A series that comes where it came before is found without even that, {@link #expected}.
 *
 * <p>Source: Prometheus documentation, exposition formats; prometheus/common {@code expfmt/text_parse.go}.
 */
public final class TextParser extends LineParser {
    /** Separates hashes of keys in this format from those of other formats. */
    public static final long TWEAK = 0x7465_7874_0004L;

    /** What becomes of a timestamp behind a value. */
    public enum Timestamps {
        /** Checked for form, then ignored. */
        IGNORE,
        REFUSE
    }

    private static final long SPACES = ' ' * ONES;
    private static final long TABS = '\t' * ONES;
    private static final long BRACES = '}' * ONES;
    private static final int VALUE_BYTES = 16;
    private static final long EXPONENT = 0x7ff0_0000_0000_0000L;

    private static final MetricType[] TYPES = MetricType.values();
    private static final byte[][] TYPE_WORDS = new byte[TYPES.length][];
    private static final byte[] HELP = ascii("HELP");
    private static final byte[] TYPE = ascii("TYPE");
    private static final byte[] INF = ascii("inf");
    private static final byte[] INFINITY = ascii("infinity");
    private static final byte[] NAN = ascii("nan");

    static {
        for (MetricType type : TYPES) {
            TYPE_WORDS[type.ordinal()] = ascii(type.text());
        }
    }

    /** Spans of the labels of one key: name offset, name length, value offset, value length; -1 - length if escaped. */
    private final int[] spans;

    // what the last step found
    private int keyEnd;
    private int nameAt;
    private int nameEnd;
    private int labels;
    private double value;
    private MetricType declared;

    private final TypeLines typeLines = new TypeLines();

    /**
     * @param hash used by this parser alone while it parses; all parsers of a process share its secret
     */
    public TextParser(Limits limits, KeyHash hash, Timestamps timestamps) {
        super(limits, hash, timestamps);
        this.spans = new int[limits.labels() * 4];
    }

    @Override
    public void reset(SampleSink sink) {
        super.reset(sink);
        typeLines.begin();
    }

    @Override
    Code line(byte[] b, int start, int stop) {
        int end = stop > start && b[stop - 1] == '\r' ? stop - 1 : stop;
        int i = skipBlanks(b, start, end);
        if (i == end) {
            return Code.OK;
        }
        return b[i] == '#' ? comment(b, i + 1, end) : sample(b, i, end);
    }

    /**
     * A sample of the series that the sink expects next, and knows by all bytes of its key. A key is read from its left to
     * its closing brace and nothing behind that matters, so bytes that were a key once are the key of this line too: only
     * the value is searched for the newline, and nothing is hashed.
     */
    @Override
    int expected(byte[] b, int start, int end) {
        if (b[start] == '#') {
            return expectedType(b, start, end);
        }
        int length = sink.expected(b, start, end);
        int i = start + length + 1;
        if (length == 0 || i >= end || b[i - 1] != ' ') {
            return start;
        }
        int stop = newline(b, i, end);
        if (stop == end || stop - i > VALUE_BYTES || stop - start > limits.lineBytes()) {
            return start;
        }
        long bits = NumberReader.bits(b, i, stop);
        // all exponent bits set: infinite or INVALID
        if ((bits & EXPONENT) == EXPONENT || sink.again(Double.longBitsToDouble(bits)) != Code.OK) {
            return start;
        }
        samples++;
        return stop + 1;
    }

    private int expectedType(byte[] b, int start, int end) {
        TypeLines.Line line = typeLines.expected(b, start, end);
        if (line == null || sink.type(b, start + line.nameOffset, line.nameLength, line.type) != Code.OK) {
            return start;
        }
        typeLines.pass();
        return start + line.length;
    }

    private Code sample(byte[] b, int start, int end) {
        int brace = lastBrace(b, start, end);
        int opaqueEnd = brace >= start ? brace + 1 : blank(b, start, end);

        int i = skipBlanks(b, opaqueEnd, end);
        // a longer rest is likely to hold a timestamp
        long bits = end - i <= VALUE_BYTES ? NumberReader.bits(b, i, end) : NumberReader.INVALID;
        double v = Double.longBitsToDouble(bits);
        // all exponent bits set: infinite or INVALID
        if ((bits & EXPONENT) == EXPONENT) {
            Code code = rest(b, i, end);
            if (code != Code.OK) {
                return firstError(b, start, end);
            }
            v = value;
        }

        hash.hash(b, start, opaqueEnd - start, TWEAK);
        long h0 = hash.h0();
        long h1 = hash.h1();
        Code code = sink.known(h0, h1, v);
        if (code == Code.UNKNOWN) {
            code = define(b, start, end, opaqueEnd, h0, h1, v);
        } else if (code == Code.OK && brace >= start) {
            // a key without braces is none where braces follow it
            sink.learn(b, start, opaqueEnd - start);
        } else if (code != Code.OK) {
            code = refusedBySink(code, start);
        }
        samples += code == Code.OK ? 1 : 0;
        return code;
    }

    private Code define(byte[] b, int start, int end, int opaqueEnd, long h0, long h1, double v) {
        Code code = key(b, start, end);
        if (code != Code.OK) {
            return code;
        }
        if (keyEnd != opaqueEnd) {
            code = rest(b, skipBlanks(b, keyEnd, end), end);
            assert code.isError() : "a brace in a value";
            return code;
        }

        begin(b, nameAt, nameEnd - nameAt);
        for (int i = 0; i < labels * 4; i += 4) {
            int length = spans[i + 3];
            boolean escaped = length < 0;
            code = label(b, spans[i], spans[i + 1], spans[i + 2], escaped ? -1 - length : length, escaped);
            if (code != Code.OK) {
                return refusedBySink(code, spans[i]);
            }
        }
        code = sink.end(h0, h1, v);
        return code == Code.OK ? code : refusedBySink(code, start);
    }

    /** The leftmost error of a sample line in which something behind the presumed key is wrong. */
    private Code firstError(byte[] b, int start, int end) {
        Code code = key(b, start, end);
        return code != Code.OK ? code : rest(b, skipBlanks(b, keyEnd, end), end);
    }

    /** Reads name and labels strictly from the left. */
    private Code key(byte[] b, int start, int end) {
        labels = 0;
        nameAt = start;
        nameEnd = MetricNames.metricNameEnd(b, start, end);
        boolean named = nameEnd > start;
        if (!named && b[start] != '{') {
            return error(Code.EXPECTED_NAME, start);
        }
        if (nameEnd - start > limits.nameBytes()) {
            return over(Code.NAME_TOO_LONG, start, limits.nameBytes(), " bytes");
        }

        int i = skipBlanks(b, nameEnd, end);
        if (i == end || b[i] != '{') {
            keyEnd = nameEnd;
            return i > nameEnd || i == end ? Code.OK : error(Code.EXPECTED_NAME, i);
        }
        i = skipBlanks(b, i + 1, end);
        while (i == end || b[i] != '}') {
            int name = i;
            boolean quoted = i < end && b[i] == '"';
            int behind;
            if (quoted) {
                name++;
                boolean isMetric = !named && isMetricName(b, name, end);
                Code code = isMetric
                        ? quoted(b, name, end, limits.nameBytes(), Code.NAME_TOO_LONG)
                        : quoted(b, name, end, limits.labelNameBytes(), Code.LABEL_NAME_TOO_LONG);
                if (code != Code.OK) {
                    return code;
                }
                i = quote;
                behind = quote + 1;
                if (isMetric && i > name) {
                    named = true;
                    nameAt = name;
                    nameEnd = i;
                    i = skipBlanks(b, behind, end);
                    if (b[i] == ',') {
                        i = skipBlanks(b, i + 1, end);
                    }
                    continue;
                }
            } else {
                i = MetricNames.labelNameEnd(b, name, end);
                behind = i;
            }
            int nameLength = i - name;
            if (nameLength == 0) {
                return error(quoted && !named ? Code.EXPECTED_NAME : Code.EXPECTED_LABEL_NAME, name);
            }
            if (nameLength > limits.labelNameBytes() && !quoted) {
                return over(Code.LABEL_NAME_TOO_LONG, name, limits.labelNameBytes(), " bytes");
            }
            i = skipBlanks(b, behind, end);
            if (i == end || b[i] != '=') {
                boolean illegal = i == name + nameLength && i < end && b[i] != ',' && b[i] != '}' && b[i] != '"';
                return error(illegal ? Code.EXPECTED_LABEL_NAME : Code.EXPECTED_EQUALS, i);
            }
            if (MetricNames.isReservedLabel(b, name, name + nameLength)) {
                return error(Code.RESERVED_LABEL, name);
            }
            if (labels == limits.labels()) {
                return over(Code.TOO_MANY_LABELS, name, limits.labels(), "");
            }
            i = skipBlanks(b, i + 1, end);
            if (i == end || b[i] != '"') {
                return error(Code.EXPECTED_QUOTE, i);
            }

            int text = i + 1;
            int escapes = 0;
            for (i = quoteOrBackslash(b, text, end); i < end && b[i] != '"'; i = quoteOrBackslash(b, i + 2, end)) {
                if (i + 1 < end && b[i + 1] != '\\' && b[i + 1] != '"' && b[i + 1] != 'n') {
                    return error(Code.BAD_ESCAPE, i);
                }
                escapes++;
            }
            if (i >= end) {
                return error(Code.LABEL_VALUE_NOT_CLOSED, text - 1);
            }
            int bad = Utf8.firstInvalid(b, text, i);
            if (bad < i) {
                return error(Code.BAD_UTF8, bad);
            }
            int length = i - text;
            if (length - escapes > limits.labelValueBytes()) {
                return over(Code.LABEL_VALUE_TOO_LONG, text, limits.labelValueBytes(), " bytes");
            }
            int span = labels++ * 4;
            spans[span] = name;
            spans[span + 1] = nameLength;
            spans[span + 2] = text;
            spans[span + 3] = escapes > 0 ? -1 - length : length;

            i = skipBlanks(b, i + 1, end);
            if (i < end && b[i] == ',') {
                i = skipBlanks(b, i + 1, end);
            } else if (i == end || b[i] != '}') {
                return error(Code.EXPECTED_COMMA_OR_BRACE, i);
            }
        }
        keyEnd = i + 1;
        return named ? Code.OK : error(Code.NO_NAME, start);
    }

    /** Whether the text in quotes at {@code from} is the metric's name, behind which no value follows. */
    private static boolean isMetricName(byte[] b, int from, int end) {
        int i = quoteOrBackslash(b, from, end);
        while (i < end && b[i] != '"') {
            i = quoteOrBackslash(b, i + 2, end);
        }
        i = skipBlanks(b, i + 1, end);
        return i < end && (b[i] == ',' || b[i] == '}');
    }

    /** Reads value and timestamp in all their forms. */
    private Code rest(byte[] b, int start, int end) {
        if (start == end) {
            return error(Code.EXPECTED_VALUE, end);
        }
        int stop = blank(b, start, end);
        long bits = NumberReader.bits(b, start, stop);
        if (bits == NumberReader.INVALID) {
            bits = word(b, start, stop);
        } else if ((bits & EXPONENT) == EXPONENT) {
            bits = NumberReader.INVALID;
        }
        if (bits == NumberReader.INVALID) {
            return error(Code.BAD_VALUE, start);
        }
        value = Double.longBitsToDouble(bits);

        int time = skipBlanks(b, stop, end);
        if (time == end) {
            return Code.OK;
        }
        int timeEnd = int64End(b, time, end);
        if (timeEnd == time || timeEnd < end && !isBlank(b[timeEnd])) {
            return error(Code.BAD_TIMESTAMP, time);
        }
        int more = skipBlanks(b, timeEnd, end);
        if (more < end) {
            return error(Code.BAD_TIMESTAMP, more);
        }
        return timestamps == Timestamps.REFUSE ? error(Code.TIMESTAMP_REFUSED, time) : Code.OK;
    }

    /** Bits of a number written as a word, the way Go reads it: a sign is allowed for infinities only. */
    static long word(byte[] b, int start, int end) {
        if (equalsIgnoreCase(b, start, end, NAN)) {
            return Double.doubleToRawLongBits(Double.NaN);
        }
        boolean signed = b[start] == '+' || b[start] == '-';
        int i = signed ? start + 1 : start;
        if (equalsIgnoreCase(b, i, end, INF) || equalsIgnoreCase(b, i, end, INFINITY)) {
            return Double.doubleToRawLongBits(b[start] == '-' ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY);
        }
        return NumberReader.INVALID;
    }

    /** Index behind the whole number of at most 64 bits that starts at {@code start}, or {@code start}. */
    private static int int64End(byte[] b, int start, int end) {
        boolean negative = b[start] == '-';
        int first = negative || b[start] == '+' ? start + 1 : start;
        int i = first;
        // summed below zero, where there is room for one more
        long n = 0;
        int digit;
        while (i < end && (digit = b[i] - '0') >= 0 && digit <= 9) {
            if (i - first >= 18 && (n < Long.MIN_VALUE / 10 || n * 10 < Long.MIN_VALUE + digit)) {
                return start;
            }
            n = n * 10 - digit;
            i++;
        }
        return i == first || !negative && n == Long.MIN_VALUE ? start : i;
    }

    private Code comment(byte[] b, int start, int end) {
        int keyword = skipBlanks(b, start, end);
        int keywordEnd = blank(b, keyword, end);
        boolean help = equals(b, keyword, keywordEnd, HELP);
        if (!help && !equals(b, keyword, keywordEnd, TYPE)) {
            return Code.OK;
        }
        int name = skipBlanks(b, keywordEnd, end);
        if (name < end && b[name] == '"') {
            return quotedComment(b, name + 1, end, help);
        }
        int stop = MetricNames.metricNameEnd(b, name, end);
        if (stop < end && !isBlank(b[stop])) {
            return error(Code.BAD_COMMENT, stop);
        }
        int text = skipBlanks(b, stop, end);
        if (text == end) {
            return Code.OK;
        }
        if (stop - name > limits.nameBytes()) {
            return over(Code.NAME_TOO_LONG, name, limits.nameBytes(), " bytes");
        }
        if (help) {
            return help(b, name, stop, text, end);
        }
        Code code = type(b, name, stop, text, end);
        if (code == Code.OK && end < b.length && b[end] == '\n') {
            typeLines.learn(b, start - 1, end + 1, name, stop - name, declared);
        }
        return code;
    }

    private Code quotedComment(byte[] b, int name, int end, boolean help) {
        Code code = quoted(b, name, end, limits.nameBytes(), Code.NAME_TOO_LONG);
        if (code != Code.OK) {
            return code;
        }
        int stop = quote;
        if (stop == name) {
            return error(Code.EXPECTED_NAME, name);
        }
        if (stop + 1 < end && !isBlank(b[stop + 1])) {
            return error(Code.BAD_COMMENT, stop + 1);
        }
        int text = skipBlanks(b, stop + 1, end);
        if (text == end) {
            return Code.OK;
        }
        if (!isEscaped(b, name, stop - name)) {
            return help ? help(b, name, stop, text, end) : type(b, name, stop, text, end);
        }
        // name and text side by side, the text where it was, for that is where an error is
        byte[] plain = new byte[end];
        int length = unescape(b, name, stop - name, plain);
        System.arraycopy(plain, 0, plain, name, length);
        System.arraycopy(b, text, plain, text, end - text);
        return help ? help(plain, name, name + length, text, end) : type(plain, name, name + length, text, end);
    }

    private Code type(byte[] b, int name, int nameStop, int text, int end) {
        int stop = end;
        while (isBlank(b[stop - 1])) {
            stop--;
        }
        for (MetricType type : TYPES) {
            if (equalsIgnoreCase(b, text, stop, TYPE_WORDS[type.ordinal()])) {
                Code code = sink.type(b, name, nameStop - name, type);
                declared = type;
                return code == Code.OK ? code : refusedBySink(code, name);
            }
        }
        return error(Code.BAD_TYPE, text);
    }

    private Code help(byte[] b, int name, int nameStop, int text, int end) {
        int bad = Utf8.firstInvalid(b, text, end);
        if (bad < end) {
            return error(Code.BAD_UTF8, bad);
        }
        if (end - text > limits.helpBytes()) {
            return over(Code.HELP_TOO_LONG, text, limits.helpBytes(), " bytes");
        }
        Code code = sink.help(b, name, nameStop - name, text, end - text);
        return code == Code.OK ? code : refusedBySink(code, name);
    }

    /** Index of the last closing brace in {@code [start, end)}; less than {@code start} when there is none. */
    private static int lastBrace(byte[] b, int start, int end) {
        int i = end;
        for (; i > start && i >= Long.BYTES; i -= Long.BYTES) {
            long x = (long) LONG.get(b, i - Long.BYTES) ^ BRACES;
            long found = ~((x & ~HIGHS) + ~HIGHS | x) & HIGHS;
            if (found != 0) {
                return i - 1 - (Long.numberOfLeadingZeros(found) >>> 3);
            }
        }
        do {
            i--;
        } while (i >= start && b[i] != '}');
        return i;
    }

    private static int skipBlanks(byte[] b, int from, int end) {
        int i = from;
        while (i < end && isBlank(b[i])) {
            i++;
        }
        return i;
    }

    private static int blank(byte[] b, int from, int end) {
        int i = from;
        for (; i <= end - Long.BYTES; i += Long.BYTES) {
            long word = (long) LONG.get(b, i);
            long found = zeroBytes(word ^ SPACES) | zeroBytes(word ^ TABS);
            if (found != 0) {
                return i + (Long.numberOfTrailingZeros(found) >>> 3);
            }
        }
        while (i < end && !isBlank(b[i])) {
            i++;
        }
        return i;
    }

    private static boolean isBlank(byte c) {
        return c == ' ' || c == '\t';
    }

    /** Whether the span is the word, which is in lower case letters. */
    private static boolean equalsIgnoreCase(byte[] b, int start, int end, byte[] word) {
        if (end - start != word.length) {
            return false;
        }
        for (int i = 0; i < word.length; i++) {
            if ((b[start + i] | 0x20) != word[i]) {
                return false;
            }
        }
        return true;
    }
}
