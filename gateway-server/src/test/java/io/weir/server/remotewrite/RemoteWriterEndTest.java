package io.weir.server.remotewrite;

import static io.weir.server.remotewrite.ScriptedTransport.answer;
import static io.weir.server.remotewrite.ScriptedTransport.fail;
import static io.weir.server.remotewrite.ScriptedTransport.never;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.MetricType;
import io.weir.snapshot.HistogramValue;
import java.net.ConnectException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Series that end, and the end of the writer. */
@ParameterizedClass
@EnumSource(names = {"V1", "V2"})
class RemoteWriterEndTest extends SteppedWriter {
    RemoteWriterEndTest(Protocol protocol) {
        super(protocol);
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
}
