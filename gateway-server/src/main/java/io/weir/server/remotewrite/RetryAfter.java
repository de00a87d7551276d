package io.weir.server.remotewrite;

import java.time.DateTimeException;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/** Reads the field {@code Retry-After}: seconds, or a date in one of the three forms. Source: RFC 9110 sections 10.2.3 and 5.6.7. */
final class RetryAfter {
    /** For a field that is absent or no delay. */
    static final long NONE = -1;

    private static final List<DateTimeFormatter> DATES = List.of(
            DateTimeFormatter.RFC_1123_DATE_TIME,
            DateTimeFormatter.ofPattern("EEEE, dd-MMM-yy HH:mm:ss 'GMT'", Locale.ENGLISH).withZone(ZoneOffset.UTC),
            DateTimeFormatter.ofPattern("EEE MMM ppd HH:mm:ss yyyy", Locale.ENGLISH).withZone(ZoneOffset.UTC));

    private RetryAfter() {}

    /** Milliseconds to wait from {@code nowMillis} on, 0 when the date has passed, or {@link #NONE}. */
    static long millis(String field, long nowMillis) {
        if (field == null) {
            return NONE;
        }
        String text = field.strip();
        if (!text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return text.length() > 9 ? Integer.MAX_VALUE * 1000L : Long.parseLong(text) * 1000;
        }
        for (DateTimeFormatter format : DATES) {
            try {
                return Math.max(0, ZonedDateTime.parse(text, format).toInstant().toEpochMilli() - nowMillis);
            } catch (DateTimeException e) {
                continue; // another form
            }
        }
        return NONE;
    }
}
