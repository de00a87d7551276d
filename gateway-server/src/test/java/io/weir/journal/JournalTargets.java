package io.weir.journal;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.fuzz.FuzzTarget;
import io.weir.ingest.AggregationRules;
import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.ingest.Restore;
import io.weir.parse.TextParser;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.store.Keeper;
import io.weir.store.SeriesTable;
import io.weir.store.TableConfig;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/** What reads the data directory: damaged files, and files whose check sums are right and whose content is nonsense. */
public final class JournalTargets {
    private JournalTargets() {}

    public static List<FuzzTarget> all() throws Exception {
        List<byte[]> segments = new ArrayList<>();
        List<byte[]> checkpoints = new ArrayList<>();
        write(segments, checkpoints);
        return List.of(new Segments(segments), new Checkpoints(checkpoints));
    }

    /** The files of a real journal. */
    private static void write(List<byte[]> segments, List<byte[]> checkpoints) throws Exception {
        Path directory = Files.createTempDirectory("weir-fuzz");
        Function<String, FamilyPolicy> policies = AggregationRules.DEFAULTS::policy;
        KeyHash hash = new KeyHash(1, 2, 3, 4);
        Limits limits = Limits.DEFAULTS;
        SeriesTable table = new SeriesTable(TableConfig.of(2_000, 200), System::nanoTime, policies);
        Keeper keeper = new Keeper(table, () -> 1_700_000_000_000L);
        try (Journal journal = Journal.open(
                new FileStorage(directory), JournalConfig.DEFAULTS, () -> 1_700_000_000_000L, () -> 0)) {
            Restore restore = new Restore(table, limits, hash);
            journal.recover(restore);
            restore.finish();
            keeper.endListener(journal.kills());
            Ingest ingest = new Ingest(table, limits, hash, policies, 100, () -> {}, journal.newLoop());
            push(ingest, limits, hash, "# TYPE a counter\n# HELP a What a is.\na{x=\"1\"} 1\na{x=\"2\"} 2.5\nb{y=\"z\"} -7\n", null);
            push(ingest, limits, hash, "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 4.5\nh_count 3\n"
                    + "# TYPE s summary\ns_sum 4\ns_count 2\n", new KeyedAnswer("a key", 1, 2, 202, new byte[] {'o', 'k'}));
            collect(directory, segments, checkpoints);
            journal.requestCheckpoint();
            journal.checkpoints().doWork();
            collect(directory, segments, checkpoints);
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static void push(Ingest ingest, Limits limits, KeyHash hash, String body, KeyedAnswer key) {
        Batch batch = ingest.open(Mode.ADD);
        TextParser parser = new TextParser(limits, hash.copy(), TextParser.Timestamps.IGNORE);
        parser.reset(batch);
        byte[] bytes = body.getBytes(UTF_8);
        ingest.enter();
        parser.finish(bytes, 0, bytes.length);
        ingest.exit();
        ingest.submit(batch, key, (b, outcome, ticket) -> ingest.close(b));
        ingest.flush();
    }

    private static void collect(Path directory, List<byte[]> segments, List<byte[]> checkpoints) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString();
                if (Segment.number(name) >= 0) {
                    segments.add(Files.readAllBytes(file));
                } else if (CheckpointHeader.number(name) >= 0) {
                    checkpoints.add(Files.readAllBytes(file));
                }
            }
        }
        if (segments.isEmpty()) {
            throw new AssertionError("no segment was written");
        }
    }

    /** Every other input, by its bytes, gets the check sums that belong to it, so that what lies behind them is reached. */
    private static boolean isMended(byte[] file, int headBytes) {
        CRC32C crc = new CRC32C();
        crc.update(file);
        if ((crc.getValue() & 1) == 0 || file.length < headBytes) {
            return false;
        }
        crc.reset();
        crc.update(file, 0, headBytes - 4);
        put(file, headBytes - 4, (int) crc.getValue());
        for (int at = headBytes; file.length - at >= FrameBuffer.FRAME_HEAD; ) {
            int length = FrameCursor.intAt(file, at);
            if (length <= 0 || length > file.length - at - FrameBuffer.FRAME_HEAD) {
                length = file.length - at - FrameBuffer.FRAME_HEAD;
                put(file, at, length);
            }
            put(file, at + 4, FrameBuffer.crc(crc, file, at, length));
            at += FrameBuffer.FRAME_HEAD + length;
        }
        return true;
    }

    private static void put(byte[] file, int at, int value) {
        for (int i = 0; i < 4; i++) {
            file[at + i] = (byte) (value >>> 8 * i);
        }
    }

    private abstract static class FileTarget implements FuzzTarget {
        private final String name;
        private final int weight;
        private final List<byte[]> seeds;

        FileTarget(String name, int weight, List<byte[]> seeds) {
            this.name = name;
            this.weight = weight;
            this.seeds = seeds;
        }

        @Override
        public final String name() {
            return name;
        }

        @Override
        public final int weight() {
            return weight;
        }

        @Override
        public final int bytesMax() {
            return 1_024;
        }

        @Override
        public final List<byte[]> seeds() {
            return seeds;
        }
    }

    private static final class Segments extends FileTarget {
        Segments(List<byte[]> seeds) {
            super("segment", 8, seeds);
        }

        @Override
        public long run(byte[] file) throws IOException {
            boolean mended = isMended(file, SegmentHeader.BYTES);
            long outcome = mended ? 1 : 0;
            try (SegmentReader reader = new SegmentReader(new OneFile(file), "segment", file.length)) {
                int frames = 0;
                while (reader.next()) {
                    frames++;
                    if (reader.offset() > file.length) {
                        throw new AssertionError("read behind the end");
                    }
                }
                outcome |= frames << 4;
                String damage = reader.damage();
                if (damage == null && reader.offset() != file.length) {
                    throw new AssertionError("ends at " + reader.offset() + " without damage");
                }
                return outcome | (damage == null ? 0 : (long) damage.replaceAll("[0-9]", "").hashCode() << 8);
            } catch (FrameCursor.DamagedException e) {
                return outcome | (long) e.getMessage().replaceAll("[0-9]", "").hashCode() << 8;
            }
        }
    }

    private static final class Checkpoints extends FileTarget {
        Checkpoints(List<byte[]> seeds) {
            super("checkpoint", 4, seeds);
        }

        @Override
        public long run(byte[] file) throws IOException {
            boolean mended = isMended(file, CheckpointHeader.BYTES);
            try (CheckpointReader reader = new CheckpointReader(new OneFile(file), "checkpoint")) {
                long[] counts = new long[2];
                reader.read(new CheckpointReader.Visitor() {
                    @Override
                    public void series(StoredSeries series) {
                        if (series.labelsLength < 0 || series.family == null || series.type == null) {
                            throw new AssertionError("half a series");
                        }
                        counts[0]++;
                    }

                    @Override
                    public void key(KeyedAnswer key, long millis) {
                        counts[1]++;
                    }
                });
                return (mended ? 1 : 0) | (reader.isWhole() ? 2 : 0) | counts[0] << 4 | counts[1] << 12;
            } catch (FrameCursor.DamagedException e) {
                return -1L - e.getMessage().hashCode();
            }
        }
    }

    /** One file that can only be read. */
    private record OneFile(byte[] bytes) implements Storage {
        @Override
        public Input open(String name) {
            return new Input() {
                @Override
                public long size() {
                    return bytes.length;
                }

                @Override
                public int read(long position, byte[] buffer, int offset, int length) {
                    int n = (int) Math.max(0, Math.min(length, bytes.length - position));
                    System.arraycopy(bytes, (int) Math.min(position, bytes.length), buffer, offset, n);
                    return n;
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public Closeable lock(String name) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<String> list() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Output create(String name) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void rename(String from, String to) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void delete(String name) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void truncate(String name, long bytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void force(String name) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void forceDirectory() {
            throw new UnsupportedOperationException();
        }

        @Override
        public String place() {
            return "memory";
        }
    }
}
