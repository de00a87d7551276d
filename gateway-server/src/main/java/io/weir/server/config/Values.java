package io.weir.server.config;

import io.weir.server.http.AllowedHosts;
import io.weir.server.remotewrite.RemoteWriteConfig.Header;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** The text forms of option values, read and written. Every reader throws {@link BadValue} with what it expected. */
final class Values {
    private static final String DURATION_FORM = "a duration such as 15s, 5m, 1h30m or 500ms";
    private static final String SIZE_FORM = "a size such as 16MiB, 64KiB, 1GB or 4096";
    private static final String[] DURATION_UNITS = {"d", "h", "m", "s", "ms"};
    private static final long[] DURATION_MILLIS = {86_400_000, 3_600_000, 60_000, 1_000, 1};
    private static final int DIGITS_MAX = 18;

    private Values() {}

    /** Whole numbers with units {@code d h m s ms}, larger units first, each at most once. */
    static Duration duration(String text) throws BadValue {
        int at = 0;
        int unitNext = 0;
        long millis = 0;
        while (at < text.length()) {
            int digits = at;
            while (at < text.length() && isDigit(text.charAt(at))) {
                at++;
            }
            int letters = at;
            while (at < text.length() && !isDigit(text.charAt(at))) {
                at++;
            }
            if (letters == digits || letters - digits > DIGITS_MAX) {
                throw new BadValue(DURATION_FORM);
            }
            int unit = indexOf(DURATION_UNITS, text.substring(letters, at), unitNext);
            unitNext = unit + 1;
            try {
                long amount = Long.parseLong(text.substring(digits, letters));
                millis = Math.addExact(millis, Math.multiplyExact(amount, DURATION_MILLIS[unit]));
            } catch (ArithmeticException e) {
                throw new BadValue(DURATION_FORM);
            }
        }
        if (unitNext == 0) {
            throw new BadValue(DURATION_FORM);
        }
        return Duration.ofMillis(millis);
    }

    private static int indexOf(String[] units, String unit, int from) throws BadValue {
        for (int i = from; i < units.length; i++) {
            if (units[i].equals(unit)) {
                return i;
            }
        }
        throw new BadValue(DURATION_FORM);
    }

    static String format(Duration duration) {
        long rest = duration.toMillis();
        if (rest == 0) {
            return "0s";
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < DURATION_UNITS.length; i++) {
            if (rest >= DURATION_MILLIS[i]) {
                text.append(rest / DURATION_MILLIS[i]).append(DURATION_UNITS[i]);
                rest %= DURATION_MILLIS[i];
            }
        }
        return text.toString();
    }

    /**
     * Bytes: {@code KiB MiB GiB} and the short {@code k m g} count by 1024, {@code kB MB GB} by 1000, a bare number or
     * {@code B} is bytes. Upper and lower case are the same.
     */
    static long size(String text) throws BadValue {
        int letters = 0;
        while (letters < text.length() && isDigit(text.charAt(letters))) {
            letters++;
        }
        if (letters == 0 || letters > DIGITS_MAX) {
            throw new BadValue(SIZE_FORM);
        }
        long unit = switch (text.substring(letters).toLowerCase(Locale.ROOT)) {
            case "", "b" -> 1;
            case "k", "kib" -> 1L << 10;
            case "m", "mib" -> 1L << 20;
            case "g", "gib" -> 1L << 30;
            case "kb" -> 1_000;
            case "mb" -> 1_000_000;
            case "gb" -> 1_000_000_000;
            default -> throw new BadValue(SIZE_FORM);
        };
        try {
            return Math.multiplyExact(Long.parseLong(text.substring(0, letters)), unit);
        } catch (ArithmeticException e) {
            throw new BadValue(SIZE_FORM);
        }
    }

    static String formatSize(long bytes) {
        if (bytes > 0 && bytes % (1L << 30) == 0) {
            return (bytes >> 30) + "GiB";
        }
        if (bytes > 0 && bytes % (1L << 20) == 0) {
            return (bytes >> 20) + "MiB";
        }
        return bytes > 0 && bytes % (1L << 10) == 0 ? (bytes >> 10) + "KiB" : Long.toString(bytes);
    }

    /** Decimal digits, with {@code _} allowed between them. */
    static int integer(String text, long min, long max) throws BadValue {
        String digits = text.replace("_", "");
        boolean good = !digits.isEmpty()
                && digits.length() <= DIGITS_MAX
                && digits.chars().allMatch(c -> c >= '0' && c <= '9')
                && isDigit(text.charAt(0));
        long value = good ? Long.parseLong(digits) : -1;
        if (!good || value < min || value > max) {
            throw new BadValue("a whole number from " + min + " to " + max);
        }
        return (int) value;
    }

    static boolean bool(String text) throws BadValue {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new BadValue("true or false");
        };
    }

    /** Absolute http or https, without credentials: those have options of their own, and a URL is printed in logs. */
    static URI url(String text) throws BadValue {
        URI url;
        try {
            url = new URI(text);
        } catch (URISyntaxException e) {
            throw new BadValue("a URL such as https://host/api/v1/write");
        }
        boolean http = "http".equalsIgnoreCase(url.getScheme()) || "https".equalsIgnoreCase(url.getScheme());
        if (!http || url.getHost() == null || url.getRawFragment() != null) {
            throw new BadValue("a URL such as https://host/api/v1/write");
        }
        if (url.getRawUserInfo() != null) {
            throw new BadValue("a URL without credentials (they have their own options: username, password-file)");
        }
        return url;
    }

    /** Hosts that requests may be for. */
    static AllowedHosts hosts(List<String> texts) throws BadValue {
        try {
            return AllowedHosts.of(texts);
        } catch (IllegalArgumentException e) {
            throw new BadValue("a host such as weir.example.org, *.example.org, localhost:9091 or [::1]");
        }
    }

    /** {@code /} alone is the empty prefix. */
    static String path(String text) throws BadValue {
        String path = text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
        boolean good = (path.isEmpty() || path.charAt(0) == '/' && !path.endsWith("/") && !path.contains("//"))
                && path.chars().allMatch(c -> c > ' ' && c <= '~' && "?#%\"<>\\^`{|}".indexOf(c) < 0);
        if (!good) {
            throw new BadValue("a path such as /weir");
        }
        return path;
    }

    /** {@code Name: value}. */
    static Header header(String text) throws BadValue {
        try {
            return Header.parse(text);
        } catch (IllegalArgumentException e) {
            throw new BadValue("a header such as 'X-Scope-OrgID: team-a'");
        }
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}
