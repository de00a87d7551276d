package io.weir.store;

import io.weir.snapshot.GroupSnapshot;
import io.weir.snapshot.Snapshot;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jctools.queues.varhandle.MpscVarHandleArrayQueue;

/**
 * Asks the keeper for snapshots and deletions. Any thread. Answers come on the keeper's thread, which must not be held
 * up: hand them on, and throw nothing. Every call returns false, and nothing will be answered, when
 * {@link TableConfig#commandsMax} commands are waiting.
 */
public final class StoreCommands {
    /** Answer to a deletion: nothing was deleted, because ends cannot be written down now. */
    public static final long REFUSED = -1;

    /** Answer to a deletion: what was deleted could not be written down, and may be back after a crash. */
    public static final long UNKNOWN = -2;

    /** Deletions by {@link Selectors} that may wait for their turn. */
    public static final int SWEEPS_MAX = 16;

    /** Families of which the answer to such a deletion tells the number of series: those with most. */
    public static final int FAMILIES_TOLD = 100;

    /**
     * Answer to a deletion by {@link Selectors}.
     *
     * @param series deleted, or chosen when nothing was to be deleted
     * @param families how many of which family, most first, {@link #FAMILIES_TOLD} of them at most
     */
    public record Swept(State state, long series, Map<String, Long> families) {
        /** What became of it. */
        public enum State {
            /** All of it is done. */
            DONE,
            /** Nothing was deleted, because {@link #SWEEPS_MAX} others wait. */
            BUSY,
            /** It stopped after {@link Swept#series}, because ends cannot be written down now. */
            REFUSED,
            /** What was deleted could not be written down, and may be back after a crash. */
            UNKNOWN
        }
    }

    private final SeriesTable table;
    private final MpscVarHandleArrayQueue<Command> queue;

    sealed interface Command {}

    record SnapshotCommand(long endedAfter, Consumer<Snapshot> answer) implements Command {}

    record DeleteCommand(Selector selector, LongConsumer answer) implements Command {}

    record SweepCommand(Selectors selectors, boolean dry, Consumer<Swept> answer) implements Command {}

    record GroupsCommand(Consumer<List<GroupSnapshot>> answer) implements Command {}

    StoreCommands(SeriesTable table) {
        this.table = table;
        this.queue = new MpscVarHandleArrayQueue<>(table.config.commandsMax());
    }

    /** A snapshot begun after this call, without ended series. Requests that wait together share one. */
    public boolean snapshot(Consumer<Snapshot> answer) {
        return snapshot(Long.MAX_VALUE, answer);
    }

    /**
     * A snapshot with the series that ended since an earlier one. Each reader keeps its own cursor: it passes the
     * {@link Snapshot#endedSequence} of the last snapshot it has handled (0 at first), so readers never disturb each
     * other. When {@link Snapshot#endedFrom} is larger than {@code endedAfter + 1}, ends have been forgotten, because the
     * log is bounded or was off.
     */
    public boolean snapshot(long endedAfter, Consumer<Snapshot> answer) {
        return offer(new SnapshotCommand(endedAfter, answer));
    }

    /**
     * Kills every matching series acknowledged before this call; answers how many were killed, or {@link #REFUSED} or
     * {@link #UNKNOWN}.
     */
    public boolean delete(Selector selector, LongConsumer answer) {
        return offer(new DeleteCommand(selector, answer));
    }

    /**
     * Kills every matching series acknowledged before this call, in slices, between which snapshots and pushes go on: what is
     * pushed meanwhile comes either before the end of its series or after it.
     *
     * @param dry only counts
     */
    public boolean sweep(Selectors selectors, boolean dry, Consumer<Swept> answer) {
        return offer(new SweepCommand(selectors, dry, answer));
    }

    /** All groups that own series, each as it is after some push, sorted by key. */
    public boolean groups(Consumer<List<GroupSnapshot>> answer) {
        return offer(new GroupsCommand(answer));
    }

    private boolean offer(Command command) {
        boolean taken = queue.offer(command);
        table.wakeKeeper();
        return taken;
    }

    Command poll() {
        return queue.poll();
    }

    boolean isEmpty() {
        return queue.isEmpty();
    }
}
