package io.weir.parse;

import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.SampleSink;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * A parser with a sink, fed as a server does: chunks appended behind the unread tail, in an array with foreign bytes
 * around them.
 */
final class ParserFeed {
    /** What came of one body. */
    record Verdict(List<String> told, ParseFailure failure, long lines, long samples) {}

    private static final byte[] FOREIGN = "\n\u0001}\n\\ 1\n\"".getBytes(StandardCharsets.US_ASCII);

    final RecordingSink sink = new RecordingSink();
    private final Supplier<Parser<SampleSink>> kind;
    private final Parser<SampleSink> parser;

    ParserFeed(Supplier<Parser<SampleSink>> kind) {
        this.kind = kind;
        this.parser = kind.get();
    }

    static ParserFeed ofText() {
        return ofText(Limits.DEFAULTS, TextParser.Timestamps.IGNORE);
    }

    static ParserFeed ofText(Limits limits, TextParser.Timestamps timestamps) {
        return new ParserFeed(() -> new TextParser(limits, new KeyHash(11, 22, 33, 44), timestamps));
    }

    /** The same with nothing known yet. */
    ParserFeed fresh() {
        return new ParserFeed(kind);
    }

    Verdict whole(byte[] body) {
        return feed(body, body.length);
    }

    Verdict byteByByte(byte[] body) {
        int[] ends = new int[body.length];
        Arrays.setAll(ends, i -> i + 1);
        return feed(body, ends);
    }

    /** Parses the body in chunks that end at the given positions; what is left comes with the end. */
    Verdict feed(byte[] body, int... ends) {
        sink.told.clear();
        parser.reset(sink);
        int done = 0;
        for (int end : ends) {
            if (step(body, done, end, false) == Parser.Result.ERROR) {
                if (step(body, done, end, true) != Parser.Result.ERROR) {
                    throw new AssertionError("error forgotten");
                }
                return verdict();
            }
            done += parser.consumed();
        }
        step(body, done, body.length, true);
        return verdict();
    }

    private Verdict verdict() {
        return new Verdict(List.copyOf(sink.told), parser.failure(), parser.lines(), parser.samples());
    }

    private Parser.Result step(byte[] body, int from, int to, boolean last) {
        int length = to - from;
        byte[] buffer = new byte[FOREIGN.length + length + FOREIGN.length];
        System.arraycopy(FOREIGN, 0, buffer, 0, FOREIGN.length);
        System.arraycopy(body, from, buffer, FOREIGN.length, length);
        System.arraycopy(FOREIGN, 0, buffer, FOREIGN.length + length, FOREIGN.length);
        byte[] before = buffer.clone();
        Parser.Result result =
                last ? parser.finish(buffer, FOREIGN.length, length) : parser.parse(buffer, FOREIGN.length, length);

        int consumed = parser.consumed();
        boolean rightly = switch (result) {
            case COMPLETE -> consumed == length && parser.failure() == null;
            case NEED_MORE -> consumed < length && !last && parser.failure() == null;
            case ERROR -> consumed <= length && parser.failure() != null;
        };
        if (!rightly || !Arrays.equals(before, buffer)) {
            throw new AssertionError(result + " after " + consumed + " of " + length + " bytes");
        }
        return result;
    }
}
