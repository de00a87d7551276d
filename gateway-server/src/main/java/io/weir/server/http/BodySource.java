package io.weir.server.http;

/** A response body, block by block. Event loop only; each block should cost well under a millisecond. */
public interface BodySource extends AutoCloseable {
    /**
     * The next block, the first {@link #blockLength} bytes of the array; it is only read, before the next call, and may be
     * shared. Null after the last one.
     */
    byte[] next();

    /** Bytes of the block returned last; -1 for the whole array. */
    default int blockLength() {
        return -1;
    }

    /** Length of the whole body, or -1 when it is not known yet; asked once, before {@link #next}. */
    default long length() {
        return -1;
    }

    @Override
    default void close() {}
}
