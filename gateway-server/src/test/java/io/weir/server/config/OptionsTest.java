package io.weir.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.weir.sample.Limits;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OptionsTest {
    @Test
    void shouldAcceptEveryDefaultAsAValue() {
        for (Option option : Options.all()) {
            for (String initial : option.initialValues()) {
                assertThatCode(() -> option.check(initial)).as(option.name()).doesNotThrowAnyException();
            }
        }
    }

    @Test
    void shouldLoadTheDocumentedDefaultsFromNothing() throws ConfigException {
        assertThat(ConfigLoader.load(CommandLine.parse(List.of()), Map.of())).isEqualTo(Config.DEFAULTS);
    }

    @Test
    void shouldHaveOneOptionForEachLimitThatChangesThatLimitAlone() throws ReflectiveOperationException, ConfigException {
        List<String> touched = new ArrayList<>();
        for (Option option : Options.all()) {
            if (option.group() == Option.Group.LIMITS || option == Options.SERIES_MAX) {
                String value = option.type() == Type.DURATION ? "7s" : "7";
                Limits limits = ConfigLoader.load(CommandLine.parse(List.of(option.flag() + "=" + value)), Map.of())
                        .limits();
                Map<String, Object> defaults = components(Limits.DEFAULTS);
                components(limits).forEach((name, now) -> {
                    if (!now.equals(defaults.get(name))) {
                        touched.add(name);
                        assertThat(((Number) now).longValue()).as(option.name()).isEqualTo(7);
                    }
                });
            }
        }
        assertThat(touched).containsExactlyInAnyOrderElementsOf(components(Limits.DEFAULTS).keySet());
    }

    /** With those of the records within. */
    private static Map<String, Object> components(Record limits) throws ReflectiveOperationException {
        Map<String, Object> values = new LinkedHashMap<>();
        for (RecordComponent component : limits.getClass().getRecordComponents()) {
            Object value = component.getAccessor().invoke(limits);
            if (value instanceof Record more) {
                values.putAll(components(more));
            } else {
                values.put(component.getName(), value);
            }
        }
        return values;
    }

    @Test
    void shouldGiveEveryOptionAVariableOfItsOwn() {
        assertThat(Options.all()).extracting(Option::variable).doesNotHaveDuplicates();
        assertThat(Options.WEB_LISTEN_ADDRESS.variable()).isEqualTo("WEIR_WEB_LISTEN_ADDRESS");
    }
}
