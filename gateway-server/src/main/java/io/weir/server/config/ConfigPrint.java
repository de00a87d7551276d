package io.weir.server.config;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** {@code weir config print}: every option's effective value and its origin, as YAML, with secrets masked. */
public final class ConfigPrint {
    private static final String MASK = "(secret)";
    private static final int COMMENT_COLUMN = 56;

    private ConfigPrint() {}

    /** Checks everything as a start would, then renders. */
    public static String render(CommandLine commandLine, Map<String, String> environment) throws ConfigException {
        ConfigLoader loader = ConfigLoader.merge(commandLine.settings(), environment);
        Config config = loader.config();
        StringBuilder text = new StringBuilder();
        Option.Group group = null;
        for (Option option : Options.all()) {
            if (option == Options.CONFIG_FILE) {
                continue;
            }
            text.append(group == option.group() || group == null ? "" : "\n");
            group = option.group();
            Settings.Setting setting = loader.settings().get(option);
            line(text, option.name() + ": " + value(option, setting), setting.origin().place());
        }
        rules(text, config);
        receivers(text, loader);
        config.auth().tokens().forEach(token -> text.append("# token ")
                .append(token.name())
                .append(": ")
                .append(token.scopes().stream().sorted().map(scope -> scope.name().toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining(", ")))
                .append('\n'));
        return text.toString();
    }

    private static String value(Option option, Settings.Setting setting) {
        List<String> shown = setting.texts().stream()
                .map(text -> quoted(option, masked(option, text)))
                .toList();
        if (option.repeatable()) {
            return "[" + String.join(", ", shown) + "]";
        }
        return shown.isEmpty() ? "\"\"" : shown.get(0);
    }

    /** Query strings of URLs and values of headers often are credentials. */
    private static String masked(Option option, String text) {
        return switch (option.type()) {
            case SECRET -> text.isEmpty() ? text : MASK;
            case HEADER -> text.substring(0, text.indexOf(':')) + ": " + MASK;
            case URL -> text.indexOf('?') < 0 ? text : text.substring(0, text.indexOf('?') + 1) + MASK;
            default -> text;
        };
    }

    private static String quoted(Option option, String text) {
        boolean plain = switch (option.type()) {
            case DURATION, SIZE, INTEGER, BOOLEAN, CHOICE -> true;
            default -> false;
        };
        return plain ? text : '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static void line(StringBuilder text, String setting, String origin) {
        text.append(setting)
                .append(" ".repeat(Math.max(1, COMMENT_COLUMN - setting.length())))
                .append("# ")
                .append(origin)
                .append('\n');
    }

    private static void rules(StringBuilder text, Config config) {
        if (!config.aggregation().rules().isEmpty()) {
            text.append("\n# ").append(ConfigFile.AGGREGATION_RULES).append(", first match wins:\n");
            config.aggregation().rules().forEach(rule -> text.append("#   ")
                    .append(rule.match().text())
                    .append(rule.gauge() == null ? "" : " gauge=" + rule.gauge())
                    .append(rule.ttlMillis() == null ? "" : " ttl=" + rule.ttlMillis() + "ms")
                    .append('\n'));
        }
        if (!config.influx().rules().isEmpty()) {
            text.append("\n# ").append(ConfigFile.INFLUX_RULES).append(", first match wins:\n");
            config.influx().rules().forEach(rule -> text.append("#   measurement ")
                    .append(rule.measurement().text())
                    .append(" field ")
                    .append(rule.field().text())
                    .append(" as ")
                    .append(rule.as())
                    .append('\n'));
        }
    }

    private static void receivers(StringBuilder text, ConfigLoader loader) {
        for (Settings receiver : loader.receiversInUse()) {
            String fields = Options.all().stream()
                    .filter(option -> option.group() == Option.Group.REMOTE_WRITE && receiver.has(option))
                    .map(option -> option.name().substring(ConfigFile.REMOTE_WRITE.length() + 1) + ": "
                            + value(option, receiver.get(option)))
                    .collect(Collectors.joining(", "));
            text.append("# receiver ").append(fields).append('\n');
        }
    }
}
