package io.weir.server.door;

import java.util.Locale;

/** The formats in which metrics are pushed, told by Content-Type. Any thread. */
enum PushFormat {
    TEXT,
    PROTOBUF;

    /** Why a Content-Type is not read here, for the answer 415. */
    static final String UNREADABLE =
            "application/vnd.google.protobuf is read with proto=io.prometheus.client.MetricFamily and encoding=delimited only";

    /** The format a Content-Type names, text when it names none that is known; null when it cannot be read. */
    static PushFormat of(String contentType) {
        if (contentType == null || !mediaType(contentType).equals("application/vnd.google.protobuf")) {
            return TEXT;
        }
        return "io.prometheus.client.MetricFamily".equals(parameter(contentType, "proto"))
                        && "delimited".equals(parameter(contentType, "encoding"))
                ? PROTOBUF
                : null;
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
