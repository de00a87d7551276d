package io.weir.server.remotewrite;

import static io.weir.server.remotewrite.ScriptedTransport.answer;
import static io.weir.server.remotewrite.ScriptedTransport.decoded;
import static io.weir.server.remotewrite.ScriptedTransport.refusing;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Receivers that refuse: what is taken apart, what is dropped. */
@ParameterizedClass
@EnumSource(names = {"V1", "V2"})
class RemoteWriterRefusalTest extends SteppedWriter {
    RemoteWriterRefusalTest(Protocol protocol) {
        super(protocol);
    }

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
        transport.always(post -> decoded(post).series().size() > 600
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
}
