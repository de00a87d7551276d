package io.weir.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.sample.Code;
import io.weir.sample.PointSink;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes points down as a test wants to compare them and remembers hashes as a real sink does, strings included. */
final class RecordedPoints implements PointSink {
    record Field(String measurement, Map<String, String> tags, String key, FieldKind kind) {}

    record Value(Field field, double value) {}

    /** @param time null when the line bore none */
    record Point(List<Value> values, Long time) {}

    private record Hash(long h0, long h1) {}

    final List<Point> points = new ArrayList<>();
    final List<Long> numbers = new ArrayList<>();
    final Map<String, Code> refusals = new HashMap<>();
    long definitions;
    int linesAsAWhole;
    private final Map<Hash, Field> fields = new HashMap<>();
    private final Map<Hash, List<Field>> lines = new HashMap<>();
    private List<Value> values;
    private String measurement;
    private Map<String, String> tags;

    @Override
    public void line(long number) {
        if (values != null) {
            throw new AssertionError("the line before was neither completed nor dropped");
        }
        if (numbers.isEmpty() || numbers.get(numbers.size() - 1) != number) {
            numbers.add(number);
        }
        values = new ArrayList<>();
        measurement = null;
        tags = new TreeMap<>();
    }

    @Override
    public Code known(long rawHash0, long rawHash1, double value) {
        Field field = fields.get(new Hash(rawHash0, rawHash1));
        if (field == null) {
            return Code.UNKNOWN;
        }
        values.add(new Value(field, value));
        return Code.OK;
    }

    @Override
    public Code knownLine(long number, long hash0, long hash1, double[] lineValues, int count, long timestampNanos) {
        List<Field> line = lines.get(new Hash(hash0, hash1));
        if (line == null) {
            return Code.UNKNOWN;
        }
        if (line.size() != count) {
            throw new AssertionError(count + " fields of " + line);
        }
        line(number);
        for (int i = 0; i < count; i++) {
            values.add(new Value(line.get(i), lineValues[i]));
        }
        linesAsAWhole++;
        end(timestampNanos);
        return Code.OK;
    }

    @Override
    public void learnLine(long hash0, long hash1, int count) {
        List<Field> line = values.stream().map(Value::field).toList();
        if (line.size() != count) {
            throw new AssertionError(count + " fields of " + line);
        }
        lines.put(new Hash(hash0, hash1), line);
    }

    @Override
    public Code measurement(byte[] buffer, int offset, int length) {
        if (measurement != null) {
            throw new AssertionError("a second measurement for one line");
        }
        measurement = text(buffer, offset, length);
        return refusals.getOrDefault(measurement, Code.OK);
    }

    @Override
    public Code tag(byte[] buffer, int keyOffset, int keyLength, int valueOffset, int valueLength) {
        String key = text(buffer, keyOffset, keyLength);
        tags.put(key, text(buffer, valueOffset, valueLength));
        return refusals.getOrDefault(key, Code.OK);
    }

    @Override
    public Code field(
            byte[] buffer, int keyOffset, int keyLength, FieldKind kind, double value, long rawHash0, long rawHash1) {
        String key = text(buffer, keyOffset, keyLength);
        Code code = refusals.getOrDefault(key, Code.OK);
        if (code == Code.OK) {
            Field field = new Field(measurement, tags, key, kind);
            fields.put(new Hash(rawHash0, rawHash1), field);
            values.add(new Value(field, value));
            definitions++;
        }
        return code;
    }

    @Override
    public void complete(long timestampNanos) {
        end(timestampNanos);
    }

    @Override
    public void complete() {
        end(null);
    }

    @Override
    public void drop() {
        values = null;
    }

    @Override
    public String detail() {
        return "";
    }

    private void end(Long time) {
        points.add(new Point(values, time));
        values = null;
    }

    private static String text(byte[] buffer, int offset, int length) {
        return new String(buffer, offset, length, UTF_8);
    }
}
