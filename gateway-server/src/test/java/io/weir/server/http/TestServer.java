package io.weir.server.http;

import io.weir.sample.Limits;
import io.weir.server.auth.Access;
import io.weir.server.telemetry.Telemetry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** A server with {@link TestDoors} on a free loopback port, with a clock that stands still until it is moved. */
final class TestServer implements AutoCloseable {
    final TestDoors doors = new TestDoors();
    final Telemetry telemetry = new Telemetry();
    final AtomicLong clock = new AtomicLong(1);
    private final HttpServer server;

    TestServer(Limits limits) throws IOException {
        this(limits, Transport.best(), "");
    }

    TestServer(Limits limits, Transport transport, String prefix) throws IOException {
        this(limits, transport, prefix, 2);
    }

    TestServer(Limits limits, Transport transport, String prefix, int loops) throws IOException {
        this(limits, AllowedHosts.EVERY, transport, prefix, loops);
    }

    TestServer(Limits limits, AllowedHosts hosts, Transport transport, String prefix, int loops) throws IOException {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        server = new HttpServer(
                new HttpServer.Options(
                        List.of(address),
                        loops,
                        limits,
                        () -> null,
                        hosts,
                        new Access(new Telemetry(), clock::get),
                        () -> null,
                        clock::get),
                doors.routes(prefix).build(),
                telemetry,
                transport);
        server.start();
    }

    RawClient connect() throws IOException {
        return new RawClient(server.addresses().get(0));
    }

    /** Moves the clock and looks after all time limits. */
    void pass(Duration time) {
        clock.addAndGet(time.toNanos());
        server.sweep();
    }

    int partialHeads() {
        return server.partialHeads();
    }

    void stop(Duration grace) {
        server.stop(grace);
    }

    /** Value of one own metric, 0 when it is not there. */
    double metric(String sample) {
        for (String line : new String(telemetry.render(), StandardCharsets.UTF_8).split("\n")) {
            if (line.startsWith(sample + " ")) {
                return Double.parseDouble(line.substring(sample.length() + 1));
            }
        }
        return 0;
    }

    @Override
    public void close() {
        stop(Duration.ZERO);
    }
}
