package io.weir.server.tls;

/** Why TLS cannot be set up as it was asked for, in words for the operator; no key stands in it. */
public final class TlsException extends Exception {
    private static final long serialVersionUID = 1L;

    TlsException(String message) {
        super(message);
    }
}
