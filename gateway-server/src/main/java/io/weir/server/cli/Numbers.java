package io.weir.server.cli;

/** Numbers among the arguments. Stateless, any thread. */
final class Numbers {
    private Numbers() {}

    /** A whole number of at least one. */
    static int whole(Command command, Arguments arguments, String flag, int initial) throws CommandException {
        String text = arguments.value(flag).orElse(Integer.toString(initial));
        if (!text.matches("[1-9][0-9]{0,8}")) {
            throw CommandException.usage(command.name() + ": " + flag + ": expected a whole number of at least 1");
        }
        return Integer.parseInt(text);
    }
}
