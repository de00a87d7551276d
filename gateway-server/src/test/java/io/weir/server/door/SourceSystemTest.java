package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.LeakGuard;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The transcript of the system that Weir takes over from, and what is better here. */
@ExtendWith(LeakGuard.class)
class SourceSystemTest {
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
    void shouldCountPatchesOfOneSeriesInAnyOrderOfLabels() throws Exception {
        assertThat(patch("worker_request?country=CZ&anotherLabel=value")).isEqualTo("ok");
        assertThat(patch("worker_request?anotherLabel=value&country=CZ")).isEqualTo("ok");

        assertThat(gateway.get("/metrics").body()).isEqualTo("""
                # TYPE worker_request counter
                worker_request{anotherLabel="value",country="CZ"} 2
                """);
        assertThat(gateway.get("/metrics?format=json").body()).isEqualTo(
                "{\"worker_request\":{\"name\":\"worker_request\",\"type\":\"counter\",\"metrics\":"
                        + "[{\"value\":2,\"labels\":{\"anotherLabel\":\"value\",\"country\":\"CZ\"}}]}}");
    }

    @Test
    void shouldAddWhatIsPosted() throws Exception {
        assertThat(gateway.post("/metrics", """
                # TYPE some_metric counter
                some_metric{label="val1"} 42
                # HELP another_metric Just an example.
                # TYPE another_metric gauge
                another_metric 2398.283
                """).body()).isEqualTo("ok");
        assertThat(gateway.post("/metrics/", """
                # TYPE some_metric counter
                some_metric{label="val1"} 8
                some_metric{label="val2"} 1
                # TYPE another_metric gauge
                another_metric 1
                """).body()).isEqualTo("ok");

        assertThat(gateway.get("/metrics").body()).isEqualTo("""
                # HELP another_metric Just an example.
                # TYPE another_metric gauge
                another_metric 2399.283
                # TYPE some_metric counter
                some_metric{label="val1"} 50
                some_metric{label="val2"} 1
                """);

        assertThat(delete("some_metric?nope=1").body()).isEqualTo("deleted 0 series\n");
        assertThat(delete("some_metric?label=val1").body()).isEqualTo("deleted 1 series\n");
        assertThat(gateway.get("/metrics?name[]=some_metric").body()).isEqualTo("""
                # TYPE some_metric counter
                some_metric{label="val2"} 1
                """);
        assertThat(delete("missing?a=b").status()).isEqualTo(200);
        assertThat(delete("__ALL").body()).isEqualTo("deleted 2 series\n");
        assertThat(gateway.get("/metrics").body()).isEmpty();
    }

    @Test
    void shouldUnquoteWhatPromjsSends() throws Exception {
        String sent = "\"# HELP my_counter A counter for things\\n# TYPE my_counter counter\\n"
                + "my_counter{user=\\\"user1\\\",plan=\\\"pro\\\"} 1\\nmy_counter{user=\\\"user2\\\",plan=\\\"free\\\"} 3\\n\"";

        assertThat(gateway.post("/metrics", sent).body()).isEqualTo("ok");
        assertThat(gateway.get("/metrics").body()).isEqualTo("""
                # HELP my_counter A counter for things
                # TYPE my_counter counter
                my_counter{plan="pro",user="user1"} 1
                my_counter{plan="free",user="user2"} 3
                """);
    }

    @Test
    void shouldSayWhereAJsonStringBreaks() throws Exception {
        Gateway.Reply reply = gateway.post("/metrics", "\"a 1\\n");
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.body()).startsWith("line 1 column 7: ");
    }

    @Test
    void shouldAddASeriesThatComesTwiceInOneBody() throws Exception {
        gateway.post("/metrics", "# TYPE twice counter\ntwice 1\ntwice 2\n");
        assertThat(gateway.get("/metrics").body()).isEqualTo("# TYPE twice counter\ntwice 3\n");
    }

    @Test
    void shouldSetWhatIsPut() throws Exception {
        gateway.post("/metrics", "# TYPE c counter\nc 5\n");
        assertThat(gateway.send("PUT", "/metrics", "# TYPE c counter\nc 3\n".getBytes(UTF_8)).body()).isEqualTo("ok");
        assertThat(gateway.get("/metrics").body()).isEqualTo("# TYPE c counter\nc 3\n");
    }

    @Test
    void shouldEscapeLabelValuesAndDecodeThem() throws Exception {
        patch("decoded?b=%C3%A9%20x+y&q=%22%5C%0A");
        assertThat(gateway.get("/metrics").body())
                .isEqualTo("# TYPE decoded counter\ndecoded{b=\"é x y\",q=\"\\\"\\\\\\n\"} 1\n");
        assertThat(delete("decoded?b=%C3%A9%20x%20y").body()).isEqualTo("deleted 1 series\n");
    }

    @Test
    void shouldLeaveOutWhatIsIllegalInANameAndKeepItsCase() throws Exception {
        patch("Bad-Name.x?Foo-Bar=1&Foo-Bar=2");
        assertThat(gateway.get("/metrics").body())
                .isEqualTo("# TYPE BadNamex counter\nBadNamex{FooBar=\"2\"} 1\n");
    }

    private String patch(String target) throws Exception {
        return gateway.send("PATCH", "/metrics/" + target, null).body();
    }

    private Gateway.Reply delete(String target) throws Exception {
        return gateway.send("DELETE", "/metrics/" + target, null);
    }
}
