package io.weir.server.http;

/** Reads the list fields {@code Accept} and {@code Accept-Encoding} (RFC 9110 12.5). Any thread. */
final class Accept {
    private Accept() {}

    /** Whether an element is {@code wanted} (any case) and its {@code q} is not zero. */
    static boolean names(String field, String wanted) {
        return quality(field, wanted) > 0;
    }

    /** The {@code q} of the first element that is {@code wanted} (any case), in thousandths; 0 when there is none. */
    static int quality(String field, String wanted) {
        if (field == null) {
            return 0;
        }
        for (int at = 0; at < field.length(); ) {
            int comma = field.indexOf(',', at);
            int end = comma < 0 ? field.length() : comma;
            int semicolon = field.indexOf(';', at);
            int nameEnd = semicolon < 0 || semicolon > end ? end : semicolon;
            if (isTrimmed(field, at, nameEnd, wanted)) {
                return quality(field.substring(nameEnd, end).replace(" ", ""));
            }
            at = end + 1;
        }
        return 0;
    }

    /** Whether a span is this text, in any case and with blanks around it; without a string of its own, since each PATCH asks. */
    private static boolean isTrimmed(String field, int from, int to, String wanted) {
        int begin = from;
        int end = to;
        while (begin < end && field.charAt(begin) <= ' ') {
            begin++;
        }
        while (end > begin && field.charAt(end - 1) <= ' ') {
            end--;
        }
        return end - begin == wanted.length() && field.regionMatches(true, begin, wanted, 0, wanted.length());
    }

    private static int quality(String parameters) {
        int q = parameters.indexOf(";q=");
        if (q < 0) {
            return 1000;
        }
        int thousandths = 0;
        int worth = 1000;
        for (int i = q + 3; i < parameters.length() && parameters.charAt(i) != ';'; i++) {
            char c = parameters.charAt(i);
            if (c >= '0' && c <= '9') {
                thousandths += (c - '0') * worth;
                worth /= 10;
            }
        }
        return Math.min(thousandths, 1000);
    }
}
