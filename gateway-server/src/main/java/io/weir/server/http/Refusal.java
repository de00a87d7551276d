package io.weir.server.http;

import io.weir.sample.Limits;

/**
 * Why the server itself refuses a request, before or instead of a door: status, a stable word for {@code
 * weir_http_rejected_total{reason}} and one line for people. The rules are those of RFC 9110, RFC 9112 and the hardening
 * list in {@code docs/ARCHITECTURE.md}; every one of them ends the connection.
 */
enum Refusal {
    BAD_REQUEST(400, "bad_request", "this is not a well-formed HTTP request"),
    BAD_HOST(400, "bad_host", "a request needs exactly one valid Host field"),
    BAD_TARGET(400, "bad_target", "the request target must be a path of visible ASCII characters without '#'"),
    BAD_LENGTH(400, "bad_length", "Content-Length must be one decimal number without sign or leading zeros"),
    BAD_TRANSFER_ENCODING(
            400, "bad_transfer_encoding", "Transfer-Encoding must be one 'chunked', in HTTP/1.1, without Content-Length"),
    BAD_CHUNK(400, "bad_chunk", "malformed chunked body"),
    BAD_COMPRESSION(400, "bad_compression", "the compressed body is damaged"),
    TRUNCATED_COMPRESSION(400, "truncated_compression", "the compressed body ends before its end marker"),
    TRAILING_COMPRESSION(400, "trailing_compression", "bytes after the end of the compressed body"),
    HEADER_TIMEOUT(408, "header_timeout", "the request head took too long"),
    BODY_TIMEOUT(408, "body_timeout", "the request body came too slowly"),
    CHUNK_EXTRAS(413, "chunk_extras", "more chunk extensions and trailers than the limit"),
    BODY_TOO_LARGE(413, "body_too_large", "the body is larger than the limit"),
    INFLATED_TOO_LARGE(413, "inflated_too_large", "the decompressed body is larger than the limit"),
    INFLATE_RATIO(413, "inflate_ratio", "the body is compressed more than the limit allows"),
    URI_TOO_LONG(414, "uri_too_long", "the request target is longer than the limit"),
    TOO_MANY_PARAMETERS(414, "too_many_parameters", "more query parameters than the limit"),
    CONTENT_ENCODING(415, "content_encoding", "Content-Encoding must be identity or one of "),
    EXPECTATION(417, "expectation", "the only expectation met here is 100-continue"),
    HOST(421, "host", "not a host that is served here, --web.allowed-hosts"),
    PIPELINE(429, "pipeline", "more pipelined requests than the limit"),
    HEADERS_TOO_LARGE(431, "headers_too_large", "more or longer header fields than the limit"),
    METHOD(501, "method", "the methods known here are GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS"),
    IN_FLIGHT(503, "in_flight_bytes", "too much unfinished input at the moment, try again"),
    OVERLOAD(503, "overload", "more pushes than can be worked on, try again; one waits no longer than the limit"),
    SERVER_ERROR(500, "server_error", "an error in this server, see its log"),
    VERSION(505, "version", "the versions known here are HTTP/1.0 and HTTP/1.1");

    private final int status;
    private final String reason;
    private final String text;

    Refusal(int status, String reason, String text) {
        this.status = status;
        this.reason = reason;
        this.text = text;
    }

    int status() {
        return status;
    }

    String reason() {
        return reason;
    }

    /** One line for people, with the limit that was met and its option. */
    String text(Limits limits) {
        return switch (this) {
            case BODY_TOO_LARGE, INFLATED_TOO_LARGE -> text(limits.bodyBytes(), " bytes", "body");
            case INFLATE_RATIO -> text(limits.inflateRatio(), " to 1", "inflate-ratio");
            case URI_TOO_LONG -> text(limits.uriBytes(), " bytes", "uri");
            case TOO_MANY_PARAMETERS -> text(limits.queryParameters(), "", "query-parameters");
            case PIPELINE -> text(limits.pipelinedRequests(), "", "pipelined-requests");
            case HEADERS_TOO_LARGE -> text(limits.headers(), "", "headers") + " or "
                    + limits.headerBytes() + " bytes, --limits.header-size";
            case CHUNK_EXTRAS -> text(limits.http().chunkExtraBytes(), " bytes", "chunk-extras");
            case BODY_TIMEOUT -> text(limits.http().bodyRateBytes(), " bytes a second", "body-rate");
            case HEADER_TIMEOUT -> text(limits.headerSeconds(), " s", "header-time");
            case CONTENT_ENCODING -> text + HeadRules.codings();
            case OVERLOAD -> text(limits.http().waitSeconds(), " s", "wait-time");
            case IN_FLIGHT -> text(limits.inFlightBytes(), " bytes", "in-flight");
            default -> text;
        };
    }

    private String text(long limit, String unit, String option) {
        return text + ": " + limit + unit + ", --limits." + option;
    }
}
