package io.weir.server.http;

/** A response body, block by block. Event loop only; each block should cost well under a millisecond. */
public interface BodySource extends AutoCloseable {
    /** The next block, which is only read and may be shared; null after the last one. */
    byte[] next();

    /** Length of the whole body, or -1 when it is not known yet; asked once, before {@link #next}. */
    default long length() {
        return -1;
    }

    @Override
    default void close() {}
}
