package io.weir.server.telemetry;

import com.sun.management.UnixOperatingSystemMXBean;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.MemoryUsage;
import java.lang.management.OperatingSystemMXBean;
import java.nio.file.Files;
import java.nio.file.Path;

/** Metrics of process and JVM, with the names client libraries use. Used once, at the start. */
public final class ProcessMetrics {
    private static final Path STATUS = Path.of("/proc/self/status");

    private ProcessMetrics() {}

    /** Registers everything that is known about this process. */
    public static void register(Telemetry telemetry, String version, String commit) {
        telemetry.gauge("weir_build_info", "This build; always 1.", () -> 1,
                "version", version, "commit", commit, "java", Runtime.version().toString());
        process(telemetry);
        memory(telemetry);
        telemetry.gauge("jvm_threads_current", "Threads.", ManagementFactory.getThreadMXBean()::getThreadCount);
        for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            telemetry.total("jvm_gc_collection_seconds_total", "Time spent in garbage collection.",
                    () -> collector.getCollectionTime() / 1e3, "gc", collector.getName());
            telemetry.total("jvm_gc_collections_total", "Garbage collections.",
                    collector::getCollectionCount, "gc", collector.getName());
        }
    }

    private static void process(Telemetry telemetry) {
        double started = ManagementFactory.getRuntimeMXBean().getStartTime() / 1e3;
        telemetry.gauge("process_start_time_seconds", "Start of the process since the epoch.", () -> started);
        telemetry.gauge("process_resident_memory_bytes", "Resident memory.", ProcessMetrics::residentBytes);
        OperatingSystemMXBean system = ManagementFactory.getOperatingSystemMXBean();
        if (system instanceof UnixOperatingSystemMXBean unix) {
            telemetry.total("process_cpu_seconds_total", "CPU time of the process.", () -> unix.getProcessCpuTime() / 1e9);
            telemetry.gauge("process_open_fds", "Open file descriptors.", unix::getOpenFileDescriptorCount);
            telemetry.gauge("process_max_fds", "Limit of open file descriptors.", unix::getMaxFileDescriptorCount);
        }
    }

    private static void memory(Telemetry telemetry) {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        String used = "Used memory of the JVM.";
        String max = "Limit of the memory of the JVM.";
        telemetry.gauge("jvm_memory_used_bytes", used, () -> memory.getHeapMemoryUsage().getUsed(), "area", "heap");
        telemetry.gauge("jvm_memory_used_bytes", used, () -> memory.getNonHeapMemoryUsage().getUsed(), "area", "nonheap");
        telemetry.gauge("jvm_memory_max_bytes", max, () -> known(memory.getHeapMemoryUsage()), "area", "heap");
        telemetry.gauge("weir_direct_memory_used_bytes", "Direct memory in use, network buffers included.",
                ProcessMetrics::directBytes);
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
