package io.weir.server.http;

/**
 * Answers one request, exactly once. Event loop only, except {@link #later}. Calls after the connection has gone do
 * nothing.
 */
public interface Responder {
    /** Answers with what was encoded before; for answers that do not differ from request to request. */
    void send(Answer answer);

    /** Answers {@code 200} with a body made for this request; the bytes are copied during the call. */
    void send(String contentType, byte[] body, int offset, int length);

    /**
     * Answers an error: one line of text, or {@code application/problem+json} (RFC 9457) when the request accepts JSON.
     *
     * @param detail one line for people, without line end; may quote input, control bytes are escaped
     * @param headers names and values alternately, such as {@code "Retry-After", "1"}
     */
    void fail(int status, String detail, String... headers);

    /**
     * Answers with a body that is made while it is sent, as fast as the peer takes it.
     *
     * @param head made by {@link Answer#head}
     * @param source read on the event loop, closed when the answer ends in any way
     */
    void stream(Answer head, BodySource source);

    /**
     * Answers, but holds the answer back, and with it all later answers of the connection, until it is kept. To be called
     * in {@link Exchange#end} only. Later requests are taken up meanwhile.
     */
    Promise promise(Answer answer);

    /** Neither yes nor no can be said: the connection ends without an answer. */
    void breakOff();

    /** Runs a task on the event loop unless the connection has gone meanwhile. Any thread. */
    void later(Runnable task);

    EventLoopContext context();
}
