package io.weir.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.util.ResourceLeakDetector;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class when network buffers were not released: the detector runs at its paranoid level and reports what the
 * garbage collector finds. Registered for all test classes of this module ({@code META-INF/services}).
 */
public final class LeakGuard implements BeforeAllCallback, AfterAllCallback {
    private static final Queue<String> LEAKS = new ConcurrentLinkedQueue<>();

    @Override
    public void beforeAll(ExtensionContext context) {
        if (ResourceLeakDetector.getLevel() != ResourceLeakDetector.Level.PARANOID) {
            throw new AssertionError("leak detection is not paranoid; run with -Dio.netty.leakDetection.level=paranoid");
        }
        ByteBufUtil.setLeakListener((resource, records) -> LEAKS.add(resource + "\n" + records));
    }

    @Override
    public void afterAll(ExtensionContext context) {
        // Collected buffers are reported when the next ones are allocated.
        for (int i = 0; i < 3; i++) {
            System.gc();
            for (int n = 0; n < 32; n++) {
                ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(16);
                buffer.release();
            }
        }
        if (!LEAKS.isEmpty()) {
            String leaks = String.join("\n", LEAKS);
            LEAKS.clear();
            throw new AssertionError("buffers were not released:\n" + leaks);
        }
    }
}
