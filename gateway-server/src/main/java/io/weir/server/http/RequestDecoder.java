package io.weir.server.http;

import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpHeadersFactory;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.weir.sample.Limits;

/** Netty's request decoder with our limits; what it lets through is judged by {@link HeadRules}. Event loop only. */
final class RequestDecoder extends HttpRequestDecoder {
    /** Method, blanks and version around the target in a request line. */
    private static final int LINE_ROOM = 32;
    /** Body pieces are handed on as they come, never cut smaller than one read. */
    private static final int CHUNK_MAX = 1 << 20;

    RequestDecoder(HttpDecoderConfig config) {
        super(config);
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
    protected String splitFirstWordInitialLine(byte[] line, int start, int length) {
        requireOneSpace(line, start + length);
        return super.splitFirstWordInitialLine(line, start, length);
    }

    @Override
    protected String splitSecondWordInitialLine(byte[] line, int start, int length) {
        requireOneSpace(line, start + length);
        return super.splitSecondWordInitialLine(line, start, length);
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
}
