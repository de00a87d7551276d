package io.weir.parse;

import io.weir.sample.Code;
import io.weir.sample.MetricType;
import io.weir.sample.NativeSample;
import io.weir.sample.SampleSink;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes down what it is told, one string a sample, the same whether the series was known or had to be defined. Refuses
 * the metric named {@code refuse_me}, the label named {@code refuse_me} and negative samples of {@code no_negative}.
 */
final class RecordingSink implements SampleSink {
    final List<String> told = new ArrayList<>();
    int known;
    int again;
    int defined;

    private final Map<List<Long>, String> series = new HashMap<>();
    private final Map<String, String> learnt = new LinkedHashMap<>();
    private String lastKnown;
    private String expected;
    private StringBuilder key;
    private boolean open;
    private String detail = "";

    @Override
    public Code type(byte[] buffer, int nameOffset, int nameLength, MetricType type) {
        String name = text(buffer, nameOffset, nameLength);
        told.add("TYPE " + name + " " + type);
        return name.equals("refuse_me") ? refuse(Code.SECOND_TYPE, "type") : Code.OK;
    }

    @Override
    public Code help(byte[] buffer, int nameOffset, int nameLength, int textOffset, int textLength) {
        told.add("HELP " + text(buffer, nameOffset, nameLength) + " " + text(buffer, textOffset, textLength));
        return Code.OK;
    }

    @Override
    public Code known(long rawHash0, long rawHash1, double value) {
        String found = series.get(List.of(rawHash0, rawHash1));
        if (found == null) {
            return Code.UNKNOWN;
        }
        known++;
        lastKnown = found;
        return stage(found, value);
    }

    /** Any key that has been learnt is expected anywhere. */
    @Override
    public int expected(byte[] buffer, int offset, int end) {
        String rest = new String(buffer, offset, end - offset, StandardCharsets.ISO_8859_1);
        for (Map.Entry<String, String> key : learnt.entrySet()) {
            if (rest.startsWith(key.getKey())) {
                expected = key.getValue();
                return key.getKey().length();
            }
        }
        return 0;
    }

    @Override
    public Code again(double value) {
        known++;
        again++;
        return stage(expected, value);
    }

    @Override
    public void learn(byte[] buffer, int offset, int length) {
        learnt.put(new String(buffer, offset, length, StandardCharsets.ISO_8859_1), lastKnown);
    }

    @Override
    public void begin(byte[] buffer, int nameOffset, int nameLength) {
        key = new StringBuilder(text(buffer, nameOffset, nameLength));
        open = false;
    }

    @Override
    public Code label(
            byte[] buffer, int nameOffset, int nameLength, int valueOffset, int valueLength, boolean escaped) {
        String name = text(buffer, nameOffset, nameLength);
        key.append(open ? "," : "{").append(name).append(escaped ? "~" : "=");
        key.append('"').append(text(buffer, valueOffset, valueLength)).append('"');
        open = true;
        return name.equals("refuse_me") ? refuse(Code.DUPLICATE_LABEL, "label") : Code.OK;
    }

    @Override
    public Code end(long rawHash0, long rawHash1, double value) {
        String text = key.append(open ? "}" : "").toString();
        defined++;
        Code code = stage(text, value);
        if (code == Code.OK) {
            series.put(List.of(rawHash0, rawHash1), text);
        }
        return code;
    }

    @Override
    public Code knownNative(long rawHash0, long rawHash1, NativeSample sample) {
        String found = series.get(List.of(rawHash0, rawHash1));
        if (found == null) {
            return Code.UNKNOWN;
        }
        known++;
        told.add(found + " " + text(sample));
        return Code.OK;
    }

    @Override
    public Code endNative(long rawHash0, long rawHash1, NativeSample sample) {
        String text = key.append(open ? "}" : "").toString();
        defined++;
        series.put(List.of(rawHash0, rawHash1), text);
        told.add(text + " " + text(sample));
        return Code.OK;
    }

    private static String text(NativeSample s) {
        return "schema " + s.schema + " zero " + s.zeroThreshold + ":" + s.zeroCount + side(" +", s.positive) + side(" -", s.negative)
                + " count " + s.count + " sum " + s.sum;
    }

    private static String side(String sign, NativeSample.Side side) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < side.size(); i++) {
            text.append(sign).append(side.indexes()[i]).append(':').append(side.counts()[i]);
        }
        return text.toString();
    }

    @Override
    public String detail() {
        return detail;
    }

    private Code stage(String text, double value) {
        if (text.startsWith("refuse_me")) {
            return refuse(Code.TYPE_CONFLICT, "is a counter");
        }
        if (text.startsWith("no_negative") && value < 0) {
            return refuse(Code.COUNTER_NEGATIVE, "");
        }
        told.add(text + " " + value);
        return Code.OK;
    }

    private Code refuse(Code code, String why) {
        detail = why;
        return code;
    }

    private static String text(byte[] b, int offset, int length) {
        return new String(b, offset, length, StandardCharsets.UTF_8);
    }
}
