package io.weir.server.http;

import io.weir.sample.Limits;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What the connections of one event loop know of heads in common: good request lines that have been seen, by their bytes,
 * and the fields that came last; and the scratch memory for reading new ones. Event loop only.
 */
final class KnownHeads {
    /** A power of two, in pairs; a new line moves the first of its pair to the place of the second. */
    private static final int LINES = 1 << 10;
    /** Longer lines are read each time. */
    private static final int LINE_MAX = 256;
    /** A power of two. Each is compared with the head of a connection whose own last fields were different ones. */
    private static final int FIELDS = 4;
    /** Longer ones are kept by their connection only until its next request. */
    private static final int FIELDS_MAX = 1 << 10;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    final Limits limits;
    final HeadRules rules;
    /** Of the fields of the head that is being read, as many as there may be. */
    final int[] spans;

    private final RequestLine[] lines = new RequestLine[LINES];
    private final Fields[] recent = new Fields[FIELDS];
    private final long seed = ThreadLocalRandom.current().nextLong() | 1;
    private int next;

    KnownHeads(Limits limits) {
        this.limits = limits;
        this.rules = new HeadRules(limits);
        this.spans = new int[limits.headers() * Fields.SPAN];
    }

    /** The request line in a span that includes its line end; null when it is none. */
    RequestLine line(byte[] in, int from, int to) {
        if (to - from > LINE_MAX) {
            return rules.line(in, from, to);
        }
        int slot = slot(in, from, to);
        if (isLine(lines[slot], in, from, to)) {
            return lines[slot];
        }
        if (isLine(lines[slot + 1], in, from, to)) {
            return lines[slot + 1];
        }
        RequestLine line = rules.line(in, from, to);
        if (line != null && line.early == null && line.late == null) {
            lines[slot + 1] = lines[slot];
            lines[slot] = line;
        }
        return line;
    }

    private static boolean isLine(RequestLine known, byte[] in, int from, int to) {
        return known != null && known.length() == to - from && known.isAt(in, from, to);
    }

    /** The first of a pair. */

    private int slot(byte[] in, int from, int to) {
        long h = seed;
        int at = from;
        for (; at + Long.BYTES <= to; at += Long.BYTES) {
            h = (h ^ (long) LONG.get(in, at)) * 0x9e37_79b9_7f4a_7c15L;
            h ^= h >>> 32;
        }
        for (; at < to; at++) {
            h = (h ^ in[at]) * 0x9e37_79b9_7f4a_7c15L;
        }
        return (int) (h ^ h >>> 29) & LINES - 2;
    }

    /** Fields that have come lately, {@code 0 <= i < recent()}; may be null. */
    Fields recent(int i) {
        return recent[i];
    }

    int recent() {
        return FIELDS;
    }

    /** Remembers good fields for other connections. */
    void add(Fields fields) {
        if (!fields.isPrivate && fields.length() <= FIELDS_MAX) {
            recent[next] = fields;
            next = next + 1 & FIELDS - 1;
        }
    }
}
