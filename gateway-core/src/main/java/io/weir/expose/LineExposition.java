package io.weir.expose;

import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.LabelText;
import io.weir.snapshot.SummaryValue;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * What the text formats share: families by name, HELP (when there is one) before TYPE, a histogram as its ladder, sum and
 * count, one sample a line. Allocates per family, nothing per series.
 */
abstract sealed class LineExposition extends Exposition permits TextExposition, OpenMetricsExposition {
    private static final byte[] HELP = ascii("# HELP ");
    private static final byte[] TYPE = ascii("# TYPE ");
    private static final byte[] BUCKET = ascii("_bucket");
    private static final byte[] SUM = ascii("_sum");
    private static final byte[] COUNT = ascii("_count");
    private static final byte[] LE = ascii("le=\"");

    /** Bytes of a sample line besides name, suffix and labels: braces, comma, le, two numbers, one's point, space, line feed. */
    private static final int LINE_EXTRA_BYTES = LE.length + 2 * NumberWriter.BYTES_MAX + 8;

    private byte[] suffixedOf;
    private byte[] bucketName;
    private byte[] sumName;
    private byte[] countName;

    LineExposition(List<FamilySnapshot> families, int blockBytes) {
        super(families, blockBytes);
    }

    /** Name of the family in its HELP and TYPE lines. */
    abstract byte[] headName(FamilySnapshot current);

    /** Type in the TYPE line. */
    abstract byte[] headType(FamilySnapshot current);

    /** Whether this byte of a HELP text is escaped; a line feed always is. */
    abstract boolean isEscaped(byte b);

    /** Writes the bound of a bucket; returns the index behind it. */
    abstract int bound(double bound, byte[] a, int n);

    /** Writes the exemplar of the sample just written, if there is one: a counter's has the bound NaN. */
    void exemplar(FamilySnapshot current, double bound, ByteBlock out) {}

    /** What follows all samples of series {@link #series}. */
    abstract void endSeries(FamilySnapshot current, ByteBlock out);

    /** Whether {@link #endSeries} has something to say of this family. */
    abstract boolean endsSeries(FamilySnapshot current);

    @Override
    void render(FamilySnapshot current, int until, ByteBlock out, int end) {
        if (series == 0 && line == 0) {
            head(current, out);
        }
        switch (current.type()) {
            case HISTOGRAM -> histograms(current, until, out, end);
            case SUMMARY -> summaries(current, until, out, end);
            default -> {
                if (endsSeries(current)) {
                    endedScalars(current, until, out, end);
                } else {
                    scalars(current, until, out, end);
                }
            }
        }
    }

    private void head(FamilySnapshot current, ByteBlock out) {
        byte[] name = headName(current);
        if (!current.hasClassicName()) {
            byte[] quoted = new byte[LabelText.nameBytesMax(name.length)];
            name = Arrays.copyOf(quoted, LabelText.quote(name, 0, name.length, quoted, 0));
        }
        byte[] help = current.help();
        if (help != null && help.length > 0) {
            out.put(HELP);
            out.put(name);
            out.put((byte) ' ');
            byte[] a = out.reserve(2 * help.length);
            int n = out.length();
            for (byte b : help) {
                if (b == '\n' || isEscaped(b)) {
                    a[n++] = '\\';
                    a[n++] = b == '\n' ? (byte) 'n' : b;
                } else {
                    a[n++] = b;
                }
            }
            out.length(n);
            out.put((byte) '\n');
        }
        out.put(TYPE);
        out.put(name);
        out.put((byte) ' ');
        out.put(headType(current));
        out.put((byte) '\n');
    }

    private void scalars(FamilySnapshot current, int until, ByteBlock out, int end) {
        byte[] name = shown(current.name(), current);
        boolean braced = !current.hasClassicName();
        int i = series;
        byte[] a = out.array();
        int n = out.length();
        do {
            int length = current.textLength(i);
            if (a.length - n < name.length + length + LINE_EXTRA_BYTES) {
                out.length(n);
                a = out.reserve(name.length + length + LINE_EXTRA_BYTES);
            }
            n = sample(name, braced, current, i, current.value(i), a, n);
            i++;
        } while (i < until && n < end);
        out.length(n);
        series = i;
    }

    private void endedScalars(FamilySnapshot current, int until, ByteBlock out, int end) {
        byte[] name = shown(current.name(), current);
        do {
            sample(name, current, current.value(series), out);
            if (current.hasExemplars()) {
                exemplar(current, Double.NaN, out);
            }
            endSeries(current, out);
            series++;
        } while (series < until && out.length() < end);
    }

    private void summaries(FamilySnapshot current, int until, ByteBlock out, int end) {
        suffix(current);
        do {
            SummaryValue value = current.summary(series);
            sample(sumName, current, value.sum(), out);
            sample(countName, current, value.count(), out);
            endSeries(current, out);
            series++;
        } while (series < until && out.length() < end);
    }

    private void histograms(FamilySnapshot current, int until, ByteBlock out, int end) {
        suffix(current);
        do {
            HistogramValue value = current.histogram(series);
            int buckets = value.buckets();
            double cumulative = 0;
            for (int i = 0; i < line; i++) {
                cumulative += value.count(i);
            }
            do {
                cumulative += value.count(line);
                bucket(current, line < buckets ? value.bound(line) : Double.POSITIVE_INFINITY, cumulative, out);
                line++;
            } while (line <= buckets && out.length() < end);
            if (line <= buckets) {
                return;
            }
            sample(sumName, current, value.sum(), out);
            // added up in the order of count(), so this is the number at +Inf to the bit
            sample(countName, current, cumulative, out);
            endSeries(current, out);
            line = 0;
            series++;
        } while (series < until && out.length() < end);
    }

    private void bucket(FamilySnapshot current, double bound, double cumulative, ByteBlock out) {
        int length = current.textLength(series);
        byte[] a = out.reserve(bucketName.length + length + LINE_EXTRA_BYTES);
        int n = out.length();
        System.arraycopy(bucketName, 0, a, n, bucketName.length);
        n += bucketName.length;
        a[n++] = current.hasClassicName() ? (byte) '{' : (byte) ',';
        if (length > 0) {
            System.arraycopy(current.textChunk(series), current.textOffset(series), a, n, length);
            n += length;
            a[n++] = ',';
        }
        System.arraycopy(LE, 0, a, n, LE.length);
        n = bound(bound, a, n + LE.length);
        a[n++] = '"';
        a[n++] = '}';
        a[n++] = ' ';
        n = NumberWriter.write(cumulative, a, n);
        a[n++] = '\n';
        out.length(n);
        if (current.hasExemplars()) {
            exemplar(current, bound, out);
        }
    }

    /** A sample of series {@link #series}; its name as {@link #shown} gives it. */
    final void sample(byte[] name, FamilySnapshot current, double value, ByteBlock out) {
        byte[] a = out.reserve(name.length + current.textLength(series) + LINE_EXTRA_BYTES);
        out.length(sample(name, !current.hasClassicName(), current, series, value, a, out.length()));
    }

    /** The name stands before the braces, or, in quotes, behind the opening one, which is part of it then. */
    private static int sample(
            byte[] name, boolean braced, FamilySnapshot current, int i, double value, byte[] a, int n) {
        System.arraycopy(name, 0, a, n, name.length);
        n += name.length;
        int length = current.textLength(i);
        if (length > 0) {
            a[n++] = braced ? (byte) ',' : (byte) '{';
            System.arraycopy(current.textChunk(i), current.textOffset(i), a, n, length);
            n += length;
            a[n++] = '}';
        } else if (braced) {
            a[n++] = '}';
        }
        a[n++] = ' ';
        n = NumberWriter.write(value, a, n);
        a[n++] = '\n';
        return n;
    }

    private void suffix(FamilySnapshot current) {
        byte[] name = current.name();
        if (suffixedOf != name) {
            suffixedOf = name;
            bucketName = shown(join(name, BUCKET), current);
            sumName = shown(join(name, SUM), current);
            countName = shown(join(name, COUNT), current);
        }
    }

    /** A sample name of this family as it begins its line: as it is, or in quotes behind a brace. */
    static byte[] shown(byte[] name, FamilySnapshot current) {
        if (current.hasClassicName()) {
            return name;
        }
        byte[] shown = new byte[1 + LabelText.nameBytesMax(name.length)];
        shown[0] = '{';
        return Arrays.copyOf(shown, LabelText.quote(name, 0, name.length, shown, 1));
    }

    static byte[] join(byte[] name, byte[] suffix) {
        byte[] joined = Arrays.copyOf(name, name.length + suffix.length);
        System.arraycopy(suffix, 0, joined, name.length, suffix.length);
        return joined;
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
