package io.weir.server.config;

import io.weir.server.http.AllowedHosts;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Checked texts of options with their origins, from one source or merged from several. Main thread only. */
final class Settings {
    /** One option's texts, each of which its type accepts. */
    record Setting(List<String> texts, Origin origin) {}

    private final Map<Option, Setting> settings = new LinkedHashMap<>();

    /** Takes over a text, or one more text of a repeatable option. */
    void put(Option option, String text, Origin origin) throws ConfigException {
        put(option, List.of(text), origin);
    }

    void put(Option option, List<String> texts, Origin origin) throws ConfigException {
        for (String text : texts) {
            try {
                option.check(text);
            } catch (BadValue e) {
                String shown = option.type().confidential() ? "bad value" : "bad value " + quote(text);
                throw new ConfigException(
                        origin.exitCode(), origin.describe(option) + ": " + shown + "; expected " + e.getMessage());
            }
        }
        Setting before = settings.get(option);
        if (before != null && !option.repeatable()) {
            throw new ConfigException(
                    origin.exitCode(),
                    origin.describe(option) + ": given twice; first as " + before.origin.place());
        }
        List<String> all = new ArrayList<>(before == null ? List.of() : before.texts);
        all.addAll(texts);
        settings.put(option, new Setting(List.copyOf(all), before == null ? origin : before.origin));
    }

    /** What the other says beats what stands here. */
    void override(Settings other) {
        settings.putAll(other.settings);
    }

    boolean has(Option option) {
        return settings.containsKey(option);
    }

    /** The setting, or the default. */
    Setting get(Option option) {
        Setting setting = settings.get(option);
        return setting == null ? new Setting(option.initialValues(), Origin.DEFAULT) : setting;
    }

    List<String> texts(Option option) {
        return get(option).texts;
    }

    /** The text, empty when there is none. */
    String text(Option option) {
        List<String> texts = get(option).texts;
        return texts.isEmpty() ? "" : texts.get(0);
    }

    boolean bool(Option option) {
        return checked(() -> Values.bool(text(option)));
    }

    int integer(Option option) {
        return checked(() -> Values.integer(text(option), option.min(), option.max()));
    }

    long size(Option option) {
        return checked(() -> Values.size(text(option)));
    }

    int intSize(Option option) {
        return Math.toIntExact(size(option));
    }

    Duration duration(Option option) {
        return checked(() -> Values.duration(text(option)));
    }

    int seconds(Option option) {
        return Math.toIntExact(duration(option).toSeconds());
    }

    String route(Option option) {
        return checked(() -> Values.path(text(option)));
    }

    List<Address> addresses(Option option) {
        return texts(option).stream().map(text -> checked(() -> Address.parse(text))).toList();
    }

    AllowedHosts hosts(Option option) {
        return checked(() -> Values.hosts(texts(option)));
    }

    static URI url(String text) {
        return checked(() -> Values.url(text));
    }

    ConfigException problem(Option option, String message) {
        Origin origin = get(option).origin;
        return new ConfigException(origin.exitCode(), origin.describe(option) + ": " + message);
    }

    /** For messages: at most 80 characters, control characters as {@code ?}. */
    static String quote(String text) {
        String shown = text.length() > 80 ? text.substring(0, 80) + "..." : text;
        return '"' + shown.replaceAll("\\p{Cntrl}", "?") + '"';
    }

    interface Reading<T> {
        T read() throws BadValue;
    }

    static <T> T checked(Reading<T> reading) {
        try {
            return reading.read();
        } catch (BadValue e) {
            throw new AssertionError("a text that was checked is bad", e);
        }
    }
}
