package io.weir.server.remotewrite;

import static io.weir.server.remotewrite.ScriptedReceiver.body;
import static io.weir.server.remotewrite.ScriptedReceiver.endless;
import static io.weir.server.remotewrite.ScriptedReceiver.hang;
import static io.weir.server.remotewrite.ScriptedReceiver.raw;
import static io.weir.server.remotewrite.ScriptedReceiver.rawAndClose;
import static io.weir.server.remotewrite.ScriptedReceiver.rawAndReset;
import static io.weir.server.remotewrite.ScriptedReceiver.taken;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.weir.server.remotewrite.RemoteWriteConfig.Header;
import io.weir.server.remotewrite.RemoteWriteConfig.Tuning;
import io.weir.server.remotewrite.RemoteWriteStats.Outcome;
import io.weir.server.remotewrite.ScriptedReceiver.Received;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/** The sender as it runs, against a receiver on a loopback socket. */
@Timeout(60)
@ParameterizedClass
@EnumSource(names = {"V1", "V2"})
class RemoteWriteTest {
    private static final String WRITTEN_ONE = "X-Prometheus-Remote-Write-Samples-Written: 1";
    private static final Duration LONG = Duration.ofMinutes(30);

    private final BlockingQueue<String> log = new LinkedBlockingQueue<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            log.add(event.getFormattedMessage());
        }
    };
    private final Protocol protocol;
    private ScriptedReceiver receiver;
    private volatile Snapshots store = Snapshots.empty();

    RemoteWriteTest(Protocol protocol) {
        this.protocol = protocol;
    }

    @BeforeEach
    void open() throws IOException {
        receiver = new ScriptedReceiver();
        appender.start();
        logger().addAppender(appender);
        logger().setAdditive(false);
    }

    @AfterEach
    void close() throws IOException {
        receiver.close();
        logger().detachAppender(appender);
        logger().setAdditive(true);
        assertThat(log).noneMatch(line -> line.contains("unexpected"));
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger("io.weir.server.remotewrite");
    }

    @Test
    void shouldSendExactlyTheseHeaders() throws Exception {
        store.counter("a", "x=\"1\"", 1);
        RemoteWriteConfig config = new RemoteWriteConfig(
                receiver.url(),
                Duration.ofMillis(100),
                "user",
                new Secret("pass"),
                null,
                null,
                protocol,
                List.of(Header.parse("X-Scope-OrgID: tenant-1")),
                Tuning.DEFAULTS);

        try (RemoteWrite remoteWrite = start(config)) {
            Received first = receiver.take();

            assertThat(first.requestLine()).isEqualTo("POST /api/v1/write?key=query-token HTTP/1.1");
            Map<String, String> expected = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
            expected.put("Host", "127.0.0.1:" + receiver.port());
            expected.put("Content-Length", "" + first.body().length);
            expected.put("Content-Encoding", "snappy");
            expected.put("Content-Type", protocol == Protocol.V1 ? "application/x-protobuf" : SteppedWriter.V2_TYPE);
            expected.put("X-Prometheus-Remote-Write-Version", protocol == Protocol.V1 ? "0.1.0" : "2.0.0");
            expected.put("User-Agent", "Weir/1.2.3");
            expected.put("Authorization", "Basic dXNlcjpwYXNz");
            expected.put("X-Scope-OrgID", "tenant-1");
            assertThat(first.headers()).containsExactlyInAnyOrderEntriesOf(expected);
            assertThat(first.decoded().keys()).containsExactly("a{x=\"1\"}");
            assertThat(remoteWrite.stats().get(0).sink()).isEqualTo("remote_write_0");
        }
    }

    @Test
    void shouldUseItsConnectionAgain() throws Exception {
        store.counter("a", "", 1);
        try (RemoteWrite remoteWrite = start(config())) {
            for (int i = 0; i < 5; i++) {
                receiver.take();
            }
            assertThat(receiver.connections()).isEqualTo(1);
            assertThat(remoteWrite.stats().get(0).requests(Outcome.NETWORK)).isZero();
        }
    }

    @Test
    void shouldGoOnWhenEachAnswerClosesTheConnection() throws Exception {
        store.counter("a", "", 1);
        receiver.always(rawAndClose("HTTP/1.1 200 OK\r\nConnection: close\r\n" + WRITTEN_ONE + "\r\nContent-Length: 2\r\n\r\nok"));
        try (RemoteWrite remoteWrite = start(config())) {
            for (int i = 0; i < 5; i++) {
                receiver.take();
            }
            assertThat(remoteWrite.stats().get(0).requests(Outcome.NETWORK)).isZero();
        }
    }

    static Stream<Arguments> failuresThatPass() {
        return Stream.of(
                Arguments.of("status 500", body(500, "boom")),
                Arguments.of("status 502", body(502, "")),
                Arguments.of("status 503", body(503, "later")),
                Arguments.of("status 429", body(429, "")),
                Arguments.of("status 429 with seconds", body(429, "", "Retry-After: 0")),
                Arguments.of("status 503 with a past date", body(503, "", "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT")),
                Arguments.of("closed without answer", rawAndClose("")),
                Arguments.of("reset without answer", rawAndReset("")),
                Arguments.of("reset in the header", rawAndReset("HTTP/1.1 200 OK\r\nContent-Le")),
                Arguments.of("closed in the header", rawAndClose("HTTP/1.1 200 OK\r\nContent-Le")),
                Arguments.of("reset in the body", rawAndReset("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")),
                Arguments.of("closed in the body", rawAndClose("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")),
                Arguments.of("not HTTP", rawAndClose("220 mail.test ESMTP\r\n")),
                Arguments.of("bad status line", rawAndClose("HTTP/1.1 abc OK\r\n\r\n")),
                Arguments.of("bad length", rawAndClose("HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n")),
                Arguments.of("bad chunk", rawAndClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")),
                Arguments.of("hangs", hang()),
                Arguments.of("hangs in the header", raw("HTTP/1.1 200 OK\r\n")),
                Arguments.of("hangs in the body", raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("failuresThatPass")
    void shouldSendTheSameBytesAgainAfter(String what, ScriptedReceiver.Answer failure) throws Exception {
        store.counter("a", "", 1);
        receiver.then(failure);

        try (RemoteWrite remoteWrite = start(config(receiver.url(), LONG, Duration.ofMillis(300)))) {
            flush(remoteWrite);
            Received first = receiver.take();
            Received second = receiver.take();

            assertThat(second.body()).isEqualTo(first.body());
            assertThat(log.take()).startsWith("remote_write_0 (127.0.0.1): ");
            assertThat(log.poll(10, TimeUnit.SECONDS)).contains("delivering again after 1 failed requests");
            RemoteWriteStats stats = remoteWrite.stats().get(0);
            assertThat(stats.retries()).isEqualTo(1);
            assertThat(stats.samplesSent()).isEqualTo(1);
            assertThat(stats.lastSuccessMillis()).isPositive();
        }
    }

    @Test
    void shouldWaitForTheSecondsOfRetryAfter() throws Exception {
        store.counter("a", "", 1);
        receiver.then(body(429, "slow down", "Retry-After: 1"));

        try (RemoteWrite remoteWrite = start(config(receiver.url(), LONG, Duration.ofSeconds(1)))) {
            flush(remoteWrite);
            Received first = receiver.take();
            Received second = receiver.take();

            assertThat(second.nanos() - first.nanos()).isBetween(990_000_000L, 3_000_000_000L);
        }
    }

    /** Does not wait for the interval: closing flushes at once. */
    private static void flush(RemoteWrite remoteWrite) {
        Thread closer = new Thread(remoteWrite::close);
        closer.setDaemon(true);
        closer.start();
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                Arguments.of(400, DropReason.REFUSED),
                Arguments.of(409, DropReason.REFUSED),
                Arguments.of(413, DropReason.TOO_LARGE),
                Arguments.of(401, DropReason.UNAUTHORIZED),
                Arguments.of(403, DropReason.UNAUTHORIZED),
                Arguments.of(404, DropReason.ENDPOINT),
                Arguments.of(415, DropReason.ENDPOINT),
                Arguments.of(302, DropReason.ENDPOINT));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void shouldNotSendAgainWhatWasRefused(int status, DropReason reason) throws Exception {
        store.counter("a", "", 1);
        receiver.then(body(status, "no", "Location: http://127.0.0.1:" + receiver.port() + "/elsewhere"));

        try (RemoteWrite remoteWrite = start(config())) {
            Received first = receiver.take();
            Received second = receiver.take();

            long before = first.decoded().get("a").sample().timestamp();
            assertThat(second.decoded().get("a").sample().timestamp()).isGreaterThan(before);
            assertThat(second.requestLine()).startsWith("POST /api/v1/write");
            assertThat(remoteWrite.stats().get(0).dropped(reason)).isEqualTo(1);
            assertThat(remoteWrite.stats().get(0).retries()).isZero();
        }
        assertThat(log.take()).contains("answer " + status, status == 302 ? "not followed" : "'no'");
    }

    @Test
    void shouldReadNoMoreOfAnAnswerThanItNeeds() throws Exception {
        store.counter("a", "", 1);
        receiver.then(endless(400, "X-Any: 1"), endless(200, WRITTEN_ONE), body(200, "x".repeat(1 << 20), WRITTEN_ONE));

        try (RemoteWrite remoteWrite = start(config())) {
            for (int i = 0; i < 4; i++) {
                receiver.take();
            }
            RemoteWriteStats stats = remoteWrite.stats().get(0);
            assertThat(stats.dropped(DropReason.REFUSED)).isEqualTo(1);
            assertThat(stats.samplesSent()).isGreaterThanOrEqualTo(2);
            assertThat(stats.requests(Outcome.NETWORK)).isZero();
        }
        assertThat(log.take()).hasSizeLessThan(ReceiverText.CHARS_MAX + 200);
    }

    @Test
    void shouldNotShowSecretsOrForgedLinesInItsLog() throws Exception {
        store.counter("a", "", 1);
        receiver.always(body(
                400,
                "bad\r\n2026-11-20 ERROR forged \u001b[31m\u2028 user:pa55word dXNlcjpwYTU1d29yZA== tenant-key query-token"
                        + " /0123456789abcdef/"));
        RemoteWriteConfig config = new RemoteWriteConfig(
                URI.create("http://127.0.0.1:" + receiver.port() + "/push/0123456789abcdef/write?key=query-token"),
                Duration.ofMillis(100),
                "user",
                new Secret("pa55word"),
                null,
                null,
                protocol,
                List.of(Header.parse("X-Key: tenant-key")),
                Tuning.DEFAULTS);

        try (RemoteWrite remoteWrite = start(config)) {
            String line = log.poll(10, TimeUnit.SECONDS);
            assertThat(line)
                    .contains("remote_write_0 (127.0.0.1): answer 400 'bad\\u000d\\n2026-11-20 ERROR forged \\u001b[31m\\u2028")
                    .contains("1 series dropped, the first is a")
                    .doesNotContain("pa55word", "dXNlcjpwYTU1d29yZA==", "tenant-key", "query-token", "89abcdef", "\n", "\u001b");
            for (int i = 0; i < 4; i++) {
                receiver.take();
            }
            assertThat(log).as("one line in half a minute").isEmpty();
            assertThat(remoteWrite.stats().get(0).dropped(DropReason.REFUSED)).isGreaterThanOrEqualTo(3);
        }
    }

    @Test
    void shouldReachAReceiverThatComesLater() throws Exception {
        store.counter("a", "", 1);
        int port = receiver.port();
        receiver.close();

        try (RemoteWrite remoteWrite = start(config())) {
            assertThat(log.poll(10, TimeUnit.SECONDS)).contains("ConnectException");
            store = Snapshots.empty().counter("a", "", 2);
            receiver = new ScriptedReceiver(port);
            Received request = receiver.take();
            while (request.decoded().get("a").sample().value() != 2) {
                request = receiver.take();
            }
            assertThat(log.poll(10, TimeUnit.SECONDS)).contains("delivering again");
            assertThat(remoteWrite.stats().get(0).requests(Outcome.NETWORK)).isPositive();
        }
    }

    @Test
    void shouldServeAnEndpointBesideADeadOne() throws Exception {
        store.counter("a", "", 1);
        try (ScriptedReceiver dead = new ScriptedReceiver()) {
            dead.always(hang());
            try (RemoteWrite remoteWrite = start(
                    config(dead.url(), Duration.ofMillis(100), Duration.ofMillis(200)), config())) {
                for (int i = 0; i < 10; i++) {
                    receiver.take();
                }
                dead.take();
                assertThat(remoteWrite.stats().get(0).samplesSent()).isZero();
                assertThat(remoteWrite.stats().get(1).samplesSent()).isGreaterThanOrEqualTo(9);
                assertThat(remoteWrite.stats().get(1).sink()).isEqualTo("remote_write_1");
            }
        }
    }

    @Test
    void shouldFlushOnceMoreWhenItIsClosed() throws Exception {
        store.counter("a", "", 1);
        RemoteWrite remoteWrite = start(config(receiver.url(), Duration.ofHours(1), Duration.ofSeconds(1)));

        remoteWrite.close();

        assertThat(receiver.take().decoded().keys()).containsExactly("a");
        assertThat(remoteWrite.stats().get(0).samplesSent()).isEqualTo(1);
        assertThat(threads()).isEmpty();
    }

    @Test
    void shouldEndInTimeWhenTheReceiverHangs() {
        store.counter("a", "", 1);
        receiver.always(hang());
        RemoteWrite remoteWrite = start(config(receiver.url(), Duration.ofHours(1), Duration.ofSeconds(20)));

        long begin = System.nanoTime();
        remoteWrite.close();

        assertThat(System.nanoTime() - begin).isBetween(900_000_000L, 4_000_000_000L);
        assertThat(remoteWrite.stats().get(0).dropped(DropReason.SHUTDOWN)).isEqualTo(1);
        assertThat(threads()).isEmpty();
    }

    @Test
    void shouldStartNothingWithoutEndpoints() {
        try (RemoteWrite remoteWrite = RemoteWrite.start(List.of(), (after, to) -> false, "1.2.3")) {
            assertThat(remoteWrite.stats()).isEmpty();
            assertThat(threads()).isEmpty();
        }
    }

    @Test
    void shouldKeepTheOrderOfEachSeriesWhenAnswersAreSlow() throws Exception {
        store.counters("a", 1_000, 0);
        Random random = new Random(7);
        receiver.always((request, socket) -> {
            long until = System.nanoTime() + random.nextInt(60) * 1_000_000L;
            while (System.nanoTime() < until) {
                LockSupport.parkNanos(until - System.nanoTime());
            }
            return taken().to(request, socket);
        });
        Tuning many = SteppedWriter.tuning(100, 4);
        RemoteWriteConfig config = new RemoteWriteConfig(
                receiver.url(), Duration.ofMillis(100), null, null, null, null, protocol, List.of(), many);

        Map<String, Long> last = new HashMap<>();
        try (RemoteWrite remoteWrite = start(config)) {
            for (int i = 0; i < 60; i++) {
                for (Decoded.Series s : receiver.take().decoded().series()) {
                    Long before = last.put(s.key(), s.sample().timestamp());
                    assertThat(before == null || before < s.sample().timestamp()).isTrue();
                }
            }
            assertThat(remoteWrite.stats().get(0).requests(Outcome.REFUSED)).isZero();
        }
        assertThat(last).hasSize(1_000);
    }

    private RemoteWrite start(RemoteWriteConfig... configs) {
        return RemoteWrite.start(
                List.of(configs),
                (after, to) -> {
                    to.accept(store.build(after));
                    return true;
                },
                "1.2.3");
    }

    private RemoteWriteConfig config() {
        return config(receiver.url(), Duration.ofMillis(100), Duration.ofSeconds(2));
    }

    private RemoteWriteConfig config(URI url, Duration interval, Duration requestTimeout) {
        Tuning d = Tuning.DEFAULTS;
        Tuning quick = new Tuning(
                d.seriesPerRequest(),
                d.bytesPerRequest(),
                d.requestsInFlight(),
                d.connectTimeout(),
                requestTimeout,
                Duration.ofMillis(20),
                Duration.ofMillis(200),
                d.retryAfterMax(),
                d.retryAgeMax(),
                d.triesPerBody(),
                d.splitsPerRequest(),
                Duration.ofSeconds(interval.equals(LONG) ? 5 : 1));
        return new RemoteWriteConfig(url, interval, null, null, null, null, protocol, List.of(), quick);
    }

    private static List<String> threads() {
        List<String> names = new ArrayList<>();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().equals("weir-outputs")) {
                names.add(thread.getName());
            }
        }
        return names;
    }
}
