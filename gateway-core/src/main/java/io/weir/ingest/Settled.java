package io.weir.ingest;

import io.weir.journal.Outcome;

/** Hears what became of a batch that was submitted. Event loop only, at the end of the turn. */
public interface Settled {
    /**
     * The batch is the caller's again, to be closed.
     *
     * @param ticket by which {@link io.weir.journal.Durability} speaks of it
     */
    void settled(Batch batch, Outcome outcome, long ticket);
}
