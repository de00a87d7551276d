package io.weir.server.remotewrite;

import static io.weir.server.remotewrite.ScriptedReceiver.body;
import static io.weir.server.remotewrite.ScriptedReceiver.hang;
import static io.weir.server.remotewrite.ScriptedReceiver.raw;
import static io.weir.server.remotewrite.ScriptedReceiver.rawAndClose;
import static io.weir.server.remotewrite.ScriptedReceiver.status;
import static io.weir.server.remotewrite.ScriptedReceiver.taken;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.remotewrite.RemoteWriteConfig.Tuning;
import io.weir.server.remotewrite.ScriptedReceiver.Answer;
import io.weir.server.remotewrite.ScriptedReceiver.Received;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The cases of the Prometheus remote write 2.0 sender compliance suite that are about answers, by their names: retries,
 * backoff, fallback, answers and failures, against a receiver on a loopback socket. The suite's store of one series is ours.
 */
@Timeout(60)
class ComplianceV2Test {
    private static final String WRITTEN = "X-Prometheus-Remote-Write-Samples-Written: ";

    private ScriptedReceiver receiver;
    private final Snapshots store = Snapshots.empty().gauge("test_metric", "", 42);

    @BeforeEach
    void open() throws IOException {
        receiver = new ScriptedReceiver();
    }

    @AfterEach
    void close() throws IOException {
        receiver.close();
    }

    @ParameterizedTest(name = "no_retry_on_{0}")
    @ValueSource(ints = {400, 401, 404, 413})
    void noRetry(int status) throws Exception {
        receiver.then(body(status, "no"));

        List<Received> requests = requests(Protocol.V2, 3);

        assertThat(times(requests)).doesNotHaveDuplicates();
    }

    @ParameterizedTest(name = "retry_on_{0}")
    @ValueSource(ints = {429, 500, 502, 503, 504})
    void retry(int status) throws Exception {
        receiver.then(body(status, "later"));

        List<Received> requests = lastFlush(2);

        assertThat(requests.get(1).body()).isEqualTo(requests.get(0).body());
    }

    /** exponential_backoff_on_retries, backoff_required and backoff_max_delay; half of a delay is random (backoff_with_jitter). */
    @Test
    void backoff() throws Exception {
        receiver.always(status(503));

        List<Received> requests = lastFlush(6);

        assertThat(requests.stream().map(r -> times(List.of(r)).get(0)).distinct()).hasSize(1);
        for (int i = 1; i < requests.size(); i++) {
            long millis = (requests.get(i).nanos() - requests.get(i - 1).nanos()) / 1_000_000;
            assertThat(millis).isBetween(Math.min(20L << (i - 1), 1_000) / 2 - 2, 60_000L);
        }
    }

    /** fallback_on_415, retry_with_different_version, fallback_header_changes, accept_success_after_fallback, persistent_choice. */
    @Test
    void fallback() throws Exception {
        receiver.always((request, socket) -> (request.isV2() ? body(415, "please use 1.0") : taken()).to(request, socket));

        List<Received> requests = requests(Protocol.AUTO, 8);

        assertThat(requests.get(0).headers())
                .containsEntry("X-Prometheus-Remote-Write-Version", "2.0.0")
                .containsEntry("Content-Type", SteppedWriter.V2_TYPE);
        for (Received later : requests.subList(1, 8)) {
            assertThat(later.headers())
                    .containsEntry("X-Prometheus-Remote-Write-Version", "0.1.0")
                    .containsEntry("Content-Type", "application/x-protobuf");
        }
        assertThat(requests.get(1).decoded()).isEqualTo(requests.get(0).decoded());
        assertThat(times(requests.subList(1, 8))).doesNotHaveDuplicates().isSorted();
    }

    /** no_fallback_on_2xx, handle_200_ok, handle_204_no_content, ignore_response_body_on_success, process_written_count_headers. */
    @ParameterizedTest
    @ValueSource(ints = {200, 204})
    void success(int status) throws Exception {
        receiver.always(status == 200 ? body(200, "ignored", WRITTEN + 1) : status(204, WRITTEN + 1));

        List<Received> requests = requests(Protocol.AUTO, 5);

        assertThat(requests).allMatch(Received::isV2);
        assertThat(times(requests)).doesNotHaveDuplicates().isSorted();
    }

    static Stream<Arguments> answers() {
        return Stream.of(
                Arguments.of("handle_partial_write_response", body(400, "Rejected 1 sample", WRITTEN + 2), false),
                Arguments.of("handle_missing_written_headers", body(400, "Bad request"), false),
                Arguments.of("handle_large_error_body", body(400, "detailed error information; ".repeat(40_000)), false),
                Arguments.of("handle_partial_write", raw("HTTP/1.1 200 OK\r\n" + WRITTEN + "1\r\nContent-Length: 7\r\n\r\npartial"), false),
                Arguments.of("handle_empty_response", body(200, "", WRITTEN + 1), false),
                Arguments.of("handle_timeout", hang(), true),
                Arguments.of("handle_malformed_response", rawAndClose("HTTP/1.1 200 OK\r\nNot valid response headers\r\n\r\n"), false),
                Arguments.of("handle_invalid_status_code", body(599, ""), true),
                Arguments.of("handle_closed_connection", rawAndClose(""), true));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("answers")
    void answer(String name, Answer answer, boolean retried) throws Exception {
        receiver.then(answer);

        List<Received> requests = retried ? lastFlush(2) : requests(Protocol.V2, 2);

        assertThat(times(requests).get(1).equals(times(requests).get(0))).isEqualTo(retried);
    }

    /** dns_resolution_failure and handle_connection_refused. */
    @ParameterizedTest
    @ValueSource(strings = {"http://nonexistent.invalid:9999/api/v1/write", "http://127.0.0.1:1/api/v1/write"})
    void unreachable(String url) throws Exception {
        try (RemoteWrite remoteWrite = start(URI.create(url), Protocol.AUTO, Duration.ofMillis(100))) {
            RemoteWriteStats stats = remoteWrite.stats().get(0);
            PrometheusProcess.poll("requests fail", () -> stats.requests(RemoteWriteStats.Outcome.NETWORK) >= 3);
            assertThat(stats.protocolVersion()).as("not known").isZero();
        }
    }

    /** rw1_version_header, rw1_content_type, rw1_samples_encoding, rw1_labels_encoding, rw1_no_start_timestamp, and so on. */
    @Test
    void rw1() throws Exception {
        List<Received> requests = requests(Protocol.V1, 2);

        assertThat(requests).allSatisfy(r -> {
            assertThat(r.headers())
                    .containsEntry("X-Prometheus-Remote-Write-Version", "0.1.0")
                    .containsEntry("Content-Type", "application/x-protobuf");
            // the decoder of 1.0 refuses every field that 1.0 does not have
            assertThat(r.decoded().keys()).containsExactly("test_metric");
        });
    }

    private List<Received> requests(Protocol protocol, int n) throws InterruptedException {
        return requests(protocol, n, Duration.ofMillis(300), false);
    }

    /** Comes at once, and no other flush takes its place: all of these are tries of one body. */
    private List<Received> lastFlush(int n) throws InterruptedException {
        return requests(Protocol.V2, n, Duration.ofSeconds(30), true);
    }

    private List<Received> requests(Protocol protocol, int n, Duration interval, boolean closing) throws InterruptedException {
        RemoteWrite remoteWrite = start(receiver.url(), protocol, interval);
        try {
            if (closing) {
                Thread closer = new Thread(remoteWrite::close);
                closer.setDaemon(true);
                closer.start();
            }
            List<Received> requests = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                requests.add(receiver.take());
            }
            return requests;
        } finally {
            receiver.always(taken());
            remoteWrite.close();
        }
    }

    private RemoteWrite start(URI url, Protocol protocol, Duration interval) {
        Tuning d = Tuning.DEFAULTS;
        Tuning tuning = new Tuning(
                d.seriesPerRequest(),
                d.bytesPerRequest(),
                d.requestsInFlight(),
                d.connectTimeout(),
                Duration.ofMillis(300),
                Duration.ofMillis(20),
                Duration.ofSeconds(1),
                d.retryAfterMax(),
                d.retryAgeMax(),
                d.triesPerBody(),
                d.splitsPerRequest(),
                d.finalFlush());
        RemoteWriteConfig config =
                new RemoteWriteConfig(url, interval, null, null, null, null, protocol, List.of(), tuning);
        return RemoteWrite.start(
                List.of(config),
                (after, to) -> {
                    to.accept(store.build(after));
                    return true;
                },
                "test");
    }

    /** Of the one sample of each. */
    private static List<Long> times(List<Received> requests) {
        return requests.stream().map(r -> r.decoded().get("test_metric").sample().timestamp()).toList();
    }
}
