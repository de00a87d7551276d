package io.weir.server.auth;

/**
 * Why a request goes no further, in words for its sender. Immutable, any thread.
 *
 * @param status 401, 403, 429 or 503
 * @param headers names and values alternately
 */
public record Denial(int status, Reason reason, String detail, String... headers) {
    /** Label of {@code weir_auth_denied_total}. */
    public enum Reason {
        /** No credentials came; most clients send them only when asked. */
        MISSING,
        /** They are of nobody. */
        WRONG,
        /** They are somebody's who may not do this. */
        SCOPE,
        /** Too many wrong ones came from this address. */
        BLOCKED,
        /** Too many passwords are being checked. */
        BUSY,
        /** The rate limit of the web configuration. */
        RATE
    }
}
