package io.weir.server.http;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Requests of which two readers might think differently, each with the one reading that is allowed here. They follow what
 * has been published on request smuggling (lengths beside transfer codings, disguised field names and values, chunk grammar,
 * line ends) and the must-reject cases of RFC 9112, written out as tables and products. Chars are bytes.
 *
 * <p>Every gadget that could push says {@code outer 1}; what it hides is a PATCH of {@code smuggled}, which must not be taken
 * for a request unless the gadget says so.
 */
public final class Gadgets {
    /** What is to come of a gadget. */
    public enum Verdict {
        /** One answer of 4xx or 5xx, then the connection ends. */
        REFUSED,
        /** Understood to its last byte: the next request on the connection is answered too. */
        TAKEN,
        /** Waits for more; nothing is answered and nothing is counted. */
        OPEN
    }

    /**
     * One gadget.
     *
     * @param answers to the gadget itself, when it is taken
     * @param pushes of {@code outer} that count
     * @param patches of {@code smuggled} that count, because they are requests in their own right
     */
    public record Gadget(String name, String bytes, Verdict verdict, int answers, int pushes, int patches) {
        @Override
        public String toString() {
            return escape(name.length() > 100 ? name.substring(0, 100) + "..." : name);
        }
    }

    /** Follows every gadget. */
    public static final String NEXT = "GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

    private static final String PATCH = "PATCH /metrics/smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    private static final String POST = "POST /metrics HTTP/1.1\r\nHost: a\r\n";
    private static final String PUSH = "outer 1\n";
    private static final String PUSH_CHUNKED = "8\r\nouter 1\n\r\n0\r\n\r\n";
    private static final String CHUNKED = "Transfer-Encoding: chunked\r\n";

    /** How a block of fields with a disguised length or coding has to be read. */
    private enum Fields {
        /** A proper {@code Transfer-Encoding: chunked}. */
        CODING,
        /** Nothing but other fields. */
        OTHER,
        /** Not to be accepted, whatever comes with it. */
        BAD
    }

    private final List<Gadget> all = new ArrayList<>();

    private Gadgets() {}

    /** All of them, in a fixed order. */
    public static List<Gadget> all() {
        Gadgets gadgets = new Gadgets();
        gadgets.codings();
        gadgets.lengths();
        gadgets.lengthsWithoutBody();
        gadgets.chunks();
        gadgets.requestLines();
        gadgets.lineEnds();
        gadgets.fields();
        gadgets.hosts();
        gadgets.bytes();
        gadgets.pipelines();
        gadgets.otherProtocols();
        gadgets.unfinished();
        return gadgets.all;
    }

    private void refused(String name, String bytes) {
        all.add(new Gadget(name, bytes, Verdict.REFUSED, 1, 0, 0));
    }

    private void taken(String name, String bytes, int answers, int pushes, int patches) {
        all.add(new Gadget(name, bytes, Verdict.TAKEN, answers, pushes, patches));
    }

    private void open(String name, String bytes) {
        all.add(new Gadget(name, bytes, Verdict.OPEN, 0, 0, 0));
    }

    // -------------------------------------------------------------------------------- Transfer-Encoding

    private static Map<String, Fields> codingBlocks() {
        Map<String, Fields> blocks = new LinkedHashMap<>();
        // values
        for (String good : List.of("chunked", "Chunked", "CHUNKED", "cHuNkEd", "\tchunked", "  chunked", "chunked ", "chunked\t")) {
            blocks.put("Transfer-Encoding: " + good, Fields.CODING);
        }
        for (String name : List.of("transfer-encoding", "TRANSFER-ENCODING", "tRANSFER-eNCODING")) {
            blocks.put(name + ": chunked", Fields.CODING);
        }
        blocks.put("Transfer-Encoding:chunked", Fields.CODING);
        blocks.put("Transfer-Encoding:\tchunked", Fields.CODING);
        for (String bad : List.of("", " ", "xchunked", "chunkedx", "chunke", "chunk", "chunked;", "chunked;q=1", "chunked; a=b",
                "chunked, identity", "identity, chunked", "chunked, chunked", "chunked,chunked", ",chunked", "chunked,",
                " , chunked", "chunked, ", "identity", "gzip", "gzip, chunked", "chunked, gzip", "deflate", "compress", "cow",
                "chunked, cow", "cow, chunked", "chunked cow", "cow chunked", "\"chunked\"", "'chunked'", "(chunked)",
                "chunked()", "chunked()x", "[chunked]", "chun ked", "chun\tked", "chunk\u00e9d", "chun\u00e2\u0084\u00aaed", "%63hunked",
                "\\chunked", "chunked\\", "chunked/1", "=chunked", ":chunked", ": chunked", "chunked:", "chunked=", "null",
                "true", "1", "0", "*", "chunked\u00a0", "\u00a0chunked", "\u0085chunked", "chunked\u0085", "chunked\u00ff",
                "\u00ef\u00bb\u00bfchunked", "\u00ffchunked", "trailers", "chunked trailers", "-chunked", "chunked-", "chunked_",
                "chunked.", "chunked\r", "\rchunked", "chunked\r\r", "chun\rked")) {
            blocks.put("Transfer-Encoding: " + bad, Fields.BAD);
        }
        for (char control = 0; control <= 0x20; control++) {
            if ("\t\n\r ".indexOf(control) < 0) {
                blocks.put("Transfer-Encoding: " + control + "chunked", Fields.BAD);
                blocks.put("Transfer-Encoding: chunked" + control, Fields.BAD);
                blocks.put("Transfer-Encoding: chun" + control + "ked", Fields.BAD);
                blocks.put("Transfer-Encoding" + control + ": chunked", Fields.BAD);
                blocks.put(control + "Transfer-Encoding: chunked", Fields.BAD);
                blocks.put("Transfer-Encoding:" + control + "chunked", Fields.BAD);
            }
        }
        blocks.put("Transfer-Encoding: chunked\u007f", Fields.BAD);
        blocks.put("Transfer-Encoding\u007f: chunked", Fields.BAD);
        // names and separators
        for (String bad : List.of("Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked", "Transfer-Encoding  :chunked",
                "Transfer-Encoding \t : chunked", "Transfer Encoding: chunked", "Transfer-Encoding chunked",
                "Transfer-Encoding=chunked", "Transfer-Encoding", "Transfer-Encoding;: chunked", "\"Transfer-Encoding\": chunked",
                "(Transfer-Encoding): chunked", "Transfer\\-Encoding: chunked", "Transfer-Encoding\\: chunked",
                "Transfer-Encoding\u00a0: chunked", "\u00a0Transfer-Encoding: chunked", "Transfer\u0090Encoding: chunked",
                "Transfer-Encoding\u00e9: chunked", "Transfer-Encoding\u00ff: chunked", "Transfer/Encoding: chunked",
                "Transfer-Encoding,: chunked", "[Transfer-Encoding]: chunked", "{Transfer-Encoding}: chunked",
                "Transfer-Encoding@: chunked", ": chunked", ":", " : chunked", "Transfer-Encoding<: chunked", "=Transfer-Encoding: chunked")) {
            blocks.put(bad, Fields.BAD);
        }
        for (String other : List.of("Transfer_Encoding: chunked", "Transfer.Encoding: chunked", "TransferEncoding: chunked",
                "X-Transfer-Encoding: chunked", "Transfer-Encoding-X: chunked", "Transfer-Encodin: chunked",
                "Transfer-Encodings: chunked", "ransfer-Encoding: chunked", "Transfer--Encoding: chunked",
                "Transfer-Encoding-: chunked", "-Transfer-Encoding: chunked", "TE: chunked", "X: Transfer-Encoding: chunked",
                "X: chunked", "X: X Transfer-Encoding: chunked", "Transfer%2DEncoding: chunked", "'Transfer-Encoding': chunked",
                "Transfer-Encoding!: chunked", "Proxy-Transfer-Encoding: chunked", "Content-Transfer-Encoding: chunked",
                "Connection: Transfer-Encoding", "Trailer: Transfer-Encoding")) {
            blocks.put(other, Fields.OTHER);
        }
        blocks.put("Content-Encoding: chunked", Fields.BAD);
        // line ends and folds
        for (String bad : List.of("X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked",
                "X: y\r\rTransfer-Encoding: chunked", "X: y\n\rTransfer-Encoding: chunked", "X: y\r\n\rTransfer-Encoding: chunked",
                "X: y\r\r\nTransfer-Encoding: chunked", "X: y\r\n Transfer-Encoding: chunked", "X: y\r\n\tTransfer-Encoding: chunked",
                "X:\r\n Transfer-Encoding: chunked", "X: y\r\n \r\nTransfer-Encoding: chunked",
                "X: y\r\n \r\n Transfer-Encoding: chunked", "Transfer-Encoding:\r\n chunked", "Transfer-Encoding:\r\n\tchunked",
                "Transfer-Encoding: \r\n chunked", "Transfer-Encoding:\n chunked", "Transfer-Encoding:\r chunked",
                "Transfer-Encoding: chunked\r\n ", "Transfer-Encoding: chunked\r\n\t", "Transfer-Encoding: chunked\r\n , identity",
                "Transfer-Encoding: chunked\r\n identity", "Transfer-Encoding: identity\r\n , chunked", "Transfer-Encoding\r\n: chunked",
                "Transfer-Encoding\r\n : chunked", "Transfer-\r\n Encoding: chunked", "Transfer-Encoding: chun\r\n ked",
                "Transfer-Encoding: chunked\n", "Transfer-Encoding: chunked\nX: y", "X: y\u0000Transfer-Encoding: chunked",
                "X: y\u0000\r\nTransfer-Encoding: chunked", "X: y\u000bTransfer-Encoding: chunked")) {
            blocks.put(bad, Fields.BAD);
        }
        // twice
        for (String first : List.of("chunked", "identity", "cow", "", "gzip")) {
            for (String second : List.of("chunked", "identity", "cow", "", "x, chunked")) {
                blocks.put("Transfer-Encoding: " + first + "\r\nTransfer-Encoding: " + second, Fields.BAD);
            }
        }
        blocks.put("Transfer-Encoding: chunked\r\nX: y\r\ntransfer-encoding: identity", Fields.BAD);
        blocks.put("Transfer-Encoding: chunked\r\nTransfer-Encoding : identity", Fields.BAD);
        blocks.put("Transfer-Encoding: chunked\r\nTransfer_Encoding: identity", Fields.CODING);
        return blocks;
    }

    private void codings() {
        codingBlocks().forEach((block, fields) -> {
            String lines = block + "\r\n";
            // CL.TE: the length covers all, the chunks end before the hidden request
            String body = "0\r\n\r\n" + PATCH;
            String length = "Content-Length: " + body.length() + "\r\n";
            coding("CL.TE, length first: " + block, fields, POST + length + lines + "\r\n" + body);
            coding("CL.TE, length last: " + block, fields, POST + lines + length + "\r\n" + body);
            // TE.CL: the chunks cover all, the length ends before the hidden request
            String size = Integer.toHexString(PATCH.length()) + "\r\n";
            String short_ = "Content-Length: " + size.length() + "\r\n";
            String chunks = size + PATCH + "\r\n0\r\n\r\n";
            if (fields != Fields.OTHER) {
                coding("TE.CL, length first: " + block, fields, POST + short_ + lines + "\r\n" + chunks);
                coding("TE.CL, length last: " + block, fields, POST + lines + short_ + "\r\n" + chunks);
                refused("HTTP/1.0: " + block, POST.replace("1.1", "1.0") + lines + "\r\n" + PUSH_CHUNKED);
            }
            if (fields == Fields.CODING) {
                taken("alone: " + block, POST + lines + "\r\n" + PUSH_CHUNKED, 1, 1, 0);
            } else if (fields == Fields.BAD) {
                refused("alone: " + block, POST + lines + "\r\n" + PUSH_CHUNKED);
                refused("first: " + block, "POST /metrics HTTP/1.1\r\n" + lines + "Host: a\r\n\r\n" + PUSH_CHUNKED);
                refused("GET: " + block, "GET /metrics HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
            }
        });
    }

    /** With a length beside it. */
    private void coding(String name, Fields fields, String bytes) {
        if (fields == Fields.OTHER) {
            taken(name, bytes, 1, 0, 0);
        } else {
            refused(name, bytes);
        }
    }

    // -------------------------------------------------------------------------------- Content-Length

    private void lengths() {
        for (String good : List.of("Content-Length: 8", "content-length: 8", "CONTENT-LENGTH:8", "Content-Length:\t8",
                "Content-Length:  8", "Content-Length: 8 ", "Content-Length: 8\t", "Content_Length: 0\r\nContent-Length: 8",
                "X-Content-Length: 0\r\nContent-Length: 8", "Content-Length: 8\r\nContent-Lengths: 0")) {
            taken("length: " + good, POST + good + "\r\n\r\n" + PUSH, 1, 1, 0);
        }
        List<String> values = new ArrayList<>(List.of("+8", "-8", "08", "008", "00000000000000000008", "8 8", "8,8", "8, 8", "8 ,8",
                "8,", ",8", "8;", "8.0", "8.", ".8", "8e0", "8E0", "0x8", "0X8", "8h", "0b1000", "0o10", "1_0", "8_", "\"8\"", "'8'", "",
                " ", "8a", "a8", "a", "0.8e1", "18446744073709551624", "9223372036854775808", "9223372036854775816", "-0",
                "+0", "00", "0 8", "8\t8", "8\r", "\r8", "8\u0000", "\u00008", "8\u000b", "\u000b8", "8\u000c", "\u000c8",
                "8\u001f", "8\u007f", "8\u00a0", "\u00a08", "8\u0085", "\u00d9\u00a8", "\u00ef\u00bc\u0098", "\u00b2", "8/1", "8*1",
                "(8)", "8 (eight)", "8\\", "%38", "eight", "null", "undefined", "NaN", "Infinity", "chunked", "8:8", ": 8", "- 8",
                "--8", "8-", "8+", "1e1", "9".repeat(19), "9".repeat(40), "0".repeat(300) + "8"));
        for (String value : values) {
            refused("length value: " + value, POST + "Content-Length: " + value + "\r\n\r\n" + PUSH);
            refused("length value, 1.0: " + value, POST.replace("1.1", "1.0") + "Content-Length: " + value + "\r\n\r\n" + PUSH);
        }
        for (String big : List.of("16777217", "4294967304", "8589934600", "9223372036854775807", "999999999999999999")) {
            refused("length too large: " + big, POST + "Content-Length: " + big + "\r\n\r\n" + PUSH);
        }
        for (String line : List.of("Content-Length : 8", "Content-Length\t: 8", " Content-Length: 8", "\tContent-Length: 8",
                "Content-Length\u0000: 8", "\u0000Content-Length: 8", "Content-Length\u000b: 8", "Content Length: 8",
                "Content-Length 8", "Content-Length=8", "Content-Length", "Content-Length:\r\n 8", "Content-Length:\n 8",
                "Content-Length: 8\r\n ", "Content-Length: 8\r\n 8", "Content-Length: 8\n", "Content-Length\r\n: 8",
                "X: y\nContent-Length: 8", "X: y\rContent-Length: 8", "X: y\r\n Content-Length: 8", "X: y\r\n\tContent-Length: 8",
                "X: y\n\rContent-Length: 8", "Content-Length\u00e9: 8", "Content-Length;: 8", "\"Content-Length\": 8",
                "Content/Length: 8", "Content-Length: 8\u0000\r\nX: y")) {
            refused("length line: " + line, POST + line + "\r\n\r\n" + PUSH);
            refused("length line beside a length: " + line, POST + "Content-Length: 0\r\n" + line + "\r\n\r\n" + PUSH);
        }
        for (String first : List.of("8", "0", "9", "", "44", "+8", "8, 8")) {
            for (String second : List.of("8", "0", "08", "", "44", "-1")) {
                String two = "Content-Length: " + first + "\r\nContent-Length: " + second + "\r\n";
                refused("two lengths: " + first + " and " + second, POST + two + "\r\n" + PUSH);
                refused("two lengths, 1.0: " + first + " and " + second, POST.replace("1.1", "1.0") + two + "\r\n" + PUSH);
                refused("two lengths, apart: " + first + " and " + second, "POST /metrics HTTP/1.1\r\nContent-Length: " + first
                        + "\r\nHost: a\r\nX: y\r\ncontent-length: " + second + "\r\n\r\n" + PUSH);
            }
        }
    }

    /** CL.0 and 0.CL: methods and targets for which some forget that there is a body, or see one that is not there. */
    private void lengthsWithoutBody() {
        String length = "Content-Length: " + PATCH.length() + "\r\n";
        for (String line : List.of("GET /metrics", "HEAD /metrics", "OPTIONS /metrics", "OPTIONS *", "DELETE /metrics/nothing",
                "GET /-/healthy", "GET /nowhere", "POST /nowhere", "PUT /nowhere", "DELETE /nowhere", "PATCH /nowhere", "POST /ping",
                "PUT /-/healthy", "POST /-/metrics", "DELETE /metrics", "GET /metrics/../x", "POST //metrics", "POST /metrics/",
                "POST /-/quit", "POST /-/reload", "GET /", "POST /")) {
            String head = line + " HTTP/1.1\r\nHost: a\r\n";
            taken("CL.0: " + line, head + length + "\r\n" + PATCH, 1, 0, 0);
            taken("TE.0: " + line, head + CHUNKED + "\r\n" + Integer.toHexString(PATCH.length()) + "\r\n" + PATCH + "\r\n0\r\n\r\n",
                    1, 0, 0);
            for (String expect : List.of("Expect: 200-ok", "Expect: y 100-continue", "Expect: 100-continue, x", "Expect: ",
                    "Expect:\r\n 100-continue", "Expect: 100-continue\r\nExpect: x", "Expect : 100-continue")) {
                refused(line + " with " + expect, head + expect + "\r\n" + length + "\r\n" + PATCH);
            }
        }
        // The draft before WebSocket gave a GET eight bytes of body without saying so.
        refused("0.CL by hixie-76 keys", "GET /metrics HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Key1: 1\r\nSec-WebSocket-Key2: 2\r\n\r\n");
        refused("0.CL by hixie-76 keys, lower case", "GET /-/healthy HTTP/1.1\r\nhost: a\r\n"
                + "sec-websocket-key2: 2\r\nsec-websocket-key1: 1\r\n\r\n");
        taken("WebSocket upgrade, not taken up", "GET /-/healthy HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", 1, 0, 0);
        taken("h2c upgrade, not taken up", "GET /-/healthy HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n"
                + "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", 1, 0, 0);
        taken("h2c upgrade with a body", POST + "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                + "HTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 8\r\n\r\n" + PUSH, 1, 1, 0);
        taken("TLS upgrade, not taken up",
                "OPTIONS * HTTP/1.1\r\nHost: a\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n", 1, 0, 0);
        taken("hop-by-hop length", POST + "Connection: Content-Length\r\nContent-Length: 8\r\n\r\n" + PUSH, 1, 1, 0);
        taken("method override", POST + "X-HTTP-Method-Override: DELETE\r\nContent-Length: 8\r\n\r\n" + PUSH, 1, 1, 0);
    }

    // -------------------------------------------------------------------------------- chunks

    private void chunks() {
        for (String good : List.of(PUSH_CHUNKED, "08\r\nouter 1\n\r\n0\r\n\r\n", "0000000000000008\r\nouter 1\n\r\n0\r\n\r\n",
                "8\r\nouter 1\n\r\n0000\r\n\r\n", "3\r\nout\r\n5\r\ner 1\n\r\n0\r\n\r\n", "8;a\r\nouter 1\n\r\n0\r\n\r\n",
                "8;a=b\r\nouter 1\n\r\n0\r\n\r\n", "8;a=\"b\"\r\nouter 1\n\r\n0\r\n\r\n", "8;a=\"b;c\\\"d\"\r\nouter 1\n\r\n0\r\n\r\n",
                "8;a=b;c=d\r\nouter 1\n\r\n0;e=f\r\n\r\n", "8 ;a\r\nouter 1\n\r\n0\r\n\r\n", "8; a\r\nouter 1\n\r\n0\r\n\r\n",
                "8;" + "x".repeat(1_000) + "\r\nouter 1\n\r\n0\r\n\r\n", "8\r\nouter 1\n\r\n0\r\nX: y\r\n\r\n",
                "8\r\nouter 1\n\r\n0\r\nX: y\r\nZ: w\r\n\r\n", "8\r\nouter 1\n\r\n0\r\nContent-Length: 44\r\n\r\n",
                "8\r\nouter 1\n\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", "8\r\nouter 1\n\r\n0\r\nHost: b\r\n\r\n",
                "8\r\nouter 1\n\r\n0\r\nContent-Encoding: gzip\r\n\r\n", "8\r\nouter 1\n\r\n0\r\nExpect: 100-continue\r\n\r\n",
                "a\r\n" + "outer   1\n" + "\r\n0\r\n\r\n", "A\r\n" + "outer   1\n" + "\r\n0\r\n\r\n")) {
            taken("chunks: " + good, POST + CHUNKED + "\r\n" + good, 1, 1, 0);
        }
        List<String> sizes = new ArrayList<>(List.of("", " 8", "8 ", "\t8", "8\t", "+8", "-8", "0x8", "0X8", "x8", "8h", "8g", "g", "8.0",
                "8,8", "8 8", "8\u0000", "\u00008", "8\u000b", "8\u000c", "8\u0085", "\u00a08", "8:", "8=", "8\"", "\"8\"", "8\r", "8\r\r",
                "\r8", "8_", "8'", "#8", "$8", "&h8", "%38", "\\x8", "80000000", "100000008", "ffffffff8",
                "7fffffff8", "8000000000000008", "10000000000000008", "ffffffffffffffff8", "f".repeat(40), "-0",
                "\u00d9\u00a8", "\u00ef\u00bc\u0098", "8\n\r", "8;a\nb", "8;a\u0000", "8;a=\"b", "8;a=\"\n\"", "8;a=\"\u0000\"", "8;a=b\"c",
                "8;a=\"b\"c", "8;=b\"", "8;a=", "8;\ta=\u0001", "8;a\r;b", "8;a=\"\u007f\"", "8 x", "8 \r", "8;\u0080", "8;a=(", "8\n;a",
                "8;" + "x".repeat(1_100), "8;" + "x".repeat(5_000), "8;" + "x".repeat(20_000), "8;a=\"" + "x".repeat(2_000) + "\""));
        for (String size : sizes) {
            refused("chunk size: " + cut(size), POST + CHUNKED + "\r\n" + size + "\r\nouter 1\n\r\n0\r\n\r\n");
        }
        for (String chunks : List.of(
                "8\nouter 1\n\r\n0\r\n\r\n", // LF ends a size line
                "8\router 1\n\r\n0\r\n\r\n",
                "8;a\nouter 1\n\r\n0\r\n\r\n",
                "8\r\nouter 1\n\n0\r\n\r\n", // and the ends of data
                "8\r\nouter 1\n\r0\r\n\r\n",
                "8\r\nouter 1\n0\r\n\r\n",
                "8\r\nouter 1\nX\r\n0\r\n\r\n",
                "8\r\nouter 1\n\r\r\n0\r\n\r\n",
                "8\r\nouter 1\n \r\n0\r\n\r\n",
                "8\r\nouter 1\n\n\r\n0\r\n\r\n",
                "8\r\nouter 1\n\u0000\u00000\r\n\r\n",
                "7\r\nouter 1\n\r\n0\r\n\r\n",
                "4\r\nouter 1\n\r\n0\r\n\r\n",
                "8\r\nouter 1\n\r\n\r\n0\r\n\r\n",
                "\r\n8\r\nouter 1\n\r\n0\r\n\r\n",
                "8\r\nouter 1\n\r\nGET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n",
                // the last chunk and the trailers
                "8\r\nouter 1\n\r\n0\n\r\n",
                "8\r\nouter 1\n\r\n0\r\n\n",
                "8\r\nouter 1\n\r\n0\n\n",
                "8\r\nouter 1\n\r\n0\r\n\r\r\n",
                "8\r\nouter 1\n\r\n0\r\nX\r\n\r\n",
                "8\r\nouter 1\n\r\n0\r\nX y\r\n\r\n",
                "8\r\nouter 1\n\r\n0\r\nX : y\r\n\r\n",
                "8\r\nouter 1\n\r\n0\r\n X: y\r\n\r\n",
                "8\r\nouter 1\n\r\n0\r\n: y\r\n\r\n",
                "8\r\nouter 1\n\r\n0\r\nX: y\n\r\n",
                "8\r\nouter 1\n\r\n0\r\nX: y\r\n\n",
                "8\r\nouter 1\n\r\n0\r\nX: y\rZ: w\r\n\r\n",
                "8\r\nouter 1\n\r\n0\r\nX: \u0000\r\n\r\n",
                "8\r\nouter 1\n\r\n0\r\nX\u0000: y\r\n\r\n",
                "8\r\nouter 1\n\r\n0\r\n" + PATCH,
                "8\r\nouter 1\n\r\n0\r\nX: " + "y".repeat(1_200) + "\r\n\r\n",
                "8\r\nouter 1\n\r\n0\r\n" + "X: y\r\n".repeat(300) + "\r\n",
                "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\no\r\n".repeat(120) + "0\r\n\r\n")) {
            refused("chunks: " + cut(chunks), POST + CHUNKED + "\r\n" + chunks);
        }
    }

    // -------------------------------------------------------------------------------- request lines

    private void requestLines() {
        for (String version : List.of("HTTP/1.2", "HTTP/1.9", "HTTP/2.0", "HTTP/3.0", "HTTP/0.9", "HTTP/0.0", "HTTP/9.9", "HTTP/2", "HTTP/1",
                "HTTP/1.", "HTTP/.1", "HTTP/", "HTTP", "http/1.1", "Http/1.1", "HTTP/1.10", "HTTP/01.1", "HTTP/1.01", "HTTP/11.1",
                "HTTP/1.1.1", "HTTP/1,1", "HTTP/ 1.1", "HTTP /1.1", "HTTP/1 .1", "HTTP/1. 1", "HTTPS/1.1", "HTTP\\1.1", "HTTP//1.1", "xHTTP/1.1",
                "HTTP/1.1x", "HTTP/+1.1", "HTTP/-1.1", "HTTP/1.-1", "HTTP/0x1.1", "HTTP/1.\u00b9", "RTSP/1.0", "ICY/1.0", "SIP/2.0",
                "HTTP/1.1 HTTP/1.1", "HTTP/1.1 x", "HTTP/1.1\u0000", "HTTP/1.1\t", "HTTP/1.1 ", "HTTP/1.1\u000b", "\u0000HTTP/1.1",
                "HTTP/1.1\u00a0", "\tHTTP/1.1", " HTTP/1.1", "")) {
            refused("version: " + version, "POST /metrics " + version + "\r\nHost: a\r\nContent-Length: 8\r\n\r\n" + PUSH);
        }
        for (String line : List.of("POST  /metrics HTTP/1.1", "POST /metrics  HTTP/1.1", "POST\t/metrics HTTP/1.1", "POST /metrics\tHTTP/1.1",
                "POST\u000b/metrics HTTP/1.1", "POST\u000c/metrics HTTP/1.1", "POST\r/metrics HTTP/1.1", "POST /metrics\rHTTP/1.1",
                "POST\u00a0/metrics HTTP/1.1", "POST\u0000/metrics HTTP/1.1", " POST /metrics HTTP/1.1", "\tPOST /metrics HTTP/1.1",
                "\u0000POST /metrics HTTP/1.1", "\u0001POST /metrics HTTP/1.1", "\u001fPOST /metrics HTTP/1.1",
                "\u007fPOST /metrics HTTP/1.1", "\u00ef\u00bb\u00bfPOST /metrics HTTP/1.1", "POST /metrics", "POST", "/metrics HTTP/1.1",
                "POST HTTP/1.1", "POST  HTTP/1.1", "HTTP/1.1 200 OK", "post /metrics HTTP/1.1", "Post /metrics HTTP/1.1", "P\u00f6ST /metrics HTTP/1.1",
                "POST, /metrics HTTP/1.1", "\"POST\" /metrics HTTP/1.1", "(POST) /metrics HTTP/1.1", "POST: /metrics HTTP/1.1",
                "GETPOST /metrics HTTP/1.1", "GET POST /metrics HTTP/1.1", "! /metrics HTTP/1.1", "TRACE /metrics HTTP/1.1",
                "TRACK /metrics HTTP/1.1", "PROPFIND /metrics HTTP/1.1", "PURGE /metrics HTTP/1.1", "QUERY /metrics HTTP/1.1",
                "DEBUG /metrics HTTP/1.1", "SOURCE /metrics ICE/1.0", "PRI * HTTP/1.1", "CONNECT a:80 HTTP/1.1", "CONNECT /metrics HTTP/1.1",
                "X".repeat(5_000) + " /metrics HTTP/1.1", "POST /" + "x".repeat(9_000) + " HTTP/1.1", "POST /metrics?" + "a&".repeat(64) + " HTTP/1.1")) {
            refused("request line: " + cut(line), line + "\r\nHost: a\r\nContent-Length: 8\r\n\r\n" + PUSH);
        }
        for (String target : List.of("metrics", "*", "?", "#", "", "@", ":80", "a:80", "a", "a/metrics", "?/metrics", "http:/metrics",
                "http:///metrics", "http://", "http://@a/metrics", "http://u@a/metrics", "http://u:p@a/metrics", "http://a b/metrics", "http://a:x/metrics",
                "http://a:99999999/metrics", "http://[::1/metrics", "ftp://a/metrics", "file:///metrics", "ws://a/metrics", "javascript:x",
                "/metrics#x", "/metrics#", "/metrics\u0000", "/met\u0001rics", "/metrics\u007f", "/metrics\u00e9", "/\u00ff", "/met\u000brics",
                "http://a/metrics#x", "\\metrics")) {
            refused("target: " + target, "POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n" + PUSH);
        }
        for (String target : List.of("/metrics?", "/metrics?a=b", "http://a/metrics", "HTTP://a/metrics", "http://other:81/metrics",
                "https://a/metrics", "http://a/metrics?x=y")) {
            taken("target: " + target, "POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n" + PUSH, 1, 1, 0);
        }
        for (String target : List.of("//", "/\\metrics", "/metrics;x", "/./metrics", "/x/../metrics", "/%2e/metrics", "/metrics%00", "/metrics%0d%0aX",
                "/metrics%20HTTP/1.1", "/METRICS", "/%6detrics%zz", "http://a", "http://a?x", "/metrics\"x", "/metrics|x", "/metrics{x}",
                "/metrics^x", "/metrics`x", "/metrics<x>")) {
            taken("no such path: " + target, "POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n" + PUSH, 1, 0, 0);
        }
        taken("empty lines in front", "\r\n\r\n" + POST + "Content-Length: 8\r\n\r\n" + PUSH, 1, 1, 0);
        taken("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 1, 0, 0);
        taken("HTTP/1.0 that stays", "POST /metrics HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 8\r\n\r\n" + PUSH, 1, 1, 0);
        refused("HTTP/0.9 with a line end", "GET /metrics\r\n");
        refused("HTTP/0.9 with an empty line", "GET /metrics\r\n\r\n");
        refused("HTTP/0.9 that ends in LF", "GET /metrics\n");
    }

    // -------------------------------------------------------------------------------- line ends

    private void lineEnds() {
        String head = POST + "Content-Length: 8\r\n\r\n";
        int lines = 4;
        for (String end : List.of("\n", "\r", "\n\r", "\r\r\n", "\r\u0000\n", "\u0000\r\n", "\u000b\r\n", "\r\n ", "\u0085")) {
            for (int line = 0; line < lines; line++) {
                if (line == lines - 1 && (end.equals("\r") || end.equals("\r\n "))) {
                    continue; // the head goes on, or the body has begun
                }
                StringBuilder bytes = new StringBuilder();
                int from = 0;
                for (int i = 0; i < lines; i++) {
                    int at = head.indexOf("\r\n", from);
                    bytes.append(head, from, at).append(i == line ? end : "\r\n");
                    from = at + 2;
                }
                refused("line " + line + " ends in " + escape(end), bytes + PUSH);
            }
        }
        refused("all lines end in LF", head.replace("\r\n", "\n") + PUSH);
        refused("all lines end in CR", head.replace("\r\n", "\r") + PUSH + "\r\n\r\n");
        refused("empty lines in front end in LF", "\n\n" + head + PUSH);
        refused("CR in front", "\r" + head + PUSH);
        refused("CR CR LF in front", "\r\r\n" + head + PUSH);
        refused("blank line of spaces in front", "  \r\n" + head + PUSH);
    }

    // -------------------------------------------------------------------------------- fields

    private void fields() {
        String length = "Content-Length: 8\r\n\r\n" + PUSH;
        for (String line : List.of("X", "X y", "X=y", " X: y", "\tX: y", "X : y", "X\t: y", ": y", ":", " ", "\t", "X: y\r\n z", "X: y\r\n\tz",
                "X: y\r\n  ", "X:\r\n y", "X\r\n: y", "X: a\u0000b", "X: \u0000", "X: a\rb", "X: a\r", "X\u0000: y", "X\u0001: y", "X\u007f: y", "X\u00e9: y",
                "X[]: y", "X/Y: y", "X(y): z", "\"X\": y", "X,Y: z", "X;Y: z", "X@Y: z", "X?Y: z", "X=Y: z", "X{Y}: z", "X<Y>: z", "X\\Y: z", "X Y: z",
                "HTTP/1.1 200 OK", "GET /metrics HTTP/1.1", "PATCH /metrics/smuggled HTTP/1.1", "X: y\u000b\nZ: w", "X: \u001b[2J")) {
            refused("field: " + escape(line), POST + line + "\r\n" + length);
        }
        for (String line : List.of("X:", "X: ", "X:y", "X:\ty\t", "X: y z", "X: \u00e9\u00ff", "X!#$%&'*+-.^_`|~: y", "X: :y", "X: \"y", "X: (y", "0: 1",
                "X: " + "y".repeat(4_000), "Connection: keep-alive", "Connection: , ,", "Connection: x", "Keep-Alive: timeout=5", "TE: trailers",
                "Content-Encoding: identity", "Upgrade-Insecure-Requests: 1", "X-Forwarded-For: a\"b", "Via: 1.1 a",
                "Max-Forwards: 0", "Range: bytes=0-1", "If-Match: *", "Content-Type: a/b; c=d; charset=\"", "Content-Range: bytes 0-7/8")) {
            taken("field: " + cut(line), POST + line + "\r\n" + length, 1, 1, 0);
        }
        for (String coding : List.of("br", "zstd", "snappy", "compress", "gzip, gzip", "gzip,identity", "identity, gzip", "x", "", "gzip;q=1",
                "\"gzip\"", "gzip gzip", "gzi", "gzipp", "*")) {
            refused("content coding: " + coding, POST + "Content-Encoding: " + coding + "\r\n" + length);
        }
        refused("two content codings", POST + "Content-Encoding: identity\r\nContent-Encoding: identity\r\n" + length);
        refused("gzip that is not", POST + "Content-Encoding: gzip\r\n" + length);
        refused("too many fields", POST + "X: y\r\n".repeat(99) + length);
        refused("too long fields", POST + "X: " + "y".repeat(8_300) + "\r\n" + length);
        refused("too many long fields", POST + ("X: " + "y".repeat(1_000) + "\r\n").repeat(9) + length);
    }

    private void hosts() {
        String rest = "Content-Length: 8\r\n\r\n" + PUSH;
        for (String host : List.of("a b", "a/b", "a\\b", "user@a", "u:p@a", "a:80:80", "a:x", "a:-1", "a:+80", "a:123456", ":80", ":", "[::1", "::1", "[]",
                "[g]", "[::1]x", "[::1]:x", "a#b", "a?b", "a\"b", "<a>", "a|b", "a^b", "a`b", "{a}", "http://a", "a\u0000", "a\u007f", "a\u00e9", "a\tb",
                "a b:80", "a, b/")) {
            refused("Host: " + host, "POST /metrics HTTP/1.1\r\nHost: " + host + "\r\n" + rest);
        }
        for (String host : List.of("", "a", "A.b-c_d~e", "a.", "127.0.0.1:9091", "[::1]", "[::1]:9091", "[2001:db8::1.2.3.4]", "a:", "a%2eb", "xn--a",
                "a!$&'()*+;=b")) {
            taken("Host: " + host, "POST /metrics HTTP/1.1\r\nHost: " + host + "\r\n" + rest, 1, 1, 0);
        }
        refused("no Host", "POST /metrics HTTP/1.1\r\n" + rest);
        for (String second : List.of("Host: a", "host: a", "Host: b", "Host:", "Host : b", "Host\t: b", " Host: b", "Host\u0000: b")) {
            refused("and " + escape(second), POST + second + "\r\n" + rest);
        }
        refused("absolute form without Host", "POST http://a/metrics HTTP/1.1\r\n" + rest);
        refused("Host in HTTP/1.0 twice", "POST /metrics HTTP/1.0\r\nHost: a\r\nHost: a\r\n" + rest);
    }

    /** Each byte at each place where a grammar says which may stand there. */
    private void bytes() {
        String rest = "Content-Length: 8\r\n\r\n" + PUSH;
        String token = "!#$%&'*+-.^_`|~";
        for (char b = 0; b < 256; b++) {
            boolean alphanumeric = b < 128 && Character.isLetterOrDigit(b);
            String hex = String.format("0x%02x", (int) b);
            if (b != '\n' && b != '\r' && b != ' ') {
                refused("byte in a method: " + hex, "PO" + b + "ST /metrics HTTP/1.1\r\nHost: a\r\n" + rest);
            }
            if (b != '\n') {
                refused("byte in a version: " + hex, "POST /metrics HTTP/1" + b + "1.1\r\nHost: a\r\n" + rest);
            }
            if (b != '\n' && b != ':') {
                byteIn("a field name", hex, alphanumeric || token.indexOf(b) >= 0, POST + "X" + b + "Y: z\r\n" + rest);
                byteIn("front of a field name", hex, alphanumeric || token.indexOf(b) >= 0, POST + b + "Y: z\r\n" + rest);
            }
            if (b != '\n') {
                byteIn("a field value", hex, b == '\t' || b >= 0x20 && b != 0x7f, POST + "X: y" + b + "z\r\n" + rest);
            }
            if (b != '\n' && b != '#' && b != ' ') {
                byteIn("a query", hex, b > 0x20 && b < 0x7f, "POST /metrics?x" + b + "y HTTP/1.1\r\nHost: a\r\n" + rest);
            }
            if ("0123456789abcdefABCDEF;".indexOf(b) < 0 && b != '\n') {
                refused("byte behind a chunk size: " + hex, POST + CHUNKED + "\r\n8" + b + "\r\nouter 1\n\r\n0\r\n\r\n");
            }
        }
    }

    private void byteIn(String place, String hex, boolean good, String bytes) {
        if (good) {
            taken("byte in " + place + ": " + hex, bytes, 1, 1, 0);
        } else {
            refused("byte in " + place + ": " + hex, bytes);
        }
    }

    // -------------------------------------------------------------------------------- several

    private void pipelines() {
        String push = POST + "Content-Length: 8\r\n\r\n" + PUSH;
        taken("two requests", push + PATCH, 2, 1, 1);
        taken("chunked and then another", POST + CHUNKED + "\r\n" + PUSH_CHUNKED + PATCH, 2, 1, 1);
        taken("thirty requests", push.repeat(15) + PATCH.repeat(15), 30, 15, 15);
        taken("empty line behind a body", push + "\r\n" + PATCH, 2, 1, 1);
        taken("a body that looks like requests", POST.replace("metrics", "nowhere") + "Content-Length: " + 10 * PATCH.length()
                + "\r\n\r\n" + PATCH.repeat(10), 1, 0, 0);
        for (String bad : List.of("X", "\0", "GET\r\n\r\n", "\n", "\rX", " ", "0\r\n\r\n", "garbage\r\n\r\n")) {
            all.add(new Gadget("a push, then " + escape(bad), push + bad + PATCH, Verdict.REFUSED, 2, 1, 0));
        }
        all.add(new Gadget("a push one byte too long", POST + "Content-Length: 8\r\n\r\n" + PUSH + "X" + PATCH, Verdict.REFUSED, 2, 1, 0));
        all.add(new Gadget("close, then another", POST + "Connection: close\r\nContent-Length: 8\r\n\r\n" + PUSH + PATCH,
                Verdict.REFUSED, 1, 1, 0));
        all.add(new Gadget("HTTP/1.0, then another", "POST /metrics HTTP/1.0\r\nContent-Length: 8\r\n\r\n" + PUSH + PATCH,
                Verdict.REFUSED, 1, 1, 0));
        all.add(new Gadget("close among others, then another", POST + "Connection: x, CLOSE ,y\r\nContent-Length: 8\r\n\r\n" + PUSH + PATCH,
                Verdict.REFUSED, 1, 1, 0));
    }

    private void otherProtocols() {
        refused("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0");
        refused("PROXY protocol 1", "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + PATCH);
        refused("PROXY protocol 2", "\r\n\r\n\0\r\nQUIT\n\u0021\u0011\0\u000c\n\0\0\1\n\0\0\2\0\1\0\2" + PATCH);
        refused("TLS", "\u0016\u0003\u0001\0\u0005\u0001\0\0\u0001\0\n\r\n\r\n");
        refused("SSH", "SSH-2.0-OpenSSH_9.2\r\n");
        refused("SMTP", "EHLO a\r\n");
        refused("Redis", "*1\r\n$4\r\nPING\r\n");
        refused("memcached", "get x\r\n");
        refused("FastCGI", "\1\1\0\1\0\u0008\0\0\0\1\0\0\0\0\0\0\n");
        refused("StatsD", "a:1|c\n");
        refused("line protocol", "cpu,host=a usage=1\n");
        refused("Prometheus text", "outer 1\n");
        refused("shell", "id; ls -la\n");
        refused("NUL", "\0".repeat(100) + "\r\n");
        refused("JSON", "{\"a\":1}\r\n");
    }

    private void unfinished() {
        open("nothing", "");
        open("empty lines", "\r\n\r\n");
        open("half a head", POST + "Content-Length: 8\r\n");
        open("half a body", POST + "Content-Length: 100000\r\n\r\n" + PUSH);
        open("half a chunk", POST + CHUNKED + "\r\nffff\r\n" + PUSH + PATCH);
        open("no last chunk", POST + CHUNKED + "\r\n8\r\nouter 1\n\r\n");
        open("no end of trailers", POST + CHUNKED + "\r\n8\r\nouter 1\n\r\n0\r\n");
        open("no end of trailers, one trailer", POST + CHUNKED + "\r\n8\r\nouter 1\n\r\n0\r\nX: y\r\n");
    }

    private static String cut(String text) {
        return escape(text.length() > 60 ? text.substring(0, 60) + "..." : text);
    }

    static String escape(String text) {
        StringBuilder escaped = new StringBuilder();
        for (char c : text.toCharArray()) {
            escaped.append(c < 0x20 || c >= 0x7f ? String.format("\\x%02x", (int) c) : String.valueOf(c));
        }
        return escaped.toString();
    }
}
