package io.weir.server.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the user typed.
 *
 * @param operands words that are no flags; for {@link Command#CHECK_CONFIG} the file
 */
public record CommandLine(Command command, Settings settings, List<String> operands) {
    /** What to do. */
    public enum Command {
        /** Start the gateway. */
        RUN,
        /** {@code check config FILE}. */
        CHECK_CONFIG,
        /** {@code config print}. */
        PRINT_CONFIG,
        /** {@code help} or {@code --help}. */
        HELP,
        /** {@code version} or {@code --version}. */
        VERSION
    }

    /** The group that {@code help} was asked for. */
    public Optional<String> helpGroup() {
        return command == Command.HELP ? operands.stream().findFirst() : Optional.empty();
    }

    private static final List<String> COMMANDS = List.of(
            "check config", "config print", "data check", "data export", "data import", "help", "version");

    /**
     * Flags are {@code --name=value}, {@code --name value}, and for booleans {@code --name} and {@code --no-name}.
     *
     * @throws ConfigException of {@link ExitCode#USAGE}
     */
    public static CommandLine parse(List<String> arguments) throws ConfigException {
        return parse(arguments, List.of());
    }

    /** As {@link #parse(List)}; {@code further} are words that may have been meant by an unknown one. */
    public static CommandLine parse(List<String> arguments, List<String> further) throws ConfigException {
        Settings settings = new Settings();
        List<String> words = new ArrayList<>();
        Command asked = null;
        for (int at = 0; at < arguments.size(); at++) {
            String argument = arguments.get(at);
            if (argument.equals("--help") || argument.equals("-h")) {
                asked = Command.HELP;
            } else if (argument.equals("--version")) {
                asked = asked == null ? Command.VERSION : asked;
            } else if (argument.startsWith("-") && argument.length() > 1) {
                at += flag(argument, at + 1 < arguments.size() ? arguments.get(at + 1) : null, settings);
            } else {
                words.add(argument);
            }
        }
        return command(asked, words, settings, further);
    }

    /** Returns how many further arguments the flag took. */
    private static int flag(String argument, String next, Settings settings) throws ConfigException {
        int equals = argument.indexOf('=');
        String flag = equals < 0 ? argument : argument.substring(0, equals);
        Option option = flag.startsWith("--") ? Options.byName(flag.substring(2)) : null;
        boolean negated = false;
        if (option == null && flag.startsWith("--no-")) {
            option = Options.byName(flag.substring("--no-".length()));
            negated = option != null && option.type() == Type.BOOLEAN && equals < 0;
            option = negated ? option : null;
        }
        if (option == null) {
            throw unknownFlag(flag);
        }
        Origin origin = new Origin(Origin.Kind.FLAG, flag);
        if (equals >= 0) {
            settings.put(option, argument.substring(equals + 1), origin);
            return 0;
        }
        if (option.type() == Type.BOOLEAN) {
            settings.put(option, Boolean.toString(!negated), origin);
            return 0;
        }
        if (next == null || next.startsWith("--")) {
            throw usage(flag + ": no value; expected " + flag + "=<" + option.placeholder() + ">");
        }
        settings.put(option, next, origin);
        return 1;
    }

    private static Command command(List<String> words) {
        if (words.isEmpty()) {
            return Command.RUN;
        }
        String two = words.size() > 1 ? words.get(0) + " " + words.get(1) : words.get(0);
        return switch (two) {
            case "check config" -> Command.CHECK_CONFIG;
            case "config print" -> Command.PRINT_CONFIG;
            default -> switch (words.get(0)) {
                case "help" -> Command.HELP;
                case "version" -> Command.VERSION;
                default -> null;
            };
        };
    }

    private static CommandLine command(Command asked, List<String> words, Settings settings, List<String> further)
            throws ConfigException {
        Command command = asked == null ? command(words) : asked;
        if (command == null) {
            throw usage("unknown command " + Settings.quote(String.join(" ", words))
                    + didYouMean(String.join(" ", words), Stream.concat(COMMANDS.stream(), further.stream()).toList(), "")
                    + "; to start the gateway give flags only");
        }
        int taken = command == Command.CHECK_CONFIG || command == Command.PRINT_CONFIG ? 2 : 1;
        List<String> operands = words.size() > taken ? List.copyOf(words.subList(taken, words.size())) : List.of();
        if (command == Command.CHECK_CONFIG && operands.size() != 1) {
            throw usage("check config: expected one file, as in: weir check config weir.yml");
        }
        if (command == Command.PRINT_CONFIG && !operands.isEmpty()) {
            throw usage("config print: unexpected argument " + Settings.quote(operands.get(0)));
        }
        return new CommandLine(command, settings, operands);
    }

    private static ConfigException unknownFlag(String flag) {
        String bare = flag.replaceFirst("^-+", "");
        String negated = bare.startsWith("no-") ? bare.substring("no-".length()) : bare;
        Option option = Options.byName(negated);
        String hint = option != null && !negated.equals(bare)
                ? "; only booleans have a --no- form"
                : didYouMean(bare, Options.names(), "--");
        return usage("unknown flag " + Settings.quote(flag) + hint + " (weir --help lists them all)");
    }

    private static String didYouMean(String word, Iterable<String> candidates, String prefix) {
        String nearest = Suggestion.nearest(word, candidates);
        return nearest == null ? "" : "; did you mean " + prefix + nearest + "?";
    }

    private static ConfigException usage(String message) {
        return new ConfigException(ExitCode.USAGE, message);
    }
}
