package io.weir.ingest;

import io.weir.sample.FamilyPolicy;
import io.weir.sample.GaugePolicy;
import java.util.List;

/**
 * How families aggregate and how long their series live: a default and a list of rules by name. For each property the
 * first rule that matches and sets it wins. Immutable, any thread.
 *
 * @param ttlMillis default time to live, {@link FamilyPolicy#FOREVER} for none
 */
public record AggregationRules(GaugePolicy gauge, long ttlMillis, List<Rule> rules) {
    public static final AggregationRules DEFAULTS =
            new AggregationRules(GaugePolicy.SUM, FamilyPolicy.FOREVER, List.of());

    /**
     * One rule.
     *
     * @param gauge null to leave the policy to later rules
     * @param ttlMillis null to leave the time to live to later rules
     */
    public record Rule(NamePattern match, GaugePolicy gauge, Long ttlMillis) {}

    /**
     * The policy of one family. A family whose name ends in {@code _created} holds creation times; of those the oldest
     * stays, whatever the default, unless a rule names another policy.
     */
    public FamilyPolicy policy(String name) {
        return policy(name, ttlMillis);
    }

    /** The policy of a family whose time to live is this one unless a rule names another. */
    public FamilyPolicy policy(String name, long ttlMillis) {
        GaugePolicy foundGauge = null;
        Long foundTtl = null;
        for (Rule rule : rules) {
            if ((foundGauge == null && rule.gauge != null || foundTtl == null && rule.ttlMillis != null)
                    && rule.match.matches(name)) {
                foundGauge = foundGauge == null ? rule.gauge : foundGauge;
                foundTtl = foundTtl == null ? rule.ttlMillis : foundTtl;
            }
        }
        if (foundGauge == null) {
            foundGauge = name.endsWith("_created") ? GaugePolicy.MIN : gauge;
        }
        return new FamilyPolicy(foundGauge, foundTtl == null ? ttlMillis : foundTtl);
    }
}
