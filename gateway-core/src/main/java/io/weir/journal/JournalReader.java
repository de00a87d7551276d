package io.weir.journal;

import io.weir.journal.FrameCursor.DamagedException;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads the directory of a {@link Journal} that no process is using, and changes nothing in it: {@link #check} looks at
 * every byte, {@link #read} then hands out what a start would find. One thread.
 */
public final class JournalReader {
    private static final String TEMPORARY = ".tmp";

    /** Hears of each damaged place; offset 0 stands for the file as a whole. */
    public interface DamageListener {
        void damaged(String file, long offset, String what);
    }

    /** Takes series one by one; each is valid only during the call. */
    public interface SeriesListener {
        void series(StoredSeries series);
    }

    /**
     * What {@link #check} has seen.
     *
     * @param checkpoints files with a header that can be read
     * @param series in the checkpoint that a start would use
     * @param keys idempotency keys in it
     * @param segments files with a header that can be read
     * @param frames good ones in all of them
     * @param bytes of all of these files
     * @param damages places told to the listener
     * @param setAside files that earlier starts have set aside as {@code *.corrupt}, which are not read
     */
    public record Contents(
            int checkpoints,
            long series,
            long keys,
            int segments,
            long frames,
            long bytes,
            int damages,
            int setAside) {
        /** Whether there is no journal here. */
        public boolean isEmpty() {
            return checkpoints == 0 && segments == 0 && damages == 0;
        }
    }

    private record Checkpoint(long number, CheckpointHeader header, boolean whole, long series, long keys) {}

    private final Storage storage;
    private final DamageListener listener;
    private final List<Segment> segments = new ArrayList<>();
    private Checkpoint base;
    private int damages;

    /** @param listener told of damage by {@link #check} only, of each place once */
    public JournalReader(Storage storage, DamageListener listener) {
        this.storage = storage;
        this.listener = listener;
    }

    /**
     * Keeps gateways out of a directory while it is read, without writing to it. Other readers may come.
     *
     * @throws DirectoryInUseException when a gateway uses it
     */
    public static Closeable lock(FileStorage directory) throws IOException {
        return directory.lockToRead(Journal.LOCK);
    }

    /** Reads everything there is, once. */
    public Contents check() throws IOException {
        Map<Long, Checkpoint> checkpoints = new TreeMap<>();
        long bytes = 0;
        long frames = 0;
        int setAside = 0;
        for (String name : sorted(storage.list())) {
            setAside += name.contains(Journal.CORRUPT) ? 1 : 0;
            long checkpoint = CheckpointHeader.number(name);
            long segment = Segment.number(name);
            if (checkpoint < 0 && segment < 0 || name.endsWith(TEMPORARY)) {
                continue;
            }
            try {
                bytes += size(name);
                if (checkpoint >= 0) {
                    Checkpoint read = checkpoint(name, checkpoint);
                    if (read != null) {
                        checkpoints.put(checkpoint, read);
                    }
                } else {
                    frames += segment(name, segment);
                }
            } catch (IOException e) {
                damaged(name, 0, e.toString());
            }
        }
        base = choose(checkpoints.values());
        missing();
        return new Contents(
                checkpoints.size(),
                base == null ? 0 : base.series,
                base == null ? 0 : base.keys,
                segments.size(),
                frames,
                bytes,
                damages,
                setAside);
    }

    private static List<String> sorted(List<String> names) {
        List<String> sorted = new ArrayList<>(names);
        sorted.sort(null);
        return sorted;
    }

    private long size(String name) throws IOException {
        try (Storage.Input input = storage.open(name)) {
            return input.size();
        }
    }

    /** The newest that is whole, else the newest of which a part can be read and the rest is not in segments. */
    private static Checkpoint choose(Iterable<Checkpoint> ascending) {
        Checkpoint whole = null;
        Checkpoint part = null;
        for (Checkpoint c : ascending) {
            whole = c.whole ? c : whole;
            part = !c.whole && c.header.base() > 0 ? c : part;
        }
        return whole != null ? whole : part;
    }

    private Checkpoint checkpoint(String name, long number) throws IOException {
        long[] count = new long[2];
        try (CheckpointReader reader = new CheckpointReader(storage, name)) {
            reader.onDamage(offset -> damaged(name, offset, "damaged block"));
            int before = damages;
            reader.read(new CheckpointReader.Visitor() {
                @Override
                public void series(StoredSeries series) {
                    count[0]++;
                }

                @Override
                public void key(KeyedAnswer key, long millis) {
                    count[1]++;
                }
            });
            if (!reader.isWhole() && damages == before) {
                damaged(name, reader.damageOffset(), "cut off, or not what its end says");
            }
            return new Checkpoint(number, reader.header, reader.isWhole(), count[0], count[1]);
        } catch (DamagedException e) {
            damaged(name, 0, e.getMessage());
            return null;
        }
    }

    /** Returns the number of good frames. */
    private long segment(String name, long number) throws IOException {
        SegmentReplay replay = new SegmentReplay(new Fold(), new SegmentReplay.Definitions(), true);
        long good = 0;
        long frames = 0;
        try (SegmentReader reader = new SegmentReader(storage, name, Long.MAX_VALUE)) {
            Segment segment = new Segment(number, reader.header.writer(), -1, null, SegmentHeader.BYTES, -1);
            segments.add(segment);
            good = SegmentHeader.BYTES;
            while (reader.next()) {
                if ((reader.flags & Frame.VOIDS) == 0) {
                    replay.frame(reader, false, false);
                }
                good = reader.offset();
                frames++;
                segment.bytes = good;
            }
            if (reader.damage() != null) {
                damaged(name, good, reader.damage());
            }
        } catch (DamagedException e) {
            // a crash between creating the file and writing its header leaves nothing to miss
            if (!storage.isBlank(name, 0)) {
                damaged(name, good, e.getMessage());
            }
        }
        return frames;
    }

    /** Segments that others name as the one before them, and of those that are there the ones that need not be read. */
    private void missing() throws IOException {
        long cut = base == null ? 0 : base.header.cut();
        Map<Long, Segment> numbers = new HashMap<>();
        segments.forEach(s -> numbers.put(s.number, s));
        for (Segment segment : segments) {
            try (SegmentReader reader = new SegmentReader(storage, segment.name(), SegmentHeader.BYTES)) {
                SegmentHeader header = reader.header;
                Segment before = numbers.get(header.previous());
                if (before == null && header.previous() >= 0 && header.previousSequence() >= cut) {
                    damaged(Segment.name(header.previous()), 0, "segment is missing");
                } else if (before != null && header.previousSequence() < cut) {
                    before.lastSequence = header.previousSequence();
                }
            }
        }
    }

    private void damaged(String file, long offset, String what) {
        damages++;
        listener.damaged(file, offset, what);
    }

    /**
     * Hands out every live series that a start would find, after {@link #check}.
     *
     * @throws IOException when a file that could be read before cannot any more
     */
    public void read(SeriesListener series) throws IOException {
        long cut = base == null ? 0 : base.header.cut();
        List<Segment> counting = new ArrayList<>();
        for (Segment s : segments) {
            if (s.lastSequence < 0 && s.bytes > SegmentHeader.BYTES) {
                counting.add(new Segment(s.number, s.writer, -1, null, s.bytes, -1));
            }
        }
        Folding folding = new Folding(storage, counting, cut, Long.MAX_VALUE, false, (segment, offset, what) -> {});
        for (Segment segment : counting) {
            folding.index(segment);
        }
        try (CheckpointReader reader = open()) {
            if (reader != null) {
                folding.base(reader);
            }
        }
        folding.replay();
        try (CheckpointReader reader = open()) {
            folding.handOut(reader, series::series);
        }
    }

    private CheckpointReader open() throws IOException {
        try {
            return base == null ? null : new CheckpointReader(storage, CheckpointHeader.name(base.number));
        } catch (DamagedException e) {
            throw new IOException(e.getMessage(), e);
        }
    }
}
