package io.weir.bench;

import io.weir.expose.ByteBlock;
import io.weir.expose.Exposition;
import io.weir.expose.ExpositionFormat;
import io.weir.expose.JsonExposition;
import io.weir.expose.OpenMetricsExposition;
import io.weir.expose.ProtobufExposition;
import io.weir.expose.RenderedPieces;
import io.weir.expose.RenderedSnapshot;
import io.weir.expose.TextExposition;
import io.weir.sample.MetricType;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.Snapshot;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What does one scrape of so many series cost, from snapshot to bytes? Divide by {@code series}. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "-Xmx3g")
public class ExpositionBenchmark {
    private static final int FAMILY_SERIES = 10_000;
    private static final int CHUNK_BYTES = 1 << 20;

    @Param({"100000", "1000000"})
    int series;

    /** Counts, prices (two decimals) or sums (17 digits). */
    @Param({"counts", "prices", "sums"})
    String values;

    /** Of so many series one has another value in {@link #changed}: about every hundredth block has one. */
    private static final int CHANGED_OF = 45_000;

    private Snapshot snapshot;
    private Snapshot changed;
    private final RenderedPieces pieces = new RenderedPieces();
    private long version;
    private final ByteBlock block = new ByteBlock(Exposition.BLOCK_BYTES + 4096);

    @Setup
    public void setUp() {
        Random random = new Random(1);
        List<FamilySnapshot> families = new ArrayList<>();
        List<FamilySnapshot> changedFamilies = new ArrayList<>();
        for (int f = 0; f < series / FAMILY_SERIES; f++) {
            List<byte[]> chunks = new ArrayList<>();
            byte[] chunk = new byte[CHUNK_BYTES];
            int used = 0;
            long[] texts = new long[FAMILY_SERIES];
            long[] bits = new long[FAMILY_SERIES];
            for (int i = 0; i < FAMILY_SERIES; i++) {
                byte[] text = ("instance=\"host-" + i % 200 + ".example.net:9100\",method=\"GET\",path=\"/api/v1/resource/" + i
                        + "\",status=\"200\"").getBytes(StandardCharsets.UTF_8);
                if (used + text.length > chunk.length) {
                    chunks.add(chunk);
                    chunk = new byte[CHUNK_BYTES];
                    used = 0;
                }
                System.arraycopy(text, 0, chunk, used, text.length);
                texts[i] = FamilySnapshot.text(chunks.size(), used, text.length);
                used += text.length;
                bits[i] = Double.doubleToRawLongBits(value(random));
            }
            chunks.add(chunk);
            byte[] name = String.format("http_requests_%05d_total", f).getBytes(StandardCharsets.UTF_8);
            byte[][] all = chunks.toArray(byte[][]::new);
            families.add(new FamilySnapshot(name, MetricType.COUNTER, null, FAMILY_SERIES, all, texts, bits, null));
            long[] others = bits.clone();
            for (int i = f * FAMILY_SERIES; i < (f + 1) * FAMILY_SERIES; i++) {
                if (i % CHANGED_OF == 0) {
                    others[i - f * FAMILY_SERIES] = Double.doubleToRawLongBits(value(random));
                }
            }
            changedFamilies.add(
                    new FamilySnapshot(name, MetricType.COUNTER, null, FAMILY_SERIES, all, texts, others, null));
        }
        changed = new Snapshot(1, 0, changedFamilies, series, 0, 0, List.of());
        snapshot = new Snapshot(1, 0, families, series, 0, 0, List.of());
    }

    private double value(Random random) {
        return switch (values) {
            case "counts" -> random.nextInt(1_000_000);
            case "prices" -> random.nextInt(1_000_000) / 100.0;
            default -> random.nextDouble() * 1000;
        };
    }

    @Benchmark
    public long text() {
        return drain(new TextExposition(snapshot));
    }

    @Benchmark
    public long json() {
        return drain(new JsonExposition(snapshot));
    }

    @Benchmark
    public long openMetrics() {
        return drain(new OpenMetricsExposition(snapshot));
    }

    @Benchmark
    public long protobuf() {
        return drain(new ProtobufExposition(snapshot));
    }

    @Benchmark
    public long textGzip() {
        return packed(RenderedSnapshot.Encoding.GZIP, RenderedSnapshot.GZIP_LEVEL_FAST);
    }

    /** Scrape after scrape, with another value in every hundredth block. */
    @Benchmark
    public long textGzipFewChanged() {
        version++;
        List<FamilySnapshot> families = (version % 2 == 0 ? snapshot : changed).families();
        Snapshot now = new Snapshot(version, 0, families, series, 0, 0, List.of());
        return drain(new RenderedSnapshot(now, ExpositionFormat.TEXT, RenderedSnapshot.Encoding.GZIP, pieces));
    }

    @Benchmark
    public long textGzipZlib2() {
        return packed(RenderedSnapshot.Encoding.GZIP, 2);
    }

    @Benchmark
    public long textZstd() {
        return packed(RenderedSnapshot.Encoding.ZSTD, RenderedSnapshot.GZIP_LEVEL_FAST);
    }

    private long packed(RenderedSnapshot.Encoding encoding, int level) {
        return drain(new RenderedSnapshot(snapshot, ExpositionFormat.TEXT, encoding, level, 0));
    }

    private static long drain(RenderedSnapshot rendered) {
        long bytes = 0;
        try (RenderedSnapshot.Reader reader = rendered.open()) {
            for (byte[] b = reader.next(); b != null; b = reader.next()) {
                bytes += reader.blockLength();
            }
        }
        return bytes;
    }

    private long drain(Exposition exposition) {
        long bytes = 0;
        boolean more;
        do {
            block.clear();
            more = exposition.next(block);
            bytes += block.length();
        } while (more);
        return bytes;
    }
}
