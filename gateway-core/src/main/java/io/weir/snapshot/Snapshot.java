package io.weir.snapshot;

import java.util.List;

/**
 * State of the store at one instant after the request for it: families sorted by name (as unsigned bytes), series in
 * parallel arrays. Every push acknowledged before the request is in it; each series is seen whole. Immutable, any thread.
 *
 * @param version changes whenever anything in the store may have changed; equal versions mean equal content
 * @param epochMillis wall clock when it was begun
 * @param series number of series in all families
 * @param endedSequence number of series that had ended when the snapshot was taken, counted since the start
 * @param ended series that ended and are not live in this snapshot, oldest first: those with sequence numbers from
 *              {@code endedFrom} to {@code endedSequence}; always empty when ends are not recorded
 * @param endedFrom first sequence number for which {@code ended} is complete
 */
public record Snapshot(
        long version,
        long epochMillis,
        List<FamilySnapshot> families,
        int series,
        long endedFrom,
        long endedSequence,
        List<EndedSeries> ended) {}
