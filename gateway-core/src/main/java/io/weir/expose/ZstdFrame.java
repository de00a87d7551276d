package io.weir.expose;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.util.Native;

/**
 * Makes zstd frames (RFC 8878) of blocks of a body: each block is a frame of its own, so blocks can be made by any thread,
 * kept, and joined. Not thread-safe; holds native memory until {@link #close()}.
 */
public final class ZstdFrame implements AutoCloseable {
    private static final int LEVEL = 1;

    private final ZstdCompressCtx zstd = new ZstdCompressCtx();

    ZstdFrame() {
        zstd.setLevel(LEVEL);
        zstd.setChecksum(true);
    }

    private static final class Library {
        static final boolean LOADED = load();

        private static boolean load() {
            try {
                Native.load();
                return Native.isLoaded();
            } catch (RuntimeException | LinkageError missing) {
                return false;
            }
        }
    }

    /**
     * Whether the native library could be loaded: there is one for this machine, and the directory of {@code
     * java.io.tmpdir} lets it run. Any thread; the first call loads it.
     */
    public static boolean isAvailable() {
        return Library.LOADED;
    }

    /** Appends {@code plain} as one frame. */
    void frame(ByteBlock plain, ByteBlock out) {
        int room = (int) Zstd.compressBound(plain.length());
        byte[] array = out.reserve(room);
        int length = zstd.compressByteArray(array, out.length(), room, plain.array(), 0, plain.length());
        out.length(out.length() + length);
    }

    @Override
    public void close() {
        zstd.close();
    }
}
