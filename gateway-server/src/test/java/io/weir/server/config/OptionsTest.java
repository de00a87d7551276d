package io.weir.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.weir.sample.Limits;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
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
                for (RecordComponent component : Limits.class.getRecordComponents()) {
                    Object now = component.getAccessor().invoke(limits);
                    if (!now.equals(component.getAccessor().invoke(Limits.DEFAULTS))) {
                        touched.add(component.getName());
                        assertThat(((Number) now).longValue()).as(option.name()).isEqualTo(7);
                    }
                }
            }
        }
        List<String> components = new ArrayList<>();
        for (RecordComponent component : Limits.class.getRecordComponents()) {
            components.add(component.getName());
        }
        assertThat(touched).containsExactlyInAnyOrderElementsOf(components);
    }

    @Test
    void shouldGiveEveryOptionAVariableOfItsOwn() {
        assertThat(Options.all()).extracting(Option::variable).doesNotHaveDuplicates();
        assertThat(Options.WEB_LISTEN_ADDRESS.variable()).isEqualTo("WEIR_WEB_LISTEN_ADDRESS");
    }
}
