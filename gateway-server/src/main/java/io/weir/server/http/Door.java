package io.weir.server.http;

/**
 * One kind of request. A door is shared by all event loops and keeps no state of a request; what belongs to one request
 * lives in the {@link Exchange} it opens. Registered by one line in {@code Routes}.
 */
public interface Door {
    /**
     * Begins a request whose head has passed all rules; no byte of the body has been read. Event loop only, must not
     * block. The door may answer at once, at any later call of the exchange, or from another thread through {@link
     * Responder#later}.
     *
     * @param request valid until the request is answered
     * @return takes the body; {@link Exchange#NONE} when the body is of no interest and the answer has been given
     */
    Exchange open(Request request, Responder responder);
}
