package io.weir.server.door;

import io.weir.journal.IdempotencyIndex;
import io.weir.journal.KillJournal;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * How this process keeps what it accepts. Any thread.
 *
 * @param ack what a push gets that asks for nothing else; MEMORY when there is no journal
 * @param keys idempotency keys in use
 * @param kills the journal of deletions; null when there is none
 * @param failure why the journal takes nothing now, or null
 * @param open whether what was kept before has been recovered, so that doors may be opened
 * @param closedBecause how far recovery has come, when they may not
 * @param pushers those who push
 */
public record Keeping(
        Ack ack,
        IdempotencyIndex keys,
        KillJournal kills,
        Supplier<String> failure,
        BooleanSupplier open,
        Supplier<String> closedBecause,
        Pushers pushers) {
    /** Memory only. */
    public static Keeping inMemory(IdempotencyIndex keys) {
        return new Keeping(Ack.MEMORY, keys, null, () -> null, () -> true, () -> null, new Pushers());
    }

    boolean isJournaled() {
        return kills != null;
    }
}
