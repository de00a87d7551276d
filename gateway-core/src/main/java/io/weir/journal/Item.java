package io.weir.journal;

/**
 * What a frame says, one item after the other: {@code varint(zigzag(reference - previous reference - 1) << 4 | kind)},
 * then what the kind needs. Stateless.
 */
final class Item {
    /** ADD 1. */
    static final int ADD_ONE = 0;
    /** ADD a whole number. */
    static final int ADD_SHORT = 1;
    static final int ADD = 2;
    static final int SET_SHORT = 3;
    static final int SET = 4;
    static final int MIN = 5;
    static final int MAX = 6;
    /** SET unless the series has a later stamp: stamp as the difference to the one before, then a whole number. */
    static final int STAMP_SHORT = 7;
    static final int STAMP = 8;
    static final int CELL_ADD = 9;
    static final int CELL_SET = 10;
    /** The series has ended with this value. */
    static final int KILL_SHORT = 11;
    static final int KILL = 12;
    static final int KILL_CELL = 13;
    /** What the reference stands for from here on: family, type, label text. */
    static final int SERIES = 14;
    /** New HELP text of a family, empty for none; the reference does not move. */
    static final int HELP = 15;

    // Kind 15 with something in the place of the step. Since version 4.

    /** ADD to series that follow one another: step of the first as a signed number, how many, {@link PackedValues}. */
    static final int ADD_RUN = 1 << 4 | HELP;
    /** The same with SET. */
    static final int SET_RUN = 2 << 4 | HELP;

    private Item() {}
}
