package io.weir.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Limits;
import io.weir.server.LeakGuard;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a client sees on a real socket. */
@ExtendWith(LeakGuard.class)
class HttpFrontTest {
    private static final String HOST = "Host: localhost\r\n";
    private static final String OK =
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nok";

    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = new TestServer(Limits.DEFAULTS);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void shouldAnswerByteForByte() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("GET /ok HTTP/1.1\r\n" + HOST + "\r\n");
            assertThat(client.read(OK.length())).isEqualTo(OK);
        }
    }

    @Test
    void shouldKeepTheConnectionBetweenRequests() throws Exception {
        try (RawClient client = server.connect()) {
            for (int i = 0; i < 100; i++) {
                client.send("POST /ok HTTP/1.1\r\n" + HOST + "Content-Length: 3\r\n\r\nabc");
                assertThat(client.answer()).isEqualTo(OK);
            }
        }
    }

    @Test
    void shouldAnswerPipelinedRequestsInOrder() throws Exception {
        try (RawClient client = server.connect()) {
            StringBuilder requests = new StringBuilder();
            for (int i = 0; i < 500; i++) {
                requests.append("GET /under/").append(i).append(" HTTP/1.1\r\n" + HOST + "\r\n");
            }
            client.send(requests.toString());
            for (int i = 0; i < 500; i++) {
                assertThat(client.answer()).endsWith("\r\n\r\n" + i);
            }
        }
    }

    @Test
    void shouldHoldLaterRequestsUntilALateAnswerIsOut() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("GET /later HTTP/1.1\r\n" + HOST + "\r\nGET /ok HTTP/1.1\r\n" + HOST + "\r\n");
            Responder responder = server.doors.later.take();
            responder.later(() -> responder.send(Answer.text(200, "late")));
            assertThat(client.answer()).endsWith("late");
            assertThat(client.answer()).isEqualTo(OK);
        }
    }

    @Test
    void shouldStreamInChunks() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("GET /stream?blocks=3 HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n");
            String expected = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
                    + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                    + "3e8\r\n" + TestDoors.block(0) + "\r\n3e8\r\n" + TestDoors.block(1) + "\r\n3e8\r\n"
                    + TestDoors.block(2) + "\r\n0\r\n\r\n";
            assertThat(client.readToEnd()).isEqualTo(expected);
        }
    }

    @Test
    void shouldTakeABodySplitAtEveryByte() throws Exception {
        String request = "POST /lines HTTP/1.1\r\n" + HOST + "Content-Length: 11\r\n\r\none\ntwo\nend";
        try (RawClient client = server.connect()) {
            for (int cut = 1; cut < request.length(); cut++) {
                client.send(request.substring(0, cut));
                client.send(request.substring(cut));
                assertThat(client.answer()).endsWith("\r\n\r\n[one][two]<end>");
            }
        }
    }

    @Test
    void shouldSayWhatExistsWhenNothingIsThere() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("GET /nowhere HTTP/1.1\r\n" + HOST + "\r\n");
            assertThat(client.answer()).startsWith("HTTP/1.1 404 Not Found\r\n").contains("GET|HEAD|POST /ok");
            client.send("DELETE /ok HTTP/1.1\r\n" + HOST + "\r\n");
            assertThat(client.answer())
                    .startsWith("HTTP/1.1 405 Method Not Allowed\r\n")
                    .contains("Allow: GET, HEAD, POST, OPTIONS\r\n");
        }
    }

    @Test
    void shouldCountRequests() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("PUT /echo HTTP/1.1\r\n" + HOST + "Content-Length: 1\r\n\r\nx");
            client.answer();
            assertThat(server.metric("weir_http_requests_total{handler=\"echo\",method=\"PUT\",code=\"200\"}"))
                    .isEqualTo(1);
        }
    }
}
