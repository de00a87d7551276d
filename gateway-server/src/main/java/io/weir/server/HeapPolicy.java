package io.weir.server;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.VMOption;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes G1 give memory back to the system after a peak. One request of a million new series stages 200 MB that are garbage
 * a moment later; with the JVM's own settings the process keeps all it has touched (550 MB resident instead of 350 MB at
 * 1,000,000 series). So the heap keeps an eighth free, not two thirds, and for some seconds after a peak G1 collects
 * concurrently while it is idle, which is when it shrinks the heap. The flags are manageable at run time, so this holds
 * for a plain {@code java -jar} as well; what the operator has set himself stays.
 *
 * <p>{@link #peaked} may be called by any thread and costs an unpark; the work is done on a thread of its own.
 */
final class HeapPolicy implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(HeapPolicy.class);

    private static final String INTERVAL = "G1PeriodicGCInterval";
    private static final String INTERVAL_AFTER_PEAK_MILLIS = "400";
    private static final long SHRINK_NANOS = TimeUnit.SECONDS.toNanos(5);
    /** The beans are left for the time after the first answers. */
    private static final long DELAY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Thread thread = new Thread(this, "heap-policy");
    private volatile boolean peaked;

    /** Starts the thread; the policy holds soon after, so that management beans do not delay the start. */
    void start() {
        thread.setDaemon(true);
        thread.start();
    }

    /** Much memory has just become garbage. */
    void peaked() {
        peaked = true;
        LockSupport.unpark(thread);
    }

    @Override
    public void run() {
        try {
            LockSupport.parkNanos(this, DELAY_NANOS);
            HotSpotDiagnosticMXBean vm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
            if (!"true".equals(vm.getVMOption("UseG1GC").getValue())) {
                return;
            }
            set(vm, "MinHeapFreeRatio", "5");
            set(vm, "MaxHeapFreeRatio", "12");
            boolean mayCollect = isDefault(vm, INTERVAL);
            while (mayCollect) {
                while (!peaked) {
                    LockSupport.park(this);
                }
                peaked = false;
                vm.setVMOption(INTERVAL, INTERVAL_AFTER_PEAK_MILLIS);
                long end = System.nanoTime() + SHRINK_NANOS;
                for (long left = SHRINK_NANOS; left > 0; left = end - System.nanoTime()) {
                    LockSupport.parkNanos(this, left);
                }
                vm.setVMOption(INTERVAL, "0");
            }
        } catch (RuntimeException e) {
            LOG.debug("this JVM keeps the memory it has touched: {}", e.toString());
        }
    }

    private static void set(HotSpotDiagnosticMXBean vm, String flag, String value) {
        if (isDefault(vm, flag)) {
            vm.setVMOption(flag, value);
        }
    }

    private static boolean isDefault(HotSpotDiagnosticMXBean vm, String flag) {
        return vm.getVMOption(flag).getOrigin() == VMOption.Origin.DEFAULT;
    }
}
