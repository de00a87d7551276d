package io.weir.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.sample.Limits;
import io.weir.server.LeakGuard;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A list of hosts, over a socket: who is served, and how others are refused. */
@ExtendWith(LeakGuard.class)
class AllowedHostsTest {
    private static final String REJECTED = "weir_http_rejected_total{reason=\"host\"}";

    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        AllowedHosts hosts = AllowedHosts.of(List.of(
                "Weir.example.org", "localhost:9091", "secure:443", "plain:80", "*.pods.example.org", "*.at.example.org:9091",
                "10.0.0.7", "[::1]", "[2001:DB8::7]:9091"));
        server = new TestServer(Limits.DEFAULTS, hosts, Transport.best(), "", 1);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "weir.example.org", "weir.example.org:", "weir.example.org:9091", "weir.example.org.", "weir.example.org.:80",
                "WEIR.Example.ORG", "localhost:9091", "LOCALHOST:9091", "localhost:09091", "secure", "secure:443", "plain",
                "a.pods.example.org", "a.b.pods.example.org:1", "A.Pods.Example.Org.", "a.at.example.org:9091", "10.0.0.7",
                "10.0.0.7:9091", "[::1]", "[::1]:9091", "[0:0:0:0:0:0:0:1]", "[0::1]:80", "[2001:db8::7]:9091",
                "[2001:0db8:0:0::0007]:9091"
            })
    void shouldServeTheHostsOfTheList(String host) throws Exception {
        try (RawClient client = server.connect()) {
            client.send("GET /ok HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
            assertThat(client.answer()).startsWith("HTTP/1.1 200 ").doesNotContain("Connection:");
            client.send("GET http://" + host + "/ok HTTP/1.1\r\nHost: rebound.example\r\n\r\n");
            assertThat(client.answer()).as("absolute form").startsWith("HTTP/1.1 200 ");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rebound.example", "rebound.example:9091", "example.org", "xweir.example.org", "weir.example.org.evil",
                "weir.example.org..", "a.weir.example.org", "weir.example", "localhost", "localhost:", "localhost:9090",
                "localhost.evil:9091", "secure:80", "plain:443", "pods.example.org", ".pods.example.org", "xpods.example.org",
                "*.pods.example.org.evil", "a.at.example.org", "a.at.example.org:9092", "10.0.0.70", "10.0.0.7.evil", "10.0.7",
                "[::2]", "[::]", "[::1.2.3.4]", "[10.0.0.7]", "[:::1]", "[2001:db8::7]", "[2001:db8::7]:80", "127.0.0.1", "."
            })
    void shouldRefuseOtherHostsOnceAndClose(String host) throws Exception {
        for (String head : List.of(
                "POST /ok HTTP/1.1\r\nHost: " + host + "\r\n",
                "GET /nowhere HTTP/1.1\r\nHost: " + host + "\r\n",
                "OPTIONS * HTTP/1.1\r\nHost: " + host + "\r\n",
                "GET http://" + host + "/ok HTTP/1.1\r\nHost: weir.example.org\r\n")) {
            assertMisdirected(head);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET /ok HTTP/1.0\r\n", "GET /ok HTTP/1.1\r\nHost:\r\n", "GET /ok HTTP/1.1\r\nHost: \r\n"})
    void shouldRefuseRequestsForNoHost(String head) throws Exception {
        assertMisdirected(head);
    }

    /** One answer, although another request follows, and before the body is there. */
    private static void assertMisdirected(String head) throws Exception {
        double before = server.metric(REJECTED);
        String rest = head.startsWith("POST") ? "Content-Length: 1000\r\n\r\n" : "\r\n";
        try (RawClient client = server.connect()) {
            client.send(head + rest + "GET /ok HTTP/1.1\r\nHost: weir.example.org\r\n\r\n");
            String answer = client.readToEnd();
            assertThat(answer)
                    .startsWith("HTTP/1.1 421 Misdirected Request\r\n")
                    .contains("\r\nConnection: close\r\n");
            assertThat(answer.split("HTTP/1.1 [0-9]{3} ", -1)).as("one answer").hasSize(2);
        }
        assertThat(server.metric(REJECTED)).isEqualTo(before + 1);
    }

    @Test
    void shouldNotAskForTheBodyOfAMisdirectedRequest() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("POST /echo HTTP/1.1\r\nHost: rebound.example\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
            assertThat(client.readToEnd()).startsWith("HTTP/1.1 421 ");
        }
    }

    @Test
    void shouldTellProbesHowItIsByAnyHost() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("GET /ping HTTP/1.1\r\nHost: 10.2.3.4:9091\r\n\r\n");
            assertThat(client.answer()).startsWith("HTTP/1.1 200 ");
            client.send("GET http://rebound.example/ping HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(client.answer()).startsWith("HTTP/1.1 200 ");
            client.send("GET /ping HTTP/1.0\r\n\r\n");
            assertThat(client.readToEnd()).startsWith("HTTP/1.1 200 ");
        }
    }

    @Test
    void shouldStillRefuseWhatIsNoHostWith400() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("GET /ok HTTP/1.1\r\nHost: weir.example.org\r\nHost: rebound.example\r\n\r\n");
            assertThat(client.readToEnd()).startsWith("HTTP/1.1 400 ");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "*", "*.", "*:80", "a.*", "*.*.a", "*a", ".a", "a..b", "a.b..", "::1", "[::1", "[::g]", "[1.2.3.4]", "*.[::1]",
                "[:::1]", "a:", "a:0", "a:65536", "a:x", "a:1:2", "a/b", "http://a", "u@a", "a b", "a,b", "%61", "\u00e9", "a\n"
            })
    void shouldNotTakeWhatIsNoHost(String text) {
        assertThatThrownBy(() -> AllowedHosts.of(List.of(text))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldHaveAVerdictOnWhateverPassesForAHost() {
        AllowedHosts hosts = AllowedHosts.of(List.of("[::1]", "*.a:1"));
        Random random = new Random(3);
        String alphabet = "[]::.01fa9";
        for (int i = 0; i < 200_000; i++) {
            StringBuilder host = new StringBuilder(random.nextBoolean() ? "[" : "");
            for (int n = random.nextInt(14); n > 0; n--) {
                host.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            if (HeadRules.isHost(host) && hosts.contains(host)) {
                assertThat(host.toString()).matches("\\[[0:.]*1\\](:[0-9]*)?|.+\\.a\\.?:0*1");
            }
        }
    }

    @Test
    void shouldLookAtNothingWithoutAList() {
        assertThat(AllowedHosts.of(List.of())).isSameAs(AllowedHosts.EVERY);
        assertThat(AllowedHosts.EVERY.isEvery()).isTrue();
    }
}
