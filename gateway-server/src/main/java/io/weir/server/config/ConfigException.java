package io.weir.server.config;

/**
 * A bad option. The message is for the user: one line for each problem, with its place; secrets never stand in it.
 */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    ConfigException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    /** {@link ExitCode#USAGE} for flags and environment, {@link ExitCode#CONFIG} for the file. */
    public int exitCode() {
        return exitCode;
    }
}
