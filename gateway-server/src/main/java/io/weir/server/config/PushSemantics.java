package io.weir.server.config;

/** How PUT and POST of grouping paths are read; values of {@code --push.semantics}. */
public enum PushSemantics {
    /** PUT replaces the group, POST adds to it. */
    METHOD,
    /** As Pushgateway: PUT replaces the group, POST its families of the same names. */
    PUSHGATEWAY,
    /** As prom-aggregation-gateway: both add. */
    AGGREGATE
}
