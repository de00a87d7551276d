package io.weir.journal;

/** What became of a batch. */
public enum Outcome {
    /** It is in the journal and in the store. */
    APPLIED,
    /** It is in neither. */
    REFUSED,
    /** It is not in the store, but the disk may bring it back after a crash: say neither yes nor no. */
    UNKNOWN
}
