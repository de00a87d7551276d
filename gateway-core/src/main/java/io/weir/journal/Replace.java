package io.weir.journal;

/** What a batch of a group ends of what the group owns and the batch does not name. Ordinals stand in the journal. */
public enum Replace {
    /** Nothing: the batch adds to the group. */
    NOTHING,
    /** Series of the families that the batch names. */
    FAMILIES,
    /** Everything. */
    ALL
}
