package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.door.Gateway.Reply;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code /api/v1} in the form of Pushgateway, byte for byte as 1.5.1 answers. */
class ApiDoorsTest {
    private static final String TIMES = "\"push_failure_time_seconds\":{\"time_stamp\":\"T\",\"type\":\"GAUGE\",\"help\":\"Last Unix"
            + " time when changing this group in the Pushgateway failed.\",\"metrics\":[{\"labels\":{\"instance\":\"\",\"job\":\"a\","
            + "\"x\":\"1\"},\"value\":\"0\"}]},\"push_time_seconds\":{\"time_stamp\":\"T\",\"type\":\"GAUGE\",\"help\":\"Last Unix time"
            + " when changing this group in the Pushgateway succeeded.\",\"metrics\":[{\"labels\":{\"instance\":\"\",\"job\":\"a\","
            + "\"x\":\"1\"},\"value\":\"N\"}]}";

    private Gateway gateway;

    @BeforeEach
    void open() throws IOException {
        gateway = new Gateway();
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private Reply put(String target, String body) throws IOException {
        return gateway.send("PUT", target, body.getBytes(UTF_8));
    }

    /** With the times taken out. */
    private String metrics() throws IOException {
        return gateway.get("/api/v1/metrics").body()
                .replaceAll("\"time_stamp\":\"20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?Z\"", "\"time_stamp\":\"T\"")
                .replaceAll("\"\\d\\.\\d+e\\+09\"", "\"N\"");
    }

    @Test
    void shouldShowGroupsAsPushgatewayDoes() throws IOException {
        assertThat(metrics()).isEqualTo("{\"status\":\"success\",\"data\":[]}");
        put("/metrics/job/a/x/1", "# HELP m x <&> \"q\"\n# TYPE m counter\nm{a=\"q\\\"\\\\\\n<>\"} 1\nm{a=\"ü\"} 1234567\n"
                + "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"10\"} 2\nh_bucket{le=\"2.5\"} 2\nh_bucket{le=\"+Inf\"} 3\n"
                + "h_sum 1.5\nh_count 3\n# TYPE z summary\nz_sum 1e-5\nz_count 2\n");
        String labels = "\"labels\":{\"instance\":\"\",\"job\":\"a\",\"x\":\"1\"}";
        assertThat(metrics()).isEqualTo("{\"status\":\"success\",\"data\":[{\"h\":{\"time_stamp\":\"T\",\"type\":\"HISTOGRAM\",\"metrics\":["
                + "{\"buckets\":{\"+Inf\":\"3\",\"1\":\"2\",\"10\":\"2\",\"2.5\":\"2\"},\"count\":\"3\"," + labels + ",\"sum\":\"1.5\"}]},"
                + "\"labels\":{\"job\":\"a\",\"x\":\"1\"},\"last_push_successful\":true,"
                + "\"m\":{\"time_stamp\":\"T\",\"type\":\"COUNTER\",\"help\":\"x \\u003c\\u0026\\u003e \\\"q\\\"\",\"metrics\":["
                + "{\"labels\":{\"a\":\"q\\\"\\\\\\n\\u003c\\u003e\",\"instance\":\"\",\"job\":\"a\",\"x\":\"1\"},\"value\":\"1\"},"
                + "{\"labels\":{\"a\":\"ü\",\"instance\":\"\",\"job\":\"a\",\"x\":\"1\"},\"value\":\"1.234567e+06\"}]},"
                + TIMES
                + ",\"z\":{\"time_stamp\":\"T\",\"type\":\"SUMMARY\",\"metrics\":[{\"count\":\"2\"," + labels
                + ",\"quantiles\":{},\"sum\":\"1e-05\"}]}}]}");
        Reply head = gateway.get("/api/v1/metrics");
        assertThat(head.header("Access-Control-Allow-Origin")).isEqualTo("*");
        assertThat(head.header("Cache-Control")).isEqualTo("no-cache, no-store, must-revalidate");
        assertThat(head.header("Content-Type")).isEqualTo("application/json");
    }

    @Test
    void shouldShowGroupsOnlyAndWhetherTheirLastPushFailed() throws IOException {
        gateway.post("/metrics", "plain 1\n");
        put("/metrics/job/b", "");
        put("/metrics/job/a", "m 1\nm 2\n");
        assertThat(metrics()).doesNotContain("plain")
                .containsSubsequence("\"labels\":{\"job\":\"a\"},\"last_push_successful\":false", "\"job\":\"b\"},\"last_push_successful\":true");
    }

    @Test
    void shouldTellItsBuildAndFlags() throws IOException {
        assertThat(gateway.get("/api/v1/status").body()).matches("\\{\"status\":\"success\",\"data\":\\{\"build_information\":\\{\"branch\":\"\","
                + "\"buildDate\":\"\",\"buildUser\":\"\",\"goVersion\":\"\",\"revision\":\"abc\",\"version\":\"1\\.2\\.3\"\\},"
                + "\"flags\":\\{\"web\\.listen-address\":\"x\"\\},\"start_time\":\"20[^\"]+Z\"\\}\\}");
    }

    @Test
    void shouldWipeEverything() throws IOException {
        gateway.post("/metrics", "plain 1\n");
        put("/metrics/job/a", "m 1\n");
        Reply wiped = gateway.send("PUT", "/api/v1/admin/wipe", new byte[0]);
        assertThat(wiped.status()).isEqualTo(202);
        assertThat(wiped.body()).isEmpty();
        assertThat(gateway.get("/metrics").body()).isEmpty();
        assertThat(metrics()).isEqualTo("{\"status\":\"success\",\"data\":[]}");
    }
}
