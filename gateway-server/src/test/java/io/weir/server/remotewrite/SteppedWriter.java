package io.weir.server.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.remotewrite.RemoteWriteConfig.Tuning;
import io.weir.snapshot.Snapshot;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.agrona.concurrent.CachedEpochClock;
import org.agrona.concurrent.CachedNanoClock;

/** Steps the writer by hand against a scripted transport: no thread, no network, no real time. */
abstract class SteppedWriter {
    static final long START = 1_700_000_000_000L;
    static final long INTERVAL = 15_000;
    static final String V2_TYPE = "application/x-protobuf;proto=io.prometheus.write.v2.Request";

    final Protocol protocol;
    final CachedEpochClock epochClock = new CachedEpochClock();
    final CachedNanoClock nanoClock = new CachedNanoClock();
    final ScriptedTransport transport = new ScriptedTransport();
    final List<Consumer<Snapshot>> heldBack = new ArrayList<>();
    Snapshots store = Snapshots.empty();
    boolean holdBack;
    boolean isStoreBusy;
    int snapshots;
    Tuning tuning = Tuning.DEFAULTS;
    RemoteWriteConfig config;
    RemoteWriter writer;

    SteppedWriter(Protocol protocol) {
        this.protocol = protocol;
        restart(tuning);
    }

    boolean sends2() {
        return protocol == Protocol.V2;
    }

    RemoteWriteConfig config(Tuning t) {
        return new RemoteWriteConfig(
                URI.create("http://receiver.test:9/api/v1/write"),
                Duration.ofMillis(INTERVAL),
                null,
                null,
                null,
                null,
                protocol,
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

    void restart(Tuning t) {
        tuning = t;
        restart(config(t));
    }

    void restart(RemoteWriteConfig c) {
        config = c;
        epochClock.update(START);
        writer = new RemoteWriter(
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
    void pass(long millis) {
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

    void run() {
        int idle = 0;
        for (int i = 0; i < 100_000 && idle < 3; i++) {
            idle = writer.doWork() > 0 ? 0 : idle + 1;
        }
        assertThat(idle).as("the writer never rests").isEqualTo(3);
    }

    void succeed(int i) {
        transport.replies.get(i).complete(ScriptedTransport.answer(204).apply(transport.posts.get(i)).join());
        run();
    }

    static Decoded.Sample sample(double value, long timestamp) {
        return new Decoded.Sample(Double.doubleToRawLongBits(value), timestamp);
    }

    List<Long> timestamps() {
        return transport.seriesFrom(0).stream().map(s -> s.sample().timestamp()).toList();
    }

    Map<String, String> headers(int i) {
        return ScriptedTransport.headers(transport.posts.get(i));
    }

    List<String> versions() {
        return transport.posts.stream()
                .map(p -> ScriptedTransport.headers(p).get("X-Prometheus-Remote-Write-Version"))
                .toList();
    }
}
