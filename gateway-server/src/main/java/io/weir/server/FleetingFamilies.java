package io.weir.server;

import io.weir.sample.FamilyPolicy;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Families whose series repeat themselves for as long as they have a source, such as the gauges of a dyno: those that Heroku's
 * log lines make are known by their names, also after a restart; those whose names an app chooses, from the first line on
 * that brings them. Any thread.
 */
final class FleetingFamilies {
    private static final String HEROKU = "heroku_";
    /** What Heroku's lines make that counts, and what apps write, where only gauges repeat themselves. */
    private static final String[] COUNTING = {"heroku_router_", "heroku_platform_", "heroku_logplex_", "heroku_app_"};

    private final long ttlMillis;
    private final int max;
    private final Set<String> names = ConcurrentHashMap.newKeySet();

    /**
     * Empty.
     *
     * @param ttlMillis of their series; {@link FamilyPolicy#FOREVER} to let them live as others do
     * @param max names remembered at most
     */
    FleetingFamilies(long ttlMillis, int max) {
        this.ttlMillis = ttlMillis;
        this.max = max;
    }

    long ttlMillis() {
        return ttlMillis;
    }

    boolean contains(String name) {
        return ttlMillis != FamilyPolicy.FOREVER && (isNamedSo(name) || names.contains(name));
    }

    /** Whether this is news. */
    boolean add(String name) {
        return !isNamedSo(name) && names.size() < max && names.add(name);
    }

    private static boolean isNamedSo(String name) {
        if (!name.startsWith(HEROKU) || name.endsWith("_total")) {
            return false;
        }
        for (String counting : COUNTING) {
            if (name.startsWith(counting)) {
                return false;
            }
        }
        return true;
    }
}
