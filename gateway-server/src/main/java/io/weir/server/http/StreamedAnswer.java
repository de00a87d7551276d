package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.channel.Channel;

/** The body of one connection's answer while it is made and sent: at most one at a time. Event loop only. */
final class StreamedAnswer {
    /** How far it has come. */
    enum State {
        /** The peer takes no more at the moment. */
        NOT_TAKEN,
        /** Enough for one turn of the event loop: others wait. */
        TURN_OVER,
        DONE
    }

    private static final byte[] CHUNKED = "Transfer-Encoding: chunked\r\n".getBytes(ISO_8859_1);
    private static final byte[] LAST_CHUNK = "0\r\n\r\n".getBytes(ISO_8859_1);

    /** Bytes before other connections of the event loop get their turn. */
    private static final int TURN_BYTES = 256 << 10;
    /** The same in time: 256 KiB of a gzip body take ten milliseconds to make. */
    private static final long TURN_NANOS = 500_000;

    private BodySource source;
    private Answer head;
    private boolean isChunked;

    /** Takes over an answer that is to be sent. */
    void set(Answer head, BodySource source) {
        this.head = head;
        this.source = source;
    }

    /** Whether there is one. */
    boolean isOpen() {
        return source != null;
    }

    /** Whether it should go no further. */
    boolean isRevoked() {
        return source != null && source.isRevoked();
    }

    /** Whether its head has not been written yet. */
    boolean isDue() {
        return head != null;
    }

    /**
     * Writes the head but for its end.
     *
     * @return whether the end of the body can be told without ending the connection
     */
    boolean begin(Output out, boolean isHttp10) {
        long length = source.length();
        out.append(head.head());
        head = null;
        isChunked = length < 0 && !isHttp10;
        if (length >= 0) {
            out.append(("Content-Length: " + length + "\r\n").getBytes(ISO_8859_1));
        } else if (isChunked) {
            out.append(CHUNKED);
        }
        return length >= 0 || isChunked;
    }

    /** Writes blocks while the peer takes them. */
    State pump(Output out, Channel channel) {
        long begin = System.nanoTime();
        for (int bytes = 0; channel.isWritable(); ) {
            if (bytes >= TURN_BYTES || bytes > 0 && System.nanoTime() - begin > TURN_NANOS) {
                return State.TURN_OVER;
            }
            byte[] block = source.next();
            if (block == null) {
                if (isChunked) {
                    out.append(LAST_CHUNK);
                }
                close();
                return State.DONE;
            }
            int length = source.blockLength() < 0 ? block.length : source.blockLength();
            if (length > 0 && isChunked) {
                out.appendChunk(block, length);
            } else {
                out.append(block, 0, length);
            }
            bytes += length;
        }
        return State.NOT_TAKEN;
    }

    void close() {
        BodySource ended = source;
        source = null;
        head = null;
        if (ended != null) {
            ended.close();
        }
    }
}
