package io.weir.server.http;

import io.weir.sample.Limits;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Decompresses framed snappy: a stream identifier, then chunks of at most 64 KiB, each with its checksum, which is
 * verified. Source: google/snappy {@code framing_format.txt} and {@code format_description.txt}.
 */
final class SnappyInflater extends BodyInflater {
    private static final byte[] IDENTIFIER = {'s', 'N', 'a', 'P', 'p', 'Y'};
    private static final int BLOCK_BYTES = 1 << 16;
    private static final int CHECKSUM_BYTES = 4;
    /** A checksum and the longest form of a block: 32 + n + n / 6. */
    private static final int CHUNK_BYTES_MAX = CHECKSUM_BYTES + 32 + BLOCK_BYTES + BLOCK_BYTES / 6;

    private static final int COMPRESSED = 0;
    private static final int PLAIN = 1;
    private static final int SKIPPABLE = 0x80;
    private static final int STREAM_IDENTIFIER = 0xff;

    private final CRC32C crc = new CRC32C();
    private boolean identified;
    private int headerBytes;
    private int header;
    private int type;
    /** Of the chunk being read; -1 between chunks. */
    private int left = -1;
    private byte[] chunk = new byte[1024];
    private int chunkBytes;
    private byte[] block = new byte[1024];
    private int blockAt;
    private int blockEnd;

    SnappyInflater(Limits limits) {
        super(limits);
    }

    @Override
    int inflate(byte[] out, int offset, int length) {
        while (refusal == null) {
            if (blockAt < blockEnd) {
                int n = Math.min(length, blockEnd - blockAt);
                if (!give(n)) {
                    return 0;
                }
                System.arraycopy(block, blockAt, out, offset, n);
                blockAt += n;
                return n;
            }
            if (left == 0) {
                left = -1;
                complete();
            } else if (at == end) {
                return 0;
            } else if (left < 0) {
                header |= (input[at++] & 0xff) << 8 * headerBytes++;
                if (headerBytes == 4) {
                    open(header & 0xff, header >>> 8);
                    headerBytes = 0;
                    header = 0;
                }
            } else {
                read();
            }
        }
        return 0;
    }

    @Override
    Refusal atEnd() {
        return identified && left < 0 && headerBytes == 0 ? null : Refusal.TRUNCATED_COMPRESSION;
    }

    @Override
    void close(EventLoopContext context) {}

    private void open(int chunkType, int length) {
        type = chunkType;
        left = length;
        chunkBytes = 0;
        boolean known = type == STREAM_IDENTIFIER
                ? length == IDENTIFIER.length
                : identified
                        && (type >= SKIPPABLE
                                || type <= PLAIN && length >= CHECKSUM_BYTES && length <= CHUNK_BYTES_MAX);
        if (!known) {
            fail(Refusal.BAD_COMPRESSION);
        }
    }

    private void read() {
        int n = Math.min(left, end - at);
        if (type <= PLAIN || type == STREAM_IDENTIFIER) {
            if (chunk.length < chunkBytes + n) {
                chunk = Arrays.copyOf(chunk, Math.max(chunkBytes + n, Math.min(chunkBytes + left, 2 * chunk.length)));
            }
            System.arraycopy(input, at, chunk, chunkBytes, n);
            chunkBytes += n;
        }
        at += n;
        left -= n;
    }

    private void complete() {
        if (type == STREAM_IDENTIFIER) {
            identified = Arrays.equals(chunk, 0, chunkBytes, IDENTIFIER, 0, IDENTIFIER.length);
            if (!identified) {
                fail(Refusal.BAD_COMPRESSION);
            }
            return;
        }
        if (type > PLAIN) {
            return;
        }
        blockAt = 0;
        if (type == COMPRESSED) {
            blockEnd = block(chunk, CHECKSUM_BYTES, chunkBytes);
        } else {
            blockEnd = chunkBytes - CHECKSUM_BYTES <= BLOCK_BYTES ? chunkBytes - CHECKSUM_BYTES : -1;
            if (blockEnd >= 0) {
                room(blockEnd);
                System.arraycopy(chunk, CHECKSUM_BYTES, block, 0, blockEnd);
            }
        }
        int sent = chunk[0] & 0xff | (chunk[1] & 0xff) << 8 | (chunk[2] & 0xff) << 16 | chunk[3] << 24;
        if (blockEnd < 0 || sent != masked(blockEnd)) {
            blockEnd = 0;
            fail(Refusal.BAD_COMPRESSION);
        }
    }

    private int masked(int length) {
        crc.reset();
        crc.update(block, 0, length);
        int c = (int) crc.getValue();
        return Integer.rotateRight(c, 15) + 0xa282ead8;
    }

    private void room(int bytes) {
        if (block.length < bytes) {
            block = new byte[bytes];
        }
    }

    /** Decodes one block into {@link #block}; its length, or -1 when it is damaged. */
    private int block(byte[] b, int from, int to) {
        int size = 0;
        int i = from;
        for (int shift = 0; ; shift += 7) {
            if (i == to || shift > 14) {
                return -1;
            }
            size |= (b[i] & 0x7f) << shift;
            if (b[i++] >= 0) {
                break;
            }
        }
        if (size > BLOCK_BYTES) {
            return -1;
        }
        room(size);
        byte[] out = block;
        int n = 0;
        while (i < to) {
            int tag = b[i++] & 0xff;
            int length;
            int back;
            if ((tag & 3) == 0) {
                length = (tag >>> 2) + 1;
                int bytes = length - 60;
                if (bytes > 0) {
                    if (bytes > 2 || to - i < bytes) {
                        return -1;
                    }
                    length = (bytes == 1 ? b[i] & 0xff : b[i] & 0xff | (b[i + 1] & 0xff) << 8) + 1;
                    i += bytes;
                }
                if (length > to - i || length > size - n) {
                    return -1;
                }
                System.arraycopy(b, i, out, n, length);
                i += length;
                n += length;
                continue;
            }
            int bytes = (tag & 3) == 3 ? 4 : tag & 3;
            if (to - i < bytes) {
                return -1;
            }
            if ((tag & 3) == 1) {
                length = (tag >>> 2 & 7) + 4;
                back = (tag >>> 5) << 8 | b[i] & 0xff;
            } else {
                length = (tag >>> 2) + 1;
                back = b[i] & 0xff | (b[i + 1] & 0xff) << 8;
                if (bytes == 4 && (b[i + 2] != 0 || b[i + 3] != 0)) {
                    return -1;
                }
            }
            i += bytes;
            if (back == 0 || back > n || length > size - n) {
                return -1;
            }
            // byte by byte where the copy overlaps what it copies
            if (back >= length) {
                System.arraycopy(out, n - back, out, n, length);
                n += length;
            } else {
                for (int stop = n + length; n < stop; n++) {
                    out[n] = out[n - back];
                }
            }
        }
        return n == size ? n : -1;
    }
}
