package io.weir.journal;

import io.weir.snapshot.LabelText;
import java.util.Arrays;

/**
 * The key of a group as part of the label text of its series: every grouping label stands there with its value, so the
 * places of those labels are enough. One thread.
 */
final class GroupKey {
    private static final int LABELS_MAX = 1 << 16;

    private final LabelText text = new LabelText();
    private final LabelText part = new LabelText();
    private int[] places = new int[8];
    private byte[] key = new byte[64];
    private int length;
    private byte[] last = new byte[0];

    /** Writes the places of the labels of {@code group} among those of a series: how many, then the steps between. */
    void write(FrameBuffer to, StoredSeries s) {
        byte[] group = s.group;
        int count = 0;
        int place = 0;
        text.reset(s.labels, s.labelsOffset, s.labelsLength);
        part.reset(group, 0, group.length);
        while (part.next()) {
            while (text.next() && !sameName()) {
                place++;
            }
            if (count == places.length) {
                places = Arrays.copyOf(places, count << 1);
            }
            places[count++] = place++;
        }
        to.putVarint(count);
        int before = -1;
        for (int i = 0; i < count; i++) {
            to.putVarint(places[i] - before - 1);
            before = places[i];
        }
    }

    private boolean sameName() {
        int a = text.nameOffset();
        int b = part.nameOffset();
        return Arrays.equals(
                text.text(), a, a + text.nameLength(), part.text(), b, b + part.nameLength());
    }

    /** Reads the places and makes the key; the same array as before when it is the same key. */
    byte[] read(FrameCursor from, byte[] labels, int labelsOffset, int labelsLength) {
        long count = from.getVarint();
        if (count <= 0 || count > LABELS_MAX) {
            throw new FrameCursor.DamagedException("grouping labels " + count);
        }
        text.reset(labels, labelsOffset, labelsLength);
        length = 0;
        for (int i = 0; i < count; i++) {
            long step = from.getVarint();
            if (step < 0 || step > LABELS_MAX) {
                throw new FrameCursor.DamagedException("grouping label " + step);
            }
            for (long skipped = 0; skipped <= step; skipped++) {
                if (!next() || text.end() > labelsOffset + labelsLength) {
                    throw new FrameCursor.DamagedException("grouping label beyond the last");
                }
            }
            add(labels, text.offset(), text.end());
        }
        if (!Arrays.equals(key, 0, length, last, 0, last.length)) {
            last = Arrays.copyOf(key, length);
        }
        return last;
    }

    /** A text that is none, behind a checksum that is right, has no end. */
    private boolean next() {
        try {
            return text.next();
        } catch (IndexOutOfBoundsException noText) {
            return false;
        }
    }

    private void add(byte[] labels, int from, int end) {
        int more = end - from + 1;
        if (length + more > key.length) {
            key = Arrays.copyOf(key, Math.max(length + more, key.length << 1));
        }
        if (length > 0) {
            key[length++] = ',';
        }
        System.arraycopy(labels, from, key, length, end - from);
        length += end - from;
    }
}
