package io.weir.server.remotewrite;

import java.util.Optional;
import java.util.function.Function;

/**
 * What a 2.0 receiver says it has written of a request. A field that is absent beside another, or no number, counts as 0.
 * Immutable, any thread. Source: Prometheus remote write specification 2.0-rc.4, "Required Written Response Headers".
 */
record Written(long samples, long histograms, long exemplars) {
    /** Null when the answer has none of the three fields: then it does not come from a 2.0 receiver. */
    static Written of(Function<String, Optional<String>> header) {
        Optional<String> samples = header.apply("X-Prometheus-Remote-Write-Samples-Written");
        Optional<String> histograms = header.apply("X-Prometheus-Remote-Write-Histograms-Written");
        Optional<String> exemplars = header.apply("X-Prometheus-Remote-Write-Exemplars-Written");
        return samples.isEmpty() && histograms.isEmpty() && exemplars.isEmpty()
                ? null
                : new Written(count(samples), count(histograms), count(exemplars));
    }

    private static long count(Optional<String> field) {
        try {
            return Math.max(0, Long.parseLong(field.orElse("0").strip()));
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
