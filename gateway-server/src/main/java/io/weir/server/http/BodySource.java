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

    /** What the source keeps from being freed and others may keep as well, such as a snapshot; null for nothing large. */
    default Object shares() {
        return null;
    }

    /** Bytes of {@link #shares}, estimated; may grow with each {@link #next}. */
    default long sharedBytes() {
        return 0;
    }

    /** Whether it should go no further, since others need what it holds; looked at a few times a second. */
    default boolean isRevoked() {
        return false;
    }

    @Override
    default void close() {}
}
