package io.weir.server.telemetry;

import com.sun.management.UnixOperatingSystemMXBean;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Metrics of process and JVM, with the names client libraries use. The management beans are asked for when the metrics are
 * read: to make them takes a tenth of a start.
 */
public final class ProcessMetrics {
    private static final Path STATUS = Path.of("/proc/self/status");

    private ProcessMetrics() {}

    /** Registers everything that is known about this process. */
    public static void register(Telemetry telemetry, String version, String commit) {
        telemetry.gauge("weir_build_info", "This build; always 1.", () -> 1,
                "version", version, "commit", commit, "java", Runtime.version().toString());
        process(telemetry);
        memory(telemetry);
        telemetry.gauge("jvm_threads_current", "Threads.", () -> ManagementFactory.getThreadMXBean().getThreadCount());
        telemetry.collect("jvm_gc_collection_seconds_total", "counter", "Time spent in garbage collection.", out -> {
            for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
                out.add(collector.getCollectionTime() / 1e3, "gc", collector.getName());
            }
        });
        telemetry.collect("jvm_gc_collections_total", "counter", "Garbage collections.", out -> {
            for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
                out.add(collector.getCollectionCount(), "gc", collector.getName());
            }
        });
    }

    private static void process(Telemetry telemetry) {
        telemetry.gauge("process_start_time_seconds", "Start of the process since the epoch.",
                () -> ManagementFactory.getRuntimeMXBean().getStartTime() / 1e3);
        telemetry.gauge("process_resident_memory_bytes", "Resident memory.", ProcessMetrics::residentBytes);
        telemetry.collect("process_cpu_seconds_total", "counter", "CPU time of the process.", out -> {
            if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix) {
                out.add(unix.getProcessCpuTime() / 1e9);
            }
        });
        telemetry.gauge("process_open_fds", "Open file descriptors.",
                () -> ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                        ? unix.getOpenFileDescriptorCount()
                        : Double.NaN);
        telemetry.gauge("process_max_fds", "Limit of open file descriptors.",
                () -> ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                        ? unix.getMaxFileDescriptorCount()
                        : Double.NaN);
    }

    private static void memory(Telemetry telemetry) {
        String used = "Used memory of the JVM.";
        String max = "Limit of the memory of the JVM.";
        telemetry.gauge("jvm_memory_used_bytes", used, () -> heapBean().getHeapMemoryUsage().getUsed(), "area", "heap");
        telemetry.gauge("jvm_memory_used_bytes", used, () -> heapBean().getNonHeapMemoryUsage().getUsed(), "area", "nonheap");
        telemetry.gauge("jvm_memory_max_bytes", max, () -> known(heapBean().getHeapMemoryUsage()), "area", "heap");
        telemetry.gauge("weir_direct_memory_used_bytes", "Direct memory in use, network buffers included.",
                ProcessMetrics::directBytes);
    }

    private static MemoryMXBean heapBean() {
        return ManagementFactory.getMemoryMXBean();
    }

    private static double known(MemoryUsage usage) {
        return usage.getMax() < 0 ? Double.NaN : usage.getMax();
    }

    private static double directBytes() {
        long netty = Math.max(0, PlatformDependent.usedDirectMemory());
        long jdk = 0;
        for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            jdk += pool.getName().equals("direct") ? pool.getMemoryUsed() : 0;
        }
        return netty + jdk;
    }

    private static double residentBytes() {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024.0;
                }
            }
        } catch (IOException | RuntimeException notLinux) {
            return Double.NaN;
        }
        return Double.NaN;
    }
}
