package io.weir.ingest;

import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.MetricType;
import io.weir.snapshot.LabelText;
import io.weir.store.Group;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Builds the canonical key of one series from its name and labels in any order: labels sorted by name, empty values left
 * out unless a group forces them, values escaped as in text 0.0.4, names in quotes where they need it. Event loop only; reused from series to series.
 *
 * <p>The identity is the hash of type, name and label text, in this form:
 * <pre>  type (1 byte) | name | '{' | a="x",b="y"  </pre>
 */
final class SeriesKey {
    private static final long TWEAK = 0x7365_7269_6573L;
    private static final byte[] INSTANCE = "instance".getBytes(StandardCharsets.US_ASCII);

    private final Limits limits;
    private final KeyHash hash;

    private byte[] key = new byte[512];
    private int nameLength;
    private int keyLength;

    private byte[] spans = new byte[512];
    private int spansLength;
    private int[] nameOffsets = new int[16];
    private int[] nameLengths = new int[16];
    private int[] valueLengths = new int[16];
    private int[] order = new int[16];
    private int labels;
    private boolean quoted;
    private boolean sealed;
    private boolean alike;

    SeriesKey(Limits limits, KeyHash hash) {
        this.limits = limits;
        this.hash = hash.copy();
    }

    void begin(byte[] buffer, int offset, int length) {
        if (key.length < length + 2) {
            key = new byte[(length + 2) << 1];
        }
        System.arraycopy(buffer, offset, key, 1, length);
        nameLength = length;
        labels = 0;
        quoted = false;
        sealed = false;
        alike = false;
        spansLength = 0;
    }

    /**
     * Starts a series that differs from the one sealed last by its name alone; its labels are neither added nor sorted again.
     *
     * @return false when there is none or its labels have been changed since: then begin anew
     */
    boolean beginAlike(byte[] buffer, int offset, int length) {
        if (!sealed) {
            return false;
        }
        int from = labelsOffset();
        int textLength = labelsLength();
        int most = length + 2 + textLength;
        if (most > key.length) {
            key = Arrays.copyOf(key, most << 1);
        }
        System.arraycopy(key, from, key, length + 2, textLength);
        System.arraycopy(buffer, offset, key, 1, length);
        key[length + 1] = '{';
        nameLength = length;
        keyLength = most;
        alike = true;
        return true;
    }

    Code label(byte[] buffer, int nameOffset, int length, int valueOffset, int valueLength, boolean escaped) {
        return valueLength == 0 ? Code.OK : add(buffer, nameOffset, length, buffer, valueOffset, valueLength, escaped);
    }

    /** Gives the series the labels of its group in place of its own of those names, and an instance, if only an empty one. */
    Code force(Group group) {
        for (int i = 0; i < group.labels(); i++) {
            byte[] name = group.name(i);
            byte[] value = group.value(i);
            take(name);
            Code code = add(name, 0, name.length, value, 0, value.length, true);
            if (code != Code.OK) {
                return code;
            }
        }
        return has(INSTANCE) ? Code.OK : add(INSTANCE, 0, INSTANCE.length, INSTANCE, 0, 0, true);
    }

    private boolean has(byte[] name) {
        for (int i = 0; i < labels; i++) {
            if (isNamed(i, name)) {
                return true;
            }
        }
        return false;
    }

    private boolean isNamed(int label, byte[] name) {
        int from = nameOffsets[label];
        return Arrays.equals(spans, from, from + nameLengths[label], name, 0, name.length);
    }

    private Code add(
            byte[] buffer, int nameOffset, int length, byte[] values, int valueOffset, int valueLength, boolean escaped) {
        sealed = false;
        if (labels == limits.labels()) {
            return Code.TOO_MANY_LABELS;
        }
        if (length > limits.labelNameBytes()) {
            return Code.LABEL_NAME_TOO_LONG;
        }
        if (valueLength > limits.labelValueBytes()) {
            return Code.LABEL_VALUE_TOO_LONG;
        }
        if (labels == order.length) {
            nameOffsets = Arrays.copyOf(nameOffsets, labels << 1);
            nameLengths = Arrays.copyOf(nameLengths, labels << 1);
            valueLengths = Arrays.copyOf(valueLengths, labels << 1);
            order = Arrays.copyOf(order, labels << 1);
        }
        int most = spansLength + length + 2 * valueLength;
        if (most > spans.length) {
            spans = Arrays.copyOf(spans, Math.max(most, spans.length << 1));
        }
        nameOffsets[labels] = spansLength;
        nameLengths[labels] = length;
        System.arraycopy(buffer, nameOffset, spans, spansLength, length);
        int at = spansLength + length;
        if (escaped) {
            System.arraycopy(values, valueOffset, spans, at, valueLength);
            at += valueLength;
        } else {
            at = LabelText.escape(values, valueOffset, valueLength, spans, at);
        }
        valueLengths[labels] = at - spansLength - length;
        spansLength = at;
        labels++;
        return Code.OK;
    }

    /** Takes out the label of this name; returns its number or -1. Its value stays readable until the next series. */
    int take(byte[] name) {
        for (int i = 0; i < labels; i++) {
            if (isNamed(i, name)) {
                sealed = false;
                int taken = --labels;
                swap(nameOffsets, i, taken);
                swap(nameLengths, i, taken);
                swap(valueLengths, i, taken);
                return taken;
            }
        }
        return -1;
    }

    /** Array in which label values lie, escaped. */
    byte[] spans() {
        return spans;
    }

    int valueOffset(int label) {
        return nameOffsets[label] + nameLengths[label];
    }

    int valueLength(int label) {
        return valueLengths[label];
    }

    /** Shortens the name by a suffix, before the key is sealed. */
    void nameLength(int length) {
        assert !alike;
        nameLength = length;
    }

    byte[] key() {
        return key;
    }

    int nameOffset() {
        return 1;
    }

    int nameLength() {
        return nameLength;
    }

    /** Sorts the labels and writes key and hash. */
    Code seal(MetricType type) {
        if (nameLength > limits.nameBytes()) {
            return Code.NAME_TOO_LONG;
        }
        if (alike && sealed) {
            key[0] = (byte) type.ordinal();
            hash.hash(key, 0, keyLength, TWEAK);
            return Code.OK;
        }
        for (int i = 0; i < labels; i++) {
            int at = i;
            while (at > 0) {
                int c = compareNames(order[at - 1], i);
                if (c == 0) {
                    return Code.DUPLICATE_LABEL;
                }
                if (c < 0) {
                    break;
                }
                order[at] = order[at - 1];
                at--;
            }
            order[at] = i;
        }

        int most = nameLength + 2 + 2 * spansLength + 6 * labels;
        if (most > key.length) {
            key = Arrays.copyOf(key, Math.max(most, key.length << 1));
        }
        key[0] = (byte) type.ordinal();
        int at = nameLength + 1;
        key[at++] = '{';
        for (int i = 0; i < labels; i++) {
            int label = order[i];
            if (i > 0) {
                key[at++] = ',';
            }
            int behind = LabelText.putName(spans, nameOffsets[label], nameLengths[label], key, at);
            quoted |= behind - at != nameLengths[label];
            at = behind;
            key[at++] = '=';
            key[at++] = '"';
            System.arraycopy(spans, valueOffset(label), key, at, valueLengths[label]);
            at += valueLengths[label];
            key[at++] = '"';
        }
        keyLength = at;
        sealed = true;
        hash.hash(key, 0, keyLength, TWEAK);
        return Code.OK;
    }

    /** Whether the label text has names in quotes, once sealed. */
    boolean quotesNames() {
        return quoted;
    }

    /** Takes a key that was canonical before, and hashes it. */
    void sealed(MetricType type, byte[] name, byte[] labels, int offset, int length) {
        nameLength = name.length;
        keyLength = nameLength + 2 + length;
        if (key.length < keyLength) {
            key = new byte[keyLength << 1];
        }
        key[0] = (byte) type.ordinal();
        System.arraycopy(name, 0, key, 1, nameLength);
        key[nameLength + 1] = '{';
        System.arraycopy(labels, offset, key, nameLength + 2, length);
        sealed = false;
        quoted = LabelText.quotesNames(labels, offset, length);
        hash.hash(key, 0, keyLength, TWEAK);
    }

    long h0() {
        return hash.h0();
    }

    long h1() {
        return hash.h1();
    }

    /** Label text within {@link #key()}, once sealed. */
    int labelsOffset() {
        return nameLength + 2;
    }

    int labelsLength() {
        return keyLength - nameLength - 2;
    }

    private int compareNames(int a, int b) {
        return Arrays.compareUnsigned(
                spans, nameOffsets[a], nameOffsets[a] + nameLengths[a],
                spans, nameOffsets[b], nameOffsets[b] + nameLengths[b]);
    }

    private static void swap(int[] array, int i, int j) {
        int x = array[i];
        array[i] = array[j];
        array[j] = x;
    }
}
