package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.expose.NumberWriter;
import io.weir.server.http.Answer;
import java.math.BigDecimal;
import java.util.Map;

/** What answers of {@code /api/v1} have in common with Pushgateway's: header fields, strings, numbers. Stateless. */
final class ApiAnswers {
    static final String[] FIELDS = {
        "Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin",
        "Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS",
        "Access-Control-Allow-Origin", "*",
        "Access-Control-Expose-Headers", "Date",
        "Cache-Control", "no-cache, no-store, must-revalidate",
    };

    /** Numbers of more digits before the point, or of so many zeros behind it, are written with an exponent. */
    private static final int PLAIN_DIGITS = 6;
    private static final int PLAIN_ZEROS = 4;

    private ApiAnswers() {}

    static Answer success(String data) {
        return Answer.of(200, Answer.JSON, ("{\"status\":\"success\",\"data\":" + data + "}").getBytes(UTF_8), FIELDS);
    }

    static void string(StringBuilder to, String text) {
        to.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> to.append('\\').append(c);
                case '\n' -> to.append("\\n");
                case '\r' -> to.append("\\r");
                case '\t' -> to.append("\\t");
                default -> {
                    if (c < 0x20 || c == '<' || c == '>' || c == '&' || c == '\u2028' || c == '\u2029') {
                        to.append(String.format("\\u%04x", (int) c));
                    } else {
                        to.append(c);
                    }
                }
            }
        }
        to.append('"');
    }

    static void strings(StringBuilder to, Map<String, String> map) {
        to.append('{');
        String between = "";
        for (Map.Entry<String, String> entry : map.entrySet()) {
            to.append(between);
            string(to, entry.getKey());
            to.append(':');
            string(to, entry.getValue());
            between = ",";
        }
        to.append('}');
    }

    /** A count, in quotes: all digits where it is a whole number, as Go's {@code %v} writes an integer. */
    static void count(StringBuilder to, double value) {
        if (value == Math.rint(value) && value <= 0x1p53) {
            to.append('"').append((long) value).append('"');
        } else {
            number(to, value);
        }
    }

    /** A number as Go's {@code %v} writes it, in quotes: the shortest digits, {@code 1.5e+06}. */
    static void number(StringBuilder to, double value) {
        byte[] bytes = new byte[NumberWriter.BYTES_MAX];
        String text = new String(bytes, 0, NumberWriter.write(value, bytes, 0), UTF_8);
        if (Double.isFinite(value) && value != 0) {
            BigDecimal decimal = new BigDecimal(text).stripTrailingZeros();
            int exponent = decimal.precision() - decimal.scale() - 1;
            if (exponent < -PLAIN_ZEROS || exponent >= PLAIN_DIGITS) {
                String digits = decimal.unscaledValue().abs().toString();
                text = (value < 0 ? "-" : "") + digits.charAt(0) + (digits.length() > 1 ? "." + digits.substring(1) : "")
                        + 'e' + (exponent < 0 ? '-' : '+') + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
            } else {
                text = decimal.toPlainString();
            }
        }
        to.append('"').append(text).append('"');
    }
}
