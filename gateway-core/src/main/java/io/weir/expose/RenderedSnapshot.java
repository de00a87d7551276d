package io.weir.expose;

import io.weir.sample.Entropy;
import io.weir.snapshot.Snapshot;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

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
 *   <li>Blocks are kept until their sum reaches {@code keptBytesMax}. From there on each reader renders for itself, into
 *       one array, and keeps nothing, so a huge body costs CPU per scrape but no memory.
 *   <li>Of a packed body, blocks of an earlier snapshot whose series have not changed are taken from {@link RenderedPieces}.
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

    /** Default limit of the packed blocks kept, which is per snapshot, format and encoding. */
    public static final long KEPT_BYTES_MAX = 16L << 20;

    /**
     * The same of plain ones. To render a block anew costs as much as to send it; fresh memory for a body that is 100 MB
     * long costs twice that, and the collector's time.
     */
    public static final long KEPT_PLAIN_BYTES_MAX = 1L << 20;

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
        /** Null when they are not kept. */
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
    private final RenderedPieces pieces;
    private final Block start = new Block(new byte[0], Exposition.Place.START, 0, 0, 0);

    /** Length of the body once somebody has seen its end, else -1. */
    private volatile long length = -1;

    /** Without anything that was rendered before. */
    public RenderedSnapshot(Snapshot snapshot, ExpositionFormat format, Encoding encoding) {
        this(snapshot, format, encoding, new RenderedPieces());
    }

    /**
     * With default limits.
     *
     * @param pieces of earlier snapshots in this format and encoding; gets those of this one
     */
    public RenderedSnapshot(
            Snapshot snapshot, ExpositionFormat format, Encoding encoding, RenderedPieces pieces) {
        this(
                snapshot,
                format,
                encoding,
                GZIP_LEVEL_FAST,
                encoding == Encoding.IDENTITY ? KEPT_PLAIN_BYTES_MAX : KEPT_BYTES_MAX,
                Exposition.BLOCK_BYTES,
                pieces);
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
        this(snapshot, format, encoding, gzipLevel, keptBytesMax, blockBytes, new RenderedPieces());
    }

    RenderedSnapshot(
            Snapshot snapshot,
            ExpositionFormat format,
            Encoding encoding,
            int gzipLevel,
            long keptBytesMax,
            int blockBytes,
            RenderedPieces pieces) {
        this.snapshot = snapshot;
        this.format = format;
        this.encoding = encoding;
        this.gzipLevel = gzipLevel;
        this.keptBytesMax = keptBytesMax;
        this.blockBytes = blockBytes;
        this.pieces = pieces;
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
        private byte[] bytes;
        private int blockLength;

        // only a reader that renders needs these
        private Exposition exposition;
        private ByteBlock plain;
        private ByteBlock packed;
        private GzipMember gzip;
        private ZstdFrame zstd;

        private Reader() {}

        /**
         * The next block, about 64 KiB of body, deflated in a gzip body: the first {@link #blockLength} bytes of the array.
         * It may be shared, must not be written, and holds until the next call. Null after the last one; the only block of
         * an empty body is empty.
         */
        public byte[] next() {
            if (at.end == null) {
                return null;
            }
            Block next = at.nextAcquire();
            if (next == null) {
                next = render(at);
                if (next.bytes != null) {
                    next = at.casNext(next);
                }
                if (next.end == null) {
                    length = next.bytesSoFar;
                    pieces.ended(snapshot.version());
                }
            }
            if (next.bytes != null) {
                bytes = next.bytes;
                blockLength = bytes.length;
            }
            at = next;
            return bytes;
        }

        /** Bytes of the block returned last. */
        public int blockLength() {
            return blockLength;
        }

        /** Whether the block returned last was the end of the body. */
        public boolean atEnd() {
            return at.end == null;
        }

        /** The block behind this one, which has bytes when it is to be kept; else they are where the reader has them. */
        private Block render(Block before) {
            if (exposition == null) {
                exposition = format.open(snapshot, blockBytes);
                plain = new ByteBlock(blockBytes + (blockBytes >> 2));
                packed = encoding == Encoding.IDENTITY ? plain : new ByteBlock(blockBytes + (blockBytes >> 2));
                pieces.begun(keptBytesMax);
            }
            exposition.moveTo(before.end);
            RenderedPieces.Found found =
                    encoding == Encoding.IDENTITY ? null : pieces.find(exposition, snapshot.version());
            packed.clear();
            if (before == start && encoding == Encoding.GZIP) {
                GzipMember.header(packed);
            }
            int head = packed.length();
            if (found != null) {
                long bytesSoFar = before.bytesSoFar + head + found.bytes().length;
                if (head == 0 && bytesSoFar <= keptBytesMax) {
                    return block(found.bytes(), found.end(), bytesSoFar, before, found.plainBytes(), found.crc());
                }
                packed.put(found.bytes());
                return block(found.end(), before, found.plainBytes(), found.crc());
            }

            plain.clear();
            boolean more = exposition.next(plain);
            Exposition.Place end = more ? exposition.place() : null;
            int crc = pack();
            Block block = block(end, before, plain.length(), crc);
            if (more && block.bytes != null && encoding != Encoding.IDENTITY) {
                byte[] piece = head == 0 ? block.bytes : Arrays.copyOfRange(block.bytes, head, block.bytes.length);
                pieces.keep(exposition, before.end, end, piece, plain.length(), crc, snapshot.version());
            }
            return block;
        }

        /** From {@link #plain} to {@link #packed}; answers the checksum. */
        private int pack() {
            switch (encoding) {
                case GZIP -> {
                    gzip = gzip == null ? new GzipMember(gzipLevel) : gzip;
                    return gzip.piece(plain, packed);
                }
                case ZSTD -> {
                    zstd = zstd == null ? new ZstdFrame() : zstd;
                    zstd.frame(plain, packed);
                    return 0;
                }
                default -> {
                    return 0;
                }
            }
        }

        /** Of what is in {@link #packed}. */
        private Block block(Exposition.Place end, Block before, int plainBytes, int crc) {
            if (end == null && encoding == Encoding.GZIP) {
                int all = GzipMember.join(before.crcSoFar, crc, plainBytes);
                GzipMember.trailer(all, before.plainBytesSoFar + plainBytes, packed);
            }
            long bytesSoFar = before.bytesSoFar + packed.length();
            bytes = packed.array();
            blockLength = packed.length();
            return block(bytesSoFar <= keptBytesMax ? packed.toByteArray() : null, end, bytesSoFar, before, plainBytes, crc);
        }

        private Block block(
                byte[] kept, Exposition.Place end, long bytesSoFar, Block before, int plainBytes, int crc) {
            int crcSoFar = encoding == Encoding.GZIP ? GzipMember.join(before.crcSoFar, crc, plainBytes) : 0;
            return new Block(kept, end, bytesSoFar, before.plainBytesSoFar + plainBytes, crcSoFar);
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
