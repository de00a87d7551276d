package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Limits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Heads and bodies cut anywhere, and heads that are known already, are read as those that come whole and are new. */
class RequestReaderTest {
    private static final Limits LIMITS = Limits.DEFAULTS.with(l -> {
        l.headers = 6;
        l.headerBytes = 200;
        l.uriBytes = 60;
        l.bodyBytes = 1_000;
    });
    private static final String H = "Host: a\r\n";
    private static final String POST = "POST /metrics?x=y HTTP/1.1\r\n" + H;
    private static final String CHUNKED = POST + "Transfer-Encoding: chunked\r\n\r\n";

    static Stream<String> inputs() {
        return Stream.of(
                // good
                "GET / HTTP/1.1\r\n" + H + "\r\n",
                "\r\n\r\nGET / HTTP/1.0\r\n\r\nGET http://b/x HTTP/1.1\r\n" + H + "\r\n",
                POST + "Content-Length: 11\r\nX:\tz \r\n\r\nhello world" + POST + "Content-Length: 0\r\n\r\n",
                POST + "Content-Length: 1\r\nConnection: close\r\nExpect: 100-continue\r\n\r\nxGET ",
                CHUNKED + "3\r\nabc\r\n00a;x=y; z=\"a;\\\"b\"\r\n0123456789\r\n0\r\nT: u\r\nV: w\r\n\r\n" + CHUNKED + "0\r\n\r\n",
                // refused
                "GET / HTTP/1.1\n" + H + "\r\n",
                "\r\r\nGET / HTTP/1.1\r\n" + H + "\r\n",
                "GET  / HTTP/1.1\r\n" + H + "\r\n",
                "GET / HTTP/2.0\r\n" + H + "\r\n",
                "GET / HTTP/1.11\r\n" + H + "\r\n",
                "BREW / HTTP/1.1\r\n" + H + "\r\n",
                "GET /" + "x".repeat(60) + " HTTP/1.1\r\n" + H + "\r\n",
                "GET /" + "x".repeat(99) + " HTTP/1.1\r\n" + H + "\r\n",
                POST + H + "\r\n",
                POST + " folded: x\r\n\r\n",
                POST + "X : y\r\n\r\n",
                POST + "X: a\rb\r\n\r\n",
                POST + "X: a\0\r\n\r\n",
                POST + "X\r\n\r\n",
                POST + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
                POST + "Content-Length: 01\r\n\r\nx",
                POST + "Content-Length: 1001\r\n\r\nx",
                POST + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
                POST + "A: b\r\n".repeat(6) + "\r\n",
                POST + "A: " + "b".repeat(200) + "\r\n\r\n",
                CHUNKED + "3\nabc\r\n0\r\n\r\n",
                CHUNKED + "3\r\nabcd\r\n0\r\n\r\n",
                CHUNKED + "3\r\nabc\n0\r\n\r\n",
                CHUNKED + "3;\r\nabc\r\n0\r\n\r\n",
                CHUNKED + "3;x=\"y\r\nabc\r\n0\r\n\r\n",
                CHUNKED + "3;x=y z\r\nabc\r\n0\r\n\r\n",
                CHUNKED + "g\r\nabc\r\n0\r\n\r\n",
                CHUNKED + "80000000\r\nabc\r\n0\r\n\r\n",
                CHUNKED + "0\r\n T: u\r\n\r\n",
                CHUNKED + "0\r\nT : u\r\n\r\n",
                CHUNKED + "0\r\nT: u\n\r\n",
                CHUNKED + "0\r\nT: " + "u".repeat(1_100) + "\r\n\r\n",
                CHUNKED + "0;" + "u".repeat(1_100) + "\r\n\r\n",
                // unfinished
                "",
                "GET / HTTP/1.1\r",
                "GET / HTTP/1.1\r\n" + H + "\r",
                POST + "Content-Length: 10\r\n\r\nabc",
                CHUNKED + "0\r\nT: u\r\n\r");
    }

    @ParameterizedTest
    @MethodSource("inputs")
    void shouldReadTheSameHoweverItIsCut(String input) {
        byte[] all = input.getBytes(ISO_8859_1);
        String whole = Reading.of(LIMITS, input).toString();
        for (int cut = 0; cut <= all.length; cut++) {
            assertThat(Reading.of(LIMITS, input.substring(0, cut), input.substring(cut)).toString()).as("cut at " + cut)
                    .isEqualTo(whole);
        }
        assertThat(Reading.of(LIMITS, input.split("(?<=.)(?=(?s:.))", -1)).toString()).isEqualTo(whole);
    }

    /** All of the inputs in one event loop, in all of their cuts, so that most heads are known. */
    @ParameterizedTest
    @MethodSource("inputs")
    void shouldReadKnownHeadsAsNewOnes(String input) {
        EventLoopContext context = Reading.context();
        KnownHeads known = new KnownHeads(LIMITS);
        inputs().forEach(other -> Reading.of(context, known, other.getBytes(ISO_8859_1)));
        byte[] all = input.getBytes(ISO_8859_1);
        String whole = Reading.of(LIMITS, input).toString();
        for (int cut = 0; cut <= all.length; cut++) {
            byte[] first = Arrays.copyOf(all, cut);
            byte[] second = Arrays.copyOfRange(all, cut, all.length);
            assertThat(Reading.of(context, known, first, second).toString()).isEqualTo(whole);
        }
    }

    @Test
    void shouldShareFieldsThatDifferInTheLengthOnly() {
        List<String> lengths = new ArrayList<>(List.of("1", "10", "0", "100", "9"));
        StringBuilder input = new StringBuilder();
        for (String length : lengths) {
            input.append(POST).append("Content-Length: ").append(length).append("\r\nX: y\r\n\r\n")
                    .append("b".repeat(Integer.parseInt(length)));
        }
        Reading reading = Reading.of(LIMITS, input.toString());

        assertThat(reading.refusal).isNull();
        assertThat(reading.requests).extracting(one -> one.body.length()).containsExactly(1, 10, 0, 100, 9);
        assertThat(reading.requests).extracting(one -> one.values.get(1)).containsExactlyElementsOf(lengths);
        assertThat(reading.fields).containsOnly(reading.fields.get(0));
    }

    @Test
    void shouldHoldTheRulesForTheLengthOfKnownFields() {
        for (String bad : List.of("", "01", "+1", "1 1", "1,1", "99999999999999999999", "1001", "1\r\nContent-Length: 1", "x")) {
            String second = POST + "Content-Length: " + bad + "\r\n\r\nx";
            Refusal alone = Reading.of(LIMITS, second).refusal;
            Reading reading = Reading.of(LIMITS, POST + "Content-Length: 1\r\n\r\nx" + second);
            assertThat(reading.requests).hasSize(1);
            assertThat(reading.refusal).as(bad).isNotNull().isEqualTo(alone);
        }
    }

    @Test
    void shouldHoldTheLimitOfAllFieldsWhenALengthOfKnownFieldsIsLonger() {
        String rest = "X: " + "y".repeat(200 - "Host: a".length() - "Content-Length: 1".length() - "X: ".length());
        String head = POST + rest + "\r\nContent-Length: ";
        assertThat(Reading.of(LIMITS, head + "1\r\n\r\nx" + head + "2\r\n\r\nxx").refusal).isNull();
        assertThat(Reading.of(LIMITS, head + "1\r\n\r\nx" + head + "10\r\n\r\nx").refusal).isEqualTo(Refusal.HEADERS_TOO_LARGE);
    }

    @Test
    void shouldNotTakeFieldsOfOneVersionForThoseOfTheOther() {
        String http11 = "GET / HTTP/1.1\r\n" + H + "\r\n";
        String http10 = "GET / HTTP/1.0\r\n" + H + "\r\n";
        Reading reading = Reading.of(LIMITS, http11 + http10 + http11 + "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.1\r\n\r\n");
        assertThat(reading.fields).extracting(fields -> fields.keepAlive).containsExactly(true, false, true, false);
        assertThat(reading.refusal).isEqualTo(Refusal.BAD_HOST);
    }

    @Test
    void shouldKeepSecretsToTheirConnection() {
        EventLoopContext context = Reading.context();
        KnownHeads known = new KnownHeads(LIMITS);
        for (String secret : List.of("Authorization: Bearer x", "Cookie: x=y", "proxy-authorization: x")) {
            byte[] twice = ("GET / HTTP/1.1\r\n" + H + secret + "\r\n\r\n").repeat(2).getBytes(ISO_8859_1);
            Reading first = Reading.of(context, known, twice);
            Reading second = Reading.of(context, known, twice);
            assertThat(first.fields.get(1)).isSameAs(first.fields.get(0));
            assertThat(second.fields.get(0)).isNotSameAs(first.fields.get(0));
        }
        byte[] open = ("GET / HTTP/1.1\r\n" + H + "X: y\r\n\r\n").getBytes(ISO_8859_1);
        assertThat(Reading.of(context, known, open).fields.get(0)).isSameAs(Reading.of(context, known, open).fields.get(0));
    }

    @Test
    void shouldCostLinearTimeByteByByte() {
        Limits wide = Limits.DEFAULTS.with(l -> l.headerBytes = 1 << 20);
        String head = POST + "X: " + "y".repeat(60_000) + "\r\n\r\n";
        assertThat(Reading.of(wide, head.split("(?<=.)(?=(?s:.))", -1)).requests).hasSize(1);
    }
}
