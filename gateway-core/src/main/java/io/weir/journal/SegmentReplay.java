package io.weir.journal;

import io.weir.sample.MetricType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the references of one segment stand for, and its frames applied to a {@link Fold}. One thread. Definitions of every
 * frame are read; the rest only of frames that are to count.
 */
final class SegmentReplay {
    private final Fold fold;
    private final Refs own = new Refs();
    private final Refs kills = new Refs();

    /** Names in one scope: a segment, or a frame of ends. */
    private static final class Refs {
        private static final int REFERENCES_MAX = 1 << 30;

        int[] series = new int[256];
        final List<Integer> families = new ArrayList<>();
        final Cells cells = new Cells();

        void clear() {
            Arrays.fill(series, 0);
            families.clear();
            cells.clear();
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

    SegmentReplay(Fold fold) {
        this.fold = fold;
    }

    /** A new segment begins. */
    void clear() {
        own.clear();
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
        long stamp = 0;
        int last = -1;
        while (from.hasMore()) {
            long head = from.getVarint();
            int kind = (int) head & 0xf;
            if (kind == Item.HELP) {
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
                int named = fold.findOrAdd(family, type, from.bytes, from.at, length);
                fold.named(named, sequence);
                refs.define(last, named);
                from.skip(length);
                continue;
            }

            int n = refs.get(last);
            switch (kind) {
                case Item.ADD_ONE -> {
                    if (counts) {
                        fold.add(n, sequence, millis, 1);
                    }
                }
                case Item.ADD_SHORT, Item.ADD -> {
                    double x = kind == Item.ADD ? from.getDouble() : from.getSigned();
                    if (counts) {
                        fold.add(n, sequence, millis, x);
                    }
                }
                case Item.SET_SHORT, Item.SET -> {
                    double x = kind == Item.SET ? from.getDouble() : from.getSigned();
                    if (counts) {
                        fold.set(n, sequence, millis, x);
                    }
                }
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
                    stamp += from.getSigned();
                    double x = kind == Item.STAMP ? from.getDouble() : from.getSigned();
                    if (counts) {
                        fold.stamped(n, sequence, millis, x, stamp);
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
    }

    private int family(FrameCursor from, Refs refs) {
        long number = from.getVarint();
        List<Integer> families = refs.families;
        if (number >= 0 && number < families.size()) {
            return families.get((int) number);
        }
        if (number != families.size()) {
            throw new FrameCursor.DamagedException("family " + number);
        }
        int family = fold.family(from.getSpan());
        families.add(family);
        if (from.getByte() != 0) {
            byte[] help = from.getSpan();
            Fold.FamilyState state = fold.family(family);
            // a definition tells what was so then; changes have items of their own
            state.help = state.help == null ? help : state.help;
        }
        return family;
    }
}
