package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.LeakGuard;
import io.weir.server.door.Gateway.Reply;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code PUT|POST /api/v1/groups}. */
@ExtendWith(LeakGuard.class)
class ManyGroupsDoorTest {
    private Gateway gateway;

    @BeforeEach
    void open() throws IOException {
        gateway = new Gateway();
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private Reply push(String method, String query, String body) throws IOException {
        return gateway.send(method, "/api/v1/groups" + query, body.getBytes(UTF_8), "User-Agent: many");
    }

    /** Without what groups tell of themselves. */
    private String series() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (String line : gateway.get("/metrics").body().split("(?<=\n)")) {
            lines.append(line.contains("push_") ? "" : line);
        }
        return lines.toString();
    }

    @Test
    void shouldReplaceEveryGroupThatTheBodyNamesAndNoOther() throws IOException {
        gateway.send("PUT", "/metrics/job/a/instance/1", "old 1\n".getBytes(UTF_8));
        gateway.send("PUT", "/metrics/job/a/instance/3", "old 3\n".getBytes(UTF_8));
        Reply reply = push("PUT", "?by=job,instance", """
                # HELP c Count.
                # TYPE c counter
                c{instance="1",job="a",x="q\\"\\\\"} 1
                c{job="a",instance="2"} 2
                # TYPE h histogram
                h_bucket{job="a\\nb",le="+Inf"} 4
                h_sum{job="a\\nb"} 5
                h_count{job="a\\nb"} 4
                """);
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        assertThat(series()).isEqualTo("""
                # HELP c Count.
                # TYPE c counter
                c{instance="1",job="a",x="q\\"\\\\"} 1
                c{instance="2",job="a"} 2
                # TYPE h histogram
                h_bucket{instance="",job="a\\nb",le="+Inf"} 4
                h_sum{instance="",job="a\\nb"} 5
                h_count{instance="",job="a\\nb"} 4
                # TYPE old untyped
                old{instance="3",job="a"} 3
                """);
        // the groups are those of the paths
        gateway.send("DELETE", "/metrics/job/a/instance/2", null);
        gateway.send("PUT", "/metrics/job/a%0Ab/instance/", "new 1\n".getBytes(UTF_8));
        assertThat(series()).doesNotContain("instance=\"2\"", "h_").contains("new{instance=\"\",job=\"a\\nb\"} 1\n");
        assertThat(gateway.get("/api/v1/pushers").body())
                .contains("\"group\":{\"instance\":\"2\",\"job\":\"a\"},\"address\":\"127.0.0.1\",\"user_agent\":\"many\",\"pushes\":1,\"samples\":1");
    }

    @Test
    void shouldAddAndGiveATimeToLive() throws IOException {
        String body = "# TYPE c counter\nc{job=\"a\",x=\"1\"} 1\nc{job=\"b\"} 2\nc{job=\"a\",x=\"2\"} 3\n";
        push("POST", "", body);
        push("POST", "?by=job&ttl=1m", body);
        assertThat(series()).isEqualTo("# TYPE c counter\nc{instance=\"\",job=\"a\",x=\"1\"} 2\n"
                + "c{instance=\"\",job=\"a\",x=\"2\"} 6\nc{instance=\"\",job=\"b\"} 4\n");
        assertThat(gateway.get("/metrics").body()).contains(
                "push_ttl_seconds{instance=\"\",job=\"a\"} 60\n", "push_ttl_seconds{instance=\"\",job=\"b\"} 60\n");
    }

    @Test
    void shouldTakeNamesOfAnyCharacters() throws IOException {
        push("PUT", "?by=job,a.b", "{\"m n\",job=\"x\",\"a.b\"=\"1\\\"\"} 1\nm{job=\"x\"} 2\n");
        assertThat(gateway.get("/api/v1/metrics").body())
                .contains("\"labels\":{\"a.b\":\"1\\\"\",\"job\":\"x\"}", "\"labels\":{\"a.b\":\"\",\"job\":\"x\"}");
        assertThat(gateway.send("DELETE", "/api/v1/series?match[]=%7B%22a.b%22=%221%5C%22%22%7D", null).body())
                .contains("\"m n\":1");
    }

    @Test
    void shouldApplyAllOrNothing() throws IOException {
        gateway.post("/metrics", "# TYPE t gauge\nt{instance=\"i\",job=\"z\"} 1\n");
        gateway.send("PUT", "/metrics/job/a", "m 1\n".getBytes(UTF_8));
        String before = gateway.get("/metrics").body();
        String good = "m{job=\"a\"} 2\nn{job=\"b\"} 1\n";
        for (String[] bad : new String[][] {
            {"x 1\n", "a series without the label that names its group (the label job is missing)"},
            {"x{job=\"\"} 1\n", "the label job is missing"},
            {"m{job=\"c\"} 1\nm{job=\"c\"} 1\n", "the same series twice in one push (of m, group {job=\"c\"})"},
            {"t{instance=\"i\",job=\"z\"} 1\n", "group {job=\"z\"}"},
            {"# TYPE n counter\nn{job=\"c\"} -1\n", "group {job=\"c\"}"},
            {"# TYPE t counter\nt{job=\"c\"} 1\n", "t is a gauge, pushed as counter"},
            {"x{job=\"c\"", "expected"},
        }) {
            Reply reply = push("PUT", "", good + bad[0]);
            assertThat(reply.status()).as(bad[0]).isEqualTo(400);
            assertThat(reply.body()).contains(bad[1]);
            assertThat(gateway.get("/metrics").body()).as(bad[0]).isEqualTo(before);
        }
        assertThat(push("PUT", "", good).status()).isEqualTo(200);
        assertThat(series()).contains("m{instance=\"\",job=\"a\"} 2\n", "n{instance=\"\",job=\"b\"} 1\n");
    }

    @Test
    void shouldRefuseWhatItCannotPromise() throws IOException {
        String body = "m{job=\"a\"} 2\n";
        for (String by : new String[] {"instance", "job,", "job,job", "job,__x", ""}) {
            assertThat(push("PUT", "?by=" + by, body).body()).startsWith("by lists the labels");
        }
        assertThat(push("PUT", "?ttl=x", body).body()).startsWith("ttl must be");
        assertThat(push("PUT", "?mode=x", body).body()).startsWith("unknown mode");
        assertThat(push("PUT", "", "").body()).startsWith("the body names no series");
        assertThat(gateway.send("PUT", "/api/v1/groups", body.getBytes(UTF_8), "Idempotency-Key: k").status()).isEqualTo(400);
        StringBuilder many = new StringBuilder();
        for (int i = 0; i <= 1000; i++) {
            many.append("m{job=\"").append(i).append("\"} 1\n");
        }
        assertThat(push("PUT", "", many.toString()).body()).contains("more groups in one request than the limit (limit 1000)");
        assertThat(series()).isEmpty();
        assertThat(push("PUT", "", many.substring(0, many.lastIndexOf("m"))).status()).isEqualTo(200);
        assertThat(series().lines().filter(line -> line.startsWith("m{"))).hasSize(1000);
    }
}
