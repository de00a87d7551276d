package io.weir.server.cli;

import io.weir.server.config.ExitCode;
import io.weir.server.config.HelpText;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** {@code weir completion bash}: a script for the shell, written from the commands and the option table. */
final class CompletionCommand implements Command {
    /** Words that the command line knows beside {@link Commands}. */
    private static final List<String> BUILT_IN = List.of("check config", "config print", "help", "version");

    @Override
    public String name() {
        return "completion";
    }

    @Override
    public String summary() {
        return "Print a completion script for the shell";
    }

    @Override
    public String operands() {
        return "bash";
    }

    @Override
    public List<String> examples() {
        return List.of(
                "source <(weir completion bash)",
                "weir completion bash > /etc/bash_completion.d/weir");
    }

    @Override
    public int run(Arguments arguments, Terminal terminal) throws CommandException {
        if (!arguments.operands().equals(List.of("bash"))) {
            throw CommandException.usage("completion: expected bash, as in: weir completion bash");
        }
        terminal.out().print(script());
        return ExitCode.OK;
    }

    static String script() {
        StringBuilder text = new StringBuilder(
                """
                # bash completion for weir; weir completion bash prints it anew
                _weir() {
                    local word="${COMP_WORDS[COMP_CWORD]}"
                    local first="${COMP_WORDS[1]}" second="${COMP_WORDS[2]}" words=""
                    COMPREPLY=()
                    if [ "$COMP_CWORD" -eq 1 ]; then
                        case "$word" in
                            -*) words="%s" ;;
                            *) words="%s" ;;
                        esac
                    else
                        case "$first $second" in
                """.formatted(String.join(" ", HelpText.flags()), String.join(" ", firstWords())));
        for (Command command : Commands.all()) {
            text.append("            \"").append(command.name()).append(command.name().contains(" ") ? "" : " ")
                    .append("\"*) words=\"").append(words(command)).append("\" ;;\n");
        }
        for (String first : firstWords()) {
            String seconds = names().filter(name -> name.startsWith(first + " "))
                    .map(name -> name.substring(first.length() + 1))
                    .collect(Collectors.joining(" "));
            if (!seconds.isEmpty()) {
                text.append("            \"").append(first).append(" \"*) [ \"$COMP_CWORD\" -eq 2 ] && words=\"")
                        .append(seconds).append("\" ;;\n");
            }
        }
        text.append("            -*) words=\"").append(String.join(" ", HelpText.flags())).append("\" ;;\n");
        return text.append(
                        """
                                esac
                            fi
                            if [ -n "$words" ]; then
                                COMPREPLY=($(compgen -W "$words" -- "$word"))
                            fi
                            # a file wherever no word fits
                            if [ "${#COMPREPLY[@]}" -eq 0 ]; then
                                COMPREPLY=($(compgen -f -- "$word"))
                            fi
                        }
                        complete -o nosort -F _weir weir
                        """)
                .toString();
    }

    private static Stream<String> names() {
        return Stream.concat(Commands.names().stream(), BUILT_IN.stream());
    }

    private static Set<String> firstWords() {
        return names().map(name -> name.split(" ")[0]).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** Flags, and operands where they are fixed words. */
    private static String words(Command command) {
        String flags = command.flags().stream().map(Flag::name).collect(Collectors.joining(" "));
        String operand = command.operands();
        boolean word = !operand.isEmpty() && operand.chars().allMatch(Character::isLowerCase);
        return ((word ? operand + " " : "") + flags + " --help").strip();
    }
}
