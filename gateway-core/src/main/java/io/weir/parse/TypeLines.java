package io.weir.parse;

import io.weir.sample.MetricType;
import java.util.Arrays;

/**
 * The TYPE lines of the body before, in their order: bodies repeat, and comparing a line costs a sixth of reading it. Event
 * loop only. Bounded: {@value #LINES} lines of at most {@value #LINE_BYTES} bytes.
 */
final class TypeLines {
    private static final int LINES = 64;
    private static final int LINE_BYTES = 128;

    private final Line[] lines = new Line[LINES];
    private int next;

    /** A line with its newline. */
    static final class Line {
        private byte[] bytes;
        int length;
        int nameOffset;
        int nameLength;
        MetricType type;
    }

    /** A body begins. */
    void begin() {
        next = 0;
    }

    /** The line expected next, if it stands at {@code start}; else null. */
    Line expected(byte[] b, int start, int end) {
        Line line = next < LINES ? lines[next] : null;
        return line != null
                        && line.length <= end - start
                        && Arrays.equals(line.bytes, 0, line.length, b, start, start + line.length)
                ? line
                : null;
    }

    /** What {@link #expected} has found has been read. */
    void pass() {
        next++;
    }

    /** Another line has been read in its place. */
    void learn(byte[] b, int start, int behind, int name, int nameLength, MetricType type) {
        int length = behind - start;
        if (next >= LINES || length > LINE_BYTES) {
            return;
        }
        Line line = lines[next];
        if (line == null) {
            lines[next] = line = new Line();
            line.bytes = new byte[LINE_BYTES];
        }
        System.arraycopy(b, start, line.bytes, 0, length);
        line.length = length;
        line.nameOffset = name - start;
        line.nameLength = nameLength;
        line.type = type;
        next++;
    }
}
