package io.weir.server.remotewrite;

import io.weir.sample.KeyHash;
import io.weir.sample.MetricType;
import io.weir.snapshot.Exemplar;
import io.weir.snapshot.LabelText;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Writes a run of a {@link SeriesBuffer} as {@code io.prometheus.write.v2.Request}. Outputs thread only; allocates only to
 * grow.
 *
 * <pre>
 *   Request { symbols = 4: string, timeseries = 5: TimeSeries {
 *       labels_refs = 1: packed pairs of symbols,
 *       samples = 2: Sample { value = 1 double, timestamp = 2 int64, start_timestamp = 3 }, or histograms = 3,
 *       exemplars = 4: Exemplar { labels_refs = 1, value = 2 double, timestamp = 3 int64 },
 *       metadata = 5: Metadata { type = 1, help_ref = 3 } } }
 * </pre>
 *
 * The buffer holds the labels in the form of 1.0: unescaped, sorted, without empty ones. Native histograms alone are in the
 * form of 2.0, and not sent as 1.0. So a run can go out in either message, a part of a refused request gets a table of
 * symbols of its own, and what both messages have in common is written once. The series of a family share most of their
 * labels: one that stands where the series before had the same is not looked up again.
 *
 * <p>Source: Prometheus remote write specification 2.0-rc.4.
 */
final class RequestV2Encoder {
    private static final byte FIELD_1 = 0x0a;
    private static final byte FIELD_2 = 0x12;
    private static final byte FIELD_4 = 0x22;
    private static final byte FIELD_5 = 0x2a;
    private static final byte FIELD_1_VARINT = 0x08;
    private static final byte FIELD_2_DOUBLE = 0x11;
    private static final byte FIELD_3_VARINT = 0x18;
    private static final long NANOS_PER_MILLI = 1_000_000;

    /** Tag of {@code start_timestamp}, field 3 of a sample and 17 of a native histogram. */
    private static final byte[] SAMPLE_START = {0x18};

    private static final byte[] HISTOGRAM_START = {(byte) 0x88, 0x01};

    private final SymbolTable symbols;
    private byte[] out = new byte[16 << 10];
    private int length;

    /** The labels of the series before, by position: place and length in the buffer, and the symbols of name and value. */
    private int[] places = new int[32];

    private int[] lengths = new int[32];
    private int[] refs = new int[64];
    private int known;

    /** The field {@code metadata} of the series at hand. */
    private final byte[] metadata = new byte[16];

    private int metadataLength;

    /** The field {@code exemplars} of the series at hand. */
    private byte[] exemplar = new byte[64];

    private int exemplarLength;
    private int[] exemplarRefs = new int[16];
    private final LabelText exemplarLabels = new LabelText();

    /** @param random seeds the hash of the symbols */
    RequestV2Encoder(RandomGenerator random) {
        this.symbols = new SymbolTable(
                new KeyHash(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong()));
    }

    /** Encodes the series {@code from} to {@code to}, at least one, into {@link #bytes()}. */
    void encode(SeriesBuffer in, int from, int to) {
        symbols.clear();
        length = 0;
        known = 0;
        byte[] bytes = in.bytes();
        int family = in.familyOf(from);
        int nextExemplar = in.exemplarsBefore(from);
        metadata(in, family);
        for (int i = from; i < to; i++) {
            if (i == in.familyEnd(family)) {
                metadata(in, ++family);
            }
            exemplarLength = 0;
            if (in.seriesOfExemplar(nextExemplar) == i) {
                exemplar(in.exemplar(nextExemplar++));
            }
            series(bytes, in.offset(i), in.startOf(i));
        }
        symbols.append(out, length);
    }

    /** The request, valid up to {@link #length()} and until the next one. */
    byte[] bytes() {
        return symbols.bytes();
    }

    int length() {
        return symbols.length();
    }

    private void metadata(SeriesBuffer in, int family) {
        int n = 2;
        int type = type(in.type(family));
        if (type != 0) {
            metadata[n] = FIELD_1_VARINT;
            metadata[n + 1] = (byte) type;
            n += 2;
        }
        byte[] help = in.help(family);
        if (help != null && help.length > 0) {
            metadata[n] = FIELD_3_VARINT;
            n = WriteRequestEncoder.varint(metadata, n + 1, symbols.ref(help, 0, help.length));
        }
        metadata[0] = FIELD_5;
        metadata[1] = (byte) (n - 2);
        metadataLength = n == 2 ? 0 : n;
    }

    private void exemplar(Exemplar e) {
        byte[] text = e.labels();
        LabelText label = exemplarLabels.reset(text, 0, text.length);
        int n = 0;
        int packed = 0;
        while (label.next()) {
            if (n + 2 > exemplarRefs.length) {
                exemplarRefs = Arrays.copyOf(exemplarRefs, n * 2);
            }
            exemplarRefs[n] = ref(text, label.nameOffset(), label.nameLength(), label.nameEscaped());
            exemplarRefs[n + 1] = ref(text, label.valueOffset(), label.valueLength(), label.escaped());
            packed += WriteRequestEncoder.varintSize(exemplarRefs[n]) + WriteRequestEncoder.varintSize(exemplarRefs[n + 1]);
            n += 2;
        }
        int refsLength = n == 0 ? 0 : 1 + WriteRequestEncoder.varintSize(packed) + packed;
        long millis = Math.floorDiv(e.epochNanos(), NANOS_PER_MILLI);
        int size = refsLength + 9 + 1 + WriteRequestEncoder.varintSize(millis);

        if (exemplar.length < size + 6) {
            exemplar = new byte[size + 6];
        }
        byte[] to = exemplar;
        to[0] = FIELD_4;
        int at = WriteRequestEncoder.varint(to, 1, size);
        if (n > 0) {
            to[at] = FIELD_1;
            at = WriteRequestEncoder.varint(to, at + 1, packed);
            for (int r = 0; r < n; r++) {
                at = WriteRequestEncoder.varint(to, at, exemplarRefs[r]);
            }
        }
        to[at] = FIELD_2_DOUBLE;
        WriteRequestEncoder.LONG.set(to, at + 1, Double.doubleToRawLongBits(e.value()));
        to[at + 9] = FIELD_3_VARINT;
        exemplarLength = WriteRequestEncoder.varint(to, at + 10, millis);
    }

    private int ref(byte[] text, int offset, int size, boolean escaped) {
        if (!escaped) {
            return symbols.ref(text, offset, size);
        }
        byte[] plain = new byte[size];
        return symbols.ref(plain, 0, LabelText.unescape(text, offset, offset + size, plain, 0));
    }

    /** Number in the enumeration {@code Metadata.MetricType}. */
    private static int type(MetricType type) {
        return switch (type) {
            case UNTYPED -> 0;
            case COUNTER -> 1;
            case GAUGE -> 2;
            case HISTOGRAM -> 3;
            case SUMMARY -> 5;
        };
    }

    private void series(byte[] in, int begin, long start) {
        int i = begin + 1;
        while (in[i++] < 0) {
            // the length of the series, which is known
        }
        int labels = 0;
        while (in[i] == FIELD_1) {
            i = label(in, i, labels++);
        }
        known = labels;

        int packed = 0;
        for (int r = 0; r < 2 * labels; r++) {
            packed += WriteRequestEncoder.varintSize(refs[r]);
        }
        // a sample or native histogram: its tag, its length, then its fields, behind which the start belongs
        byte[] field = in[i] == FIELD_2 ? SAMPLE_START : HISTOGRAM_START;
        int value = varint(in, i + 1);
        int valueAt = after(in, i + 1);
        int more = start == 0 ? 0 : field.length + WriteRequestEncoder.varintSize(start);
        int rest = 1 + WriteRequestEncoder.varintSize(value + more) + value + more;
        int size = 1 + WriteRequestEncoder.varintSize(packed) + packed + rest + exemplarLength + metadataLength;
        if (out.length - length < size + 6) {
            out = Arrays.copyOf(out, Math.max(length + size + 6, out.length * 2));
        }
        byte[] to = out;
        to[length] = FIELD_5;
        int n = WriteRequestEncoder.varint(to, length + 1, size);
        to[n++] = FIELD_1;
        n = WriteRequestEncoder.varint(to, n, packed);
        for (int r = 0; r < 2 * labels; r++) {
            n = WriteRequestEncoder.varint(to, n, refs[r]);
        }
        to[n++] = in[i];
        n = WriteRequestEncoder.varint(to, n, value + more);
        System.arraycopy(in, valueAt, to, n, value);
        n += value;
        if (more > 0) {
            System.arraycopy(field, 0, to, n, field.length);
            n = WriteRequestEncoder.varint(to, n + field.length, start);
        }
        System.arraycopy(exemplar, 0, to, n, exemplarLength);
        n += exemplarLength;
        System.arraycopy(metadata, 0, to, n, metadataLength);
        length = n + metadataLength;
    }

    /** Finds the symbols of the label that begins at {@code begin}; returns where the next field does. */
    private int label(byte[] in, int begin, int position) {
        int size = in[begin + 1];
        int i = begin + 2;
        if (size < 0) {
            size = varint(in, begin + 1);
            i = after(in, begin + 1);
        }
        int end = i + size;
        if (position < known
                && lengths[position] == end - begin
                && Arrays.equals(in, places[position], places[position] + end - begin, in, begin, end)) {
            return end;
        }
        if (position == places.length) {
            places = Arrays.copyOf(places, position * 2);
            lengths = Arrays.copyOf(lengths, position * 2);
            refs = Arrays.copyOf(refs, position * 4);
        }
        places[position] = begin;
        lengths[position] = end - begin;

        int nameLength = varint(in, i + 1);
        i = after(in, i + 1);
        refs[2 * position] = symbols.ref(in, i, nameLength);
        i = after(in, i + nameLength + 1);
        refs[2 * position + 1] = symbols.ref(in, i, end - i);
        return end;
    }

    private static int varint(byte[] in, int at) {
        int value = 0;
        for (int i = at, shift = 0; ; i++, shift += 7) {
            value |= (in[i] & 0x7f) << shift;
            if (in[i] >= 0) {
                return value;
            }
        }
    }

    /** Where the varint ends. */
    private static int after(byte[] in, int at) {
        int i = at;
        while (in[i] < 0) {
            i++;
        }
        return i + 1;
    }
}
