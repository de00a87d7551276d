package io.weir.parse;

import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import java.util.Arrays;
import java.util.List;

/** One parser and one remembering sink, fed in pieces the way a connection does it. */
final class LineProtocolFeed {
    record Outcome(List<RecordedPoints.Point> points, List<ParseFailure> failures, long failed, long lines) {}

    final LineProtocolParser parser;
    final RecordedPoints sink = new RecordedPoints();
    TimePrecision precision = TimePrecision.NANOSECONDS;
    long bytesHandedIn;

    LineProtocolFeed() {
        this(Limits.DEFAULTS);
    }

    LineProtocolFeed(Limits limits) {
        parser = new LineProtocolParser(new KeyHash(0x243f_6a88L, 0x85a3_08d3L, 0x1319_8a2eL, 0x0370_7344L), limits);
    }

    static Limits lineLimit(int bytes) {
        return Limits.DEFAULTS.with(l -> l.linePointBytes = bytes);
    }

    /** @param cuts ascending indexes at which the body is cut */
    Outcome feed(byte[] body, int... cuts) {
        sink.points.clear();
        parser.reset(sink, precision);
        byte[] tail = new byte[0];
        int from = 0;
        for (int cut : cuts) {
            tail = piece(tail, body, from, cut);
            from = cut;
        }
        tail = piece(tail, body, from, body.length);
        parser.finish(tail, 0, tail.length);
        return new Outcome(
                List.copyOf(sink.points), List.copyOf(parser.failures()), parser.failed(), parser.lines());
    }

    Outcome byteByByte(byte[] body) {
        int[] cuts = new int[body.length];
        Arrays.setAll(cuts, i -> i);
        return feed(body, cuts);
    }

    private byte[] piece(byte[] tail, byte[] body, int from, int to) {
        // not at index 0, and with bytes around that must not matter
        byte[] buffer = new byte[3 + tail.length + to - from + from % 11];
        Arrays.fill(buffer, (byte) '7');
        System.arraycopy(tail, 0, buffer, 3, tail.length);
        System.arraycopy(body, from, buffer, 3 + tail.length, to - from);
        int length = tail.length + to - from;
        bytesHandedIn += length;
        Parser.Result result = parser.parse(buffer, 3, length);
        boolean all = parser.consumed() == length;
        if (result != (all ? Parser.Result.COMPLETE : Parser.Result.NEED_MORE)) {
            throw new AssertionError(result + " with " + parser.consumed() + " of " + length);
        }
        return Arrays.copyOfRange(buffer, 3 + parser.consumed(), 3 + length);
    }
}
