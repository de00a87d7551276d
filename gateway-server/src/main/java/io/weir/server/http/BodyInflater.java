package io.weir.server.http;

import io.weir.sample.Limits;

/**
 * Decompresses one body as it arrives, within two limits: {@code bodyBytes} for what comes out, {@code inflateRatio} for
 * how much more it is than what went in. A body that ends early or has been damaged is never taken for good. Event loop
 * only.
 */
abstract class BodyInflater {
    /** The ratio is looked at from here on; small bodies may be very regular. */
    private static final long RATIO_FROM = 1 << 20;

    private final long inflatedMax;
    private final int ratioMax;
    private long taken;
    private long given;
    /** Unread compressed bytes: {@code input[at, end)}. */
    byte[] input;
    int at;
    int end;
    Refusal refusal;

    BodyInflater(Limits limits) {
        this.inflatedMax = limits.bodyBytes();
        this.ratioMax = limits.inflateRatio();
    }

    /** A decompressor for one body; {@code coding} is not IDENTITY. */
    static BodyInflater of(HeadRules.Coding coding, EventLoopContext context, Limits limits) {
        return switch (coding) {
            case GZIP, DEFLATE -> new DeflateInflater(context.inflater(), coding == HeadRules.Coding.GZIP, limits);
            case SNAPPY -> new SnappyInflater(limits);
            case ZSTD -> new ZstdInflater(limits);
            case IDENTITY -> throw new IllegalArgumentException(coding.name());
        };
    }

    /** Bytes given out so far. */
    final long given() {
        return given;
    }

    /** The next compressed bytes; the ones before have been used up. */
    final void input(byte[] buffer, int offset, int length) {
        input = buffer;
        at = offset;
        end = offset + length;
        taken += length;
    }

    /** Why decompression stopped, or null. */
    final Refusal refusal() {
        return refusal;
    }

    /**
     * Decompresses into {@code out}.
     *
     * @return bytes written; 0 when more input is needed or {@link #refusal} says why not
     */
    abstract int inflate(byte[] out, int offset, int length);

    /** Null when the body may end here. */
    abstract Refusal atEnd();

    /** Bytes that decompression itself may hold until the body is complete. */
    long windowBytes() {
        return 0;
    }

    /** Gives back what was taken for this body. */
    abstract void close(EventLoopContext context);

    /** Counts bytes about to be given out; false when they are too many. */
    final boolean give(int bytes) {
        given += bytes;
        if (given > inflatedMax) {
            fail(Refusal.INFLATED_TOO_LARGE);
        } else if (given > RATIO_FROM && given / ratioMax > taken) {
            fail(Refusal.INFLATE_RATIO);
        }
        return refusal == null;
    }

    final void fail(Refusal why) {
        refusal = refusal == null ? why : refusal;
    }
}
