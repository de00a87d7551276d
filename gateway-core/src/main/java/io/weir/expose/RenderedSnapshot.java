package io.weir.expose;

import io.weir.sample.Entropy;
import io.weir.snapshot.Snapshot;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The body of one snapshot in one format and encoding, rendered at most about once for all scrapes that share it. Any
 * thread; each scrape has a {@link Reader} of its own.
 *
 * <p>Blocks form a list that grows as readers go:
 * <ol>
 *   <li>A block is a function of the place where the one before it ended, so whoever renders it gets the same bytes.
 *   <li>A reader at the end of the list renders the next block and publishes it by one CAS. Readers that meet there at the
 *       same time each render it, the first to publish wins and all go on with its block: nobody ever waits for another
 *       thread, and the worst case costs what it would cost without sharing. Scrapes on one event loop never meet.
 *   <li>Blocks are kept until their sum reaches {@code keptBytesMax}. From there on each reader renders for itself and
 *       keeps nothing, so a huge body costs CPU per scrape but no memory.
 *   <li>A gzip body is one member of independently deflated pieces, a zstd body a row of frames, so any reader can go on
 *       from any block.
 * </ol>
 */
public final class RenderedSnapshot {
    /** How the body is transferred. */
    public enum Encoding {
        IDENTITY(null, 'i'),
        GZIP("gzip", 'g'),
        /** Only where {@link ZstdFrame#isAvailable()}. */
        ZSTD("zstd", 'z');

        private final String token;
        private final char tag;

        Encoding(String token, char tag) {
            this.token = token;
            this.tag = tag;
        }

        /** Value of the Content-Encoding header, null for none. */
        public String token() {
            return token;
        }
    }

    /** Default limit of the blocks kept, which is per snapshot, format and encoding. */
    public static final long KEPT_BYTES_MAX = 16L << 20;

    /** Default level of gzip: {@link FastDeflate}, half the CPU of zlib's level 1 and a tenth fewer bytes. */
    public static final int GZIP_LEVEL_FAST = 1;

    /** Versions begin anew with each process, tags must not. */
    private static final String PROCESS = Long.toHexString(Entropy.word());

    private static final VarHandle NEXT;

    static {
        try {
            NEXT = MethodHandles.lookup().findVarHandle(Block.class, "next", Block.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final class Block {
        final byte[] bytes;
        /** Where the body goes on; null when this is its end. */
        final Exposition.Place end;
        /** Of this block and all before it. */
        final long bytesSoFar;

        final long plainBytesSoFar;
        final int crcSoFar;

        private volatile Block next;

        Block(byte[] bytes, Exposition.Place end, long bytesSoFar, long plainBytesSoFar, int crcSoFar) {
            this.bytes = bytes;
            this.end = end;
            this.bytesSoFar = bytesSoFar;
            this.plainBytesSoFar = plainBytesSoFar;
            this.crcSoFar = crcSoFar;
        }

        Block nextAcquire() {
            return (Block) NEXT.getAcquire(this);
        }

        /** Makes {@code block} the next one unless there is one; returns the next one. */
        Block casNext(Block block) {
            Block winner = (Block) NEXT.compareAndExchange(this, null, block);
            return winner == null ? block : winner;
        }
    }

    private final Snapshot snapshot;
    private final ExpositionFormat format;
    private final Encoding encoding;
    private final int gzipLevel;
    private final int blockBytes;
    private final long keptBytesMax;
    private final Block start = new Block(new byte[0], Exposition.Place.START, 0, 0, 0);

    /** Length of the body once somebody has seen its end, else -1. */
    private volatile long length = -1;

    public RenderedSnapshot(Snapshot snapshot, ExpositionFormat format, Encoding encoding) {
        this(snapshot, format, encoding, GZIP_LEVEL_FAST, KEPT_BYTES_MAX);
    }

    /**
     * With limits.
     *
     * @param gzipLevel {@link #GZIP_LEVEL_FAST}, else a level of {@link java.util.zip.Deflater}, 0 and 2 to 9
     * @param keptBytesMax most bytes of blocks that are kept; 0 keeps nothing
     */
    public RenderedSnapshot(
            Snapshot snapshot, ExpositionFormat format, Encoding encoding, int gzipLevel, long keptBytesMax) {
        this(snapshot, format, encoding, gzipLevel, keptBytesMax, Exposition.BLOCK_BYTES);
    }

    RenderedSnapshot(
            Snapshot snapshot,
            ExpositionFormat format,
            Encoding encoding,
            int gzipLevel,
            long keptBytesMax,
            int blockBytes) {
        this.snapshot = snapshot;
        this.format = format;
        this.encoding = encoding;
        this.gzipLevel = gzipLevel;
        this.keptBytesMax = keptBytesMax;
        this.blockBytes = blockBytes;
    }

    public Snapshot snapshot() {
        return snapshot;
    }

    public ExpositionFormat format() {
        return format;
    }

    public Encoding encoding() {
        return encoding;
    }

    /**
     * Strong entity tag, quotes included: equal tags mean equal bytes, within this process and after it.
     *
     * @param names the form in which the snapshot has its names, {@code NONE} where all forms are one
     */
    public String etag(NameEscaping names) {
        String form = names == NameEscaping.NONE ? "" : Integer.toString(names.ordinal());
        return '"' + PROCESS + '-' + Long.toHexString(snapshot.version()) + '-' + format.tag() + encoding.tag + form + '"';
    }

    /** Number of bytes of the body, or -1 as long as no reader has come to its end. */
    public long length() {
        return length;
    }

    /** Starts one scrape; it begins to work with the first {@link Reader#next()}. */
    public Reader open() {
        return new Reader();
    }

    /** One scrape. Any thread, one at a time; may be left at any block. */
    public final class Reader implements AutoCloseable {
        private Block at = start;

        // only a reader that renders needs these
        private Exposition exposition;
        private ByteBlock plain;
        private ByteBlock packed;
        private GzipMember gzip;
        private ZstdFrame zstd;

        private Reader() {}

        /**
         * The next block: about 64 KiB of body, deflated in a gzip body. It is shared and must not be written. Null after
         * the last one; the only block of an empty body is empty.
         */
        public byte[] next() {
            if (at.end == null) {
                return null;
            }
            Block next = at.nextAcquire();
            if (next == null) {
                next = render(at);
                if (next.bytesSoFar <= keptBytesMax) {
                    next = at.casNext(next);
                }
                if (next.end == null) {
                    length = next.bytesSoFar;
                }
            }
            at = next;
            return at.bytes;
        }

        /** Whether the block returned last was the end of the body. */
        public boolean atEnd() {
            return at.end == null;
        }

        private Block render(Block before) {
            if (exposition == null) {
                exposition = format.open(snapshot, blockBytes);
                plain = new ByteBlock(blockBytes + (blockBytes >> 2));
            }
            plain.clear();
            exposition.moveTo(before.end);
            boolean more = exposition.next(plain);
            Exposition.Place end = more ? exposition.place() : null;
            long plainBytes = before.plainBytesSoFar + plain.length();
            if (encoding == Encoding.IDENTITY) {
                return new Block(plain.toByteArray(), end, plainBytes, plainBytes, 0);
            }

            packed = packed == null ? new ByteBlock(blockBytes + (blockBytes >> 2)) : packed;
            packed.clear();
            if (encoding == Encoding.ZSTD) {
                zstd = zstd == null ? new ZstdFrame() : zstd;
                zstd.frame(plain, packed);
                return new Block(packed.toByteArray(), end, before.bytesSoFar + packed.length(), plainBytes, 0);
            }

            gzip = gzip == null ? new GzipMember(gzipLevel) : gzip;
            if (before == start) {
                GzipMember.header(packed);
            }
            int crc = GzipMember.join(before.crcSoFar, gzip.piece(plain, packed), plain.length());
            if (!more) {
                GzipMember.trailer(crc, plainBytes, packed);
            }
            return new Block(packed.toByteArray(), end, before.bytesSoFar + packed.length(), plainBytes, crc);
        }

        /** Frees what rendering took; blocks handed out stay valid. */
        @Override
        public void close() {
            if (gzip != null) {
                gzip.close();
                gzip = null;
            }
            if (zstd != null) {
                zstd.close();
                zstd = null;
            }
        }
    }
}
