package io.weir.store;

import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.EndedSeries;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Series that ended, numbered from 1 in the order of their end. Keeper only. Remembers up to
 * {@link TableConfig#endedMax} of them while recording is on and drops the oldest; what it remembers names texts in their
 * chunks and copies them only when asked.
 */
final class EndedLog {
    private final int max;
    private boolean recording;
    private Entry[] ring = new Entry[0];
    private long sequence;
    private long from = 1;

    /** One end: what the snapshot needs to say it, and to see whether the series lives again. */
    record Entry(
            long h0, long h1, Family family, MetricType type, byte[] chunk, int offset, int length, CellValue last) {}

    EndedLog(int max) {
        this.max = max;
    }

    void recording(boolean on) {
        if (recording && !on) {
            ring = new Entry[0];
        }
        recording = on;
        from = recording && ring.length > 0 ? from : sequence + 1;
    }

    /** Lets go of what ended up to and including {@code handled}: whoever reads has dealt with it. */
    void release(long handled) {
        for (; from <= Math.min(handled, sequence); from++) {
            if (ring.length > 0) {
                ring[slot(from)] = null;
            }
        }
    }

    /** How many ends are remembered. */
    long size() {
        return sequence + 1 - from;
    }

    boolean isRecording() {
        return recording;
    }

    /** Number of series that have ended so far. */
    long sequence() {
        return sequence;
    }

    void add(long h0, long h1, Family family, MetricType type, byte[] chunk, int offset, int length, CellValue last) {
        add(recording ? new Entry(h0, h1, family, type, chunk, offset, length, last) : null);
    }

    /** Ends have been missed: what was remembered so far is not complete. */
    void forget() {
        sequence++;
        from = sequence + 1;
    }

    void add(Entry entry) {
        sequence++;
        if (!recording) {
            from = sequence + 1;
            return;
        }
        if (sequence - from == ring.length) {
            if (ring.length < max) {
                grow();
            } else {
                from++;
            }
        }
        ring[slot(sequence)] = entry;
    }

    private int slot(long s) {
        return (int) (s % ring.length);
    }

    private void grow() {
        Entry[] larger = new Entry[Math.min(max, Math.max(64, ring.length * 2))];
        for (long s = from; s < sequence; s++) {
            larger[(int) (s % larger.length)] = ring[slot(s)];
        }
        ring = larger;
    }

    /** First sequence number that {@link #since} can answer for a reader who has handled {@code after}. */
    long from(long after) {
        return Math.min(Math.max(after + 1, from), sequence + 1);
    }

    /** What ended after {@code after} and is not live again, oldest first; a series that ended twice comes once. */
    List<EndedSeries> since(long after, Predicate<Entry> isLive) {
        long first = from(after);
        if (first > sequence) {
            return List.of();
        }
        List<EndedSeries> ended = new ArrayList<>();
        Set<Key> seen = new HashSet<>();
        for (long s = sequence; s >= first; s--) {
            Entry e = ring[slot(s)];
            if (seen.add(new Key(e.h0, e.h1)) && !isLive.test(e)) {
                byte[] labels = Arrays.copyOfRange(e.chunk, e.offset, e.offset + e.length);
                ended.add(new EndedSeries(e.family.name(), e.type, labels, e.last));
            }
        }
        Collections.reverse(ended);
        return List.copyOf(ended);
    }

    private record Key(long h0, long h1) {}
}
