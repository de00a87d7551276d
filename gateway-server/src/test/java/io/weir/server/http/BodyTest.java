package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Limits;
import io.weir.server.LeakGuard;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Bodies over a socket: cut anywhere, chunked, compressed, damaged, too large. */
@ExtendWith(LeakGuard.class)
class BodyTest {
    private static final String POST = "POST /echo HTTP/1.1\r\nHost: a\r\n";

    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = new TestServer(Limits.DEFAULTS);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void shouldTakeChunkedBodiesCutAtEveryByte() throws Exception {
        String request = "POST /lines HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\non\n\r\n4;x=y\r\ntwo\n\r\n3\r\nend\r\n0\r\nTrailer: t\r\n\r\n";
        try (RawClient client = server.connect()) {
            for (int cut = 1; cut < request.length(); cut++) {
                client.send(request.substring(0, cut));
                client.send(request.substring(cut));
                assertThat(client.answer()).endsWith("\r\n\r\n[on][two]<end>");
            }
        }
    }

    @Test
    void shouldTakeLargeBodiesOverManyReads() throws Exception {
        byte[] body = new byte[3_000_000];
        new Random(1).nextBytes(body);
        try (RawClient client = server.connect()) {
            for (int i = 0; i < 3; i++) {
                client.send(POST + "Content-Length: " + body.length + "\r\n\r\n").send(body);
                String answer = client.answer();
                assertThat(answer.substring(answer.indexOf("\r\n\r\n") + 4)).isEqualTo(new String(body, ISO_8859_1));
            }
        }
    }

    static Stream<Arguments> compressed() throws IOException {
        byte[] text = "# TYPE a counter\na{b=\"c\"} 1\n".repeat(50).getBytes(ISO_8859_1);
        byte[] noise = new byte[100_000];
        new Random(2).nextBytes(noise);
        return Stream.of(
                Arguments.of("gzip", gzip(text), text),
                Arguments.of("x-gzip", gzip(text), text),
                Arguments.of("GZIP", gzip(noise), noise),
                Arguments.of("gzip", gzip(new byte[0]), new byte[0]),
                Arguments.of("gzip", join(gzip(text), gzip(noise), gzip(text)), join(text, noise, text)),
                Arguments.of("gzip", withAllFields(text), text),
                Arguments.of("deflate", zlib(text), text),
                Arguments.of("deflate", zlib(noise), noise),
                Arguments.of("snappy", BodyInflaterTest.snappy(text), text),
                Arguments.of("x-snappy-framed", BodyInflaterTest.snappy(noise), noise),
                Arguments.of("zstd", BodyInflaterTest.zstd(text), text),
                Arguments.of("ZSTD", join(BodyInflaterTest.zstd(text), BodyInflaterTest.zstd(noise)), join(text, noise)),
                Arguments.of("identity", text, text));
    }

    @ParameterizedTest
    @MethodSource("compressed")
    void shouldDecompress(String coding, byte[] sent, byte[] plain) throws Exception {
        String head = POST + "Content-Encoding: " + coding + "\r\nContent-Length: " + sent.length + "\r\n\r\n";
        try (RawClient client = server.connect()) {
            for (int i = 0; i < 2; i++) {
                client.send(head).send(sent);
                assertThat(bodyOf(client.answer())).isEqualTo(new String(plain, ISO_8859_1));
            }
        }
    }

    @Test
    void shouldDecompressABodyCutAtEveryByte() throws Exception {
        byte[] text = "first line\nsecond line\nrest".getBytes(ISO_8859_1);
        byte[] sent = join(withAllFields(text), gzip(text));
        String head = "POST /lines HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: " + sent.length + "\r\n\r\n";
        try (RawClient client = server.connect()) {
            for (int cut = 1; cut < sent.length; cut++) {
                client.send(head).send(Arrays.copyOf(sent, cut));
                client.send(Arrays.copyOfRange(sent, cut, sent.length));
                assertThat(bodyOf(client.answer())).isEqualTo("[first line][second line][restfirst line][second line]<rest>");
            }
        }
    }

    static Stream<Arguments> damaged() throws IOException {
        byte[] good = gzip("some text that is long enough".getBytes(ISO_8859_1));
        byte[] zlib = zlib("some text that is long enough".getBytes(ISO_8859_1));
        byte[] snappy = BodyInflaterTest.snappy("some text that is long enough".getBytes(ISO_8859_1));
        byte[] zstd = BodyInflaterTest.zstd("some text that is long enough".getBytes(ISO_8859_1));
        return Stream.of(
                Arguments.of("gzip", "truncated_compression", Arrays.copyOf(good, good.length - 1)),
                Arguments.of("gzip", "truncated_compression", Arrays.copyOf(good, good.length - 8)),
                Arguments.of("gzip", "truncated_compression", Arrays.copyOf(good, 12)),
                Arguments.of("gzip", "truncated_compression", Arrays.copyOf(good, 3)),
                Arguments.of("gzip", "truncated_compression", join(good, Arrays.copyOf(good, 9))),
                Arguments.of("gzip", "trailing_compression", join(good, new byte[] {0})),
                Arguments.of("gzip", "trailing_compression", join(good, new byte[] {'x', 'y'})),
                Arguments.of("gzip", "bad_compression", join(good, new byte[] {0x1f, (byte) 0x8c})),
                Arguments.of("gzip", "bad_compression", "plain text".getBytes(ISO_8859_1)),
                Arguments.of("gzip", "bad_compression", flipped(good, 2)),
                Arguments.of("gzip", "bad_compression", flipped(good, good.length - 1)),
                Arguments.of("gzip", "bad_compression", flipped(good, good.length - 6)),
                Arguments.of("gzip", "bad_compression", zlib),
                Arguments.of("deflate", "truncated_compression", Arrays.copyOf(zlib, zlib.length - 1)),
                Arguments.of("deflate", "truncated_compression", new byte[] {0x78}),
                Arguments.of("deflate", "trailing_compression", join(zlib, new byte[] {0x1f})),
                Arguments.of("deflate", "bad_compression", flipped(zlib, zlib.length - 1)),
                Arguments.of("deflate", "bad_compression", good),
                Arguments.of("snappy", "truncated_compression", Arrays.copyOf(snappy, snappy.length - 1)),
                Arguments.of("snappy", "bad_compression", flipped(snappy, snappy.length - 1)),
                Arguments.of("snappy", "bad_compression", good),
                Arguments.of("zstd", "truncated_compression", Arrays.copyOf(zstd, zstd.length - 1)),
                Arguments.of("zstd", "bad_compression", flipped(zstd, zstd.length - 1)),
                Arguments.of("zstd", "bad_compression", good));
    }

    @ParameterizedTest
    @MethodSource("damaged")
    void shouldRefuseDamagedCompression(String coding, String reason, byte[] sent) throws Exception {
        double before = rejected(reason);
        int aborted = server.doors.aborted.get();
        try (RawClient client = server.connect()) {
            client.send(POST + "Content-Encoding: " + coding + "\r\nContent-Length: " + sent.length + "\r\n\r\n").send(sent);
            assertThat(client.readToEnd()).startsWith("HTTP/1.1 400 Bad Request\r\n").contains("Connection: close");
        }
        assertThat(rejected(reason)).isEqualTo(before + 1);
        assertThat(server.doors.aborted.get()).isEqualTo(aborted + 1);
    }

    @Test
    void shouldStopABombAtTheRatio() throws Exception {
        byte[] bomb = gzip(new byte[15 << 20]);
        double before = rejected("inflate_ratio");
        try (RawClient client = server.connect()) {
            client.send(POST + "Content-Encoding: gzip\r\nContent-Length: " + bomb.length + "\r\n\r\n").send(bomb);
            assertThat(client.readToEnd()).startsWith("HTTP/1.1 413 ");
        }
        assertThat(rejected("inflate_ratio")).isEqualTo(before + 1);
    }

    @Test
    void shouldInflateUpToTheLimitAndNotOneByteMore() throws Exception {
        int limit = (int) Limits.DEFAULTS.bodyBytes();
        for (int size : new int[] {limit, limit + 1}) {
            byte[] plain = new byte[size];
            for (int i = 0; i < size; i += 100) {
                plain[i] = (byte) (i * 31 >>> 8);
            }
            byte[] sent = gzip(plain);
            try (RawClient client = server.connect()) {
                client.send("POST /lines HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: " + sent.length
                        + "\r\n\r\n").send(sent);
                String answer = size == limit ? client.answer() : client.readToEnd();
                assertThat(answer).startsWith(size == limit ? "HTTP/1.1 200 " : "HTTP/1.1 413 ");
            }
        }
    }

    @Test
    void shouldTakeChunkedBodiesUpToTheLimitAndNotOneByteMore() throws Exception {
        int limit = (int) Limits.DEFAULTS.bodyBytes();
        for (int size : new int[] {limit, limit + 1}) {
            try (RawClient client = server.connect()) {
                client.send("POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: " + limit + "\r\n\r\n");
                assertThat(client.answer()).startsWith("HTTP/1.1 200 ");
            }
            try (RawClient client = server.connect()) {
                client.send("POST /lines HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + Integer.toHexString(size) + "\r\n");
                byte[] piece = "123456789\n".repeat(6_400).getBytes(ISO_8859_1);
                String answer = null;
                try {
                    for (int left = size; left > 0; left -= piece.length) {
                        client.send(Arrays.copyOf(piece, Math.min(left, piece.length)));
                    }
                    client.send("\r\n0\r\n\r\n");
                } catch (IOException refusedMeanwhile) {
                    assertThat(size).isGreaterThan(limit);
                }
                if (size == limit) {
                    answer = client.answer();
                    assertThat(answer).startsWith("HTTP/1.1 200 ");
                } else {
                    assertThat(client.readToEnd()).startsWith("HTTP/1.1 413 ");
                }
            }
        }
    }

    static Stream<String> badChunks() {
        return Stream.of(
                "x\r\na\r\n0\r\n\r\n",
                "-1\r\na\r\n0\r\n\r\n",
                "\r\na\r\n0\r\n\r\n",
                "0x1\r\na\r\n0\r\n\r\n",
                "ffffffffffffffff\r\na\r\n0\r\n\r\n",
                "100000000\r\na\r\n0\r\n\r\n",
                "1\r\nab\r\n0\r\n\r\n",
                "1\na\r\n0\r\n\r\n");
    }

    @ParameterizedTest
    @MethodSource("badChunks")
    void shouldRefuseMalformedChunks(String chunks) throws Exception {
        try (RawClient client = server.connect()) {
            client.send(POST + "Transfer-Encoding: chunked\r\n\r\n" + chunks + "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n");
            String answer = client.readToEnd();
            assertThat(answer).startsWith("HTTP/1.1 400 ");
            assertThat(answer.split("HTTP/1.1 [0-9]{3} ", -1)).as("one answer").hasSize(2);
        }
    }

    static Stream<String> chunkExtras() {
        int limit = Limits.DEFAULTS.http().chunkExtraBytes();
        String digits = "000000000000000";
        return Stream.of(
                digits + "1;" + "x".repeat(limit - 1) + "%s\r\na\r\n0\r\n\r\n",
                "1\r\na\r\n" + digits + "0;" + "x".repeat(limit - 1) + "%s\r\n\r\n",
                (digits + "1;" + "x".repeat(limit / 2 - 1) + "\r\na\r\n").repeat(2) + digits + "0%s\r\n\r\n",
                "1\r\na\r\n0\r\nX: " + "y".repeat(limit - 5) + "%s\r\n\r\n",
                "1\r\na\r\n0\r\nA: b\r\nZ: " + "y".repeat(limit - 11) + "%s\r\n\r\n");
    }

    @ParameterizedTest
    @MethodSource("chunkExtras")
    void shouldTakeChunkExtrasUpToTheLimitAndNotOneByteMore(String chunks) throws Exception {
        int step = 97;
        double before = rejected("chunk_extras");
        for (String more : new String[] {"", ";"}) {
            String body = chunks.replace("%s", more);
            int refused = 0;
            for (int cut = 1; cut < body.length(); cut += step) {
                try (RawClient client = server.connect()) {
                    client.send(POST + "Transfer-Encoding: chunked\r\n\r\n" + body.substring(0, cut));
                    client.send(body.substring(cut) + "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n");
                    refused += client.answer().startsWith("HTTP/1.1 413 ") ? 1 : 0;
                }
            }
            int cuts = (body.length() + step - 2) / step;
            assertThat(refused).isEqualTo(more.isEmpty() ? 0 : cuts);
        }
        assertThat(rejected("chunk_extras")).isGreaterThan(before);
    }

    @Test
    void shouldAbortTheExchangeWhenThePeerGoesAway() throws Exception {
        server.doors.aborts.clear();
        try (RawClient client = server.connect()) {
            client.send(POST + "Content-Length: 10\r\n\r\nabc");
        }
        assertThat(server.doors.aborts.poll(10, java.util.concurrent.TimeUnit.SECONDS)).isEqualTo("aborted");
    }

    @Test
    void shouldReadOnAfterAnEarlyAnswerWithAShortBody() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
            assertThat(client.answer()).startsWith("HTTP/1.1 404 ").doesNotContain("Connection");
            client.send("GET /ok HTTP/1.1\r\nHost: a\r\n\r\n".repeat(40).substring(0, 1000));
            client.send("GET /under/x HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(client.answer()).endsWith("\r\n\r\nx");
        }
    }

    @Test
    void shouldNotTakeTheRestOfALongBodyForARequest() throws Exception {
        try (RawClient client = server.connect()) {
            client.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
            client.send("GET /ok HTTP/1.1\r\nHost: a\r\n\r\n".repeat(10));
            String answer = client.readToEnd();
            assertThat(answer).startsWith("HTTP/1.1 404 ").contains("Connection: close\r\n");
            assertThat(answer.split("HTTP/1.1 [0-9]{3} ", -1)).hasSize(2);
        }
    }

    private static double rejected(String reason) {
        return server.metric("weir_http_rejected_total{reason=\"" + reason + "\"}");
    }

    private static String bodyOf(String answer) {
        assertThat(answer).startsWith("HTTP/1.1 200 ");
        return answer.substring(answer.indexOf("\r\n\r\n") + 4);
    }

    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(plain);
        }
        return out.toByteArray();
    }

    private static byte[] zlib(byte[] plain) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DeflaterOutputStream zlib = new DeflaterOutputStream(out)) {
            zlib.write(plain);
        }
        return out.toByteArray();
    }

    /** A member with extra field, name, comment and header checksum. */
    private static byte[] withAllFields(byte[] plain) throws IOException {
        byte[] plainMember = gzip(plain);
        byte[] head = join(Arrays.copyOf(plainMember, 10), new byte[] {2, 0, 7, 7}, "name\0comment\0".getBytes(ISO_8859_1));
        head[3] = 2 | 4 | 8 | 16;
        java.util.zip.CRC32 crc = new java.util.zip.CRC32();
        crc.update(head);
        byte[] check = {(byte) crc.getValue(), (byte) (crc.getValue() >>> 8)};
        return join(head, check, Arrays.copyOfRange(plainMember, 10, plainMember.length));
    }

    private static byte[] flipped(byte[] bytes, int at) {
        byte[] copy = bytes.clone();
        copy[at] ^= 1;
        return copy;
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
