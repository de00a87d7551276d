package io.weir.parse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Code;
import io.weir.sample.PointSink.FieldKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LineProtocolParserTest {
    private static final String BODY = "cpu,host=a\\ b,az=\\,x usage=1.5,n=42i,up=t,s=\"q\\\"\nw \\\\\" 1700000000000000000\r\n"
            + "# a comment, with a \"quote\n"
            + "\n"
            + "  m\\,x=y f\\=1=-0.25e3,g=18446744073709551615u\n"
            + "bad,host=a v=abc\n"
            + "w\u00e4rme,ort=k\u00f6ln grad=.5,s=\"\u20ac\" -5   \n"
            + "bad v=\"open\n"
            + "last v=12345678.12345678,w=9007199254740993i";

    // each row: what is read of it, as measurement{tags} field=value:KIND @time
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', ignoreLeadingAndTrailingWhitespace = false, value = {
        "cpu value=1|cpu{} value=1.0:FLOAT",
        "cpu,host=a,az=b value=1 5|cpu{az=b, host=a} value=1.0:FLOAT @5",
        "cpu a=1,b=2|cpu{} a=1.0:FLOAT b=2.0:FLOAT",
        "cpu a=1,a=2|cpu{} a=1.0:FLOAT a=2.0:FLOAT",
        // spaces
        "  cpu  v=1  7  |cpu{} v=1.0:FLOAT @7",
        "cpu v=1 |cpu{} v=1.0:FLOAT",
        // line ends
        "cpu v=1\\r\\n|cpu{} v=1.0:FLOAT",
        "cpu v=1 123\\r\\n|cpu{} v=1.0:FLOAT @123",
        "cpu v=t\\r\\n\\r\\n\\n|cpu{} v=1.0:BOOLEAN",
        // escapes
        "a\\\\ b v=1|a b{} v=1.0:FLOAT",
        "a\\\\\\\\ b v=1|a\\ b{} v=1.0:FLOAT",
        "a\\\\=b=c v=1|a\\=b=c{} v=1.0:FLOAT",
        "a,k\\\\=\\\\,\\\\ k=v\\\\=\\\\,\\\\  v=1|a{k=, k=v=, } v=1.0:FLOAT",
        "a \\\\a=1|a{} \\a=1.0:FLOAT",
        "a v\\\\\\\\=w=1|a{} v\\=w=1.0:FLOAT",
        "a,\\\\t=\\\\x v=1|a{\\t=\\x} v=1.0:FLOAT",
        "\"cpu\",h=\"a\" v=1|\"cpu\"{h=\"a\"} v=1.0:FLOAT",
        // numbers
        "a v=-0.0|a{} v=-0.0:FLOAT",
        "a v=1.|a{} v=1.0:FLOAT",
        "a v=.5,w=-.5|a{} v=0.5:FLOAT w=-0.5:FLOAT",
        "a v=1e3,w=1E-3,x=1.5e+3|a{} v=1000.0:FLOAT w=0.001:FLOAT x=1500.0:FLOAT",
        "a v=1e-400|a{} v=0.0:FLOAT",
        "a v=12345678,w=123456789012345678901234567890|a{} v=1.2345678E7:FLOAT w=1.2345678901234568E29:FLOAT",
        "a v=1234567.1234567,w=1234567.12345678|a{} v=1234567.1234567:FLOAT w=1234567.12345678:FLOAT",
        "a v=007i,w=-7i,x=12345678i|a{} v=7.0:INTEGER w=-7.0:INTEGER x=1.2345678E7:INTEGER",
        "a v=9223372036854775807i|a{} v=9.223372036854776E18:INTEGER",
        "a v=-9223372036854775808i|a{} v=-9.223372036854776E18:INTEGER",
        "a v=9007199254740993i|a{} v=9.007199254740992E15:INTEGER",
        "a v=0u,w=18446744073709551615u|a{} v=0.0:UNSIGNED w=1.8446744073709552E19:UNSIGNED",
        "a v=9223372036854775809u|a{} v=9.223372036854776E18:UNSIGNED",
        "a v=00000000000000000000000000000012i|a{} v=12.0:INTEGER",
        "a v=True,w=TRUE,x=T|a{} v=1.0:BOOLEAN w=1.0:BOOLEAN x=1.0:BOOLEAN",
        "a v=False,w=FALSE,x=F,y=f,z=false|a{} v=0.0:BOOLEAN w=0.0:BOOLEAN x=0.0:BOOLEAN y=0.0:BOOLEAN z=0.0:BOOLEAN",
        // strings
        "a v=\"\"|a{} v=0.0:STRING",
        "a v=\"a,b=c d\",w=1|a{} v=0.0:STRING w=1.0:FLOAT",
        "a v=\"\\\\\"\",w=1|a{} v=0.0:STRING w=1.0:FLOAT",
        "a v=\"\\\\\\\\\",w=1|a{} v=0.0:STRING w=1.0:FLOAT",
        "a v=\"a\\\\nb\",w=1|a{} v=0.0:STRING w=1.0:FLOAT",
        "a v=\"\\n\\n\",w=1 9|a{} v=0.0:STRING w=1.0:FLOAT @9",
        "a v=\"0123456\\n0123456\\\\\"89\" 9|a{} v=0.0:STRING @9",
        // timestamps
        "a v=1 9223372036854775807|a{} v=1.0:FLOAT @9223372036854775807",
        "a v=1 -9223372036854775808|a{} v=1.0:FLOAT @-9223372036854775808",
        "a v=1 0|a{} v=1.0:FLOAT @0",
        "a v=1 000000000000000000000000000017|a{} v=1.0:FLOAT @17",
        "a v=1 12345678|a{} v=1.0:FLOAT @12345678",
        "a v=1 1234567890123456|a{} v=1.0:FLOAT @1234567890123456",
        "a v=1 -1700000000123456789|a{} v=1.0:FLOAT @-1700000000123456789",
        // lines without points
        "# cpu v=abc|",
        "  # cpu v=abc\\n#\u0001|",
        "\\n  \\n\\r\\n|",
    })
    void shouldReadALine(String line, String expected) {
        byte[] body = unescape(line);
        LineProtocolFeed feed = new LineProtocolFeed();
        LineProtocolFeed.Outcome whole = feed.feed(body);

        assertThat(whole.failures()).isEmpty();
        assertThat(print(whole.points())).isEqualTo(expected == null ? "" : expected);
        assertThat(feed.feed(body)).as("when its fields are known").isEqualTo(whole);
        assertThat(feed.byteByByte(body)).as("byte by byte").isEqualTo(whole);
    }

    // each row: the line, the code of its failure, the column
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', ignoreLeadingAndTrailingWhitespace = false, value = {
        // measurement and tags
        ",host=a v=1|LP_MEASUREMENT|1",
        "cpu|LP_FIELD|4",
        "cpu |LP_FIELD|5",
        "cpu,|LP_TAG|5",
        "cpu, v=1|LP_TAG|5",
        "cpu,host v=1|LP_TAG|9",
        "cpu,host= v=1|LP_TAG|10",
        "cpu,host=,az=b v=1|LP_TAG|10",
        "cpu,=a v=1|LP_TAG|5",
        "cpu,,h=a v=1|LP_TAG|5",
        "cpu,h=a, v=1|LP_TAG|9",
        "cpu,t=a=b v=1|LP_TAG|8",
        "cpu,t=\"a b\" v=1|LP_FIELD|12",
        "cpu,host=a,host=b v=1|LP_DUPLICATE_TAG|12",
        "cpu,h\\\\,=a,h\\\\,=b v=1|LP_DUPLICATE_TAG|11",
        "cpu,host=a|LP_FIELD|11",
        // control bytes and tabs
        "\\tcpu v=1|LP_CONTROL_BYTE|1",
        "cpu\\tv=1|LP_CONTROL_BYTE|4",
        "cpu v=1\\t5|LP_FIELD_VALUE|7",
        "c\u0000pu v=1|LP_CONTROL_BYTE|2",
        "c\u007fpu v=1|LP_CONTROL_BYTE|2",
        "cpu v\u007f=1|LP_CONTROL_BYTE|6",
        "cpu v\\t=1|LP_CONTROL_BYTE|6",
        "cpu v=1\\rx|LP_CONTROL_BYTE|8",
        "cpu v=1\\r|LP_CONTROL_BYTE|8",
        "cpu\\rv=1|LP_CONTROL_BYTE|4",
        // UTF-8, here as Latin-1
        "caf\u00e9 v=1|BAD_UTF8|4",
        "cpu,t=\u00e9 v=1|BAD_UTF8|7",
        "cpu \u00e9=1|BAD_UTF8|5",
        "cpu s=\"\u00e9\"|BAD_UTF8|8",
        "cpu s=\"\u00ed\u00a0\u0080\"|BAD_UTF8|8",
        // fields
        "cpu v|LP_FIELD|6",
        "cpu v=|LP_FIELD_VALUE|7",
        "cpu =1|LP_FIELD|5",
        "cpu v=1,|LP_FIELD|9",
        "cpu v=1,,w=2|LP_FIELD|9",
        "cpu v=1,w|LP_FIELD|10",
        "cpu v=1, w=2|LP_FIELD|9",
        "cpu v =1|LP_FIELD|6",
        "cpu v=\"a\"b|LP_FIELD_VALUE|10",
        "cpu v=\"a|LP_STRING_NOT_CLOSED|7",
        "cpu v=\"a\\\\\"|LP_STRING_NOT_CLOSED|7",
        // timestamps
        "cpu v=1 x|LP_TIMESTAMP|9",
        "cpu v=1 -|LP_TIMESTAMP|9",
        "cpu v=1 +1|LP_TIMESTAMP|9",
        "cpu v=1 1.5|LP_TIMESTAMP|9",
        "cpu v=1 1,w=2|LP_TIMESTAMP|9",
        "cpu v=1 1 2|LP_TIMESTAMP|11",
        "cpu v=1 9223372036854775808|LP_TIMESTAMP|9",
        "cpu v=1 -9223372036854775809|LP_TIMESTAMP|9",
        "cpu v=1 99999999999999999999|LP_TIMESTAMP|9",
        "cpu v=1 18446744073709551617|LP_TIMESTAMP|9",
    })
    void shouldSayWhereALineIsBad(String line, Code code, int column) {
        byte[] body = unescapeLatin1(line);
        LineProtocolFeed feed = new LineProtocolFeed();
        LineProtocolFeed.Outcome whole = feed.feed(body);

        assertThat(whole.points()).isEmpty();
        assertThat(whole.failed()).isEqualTo(1);
        assertThat(whole.failures().get(0).code()).isEqualTo(code);
        assertThat(whole.failures().get(0).column()).isEqualTo(column);
        assertThat(feed.feed(body)).as("a second time").isEqualTo(whole);
        assertThat(feed.byteByByte(body)).as("byte by byte").isEqualTo(whole);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "NaN", "nan", "Inf", "inf", "-inf", "+Inf", "Infinity", "1e400", "-1e400", "0x10", "1_000", "+1", "1f", "1d", "1L",
        "'a'", "abc", "tRUE", "true1", "tru", "truefalse", "trueeeee", "a=b", "--1", "-", ".", "-.", "1.0i", "9e10i", "-1u",
        "i", "-i", "u", "1e", "1e+", "e5", "1.1.1", "42+3", "9223372036854775808i", "-9223372036854775809i",
        "18446744073709551616u", "99999999999999999999i", "184467440737095516150u", "12345678x", "1.12345678x", "/1"
    })
    void shouldRefuseAFieldValue(String value) {
        for (String body : List.of("cpu v=" + value, "cpu v=" + value + ",w=1", "cpu w=1,v=" + value + " 5\n")) {
            LineProtocolFeed feed = new LineProtocolFeed();
            LineProtocolFeed.Outcome whole = feed.feed(body.getBytes(UTF_8));
            assertThat(whole.points()).isEmpty();
            assertThat(whole.failures()).extracting(ParseFailure::code).containsExactly(Code.LP_FIELD_VALUE);
            assertThat(feed.byteByByte(body.getBytes(UTF_8))).isEqualTo(whole);
        }
    }

    @Test
    void shouldReadLinesWhoseFieldsItKnowsAsAWhole() {
        LineProtocolFeed feed = new LineProtocolFeed();
        byte[] body = ("cpu,h=a u=1.5,s=-2.25,n=7i 1700000000000000000\ncpu,h=b u=1.25,s=0,n=-8i 1700000000000000001\n"
                        + "cpu,h=a u=2,s=3.5,n=123456i 1700000000000000002\n"
                        // not of the form, or not known as a whole
                        + "cpu,h=a u=2,s=3.5,n=12 1700000000000000003\ncpu,h=a u=2,s=3.5,n=12i\n"
                        + "cpu,h=a  u=2,s=3.5,n=12i 5\ncpu,h=a u=2,s=3.5 6\ncpu,h=a u=12345678.5,s=3.5,n=1i 7\n"
                        + "cpu,h=a u=2,s=3.5,n=12i,t=\"x\" 8\ncpu,h=a u=2,s=3.5,n=12i 1700000000000000009 \n"
                        + "cpu,h=a u=2,s=x,n=12i 10\ncpu,h=a u=2,s=3.5,n=12i 11\r\n"
                        + "cpu,h=c u=2,s=3.5,n=12i 12\ncpu,h=b u=2,s=3.5,n=12i 13\n")
                .getBytes(UTF_8);
        LineProtocolFeed.Outcome first = feed.feed(body);
        assertThat(first.points()).hasSize(13);
        assertThat(first.failed()).isOne();
        feed.feed(body);
        int before = feed.sink.linesAsAWhole;

        assertThat(feed.feed(body)).isEqualTo(first);
        assertThat(feed.sink.linesAsAWhole - before).isGreaterThanOrEqualTo(3);
        for (int cut = 0; cut < body.length; cut++) {
            assertThat(feed.feed(body, cut)).as("cut at %s", cut).isEqualTo(first);
        }
        assertThat(feed.byteByByte(body)).isEqualTo(first);
    }

    @Test
    void shouldReadTheSameCutAtEveryByteAndTwiceOnOneInstance() {
        byte[] body = BODY.getBytes(UTF_8);
        LineProtocolFeed.Outcome whole = new LineProtocolFeed().feed(body);
        assertThat(whole.points()).hasSize(4);
        assertThat(whole.failures()).extracting(ParseFailure::line).containsExactly(6L, 8L);
        assertThat(whole.lines()).isEqualTo(9);

        LineProtocolFeed known = new LineProtocolFeed();
        for (int cut = 0; cut <= body.length; cut++) {
            assertThat(new LineProtocolFeed().feed(body, cut)).as("cut at %d", cut).isEqualTo(whole);
            assertThat(known.feed(body, cut)).as("known, cut at %d", cut).isEqualTo(whole);
            for (int second = cut; second <= body.length; second += 7) {
                assertThat(known.feed(body, cut, second)).as("cut at %d and %d", cut, second).isEqualTo(whole);
            }
        }
    }

    @Test
    void shouldCountNewlinesInsideStringsAsLines() {
        LineProtocolFeed.Outcome o = feed("a s=\"1\n2\n3\"\nb v=x\nc s=\"1\n2\",v=x\nd v=1");

        assertThat(o.failures()).extracting(ParseFailure::line).containsExactly(4L, 6L);
        assertThat(o.failures()).extracting(ParseFailure::column).containsExactly(5, 6);
        assertThat(o.failures()).extracting(ParseFailure::text).containsExactly("b v=x", "2\",v=x");
        assertThat(o.points()).hasSize(2);
        assertThat(o.lines()).isEqualTo(7);
    }

    @Test
    void shouldCountColumnsInCharacters() {
        ParseFailure f = feed("k\u00f6ln,\u20ac=1 v=x").failures().get(0);

        assertThat(f.column()).isEqualTo(12);
        assertThat(f.describe())
                .isEqualTo("line 1 column 12: bad field value: k\u00f6ln,\u20ac=1 v=x");
    }

    @Test
    void shouldKeepTheLinesAroundAStringThatNeverCloses() {
        LineProtocolFeed.Outcome o = feed("a v=1\nb s=\"oops\nc v=2\nd v=3");

        assertThat(print(o.points())).isEqualTo("a{} v=1.0:FLOAT; c{} v=2.0:FLOAT; d{} v=3.0:FLOAT");
        assertThat(o.failures()).extracting(ParseFailure::code).containsExactly(Code.LP_STRING_NOT_CLOSED);
        assertThat(o.failures().get(0).line()).isEqualTo(2);
    }

    @Test
    void shouldNotReadTheStringsOfALineThatTheSinkRefuses() {
        LineProtocolFeed feed = new LineProtocolFeed();
        feed.sink.refusals.put("bad", Code.NAME_TOO_LONG);
        byte[] body = ("bad s=\"x\nfake v=1\n\",v=2\nm,bad=1 s=\"x\nfake v=1\n\"\n"
                        + "m bad=\"x\nfake v=1\n\"\nm,t=1,t=2 s=\"x\nfake v=1\n\"\ngood v=1")
                .getBytes(UTF_8);
        LineProtocolFeed.Outcome o = feed.feed(body);

        assertThat(print(o.points())).isEqualTo("good{} v=1.0:FLOAT");
        assertThat(o.failures())
                .extracting(ParseFailure::code)
                .containsExactly(Code.NAME_TOO_LONG, Code.NAME_TOO_LONG, Code.NAME_TOO_LONG, Code.LP_DUPLICATE_TAG);
        assertThat(o.failures()).extracting(ParseFailure::line).containsExactly(1L, 4L, 7L, 10L);
        assertThat(feed.byteByByte(body)).isEqualTo(o);
    }

    @Test
    void shouldNotLetAKnownFieldHideABadLine() {
        LineProtocolFeed feed = new LineProtocolFeed();
        feed.feed("cpu,host=a v=1,w=2\n".getBytes(UTF_8));
        LineProtocolFeed.Outcome o = feed.feed("cpu,host=a v=1,w=x\ncpu,host=a v=1 5x\ncpu,host=a v=3\n".getBytes(UTF_8));

        assertThat(print(o.points())).isEqualTo("cpu{host=a} v=3.0:FLOAT");
        assertThat(o.failed()).isEqualTo(2);
    }

    @Test
    void shouldTellKindsOfTheSameFieldApart() {
        LineProtocolFeed feed = new LineProtocolFeed();
        byte[] body = "m v=1\nm v=1i\nm v=1u\nm v=t\nm v=\"1\"\n".getBytes(UTF_8);
        feed.feed(body);

        assertThat(feed.feed(body).points())
                .extracting(p -> p.values().get(0).field().kind())
                .containsExactly(FieldKind.values());
    }

    @ParameterizedTest
    @CsvSource({
        "n,7", "ns,7", "u,7000", "us,7000", "\u00b5,7000", "\u00b5s,7000", "\u03bc,7000", "ms,7000000", "s,7000000000",
        "m,420000000000", "h,25200000000000"
    })
    void shouldScaleTimestampsByThePrecision(String precision, long expected) {
        LineProtocolFeed feed = new LineProtocolFeed();
        feed.precision = TimePrecision.of(precision);
        assertThat(feed.feed("a v=1 7\nb v=1 -7".getBytes(UTF_8)).points())
                .extracting(RecordedPoints.Point::time)
                .containsExactly(expected, -expected);
    }

    @Test
    void shouldKnowNoOtherPrecision() {
        assertThat(TimePrecision.of("S")).isNull();
        assertThat(TimePrecision.of("d")).isNull();
        assertThat(TimePrecision.of(null)).isEqualTo(TimePrecision.NANOSECONDS);
        assertThat(TimePrecision.of("")).isEqualTo(TimePrecision.NANOSECONDS);
    }

    @Test
    void shouldRefuseTimestampsThatScaleBeyond64Bits() {
        LineProtocolFeed feed = new LineProtocolFeed();
        feed.precision = TimePrecision.SECONDS;
        LineProtocolFeed.Outcome o = feed.feed(
                "a v=1 9223372036\na v=1 9223372037\na v=1 -9223372036\na v=1 -9223372037\n".getBytes(UTF_8));

        assertThat(o.points()).extracting(RecordedPoints.Point::time)
                .containsExactly(9_223_372_036_000_000_000L, -9_223_372_036_000_000_000L);
        assertThat(o.failures()).extracting(ParseFailure::line).containsExactly(2L, 4L);
    }

    @Test
    void shouldTakeALineAtTheLimitAndRefuseOneByteMore() {
        String line = "cpu,host=a value=1 170000000";
        LineProtocolFeed exact = new LineProtocolFeed(LineProtocolFeed.lineLimit(line.length()));
        LineProtocolFeed less = new LineProtocolFeed(LineProtocolFeed.lineLimit(line.length() - 1));
        byte[] body = ("x v=1\n" + line + "\nx v=2\n" + line).getBytes(UTF_8);

        assertThat(exact.feed(body).points()).hasSize(4);
        LineProtocolFeed.Outcome o = less.feed(body);
        assertThat(o.points()).hasSize(2);
        assertThat(o.failures()).extracting(ParseFailure::code)
                .containsExactly(Code.LINE_TOO_LONG, Code.LINE_TOO_LONG);
        assertThat(o.failures()).extracting(ParseFailure::line).containsExactly(2L, 4L);
        for (int cut = 0; cut < body.length; cut++) {
            assertThat(exact.feed(body, cut).points()).hasSize(4);
            assertThat(less.feed(body, cut)).as("cut at %d", cut).isEqualTo(o);
        }
        assertThat(less.byteByByte(body)).isEqualTo(o);
    }

    @Test
    void shouldSkipATooLongLineThroughItsString() {
        LineProtocolFeed feed = new LineProtocolFeed(LineProtocolFeed.lineLimit(20));
        byte[] body = "x v=1\nm s=\"0123456789\nfake v=1\n\\\"\nfake v=2\n\",v=1\nx v=2\n".getBytes(UTF_8);
        LineProtocolFeed.Outcome o = feed.feed(body);

        assertThat(print(o.points())).isEqualTo("x{} v=1.0:FLOAT; x{} v=2.0:FLOAT");
        assertThat(o.failures()).extracting(ParseFailure::code).containsExactly(Code.LINE_TOO_LONG);
        assertThat(o.lines()).isEqualTo(7);
        assertThat(feed.byteByByte(body)).isEqualTo(o);
        for (int cut = 0; cut < body.length; cut++) {
            assertThat(feed.feed(body, cut)).as("cut at %d", cut).isEqualTo(o);
        }
    }

    @Test
    void shouldKeepTheTailBelowTheLineLimit() {
        int limit = 1000;
        LineProtocolFeed feed = new LineProtocolFeed(LineProtocolFeed.lineLimit(limit));
        feed.parser.reset(feed.sink);
        byte[] tail = new byte[0];
        for (int i = 0; i < 10_000; i++) {
            byte[] buffer = Arrays.copyOf(tail, tail.length + 1);
            buffer[tail.length] = 'a';
            feed.parser.parse(buffer, 0, buffer.length);
            tail = Arrays.copyOfRange(buffer, feed.parser.consumed(), buffer.length);
            assertThat(tail.length).isLessThanOrEqualTo(limit);
        }
        assertThat(feed.parser.failed()).isEqualTo(1);
    }

    @Test
    void shouldTryAnUnfinishedLineOnlySometimes() {
        // each new byte could end the string or the line, and none does
        byte[] body = ("m s=\"" + "\n".repeat(100_000) + "\"," + "a=\"\n\",".repeat(20_000) + "z=1\n").getBytes(UTF_8);
        LineProtocolFeed feed = new LineProtocolFeed();
        feed.parser.reset(feed.sink);
        long begun = 0;
        int from = 0;
        for (int end = 1; end <= body.length; end++) {
            feed.sink.numbers.clear();
            feed.parser.parse(body, from, end - from);
            begun += feed.sink.numbers.size();
            from += feed.parser.consumed();
        }
        feed.parser.finish(body, from, body.length - from);

        assertThat(feed.sink.points).hasSize(1);
        assertThat(begun).isLessThan(25);
    }

    @Test
    void shouldCountEveryFailureAndKeepTheFirst() {
        LineProtocolFeed.Outcome o = feed("x v=?\n".repeat(1000));

        assertThat(o.failed()).isEqualTo(1000);
        assertThat(o.failures()).hasSize(LineProtocolParser.FAILURES);
        assertThat(o.failures().get(99).line()).isEqualTo(100);
    }

    @Test
    void shouldFindADuplicateAmongManyTags() {
        StringBuilder tags = new StringBuilder("m");
        for (int i = 0; i < 5000; i++) {
            tags.append(",t").append(i).append("=v");
        }
        LineProtocolFeed.Outcome o = feed(tags + " v=1\n" + tags + ",t7=x v=1\n");

        assertThat(o.points()).hasSize(1);
        assertThat(o.points().get(0).values().get(0).field().tags()).hasSize(5000);
        assertThat(o.failures()).extracting(ParseFailure::code).containsExactly(Code.LP_DUPLICATE_TAG);
    }

    @Test
    void shouldForgetTheBodyBefore() {
        LineProtocolFeed feed = new LineProtocolFeed();
        feed.parser.reset(feed.sink);
        byte[] broken = "x v=\"".getBytes(UTF_8);
        feed.parser.parse(broken, 0, broken.length);

        LineProtocolFeed.Outcome o = feed.feed("y v=1".getBytes(UTF_8));
        assertThat(print(o.points())).isEqualTo("y{} v=1.0:FLOAT");
        assertThat(o.failures()).isEmpty();
    }

    @Test
    void shouldGuessFieldKeysWithoutMixingThemUp() {
        StringBuilder body = new StringBuilder();
        List<String> expected = new ArrayList<>();
        String[] keys = {"a", "ab", "abcdefg", "abcdefgh", "abcdefghijklmno", "abcdefghijklmnop", "abcdefghijklmnoq", "b"};
        for (int i = 0; i < 200; i++) {
            body.append("m");
            StringBuilder line = new StringBuilder("m{}");
            for (int f = 0; f < 20; f++) {
                String key = keys[(i * 31 + f * f * 7 + i / 3) % keys.length];
                body.append(f == 0 ? ' ' : ',').append(key).append('=').append(i);
                line.append(' ').append(key).append('=').append((double) i).append(":FLOAT");
            }
            body.append('\n');
            expected.add(line.toString());
        }
        LineProtocolFeed feed = new LineProtocolFeed();
        LineProtocolFeed.Outcome o = feed.feed(body.toString().getBytes(UTF_8));

        assertThat(print(o.points())).isEqualTo(String.join("; ", expected));
        assertThat(feed.feed(body.toString().getBytes(UTF_8))).isEqualTo(o);
    }

    private static LineProtocolFeed.Outcome feed(String body) {
        LineProtocolFeed feed = new LineProtocolFeed();
        LineProtocolFeed.Outcome whole = feed.feed(body.getBytes(UTF_8));
        assertThat(feed.feed(body.getBytes(UTF_8))).isEqualTo(whole);
        if (body.length() < 10_000) {
            assertThat(feed.byteByByte(body.getBytes(UTF_8))).isEqualTo(whole);
        }
        return whole;
    }

    private static String print(List<RecordedPoints.Point> points) {
        List<String> lines = new ArrayList<>();
        for (RecordedPoints.Point p : points) {
            RecordedPoints.Field first = p.values().get(0).field();
            StringBuilder s = new StringBuilder(first.measurement()).append(first.tags());
            for (RecordedPoints.Value v : p.values()) {
                s.append(' ').append(v.field().key()).append('=').append(v.value());
                s.append(':').append(v.field().kind());
            }
            lines.add(p.time() == null ? s.toString() : s.append(" @").append(p.time()).toString());
        }
        return String.join("; ", lines);
    }

    private static byte[] unescape(String row) {
        return plain(row).getBytes(UTF_8);
    }

    private static byte[] unescapeLatin1(String row) {
        return plain(row).getBytes(ISO_8859_1);
    }

    private static String plain(String row) {
        return row.translateEscapes();
    }
}
