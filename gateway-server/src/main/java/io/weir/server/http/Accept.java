package io.weir.server.http;

/** Reads the list fields {@code Accept} and {@code Accept-Encoding} (RFC 9110 12.5). Any thread. */
final class Accept {
    private Accept() {}

    /** Whether an element is {@code wanted} (any case) and its {@code q} is not zero. */
    static boolean names(String field, String wanted) {
        if (field == null) {
            return false;
        }
        for (int at = 0; at < field.length(); ) {
            int comma = field.indexOf(',', at);
            int end = comma < 0 ? field.length() : comma;
            if (element(field, at, end, wanted)) {
                return true;
            }
            at = end + 1;
        }
        return false;
    }

    private static boolean element(String field, int from, int end, String wanted) {
        int semicolon = field.indexOf(';', from);
        int nameEnd = semicolon < 0 || semicolon > end ? end : semicolon;
        String name = field.substring(from, nameEnd).trim();
        if (!name.equalsIgnoreCase(wanted)) {
            return false;
        }
        String parameters = field.substring(nameEnd, end).replace(" ", "");
        int q = parameters.indexOf(";q=");
        if (q < 0) {
            return true;
        }
        for (int i = q + 3; i < parameters.length() && parameters.charAt(i) != ';'; i++) {
            char c = parameters.charAt(i);
            if (c >= '1' && c <= '9') {
                return true;
            }
        }
        return false;
    }
}
