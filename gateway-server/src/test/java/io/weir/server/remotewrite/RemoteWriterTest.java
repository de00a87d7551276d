package io.weir.server.remotewrite;

import static io.weir.server.remotewrite.ScriptedTransport.never;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.remotewrite.RemoteWriteConfig.Header;
import io.weir.server.remotewrite.RemoteWriteStats.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A flush from the interval to its last answer, and its header fields. */
@ParameterizedClass
@EnumSource(names = {"V1", "V2"})
class RemoteWriterTest extends SteppedWriter {
    RemoteWriterTest(Protocol protocol) {
        super(protocol);
    }

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
                .containsEntry("Content-Type", sends2() ? V2_TYPE : "application/x-protobuf")
                .containsEntry("X-Prometheus-Remote-Write-Version", sends2() ? "2.0.0" : "0.1.0")
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
                protocol,
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
        restart(new RemoteWriteConfig(config.url(), config.interval(), null, null, null, file, protocol, List.of(), tuning));
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
}
