package io.weir.server.door;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Limits;
import io.weir.server.LeakGuard;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each door on a real socket with a real store behind it. */
@ExtendWith(LeakGuard.class)
class DoorsTest {
    private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

    private static Gateway gateway;

    @BeforeAll
    static void start() throws Exception {
        gateway = new Gateway(Limits.DEFAULTS, true);
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void clear() throws Exception {
        gateway.send("DELETE", "/metrics/__all", null);
    }

    // push

    @Test
    void shouldRefuseATimeToLiveThatIsNone() throws Exception {
        assertThat(gateway.post("/metrics?ttl=soon", "m 1\n").body()).startsWith("ttl must be a duration of 1s to 366d");
        assertThat(gateway.get("/metrics").body()).isEmpty();
        assertThat(gateway.post("/metrics?ttl=5m", "m 1\n").body()).isEqualTo("ok");
        assertThat(gateway.get("/metrics").body()).contains("m 1\n");
    }

    @Test
    void shouldSayWhereABodyIsBadAndApplyNothingOfIt() throws Exception {
        Gateway.Reply reply = gateway.post("/metrics", "# TYPE a counter\na 1\na{b=\"c} 1\n");

        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.header("Content-Type")).isEqualTo("text/plain; charset=utf-8");
        assertThat(reply.body()).startsWith("line 3 column 5: label value not closed, expected '\"'").endsWith("\n");
        assertThat(gateway.get("/metrics").body()).isEmpty();
    }

    @Test
    void shouldReportABadBodyAsAProblemDocument() throws Exception {
        Gateway.Reply reply = gateway.post("/metrics", "a x\n", "Accept: application/problem+json");

        assertThat(reply.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(reply.body())
                .isEqualTo("{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                        + "\"detail\":\"line 1 column 3: not a number: a x\"}\n");
    }

    @Test
    void shouldNameBothTypesOfAConflict() throws Exception {
        gateway.post("/metrics", "# TYPE a counter\na 1\n");
        Gateway.Reply reply = gateway.post("/metrics", "# TYPE b gauge\nb 1\n# TYPE a gauge\na 1\n");

        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.body()).contains("counter").contains("gauge");
        assertThat(gateway.get("/metrics").body()).isEqualTo("# TYPE a counter\na 1\n");
    }

    @Test
    void shouldKeepTheConnectionAfterABadBody() throws Exception {
        String bad = "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\na x\n";
        String good = "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\na 1\n";
        String answers = new String(gateway.raw((bad + good).getBytes(ISO_8859_1)), ISO_8859_1);

        assertThat(answers).startsWith("HTTP/1.1 400 ").endsWith("\r\n\r\nok");
    }

    @Test
    void shouldTakeABodyOfManyReadsCompressedOrNot() throws Exception {
        StringBuilder body = new StringBuilder("# TYPE m counter\n");
        for (int i = 0; i < 20_000; i++) {
            body.append("m{number=\"").append(i).append("\",text=\"some label value\"} 1\n");
        }
        byte[] plain = body.toString().getBytes(UTF_8);
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(plain);
        }
        assertThat(gateway.send("POST", "/metrics", plain).body()).isEqualTo("ok");
        assertThat(gateway.send("POST", "/metrics", packed.toByteArray(), "Content-Encoding: gzip").body()).isEqualTo("ok");

        String scraped = gateway.get("/metrics").body();
        assertThat(scraped.lines().filter(line -> line.endsWith("} 2")).count()).isEqualTo(20_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n\n", "# just a comment\n", "   "})
    void shouldTakeABodyWithoutSamples(String body) throws Exception {
        assertThat(gateway.post("/metrics", body).body()).isEqualTo("ok");
    }

    @Test
    void shouldCountWhatComesIn() throws Exception {
        double samples = metric("weir_ingest_samples_total{protocol=\"text\"}");
        double rejected = metric("weir_ingest_rejected_total{protocol=\"text\",reason=\"bad_value\"}");
        double dropped = metric("weir_ingest_dropped_total{protocol=\"text\",reason=\"summary_quantile\"}");

        gateway.post("/metrics", "a 1\nb 2\n");
        gateway.post("/metrics", "a x\n");
        gateway.post("/metrics", "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n");

        assertThat(metric("weir_ingest_samples_total{protocol=\"text\"}")).isEqualTo(samples + 5);
        assertThat(metric("weir_ingest_rejected_total{protocol=\"text\",reason=\"bad_value\"}")).isEqualTo(rejected + 1);
        assertThat(metric("weir_ingest_dropped_total{protocol=\"text\",reason=\"summary_quantile\"}"))
                .isEqualTo(dropped + 1);
    }

    // patch

    static Stream<Arguments> amounts() {
        return Stream.of(
                Arguments.of("", "1"),
                Arguments.of("5", "5"),
                Arguments.of("2.5", "2.5"),
                Arguments.of(" 5\n", "5"),
                Arguments.of("1e3", "1000"),
                Arguments.of("0", "0"),
                Arguments.of("{\"value\":5}", "5"),
                Arguments.of(" { \"value\" : 2.5 } ", "2.5"));
    }

    @ParameterizedTest
    @MethodSource("amounts")
    void shouldAddTheAmount(String body, String sum) throws Exception {
        Gateway.Reply reply = gateway.send("PATCH", "/metrics/p?l=v", body.getBytes(UTF_8), "Accept: application/json");
        assertThat(reply.header("Content-Type")).isEqualTo("application/json");
        assertThat(reply.body()).isEqualTo("{\"value\":" + sum + "}");
        assertThat(gateway.get("/metrics").body()).isEqualTo("# TYPE p counter\np{l=\"v\"} " + sum + "\n");
    }

    static Stream<Arguments> badPatches() {
        return Stream.of(
                Arguments.of("p", "five", "expected an empty body, a number"),
                Arguments.of("p", "1 2", "expected an empty body, a number"),
                Arguments.of("p", "0x10", "expected an empty body, a number"),
                Arguments.of("p", "NaN", "expected an empty body, a number"),
                Arguments.of("p", "{\"value\":\"5\"}", "expected an empty body, a number"),
                Arguments.of("p", "{\"value\":5,\"more\":1}", "expected an empty body, a number"),
                Arguments.of("p", "{\"value\":5}{", "expected an empty body, a number"),
                Arguments.of("p", "{", "expected an empty body, a number"),
                Arguments.of("p", "{\"value\":", "expected an empty body, a number"),
                Arguments.of("p", "[1]", "expected an empty body, a number"),
                Arguments.of("p", "-1", "a counter cannot go down"),
                Arguments.of("p", "1e999", "a counter value must be a finite number"),
                Arguments.of("123", "", "expected a metric name"),
                Arguments.of("p%", "", "'%' must be followed by two hexadecimal digits"),
                Arguments.of("p%4", "", "'%' must be followed by two hexadecimal digits"),
                Arguments.of("p?a=%zz", "", "'%' must be followed by two hexadecimal digits"),
                Arguments.of("p?a=%ff", "", "invalid UTF-8 in the value of label a"),
                Arguments.of("p?1=x", "", "expected a label name"),
                Arguments.of("p?__name__=x", "", "label names that begin with '__' are reserved: __name__"),
                Arguments.of("p".repeat(257), "", "metric name longer than the limit (256 bytes)"));
    }

    @ParameterizedTest
    @MethodSource("badPatches")
    void shouldRefuseABadPatchEachTime(String target, String body, String message) throws Exception {
        for (int i = 0; i < 2; i++) {
            Gateway.Reply reply = gateway.send("PATCH", "/metrics/" + target, body.getBytes(UTF_8));
            assertThat(reply.status()).isEqualTo(400);
            assertThat(reply.body()).contains(message);
        }
        assertThat(gateway.get("/metrics").body()).isEmpty();
    }

    @Test
    void shouldRefuseALongPatch() throws Exception {
        assertThat(gateway.send("PATCH", "/metrics/p", "1".repeat(1_024).getBytes(UTF_8)).status()).isEqualTo(400);
        assertThat(gateway.send("PATCH", "/metrics/p", "1".repeat(1_025).getBytes(UTF_8)).status()).isEqualTo(413);
    }

    @Test
    void shouldNotPatchAGauge() throws Exception {
        gateway.post("/metrics", "# TYPE g gauge\ng 1\n");
        Gateway.Reply reply = gateway.send("PATCH", "/metrics/g", null);
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.body()).contains("gauge").contains("counter");
    }

    // scrape

    @Test
    void shouldDescribeWhatItSends() throws Exception {
        gateway.post("/metrics", "a 1\n");
        Gateway.Reply text = gateway.get("/metrics");
        assertThat(text.header("Content-Type")).isEqualTo(TEXT);
        assertThat(text.header("Vary")).isEqualTo("Accept, Accept-Encoding");

        for (Gateway.Reply json : new Gateway.Reply[] {
            gateway.get("/metrics?format=json"), gateway.get("/metrics", "Accept: text/html, application/json;q=0.9")
        }) {
            assertThat(json.header("Content-Type")).isEqualTo("application/json");
            assertThat(json.body()).startsWith("{\"a\":{\"name\":\"a\"");
        }
        assertThat(gateway.get("/metrics", "Accept: application/json;q=0").header("Content-Type")).isEqualTo(TEXT);
    }

    @Test
    void shouldCompressForThoseWhoAsk() throws Exception {
        gateway.post("/metrics", "a 1\n");
        Gateway.Reply packed = gateway.get("/metrics", "Accept-Encoding: deflate, gzip;q=0.8");
        assertThat(packed.header("Content-Encoding")).isEqualTo("gzip");
        byte[] plain = new GZIPInputStream(new ByteArrayInputStream(packed.bytes())).readAllBytes();
        assertThat(new String(plain, UTF_8)).isEqualTo("# TYPE a untyped\na 1\n");

        assertThat(gateway.get("/metrics", "Accept-Encoding: gzip;q=0").header("Content-Encoding")).isNull();
    }

    @Test
    void shouldKnowWhatTheReaderHas() throws Exception {
        gateway.post("/metrics", "a 1\n");
        String etag = gateway.get("/metrics").header("ETag");
        for (String given : new String[] {etag, "W/" + etag, "\"x\", " + etag, "*"}) {
            Gateway.Reply same = gateway.get("/metrics", "If-None-Match: " + given);
            assertThat(same.status()).isEqualTo(304);
            assertThat(same.header("ETag")).isEqualTo(etag);
            assertThat(same.bytes()).isEmpty();
        }
        assertThat(gateway.get("/metrics", "Accept-Encoding: gzip", "If-None-Match: " + etag).status()).isEqualTo(200);

        gateway.post("/metrics", "a 1\n");
        Gateway.Reply changed = gateway.get("/metrics", "If-None-Match: " + etag);
        assertThat(changed.status()).isEqualTo(200);
        assertThat(changed.body()).isEqualTo("# TYPE a untyped\na 2\n");
    }

    @Test
    void shouldSendTheLengthOnceItIsKnown() throws Exception {
        gateway.post("/metrics", "a 1\n");
        assertThat(gateway.get("/metrics").header("Transfer-Encoding")).isEqualTo("chunked");
        Gateway.Reply second = gateway.get("/metrics");
        assertThat(second.header("Content-Length")).isEqualTo("21");
        assertThat(second.body()).isEqualTo("# TYPE a untyped\na 1\n");
        Gateway.Reply head = gateway.send("HEAD", "/metrics", null);
        assertThat(head.header("Content-Length")).isEqualTo("21");
        assertThat(head.bytes()).isEmpty();
    }

    @Test
    void shouldFilterByName() throws Exception {
        gateway.post("/metrics", "a 1\nb 1\nc 1\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 2\nh_count 1\n");
        assertThat(gateway.get("/metrics?name[]=c&name%5B%5D=a&name[]=none").body())
                .isEqualTo("# TYPE a untyped\na 1\n# TYPE c untyped\nc 1\n");
        assertThat(gateway.get("/metrics?name[]=h_sum").body()).startsWith("# TYPE h histogram\n");
        assertThat(gateway.get("/metrics?name[]=none").body()).isEmpty();
    }

    @Test
    void shouldPassOverTheBodyOfAScrape() throws Exception {
        gateway.post("/metrics", "a 1\n");
        String chunked = "GET /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        String packed = "GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc";
        String last = "GET /-/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        String answers = new String(gateway.raw((chunked + packed + last).getBytes(ISO_8859_1)), ISO_8859_1);

        assertThat(answers.split("HTTP/1.1 200 OK\r\n", -1)).as("nobody looks whether the second body is gzip").hasSize(4);
        assertThat(answers).startsWith("HTTP/1.1 200 OK\r\n").containsSubsequence("# TYPE a untyped\na 1\n", "# TYPE a untyped\na 1\n");
    }

    @Test
    void shouldShowEveryAcknowledgedPush() throws Exception {
        for (int i = 1; i <= 50; i++) {
            gateway.send("PATCH", "/metrics/seen", null);
            assertThat(gateway.get("/metrics").body()).isEqualTo("# TYPE seen counter\nseen " + i + "\n");
        }
    }

    // limits of the store

    @Test
    void shouldSayWhichLimitIsReached() throws Exception {
        Limits small = Limits.DEFAULTS.with(l -> {
            l.series = 2;
            l.samplesPerRequest = 3;
        });
        try (Gateway other = new Gateway(small, false)) {
            assertThat(other.post("/metrics", "a 1\nb 1\n").status()).isEqualTo(200);
            Gateway.Reply full = other.post("/metrics", "a 1\nc 1\n");
            assertThat(full.status()).isEqualTo(429);
            assertThat(full.header("Retry-After")).isEqualTo("30");
            assertThat(full.body()).contains("limit 2 series");
            assertThat(other.send("PATCH", "/metrics/d", null).status()).isEqualTo(429);
            assertThat(other.post("/metrics", "a 1\na 1\na 1\na 1\n").status()).isEqualTo(413);
            assertThat(other.post("/metrics", "a 1\na 1\na 1\n").status()).isEqualTo(200);
            assertThat(other.get("/metrics").body()).isEqualTo("# TYPE a untyped\na 4\n# TYPE b untyped\nb 1\n");
        }
    }

    // the process

    @Test
    void shouldTellHealthAndReadiness() throws Exception {
        assertThat(gateway.get("/-/healthy").body()).isEqualTo("OK");
        assertThat(gateway.get("/-/ready").body()).isEqualTo("OK");
        gateway.unready.set("draining");
        gateway.unhealthy.set("stuck");
        try {
            assertThat(gateway.get("/-/ready").status()).isEqualTo(503);
            assertThat(gateway.get("/-/ready").body()).isEqualTo("draining\n");
            assertThat(gateway.get("/-/healthy").body()).isEqualTo("stuck\n");
        } finally {
            gateway.unready.set(null);
            gateway.unhealthy.set(null);
        }
    }

    @Test
    void shouldReloadAndQuitWhenEnabled() throws Exception {
        int reloads = gateway.reloads.get();
        assertThat(gateway.post("/-/reload", "").status()).isEqualTo(200);
        gateway.reloadError.set("weir.yml:3:1: unknown key");
        assertThat(gateway.send("PUT", "/-/reload", null).body()).isEqualTo("weir.yml:3:1: unknown key\n");
        assertThat(gateway.reloads.get()).isEqualTo(reloads + 2);
        assertThat(gateway.get("/-/quit").status()).isEqualTo(405);
        assertThat(gateway.quits.get()).isZero();
        assertThat(gateway.post("/-/quit", "").body()).isEqualTo("Requesting termination... Goodbye!");
        assertThat(gateway.quits.get()).isEqualTo(1);
    }

    @Test
    void shouldNotReloadOrQuitUnlessEnabled() throws Exception {
        try (Gateway other = new Gateway()) {
            for (String path : new String[] {"/-/reload", "/-/quit"}) {
                Gateway.Reply reply = other.post(path, "");
                assertThat(reply.status()).isEqualTo(403);
                assertThat(reply.body()).startsWith("Lifecycle API is not enabled.");
            }
            assertThat(other.reloads.get() + other.quits.get()).isZero();
        }
    }

    @Test
    void shouldSayWhatThereIs() throws Exception {
        assertThat(gateway.get("/").body()).startsWith("Weir 0, an aggregating push gateway").contains("/-/metrics");
        assertThat(gateway.get("/metric").body())
                .startsWith("nothing is here; the doors are: GET|HEAD /, GET|HEAD|POST|PUT /metrics, ")
                .contains("PATCH|DELETE /metrics/{name}");
        Gateway.Reply wrong = gateway.send("DELETE", "/metrics", null);
        assertThat(wrong.status()).isEqualTo(405);
        assertThat(wrong.header("Allow")).isEqualTo("GET, HEAD, POST, PUT, OPTIONS");
        assertThat(gateway.get("/metrics/x").header("Allow")).isEqualTo("PATCH, DELETE, OPTIONS");
    }

    private static double metric(String sample) throws Exception {
        for (String line : gateway.get("/-/metrics").body().split("\n")) {
            if (line.startsWith(sample + " ")) {
                return Double.parseDouble(line.substring(sample.length() + 1));
            }
        }
        return 0;
    }
}
