package io.weir.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.FamilyPolicy;
import io.weir.sample.GaugePolicy;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AggregationRulesTest {
    @ParameterizedTest
    @CsvSource({
        "queue_*,    queue_depth,    true",
        "queue_*,    queue_,         true",
        "queue_*,    queue,          false",
        "*,          anything,       true",
        "*_total,    jobs_total,     true",
        "*_total,    jobs_totals,    false",
        "a*b*c,      aXbXbc,         true",
        "a*b*c,      aXbX,           false",
        "exact,      exact,          true",
        "exact,      exactly,        false",
        "**,         x,              true",
    })
    void shouldMatchNamesAgainstPatterns(String pattern, String name, boolean matches) {
        assertThat(new NamePattern(pattern).matches(name)).isEqualTo(matches);
    }

    @Test
    void shouldTakeEachPropertyFromTheFirstRuleThatSetsIt() {
        AggregationRules rules = new AggregationRules(GaugePolicy.SUM, FamilyPolicy.FOREVER, List.of(
                new AggregationRules.Rule(new NamePattern("queue_*"), null, Duration.ofMinutes(5).toMillis()),
                new AggregationRules.Rule(new NamePattern("queue_m*"), GaugePolicy.MAX, 1L),
                new AggregationRules.Rule(new NamePattern("*"), GaugePolicy.LAST, null)));

        assertThat(rules.policy("queue_max")).isEqualTo(new FamilyPolicy(GaugePolicy.MAX, 300_000));
        assertThat(rules.policy("queue_len")).isEqualTo(new FamilyPolicy(GaugePolicy.LAST, 300_000));
        assertThat(rules.policy("other")).isEqualTo(new FamilyPolicy(GaugePolicy.LAST, FamilyPolicy.FOREVER));
    }

    @Test
    void shouldKeepTheOldestCreationTimeUnlessARuleSaysOtherwise() {
        assertThat(AggregationRules.DEFAULTS.policy("jobs_created").gauge()).isEqualTo(GaugePolicy.MIN);
        assertThat(AggregationRules.DEFAULTS.policy("jobs").gauge()).isEqualTo(GaugePolicy.SUM);
    }
}
