package io.weir.server.remotewrite;

import static io.weir.server.remotewrite.ScriptedTransport.answer;
import static io.weir.server.remotewrite.ScriptedTransport.fail;
import static io.weir.server.remotewrite.ScriptedTransport.never;
import static io.weir.server.remotewrite.ScriptedTransport.refusing;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.MetricType;
import io.weir.server.remotewrite.RemoteWriteConfig.Header;
import io.weir.server.remotewrite.RemoteWriteConfig.Tuning;
import io.weir.server.remotewrite.RemoteWriteStats.Outcome;
import io.weir.server.remotewrite.Transport.Reply;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.agrona.concurrent.CachedEpochClock;
import org.agrona.concurrent.CachedNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps the writer by hand against a scripted transport: no thread, no network, no real time. */
class RemoteWriterTest {
    private static final long START = 1_700_000_000_000L;
    private static final long INTERVAL = 15_000;

    private final CachedEpochClock epochClock = new CachedEpochClock();
    private final CachedNanoClock nanoClock = new CachedNanoClock();
    private final ScriptedTransport transport = new ScriptedTransport();
    private final List<Consumer<Snapshot>> heldBack = new ArrayList<>();
    private Snapshots store = Snapshots.empty();
    private boolean holdBack;
    private boolean isStoreBusy;
    private int snapshots;
    private Tuning tuning = Tuning.DEFAULTS;
    private RemoteWriteConfig config = config(tuning);
    private RemoteWriter writer = start();

    // a flush

    @Test
    void shouldSendNothingBeforeTheIntervalHasPassed() {
        store.counter("a", "", 1);

        pass(INTERVAL - 1);
        assertThat(transport.posts).isEmpty();

        pass(1);
        assertThat(transport.posts).hasSize(1);
        assertThat(transport.request(0).get("a").sample()).isEqualTo(sample(1, START + INTERVAL));
    }

    @Test
    void shouldSendNothingWhenThereIsNothing() {
        pass(INTERVAL * 5);

        assertThat(transport.posts).isEmpty();
        assertThat(snapshots).isEqualTo(5);
        assertThat(writer.stats().flushes()).isZero();
        assertThat(writer.stats().lagSeconds(epochClock.time())).isZero();
    }

    @Test
    void shouldSendTheSameSeriesAgainEachInterval() {
        store.counter("a", "", 1);

        pass(INTERVAL * 3);

        assertThat(transport.posts).hasSize(3);
        assertThat(timestamps()).containsExactly(START + INTERVAL, START + 2 * INTERVAL, START + 3 * INTERVAL);
        assertThat(writer.stats().samplesSent()).isEqualTo(3);
        assertThat(writer.stats().requests(Outcome.SUCCESS)).isEqualTo(3);
    }

    @Test
    void shouldSendOneTimestampInAllRequestsOfAFlush() {
        store.counters("a", 5000, 0);

        pass(INTERVAL);

        assertThat(transport.posts).hasSize(3);
        assertThat(transport.request(0).series()).hasSize(2000);
        assertThat(transport.seriesFrom(0)).hasSize(5000).allMatch(s -> s.sample().timestamp() == START + INTERVAL);
        assertThat(transport.seriesFrom(0).stream().map(Decoded.Series::key)).doesNotHaveDuplicates();
    }

    @Test
    void shouldKeepTimestampsRisingWhenTheClockGoesBack() {
        store.counter("a", "", 1);
        pass(INTERVAL);

        epochClock.update(START - 3_600_000);
        nanoClock.advance(INTERVAL * 1_000_000);
        run();

        assertThat(timestamps()).containsExactly(START + INTERVAL, START + INTERVAL + 1);
    }

    @Test
    void shouldSendNoMoreRequestsAtOnceThanAllowed() {
        restart(tuning(2000, 2));
        store.counters("a", 9000, 0);
        transport.always(never());

        pass(INTERVAL);
        assertThat(transport.posts).hasSize(2);
        assertThat(writer.stats().pendingSeries()).isEqualTo(9000);
        assertThat(writer.stats().pendingBytes()).isPositive();

        succeed(0);
        assertThat(transport.posts).hasSize(3);
        assertThat(writer.stats().pendingSeries()).isEqualTo(7000);
    }

    @Test
    void shouldFinishASlowFlushBeforeTheNext() {
        store.counter("a", "", 1);
        transport.then(never());

        pass(INTERVAL + INTERVAL + 4_000);
        assertThat(transport.posts).hasSize(1);

        succeed(0);
        assertThat(timestamps()).containsExactly(START + INTERVAL, START + 2 * INTERVAL + 4_000);
        // the rhythm stays
        pass(INTERVAL - 4_000);
        assertThat(timestamps()).hasSize(3).last().isEqualTo(START + 3 * INTERVAL);
    }

    @Test
    void shouldAskAgainWhenTheStoreIsBusy() {
        store.counter("a", "", 1);
        isStoreBusy = true;
        pass(INTERVAL + 500);
        assertThat(transport.posts).isEmpty();

        isStoreBusy = false;
        pass(100);
        assertThat(transport.posts).hasSize(1);
    }

    @Test
    void shouldWaitForASnapshotThatTakesItsTime() {
        store.counter("a", "", 1);
        holdBack = true;
        pass(INTERVAL * 3);
        assertThat(snapshots).isEqualTo(1);

        heldBack.get(0).accept(store.build());
        run();
        assertThat(transport.posts).hasSize(1);
    }

    // headers

    @Test
    void shouldSendTheHeadersOfTheProtocol() {
        store.counter("a", "", 1);

        pass(INTERVAL);

        assertThat(headers(0))
                .containsEntry("Content-Encoding", "snappy")
                .containsEntry("Content-Type", "application/x-protobuf")
                .containsEntry("X-Prometheus-Remote-Write-Version", "0.1.0")
                .containsEntry("User-Agent", "Weir/test")
                .hasSize(4);
    }

    @Test
    void shouldReadAPasswordFileAgainForEachFlush(@TempDir Path dir) throws IOException {
        Path file = Files.writeString(dir.resolve("password"), "first\n");
        restart(new RemoteWriteConfig(
                config.url(),
                config.interval(),
                "user",
                null,
                file,
                null,
                List.of(Header.parse("X-Scope-OrgID: tenant-1")),
                tuning));
        store.counter("a", "", 1);

        pass(INTERVAL);
        Files.writeString(file, "second");
        pass(INTERVAL);

        assertThat(headers(0))
                .containsEntry("Authorization", "Basic dXNlcjpmaXJzdA==")
                .containsEntry("X-Scope-OrgID", "tenant-1");
        assertThat(headers(1)).containsEntry("Authorization", "Basic dXNlcjpzZWNvbmQ=");
    }

    @Test
    void shouldReadATokenFileAgainForEachFlushAndSkipThoseWithoutOne(@TempDir Path dir) throws IOException {
        Path file = Files.writeString(dir.resolve("token"), "t1");
        restart(new RemoteWriteConfig(config.url(), config.interval(), null, null, null, file, List.of(), tuning));
        store.counter("a", "", 1);
        pass(INTERVAL);
        assertThat(headers(0)).containsEntry("Authorization", "Bearer t1");

        Files.delete(file);
        pass(INTERVAL);
        assertThat(transport.posts).hasSize(1);
        assertThat(writer.stats().dropped(DropReason.CREDENTIALS)).isEqualTo(1);
        assertThat(writer.stats().failedFlushes()).isEqualTo(1);

        Files.writeString(file, "t2\r\n");
        pass(INTERVAL);
        assertThat(headers(1)).containsEntry("Authorization", "Bearer t2");
    }

    // retries

    @ParameterizedTest
    @ValueSource(ints = {429, 500, 502, 503, 504, 599})
    void shouldSendTheSameBytesAgainWhenTheReceiverFails(int status) {
        store.counter("a", "", 1);
        transport.then(status, status);

        pass(INTERVAL + 1_000);

        assertThat(transport.posts).hasSize(3);
        assertThat(transport.posts.get(1).body()).isEqualTo(transport.posts.get(0).body());
        assertThat(transport.posts.get(2).body()).isEqualTo(transport.posts.get(0).body());
        assertThat(writer.stats().retries()).isEqualTo(2);
        assertThat(writer.stats().samplesSent()).isEqualTo(1);
        assertThat(writer.stats().requests(status == 429 ? Outcome.THROTTLED : Outcome.SERVER_ERROR)).isEqualTo(2);
    }

    @Test
    void shouldSendTheSameBytesAgainWhenTheNetworkFails() {
        store.counter("a", "", 1);
        transport.then(fail(new ConnectException("refused"))).then(post -> {
            throw new IllegalStateException("no client");
        });

        pass(INTERVAL + 1_000);

        assertThat(transport.posts).hasSize(3);
        assertThat(writer.stats().requests(Outcome.NETWORK)).isEqualTo(2);
        assertThat(writer.stats().samplesSent()).isEqualTo(1);
    }

    @Test
    void shouldGiveUpAnExchangeThatHangs() {
        restart(new RemoteWriteConfig(
                config.url(), Duration.ofMinutes(2), null, null, null, null, List.of(), tuning));
        store.counter("a", "", 1);
        transport.then(never());

        pass(120_000 + 30_000 - 1);
        assertThat(transport.replies.get(0)).isNotCancelled();

        pass(1_000);
        assertThat(transport.replies.get(0)).isCancelled();
        assertThat(transport.posts).hasSize(2);
        assertThat(transport.posts.get(1).body()).isEqualTo(transport.posts.get(0).body());
    }

    @Test
    void shouldWaitLongerAfterEachFailureAndNeverTooLong() {
        restart(new RemoteWriteConfig(
                config.url(), Duration.ofHours(1), null, null, null, null, List.of(), tuning));
        store.counter("a", "", 1);
        transport.always(503);

        pass(3_600_000 - 1);
        List<Long> times = new ArrayList<>();
        for (int i = 0; i < 150_000; i += 5) {
            int before = transport.posts.size();
            pass(5);
            if (transport.posts.size() > before) {
                times.add(epochClock.time());
            }
        }

        List<Long> gaps = new ArrayList<>();
        for (int i = 1; i < times.size(); i++) {
            gaps.add(times.get(i) - times.get(i - 1));
        }
        assertThat(gaps).hasSizeGreaterThan(9);
        for (int i = 0; i < gaps.size(); i++) {
            long most = Math.min(30_000, 250L << i);
            assertThat(gaps.get(i)).as("gap " + i).isBetween(most / 2, most + 5);
        }
        assertThat(gaps.stream().distinct().count()).isGreaterThan(5);
    }

    @Test
    void shouldHonourRetryAfterInSeconds() {
        store.counter("a", "", 1);
        transport.then(answer(429, "7"));

        pass(INTERVAL + 6_900);
        assertThat(transport.posts).hasSize(1);

        pass(1_000);
        assertThat(transport.posts).hasSize(2);
        assertThat(transport.posts.get(1).body()).isEqualTo(transport.posts.get(0).body());
    }

    @Test
    void shouldHonourRetryAfterAsADate() {
        store.counter("a", "", 1);
        // START is Tue, 14 Nov 2023 22:13:20 GMT; the flush is 15 s later
        transport.then(answer(503, "Tue, 14 Nov 2023 22:13:40 GMT"));

        pass(INTERVAL + 4_900);
        assertThat(transport.posts).hasSize(1);

        pass(700);
        assertThat(transport.posts).hasSize(2);
    }

    @Test
    void shouldNotLetRetryAfterSilenceItForEver() {
        store.counter("a", "", 1);
        transport.then(answer(503, "99999999"));

        pass(INTERVAL + 299_000);
        assertThat(transport.posts).hasSize(1);
        pass(32_000);
        assertThat(transport.posts).hasSizeGreaterThan(1);
    }

    @Test
    void shouldProbeAFailingEndpointWithOneRequestAtATime() {
        store.counters("a", 20_000, 0);
        transport.always(never());
        pass(INTERVAL);
        assertThat(transport.posts).hasSize(4);

        for (int i = 0; i < 4; i++) {
            transport.replies.get(i).completeExceptionally(new IOException("reset"));
        }
        run();
        pass(5_000);
        assertThat(transport.posts).hasSize(5);

        transport.always(204);
        succeed(4);
        assertThat(writer.stats().samplesSent()).isEqualTo(20_000);
    }

    @Test
    void shouldProbeWithAnotherRequestEachTime() {
        store.counters("a", 20_000, 0);
        transport.always(never());
        pass(INTERVAL);
        for (int i = 0; i < 4; i++) {
            transport.replies.get(i).completeExceptionally(new IOException("reset"));
        }
        run();

        transport.always(refusing(503, "a{i=\"7\"}"));
        pass(5_000);

        assertThat(writer.stats().samplesSent()).isEqualTo(18_000);
    }

    // latest wins

    @Test
    void shouldSendTheNewestSnapshotAfterAnOutage() {
        store.counter("a", "", 1).counter("gone", "", 1);
        transport.always(503);
        pass(INTERVAL * 4 - 1);
        int failed = transport.posts.size();
        assertThat(failed).isGreaterThan(3);

        store.counter("a", "", 2).remove("gone");
        transport.always(204);
        pass(60_000);

        List<Decoded.Series> sent = transport.seriesFrom(failed);
        assertThat(sent).allMatch(s -> s.key().equals("a") && s.sample().value() == 2);
        assertThat(writer.stats().superseded()).isGreaterThanOrEqualTo(6);
        assertThat(writer.stats().failedFlushes()).isGreaterThanOrEqualTo(3);
        for (DropReason reason : DropReason.values()) {
            assertThat(writer.stats().dropped(reason)).isZero();
        }
    }

    @Test
    void shouldNeverSendTwoValuesForOneTimestampNorGoBack() {
        store.counters("a", 5_000, 0);
        Random random = new Random(1);
        transport.always(post -> random.nextInt(3) == 0
                ? answer(204).apply(post)
                : random.nextBoolean() ? answer(503).apply(post) : fail(new IOException("reset")).apply(post));

        for (int i = 0; i < 400; i++) {
            store.counters("a", 5_000, i);
            pass(500);
        }

        Map<String, Decoded.Sample> last = new HashMap<>();
        for (Decoded.Series s : transport.seriesFrom(0)) {
            Decoded.Sample sample = s.sample();
            Decoded.Sample before = last.put(s.key(), sample);
            if (before != null && before.timestamp() == sample.timestamp()) {
                assertThat(sample.bits()).isEqualTo(before.bits());
            } else if (before != null) {
                assertThat(sample.timestamp()).isGreaterThan(before.timestamp());
            }
        }
        assertThat(last).hasSize(5_000);
    }

    @Test
    void shouldNotTakeSnapshotsWhileItMayNotSend() {
        store.counter("a", "", 1);
        transport.then(answer(503, "120"));

        pass(INTERVAL + 110_000);

        assertThat(snapshots).isEqualTo(1);
        assertThat(writer.stats().pendingSeries()).isZero();
        assertThat(writer.stats().superseded()).isEqualTo(1);
    }

    @Test
    void shouldBeginBehindWhatFailedWhenItReplacesAFlush() {
        restart(tuning(2, 1));
        store.counter("a", "", 1).counter("b", "", 1).counter("c", "", 1).counter("d", "", 1);
        transport.always(post -> Decoded.ofCompressed(post.body()).keys().contains("a")
                ? answer(503, "15").apply(post)
                : answer(204).apply(post));

        pass(INTERVAL * 4);

        assertThat(transport.request(0).keys()).containsExactly("a", "b");
        assertThat(transport.request(1).keys()).containsExactly("c", "d");
    }

    @Test
    void shouldNotSendSamplesThatAreTooOld() {
        restart(new RemoteWriteConfig(
                config.url(), Duration.ofHours(1), null, null, null, null, List.of(), tuning));
        store.counters("a", 3, 0);
        transport.always(503);

        pass(3_600_000 + 400_000);

        assertThat(writer.stats().dropped(DropReason.TOO_OLD)).isEqualTo(3);
        int posts = transport.posts.size();
        pass(600_000);
        assertThat(transport.posts).hasSize(posts);
    }

    // refusals

    @ParameterizedTest
    @ValueSource(ints = {400, 409, 422})
    void shouldSaveTheGoodSeriesOfARefusedRequest(int status) {
        store.counters("a", 2_000, 0);
        transport.always(refusing(status, "a{i=\"1234\"}"));

        pass(INTERVAL);

        assertThat(writer.stats().samplesSent()).isEqualTo(1_999);
        assertThat(writer.stats().dropped(DropReason.REFUSED)).isEqualTo(1);
        // one series in 2000 lies 11 halvings deep
        assertThat(transport.posts).hasSizeLessThanOrEqualTo(1 + 2 * 11);
        assertThat(writer.stats().retries()).isZero();
        assertThat(writer.stats().lagSeconds(epochClock.time())).isZero();
    }

    @Test
    void shouldFindSeveralBadSeries() {
        store.counters("a", 100, 0);
        transport.always(refusing(400, "a{i=\"0\"}", "a{i=\"50\"}", "a{i=\"99\"}"));

        pass(INTERVAL);

        assertThat(writer.stats().samplesSent()).isEqualTo(97);
        assertThat(writer.stats().dropped(DropReason.REFUSED)).isEqualTo(3);
    }

    @Test
    void shouldNotSpendMoreThanItsShareOnARequestThatIsAllBad() {
        store.counters("a", 2_000, 0);
        transport.always(400);

        pass(INTERVAL);

        assertThat(transport.posts).hasSize(1 + tuning.splitsPerRequest());
        assertThat(writer.stats().dropped(DropReason.REFUSED)).isEqualTo(2_000);
        assertThat(writer.stats().failedFlushes()).isEqualTo(1);
        assertThat(writer.stats().lagSeconds(epochClock.time())).isEqualTo(15);
    }

    @Test
    void shouldNotSpendMoreThanItsShareOnAFlushThatIsAllBad() {
        store.counters("a", 40_000, 0);
        transport.always(400);

        pass(INTERVAL);

        assertThat(transport.posts).hasSize(20 + 8 * tuning.splitsPerRequest());
        assertThat(writer.stats().dropped(DropReason.REFUSED)).isEqualTo(40_000);
    }

    @Test
    void shouldHalveRequestsThatAreTooLargeAndRememberIt() {
        store.counters("a", 2_000, 0);
        transport.always(post -> Decoded.ofCompressed(post.body()).series().size() > 600
                ? answer(413).apply(post)
                : answer(204).apply(post));

        pass(INTERVAL);
        assertThat(writer.stats().samplesSent()).isEqualTo(2_000);
        int first = transport.posts.size();
        assertThat(first).isEqualTo(7);

        pass(INTERVAL);
        assertThat(transport.posts).hasSize(first + 4);
        assertThat(writer.stats().samplesSent()).isEqualTo(4_000);
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 307, 308, 401, 403, 404, 405, 408, 410, 415, 431})
    void shouldNotGoOnWithAFlushThatTheEndpointCondemns(int status) {
        restart(tuning(2_000, 1));
        store.counters("a", 10_000, 0);
        transport.always(status);

        pass(INTERVAL * 2 - 1);

        assertThat(transport.posts).hasSize(1);
        DropReason reason = status == 401 || status == 403 ? DropReason.UNAUTHORIZED : DropReason.ENDPOINT;
        assertThat(writer.stats().dropped(reason)).isEqualTo(10_000);
        assertThat(writer.stats().failedFlushes()).isEqualTo(1);
        assertThat(writer.stats().pendingSeries()).isZero();

        transport.always(204);
        pass(1);
        assertThat(writer.stats().samplesSent()).isEqualTo(10_000);
    }

    @Test
    void shouldTakeABodyApartThatTheReceiverStumblesOver() {
        store.counters("a", 1_000, 0);
        transport.always(refusing(500, "a{i=\"7\"}"));

        pass(INTERVAL * 3);

        assertThat(writer.stats().dropped(DropReason.POISON)).isPositive();
        Map<String, Long> good = new HashMap<>();
        transport.seriesFrom(0).forEach(s -> good.merge(s.key(), 1L, Long::sum));
        assertThat(writer.stats().samplesSent()).isGreaterThanOrEqualTo(999);
        assertThat(transport.posts).hasSizeLessThan(60);
    }

    @Test
    void shouldDeliverOtherRequestsBesideABodyThatTheReceiverStumblesOver() {
        store.counters("a", 20_000, 0);
        transport.always(refusing(500, "a{i=\"7\"}"));

        pass(INTERVAL + 10_000);

        assertThat(writer.stats().samplesSent()).isEqualTo(19_999);
        assertThat(writer.stats().dropped(DropReason.POISON)).isEqualTo(1);
    }

    @Test
    void shouldDropNothingInAnOutageOfServerErrors() {
        store.counters("a", 10, 0);
        transport.always(500);

        pass(INTERVAL * 40);
        assertThat(writer.stats().dropped(DropReason.POISON)).isZero();
        assertThat(transport.posts).hasSizeLessThan(200);

        transport.always(204);
        pass(INTERVAL * 4);
        assertThat(writer.stats().lagSeconds(epochClock.time())).isLessThan(15.001);
    }

    // ends of series

    @Test
    void shouldMarkAnEndedSeriesOnce() {
        store.counter("a", "", 1).counter("b", "", 1);
        pass(INTERVAL);

        store.remove("b").ended(MetricType.COUNTER, "b", "", null);
        pass(INTERVAL * 3);

        assertThat(transport.request(1).get("b").isStale()).isTrue();
        assertThat(transport.request(1).get("b").sample().timestamp()).isEqualTo(START + 2 * INTERVAL);
        assertThat(transport.request(2).keys()).containsExactly("a");
        assertThat(transport.request(3).keys()).containsExactly("a");
        assertThat(writer.stats().staleMarkersSent()).isEqualTo(1);
    }

    @Test
    void shouldMarkEachSeriesOfAHistogramThatEnded() {
        store.ended(MetricType.HISTOGRAM, "h", "", new HistogramValue(new double[] {1}, new double[] {1, 1}, 1));

        pass(INTERVAL * 2);

        assertThat(transport.posts).hasSize(1);
        assertThat(transport.request(0).keys())
                .containsExactly("h_bucket{le=\"1\"}", "h_bucket{le=\"+Inf\"}", "h_sum", "h_count");
    }

    @Test
    void shouldSendValuesAgainWhenASeriesComesBack() {
        store.ended(MetricType.COUNTER, "b", "", null);
        pass(INTERVAL);

        store.counter("b", "", 5);
        pass(INTERVAL);

        assertThat(transport.request(1).series()).hasSize(1);
        assertThat(transport.request(1).get("b").sample().value()).isEqualTo(5);
    }

    @Test
    void shouldKeepMarkersThroughAnOutage() {
        store.counter("a", "", 1).ended(MetricType.COUNTER, "b", "", null);
        transport.always(fail(new ConnectException()));
        pass(INTERVAL * 5);
        int failed = transport.posts.size();
        assertThat(writer.endedDone()).as("the marker is still needed").isZero();

        transport.always(204);
        pass(60_000);

        assertThat(transport.seriesFrom(failed).stream().filter(s -> s.key().equals("b"))).hasSize(1);
        assertThat(writer.stats().staleMarkersSent()).isEqualTo(1);
        assertThat(writer.endedDone()).isEqualTo(1);
    }

    @Test
    void shouldNotMarkAgainWhenOnlyTheRestOfAFlushFailed() {
        restart(tuning(2, 1));
        store.counter("a", "", 1).counter("b", "", 1).ended(MetricType.COUNTER, "x", "", null);
        store.ended(MetricType.COUNTER, "y", "", null);
        transport.then(204).then(answer(503, "20"));

        pass(INTERVAL * 4);

        assertThat(transport.request(0).keys()).containsExactly("x", "y");
        assertThat(transport.seriesFrom(1)).noneMatch(Decoded.Series::isStale);
    }

    @Test
    void shouldCountMarkersThatWereForgotten() {
        store.ended(MetricType.COUNTER, "a", "", null).ended(MetricType.COUNTER, "b", "", null);
        store.ended(MetricType.COUNTER, "c", "", null).forgetEnded(3);

        pass(INTERVAL * 2);

        assertThat(transport.request(0).keys()).containsExactly("c");
        assertThat(writer.stats().staleMarkersLost()).isEqualTo(2);
    }

    // the end

    @Test
    void shouldFlushOnceMoreWhenItStops() {
        store.counter("a", "", 1);
        pass(INTERVAL + 4_000);
        store.counter("a", "", 2);

        writer.stop();
        run();

        assertThat(writer.isStopped()).isTrue();
        assertThat(transport.posts).hasSize(2);
        assertThat(transport.request(1).series()).noneMatch(Decoded.Series::isStale);
        assertThat(transport.request(1).get("a").sample()).isEqualTo(sample(2, START + INTERVAL + 4_000));
    }

    @Test
    void shouldStopAtOnceWhenThereIsNothing() {
        writer.stop();
        run();

        assertThat(writer.isStopped()).isTrue();
        assertThat(transport.posts).isEmpty();
    }

    @Test
    void shouldWaitForRequestsUnderWayBeforeTheLastFlush() {
        store.counters("a", 10_000, 0);
        transport.always(never());
        pass(INTERVAL);
        assertThat(transport.posts).hasSize(4);

        writer.stop();
        run();
        assertThat(transport.posts).hasSize(4);

        transport.always(204);
        store.counters("a", 10_000, 1);
        for (int i = 0; i < 4; i++) {
            succeed(i);
        }
        assertThat(writer.isStopped()).isTrue();
        assertThat(transport.seriesFrom(4)).hasSize(10_000).allMatch(s -> s.sample().timestamp() > START + INTERVAL);
    }

    @Test
    void shouldRetryTheLastFlushAndEndInTime() {
        store.counters("a", 3, 0);
        transport.always(503);

        writer.stop();
        pass(3_900);
        assertThat(writer.isStopped()).isFalse();
        assertThat(transport.posts).hasSizeGreaterThan(5);

        pass(1_100);
        assertThat(writer.isStopped()).isTrue();
        assertThat(writer.stats().dropped(DropReason.SHUTDOWN)).isEqualTo(3);
    }

    @Test
    void shouldNotWaitForARetryThatWouldComeTooLate() {
        store.counter("a", "", 1);
        transport.always(answer(503, "60"));

        writer.stop();
        run();

        assertThat(writer.isStopped()).isTrue();
        assertThat(transport.posts).hasSize(1);
    }

    @Test
    void shouldGiveUpAnExchangeThatHangsWhenTimeIsOver() {
        store.counter("a", "", 1);
        transport.always(never());

        writer.stop();
        pass(5_000);

        assertThat(writer.isStopped()).isTrue();
        assertThat(transport.replies.get(0)).isCancelled();
    }

    @Test
    void shouldTryTheLastFlushEvenInABackoff() {
        store.counter("a", "", 1);
        transport.then(answer(503, "200"));
        pass(INTERVAL + 1_000);

        store.counter("a", "", 2);
        writer.stop();
        run();

        assertThat(writer.isStopped()).isTrue();
        assertThat(transport.request(1).get("a").sample().value()).isEqualTo(2);
    }

    @Test
    void shouldStopInTimeWhenTheStoreDoesNotAnswer() {
        isStoreBusy = true;

        writer.stop();
        pass(5_000);

        assertThat(writer.isStopped()).isTrue();
    }

    @Test
    void shouldSayWhenThereIsSomethingToDo() {
        store.counter("a", "", 1);
        assertThat(writer.idleNanos()).isEqualTo(INTERVAL * 1_000_000);

        transport.always(never());
        pass(INTERVAL);
        assertThat(writer.idleNanos()).isEqualTo(30_000L * 1_000_000);
    }

    // stepping

    private RemoteWriteConfig config(Tuning t) {
        return new RemoteWriteConfig(
                URI.create("http://receiver.test:9/api/v1/write"),
                Duration.ofMillis(INTERVAL),
                null,
                null,
                null,
                null,
                List.of(),
                t);
    }

    static Tuning tuning(int seriesPerRequest, int requestsInFlight) {
        Tuning d = Tuning.DEFAULTS;
        return new Tuning(
                seriesPerRequest,
                d.bytesPerRequest(),
                requestsInFlight,
                d.connectTimeout(),
                d.requestTimeout(),
                d.backoffMin(),
                d.backoffMax(),
                d.retryAfterMax(),
                d.retryAgeMax(),
                d.triesPerBody(),
                d.splitsPerRequest(),
                d.finalFlush());
    }

    private void restart(Tuning t) {
        tuning = t;
        restart(config(t));
    }

    private void restart(RemoteWriteConfig c) {
        config = c;
        writer = start();
    }

    private RemoteWriter start() {
        epochClock.update(START);
        return new RemoteWriter(
                0, config, "Weir/test", this::snapshot, transport, epochClock, nanoClock, new Random(42), () -> {});
    }

    private boolean snapshot(long endedAfter, Consumer<Snapshot> receiver) {
        if (isStoreBusy) {
            return false;
        }
        snapshots++;
        if (holdBack) {
            heldBack.add(receiver);
        } else {
            receiver.accept(store.build(endedAfter));
        }
        return true;
    }

    /** Lets time pass, in steps of 5 ms at most when there may be something to do. */
    private void pass(long millis) {
        run();
        long left = millis;
        while (left > 0) {
            long step = Math.max(1, Math.min(left, Math.min(writer.idleNanos() / 1_000_000, left)));
            epochClock.advance(step);
            nanoClock.advance(step * 1_000_000);
            left -= step;
            run();
        }
    }

    private void run() {
        int idle = 0;
        for (int i = 0; i < 100_000 && idle < 3; i++) {
            idle = writer.doWork() > 0 ? 0 : idle + 1;
        }
        assertThat(idle).as("the writer never rests").isEqualTo(3);
    }

    private void succeed(int i) {
        transport.replies.get(i).complete(new Reply(204, null, null, new byte[0]));
        run();
    }

    private static Decoded.Sample sample(double value, long timestamp) {
        return new Decoded.Sample(Double.doubleToRawLongBits(value), timestamp);
    }

    private List<Long> timestamps() {
        return transport.seriesFrom(0).stream().map(s -> s.sample().timestamp()).toList();
    }

    private Map<String, String> headers(int i) {
        List<String> fields = transport.posts.get(i).headers();
        Map<String, String> map = new HashMap<>();
        for (int n = 0; n < fields.size(); n += 2) {
            assertThat(map.put(fields.get(n), fields.get(n + 1))).isNull();
        }
        return map;
    }
}
