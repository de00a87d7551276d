package io.weir.server.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpHeadersFactory;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMessageDecoderResult;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.internal.StringUtil;
import io.weir.sample.Limits;
import java.util.List;

/**
 * Netty's request decoder with our limits, and with what only the bytes can tell: folded fields, line ends in front of a
 * request, and what is in a chunked body besides its data. What it lets through is judged by {@link HeadRules}. Event loop
 * only.
 *
 * <p>Nothing is read twice. Of each step of the codec we know how many bytes it took and what it gave; the difference is the
 * framing of a body, and the line ends of a head.
 */
final class RequestDecoder extends HttpRequestDecoder {
    /** Method, blanks and version around the target in a request line. */
    private static final int LINE_ROOM = 32;
    /** Body pieces are handed on as they come, never cut smaller than one read. */
    private static final int CHUNK_MAX = 1 << 20;
    private static final int LINE_END = 2;
    /** A chunk's size line without extras: up to sixteen digits, and the line end. */
    private static final int SIZE_LINE = 16 + LINE_END;

    private static final byte CR = '\r';
    private static final byte LF = '\n';

    private final int chunkExtrasMax;
    private boolean inBody;
    /** The request line has been taken, or something that is not one. */
    private boolean headBegun;
    /** In front of a request line: a CR that waits for its LF. */
    private boolean afterCr;
    private boolean malformed;
    /** From the first byte of the request line. */
    private long headBytes;
    private boolean chunked;
    private boolean inTrailers;
    private long extras;
    /** Nothing more is read: the connection ends. */
    private boolean refused;

    RequestDecoder(HttpDecoderConfig config, Limits limits) {
        super(config);
        this.chunkExtrasMax = limits.http().chunkExtraBytes();
    }

    /** Shared by all decoders of a server. */
    static HttpDecoderConfig config(Limits limits) {
        return new HttpDecoderConfig()
                .setMaxInitialLineLength(limits.uriBytes() + LINE_ROOM)
                .setMaxHeaderSize(limits.headerBytes())
                .setMaxChunkSize(CHUNK_MAX)
                .setAllowDuplicateContentLengths(false)
                .setHeadersFactory(new HttpHeadersFactory() {
                    @Override
                    public HttpHeaders newHeaders() {
                        return new CountedHeaders();
                    }

                    @Override
                    public HttpHeaders newEmptyHeaders() {
                        return new CountedHeaders();
                    }
                })
                .setStrictLineParsing(true);
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
        if (refused) {
            in.skipBytes(in.readableBytes());
            return;
        }
        int from = in.readerIndex();
        super.decode(ctx, in, out);
        int to = in.readerIndex();
        if (inBody && chunked) {
            body(in, from, to, out);
        } else if (inBody) {
            inBody = out.isEmpty() || out.get(out.size() - 1).getClass() != DefaultLastHttpContent.class;
        } else if (from < to) {
            head(in, from, to, out);
        }
    }

    // ---------------------------------------------------------------------------------------------- head

    private void head(ByteBuf in, int from, int to, List<Object> out) {
        headBytes += to - (headBegun ? from : afterEmptyLines(in, from, to));
        if (out.isEmpty()) {
            return;
        }
        HttpRequest head = (HttpRequest) out.get(0);
        CountedHeaders fields = (CountedHeaders) head.headers();
        if (malformed || isFolded(head, fields)) {
            refused = true;
            head.setDecoderResult(DecoderResult.failure(new IllegalArgumentException("malformed head")));
        }
        inBody = out.size() == 1;
        chunked = fields.hasCoding();
        headBegun = false;
        headBytes = 0;
        afterCr = false;
        malformed = false;
        inTrailers = false;
        extras = 0;
    }

    /**
     * Whether there are more lines than fields. A field may not be continued on a second line (RFC 9112 5.2 lets us refuse):
     * others may take that for a field of its own. The codec tells how long the lines are, so their ends are what is left.
     */
    private boolean isFolded(HttpRequest head, CountedHeaders fields) {
        return head.decoderResult() instanceof HttpMessageDecoderResult sizes
                && headBytes - sizes.totalSize() != LINE_END * (fields.fields() + 2L);
    }

    /** Passes over empty lines, which end in CR LF as all lines do, and tells whether the request line has been reached. */
    private int afterEmptyLines(ByteBuf in, int from, int to) {
        int at = from;
        while (at < to && in.getByte(at) == (afterCr ? LF : CR)) {
            afterCr = !afterCr;
            at++;
        }
        if (at < to) {
            headBegun = true;
            malformed = afterCr || in.getByte(at) == LF || isBlank(in.getByte(at));
        }
        return at;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    @Override
    protected String splitFirstWordInitialLine(byte[] line, int start, int length) {
        requireOneSpace(line, start + length);
        return super.splitFirstWordInitialLine(line, start, length);
    }

    @Override
    protected String splitSecondWordInitialLine(byte[] line, int start, int length) {
        requireOneSpace(line, start + length);
        return super.splitSecondWordInitialLine(line, start, length);
    }

    /** The codec takes the name of the protocol in any case. */
    @Override
    protected String splitThirdWordInitialLine(byte[] line, int start, int length) {
        String version = super.splitThirdWordInitialLine(line, start, length);
        if (!version.startsWith("HTTP/")) {
            throw new IllegalArgumentException("a version begins with HTTP/");
        }
        return version;
    }

    /** The codec splits at any run of blanks; RFC 9112 3 has one space, and others in front of us may split there. */
    private static void requireOneSpace(byte[] line, int at) {
        if (at + 1 >= line.length || line[at] != ' ' || line[at + 1] <= ' ') {
            throw new IllegalArgumentException("the words of a request line are separated by one space");
        }
    }

    /** Never prefer one of the two lengths (RFC 9112 6.3): the mark of request smuggling. */
    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
        throw new IllegalArgumentException("Transfer-Encoding beside Content-Length");
    }

    // ---------------------------------------------------------------------------------------------- body

    private void body(ByteBuf in, int from, int to, List<Object> out) {
        int framing = to - from;
        boolean ends = false;
        for (int i = 0; i < out.size(); i++) {
            HttpContent content = (HttpContent) out.get(i);
            if (content.decoderResult().isFailure()) {
                return;
            }
            framing -= content.content().readableBytes();
            ends |= content instanceof LastHttpContent;
        }
        inBody = !ends;
        if (inTrailers) {
            extras += framing;
        } else if (framing > LINE_END) {
            sizeLine(in, from, in.indexOf(from, to, LF), out);
        }
        if (extras > chunkExtrasMax) {
            refuse(out, new TooLongFrameException("chunk extensions and trailers"));
        }
    }

    private void sizeLine(ByteBuf in, int from, int end, List<Object> out) {
        extras += Math.max(0, end + 1 - from - SIZE_LINE);
        if (hasStrayQuote(in, from, end)) {
            refuse(out, new IllegalArgumentException("a quote within a chunk extension's token"));
            return;
        }
        inTrailers = isLastChunk(in, from);
        extras -= inTrailers ? LINE_END : 0;
    }

    /** Whether a size line says zero; then trailers follow, which come line by line. */
    private static boolean isLastChunk(ByteBuf in, int from) {
        int at = from;
        while (in.getByte(at) == '0') {
            at++;
        }
        return at > from && StringUtil.decodeHexNibble(in.getByte(at)) < 0;
    }

    /** Whether the size line has a quote that neither begins nor ends a value: some would look for the other one. */
    private static boolean hasStrayQuote(ByteBuf in, int from, int end) {
        int first = in.indexOf(from, end, (byte) '"');
        boolean quoted = false;
        for (int at = first; at >= 0 && at < end; at++) {
            byte b = in.getByte(at);
            if (quoted && b == '\\') {
                at++;
            } else if (b == '"') {
                byte before = in.getByte(at - 1);
                if (!quoted && before != '=' && !isBlank(before)) {
                    return true;
                }
                quoted = !quoted;
            }
        }
        return false;
    }

    /** In place of what was read, so that the body does not become complete. */
    private void refuse(List<Object> out, Exception cause) {
        refused = true;
        out.forEach(ReferenceCountUtil::release);
        out.clear();
        LastHttpContent failure = new DefaultLastHttpContent();
        failure.setDecoderResult(DecoderResult.failure(cause));
        out.add(failure);
    }
}
