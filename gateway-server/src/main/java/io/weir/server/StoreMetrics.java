package io.weir.server;

import io.weir.server.telemetry.Telemetry;
import io.weir.store.Keeper;
import io.weir.store.SeriesTable;

/** Own metrics of the store. Used once, at the start. */
public final class StoreMetrics {
    private StoreMetrics() {}

    /** Registers everything that the table and its keeper can tell. */
    public static void register(Telemetry telemetry, SeriesTable table, Keeper keeper) {
        telemetry.gauge("weir_series", "Live series.", table::live);
        telemetry.gauge("weir_series_limit", "Most series that may be live.", table::limit);
        telemetry.gauge("weir_series_text_bytes", "Memory of names and labels.", table::textBytes);
        telemetry.gauge("weir_index_words", "Index words in use, by live series and by dead ones not compacted away.",
                table::usedWords);
        telemetry.gauge("weir_index_words_limit", "Index words there are.", table::capacityWords);
        telemetry.total("weir_index_rebuilds_total", "Indexes compacted.", keeper::rebuilds);
        telemetry.total("weir_series_expired_total", "Series ended by their time to live.", keeper::expired);
        telemetry.total("weir_keeper_duties_total", "Duty cycles of the keeper.", keeper::duties);
    }
}
