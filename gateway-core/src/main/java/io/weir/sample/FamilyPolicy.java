package io.weir.sample;

/**
 * What configuration says of one metric family.
 *
 * @param ttlMillis a series not touched for this long ends; {@link #FOREVER} switches expiry off
 */
public record FamilyPolicy(GaugePolicy gauge, long ttlMillis) {
    public static final long FOREVER = Long.MAX_VALUE;

    public static final FamilyPolicy DEFAULT = new FamilyPolicy(GaugePolicy.SUM, FOREVER);
}
