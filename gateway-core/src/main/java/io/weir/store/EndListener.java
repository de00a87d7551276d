package io.weir.store;

import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;

/**
 * Hears of every series that ends, with its final value. Keeper only. The keeper calls {@link #begin}, ends series, and
 * calls {@link #commit}.
 */
public interface EndListener {
    /** Nobody listens. */
    EndListener NONE = new EndListener() {
        @Override
        public boolean begin() {
            return true;
        }

        @Override
        public boolean ended(
                Family family, MetricType type, byte[] text, int offset, int length, double value, CellValue cell) {
            return true;
        }

        @Override
        public boolean commit() {
            return true;
        }
    };

    /** Whether series may be ended now. */
    boolean begin();

    /**
     * A series has ended.
     *
     * @param value of a scalar
     * @param cell of a histogram or summary, else null
     * @return whether more may be ended
     */
    boolean ended(Family family, MetricType type, byte[] text, int offset, int length, double value, CellValue cell);

    /** Everything ended since {@link #begin} has been told; false when it may be forgotten by a crash. */
    boolean commit();
}
