package io.weir.server;

import io.weir.ingest.Restore;
import io.weir.journal.Journal;
import io.weir.journal.Recovered;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.server.telemetry.Telemetry;
import io.weir.store.SeriesTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.IdleStrategy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The journal as it runs in this process, with its two threads. Recovered, started and closed by one thread. */
final class Persistence implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Persistence.class);

    private final Journal journal;
    private final List<AgentRunner> runners = new ArrayList<>();
    private volatile Recovered recovered;
    private boolean closed;

    Persistence(Journal journal) {
        this.journal = journal;
    }

    Journal journal() {
        return journal;
    }

    /** What was found at the start; null until then. */
    Recovered recovered() {
        return recovered;
    }

    /** Puts everything back into the table. */
    void recover(SeriesTable table, Limits limits, KeyHash hash) throws IOException {
        Restore restore = new Restore(table, limits, hash);
        Recovered found = journal.recover(restore);
        restore.finish();
        if (restore.refused() > 0) {
            LOG.error("{} series found no room in the store or met another type; they stay in the journal until its next"
                    + " checkpoint", restore.refused());
        }
        LOG.atInfo()
                .addKeyValue("series", found.series())
                .addKeyValue("frames", found.frames())
                .addKeyValue("keys", found.keys())
                .addKeyValue("corruptions", found.corruptions())
                .addKeyValue("millis", found.millis())
                .log("recovered");
        recovered = found;
    }

    void start() {
        run(journal.sync(), journal.syncIdle());
        run(journal.checkpoints(), journal.checkpointIdle());
    }

    private void run(Agent agent, IdleStrategy idle) {
        AgentRunner runner = new AgentRunner(
                idle, error -> LOG.error("{} failed in one duty cycle", agent.roleName(), error), null, agent);
        runners.add(runner);
        AgentRunner.startOnThread(runner);
    }

    void register(Telemetry telemetry) {
        telemetry.gauge("weir_wal_bytes", "Bytes of segments and checkpoints on the disk.", journal::bytesHeld);
        telemetry.gauge("weir_wal_segments", "Segments of the journal.", journal::segments);
        telemetry.gauge("weir_wal_healthy", "Whether the journal takes pushes.", () -> journal.isHealthy() ? 1 : 0);
        telemetry.total("weir_wal_written_bytes_total", "Bytes of frames written.", journal::bytesWritten);
        telemetry.collect("weir_wal_fsync_duration_seconds", "summary", "Time spent forcing the journal to the disk.",
                out -> {
                    out.add("_sum", journal.forceNanos() / 1e9);
                    out.add("_count", journal.forces());
                });
        telemetry.total("weir_wal_failures_total", "Writes and forces that failed.", journal::failures);
        telemetry.total("weir_wal_corruptions_total", "Damaged places found, missing segments included.",
                journal::corruptions);
        telemetry.total("weir_wal_checkpoints_total", "Checkpoints.", journal::checkpointsTaken, "result", "taken");
        telemetry.total("weir_wal_checkpoints_total", "Checkpoints.", journal::checkpointsFailed, "result", "failed");
        telemetry.total("weir_wal_replayed_records_total", "Frames replayed at the start.",
                () -> recovered == null ? 0 : recovered.frames());
        telemetry.gauge("weir_wal_recovery_seconds", "Time that recovery took.",
                () -> recovered == null ? Double.NaN : recovered.millis() / 1e3);
    }

    /** Forces everything; everyone who writes has stopped. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        runners.forEach(AgentRunner::close);
        try {
            journal.close();
        } catch (IOException e) {
            LOG.error("the journal could not be closed in good order: {}", e.toString());
        }
    }
}
