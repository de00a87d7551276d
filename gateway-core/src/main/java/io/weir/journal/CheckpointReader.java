package io.weir.journal;

import io.weir.sample.MetricType;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.zip.CRC32C;

/** Reads a checkpoint block by block. One thread. A damaged block is passed over; the others stand for themselves. */
final class CheckpointReader implements Closeable {
    private static final int WINDOW_BYTES = 256 << 10;

    /** Takes what a checkpoint holds. */
    interface Visitor {
        void series(StoredSeries series) throws IOException;

        void key(KeyedAnswer key, long millis) throws IOException;
    }

    private final Storage.Input input;
    private final CRC32C crc = new CRC32C();
    private final FrameCursor from = new FrameCursor();
    private final StoredSeries series = new StoredSeries();
    private final List<byte[]> families = new ArrayList<>();
    private final List<byte[]> helps = new ArrayList<>();
    private final Cells cells = new Cells();
    private final GroupKey groupKey = new GroupKey();
    private byte[] window = new byte[WINDOW_BYTES];

    final CheckpointHeader header;
    final long size;
    private long at = CheckpointHeader.BYTES;
    private long badBlocks;
    private long firstDamage = -1;
    private LongConsumer onDamage = offset -> {};
    private boolean ended;
    private long seriesCount;
    private long seriesPromised;

    /** @throws FrameCursor.DamagedException when the header cannot be used */
    CheckpointReader(Storage storage, String name) throws IOException {
        input = storage.open(name);
        try {
            size = input.size();
            int length = input.read(0, window, 0, CheckpointHeader.BYTES);
            header = CheckpointHeader.read(window, length);
        } catch (IOException | RuntimeException e) {
            input.close();
            throw e;
        }
    }

    /** Whether all blocks are good, from the first to the one that ends the file. */
    boolean check() throws IOException {
        while (badBlocks == 0 && at < size && !ended) {
            if (block() > 0) {
                ended = from.getByte() == CheckpointWriter.END;
            }
        }
        return badBlocks == 0 && ended;
    }

    /** Reads all good blocks; afterwards {@link #isWhole} says whether that was all. */
    void read(Visitor visitor) throws IOException {
        while (at < size && !ended) {
            int length = block();
            if (length < 0) {
                return;
            }
            try {
                switch (from.getByte()) {
                    case CheckpointWriter.SERIES -> series(visitor);
                    case CheckpointWriter.KEYS -> {
                        while (from.hasMore()) {
                            long millis = from.getVarint();
                            visitor.key(KeyedAnswer.read(from), millis);
                        }
                    }
                    default -> {
                        seriesPromised = from.getVarint();
                        ended = true;
                    }
                }
            } catch (FrameCursor.DamagedException e) {
                damaged(at - length);
            }
        }
    }

    /** Goes to the next good block; -1 when there is none, else its bytes. */
    private int block() throws IOException {
        while (size - at >= FrameBuffer.FRAME_HEAD) {
            int got = input.read(at, window, 0, FrameBuffer.FRAME_HEAD);
            int length = got < FrameBuffer.FRAME_HEAD ? 0 : FrameCursor.intAt(window, 0);
            if (length <= 0 || length > FrameBuffer.BODY_BYTES_MAX || length > size - at - FrameBuffer.FRAME_HEAD) {
                damaged(at);
                return -1;
            }
            int all = FrameBuffer.FRAME_HEAD + length;
            if (window.length < all) {
                window = Arrays.copyOf(window, all);
            }
            got = input.read(at + FrameBuffer.FRAME_HEAD, window, FrameBuffer.FRAME_HEAD, length);
            long block = at;
            at += all;
            if (got == length && FrameCursor.intAt(window, 4) == FrameBuffer.crc(crc, window, 0, length)) {
                from.reset(window, FrameBuffer.FRAME_HEAD, all);
                return all;
            }
            damaged(block);
        }
        if (at < size) {
            damaged(at);
        }
        return -1;
    }

    private void damaged(long offset) {
        badBlocks++;
        firstDamage = firstDamage < 0 ? offset : firstDamage;
        onDamage.accept(offset);
    }

    /** Who is told where each damaged block lies. */
    void onDamage(LongConsumer listener) {
        onDamage = listener;
    }

    private void series(Visitor visitor) throws IOException {
        families.clear();
        helps.clear();
        cells.clear();
        series.labels = series.labels == null ? new byte[1024] : series.labels;
        series.labelsOffset = 0;
        int before = 0;
        while (from.hasMore()) {
            long shared = from.getVarint();
            int further = from.getLength();
            if (shared < 0 || shared > before) {
                throw new FrameCursor.DamagedException("shared bytes " + shared);
            }
            int length = (int) shared + further;
            if (series.labels.length < length) {
                series.labels = Arrays.copyOf(series.labels, length << 1);
            }
            System.arraycopy(from.bytes, from.at, series.labels, (int) shared, further);
            from.skip(further);
            series.labelsLength = length;
            before = length;

            long family = from.getVarint();
            if (family < 0 || family > families.size()) {
                throw new FrameCursor.DamagedException("family " + family);
            }
            if (family == families.size()) {
                families.add(from.getSpan());
                helps.add(from.getByte() == 0 ? null : from.getSpan());
            }
            series.family = families.get((int) family);
            series.help = helps.get((int) family);

            int form = from.getByte();
            series.ttlSeconds = 0;
            if (form == CheckpointWriter.TIMED) {
                long ttl = from.getVarint();
                if (ttl < 0 || ttl > Integer.MAX_VALUE) {
                    throw new FrameCursor.DamagedException("time to live " + ttl);
                }
                series.ttlSeconds = (int) ttl;
                form = from.getByte();
            }
            int type = form & CheckpointWriter.TYPE;
            if (type > MetricType.SUMMARY.ordinal()) {
                throw new FrameCursor.DamagedException("type " + type);
            }
            series.type = MetricType.of(type);
            series.cell = null;
            series.value = 0;
            switch (form & CheckpointWriter.FORM) {
                case CheckpointWriter.FORM_SHORT -> series.value = from.getSigned();
                case CheckpointWriter.FORM_DOUBLE -> series.value = from.getDouble();
                default -> series.cell = cells.read(from, series.type);
            }
            series.touchedMillis = header.millis() - from.getSigned();
            series.begunMillis = (form & CheckpointWriter.BEGUN) == 0 ? 0 : series.touchedMillis - from.getSigned();
            series.stamped = (form & CheckpointWriter.STAMPED) != 0;
            series.stampNanos = series.stamped ? from.getLong() : 0;
            series.group = (form & CheckpointWriter.GROUPED) == 0
                    ? null
                    : groupKey.read(from, series.labels, 0, series.labelsLength);
            visitor.series(series);
            seriesCount++;
        }
    }

    /** Part of the file that has been read. */
    double progress() {
        return size == 0 ? 1 : (double) at / size;
    }

    /** Whether all that has been read so far was good. */
    boolean isGood() {
        return badBlocks == 0;
    }

    /** Whether everything that was written has been read. */
    boolean isWhole() {
        return badBlocks == 0 && ended && seriesCount == seriesPromised;
    }

    /** Where the first damage lies, or the end of the file when that came too soon. */
    long damageOffset() {
        return firstDamage < 0 ? at : firstDamage;
    }

    @Override
    public void close() throws IOException {
        input.close();
    }
}
