package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.server.http.Answer;
import java.util.ArrayList;
import java.util.List;

/**
 * How the InfluxDB whose path was used words its errors. Any thread.
 *
 * <p>1.x: {@code {"error":"..."}}, and the same in a field {@code X-Influxdb-Error}. 2.x and Cloud: {@code
 * {"code":"invalid","message":"..."}}, {@code line} when one is to blame, and the code in {@code X-Platform-Error-Code}.
 * Source: influxdb 1.11 services/httpd, 2.7 kit/transport/http.
 */
enum InfluxVersion {
    V1 {
        @Override
        Answer error(int status, String message, long line, String... headers) {
            List<String> fields = new ArrayList<>(List.of(headers));
            fields.add("X-Influxdb-Error");
            fields.add(visible(message));
            return json(status, "{\"error\":" + quote(message) + "}\n", fields);
        }
    },
    V2 {
        @Override
        Answer error(int status, String message, long line, String... headers) {
            String code = code(status);
            List<String> fields = new ArrayList<>(List.of(headers));
            fields.add("X-Platform-Error-Code");
            fields.add(code);
            return json(status, "{\"code\":" + quote(code) + ",\"message\":" + quote(message)
                    + (line > 0 ? ",\"line\":" + line : "") + "}\n", fields);
        }
    };

    /** Longest {@code X-Influxdb-Error}, in characters. */
    private static final int HEADER_MAX = 1024;

    /**
     * Encodes an error.
     *
     * @param line the first bad line of the body, 0 for none
     * @param headers names and values alternately
     */
    abstract Answer error(int status, String message, long line, String... headers);

    /** A string as JSON has it. */
    static String quote(String text) {
        StringBuilder json = new StringBuilder(text.length() + 16).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c == '\n') {
                json.append("\\n");
            } else if (c < 0x20 || c >= 0x7f && c < 0xa0) {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        return json.append('"').toString();
    }

    private static Answer json(int status, String body, List<String> headers) {
        return Answer.of(status, Answer.JSON, body.getBytes(UTF_8), headers.toArray(new String[0]));
    }

    private static String visible(String message) {
        StringBuilder field = new StringBuilder(message.substring(0, Math.min(message.length(), HEADER_MAX)));
        for (int i = 0; i < field.length(); i++) {
            char c = field.charAt(i);
            if (c < 0x20 || c > 0x7e) {
                field.setCharAt(i, c == '\n' ? ' ' : '?');
            }
        }
        return field.toString();
    }

    private static String code(int status) {
        return switch (status) {
            case 400 -> "invalid";
            case 413 -> "request too large";
            case 429 -> "too many requests";
            case 503 -> "unavailable";
            default -> "internal error";
        };
    }
}
