package io.weir.server.door;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.weir.parse.NumberReader;
import java.io.IOException;

/** Reads how much a PATCH adds: {@code 5}, {@code 2.5} or {@code {"value":5}}. Any thread. */
final class Amount {
    private static final JsonFactory JSON = new JsonFactory();

    private Amount() {}

    /** The amount, or NaN when the body is none of the forms; an empty body means 1. */
    static double read(byte[] body, int length) {
        int from = 0;
        int end = length;
        while (from < end && body[from] <= ' ' && body[from] >= 0) {
            from++;
        }
        while (end > from && body[end - 1] <= ' ' && body[end - 1] >= 0) {
            end--;
        }
        if (from == end) {
            return 1;
        }
        if (body[from] == '{') {
            return json(body, from, end - from);
        }
        long bits = NumberReader.bits(body, from, end);
        return bits == NumberReader.INVALID ? Double.NaN : Double.longBitsToDouble(bits);
    }

    /** One object with exactly one member, {@code value}, a number. */
    private static double json(byte[] body, int offset, int length) {
        try (JsonParser parser = JSON.createParser(body, offset, length)) {
            boolean good = parser.nextToken() == JsonToken.START_OBJECT
                    && "value".equals(parser.nextFieldName())
                    && parser.nextToken().isNumeric();
            double value = good ? parser.getDoubleValue() : Double.NaN;
            good &= parser.nextToken() == JsonToken.END_OBJECT && parser.nextToken() == null;
            return good ? value : Double.NaN;
        } catch (IOException malformed) {
            return Double.NaN;
        }
    }
}
