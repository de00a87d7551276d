package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.ingest.NamePattern;
import io.weir.ingest.PointRules;
import io.weir.sample.Limits;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InfluxDoorsTest {
    private Gateway gateway;

    @BeforeEach
    void start() throws Exception {
        gateway = new Gateway();
    }

    @AfterEach
    void stop() {
        gateway.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "/write?db=x", "/api/v2/write?org=o&bucket=b", "/v1/influxdb/write?db=x", "/v1/influxdb/api/v2/write?bucket=b",
        "/influx/write", "/influx/api/v2/write"
    })
    void shouldSetFieldsAsGauges(String path) throws Exception {
        Gateway.Reply first = gateway.post(path, "cpu,host=a\\ b usage=1.5,n=42i,up=t,s=\"text\"\ncpu usage=2");
        assertThat(first.status()).isEqualTo(204);
        assertThat(first.bytes()).isEmpty();
        assertThat(first.header("X-Influxdb-Version")).isEqualTo("0");
        assertThat(gateway.post(path, "cpu,host=a\\ b usage=2.5\n").status()).isEqualTo(204);

        assertThat(gateway.get("/metrics").body()).isEqualTo("""
                # TYPE cpu_n gauge
                cpu_n{host="a b"} 42
                # TYPE cpu_up gauge
                cpu_up{host="a b"} 1
                # TYPE cpu_usage gauge
                cpu_usage{host="a b"} 2.5
                cpu_usage 2
                """);
        assertThat(telemetry()).contains(
                "weir_ingest_samples_total{protocol=\"influx\"} 5",
                "weir_ingest_dropped_total{protocol=\"influx\",reason=\"string_field\"} 1");
    }

    @Test
    void shouldKeepTheNewerOfTwoTimestamps() throws Exception {
        gateway.post("/write?precision=s", "m v=1 1700000010\nm v=2 1700000005");
        gateway.post("/write?precision=ms", "m v=3 1700000009999");
        assertThat(gateway.get("/metrics").body()).contains("m_v 1\n");
        gateway.post("/write?precision=u", "m v=4 1700000010000001");
        assertThat(gateway.get("/metrics").body()).contains("m_v 4\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"n", "ns", "u", "us", "%C2%B5", "ms", "s", "m", "h", ""})
    void shouldKnowEverySpellingOfAPrecision(String precision) throws Exception {
        assertThat(gateway.post("/write?precision=" + precision, "m v=1 1").status()).isEqualTo(204);
        assertThat(gateway.post("/api/v2/write?precision=" + precision, "m v=1 1").status()).isEqualTo(204);
    }

    @Test
    void shouldRefuseAnUnknownPrecisionInTheWordsOfTheVersion() throws Exception {
        Gateway.Reply v1 = gateway.post("/write?precision=d", "m v=1 1");
        assertThat(v1.status()).isEqualTo(400);
        assertThat(v1.body())
                .isEqualTo("{\"error\":\"invalid precision \\\"d\\\" (use n, ns, u, us, ms, s, m or h)\"}\n");
        Gateway.Reply v2 = gateway.post("/api/v2/write?precision=d", "m v=1 1");
        assertThat(v2.status()).isEqualTo(400);
        assertThat(v2.body()).isEqualTo("{\"code\":\"invalid\",\"message\":"
                + "\"invalid precision \\\"d\\\" (use n, ns, u, us, ms, s, m or h)\"}\n");
        assertThat(gateway.get("/metrics").body()).isEmpty();
    }

    @Test
    void shouldKeepGoodLinesAndListBadOnesAsVersion1() throws Exception {
        Gateway.Reply reply = gateway.post("/write", "good v=1\nbad v=x\nalso,a=b,a=c v=1\ngood v=3");

        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.header("Content-Type")).isEqualTo("application/json");
        assertThat(reply.body()).isEqualTo("{\"error\":\"partial write: "
                + "unable to parse 'bad v=x': line 2 column 7: bad field value\\n"
                + "unable to parse 'also,a=b,a=c v=1': line 3 column 10: the same tag key twice dropped=2\"}\n");
        assertThat(reply.header("X-Influxdb-Error")).startsWith("partial write: unable to parse 'bad v=x'")
                .endsWith("dropped=2");
        assertThat(gateway.get("/metrics").body()).isEqualTo("# TYPE good_v gauge\ngood_v 3\n");
        assertThat(telemetry()).contains(
                "weir_ingest_rejected_total{protocol=\"influx\",reason=\"lp_field_value\"} 1",
                "weir_ingest_rejected_total{protocol=\"influx\",reason=\"lp_duplicate_tag\"} 1");
    }

    @Test
    void shouldListBadLinesAsVersion2() throws Exception {
        Gateway.Reply reply = gateway.post("/api/v2/write", "\nbad \u20ac=\"x\n");

        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.header("X-Platform-Error-Code")).isEqualTo("invalid");
        assertThat(reply.body()).isEqualTo("{\"code\":\"invalid\",\"message\":\"unable to parse 'bad \u20ac=\\\"x': "
                + "line 2 column 7: string not closed, expected '\\\"'\",\"line\":2}\n");
    }

    @Test
    void shouldCapTheListOfBadLines() throws Exception {
        String body = gateway.post("/write", "x v=?\n".repeat(250)).body();

        assertThat(body.split("unable to parse", -1)).hasSize(101);
        assertThat(body).contains("\\nand 150 more bad lines");
        assertThat(telemetry()).contains(
                "weir_ingest_rejected_total{protocol=\"influx\",reason=\"lp_field_value\"} 250");
    }

    @Test
    void shouldNameLinesThatTheStoreRefuses() throws Exception {
        gateway.post("/metrics", "# TYPE m_v counter\nm_v 1\n");
        Gateway.Reply reply = gateway.post("/write", "a v=1\nm v=2,w=2\nb v=1");

        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.body()).contains("line 2").contains("m_v is a counter, pushed as gauge");
        assertThat(gateway.get("/metrics").body())
                .contains("a_v 1\n").contains("b_v 1\n").contains("m_v 1\n").doesNotContain("m_w");
    }

    @Test
    void shouldSayOfEachLineWhatIsWrongWithItAlone() throws Exception {
        gateway.points.set(new PointRules("_", null, List.of(
                new PointRules.Rule(new NamePattern("*"), new NamePattern("n"), PointRules.As.COUNTER, null),
                new PointRules.Rule(new NamePattern("*"), new NamePattern("s"), PointRules.As.HISTOGRAM,
                        new double[] {1, 10}))));
        gateway.post("/metrics", "# TYPE m_v counter\nm_v 1\n");

        assertThat(gateway.post("/write", "m v=1\nm n=-1\na,x.y=1,x-y=2 n=1\nb n=-2\nc,le=5 s=1").body()).isEqualTo(
                "{\"error\":\"unable to parse 'm v=1': line 1 column 3: the family exists with another type "
                        + "(m_v is a counter, pushed as gauge)\\n"
                        + "unable to parse 'm n=-1': line 2 column 3: a counter cannot go down\\n"
                        + "unable to parse 'a,x.y=1,x-y=2 n=1': line 3 column 9: the same label name twice "
                        + "(two tags become x_y)\\n"
                        + "unable to parse 'b n=-2': line 4 column 3: a counter cannot go down\\n"
                        + "unable to parse 'c,le=5 s=1': line 5 column 8: this label name is reserved (le, in a histogram)\"}\n");
        assertThat(gateway.get("/metrics").body()).isEqualTo("# TYPE m_v counter\nm_v 1\n");
    }

    @Test
    void shouldAskToComeBackWhenThereIsNoRoomForAnySeries() throws Exception {
        stop();
        gateway = new Gateway(series(2), false);
        assertThat(gateway.post("/write", "m a=1,b=1").status()).isEqualTo(204);

        Gateway.Reply none = gateway.post("/write", "m,new=x a=1\nm,new=y a=1");
        assertThat(none.status()).isEqualTo(429);
        assertThat(none.header("Retry-After")).isNotNull();
        assertThat(none.body()).startsWith("{\"error\":\"line 1: ");

        Gateway.Reply some = gateway.post("/api/v2/write", "m,new=x a=1\nm a=2");
        assertThat(some.status()).isEqualTo(400);
        assertThat(some.body()).contains("partial write: line 1").endsWith("dropped=1\",\"line\":1}\n");
        assertThat(gateway.get("/metrics").body()).contains("m_a 2\n").doesNotContain("new");
    }

    @Test
    void shouldReadGzipAndBodiesInSmallPieces() throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 5000; i++) {
            lines.append("m,i=").append(i % 10).append(" v=").append(i).append(" ").append(i).append('\n');
        }
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(lines.toString().getBytes(UTF_8));
        }
        assertThat(gateway.send("POST", "/api/v2/write", packed.toByteArray(), "Content-Encoding: gzip").status())
                .isEqualTo(204);
        assertThat(gateway.get("/metrics").body()).contains("m_v{i=\"9\"} 4999\n").contains("m_v{i=\"0\"} 4990\n");
    }

    @Test
    void shouldFollowRulesAndTakeNewOnes() throws Exception {
        gateway.points.set(new PointRules("_", "db", List.of(
                new PointRules.Rule(new NamePattern("http"), new NamePattern("n"), PointRules.As.COUNTER, null),
                new PointRules.Rule(new NamePattern("http"), new NamePattern("s"), PointRules.As.HISTOGRAM,
                        new double[] {1, 10}))));
        gateway.post("/write?db=one", "http n=2,s=0.5 5\nhttp n=3,s=5 1\n");
        gateway.post("/api/v2/write?bucket=two", "http n=1,s=50");

        assertThat(gateway.get("/metrics").body()).isEqualTo("""
                # TYPE http_n counter
                http_n{db="one"} 5
                http_n{db="two"} 1
                # TYPE http_s histogram
                http_s_bucket{db="one",le="1"} 1
                http_s_bucket{db="one",le="10"} 2
                http_s_bucket{db="one",le="+Inf"} 2
                http_s_sum{db="one"} 5.5
                http_s_count{db="one"} 2
                http_s_bucket{db="two",le="1"} 0
                http_s_bucket{db="two",le="10"} 0
                http_s_bucket{db="two",le="+Inf"} 1
                http_s_sum{db="two"} 50
                http_s_count{db="two"} 1
                """);
        gateway.points.set(new PointRules(":", null, List.of()));
        gateway.post("/write?db=one", "http n=7");
        assertThat(gateway.get("/metrics").body()).contains("http:n 7\n");
    }

    @Test
    void shouldRefuseABodyOfTooManySamplesAsAWhole() throws Exception {
        stop();
        gateway = new Gateway(samples(3), false);
        Gateway.Reply reply = gateway.post("/write", "m a=1,b=1\nm c=1,d=1\n");

        assertThat(reply.status()).isEqualTo(413);
        assertThat(reply.body()).startsWith("{\"error\":\"more samples in one request than the limit");
        assertThat(gateway.get("/metrics").body()).isEmpty();
        assertThat(gateway.post("/write", "m a=1,b=1\nm c=1\n").status()).isEqualTo(204);
    }

    @Test
    void shouldTakeAnEmptyBody() throws Exception {
        assertThat(gateway.post("/write", "").status()).isEqualTo(204);
        assertThat(gateway.post("/write", "\n# only a comment\n").status()).isEqualTo(204);
    }

    @Test
    void shouldAnswerProbes() throws Exception {
        for (String ping : List.of("/ping", "/v1/influxdb/ping")) {
            assertThat(gateway.get(ping).status()).isEqualTo(204);
            assertThat(gateway.get(ping).header("X-Influxdb-Version")).isEqualTo("0");
            assertThat(gateway.send("HEAD", ping, null).status()).isEqualTo(204);
            assertThat(gateway.get(ping + "?verbose=false").status()).isEqualTo(204);
            assertThat(gateway.get(ping + "?verbose=true").status()).isEqualTo(200);
            assertThat(gateway.get(ping + "?verbose=true").body()).isEqualTo("{\"version\":\"0\"}\n");
        }
        assertThat(gateway.get("/health").body()).isEqualTo("{\"name\":\"influxdb\",\"message\":"
                + "\"ready for queries and writes\",\"status\":\"pass\",\"checks\":[],\"version\":\"0\"}\n");
        assertThat(gateway.get("/ready").body())
                .matches("\\{\"status\":\"ready\",\"started\":\"[^\"]+Z\",\"up\":\"0h0m\\d+s\"}\n");

        gateway.unready.set("restoring");
        assertThat(gateway.get("/health").status()).isEqualTo(503);
        assertThat(gateway.get("/health").body()).contains("\"message\":\"restoring\",\"status\":\"fail\"");
        assertThat(gateway.get("/ready").status()).isEqualTo(503);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "CREATE DATABASE telegraf|200|{\"results\":[{\"statement_id\":0}]}",
        "create  database \"a b\" with duration 3d|200|{\"results\":[{\"statement_id\":0}]}",
        "SHOW DATABASES|200|{\"results\":[{\"statement_id\":0,\"series\":[{\"name\":\"databases\",\"columns\":[\"name\"]}]}]}",
        "SELECT * FROM cpu|400|{\"error\":\"this is a gateway: it answers CREATE DATABASE and SHOW DATABASES, "
                + "read values at /metrics\"}",
        "' '|400|{\"error\":\"missing required parameter \\\"q\\\"\"}",
    })
    void shouldAnswerWhatWritersAskFirst(String statement, int status, String body) throws Exception {
        String encoded = java.net.URLEncoder.encode(statement, UTF_8);
        for (Gateway.Reply reply : List.of(
                gateway.get("/query?q=" + encoded),
                gateway.post("/query?db=x&q=" + encoded, ""),
                gateway.post("/query", "db=x&q=" + encoded, "Content-Type: application/x-www-form-urlencoded"))) {
            assertThat(reply.status()).isEqualTo(status);
            assertThat(reply.body()).isEqualTo(body + "\n");
        }
    }

    @Test
    void shouldNotKeepALongForm() throws Exception {
        assertThat(gateway.post("/query", "x=" + "y".repeat(100_000) + "&q=SHOW+DATABASES").status()).isEqualTo(400);
    }

    private String telemetry() throws Exception {
        return gateway.get("/-/metrics").body();
    }

    private static Limits series(int series) {
        return limits(Limits.DEFAULTS.samplesPerRequest(), series);
    }

    private static Limits samples(int samples) {
        return limits(samples, Limits.DEFAULTS.series());
    }

    private static Limits limits(int samples, int series) {
        return Limits.DEFAULTS.with(l -> {
            l.samplesPerRequest = samples;
            l.series = series;
        });
    }
}
