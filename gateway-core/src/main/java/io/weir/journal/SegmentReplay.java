package io.weir.journal;

import io.weir.sample.MetricType;
import java.util.Arrays;

/**
 * What the references of one segment stand for, and its frames applied to a {@link Fold}. One thread. Definitions of every
 * frame are read; the rest only of frames that are to count.
 */
final class SegmentReplay {
    private final Fold fold;
    private final Definitions definitions;
    private final boolean first;
    private final Refs own = new Refs();
    private final Refs kills = new Refs();
    private final double[] values = new double[LoopJournal.RUN];
    private long stamp;

    /** Series that the definitions of the segment name, in their order: found by the first reading, used by the second. */
    static final class Definitions {
        private int[] series = new int[256];
        private int size;
        private int next;

        private void add(int n) {
            if (size == series.length) {
                series = Arrays.copyOf(series, size << 1);
            }
            series[size++] = n;
        }
    }

    /** Names in one scope: a segment, or a frame of ends. */
    private static final class Refs {
        private static final int REFERENCES_MAX = 1 << Fold.REFERENCE_BITS;

        int[] series = new int[256];
        int[] families = new int[16];
        int familiesSize;
        final Cells cells = new Cells();

        void clear() {
            Arrays.fill(series, 0);
            familiesSize = 0;
            cells.clear();
        }

        void addFamily(int family) {
            if (familiesSize == families.length) {
                families = Arrays.copyOf(families, familiesSize << 1);
            }
            families[familiesSize++] = family;
        }

        void define(int reference, int number) {
            if (reference >= series.length) {
                series = Arrays.copyOf(series, (int) Math.min(REFERENCES_MAX, Math.max(reference + 1L, series.length * 2L)));
            }
            series[reference] = number + 1;
        }

        int get(int reference) {
            if (reference < 0 || reference >= series.length || series[reference] == 0) {
                throw new FrameCursor.DamagedException("reference " + reference);
            }
            return series[reference] - 1;
        }
    }

    /**
     * For one segment.
     *
     * @param definitions filled by the first reading, read by the second, which sees the same frames
     */
    SegmentReplay(Fold fold, Definitions definitions, boolean first) {
        this.fold = fold;
        this.definitions = definitions;
        this.first = first;
    }

    /**
     * Reads the current frame.
     *
     * @param counts whether it does anything but define
     * @param helps whether its HELP texts count for families that the checkpoint does not know
     */
    void frame(SegmentReader frame, boolean counts, boolean helps) {
        FrameCursor from = frame.items;
        boolean ends = (frame.flags & Frame.KILLS) != 0;
        Refs refs = ends ? kills : own;
        if (ends) {
            kills.clear();
        }
        long sequence = frame.sequence;
        long millis = frame.millis;
        stamp = 0;
        int last = -1;
        while (from.hasMore()) {
            if (counts) {
                // the many, without a call each
                last = scalars(from, refs.series, last, frame);
                if (!from.hasMore()) {
                    break;
                }
            }
            long head = from.getVarint();
            int kind = (int) head & 0xf;
            if (head == Item.ADD_RUN || head == Item.SET_RUN) {
                last = run(from, refs, last, frame, (int) head, counts);
                continue;
            }
            if (kind == Item.HELP) {
                if (head != Item.HELP) {
                    throw new FrameCursor.DamagedException("item " + head);
                }
                Fold.FamilyState family = fold.family(family(from, refs));
                byte[] help = from.getSpan();
                if (counts || helps && !family.based) {
                    family.help = help.length == 0 ? null : help;
                }
                continue;
            }
            int step = (int) (head >>> 4);
            last += (step >>> 1 ^ -(step & 1)) + 1;
            if (kind == Item.SERIES) {
                if (last < 0 || last >= Refs.REFERENCES_MAX) {
                    throw new FrameCursor.DamagedException("reference " + last);
                }
                int family = family(from, refs);
                int type = from.getByte();
                if (type > MetricType.SUMMARY.ordinal()) {
                    throw new FrameCursor.DamagedException("type " + type);
                }
                int length = from.getLength();
                int named;
                if (first) {
                    named = fold.findOrAdd(family, type, from.bytes, from.at, length);
                    definitions.add(named);
                } else {
                    named = definitions.series[definitions.next++];
                    if (!ends) {
                        fold.named(named, frame.header.process(), last);
                    }
                }
                refs.define(last, named);
                from.skip(length);
                continue;
            }

            int n = refs.get(last);
            if (counts && frame.group != null) {
                fold.owned(n, frame.group);
            }
            if (counts && frame.ttlSeconds > 0) {
                fold.ttl(n, frame.ttlSeconds);
            }
            switch (kind) {
                case Item.ADD_ONE -> {}
                case Item.ADD_SHORT, Item.SET_SHORT -> from.getSigned();
                case Item.ADD, Item.SET -> from.getDouble();
                case Item.MIN -> {
                    double x = from.getDouble();
                    if (counts) {
                        fold.least(n, sequence, millis, x);
                    }
                }
                case Item.MAX -> {
                    double x = from.getDouble();
                    if (counts) {
                        fold.most(n, sequence, millis, x);
                    }
                }
                case Item.STAMP_SHORT, Item.STAMP -> {
                    from.getSigned();
                    if (kind == Item.STAMP) {
                        from.getDouble();
                    } else {
                        from.getSigned();
                    }
                }
                case Item.CELL_ADD, Item.CELL_SET -> {
                    var cell = refs.cells.read(from, fold.type(n));
                    if (counts) {
                        fold.cell(n, sequence, millis, kind == Item.CELL_SET, cell);
                    }
                }
                case Item.KILL_SHORT, Item.KILL -> {
                    double x = kind == Item.KILL ? from.getDouble() : from.getSigned();
                    if (counts) {
                        fold.kill(n, frame.low, x);
                    }
                }
                default -> {
                    var cell = refs.cells.read(from, fold.type(n));
                    if (counts) {
                        fold.kill(n, frame.low, cell);
                    }
                }
            }
        }
        if (counts && frame.group != null && frame.replace != Replace.NOTHING) {
            fold.replace(frame.group, frame.replace, sequence);
        }
    }

    /** Applies ADD and SET items, stamped or not, up to the first that is neither; returns the reference of the last. */
    private int scalars(FrameCursor from, int[] series, int last, SegmentReader frame) {
        long sequence = frame.sequence;
        long millis = frame.millis;
        byte[] group = frame.group;
        int ttlSeconds = frame.ttlSeconds;
        while (from.hasMore()) {
            int start = from.at;
            long head = from.getVarint();
            int kind = (int) head & 0xf;
            if (kind > Item.SET && kind != Item.STAMP && kind != Item.STAMP_SHORT) {
                from.at = start;
                break;
            }
            int step = (int) (head >>> 4);
            last += (step >>> 1 ^ -(step & 1)) + 1;
            if (last < 0 || last >= series.length || series[last] == 0) {
                throw new FrameCursor.DamagedException("reference " + last);
            }
            int n = series[last] - 1;
            if (group != null) {
                fold.owned(n, group);
            }
            if (ttlSeconds > 0) {
                fold.ttl(n, ttlSeconds);
            }
            switch (kind) {
                case Item.ADD_ONE -> fold.add(n, sequence, millis, 1);
                case Item.ADD_SHORT -> fold.add(n, sequence, millis, from.getSigned());
                case Item.ADD -> fold.add(n, sequence, millis, from.getDouble());
                case Item.SET_SHORT -> fold.set(n, sequence, millis, from.getSigned());
                case Item.SET -> fold.set(n, sequence, millis, from.getDouble());
                default -> {
                    stamp += from.getSigned();
                    double x = kind == Item.STAMP ? from.getDouble() : from.getSigned();
                    fold.stamped(n, sequence, millis, x, stamp);
                }
            }
        }
        return last;
    }

    /** Applies, or passes over, a run; returns the reference of its last. */
    private int run(FrameCursor from, Refs refs, int last, SegmentReader frame, int kind, boolean counts) {
        long next = last + from.getSigned() + 1;
        long length = from.getVarint();
        if (length < 0 || length > LoopJournal.RUN) {
            throw new FrameCursor.DamagedException("run of " + length);
        }
        int count = (int) length;
        if (next < 0 || next + count > refs.series.length) {
            throw new FrameCursor.DamagedException("reference " + next);
        }
        int first = (int) next;
        if (counts) {
            PackedValues.read(from, count, values);
        } else {
            PackedValues.skip(from, count);
        }
        long sequence = frame.sequence;
        long millis = frame.millis;
        for (int i = 0; i < count; i++) {
            int n = refs.get(first + i);
            if (!counts) {
                continue;
            }
            if (frame.group != null) {
                fold.owned(n, frame.group);
            }
            if (frame.ttlSeconds > 0) {
                fold.ttl(n, frame.ttlSeconds);
            }
            if (kind == Item.ADD_RUN) {
                fold.add(n, sequence, millis, values[i]);
            } else {
                fold.set(n, sequence, millis, values[i]);
            }
        }
        return first + count - 1;
    }

    private int family(FrameCursor from, Refs refs) {
        long number = from.getVarint();
        if (number >= 0 && number < refs.familiesSize) {
            return refs.families[(int) number];
        }
        if (number != refs.familiesSize) {
            throw new FrameCursor.DamagedException("family " + number);
        }
        int family = fold.family(from.getSpan());
        refs.addFamily(family);
        if (from.getByte() != 0) {
            byte[] help = from.getSpan();
            Fold.FamilyState state = fold.family(family);
            // a definition tells what was so then; changes have items of their own
            state.help = state.help == null ? help : state.help;
        }
        return family;
    }
}
