package io.weir.expose;

import static io.weir.expose.TextExposition.ascii;

import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.LabelText;
import io.weir.snapshot.Snapshot;
import io.weir.snapshot.SummaryValue;
import java.util.Collection;
import java.util.List;

/**
 * One JSON object with a member per family, by name:
 * {@code {"a":{"name":"a","help":"..","type":"counter","metrics":[{"value":2,"labels":{"x":"y"}}]}}}. There is no
 * {@code help} when none was sent. A histogram is {@code {"labels":{},"buckets":{"1":5,"+Inf":6},"count":6,"sum":1.5}} with
 * cumulative buckets, a summary {@code {"labels":{},"count":6,"sum":1.5}}.
 *
 * <p>JSON has no words for numbers that are not finite; they are the strings {@code "NaN"}, {@code "+Inf"} and
 * {@code "-Inf"}.
 *
 * <p>One instance per scrape; any thread, one at a time. Source: the JSON form of cf-workers-prometheus-push-gateway, which
 * knows counters and gauges only.
 */
public final class JsonExposition extends Exposition {
    public static final String CONTENT_TYPE = "application/json";

    private static final byte[] NAME = ascii("\":{\"name\":\"");
    private static final byte[] HELP = ascii("\",\"help\":\"");
    private static final byte[] TYPE = ascii("\",\"type\":\"");
    private static final byte[] METRICS = ascii("\",\"metrics\":[");
    private static final byte[] METRICS_END = ascii("]}");
    private static final byte[] VALUE = ascii("{\"value\":");
    private static final byte[] SCALAR_LABELS = ascii(",\"labels\":{");
    private static final byte[] SCALAR_END = ascii("}}");
    private static final byte[] LABELS = ascii("{\"labels\":{");
    private static final byte[] BUCKETS = ascii("},\"buckets\":{");
    private static final byte[] COLON = ascii("\":");
    private static final byte[] COUNT = ascii("},\"count\":");
    private static final byte[] SUM = ascii(",\"sum\":");
    private static final byte[] HEX = ascii("0123456789abcdef");

    /** A control character as {@code \}{@code u001f}. */
    private static final int ESCAPE_BYTES_MAX = 6;

    private final LabelText labels = new LabelText();

    public JsonExposition(Snapshot snapshot) {
        this(snapshot.families(), BLOCK_BYTES);
    }

    /** Only the families that {@code names} select: by family name, or by a sample name of a histogram or summary. */
    public JsonExposition(Snapshot snapshot, Collection<String> names) {
        this(select(snapshot, names), BLOCK_BYTES);
    }

    JsonExposition(List<FamilySnapshot> families, int blockBytes) {
        super(families, blockBytes);
    }

    @Override
    public String contentType() {
        return CONTENT_TYPE;
    }

    @Override
    void open(ByteBlock out) {
        out.put((byte) '{');
    }

    @Override
    void close(ByteBlock out) {
        out.put((byte) '}');
    }

    @Override
    int shape(int family) {
        return family > 0 ? 1 : 0;
    }

    @Override
    void render(FamilySnapshot current, int until, ByteBlock out, int end) {
        if (series == 0) {
            head(current, out);
        }
        do {
            if (series > 0) {
                out.put((byte) ',');
            }
            switch (current.type()) {
                case HISTOGRAM -> histogram(current, out);
                case SUMMARY -> summary(current, out);
                default -> scalar(current, out);
            }
            series++;
        } while (series < until && out.length() < end);
        if (series == current.size()) {
            out.put(METRICS_END);
        }
    }

    private void head(FamilySnapshot current, ByteBlock out) {
        if (family > 0) {
            out.put((byte) ',');
        }
        out.put((byte) '"');
        escape(current.name(), 0, current.name().length, false, out);
        out.put(NAME);
        escape(current.name(), 0, current.name().length, false, out);
        byte[] help = current.help();
        if (help != null && help.length > 0) {
            out.put(HELP);
            escape(help, 0, help.length, false, out);
        }
        out.put(TYPE);
        out.put(ascii(current.type().text()));
        out.put(METRICS);
    }

    private void scalar(FamilySnapshot current, ByteBlock out) {
        out.put(VALUE);
        number(current.value(series), out);
        out.put(SCALAR_LABELS);
        labels(current, out);
        out.put(SCALAR_END);
    }

    private void summary(FamilySnapshot current, ByteBlock out) {
        SummaryValue value = current.summary(series);
        out.put(LABELS);
        labels(current, out);
        total(value.count(), value.sum(), out);
    }

    private void histogram(FamilySnapshot current, ByteBlock out) {
        HistogramValue value = current.histogram(series);
        int buckets = value.buckets();
        out.put(LABELS);
        labels(current, out);
        out.put(BUCKETS);
        double cumulative = 0;
        for (int i = 0; i <= buckets; i++) {
            cumulative += value.count(i);
            if (i > 0) {
                out.put((byte) ',');
            }
            out.put((byte) '"');
            out.put(i < buckets ? value.bound(i) : Double.POSITIVE_INFINITY);
            out.put(COLON);
            number(cumulative, out);
        }
        total(cumulative, value.sum(), out);
    }

    private static void total(double count, double sum, ByteBlock out) {
        out.put(COUNT);
        number(count, out);
        out.put(SUM);
        number(sum, out);
        out.put((byte) '}');
    }

    private void labels(FamilySnapshot current, ByteBlock out) {
        labels.reset(current.textChunk(series), current.textOffset(series), current.textLength(series));
        for (boolean first = true; labels.next(); first = false) {
            if (!first) {
                out.put((byte) ',');
            }
            out.put((byte) '"');
            escape(labels.text(), labels.nameOffset(), labels.nameLength(), true, out);
            out.put(COLON);
            out.put((byte) '"');
            // the escapes of text 0.0.4 mean the same in JSON
            escape(labels.text(), labels.valueOffset(), labels.valueLength(), true, out);
            out.put((byte) '"');
        }
    }

    private static void number(double value, ByteBlock out) {
        boolean finite = Math.abs(value) <= Double.MAX_VALUE;
        if (!finite) {
            out.put((byte) '"');
        }
        out.put(value);
        if (!finite) {
            out.put((byte) '"');
        }
    }

    private static void escape(byte[] text, int offset, int length, boolean escaped, ByteBlock out) {
        byte[] a = out.reserve(Math.multiplyExact(ESCAPE_BYTES_MAX, length));
        int n = out.length();
        for (int i = offset, stop = offset + length; i < stop; i++) {
            byte b = text[i];
            if (b >= 0 && b < ' ') {
                a[n] = '\\';
                a[n + 1] = 'u';
                a[n + 2] = '0';
                a[n + 3] = '0';
                a[n + 4] = HEX[b >> 4];
                a[n + 5] = HEX[b & 15];
                n += ESCAPE_BYTES_MAX;
            } else {
                if (!escaped && (b == '"' || b == '\\')) {
                    a[n++] = '\\';
                }
                a[n++] = b;
            }
        }
        out.length(n);
    }
}
