package io.weir.server.door;

import io.weir.server.telemetry.Counter;
import io.weir.server.telemetry.CounterFamily;
import io.weir.server.telemetry.Telemetry;

/** What came in through one protocol: samples applied, input refused, input read and left out. Any thread. */
final class IngestMetrics {
    /** The protocols; a closed set, for it becomes a label. */
    enum Protocol {
        TEXT,
        OPENMETRICS,
        PROTOBUF,
        PATCH,
        INFLUX,
        HEROKU;

        private String label() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    private final String protocol;
    private final Counter samples;
    private final CounterFamily rejected;
    private final CounterFamily dropped;

    private IngestMetrics(String protocol, Counter samples, CounterFamily rejected, CounterFamily dropped) {
        this.protocol = protocol;
        this.samples = samples;
        this.rejected = rejected;
        this.dropped = dropped;
    }

    /** Registers the three families and gives the part of each protocol, by its ordinal. */
    static IngestMetrics[] register(Telemetry telemetry) {
        CounterFamily samples = telemetry.counters("weir_ingest_samples_total", "Samples applied.", "protocol");
        CounterFamily rejected = telemetry.counters(
                "weir_ingest_rejected_total", "Requests (of line protocol and drains: lines) refused by a door.", "protocol", "reason");
        CounterFamily dropped = telemetry.counters(
                "weir_ingest_dropped_total", "Samples read and left out of a request that was applied.", "protocol", "reason");
        IngestMetrics[] parts = new IngestMetrics[Protocol.values().length];
        for (Protocol protocol : Protocol.values()) {
            String label = protocol.label();
            parts[protocol.ordinal()] = new IngestMetrics(label, samples.with(label), rejected, dropped);
        }
        return parts;
    }

    void applied(long count) {
        samples.add(count);
    }

    /** One refusal; the reason is a constant of the program. */
    void rejected(String reason) {
        rejected(reason, 1);
    }

    /** Several refusals, such as lines of one body, for the same reason. */
    void rejected(String reason, long count) {
        if (count > 0) {
            rejected.with(protocol, reason).add(count);
        }
    }

    void dropped(String reason, long count) {
        if (count > 0) {
            dropped.with(protocol, reason).add(count);
        }
    }
}
