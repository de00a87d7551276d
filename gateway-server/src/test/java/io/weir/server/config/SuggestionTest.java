package io.weir.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SuggestionTest {
    @ParameterizedTest
    @CsvSource({
        "web.listen-adress, web.listen-address",
        "web.listenaddress, web.listen-address",
        "remote-write.ulr, remote-write.url",
        "remote_write.url, remote-write.url",
        "log-level, log.level",
        "series.maximum, series.max",
        "stroage.path, storage.path",
        "database.engine, ",
        "x, ",
    })
    void shouldNameTheNearestOption(String word, String option) {
        assertThat(Suggestion.nearest(word, Options.names())).isEqualTo(option);
    }

    @ParameterizedTest
    @CsvSource({"a, a, 0", "ab, ba, 1", "abc, ac, 1", "ac, abc, 1", "abc, axc, 1", "kitten, sitting, 3", "'', abc, 3"})
    void shouldCountEdits(String a, String b, int edits) {
        assertThat(Suggestion.edits(a, b)).isEqualTo(edits);
    }

    @Test
    void shouldNotWorkOnVeryLongWords() {
        assertThat(Suggestion.nearest("a".repeat(100_000), List.of("a"))).isNull();
    }
}
