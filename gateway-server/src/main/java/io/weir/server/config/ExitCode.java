package io.weir.server.config;

/** Exit codes of the process; those above 2 are of {@code sysexits.h}. */
public final class ExitCode {
    public static final int OK = 0;
    /** Something broke that has no code of its own. */
    public static final int FAILURE = 1;
    /** A bad flag or environment variable. */
    public static final int USAGE = 2;
    /** An address to listen on cannot be had. */
    public static final int LISTEN = 69;
    /** The data directory cannot be used. */
    public static final int STORAGE = 73;
    /** A bad configuration file. */
    public static final int CONFIG = 78;

    private ExitCode() {}
}
