package io.weir.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.PointSink;
import java.util.Arrays;

/**
 * Makes samples of points: each numeric field is a sample named measurement, separator, field, whose labels are the tags.
 * Characters that metric and label names do not allow become {@code _}, and a leading digit gets one in front. Booleans
 * are 1 and 0; strings are dropped and counted. {@link PointRules} say which fields are counters or histograms; all
 * others are gauges that are set. The samples of a line bear its timestamp, else the server's time at {@link #begin}, and
 * of two values for one gauge the one with the newer timestamp stays.
 *
 * <p>Two tags that become the same label refuse their line ({@link Code#DUPLICATE_LABEL}) rather than one of them
 * silently winning; so does a tag that becomes {@code __name__}, and {@code le} where a histogram is made
 * ({@link Code#RESERVED_LABEL}). With a database label, {@code db} or {@code bucket} of the request is one more label
 * unless the line has such a tag itself.
 *
 * <p>Names, labels and rules are work for fields that are new; a known one costs two instructions here. Event loop only;
 * reused from request to request.
 */
public final class PointMapper implements PointSink {
    private static final long TWEAK = 0x6461_7461_6261_7365L;

    /** Bytes of scratch memory kept from request to request. */
    private static final int SCRATCH = 1024;

    private static final byte[] NAME = "__name__".getBytes(UTF_8);
    private static final byte[] LE = "le".getBytes(UTF_8);

    private final PointRules rules;
    private final int maxLabels;
    private final KeyHash hash;
    private final byte[] separator;
    private final byte[] databaseLabel;

    private PointTarget target;
    private byte[] database;
    private long databaseHash0;
    private long databaseHash1;
    private long nowNanos;

    // of the line at hand, filled only when one of its fields is new
    private byte[] name = new byte[SCRATCH];
    private int measurementLength;
    private String measurement;
    private byte[] text = new byte[SCRATCH];
    private int textLength;
    private int[] tags = new int[3 * 16];
    private int tagCount;
    private boolean labelsTold;
    private String detail = "";

    public PointMapper(PointRules rules, Limits limits, KeyHash hash) {
        this.rules = rules;
        this.maxLabels = limits.labels();
        this.hash = hash.copy();
        this.separator = sanitize(rules.separator());
        this.databaseLabel = rules.databaseLabel() == null ? null : rules.databaseLabel().getBytes(UTF_8);
    }

    /**
     * Begins a request.
     *
     * @param database of the request, or null; matters only when the rules have a label for it
     * @param nowNanos server time, nanoseconds since the epoch, for lines without timestamp
     */
    public void begin(PointTarget target, String database, long nowNanos) {
        this.target = target;
        this.nowNanos = nowNanos;
        if (name.length > SCRATCH || text.length > SCRATCH) {
            name = new byte[SCRATCH];
            text = new byte[SCRATCH];
        }
        if (databaseLabel == null || database == null || database.isEmpty()) {
            this.database = null;
            databaseHash0 = 0;
            databaseHash1 = 0;
            return;
        }
        this.database = database.getBytes(UTF_8);
        // the same bytes of a line mean another series in another database
        hash.hash(this.database, 0, this.database.length, TWEAK);
        databaseHash0 = hash.h0();
        databaseHash1 = hash.h1();
    }

    @Override
    public void line(long number) {
        detail = "";
        target.mark((int) Math.min(number, Integer.MAX_VALUE));
    }

    @Override
    public Code known(long rawHash0, long rawHash1, double value) {
        return target.known(rawHash0 ^ databaseHash0, rawHash1 ^ databaseHash1, value);
    }

    @Override
    public Code knownLine(
            long number, long rawHash0, long rawHash1, double[] values, int fields, long timestampNanos) {
        detail = "";
        return target.knownLine(
                (int) Math.min(number, Integer.MAX_VALUE),
                rawHash0 ^ databaseHash0,
                rawHash1 ^ databaseHash1,
                values,
                fields,
                Math.max(timestampNanos, Long.MIN_VALUE + 1));
    }

    @Override
    public void learnLine(long rawHash0, long rawHash1, int fields) {
        target.learnLine(rawHash0 ^ databaseHash0, rawHash1 ^ databaseHash1, fields);
    }

    @Override
    public Code measurement(byte[] buffer, int offset, int length) {
        tagCount = 0;
        textLength = 0;
        labelsTold = false;
        name = atLeast(name, 2 * length + separator.length + 2);
        int n = sanitize(buffer, offset, length, name, 0, true, true);
        System.arraycopy(separator, 0, name, n, separator.length);
        measurementLength = n + separator.length;
        measurement = rules.rules().isEmpty() ? null : new String(buffer, offset, length, UTF_8);
        return Code.OK;
    }

    @Override
    public Code tag(byte[] buffer, int keyOffset, int keyLength, int valueOffset, int valueLength) {
        if (tagCount == maxLabels) {
            detail = "limit " + maxLabels;
            return Code.TOO_MANY_LABELS;
        }
        text = atLeast(text, textLength + keyLength + valueLength + 1);
        int label = textLength;
        int value = sanitize(buffer, keyOffset, keyLength, text, label, false, true);
        if (Arrays.equals(text, label, value, NAME, 0, NAME.length)) {
            detail = "tag " + new String(buffer, keyOffset, keyLength, UTF_8) + " becomes __name__";
            return Code.DUPLICATE_LABEL;
        }
        if (find(text, label, value) >= 0) {
            detail = "two tags become " + new String(text, label, value - label, UTF_8);
            return Code.DUPLICATE_LABEL;
        }
        System.arraycopy(buffer, valueOffset, text, value, valueLength);
        textLength = value + valueLength;
        addTag(label, value, textLength);
        return Code.OK;
    }

    @Override
    public Code field(
            byte[] buffer, int keyOffset, int keyLength, FieldKind kind, double value, long rawHash0, long rawHash1) {
        long h0 = rawHash0 ^ databaseHash0;
        long h1 = rawHash1 ^ databaseHash1;
        if (kind == FieldKind.STRING) {
            target.dropString(h0, h1);
            return Code.OK;
        }
        PointRules.Rule rule = rule(buffer, keyOffset, keyLength);
        if (rule != null && rule.as() == PointRules.As.HISTOGRAM && bears(LE)) {
            detail = "le, in a histogram";
            return Code.RESERVED_LABEL;
        }
        name = atLeast(name, measurementLength + keyLength + 1);
        int end = sanitize(buffer, keyOffset, keyLength, name, measurementLength, true, measurementLength == 0);
        if (!labelsTold || !target.beginAlike(name, 0, end)) {
            target.begin(name, 0, end);
            Code code = labels(end);
            if (code != Code.OK) {
                return code;
            }
            labelsTold = true;
        }
        return rule == null
                ? target.endAs(h0, h1, value, PointRules.As.GAUGE, null)
                : target.endAs(h0, h1, value, rule.as(), rule.buckets());
    }

    /** Tells the labels of the line; from {@code scratch} on {@link #name} is free. */
    private Code labels(int scratch) {
        for (int i = 0; i < tagCount; i++) {
            int label = tags[3 * i];
            int labelValue = tags[3 * i + 1];
            Code code = target.label(
                    text, label, labelValue - label, labelValue, tags[3 * i + 2] - labelValue, false);
            if (code != Code.OK) {
                return code;
            }
        }
        return database != null && find(databaseLabel, 0, databaseLabel.length) < 0 ? databaseLabel(scratch) : Code.OK;
    }

    @Override
    public void complete(long timestampNanos) {
        target.stamp(Math.max(timestampNanos, Long.MIN_VALUE + 1));
    }

    @Override
    public void complete() {
        target.stamp(nowNanos);
    }

    @Override
    public void drop() {
        target.rollback();
    }

    @Override
    public String detail() {
        return detail.isEmpty() ? target.detail() : detail;
    }

    private Code databaseLabel(int scratch) {
        name = atLeast(name, scratch + databaseLabel.length + database.length);
        System.arraycopy(databaseLabel, 0, name, scratch, databaseLabel.length);
        int value = scratch + databaseLabel.length;
        System.arraycopy(database, 0, name, value, database.length);
        return target.label(name, scratch, databaseLabel.length, value, database.length, false);
    }

    private PointRules.Rule rule(byte[] buffer, int keyOffset, int keyLength) {
        if (measurement == null) {
            return null;
        }
        String field = new String(buffer, keyOffset, keyLength, UTF_8);
        for (PointRules.Rule rule : rules.rules()) {
            if (rule.measurement().matches(measurement) && rule.field().matches(field)) {
                return rule;
            }
        }
        return null;
    }

    private boolean bears(byte[] label) {
        return find(label, 0, label.length) >= 0 || database != null && Arrays.equals(databaseLabel, label);
    }

    /** Number of the tag that became this label, or -1. */
    private int find(byte[] label, int from, int to) {
        for (int i = 0; i < tagCount; i++) {
            if (Arrays.equals(text, tags[3 * i], tags[3 * i + 1], label, from, to)) {
                return i;
            }
        }
        return -1;
    }

    private void addTag(int label, int value, int end) {
        if (tags.length < 3 * (tagCount + 1)) {
            tags = Arrays.copyOf(tags, 2 * tags.length);
        }
        tags[3 * tagCount] = label;
        tags[3 * tagCount + 1] = value;
        tags[3 * tagCount + 2] = end;
        tagCount++;
    }

    private static byte[] atLeast(byte[] array, int length) {
        return array.length >= length ? array : Arrays.copyOf(array, Math.max(length, 2 * array.length));
    }

    private static byte[] sanitize(String text) {
        byte[] raw = text.getBytes(UTF_8);
        byte[] clean = new byte[raw.length];
        return Arrays.copyOf(clean, sanitize(raw, 0, raw.length, clean, 0, true, false));
    }

    /**
     * Writes a span as (part of) a name, one {@code _} for each character that has no place there; at most one byte longer.
     *
     * @param colons whether {@code :} has a place, as in metric names
     * @param leads whether a digit at the start needs {@code _} before it
     * @return end of what was written
     */
    private static int sanitize(
            byte[] from, int offset, int length, byte[] to, int at, boolean colons, boolean leads) {
        int n = at;
        for (int i = offset, end = offset + length; i < end; i++) {
            byte c = from[i];
            boolean digit = c >= '0' && c <= '9';
            if (digit && leads && i == offset) {
                to[n++] = '_';
            }
            if (digit || (c | 0x20) >= 'a' && (c | 0x20) <= 'z' && c > 0 || c == '_' || c == ':' && colons) {
                to[n++] = c;
            } else if ((c & 0xc0) != 0x80) {
                to[n++] = '_';
            }
        }
        return n;
    }
}
