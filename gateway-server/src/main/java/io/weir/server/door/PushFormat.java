package io.weir.server.door;

import io.weir.expose.ProtobufExposition;
import io.weir.expose.TextExposition;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/** The formats in which metrics are pushed, told by Content-Type. Any thread. */
enum PushFormat {
    /** Prometheus text 0.0.4, said so. */
    TEXT,
    /** Nothing that tells: text, or OpenMetrics when it ends like that. */
    UNTOLD,
    OPEN_METRICS,
    PROTOBUF;

    /** Why a Content-Type is not read here, for the answer 415. */
    static final String UNREADABLE =
            "application/vnd.google.protobuf is read with proto=io.prometheus.client.MetricFamily and encoding=delimited only";

    private static final byte[] EOF = "# EOF".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] TYPE = "# TYPE ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] COUNTER = " counter".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] TOTAL = "_total".getBytes(StandardCharsets.US_ASCII);

    /** Under which protocol it is counted. */
    IngestMetrics.Protocol protocol() {
        return switch (this) {
            case TEXT, UNTOLD -> IngestMetrics.Protocol.TEXT;
            case OPEN_METRICS -> IngestMetrics.Protocol.OPENMETRICS;
            case PROTOBUF -> IngestMetrics.Protocol.PROTOBUF;
        };
    }

    /** The format a Content-Type names; null when it cannot be read. */
    static PushFormat of(String contentType) {
        if (contentType == null) {
            return UNTOLD;
        }
        // what client libraries send, before anything is taken apart
        if (contentType.equals(TextExposition.CONTENT_TYPE)) {
            return TEXT;
        }
        if (contentType.equals(ProtobufExposition.CONTENT_TYPE)) {
            return PROTOBUF;
        }
        return switch (mediaType(contentType)) {
            case "application/vnd.google.protobuf" ->
                "io.prometheus.client.MetricFamily".equals(parameter(contentType, "proto"))
                                && "delimited".equals(parameter(contentType, "encoding"))
                        ? PROTOBUF
                        : null;
            case "application/openmetrics-text" -> OPEN_METRICS;
            case "text/plain" -> "0.0.4".equals(parameter(contentType, "version")) ? TEXT : UNTOLD;
            default -> UNTOLD;
        };
    }

    /**
     * Whether the beginning of a body is enough to tell that it is text: it begins with no comment, which no OpenMetrics
     * that is more than text does, or the first counter it declares is named {@code x_total}, which in OpenMetrics would be
     * {@code x}. Looks at whole lines only.
     */
    static boolean tellsText(byte[] body, int offset, int length) {
        int end = offset + length;
        if (length > 0 && body[offset] != '#') {
            return true;
        }
        for (int start = offset; start < end; ) {
            int stop = start;
            while (stop < end && body[stop] != '\n') {
                stop++;
            }
            if (stop == end) {
                return false;
            }
            int name = start + TYPE.length;
            int nameEnd = stop - COUNTER.length;
            if (nameEnd > name
                    && Arrays.equals(body, start, name, TYPE, 0, TYPE.length)
                    && Arrays.equals(body, nameEnd, stop, COUNTER, 0, COUNTER.length)) {
                int total = nameEnd - TOTAL.length;
                return total > name && Arrays.equals(body, total, nameEnd, TOTAL, 0, TOTAL.length);
            }
            start = stop + 1;
        }
        return false;
    }

    /** Whether the last line of a body, white space behind it left aside, is {@code # EOF}. */
    static boolean endsLikeOpenMetrics(byte[] body, int offset, int length) {
        int end = offset + length;
        while (end > offset && body[end - 1] <= ' ') {
            end--;
        }
        int start = end - EOF.length;
        return start >= offset
                && (start == offset || body[start - 1] == '\n')
                && Arrays.equals(body, start, end, EOF, 0, EOF.length);
    }

    private static String mediaType(String contentType) {
        int semicolon = contentType.indexOf(';');
        String type = semicolon < 0 ? contentType : contentType.substring(0, semicolon);
        return type.trim().toLowerCase(Locale.ROOT);
    }

    /** Value of a parameter, without quotes; null when there is none. */
    private static String parameter(String contentType, String name) {
        String[] parts = contentType.split(";");
        for (int i = 1; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            if (equals > 0 && parts[i].substring(0, equals).trim().equalsIgnoreCase(name)) {
                String value = parts[i].substring(equals + 1).trim();
                boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
                return quoted ? value.substring(1, value.length() - 1) : value;
            }
        }
        return null;
    }
}
