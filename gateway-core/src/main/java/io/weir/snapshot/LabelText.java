package io.weir.snapshot;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Walks over a canonical label text ({@code a="x",b="y"}, values escaped) label by label. Reusable, not thread-safe,
 * allocates only when a value has to be unescaped. Trusts its input: it comes from the store, never from outside.
 */
public final class LabelText {
    private byte[] text;
    private int next;
    private int end;
    private int nameOffset;
    private int nameLength;
    private int valueOffset;
    private int valueLength;
    private boolean escaped;

    public LabelText reset(byte[] text, int offset, int length) {
        this.text = text;
        this.next = offset;
        this.end = offset + length;
        return this;
    }

    /** Moves to the next label; false after the last. */
    public boolean next() {
        if (next >= end) {
            return false;
        }
        int i = next;
        nameOffset = i;
        while (text[i] != '=') {
            i++;
        }
        nameLength = i - nameOffset;
        i += 2;
        valueOffset = i;
        escaped = false;
        while (text[i] != '"') {
            if (text[i] == '\\') {
                escaped = true;
                i++;
            }
            i++;
        }
        valueLength = i - valueOffset;
        next = i + 2;
        return true;
    }

    public byte[] text() {
        return text;
    }

    public int nameOffset() {
        return nameOffset;
    }

    public int nameLength() {
        return nameLength;
    }

    /** Span of the value as it stands, escaped. */
    public int valueOffset() {
        return valueOffset;
    }

    public int valueLength() {
        return valueLength;
    }

    /** Whether the value span holds escape sequences. */
    public boolean escaped() {
        return escaped;
    }

    public String name() {
        return new String(text, nameOffset, nameLength, StandardCharsets.UTF_8);
    }

    /** The plain value. */
    public String value() {
        byte[] plain = plainValue();
        return new String(plain, StandardCharsets.UTF_8);
    }

    /** The plain value as bytes, a copy. */
    public byte[] plainValue() {
        if (!escaped) {
            return Arrays.copyOfRange(text, valueOffset, valueOffset + valueLength);
        }
        byte[] plain = new byte[valueLength];
        int n = 0;
        for (int i = valueOffset, stop = valueOffset + valueLength; i < stop; i++) {
            byte b = text[i];
            if (b == '\\') {
                b = text[++i];
                b = b == 'n' ? (byte) '\n' : b;
            }
            plain[n++] = b;
        }
        return Arrays.copyOf(plain, n);
    }
}
