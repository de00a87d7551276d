package io.weir.server.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.weir.server.system.RunningWeir.Reply;
import java.net.URLEncoder;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Values that would be more than values if an output took them as they are: series, comments, lines, markup, headers. */
@Timeout(60)
class InjectionTest {
    private static RunningWeir weir;

    @BeforeAll
    static void start() {
        weir = new RunningWeir();
    }

    @AfterAll
    static void stop() {
        weir.close();
    }

    @BeforeEach
    void empty() {
        weir.delete("__all");
    }

    static List<String> payloads() {
        return List.of(
                "b\n# TYPE forged counter\nforged 1\n",
                "\"} 1\nforged 1\n# ",
                "\\\"} 1\nforged{a=\\\"",
                "\\",
                "\\\\\"",
                "\\n",
                "a\\nforged 1",
                "\nforged 1",
                "\r\nforged 1\r\n",
                "\",\"forged\":{\"name\":\"forged\"},\"x\":\"",
                "<script>alert(1)</script>",
                "\"><img src=x onerror=alert(1)>",
                "</pre>{{forged}}${forged}%{forged}",
                "\u001b[2J\u001b]0;forged\u0007",
                "\u0001\u0008\u007f\u0085",
                "\u2028forged 1\u2029",
                "\u202egro.live",
                "x\tforged 1",
                "forged\r\nSet-Cookie: a=b\r\n\r\n",
                "%0d%0aforged 1",
                "=cmd|' /C calc'!A0",
                "\ufeff\ufffd\uffff\ud83d\ude00");
    }

    @ParameterizedTest
    @MethodSource("payloads")
    void shouldShowALabelAsOneLabelAndNothingMore(String payload) throws Exception {
        String value = URLEncoder.encode(payload, UTF_8).replace("+", "%20");
        assertThat(weir.patch("good?l=" + value).status()).isEqualTo(200);
        String quoted = payload.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
        assertThat(weir.post("# TYPE good counter\ngood{l=\"" + quoted + "\"} 1\n")).hasToString("200 ok");

        assertThat(weir.scrape()).isEqualTo("# TYPE good counter\ngood{l=\"" + quoted + "\"} 2\n");
        assertThat(strings(weir.get("/metrics?format=json").body())).contains(payload).doesNotContain("forged");
        assertThat(weir.post(weir.scrape())).as("what is shown can be pushed").hasToString("200 ok");
        assertThat(weir.scrape()).isEqualTo("# TYPE good counter\ngood{l=\"" + quoted + "\"} 4\n");
        assertThat(weir.get("/-/metrics").body()).doesNotContain("forged");
        Reply scrape = weir.get("/metrics");
        assertThat(scrape.header("Content-Type")).startsWith("text/plain");
        assertThat(scrape.response().headers().map()).doesNotContainKey("set-cookie");
    }

    @ParameterizedTest
    @MethodSource("payloads")
    void shouldShowAHelpTextAsOneLine(String payload) {
        String quoted = payload.replace("\\", "\\\\").replace("\n", "\\n");
        Reply pushed = weir.post("# HELP good " + quoted + "\n# TYPE good counter\ngood 1\n");
        if (pushed.status() == 200) {
            assertThat(weir.scrape().split("\n")).hasSize(3).noneMatch(line -> line.startsWith("forged"));
        }
    }

    @ParameterizedTest
    @MethodSource("payloads")
    void shouldQuoteInputInErrorsWithoutItsControls(String payload) throws Exception {
        String encoded = URLEncoder.encode(payload, UTF_8);
        List<Reply> errors = List.of(
                weir.post("x " + payload),
                weir.post("{" + payload + "}"),
                weir.post("x " + payload, "Accept", "application/json"),
                weir.send("POST", "/write?db=x", BodyPublishers.ofString("cpu " + payload)),
                weir.send("POST", "/api/v2/write", BodyPublishers.ofString("cpu,a=" + payload + "=b c")),
                weir.send("POST", "/write?precision=" + encoded, BodyPublishers.ofString("cpu a=1")),
                weir.get("/" + encoded),
                weir.get("/metrics?format=" + encoded),
                weir.patchBy(payload, "x"),
                weir.patch(encoded + "?" + encoded + "=" + encoded),
                weir.delete("%ff" + encoded + "?" + encoded));
        for (Reply error : errors) {
            String shown = error.body().endsWith("\n") ? error.body().substring(0, error.body().length() - 1) : error.body();
            if (error.status() != 200) {
                assertThat(shown).as("%s", error.status()).doesNotContainPattern("[\\x00-\\x1f\\x7f-\\x9f]");
                assertThat(error.header("Content-Type")).doesNotContain("html");
                assertThat(error.response().headers().map()).doesNotContainKey("set-cookie");
            }
            if (String.valueOf(error.header("Content-Type")).contains("json")) {
                strings(error.body());
            }
        }
        assertThat(errors).filteredOn(error -> error.status() >= 400).hasSizeGreaterThan(5);
    }

    @Test
    void shouldForbidBrowsersToGuessWhatAnErrorIs() {
        assertThat(weir.post("<html>").header("X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(weir.post("<html>").header("Content-Security-Policy")).isEqualTo("default-src 'none'; frame-ancestors 'none'");
        assertThat(weir.get("/<html>".replace("<", "%3C").replace(">", "%3E")).header("X-Content-Type-Options")).isEqualTo("nosniff");
    }

    @Test
    void shouldBeUnknownToPagesThatHaveReboundTheirName() {
        try (RunningWeir open = new RunningWeir("--web.allowed-hosts=127.0.0.1", "--web.allowed-hosts=weir.example.org:443")) {
            String page = " HTTP/1.1\r\nHost: rebound.example:" + open.port() + "\r\nOrigin: http://rebound.example:"
                    + open.port() + "\r\nContent-Length: ";
            for (String request : List.of("POST /metrics", "GET /metrics", "DELETE /metrics/__all", "GET /", "GET /-/metrics")) {
                try (Wire wire = open.wire()) {
                    assertThat(wire.send(request + page + "9\r\n\r\nforged 1\n").answer().status()).as(request).isEqualTo(421);
                }
            }
            try (Wire wire = open.wire()) {
                assertThat(wire.send("GET /-/healthy" + page + "0\r\n\r\n").answer().status()).isEqualTo(200);
                assertThat(wire.send("GET /-/ready" + page + "0\r\n\r\n").answer().status()).isEqualTo(200);
                assertThat(wire.send("POST /metrics HTTP/1.1\r\nHost: weir.example.org\r\nContent-Length: 7\r\n\r\ngood 1\n")
                        .answer().status()).isBetween(200, 204);
            }
            assertThat(open.scrape()).contains("good 1").doesNotContain("forged");
        }
    }

    @Test
    void shouldNotReloadOrQuitForAPageOfAnotherSite() {
        try (RunningWeir open = new RunningWeir("--web.enable-lifecycle")) {
            String own = "127.0.0.1:" + open.port();
            for (String origin : List.of("http://evil.example", "null", "http://" + own + ".evil.example", "file://", "http://127.0.0.1", "")) {
                for (String path : List.of("/-/quit", "/-/reload")) {
                    Reply reply = open.send("POST", path, BodyPublishers.noBody(), "Origin", origin);
                    assertThat(reply.status()).as(path + " for " + origin).isEqualTo(403);
                }
            }
            assertThat(open.send("POST", "/-/reload", BodyPublishers.noBody(), "Origin", "http://" + own).status()).isEqualTo(200);
            assertThat(open.send("POST", "/-/reload", BodyPublishers.noBody()).status()).isEqualTo(200);
        }
    }

    /** All texts of a JSON document, which must be one. */
    private static List<String> strings(String json) throws Exception {
        List<String> texts = new ArrayList<>();
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token == JsonToken.VALUE_STRING || token == JsonToken.FIELD_NAME) {
                    texts.add(parser.getText());
                }
            }
        }
        return texts;
    }
}
