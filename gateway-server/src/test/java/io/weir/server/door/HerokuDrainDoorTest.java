package io.weir.server.door;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Limits;
import java.io.ByteArrayOutputStream;
import java.util.Random;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HerokuDrainDoorTest {
    private static final String ROUTER = log("heroku", "router",
            "at=info method=GET path=\"/\" dyno=web.1 connect=1ms service=22ms status=200 bytes=1 protocol=https");
    private static final String[] LOGPLEX = {
        "Content-Type: application/logplex-1", "Logplex-Msg-Count: 1", "Logplex-Frame-Id: 09C557EAFCFB6CF2740EE62F62971098",
        "Logplex-Drain-Token: d.01234567-89ab-cdef-0123-456789abcdef", "User-Agent: Logplex/v73"
    };

    private Gateway gateway;

    @BeforeEach
    void start() throws Exception {
        gateway = new Gateway();
    }

    @AfterEach
    void stop() {
        gateway.close();
    }

    @Test
    void shouldTakeABatchAsLogplexSendsIt() throws Exception {
        Gateway.Reply reply = gateway.post("/drain?app_name=crates-io", ROUTER, LOGPLEX);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.bytes()).isEmpty();
        assertThat(requests("crates-io")).isEqualTo("1");
        assertThat(telemetry()).contains(
                "weir_drain_messages_total{kind=\"router\"} 1",
                "weir_ingest_samples_total{protocol=\"heroku\"} 14",
                "weir_drain_oddities_total{kind=\"message_count\"} 0");
    }

    @Test
    void shouldNameTheAppOfTheFrameWithoutAParameter() throws Exception {
        gateway.post("/drain", ROUTER);
        gateway.post("/drain?app_name=", ROUTER);
        assertThat(requests("heroku")).isEqualTo("2");
    }

    /** As drains of private spaces. */
    @Test
    void shouldTakeBatchesWithoutLogplexFieldsEachTime() throws Exception {
        for (int i = 0; i < 3; i++) {
            assertThat(gateway.post("/drain?app_name=a", ROUTER).status()).isEqualTo(200);
        }
        assertThat(requests("a")).isEqualTo("3");
    }

    @Test
    void shouldCountABatchOnceHoweverOftenItComes() throws Exception {
        for (int i = 0; i < 3; i++) {
            Gateway.Reply reply = gateway.post("/drain?app_name=a", ROUTER, LOGPLEX);
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.bytes()).isEmpty();
        }
        assertThat(requests("a")).isEqualTo("1");
        assertThat(telemetry()).contains("weir_drain_oddities_total{kind=\"replayed\"} 2");
    }

    @Test
    void shouldCountBatchesOfOtherDrainsOtherIdsAndOtherContent() throws Exception {
        gateway.post("/drain?app_name=a", ROUTER, LOGPLEX);
        gateway.post("/drain?app_name=a", ROUTER, LOGPLEX[2], "Logplex-Drain-Token: d.other");
        gateway.post("/drain?app_name=a", ROUTER, LOGPLEX[2]);
        gateway.post("/drain?app_name=a", ROUTER, LOGPLEX[3], "Logplex-Frame-Id: 1");
        gateway.post("/drain?app_name=a", ROUTER + "\n", LOGPLEX);
        assertThat(requests("a")).isEqualTo("5");
    }

    @Test
    void shouldCountWhatTheCountOfMessagesDoesNotSay() throws Exception {
        assertThat(gateway.post("/drain?app_name=a", ROUTER, "Logplex-Msg-Count: 2").status()).isEqualTo(200);
        for (String odd : new String[] {"", "x", "-1", "99999999999999999999"}) {
            assertThat(gateway.post("/drain?app_name=a", ROUTER, "Logplex-Msg-Count: " + odd).status()).isEqualTo(200);
        }
        assertThat(requests("a")).isEqualTo("5");
        assertThat(telemetry()).contains("weir_drain_oddities_total{kind=\"message_count\"} 1");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "\n", "garbage", "12", "0 ", "999999999 ", "5 <1>1 ", "\0\1\2\u00ff", "{\"json\":1}", "<158>1 no length\n"
    })
    void shouldNeverRefuseABodyForWhatItHolds(String body) throws Exception {
        for (String whole : new String[] {body, ROUTER + body, body + "\n" + ROUTER}) {
            Gateway.Reply reply = gateway.send("POST", "/drain?app_name=a", whole.getBytes(ISO_8859_1));
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.bytes()).isEmpty();
        }
        assertThat(requests("a")).isEqualTo("2");
    }

    @Test
    void shouldCountWhatItSkipsByReason() throws Exception {
        gateway.post("/drain", "garbage\n" + frame("<1>2 bad head\n")
                + log("app", "heroku-postgres", "sample#x=1XB")
                + log("heroku", "router", "nothing")
                + log("app", "web.1", "crates-io-heroku-metrics:ingest *")
                + log("app", "web.1", "crates-io-heroku-metrics:ingest W10=W")
                + log("app", "web.1", "crates-io-heroku-metrics:ingest W10")
                + log("app", "web.1", "crates-io-heroku-metrics:ingest W1td")
                + log("app", "web.1", "crates-io-heroku-metrics:ingest e30=")
                + log("app", "web.1", "crates-io-heroku-metrics:ingest W1s=")
                + "7 " + ROUTER.substring(ROUTER.indexOf('<')));
        assertThat(telemetry()).contains(
                "weir_ingest_rejected_total{protocol=\"heroku\",reason=\"bad_frame\"} 1",
                "weir_ingest_rejected_total{protocol=\"heroku\",reason=\"bad_head\"} 1",
                "weir_ingest_rejected_total{protocol=\"heroku\",reason=\"bad_sample\"} 1",
                "weir_ingest_rejected_total{protocol=\"heroku\",reason=\"bad_router_line\"} 1",
                "weir_ingest_rejected_total{protocol=\"heroku\",reason=\"bad_base64\"} 2",
                "weir_ingest_rejected_total{protocol=\"heroku\",reason=\"bad_json\"} 2",
                "weir_ingest_rejected_total{protocol=\"heroku\",reason=\"bad_metric\"} 1",
                "weir_drain_oddities_total{kind=\"frame_length\"} 1");
        assertThat(requests("heroku")).isEqualTo("1");
    }

    @Test
    void shouldPassOverALineOfTenMebibytes() throws Exception {
        String body = ROUTER + log("app", "web.1", "x".repeat(10 << 20)) + ROUTER;
        assertThat(gateway.post("/drain?app_name=a", body).status()).isEqualTo(200);
        assertThat(requests("a")).isEqualTo("2");
        assertThat(telemetry()).contains("weir_ingest_rejected_total{protocol=\"heroku\",reason=\"frame_too_long\"} 1");
    }

    @Test
    void shouldTakeBinaryGarbageWithoutHarm() throws Exception {
        Random random = new Random(7);
        for (int i = 0; i < 50; i++) {
            byte[] body = new byte[random.nextInt(200_000)];
            random.nextBytes(body);
            assertThat(gateway.send("POST", "/drain", body).status()).isEqualTo(200);
        }
        gateway.post("/drain?app_name=a", ROUTER);
        assertThat(gateway.get("/metrics").body().lines().filter(line -> !line.startsWith("#")).count()).isEqualTo(42);
    }

    @Test
    void shouldTakeGzipAndChunks() throws Exception {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(ROUTER.getBytes(UTF_8));
        }
        assertThat(gateway.send("POST", "/drain?app_name=a", packed.toByteArray(), "Content-Encoding: gzip").status())
                .isEqualTo(200);
        StringBuilder chunks = new StringBuilder("POST /drain?app_name=a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n");
        for (char c : ROUTER.toCharArray()) {
            chunks.append("1\r\n").append(c).append("\r\n");
        }
        byte[] answer = gateway.raw((chunks + "0\r\n\r\n").getBytes(ISO_8859_1));
        assertThat(new String(answer, ISO_8859_1)).startsWith("HTTP/1.1 200 ");
        assertThat(requests("a")).isEqualTo("2");
    }

    @Test
    void shouldLetInOnlyDrainsOfTheList() throws Exception {
        try (Gateway closed = new Gateway(
                Limits.DEFAULTS, false, new DrainRules("p", Set.of("d.one", "d.two"), name -> {}))) {
            assertThat(closed.post("/drain", ROUTER, "Logplex-Drain-Token: d.two").status()).isEqualTo(200);
            assertThat(closed.post("/drain", ROUTER, "Logplex-Drain-Token: d.three").status()).isEqualTo(403);
            assertThat(closed.post("/drain", ROUTER).status()).isEqualTo(403);
            assertThat(closed.get("/-/metrics").body())
                    .contains("weir_ingest_rejected_total{protocol=\"heroku\",reason=\"drain_token\"} 2");
        }
    }

    @Test
    void shouldReadMetricsBehindAPrefixOfOnesOwn() throws Exception {
        try (Gateway own = new Gateway(Limits.DEFAULTS, false, new DrainRules("mine", Set.of(), name -> {}))) {
            // [{"metric":{"name":"g","gauge":{"value":1}}}]
            String metric = ":ingest W3sibWV0cmljIjp7Im5hbWUiOiJnIiwiZ2F1Z2UiOnsidmFsdWUiOjF9fX1d";
            own.post("/drain", log("app", "web.1", "mine" + metric) + log("app", "web.2", "other" + metric));
            assertThat(own.get("/metrics").body()).isEqualTo("# HELP g g\n# TYPE g gauge\ng{app=\"app\",process=\"web.1\"} 1\n");
        }
    }

    @Test
    void shouldKnowNoOtherMethodAndNoOtherPath() throws Exception {
        assertThat(gateway.get("/drain").status()).isEqualTo(405);
        assertThat(gateway.post("/drain/", ROUTER).status()).isEqualTo(404);
        assertThat(gateway.get("/health").status()).isEqualTo(200);
    }

    private String requests(String app) throws Exception {
        String start = "heroku_router_requests_total{app=\"" + app + "\",method=\"GET\",process=\"web.1\",status=\"200\"} ";
        return gateway.get("/metrics").body().lines()
                .filter(line -> line.startsWith(start))
                .map(line -> line.substring(start.length()))
                .findFirst()
                .orElse("none");
    }

    private String telemetry() throws Exception {
        return gateway.get("/-/metrics").body();
    }

    private static String log(String app, String process, String text) {
        return frame("<158>1 2020-01-08T22:33:57.353034+00:00 host " + app + " " + process + " - " + text + "\n");
    }

    private static String frame(String message) {
        return message.length() + " " + message;
    }
}
