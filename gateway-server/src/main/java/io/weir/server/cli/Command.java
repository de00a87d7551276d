package io.weir.server.cli;

import java.io.IOException;
import java.util.List;

/**
 * One command, as in {@code weir push}. Its help and its shell completion are written from what it says about itself.
 * Registered by one line in {@link Commands}. One thread, one run per process.
 */
public interface Command {
    /**
     * A flag of a command.
     *
     * @param name with its dashes, such as {@code --job}
     * @param value what stands for its value in help, {@code J} or {@code FILE}; null for a switch
     * @param help one sentence, no full stop at the end
     */
    record Flag(String name, String value, String help) {
        static Flag value(String name, String value, String help) {
            return new Flag(name, value, help);
        }

        static Flag on(String name, String help) {
            return new Flag(name, null, help);
        }
    }

    /** One or two words, {@code push} or {@code data check}. */
    String name();

    /** What it does, in one line without a full stop. */
    String summary();

    /** Its operands as in a usage line, {@code [FILE]}; empty when it takes none. */
    default String operands() {
        return "";
    }

    default List<Flag> flags() {
        return List.of();
    }

    /** Command lines that work, with what they do after two spaces and {@code #}. */
    List<String> examples();

    /**
     * Does it.
     *
     * @return exit code
     * @throws CommandException for the user: printed without a stack
     */
    int run(Arguments arguments, Terminal terminal) throws CommandException, IOException, InterruptedException;
}
