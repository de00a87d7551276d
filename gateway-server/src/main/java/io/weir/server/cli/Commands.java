package io.weir.server.cli;

import io.weir.server.config.ExitCode;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Which commands there are: one line each, in the order of the help. Any thread. */
public final class Commands {
    private static final List<Command> ALL = List.of(
            new PushCommand(),
            new IncCommand(),
            new TopCommand(),
            new CardinalityCommand(),
            new HashPasswordCommand(),
            new CheckWebConfigCommand(),
            new CompletionCommand());

    private Commands() {}

    static List<Command> all() {
        return ALL;
    }

    /** Names, of which some have two words. */
    public static List<String> names() {
        return ALL.stream().map(Command::name).toList();
    }

    /** The command that these words begin with; empty when they are for the gateway itself. */
    public static Optional<Command> find(List<String> words) {
        return ALL.stream().filter(command -> startsWith(words, command)).findFirst();
    }

    private static boolean startsWith(List<String> words, Command command) {
        List<String> name = List.of(command.name().split(" "));
        return words.size() >= name.size() && words.subList(0, name.size()).equals(name);
    }

    /**
     * Runs a command that {@link #find} has found.
     *
     * @param words all of the command line
     * @return exit code
     */
    public static int run(Command command, List<String> words, Terminal terminal) throws InterruptedException {
        List<String> rest = words.subList(command.name().split(" ").length, words.size());
        if (rest.contains("--help") || rest.contains("-h")) {
            terminal.out().print(help(command));
            return ExitCode.OK;
        }
        try {
            return command.run(Arguments.parse(command, rest), terminal);
        } catch (CommandException e) {
            e.getMessage().lines().forEach(line -> terminal.err().println("weir: " + line));
            return e.exitCode();
        } catch (IOException e) {
            terminal.err().println("weir: " + command.name() + ": " + e.getMessage());
            return ExitCode.FAILURE;
        }
    }

    /** One line for each command, for the help of the whole. */
    public static String listing() {
        StringBuilder text = new StringBuilder();
        for (Command command : ALL) {
            text.append(String.format(Locale.ROOT, "  %-28s  %s%n", usage(command), command.summary()));
        }
        return text.toString();
    }

    /** Usage, flags and examples of one command. */
    public static String help(Command command) {
        StringBuilder text = new StringBuilder("Usage: ")
                .append(usage(command))
                .append(command.flags().isEmpty() ? "" : " [flags]")
                .append("\n\n")
                .append(command.summary())
                .append(".\n");
        if (!command.flags().isEmpty()) {
            text.append("\nFlags:\n");
        }
        for (Command.Flag flag : command.flags()) {
            String shown = flag.value() == null ? flag.name() : flag.name() + "=" + flag.value();
            text.append(String.format(Locale.ROOT, "  %-22s %s%n", shown, flag.help()));
        }
        text.append("\nExamples:\n");
        command.examples().forEach(example -> text.append("  ").append(example).append('\n'));
        return text.toString();
    }

    private static String usage(Command command) {
        return "weir " + command.name() + (command.operands().isEmpty() ? "" : " " + command.operands());
    }
}
