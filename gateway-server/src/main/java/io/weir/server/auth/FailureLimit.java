package io.weir.server.auth;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Counts wrong credentials for each address: {@link #BURST} at once, then one in {@link #EVERY_SECONDS}; an address that
 * has used them up is blocked until the next is due. An IPv6 address counts with its /64, which one machine can fill at
 * will. At most {@link #ADDRESSES_MAX} addresses are remembered, each until its failures are forgiven; then any other one
 * makes room. Any thread; without failures a look costs one read.
 */
final class FailureLimit {
    static final int BURST = 10;
    static final int EVERY_SECONDS = 6;
    static final int ADDRESSES_MAX = 1 << 16;

    private static final long EVERY = TimeUnit.SECONDS.toNanos(EVERY_SECONDS);

    /** When the failures of an address are all forgiven, each of which takes {@link #EVERY}. */
    private final ConcurrentHashMap<Long, Long> forgiven = new ConcurrentHashMap<>();

    private final LongSupplier nanoClock;
    private final int addressesMax;
    private volatile long sweptAt;

    FailureLimit(LongSupplier nanoClock) {
        this(nanoClock, ADDRESSES_MAX);
    }

    FailureLimit(LongSupplier nanoClock, int addressesMax) {
        this.nanoClock = nanoClock;
        this.addressesMax = addressesMax;
        this.sweptAt = nanoClock.getAsLong();
    }

    /** Seconds until this address may try again; 0 when it may now. */
    int blockedSeconds(InetAddress address) {
        if (forgiven.isEmpty()) {
            return 0;
        }
        Long at = forgiven.get(key(address));
        if (at == null) {
            return 0;
        }
        long over = at - nanoClock.getAsLong() - (BURST - 1) * EVERY;
        return over <= 0 ? 0 : (int) (over / 1_000_000_000 + 1);
    }

    /** Counts a try; true when it is the one that blocks the address. */
    boolean count(InetAddress address) {
        long now = nanoClock.getAsLong();
        Long key = key(address);
        if (forgiven.size() >= addressesMax && !forgiven.containsKey(key)) {
            makeRoom(now);
        }
        long at = forgiven.merge(key, now + EVERY, (before, first) -> (before - now > 0 ? before : now) + EVERY);
        return at - now > (BURST - 1) * EVERY && at - now - EVERY <= (BURST - 1) * EVERY;
    }

    /** Takes back a counted try that turned out well. */
    void forgive(InetAddress address) {
        long now = nanoClock.getAsLong();
        forgiven.computeIfPresent(key(address), (key, at) -> at - EVERY - now <= 0 ? null : at - EVERY);
    }

    int addresses() {
        return forgiven.size();
    }

    private void makeRoom(long now) {
        if (now - sweptAt > TimeUnit.SECONDS.toNanos(1)) {
            sweptAt = now;
            forgiven.values().removeIf(at -> at - now <= 0);
        }
        Iterator<Map.Entry<Long, Long>> any = forgiven.entrySet().iterator();
        while (forgiven.size() >= addressesMax && any.hasNext()) {
            any.next();
            any.remove();
        }
    }

    /** The /64 of an IPv6 address; an IPv4 address in a range that no IPv6 network has. */
    static Long key(InetAddress address) {
        if (address == null) {
            return 0L;
        }
        ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
        return address instanceof Inet6Address ? bytes.getLong(0) : 0xffff_ffffL << 32 | bytes.getInt(0) & 0xffff_ffffL;
    }
}
