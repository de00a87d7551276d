package io.weir.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What Linux counts: CPU seconds and memory of processes, and of the machine. Any thread. */
final class Proc {
    private static final double TICKS_A_SECOND = 100;
    private static final int USER = 11;
    private static final int SYSTEM = 12;
    private static final int CHILDREN_USER = 13;
    private static final int CHILDREN_SYSTEM = 14;
    private static final int RESIDENT_PAGES = 21;
    private static final long PAGE = 4096;

    private Proc() {}

    /** CPU seconds of a process and of those it has started that still run. */
    static double cpu(ProcessHandle process) {
        double sum = cpu(process.pid());
        for (ProcessHandle child : process.descendants().toList()) {
            sum += cpu(child.pid());
        }
        return sum;
    }

    private static double cpu(long pid) {
        String[] stat = stat(Long.toString(pid));
        return stat == null ? 0 : (Long.parseLong(stat[USER]) + Long.parseLong(stat[SYSTEM])) / TICKS_A_SECOND;
    }

    /** CPU seconds of this process and of those it has started that have ended. */
    static double own() {
        String[] stat = stat("self");
        long ticks = 0;
        for (int i : new int[] {USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM}) {
            ticks += Long.parseLong(stat[i]);
        }
        return ticks / TICKS_A_SECOND;
    }

    /** Resident bytes of a process and of those it has started. */
    static long resident(ProcessHandle process) {
        long sum = 0;
        for (ProcessHandle one : Stream.concat(Stream.of(process), process.descendants())
                .toList()) {
            String[] stat = stat(Long.toString(one.pid()));
            sum += stat == null ? 0 : Long.parseLong(stat[RESIDENT_PAGES]) * PAGE;
        }
        return sum;
    }

    /** CPU seconds of the whole machine that were not idle. */
    static double busy() {
        try {
            String[] fields = Files.readAllLines(Path.of("/proc/stat")).get(0).trim().split(" +");
            long sum = 0;
            for (int i = 1; i <= 8 && i < fields.length; i++) {
                boolean idle = i == 4 || i == 5;
                sum += idle ? 0 : Long.parseLong(fields[i]);
            }
            return sum / TICKS_A_SECOND;
        } catch (IOException e) {
            throw new IllegalStateException("needs Linux's /proc", e);
        }
    }

    /** The fields behind the name, which may hold blanks; null when the process has ended. */
    private static String[] stat(String pid) {
        try {
            String line = Files.readString(Path.of("/proc", pid, "stat"));
            return line.substring(line.lastIndexOf(')') + 2).trim().split(" ");
        } catch (IOException ended) {
            return null;
        }
    }
}
