package io.weir.snapshot;

import io.weir.sample.MetricNames;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Walks over a canonical label text ({@code a="x",b="y"}, values escaped) label by label. A name that is not
 * {@code [a-zA-Z_][a-zA-Z0-9_]*} stands in quotes and escaped as a value is: {@code "a.b"="x"}; names are sorted as they are
 * plain. Reusable, not thread-safe, allocates only when something has to be unescaped. Trusts its input: it comes from the
 * store, never from outside.
 */
public final class LabelText {
    private byte[] text;
    private int next;
    private int end;
    private int offset;
    private int nameOffset;
    private int nameLength;
    private boolean nameQuoted;
    private boolean nameEscaped;
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
        offset = i;
        nameQuoted = text[i] == '"';
        nameEscaped = false;
        if (nameQuoted) {
            i = quotedName(i);
        } else {
            nameOffset = i;
            while (text[i] != '=') {
                i++;
            }
            nameLength = i - nameOffset;
        }
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

    private int quotedName(int quote) {
        int i = quote + 1;
        nameOffset = i;
        while (text[i] != '"') {
            if (text[i] == '\\') {
                nameEscaped = true;
                i++;
            }
            i++;
        }
        nameLength = i - nameOffset;
        return i + 1;
    }

    public byte[] text() {
        return text;
    }

    /** Where the label begins: with its name, or with the quote before that. */
    public int offset() {
        return offset;
    }

    /** Behind the label. */
    public int end() {
        return valueOffset + valueLength + 1;
    }

    /** Whether the name stands in quotes, as it is none that needs none. */
    public boolean nameQuoted() {
        return nameQuoted;
    }

    /** Whether the name span holds escape sequences. */
    public boolean nameEscaped() {
        return nameEscaped;
    }

    /** Span of the name, without quotes, as it stands. */
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
        return new String(plainName(), StandardCharsets.UTF_8);
    }

    /** The plain name as bytes, a copy. */
    public byte[] plainName() {
        return plain(nameOffset, nameLength, nameEscaped);
    }

    /** Whether this is the plain name of the label. */
    public boolean isNamed(byte[] name) {
        return nameEscaped
                ? Arrays.equals(plainName(), name)
                : Arrays.equals(text, nameOffset, nameOffset + nameLength, name, 0, name.length);
    }

    /** The plain value. */
    public String value() {
        byte[] plain = plainValue();
        return new String(plain, StandardCharsets.UTF_8);
    }

    /** The plain value as bytes, a copy. */
    public byte[] plainValue() {
        return plain(valueOffset, valueLength, escaped);
    }

    private byte[] plain(int from, int length, boolean unescape) {
        if (!unescape) {
            return Arrays.copyOfRange(text, from, from + length);
        }
        byte[] plain = new byte[length];
        return Arrays.copyOf(plain, unescape(text, from, from + length, plain, 0));
    }

    /** Undoes the escapes of a span; returns the index behind what it wrote. */
    public static int unescape(byte[] text, int from, int end, byte[] to, int at) {
        int n = at;
        for (int i = from; i < end; i++) {
            byte b = text[i];
            if (b == '\\') {
                b = text[++i];
                b = b == 'n' ? (byte) '\n' : b;
            }
            to[n++] = b;
        }
        return n;
    }

    /** Writes a plain text escaped, which takes at most twice its bytes; returns the index behind it. */
    public static int escape(byte[] plain, int from, int length, byte[] to, int at) {
        int n = at;
        for (int i = from, end = from + length; i < end; i++) {
            byte b = plain[i];
            if (b == '\\' || b == '"' || b == '\n') {
                to[n++] = '\\';
                b = b == '\n' ? (byte) 'n' : b;
            }
            to[n++] = b;
        }
        return n;
    }

    /** Most bytes that {@link #putName} writes for a name of so many. */
    public static int nameBytesMax(int length) {
        return 2 * length + 2;
    }

    /** Writes a plain label name as it stands in a label text; returns the index behind it. */
    public static int putName(byte[] name, int from, int length, byte[] to, int at) {
        if (MetricNames.isLabelName(name, from, from + length)) {
            System.arraycopy(name, from, to, at, length);
            return at + length;
        }
        return quote(name, from, length, to, at);
    }

    /** Writes a plain text escaped and in quotes; returns the index behind it. */
    public static int quote(byte[] plain, int from, int length, byte[] to, int at) {
        to[at] = '"';
        int n = escape(plain, from, length, to, at + 1);
        to[n] = '"';
        return n + 1;
    }

    /** Whether a name of this label text stands in quotes. Reads no further than the text, whatever it is. */
    public static boolean quotesNames(byte[] text, int offset, int length) {
        int end = offset + length;
        for (int i = offset; i < end; i++) {
            if (text[i] == '"') {
                return true;
            }
            while (i < end && text[i] != '=') {
                i++;
            }
            for (i += 2; i < end && text[i] != '"'; i++) {
                i += text[i] == '\\' ? 1 : 0;
            }
            i++;
        }
        return false;
    }
}
