package io.weir.server.http;

/**
 * One request in progress: takes the body, decoded of its {@code Content-Encoding}, piece by piece as it arrives. Event
 * loop only; nothing may block. Once the request has been answered no method is called any more, so whatever answers
 * also releases what the exchange holds.
 */
public interface Exchange {
    /** Ignores the body, which is not even unpacked; for requests that were answered when they were opened or are answered later. */
    Exchange NONE = new Exchange() {};

    /**
     * More of the body. What is not consumed comes again in front of the next bytes, or in {@link #end}; after a call that
     * leaves {@code n} bytes the next one comes when at least {@code 2n} are there, so a stubborn remainder costs linear
     * time only.
     *
     * @param buffer belongs to the event loop, valid during the call
     * @return how many bytes from {@code offset} on are consumed
     */
    default int body(byte[] buffer, int offset, int length) {
        return length;
    }

    /** The body is complete; the span is what {@link #body} has left unconsumed, often empty. */
    default void end(byte[] buffer, int offset, int length) {}

    /** The request will not be completed (connection lost, body refused, server error): release everything. */
    default void abort() {}
}
