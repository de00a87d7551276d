package io.weir.server.http;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.weir.sample.Limits;
import java.nio.ByteBuffer;

/**
 * Decompresses zstd: one frame or several (RFC 8878), with windows of at most {@link #WINDOW_BYTES} as RFC 9659 has it for
 * HTTP. Needs the native library, see {@link io.weir.expose.ZstdFrame#isAvailable()}.
 */
final class ZstdInflater extends BodyInflater {
    private static final int WINDOW_LOG = 23;
    static final long WINDOW_BYTES = 1L << WINDOW_LOG;

    private final ZstdDecompressCtx zstd = new ZstdDecompressCtx();
    private boolean atFrameEnd;

    ZstdInflater(Limits limits) {
        super(limits);
        zstd.setLongMax(WINDOW_LOG);
    }

    @Override
    int inflate(byte[] out, int offset, int length) {
        if (refusal != null || atFrameEnd && at == end) {
            return 0;
        }
        ByteBuffer from = ByteBuffer.wrap(input, at, end - at);
        ByteBuffer to = ByteBuffer.wrap(out, offset, length);
        try {
            do {
                atFrameEnd = zstd.decompressByteBufferStream(to, from);
            } while (to.position() == offset && from.hasRemaining());
        } catch (ZstdException damaged) {
            fail(Refusal.BAD_COMPRESSION);
            return 0;
        }
        at = from.position();
        int n = to.position() - offset;
        return give(n) ? n : 0;
    }

    @Override
    Refusal atEnd() {
        return atFrameEnd ? null : Refusal.TRUNCATED_COMPRESSION;
    }

    @Override
    long windowBytes() {
        return WINDOW_BYTES;
    }

    @Override
    void close(EventLoopContext context) {
        zstd.close();
    }
}
