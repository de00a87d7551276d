package io.weir.server.remotewrite;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Sends requests over the network; the seam at which tests put a scripted one. */
interface Transport {
    /** Most bytes of an answer's body that are read. */
    int REPLY_BYTES_MAX = 64 << 10;

    /**
     * Starts a POST. The result completes on any thread, exceptionally when there was no whole answer within the timeout;
     * cancelling it gives the exchange up.
     */
    CompletableFuture<Reply> send(Post post);

    /**
     * A POST.
     *
     * @param headers names and values in turn
     * @param body not changed any more by anyone
     */
    record Post(URI url, List<String> headers, byte[] body, Duration timeout) {}

    /**
     * An answer.
     *
     * @param retryAfter value of the field {@code Retry-After}, or null
     * @param location value of the field {@code Location}, or null
     * @param written what a 2.0 receiver says it has written, or null
     * @param body its first {@link #REPLY_BYTES_MAX} bytes
     */
    record Reply(int status, String retryAfter, String location, Written written, byte[] body) {}
}
