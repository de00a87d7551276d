package io.weir.parse;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class TextParserTest {
    @Test
    void shouldReadNamesAndValues() {
        good("m 1", "m 1.0");
        good("m 1\n", "m 1.0");
        good("m 1\nn 2\n", "m 1.0", "n 2.0");
        good("_ 1\n: 2\na:b_C9 3\n", "_ 1.0", ": 2.0", "a:b_C9 3.0");
        good("CamelCase 1\ncamelcase 1\n", "CamelCase 1.0", "camelcase 1.0");
        // blanks
        good("m\t1\n", "m 1.0");
        good("  m 1\n\t m  \t 2\n", "m 1.0", "m 2.0");
        good("m 1 \nm 2\t \n", "m 1.0", "m 2.0");
        // a name as long as one, two and three words
        good("abcdefg 1\nabcdefgh 1\nabcdefghijklmnopqrstuvwxyz 1\n",
                "abcdefg 1.0", "abcdefgh 1.0", "abcdefghijklmnopqrstuvwxyz 1.0");
    }

    @Test
    void shouldReadEveryFormOfANumber() {
        good("m +1\n", "m 1.0");
        good("m -1\n", "m -1.0");
        good("m -0\n", "m -0.0");
        good("m 1e5\nm 1E5\nm 1e+5\nm 1e-5\n", "m 100000.0", "m 100000.0", "m 100000.0", "m 1.0E-5");
        good("m .5\nm 5.\nm 0005\n", "m 0.5", "m 5.0", "m 5.0");
        good("m 9007199254740993\n", "m 9.007199254740992E15");
        good("m 4.9e-324\nm 1e-400\n", "m 4.9E-324", "m 0.0");
        good("m 1.7976931348623157e308\n", "m 1.7976931348623157E308");
        good("m inf\nm +Inf\nm -Inf\nm INF\n", "m Infinity", "m Infinity", "m -Infinity", "m Infinity");
        good("m Infinity\nm +infinity\nm -INFINITY\n", "m Infinity", "m Infinity", "m -Infinity");
        good("m NaN\nm nan\nm NAN\n", "m NaN", "m NaN", "m NaN");
        good("m{a=\"b\"} NaN\nm{a=\"b\"}+Inf\n", "m{a=\"b\"} NaN", "m{a=\"b\"} Infinity");
    }

    @Test
    void shouldRefuseWhatIsNoNumber() {
        bad("m 0x1p4\n", Code.BAD_VALUE, 1, 3);
        bad("m 0x10\n", Code.BAD_VALUE, 1, 3);
        bad("m 1_000\n", Code.BAD_VALUE, 1, 3);
        bad("m 1f\nm 1d\n", Code.BAD_VALUE, 1, 3);
        bad("m 1,5\n", Code.BAD_VALUE, 1, 3);
        bad("m --1\n", Code.BAD_VALUE, 1, 3);
        bad("m +\n", Code.BAD_VALUE, 1, 3);
        bad("m .\n", Code.BAD_VALUE, 1, 3);
        bad("m 1e\n", Code.BAD_VALUE, 1, 3);
        bad("m e5\n", Code.BAD_VALUE, 1, 3);
        bad("m +nan\n", Code.BAD_VALUE, 1, 3);
        bad("m infi\n", Code.BAD_VALUE, 1, 3);
        bad("m null\n", Code.BAD_VALUE, 1, 3);
        bad("m \"1\"\n", Code.BAD_VALUE, 1, 3);
        bad("m \u0661\n", Code.BAD_VALUE, 1, 3);
        // out of range, as strconv.ParseFloat has it
        bad("m 1e400\n", Code.BAD_VALUE, 1, 3);
        bad("m{a=\"b\"} -1e400\n", Code.BAD_VALUE, 1, 10);
        // missing
        bad("m\n", Code.EXPECTED_VALUE, 1, 2);
        bad("m \n", Code.EXPECTED_VALUE, 1, 3);
        bad("m{}\n", Code.EXPECTED_VALUE, 1, 4);
        bad("m{a=\"b\"}", Code.EXPECTED_VALUE, 1, 9);
    }

    @Test
    void shouldReadLabels() {
        good("m{a=\"b\"} 1\n", "m{a=\"b\"} 1.0");
        good("m{a=\"b\",c=\"d\"} 1\n", "m{a=\"b\",c=\"d\"} 1.0");
        good("m{} 1\nm{ } 2\n", "m 1.0", "m 2.0");
        good("m{a=\"b\",} 1\nm{a=\"b\" , } 1\n", "m{a=\"b\"} 1.0", "m{a=\"b\"} 1.0");
        good("m {a=\"b\"} 1\n", "m{a=\"b\"} 1.0");
        good("m{a=\"b\"}1\n", "m{a=\"b\"} 1.0");
        good("m\t{\ta\t=\t\"b\"\t,\tc = \"d\" }\t1\t\n", "m{a=\"b\",c=\"d\"} 1.0");
        good("m{a=\"\"} 1\n", "m{a=\"\"} 1.0");
        good("m{le=\"+Inf\"} 1\nm{quantile=\"0.5\"} 2\n", "m{le=\"+Inf\"} 1.0", "m{quantile=\"0.5\"} 2.0");
        good("m{_a9=\"b\",_=\"c\"} 1\n", "m{_a9=\"b\",_=\"c\"} 1.0");
        good("m{z=\"1\",a=\"2\"} 1\n", "m{z=\"1\",a=\"2\"} 1.0");
    }

    @Test
    void shouldPassLabelValuesOnAsTheyStand() {
        // characters that mean something elsewhere
        good("m{a=\"}\"} 1\n", "m{a=\"}\"} 1.0");
        good("m{a=\"{b=\\\"c\\\"} 1 \"} 2\n", "m{a~\"{b=\\\"c\\\"} 1 \"} 2.0");
        good("m{a=\",\",b=\"=\"} 1\n", "m{a=\",\",b=\"=\"} 1.0");
        good("m{a=\"# TYPE x counter\"} 1\n", "m{a=\"# TYPE x counter\"} 1.0");
        // escapes
        good("m{a=\"\\\\\"} 1\n", "m{a~\"\\\\\"} 1.0");
        good("m{a=\"x\\ny\\\"z\\\\\",b=\"c\"} 1\n", "m{a~\"x\\ny\\\"z\\\\\",b=\"c\"} 1.0");
        good("m{a=\"\\\"} 1\"} 2\n", "m{a~\"\\\"} 1\"} 2.0");
        // UTF-8, and control bytes, which are legal UTF-8
        good("m{a=\"\u00e9\u20ac\ud83d\ude00\ufeff\"} 1\n", "m{a=\"\u00e9\u20ac\ud83d\ude00\ufeff\"} 1.0");
        good("m{a=\"\u0000\u0001\t\r\u007f\"} 1\n", "m{a=\"\u0000\u0001\t\r\u007f\"} 1.0");
    }

    @Test
    void shouldRefuseBrokenLabels() {
        bad("m{a='b'} 1\n", Code.EXPECTED_QUOTE, 1, 5);
        bad("m{a=b} 1\n", Code.EXPECTED_QUOTE, 1, 5);
        bad("m{a=\n", Code.EXPECTED_QUOTE, 1, 5);
        bad("m{a=\"b\" c=\"d\"} 1\n", Code.EXPECTED_COMMA_OR_BRACE, 1, 9);
        bad("m{a=\"b\"c=\"d\"} 1\n", Code.EXPECTED_COMMA_OR_BRACE, 1, 8);
        bad("m{a=\"b\" 1\n", Code.EXPECTED_COMMA_OR_BRACE, 1, 9);
        bad("m{a=\"b\"\n", Code.EXPECTED_COMMA_OR_BRACE, 1, 8);
        bad("m{a=\"b\"\"} 1\n", Code.EXPECTED_COMMA_OR_BRACE, 1, 8);
        bad("m{a=\"b\"] 1\n", Code.EXPECTED_COMMA_OR_BRACE, 1, 8);
        bad("m{\n", Code.EXPECTED_LABEL_NAME, 1, 3);
        bad("m{,} 1\n", Code.EXPECTED_LABEL_NAME, 1, 3);
        bad("m{a=\"b\",,} 1\n", Code.EXPECTED_LABEL_NAME, 1, 9);
        bad("m{9a=\"b\"} 1\n", Code.EXPECTED_LABEL_NAME, 1, 3);
        bad("m{a:b=\"c\"} 1\n", Code.EXPECTED_LABEL_NAME, 1, 4);
        bad("m{a-b=\"c\"} 1\n", Code.EXPECTED_LABEL_NAME, 1, 4);
        bad("m{\u00e9=\"c\"} 1\n", Code.EXPECTED_LABEL_NAME, 1, 3);
        bad("m{=\"c\"} 1\n", Code.EXPECTED_LABEL_NAME, 1, 3);
        bad("m{\"a.b\"} 1\n", Code.EXPECTED_EQUALS, 1, 8);
        bad("m{\"\"=\"b\"} 1\n", Code.EXPECTED_LABEL_NAME, 1, 4);
        bad("m{\"a.b=\"c\"} 1\n", Code.EXPECTED_EQUALS, 1, 9);
        bad("m{\"a\\tb\"=\"c\"} 1\n", Code.BAD_ESCAPE, 1, 5);
        bad("m{\"__name__\"=\"x\"} 1\n", Code.RESERVED_LABEL, 1, 4);
        bad("{\"m\",__name__=\"x\"} 1\n", Code.RESERVED_LABEL, 1, 6);
        bad("m{\"" + "a.".repeat(Limits.DEFAULTS.labelNameBytes()) + "\"=\"x\"} 1\n", Code.LABEL_NAME_TOO_LONG, 1, 4);
        bad("m{a} 1\n", Code.EXPECTED_EQUALS, 1, 4);
        bad("m{a\"b\"} 1\n", Code.EXPECTED_EQUALS, 1, 4);
        bad("m{a b=\"c\"} 1\n", Code.EXPECTED_EQUALS, 1, 5);
        bad("m{a\n", Code.EXPECTED_EQUALS, 1, 4);
        // not closed
        bad("m{a=\"b} 1\n", Code.LABEL_VALUE_NOT_CLOSED, 1, 5);
        bad("m{a=\"b 1\n", Code.LABEL_VALUE_NOT_CLOSED, 1, 5);
        bad("m{a=\"b\\\"} 1\n", Code.LABEL_VALUE_NOT_CLOSED, 1, 5);
        bad("m{a=\"b\\\n", Code.LABEL_VALUE_NOT_CLOSED, 1, 5);
        bad("m{a=\"b\nc\"} 1\n", Code.LABEL_VALUE_NOT_CLOSED, 1, 5);
        bad("m{a=\"b\\\nc\"} 1\n", Code.LABEL_VALUE_NOT_CLOSED, 1, 5);
        // escapes
        bad("m{a=\"x\\ty\"} 1\n", Code.BAD_ESCAPE, 1, 7);
        bad("m{a=\"\\x\"} 1\n", Code.BAD_ESCAPE, 1, 6);
        // reserved
        bad("m{__name__=\"x\"} 1\n", Code.RESERVED_LABEL, 1, 3);
        bad("m{a=\"b\",__x=\"x\"} 1\n", Code.RESERVED_LABEL, 1, 9);
    }

    @Test
    void shouldReadNamesInQuotes() {
        good("{\"my.metric\"} 1\n", "my.metric 1.0");
        good("{\"my.metric\",\"a.b\"=\"c\",d=\"e\"} 1 5\n", "my.metric{a.b=\"c\",d=\"e\"} 1.0");
        good(" { \"my.metric\" , \"a.b\" = \"c\" , } 1\n", "my.metric{a.b=\"c\"} 1.0");
        good("{a=\"b\",\"my.metric\"} 1\n", "my.metric{a=\"b\"} 1.0");
        good("m{\"a.b\"=\"c\",\"d\"=\"e\"}1\n", "m{a.b=\"c\",d=\"e\"} 1.0");
        good("{\"classic\"} 1\n", "classic 1.0");
        good("{\"sch\u00f6n \ud83d\ude00 {x=\\\"}\\\"} 1\"} 2\n", "sch\u00f6n \ud83d\ude00 {x=\"}\"} 1 2.0");
        good("{\"a\\\\b\\nc\\\"\",\"\\\"=\"=\"\\\\\"} 1\n", "a\\b\nc\"{\"=~\"\\\\\"} 1.0");
        good("# TYPE \"my.metric\" counter\n# HELP \"my.metric\" what\n{\"my.metric\"} 1\n",
                "TYPE my.metric counter", "HELP my.metric what", "my.metric 1.0");
        good("# TYPE \"a\\\"b\" gauge\n# HELP \"a\\\"b\"\tis it\n", "TYPE a\"b gauge", "HELP a\"b is it");
        good("# TYPE \"my.metric\"\n");
    }

    @Test
    void shouldRefuseBrokenNames() {
        bad("9m 1\n", Code.EXPECTED_NAME, 1, 1);
        bad("-m 1\n", Code.EXPECTED_NAME, 1, 1);
        bad("1\n", Code.EXPECTED_NAME, 1, 1);
        bad("foo-bar 1\n", Code.EXPECTED_NAME, 1, 4);
        bad("foo.bar{a=\"b\"} 1\n", Code.EXPECTED_NAME, 1, 4);
        bad("m\u00e9 1\n", Code.EXPECTED_NAME, 1, 2);
        bad("\"foo.bar\" 1\n", Code.EXPECTED_NAME, 1, 1);
        bad("{a=\"b\"} 1\n", Code.NO_NAME, 1, 1);
        bad("{} 1\n", Code.NO_NAME, 1, 1);
        bad("{\"\"} 1\n", Code.EXPECTED_NAME, 1, 3);
        bad("{foo} 1\n", Code.EXPECTED_EQUALS, 1, 5);
        bad("{\"foo.bar 1\n", Code.NAME_NOT_CLOSED, 1, 2);
        bad("{\"a\",\"b\"} 1\n", Code.EXPECTED_EQUALS, 1, 9);
        bad("m{\"a\"} 1\n", Code.EXPECTED_EQUALS, 1, 6);
        bad("{\"a\"b=\"c\"} 1\n", Code.EXPECTED_EQUALS, 1, 5);
        bad("# TYPE \"a.b counter\n", Code.NAME_NOT_CLOSED, 1, 8);
        bad("# TYPE \"a.b\"counter\n", Code.BAD_COMMENT, 1, 13);
        bad("# TYPE \"\" counter\n", Code.EXPECTED_NAME, 1, 9);
        bad("# TYPE \"a.b\" nothing\n", Code.BAD_TYPE, 1, 14);
        bad("{\"" + "a.".repeat(Limits.DEFAULTS.nameBytes()) + "\"} 1\n", Code.NAME_TOO_LONG, 1, 3);
        bad("} 1\n", Code.EXPECTED_NAME, 1, 1);
        bad("m} 1\n", Code.EXPECTED_NAME, 1, 2);
        bad("\ufeffm 1\n", Code.EXPECTED_NAME, 1, 1);
        bad("m\r1\n", Code.EXPECTED_NAME, 1, 2);
        bad("m\u00001\n", Code.EXPECTED_NAME, 1, 2);
        bad("<html>\n", Code.EXPECTED_NAME, 1, 1);
        bad("m 1\n n%x 2\n", Code.EXPECTED_NAME, 2, 3);
    }

    @Test
    void shouldNeverTakeABraceBehindTheKeyForItsEnd() {
        bad("m{a=\"b\"} 1 }\n", Code.BAD_TIMESTAMP, 1, 12);
        bad("m{a=\"b\"} 1} 2\n", Code.BAD_VALUE, 1, 10);
        bad("m{a=\"b\"}} 2\n", Code.BAD_VALUE, 1, 9);
        bad("m{} } 2\n", Code.BAD_VALUE, 1, 5);
        bad("m 1 } 2\n", Code.BAD_TIMESTAMP, 1, 5);
        bad("m{a=\"b\"} 1 # {trace_id=\"x\"} 2\n", Code.BAD_TIMESTAMP, 1, 12);
    }

    @Test
    void shouldIgnoreTimestampsOfTheRightForm() {
        good("m 1 1700000000000\n", "m 1.0");
        good("m{a=\"b\"} 1 -5\nm{a=\"b\"} 1 +5 \nm 2\t0\n", "m{a=\"b\"} 1.0", "m{a=\"b\"} 1.0", "m 2.0");
        good("m 1 9223372036854775807\nm 1 -9223372036854775808\n", "m 1.0", "m 1.0");
        good("m NaN 5\n", "m NaN");
        bad("m 1 9223372036854775808\n", Code.BAD_TIMESTAMP, 1, 5);
        bad("m 1 -9223372036854775809\n", Code.BAD_TIMESTAMP, 1, 5);
        bad("m 1 99999999999999999999999\n", Code.BAD_TIMESTAMP, 1, 5);
        bad("m 1 1.5\n", Code.BAD_TIMESTAMP, 1, 5);
        bad("m 1 1e3\n", Code.BAD_TIMESTAMP, 1, 5);
        bad("m 1 -\n", Code.BAD_TIMESTAMP, 1, 5);
        bad("m 1 now\n", Code.BAD_TIMESTAMP, 1, 5);
        bad("m 1 5 6\n", Code.BAD_TIMESTAMP, 1, 7);
    }

    @Test
    void shouldRefuseTimestampsWhenToldSo() {
        for (String line : List.of("m 1 5\n", "m 1 5", "m 1 5 \r\n")) {
            ParserFeed feed = ParserFeed.ofText(Limits.DEFAULTS, TextParser.Timestamps.REFUSE);
            ParserFeed.Verdict verdict = feed.whole(bytes("m 1\n" + line));
            assertThat(verdict.told()).containsExactly("m 1.0");
            assertThat(verdict.failure().code()).isEqualTo(Code.TIMESTAMP_REFUSED);
            assertThat(verdict.failure().line()).isEqualTo(2);
            assertThat(verdict.failure().column()).isEqualTo(5);
        }
    }

    @Test
    void shouldReadTypeAndHelpAndSkipOtherComments() {
        good("# TYPE m counter\nm 1\n", "TYPE m counter", "m 1.0");
        good("# TYPE m gauge\n# TYPE n histogram\n# TYPE o summary\n# TYPE p untyped",
                "TYPE m gauge", "TYPE n histogram", "TYPE o summary", "TYPE p untyped");
        good("# TYPE m COUNTER\n#TYPE m Gauge\n \t#\tTYPE\tm\tcounter \t\n",
                "TYPE m counter", "TYPE m gauge", "TYPE m counter");
        good("# HELP m Some text, with {} and \"quotes\".\n", "HELP m Some text, with {} and \"quotes\".");
        good("# HELP m a\\\\b\\nc\\\"d\n", "HELP m a\\\\b\\nc\\\"d");
        good("# HELP m C:\\temp\\\n", "HELP m C:\\temp\\");
        good("# HELP m  \u00e9t\u00e9 \n", "HELP m \u00e9t\u00e9 ");
        good("# HELP m one\n# HELP m two\n", "HELP m one", "HELP m two");
        // nothing behind the keyword or the name
        good("# TYPE m\n# TYPE m \n# TYPE\n# HELP\n# HELP m\n# HELP m \t\n#\n# \n##\n");
        // other comments, whatever their bytes
        good("# just words\n#\u0000\n# EOF\n# UNIT m seconds\n# TYPES m x\n# help m x\n# type m x\n");
        good("m 1\n\n  \n\t\nn 1\n", "m 1.0", "n 1.0");
        every(new byte[] {'#', (byte) 0xff, (byte) 0xc0, '\n', 'm', ' ', '1'}, v -> {
            assertThat(v.failure()).isNull();
            assertThat(v.told()).containsExactly("m 1.0");
        });
    }

    @Test
    void shouldRefuseBrokenTypeAndHelpLines() {
        bad("# TYPE m thing\n", Code.BAD_TYPE, 1, 10);
        bad("# TYPE m counter gauge\n", Code.BAD_TYPE, 1, 10);
        bad("# TYPE m counters\n", Code.BAD_TYPE, 1, 10);
        bad("# TYPE m 1\n", Code.BAD_TYPE, 1, 10);
        bad("# TYPE 1m counter\n", Code.BAD_COMMENT, 1, 8);
        bad("# TYPE a-b counter\n", Code.BAD_COMMENT, 1, 9);
        bad("# HELP a.b x\n", Code.BAD_COMMENT, 1, 9);
    }

    @Test
    void shouldAcceptLineEndsOfWindows() {
        good("m 1\r\nm{a=\"b\"} 2\r\n\r\n# TYPE n gauge\r\n# HELP n x\r\nn 3\r\n",
                "m 1.0", "m{a=\"b\"} 2.0", "TYPE n gauge", "HELP n x", "n 3.0");
        good("m 1 5\r\nm NaN \r\n", "m 1.0", "m NaN");
        good("m 1\r", "m 1.0");
        bad("m 1\r\r\n", Code.BAD_VALUE, 1, 3);
        bad("m{a=\"x\r\n\"} 1\n", Code.LABEL_VALUE_NOT_CLOSED, 1, 5);
    }

    @Test
    void shouldRefuseInvalidUtf8WithItsPosition() {
        badUtf8("m{a=\"", 6, 0xff);
        badUtf8("m{a=\"x", 7, 0x80);
        badUtf8("m{a=\"", 6, 0xc0, 0xaf);
        badUtf8("m{a=\"", 6, 0xe0, 0x80, 0xaf);
        badUtf8("m{a=\"", 6, 0xed, 0xa0, 0x80);
        badUtf8("m{a=\"", 6, 0xf4, 0x90, 0x80, 0x80);
        badUtf8("m{a=\"", 6, 0xe2, 0x82);
        // the column counts characters
        badUtf8("m{a=\"\u00e9\u20ac", 8, 0xff);
        badUtf8("m{a=\"\u00e9\",b=\"0123456789", 22, 0xfe);
        every(concat(bytes("# HELP m \u00e9"), new byte[] {(byte) 0xc3}, bytes("\n")), v -> {
            assertThat(v.failure().code()).isEqualTo(Code.BAD_UTF8);
            assertThat(v.failure().column()).isEqualTo(11);
        });
    }

    @Test
    void shouldRefuseAtTheSampleWhatTheSinkRefuses() {
        bad("m 1\n  refuse_me 1\n", Code.TYPE_CONFLICT, 2, 3);
        bad("no_negative 1\nno_negative -1\n", Code.COUNTER_NEGATIVE, 2, 1);
        bad("no_negative{a=\"b\"} -1\n", Code.COUNTER_NEGATIVE, 1, 1);
        bad("m{a=\"b\",refuse_me=\"c\"} 1\n", Code.DUPLICATE_LABEL, 1, 9);
        bad("# TYPE refuse_me counter\n", Code.SECOND_TYPE, 1, 8);
        ParserFeed feed = ParserFeed.ofText();
        assertThat(feed.whole(bytes("m 1\nrefuse_me{a=\"b\"} 1\n")).failure().describe())
                .isEqualTo("line 2 column 1: the family exists with another type (is a counter): refuse_me{a=\"b\"} 1");
        // what a sink said once is not repeated for an error of another kind
        assertThat(feed.whole(bytes("m{ 1\n")).failure().detail()).isEmpty();
    }

    @Test
    void shouldReportTheLeftmostError() {
        bad("m{a=b} x\n", Code.EXPECTED_QUOTE, 1, 5);
        bad("9m x y\n", Code.EXPECTED_NAME, 1, 1);
        bad("m{a=\"b\"} x 1.5\n", Code.BAD_VALUE, 1, 10);
    }

    @Test
    void shouldSayWhereAndWhy() {
        ParserFeed feed = ParserFeed.ofText();
        assertThat(feed.whole(bytes("m 1\nfoo{a=\"b 1\n")).failure().describe())
                .isEqualTo("line 2 column 7: label value not closed, expected '\"': foo{a=\"b 1");
        assertThat(feed.whole(bytes("m 1,5")).failure().describe())
                .isEqualTo("line 1 column 3: not a number: m 1,5");
    }

    @Test
    void shouldFindAKnownSeriesByItsOpaqueKey() {
        ParserFeed feed = ParserFeed.ofText();
        byte[] body = bytes("m 1\nm{} 2\nm{a=\"b\"} 3\nm{a=\"b\"}\t4\nm{a=\"}\"} NaN\nm{a=\"b\"} 5 6\r\n");
        feed.whole(body);
        assertThat(feed.sink.defined).isEqualTo(4);
        assertThat(feed.sink.known).isEqualTo(2);

        ParserFeed.Verdict again = feed.whole(body);
        assertThat(feed.sink.defined).isEqualTo(4);
        assertThat(feed.sink.known).isEqualTo(8);
        assertThat(again.samples()).isEqualTo(6);
        assertThat(again.lines()).isEqualTo(6);
    }

    @Test
    void shouldReadExpectedLinesAsItReadsOthers() {
        ParserFeed feed = ParserFeed.ofText();
        byte[] body = bytes("# TYPE m counter\nm{a=\"b\"} 3\nm{a=\"} 1\"} 4\nm{} -5.25\nm{a=\"b\"} NaN\nm{a=\"b\"} 5 6\n"
                + "m{a=\"b\"} 7\r\nm{a=\"b\"}8\nm{a=\"b\"}  9\nm 10\n# TYPE m counter\n#TYPE n gauge\nm {a=\"b\"} 11\n");
        ParserFeed.Verdict first = feed.whole(body);
        assertThat(first.failure()).isNull();
        feed.whole(body);
        int before = feed.sink.again;

        assertThat(feed.whole(body)).isEqualTo(first);
        // with a timestamp, a CR, another blank or none, and with no number, a line is read the long way
        assertThat(feed.sink.again - before).isEqualTo(4);
        for (int cut = 0; cut <= body.length; cut++) {
            assertThat(feed.feed(body, cut, body.length)).as("cut at %s", cut).isEqualTo(first);
        }
        assertThat(feed.byteByByte(body)).isEqualTo(first);
    }

    @Test
    void shouldHoldExpectedLinesToTheRulesOfOthers() {
        ParserFeed feed = ParserFeed.ofText(Limits.DEFAULTS.with(l -> l.lineBytes = 19), TextParser.Timestamps.REFUSE);
        for (int i = 0; i < 3; i++) {
            assertThat(feed.whole(bytes("m{abcdef=\"b\"} 12345\n")).failure()).isNull();
        }
        for (String line : List.of("m{abcdef=\"b\"} 123456", "m{abcdef=\"b\"} 1 2", "m{abcdef=\"b\"} x", "m{abcdef=\"b\"} ",
                "m{abcdef=\"b\"}", "m{abcdef=\"b\"} 1e999", "m{abcdef=\"b\"} 1}")) {
            byte[] body = bytes(line + "\n");
            ParseFailure failure = feed.fresh().whole(body).failure();
            assertThat(failure).as(line).isNotNull();
            assertThat(feed.whole(body).failure()).isEqualTo(failure);
        }
    }

    @Test
    void shouldReadTypeLinesThatDifferFromThoseBefore() {
        ParserFeed feed = ParserFeed.ofText();
        feed.whole(bytes("# TYPE a counter\n# TYPE b gauge\n# TYPE c gauge\n"));
        for (int i = 0; i < 2; i++) {
            assertThat(feed.whole(bytes("# TYPE a counter\n# TYPE bb gauge\n# TYPE c counter\n# TYPE a counter")).told())
                    .containsExactly("TYPE a counter", "TYPE bb gauge", "TYPE c counter", "TYPE a counter");
        }
        assertThat(feed.whole(bytes("# TYPE refuse_me counter\n")).failure().code()).isEqualTo(Code.SECOND_TYPE);
    }

    @Test
    void shouldHashTheRawKeyFromTheNameToTheBrace() {
        KeyHash hash = new KeyHash(11, 22, 33, 44);
        RecordingSink sink = new RecordingSink();
        byte[] key = bytes("m {a=\"b\" ,}");
        hash.hash(key, 0, key.length, TextParser.TWEAK);
        sink.begin(bytes("other"), 0, 5);
        sink.end(hash.h0(), hash.h1(), 0);
        TextParser parser = new TextParser(Limits.DEFAULTS, hash.copy(), TextParser.Timestamps.IGNORE);
        parser.reset(sink);
        byte[] body = bytes(" m {a=\"b\" ,} 1\n");
        assertThat(parser.parse(body, 0, body.length)).isEqualTo(Parser.Result.COMPLETE);
        assertThat(sink.known).isEqualTo(1);
    }

    @Test
    void shouldHoldEachLimitExactly() {
        Limits small = Limits.DEFAULTS.with(l -> {
            l.lineBytes = 60;
            l.nameBytes = 8;
            l.labels = 3;
            l.labelNameBytes = 5;
            l.labelValueBytes = 6;
            l.helpBytes = 7;
        });

        atLimit(small, "abcdefgh 1\n");
        pastLimit(small, "abcdefghi 1\n", Code.NAME_TOO_LONG, 1, "8 bytes");
        atLimit(small, "# TYPE abcdefgh gauge\n");
        pastLimit(small, "# TYPE abcdefghi gauge\n", Code.NAME_TOO_LONG, 8, "8 bytes");
        atLimit(small, "m{a=\"\",b=\"\",c=\"\"} 1\n");
        pastLimit(small, "m{a=\"\",b=\"\",c=\"\",d=\"\"} 1\n", Code.TOO_MANY_LABELS, 18, "3");
        atLimit(small, "m{abcde=\"\"} 1\n");
        pastLimit(small, "m{abcdef=\"\"} 1\n", Code.LABEL_NAME_TOO_LONG, 3, "5 bytes");
        atLimit(small, "m{a=\"123456\"} 1\n");
        pastLimit(small, "m{a=\"1234567\"} 1\n", Code.LABEL_VALUE_TOO_LONG, 6, "6 bytes");
        // after unescaping
        atLimit(small, "m{a=\"\\\\\\\"\\n456\"} 1\n");
        pastLimit(small, "m{a=\"\\\\\\\"\\n4567\"} 1\n", Code.LABEL_VALUE_TOO_LONG, 6, "6 bytes");
        atLimit(small, "# HELP m 1234567\n");
        pastLimit(small, "# HELP m 12345678\n", Code.HELP_TOO_LONG, 10, "7 bytes");
        atLimit(small, "# HELP m 12345\\n\n");
        pastLimit(small, "# HELP m 123456\\n\n", Code.HELP_TOO_LONG, 10, "7 bytes");
        // the line, with whatever is in it
        atLimit(small, "m 1" + " ".repeat(57) + "\n");
        pastLimit(small, "m 1" + " ".repeat(58) + "\n", Code.LINE_TOO_LONG, 61, "60 bytes");
        pastLimit(small, "m 1" + " ".repeat(58), Code.LINE_TOO_LONG, 61, "60 bytes");
        atLimit(small, "#" + "x".repeat(59));
        pastLimit(small, "#" + "x".repeat(600), Code.LINE_TOO_LONG, 61, "60 bytes");
        pastLimit(small, "9" + "x".repeat(600), Code.LINE_TOO_LONG, 61, "60 bytes");
    }

    @Test
    void shouldRefuseALongLineBeforeItsEndIsThere() {
        TextParser parser =
                new TextParser(Limits.DEFAULTS, new KeyHash(1, 2, 3, 4), TextParser.Timestamps.IGNORE);
        parser.reset(new RecordingSink());
        byte[] line = new byte[Limits.DEFAULTS.lineBytes() + 1];
        assertThat(parser.parse(line, 0, line.length - 1)).isEqualTo(Parser.Result.NEED_MORE);
        assertThat(parser.parse(line, 0, line.length)).isEqualTo(Parser.Result.ERROR);
        assertThat(parser.failure().code()).isEqualTo(Code.LINE_TOO_LONG);
    }

    @Test
    void shouldNotSearchTheTailAgainForItsNewline() {
        TextParser parser =
                new TextParser(Limits.DEFAULTS, new KeyHash(1, 2, 3, 4), TextParser.Timestamps.IGNORE);
        RecordingSink sink = new RecordingSink();
        parser.reset(sink);
        byte[] tail = bytes("m 1 ");
        assertThat(parser.parse(tail, 0, tail.length)).isEqualTo(Parser.Result.NEED_MORE);
        // a newline that no caller would put there stays unseen
        byte[] more = bytes("m\n1  ");
        assertThat(parser.parse(more, 0, more.length)).isEqualTo(Parser.Result.NEED_MORE);
        assertThat(parser.consumed()).isZero();
        // the search starts afresh behind the line
        byte[] rest = bytes("m 1   \nn 2\no");
        assertThat(parser.parse(rest, 0, rest.length)).isEqualTo(Parser.Result.NEED_MORE);
        assertThat(parser.consumed()).isEqualTo(rest.length - 1);
        assertThat(sink.told).containsExactly("m 1.0", "n 2.0");
    }

    @Test
    void shouldForgetARefusedBodyOnReset() {
        ParserFeed feed = ParserFeed.ofText();
        assertThat(feed.feed(bytes("m 1\nn 2"), 3, 6).failure()).isNull();
        assertThat(feed.feed(bytes("m 1\n9n 2"), 3, 6).failure()).isNotNull();
        ParserFeed.Verdict verdict = feed.feed(bytes("x 1\ny 2\n"), 6);
        assertThat(verdict.failure()).isNull();
        assertThat(verdict.lines()).isEqualTo(2);
        assertThat(verdict.samples()).isEqualTo(2);
    }

    @Test
    void shouldAcceptEmptyBodies() {
        good("");
        good("\n");
        good("\r\n");
        good(" ");
    }

    private static void good(String body, String... told) {
        every(bytes(body), v -> {
            assertThat(v.failure()).as(body).isNull();
            assertThat(v.told()).as(body).containsExactly(told);
        });
    }

    private static void bad(String body, Code code, long line, int column) {
        every(bytes(body), v -> {
            assertThat(v.failure()).as(body).isNotNull();
            assertThat(v.failure().code()).as(body).isEqualTo(code);
            assertThat(v.failure().line()).as(body).isEqualTo(line);
            assertThat(v.failure().column()).as(body).isEqualTo(column);
            assertThat(v.lines()).as(body).isEqualTo(line - 1);
        });
    }

    private static void badUtf8(String before, int column, int... wrong) {
        byte[] bytes = new byte[wrong.length];
        for (int i = 0; i < wrong.length; i++) {
            bytes[i] = (byte) wrong[i];
        }
        every(concat(bytes(before), bytes, bytes("\"} 1\n")), v -> {
            assertThat(v.failure().code()).isEqualTo(Code.BAD_UTF8);
            assertThat(v.failure().column()).isEqualTo(column);
        });
    }

    private static void atLimit(Limits limits, String body) {
        assertThat(everyWay(ParserFeed.ofText(limits, TextParser.Timestamps.IGNORE), bytes(body)).failure())
                .as(body)
                .isNull();
    }

    private static void pastLimit(Limits limits, String body, Code code, int column, String detail) {
        ParseFailure failure =
                everyWay(ParserFeed.ofText(limits, TextParser.Timestamps.IGNORE), bytes(body)).failure();
        assertThat(failure).as(body).isNotNull();
        assertThat(failure.code()).as(body).isEqualTo(code);
        assertThat(failure.column()).as(body).isEqualTo(column);
        assertThat(failure.detail()).as(body).isEqualTo(detail);
    }

    private static void every(byte[] body, Consumer<ParserFeed.Verdict> check) {
        check.accept(everyWay(ParserFeed.ofText(), body));
    }

    /** The one verdict of all ways to cut the body, on an instance that is used over and over. */
    private static ParserFeed.Verdict everyWay(ParserFeed feed, byte[] body) {
        ParserFeed.Verdict whole = feed.whole(body);
        assertThat(feed.whole(body)).as("again").isEqualTo(whole);
        assertThat(feed.feed(body)).as("all at the end").isEqualTo(whole);
        assertThat(feed.byteByByte(body)).as("byte by byte").isEqualTo(whole);
        assertThat(feed.fresh().byteByByte(body)).as("byte by byte, nothing known").isEqualTo(whole);
        for (int i = 0; i <= body.length; i++) {
            assertThat(feed.feed(body, i)).as("cut at " + i).isEqualTo(whole);
            assertThat(feed.feed(body, i, body.length)).as("cut at " + i).isEqualTo(whole);
        }
        return whole;
    }

    private static byte[] bytes(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
