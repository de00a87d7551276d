package io.weir.server.config;

import java.util.List;
import java.util.Locale;

/** {@code --help}, written from the option table. Any thread. */
public final class HelpText {
    private static final String USAGE =
            """
            Weir, an aggregating push gateway: push from anywhere, aggregate exactly, scrape and remote_write.

            Usage:
              weir [flags]                  start the gateway
              weir check config FILE        check a configuration file; exit code 0 or 78
              weir config print [flags]     print every option's effective value and where it comes from
              weir data check|export|import DIR
                                            look at, write out or fill a data directory; weir data --help
              weir help [GROUP]             this text, or one group of it
              weir version                  version, commit and Java
            %s
            Every flag is also an environment variable (--log.level is WEIR_LOG_LEVEL) and a key of the YAML file given
            with --config.file (dots are nesting). A flag beats the environment beats the file beats the default.
            """;

    private static final String EXAMPLES =
            """

            Examples:
              weir --web.listen-address=:9091 --storage.path=/var/lib/weir
              weir --series.ttl=1h --aggregation.gauge=last
              weir --remote-write.url=https://prometheus.example/api/v1/write --remote-write.interval=30s
              WEIR_LOG_FORMAT=json weir --config.file=weir.yml

            Exit codes:
              0 stopped when asked to, 1 failure, 2 bad flag or variable, 69 cannot listen, 73 data directory unusable,
              78 bad configuration file
            """;

    private static final int HELP_COLUMN = 6;
    private static final int WIDTH = 110;

    private HelpText() {}

    /**
     * All of it.
     *
     * @param commands one line for each further command, each with its line end
     */
    public static String renderWith(String commands) {
        StringBuilder text = new StringBuilder(USAGE.formatted(commands));
        for (Option.Group group : Option.Group.values()) {
            group(text, group);
        }
        return text.append(EXAMPLES).toString();
    }

    /** All flags, with their dashes. */
    public static List<String> flags() {
        return Options.all().stream().map(Option::flag).toList();
    }

    /**
     * One group, named by its title or by its first word in flags ({@code limits}, {@code remote-write}).
     *
     * @throws ConfigException of {@link ExitCode#USAGE} when there is no such group
     */
    public static String render(String word) throws ConfigException {
        String wanted = word.toLowerCase(Locale.ROOT);
        for (Option.Group group : Option.Group.values()) {
            if (section(group).equals(wanted) || group.title().toLowerCase(Locale.ROOT).equals(wanted)) {
                StringBuilder text = new StringBuilder();
                group(text, group);
                return text.substring(1);
            }
        }
        List<String> sections = List.of(Option.Group.values()).stream().map(HelpText::section).toList();
        throw new ConfigException(
                ExitCode.USAGE,
                "help: unknown group " + Settings.quote(word) + "; expected one of " + String.join(", ", sections));
    }

    private static String section(Option.Group group) {
        return group.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static void group(StringBuilder text, Option.Group group) {
        text.append('\n').append(group.title()).append(":\n");
        for (Option option : Options.all()) {
            if (option.group() == group) {
                option(text, option);
            }
        }
    }

    private static void option(StringBuilder text, Option option) {
        text.append("  ").append(option.flag());
        if (option.type() == Type.BOOLEAN) {
            text.append(" | --no-").append(option.name());
        } else {
            text.append("=<").append(option.placeholder()).append('>');
        }
        if (option.repeatable()) {
            text.append(" ...");
        }
        if (!option.initial().isEmpty()) {
            text.append("  (default ").append(option.initial()).append(')');
        }
        text.append('\n');
        String help = option.help() + (option.repeatable() ? " (repeatable)" : "");
        if (!option.aliases().isEmpty()) {
            help += " (also $" + String.join(", $", option.aliases()) + ")";
        }
        wrap(text, help);
    }

    private static void wrap(StringBuilder text, String help) {
        String indent = " ".repeat(HELP_COLUMN);
        int column = 0;
        for (String word : help.split(" ")) {
            if (column == 0 || column + 1 + word.length() > WIDTH) {
                text.append(column == 0 ? "" : "\n").append(indent).append(word);
                column = HELP_COLUMN + word.length();
            } else {
                text.append(' ').append(word);
                column += 1 + word.length();
            }
        }
        text.append('\n');
    }
}
