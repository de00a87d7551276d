package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code GET /api/v1/pushers}, with pushes through every door. */
class PushersApiDoorTest {
    private static final String TIME = "\"20\\d\\d-\\d\\d-\\d\\dT[^\"]+Z\"";

    private Gateway gateway;

    @BeforeEach
    void open() throws IOException {
        gateway = new Gateway();
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private String pushers() throws IOException {
        return gateway.get("/api/v1/pushers").body().replaceAll(TIME, "T");
    }

    @Test
    void shouldSayWhoPushedWhatAndWhatWentWrong() throws IOException {
        assertThat(pushers()).isEqualTo("{\"status\":\"success\",\"data\":{\"forgotten\":0,\"pushers\":[]}}");
        gateway.send("PUT", "/metrics/job/a/x/1?ttl=5m", "m 1\nn 2\n".getBytes(UTF_8), "User-Agent: one");
        gateway.send("PUT", "/metrics/job/a/x/1", "m 1\nm 2\n".getBytes(UTF_8), "User-Agent: \"two\"");
        gateway.send("DELETE", "/metrics/job/a/x/1", null);
        assertThat(pushers()).isEqualTo("{\"status\":\"success\",\"data\":{\"forgotten\":0,\"pushers\":[{\"group\":{\"job\":\"a\",\"x\":\"1\"},"
                + "\"address\":\"127.0.0.1\",\"user_agent\":\"\\\"two\\\"\",\"pushes\":1,\"samples\":2,\"bytes\":8,\"last_push\":T,"
                + "\"errors\":1,\"last_error_time\":T,\"last_error\":\"the same series twice in one push (of m)\"}]}}");
    }

    @Test
    void shouldNotTellPagesOfOtherSites() throws IOException {
        assertThat(gateway.get("/api/v1/pushers").head()).doesNotContain("Access-Control").contains("Cache-Control: no-store\r\n");
    }

    @Test
    void shouldKnowThePushersOfEveryDoor() throws IOException {
        gateway.post("/metrics", "m 1\n", "User-Agent: text");
        gateway.post("/metrics", "m{ 1\n", "User-Agent: bad text");
        gateway.post("/metrics", "m 1\n", "User-Agent: other", "Content-Type: application/vnd.google.protobuf; proto=x");
        gateway.send("PATCH", "/metrics/c", "5".getBytes(UTF_8), "User-Agent: patch");
        gateway.send("PATCH", "/metrics/c", "x".getBytes(UTF_8), "User-Agent: bad patch");
        gateway.post("/write", "cpu v=1\ncpu v=oops\n", "User-Agent: influx");
        gateway.post("/drain", "", "User-Agent: drain");
        assertThat(pushers()).contains(
                "\"user_agent\":\"text\",\"pushes\":1,\"samples\":1,\"bytes\":4,\"last_push\":T,\"errors\":0}",
                "\"user_agent\":\"bad text\",\"pushes\":0,\"samples\":0,\"bytes\":0,\"errors\":1,\"last_error_time\":T,\"last_error\":\"line 1",
                "\"user_agent\":\"other\",\"pushes\":0",
                "\"user_agent\":\"patch\",\"pushes\":1,\"samples\":1,\"bytes\":1,",
                "\"user_agent\":\"bad patch\",\"pushes\":0,\"samples\":0,\"bytes\":0,\"errors\":1,\"last_error_time\":T,\"last_error\":\"expected an"
                        + " empty body",
                "\"user_agent\":\"influx\",\"pushes\":1,\"samples\":1,\"bytes\":19,\"last_push\":T,\"errors\":1,\"last_error_time\":T,\"last_error\":",
                "\"user_agent\":\"drain\",\"pushes\":1,\"samples\":");
    }
}
