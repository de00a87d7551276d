package io.weir.parse;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class OpenMetricsParserTest {
    private static final long SEED = Long.getLong("weir.fuzz.seed", 1);
    private static final int ROUNDS = Integer.getInteger("weir.fuzz.rounds", 6_000);

    private static final String EVERYTHING = """
            # HELP jobs Jobs \\"done\\"\\n and \\\\ more
            # TYPE jobs counter
            jobs_total{queue="a b"} 3 # {trace_id="x"} 0.5 1700000000.123
            jobs_created{queue="a b"} 1.7e9
            jobs_total{queue="\\z\\"\\\\"} 1
            # TYPE size_bytes gauge
            # UNIT size_bytes bytes
            size_bytes -Inf 1700000000.5
            # TYPE seconds histogram
            seconds_bucket{m="x",le="0.5"} 1
            seconds_bucket{m="x",le="+Inf"} 2 # {} 3
            seconds_count{m="x"} 2
            seconds_sum{m="x"} 1.5
            seconds_created{m="x"} 5
            # TYPE level gaugehistogram
            level_bucket{le="-1.0"} 1
            level_bucket{le="+Inf"} 2
            level_gcount 2
            level_gsum -1
            # TYPE rpc summary
            rpc{quantile="0.5"} 0.1
            rpc_count 3
            rpc_sum 4
            # TYPE build info
            build_info{version="1"} 1
            # TYPE mode stateset
            mode{mode="on"} 1
            mode{mode="off"} 0
            # TYPE what unknown
            what 1
            bare{a=""} NaN
            # EOF
            """;

    private final ParserFeed feed = feed(TextParser.Timestamps.IGNORE);

    private static ParserFeed feed(TextParser.Timestamps timestamps) {
        return new ParserFeed(() -> new OpenMetricsParser(Limits.DEFAULTS, new KeyHash(1, 2, 3, 4), timestamps));
    }

    @Test
    void shouldTellEverySampleInTermsOfPrometheusText() {
        assertThat(feed.whole(bytes(EVERYTHING)).told()).containsExactly(
                "TYPE jobs_total counter",
                "HELP jobs_total Jobs \"done\"\\n and \\\\ more",
                "jobs_total{queue=\"a b\"} 3.0",
                "TYPE jobs_created gauge",
                "jobs_created{queue=\"a b\"} 1.7E9",
                "jobs_total{queue~\"\\\\z\\\"\\\\\"} 1.0",
                "TYPE size_bytes gauge",
                "size_bytes -Infinity",
                "TYPE seconds histogram",
                "seconds_bucket{m=\"x\",le=\"0.5\"} 1.0",
                "seconds_bucket{m=\"x\",le=\"+Inf\"} 2.0",
                "seconds_count{m=\"x\"} 2.0",
                "seconds_sum{m=\"x\"} 1.5",
                "TYPE seconds_created gauge",
                "seconds_created{m=\"x\"} 5.0",
                "TYPE level_bucket gauge",
                "level_bucket{le=\"-1.0\"} 1.0",
                "level_bucket{le=\"+Inf\"} 2.0",
                "TYPE level_gcount gauge",
                "level_gcount 2.0",
                "TYPE level_gsum gauge",
                "level_gsum -1.0",
                "TYPE rpc summary",
                "rpc{quantile=\"0.5\"} 0.1",
                "rpc_count 3.0",
                "rpc_sum 4.0",
                "TYPE build_info gauge",
                "build_info{version=\"1\"} 1.0",
                "TYPE mode gauge",
                "mode{mode=\"on\"} 1.0",
                "mode{mode=\"off\"} 0.0",
                "TYPE what untyped",
                "what 1.0",
                "bare{a=\"\"} NaN");
    }

    @Test
    void shouldReadNamesInQuotes() {
        String body = """
                # TYPE "my.jobs" counter
                # HELP "my.jobs" of "mine"
                {"my.jobs_total","a.b"="c",d="e"} 1 # {"trace.id"="x"} 1
                {"my.jobs_created","a.b"="c",d="e"} 5
                # TYPE "a\\"b" histogram
                {"a\\"b_bucket","le"="+Inf"} 2
                {"a\\"b_count"} 2
                {"a\\"b_sum"} 3
                # EOF
                """;
        ParserFeed.Verdict whole = feed.whole(bytes(body));
        assertThat(whole.failure()).isNull();
        assertThat(whole.told()).containsExactly(
                "TYPE my.jobs_total counter",
                "HELP my.jobs_total of \"mine\"",
                "my.jobs_total{a.b=\"c\",d=\"e\"} 1.0",
                "TYPE my.jobs_created gauge",
                "my.jobs_created{a.b=\"c\",d=\"e\"} 5.0",
                "TYPE a\"b histogram",
                "a\"b_bucket{le=\"+Inf\"} 2.0",
                "a\"b_count 2.0",
                "a\"b_sum 3.0");
        for (int i = 0; i <= body.length(); i++) {
            assertThat(feed.feed(bytes(body), i, body.length())).isEqualTo(whole);
        }
        for (String bad : List.of(
                "{\"a\" 1\n# EOF\n", "{\"a\"}1\n# EOF\n", "{\"a\",} 1\n# EOF\n", "{\"a\",\"b\"} 1\n# EOF\n", "{\"\"} 1\n# EOF\n",
                "{a=\"b\"} 1\n# EOF\n", "{\"a\",\"a\"=\"b\",\"a\"=\"c\"} 1\n# EOF\n", "\"a\" 1\n# EOF\n", "{\"a\\x\"} 1\n# EOF\n",
                "{\"a\",\"__name__\"=\"b\"} 1\n# EOF\n", "# TYPE \"a\"counter\n# EOF\n", "{\"a\n# EOF\n", "{\n# EOF\n")) {
            assertThat(feed.whole(bytes(bad)).failure()).as(bad).isNotNull();
        }
    }

    @Test
    void shouldTellTheSameHoweverTheBodyIsCutAndKnowEverySeriesTheSecondTime() {
        byte[] body = bytes(EVERYTHING);
        ParserFeed.Verdict whole = feed.whole(body);
        assertThat(whole.samples()).isEqualTo(21);
        assertThat(feed.byteByByte(body)).isEqualTo(whole);
        for (int i = 0; i <= body.length; i++) {
            assertThat(feed.feed(body, i, body.length)).isEqualTo(whole);
        }
        assertThat(feed.sink.defined).isEqualTo(21);
    }

    @Test
    void shouldTellKeysOfOtherTypesApart() {
        feed.whole(bytes("# TYPE x histogram\nx_bucket{le=\"+Inf\"} 1\n# EOF\n"));
        feed.whole(bytes("# TYPE x gaugehistogram\nx_bucket{le=\"+Inf\"} 1\n# EOF\n"));
        feed.whole(bytes("x_bucket{le=\"+Inf\"} 1\n# EOF\n"));
        assertThat(feed.sink.known).isZero();
    }

    @Test
    void shouldTakeABodyWithoutALineFeedAtItsEnd() {
        assertThat(feed.whole(bytes("a 1\n# EOF")).failure()).isNull();
        assertThat(feed.whole(bytes("# EOF")).told()).isEmpty();
    }

    @Test
    void shouldSayWhatIsWrongAndWhere() {
        refused("", "line 1 column 1: the body does not end with '# EOF'");
        refused("a 1\n", "line 2 column 1: the body does not end with '# EOF'");
        refused("a 1\n# EOF\n\n", "line 3 column 1: text after '# EOF'");
        refused("\n# EOF\n", "line 1 column 1: OpenMetrics has no blank lines");
        refused("a 1\r\n# EOF\n", "line 1 column 3: not a number: a 1\\r");
        refused("a  1\n# EOF\n", "line 1 column 3: expected a number");
        refused("a{b=\"c\"}1\n# EOF\n", "line 1 column 9: expected one space");
        refused("a{b=\"c\",} 1\n# EOF\n", "line 1 column 9: expected a label name");
        refused("a{b=\"ü\",b=\"d\"} 1\n# EOF\n", "line 1 column 9: the same label name twice");
        refused("# TYPE a untyped\n# EOF\n", "line 1 column 10: unknown type, OpenMetrics has counter");
        refused("# FOO a b\n# EOF\n", "line 1 column 1: expected '# HELP name text'");
        refused("# HELP a b\n# HELP a b\n# EOF\n", "line 2 column 1: metadata given twice");
        refused("# UNIT a_s m\n# EOF\n", "line 1 column 12: the unit is not the end");
        refused("# TYPE a counter\na_total 1\nb 1\na_total 2\n# EOF\n", "line 5 column 1: this name is one of another family (family a_total)");
        refused("# TYPE a counter\na_total -1\n# EOF\n", "line 2 column 1: this value cannot be one of this type (what counts");
        refused("# TYPE a stateset\na 1\n# EOF\n", "line 2 column 1: the label that this type needs");
        refused("# TYPE a gauge\na{b=\"1\"} 1\na{b=\"2\"} 1\na{b=\"1\"} 1\n# EOF\n", "line 4 column 1: samples of one metric must stand together");
        refused("# TYPE a gauge\na 1 5\na 1 4.999999999\n# EOF\n", "line 3 column 1: samples of one metric must stand", "back in time");
        refused("# TYPE a gauge\na 1 # {b=\"c\"} 1\n# EOF\n", "line 2 column 5: bad exemplar");
        refused("# TYPE a counter\na_total 1 # {b=\"\u00fc" + "x".repeat(127) + "\"} 1\n# EOF\n", "line 2 column 11: bad exemplar", "129 characters");
        refused("# TYPE a histogram\na_bucket{le=\"1\"} 1\n# EOF\n", "line 3 column 1: not a histogram (no +Inf bucket, family a)");
        refused("# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\n# EOF\n", "line 3 column 1: cumulative bucket counts fall");
        refused("a 1 0x1\n# EOF\n", "line 1 column 5: expected a timestamp");
        refused("refuse_me 1\n# EOF\n", "line 1 column 1: the family exists with another type (is a counter)");
        refused("a{__b=\"c\"} 1\n# EOF\n", "line 1 column 3: this label name is reserved");
    }

    private void refused(String body, String... parts) {
        ParserFeed.Verdict whole = feed.whole(bytes(body));
        assertThat(whole.failure()).as(body).isNotNull();
        assertThat(whole.failure().describe()).startsWith(parts[0]).contains(parts);
        assertThat(feed.byteByByte(bytes(body))).isEqualTo(whole);
    }

    @Test
    void shouldHoldLimitsToTheByte() {
        Limits d = Limits.DEFAULTS;
        limit("n".repeat(d.nameBytes()) + " 1\n", "n".repeat(d.nameBytes() + 1) + " 1\n", Code.NAME_TOO_LONG);
        limit("# HELP a " + "h".repeat(d.helpBytes()) + "\n", "# HELP a " + "h".repeat(d.helpBytes() + 1) + "\n", Code.HELP_TOO_LONG);
        limit("a{" + "l".repeat(d.labelNameBytes()) + "=\"\"} 1\n", "a{" + "l".repeat(d.labelNameBytes() + 1) + "=\"\"} 1\n",
                Code.LABEL_NAME_TOO_LONG);
        limit("a{l=\"\\n" + "v".repeat(d.labelValueBytes() - 1) + "\"} 1\n", "a{l=\"" + "v".repeat(d.labelValueBytes() + 1) + "\"} 1\n",
                Code.LABEL_VALUE_TOO_LONG);
        limit("a{" + labels(d.labels()) + "} 1\n", "a{" + labels(d.labels() + 1) + "} 1\n", Code.TOO_MANY_LABELS);
        limit("# TYPE h histogram\nh_bucket{" + labels(d.labels()) + ",le=\"+Inf\"} 1\n",
                "# TYPE h histogram\nh_bucket{" + labels(d.labels() + 1) + ",le=\"+Inf\"} 1\n", Code.TOO_MANY_LABELS);
        String line = "# HELP a ";
        limit("", line + "h".repeat(d.lineBytes() + 1 - line.length()) + "\n", Code.LINE_TOO_LONG);
    }

    private static String labels(int n) {
        return IntStream.range(0, n).mapToObj(i -> "l" + i + "=\"v\"").collect(Collectors.joining(","));
    }

    private void limit(String good, String bad, Code code) {
        assertThat(feed.whole(bytes(good + "# EOF\n")).failure()).isNull();
        assertThat(feed.whole(bytes(bad + "# EOF\n")).failure().code()).isEqualTo(code);
        assertThat(feed.byteByByte(bytes(bad + "# EOF\n")).failure().code()).isEqualTo(code);
    }

    @Test
    void shouldRefuseTimesWhereToldTo() {
        ParserFeed strict = feed(TextParser.Timestamps.REFUSE);
        assertThat(strict.whole(bytes("a 1 2\n# EOF\n")).failure().code()).isEqualTo(Code.TIMESTAMP_REFUSED);
        assertThat(strict.whole(bytes("# TYPE a counter\na_total 1 # {} 1 2\n# EOF\n")).failure()).isNull();
    }

    @Test
    void shouldGiveOneVerdictOnMutatedBodiesHoweverTheyAreCut() {
        Random random = new Random(SEED);
        String[] tokens = {" ", "\"", "{", "}", ",", "=", "#", "\\", "\n", "1", "-1", "NaN", "+Inf", "le", "_total", " # {} 1", "\u00ff"};
        int accepted = 0;
        List<String> lines = EVERYTHING.lines().toList();
        for (int round = 0; round < ROUNDS; round++) {
            StringBuilder body = new StringBuilder(EVERYTHING);
            if (random.nextBoolean()) {
                int line = random.nextInt(lines.size());
                body.insert(body.indexOf(lines.get(line)), lines.get(random.nextInt(lines.size())) + "\n");
            } else {
                int at = random.nextInt(body.length());
                body.replace(at, Math.min(body.length(), at + random.nextInt(3)), tokens[random.nextInt(tokens.length)]);
            }
            byte[] bytes = bytes(body.toString());
            ParserFeed one = feed(TextParser.Timestamps.IGNORE);
            ParserFeed.Verdict whole = one.whole(bytes);
            try {
                assertThat(one.feed(bytes, random.nextInt(bytes.length + 1), bytes.length)).isEqualTo(whole);
                assertThat(one.byteByByte(bytes)).isEqualTo(whole);
                if (whole.failure() != null) {
                    assertThat(whole.failure().describe()).startsWith("line ").doesNotContain("\n");
                    long line = whole.failure().line();
                    assertThat(line).isBetween(1L, Arrays.stream(body.toString().split("\n", -1)).count());
                } else {
                    accepted++;
                }
            } catch (AssertionError e) {
                throw new AssertionError("seed " + SEED + " round " + round + ": " + body, e);
            }
        }
        assertThat(accepted).isBetween(ROUNDS / 20, ROUNDS * 19 / 20);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
