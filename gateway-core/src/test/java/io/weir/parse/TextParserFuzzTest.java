package io.weir.parse;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Limits;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class TextParserFuzzTest {
    private static final long SEED = Long.getLong("weir.fuzz.seed", 20261120);
    private static final int ROUNDS = Integer.getInteger("weir.fuzz.rounds", 30_000);

    private static final String[] BODIES = {
        "# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n"
                + "http_requests_total{method=\"GET\",code=\"200\"} 1027 1395066363000\nhttp_requests_total 3\n",
        "m{a=\"x\\\\y\\\"z\\n\",b=\"}\"} 1.5e3\nm{a=\"\u00e9\u20ac\ud83d\ude00\"} NaN\n",
        "  m\t{ a = \"b\" , c=\"d\" , } +Inf \r\nn -0.25\r\n\r\n",
        "# TYPE h histogram\nh_bucket{le=\"0.1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 0.3\nh_count 2",
        "#comment\n\n# TYPE m\n# HELP m a\\\\b\\nc\nm{} 9007199254740993 -5\nm 12345678.12345678\n",
    };
    private static final String[] TOKENS = {
        "{", "}", "\"", "\\", "\\\\", "\\\"", "\\n", "\n", "\r", "\r\n", " ", "\t", ",", "=", "#", "# TYPE ", "# HELP ", "NaN",
        "+Inf", "-inf", "1e400", "0x1p4", "1_0", "__name__=\"x\"", "a=\"b\"", "9", ".", "-", "e", ":", "\u0000", "\u00ff",
        "\u00c3", "\u00e2\u0082", "\u00ed\u00a0\u0080", "m 1", "} 1", "\"} 1\n", "counter", " 1700000000000"
    };

    @Test
    void shouldAgreeWithASlowReadingOfTheGrammarHoweverTheBodyIsCut() {
        Random random = new Random(SEED);
        ParserFeed feed = ParserFeed.ofText();
        int accepted = 0;
        for (int round = 0; round < ROUNDS; round++) {
            byte[] body = mutate(random);
            String name = "seed " + SEED + " round " + round;
            try {
                ParserFeed.Verdict whole = feed.whole(body);
                if (!QUOTED_NAME.matcher(new String(body, StandardCharsets.ISO_8859_1)).find()) {
                    check(body, whole);
                }
                assertThat(feed.feed(body, random.nextInt(body.length + 1), body.length)).isEqualTo(whole);
                assertThat(feed.byteByByte(body)).isEqualTo(whole);
                accepted += whole.failure() == null ? 1 : 0;
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(name + ": " + new String(body, StandardCharsets.ISO_8859_1), e);
            }
        }
        // both sides of the verdict have been seen
        assertThat(accepted).isBetween(ROUNDS / 50, ROUNDS * 49 / 50);
    }

    @Property(tries = 500)
    void shouldPassEveryLabelValueOnAndReadEveryNumberBack(
            @ForAll("values") List<String> values, @ForAll double number, @ForAll boolean stamped) {
        StringBuilder body = new StringBuilder("m{");
        StringBuilder told = new StringBuilder("m");
        for (int i = 0; i < Math.min(values.size(), Limits.DEFAULTS.labels()); i++) {
            String value = new String(values.get(i).getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
            String escaped = value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
            body.append(i > 0 ? "," : "").append("l").append(i).append("=\"").append(escaped).append('"');
            told.append(i > 0 ? "," : "{").append("l").append(i).append(escaped.equals(value) ? '=' : '~');
            told.append('"').append(escaped).append('"');
        }
        body.append("} ").append(number).append(stamped ? " 1700000000000\n" : "\n");
        told.append(values.isEmpty() ? "" : "}").append(' ').append(number);

        ParserFeed feed = ParserFeed.ofText();
        byte[] bytes = body.toString().getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 2; i++) {
            ParserFeed.Verdict verdict = feed.whole(bytes);
            assertThat(verdict.failure()).isNull();
            assertThat(verdict.told()).containsExactly(told.toString());
        }
        assertThat(feed.sink.known).isEqualTo(1);
    }

    @Provide
    Arbitrary<List<String>> values() {
        return Arbitraries.oneOf(
                        Arbitraries.strings().ofMaxLength(40),
                        Arbitraries.strings().withChars("\\\"\n}{,=# \r\tn").ofMaxLength(12))
                .list()
                .ofMaxSize(6);
    }

    private static byte[] mutate(Random random) {
        byte[] body = BODIES[random.nextInt(BODIES.length)].getBytes(StandardCharsets.UTF_8);
        for (int n = random.nextInt(4); n > 0; n--) {
            int at = random.nextInt(body.length + 1);
            int length = Math.min(random.nextInt(4), body.length - at);
            byte[] instead = switch (random.nextInt(4)) {
                case 0 -> new byte[0];
                case 1 -> new byte[] {(byte) random.nextInt(256)};
                case 2 -> TOKENS[random.nextInt(TOKENS.length)].getBytes(StandardCharsets.ISO_8859_1);
                default -> {
                    int from = random.nextInt(body.length + 1);
                    yield Arrays.copyOfRange(body, from, Math.min(body.length, from + random.nextInt(30)));
                }
            };
            byte[] next = new byte[body.length - length + instead.length];
            System.arraycopy(body, 0, next, 0, at);
            System.arraycopy(instead, 0, next, at, instead.length);
            System.arraycopy(body, at + length, next, at + instead.length, body.length - at - length);
            body = next;
        }
        return body;
    }

    private static void check(byte[] body, ParserFeed.Verdict verdict) {
        String text = new String(body, StandardCharsets.ISO_8859_1);
        List<String> told = new ArrayList<>();
        String[] lines = text.split("\n", -1);
        int bad = -1;
        for (int i = 0; i < lines.length && bad < 0; i++) {
            String line = lines[i].endsWith("\r") ? lines[i].substring(0, lines[i].length() - 1) : lines[i];
            if (!reads(line, told)) {
                bad = i;
            }
        }
        assertThat(verdict.told()).isEqualTo(told);
        if (bad < 0) {
            assertThat(verdict.failure()).isNull();
            assertThat(verdict.lines()).isEqualTo(lines.length - (lines[lines.length - 1].isEmpty() ? 1 : 0));
            return;
        }
        ParseFailure failure = verdict.failure();
        assertThat(failure).isNotNull();
        assertThat(failure.line()).isEqualTo(bad + 1);
        assertThat(failure.column()).isBetween(1, lines[bad].length() + 1);
        assertThat(failure.text().length()).isLessThanOrEqualTo(Excerpt.CHARACTERS);
        assertThat(failure.code().isError()).isTrue();
        assertThat(failure.describe()).startsWith("line " + (bad + 1) + " column ").doesNotContain("\n", "\r");
    }

    private static final String NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
    private static final String LABEL = "([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*\"((?:[^\"\\\\]|\\\\[\\\\\"n])*)\"";
    private static final Pattern LABELS = Pattern.compile(LABEL, Pattern.DOTALL);
    private static final Pattern SAMPLE = Pattern.compile(
            "[ \t]*(" + NAME + ")(?:[ \t]*(\\{[ \t]*(?:" + LABEL + "(?:[ \t]*,[ \t]*" + LABEL
                    + ")*[ \t]*(?:,[ \t]*)?)?\\})[ \t]*|[ \t]+)([^ \t]+)(?:[ \t]+([+-]?[0-9]+))?[ \t]*",
            Pattern.DOTALL);
    /** Names in quotes, which the grammar here does not have; Utf8NamesTest and the fuzz target text are for them. */
    private static final Pattern QUOTED_NAME = Pattern.compile("[{,][ \t]*\"|#[ \t]*(HELP|TYPE)[ \t]+\"");
    private static final Pattern NUMBER = Pattern.compile("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?");
    private static final Pattern COMMENT = Pattern.compile("[ \t]*#[ \t]*([^ \t]*)[ \t]*(.*)", Pattern.DOTALL);
    private static final Pattern DECLARATION =
            Pattern.compile("(" + NAME + ")(?:[ \t]+(.*))?", Pattern.DOTALL);

    /** The grammar once more, by regular expressions over one line; what it says goes to {@code told}. */
    private static boolean reads(String line, List<String> told) {
        if (line.isBlank() && line.matches("[ \t]*")) {
            return true;
        }
        if (line.matches("(?s)[ \t]*#.*")) {
            return readsComment(line, told);
        }
        Matcher m = SAMPLE.matcher(line);
        if (!m.matches()) {
            return false;
        }
        double value;
        String number = m.group(7);
        if (NUMBER.matcher(number).matches()) {
            value = Double.parseDouble(number);
            if (Double.isInfinite(value)) {
                return false;
            }
        } else if (number.matches("(?i)[+-]?inf(inity)?")) {
            value = number.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        } else if (number.equalsIgnoreCase("nan")) {
            value = Double.NaN;
        } else {
            return false;
        }
        if (m.group(8) != null && new BigInteger(m.group(8)).bitLength() > 63) {
            return false;
        }
        StringBuilder key = new StringBuilder(m.group(1));
        if (m.group(2) != null) {
            Matcher label = LABELS.matcher(m.group(2));
            boolean any = false;
            while (label.find()) {
                if (label.group(1).startsWith("__") || !isUtf8(label.group(2))) {
                    return false;
                }
                key.append(any ? "," : "{").append(label.group(1)).append(label.group(2).contains("\\") ? "~" : "=");
                key.append('"').append(utf8(label.group(2))).append('"');
                any = true;
            }
            key.append(any ? "}" : "");
        }
        told.add(key + " " + value);
        return true;
    }

    private static boolean readsComment(String line, List<String> told) {
        Matcher m = COMMENT.matcher(line);
        if (!m.matches() || !m.group(1).matches("HELP|TYPE") || m.group(2).isEmpty()) {
            return true;
        }
        Matcher d = DECLARATION.matcher(m.group(2));
        if (!d.matches()) {
            return false;
        }
        String text = d.group(2) == null ? "" : d.group(2);
        if (text.isEmpty()) {
            return true;
        }
        if (m.group(1).equals("HELP")) {
            if (!isUtf8(text)) {
                return false;
            }
            told.add("HELP " + d.group(1) + " " + utf8(text));
            return true;
        }
        String type = text.replaceAll("[ \t]+$", "").toLowerCase(Locale.ROOT);
        if (!type.matches("counter|gauge|histogram|summary|untyped")) {
            return false;
        }
        told.add("TYPE " + d.group(1) + " " + type);
        return true;
    }

    private static String utf8(String latin) {
        return new String(latin.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    private static boolean isUtf8(String latin) {
        return Arrays.equals(utf8(latin).getBytes(StandardCharsets.UTF_8), latin.getBytes(StandardCharsets.ISO_8859_1));
    }
}
