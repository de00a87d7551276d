package io.weir.sample;

/** How a pushed gauge value joins the one that is there. PUT and line protocol always set. */
public enum GaugePolicy {
    /** Values add up; this is what "aggregated" means by default. */
    SUM,
    /** The newest value stays. */
    LAST,
    /** The lowest value stays. */
    MIN,
    /** The highest value stays. */
    MAX
}
