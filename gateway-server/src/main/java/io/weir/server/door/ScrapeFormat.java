package io.weir.server.door;

import io.weir.expose.ExpositionFormat;
import java.util.Locale;

/**
 * The format of one scrape, as an Accept field asks for it: the highest {@code q}, of equals the first, JSON before all
 * that are equal to it; what is not known here is passed over, and text 0.0.4 is what remains. Any thread.
 *
 * <p>Source: Prometheus, "Content negotiation"; RFC 9110 12.5.1.
 *
 * @param contentType the version and the {@code escaping} that were asked for; names here are the same in all of them
 */
record ScrapeFormat(ExpositionFormat format, String contentType) {
    static final ScrapeFormat JSON = new ScrapeFormat(ExpositionFormat.JSON, ExpositionFormat.JSON.contentType());
    private static final ScrapeFormat TEXT = new ScrapeFormat(ExpositionFormat.TEXT, ExpositionFormat.TEXT.contentType());
    private static final int QUALITY_ONE = 1000;

    static ScrapeFormat of(String accept) {
        ScrapeFormat best = TEXT;
        int bestQuality = 0;
        if (accept == null) {
            return best;
        }
        for (String range : accept.split(",")) {
            String[] parts = range.split(";");
            int quality = quality(parts);
            if (quality < bestQuality || quality == 0) {
                continue;
            }
            ScrapeFormat format = format(parts);
            if (format != null && (quality > bestQuality || format.format == ExpositionFormat.JSON)) {
                best = format;
                bestQuality = quality;
            }
        }
        return best;
    }

    /** The format of one range; null when it is not known. */
    private static ScrapeFormat format(String[] parts) {
        String version = parameter(parts, "version");
        return switch (parts[0].trim().toLowerCase(Locale.ROOT)) {
            case "application/json" -> JSON;
            case "*/*", "text/*" -> TEXT;
            case "text/plain" -> version == null || version.equals("0.0.4")
                    ? escaped(ExpositionFormat.TEXT, ExpositionFormat.TEXT.contentType(), parts)
                    : version.equals("1.0.0")
                            ? escaped(ExpositionFormat.TEXT, "text/plain; version=1.0.0; charset=utf-8", parts)
                            : null;
            case "application/openmetrics-text" -> version == null || version.equals("0.0.1")
                    ? escaped(
                            ExpositionFormat.OPEN_METRICS,
                            "application/openmetrics-text; version=0.0.1; charset=utf-8",
                            parts)
                    : version.equals("1.0.0")
                            ? escaped(ExpositionFormat.OPEN_METRICS, ExpositionFormat.OPEN_METRICS.contentType(), parts)
                            : null;
            case "application/vnd.google.protobuf" ->
                "io.prometheus.client.MetricFamily".equals(parameter(parts, "proto"))
                                && "delimited".equals(parameter(parts, "encoding"))
                        ? escaped(ExpositionFormat.PROTOBUF, ExpositionFormat.PROTOBUF.contentType(), parts)
                        : null;
            default -> null;
        };
    }

    private static ScrapeFormat escaped(ExpositionFormat format, String contentType, String[] parts) {
        String escaping = parameter(parts, "escaping");
        boolean known = escaping != null
                && switch (escaping) {
                    case "allow-utf-8", "underscores", "dots", "values" -> true;
                    default -> false;
                };
        return new ScrapeFormat(format, known ? contentType + "; escaping=" + escaping : contentType);
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
