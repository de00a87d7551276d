package io.weir.expose;

import io.weir.sample.MetricType;
import io.weir.snapshot.Exemplar;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.LabelText;
import io.weir.snapshot.NativeHistogram;
import io.weir.snapshot.Snapshot;
import io.weir.snapshot.SummaryValue;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.List;

/**
 * Delimited {@code io.prometheus.client.MetricFamily} messages. The length that precedes a family is worked out by a walk
 * over it first; nothing is rendered twice. One instance per scrape; any thread, one at a time.
 *
 * <p>Native buckets are in the fields of {@link NativeFields}; a histogram that has these alone has no classic ones.
 *
 * <p>Counts that are not whole numbers go into the fields for floating-point counts of histograms; summaries, which have no
 * such field, round them.
 *
 * <p>{@code created_timestamp} says when a counter, histogram or summary began, where that is known.
 *
 * <p>Source: prometheus/client_model {@code io/prometheus/client/metrics.proto}; Protocol Buffers encoding.
 */
public final class ProtobufExposition extends Exposition {
    public static final String CONTENT_TYPE =
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

    private static final VarHandle DOUBLE =
            MethodHandles.byteArrayViewVarHandle(double[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int DELIMITED = 2;

    private static final byte FAMILY_NAME = 1 << 3 | DELIMITED;
    private static final byte FAMILY_HELP = 2 << 3 | DELIMITED;
    private static final byte FAMILY_TYPE = 3 << 3 | VARINT;
    private static final byte FAMILY_METRIC = 4 << 3 | DELIMITED;
    private static final byte METRIC_LABEL = 1 << 3 | DELIMITED;
    private static final byte METRIC_GAUGE = 2 << 3 | DELIMITED;
    private static final byte METRIC_COUNTER = 3 << 3 | DELIMITED;
    private static final byte METRIC_SUMMARY = 4 << 3 | DELIMITED;
    private static final byte METRIC_UNTYPED = 5 << 3 | DELIMITED;
    private static final byte METRIC_HISTOGRAM = 7 << 3 | DELIMITED;
    private static final byte FIRST = 1 << 3 | DELIMITED;
    private static final byte SECOND = 2 << 3 | DELIMITED;
    private static final byte SCALAR_VALUE = 1 << 3 | FIXED64;
    private static final byte COUNT = 1 << 3 | VARINT;
    private static final byte COUNT_FLOAT = 4 << 3 | FIXED64;
    private static final byte SUM = 2 << 3 | FIXED64;
    private static final byte BUCKET = 3 << 3 | DELIMITED;
    private static final byte BOUND = 2 << 3 | FIXED64;
    private static final byte COUNTER_CREATED = 3 << 3 | DELIMITED;
    private static final byte SUMMARY_CREATED = 4 << 3 | DELIMITED;
    private static final byte HISTOGRAM_CREATED = 15 << 3 | DELIMITED;
    private static final byte COUNTER_EXEMPLAR = 2 << 3 | DELIMITED;
    private static final byte BUCKET_EXEMPLAR = 3 << 3 | DELIMITED;
    private static final byte THIRD = 3 << 3 | DELIMITED;
    private static final byte SECONDS = 1 << 3 | VARINT;
    private static final byte NANOS = 2 << 3 | VARINT;
    private static final int NUMBER_BYTES = 9;

    private final LabelText labels = new LabelText();
    /** One metric, whose length comes first. */
    private final ByteBlock metric = new ByteBlock(1 << 10);
    /** Native buckets of the histogram measured last. */
    private final ByteBlock fields = new ByteBlock(1 << 8);

    public ProtobufExposition(Snapshot snapshot) {
        this(snapshot.families(), BLOCK_BYTES);
    }

    /** Only the families that {@code names} select: by family name, or by a sample name of a histogram or summary. */
    public ProtobufExposition(Snapshot snapshot, Collection<String> names) {
        this(select(snapshot, names), BLOCK_BYTES);
    }

    ProtobufExposition(List<FamilySnapshot> families, int blockBytes) {
        super(families, blockBytes);
    }

    @Override
    public String contentType() {
        return CONTENT_TYPE;
    }

    @Override
    void open(ByteBlock out) {}

    @Override
    void close(ByteBlock out) {}

    /** The length of a family, which comes first, is that of all its series. */
    @Override
    int shape(int family) {
        return NO_SHAPE;
    }

    @Override
    void render(FamilySnapshot current, int until, ByteBlock out, int end) {
        if (series == 0) {
            head(current, out);
        }
        do {
            metric(current, series, out);
            series++;
        } while (series < until && out.length() < end);
    }

    private void head(FamilySnapshot current, ByteBlock out) {
        byte[] name = current.name();
        byte[] help = current.help() == null ? new byte[0] : current.help();
        long length = field(name.length) + (help.length > 0 ? field(help.length) : 0) + 2;
        for (int i = 0, n = current.size(); i < n; i++) {
            length += field(metricBytes(current, i));
        }
        out.putVarint(length);
        out.put(FAMILY_NAME);
        bytes(name, out);
        if (help.length > 0) {
            out.put(FAMILY_HELP);
            bytes(help, out);
        }
        out.put(FAMILY_TYPE);
        out.put((byte) typeNumber(current.type()));
    }

    private static int typeNumber(MetricType type) {
        return switch (type) {
            case COUNTER -> 0;
            case GAUGE -> 1;
            case SUMMARY -> 2;
            case UNTYPED -> 3;
            case HISTOGRAM -> 4;
        };
    }

    private int metricBytes(FamilySnapshot current, int i) {
        int size = 0;
        labels.reset(current.textChunk(i), current.textOffset(i), current.textLength(i));
        while (labels.next()) {
            size += field(labelBytes());
        }
        return size + field(valueBytes(current, i));
    }

    private int labelBytes() {
        return field(nameBytes()) + field(labels.valueLength() - escapes());
    }

    private int nameBytes() {
        int length = labels.nameLength();
        return labels.nameEscaped() ? length - escapes(labels.text(), labels.nameOffset(), length) : length;
    }

    private int escapes() {
        return labels.escaped() ? escapes(labels.text(), labels.valueOffset(), labels.valueLength()) : 0;
    }

    private static int escapes(byte[] text, int from, int length) {
        int n = 0;
        for (int i = from, end = from + length; i < end; i++) {
            if (text[i] == '\\') {
                n++;
                i++;
            }
        }
        return n;
    }

    private int valueBytes(FamilySnapshot current, int i) {
        int created = createdBytes(current.begunMillis(i));
        return switch (current.type()) {
            case HISTOGRAM -> created + histogramBytes(current, i);
            case SUMMARY -> created + 1 + ByteBlock.varintBytes(Math.round(current.summary(i).count())) + NUMBER_BYTES;
            case COUNTER -> created + NUMBER_BYTES + exemplarField(current.exemplar(i, Double.NaN));
            default -> created + NUMBER_BYTES;
        };
    }

    private static int createdBytes(long millis) {
        return millis <= 0 ? 0 : field(timestampBytes(millis / 1000, millis % 1000 * 1_000_000));
    }

    private static int timestampBytes(long seconds, long nanos) {
        return 1 + ByteBlock.varintBytes(seconds) + (nanos == 0 ? 0 : 1 + ByteBlock.varintBytes(nanos));
    }

    private static void timestamp(byte tag, long seconds, long nanos, ByteBlock out) {
        out.put(tag);
        out.putVarint(timestampBytes(seconds, nanos));
        out.put(SECONDS);
        out.putVarint(seconds);
        if (nanos != 0) {
            out.put(NANOS);
            out.putVarint(nanos);
        }
    }

    // ---- exemplars

    private int exemplarField(Exemplar exemplar) {
        return exemplar == null ? 0 : field(exemplarBytes(exemplar));
    }

    private int exemplarBytes(Exemplar exemplar) {
        int size = NUMBER_BYTES;
        labels.reset(exemplar.labels(), 0, exemplar.labels().length);
        while (labels.next()) {
            size += field(labelBytes());
        }
        return exemplar.hasTime() ? size + field(timestampBytes(seconds(exemplar), nanos(exemplar))) : size;
    }

    private void exemplar(byte tag, Exemplar exemplar, ByteBlock out) {
        if (exemplar == null) {
            return;
        }
        out.put(tag);
        out.putVarint(exemplarBytes(exemplar));
        labels.reset(exemplar.labels(), 0, exemplar.labels().length);
        while (labels.next()) {
            label(out);
        }
        number(SUM, exemplar.value(), out);
        if (exemplar.hasTime()) {
            timestamp(THIRD, seconds(exemplar), nanos(exemplar), out);
        }
    }

    private static long seconds(Exemplar exemplar) {
        return Math.floorDiv(exemplar.epochNanos(), 1_000_000_000L);
    }

    private static long nanos(Exemplar exemplar) {
        return Math.floorMod(exemplar.epochNanos(), 1_000_000_000L);
    }

    // ---- creation times

    /** The time when a counter, histogram or summary began, if it is known. */
    private static void created(byte tag, long millis, ByteBlock out) {
        if (millis <= 0) {
            return;
        }
        timestamp(tag, millis / 1000, millis % 1000 * 1_000_000, out);
    }

    private int histogramBytes(FamilySnapshot current, int series) {
        HistogramValue value = current.histogram(series);
        boolean whole = isWhole(value);
        double cumulative = 0;
        int size = NUMBER_BYTES;
        for (int i = 0; i <= value.buckets(); i++) {
            cumulative += value.count(i);
            if (value.isClassic()) {
                Exemplar exemplar = current.hasExemplars() ? current.exemplar(series, bound(value, i)) : null;
                size += field(countBytes(cumulative, whole) + NUMBER_BYTES + exemplarField(exemplar));
            }
        }
        NativeHistogram buckets = value.nativePart();
        if (buckets == null) {
            return size + countBytes(cumulative, whole);
        }
        fields.clear();
        NativeFields.write(buckets, whole, NativeFields.IN_CLIENT_MODEL, fields);
        return size + countBytes(buckets.count(), whole) + fields.length();
    }

    private static double bound(HistogramValue value, int bucket) {
        return bucket < value.buckets() ? value.bound(bucket) : Double.POSITIVE_INFINITY;
    }

    private static int countBytes(double count, boolean whole) {
        return whole ? 1 + ByteBlock.varintBytes((long) count) : NUMBER_BYTES;
    }

    /** Whether all counts are whole numbers that a double holds exactly. */
    private static boolean isWhole(HistogramValue value) {
        double cumulative = 0;
        for (int i = 0; i <= value.buckets(); i++) {
            double count = value.count(i);
            cumulative += count;
            if (count != Math.rint(count)) {
                return false;
            }
        }
        return cumulative <= 0x1p53 && (value.nativePart() == null || value.nativePart().isWhole());
    }

    private void metric(FamilySnapshot current, int i, ByteBlock out) {
        metric.clear();
        content(current, i, metric);
        assert metric.length() == metricBytes(current, i);
        out.put(FAMILY_METRIC);
        out.putVarint(metric.length());
        out.put(metric.array(), 0, metric.length());
    }

    private void content(FamilySnapshot current, int i, ByteBlock out) {
        labels.reset(current.textChunk(i), current.textOffset(i), current.textLength(i));
        while (labels.next()) {
            label(out);
        }
        switch (current.type()) {
            case COUNTER -> scalar(METRIC_COUNTER, current, i, out);
            case GAUGE -> scalar(METRIC_GAUGE, current, i, out);
            case UNTYPED -> scalar(METRIC_UNTYPED, current, i, out);
            case SUMMARY -> summary(current, i, out);
            case HISTOGRAM -> histogram(current, i, out);
        }
    }

    private void label(ByteBlock out) {
        out.put(METRIC_LABEL);
        int name = nameBytes();
        int length = labels.valueLength() - escapes();
        out.putVarint(field(name) + field(length));
        out.put(FIRST);
        out.putVarint(name);
        text(labels.nameOffset(), labels.nameLength(), labels.nameEscaped(), out);
        out.put(SECOND);
        out.putVarint(length);
        text(labels.valueOffset(), labels.valueLength(), labels.escaped(), out);
    }

    private void text(int from, int length, boolean escaped, ByteBlock out) {
        if (escaped) {
            byte[] a = out.reserve(length);
            out.length(LabelText.unescape(labels.text(), from, from + length, a, out.length()));
        } else {
            out.put(labels.text(), from, length);
        }
    }

    private void scalar(byte tag, FamilySnapshot current, int i, ByteBlock out) {
        out.put(tag);
        out.putVarint(valueBytes(current, i));
        number(SCALAR_VALUE, current.value(i), out);
        exemplar(COUNTER_EXEMPLAR, current.exemplar(i, Double.NaN), out);
        created(COUNTER_CREATED, current.begunMillis(i), out);
    }

    private void summary(FamilySnapshot current, int i, ByteBlock out) {
        SummaryValue value = current.summary(i);
        out.put(METRIC_SUMMARY);
        out.putVarint(valueBytes(current, i));
        out.put(COUNT);
        out.putVarint(Math.round(value.count()));
        number(SUM, value.sum(), out);
        created(SUMMARY_CREATED, current.begunMillis(i), out);
    }

    private void histogram(FamilySnapshot current, int series, ByteBlock out) {
        HistogramValue value = current.histogram(series);
        boolean whole = isWhole(value);
        NativeHistogram buckets = value.nativePart();
        out.put(METRIC_HISTOGRAM);
        out.putVarint(valueBytes(current, series));
        count(buckets == null ? value.count() : buckets.count(), whole, out);
        number(SUM, value.sum(), out);
        double cumulative = 0;
        for (int i = 0; i <= value.buckets() && value.isClassic(); i++) {
            cumulative += value.count(i);
            out.put(BUCKET);
            Exemplar exemplar = current.hasExemplars() ? current.exemplar(series, bound(value, i)) : null;
            out.putVarint(countBytes(cumulative, whole) + NUMBER_BYTES + exemplarField(exemplar));
            count(cumulative, whole, out);
            number(BOUND, bound(value, i), out);
            exemplar(BUCKET_EXEMPLAR, exemplar, out);
        }
        if (buckets != null) {
            out.put(fields.array(), 0, fields.length());
        }
        created(HISTOGRAM_CREATED, current.begunMillis(series), out);
    }

    private static void count(double count, boolean whole, ByteBlock out) {
        if (whole) {
            out.put(COUNT);
            out.putVarint((long) count);
        } else {
            number(COUNT_FLOAT, count, out);
        }
    }

    private static void number(byte tag, double value, ByteBlock out) {
        byte[] a = out.reserve(NUMBER_BYTES);
        int n = out.length();
        a[n] = tag;
        DOUBLE.set(a, n + 1, value);
        out.length(n + NUMBER_BYTES);
    }

    private static void bytes(byte[] bytes, ByteBlock out) {
        out.putVarint(bytes.length);
        out.put(bytes);
    }

    /** Bytes of a field of so many bytes: tag and length included. */
    private static int field(int length) {
        return 1 + ByteBlock.varintBytes(length) + length;
    }
}
