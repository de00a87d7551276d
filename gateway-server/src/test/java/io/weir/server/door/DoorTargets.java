package io.weir.server.door;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.weir.fuzz.FuzzTarget;
import java.util.Arrays;
import java.util.List;

/** What doors read besides metrics. */
public final class DoorTargets {
    private DoorTargets() {}

    public static List<FuzzTarget> all() {
        return List.of(new Amounts());
    }

    /** Bodies of a PATCH. */
    private static final class Amounts implements FuzzTarget {
        @Override
        public String name() {
            return "amount";
        }

        @Override
        public int weight() {
            return 80;
        }

        @Override
        public int bytesMax() {
            return 120;
        }

        @Override
        public List<byte[]> seeds() {
            return bytes("5", "2.5", " \n-1e3\t", "{\"value\":5}", " { \"value\" : 2.5e-3 } \n", "{\"value\":5,\"x\":[{}]}", "");
        }

        @Override
        public List<byte[]> words() {
            return bytes("{", "}", "\"value\"", ":", "\"", "\\u0076", "[", "]", ",", "null", "true", "1e999", "-0", "NaN", "//",
                    "/**/", "\u00ef\u00bb\u00bf", "\u00fe\u00ff", "\0", "1e2147483648", "0".repeat(60));
        }

        @Override
        public long run(byte[] body) {
            double amount = Amount.read(body, body.length);
            if (Double.isNaN(amount)) {
                return body.length == 0 ? 0 : body[0] & 0xff;
            }
            String text = new String(body, US_ASCII).trim();
            if (!text.isEmpty() && text.chars().noneMatch(c -> c >= '0' && c <= '9')) {
                throw new AssertionError("an amount without a digit: " + amount);
            }
            return 1_000 + Math.getExponent(amount) + (text.startsWith("{") ? 10_000 : 0);
        }
    }

    private static List<byte[]> bytes(String... texts) {
        return Arrays.stream(texts).map(text -> text.getBytes(ISO_8859_1)).toList();
    }
}
