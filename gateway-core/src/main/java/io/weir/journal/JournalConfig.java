package io.weir.journal;

/**
 * How a {@link Journal} keeps its promises. Immutable, any thread.
 *
 * @param sync when written frames are forced to the disk
 * @param intervalMillis longest time between two forced states under {@link Sync#INTERVAL}
 * @param segmentBytes a segment of this size ends, once its samples outweigh its definitions
 * @param segmentBytesMax a segment of this size ends in any case
 * @param checkpointBytes journal written since the last checkpoint that starts the next, if that is not small beside it
 * @param keysMax idempotency keys remembered; the oldest go first
 * @param keyMillis time for which an idempotency key is remembered
 * @param probeMillis how often a failing disk is tried again
 */
public record JournalConfig(
        Sync sync,
        long intervalMillis,
        long segmentBytes,
        long segmentBytesMax,
        long checkpointBytes,
        int keysMax,
        long keyMillis,
        long probeMillis) {
    /** When a push is safe from a power cut; from the end of the process it is safe before its answer in any case. */
    public enum Sync {
        /** Before its answer. */
        ALWAYS,
        /** Within the interval. */
        INTERVAL,
        /** When the operating system thinks so. */
        NEVER
    }

    public static final JournalConfig DEFAULTS = new JournalConfig(
            Sync.INTERVAL, 50, 16L << 20, 256L << 20, 64L << 20, 1_000_000, 600_000, 1_000);

    public JournalConfig {
        if (intervalMillis <= 0 || segmentBytes <= 0 || segmentBytesMax < segmentBytes || checkpointBytes <= 0
                || keysMax <= 0 || keyMillis <= 0 || probeMillis <= 0) {
            throw new IllegalArgumentException("sizes and times of the journal must be positive");
        }
    }

    public JournalConfig with(Sync other) {
        return new JournalConfig(other, intervalMillis, segmentBytes, segmentBytesMax, checkpointBytes, keysMax,
                keyMillis, probeMillis);
    }
}
