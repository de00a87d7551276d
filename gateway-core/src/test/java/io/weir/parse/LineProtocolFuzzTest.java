package io.weir.parse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class LineProtocolFuzzTest {
    private static final Pattern FLOAT = Pattern.compile("-?(\\d+(\\.\\d*)?|\\.\\d+)([eE][-+]?\\d+)?");
    private static final Pattern INTEGER = Pattern.compile("-?\\d+i");
    private static final Pattern UNSIGNED = Pattern.compile("\\d+u");
    private static final Pattern STAMP = Pattern.compile("-?\\d+");
    private static final BigInteger LONG_MIN = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger LONG_MAX = BigInteger.valueOf(Long.MAX_VALUE);

    private static final String[] WORDS = {
        "m", "cpu", "a\\ b", ",", ",", "=", "=", " ", " ", "\n", "\n", "\r\n", "\"", "\"", "\\", "\\\"", "host=a", "v=1",
        "v=1.5", "w=2i", "s=\"x\ny\"", "t", "false", " 17", " 1700000000000000000", "#", "\t", "\0", "\u00e9", "\u00c3\u00a9",
        "0123456789", ".", "-", "e5", "u", "1e400", "cpu,host=a v=1,w=2i 5\n", "cpu,host=b v=3\n"
    };

    @Test
    void shouldFindTheSameHoweverABodyIsCutAndWhateverIsKnown() {
        LineProtocolFeed known = new LineProtocolFeed(LineProtocolFeed.lineLimit(300));
        for (long seed = 0; seed < 6_000; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(60); i >= 0; i--) {
                text.append(WORDS[random.nextInt(WORDS.length)]);
            }
            byte[] body = text.toString().getBytes(ISO_8859_1);
            LineProtocolFeed.Outcome whole = new LineProtocolFeed(LineProtocolFeed.lineLimit(300)).feed(body);
            int[] cuts = random.ints(4, 0, body.length + 1).sorted().toArray();
            LineProtocolFeed cold = new LineProtocolFeed(LineProtocolFeed.lineLimit(300));

            assertThat(cold.feed(body, cuts)).as("seed %d cut at %s", seed, Arrays.toString(cuts)).isEqualTo(whole);
            assertThat(cold.byteByByte(body)).as("seed %d byte by byte", seed).isEqualTo(whole);
            assertThat(known.feed(body, cuts)).as("seed %d after other bodies", seed).isEqualTo(whole);
            assertThat(known.feed(body)).as("seed %d known", seed).isEqualTo(whole);
        }
    }

    @Test
    void shouldReadNumbersAsTheGrammarSaysAndRoundThemCorrectly() {
        Random random = new Random(11);
        String alphabet = "00112233445566778899....-ee+iu";
        LineProtocolFeed feed = new LineProtocolFeed();
        int accepted = 0;
        for (int n = 0; n < 60_000; n++) {
            StringBuilder s = new StringBuilder(random.nextInt(3) == 0 ? "-" : "");
            int digits = 1 + random.nextInt(n % 3 == 0 ? 24 : 9);
            for (int i = 0; i < digits; i++) {
                s.append(random.nextInt(12) == 0
                        ? alphabet.charAt(random.nextInt(alphabet.length()))
                        : (char) ('0' + random.nextInt(10)));
            }
            if (random.nextInt(3) == 0) {
                s.insert(random.nextInt(s.length() + 1), '.');
            }
            s.append(random.nextInt(4) == 0 ? "i" : "");
            String value = s.toString();
            String line = "m v=" + value + (n % 2 == 0 ? "" : ",w=t") + (n % 5 == 0 ? "\r\n" : n % 7 == 0 ? " 5" : "\n");

            LineProtocolFeed.Outcome o = feed.feed(line.getBytes(UTF_8));
            Double expected = expected(value);
            if (expected == null) {
                assertThat(o.failed()).as(value).isEqualTo(1);
            } else {
                accepted++;
                assertThat(o.failures()).as(value).isEmpty();
                assertThat(Double.doubleToRawLongBits(o.points().get(0).values().get(0).value()))
                        .as(value)
                        .isEqualTo(Double.doubleToRawLongBits(expected));
            }
        }
        assertThat(accepted).isBetween(20_000, 55_000);
    }

    @Test
    void shouldReadTimestampsOfAnyLength() {
        Random random = new Random(12);
        LineProtocolFeed feed = new LineProtocolFeed();
        for (int n = 0; n < 40_000; n++) {
            StringBuilder s = new StringBuilder(random.nextInt(3) == 0 ? "-" : "");
            int digits = n % 2 == 0 ? 19 : 1 + random.nextInt(22);
            for (int i = 0; i < digits; i++) {
                s.append(random.nextInt(200) == 0 ? "x,.-\"".charAt(random.nextInt(5)) : (char) ('0' + random.nextInt(10)));
            }
            String stamp = s.toString();
            String end = n % 3 == 0 ? "\r\n" : n % 3 == 1 ? "  \n" : "";
            LineProtocolFeed.Outcome o = feed.feed(("m v=1 " + stamp + end).getBytes(UTF_8));
            BigInteger v = STAMP.matcher(stamp).matches() ? new BigInteger(stamp) : null;
            if (v == null || v.compareTo(LONG_MIN) < 0 || v.compareTo(LONG_MAX) > 0) {
                assertThat(o.failed()).as(stamp).isEqualTo(1);
            } else {
                assertThat(o.failures()).as(stamp).isEmpty();
                assertThat(o.points().get(0).time()).as(stamp).isEqualTo(v.longValueExact());
            }
        }
    }

    /** Null when the value is none. */
    private static Double expected(String value) {
        if (FLOAT.matcher(value).matches()) {
            double d = Double.parseDouble(value);
            return Double.isInfinite(d) ? null : d;
        }
        if (!INTEGER.matcher(value).matches() && !UNSIGNED.matcher(value).matches()) {
            return null;
        }
        BigInteger v = new BigInteger(value.substring(0, value.length() - 1));
        boolean fits = value.endsWith("u")
                ? v.bitLength() <= 64
                : v.compareTo(LONG_MIN) >= 0 && v.compareTo(LONG_MAX) <= 0;
        return fits ? value.startsWith("-") && v.signum() == 0 ? -0.0 : new BigDecimal(v).doubleValue() : null;
    }
}
