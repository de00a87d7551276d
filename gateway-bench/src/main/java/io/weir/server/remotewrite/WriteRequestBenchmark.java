package io.weir.server.remotewrite;

import io.weir.expose.SnappyBlock;
import io.weir.sample.MetricType;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What does a time series cost in a flush of a million of them: to encode, and to encode and compress? */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(WriteRequestBenchmark.SERIES)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class WriteRequestBenchmark {
    static final int SERIES = 1_000_000;

    /** Time series of a histogram of ten bounds. */
    private static final int HISTOGRAM = 13;

    @Param({"counter", "histogram"})
    private String type;

    private final WriteRequestEncoder encoder = new WriteRequestEncoder();
    private final SeriesBuffer buffer = new SeriesBuffer();
    private final SnappyBlock snappy = new SnappyBlock();
    private byte[] compressed = new byte[0];
    private Snapshot snapshot;

    @Setup
    public void fill() {
        boolean histograms = type.equals("histogram");
        int size = histograms ? SERIES / HISTOGRAM : SERIES;
        long[] texts = new long[size];
        long[] values = new long[size];
        CellValue[] cells = histograms ? new CellValue[size] : null;
        double[] bounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};
        List<byte[]> chunks = new ArrayList<>();
        ByteArrayOutputStream chunk = new ByteArrayOutputStream();
        for (int i = 0; i < size; i++) {
            String text = "instance=\"worker-" + i % 997 + "\",job=\"edge\",method=\"GET\",path=\"/api/v1/items/" + i
                    + "\",status=\"200\"";
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            if (chunk.size() + bytes.length > 1 << 20) {
                chunks.add(chunk.toByteArray());
                chunk.reset();
            }
            texts[i] = FamilySnapshot.text(chunks.size(), chunk.size(), bytes.length);
            chunk.writeBytes(bytes);
            values[i] = Double.doubleToRawLongBits(i * 7919L % 100_003);
            if (histograms) {
                double[] counts = new double[bounds.length + 1];
                for (int b = 0; b < counts.length; b++) {
                    counts[b] = (i + b) % 17;
                }
                cells[i] = new HistogramValue(bounds, counts, i / 8.0);
            }
        }
        chunks.add(chunk.toByteArray());
        FamilySnapshot family = new FamilySnapshot(
                "http_request_duration_seconds".getBytes(StandardCharsets.US_ASCII),
                histograms ? MetricType.HISTOGRAM : MetricType.COUNTER,
                null,
                size,
                chunks.toArray(byte[][]::new),
                texts,
                values,
                cells);
        snapshot = new Snapshot(1, 0, List.of(family), size, 1, 0, List.of());
    }

    @Benchmark
    public long encode() {
        return flush(false);
    }

    @Benchmark
    public long encodeAndCompress() {
        return flush(true);
    }

    private long flush(boolean compress) {
        long bytes = 0;
        Flush flush = new Flush(snapshot, 1_700_000_000_000L, Flush.Place.FIRST);
        while (flush.fill(encoder, buffer, 2_000, 4 << 20)) {
            bytes += compress ? compress() : buffer.length();
            buffer.clear();
        }
        return bytes;
    }

    private int compress() {
        int most = SnappyBlock.maxCompressedLength(buffer.length());
        if (compressed.length < most) {
            compressed = new byte[most];
        }
        return snappy.compress(buffer.bytes(), 0, buffer.length(), compressed, 0);
    }
}
