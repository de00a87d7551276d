package io.weir.server.remotewrite;

import static io.weir.server.remotewrite.ScriptedTransport.answer;
import static io.weir.server.remotewrite.ScriptedTransport.decoded;
import static io.weir.server.remotewrite.ScriptedTransport.fail;
import static io.weir.server.remotewrite.ScriptedTransport.never;
import static io.weir.server.remotewrite.ScriptedTransport.refusing;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.remotewrite.RemoteWriteStats.Outcome;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Receivers that fail for a while: what is sent again, when, and what a newer snapshot replaces. */
@ParameterizedClass
@EnumSource(names = {"V1", "V2"})
class RemoteWriterRetryTest extends SteppedWriter {
    RemoteWriterRetryTest(Protocol protocol) {
        super(protocol);
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
                config.url(), Duration.ofMinutes(2), null, null, null, null, protocol, List.of(), tuning));
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
                config.url(), Duration.ofHours(1), null, null, null, null, protocol, List.of(), tuning));
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
        transport.always(post -> decoded(post).keys().contains("a")
                ? answer(503, "15").apply(post)
                : answer(204).apply(post));

        pass(INTERVAL * 4);

        assertThat(transport.request(0).keys()).containsExactly("a", "b");
        assertThat(transport.request(1).keys()).containsExactly("c", "d");
    }

    @Test
    void shouldNotSendSamplesThatAreTooOld() {
        restart(new RemoteWriteConfig(
                config.url(), Duration.ofHours(1), null, null, null, null, protocol, List.of(), tuning));
        store.counters("a", 3, 0);
        transport.always(503);

        pass(3_600_000 + 400_000);

        assertThat(writer.stats().dropped(DropReason.TOO_OLD)).isEqualTo(3);
        int posts = transport.posts.size();
        pass(600_000);
        assertThat(transport.posts).hasSize(posts);
    }
}
