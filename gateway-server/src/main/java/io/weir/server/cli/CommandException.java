package io.weir.server.cli;

import io.weir.server.config.ExitCode;

/** Why a command did not do its work, in words for the user; secrets never stand in it. */
public final class CommandException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    public CommandException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    /** Wrong words on the command line. */
    public static CommandException usage(String message) {
        return new CommandException(ExitCode.USAGE, message);
    }

    /** It was understood and did not work. */
    public static CommandException failure(String message) {
        return new CommandException(ExitCode.FAILURE, message);
    }

    public int exitCode() {
        return exitCode;
    }
}
