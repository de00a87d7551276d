package io.weir.journal;

import io.weir.journal.FrameCursor.DamagedException;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Brings a checkpoint and the segments after it together: {@link #index} finds out which series the segments speak of,
 * {@link #base} reads the checkpoint, {@link #replay} applies the frames of all writers in the order of their sequence
 * numbers. One thread.
 */
final class Folding {
    /** Hears of what cannot be read. */
    interface DamageListener {
        void damaged(Segment segment, long offset, String what);
    }

    /** Takes series one by one. */
    interface SeriesVisitor {
        void series(StoredSeries series) throws IOException;
    }

    /** Frames of a writer that never were. */
    record Void(int writer, long first, long last) {}

    private final Storage storage;
    private final List<Segment> segments;
    private final long cut;
    private final long upTo;
    private final boolean own;
    private final DamageListener listener;
    private final Map<Segment, SegmentReplay.Definitions> definitions = new IdentityHashMap<>();
    /** Numbers of the checkpoint's series in its order. */
    private int[] places = new int[1024];
    private int placesSize;
    private boolean placesHold;
    private final Set<Void> voids = new LinkedHashSet<>();
    /** Voids that were needed: the segments do hold frames of theirs. */
    final Set<Void> voided = new LinkedHashSet<>();
    final Fold fold = new Fold();
    final Map<String, TimedKey> keys = new LinkedHashMap<>();
    long lastSequence = -1;
    long lastMillis = Long.MIN_VALUE;
    long frames;

    /** A key and when its request came. */
    record TimedKey(KeyedAnswer answer, long millis) {}

    /**
     * Of the given segments, by ascending number, frames count from {@code cut} to before {@code upTo}.
     *
     * @param own whether this process has written the segments: then what says that it defines nothing is believed
     */
    Folding(
            Storage storage, List<Segment> segments, long cut, long upTo, boolean own, DamageListener listener) {
        this.storage = storage;
        this.segments = segments;
        this.cut = cut;
        this.upTo = upTo;
        this.own = own;
        this.listener = listener;
    }

    /** First reading of one segment: learns its series and its voids; says where it ends. */
    void index(Segment segment) {
        SegmentReplay.Definitions found = new SegmentReplay.Definitions();
        definitions.put(segment, found);
        SegmentReplay replay = new SegmentReplay(fold, found, true);
        long good = 0;
        // what this process has written it need not read to its end twice
        long end = own ? Math.min(segment.bytes, segment.definitionsEnd) : segment.bytes;
        try (SegmentReader reader = new SegmentReader(storage, segment.name(), end)) {
            good = SegmentHeader.BYTES;
            while (reader.next()) {
                if ((reader.flags & Frame.VOIDS) != 0) {
                    voids(reader.items);
                } else if (!own || (reader.flags & Frame.PLAIN) == 0) {
                    replay.frame(reader, false, false);
                }
                good = reader.offset();
                segment.lastSequence = Math.max(segment.lastSequence, reader.sequence);
                lastSequence = Math.max(lastSequence, reader.sequence);
                lastMillis = Math.max(lastMillis, reader.millis);
            }
            if (reader.damage() == null && end < segment.bytes) {
                return;
            }
            if (reader.damage() != null) {
                listener.damaged(segment, good, reader.damage());
            }
        } catch (IOException | DamagedException e) {
            listener.damaged(segment, good, e.getMessage());
        }
        segment.bytes = Math.min(segment.bytes, good);
    }

    private void voids(FrameCursor from) {
        while (from.hasMore()) {
            voids.add(new Void((int) from.getVarint(), from.getVarint(), from.getVarint()));
        }
    }

    private boolean isVoid(int writer, long sequence) {
        for (Void v : voids) {
            if (v.writer == writer && v.first <= sequence && sequence <= v.last) {
                if (sequence >= cut) {
                    voided.add(v);
                }
                return true;
            }
        }
        return false;
    }

    /** First reading of the checkpoint: what it says of the series the segments speak of, and its keys. */
    void base(CheckpointReader checkpoint) throws IOException {
        placesSize = 0;
        checkpoint.read(new CheckpointReader.Visitor() {
            @Override
            public void series(StoredSeries s) {
                Fold.FamilyState family = fold.findFamily(s.family);
                int n = Fold.NONE;
                if (family != null) {
                    if (!family.based) {
                        family.based = true;
                        family.help = s.help;
                    }
                    n = find(s);
                }
                if (n != Fold.NONE) {
                    fold.base(n, s);
                }
                if (placesSize == places.length) {
                    places = Arrays.copyOf(places, placesSize << 1);
                }
                places[placesSize++] = n;
            }

            @Override
            public void key(KeyedAnswer key, long millis) {
                keys.put(key.key(), new TimedKey(key, millis));
            }
        });
        placesHold = checkpoint.isWhole();
    }

    private int find(StoredSeries s) {
        return fold.find(s.family, s.type, s.labels, s.labelsOffset, s.labelsLength);
    }

    /**
     * Hands out every live series: those of the checkpoint in their places, so that neighbours stay neighbours, then the
     * others.
     *
     * @param checkpoint read a second time; null for none
     */
    void handOut(CheckpointReader checkpoint, SeriesVisitor visitor) throws IOException {
        StoredSeries changed = new StoredSeries();
        if (checkpoint != null) {
            checkpoint.read(new CheckpointReader.Visitor() {
                private int next;

                @Override
                public void series(StoredSeries s) throws IOException {
                    // a block that could be read the first time and cannot now has taken its series away
                    int n = placesHold && checkpoint.isGood() ? places[next++] : find(s);
                    if (n == Fold.NONE) {
                        if (fold.isReplaced(s)) {
                            return;
                        }
                        Fold.FamilyState family = fold.findFamily(s.family);
                        s.help = family == null ? s.help : family.help;
                        visitor.series(s);
                    } else if (fold.isLive(n)) {
                        fold.handedOut(n);
                        fold.get(n, changed);
                        visitor.series(changed);
                    }
                }

                @Override
                public void key(KeyedAnswer key, long millis) {}
            });
        }
        for (int n : fold.rest()) {
            fold.get(n, changed);
            visitor.series(changed);
        }
    }

    /** Applies the frames. */
    void replay() {
        Map<Integer, Cursor> cursors = new TreeMap<>();
        for (Segment segment : segments) {
            if (segment.bytes > SegmentHeader.BYTES) {
                cursors.computeIfAbsent(segment.writer, w -> new Cursor()).segments.add(segment);
            }
        }
        List<Cursor> open = new ArrayList<>(cursors.values());
        open.removeIf(c -> !c.advance());
        while (!open.isEmpty()) {
            Cursor next = open.get(0);
            for (int i = 1; i < open.size(); i++) {
                Cursor c = open.get(i);
                next = c.reader.sequence < next.reader.sequence ? c : next;
            }
            next.apply();
            if (!next.advance()) {
                open.remove(next);
            }
        }
    }

    /** The segments of one writer, one after the other. */
    private final class Cursor implements Closeable {
        final List<Segment> segments = new ArrayList<>();
        SegmentReplay replay;
        SegmentReader reader;
        private int next;
        private long last = -1;

        boolean advance() {
            while (true) {
                try {
                    if (reader != null) {
                        if (reader.next()) {
                            if (reader.sequence < upTo) {
                                return true;
                            }
                            close();
                            return false;
                        }
                        if (reader.damage() != null) {
                            listener.damaged(segments.get(next - 1), reader.offset(), reader.damage());
                        }
                        close();
                    }
                    if (next == segments.size()) {
                        return false;
                    }
                    Segment segment = segments.get(next++);
                    replay = new SegmentReplay(fold, definitions.get(segment), false);
                    reader = new SegmentReader(storage, segment.name(), segment.bytes);
                } catch (IOException | DamagedException e) {
                    listener.damaged(segments.get(next - 1), reader == null ? 0 : reader.offset(), e.getMessage());
                    reader = null;
                }
            }
        }

        void apply() {
            long sequence = reader.sequence;
            boolean again = sequence <= last;
            last = Math.max(last, sequence);
            if ((reader.flags & Frame.VOIDS) != 0) {
                return;
            }
            boolean isVoid = again || isVoid(reader.header.writer(), sequence);
            boolean counts = !isVoid && sequence >= cut;
            frames += counts ? 1 : 0;
            if (counts && reader.key != null) {
                keys.remove(reader.key.key());
                keys.put(reader.key.key(), new TimedKey(reader.key, reader.millis));
            }
            if (counts || (reader.flags & Frame.PLAIN) == 0) {
                replay.frame(reader, counts, !isVoid);
            }
        }

        @Override
        public void close() throws IOException {
            reader.close();
            reader = null;
        }
    }
}
