package io.weir.store;

/**
 * Sizes of a {@link SeriesTable}. Use {@link #of}; tests set the rest small. Immutable, any thread.
 *
 * @param seriesMax live series
 * @param familiesMax metric families, live or remembered
 * @param shards a power of two
 * @param shardWords index words of one shard; fixed, so that a burst of new series never waits for growth
 * @param loadPercent part of an index that may be in use before new series are refused as FULL
 * @param numbersMax series numbers ever issued: live, dead, and retired ones waiting for their grace
 * @param textChunkBytes size of a chunk of label text
 * @param endedMax ended series remembered for {@link Keeper#recordEnds}; the oldest are dropped
 * @param commandsMax commands waiting for the keeper, rounded up to a power of two
 */
public record TableConfig(
        int seriesMax,
        int familiesMax,
        int shards,
        int shardWords,
        int loadPercent,
        int numbersMax,
        int textChunkBytes,
        int endedMax,
        int commandsMax) {

    /** Live words fill this part of an index at the series limit; the next 25 % are room for dead ones. */
    private static final double LOAD_AT_LIMIT = 0.6;

    public TableConfig {
        check(seriesMax > 0 && seriesMax < 1 << 26, "seriesMax", seriesMax);
        check(familiesMax > 0, "familiesMax", familiesMax);
        check(Integer.bitCount(shards) == 1, "shards", shards);
        check(shardWords > 0 && (long) shards * shardWords < 1 << 28, "shardWords", shardWords);
        check(loadPercent > 0 && loadPercent <= 100, "loadPercent", loadPercent);
        check(numbersMax > 0 && numbersMax < 1 << 28, "numbersMax", numbersMax);
        check(textChunkBytes > 0 && textChunkBytes <= 1 << 24, "textChunkBytes", textChunkBytes);
        check(endedMax > 0, "endedMax", endedMax);
        check(commandsMax > 1, "commandsMax", commandsMax);
    }

    /** Everything derived from the two limits users know. */
    public static TableConfig of(int seriesMax, int familiesMax) {
        int shards = seriesMax >= 1 << 16 ? 16 : seriesMax >= 1 << 12 ? 4 : 1;
        double mean = (double) seriesMax / shards;
        // Hashing is uneven: eight standard deviations, so that a shard is not full before the limit is reached.
        double words = (mean + (shards > 1 ? 8 * Math.sqrt(mean) : 0)) / LOAD_AT_LIMIT + 64;
        int shardWords = (int) Math.ceil(words);
        return new TableConfig(
                seriesMax,
                familiesMax,
                shards,
                shardWords,
                85,
                (int) Math.min((1 << 28) - 1, 2L * shards * shardWords + 1024),
                (256 << 10) - 64,
                Math.min(seriesMax, 1 << 20),
                1024);
    }

    private static void check(boolean good, String name, int value) {
        if (!good) {
            throw new IllegalArgumentException(name + " " + value);
        }
    }
}
