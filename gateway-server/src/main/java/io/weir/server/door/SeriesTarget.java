package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.sample.MetricNames;
import io.weir.parse.Utf8;
import io.weir.sample.Limits;
import io.weir.server.http.Percent;
import io.weir.server.http.QueryReader;
import io.weir.server.http.Request;

/**
 * Name and labels as PATCH and DELETE give them: {@code /metrics/{name}?label=value}. Percent-decoding is strict. What
 * Prometheus does not allow in a name is left out of it, case stays; of a label given twice the last value counts. Event
 * loop only, used again; spans are valid until the next {@link #read}.
 */
final class SeriesTarget {
    private static final String PLACE = "in the request target: ";

    private final Limits limits;
    private final byte[] bytes;
    private final int[] spans;
    private int labels;
    private int nameLength;

    SeriesTarget(Limits limits) {
        this.limits = limits;
        this.bytes = new byte[2 * limits.uriBytes()];
        this.spans = new int[4 * limits.queryParameters()];
    }

    /** Takes the target of a request apart; null, or what is wrong with it. */
    String read(Request request) {
        labels = 0;
        String target = request.target();
        int pathEnd = request.path().length();
        int slash = target.indexOf('/', request.restAt());
        if (slash >= 0 && slash < pathEnd - 1) {
            return PLACE + "expected one metric name behind /metrics/, without '/' in it";
        }
        int end = Percent.decode(target, request.restAt(), pathEnd, false, bytes, 0);
        if (end < 0) {
            return PLACE + "'%' must be followed by two hexadecimal digits";
        }
        nameLength = keepLegal(0, end, true);
        if (nameLength == 0) {
            return PLACE + "expected a metric name [a-zA-Z_:][a-zA-Z0-9_:]* behind /metrics/";
        }
        if (nameLength > limits.nameBytes()) {
            return PLACE + "metric name longer than the limit (" + limits.nameBytes() + " bytes)";
        }
        if (pathEnd == target.length()) {
            return null;
        }
        int at = end;
        QueryReader query = new QueryReader(target, pathEnd + 1);
        while (query.next()) {
            int nameEnd = query.name(bytes, at);
            int length = nameEnd < 0 ? -1 : keepLegal(at, nameEnd, false);
            int valueEnd = length < 0 ? -1 : query.value(bytes, at + length);
            if (valueEnd < 0) {
                return PLACE + "'%' must be followed by two hexadecimal digits";
            }
            if (length == 0) {
                return PLACE + "expected a label name [a-zA-Z_][a-zA-Z0-9_]*";
            }
            if (MetricNames.isReservedLabel(bytes, at, at + length)) {
                return PLACE + "label names that begin with '__' are reserved: " + text(at, length);
            }
            if (!Utf8.isValid(bytes, at + length, valueEnd)) {
                return PLACE + "invalid UTF-8 in the value of label " + text(at, length);
            }
            add(at, length, at + length, valueEnd - at - length);
            at = valueEnd;
        }
        return null;
    }

    byte[] bytes() {
        return bytes;
    }

    /** The name begins at 0. */
    int nameLength() {
        return nameLength;
    }

    int labels() {
        return labels;
    }

    int labelOffset(int i) {
        return spans[4 * i];
    }

    int labelLength(int i) {
        return spans[4 * i + 1];
    }

    int valueOffset(int i) {
        return spans[4 * i + 2];
    }

    int valueLength(int i) {
        return spans[4 * i + 3];
    }

    private void add(int name, int length, int value, int valueLength) {
        int i = 0;
        while (i < labels && !same(name, length, i)) {
            i++;
        }
        labels += i == labels ? 1 : 0;
        spans[4 * i] = name;
        spans[4 * i + 1] = length;
        spans[4 * i + 2] = value;
        spans[4 * i + 3] = valueLength;
    }

    private boolean same(int name, int length, int label) {
        int other = labelOffset(label);
        return java.util.Arrays.equals(bytes, name, name + length, bytes, other, other + labelLength(label));
    }

    /** Moves the runs that are legal names together, in place; their length. */
    private int keepLegal(int from, int end, boolean metric) {
        int at = from;
        for (int i = from; i < end; ) {
            int stop = metric ? MetricNames.metricNameEnd(bytes, i, end) : MetricNames.labelNameEnd(bytes, i, end);
            if (stop > i) {
                System.arraycopy(bytes, i, bytes, at, stop - i);
                at += stop - i;
                i = stop;
            } else {
                i++;
            }
        }
        return at - from;
    }

    private String text(int offset, int length) {
        return new String(bytes, offset, length, UTF_8);
    }
}
