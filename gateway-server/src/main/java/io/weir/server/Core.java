package io.weir.server;

import io.weir.ingest.AggregationRules;
import io.weir.ingest.Ingest;
import io.weir.journal.IdempotencyIndex;
import io.weir.journal.Journal;
import io.weir.journal.JournalConfig;
import io.weir.sample.Entropy;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.server.telemetry.Telemetry;
import io.weir.store.Keeper;
import io.weir.store.SeriesTable;
import io.weir.store.StoreCommands;
import io.weir.store.TableConfig;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Function;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemEpochClock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The aggregation core as it runs in this process: the series table, its keeper on a thread of its own, and one way in
 * per event loop. Made and closed by one thread; the rest is for any thread, but each {@link Ingest} belongs to its loop.
 */
final class Core implements AutoCloseable {
    /** A keeper that has done nothing for this long, of which it sleeps a tenth of a second at most, is stuck. */
    static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(3);

    private static final Logger LOG = LoggerFactory.getLogger(Core.class);

    private final Limits limits;
    private final KeyHash hash;
    private final FleetingFamilies fleeting;
    private final Function<String, FamilyPolicy> policies;
    private final NanoClock clock = System::nanoTime;
    private final SeriesTable table;
    private final Keeper keeper;
    private final AgentRunner runner;
    private final HeapPolicy heap = new HeapPolicy();
    private final IdempotencyIndex keys;
    private final Persistence persistence;
    private final List<Ingest> ingests = new CopyOnWriteArrayList<>();
    private volatile AggregationRules rules;
    private long dutiesSeen = -1;
    private long dutiesSeenAt;
    private boolean started;

    /**
     * Made before anything runs.
     *
     * @param fleetingMillis time to live of series that repeat themselves for as long as they have a source
     * @param journal null to keep everything in memory
     */
    Core(
            Limits limits,
            AggregationRules rules,
            long fleetingMillis,
            Journal journal,
            JournalConfig journalConfig) {
        this.limits = limits;
        this.rules = rules;
        hash = Entropy.keyHash();
        fleeting = new FleetingFamilies(fleetingMillis, limits.families());
        policies = name -> fleeting.contains(name)
                ? this.rules.policy(name, fleeting.ttlMillis())
                : this.rules.policy(name);
        table = new SeriesTable(TableConfig.of(limits.series(), limits.families()), clock, policies);
        keeper = new Keeper(table, SystemEpochClock.INSTANCE);
        runner = new AgentRunner(
                keeper.idleStrategy(), error -> LOG.error("the keeper failed in one duty cycle", error), null, keeper);
        if (journal == null) {
            persistence = null;
            keys = new IdempotencyIndex(
                    journalConfig.keysMax(),
                    journalConfig.keyMillis(),
                    () -> TimeUnit.NANOSECONDS.toMillis(clock.nanoTime()));
        } else {
            persistence = new Persistence(journal);
            keys = journal.keys();
            keeper.endListener(journal.kills());
        }
    }

    /**
     * Recovers what was kept before, then starts the threads.
     *
     * @throws IOException when the data directory cannot be read
     */
    void start() throws IOException {
        if (persistence != null) {
            persistence.journal().onPeak(heap::peaked);
            persistence.recover(table, limits, hash.copy());
        }
        synchronized (this) {
            if (persistence != null) {
                persistence.start();
            }
            heap.start();
            AgentRunner.startOnThread(runner);
            started = true;
        }
    }

    /** What keeps pushes; null when nothing does. */
    Persistence persistence() {
        return persistence;
    }

    /** Idempotency keys in use. */
    IdempotencyIndex keys() {
        return keys;
    }

    /** A way in for one more event loop. */
    Ingest newIngest() {
        Ingest ingest = new Ingest(
                table,
                limits,
                hash,
                policies,
                limits.series(),
                heap::peaked,
                persistence == null ? null : persistence.journal().newLoop());
        ingests.add(ingest);
        return ingest;
    }

    /** The hash of opaque keys and series; copy it for each thread. */
    KeyHash hash() {
        return hash;
    }

    /** Most exemplars that are kept, 0 for none, as it is at first. */
    void keepExemplars(int max) {
        table.exemplars().max(max);
    }

    StoreCommands commands() {
        return keeper.commands();
    }

    /** A family whose series repeat themselves for as long as they have a source. Any thread. */
    void fleeting(String name) {
        if (fleeting.add(name)) {
            table.families().refreshPolicy(name);
        }
    }

    /** Remembers ends of series from now on, for outputs that send stale markers, until they have {@code handled} them. */
    void recordEnds(LongSupplier handled) {
        keeper.recordEnds(handled);
    }

    /** Takes new rules: policies of families at once, what opaque keys stand for from the next request of each loop on. */
    void rules(AggregationRules newRules) {
        rules = newRules;
        table.families().policies(policies);
        for (Ingest ingest : ingests) {
            ingest.rulesChanged();
        }
    }

    /** Why the process should be restarted, or null: the keeper has not moved between two questions that far apart. */
    synchronized String unhealthy() {
        if (!started) {
            return null;
        }
        long duties = keeper.duties();
        long now = clock.nanoTime();
        if (duties != dutiesSeen) {
            dutiesSeen = duties;
            dutiesSeenAt = now;
            return null;
        }
        return now - dutiesSeenAt < STALL_NANOS
                ? null
                : "the keeper has been stuck for " + TimeUnit.NANOSECONDS.toSeconds(now - dutiesSeenAt) + " s";
    }

    void register(Telemetry telemetry) {
        telemetry.gauge("weir_series", "Live series.", table::live);
        telemetry.gauge("weir_series_limit", "Most series that may be live (--series.max).", table::limit);
        telemetry.gauge("weir_families", "Metric families.", () -> table.families().size());
        telemetry.gauge("weir_families_limit", "Most metric families there may be.", () -> table.families().limit());
        telemetry.total("weir_series_ended_total", "Series that ended.", keeper::expired, "reason", "expired");
        telemetry.total("weir_series_ended_total", "Series that ended.", keeper::deleted, "reason", "deleted");
        telemetry.total("weir_series_ended_total", "Series that ended.", keeper::replaced, "reason", "replaced");
        telemetry.gauge("weir_groups", "Groups of series.", () -> table.groups().size());
        telemetry.gauge("weir_store_index_words", "Words of the series index in use.", table::usedWords);
        telemetry.gauge("weir_store_index_words_limit", "Words of the series index.", table::capacityWords);
        telemetry.gauge("weir_store_text_bytes", "Bytes of label texts.", table::textBytes);
        telemetry.total("weir_store_rebuilds_total", "Shards rebuilt to make room for new series.", keeper::rebuilds);
        telemetry.total("weir_store_snapshots_total", "Snapshots built.", keeper::snapshots);
        telemetry.total("weir_store_snapshot_seconds_total", "Time spent building snapshots.",
                () -> keeper.snapshotNanos() / 1e9);
        telemetry.total("weir_ingest_superseded_total",
                "Samples whose series was deleted or expired while they were on their way.", () -> {
                    long sum = 0;
                    for (Ingest ingest : ingests) {
                        sum += ingest.superseded();
                    }
                    return sum;
                });
        telemetry.gauge("weir_idempotency_keys", "Idempotency keys remembered.", keys::size);
        if (persistence != null) {
            persistence.register(telemetry);
        }
    }

    @Override
    public void close() {
        runner.close();
        if (persistence != null) {
            persistence.close();
        }
    }
}
