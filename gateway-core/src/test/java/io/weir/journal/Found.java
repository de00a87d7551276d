package io.weir.journal;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** What a recovery without a store finds on a storage: every series with value, HELP, stamp and age. */
final class Found {
    final Map<String, String> series = new TreeMap<>();
    final Recovered recovered;

    Found(Storage storage, JournalConfig config, Gateway.Time time) throws Exception {
        try (Journal journal = Journal.open(storage, config, time::millis, () -> time.nanos)) {
            recovered = journal.recover((s, age) -> {
                String name = new String(s.family(), StandardCharsets.UTF_8) + ' ' + s.type() + " {"
                        + new String(s.labels(), s.labelsOffset(), s.labelsLength(), StandardCharsets.UTF_8) + '}';
                String value = (s.cell() == null ? String.valueOf(s.value()) : s.cell().toString())
                        + (s.isStamped() ? " at " + s.stampNanos() : "")
                        + (s.help() == null ? "" : " # " + new String(s.help(), StandardCharsets.UTF_8));
                if (series.put(name, value) != null) {
                    throw new AssertionError("twice: " + name);
                }
            });
        }
    }
}
