package io.weir.server.config;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * One row of the option table. Immutable, any thread.
 *
 * @param name as after {@code --} on the command line and, with dots as nesting, in the YAML file
 * @param group heading under which it is listed
 * @param choices the words a CHOICE knows, or words a value of another type may be besides ({@code off}, {@code none})
 * @param min lowest value of INTEGER, SIZE (bytes) and DURATION (milliseconds)
 * @param max highest value of the same
 * @param repeatable takes a list
 * @param initial text of the default; empty for none
 * @param help what it does, one or two sentences, no full stop at the end
 * @param aliases further environment variables
 */
record Option(
        String name,
        Group group,
        Type type,
        List<String> choices,
        long min,
        long max,
        boolean repeatable,
        String initial,
        String help,
        List<String> aliases) {

    enum Group {
        WEB("Web"),
        AUTH("Authentication"),
        STORAGE("Storage"),
        DURABILITY("Durability"),
        IDEMPOTENCY("Idempotency"),
        SERIES("Series"),
        AGGREGATION("Aggregation"),
        PUSH("Pushes"),
        INFLUX("Line protocol"),
        HEROKU("Heroku drain"),
        REMOTE_WRITE("remote_write"),
        LOG("Log"),
        PUSHGATEWAY("Command lines of Pushgateway"),
        LIMITS("Limits"),
        CONFIG("Configuration");

        private final String title;

        Group(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }
    }

    Option(String name, Group group, Type type, String initial, String help) {
        this(name, group, type, List.of(), 0, Long.MAX_VALUE, false, initial, help, List.of());
    }

    Option choices(String... words) {
        return new Option(name, group, type, List.of(words), min, max, repeatable, initial, help, aliases);
    }

    Option range(long lowest, long highest) {
        return new Option(name, group, type, choices, lowest, highest, repeatable, initial, help, aliases);
    }

    Option many() {
        return new Option(name, group, type, choices, min, max, true, initial, help, aliases);
    }

    Option alias(String variable) {
        return new Option(name, group, type, choices, min, max, repeatable, initial, help, List.of(variable));
    }

    /** By the name, which is unique. The record's own would be spun at run time, which takes 10 ms of every start. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Option option && name.equals(option.name);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    String flag() {
        return "--" + name;
    }

    /** {@code WEIR_REMOTE_WRITE_URL}. */
    String variable() {
        return "WEIR_" + name.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    List<String> initialValues() {
        return initial.isEmpty() ? List.of() : List.of(initial);
    }

    /** What may stand for the value in help and documents: {@code sum|last|min|max}, {@code duration|off}. */
    String placeholder() {
        String words = String.join("|", choices);
        if (type == Type.CHOICE) {
            return words;
        }
        return words.isEmpty() ? type.placeholder() : type.placeholder() + "|" + words;
    }

    void check(String text) throws BadValue {
        boolean word = type != Type.CHOICE && choices.contains(text);
        boolean unset = text.isEmpty() && initial.isEmpty() && !repeatable;
        if (word || unset) {
            return;
        }
        if (text.isEmpty() && type != Type.TEXT && type != Type.ROUTE) {
            throw new BadValue("a value (" + placeholder() + ")");
        }
        switch (type) {
            case TEXT, SECRET, FILE -> checkText(text);
            case DURATION -> checkRange(Values.duration(text).toMillis());
            case SIZE -> checkRange(Values.size(text));
            case INTEGER -> Values.integer(text, min, max);
            case BOOLEAN -> Values.bool(text);
            case CHOICE -> checkChoice(text);
            case ADDRESS -> Address.parse(text);
            case HOST -> Values.hosts(List.of(text));
            case URL -> Values.url(text);
            case HEADER -> Values.header(text);
            case ROUTE -> Values.path(text);
        }
    }

    private static void checkText(String text) throws BadValue {
        if (text.chars().anyMatch(Character::isISOControl)) {
            throw new BadValue("text without control characters");
        }
    }

    private void checkRange(long value) throws BadValue {
        if (value < min || value > max) {
            throw new BadValue("a " + type.placeholder() + " from " + format(min) + " to " + format(max));
        }
    }

    private String format(long value) {
        return type == Type.SIZE ? Values.formatSize(value) : Values.format(Duration.ofMillis(value));
    }

    private void checkChoice(String text) throws BadValue {
        if (!choices.contains(text)) {
            String nearest = Suggestion.nearest(text, choices);
            throw new BadValue("one of " + String.join(", ", choices)
                    + (nearest == null ? "" : "; did you mean \"" + nearest + "\"?"));
        }
    }
}
