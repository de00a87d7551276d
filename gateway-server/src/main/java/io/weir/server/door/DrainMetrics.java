package io.weir.server.door;

import io.weir.parse.HerokuMessages;
import io.weir.server.telemetry.Counter;
import io.weir.server.telemetry.CounterFamily;
import io.weir.server.telemetry.Telemetry;
import java.util.Locale;

/** What Logplex drains brought: messages by what they were read as, and what was odd about requests. Any thread. */
final class DrainMetrics {
    /** The kinds of oddities; a closed set, for it becomes a label. None of them loses anything. */
    enum Oddity {
        /** Not as many frames as {@code Logplex-Msg-Count} said. */
        MESSAGE_COUNT,
        /** A frame whose length did not hold. */
        FRAME_LENGTH,
        /** A request that had been applied before, by its {@code Logplex-Frame-Id}. */
        REPLAYED
    }

    private final Counter[] messages = new Counter[HerokuMessages.Kind.values().length];
    private final Counter[] oddities = new Counter[Oddity.values().length];

    DrainMetrics(Telemetry telemetry) {
        CounterFamily byKind = telemetry.counters(
                "weir_drain_messages_total", "Messages of Logplex drains by what they were read as.", "kind");
        for (HerokuMessages.Kind kind : HerokuMessages.Kind.values()) {
            messages[kind.ordinal()] = byKind.with(kind.name().toLowerCase(Locale.ROOT));
        }
        CounterFamily byOddity = telemetry.counters(
                "weir_drain_oddities_total", "Requests and frames of Logplex drains that were odd but not lost.", "kind");
        for (Oddity oddity : Oddity.values()) {
            oddities[oddity.ordinal()] = byOddity.with(oddity.name().toLowerCase(Locale.ROOT));
        }
    }

    void messages(HerokuMessages.Kind kind, long count) {
        if (count > 0) {
            messages[kind.ordinal()].add(count);
        }
    }

    void oddity(Oddity oddity, long count) {
        if (count > 0) {
            oddities[oddity.ordinal()].add(count);
        }
    }
}
