package io.weir.ingest;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;

/** The series that tell of a group itself, as Pushgateway names them. Stateless. */
final class GroupSeries {
    static final byte[] PUSHED = "push_time_seconds".getBytes(US_ASCII);
    static final byte[] FAILED = "push_failure_time_seconds".getBytes(US_ASCII);
    static final byte[] PUSHED_HELP =
            "Last Unix time when changing this group in the Pushgateway succeeded.".getBytes(US_ASCII);
    static final byte[] FAILED_HELP =
            "Last Unix time when changing this group in the Pushgateway failed.".getBytes(US_ASCII);

    /** Not Pushgateway's: how long after its last push a group ends; there only where a push has said so. */
    static final byte[] TTL = "push_ttl_seconds".getBytes(US_ASCII);

    static final byte[] TTL_HELP = "Seconds after its last push when this group ends.".getBytes(US_ASCII);

    private GroupSeries() {}

    /** Whether a family of this name is kept for groups; it can be a gauge only. */
    static boolean isName(byte[] buffer, int offset, int length) {
        return is(PUSHED, buffer, offset, length) || is(FAILED, buffer, offset, length) || is(TTL, buffer, offset, length);
    }

    static boolean is(byte[] name, byte[] buffer, int offset, int length) {
        return length == name.length && Arrays.equals(buffer, offset, offset + length, name, 0, length);
    }
}
