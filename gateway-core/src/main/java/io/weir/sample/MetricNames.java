package io.weir.sample;

/**
 * Names that Prometheus' classic data model allows: metrics {@code [a-zA-Z_:][a-zA-Z0-9_:]*}, labels
 * {@code [a-zA-Z_][a-zA-Z0-9_]*}. Any thread; allocates nothing.
 */
public final class MetricNames {
    private static final byte METRIC_START = 1;
    private static final byte METRIC = 2;
    private static final byte LABEL_START = 4;
    private static final byte LABEL = 8;
    private static final byte[] KIND = new byte[256];

    static {
        for (int c = 0; c < 128; c++) {
            boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_';
            boolean digit = c >= '0' && c <= '9';
            KIND[c] = (byte) ((letter || c == ':' ? METRIC_START : 0)
                    | (letter || digit || c == ':' ? METRIC : 0)
                    | (letter ? LABEL_START : 0)
                    | (letter || digit ? LABEL : 0));
        }
    }

    private MetricNames() {}

    /** Index behind the longest metric name that starts at {@code offset}; {@code offset} itself when none does. */
    public static int metricNameEnd(byte[] b, int offset, int end) {
        return nameEnd(b, offset, end, METRIC_START, METRIC);
    }

    /** Index behind the longest label name that starts at {@code offset}; {@code offset} itself when none does. */
    public static int labelNameEnd(byte[] b, int offset, int end) {
        return nameEnd(b, offset, end, LABEL_START, LABEL);
    }

    public static boolean isMetricName(byte[] b, int offset, int end) {
        return offset < end && metricNameEnd(b, offset, end) == end;
    }

    public static boolean isLabelName(byte[] b, int offset, int end) {
        return offset < end && labelNameEnd(b, offset, end) == end;
    }

    /** Whether a label name is one that only the system itself may set: it begins with two underscores. */
    public static boolean isReservedLabel(byte[] b, int offset, int end) {
        return end - offset >= 2 && b[offset] == '_' && b[offset + 1] == '_';
    }

    /**
     * Writes a metric name in which each character that is not allowed (one UTF-8 sequence) has become {@code _}, behind
     * one more {@code _} when it would start with a digit.
     *
     * @param out room for one byte more than the name has
     * @return number of bytes written; 0 for an empty name
     */
    public static int sanitizeMetricName(byte[] b, int offset, int end, byte[] out, int at) {
        return sanitize(b, offset, end, out, at, METRIC_START, METRIC);
    }

    /** As {@link #sanitizeMetricName} for a label name. */
    public static int sanitizeLabelName(byte[] b, int offset, int end, byte[] out, int at) {
        return sanitize(b, offset, end, out, at, LABEL_START, LABEL);
    }

    private static int nameEnd(byte[] b, int offset, int end, byte start, byte part) {
        byte[] kind = KIND;
        if (offset >= end || (kind[b[offset] & 0xff] & start) == 0) {
            return offset;
        }
        int i = offset + 1;
        while (i < end && (kind[b[i] & 0xff] & part) != 0) {
            i++;
        }
        return i;
    }

    private static int sanitize(byte[] b, int offset, int end, byte[] out, int at, byte start, byte part) {
        int n = at;
        for (int i = offset; i < end; i++) {
            byte c = b[i];
            if ((KIND[c & 0xff] & part) != 0) {
                if (n == at && (KIND[c & 0xff] & start) == 0) {
                    out[n++] = '_';
                }
                out[n++] = c;
            } else if ((c & 0xc0) != 0x80 || i == offset) {
                out[n++] = '_';
            }
        }
        return n - at;
    }
}
