package io.weir.server.door;

/**
 * How many instructions the program of a regular expression can have at most, found before it is compiled: counted repetitions
 * within each other multiply, and a text of thirty bytes would fill any memory. Stateless.
 *
 * <p>What it takes for an instruction or a repetition may be none; it never misses one that is.
 */
final class RegexSize {
    private static final int DEPTH_MAX = 100;
    private static final long PER_ATOM = 2;
    /** Where products stop growing: more than anybody lets pass, and far from the end of a long. */
    private static final long MOST = 1 << 20;

    private final String text;
    private int at;

    private RegexSize(String text) {
        this.text = text;
    }

    /** An upper bound; {@link Long#MAX_VALUE} when groups are nested too deep to tell. */
    static long bound(String regex) {
        RegexSize size = new RegexSize(regex);
        long sum = 0;
        while (size.at < regex.length() && sum < MOST) {
            sum += size.sequence(0);
            // a parenthesis too many, which the compiler refuses
            size.at++;
        }
        return sum < MOST ? sum : Long.MAX_VALUE;
    }

    /** Up to the parenthesis that closes it. */
    private long sequence(int depth) {
        long sum = 2;
        while (at < text.length() && sum < MOST) {
            char c = text.charAt(at++);
            long atom = PER_ATOM;
            switch (c) {
                case ')' -> {
                    at--;
                    return sum;
                }
                case '(' -> {
                    if (depth == DEPTH_MAX) {
                        return MOST;
                    }
                    atom = PER_ATOM + sequence(depth + 1);
                    at++;
                }
                case '[' -> skipClass();
                case '\\' -> {
                    char escaped = at < text.length() ? text.charAt(at++) : 0;
                    if (escaped == 'Q') {
                        int end = text.indexOf("\\E", at);
                        int stop = end < 0 ? text.length() : end;
                        sum += PER_ATOM * (stop - at);
                        at = end < 0 ? stop : end + 2;
                    } else if (escaped == 'x' || escaped == 'p' || escaped == 'P') {
                        int close = at < text.length() && text.charAt(at) == '{' ? text.indexOf('}', at) : -1;
                        at = close < 0 ? at : close + 1;
                    }
                }
                default -> {}
            }
            sum += Math.min(MOST, atom) * repetitions();
        }
        return Math.min(MOST, sum);
    }

    private void skipClass() {
        // a bracket that comes first stands for itself
        at += at < text.length() && text.charAt(at) == '^' ? 1 : 0;
        at += at < text.length() && text.charAt(at) == ']' ? 1 : 0;
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == ']') {
                return;
            }
            if (c == '\\') {
                at++;
            } else if (text.startsWith("[:", at - 1)) {
                int end = text.indexOf(":]", at);
                at = end < 0 ? at : end + 2;
            }
        }
    }

    /** Product of all repetitions that follow; one when there is none. */
    private long repetitions() {
        long product = 1;
        while (at < text.length()) {
            char c = text.charAt(at);
            int close = c == '{' ? text.indexOf('}', at) : -1;
            if (c == '*' || c == '+' || c == '?') {
                product += 1;
                at++;
            } else if (close > 0 && close - at <= 12) {
                long most = 1;
                for (String number : text.substring(at + 1, close).split(",")) {
                    if (number.isEmpty() || !number.chars().allMatch(d -> d >= '0' && d <= '9')) {
                        return product;
                    }
                    most = Math.min(MOST, Math.max(most, Long.parseLong(number)));
                }
                product = Math.min(MOST, product * (most + 1));
                at = close + 1;
            } else {
                return product;
            }
        }
        return product;
    }
}
