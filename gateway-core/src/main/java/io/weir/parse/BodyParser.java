package io.weir.parse;

import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.SampleSink;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A parser of samples that the first bad thing makes refuse the body. */
abstract class BodyParser extends Parser<SampleSink> {
    final Limits limits;
    final KeyHash hash;
    final TextParser.Timestamps timestamps;
    SampleSink sink;

    // what the last step found
    int errorAt;
    String detail;

    BodyParser(Limits limits, KeyHash hash, TextParser.Timestamps timestamps) {
        this.limits = limits;
        this.hash = hash;
        this.timestamps = timestamps;
    }

    @Override
    public void reset(SampleSink sink) {
        super.reset(sink);
        this.sink = sink;
    }

    @Override
    public final Result parse(byte[] buffer, int offset, int length) {
        consumed = 0;
        return failure != null ? Result.ERROR : read(buffer, offset, length, false);
    }

    @Override
    public final Result finish(byte[] buffer, int offset, int length) {
        consumed = 0;
        return failure != null ? Result.ERROR : read(buffer, offset, length, true);
    }

    /** Both of the above, for a body that is good so far; {@link #consumed} is zero. */
    abstract Result read(byte[] b, int offset, int length, boolean last);

    final Code error(Code code, int at) {
        return error(code, at, "");
    }

    final Code error(Code code, int at, String why) {
        errorAt = at;
        detail = why;
        return code;
    }

    Code refusedBySink(Code code, int at) {
        return error(code, at, sink.detail());
    }

    static boolean equals(byte[] b, int start, int end, byte[] word) {
        return Arrays.equals(b, start, end, word, 0, word.length);
    }

    static byte[] ascii(String s) {
        return s.getBytes(StandardCharsets.US_ASCII);
    }
}
