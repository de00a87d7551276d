package io.weir.store;

import io.weir.snapshot.LabelText;
import java.util.Arrays;
import java.util.List;

/**
 * Chooses series: those of one family that have all the given label pairs. Any thread; the arrays must not be written.
 *
 * @param family null for all families
 * @param labels names and plain UTF-8 values; a pair with an empty value also matches a series without the label
 */
public record Selector(byte[] family, List<Pair> labels) {
    /** One label and its plain value. */
    public record Pair(byte[] name, byte[] value) {}

    public Selector {
        labels = List.copyOf(labels);
    }

    /** Everything there is. */
    public static Selector all() {
        return new Selector(null, List.of());
    }

    /** Label pairs as they stand in a canonical label text: {@code name="value"}, the value escaped. */
    byte[][] tokens() {
        byte[][] tokens = new byte[labels.size()][];
        for (int i = 0; i < tokens.length; i++) {
            byte[] name = labels.get(i).name();
            byte[] value = labels.get(i).value();
            byte[] token = new byte[LabelText.nameBytesMax(name.length) + LabelText.nameBytesMax(value.length) + 1];
            int n = LabelText.putName(name, 0, name.length, token, 0);
            token[n++] = '=';
            tokens[i] = Arrays.copyOf(token, LabelText.quote(value, 0, value.length, token, n));
        }
        return tokens;
    }

    /** Whether a canonical label text has all pairs; {@code tokens} are {@link #tokens()} of this selector. */
    boolean matches(byte[][] tokens, LabelText walk, byte[] text, int offset, int length) {
        for (int i = 0; i < tokens.length; i++) {
            byte[] token = tokens[i];
            boolean found = false;
            boolean named = false;
            walk.reset(text, offset, length);
            while (!found && walk.next()) {
                found = Arrays.equals(text, walk.offset(), walk.end(), token, 0, token.length);
                named |= walk.isNamed(labels.get(i).name());
            }
            if (!found && (named || labels.get(i).value().length > 0)) {
                return false;
            }
        }
        return true;
    }
}
