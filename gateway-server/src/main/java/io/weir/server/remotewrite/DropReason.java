package io.weir.server.remotewrite;

/** Why time series of a flush did not reach the receiver. The word of each is a stable metric label. */
public enum DropReason {
    /** The receiver refused this one series (400, 409, 422), or its request when splits had run out. */
    REFUSED("refused"),
    /** The receiver found a request of this one series too large (413). */
    TOO_LARGE("too_large"),
    /** The receiver wants other credentials (401, 403); the rest of the flush was not tried. */
    UNAUTHORIZED("unauthorized"),
    /** The URL does not take remote_write (a redirect or any other 4xx); the rest of the flush was not tried. */
    ENDPOINT("endpoint"),
    /** This one series was answered with a server error again and again, while others may have passed. */
    POISON("poison"),
    /** A 2.0 receiver answered with success and the number of samples it has written, which was lower. */
    UNWRITTEN("unwritten"),
    /** Older than the longest retry age. */
    TOO_OLD("too_old"),
    /** A password or token file could not be read. */
    CREDENTIALS("credentials"),
    /** The process stopped before they were delivered. */
    SHUTDOWN("shutdown");

    private final String text;

    DropReason(String text) {
        this.text = text;
    }

    /** The value of the label {@code reason}. */
    public String text() {
        return text;
    }
}
