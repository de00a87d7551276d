package io.weir.parse;

/**
 * Reads one body after the other, piece by piece, and tells a sink what it finds.
 *
 * <p>The caller keeps bytes in an array of its own: it appends each chunk behind the unread tail, calls {@link #parse}
 * with all of it, then drops the first {@link #consumed()} bytes. After the last chunk it calls {@link #finish} with the
 * tail. How a body is cut into chunks never changes what the sink sees or what the verdict is. A tail that is handed in
 * again is not searched again from its start, so a body costs linear time even when it comes byte by byte.
 *
 * <p>A new body starts with {@link #reset}, whatever became of the one before. Event loop only. Bytes are read during the
 * call only and never written. Nothing is allocated for good input.
 *
 * @param <S> what the parser tells about samples or points
 */
public abstract class Parser<S> {
    /** What {@link #parse} and {@link #finish} found. */
    public enum Result {
        /** Every byte handed in has been read. */
        COMPLETE,
        /** The last bytes are the beginning of something unfinished: hand them in again, with more behind them. */
        NEED_MORE,
        /** The body is refused: see {@link #failure()}. Stays so until {@link #reset}. */
        ERROR
    }

    int consumed;
    long lines;
    long samples;
    ParseFailure failure;

    Parser() {}

    /** Forgets everything and begins a body whose content goes to {@code sink}. */
    public void reset(S sink) {
        consumed = 0;
        lines = 0;
        samples = 0;
        failure = null;
    }

    /**
     * Reads what is complete in {@code buffer[offset, offset + length)}, which begins with the bytes the call before left
     * unread.
     *
     * @return any of the three; {@link #consumed()} says how many bytes are done with
     */
    public abstract Result parse(byte[] buffer, int offset, int length);

    /**
     * Reads the end of the body: as {@link #parse}, but the last line needs no newline.
     *
     * @return COMPLETE or ERROR
     */
    public abstract Result finish(byte[] buffer, int offset, int length);

    /** How many of the bytes handed to the last {@link #parse} or {@link #finish} need not be handed in again. */
    public final int consumed() {
        return consumed;
    }

    /**
     * What the body is refused for; null unless the last result was {@link Result#ERROR}, and always null for parsers that
     * pass over what is bad.
     */
    public final ParseFailure failure() {
        return failure;
    }

    /** What the format counts since {@link #reset}: complete lines, those without samples included; families; frames. */
    public final long lines() {
        return lines;
    }

    /** Samples (or points, or messages) the sink has accepted since {@link #reset}. */
    public final long samples() {
        return samples;
    }
}
