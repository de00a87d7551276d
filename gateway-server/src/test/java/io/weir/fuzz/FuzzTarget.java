package io.weir.fuzz;

import java.util.List;

/** Something that reads bytes from outside, with what must hold whatever they are. One thread. */
public interface FuzzTarget {
    /** Short, also the folder of its seeds below the test resources {@code fuzz}. */
    String name();

    /** Inputs that reach deep; those in the folder come on top. */
    List<byte[]> seeds();

    /** Words worth putting somewhere. */
    default List<byte[]> words() {
        return List.of();
    }

    /** Its share of all executions, in thousandths; the slower, the smaller. */
    int weight();

    /** Longest input made. */
    default int bytesMax() {
        return 256;
    }

    /**
     * Reads one input. Throws whatever it likes when something does not hold.
     *
     * @return a word that tells outcomes apart; an input with an outcome not seen before becomes a seed
     */
    long run(byte[] input) throws Exception;
}
