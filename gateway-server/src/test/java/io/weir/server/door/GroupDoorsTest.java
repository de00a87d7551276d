package io.weir.server.door;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Limits;
import io.weir.server.config.PushSemantics;
import io.weir.server.door.Gateway.Reply;
import io.weir.server.LeakGuard;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Pushes to grouping paths over sockets. */
@ExtendWith(LeakGuard.class)
class GroupDoorsTest {
    private Gateway gateway;

    @BeforeEach
    void open() throws IOException {
        gateway = new Gateway();
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private void semantics(PushSemantics semantics) throws IOException {
        gateway.close();
        gateway = new Gateway(Limits.DEFAULTS, false, semantics);
    }

    private Reply put(String target, String body) throws IOException {
        return gateway.send("PUT", target, body.getBytes(UTF_8));
    }

    private Reply delete(String target) throws IOException {
        return gateway.send("DELETE", target, null);
    }

    private String scrape() throws IOException {
        return gateway.get("/metrics").body();
    }

    private double time(String name, String job) throws IOException {
        String start = name + "{instance=\"\",job=\"" + job + "\"} ";
        return scrape().lines().filter(l -> l.startsWith(start)).mapToDouble(l -> Double.parseDouble(l.substring(start.length())))
                .findFirst().orElse(Double.NaN);
    }

    @Test
    void shouldTellTheTimeToLiveThatAPushGivesItsGroup() throws IOException {
        gateway.send("PUT", "/metrics/job/a?ttl=1m30s", "m 1\n".getBytes(UTF_8));
        assertThat(gateway.get("/metrics").body()).contains("push_ttl_seconds{instance=\"\",job=\"a\"} 90\n");
        gateway.send("POST", "/metrics/job/a", "m 1\n".getBytes(UTF_8));
        assertThat(gateway.get("/metrics").body()).contains("push_ttl_seconds{instance=\"\",job=\"a\"} 90\n");
        assertThat(gateway.send("PUT", "/metrics/job/a?ttl=2500ms", "m{ 1\n".getBytes(UTF_8)).status()).isEqualTo(400);
        gateway.send("PUT", "/metrics/job/a?ttl=2500ms", "m 1\nm 2\n".getBytes(UTF_8));
        assertThat(gateway.get("/metrics").body()).as("a push that failed").contains("push_ttl_seconds{instance=\"\",job=\"a\"} 3\n");
        gateway.send("PUT", "/metrics/job/a", "m 1\n".getBytes(UTF_8));
        assertThat(gateway.get("/metrics").body()).doesNotContain("push_ttl_seconds");
        for (String bad : List.of("0s", "5", "", "-1s", "367d", "999ms", "soon")) {
            assertThat(gateway.send("PUT", "/metrics/job/b?ttl=" + bad, "m 1\n".getBytes(UTF_8)).body())
                    .isEqualTo("ttl must be a duration of 1s to 366d such as 30s, 5m or 1h30m, not \"" + bad + "\"\n");
        }
        assertThat(gateway.get("/metrics").body()).doesNotContain("job=\"b\"");
    }

    @Test
    void shouldAnswerAsClientsExpect() throws IOException {
        Reply pushed = put("/metrics/job/a", "m 1\n");
        assertThat(pushed.status()).isEqualTo(200);
        assertThat(pushed.header("Content-Length")).isEqualTo("0");
        assertThat(pushed.header("Content-Type")).isNull();
        assertThat(gateway.post("/metrics/job/a", "").status()).isEqualTo(200);
        assertThat(delete("/metrics/job/a").status()).isEqualTo(202);
        assertThat(delete("/metrics/job/a").status()).isEqualTo(202);
        assertThat(scrape()).isEmpty();

        Reply patched = gateway.send("PATCH", "/metrics/job/a", null);
        assertThat(patched.status()).isEqualTo(405);
        assertThat(patched.header("Allow").split(", ")).containsExactlyInAnyOrder("DELETE", "OPTIONS", "POST", "PUT");
        assertThat(gateway.get("/metrics/job/a").status()).isEqualTo(405);
    }

    @Test
    void shouldReplaceByPutAndAddByPost() throws IOException {
        put("/metrics/job/a/x/1", "# TYPE c counter\nc 1\ngone 1\n");
        put("/metrics/job/a/x/1", "# TYPE c counter\nc 5\n");
        gateway.post("/metrics/job@base64/YQ==/x@base64/MQ", "c 2\nnew 3\n");
        assertThat(scrape()).contains("c{instance=\"\",job=\"a\",x=\"1\"} 7\n", "new{instance=\"\",job=\"a\",x=\"1\"} 3\n")
                .doesNotContain("gone");
    }

    @Test
    void shouldTakeTheModeOfARequest() throws IOException {
        gateway.post("/metrics/job/a", "m 1\nn 1\n");
        put("/metrics/job/a?mode=aggregate", "m 2\n");
        assertThat(scrape()).contains("m{instance=\"\",job=\"a\"} 3\n", "n{");
        gateway.post("/metrics/job/a?mode=replace", "m{x=\"1\"} 5\n");
        assertThat(scrape()).contains("m{instance=\"\",job=\"a\",x=\"1\"} 5\n", "n{").doesNotContain("\"a\"} 2\n");
        assertThat(gateway.post("/metrics/job/a?mode=both", "m 1\n").status()).isEqualTo(400);
    }

    @Test
    void shouldReplaceFamiliesByPostLikePushgateway() throws IOException {
        semantics(PushSemantics.PUSHGATEWAY);
        gateway.post("/metrics/job/a", "m 1\nn 1\n");
        gateway.post("/metrics/job/a", "m{x=\"1\"} 2\n");
        assertThat(scrape()).contains("m{instance=\"\",job=\"a\",x=\"1\"} 2\n", "n{").doesNotContain("\"a\"} 2\n");
        assertThat(gateway.post("/metrics/job/a", "m 1 1700000000000\n").status()).isEqualTo(400);
    }

    @Test
    void shouldAddByPutLikeAnAggregatingGateway() throws IOException {
        semantics(PushSemantics.AGGREGATE);
        put("/metrics/job/a", "# TYPE c counter\nc 1\n");
        put("/metrics/job/a", "c 1\nd 1\n");
        assertThat(scrape()).contains("c{instance=\"\",job=\"a\"} 2\n", "d{");
    }

    @Test
    void shouldTellWhenAGroupWasPushedToAndWhenThatFailed() throws IOException {
        double before = System.currentTimeMillis() / 1e3;
        put("/metrics/job/b", "# TYPE m counter\nm 1\n");
        assertThat(time("push_time_seconds", "b")).isBetween(before - 1, before + 60);
        assertThat(time("push_failure_time_seconds", "b")).isZero();

        assertThat(put("/metrics/job/a", "# TYPE m gauge\nm 1\n").status()).isEqualTo(400);
        assertThat(time("push_time_seconds", "a")).isZero();
        assertThat(time("push_failure_time_seconds", "a")).isBetween(before - 1, before + 60);
        assertThat(time("push_failure_time_seconds", "b")).isZero();

        put("/metrics/job/c", "n 1\n");
        Reply twice = put("/metrics/job/c", "n 2\nn 2\n");
        assertThat(twice.status()).isEqualTo(400);
        assertThat(twice.body()).isEqualTo("the same series twice in one push (of n)\n");
        assertThat(time("push_time_seconds", "c")).isGreaterThan(0);
        assertThat(scrape()).contains("n{instance=\"\",job=\"c\"} 1\n");

        assertThat(put("/metrics/job/d", "n{ 2\n").status()).isEqualTo(400);
        assertThat(time("push_failure_time_seconds", "d")).as("nothing could be read").isNaN();
    }

    @Test
    void shouldKeepTheOrderOfPipelinedRequests() throws IOException {
        String all = request("PUT", "/metrics/job/a", "m 1\nn 1\n") + request("DELETE", "/metrics/job/a", "")
                + request("POST", "/metrics/job/a", "m 2\n") + request("POST", "/metrics/job/a", "m 3\n")
                + "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        String answers = new String(gateway.raw(all.getBytes(ISO_8859_1)), ISO_8859_1);
        assertThat(answers).contains("m{instance=\"\",job=\"a\"} 5\n").doesNotContain("n{");
    }

    private static String request(String method, String target, String body) {
        return method + ' ' + target + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
    }

    /** Two clients replace one group again and again, each with series of its own: whoever looks sees one of the two, whole. */
    @Test
    @Timeout(60)
    void shouldNeverShowHalfOfAReplacement() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        int series = 50;
        Thread[] clients = new Thread[2];
        put("/metrics/job/a", body("s0", series, 0));
        for (int c = 0; c < clients.length; c++) {
            String name = "s" + c;
            clients[c] = new Thread(() -> {
                try {
                    StringBuilder requests = new StringBuilder();
                    for (int round = 0; !stop.get(); round++) {
                        requests.append(request("PUT", "/metrics/job/a", body(name, series, round)));
                        if (round % 20 == 19) {
                            requests.append("GET /-/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
                            gateway.raw(requests.toString().getBytes(ISO_8859_1));
                            requests.setLength(0);
                        }
                    }
                } catch (IOException e) {
                    failure.set(e);
                }
            });
            clients[c].start();
        }
        try {
            for (int i = 0; i < 200; i++) {
                String text = scrape();
                String[] lines = text.lines().filter(l -> l.startsWith("s")).toArray(String[]::new);
                assertThat(lines).hasSize(series);
                String name = lines[0].substring(0, 2);
                String value = lines[0].substring(lines[0].indexOf("} "));
                assertThat(lines).allMatch(l -> l.startsWith(name) && l.endsWith(value));
            }
        } finally {
            stop.set(true);
            for (Thread client : clients) {
                client.join();
            }
        }
        assertThat(failure.get()).isNull();
    }

    private static String body(String name, int series, int value) {
        StringBuilder body = new StringBuilder();
        IntPredicate odd = i -> i % 2 == 1;
        for (int i = 0; i < series; i++) {
            // odd rounds have other series than even ones
            body.append(name).append("{i=\"").append(odd.test(value) ? -i : i).append("\"} ").append(value).append('\n');
        }
        return body.toString();
    }
}
