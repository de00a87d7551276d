package io.weir.server.http;

import java.nio.ByteBuffer;

/** A response body, block by block. Event loop only; each block should cost well under a millisecond. */
public interface BodySource extends AutoCloseable {
    /** The next block, valid until the next call; null at the end. The position of the buffer may be moved. */
    ByteBuffer next();

    /** Length of the whole body, or -1 when it is not known yet; asked once, before {@link #next}. */
    default long length() {
        return -1;
    }

    @Override
    default void close() {}
}
