package io.weir.server.config;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Options from environment variables: {@code WEIR_} and the option's name, and the aliases of the table. */
final class Environment {
    private static final String PREFIX = "WEIR_";

    /** For the start script, and for the commands that talk to a gateway. */
    private static final List<String> LAUNCHER = List.of("WEIR_JAVA_OPTS", "WEIR_JAVA_HOME", "WEIR_URL", "WEIR_TOKEN");

    private Environment() {}

    /**
     * An empty variable is the same as none. Lists are separated by commas and line feeds; headers, whose values may hold
     * commas, by line feeds only.
     *
     * @throws ConfigException of {@link ExitCode#USAGE}, for a misspelt {@code WEIR_} variable too
     */
    static Settings read(Map<String, String> environment) throws ConfigException {
        Settings settings = new Settings();
        for (Map.Entry<String, String> entry : new TreeMap<>(environment).entrySet()) {
            String variable = entry.getKey();
            Option option = Options.byVariable(variable);
            if (option == null && variable.startsWith(PREFIX) && !isForeign(variable)) {
                refuseMisspelt(variable);
            }
            if (option != null && !entry.getValue().isEmpty() && !isShadowed(option, variable, environment)) {
                Origin origin = new Origin(Origin.Kind.ENVIRONMENT, variable);
                settings.put(option, split(option, entry.getValue()), origin);
            }
        }
        return settings;
    }

    /** What resembles no option belongs to somebody else: an environment is shared, a command line is not. */
    private static void refuseMisspelt(String variable) throws ConfigException {
        String nearest = Suggestion.nearest(variable, Options.variables());
        if (nearest != null) {
            throw new ConfigException(
                    ExitCode.USAGE,
                    "unknown environment variable " + Settings.quote(variable) + "; did you mean " + nearest
                            + "? (weir --help lists the options)");
        }
    }

    /** The option's own variable beats an alias of it. */
    private static boolean isShadowed(Option option, String variable, Map<String, String> environment) {
        return !variable.equals(option.variable())
                && !environment.getOrDefault(option.variable(), "").isEmpty();
    }

    /** A Kubernetes service or a Docker link called {@code weir} puts its own variables here. */
    private static boolean isForeign(String variable) {
        return LAUNCHER.contains(variable)
                || variable.startsWith("WEIR_SERVICE_")
                || variable.equals("WEIR_PORT")
                || variable.startsWith("WEIR_PORT_")
                || variable.startsWith("WEIR_ENV_")
                || variable.equals("WEIR_NAME");
    }

    private static List<String> split(Option option, String text) {
        if (!option.repeatable()) {
            return List.of(text);
        }
        String separator = option.type() == Type.HEADER ? "\n" : "[,\n]";
        return Arrays.stream(text.split(separator))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .toList();
    }
}
