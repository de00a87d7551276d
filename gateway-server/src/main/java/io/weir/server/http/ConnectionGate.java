package io.weir.server.http;

import io.weir.sample.Limits;
import java.net.InetAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts open connections, in total and by remote address. Loopback addresses have no limit of their own: a proxy on this
 * machine speaks for everyone. Any thread.
 */
final class ConnectionGate {
    /** Outcome of a request to enter. */
    enum Entry {
        OPEN(""),
        TOO_MANY("connections"),
        TOO_MANY_OF_ADDRESS("connections_per_address");

        private final String reason;

        Entry(String reason) {
            this.reason = reason;
        }

        /** Word for {@code weir_connections_rejected_total{reason}}. */
        String reason() {
            return reason;
        }
    }

    private final int max;
    private final int maxPerAddress;
    private final AtomicInteger open = new AtomicInteger();
    private final ConcurrentHashMap<InetAddress, Integer> byAddress = new ConcurrentHashMap<>();

    ConnectionGate(Limits limits) {
        this.max = limits.connections();
        this.maxPerAddress = limits.connectionsPerAddress();
    }

    /** {@link Entry#OPEN} lets the connection in; it must {@link #leave} once. Anything else counts nothing. */
    Entry enter(InetAddress address) {
        if (open.incrementAndGet() > max) {
            open.decrementAndGet();
            return Entry.TOO_MANY;
        }
        if (isCounted(address) && byAddress.merge(address, 1, Integer::sum) > maxPerAddress) {
            leave(address);
            return Entry.TOO_MANY_OF_ADDRESS;
        }
        return Entry.OPEN;
    }

    void leave(InetAddress address) {
        open.decrementAndGet();
        if (isCounted(address)) {
            byAddress.computeIfPresent(address, (a, n) -> n == 1 ? null : n - 1);
        }
    }

    int open() {
        return open.get();
    }

    /** Addresses with open connections, for tests that nothing is left behind. */
    int addresses() {
        return byAddress.size();
    }

    private static boolean isCounted(InetAddress address) {
        return address != null && !address.isLoopbackAddress();
    }
}
