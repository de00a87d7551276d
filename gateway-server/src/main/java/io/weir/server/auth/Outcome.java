package io.weir.server.auth;

/**
 * What a {@link Guard} has decided about one request. Immutable, any thread.
 *
 * @param principal who it comes from; null when nobody asked
 * @param denial null when it may go on
 */
public record Outcome(Principal principal, Denial denial) {
    /** May go on, whoever it is. */
    public static final Outcome ANYBODY = new Outcome(null, null);
    /** Not decided yet. */
    public static final Outcome LATER = new Outcome(null, null);

    static Outcome admitted(Principal principal) {
        return new Outcome(principal, null);
    }

    static Outcome denied(Denial denial) {
        return new Outcome(null, denial);
    }
}
