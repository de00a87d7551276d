package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.weir.store.Selectors;
import io.weir.store.Selectors.Condition;
import io.weir.store.Selectors.ValueTest;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Reads series selectors as Prometheus has them: {@code name{a="b",c!="d",e=~"re",f!~"re"}}, also with names in quotes, {@code
 * {"a name","a label"="b"}}. One thread.
 *
 * <p>Regular expressions are those of RE2, match the whole value, and {@code .} is any character. They take time in proportion
 * to the value, whatever they are; {@link #REGEX_BYTES_MAX} and {@link #PROGRAM_MAX} bound the proportion. A selector that
 * every series would match for want of labels is refused.
 *
 * <p>Source: Prometheus, "Querying basics" (time series selectors, string literals) and {@code promql/parser}.
 */
final class SelectorText {
    /** Characters of a regular expression. */
    static final int REGEX_BYTES_MAX = 1024;

    /** Instructions of its program. */
    static final int PROGRAM_MAX = 2000;

    private static final int CONDITIONS_MAX = 64;
    private static final Set<String> OPERATORS = Set.of("=", "!=", "=~", "!~");
    private static final byte[] NO_VALUE = {};

    /** A selector cannot be read. */
    static final class BadSelector extends Exception {
        private static final long serialVersionUID = 1;

        BadSelector(String message) {
            super(message, null, false, false);
        }
    }

    private final String text;
    private final List<Condition> conditions = new ArrayList<>();
    private boolean named;
    private int at;

    private SelectorText(String text) {
        this.text = text;
    }

    /** The union of some selectors. */
    static Selectors read(List<String> selectors) throws BadSelector {
        if (selectors.size() > Selectors.ALTERNATIVES_MAX) {
            throw new BadSelector("more selectors than the limit (" + Selectors.ALTERNATIVES_MAX + ")");
        }
        List<List<Condition>> alternatives = new ArrayList<>();
        for (String selector : selectors) {
            alternatives.add(new SelectorText(selector).selector());
        }
        return new Selectors(alternatives);
    }

    private List<Condition> selector() throws BadSelector {
        blanks();
        int begin = at;
        while (at < text.length() && isNamePart(text.charAt(at), at > begin, true)) {
            at++;
        }
        if (at > begin) {
            name(text.substring(begin, at), begin);
        }
        blanks();
        if (at < text.length() && text.charAt(at) == '{') {
            at++;
            braces();
            blanks();
        }
        if (at < text.length()) {
            throw bad(at, "unexpected " + quoted(at) + (conditions.isEmpty() ? ", a metric name or { comes first" : ""));
        }
        if (conditions.stream().allMatch(c -> c.test().accepts(NO_VALUE, 0, 0))) {
            throw new BadSelector("in match[]=" + text + ": a selector must have a name or a condition that an empty value does not"
                    + " meet, or it would choose everything; {__name__=~\".+\"} does that on purpose");
        }
        return conditions;
    }

    private void braces() throws BadSelector {
        for (boolean more = true; ; ) {
            blanks();
            if (at == text.length()) {
                throw bad(at, "} is missing");
            }
            if (text.charAt(at) == '}') {
                at++;
                return;
            }
            if (!more) {
                throw bad(at, "unexpected " + quoted(at) + ", a comma or } comes here");
            }
            condition();
            blanks();
            more = at < text.length() && text.charAt(at) == ',';
            at += more ? 1 : 0;
        }
    }

    private void condition() throws BadSelector {
        int begin = at;
        String label = isQuote(text.charAt(at)) ? string() : labelName();
        blanks();
        if (begin < text.length() && isQuote(text.charAt(begin)) && (at == text.length() || ",}".indexOf(text.charAt(at)) >= 0)) {
            name(label, begin);
            return;
        }
        int from = at;
        while (at < text.length() && "=!~".indexOf(text.charAt(at)) >= 0 && at - from < 2) {
            at++;
        }
        String operator = text.substring(from, at);
        if (!OPERATORS.contains(operator)) {
            throw bad(from, "one of =, !=, =~ and !~ comes after a label name"
                    + (from < text.length() ? ", not " + quoted(from) : ""));
        }
        blanks();
        int valueAt = at;
        if (at == text.length() || !isQuote(text.charAt(at))) {
            throw bad(at, "a value in quotes comes after " + operator);
        }
        String value = string();
        boolean isName = label.equals("__name__");
        if (isName && operator.equals("=")) {
            name(value, valueAt);
            return;
        }
        ValueTest test = switch (operator) {
            case "=" -> equal(value);
            case "!=" -> not(equal(value));
            case "=~" -> regex(value, valueAt);
            default -> not(regex(value, valueAt));
        };
        add(isName ? null : label, test, begin);
    }

    private void name(String name, int column) throws BadSelector {
        if (named) {
            throw bad(column, "the metric name is given twice");
        }
        if (name.isEmpty()) {
            throw bad(column, "the metric name is empty");
        }
        named = true;
        add(null, equal(name), column);
    }

    private void add(String label, ValueTest test, int column) throws BadSelector {
        if (conditions.size() == CONDITIONS_MAX) {
            throw bad(column, "more conditions than the limit (" + CONDITIONS_MAX + ")");
        }
        conditions.add(new Condition(label == null ? null : label.getBytes(UTF_8), test));
    }

    private String labelName() throws BadSelector {
        int begin = at;
        while (at < text.length() && isNamePart(text.charAt(at), at > begin, false)) {
            at++;
        }
        if (at == begin) {
            throw bad(at, "a label name comes here, not " + quoted(at));
        }
        return text.substring(begin, at);
    }

    // ---- string literals

    private String string() throws BadSelector {
        int begin = at;
        char quote = text.charAt(at++);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        while (true) {
            if (at == text.length()) {
                throw bad(begin, "this string has no end");
            }
            char c = text.charAt(at);
            if (c == quote) {
                at++;
                return utf8(bytes.toByteArray(), begin);
            }
            if (c == '\\' && quote != '`') {
                escape(bytes, quote);
            } else {
                int end = at + Character.charCount(text.codePointAt(at));
                bytes.writeBytes(text.substring(at, end).getBytes(UTF_8));
                at = end;
            }
        }
    }

    private void escape(ByteArrayOutputStream to, char quote) throws BadSelector {
        int begin = at++;
        char c = at < text.length() ? text.charAt(at++) : 0;
        int simple = "abfnrtv\\".indexOf(c);
        if (simple >= 0) {
            to.write("\u0007\b\f\n\r\t\u000b\\".charAt(simple));
        } else if (c == quote) {
            to.write(c);
        } else if (c == 'x') {
            to.write(digits(begin, 2, 16));
        } else if (c >= '0' && c <= '7') {
            at--;
            int value = digits(begin, 3, 8);
            if (value > 255) {
                throw bad(begin, "unknown escape sequence");
            }
            to.write(value);
        } else if (c == 'u' || c == 'U') {
            int point = digits(begin, c == 'u' ? 4 : 8, 16);
            if (!Character.isValidCodePoint(point) || point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
                throw bad(begin, "no character has this number");
            }
            to.writeBytes(Character.toString(point).getBytes(UTF_8));
        } else {
            throw bad(begin, "unknown escape sequence");
        }
    }

    private int digits(int begin, int count, int radix) throws BadSelector {
        long value = 0;
        for (int i = 0; i < count; i++) {
            int digit = at < text.length() && text.charAt(at) < 128 ? Character.digit(text.charAt(at), radix) : -1;
            if (digit < 0) {
                throw bad(begin, "unknown escape sequence");
            }
            value = value * radix + digit;
            at++;
        }
        return value > Integer.MAX_VALUE ? -1 : (int) value;
    }

    private String utf8(byte[] bytes, int begin) throws BadSelector {
        try {
            CharBuffer chars = UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return chars.toString();
        } catch (CharacterCodingException e) {
            throw bad(begin, "this string is not UTF-8");
        }
    }

    // ---- tests of values

    private static ValueTest equal(String value) {
        byte[] wanted = value.getBytes(UTF_8);
        return (bytes, offset, length) -> Arrays.equals(bytes, offset, offset + length, wanted, 0, wanted.length);
    }

    private static ValueTest not(ValueTest test) {
        return (bytes, offset, length) -> !test.accepts(bytes, offset, length);
    }

    private ValueTest regex(String regex, int column) throws BadSelector {
        if (regex.length() > REGEX_BYTES_MAX) {
            throw bad(column, "a regular expression longer than the limit (" + REGEX_BYTES_MAX + " characters)");
        }
        if (RegexSize.bound(regex) > (long) PROGRAM_MAX * 8) {
            throw tooLarge(column);
        }
        Pattern pattern;
        try {
            pattern = Pattern.compile(regex, Pattern.DOTALL);
        } catch (PatternSyntaxException e) {
            throw bad(column, "no regular expression of RE2: " + e.getDescription() + " in "
                    + e.getPattern().replaceFirst("^\\(\\?s\\)", ""));
        }
        if (pattern.programSize() > PROGRAM_MAX) {
            throw tooLarge(column);
        }
        Matcher matcher = pattern.matcher(NO_VALUE);
        return (bytes, offset, length) ->
                matcher.reset(Arrays.copyOfRange(bytes, offset, offset + length)).matches();
    }

    private BadSelector tooLarge(int column) {
        return bad(column, "a regular expression of more than " + PROGRAM_MAX + " steps; write fewer repetitions");
    }

    // ---- characters

    private void blanks() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private static boolean isQuote(char c) {
        return c == '"' || c == '\'' || c == '`';
    }

    private static boolean isNamePart(char c, boolean digits, boolean colons) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' && colons || c >= '0' && c <= '9' && digits;
    }

    private String quoted(int index) {
        int end = index + Character.charCount(text.codePointAt(index));
        return "\"" + text.substring(index, end) + "\"";
    }

    private BadSelector bad(int index, String what) {
        return new BadSelector("in match[]=" + text + ": column " + (text.codePointCount(0, index) + 1) + ": " + what);
    }
}
