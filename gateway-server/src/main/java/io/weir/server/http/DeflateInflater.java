package io.weir.server.http;

import io.weir.sample.Limits;
import java.util.zip.Adler32;
import java.util.zip.CRC32;
import java.util.zip.Checksum;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decompresses gzip (RFC 1952, one member or several, nothing else behind them) or deflate, which in HTTP means zlib (RFC
 * 1950). Checksums and lengths are verified.
 */
final class DeflateInflater extends BodyInflater {
    private enum State {
        HEADER,
        EXTRA_LENGTH,
        EXTRA,
        NAME,
        COMMENT,
        HEADER_CRC,
        DATA,
        TRAILER,
        /** Between gzip members, or after the only zlib stream. */
        DONE
    }

    /** FLG bits of a gzip member. */
    private static final int HCRC = 2;
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;
    private static final int RESERVED = 0xe0;
    private final Inflater inflater;
    private final boolean gzip;
    private final Checksum checksum;
    private final CRC32 headerChecksum = new CRC32();
    private State state = State.HEADER;
    private int flags;
    private int count;
    private long word;
    private long memberLength;

    /** Takes an inflater on loan, raw and reset. */
    DeflateInflater(Inflater inflater, boolean gzip, Limits limits) {
        super(limits);
        this.inflater = inflater;
        this.gzip = gzip;
        this.checksum = gzip ? new CRC32() : new Adler32();
    }

    @Override
    void close(EventLoopContext context) {
        context.giveBack(inflater);
    }

    @Override
    Refusal atEnd() {
        return state == State.DONE ? null : Refusal.TRUNCATED_COMPRESSION;
    }

    @Override
    int inflate(byte[] out, int offset, int length) {
        try {
            while (refusal == null) {
                if (state == State.DATA) {
                    int n = data(out, offset, length);
                    if (n > 0 || state == State.DATA) {
                        return n;
                    }
                } else if (at == end) {
                    return 0;
                } else {
                    frame(input[at++] & 0xff);
                }
            }
        } catch (DataFormatException damaged) {
            fail(Refusal.BAD_COMPRESSION);
        }
        return 0;
    }

    private int data(byte[] out, int offset, int length) throws DataFormatException {
        inflater.setInput(input, at, end - at);
        int n = inflater.inflate(out, offset, length);
        at = end - inflater.getRemaining();
        if (inflater.needsDictionary()) {
            fail(Refusal.BAD_COMPRESSION);
            return 0;
        }
        checksum.update(out, offset, n);
        memberLength += n;
        if (!give(n)) {
            return 0;
        }
        if (inflater.finished()) {
            go(State.TRAILER);
        }
        return n;
    }

    /** One byte of what surrounds the compressed data. */
    private void frame(int b) {
        if (state.compareTo(State.HEADER_CRC) < 0) {
            headerChecksum.update(b);
        }
        switch (state) {
            case HEADER -> header(b);
            case EXTRA_LENGTH -> {
                word |= (long) b << 8 * count++;
                if (count == 2) {
                    count = (int) word;
                    state = State.EXTRA;
                    if (count == 0) {
                        afterExtra();
                    }
                }
            }
            case EXTRA -> {
                if (--count == 0) {
                    afterExtra();
                }
            }
            case NAME -> {
                if (b == 0) {
                    afterName();
                }
            }
            case COMMENT -> {
                if (b == 0) {
                    afterComment();
                }
            }
            case HEADER_CRC -> {
                word |= (long) b << 8 * count++;
                if (count == 2) {
                    if (word != (headerChecksum.getValue() & 0xffff)) {
                        fail(Refusal.BAD_COMPRESSION);
                    }
                    go(State.DATA);
                }
            }
            case TRAILER -> trailer(b);
            case DONE -> {
                if (!gzip || b != 0x1f) {
                    fail(Refusal.TRAILING_COMPRESSION);
                    return;
                }
                nextMember();
                header(b);
            }
            default -> throw new IllegalStateException(state.name());
        }
    }

    private void header(int b) {
        int i = count++;
        if (gzip) {
            boolean good = switch (i) {
                case 0 -> b == 0x1f;
                case 1 -> b == 0x8b;
                case 2 -> b == 8;
                case 3 -> (b & RESERVED) == 0;
                default -> true;
            };
            if (!good) {
                fail(Refusal.BAD_COMPRESSION);
            }
            flags = i == 3 ? b : flags;
            if (count == 10) {
                if ((flags & EXTRA) != 0) {
                    go(State.EXTRA_LENGTH);
                } else {
                    afterExtra();
                }
            }
        } else {
            word = word << 8 | b;
            if (count == 2) {
                boolean good = (word >> 8 & 0xf) == 8 && (word & 0x20) == 0 && word % 31 == 0;
                if (!good) {
                    fail(Refusal.BAD_COMPRESSION);
                }
                go(State.DATA);
            }
        }
    }

    private void afterExtra() {
        if ((flags & NAME) != 0) {
            go(State.NAME);
        } else {
            afterName();
        }
    }

    private void afterName() {
        if ((flags & COMMENT) != 0) {
            go(State.COMMENT);
        } else {
            afterComment();
        }
    }

    private void afterComment() {
        go((flags & HCRC) != 0 ? State.HEADER_CRC : State.DATA);
    }

    /** gzip: CRC-32 and length, little-endian; zlib: Adler-32, big-endian. */
    private void trailer(int b) {
        word = gzip ? word | (long) b << 8 * count : word << 8 | b;
        count++;
        if (count == 4 && !gzip) {
            check(word == checksum.getValue());
        } else if (count == 8) {
            check(word == (checksum.getValue() | memberLength << 32));
        }
    }

    private void check(boolean good) {
        if (good) {
            go(State.DONE);
        } else {
            fail(Refusal.BAD_COMPRESSION);
        }
    }

    private void nextMember() {
        inflater.reset();
        checksum.reset();
        headerChecksum.reset();
        headerChecksum.update(0x1f);
        memberLength = 0;
        go(State.HEADER);
    }

    private void go(State next) {
        state = next;
        count = 0;
        word = 0;
    }

}
