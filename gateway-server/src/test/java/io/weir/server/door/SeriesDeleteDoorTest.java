package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.door.Gateway.Reply;
import java.io.IOException;
import java.net.URLEncoder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code DELETE /api/v1/series}. */
class SeriesDeleteDoorTest {
    private Gateway gateway;

    @BeforeEach
    void open() throws IOException {
        gateway = new Gateway();
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private Reply delete(String more, String... selectors) throws IOException {
        StringBuilder target = new StringBuilder("/api/v1/series?x".substring(0, 15));
        for (String selector : selectors) {
            target.append("match%5B%5D=").append(URLEncoder.encode(selector, UTF_8)).append('&');
        }
        return gateway.send("DELETE", target + more, null);
    }

    @Test
    void shouldDeleteWhatAnySelectorChoosesAndSayHowMany() throws IOException {
        gateway.post("/metrics", "a{x=\"1\"} 1\na{x=\"2\"} 2\nb{x=\"1\"} 3\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n");
        gateway.send("PUT", "/metrics/job/j/instance/i1", "g 1\n".getBytes(UTF_8));
        gateway.send("PUT", "/metrics/job/j/instance/i2", "g 1\n".getBytes(UTF_8));
        String before = gateway.get("/metrics").body();

        Reply counted = delete("dry_run=true", "a{x=~\"[1-9]\"}", "{job=\"j\",instance!=\"i1\"}");
        assertThat(counted.status()).isEqualTo(200);
        assertThat(counted.header("Content-Type")).isEqualTo("application/json");
        assertThat(counted.body()).isEqualTo("{\"status\":\"success\",\"data\":{\"would_delete\":5,\"families\":"
                + "{\"a\":2,\"g\":1,\"push_failure_time_seconds\":1,\"push_time_seconds\":1}}}");
        assertThat(gateway.get("/metrics").body()).isEqualTo(before);

        Reply deleted = delete("", "a{x=~\"[1-9]\"}", "{job=\"j\",instance!=\"i1\"}", "h");
        assertThat(deleted.body()).startsWith("{\"status\":\"success\",\"data\":{\"deleted\":6,\"families\":{\"a\":2,");
        assertThat(deleted.header("X-Weir-Durability")).isEqualTo("memory");
        assertThat(gateway.get("/metrics").body())
                .contains("b{x=\"1\"} 3\n", "g{instance=\"i1\",job=\"j\"} 1\n")
                .doesNotContain("a{", "i2", "\nh_");
        assertThat(gateway.get("/api/v1/metrics").body()).contains("i1").doesNotContain("i2");
        assertThat(delete("", "a").body()).isEqualTo("{\"status\":\"success\",\"data\":{\"deleted\":0,\"families\":{}}}");
    }

    @Test
    void shouldRefuseWhatItDoesNotUnderstandAndDeleteNothing() throws IOException {
        gateway.post("/metrics", "a 1\n");
        assertThat(delete("").status()).isEqualTo(400);
        assertThat(delete("").body()).startsWith("say which series by match[]=");
        assertThat(delete("", "{}").body()).startsWith("in match[]={}: a selector must have a name");
        assertThat(delete("", "a", "{x=~\"(\"}").body())
                .isEqualTo("in match[]={x=~\"(\"}: column 5: no regular expression of RE2: missing closing ) in (\n");
        assertThat(delete("dryrun=true", "a").body()).startsWith("unknown parameter \"dryrun\", there are match[]");
        assertThat(delete("dry_run=yes", "a").body()).isEqualTo("dry_run is true or false, not \"yes\"\n");
        assertThat(delete("ack=soon", "a").body()).startsWith("unknown durability \"soon\"");
        assertThat(delete("a=%zz", "a").status()).isEqualTo(400);
        assertThat(gateway.get("/api/v1/series").status()).isEqualTo(405);
        assertThat(gateway.get("/metrics").body()).contains("a 1\n");
    }
}
