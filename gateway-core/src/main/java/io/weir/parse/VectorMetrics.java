package io.weir.parse;

import io.weir.sample.MetricNames;
import static io.weir.parse.HerokuStage.ascii;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.MetricType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Lines in which an app writes metrics itself: a JSON array of metrics of Vector's model, as base64. A metric that is
 * {@code absolute}, or says nothing, is set; an {@code incremental} one is added. Labels are its tags, {@code app} and
 * {@code process}, which take the place of tags of that name.
 *
 * <table>
 *   <caption>What a metric becomes</caption>
 *   <tr><td>{@code counter}, {@code gauge}<td>the same
 *   <tr><td>{@code set}<td>a gauge: how many values there are
 *   <tr><td>{@code distribution}<td>a histogram of Vector's default bounds, or a summary's sum and count
 *   <tr><td>{@code aggregated_histogram}<td>a histogram; the sent count, where it is greater than the sum of the buckets, has
 *       the observations above the last one
 *   <tr><td>{@code aggregated_summary}<td>sum and count; its quantiles, where it is absolute, are gauges of the name with
 *       {@code _quantile}
 * </table>
 *
 * <p>Both generations of the JSON form are read: parallel arrays, and arrays of {@code {upper_limit, count}} and the like. Of
 * several values that one metric has the first in the order above counts. A line that is not base64 or not JSON is skipped,
 * a bad metric skips itself. Timestamps are of no interest. Event loop only.
 *
 * <p>Source: {@code specs/source-systems.md} 3.5, {@code specs/ingest.md} 1.11; vector
 * {@code lib/vector-core/src/event/metric/}.
 */
final class VectorMetrics {
    /** Bounds of Vector's Prometheus exporter. */
    static final double[] DISTRIBUTION_BOUNDS = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

    private static final long TWEAK = 0x7665_6374_6f72L;
    private static final int DEPTH_MAX = 16;
    private static final int NUMBER_MAX = 400;
    private static final int SCRATCH = 1 << 12;

    private static final byte[] PROCESS_LABEL = ascii("process");
    private static final byte[] QUANTILE_LABEL = ascii("quantile");
    private static final byte[] LE = ascii("le");
    private static final byte[] APP_LABEL = ascii("app");
    private static final String[] VALUES = {
        "counter", "gauge", "set", "distribution", "aggregated_histogram", "aggregated_summary"
    };
    private static final int COUNTER = 0;
    private static final int GAUGE = 1;
    private static final int SET = 2;
    private static final int DISTRIBUTION = 3;
    private static final int HISTOGRAM = 4;
    private static final int SUMMARY = 5;

    private final HerokuStage stage;
    private final KeyHash hash;
    private final Limits limits;
    private final JsonFactory json = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEPTH_MAX)
                    .maxNumberLength(NUMBER_MAX)
                    .maxStringLength(Limits.LOGPLEX_FRAME_BYTES)
                    .build())
            .build();
    private byte[] decoded = new byte[SCRATCH];
    private byte[] key = new byte[SCRATCH];
    private int keyLength;

    /** One metric as it was written. */
    private static final class Metric {
        String name;
        String namespace = "";
        boolean incremental;
        boolean good = true;
        int value = VALUES.length;
        double number;
        boolean hasNumber;
        double count = Double.NaN;
        double sum;
        boolean asSummary;
        final Numbers first = new Numbers();
        final Numbers second = new Numbers();
        Set<String> members = Set.of();
        /** Names and values alternately. */
        final List<String> tags = new ArrayList<>();
    }

    /** A list of numbers. */
    private static final class Numbers {
        double[] values = new double[16];
        int size;

        void add(double value) {
            if (size == values.length) {
                values = Arrays.copyOf(values, size << 1);
            }
            values[size++] = value;
        }

        double[] toArray() {
            return Arrays.copyOf(values, size);
        }
    }

    VectorMetrics(HerokuStage stage, Limits limits) {
        this.stage = stage;
        this.hash = stage.hash;
        this.limits = limits;
    }

    void line(byte[] b, int process, int processEnd, int text, int end) {
        if (decoded.length < Base64Text.lengthMax(end - text)) {
            decoded = new byte[Base64Text.lengthMax(end - text)];
        }
        int length = Base64Text.decode(b, text, end, decoded);
        if (length == Base64Text.INVALID) {
            stage.refuse(Code.LOG_BASE64);
            return;
        }
        List<Metric> metrics;
        try (JsonParser in = json.createParser(decoded, 0, length)) {
            metrics = read(in);
        } catch (IOException e) {
            stage.refuse(Code.LOG_JSON);
            return;
        } finally {
            if (decoded.length > SCRATCH << 3) {
                decoded = new byte[SCRATCH];
            }
        }
        for (Metric metric : metrics) {
            stage(metric, b, process, processEnd);
        }
        if (key.length > SCRATCH << 3) {
            key = new byte[SCRATCH];
        }
    }

    // ---- reading

    private static List<Metric> read(JsonParser in) throws IOException {
        List<Metric> metrics = new ArrayList<>();
        if (in.nextToken() != JsonToken.START_ARRAY) {
            in.skipChildren();
            Metric none = new Metric();
            none.good = false;
            metrics.add(none);
        } else {
            for (JsonToken t = in.nextToken(); t != JsonToken.END_ARRAY; t = in.nextToken()) {
                Metric metric = new Metric();
                if (t == JsonToken.START_OBJECT) {
                    event(in, metric);
                } else {
                    in.skipChildren();
                    metric.good = false;
                }
                metrics.add(metric);
            }
        }
        if (in.nextToken() != null) {
            throw new IOException("more than one value");
        }
        return metrics;
    }

    /** {@code {"metric":{...}}}; events that are no metric are bad ones. */
    private static void event(JsonParser in, Metric metric) throws IOException {
        boolean found = false;
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            boolean isMetric = in.currentName().equals("metric");
            if (in.nextToken() == JsonToken.START_OBJECT && isMetric) {
                found = true;
                metric(in, metric);
            } else {
                in.skipChildren();
            }
        }
        metric.good &= found;
    }

    private static void metric(JsonParser in, Metric metric) throws IOException {
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String field = in.currentName();
            JsonToken t = in.nextToken();
            switch (field) {
                case "name" -> metric.name = text(in, t, metric);
                case "namespace" -> metric.namespace = t == JsonToken.VALUE_NULL ? "" : text(in, t, metric);
                case "kind" -> kind(text(in, t, metric), metric);
                case "tags" -> tags(in, t, metric);
                default -> {
                    int value = Arrays.asList(VALUES).indexOf(field);
                    if (value >= 0 && value < metric.value && t == JsonToken.START_OBJECT) {
                        value(in, value, metric);
                    } else {
                        in.skipChildren();
                    }
                }
            }
        }
    }

    private static void kind(String kind, Metric metric) {
        metric.incremental = kind.equals("incremental");
        metric.good &= metric.incremental || kind.equals("absolute");
    }

    private static String text(JsonParser in, JsonToken t, Metric metric) throws IOException {
        if (t == JsonToken.VALUE_STRING) {
            return in.getText();
        }
        in.skipChildren();
        metric.good = false;
        return "";
    }

    /** Values are texts, none, or lists of both, of which the last text counts. */
    private static void tags(JsonParser in, JsonToken t, Metric metric) throws IOException {
        if (t != JsonToken.START_OBJECT) {
            in.skipChildren();
            metric.good &= t == JsonToken.VALUE_NULL || t == JsonToken.START_ARRAY;
            return;
        }
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String name = in.currentName();
            String value = "";
            JsonToken v = in.nextToken();
            if (v == JsonToken.START_ARRAY) {
                for (v = in.nextToken(); v != JsonToken.END_ARRAY; v = in.nextToken()) {
                    value = v == JsonToken.VALUE_STRING ? in.getText() : value;
                    in.skipChildren();
                }
            } else if (v == JsonToken.START_OBJECT) {
                in.skipChildren();
                metric.good = false;
            } else {
                value = v == JsonToken.VALUE_NULL ? "" : in.getText();
            }
            metric.tags.add(name);
            metric.tags.add(value);
        }
    }

    private static void value(JsonParser in, int value, Metric metric) throws IOException {
        metric.value = value;
        metric.first.size = 0;
        metric.second.size = 0;
        metric.hasNumber = false;
        metric.count = Double.NaN;
        metric.sum = 0;
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String field = in.currentName();
            JsonToken t = in.nextToken();
            switch (field) {
                case "value" -> {
                    metric.number = number(in, t, metric);
                    metric.hasNumber = true;
                }
                case "count" -> metric.count = number(in, t, metric);
                case "sum" -> metric.sum = number(in, t, metric);
                case "statistic" -> metric.asSummary = text(in, t, metric).equalsIgnoreCase("summary");
                case "values" -> {
                    if (value == SET) {
                        members(in, t, metric);
                    } else {
                        numbers(in, t, value == SUMMARY ? metric.second : metric.first, null, metric);
                    }
                }
                case "samples", "buckets", "quantiles" -> numbers(in, t, metric.first, metric.second, metric);
                case "sample_rates", "counts" -> numbers(in, t, metric.second, null, metric);
                default -> in.skipChildren();
            }
        }
    }

    private static void members(JsonParser in, JsonToken t, Metric metric) throws IOException {
        if (t != JsonToken.START_ARRAY) {
            in.skipChildren();
            metric.good = false;
            return;
        }
        metric.members = new LinkedHashSet<>();
        for (JsonToken v = in.nextToken(); v != JsonToken.END_ARRAY; v = in.nextToken()) {
            metric.good &= v.isScalarValue();
            if (v.isScalarValue()) {
                metric.members.add(in.getText());
            }
            in.skipChildren();
        }
    }

    /** Numbers, or objects with two numbers. */
    private static void numbers(JsonParser in, JsonToken t, Numbers to, Numbers pairs, Metric metric) throws IOException {
        if (t != JsonToken.START_ARRAY) {
            in.skipChildren();
            metric.good = false;
            return;
        }
        for (JsonToken v = in.nextToken(); v != JsonToken.END_ARRAY; v = in.nextToken()) {
            if (v == JsonToken.START_OBJECT && pairs != null) {
                pair(in, to, pairs, metric);
            } else {
                to.add(number(in, v, metric));
            }
        }
    }

    /** {@code {upper_limit,count}}, {@code {value,rate}} or {@code {quantile,value}}. */
    private static void pair(JsonParser in, Numbers to, Numbers pairs, Metric metric) throws IOException {
        double left = Double.NaN;
        double right = Double.NaN;
        double value = Double.NaN;
        boolean quantile = false;
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String field = in.currentName();
            JsonToken t = in.nextToken();
            switch (field) {
                case "upper_limit" -> left = number(in, t, metric);
                case "quantile" -> {
                    left = number(in, t, metric);
                    quantile = true;
                }
                case "count", "rate" -> right = number(in, t, metric);
                case "value" -> value = number(in, t, metric);
                default -> in.skipChildren();
            }
        }
        to.add(quantile || !Double.isNaN(left) ? left : value);
        pairs.add(quantile ? value : right);
    }

    /** A number, or one of the words that stand for those JSON has not. */
    private static double number(JsonParser in, JsonToken t, Metric metric) throws IOException {
        if (t.isNumeric()) {
            return in.getDoubleValue();
        }
        if (t == JsonToken.VALUE_STRING) {
            switch (in.getText()) {
                case "inf", "+inf", "Inf", "+Inf", "Infinity" -> {
                    return Double.POSITIVE_INFINITY;
                }
                case "-inf", "-Inf", "-Infinity" -> {
                    return Double.NEGATIVE_INFINITY;
                }
                case "NaN", "nan" -> {
                    return Double.NaN;
                }
                default -> {}
            }
        }
        in.skipChildren();
        metric.good = false;
        return Double.NaN;
    }

    // ---- staging

    private void stage(Metric m, byte[] b, int process, int processEnd) {
        if (!m.good
                || m.name == null
                || m.name.isEmpty()
                || m.value == VALUES.length
                || m.value <= GAUGE && !m.hasNumber) {
            stage.refuse(Code.LOG_METRIC);
            return;
        }
        String full = m.namespace.isEmpty() ? m.name : m.namespace + "_" + m.name;
        boolean set = !m.incremental;
        switch (m.value) {
            case COUNTER -> scalar(m, full, b, process, processEnd, MetricType.COUNTER, set, m.number, Double.NaN);
            case GAUGE -> scalar(m, full, b, process, processEnd, MetricType.GAUGE, set, m.number, Double.NaN);
            case SET -> scalar(m, full, b, process, processEnd, MetricType.GAUGE, true, m.members.size(), Double.NaN);
            case DISTRIBUTION -> distribution(m, full, b, process, processEnd);
            case HISTOGRAM -> histogram(m, full, b, process, processEnd);
            default -> {
                stage.item();
                Code code = !(m.count >= 0 && m.count < Double.POSITIVE_INFINITY)
                        ? Code.LOG_METRIC : define(m, full, b, process, processEnd, QUANTILE_LABEL, Double.NaN);
                stage.settle(code == Code.OK ? stage.sink.endSummary(set, m.count, m.sum) : code);
                for (int i = 0; set && i < m.first.size && i < m.second.size; i++) {
                    scalar(m, full + "_quantile", b, process, processEnd, MetricType.GAUGE, true,
                            m.second.values[i], m.first.values[i]);
                }
            }
        }
    }

    private void histogram(Metric m, String full, byte[] b, int process, int processEnd) {
        stage.item();
        double[] bounds = m.first.toArray();
        double[] counts = Arrays.copyOf(m.second.values, bounds.length + 1);
        Code code = m.second.size == bounds.length || m.second.size == bounds.length + 1 ? Code.OK : Code.LOG_METRIC;
        if (code == Code.OK) {
            Arrays.fill(counts, m.second.size, counts.length, 0);
            int n = bounds.length;
            if (n > 0 && bounds[n - 1] == Double.POSITIVE_INFINITY) {
                bounds = Arrays.copyOf(bounds, n - 1);
                counts[n - 1] += counts[n];
                counts = Arrays.copyOf(counts, n);
            }
            code = isLadder(bounds, counts) ? Code.OK : Code.LOG_METRIC;
        }
        if (code == Code.OK) {
            double total = 0;
            for (double count : counts) {
                total += count;
            }
            // the source counted these nowhere
            counts[bounds.length] += m.count > total && m.count < Double.POSITIVE_INFINITY ? m.count - total : 0;
            code = define(m, full, b, process, processEnd, LE, Double.NaN);
        }
        stage.settle(code == Code.OK ? stage.sink.endHistogram(!m.incremental, bounds, counts, m.sum) : code);
    }

    private static boolean isLadder(double[] bounds, double[] counts) {
        for (int i = 0; i < bounds.length; i++) {
            if (!Double.isFinite(bounds[i]) || i > 0 && !(bounds[i] > bounds[i - 1])) {
                return false;
            }
        }
        for (double count : counts) {
            if (!(count >= 0 && count < Double.POSITIVE_INFINITY)) {
                return false;
            }
        }
        return true;
    }

    private void distribution(Metric m, String full, byte[] b, int process, int processEnd) {
        stage.item();
        double[] counts = new double[DISTRIBUTION_BOUNDS.length + 1];
        double count = 0;
        double sum = 0;
        Code code = m.first.size == m.second.size ? Code.OK : Code.LOG_METRIC;
        for (int i = 0; code == Code.OK && i < m.first.size; i++) {
            double value = m.first.values[i];
            double rate = m.second.values[i];
            if (Double.isNaN(value) || !(rate >= 0 && rate < Double.POSITIVE_INFINITY)) {
                code = Code.LOG_METRIC;
                break;
            }
            int at = Arrays.binarySearch(DISTRIBUTION_BOUNDS, value);
            counts[at >= 0 ? at : -at - 1] += rate;
            count += rate;
            sum += value * rate;
        }
        code = code == Code.OK
                ? define(m, full, b, process, processEnd, m.asSummary ? QUANTILE_LABEL : LE, Double.NaN) : code;
        if (code == Code.OK) {
            code = m.asSummary
                    ? stage.sink.endSummary(!m.incremental, count, sum)
                    : stage.sink.endHistogram(!m.incremental, DISTRIBUTION_BOUNDS, counts, sum);
        }
        stage.settle(code);
    }

    private void scalar(
            Metric m, String full, byte[] b, int process, int processEnd, MetricType type, boolean set, double value,
            double quantile) {
        stage.item();
        keyLength = 0;
        append((byte) (type.ordinal() << 1 | (set ? 1 : 0)));
        append(full.getBytes(UTF_8));
        append(b, process, processEnd);
        for (String tag : m.tags) {
            append(tag.getBytes(UTF_8));
        }
        if (!Double.isNaN(quantile)) {
            append(Double.toString(quantile).getBytes(UTF_8));
        }
        hash.hash(key, 0, keyLength, TWEAK);
        long h0 = hash.h0() ^ stage.app0;
        long h1 = hash.h1() ^ stage.app1;
        Code code = stage.sink.known(h0, h1, value);
        if (code == Code.UNKNOWN) {
            code = define(m, full, b, process, processEnd, null, quantile);
            code = code == Code.OK ? stage.sink.endScalar(h0, h1, type, set, value) : code;
        }
        stage.settle(code);
    }

    /**
     * Begins the definition of a sample with its labels.
     *
     * @param own label that only the type itself may set; null for none
     * @param quantile value of the label quantile; NaN for no such label
     */
    private Code define(
            Metric m, String full, byte[] b, int process, int processEnd, byte[] own, double quantile) {
        byte[] plain = full.getBytes(UTF_8);
        byte[] name = new byte[plain.length + 1];
        int length = MetricNames.sanitizeMetricName(plain, 0, plain.length, name, 0);
        if (length > limits.nameBytes()) {
            return Code.NAME_TOO_LONG;
        }
        byte[] shortName = m.name.getBytes(UTF_8);
        byte[] help = new byte[shortName.length + 1];
        int helpLength = MetricNames.sanitizeMetricName(shortName, 0, shortName.length, help, 0);
        if (!m.incremental) {
            stage.fleeting(name, length);
        }
        Code code = stage.begin(name, length, help, helpLength);
        for (int i = 0; code == Code.OK && i < m.tags.size(); i += 2) {
            code = tag(m.tags.get(i), m.tags.get(i + 1), own, !Double.isNaN(quantile));
        }
        code = code == Code.OK ? stage.label(PROCESS_LABEL, b, process, processEnd) : code;
        if (code == Code.OK && !Double.isNaN(quantile)) {
            byte[] text = Double.toString(quantile).getBytes(UTF_8);
            code = stage.label(QUANTILE_LABEL, text, 0, text.length);
        }
        return code;
    }

    private Code tag(String key, String value, byte[] own, boolean isQuantile) {
        byte[] plain = key.getBytes(UTF_8);
        byte[] label = new byte[plain.length + 1];
        label = Arrays.copyOf(label, MetricNames.sanitizeLabelName(plain, 0, plain.length, label, 0));
        if (Arrays.equals(label, APP_LABEL) || Arrays.equals(label, PROCESS_LABEL)) {
            return Code.OK;
        }
        if (label.length == 0) {
            return Code.EXPECTED_LABEL_NAME;
        }
        if (Arrays.equals(label, own)
                || isQuantile && Arrays.equals(label, QUANTILE_LABEL)
                || MetricNames.isReservedLabel(label, 0, label.length)) {
            return Code.RESERVED_LABEL;
        }
        byte[] text = value.getBytes(UTF_8);
        return stage.label(label, text, 0, text.length);
    }

    private void append(byte mark) {
        room(1);
        key[keyLength++] = mark;
    }

    private void append(byte[] part) {
        append(part, 0, part.length);
    }

    /** Each part behind its length, so that no two lists of parts make the same key. */
    private void append(byte[] b, int from, int to) {
        int n = to - from;
        room(n + 4);
        for (int shift = 0; shift < 32; shift += 8) {
            key[keyLength++] = (byte) (n >>> shift);
        }
        System.arraycopy(b, from, key, keyLength, n);
        keyLength += n;
    }

    private void room(int more) {
        if (key.length < keyLength + more) {
            key = Arrays.copyOf(key, 2 * (keyLength + more));
        }
    }
}
