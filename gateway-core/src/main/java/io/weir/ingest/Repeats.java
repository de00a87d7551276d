package io.weir.ingest;

import io.weir.store.TableWriter;
import java.util.Arrays;

/**
 * Finds in a batch of points those that another one of the same batch replaces, because it sets the same series and is not
 * older: only the last of them needs to be written and applied. Event loop only.
 *
 * <p>A client that sends every host's gauges once an interval repeats nothing, one that sends the readings of a minute
 * repeats each series many times. So this looks at every batch while it finds enough, else at some.
 */
final class Repeats {
    private static final int SAMPLES_MIN = 64;
    private static final int LOOK_EVERY = 16;

    /** One in eight pays. */
    private static final int WORTH_SHIFT = 3;

    /**
     * By number of a series: where the batch has set it last. What earlier batches have left is told by its target: where
     * that is the same and before the sample at hand, this batch has been there.
     */
    private int[] last = new int[256];
    private boolean worth = true;
    private int passed;

    /** Marks what is replaced as {@link Batch#REPLACED}. No line of the batch may be refused afterwards. */
    void mark(Batch batch) {
        int n = batch.size;
        if (n < SAMPLES_MIN || !worth && ++passed < LOOK_EVERY) {
            return;
        }
        passed = 0;
        long[] targets = batch.targets;
        int[] operations = batch.operations;
        long[] stamps = batch.stamps;
        int replaced = 0;
        for (int i = 0; i < n; i++) {
            long target = targets[i];
            if (target < 0 || operations[i] != TableWriter.SET || stamps[i] == Batch.NO_STAMP) {
                continue;
            }
            int number = (int) target;
            if (number >= last.length) {
                last = Arrays.copyOf(last, Math.max(number + 1, last.length << 1));
            }
            int before = last[number];
            if (before < i && targets[before] == target && operations[before] == TableWriter.SET) {
                replaced++;
                if (stamps[before] > stamps[i]) {
                    operations[i] = Batch.REPLACED;
                    continue;
                }
                operations[before] = Batch.REPLACED;
            }
            last[number] = i;
        }
        worth = replaced >= n >> WORTH_SHIFT;
    }
}
