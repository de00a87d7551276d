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

    private GroupSeries() {}

    /** Whether a family of this name is kept for groups; it can be a gauge only. */
    static boolean isName(byte[] buffer, int offset, int length) {
        return length == PUSHED.length && Arrays.equals(buffer, offset, offset + length, PUSHED, 0, length)
                || length == FAILED.length && Arrays.equals(buffer, offset, offset + length, FAILED, 0, length);
    }
}
