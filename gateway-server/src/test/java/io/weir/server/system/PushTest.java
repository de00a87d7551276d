package io.weir.server.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.system.RunningWeir.Reply;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the push doors promise, as their users meet it. */
@Timeout(60)
class PushTest {
    private static RunningWeir weir;

    @BeforeAll
    static void start() {
        weir = new RunningWeir("--series.max=10000");
    }

    @AfterAll
    static void stop() {
        weir.close();
    }

    @BeforeEach
    void empty() {
        assertThat(weir.delete("__all").status()).isEqualTo(200);
    }

    // ---- the examples of the source system's README, and its transcript

    @Test
    void shouldWorkAsTheReadmeOfTheSourceSystemSays() {
        assertThat(weir.patch("metric_name?foo=bar").body()).isEqualTo("ok");
        assertThat(weir.post("""
                # TYPE some_metric counter
                some_metric{label="val1"} 42
                # TYPE another_metric gauge
                # HELP another_metric Just an example.
                another_metric 2398.283
                """).body()).isEqualTo("ok");
        assertThat(weir.post("""
                # TYPE some_metric counter
                some_metric{label="val1"} 8
                some_metric{label="val2"} 1
                # TYPE another_metric gauge
                another_metric 1
                """).body()).isEqualTo("ok");
        weir.patch("worker_request?country=CZ&anotherLabel=value");
        weir.patch("worker_request?anotherLabel=value&country=CZ");

        assertThat(weir.scrape()).isEqualTo("""
                # HELP another_metric Just an example.
                # TYPE another_metric gauge
                another_metric 2399.283
                # TYPE metric_name counter
                metric_name{foo="bar"} 1
                # TYPE some_metric counter
                some_metric{label="val1"} 50
                some_metric{label="val2"} 1
                # TYPE worker_request counter
                worker_request{anotherLabel="value",country="CZ"} 2
                """);
        assertThat(weir.get("/metrics?format=json&name[]=worker_request").body()).isEqualTo(
                "{\"worker_request\":{\"name\":\"worker_request\",\"type\":\"counter\",\"metrics\":"
                        + "[{\"value\":2,\"labels\":{\"anotherLabel\":\"value\",\"country\":\"CZ\"}}]}}");

        assertThat(weir.delete("some_metric?label=val1").body()).startsWith("deleted 1 ");
        assertThat(weir.delete("some_metric?nope=1").body()).startsWith("deleted 0 ");
        assertThat(weir.samples("some_metric")).containsExactly("some_metric{label=\"val2\"} 1");
        assertThat(weir.delete("metric_name").status()).isEqualTo(200);
        assertThat(weir.delete("__all").body()).startsWith("deleted 3 ");
        assertThat(weir.scrape()).isEmpty();
    }

    @Test
    void shouldTakeWhatPromjsSendsWhereverTheBytesAreCut() {
        String sent = "\"# HELP my_counter A \\\"counter\\\" for things \\u00e9\\n# TYPE my_counter counter\\n"
                + "my_counter{user=\\\"user1\\\",plan=\\\"pro\\\"} 1\\nmy_counter{user=\\\"user2\\\",plan=\\\"free\\\"} 3\\n\"";
        String request = RunningWeir.request("POST", "/metrics", sent);
        int body = request.length() - sent.length();
        int cuts = 0;
        try (Wire wire = weir.wire()) {
            for (int cut = body - 2; cut < request.length(); cut++) {
                wire.send(request.substring(0, cut));
                wire.send(request.substring(cut));
                assertThat(wire.answer()).as("cut at %d", cut).isEqualTo(ok());
                cuts++;
            }
        }
        assertThat(weir.scrape()).isEqualTo("""
                # HELP my_counter A "counter" for things é
                # TYPE my_counter counter
                my_counter{plan="pro",user="user1"} %d
                my_counter{plan="free",user="user2"} %d
                """.formatted(cuts, 3 * cuts));
    }

    @Test
    void shouldTakeABodyCutAtEveryByteOfTheRequest() {
        String body = "# TYPE cut_total counter\r\ncut_total{a=\"ä\\n\\\"\\\\\",b=\"2\"} 1e0\n\n# a comment\ncut_total 2 1700000000000\n"
                + "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3.5\nh_count 2";
        String request = RunningWeir.request("POST", "/metrics", body, "X-Any: thing");
        try (Wire wire = weir.wire()) {
            for (int cut = 1; cut < request.length(); cut++) {
                wire.send(request.substring(0, cut));
                wire.send(request.substring(cut));
                assertThat(wire.answer()).as("cut at %d", cut).isEqualTo(ok());
            }
        }
        int times = request.length() - 1;
        assertThat(weir.scrape()).isEqualTo("""
                # TYPE cut_total counter
                cut_total{a="ä\\n\\"\\\\",b="2"} %2$d
                cut_total %1$d
                # TYPE h histogram
                h_bucket{le="1"} %2$d
                h_bucket{le="+Inf"} %1$d
                h_sum %3$s
                h_count %1$d
                """.formatted(2 * times, times, plain(3.5 * times)));
    }

    @Test
    void shouldTakeEveryFramingOfTheSameBody() {
        String body = "# TYPE c counter\nc{l=\"é\"} 2\n";
        assertThat(weir.send("POST", "/metrics/", BodyPublishers.ofString(body)).body()).isEqualTo("ok");
        assertThat(weir.post(body, "Content-Type", "application/json").status()).isEqualTo(200);
        assertThat(weir.post(body, "Content-Type", "text/plain; version=0.0.4; charset=utf-8").status()).isEqualTo(200);
        byte[] plain = body.getBytes(UTF_8);
        assertThat(weir.send("POST", "/metrics", BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(plain)))
                .status()).as("chunked").isEqualTo(200);
        byte[] gzip = RunningWeir.gzip(body);
        assertThat(weir.send("POST", "/metrics", BodyPublishers.ofByteArray(gzip), "Content-Encoding", "gzip").status())
                .as("gzip").isEqualTo(200);
        assertThat(weir.send("POST", "/metrics", BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(gzip)),
                "Content-Encoding", "gzip").status()).as("gzip and chunked").isEqualTo(200);
        try (Wire wire = weir.wire()) {
            wire.send("POST /metrics HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + RunningWeir.oneByteChunks(body));
            assertThat(wire.answer()).isEqualTo(ok());
            wire.send("POST /metrics HTTP/1.1\r\nHost: g\r\nExpect: 100-continue\r\nContent-Length: " + plain.length
                    + "\r\n\r\n");
            assertThat(wire.answer().status()).isEqualTo(100);
            wire.send(plain);
            assertThat(wire.answer()).isEqualTo(ok());
        }
        assertThat(weir.scrape()).isEqualTo("# TYPE c counter\nc{l=\"é\"} 16\n");
    }

    @Test
    void shouldNotApplyATruncatedGzip() {
        byte[] gzip = RunningWeir.gzip("# TYPE c counter\nc 2\n");
        for (int length = 1; length < gzip.length; length++) {
            Reply reply = weir.send("POST", "/metrics", BodyPublishers.ofByteArray(Arrays.copyOf(gzip, length)),
                    "Content-Encoding", "gzip");
            assertThat(reply.status()).as("%d of %d bytes", length, gzip.length).isEqualTo(400);
        }
        assertThat(weir.send("POST", "/metrics", BodyPublishers.ofByteArray(gzip), "Content-Encoding", "br").status())
                .isEqualTo(415);
        assertThat(weir.scrape()).isEmpty();
    }

    @Test
    void shouldAnswerEmptyBodiesAndCommentsWithOk() {
        for (String body : new String[] {"", "\n\n", "# just a comment\n", "\"\"", " \n", "# TYPE nothing counter\n"}) {
            assertThat(weir.post(body)).as("body %s", body).hasToString("200 ok");
        }
        assertThat(weir.scrape()).isEmpty();
    }

    // ---- patch

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', value = {
        "''|1",
        "5|5",
        "' 2.5\n'|2.5",
        "0|0",
        "1e3|1000",
        "'{\"value\":5}'|5",
        "' { \"value\" : 0.25 } '|0.25",
    })
    void shouldPatchByTheAmountInTheBody(String amount, String value) {
        assertThat(weir.patchBy(amount, "amount?l=v", "Accept", "application/json"))
                .hasToString("200 {\"value\":" + value + "}");
        assertThat(weir.scrape()).isEqualTo("# TYPE amount counter\namount{l=\"v\"} " + value + "\n");
        assertThat(weir.patchBy(amount, "amount?l=v")).hasToString("200 ok");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "-1", "NaN", "Inf", "-0.5", "five", "5 6", "{}", "{\"value\":\"5\"}", "{\"value\":5,\"x\":1}", "[5]", "{\"value\":NaN}",
        "{\"value\":-1}", "{\"value\":1e999}", "1e999", "{\"value\":5}}", "true", "\"5\""
    })
    void shouldRefuseAnAmountThatIsNotAnIncrement(String amount) {
        weir.patch("kept");
        Reply reply = weir.patchBy(amount, "kept");
        assertThat(reply.status()).as(reply.toString()).isEqualTo(400);
        assertThat(reply.body()).endsWith("\n").hasLineCount(1);
        assertThat(weir.scrape()).isEqualTo("# TYPE kept counter\nkept 1\n");
    }

    @Test
    void shouldKeepCaseAndLeaveOutWhatANameMayNotHave() {
        weir.patch("My-Metric.x%20y?Foo-Bar=1&Zone=b&app=a&Foo-Bar=2");
        assertThat(weir.scrape()).isEqualTo("# TYPE MyMetricxy counter\nMyMetricxy{FooBar=\"2\",Zone=\"b\",app=\"a\"} 1\n");
        assertThat(weir.delete("MyMetricxy?app=a&Zone=b").body()).startsWith("deleted 1 ");
        assertThat(weir.patch("123").status()).isEqualTo(400);
        assertThat(weir.patch("a?1=2").status()).isEqualTo(400);
        assertThat(weir.patch("a?__name__=2").status()).isEqualTo(400);
        assertThat(weir.patch("").status()).isIn(400, 404, 405);
    }

    @Test
    void shouldCountOneSeriesThroughEveryDoor() {
        weir.patch("shared_total?b=2&a=%C3%A9%22");
        weir.post("# TYPE shared_total counter\nshared_total{a=\"é\\\"\",b=\"2\"} 2\n");
        weir.post("# TYPE shared_total counter\nshared_total{b=\"2\",a=\"é\\\"\",} 3\n");
        weir.patchBy("4", "shared_total?a=%C3%A9%22&b=2");
        assertThat(weir.scrape()).isEqualTo("# TYPE shared_total counter\nshared_total{a=\"é\\\"\",b=\"2\"} 10\n");
        weir.put("# TYPE shared_total counter\nshared_total{b=\"2\",a=\"é\\\"\"} 1\n");
        assertThat(weir.value("shared_total{a=\"é\\\"\",b=\"2\"}")).isEqualTo(1);
    }

    @Test
    void shouldTreatAnEmptyLabelValueAsNoLabel() {
        weir.post("# TYPE e counter\ne{a=\"\"} 1\ne 2\n");
        weir.patch("e?a=");
        assertThat(weir.scrape()).isEqualTo("# TYPE e counter\ne 4\n");
    }

    // ---- delete

    @Test
    void shouldDeleteTheSeriesThatHaveAllThePairs() {
        weir.post("""
                # TYPE d counter
                d{a="1",b="1"} 1
                d{a="1",b="2"} 1
                d{a="2",b="1"} 1
                d 1
                # TYPE other gauge
                other{a="1"} 1
                """);
        assertThat(weir.delete("d?a=1&b=2")).hasToString("200 deleted 1 series\n");
        assertThat(weir.delete("d?a=1")).hasToString("200 deleted 1 series\n");
        assertThat(weir.delete("d?a=1")).hasToString("200 deleted 0 series\n");
        assertThat(weir.samples("d")).containsExactly("d{a=\"2\",b=\"1\"} 1", "d 1");
        assertThat(weir.delete("d")).hasToString("200 deleted 2 series\n");
        assertThat(weir.delete("missing")).hasToString("200 deleted 0 series\n");
        assertThat(weir.scrape()).isEqualTo("# TYPE other gauge\nother{a=\"1\"} 1\n");
        weir.patch("d?a=1");
        assertThat(weir.samples("d")).as("begins anew").containsExactly("d{a=\"1\"} 1");
        assertThat(weir.delete("__ALL")).hasToString("200 deleted 2 series\n");
    }

    @Test
    void shouldNotDeleteEverythingWhenLabelsWereMeant() {
        weir.patch("d?a=1");
        Reply reply = weir.delete("__all?a=1");
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.body()).hasLineCount(1).contains("takes no labels");
        assertThat(weir.samples("d")).hasSize(1);
    }

    @Test
    void shouldNotTakeAPathOfSeveralPartsForAName() {
        weir.patch("onebatch");
        assertThat(weir.patch("one/batch").status()).isEqualTo(400);
        assertThat(weir.delete("one/batch").status()).isEqualTo(400);
        assertThat(weir.delete("one/batch/").status()).isEqualTo(400);
        assertThat(weir.patch("onebatch/?")).hasToString("200 ok");
        assertThat(weir.scrape()).isEqualTo("# TYPE onebatch counter\nonebatch 2\n");
    }

    @Test
    void shouldDeleteHistogramsAndSummariesAsOneSeries() {
        weir.post("""
                # TYPE h histogram
                h_bucket{le="+Inf",a="1"} 1
                h_sum{a="1"} 1
                h_count{a="1"} 1
                h_bucket{le="+Inf",a="2"} 1
                h_sum{a="2"} 1
                h_count{a="2"} 1
                # TYPE s summary
                s_sum 1
                s_count 1
                """);
        assertThat(weir.delete("h?a=1").body()).startsWith("deleted 1 ");
        assertThat(weir.samples("h")).containsExactly("h_bucket{a=\"2\",le=\"+Inf\"} 1", "h_sum{a=\"2\"} 1", "h_count{a=\"2\"} 1");
        assertThat(weir.delete("s").body()).startsWith("deleted 1 ");
        assertThat(weir.samples("s")).isEmpty();
    }

    @Test
    void shouldLetAnotherTypeTakeTheNameAfterTheFamilyIsDeleted() {
        weir.patch("reborn");
        assertThat(weir.post("# TYPE reborn gauge\nreborn 5\n").status()).isEqualTo(400);
        weir.delete("reborn");
        assertThat(weir.post("# TYPE reborn gauge\nreborn 5\n").status()).isEqualTo(200);
        assertThat(weir.scrape()).isEqualTo("# TYPE reborn gauge\nreborn 5\n");
    }

    // ---- connections

    @Test
    void shouldAnswerPipelinedRequestsInOrderAndSurviveARefusedOne() {
        try (Wire wire = weir.wire()) {
            wire.send(RunningWeir.request("PATCH", "/metrics/p", "")
                    + RunningWeir.request("POST", "/metrics", "# TYPE p counter\np oops\n")
                    + RunningWeir.request("POST", "/metrics", "# TYPE p counter\np 2\n")
                    + RunningWeir.request("PATCH", "/metrics/p", "-1")
                    + RunningWeir.request("POST", "/metrics", "\"no end")
                    + RunningWeir.request("GET", "/nowhere", "")
                    + RunningWeir.request("PUT", "/-/metrics", "")
                    + RunningWeir.request("DELETE", "/metrics/q", "")
                    + RunningWeir.request("GET", "/metrics", ""));
            assertThat(wire.answer()).isEqualTo(ok());
            Wire.Answer bad = wire.answer();
            assertThat(bad.status()).isEqualTo(400);
            assertThat(bad.body()).startsWith("line 2 column 3: ").contains("oops");
            assertThat(wire.answer()).isEqualTo(ok());
            assertThat(wire.answer().status()).isEqualTo(400);
            assertThat(wire.answer().status()).isEqualTo(400);
            assertThat(wire.answer().status()).isEqualTo(404);
            assertThat(wire.answer().status()).isEqualTo(405);
            assertThat(wire.answer().body()).startsWith("deleted 0 ");
            assertThat(wire.answer().body()).isEqualTo("# TYPE p counter\np 3\n");
        }
    }

    @Test
    void shouldApplyNothingWhenTheClientGoesAwayInMidBody() {
        String request = RunningWeir.request("POST", "/metrics", "# TYPE gone counter\ngone 1\ngone{a=\"1\"} 1\n");
        try (Wire wire = weir.wire()) {
            wire.send(request.substring(0, request.length() - 1));
        }
        assertThat(weir.post("# TYPE there counter\nthere 1\n").status()).isEqualTo(200);
        assertThat(weir.scrape()).isEqualTo("# TYPE there counter\nthere 1\n");
    }

    @Test
    void shouldSayWhatExistsForAnUnknownPathOrAWrongMethod() {
        Reply unknown = weir.get("/metric");
        assertThat(unknown.status()).isEqualTo(404);
        assertThat(unknown.body()).hasLineCount(1).contains("/metrics");
        Reply wrong = weir.send("PATCH", "/metrics", BodyPublishers.noBody());
        assertThat(wrong.status()).isEqualTo(405);
        assertThat(wrong.body()).hasLineCount(1).contains("GET, HEAD, POST, PUT");
        assertThat(wrong.header("Allow")).contains("GET").contains("POST").contains("PUT").doesNotContain("PATCH");
        assertThat(weir.send("POST", "/metrics/batch", BodyPublishers.ofString("a 1\n")).status()).isEqualTo(405);
        assertThat(weir.send("DELETE", "/metrics", BodyPublishers.noBody()).status()).isEqualTo(405);
    }

    static Wire.Answer ok() {
        return new Wire.Answer(
                200, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nX-Weir-Durability: memory\r\nContent-Length: 2\r\n\r\n", "ok");
    }

    private static String plain(double value) {
        return value == (long) value ? Long.toString((long) value) : Double.toString(value);
    }
}
