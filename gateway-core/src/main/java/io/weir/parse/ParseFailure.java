package io.weir.parse;

import io.weir.sample.Code;

/**
 * Where and why input was refused. Immutable, any thread; made on the error path only.
 *
 * @param line counted from 1; 0 in a binary body, which has no lines
 * @param column counted from 1, in characters (UTF-8 sequences), so that it agrees with an editor; in a binary body the
 *     offset in bytes, from 0
 * @param text the line or a part of it around the column; bounded, safe to print (see {@link Excerpt})
 * @param detail what the code alone cannot say, such as both types of a conflict; may be empty
 */
public record ParseFailure(Code code, long line, int column, String text, String detail) {
    /** One line for people: {@code line 12 column 9: label value not closed, expected '"': foo{a="b 1}. */
    public String describe() {
        StringBuilder s = new StringBuilder(160);
        if (line > 0) {
            s.append("line ").append(line).append(" column ").append(column);
        } else {
            s.append("byte ").append(column);
        }
        s.append(": ").append(code.text());
        if (!detail.isEmpty()) {
            s.append(" (").append(detail).append(')');
        }
        if (!text.isEmpty()) {
            s.append(": ").append(text);
        }
        return s.toString();
    }
}
