package io.weir.server.http;

/**
 * An answer that is already in its place among the answers of its connection and is held back until what it says is true.
 * Event loop only. Ends by exactly one call of {@link #keep}, {@link #keepOnDisk} or {@link #breakOff}, after which it must
 * be forgotten. Calls after the connection has gone do nothing.
 */
public interface Promise {
    /** It is true now. */
    void keep();

    /** Hears how the wait for the disk ended, even after the connection has gone. */
    @FunctionalInterface
    interface OnDisk {
        void settled(boolean durable);
    }

    /**
     * It will be true once this ticket of the event loop's journal is on the disk; should the disk fail, it ends as by
     * {@link #breakOff}.
     *
     * @param then told of it; or null
     */
    void keepOnDisk(long ticket, OnDisk then);

    /** Says something else instead, still held back. */
    void replace(Answer answer);

    /** Says an error instead, as {@link Responder#fail} would have. */
    void replace(int status, String detail, String... headers);

    /** Neither yes nor no can be said: the connection ends without this answer and those behind it. */
    void breakOff();
}
