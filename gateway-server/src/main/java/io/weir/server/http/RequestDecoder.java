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

    RequestDecoder(Limits limits) {
        super(new HttpDecoderConfig()
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
                .setStrictLineParsing(true));
    }

    /** Never prefer one of the two lengths (RFC 9112 6.3): the mark of request smuggling. */
    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
        throw new IllegalArgumentException("Transfer-Encoding beside Content-Length");
    }
}
