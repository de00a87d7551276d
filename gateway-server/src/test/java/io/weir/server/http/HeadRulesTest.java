package io.weir.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Limits;
import io.weir.server.LeakGuard;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every rule for request heads, over a socket: one answer, the right status, and the connection ends. */
@ExtendWith(LeakGuard.class)
class HeadRulesTest {
    private static final String H = "Host: a\r\n";

    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = new TestServer(Limits.DEFAULTS);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                // Host
                row(400, "bad_host", "GET /ok HTTP/1.1\r\n\r\n"),
                row(400, "bad_host", "GET /ok HTTP/1.1\r\n" + H + H + "\r\n"),
                row(400, "bad_host", "GET /ok HTTP/1.0\r\n" + H + H + "\r\n"),
                row(400, "bad_host", "GET /ok HTTP/1.1\r\nHost: a b\r\n\r\n"),
                row(400, "bad_host", "GET /ok HTTP/1.1\r\nHost: a/b\r\n\r\n"),
                row(400, "bad_host", "GET /ok HTTP/1.1\r\nHost: user@a\r\n\r\n"),
                row(400, "bad_host", "GET /ok HTTP/1.1\r\nHost: a:80:80\r\n\r\n"),
                row(400, "bad_host", "GET /ok HTTP/1.1\r\nHost: a:x\r\n\r\n"),
                row(400, "bad_host", "GET /ok HTTP/1.1\r\nHost: [::1\r\n\r\n"),
                row(400, "bad_host", "GET /ok HTTP/1.1\r\nHost: :80\r\n\r\n"),
                // version
                row(505, "version", "GET /ok HTTP/9.9\r\n" + H + "\r\n"),
                row(505, "version", "GET /ok HTTP/2.0\r\n" + H + "\r\n"),
                row(505, "version", "GET /ok HTTP/1.2\r\n" + H + "\r\n"),
                row(505, "version", "GET /ok HTTP/0.9\r\n" + H + "\r\n"),
                row(400, null, "GET /ok ICAP/1.0\r\n" + H + "\r\n"),
                // method
                row(501, "method", "TRACE /ok HTTP/1.1\r\n" + H + "\r\n"),
                row(501, "method", "CONNECT a:80 HTTP/1.1\r\n" + H + "\r\n"),
                row(501, "method", "get /ok HTTP/1.1\r\n" + H + "\r\n"),
                row(501, "method", "! /ok HTTP/1.1\r\n" + H + "\r\n"),
                // target
                row(400, "bad_target", "GET ok HTTP/1.1\r\n" + H + "\r\n"),
                row(400, "bad_target", "GET * HTTP/1.1\r\n" + H + "\r\n"),
                row(400, "bad_target", "GET /ok#x HTTP/1.1\r\n" + H + "\r\n"),
                row(400, "bad_target", "GET /ok\u00e9 HTTP/1.1\r\n" + H + "\r\n"),
                row(400, "bad_target", "GET http:///ok HTTP/1.1\r\n" + H + "\r\n"),
                row(400, "bad_target", "GET http://u@a/ok HTTP/1.1\r\n" + H + "\r\n"),
                // lengths
                row(400, "bad_length", "POST /ok HTTP/1.1\r\n" + H + "Content-Length: 010\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Content-Length: +1\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Content-Length: -1\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Content-Length: 1 1\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Content-Length: 0x1\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Content-Length:\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Content-Length: 1,1\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.0\r\n" + H + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Content-Length: 99999999999999999999\r\n\r\n"),
                row(400, "bad_length", "GET /ok HTTP/1.1\r\n" + H + "Sec-WebSocket-Key1: 1\r\nSec-WebSocket-Key2: 2\r\n\r\n"),
                // transfer codings
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked, chunked\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Transfer-Encoding: ,chunked\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Transfer-Encoding: xchunked\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked, xchunked\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Transfer-Encoding: gzip, chunked\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Transfer-Encoding: identity\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Transfer-Encoding:\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.0\r\n" + H + "Transfer-Encoding: chunked\r\n\r\n"),
                row(400, null, "POST /ok HTTP/1.1\r\n" + H + "Transfer-Encoding : chunked\r\n\r\n"),
                // content codings
                row(415, "content_encoding", "POST /ok HTTP/1.1\r\n" + H + "Content-Encoding: br\r\n\r\n"),
                row(415, "content_encoding", "POST /ok HTTP/1.1\r\n" + H + "Content-Encoding: gzip, gzip\r\n\r\n"),
                row(415, "content_encoding",
                        "POST /ok HTTP/1.1\r\n" + H + "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n"),
                // expectations
                row(417, "expectation", "POST /ok HTTP/1.1\r\n" + H + "Expect: a-miracle\r\nContent-Length: 1\r\n\r\n"),
                // sizes
                row(413, "body_too_large", "POST /ok HTTP/1.1\r\n" + H + "Content-Length: 16777217\r\n\r\n"),
                row(413, "body_too_large", "POST /ok HTTP/1.1\r\n" + H + "Content-Length: 99999999999\r\n\r\n"),
                row(431, "headers_too_large", "GET /ok HTTP/1.1\r\n" + H + "X: y\r\n".repeat(100) + "\r\n"),
                row(431, "headers_too_large", "GET /ok HTTP/1.1\r\n" + H + "X: " + "y".repeat(9_000) + "\r\n\r\n"),
                row(414, "uri_too_long", "GET /" + "x".repeat(8_192) + " HTTP/1.1\r\n" + H + "\r\n"),
                row(414, "uri_too_long", "GET /" + "x".repeat(9_000) + " HTTP/1.1\r\n" + H + "\r\n"),
                row(414, "too_many_parameters", "GET /ok?" + "a&".repeat(64) + " HTTP/1.1\r\n" + H + "\r\n"),
                // grammar
                row(400, "bad_request", "GET /ok HTTP/1.1\r\n" + H + "no colon\r\n\r\n"),
                row(400, "bad_request", "GET /ok HTTP/1.1\r\n" + H + "a b: c\r\n\r\n"),
                row(400, null, "GET /ok HTTP/1.1\r\n" + H + " folded: c\r\n\r\n"),
                row(400, "bad_request", "GET /ok HTTP/1.1\r\n" + H + "X: y\r\n folded: c\r\n\r\n"),
                row(400, "bad_request", "GET /ok HTTP/1.1\r\n" + H + "X: y\r\n\tContent-Length: 9\r\n\r\n"),
                row(400, "bad_request", "GET /ok HTTP/1.1\r\n" + H + "X: y\r\n \r\n\r\n"),
                row(400, "bad_request", " GET /ok HTTP/1.1\r\n" + H + "\r\n"),
                row(400, "bad_request", "\nGET /ok HTTP/1.1\r\n" + H + "\r\n"),
                row(400, "bad_request", "\rGET /ok HTTP/1.1\r\n" + H + "\r\n"),
                row(400, "bad_request", "\r\n\r\r\nGET /ok HTTP/1.1\r\n" + H + "\r\n"),
                row(400, "bad_request", "GET /ok http/1.1\r\n" + H + "\r\n"),
                row(400, null, "GET /ok\r\n" + H + "\r\n"),
                row(400, null, "GET  /ok HTTP/1.1\r\n" + H + "\r\n"),
                row(400, null, "GET /ok  HTTP/1.1\r\n" + H + "\r\n"),
                row(400, null, "GET\t/ok HTTP/1.1\r\n" + H + "\r\n"),
                row(400, null, "GET /ok HTTP/1.1 \r\n" + H + "\r\n"),
                row(400, null, "GET /ok HTTP/1.1\r\nHost : a\r\n\r\n"),
                row(400, null, "GET /ok HTTP/1.1\r\n" + H + "X: a\u0000b\r\n\r\n"),
                row(400, null, "GET /ok HTTP/1.1\r\n" + H + "X: a\rb\r\n\r\n"),
                row(400, null, "GET /ok HTTP/1.1\n" + H + "\r\n"),
                row(400, null, "\u0000GET /ok HTTP/1.1\r\n" + H + "\r\n"),
                row(505, "version", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    }

    static Stream<Arguments> accepted() {
        return Stream.of(
                row(200, null, "\r\nGET /ok HTTP/1.1\r\n" + H + "\r\n"),
                row(200, null, "GET /ok HTTP/1.1\r\nHost:\r\n\r\n"),
                row(200, null, "GET /ok HTTP/1.1\r\nHost: [::1]:9091\r\n\r\n"),
                row(200, null, "GET /ok HTTP/1.1\r\nhOsT: example.org:80\r\n\r\n"),
                row(200, null, "GET /ok HTTP/1.1\r\nHost: 127.0.0.1:\r\n\r\n"),
                row(200, null, "GET http://other:81/ok HTTP/1.1\r\n" + H + "\r\n"),
                row(200, null, "GET /ok?a=1&b HTTP/1.1\r\n" + H + "\r\n"),
                row(200, null, "GET /ok?" + "a&".repeat(63) + " HTTP/1.1\r\n" + H + "\r\n"),
                row(200, null, "GET /ok HTTP/1.1\r\n" + H + "X: y\r\n".repeat(99) + "\r\n"),
                row(200, null, "GET /ok?" + "x".repeat(8_192 - 4) + " HTTP/1.1\r\n" + H + "\r\n"),
                row(204, null, "OPTIONS * HTTP/1.1\r\n" + H + "\r\n"),
                row(204, null, "OPTIONS /ok HTTP/1.1\r\n" + H + "\r\n"),
                row(200, null, "POST /ok HTTP/1.1\r\n" + H + "Content-Length: 0\r\n\r\n"),
                row(200, null, "POST /ok HTTP/1.1\r\n" + H + "Content-Encoding: Identity\r\nContent-Length: 1\r\n\r\nx"),
                row(200, null, "POST /ok HTTP/1.1\r\n" + H + "Transfer-Encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void shouldRefuseOnceAndClose(int status, String reason, String request) throws Exception {
        double before = reason == null ? 0 : rejected(reason);
        try (RawClient client = server.connect()) {
            client.send(request + "GET /ok HTTP/1.1\r\n" + H + "\r\n");
            String answer = client.readToEnd();

            assertThat(answer).startsWith("HTTP/1.1 " + status + " ").contains("\r\nConnection: close\r\n");
            assertThat(answer.split("HTTP/1.1 [0-9]{3} ", -1)).as("one answer").hasSize(2);
        }
        if (reason != null) {
            assertThat(rejected(reason)).isEqualTo(before + 1);
        }
    }

    @ParameterizedTest
    @MethodSource("accepted")
    void shouldAcceptAndKeepTheConnection(int status, String reason, String request) throws Exception {
        try (RawClient client = server.connect()) {
            for (int i = 0; i < 2; i++) {
                client.send(request);
                assertThat(client.answer()).startsWith("HTTP/1.1 " + status + " ").doesNotContain("Connection:");
            }
        }
    }

    @Test
    void shouldExplainEachRefusalInOneLine() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("GET /ok HTTP/1.1\r\n\r\n");
            assertThat(client.readToEnd())
                    .isEqualTo("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
                            + "X-Content-Type-Options: nosniff\r\n"
                            + "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                            + "Content-Length: 45\r\nConnection: close\r\n\r\n"
                            + "a request needs exactly one valid Host field\n");
        }
    }

    @Test
    void shouldAskForTheBodyOnlyWhenTheHeadIsGood() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("POST /echo HTTP/1.1\r\n" + H + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
            assertThat(client.read(25)).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
            client.send("abc");
            assertThat(client.answer()).endsWith("\r\n\r\nabc");

            client.send("POST /echo HTTP/1.1\r\n" + H + "Expect: 100-continue\r\nContent-Length: 16777217\r\n\r\n");
            assertThat(client.readToEnd()).startsWith("HTTP/1.1 413 ");
        }
    }

    private static double rejected(String reason) {
        return server.metric("weir_http_rejected_total{reason=\"" + reason + "\"}");
    }

    private static Arguments row(int status, String reason, String request) {
        return Arguments.of(status, reason, request);
    }
}
