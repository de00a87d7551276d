package io.weir.server.door;

import io.weir.expose.ExpositionFormat;
import io.weir.expose.NameEscaping;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * The format of one scrape, as an Accept field asks for it: the highest {@code q}, of equals the first, JSON before all
 * that are equal to it; what is not known here is passed over, and text 0.0.4 is what remains. Any thread.
 *
 * <p>Source: Prometheus, "Content negotiation"; prometheus/common {@code expfmt.NegotiateIncludingOpenMetrics}, of which it
 * has that an {@code escaping} holds for all ranges behind its own; RFC 9110 12.5.1.
 *
 * @param names the form that names get, underscores unless asked for another
 * @param contentType with the version and the {@code escaping}
 */
record ScrapeFormat(ExpositionFormat format, NameEscaping names, String contentType) {
    static final ScrapeFormat JSON =
            new ScrapeFormat(ExpositionFormat.JSON, NameEscaping.NONE, ExpositionFormat.JSON.contentType());
    private static final int QUALITY_ONE = 1000;

    private record Range(String[] parts, int quality) {
        String type() {
            return parts[0].trim().toLowerCase(Locale.ROOT);
        }

        boolean isJson() {
            return type().equals("application/json");
        }
    }

    static ScrapeFormat of(String accept) {
        List<Range> ranges = new ArrayList<>();
        for (String range : accept == null ? new String[0] : accept.split(",")) {
            String[] parts = range.split(";");
            int quality = parts.length == 0 ? 0 : quality(parts);
            if (quality > 0) {
                ranges.add(new Range(parts, quality));
            }
        }
        ranges.sort(Comparator.comparingInt(Range::quality).reversed().thenComparing(Range::isJson, Comparator.reverseOrder()));
        NameEscaping names = NameEscaping.UNDERSCORES;
        for (Range range : ranges) {
            NameEscaping asked = NameEscaping.of(parameter(range.parts, "escaping"));
            names = asked == null ? names : asked;
            ScrapeFormat format = format(range, names);
            if (format != null) {
                return format;
            }
        }
        return escaped(ExpositionFormat.TEXT, names, ExpositionFormat.TEXT.contentType());
    }

    /** The format of one range; null when it is not known. */
    private static ScrapeFormat format(Range range, NameEscaping names) {
        String version = parameter(range.parts, "version");
        return switch (range.type()) {
            case "application/json" -> JSON;
            case "*/*", "text/*" -> escaped(ExpositionFormat.TEXT, names, ExpositionFormat.TEXT.contentType());
            case "text/plain" -> version == null || version.equals("0.0.4")
                    ? escaped(ExpositionFormat.TEXT, names, ExpositionFormat.TEXT.contentType())
                    : version.equals("1.0.0")
                            ? escaped(ExpositionFormat.TEXT, names, "text/plain; version=1.0.0; charset=utf-8")
                            : null;
            case "application/openmetrics-text" -> version == null || version.equals("0.0.1")
                    ? escaped(
                            ExpositionFormat.OPEN_METRICS,
                            names,
                            "application/openmetrics-text; version=0.0.1; charset=utf-8")
                    : version.equals("1.0.0")
                            ? escaped(ExpositionFormat.OPEN_METRICS, names, ExpositionFormat.OPEN_METRICS.contentType())
                            : null;
            case "application/vnd.google.protobuf" ->
                "io.prometheus.client.MetricFamily".equals(parameter(range.parts, "proto"))
                                && "delimited".equals(parameter(range.parts, "encoding"))
                        ? escaped(ExpositionFormat.PROTOBUF, names, ExpositionFormat.PROTOBUF.contentType())
                        : null;
            default -> null;
        };
    }

    private static ScrapeFormat escaped(ExpositionFormat format, NameEscaping names, String contentType) {
        return new ScrapeFormat(format, names, contentType + "; escaping=" + names.token());
    }

    private static String parameter(String[] parts, String name) {
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

    /** In thousandths; what is not a quality counts as none given. */
    private static int quality(String[] parts) {
        String q = parameter(parts, "q");
        if (q == null || !q.matches("[01](\\.[0-9]{0,3})?")) {
            return QUALITY_ONE;
        }
        return Math.min(QUALITY_ONE, (int) Math.round(Double.parseDouble(q) * QUALITY_ONE));
    }
}
