package io.weir.server.remotewrite;

import io.weir.snapshot.Snapshot;
import java.util.function.Consumer;

/** Where flushes get their snapshots from; {@code StoreCommands.snapshot} in the running gateway. */
@FunctionalInterface
public interface SnapshotSource {
    /**
     * Asks for a snapshot that sees every push acknowledged before, with the series that ended since an earlier one.
     *
     * @param endedAfter {@link Snapshot#endedSequence()} of the last snapshot whose ended series have been dealt with
     * @param receiver called once, on any thread
     * @return false when the request could not be taken; {@code receiver} will not be called then
     */
    boolean request(long endedAfter, Consumer<Snapshot> receiver);
}
