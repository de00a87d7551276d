package io.weir.journal;

/** Takes what a journal kept. One thread. */
public interface RecoverySink {
    /**
     * One live series; each comes once.
     *
     * @param ageMillis time since it was last pushed to
     */
    void series(StoredSeries series, long ageMillis);
}
