package io.weir.server;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBufAllocator;
import org.junit.jupiter.api.Test;

class LeakGuardTest {
    @Test
    void shouldReportABufferThatNobodyReleased() {
        LeakGuard guard = new LeakGuard();
        guard.beforeAll(null);
        lose();
        assertThatThrownBy(() -> {
            for (int i = 0; i < 50; i++) {
                guard.afterAll(null);
            }
        }).hasMessageContaining("not released");
    }

    private static void lose() {
        ByteBufAllocator.DEFAULT.directBuffer(64).writeByte(1);
    }
}
