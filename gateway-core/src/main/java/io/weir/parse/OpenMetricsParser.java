package io.weir.parse;

import io.weir.sample.MetricNames;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.MetricType;
import io.weir.sample.SampleSink;
import java.util.Arrays;

/**
 * Parser of OpenMetrics 1.0 text. The first bad line refuses the body, as does a missing {@code # EOF}; the rules are those
 * of the specification, for names, grouping and values as well.
 *
 * <p>What becomes of it in terms of Prometheus text:
 * <ul>
 *   <li>counter {@code x}: the counter {@code x_total}; {@code x_created} of any type a gauge of that name;
 *   <li>gauge, histogram, summary: the same; unknown: untyped;
 *   <li>gaugehistogram {@code x}: the gauges {@code x_bucket}, {@code x_gcount}, {@code x_gsum}; info {@code x}: the gauge
 *       {@code x_info}; stateset {@code x}: the gauge {@code x} with its label {@code x};
 *   <li>units are checked, then passed over; times are checked, then ignored or refused. A series given
 *       at several times counts as given several times.
 * </ul>
 *
 * <p>Names may be any UTF-8 when they stand in quotes, that of the metric first between the braces.
 *
 * <p>Limits as in {@link TextParser}. Allocates for sets of names and groups only.
 *
 * <p>Source: OpenMetrics 1.0.0, sections "ABNF", "MetricFamily", "Metric Types"; the verdicts of its test data.
 */
public final class OpenMetricsParser extends LineParser {
    /** Separates hashes of keys in this format from those of other formats; the family's type is added. */
    private static final long TWEAK = 0x6f6d_0100L;
    private static final long NAME_TWEAK = TWEAK + 100;
    private static final long LABEL_TWEAK = TWEAK + 101;

    /** Most characters of an exemplar's label names and values together. */
    private static final int EXEMPLAR_CHARACTERS = 128;

    private static final long NO_TIME = Long.MIN_VALUE;
    private static final double NANOS = 1e9;

    private enum Type {
        UNKNOWN("unknown", ""),
        GAUGE("gauge", ""),
        COUNTER("counter", "_total", "_created"),
        HISTOGRAM("histogram", "_bucket", "_count", "_sum", "_created"),
        GAUGE_HISTOGRAM("gaugehistogram", "_bucket", "_gcount", "_gsum"),
        STATE_SET("stateset", ""),
        INFO("info", "_info"),
        SUMMARY("summary", "", "_count", "_sum", "_created");

        final byte[] word;
        final byte[][] suffixes;

        Type(String word, String... suffixes) {
            this.word = ascii(word);
            this.suffixes = new byte[suffixes.length][];
            for (int i = 0; i < suffixes.length; i++) {
                this.suffixes[i] = ascii(suffixes[i]);
            }
        }
    }

    private static final Type[] TYPES = Type.values();
    private static final byte[] EOF = ascii("# EOF");
    private static final byte[] TYPE = ascii("TYPE");
    private static final byte[] HELP = ascii("HELP");
    private static final byte[] UNIT = ascii("UNIT");
    private static final byte[] NOTHING = {};
    private static final byte[] LE = ascii("le");
    private static final byte[] QUANTILE = ascii("quantile");
    private static final byte[] PLUS_INF = ascii("+Inf");
    private static final int SUFFIX_BYTES = 8;

    private boolean eof;
    private final LongSet names = new LongSet();

    // the family being read
    private boolean open;
    private final byte[] name;
    private int nameLength;
    private Type type = Type.UNKNOWN;
    private boolean typed;
    private boolean unitGiven;
    private boolean hasUnit;
    private byte[] help = new byte[256];
    /** -1 for none. */
    private int helpLength;
    private boolean sampled;
    /** Bit by suffix: which of its names the sink has been told. */
    private int declared;
    private final LongSet groups = new LongSet();
    private long group;
    private long groupTime;

    // the histogram being read
    private boolean inHistogram;
    private double lastBound;
    private double lastCount;
    private boolean hasBucket;
    private boolean hasCount;
    private boolean hasSum;
    private boolean negativeBuckets;
    private boolean negativeSum;
    private double count;

    // the line being read
    /** Spans of labels: name offset, name length, value offset, value length. */
    private int[] spans;
    private int[] exemplarSpans;
    private boolean hasExemplar;
    private int exemplarLabels;
    private double exemplarValue;
    private long exemplarTime;
    private int labels;
    private int keyEnd;
    /** The name, plain; {@link #nameStop} is behind it on the line, and behind its quote. */
    private byte[] nameBytes;
    private int nameFrom;
    private int nameTo;
    private int nameStop;
    private int suffix;
    private int special;
    private double value;
    private long time;
    private byte[] scratch = {};
    private int scratchName;
    private int scratchLength;

    /**
     * @param hash used by this parser alone while it parses; all parsers of a process share its secret
     */
    public OpenMetricsParser(Limits limits, KeyHash hash, TextParser.Timestamps timestamps) {
        super(limits, hash, timestamps);
        this.name = new byte[limits.nameBytes() + SUFFIX_BYTES];
        // one more than may be, for le and the like
        this.spans = new int[(limits.labels() + 1) * 4];
        this.exemplarSpans = new int[spans.length];
    }

    @Override
    public void reset(SampleSink sink) {
        super.reset(sink);
        eof = false;
        open = false;
        names.clear();
    }

    @Override
    Code end(int at) {
        return eof ? Code.OK : error(Code.OM_NO_EOF, at);
    }

    @Override
    Code line(byte[] b, int start, int end) {
        if (eof) {
            return error(Code.OM_AFTER_EOF, start);
        }
        if (start == end) {
            return error(Code.OM_BLANK_LINE, start);
        }
        if (b[start] != '#') {
            return sample(b, start, end);
        }
        if (equals(b, start, end, EOF)) {
            eof = true;
            return closeFamily(start);
        }
        return metadata(b, start, end);
    }

    // ---- families

    private Code metadata(byte[] b, int start, int end) {
        int keyword = start + 2;
        int keywordEnd = keyword + 4;
        if (keywordEnd >= end || b[start + 1] != ' ' || b[keywordEnd] != ' ') {
            return error(Code.OM_METADATA, start);
        }
        int at = keywordEnd + 1;
        Code code = name(b, at, end);
        if (code != Code.OK) {
            return code;
        }
        int nameEnd = nameStop;
        if (nameEnd == end || b[nameEnd] != ' ') {
            return error(Code.OM_METADATA, nameEnd);
        }
        if (!open || !isName(nameBytes, nameFrom, nameTo)) {
            code = openFamily(nameBytes, nameFrom, nameTo, start);
            if (code != Code.OK) {
                return code;
            }
        } else if (sampled) {
            return error(Code.OM_REPEATED, at);
        }

        int text = nameEnd + 1;
        if (equals(b, keyword, keywordEnd, TYPE)) {
            return type(b, start, text, end);
        }
        if (equals(b, keyword, keywordEnd, HELP)) {
            return help(b, start, text, end);
        }
        if (!equals(b, keyword, keywordEnd, UNIT)) {
            return error(Code.OM_METADATA, keyword);
        }
        if (unitGiven) {
            return error(Code.OM_REPEATED, start);
        }
        unitGiven = true;
        hasUnit = text < end;
        int unit = nameLength - (end - text);
        if (hasUnit && (unit < 2 || name[unit - 1] != '_' || !Arrays.equals(name, unit, nameLength, b, text, end))) {
            return error(Code.OM_UNIT, text);
        }
        return checkUnit(text);
    }

    /** Reads a name, which may stand in quotes; {@link #nameStop} is behind it, {@link #nameBytes} holds it plain. */
    private Code name(byte[] b, int at, int end) {
        if (at < end && b[at] == '"') {
            Code code = quoted(b, at + 1, end, limits.nameBytes(), Code.NAME_TOO_LONG);
            if (code != Code.OK) {
                return code;
            }
            if (quote == at + 1) {
                return error(Code.EXPECTED_NAME, at);
            }
            nameStop = quote + 1;
            nameFrom = at + 1;
            nameTo = quote;
            nameBytes = b;
            if (isEscaped(b, nameFrom, nameTo - nameFrom)) {
                nameBytes = new byte[nameTo - nameFrom];
                nameTo = unescape(b, nameFrom, nameTo - nameFrom, nameBytes);
                nameFrom = 0;
            }
            return Code.OK;
        }
        nameBytes = b;
        nameFrom = at;
        nameTo = MetricNames.metricNameEnd(b, at, end);
        nameStop = nameTo;
        if (nameTo == at) {
            return error(Code.EXPECTED_NAME, at);
        }
        return nameTo - at > limits.nameBytes()
                ? over(Code.NAME_TOO_LONG, at, limits.nameBytes(), " bytes")
                : Code.OK;
    }

    private Code type(byte[] b, int start, int text, int end) {
        if (typed) {
            return error(Code.OM_REPEATED, start);
        }
        for (Type t : TYPES) {
            if (equals(b, text, end, t.word)) {
                type = t;
                typed = true;
                return checkUnit(text);
            }
        }
        return error(Code.OM_TYPE, text);
    }

    private Code checkUnit(int at) {
        return hasUnit && (type == Type.INFO || type == Type.STATE_SET) ? error(Code.OM_UNIT, at) : Code.OK;
    }

    /** Keeps the text as the sink takes it: the escape of a quote, which HELP of text 0.0.4 does not know, undone. */
    private Code help(byte[] b, int start, int text, int end) {
        if (helpLength >= 0) {
            return error(Code.OM_REPEATED, start);
        }
        int bad = Utf8.firstInvalid(b, text, end);
        if (bad < end) {
            return error(Code.BAD_UTF8, bad);
        }
        if (end - text > limits.helpBytes()) {
            return over(Code.HELP_TOO_LONG, text, limits.helpBytes(), " bytes");
        }
        if (help.length < end - text) {
            help = new byte[end - text];
        }
        int n = 0;
        for (int i = text; i < end; i++) {
            if (b[i] == '\\' && i + 1 < end) {
                if (b[i + 1] != '"') {
                    help[n++] = '\\';
                }
                i++;
            }
            help[n++] = b[i];
        }
        helpLength = n;
        return Code.OK;
    }

    private Code openFamily(byte[] b, int from, int to, int lineStart) {
        Code code = closeFamily(lineStart);
        if (code != Code.OK) {
            return code;
        }
        open = true;
        nameLength = to - from;
        System.arraycopy(b, from, name, 0, nameLength);
        type = Type.UNKNOWN;
        typed = false;
        unitGiven = false;
        hasUnit = false;
        helpLength = -1;
        sampled = false;
        declared = 0;
        groups.clear();
        groupTime = NO_TIME;
        inHistogram = false;
        return Code.OK;
    }

    /** What can be checked of a family only when all of it has been seen; errors are told of the line that follows it. */
    private Code closeFamily(int lineStart) {
        if (!open) {
            return Code.OK;
        }
        open = false;
        boolean clash = !addName(0);
        for (byte[] s : type.suffixes) {
            System.arraycopy(s, 0, name, nameLength, s.length);
            clash |= s.length > 0 && !addName(s.length);
        }
        if (clash) {
            return error(Code.OM_CLASH, lineStart, familyText());
        }
        return closeHistogram(lineStart);
    }

    private boolean addName(int suffixLength) {
        hash.hash(name, 0, nameLength + suffixLength, NAME_TWEAK);
        return names.add(hash.h0());
    }

    // ---- samples

    private Code sample(byte[] b, int start, int end) {
        boolean braced = b[start] == '{';
        if (b[start] == '"') {
            return error(Code.EXPECTED_NAME, start);
        }
        Code code = name(b, braced && start + 1 < end && b[start + 1] == '"' ? start + 1 : start, end);
        if (code != Code.OK) {
            return code;
        }
        int nameEnd = nameStop;
        if (!open || !isSampleName(nameBytes, nameFrom, nameTo)) {
            code = openFamily(nameBytes, nameFrom, nameTo, start);
            if (code != Code.OK) {
                return code;
            }
            suffix = 0;
        }

        int most = limits.labels() + (type == Type.UNKNOWN ? 0 : 1);
        code = braced ? moreLabels(b, nameEnd, end, most) : labels(b, nameEnd, end, most);
        if (code != Code.OK) {
            return code;
        }
        if (keyEnd == end) {
            return error(Code.EXPECTED_VALUE, end);
        }
        if (b[keyEnd] != ' ') {
            return error(keyEnd == nameEnd && !braced ? Code.EXPECTED_NAME : Code.OM_SPACE, keyEnd);
        }
        int key = keyEnd;
        code = rest(b, key + 1, end);
        if (code == Code.OK) {
            code = meaning(b, start);
        }
        if (code != Code.OK) {
            return code;
        }

        sampled = true;
        hash.hash(b, start, key - start, TWEAK + type.ordinal());
        long h0 = hash.h0();
        long h1 = hash.h1();
        code = declare(start);
        if (code == Code.OK) {
            code = sink.known(h0, h1, value);
        }
        if (code == Code.UNKNOWN) {
            code = define(b, start, h0, h1);
        } else if (code != Code.OK) {
            code = refusedBySink(code, start);
        }
        samples += code == Code.OK ? 1 : 0;
        if (hasExemplar && code == Code.OK && sink.takesExemplars()) {
            tellExemplar(b, h0, h1);
        }
        return code;
    }

    private void tellExemplar(byte[] b, long h0, long h1) {
        sink.beginExemplar(h0, h1);
        for (int span = 0; span < exemplarLabels * 4; span += 4) {
            normalized(
                    b, exemplarSpans[span], exemplarSpans[span + 1], exemplarSpans[span + 2], exemplarSpans[span + 3]);
            sink.exemplarLabel(scratch, 0, scratchName, scratchName, scratchLength - scratchName, true);
        }
        sink.endExemplar(exemplarValue, exemplarTime);
    }

    /** Whether the name is the family's with one of its type's suffixes; which one is in {@link #suffix}. */
    private boolean isSampleName(byte[] b, int start, int end) {
        int length = end - start - nameLength;
        if (length < 0 || !Arrays.equals(name, 0, nameLength, b, start, start + nameLength)) {
            return false;
        }
        for (int i = 0; i < type.suffixes.length; i++) {
            if (equals(b, end - length, end, type.suffixes[i])) {
                suffix = i;
                return true;
            }
        }
        return false;
    }

    private boolean is(String text) {
        byte[] s = type.suffixes[suffix];
        if (s.length != text.length()) {
            return false;
        }
        for (int i = 0; i < s.length; i++) {
            if (s[i] != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Reads labels, if there are any; {@link #keyEnd} is behind them. */
    private Code labels(byte[] b, int start, int end, int most) {
        labels = 0;
        keyEnd = start;
        if (start == end || b[start] != '{') {
            return Code.OK;
        }
        int i = start + 1;
        if (i < end && b[i] == '}') {
            keyEnd = i + 1;
            return Code.OK;
        }
        return labelList(b, i, end, most);
    }

    /** As {@link #labels}, behind the metric's name between the braces. */
    private Code moreLabels(byte[] b, int start, int end, int most) {
        labels = 0;
        if (start < end && b[start] == '}') {
            keyEnd = start + 1;
            return Code.OK;
        }
        return start == end || b[start] != ','
                ? error(Code.EXPECTED_COMMA_OR_BRACE, start)
                : labelList(b, start + 1, end, most);
    }

    private Code labelList(byte[] b, int start, int end, int most) {
        int i = start;
        while (true) {
            int label = i;
            int labelEnd;
            if (i < end && b[i] == '"') {
                label++;
                Code code = quoted(b, label, end, limits.labelNameBytes(), Code.LABEL_NAME_TOO_LONG);
                if (code != Code.OK) {
                    return code;
                }
                labelEnd = quote;
                i = quote + 1;
            } else {
                i = MetricNames.labelNameEnd(b, label, end);
                labelEnd = i;
                if (i - label > limits.labelNameBytes()) {
                    return over(Code.LABEL_NAME_TOO_LONG, label, limits.labelNameBytes(), " bytes");
                }
            }
            if (labelEnd == label) {
                return error(Code.EXPECTED_LABEL_NAME, label);
            }
            if (i == end || b[i] != '=') {
                return error(Code.EXPECTED_EQUALS, i);
            }
            if (MetricNames.isReservedLabel(b, label, labelEnd)) {
                return error(Code.RESERVED_LABEL, label);
            }
            if (labels == most) {
                return over(Code.TOO_MANY_LABELS, label, limits.labels(), "");
            }
            int text = i + 2;
            if (text > end || b[i + 1] != '"') {
                return error(Code.EXPECTED_QUOTE, i + 1);
            }
            int span = labels++ * 4;
            spans[span] = label;
            spans[span + 1] = labelEnd - label;
            i = quoteOrBackslash(b, text, end);
            while (i < end && b[i] != '"') {
                i = quoteOrBackslash(b, i + 2, end);
            }
            if (i >= end) {
                return error(Code.LABEL_VALUE_NOT_CLOSED, text - 1);
            }
            spans[span + 2] = text;
            spans[span + 3] = i - text;
            i++;
            if (i < end && b[i] == '}') {
                keyEnd = i + 1;
                return Code.OK;
            }
            if (i == end || b[i] != ',') {
                return error(Code.EXPECTED_COMMA_OR_BRACE, i);
            }
            i++;
        }
    }

    /** Reads what stands behind the key: value, time, exemplar. */
    private Code rest(byte[] b, int start, int end) {
        int stop = space(b, start, end);
        long bits = number(b, start, stop);
        if (bits == NumberReader.INVALID) {
            return error(stop == start ? Code.EXPECTED_VALUE : Code.BAD_VALUE, start);
        }
        value = Double.longBitsToDouble(bits);
        time = NO_TIME;
        hasExemplar = false;
        if (stop == end) {
            return Code.OK;
        }
        int i = stop + 1;
        if (i == end || b[i] != '#') {
            int timeEnd = space(b, i, end);
            time = time(b, i, timeEnd);
            if (time == NO_TIME) {
                return error(Code.BAD_TIMESTAMP, i, "in seconds");
            }
            if (timestamps == TextParser.Timestamps.REFUSE) {
                return error(Code.TIMESTAMP_REFUSED, i);
            }
            if (timeEnd == end) {
                return Code.OK;
            }
            i = timeEnd + 1;
        }
        return exemplar(b, i, end);
    }

    private Code exemplar(byte[] b, int start, int end) {
        boolean allowed = is("_bucket") || is("_total");
        if (!allowed || end - start < 3 || b[start] != '#' || b[start + 1] != ' ' || b[start + 2] != '{') {
            return error(Code.OM_EXEMPLAR, start);
        }
        int seriesLabels = labels;
        int key = keyEnd;
        swapSpans();
        Code code = labels(b, start + 2, end, limits.labels());
        int characters = 0;
        for (int i = 0; code == Code.OK && i < labels; i++) {
            int span = i * 4;
            int bad = Utf8.firstInvalid(b, spans[span + 2], spans[span + 2] + spans[span + 3]);
            if (bad < spans[span + 2] + spans[span + 3]) {
                code = error(Code.BAD_UTF8, bad);
            } else if (isRepeated(b, i)) {
                code = error(Code.DUPLICATE_LABEL, spans[span]);
            }
            characters += spans[span + 1] + plainCharacters(b, spans[span + 2], spans[span + 2] + spans[span + 3]);
        }
        int i = keyEnd;
        exemplarLabels = labels;
        swapSpans();
        labels = seriesLabels;
        keyEnd = key;
        if (code != Code.OK) {
            return code;
        }
        if (characters > EXEMPLAR_CHARACTERS) {
            return error(Code.OM_EXEMPLAR, start, characters + " characters of labels, limit " + EXEMPLAR_CHARACTERS);
        }
        if (i == end || b[i] != ' ') {
            return error(Code.OM_EXEMPLAR, i);
        }
        int valueEnd = space(b, i + 1, end);
        long bits = number(b, i + 1, valueEnd);
        if (bits == NumberReader.INVALID) {
            return error(Code.OM_EXEMPLAR, i + 1);
        }
        exemplarTime = valueEnd < end ? time(b, valueEnd + 1, end) : NO_TIME;
        if (valueEnd < end && exemplarTime == NO_TIME) {
            return error(Code.OM_EXEMPLAR, valueEnd + 1);
        }
        exemplarValue = Double.longBitsToDouble(bits);
        hasExemplar = true;
        return Code.OK;
    }

    private void swapSpans() {
        int[] other = exemplarSpans;
        exemplarSpans = spans;
        spans = other;
    }

    // ---- what samples of each type must be

    private Code meaning(byte[] b, int start) {
        special = -1;
        Code code = switch (type) {
            case STATE_SET -> stateSet(b, start);
            case INFO -> value == 1 ? Code.OK : error(Code.OM_VALUE, start, "info samples are 1");
            case SUMMARY -> is("") ? quantile(b, start) : counted(start);
            case HISTOGRAM, GAUGE_HISTOGRAM -> is("_bucket") ? bound(b, start) : counted(start);
            case COUNTER -> counted(start);
            default -> Code.OK;
        };
        return code == Code.OK ? group(b, start) : code;
    }

    private Code stateSet(byte[] b, int start) {
        special = label(b, name, nameLength);
        if (special < 0) {
            return error(Code.OM_LABEL, start, familyText());
        }
        return value == 0 || value == 1 ? Code.OK : error(Code.OM_VALUE, start, "states are 0 or 1");
    }

    private Code quantile(byte[] b, int start) {
        special = label(b, QUANTILE, QUANTILE.length);
        double q = special < 0 ? Double.NaN : labelNumber(b, special);
        if (!(q >= 0 && q <= 1)) {
            return error(Code.OM_LABEL, start, "quantile from 0 to 1");
        }
        return value < 0 ? error(Code.OM_VALUE, start, "quantiles are not negative") : Code.OK;
    }

    private Code bound(byte[] b, int start) {
        special = label(b, LE, LE.length);
        double le = special < 0 ? Double.NaN : labelNumber(b, special);
        int at = special * 4;
        boolean infinite = le == Double.POSITIVE_INFINITY;
        if (Double.isNaN(le) || infinite && !equals(b, spans[at + 2], spans[at + 2] + spans[at + 3], PLUS_INF)) {
            return error(Code.OM_LABEL, start, "le");
        }
        return counted(start);
    }

    /** Samples that count are finite where they are whole, and never negative. */
    private Code counted(int start) {
        if (is("_created")) {
            return Code.OK;
        }
        if (Double.isNaN(value) || value < 0 && !is("_gsum")) {
            return error(Code.OM_VALUE, start, "what counts is neither negative nor NaN");
        }
        boolean whole = is("_bucket") || is("_count") || is("_gcount");
        return whole && (Double.isInfinite(value) || value != Math.rint(value))
                ? error(Code.OM_VALUE, start, "buckets and counts are whole numbers")
                : Code.OK;
    }

    private Code group(byte[] b, int start) {
        long g = 0;
        if (type != Type.INFO) {
            for (int i = 0; i < labels; i++) {
                if (i != special) {
                    int span = i * 4;
                    hash.hash(b, spans[span], spans[span + 2] + spans[span + 3] - spans[span], LABEL_TWEAK);
                    // a sum, for the order of labels is of no concern
                    g += hash.h0();
                }
            }
        }
        boolean fresh = groups.add(g);
        if (sampled && g == group) {
            if ((time == NO_TIME) != (groupTime == NO_TIME)) {
                return error(Code.OM_GROUPING, start, "with and without time");
            }
            if (time < groupTime && type != Type.INFO) {
                return error(Code.OM_GROUPING, start, "back in time");
            }
        } else if (!fresh) {
            return error(Code.OM_GROUPING, start);
        }
        boolean next = !sampled || g != group || time != groupTime;
        group = g;
        groupTime = time;
        return type == Type.HISTOGRAM || type == Type.GAUGE_HISTOGRAM ? histogram(b, start, next) : Code.OK;
    }

    private Code histogram(byte[] b, int start, boolean next) {
        if (next) {
            Code code = closeHistogram(start);
            if (code != Code.OK) {
                return code;
            }
            inHistogram = true;
            hasBucket = false;
            hasCount = false;
            hasSum = false;
            negativeBuckets = false;
            negativeSum = false;
            lastCount = 0;
        }
        if (is("_bucket")) {
            double le = labelNumber(b, special);
            if (hasBucket && le <= lastBound) {
                return error(Code.OM_HISTOGRAM, start, "buckets out of order");
            }
            if (value < lastCount) {
                return error(Code.LADDER_FALLS, start);
            }
            negativeBuckets |= le < 0;
            hasBucket = true;
            lastBound = le;
            lastCount = value;
        } else if (is("_count") || is("_gcount")) {
            hasCount = true;
            count = value;
        } else if (is("_sum") || is("_gsum")) {
            hasSum = true;
            negativeSum |= value < 0;
        }
        return Code.OK;
    }

    private Code closeHistogram(int at) {
        if (!inHistogram) {
            return Code.OK;
        }
        inHistogram = false;
        String wrong = null;
        if (!hasBucket || lastBound != Double.POSITIVE_INFINITY) {
            wrong = "no +Inf bucket";
        } else if (hasCount && count != lastCount) {
            wrong = "the count is not that of the +Inf bucket";
        } else if (hasCount != hasSum) {
            wrong = "count and sum go together";
        } else if (negativeBuckets && hasSum && type == Type.HISTOGRAM) {
            wrong = "a sum with negative buckets";
        } else if (!negativeBuckets && negativeSum) {
            wrong = "a negative sum without negative buckets";
        }
        return wrong == null ? Code.OK : error(Code.OM_HISTOGRAM, at, wrong + ", " + familyText());
    }

    // ---- telling the sink

    private Code declare(int start) {
        if ((declared & 1 << suffix) != 0) {
            return Code.OK;
        }
        boolean joined = type == Type.HISTOGRAM || type == Type.SUMMARY;
        byte[] s = joined && !is("_created") ? NOTHING : type.suffixes[suffix];
        // the parts of one histogram or summary share a name; _created comes last
        declared |= joined && !is("_created") ? 7 : 1 << suffix;
        System.arraycopy(s, 0, name, nameLength, s.length);
        int length = nameLength + s.length;
        MetricType as = switch (type) {
            case COUNTER -> MetricType.COUNTER;
            case HISTOGRAM -> MetricType.HISTOGRAM;
            case SUMMARY -> MetricType.SUMMARY;
            case UNKNOWN -> MetricType.UNTYPED;
            default -> MetricType.GAUGE;
        };
        boolean created = is("_created");
        Code code = Code.OK;
        if (typed) {
            code = sink.type(name, 0, length, created ? MetricType.GAUGE : as);
        }
        if (code == Code.OK && helpLength > 0 && !created) {
            byte[] both = Arrays.copyOf(name, length + helpLength);
            System.arraycopy(help, 0, both, length, helpLength);
            code = sink.help(both, 0, length, length, helpLength);
        }
        return code == Code.OK ? code : refusedBySink(code, start);
    }

    private Code define(byte[] b, int start, long h0, long h1) {
        sink.begin(nameBytes, nameFrom, nameTo - nameFrom);
        for (int i = 0; i < labels; i++) {
            int span = i * 4;
            int text = spans[span + 2];
            int length = spans[span + 3];
            int bad = Utf8.firstInvalid(b, text, text + length);
            if (bad < text + length) {
                return error(Code.BAD_UTF8, bad);
            }
            if (isRepeated(b, i)) {
                return error(Code.DUPLICATE_LABEL, spans[span]);
            }
            int escapes = escapes(b, text, text + length);
            if (length - Math.abs(escapes) > limits.labelValueBytes()) {
                return over(Code.LABEL_VALUE_TOO_LONG, text, limits.labelValueBytes(), " bytes");
            }
            Code code;
            if (escapes < 0) {
                byte[] label = normalized(b, spans[span], spans[span + 1], text, length);
                code = sink.label(label, 0, scratchName, scratchName, scratchLength - scratchName, true);
            } else {
                code = label(b, spans[span], spans[span + 1], text, length, escapes > 0);
            }
            if (code != Code.OK) {
                return refusedBySink(code, spans[span]);
            }
        }
        Code code = sink.end(h0, h1, value);
        return code == Code.OK ? code : refusedBySink(code, start);
    }

    /** Name and value of a label, with each backslash that escapes nothing escaped. */
    private byte[] normalized(byte[] b, int label, int labelLength, int text, int length) {
        if (scratch.length < labelLength + 2 * length) {
            scratch = new byte[labelLength + 2 * length];
        }
        int n = labelLength;
        if (isEscaped(b, label, labelLength)) {
            n = unescape(b, label, labelLength, scratch);
        } else {
            System.arraycopy(b, label, scratch, 0, labelLength);
        }
        scratchName = n;
        for (int i = text; i < text + length; i++) {
            if (b[i] == '\\') {
                byte next = b[i + 1];
                scratch[n++] = '\\';
                if (next != '\\' && next != '"' && next != 'n') {
                    scratch[n++] = '\\';
                }
                i++;
            }
            scratch[n++] = b[i];
        }
        scratchLength = n;
        return scratch;
    }

    /** Number of escape sequences; negative when there is a backslash that escapes nothing. */
    private static int escapes(byte[] b, int from, int end) {
        int n = 0;
        boolean odd = false;
        for (int i = from; i < end; i++) {
            if (b[i] == '\\') {
                i++;
                n++;
                odd |= b[i] != '\\' && b[i] != '"' && b[i] != 'n';
            }
        }
        return odd ? -n : n;
    }

    private static int plainCharacters(byte[] b, int from, int end) {
        return Utf8.characters(b, from, end) - Math.max(escapes(b, from, end), 0);
    }

    private boolean isRepeated(byte[] b, int label) {
        int at = label * 4;
        for (int i = 0; i < at; i += 4) {
            if (Arrays.equals(
                    b, spans[i], spans[i] + spans[i + 1], b, spans[at], spans[at] + spans[at + 1])) {
                return true;
            }
        }
        return false;
    }

    private int label(byte[] b, byte[] wanted, int length) {
        for (int i = 0; i < labels; i++) {
            int at = spans[i * 4];
            if (Arrays.equals(b, at, at + spans[i * 4 + 1], wanted, 0, length)) {
                return i;
            }
        }
        return -1;
    }

    private double labelNumber(byte[] b, int label) {
        int text = spans[label * 4 + 2];
        long bits = number(b, text, text + spans[label * 4 + 3]);
        return bits == NumberReader.INVALID ? Double.NaN : Double.longBitsToDouble(bits);
    }

    private static long number(byte[] b, int start, int end) {
        long bits = NumberReader.bits(b, start, end);
        if (bits == NumberReader.INVALID) {
            return end > start ? TextParser.word(b, start, end) : bits;
        }
        return Double.isInfinite(Double.longBitsToDouble(bits)) ? NumberReader.INVALID : bits;
    }

    /** Seconds as nanoseconds, to the nanosecond when they are digits and a point; NO_TIME when they are not a time. */
    private static long time(byte[] b, int start, int end) {
        long bits = NumberReader.bits(b, start, end);
        if (bits == NumberReader.INVALID) {
            return NO_TIME;
        }
        double seconds = Double.longBitsToDouble(bits);
        if (Double.isInfinite(seconds)) {
            return NO_TIME;
        }
        if (Math.abs(seconds) > 9e9) {
            return Math.max((long) (seconds * NANOS), NO_TIME + 1);
        }
        long nanos = 0;
        int scale = -1;
        int i = b[start] == '-' || b[start] == '+' ? start + 1 : start;
        for (; i < end && scale < 9; i++) {
            if (b[i] == '.') {
                scale = 0;
            } else if (b[i] < '0' || b[i] > '9') {
                return (long) (seconds * NANOS);
            } else {
                nanos = nanos * 10 + b[i] - '0';
                scale += scale < 0 ? 0 : 1;
            }
        }
        for (scale = Math.max(scale, 0); scale < 9; scale++) {
            nanos *= 10;
        }
        return b[start] == '-' ? -nanos : nanos;
    }

    private static int space(byte[] b, int from, int end) {
        int i = from;
        while (i < end && b[i] != ' ') {
            i++;
        }
        return i;
    }

    private boolean isName(byte[] b, int start, int end) {
        return Arrays.equals(name, 0, nameLength, b, start, end);
    }

    private String familyText() {
        return "family " + Excerpt.of(name, 0, nameLength, 0);
    }
}
