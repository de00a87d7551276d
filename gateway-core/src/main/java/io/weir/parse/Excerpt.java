package io.weir.parse;

/**
 * Cuts a short piece out of refused input and makes it safe to print in an answer, a log or a terminal: control bytes,
 * invalid UTF-8 and invisible or direction-changing characters appear as escapes. Any thread; error path only.
 */
public final class Excerpt {
    /** Longest excerpt in characters, escapes and dots included. */
    public static final int CHARACTERS = 80;

    private static final String DOTS = "...";

    private Excerpt() {}

    /** The bytes around {@code position} of {@code [start, end)}, which is one line without its newline. */
    public static String of(byte[] b, int start, int end, int position) {
        int from = start;
        if (position - start > CHARACTERS / 2) {
            from = position - CHARACTERS / 2;
            while (from < position && (b[from] & 0xc0) == 0x80) {
                from++;
            }
        }
        StringBuilder s = new StringBuilder(CHARACTERS);
        if (from > start) {
            s.append(DOTS);
        }
        int cut = s.length();
        for (int i = from; i < end; ) {
            int size = Utf8.sequence(b, i, end);
            append(s, b, i, size);
            if (s.length() > CHARACTERS) {
                s.setLength(cut);
                return s.append(DOTS).toString();
            }
            cut = s.length() <= CHARACTERS - DOTS.length() ? s.length() : cut;
            i += Math.max(size, 1);
        }
        return s.toString();
    }

    private static void append(StringBuilder s, byte[] b, int i, int size) {
        if (size == 0) {
            s.append(String.format("\\x%02x", b[i] & 0xff));
            return;
        }
        int c = Utf8.codePoint(b, i, size);
        if (c == '\t') {
            s.append("\\t");
        } else if (c == '\n') {
            s.append("\\n");
        } else if (c == '\r') {
            s.append("\\r");
        } else if (c < 0x20 || c == 0x7f) {
            s.append(String.format("\\x%02x", c));
        } else if (isInvisible(c)) {
            s.append(c < 0x10000 ? String.format("\\u%04x", c) : String.format("\\U%08x", c));
        } else {
            s.appendCodePoint(c);
        }
    }

    private static boolean isInvisible(int c) {
        if (c < 0x80) {
            return false;
        }
        int type = Character.getType(c);
        return type == Character.CONTROL
                || type == Character.FORMAT
                || type == Character.LINE_SEPARATOR
                || type == Character.PARAGRAPH_SEPARATOR
                || type == Character.UNASSIGNED
                || type == Character.PRIVATE_USE;
    }
}
