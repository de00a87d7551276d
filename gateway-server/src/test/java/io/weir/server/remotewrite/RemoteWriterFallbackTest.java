package io.weir.server.remotewrite;

import static io.weir.server.remotewrite.ScriptedTransport.answer;
import static io.weir.server.remotewrite.ScriptedTransport.bare;
import static io.weir.server.remotewrite.ScriptedTransport.fail;
import static io.weir.server.remotewrite.ScriptedTransport.isV2;
import static io.weir.server.remotewrite.ScriptedTransport.never;
import static io.weir.server.remotewrite.ScriptedTransport.refusing;
import static io.weir.server.remotewrite.ScriptedTransport.written;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.MetricType;
import io.weir.server.remotewrite.RemoteWriteStats.Outcome;
import io.weir.server.remotewrite.Transport.Post;
import io.weir.server.remotewrite.Transport.Reply;
import java.net.ConnectException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which version a receiver gets, by what it answers. */
class RemoteWriterFallbackTest extends SteppedWriter {
    private static final String V1 = "0.1.0";
    private static final String V2 = "2.0.0";
    private static final long TRIAL_INTERVAL = ProtocolChoice.TRIAL_INTERVAL.toMillis();

    RemoteWriterFallbackTest() {
        super(Protocol.AUTO);
    }

    /** Understands 1.0 only, and answers 2.0 with that. */
    private static Function<Post, CompletableFuture<Reply>> old(int status) {
        return post -> (isV2(post) ? bare(status) : answer(204)).apply(post);
    }

    // what a receiver understands

    @Test
    void shouldGoOnWith2WhenTheReceiverSaysWhatItHasWritten() {
        store.counters("a", 5_000, 0);

        pass(INTERVAL * 2);

        assertThat(versions()).hasSize(6).containsOnly(V2);
        assertThat(writer.stats().samplesSent()).isEqualTo(10_000);
        assertThat(writer.stats().protocolVersion()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 202, 204, 400, 415})
    void shouldSendTheSameAs1WhenTheReceiverDoesNotUnderstand2(int status) {
        store.counters("a", 5_000, 0).ended(MetricType.COUNTER, "e", "", null);
        transport.always(old(status));

        pass(INTERVAL);

        // the trial goes out alone, so only its series go out twice
        assertThat(versions()).containsExactly(V2, V1, V1, V1);
        assertThat(transport.request(1)).isEqualTo(transport.request(0));
        assertThat(transport.seriesFrom(1)).hasSize(5_001);
        assertThat(writer.stats().samplesSent()).isEqualTo(5_001);
        assertThat(writer.stats().staleMarkersSent()).isEqualTo(1);
        assertThat(writer.endedDone()).isEqualTo(1);
        assertThat(writer.stats().protocolVersion()).isEqualTo(1);
        assertThat(writer.stats().retries()).isZero();
        for (DropReason reason : DropReason.values()) {
            assertThat(writer.stats().dropped(reason)).isZero();
        }
    }

    @Test
    void shouldStayWith1AndTry2AgainAfterSixHours() {
        store.counter("a", "", 1);
        transport.always(old(204));

        pass(INTERVAL + TRIAL_INTERVAL - 1);
        assertThat(versions()).startsWith(V2, V1, V1).hasSize(1 + (int) (TRIAL_INTERVAL / INTERVAL));
        assertThat(versions().subList(1, versions().size())).containsOnly(V1);

        transport.posts.clear();
        transport.always(answer(204));
        pass(1 + INTERVAL);
        assertThat(versions()).containsExactly(V2, V2);
        assertThat(writer.stats().protocolVersion()).isEqualTo(2);
    }

    @Test
    void shouldTry2AgainInVainWithoutLosingAnything() {
        store.counter("a", "", 1);
        transport.always(old(415));

        pass(INTERVAL * 2 + TRIAL_INTERVAL);

        assertThat(versions().stream().filter(V2::equals)).hasSize(2);
        assertThat(writer.stats().samplesSent()).isEqualTo(2 + TRIAL_INTERVAL / INTERVAL);
    }

    @Test
    void shouldAskASecondTimeWhenTheTrialHadNoAnswer() {
        store.counters("a", 5_000, 0);
        transport.then(fail(new ConnectException("refused"))).then(answer(503), answer(429)).afterwards(old(204));

        pass(INTERVAL + 5_000);

        assertThat(versions()).containsExactly(V2, V2, V2, V2, V1, V1, V1);
        assertThat(writer.stats().samplesSent()).isEqualTo(5_000);
    }

    @Test
    void shouldKeepOneRequestUnderWayDuringATrial() {
        store.counters("a", 20_000, 0);
        transport.always(never());

        pass(INTERVAL);
        assertThat(transport.posts).hasSize(1);

        succeed(0);
        assertThat(transport.posts).hasSize(5);
    }

    // when it is not so clear

    @Test
    void shouldFallBackWhenTheTrialMeetsServerErrorsTimeAfterTime() {
        store.counters("a", 10, 0);
        transport.always(old(500));

        pass(INTERVAL * 2 - 1);

        assertThat(versions()).startsWith(V2, V2, V2, V2, V2, V2, V1).hasSize(7);
        assertThat(writer.stats().samplesSent()).isEqualTo(10);
    }

    @Test
    void shouldNotFallBackBecauseOfA400ThatSaysWhatWasWritten() {
        store.counters("a", 10, 0);
        transport.always(written(400, 9));

        pass(INTERVAL * 2);

        assertThat(versions()).containsExactly(V2, V2);
        assertThat(writer.stats().samplesSent()).isEqualTo(18);
        assertThat(writer.stats().dropped(DropReason.REFUSED)).isEqualTo(2);
    }

    @Test
    void shouldNotFallBackBecauseOfA400OnceTheReceiverHasShownThatItUnderstands() {
        store.counters("a", 10, 0);
        transport.then(answer(204)).afterwards(refusing(400, "a{i=\"3\"}"));

        pass(INTERVAL * 2);

        assertThat(versions()).containsOnly(V2);
        assertThat(writer.stats().samplesSent()).isEqualTo(19);
        assertThat(writer.stats().dropped(DropReason.REFUSED)).isEqualTo(1);
    }

    @Test
    void shouldComeBackFromAGuessWhenTheReceiverUnderstandsOnly2() {
        store.counters("a", 2, 0);
        // a receiver of 2.0 alone that refuses one series, and does not say what it has written
        transport.always(post -> !isV2(post) ? bare(415).apply(post) : refusing(400, "a{i=\"1\"}").apply(post));

        pass(INTERVAL * 3);

        assertThat(versions()).startsWith(V2, V1, V2);
        assertThat(versions().stream().filter(V1::equals)).hasSize(1);
        assertThat(writer.stats().samplesSent()).isEqualTo(3);
        assertThat(writer.stats().dropped(DropReason.REFUSED)).isEqualTo(3);
    }

    @Test
    void shouldNotGoInCirclesWhenTheReceiverUnderstandsNothing() {
        store.counters("a", 10, 0);
        transport.always(bare(415));

        pass(INTERVAL * 3);

        assertThat(versions()).containsExactly(V2, V1, V1, V1);
        assertThat(writer.stats().dropped(DropReason.ENDPOINT)).isEqualTo(30);
    }

    @ParameterizedTest
    @ValueSource(ints = {204, 415})
    void shouldFallBackInTheMiddleOfAFlushWithoutLosingAnything(int status) {
        store.counters("a", 20_000, 0);
        transport.then(answer(204), answer(204), answer(204)).afterwards(old(status));

        pass(INTERVAL);

        assertThat(writer.stats().samplesSent()).isEqualTo(20_000);
        assertThat(versions().stream().filter(V1::equals)).hasSize(7);
        assertThat(writer.stats().requests(Outcome.NETWORK)).isZero();
    }

    @Test
    void shouldNotSendTwoValuesForOneTimestampWhateverVersionIsAnswered() {
        Random random = new Random(3);
        List<Function<Post, CompletableFuture<Reply>>> answers = List.of(
                answer(204), answer(204), answer(204), bare(204), bare(415), bare(503), bare(500), bare(429), written(400, 3));
        transport.always(post -> answers.get(random.nextInt(answers.size())).apply(post));

        for (int i = 0; i < 400; i++) {
            store.counters("a", 5_000, i);
            pass(500);
        }

        Map<String, Decoded.Sample> last = new HashMap<>();
        for (Decoded.Series s : transport.seriesFrom(0)) {
            Decoded.Sample before = last.put(s.key(), s.sample());
            if (before != null && before.timestamp() == s.sample().timestamp()) {
                assertThat(s.sample().bits()).isEqualTo(before.bits());
            } else if (before != null) {
                assertThat(s.sample().timestamp()).isGreaterThan(before.timestamp());
            }
        }
        assertThat(versions()).contains(V1, V2);
        assertThat(last).hasSize(5_000);
    }

    @Test
    void shouldFallBackInTheLastFlush() {
        store.counter("a", "", 1);
        transport.always(old(204));

        writer.stop();
        run();

        assertThat(writer.isStopped()).isTrue();
        assertThat(versions()).containsExactly(V2, V1);
        assertThat(writer.stats().samplesSent()).isEqualTo(1);
    }

    // partial writes

    @Test
    void shouldCountWhatASuccessfulAnswerSaysWasNotWritten() {
        store.counters("a", 10, 0);
        transport.always(written(204, 7));

        pass(INTERVAL);

        assertThat(transport.posts).hasSize(1);
        assertThat(writer.stats().samplesSent()).isEqualTo(7);
        assertThat(writer.stats().dropped(DropReason.UNWRITTEN)).isEqualTo(3);
        assertThat(writer.stats().lagSeconds(epochClock.time())).isZero();
    }

    @Test
    void shouldNotBelieveThatMoreWasWrittenThanWasSent() {
        store.counters("a", 10, 0);
        transport.always(written(204, 1_000_000_000_000L));

        pass(INTERVAL);

        assertThat(writer.stats().samplesSent()).isEqualTo(10);
        assertThat(writer.stats().dropped(DropReason.UNWRITTEN)).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 500, 503})
    void shouldSendTheWholeAgainWhenAPartialWriteIsToBeRetried(int status) {
        store.counters("a", 10, 0);
        transport.then(written(status, 9));

        pass(INTERVAL + 2_000);

        assertThat(versions()).containsExactly(V2, V2);
        assertThat(transport.posts.get(1).body()).isEqualTo(transport.posts.get(0).body());
        assertThat(writer.stats().samplesSent()).isEqualTo(10);
    }

    // without a choice

    @Test
    void shouldDropTheFlushOfAReceiverThatMayOnlyGet2AndHasNotWrittenIt() {
        restart(configOf(Protocol.V2));
        store.counters("a", 10, 0);
        transport.always(bare(204));

        pass(INTERVAL * 2);

        assertThat(versions()).containsExactly(V2, V2);
        assertThat(writer.stats().samplesSent()).isZero();
        assertThat(writer.stats().dropped(DropReason.ENDPOINT)).isEqualTo(20);
    }

    @Test
    void shouldNeverTry2WhenItMayOnlySend1() {
        restart(configOf(Protocol.V1));
        store.counters("a", 10, 0);

        pass(INTERVAL + TRIAL_INTERVAL);

        assertThat(versions()).containsOnly(V1);
        assertThat(writer.stats().protocolVersion()).isEqualTo(1);
    }

    private RemoteWriteConfig configOf(Protocol p) {
        return new RemoteWriteConfig(
                config.url(), config.interval(), null, null, null, null, p, List.of(), tuning);
    }
}
