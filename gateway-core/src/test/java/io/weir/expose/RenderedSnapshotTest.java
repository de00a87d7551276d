package io.weir.expose;

import static io.weir.sample.MetricType.COUNTER;
import static io.weir.sample.MetricType.GAUGE;
import static io.weir.sample.MetricType.HISTOGRAM;
import static io.weir.sample.MetricType.SUMMARY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.luben.zstd.ZstdInputStream;
import io.weir.expose.RenderedSnapshot.Encoding;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import io.weir.snapshot.SnapshotBuilder;
import io.weir.snapshot.SummaryValue;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RenderedSnapshotTest {
    private static final int KEEP_ALL = Integer.MAX_VALUE;

    private final Snapshot snapshot = snapshot(5000);

    @ParameterizedTest
    @EnumSource(ExpositionFormat.class)
    void shouldGiveTheSameBodyWhateverIsKept(ExpositionFormat format) throws IOException {
        byte[] expected = body(format.open(snapshot, Exposition.BLOCK_BYTES));
        assertThat(expected.length).isGreaterThan(3 * Exposition.BLOCK_BYTES);
        for (long kept : new long[] {0, 1, 50_000, 70_000, 150_000, KEEP_ALL}) {
            for (int level : new int[] {0, 1, 6, 9}) {
                RenderedSnapshot gzip = new RenderedSnapshot(snapshot, format, Encoding.GZIP, level, kept);
                assertThat(gunzip(read(gzip))).isEqualTo(expected);
                assertThat(gunzip(read(gzip))).isEqualTo(expected);
            }
            RenderedSnapshot zstd = new RenderedSnapshot(snapshot, format, Encoding.ZSTD, 1, kept);
            assertThat(unzstd(read(zstd))).isEqualTo(expected);
            assertThat(unzstd(read(zstd))).isEqualTo(expected);
            RenderedSnapshot identity = new RenderedSnapshot(snapshot, format, Encoding.IDENTITY, 1, kept);
            assertThat(read(identity)).isEqualTo(expected);
            assertThat(read(identity)).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @EnumSource(ExpositionFormat.class)
    void shouldGiveTheSameBodyForEveryBlockSize(ExpositionFormat format) throws IOException {
        Snapshot small = snapshot(12);
        byte[] expected = body(format.open(small, 1 << 20));
        for (int size = 1; size < expected.length + 2; size += size < 400 ? 1 : 97) {
            assertThat(body(format.open(small, size))).isEqualTo(expected);
            for (long kept : new long[] {0, expected.length / 2, KEEP_ALL}) {
                RenderedSnapshot identity =
                        new RenderedSnapshot(small, format, Encoding.IDENTITY, 1, kept, size);
                assertThat(read(identity)).isEqualTo(expected);
            }
            if (size % 10 == 1) {
                assertThat(gunzip(read(new RenderedSnapshot(small, format, Encoding.GZIP, 1, KEEP_ALL, size))))
                        .isEqualTo(expected);
                assertThat(unzstd(read(new RenderedSnapshot(small, format, Encoding.ZSTD, 1, KEEP_ALL, size))))
                        .isEqualTo(expected);
            }
        }
    }

    private static byte[] unzstd(byte[] frames) throws IOException {
        try (ZstdInputStream in = new ZstdInputStream(new ByteArrayInputStream(frames))) {
            return in.readAllBytes();
        }
    }

    @Test
    void shouldCutTextBetweenTheLinesOfOneHistogram() {
        double[] bounds = new double[500];
        for (int i = 0; i < bounds.length; i++) {
            bounds[i] = i;
        }
        Snapshot wide = new SnapshotBuilder()
                .family("h", HISTOGRAM)
                .series(new HistogramValue(bounds, new double[501], 0), "long", "x".repeat(4000))
                .build();
        TextExposition exposition = new TextExposition(wide);
        ByteBlock block = new ByteBlock(0);

        int blocks = 0;
        boolean more;
        do {
            block.clear();
            more = exposition.next(block);
            blocks++;
            assertThat(block.length()).isLessThan(Exposition.BLOCK_BYTES + 4200);
        } while (more);

        assertThat(blocks).isGreaterThanOrEqualTo(30);
    }

    @Test
    void shouldRenderEachBlockOnceForScrapesThatFollowOneAnother() {
        RenderedSnapshot rendered = new RenderedSnapshot(snapshot, ExpositionFormat.TEXT, Encoding.GZIP);
        List<Handed> first = blocks(rendered);
        List<Handed> second = blocks(rendered);

        assertThat(first).hasSizeGreaterThan(3);
        assertThat(second).hasSameSizeAs(first);
        for (int i = 0; i < first.size(); i++) {
            assertThat(second.get(i).array).isSameAs(first.get(i).array);
        }
    }

    @Test
    void shouldKeepNoMoreBlocksThanTheLimitAllows() {
        RenderedSnapshot rendered = new RenderedSnapshot(
                snapshot, ExpositionFormat.TEXT, Encoding.IDENTITY, 1, 2 * Exposition.BLOCK_BYTES + 5000);
        List<Handed> first = blocks(rendered);
        List<Handed> second = blocks(rendered);

        assertThat(second.get(0).array).isSameAs(first.get(0).array);
        assertThat(second.get(1).array).isSameAs(first.get(1).array);
        assertThat(second).hasSameSizeAs(first).hasSizeGreaterThan(4);
        for (int i = 0; i < first.size(); i++) {
            assertThat(second.get(i).bytes).isEqualTo(first.get(i).bytes);
        }
        int last = first.size() - 1;
        assertThat(second.get(last).array).isNotSameAs(first.get(last).array);
        assertThat(second.get(last - 1).array).isSameAs(second.get(last).array);
    }

    @Test
    void shouldKnowTheLengthOnceAReaderHasSeenTheEnd() {
        for (Encoding encoding : Encoding.values()) {
            RenderedSnapshot rendered = new RenderedSnapshot(snapshot, ExpositionFormat.TEXT, encoding);
            assertThat(rendered.length()).isEqualTo(-1);

            byte[] body = read(rendered);

            assertThat(rendered.length()).isEqualTo(body.length);
        }
    }

    @Test
    void shouldHaveAnEmptyBodyForAnEmptySnapshot() throws IOException {
        Snapshot empty = new SnapshotBuilder().build();
        RenderedSnapshot identity = new RenderedSnapshot(empty, ExpositionFormat.TEXT, Encoding.IDENTITY);
        try (RenderedSnapshot.Reader reader = identity.open()) {
            assertThat(reader.atEnd()).isFalse();
            assertThat(reader.next()).isEmpty();
            assertThat(reader.atEnd()).isTrue();
            assertThat(reader.next()).isNull();
        }
        assertThat(identity.length()).isZero();
        byte[] gzip = read(new RenderedSnapshot(empty, ExpositionFormat.TEXT, Encoding.GZIP));
        assertThat(gunzip(gzip)).isEmpty();
        assertThat(read(new RenderedSnapshot(empty, ExpositionFormat.JSON, Encoding.IDENTITY)))
                .isEqualTo("{}".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void shouldTagVersionsFormatsAndEncodingsApart() {
        List<String> tags = new ArrayList<>();
        for (long version : new long[] {1, 2}) {
            for (ExpositionFormat format : ExpositionFormat.values()) {
                for (Encoding encoding : Encoding.values()) {
                    Snapshot s = new SnapshotBuilder().version(version).build();
                    tags.add(new RenderedSnapshot(s, format, encoding).etag(NameEscaping.NONE));
                    assertThat(new RenderedSnapshot(s, format, encoding).etag(NameEscaping.NONE)).isEqualTo(tags.get(tags.size() - 1));
                }
            }
        }

        assertThat(tags).doesNotHaveDuplicates().allMatch(tag -> tag.matches("\"[0-9a-z-]+\""));
    }

    @ParameterizedTest
    @EnumSource(Encoding.class)
    void shouldGiveEveryThreadTheWholeBody(Encoding encoding) throws Exception {
        byte[] expected = body(ExpositionFormat.TEXT.open(snapshot, Exposition.BLOCK_BYTES));
        int threads = 4;
        CyclicBarrier barrier = new CyclicBarrier(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            for (int round = 0; round < 50; round++) {
                RenderedSnapshot rendered = new RenderedSnapshot(
                        snapshot, ExpositionFormat.TEXT, encoding, 1, round % 2 == 0 ? KEEP_ALL : 100_000, 2000);
                Callable<byte[]> scrape = () -> {
                    barrier.await(10, TimeUnit.SECONDS);
                    return read(rendered);
                };
                List<Future<byte[]>> scrapes = new ArrayList<>();
                for (int i = 0; i < threads; i++) {
                    scrapes.add(pool.submit(scrape));
                }
                for (Future<byte[]> s : scrapes) {
                    byte[] body = s.get(20, TimeUnit.SECONDS);
                    byte[] plain = switch (encoding) {
                        case IDENTITY -> body;
                        case GZIP -> gunzip(body);
                        case ZSTD -> unzstd(body);
                    };
                    assertThat(plain).isEqualTo(expected);
                }
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void shouldJoinChecksums() {
        byte[] bytes = body(ExpositionFormat.TEXT.open(snapshot, Exposition.BLOCK_BYTES));
        for (int cut = 0; cut <= bytes.length; cut += 997) {
            assertThat(GzipMember.join(crc(bytes, 0, cut), crc(bytes, cut, bytes.length), bytes.length - cut))
                    .isEqualTo(crc(bytes, 0, bytes.length));
        }
        assertThat(GzipMember.join(crc(bytes, 0, 10), crc(bytes, 10, 10), 0)).isEqualTo(crc(bytes, 0, 10));
    }

    @Test
    void shouldBeReadByTheGzipProgram(@TempDir Path directory) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gzip")), "SKIPPED: no /usr/bin/gzip here");
        Path packed = directory.resolve("body.gz");
        Files.write(packed, read(new RenderedSnapshot(snapshot, ExpositionFormat.TEXT, Encoding.GZIP)));
        Path plain = directory.resolve("body");

        Process process = new ProcessBuilder("/usr/bin/gzip", "-dc", packed.toString())
                .redirectOutput(plain.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();

        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(Files.readAllBytes(plain)).isEqualTo(body(new TextExposition(snapshot)));
    }

    private static Snapshot snapshot(int series) {
        SnapshotBuilder builder = new SnapshotBuilder();
        builder.family("requests_total", COUNTER, "Requests.");
        for (int i = 0; i < series; i++) {
            builder.series(i * 1.5, "instance", "host-" + i % 97, "path", "/a/" + i);
        }
        builder.family("temperature", GAUGE).series(-3.25);
        builder.family("seconds", HISTOGRAM, "Line\nfeed.");
        double[] bounds = {0.005, 0.1, 1};
        for (int i = 0; i < series / 4; i++) {
            builder.series(new HistogramValue(bounds, new double[] {i, 2, 0, 1}, i * 0.1), "path", "/a/" + i);
        }
        builder.family("sizes", SUMMARY);
        for (int i = 0; i < series / 4; i++) {
            builder.series(new SummaryValue(i, i * 7.5), "path", "/a/" + i);
        }
        return builder.build();
    }

    /** A block as it was handed out, and its bytes. */
    private record Handed(byte[] array, byte[] bytes) {}

    private static List<Handed> blocks(RenderedSnapshot rendered) {
        List<Handed> blocks = new ArrayList<>();
        try (RenderedSnapshot.Reader reader = rendered.open()) {
            for (byte[] block = reader.next(); block != null; block = reader.next()) {
                blocks.add(new Handed(block, Arrays.copyOf(block, reader.blockLength())));
            }
        }
        return blocks;
    }

    private static byte[] read(RenderedSnapshot rendered) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        blocks(rendered).forEach(block -> body.writeBytes(block.bytes));
        return body.toByteArray();
    }

    private static byte[] body(Exposition exposition) {
        ByteBlock out = new ByteBlock(0);
        while (exposition.next(out)) {}
        return out.toByteArray();
    }

    private static byte[] gunzip(byte[] gzip) throws IOException {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
            return in.readAllBytes();
        }
    }

    private static int crc(byte[] bytes, int from, int to) {
        CRC32 crc = new CRC32();
        crc.update(bytes, from, to - from);
        return (int) crc.getValue();
    }
}
