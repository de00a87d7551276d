package io.weir.server.auth;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FailureLimitTest {
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5);
    private final FailureLimit limit = new FailureLimit(clock::get, 100);

    @Test
    void shouldBlockAfterTheTenthFailureUntilOneIsForgiven() throws Exception {
        InetAddress address = address("192.0.2.1");
        for (int i = 1; i <= FailureLimit.BURST; i++) {
            assertThat(limit.blockedSeconds(address)).isZero();
            assertThat(limit.count(address)).isEqualTo(i == FailureLimit.BURST);
        }
        assertThat(limit.blockedSeconds(address)).isBetween(6, 7);
        pass(3);
        assertThat(limit.blockedSeconds(address)).isBetween(3, 4);
        pass(3);
        assertThat(limit.blockedSeconds(address)).isZero();
        assertThat(limit.count(address)).as("blocked again").isTrue();
        pass(60);
        assertThat(limit.blockedSeconds(address)).isZero();
        assertThat(limit.count(address)).isFalse();
    }

    @Test
    void shouldTellAddressesApartAndTakeAnIpv6NetworkAsOne() throws Exception {
        for (int i = 0; i < FailureLimit.BURST; i++) {
            limit.count(address("192.0.2.1"));
            limit.count(address("2001:db8:1:2::" + i));
        }
        assertThat(limit.blockedSeconds(address("192.0.2.1"))).isPositive();
        assertThat(limit.blockedSeconds(address("192.0.2.2"))).isZero();
        assertThat(limit.blockedSeconds(address("2001:db8:1:2:ffff::1"))).isPositive();
        assertThat(limit.blockedSeconds(address("2001:db8:1:3::1"))).isZero();
        assertThat(limit.addresses()).isEqualTo(2);
    }

    @Test
    void shouldForgetATryThatTurnedOutWell() throws Exception {
        InetAddress address = address("192.0.2.1");
        for (int i = 0; i < 1_000; i++) {
            limit.count(address);
            limit.forgive(address);
        }
        assertThat(limit.blockedSeconds(address)).isZero();
        assertThat(limit.addresses()).isZero();
    }

    @Test
    void shouldStayWithinItsBoundAndStillBlockWhoeverGoesOn() throws Exception {
        for (int i = 0; i < 1_000; i++) {
            limit.count(address("198.51." + i / 250 + "." + i % 250));
        }
        assertThat(limit.addresses()).isLessThanOrEqualTo(100);
        for (int i = 0; i < FailureLimit.BURST; i++) {
            limit.count(address("192.0.2.1"));
        }
        assertThat(limit.blockedSeconds(address("192.0.2.1"))).isPositive();
    }

    private void pass(int seconds) {
        clock.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
    }

    private static InetAddress address(String text) throws UnknownHostException {
        return InetAddress.getByName(text);
    }
}
