package io.weir.parse;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Code;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class JsonStringDecoderTest {
    @Test
    void shouldDecode() {
        good("\"\"", "");
        good("\"abc\"", "abc");
        good(" \t\r\n\"abc\"\n \r\t", "abc");
        good("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
        good("\"\\u0041\\u00e9\\u20AC\\u20ac\\uFFFD\\u0000\\u001f\"", "A\u00e9\u20ac\u20ac\ufffd\u0000\u001f");
        good("\"\\ud83d\\ude00\\uD800\\uDC00\\udbff\\udfff\"", "\ud83d\ude00\ud800\udc00\udbff\udfff");
        good("\"\u00e9\u20ac\ud83d\ude00\u007f\"", "\u00e9\u20ac\ud83d\ude00\u007f");
        // what promjs' text becomes when it is sent with JSON.stringify
        good("\"# TYPE my_counter counter\\nmy_counter{user=\\\"user1\\\",plan=\\\"pro\\\"} 1\\n\"",
                "# TYPE my_counter counter\nmy_counter{user=\"user1\",plan=\"pro\"} 1\n");
        good("\"m{a=\\\"x\\\\\\\\y\\\\n\\\"} 1\"", "m{a=\"x\\\\y\\n\"} 1");
    }

    @Test
    void shouldRefuseWhatIsNotOneString() {
        bad("", 1, 1);
        bad("  ", 1, 3);
        bad("\n ", 2, 2);
        bad("abc", 1, 1);
        bad(" {}", 1, 2);
        badBytes(1, 1, 0x9f); // the second byte of a character, without the first
        bad("\ufeff\"a\"", 1, 1);
        bad("\"", 1, 2);
        bad("\"abc", 1, 5);
        bad("\"abc\\", 1, 6);
        bad("\"abc\\\"", 1, 7);
        bad("\"\\u12", 1, 6);
        bad("\"abc\"x", 1, 6);
        bad("\"abc\" \n ,", 2, 2);
        bad("\"a\"\"b\"", 1, 4);
        bad("\"a\nb\"", 1, 3);
        bad("\"a\u0001b\"", 1, 3);
        bad("\"\\x41\"", 1, 3);
        bad("\"\\'\"", 1, 3);
        bad("\"\\U0041\"", 1, 3);
        bad("\"\\u12g4\"", 1, 6);
        bad("\"\\u+123\"", 1, 4);
        bad("\"\u00e9\u20ac\\q\"", 1, 5);
        // half surrogate pairs
        bad("\"\\ud83d\"", 1, 8);
        bad("\"\\ud83dx\"", 1, 8);
        bad("\"\\ud83d\\n\"", 1, 9);
        bad("\"\\ud83d\\u0041\"", 1, 13);
        bad("\"\\ud83d\\ud83d\"", 1, 13);
        bad("\"\\ude00\"", 1, 7);
    }

    @Test
    void shouldSeeEverySpecialByteAtEveryPlaceOfAWord() {
        for (int at = 0; at < 24; at++) {
            for (int c = 0; c < 0x80; c++) {
                String before = "\"" + "x".repeat(at);
                String after = "y".repeat(24 - at) + "\"";
                byte[] b = (before + (char) c + after).getBytes(StandardCharsets.US_ASCII);
                String decoded = decode(new JsonStringDecoder(), b, b.length);
                if (c < 0x20 || c == '"' || c == '\\') {
                    assertThat(decoded).as("%02x at %d", c, at).isNull();
                } else {
                    assertThat(decoded).isEqualTo(before.substring(1) + (char) c + "y".repeat(24 - at));
                }
            }
        }
    }

    @Test
    void shouldSayWhatIsWrong() {
        JsonStringDecoder decoder = new JsonStringDecoder();
        byte[] in = "\"abc\" x".getBytes(StandardCharsets.US_ASCII);
        assertThat(decoder.decode(in, 0, in.length, new byte[20], 0)).isEqualTo(-1);
        assertThat(decoder.failure().describe())
                .isEqualTo("line 1 column 7: the body starts with '\"' but is not one JSON string"
                        + " (nothing may follow the closing '\"'): x");
        assertThat(decoder.decode(in, 0, 1, new byte[20], 0)).isEqualTo(-1);
        assertThat(decoder.finish()).isFalse();
    }

    @Test
    void shouldFindTheFirstByteThatIsNotWhiteSpace() {
        byte[] b = "\" \t\r\n\"x".getBytes(StandardCharsets.US_ASCII);
        assertThat(JsonStringDecoder.skipWhiteSpace(b, 1, 6)).isEqualTo(5);
        assertThat(JsonStringDecoder.skipWhiteSpace(b, 1, 3)).isEqualTo(4);
        assertThat(JsonStringDecoder.skipWhiteSpace(b, 0, 7)).isZero();
    }

    @Property(tries = 300)
    void shouldGiveBackEveryStringThatCanBeSent(@ForAll String text) {
        String sent = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        StringBuilder json = new StringBuilder("\"");
        for (int i = 0; i < sent.length(); i++) {
            char c = sent.charAt(i);
            if (c < 0x20 || c == '"' || c == '\\' || i % 3 == 0 && !Character.isSurrogate(c)) {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        good(json.append('"').toString(), sent);
    }

    private static void good(String body, String text) {
        byte[] b = body.getBytes(StandardCharsets.UTF_8);
        JsonStringDecoder decoder = new JsonStringDecoder();
        for (int i = 0; i <= b.length; i++) {
            assertThat(decode(decoder, b, i)).as(body).isEqualTo(text);
        }
        assertThat(decode(decoder, b, -1)).as(body).isEqualTo(text);
    }

    private static void bad(String body, long line, int column) {
        bad(body, body.getBytes(StandardCharsets.UTF_8), line, column);
    }

    private static void badBytes(long line, int column, int... bytes) {
        byte[] b = new byte[bytes.length];
        for (int i = 0; i < b.length; i++) {
            b[i] = (byte) bytes[i];
        }
        bad("bytes", b, line, column);
    }

    private static void bad(String body, byte[] b, long line, int column) {
        JsonStringDecoder decoder = new JsonStringDecoder();
        decode(decoder, b, 0);
        ParseFailure whole = decoder.failure();
        assertThat(whole).as(body).isNotNull();
        assertThat(whole.code()).isEqualTo(Code.BAD_JSON);
        assertThat(whole.line()).as(body).isEqualTo(line);
        assertThat(whole.column()).as(body).isEqualTo(column);
        for (int i = -1; i <= b.length; i++) {
            assertThat(decode(decoder, b, i)).as(body).isNull();
            assertThat(decoder.failure()).as(body).isEqualTo(whole);
        }
    }

    /** Decodes in two pieces, or byte by byte when {@code cut} is negative; null when the body is refused. */
    private static String decode(JsonStringDecoder decoder, byte[] b, int cut) {
        decoder.reset();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        int from = 0;
        while (from < b.length) {
            int to = cut < 0 ? from + 1 : from < cut ? cut : b.length;
            byte[] out = new byte[5 + to - from + JsonStringDecoder.GROWTH];
            int n = decoder.decode(b, from, to - from, out, 5);
            if (n < 0) {
                return null;
            }
            all.write(out, 5, n);
            from = to;
        }
        return decoder.finish() ? all.toString(StandardCharsets.UTF_8) : null;
    }
}
