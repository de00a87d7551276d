package io.weir.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.expose.NumberWriter;
import io.weir.expose.SnappyBlock;
import io.weir.parse.JsonStringDecoder;
import io.weir.parse.LineProtocolParser;
import io.weir.parse.NumberReader;
import io.weir.parse.OpenMetricsParser;
import io.weir.parse.ParseFailure;
import io.weir.parse.Parser;
import io.weir.parse.ProtobufParser;
import io.weir.parse.TextParser;
import io.weir.parse.TimePrecision;
import io.weir.parse.Utf8;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.MetricType;
import io.weir.sample.PointSink;
import io.weir.sample.SampleSink;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.agrona.collections.Long2LongHashMap;
import org.agrona.collections.Long2ObjectHashMap;
import org.xerial.snappy.Snappy;

/** What reads bodies: each however it is cut, and whether or not the parser has met its keys before. */
final class ParserTargets {
    /** Small, so that inputs of some hundred bytes meet them. */
    private static final Limits LIMITS = FuzzLimits.of(
            "line=200", "line-point=200", "name=24", "labels=4", "label-name=12", "label-value=40", "help=40");

    private ParserTargets() {}

    static List<FuzzTarget> all() {
        return List.of(new Text(), new OpenMetrics(), new Protobuf(), new Lines(), new JsonString(), new Numbers(), new Utf8Bytes(), new SnappyBlocks());
    }

    static List<byte[]> bytes(String... texts) {
        return Arrays.stream(texts).map(text -> text.getBytes(UTF_8)).toList();
    }

    static List<byte[]> latin(String... texts) {
        return Arrays.stream(texts).map(text -> text.getBytes(ISO_8859_1)).toList();
    }

    static void must(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    private static long mix(long a, long b) {
        long x = (a ^ b) * 0x9e37_79b9_7f4a_7c15L;
        return x ^ x >>> 29;
    }

    private static long span(long h, byte[] b, int offset, int length) {
        long x = mix(h, length);
        for (int i = offset; i < offset + length; i++) {
            x = mix(x, b[i]);
        }
        return x;
    }

    /** Feeds a body in pieces that end at these places, as doors do. */
    private static Parser.Result feed(Parser<?> parser, byte[] body, int... ends) {
        int from = 0;
        for (int end : ends) {
            Parser.Result result = parser.parse(body, from, end - from);
            must(parser.consumed() >= 0 && parser.consumed() <= end - from, "consumed " + parser.consumed());
            must(result != Parser.Result.COMPLETE || parser.consumed() == end - from, "complete, but not consumed");
            if (result == Parser.Result.ERROR) {
                return result;
            }
            from += parser.consumed();
        }
        return parser.finish(body, from, body.length - from);
    }

    private static void check(ParseFailure failure, byte[] body) {
        boolean placed = failure.line() >= 1 ? failure.column() >= 1 : failure.line() == 0 && failure.column() >= 0;
        must(failure.code().isError() && placed, failure.toString());
        must(failure.column() <= body.length + 1 && failure.line() <= body.length + 1, failure.toString());
        String told = failure.describe();
        must(told.length() < 1_000 && told.chars().allMatch(c -> c >= ' ' && c != 0x7f), told);
    }

    /** Folds what it is told; knows the keys it has met, when it should. */
    private static class Fold {
        final Long2LongHashMap met = new Long2LongHashMap(0);
        boolean remembers;
        long all;
        long series;
        long samples;

        void forget() {
            all = 0;
            samples = 0;
            if (met.size() > 20_000) {
                met.clear();
            }
        }
    }

    private static final class TextFold extends Fold implements SampleSink {
        private static final int LEARNT_MAX = 100;

        private final List<byte[]> learnt = new ArrayList<>();
        private final List<Long> learntSeries = new ArrayList<>();
        private long expected;

        @Override
        public Code type(byte[] buffer, int nameOffset, int nameLength, MetricType type) {
            all = mix(span(all, buffer, nameOffset, nameLength), type.ordinal());
            return Code.OK;
        }

        @Override
        public Code help(byte[] buffer, int nameOffset, int nameLength, int textOffset, int textLength) {
            must(Utf8.isValid(buffer, textOffset, textOffset + textLength), "HELP is not UTF-8");
            all = span(span(all, buffer, nameOffset, nameLength), buffer, textOffset, textLength);
            return Code.OK;
        }

        @Override
        public Code known(long rawHash0, long rawHash1, double value) {
            long found = remembers ? met.get(rawHash0) : 0;
            if (found == 0) {
                return Code.UNKNOWN;
            }
            series = found;
            return stage(value);
        }

        @Override
        public int expected(byte[] buffer, int offset, int end) {
            for (int i = 0; i < learnt.size(); i++) {
                byte[] key = learnt.get(i);
                if (key.length <= end - offset
                        && Arrays.equals(key, 0, key.length, buffer, offset, offset + key.length)) {
                    expected = learntSeries.get(i);
                    return key.length;
                }
            }
            return 0;
        }

        @Override
        public Code again(double value) {
            series = expected;
            return stage(value);
        }

        @Override
        public void learn(byte[] buffer, int offset, int length) {
            if (learnt.size() == LEARNT_MAX) {
                learnt.clear();
                learntSeries.clear();
            }
            learnt.add(Arrays.copyOfRange(buffer, offset, offset + length));
            learntSeries.add(series);
        }

        @Override
        public void begin(byte[] buffer, int nameOffset, int nameLength) {
            series = span(1, buffer, nameOffset, nameLength);
        }

        @Override
        public Code label(
                byte[] buffer, int nameOffset, int nameLength, int valueOffset, int valueLength, boolean escaped) {
            must(Utf8.isValid(buffer, valueOffset, valueOffset + valueLength), "a label is not UTF-8");
            series = span(span(series, buffer, nameOffset, nameLength), buffer, valueOffset, valueLength);
            series = mix(series, escaped ? 2 : 3);
            return Code.OK;
        }

        @Override
        public Code end(long rawHash0, long rawHash1, double value) {
            series |= 1; // zero stands for a key that has not been met
            if (remembers) {
                met.put(rawHash0, series);
            }
            return stage(value);
        }

        private Code stage(double value) {
            all = mix(mix(all, series), Double.doubleToRawLongBits(value));
            samples++;
            return Code.OK;
        }

        @Override
        public String detail() {
            return "";
        }
    }

    /** Cut anywhere, and with its keys met before, a body comes to the same as in one piece. */
    private abstract static class Pushed implements FuzzTarget {
        private final Parser<SampleSink> cold = parser();
        private final Parser<SampleSink> cut = parser();
        private final TextFold coldFold = new TextFold();
        private final TextFold warmFold = new TextFold();

        Pushed() {
            warmFold.remembers = true;
        }

        abstract Parser<SampleSink> parser();

        @Override
        public int weight() {
            return 40;
        }

        @Override
        public long run(byte[] input) {
            coldFold.forget();
            cold.reset(coldFold);
            Parser.Result whole = feed(cold, input);
            ParseFailure failure = cold.failure();
            must((whole == Parser.Result.ERROR) == (failure != null), "an error without a failure");
            if (failure != null) {
                check(failure, input);
            }

            int hash = Arrays.hashCode(input);
            int one = Math.floorMod(hash, input.length + 1);
            int two = Math.max(one, Math.floorMod(hash >>> 9, input.length + 1));
            for (int round = 0; round < 2; round++) {
                warmFold.forget();
                cut.reset(warmFold);
                Parser.Result result = round == 0 ? feed(cut, input, one, two) : feed(cut, input, two);
                must(result == whole && Objects.equals(cut.failure(), failure), "another verdict when cut");
                must(warmFold.all == coldFold.all && warmFold.samples == coldFold.samples, "other samples when cut");
            }
            return failure == null ? 1_000 + Math.min(coldFold.samples, 40) : failure.code().ordinal();
        }
    }

    /** OpenMetrics text. */
    private static final class OpenMetrics extends Pushed {
        @Override
        public String name() {
            return "openmetrics";
        }

        @Override
        Parser<SampleSink> parser() {
            return new OpenMetricsParser(LIMITS, new KeyHash(1, 2, 3, 4), TextParser.Timestamps.IGNORE);
        }

        @Override
        public List<byte[]> seeds() {
            return bytes(
                    "# TYPE a counter\n# HELP a h\\\"\na_total{b=\"c\"} 1 # {d=\"e\"} 0.5 1.5\na_created{b=\"c\"} 1\n# EOF\n",
                    "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_count 2\nh_sum 3\n# EOF\n",
                    "# TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 2\ng_gcount 2\ng_gsum -3\n# EOF",
                    "# UNIT s_x x\n# TYPE s_x summary\ns_x{quantile=\"0.5\"} 1 1\ns_x_count 2 1\n# TYPE i info\ni_info{v=\"1\"} 1\n# EOF\n",
                    "# TYPE m stateset\nm{m=\"a\"} 1\nm{m=\"b\"} 0\nu{x=\"\\z\"} NaN\n# EOF\n");
        }

        @Override
        public List<byte[]> words() {
            return bytes("# EOF\n", "# TYPE ", "# HELP ", "# UNIT ", " # {", "} ", "_total", "_bucket", "le=\"+Inf\"", "\\", "\"", "{",
                    "counter", "gauge", "info", " 1", "-1", ".5", "NaN");
        }
    }

    /** Delimited protobuf. */
    private static final class Protobuf extends Pushed {
        @Override
        public String name() {
            return "protobuf";
        }

        @Override
        Parser<SampleSink> parser() {
            return new ProtobufParser(LIMITS, new KeyHash(1, 2, 3, 4), TextParser.Timestamps.IGNORE);
        }

        @Override
        public List<byte[]> seeds() {
            String label = "\n\6\n\1b\22\1c";
            String one = "\t\0\0\0\0\0\0\u00f0?";
            String counter = label + "\32\t" + one;
            String bucket = "\32\13\b\1\21\0\0\0\0\0\0\u00f0?";
            String histogram = label + ":\30\b\1\21\0\0\0\0\0\0\u00f0?" + bucket;
            return latin(
                    family("\n\1a\22\1h\30\0\"" + (char) counter.length() + counter),
                    family("\"" + (char) counter.length() + counter + "\n\1a"),
                    family("\n\1h\30\4\"" + (char) histogram.length() + histogram),
                    family("\n\1g\30\1\"\13\22\t" + one) + family("\n\1u\30\3\"\13*\t" + one),
                    family("\n\1s\30\2\"\32\"\30\b\1\21\0\0\0\0\0\0\u00f0?\32\13" + one + "\20\1"));
        }

        private static String family(String content) {
            return (char) content.length() + content;
        }

        @Override
        public List<byte[]> words() {
            return latin("\n\1", "\22\1", "\30\1", "\30\4", "\"", "\32\t", "\22\t", "\t\0\0\0\0\0\0\0\0", "\u00ff\u00ff\u007f", "\0", "\b\1");
        }
    }

    /** Prometheus text. */
    private static final class Text implements FuzzTarget {
        private final TextParser cold = new TextParser(LIMITS, new KeyHash(1, 2, 3, 4), TextParser.Timestamps.IGNORE);
        private final TextParser cut = new TextParser(LIMITS, new KeyHash(1, 2, 3, 4), TextParser.Timestamps.IGNORE);
        private final TextFold coldFold = new TextFold();
        private final TextFold warmFold = new TextFold();

        @Override
        public String name() {
            return "text";
        }

        @Override
        public int weight() {
            return 80;
        }

        @Override
        public List<byte[]> seeds() {
            return bytes(
                    "# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n"
                            + "http_requests_total{method=\"GET\",code=\"200\"} 1027 1395066363000\nhttp_requests_total 3\n",
                    "m{a=\"x\\\\y\\\"z\\n\",b=\"}\"} 1.5e3\nm{a=\"\u00e9\u20ac\ud83d\ude00\"} NaN\n",
                    "  m\t{ a = \"b\" , c=\"d\" , } +Inf \r\nn -0.25\r\n\r\n",
                    "# TYPE h histogram\nh_bucket{le=\"0.1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 0.3\nh_count 2",
                    "#comment\n\n# TYPE m\n# HELP m a\\\\b\\nc\nm{} 9007199254740993 -5\nm 12345678.12345678\n");
        }

        @Override
        public List<byte[]> words() {
            return latin("{", "}", "\"", "\\", "\\\\", "\\\"", "\\n", "\n", "\r\n", "\t", ",", "=", "# TYPE ", "# HELP ",
                    "NaN", "+Inf", "1e400", "0x1p4", "__name__=\"x\"", "a=\"b\"", "\u0000", "\u00c3", "\u00e2\u0082",
                    "\u00ed\u00a0\u0080", "m 1", "} 1", "\"} 1\n", "counter", " 1700000000000", "m{a=\"x\"} 1\n");
        }

        @Override
        public long run(byte[] body) {
            coldFold.forget();
            warmFold.forget();
            warmFold.remembers = true;
            cold.reset(coldFold);
            Parser.Result whole = cold.finish(body, 0, body.length);
            cut.reset(warmFold);
            int half = body.length == 0 ? 0 : (int) (span(7, body, 0, body.length) >>> 33) % (body.length + 1);
            Parser.Result pieces = feed(cut, body, half / 2, half);

            must(whole == pieces, whole + " whole, " + pieces + " cut at " + half);
            must(coldFold.all == warmFold.all && coldFold.samples == warmFold.samples, "another content when cut at " + half);
            must(Objects.equals(cold.failure(), cut.failure()), cold.failure() + " cut at " + half + ": " + cut.failure());
            must(cold.lines() == cut.lines() && cold.samples() == coldFold.samples, "lines or samples");
            if (whole == Parser.Result.ERROR) {
                check(cold.failure(), body);
                return cold.failure().code().ordinal() << 8 | Math.min(cold.samples(), 15) << 4;
            }
            return 1L << 20 | Math.min(cold.samples(), 15) << 4 | Math.min(cold.lines(), 15);
        }
    }

    private static final class LineFold extends Fold implements PointSink {
        private final Long2ObjectHashMap<long[]> lines = new Long2ObjectHashMap<>();
        private final long[] fields = new long[16];
        private long line;
        private int lineSamples;

        @Override
        public void line(long number) {
            line = number;
            lineSamples = 0;
        }

        @Override
        public Code knownLine(long number, long hash0, long hash1, double[] values, int count, long timestampNanos) {
            long[] found = lines.get(hash0);
            if (found == null) {
                return Code.UNKNOWN;
            }
            must(found.length == count, "another number of fields");
            line(number);
            for (int i = 0; i < count; i++) {
                stage(found[i], values[i]);
            }
            complete(timestampNanos);
            return Code.OK;
        }

        @Override
        public void learnLine(long hash0, long hash1, int count) {
            must(lineSamples == count, "another number of fields");
            if (lines.size() > 1_000) {
                lines.clear();
            }
            lines.put(hash0, Arrays.copyOf(fields, count));
        }

        @Override
        public Code known(long rawHash0, long rawHash1, double value) {
            long found = remembers ? met.get(rawHash0) : 0;
            if (found == 0) {
                return Code.UNKNOWN;
            }
            return stage(found, value);
        }

        @Override
        public Code measurement(byte[] buffer, int offset, int length) {
            must(Utf8.isValid(buffer, offset, offset + length), "a measurement is not UTF-8");
            series = span(1, buffer, offset, length);
            return Code.OK;
        }

        @Override
        public Code tag(byte[] buffer, int keyOffset, int keyLength, int valueOffset, int valueLength) {
            must(Utf8.isValid(buffer, keyOffset, keyOffset + keyLength), "a tag key is not UTF-8");
            must(Utf8.isValid(buffer, valueOffset, valueOffset + valueLength), "a tag is not UTF-8");
            series = span(span(series, buffer, keyOffset, keyLength), buffer, valueOffset, valueLength);
            return Code.OK;
        }

        @Override
        public Code field(byte[] buffer, int keyOffset, int keyLength, FieldKind kind, double value, long rawHash0,
                long rawHash1) {
            long field = mix(span(series, buffer, keyOffset, keyLength), kind.ordinal());
            if (remembers) {
                met.put(rawHash0, field);
            }
            return stage(field, value);
        }

        private Code stage(long field, double value) {
            line = mix(mix(line, field), Double.doubleToRawLongBits(value));
            fields[lineSamples++ & 15] = field;
            return Code.OK;
        }

        @Override
        public void complete(long timestampNanos) {
            all = mix(mix(all, line), timestampNanos);
            samples += lineSamples;
        }

        @Override
        public void complete() {
            all = mix(all, line);
            samples += lineSamples;
        }

        @Override
        public void drop() {
            line = 0;
            lineSamples = 0;
        }

        @Override
        public String detail() {
            return "";
        }
    }

    /** Line protocol. */
    private static final class Lines implements FuzzTarget {
        private final LineProtocolParser cold = new LineProtocolParser(new KeyHash(1, 2, 3, 4), LIMITS);
        private final LineProtocolParser cut = new LineProtocolParser(new KeyHash(1, 2, 3, 4), LIMITS);
        private final LineFold coldFold = new LineFold();
        private final LineFold warmFold = new LineFold();
        private static final TimePrecision[] PRECISIONS = TimePrecision.values();

        @Override
        public String name() {
            return "line-protocol";
        }

        @Override
        public int weight() {
            return 50;
        }

        @Override
        public List<byte[]> seeds() {
            return bytes(
                    "cpu,host=a,region=eu usage=0.5,idle=99i,total=7u,ok=t 1700000000000000000\ncpu,host=b usage=1\n",
                    "a\\ b\\,c,t\\=g=v\\ w f\\ 1=\"str\\\"ing\\\\ with, = \nnewline\",g=-1.5e-3 -17\r\n# comment\n\n m v=1",
                    "m v=9223372036854775807i\nm v=-9223372036854775808i\nm v=18446744073709551615u\nm v=true,w=F\n");
        }

        @Override
        public List<byte[]> words() {
            return latin("m", "cpu", "a\\ b", ",", "=", " ", "\n", "\r\n", "\"", "\\", "\\\"", "host=a", "v=1", "v=1.5", "w=2i",
                    "s=\"x\ny\"", "t", "false", " 17", " 1700000000000000000", "#", "\t", "\0", "\u00e9", "\u00c3\u00a9", "u",
                    "1e400", "cpu,host=a v=1,w=2i 5\n", "cpu,host=b v=3\n", "99999999999999999999i");
        }

        @Override
        public long run(byte[] body) {
            coldFold.forget();
            warmFold.forget();
            warmFold.remembers = true;
            long h = span(7, body, 0, body.length) >>> 33;
            TimePrecision precision = PRECISIONS[(int) (h % PRECISIONS.length)];
            cold.reset(coldFold, precision);
            cold.finish(body, 0, body.length);
            cut.reset(warmFold, precision);
            int half = (int) (h % (body.length + 1));
            feed(cut, body, half / 2, half);

            must(cold.failures().equals(cut.failures()), cold.failures() + " cut at " + half + ": " + cut.failures());
            must(cold.failed() == cut.failed() && cold.lines() == cut.lines(), "lines or failed");
            must(coldFold.all == warmFold.all && coldFold.samples == warmFold.samples, "another content when cut at " + half);
            long outcome = Math.min(coldFold.samples, 15) << 4 | Math.min(cold.failed(), 15);
            List<ParseFailure> failures = cold.failures();
            for (int i = 0; i < Math.min(failures.size(), 2); i++) {
                check(failures.get(i), body);
                outcome |= (long) failures.get(i).code().ordinal() << 8 + 8 * i;
            }
            return outcome;
        }
    }

    /** A body that is one JSON string. */
    private static final class JsonString implements FuzzTarget {
        private final JsonStringDecoder decoder = new JsonStringDecoder();
        private final byte[] out = new byte[4_096];
        private final byte[] again = new byte[4_096];

        @Override
        public String name() {
            return "json-string";
        }

        @Override
        public int weight() {
            return 150;
        }

        @Override
        public List<byte[]> seeds() {
            return bytes(
                    "\"# TYPE my_counter counter\\nmy_counter{user=\\\"user1\\\",plan=\\\"pro\\\"} 1\\n\"",
                    " \t\r\n\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\ude00\u00e9\u20ac\" \n", "\"\"");
        }

        @Override
        public List<byte[]> words() {
            return latin("\"", "\\", "\\u", "\\ud83d", "\\ude00", "\\u0000", "\\n", "\\\"", " ", "\n", "abcdefgh", "\u00e9");
        }

        @Override
        public long run(byte[] body) {
            int half = (int) ((span(7, body, 0, body.length) >>> 33) % (body.length + 1));
            decoder.reset();
            int n = decoder.decode(body, 0, body.length, out, 0);
            boolean good = n >= 0 && decoder.finish();
            ParseFailure failure = decoder.failure();
            must(good == (failure == null), "a verdict without a failure, or a failure without one");
            must(n <= body.length + JsonStringDecoder.GROWTH, "it grew");

            decoder.reset();
            int m = decoder.decode(body, 0, half, again, 0);
            if (m >= 0) {
                int more = decoder.decode(body, half, body.length - half, again, m);
                m = more < 0 ? more : m + more;
            }
            boolean goodAgain = m >= 0 && decoder.finish();
            must(good == goodAgain && Objects.equals(failure, decoder.failure()), "another verdict when cut at " + half);
            if (!good) {
                check(failure, body);
                return failure.detail().hashCode();
            }
            must(n == m && Arrays.equals(out, 0, n, again, 0, m), "another text when cut at " + half);
            return 1L << 40 | Math.min(n, 63);
        }
    }

    /** Numbers, against the JDK; and written numbers, which must read back as they were. */
    private static final class Numbers implements FuzzTarget {
        private final byte[] room = new byte[NumberWriter.BYTES_MAX];

        @Override
        public String name() {
            return "number";
        }

        @Override
        public int weight() {
            return 290;
        }

        @Override
        public int bytesMax() {
            return 40;
        }

        @Override
        public List<byte[]> seeds() {
            return bytes("0", "-0", "1", "1027", "9007199254740993", "12345678.12345678", "1.7976931348623157e308", "1e400",
                    "4.9e-324", "2.2250738585072011e-308", ".5", "5.", "+1.5E-3", "0x1p4", "1_0", "1f", "1d", "NaN", "Infinity",
                    "00000000000000000000001", "179769313486231580793728971405303415079934132710037826936173778980444e240");
        }

        @Override
        public List<byte[]> words() {
            return bytes("0", "9", ".", "-", "+", "e", "E", "e-", "00000000", "99999999", "1e5", "f", "0x", " ", "/", ":");
        }

        @Override
        public long run(byte[] text) {
            long bits = NumberReader.bits(text, 0, text.length);
            boolean isNumber = isDecimal(text);
            must(isNumber == (bits != NumberReader.INVALID), "read as " + bits + ", a number: " + isNumber);
            if (!isNumber) {
                return text.length == 0 ? 0 : 1 + (text[0] & 0xff);
            }
            double value = Double.parseDouble(new String(text, ISO_8859_1));
            must(bits == Double.doubleToRawLongBits(value), "read as " + Double.longBitsToDouble(bits) + ", is " + value);
            if (!Double.isInfinite(value)) {
                int end = NumberWriter.write(value, room, 0);
                long back = NumberReader.bits(room, 0, end);
                must(back == bits, value + " written as " + new String(room, 0, end, ISO_8859_1));
            }
            return 1_000 + Math.getExponent(value);
        }

        /** {@code [+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?} */
        private static boolean isDecimal(byte[] b) {
            int i = 0;
            i += i < b.length && (b[i] == '+' || b[i] == '-') ? 1 : 0;
            int digits = 0;
            for (; i < b.length && b[i] >= '0' && b[i] <= '9'; i++) {
                digits++;
            }
            if (i < b.length && b[i] == '.') {
                for (i++; i < b.length && b[i] >= '0' && b[i] <= '9'; i++) {
                    digits++;
                }
            }
            if (digits == 0) {
                return false;
            }
            if (i < b.length && (b[i] == 'e' || b[i] == 'E')) {
                i++;
                i += i < b.length && (b[i] == '+' || b[i] == '-') ? 1 : 0;
                int from = i;
                for (; i < b.length && b[i] >= '0' && b[i] <= '9'; i++) {
                    digits++;
                }
                if (i == from) {
                    return false;
                }
            }
            return i == b.length;
        }
    }

    /** UTF-8, against the JDK. */
    private static final class Utf8Bytes implements FuzzTarget {
        private final CharsetDecoder decoder = UTF_8.newDecoder();

        @Override
        public String name() {
            return "utf8";
        }

        @Override
        public int weight() {
            return 190;
        }

        @Override
        public int bytesMax() {
            return 64;
        }

        @Override
        public List<byte[]> seeds() {
            return bytes("abcdefgh\u00e9\u20ac\ud83d\ude00abcdefghijk", "\u0000\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff");
        }

        @Override
        public List<byte[]> words() {
            return latin("\u00c0\u0080", "\u00ed\u00a0\u0080", "\u00f4\u0090\u0080\u0080", "\u00e0\u0080", "\u00f8", "\u0080",
                    "\u00ef\u00bb\u00bf", "\u00c3");
        }

        @Override
        public long run(byte[] text) {
            int bad = Utf8.firstInvalid(text, 0, text.length);
            must(bad >= 0 && bad <= text.length, "position " + bad);
            must(isUtf8(text, bad), "what lies in front of " + bad + " is not UTF-8");
            must(bad == text.length || !isUtf8(text, text.length), bad + " is said to be bad");
            return bad == text.length ? 100 : bad;
        }

        private boolean isUtf8(byte[] text, int length) {
            try {
                decoder.reset().decode(ByteBuffer.wrap(text, 0, length));
                return true;
            } catch (CharacterCodingException e) {
                return false;
            }
        }
    }

    /** What remote_write sends, read by the library of snappy's makers. */
    private static final class SnappyBlocks implements FuzzTarget {
        private final SnappyBlock snappy = new SnappyBlock();

        @Override
        public String name() {
            return "snappy";
        }

        @Override
        public int weight() {
            return 20;
        }

        @Override
        public List<byte[]> seeds() {
            List<byte[]> seeds = new ArrayList<>(bytes("abcabcabcabcabcabcabcabc", "http_requests_total{method=\"GET\"}".repeat(9)));
            seeds.add(new byte[400]);
            return seeds;
        }

        @Override
        public long run(byte[] text) throws Exception {
            byte[] out = new byte[SnappyBlock.maxCompressedLength(text.length)];
            int length = snappy.compress(text, 0, text.length, out, 0);
            byte[] back = Snappy.uncompress(Arrays.copyOf(out, length));
            must(Arrays.equals(text, back), "not what it was");
            return length / 4;
        }
    }
}
