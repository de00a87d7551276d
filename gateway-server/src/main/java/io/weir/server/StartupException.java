package io.weir.server;

import io.weir.server.config.ExitCode;

/** The gateway cannot start. The message is for the user: one line that says what to do. */
public final class StartupException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    public StartupException(int exitCode, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    /** One of {@link ExitCode}. */
    public int exitCode() {
        return exitCode;
    }
}
