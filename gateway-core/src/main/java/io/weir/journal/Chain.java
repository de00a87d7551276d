package io.weir.journal;

import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The segments of one writer, of which the last is open. Its thread only, but for what is volatile and what the sync
 * thread takes from {@link #retired}.
 */
final class Chain {
    final Journal journal;
    final int writer;
    /** Keeps what a full turn of an event loop needs. */
    final FrameBuffer buffer = new FrameBuffer(2 << 20);
    /** Segments that nothing is appended to any more, to be forced and closed. */
    final Queue<Segment> retired = new ConcurrentLinkedQueue<>();

    volatile Segment segment;
    /** No frame that is not yet both written and applied has a lower sequence number. */
    volatile long pendingFrom = Long.MAX_VALUE;
    /** Sequence number of the last frame written. */
    volatile long written = -1;
    volatile long durable = -1;
    volatile Durability listener = Durability.NONE;
    /** Sync only. */
    long lost = -1;

    private long previous = -1;
    private long previousSequence = -1;
    private long definitionBytes;
    private boolean defines;

    Chain(Journal journal, int writer) {
        this.journal = journal;
        this.writer = writer;
    }

    /** Whether frames can be appended: opens the next segment when the last is full or failed. */
    boolean ready() {
        if (!journal.isHealthy()) {
            return false;
        }
        Segment s = segment;
        if (s != null && !s.failed && s.generation == journal.generation() && !isFull(s)) {
            return true;
        }
        retire();
        try {
            Segment next = journal.newSegment(writer, previous, previousSequence);
            next.definitionsEnd = next.bytes;
            segment = next;
            previous = next.number;
            definitionBytes = 0;
            return true;
        } catch (IOException e) {
            journal.failed("cannot begin a segment", e);
            return false;
        }
    }

    private boolean isFull(Segment s) {
        return s.bytes >= journal.config.segmentBytes()
                && (s.bytes - definitionBytes >= definitionBytes || s.bytes >= journal.config.segmentBytesMax());
    }

    void defined(int bytes) {
        definitionBytes += bytes;
    }

    /** A frame in the buffer defines something. */
    void defines() {
        defines = true;
    }

    void retire() {
        Segment s = segment;
        if (s != null) {
            previousSequence = s.lastSequence;
            s.closed = true;
            retired.add(s);
            segment = null;
        }
    }

    /** Writes the buffer, whose last frame has this sequence number; the buffer is empty afterwards if that went well. */
    Outcome write(long firstSequence, long lastSequence) {
        Segment s = segment;
        try {
            s.output.write(buffer.bytes, 0, buffer.size);
        } catch (IOException e) {
            return undo(s, firstSequence, lastSequence, e);
        }
        s.lastSequence = lastSequence;
        if (defines) {
            // before those bytes count
            s.definitionsEnd = s.bytes + buffer.size;
            defines = false;
        }
        s.bytes = s.bytes + buffer.size;
        written = lastSequence;
        journal.wrote(buffer.size);
        buffer.clear();
        return Outcome.APPLIED;
    }

    /** Makes sure that a failed write leaves nothing, or says that it may. */
    private Outcome undo(Segment s, long firstSequence, long lastSequence, IOException e) {
        Outcome outcome = Outcome.REFUSED;
        try {
            s.output.truncate(s.bytes);
        } catch (IOException again) {
            outcome = Outcome.UNKNOWN;
            // the keeper writes the very same frame again
            if (writer != SegmentHeader.KEEPER) {
                journal.uncertain(writer, firstSequence, lastSequence);
            }
        }
        s.failed = true;
        retire();
        journal.failed("cannot write " + s.name(), e);
        return outcome;
    }
}
