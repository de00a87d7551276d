package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.sample.MetricNames;
import io.weir.parse.Utf8;
import io.weir.sample.Limits;
import io.weir.server.http.Percent;
import io.weir.snapshot.LabelText;
import java.util.Arrays;

/**
 * The grouping key in a path: {@code job[@base64]/J{/label[@base64]/value}}. The path is split at its slashes first and each
 * part percent-decoded then, so that {@code %2F} is a slash within a value. Event loop only, used again; the key is valid until
 * the next {@link #read}.
 *
 * <ul>
 *   <li>{@code @base64} behind a name: the value is base64 of RFC 4648, URL-safe, with any or no padding; {@code =} is the empty
 *       value. Without it an empty value is an empty part.
 *   <li>A slash behind the last pair is passed over. {@code +} is a plus.
 *   <li>{@code U__} before a name: its value-escaped form ({@code _HEX_} is a code point, {@code __} an underscore). A name that is
 *       not valid so stays as it is.
 *   <li>Of a label given twice the last value counts; {@code job} is what stands first in any case.
 *   <li>Other names that are not legal are refused, those that begin with {@code __}, and an empty job.
 * </ul>
 *
 * <p>Source: Pushgateway, README and {@code handler/push.go}; the words of refusals are its own.
 */
final class GroupPath {
    private static final byte[] BASE64 = {'@', 'b', 'a', 's', 'e', '6', '4'};
    private static final byte[] SIX_BITS = new byte[128];
    private static final int CODE_POINT_DIGITS = 6;

    static {
        Arrays.fill(SIX_BITS, (byte) -1);
        String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for (int i = 0; i < alphabet.length(); i++) {
            SIX_BITS[alphabet.charAt(i)] = (byte) i;
        }
    }

    private final Limits limits;
    private final byte[] bytes;
    /** Per label: name offset and length, value offset and length. */
    private final int[] spans;
    private int[] order = new int[8];
    private int labels;
    private int used;
    private byte[] key = new byte[256];
    private int keyLength;
    private String problem;

    GroupPath(Limits limits) {
        this.limits = limits;
        this.bytes = new byte[2 * limits.uriBytes()];
        this.spans = new int[4 * (limits.labels() + 1)];
    }

    /**
     * Reads a path from {@code from} on, where {@code job} stands.
     *
     * @return null, or what is wrong with it
     */
    String read(String path, int from) {
        labels = 0;
        used = 0;
        problem = null;
        int nameEnd = end(path, from);
        int value = nameEnd + 1;
        if (value > path.length()) {
            return "job name is required";
        }
        int valueEnd = end(path, value);
        if (!label(path, from, nameEnd, value, valueEnd)) {
            return problem;
        }
        if (spans[3] == 0) {
            return "job name is required";
        }
        int rest = valueEnd;
        for (int at = valueEnd + 1; at < path.length(); at = valueEnd + 1) {
            nameEnd = end(path, at);
            value = nameEnd + 1;
            if (value > path.length()) {
                return "odd number of components in label string \"" + path.substring(rest) + '"';
            }
            valueEnd = end(path, value);
            if (!label(path, at, nameEnd, value, valueEnd)) {
                return problem;
            }
        }
        seal();
        return null;
    }

    private static int end(String path, int from) {
        int slash = path.indexOf('/', from);
        return slash < 0 ? path.length() : slash;
    }

    /** The grouping labels as canonical label text. */
    byte[] key() {
        return key;
    }

    int keyLength() {
        return keyLength;
    }

    private boolean label(String path, int nameFrom, int nameEnd, int valueFrom, int valueEnd) {
        int name = used;
        int end = Percent.decode(path, nameFrom, nameEnd, false, bytes, name);
        if (end < 0) {
            return refuse("'%' must be followed by two hexadecimal digits");
        }
        boolean base64 = endsWithBase64(name, end);
        end = base64 ? end - BASE64.length : end;
        boolean classic = MetricNames.isLabelName(bytes, name, end);
        int nameLength = unescape(name, end) - name;
        if (!classic
                || nameLength == 0
                || MetricNames.isReservedLabel(bytes, name, name + nameLength)) {
            return refuse("improper label name \"" + text(name, nameLength) + '"');
        }
        if (nameLength > limits.labelNameBytes()) {
            return refuse("label name longer than the limit (" + limits.labelNameBytes() + " bytes)");
        }
        int value = name + nameLength;
        end = Percent.decode(path, valueFrom, valueEnd, false, bytes, value);
        if (end < 0) {
            return refuse("'%' must be followed by two hexadecimal digits");
        }
        if (base64) {
            end = unbase64(name, nameLength, value, end);
            if (end < 0) {
                return false;
            }
        }
        if (!Utf8.isValid(bytes, value, end)) {
            return refuse("invalid UTF-8 in the value of label " + text(name, nameLength));
        }
        if (end - value > limits.labelValueBytes()) {
            return refuse("label value longer than the limit (" + limits.labelValueBytes() + " bytes)");
        }
        return add(name, nameLength, value, end);
    }

    private boolean endsWithBase64(int from, int end) {
        int at = end - BASE64.length;
        return at >= from && Arrays.equals(bytes, at, end, BASE64, 0, BASE64.length);
    }

    private boolean add(int name, int nameLength, int value, int end) {
        used = end;
        for (int i = 0; i < labels; i++) {
            if (Arrays.equals(bytes, spans[4 * i], spans[4 * i] + spans[4 * i + 1], bytes, name, name + nameLength)) {
                if (i > 0) {
                    spans[4 * i + 2] = value;
                    spans[4 * i + 3] = end - value;
                }
                return true;
            }
        }
        if (labels >= limits.labels()) {
            return refuse("more labels than the limit (" + limits.labels() + ")");
        }
        int at = 4 * labels++;
        spans[at] = name;
        spans[at + 1] = nameLength;
        spans[at + 2] = value;
        spans[at + 3] = end - value;
        return true;
    }

    // ---- base64

    /** Decodes in place; end of the value, or -1. */
    private int unbase64(int name, int nameLength, int from, int end) {
        int stop = end;
        while (stop > from && bytes[stop - 1] == '=') {
            stop--;
        }
        for (int i = from; i < stop; i++) {
            if (bytes[i] < 0 || SIX_BITS[bytes[i]] < 0) {
                return badBase64(name, nameLength, from, end, i - from);
            }
        }
        if ((stop - from) % 4 == 1) {
            return badBase64(name, nameLength, from, end, stop - from);
        }
        int at = from;
        int bits = 0;
        int held = 0;
        for (int i = from; i < stop; i++) {
            held = held << 6 | SIX_BITS[bytes[i]];
            bits += 6;
            if (bits >= 8) {
                bits -= 8;
                bytes[at++] = (byte) (held >> bits);
            }
        }
        return at;
    }

    private int badBase64(int name, int nameLength, int from, int end, int byteNumber) {
        String text = new String(bytes, from, end - from, UTF_8);
        boolean job = labels == 0;
        // of a job the reference says nothing more either
        refuse("invalid base64 encoding " + (job ? "in job name \"" : "for label " + text(name, nameLength) + "=\"" + text)
                + "\": illegal base64 data at input byte " + byteNumber);
        return -1;
    }

    // ---- value escaping of names

    /** Undoes {@code U__} in place where that gives a legal name; end of the name. */
    private int unescape(int from, int end) {
        if (end - from < 4 || bytes[from] != 'U' || bytes[from + 1] != '_' || bytes[from + 2] != '_') {
            return end;
        }
        StringBuilder plain = new StringBuilder();
        for (int i = from + 3; i < end; i++) {
            if (bytes[i] != '_') {
                plain.append((char) (bytes[i] & 0xff));
                continue;
            }
            int close = i + 1;
            int code = 0;
            while (close < end && bytes[close] != '_') {
                int digit = Character.digit(bytes[close], 16);
                if (digit < 0 || close - i > CODE_POINT_DIGITS) {
                    return end;
                }
                code = code << 4 | digit;
                close++;
            }
            boolean isCharacter = Character.isValidCodePoint(code) && (code < 0xd800 || code > 0xdfff);
            if (close == end || !isCharacter) {
                return end;
            }
            plain.appendCodePoint(close == i + 1 ? '_' : code);
            i = close;
        }
        byte[] name = plain.toString().getBytes(UTF_8);
        System.arraycopy(name, 0, bytes, from, name.length);
        return from + name.length;
    }

    // ---- the key

    private void seal() {
        if (order.length < labels) {
            order = new int[labels];
        }
        int most = 4 * labels;
        for (int i = 0; i < labels; i++) {
            int at = i;
            while (at > 0 && compareNames(order[at - 1], i) > 0) {
                order[at] = order[at - 1];
                at--;
            }
            order[at] = i;
            most += LabelText.nameBytesMax(spans[4 * i + 1]) + 2 * spans[4 * i + 3];
        }
        if (key.length < most) {
            key = new byte[2 * most];
        }
        int to = 0;
        for (int i = 0; i < labels; i++) {
            int at = 4 * order[i];
            if (i > 0) {
                key[to++] = ',';
            }
            to = LabelText.putName(bytes, spans[at], spans[at + 1], key, to);
            key[to++] = '=';
            to = LabelText.quote(bytes, spans[at + 2], spans[at + 3], key, to);
        }
        keyLength = to;
    }

    private int compareNames(int a, int b) {
        return Arrays.compareUnsigned(
                bytes, spans[4 * a], spans[4 * a] + spans[4 * a + 1],
                bytes, spans[4 * b], spans[4 * b] + spans[4 * b + 1]);
    }

    private boolean refuse(String text) {
        problem = text;
        return false;
    }

    private String text(int from, int length) {
        return new String(bytes, from, length, UTF_8);
    }
}
