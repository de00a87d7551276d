package io.weir.server.cli;

import io.weir.server.config.Suggestion;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What was typed after the name of a command: {@code --flag value}, {@code --flag=value} and operands in any order;
 * {@code --} ends the flags, {@code -} is an operand. Immutable, any thread.
 */
public final class Arguments {
    private final Map<String, String> flags = new HashMap<>();
    private final List<String> operands = new ArrayList<>();

    private Arguments() {}

    /**
     * Takes the words apart by the flags that the command knows.
     *
     * @throws CommandException for an unknown flag, a flag given twice, or one without its value
     */
    public static Arguments parse(Command command, List<String> words) throws CommandException {
        Arguments arguments = new Arguments();
        boolean flagsEnded = false;
        for (int at = 0; at < words.size(); at++) {
            String word = words.get(at);
            if (flagsEnded || !word.startsWith("-") || word.equals("-")) {
                arguments.operands.add(word);
            } else if (word.equals("--")) {
                flagsEnded = true;
            } else {
                int equals = word.indexOf('=');
                String name = equals < 0 ? word : word.substring(0, equals);
                Command.Flag flag = known(command, name);
                String value = equals < 0 ? null : word.substring(equals + 1);
                if (flag.value() == null && value != null) {
                    throw CommandException.usage(command.name() + ": " + name + " takes no value");
                }
                if (flag.value() != null && value == null) {
                    if (++at == words.size()) {
                        throw CommandException.usage(
                                command.name() + ": no value; expected " + name + "=" + flag.value());
                    }
                    value = words.get(at);
                }
                if (arguments.flags.put(name, value == null ? "" : value) != null) {
                    throw CommandException.usage(command.name() + ": " + name + " is given twice");
                }
            }
        }
        return arguments;
    }

    private static Command.Flag known(Command command, String name) throws CommandException {
        for (Command.Flag flag : command.flags()) {
            if (flag.name().equals(name)) {
                return flag;
            }
        }
        String nearest = Suggestion.nearest(name, command.flags().stream().map(Command.Flag::name).toList());
        throw CommandException.usage(command.name() + ": unknown flag \"" + name + "\""
                + (nearest == null ? "" : "; did you mean " + nearest + "?")
                + " (weir " + command.name() + " --help lists them)");
    }

    /** Whether the switch is on or the flag has a value. */
    public boolean has(String flag) {
        return flags.containsKey(flag);
    }

    public Optional<String> value(String flag) {
        return Optional.ofNullable(flags.get(flag));
    }

    public List<String> operands() {
        return List.copyOf(operands);
    }
}
