package io.weir.server.config;

/**
 * Where a setting came from. Later kinds beat earlier ones.
 *
 * @param place as the user would write it: {@code --log.level}, {@code WEIR_LOG_LEVEL}, {@code weir.yml:3:7}
 */
record Origin(Kind kind, String place) {
    enum Kind {
        DEFAULT,
        FILE,
        ENVIRONMENT,
        FLAG
    }

    static final Origin DEFAULT = new Origin(Kind.DEFAULT, "default");

    int exitCode() {
        return kind == Kind.FILE ? ExitCode.CONFIG : ExitCode.USAGE;
    }

    /** Start of an error message about the setting. */
    String describe(Option option) {
        return switch (kind) {
            case FILE -> place + ": " + option.name();
            case ENVIRONMENT, FLAG -> place;
            case DEFAULT -> option.name();
        };
    }
}
