package io.weir.parse;

import io.weir.sample.MetricNames;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.MetricType;
import io.weir.sample.NativeSample;
import io.weir.sample.SampleSink;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Parser of delimited {@code io.prometheus.client.MetricFamily} messages: each message behind its length as a varint. It
 * reads the wire format itself and never holds more than one metric. The first bad message refuses the body; its place
 * is an offset in bytes.
 *
 * <p>Limits, each with its own error: {@code bodyBytes} for a family, {@link #metricBytesMax} for a metric,
 * {@code nameBytes}, {@code labels}, {@code labelNameBytes}, {@code labelValueBytes}, {@code helpBytes}.
 *
 * <ul>
 *   <li>Families and metrics are read as they come. When a metric comes before name or type of its family, as it does
 *       where an encoder leaves out the type {@code COUNTER}, the rest of the family is awaited and searched first.
 *   <li>A histogram or summary becomes the samples it has in text: {@code x_bucket}, {@code x_sum}, {@code x_count}. What a
 *       native histogram has beyond these, {@link NativeHistogramReader} reads.
 *   <li>A gauge histogram becomes gauges, {@code x_bucket{le}}, {@code x_gcount} and {@code x_gsum}; without native buckets.
 *   <li>Units and created timestamps are passed over, and exemplars that cannot be read; a family without metrics is nothing.
 * </ul>
 *
 * <p>The opaque key of a metric is the hash of its family's name and type joined with that of its label fields as they
 * stand; the bucket's bound or the part's number is mixed into it for each sample.
 *
 * <p>Source: prometheus/client_model {@code io/prometheus/client/metrics.proto}; Protocol Buffers encoding.
 */
public final class ProtobufParser extends BodyParser {
    /** Separates hashes of keys in this format from those of other formats. */
    private static final long TWEAK = 0x7072_6f74_6fL;
    private static final long FAMILY_TWEAK = TWEAK + 1;

    private static final VarHandle DOUBLE =
            MethodHandles.byteArrayViewVarHandle(double[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int VARINT_BYTES_MAX = 10;
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int DELIMITED = 2;
    private static final int FIXED32 = 5;

    // tags: field number << 3 | wire type
    private static final int FAMILY_NAME = 1 << 3 | DELIMITED;
    private static final int FAMILY_HELP = 2 << 3 | DELIMITED;
    private static final int FAMILY_TYPE = 3 << 3 | VARINT;
    private static final int FAMILY_METRIC = 4 << 3 | DELIMITED;
    private static final int METRIC_LABEL = 1 << 3 | DELIMITED;
    private static final int METRIC_GAUGE = 2 << 3 | DELIMITED;
    private static final int METRIC_COUNTER = 3 << 3 | DELIMITED;
    private static final int METRIC_SUMMARY = 4 << 3 | DELIMITED;
    private static final int METRIC_UNTYPED = 5 << 3 | DELIMITED;
    private static final int METRIC_TIMESTAMP = 6 << 3 | VARINT;
    private static final int METRIC_HISTOGRAM = 7 << 3 | DELIMITED;
    private static final int LABEL_NAME = 1 << 3 | DELIMITED;
    private static final int LABEL_VALUE = 2 << 3 | DELIMITED;
    private static final int SCALAR_VALUE = 1 << 3 | FIXED64;
    private static final int COUNT = 1 << 3 | VARINT;
    private static final int SUM = 2 << 3 | FIXED64;
    private static final int COUNT_FLOAT = 4 << 3 | FIXED64;
    private static final int PIECE = 3 << 3 | DELIMITED;
    private static final int PIECE_BOUND = 2 << 3 | FIXED64;
    private static final int QUANTILE = 1 << 3 | FIXED64;
    private static final int COUNTER_EXEMPLAR = 2 << 3 | DELIMITED;
    private static final int BUCKET_EXEMPLAR = 3 << 3 | DELIMITED;
    private static final int EXEMPLAR_LABEL = 1 << 3 | DELIMITED;
    private static final int EXEMPLAR_VALUE = 2 << 3 | FIXED64;
    private static final int EXEMPLAR_TIME = 3 << 3 | DELIMITED;
    private static final int SECONDS = 1 << 3 | VARINT;
    private static final int NANOS = 2 << 3 | VARINT;
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    // values of MetricFamily.type
    private static final int COUNTER = 0;
    private static final int GAUGE = 1;
    private static final int SUMMARY = 2;
    private static final int UNTYPED = 3;
    private static final int HISTOGRAM = 4;
    private static final int GAUGE_HISTOGRAM = 5;
    private static final int NO_TYPE = -1;

    // parts of a metric; what is mixed into its key
    private static final int PART_BUCKET = 1;
    private static final int PART_SUM = 2;
    private static final int PART_COUNT = 3;
    private static final int PART_QUANTILE = 4;
    private static final int PART_NATIVE = 5;

    private static final byte[] NOTHING = {};
    private static final byte[] LE = ascii("le");
    private static final byte[] QUANTILE_LABEL = ascii("quantile");
    private static final byte[] BUCKET_SUFFIX = ascii("_bucket");
    private static final byte[][] SUM_SUFFIX = {ascii("_sum"), ascii("_gsum")};
    private static final byte[][] COUNT_SUFFIX = {ascii("_count"), ascii("_gcount")};
    private static final int SUFFIX_BYTES = 8;

    private long base;

    // the family being read
    /** Bytes of it that are not consumed yet; -1 between families. */
    private int left;
    /** Bytes to pass over, within {@link #left}. */
    private int skip;
    private final byte[] name;
    private int nameLength;
    private byte[] help = new byte[256];
    private int helpLength;
    private int type;
    private boolean searched;
    private boolean begun;
    private long family0;
    private long family1;
    private int valueTag;

    // the metric being read
    private byte[] labelBytes;
    private int labelsAt;
    private int labelsEnd;
    private long metric0;
    private long metric1;

    /** The exemplar of the sample being read, behind its tag; -1 for none. */
    private int exemplarAt = -1;
    private int exemplarEnd;
    private byte[] exemplarBytes;

    // the label being read
    private int pairName;
    private int pairNameEnd;
    private int pairValue;
    private int pairValueEnd;

    // what the last step found
    private int at;

    private final NativeHistogramReader nativeReader = new NativeHistogramReader();
    /** Native buckets that are being defined; null when it is a number. */
    private NativeSample defined;

    private byte[] gathered = new byte[0];
    private byte[] number = new byte[32];

    /**
     * @param hash used by this parser alone while it parses; all parsers of a process share its secret
     */
    public ProtobufParser(Limits limits, KeyHash hash, TextParser.Timestamps timestamps) {
        super(limits, hash, timestamps);
        this.name = new byte[limits.nameBytes() + SUFFIX_BYTES];
    }

    /** Longest metric that is read: full labels, and as many buckets as there may be, each with an exemplar. */
    public static int metricBytesMax(Limits limits) {
        long labels = (long) limits.labels() * (limits.labelNameBytes() + limits.labelValueBytes() + 16);
        return (int) Math.min(Integer.MAX_VALUE, labels + 512L * limits.buckets() + 1024);
    }

    @Override
    public void reset(SampleSink sink) {
        super.reset(sink);
        base = 0;
        exemplarAt = -1;
        left = -1;
        skip = 0;
    }

    @Override
    Result read(byte[] b, int offset, int length, boolean last) {
        int end = offset + length;
        int i = offset;
        while (i < end || left == 0) {
            Code code;
            at = i;
            if (skip > 0) {
                int n = Math.min(skip, end - i);
                skip -= n;
                at = i + n;
                code = Code.OK;
            } else if (left < 0) {
                code = open(b, i, end);
            } else if (left == 0) {
                left = -1;
                lines++;
                code = Code.OK;
            } else {
                code = field(b, i, Math.min(end, i + left), end - i >= left);
            }
            if (code == Code.UNKNOWN) {
                break;
            }
            if (code != Code.OK) {
                return refuse(code, i - offset, errorAt - offset);
            }
            left -= left > 0 && at > i ? at - i : 0;
            i = at;
        }
        consumed = i - offset;
        if (last && (consumed < length || left >= 0)) {
            error(Code.PROTOBUF_TRUNCATED, end, left >= 0 ? familyText() : "");
            return refuse(Code.PROTOBUF_TRUNCATED, consumed, length);
        }
        base += consumed;
        return consumed < length ? Result.NEED_MORE : Result.COMPLETE;
    }

    private Result refuse(Code code, int done, int errorOffset) {
        consumed = done;
        failure = new ParseFailure(code, 0, (int) Math.min(Integer.MAX_VALUE, base + errorOffset), "", detail);
        return Result.ERROR;
    }

    private Code open(byte[] b, int i, int end) {
        long length = varint(b, i, end);
        if (at < 0) {
            return incomplete(i, i, end, false, "");
        }
        if (length < 0 || length > limits.bodyBytes()) {
            return error(Code.MESSAGE_TOO_LONG, i, limits.bodyBytes() + " bytes");
        }
        left = (int) length;
        skip = 0;
        nameLength = 0;
        helpLength = 0;
        type = NO_TYPE;
        searched = false;
        begun = false;
        // the length is no part of what it counts
        int next = at;
        left += next - i;
        return Code.OK;
    }

    /** One field of a family; UNKNOWN when it is not all there yet, with nothing taken. */
    private Code field(byte[] b, int i, int end, boolean all) {
        long tag = varint(b, i, end);
        if (at < 0) {
            return incomplete(i, i, end, all, "a field is cut off");
        }
        int body = at;
        int wire = (int) tag & 7;
        if (wire != DELIMITED) {
            return number(b, i, body, end, tag, all);
        }

        long length = varint(b, body, end);
        if (at < 0) {
            return incomplete(i, body, end, all, "a field is cut off");
        }
        int from = at;
        if (length < 0 || length > left - (from - i)) {
            return error(Code.PROTOBUF, i, "a field is longer than its message");
        }
        if (tag == FAMILY_METRIC) {
            if (length > metricBytesMax(limits)) {
                return error(Code.MESSAGE_TOO_LONG, i, "metric, " + metricBytesMax(limits) + " bytes");
            }
        } else if (tag == FAMILY_NAME) {
            if (length > limits.nameBytes()) {
                return error(Code.NAME_TOO_LONG, from, limits.nameBytes() + " bytes");
            }
        } else if (tag == FAMILY_HELP) {
            if (length > limits.helpBytes()) {
                return error(Code.HELP_TOO_LONG, from, limits.helpBytes() + " bytes");
            }
        } else {
            skip = (int) length;
            at = from;
            return Code.OK;
        }

        int stop = from + (int) length;
        if (stop > end) {
            return Code.UNKNOWN;
        }
        if (tag == FAMILY_METRIC) {
            if (!begun) {
                Code code = begin(b, i, end, all);
                if (code != Code.OK) {
                    return code;
                }
            }
            Code code = metric(b, from, stop);
            at = stop;
            return code;
        }
        if (begun && !searched) {
            return error(Code.PROTOBUF, i, "name or help of " + familyText() + " behind its metrics");
        }
        if (!begun) {
            take(b, from, stop, tag == FAMILY_NAME);
        }
        at = stop;
        return Code.OK;
    }

    private Code number(byte[] b, int i, int body, int end, long tag, boolean all) {
        if (tag != FAMILY_TYPE) {
            int next = afterValue(b, body, end, (int) tag & 7);
            if (next < 0) {
                boolean wire = ((int) tag & 7) == VARINT || ((int) tag & 7) == FIXED64 || ((int) tag & 7) == FIXED32;
                return wire
                        ? incomplete(i, body, end, all, "a field cannot be read")
                        : error(Code.PROTOBUF, i, "a field cannot be read");
            }
            at = next;
            return Code.OK;
        }
        long value = varint(b, body, end);
        if (at < 0) {
            return incomplete(i, body, end, all, "a field is cut off");
        }
        if (value < COUNTER || value > GAUGE_HISTOGRAM) {
            return error(Code.BAD_TYPE, i, "MetricType " + value);
        }
        if (begun && !searched) {
            return error(Code.PROTOBUF, i, "type of " + familyText() + " behind its metrics");
        }
        type = begun ? type : (int) value;
        return Code.OK;
    }

    private void take(byte[] b, int from, int stop, boolean isName) {
        if (isName) {
            nameLength = stop - from;
            System.arraycopy(b, from, name, 0, nameLength);
            return;
        }
        if (help.length < 2 * (stop - from)) {
            help = new byte[2 * (stop - from)];
        }
        int n = 0;
        for (int i = from; i < stop; i++) {
            if (b[i] == '\\') {
                help[n++] = '\\';
            }
            help[n++] = b[i];
        }
        helpLength = n;
    }

    /** The first metric of a family: by now its name and type must be known. */
    private Code begin(byte[] b, int i, int end, boolean all) {
        if (nameLength == 0 || type == NO_TYPE) {
            if (!all) {
                return Code.UNKNOWN;
            }
            Code code = search(b, i, end);
            if (code != Code.OK) {
                return code;
            }
        }
        if (nameLength == 0) {
            return error(Code.EXPECTED_NAME, i, familyText());
        }
        if (!Utf8.isValid(name, 0, nameLength)) {
            return error(Code.BAD_UTF8, i, "name of " + familyText());
        }
        int bad = Utf8.firstInvalid(help, 0, helpLength);
        if (bad < helpLength) {
            return error(Code.BAD_UTF8, i, "help of " + familyText());
        }

        Code code = declare();
        if (code != Code.OK) {
            return refusedBySink(code, i);
        }
        valueTag = switch (type) {
            case COUNTER -> METRIC_COUNTER;
            case GAUGE -> METRIC_GAUGE;
            case SUMMARY -> METRIC_SUMMARY;
            case UNTYPED -> METRIC_UNTYPED;
            default -> METRIC_HISTOGRAM;
        };
        name[nameLength] = (byte) type;
        hash.hash(name, 0, nameLength + 1, FAMILY_TWEAK);
        family0 = hash.h0();
        family1 = hash.h1();
        begun = true;
        return Code.OK;
    }

    /** Looks for name, help and type in what is left of a family, all of which is there; the last of each counts. */
    private Code search(byte[] b, int from, int end) {
        searched = true;
        for (int i = from; i < end; i = at) {
            long tag = varint(b, i, end);
            int body = at;
            if (body < 0) {
                return error(Code.PROTOBUF, i, "a field is cut off");
            }
            int next = afterValue(b, body, end, (int) tag & 7);
            if (next < 0) {
                return error(Code.PROTOBUF, i, "a field cannot be read");
            }
            if (tag == FAMILY_TYPE) {
                long value = varint(b, body, end);
                if (value < COUNTER || value > GAUGE_HISTOGRAM) {
                    return error(Code.BAD_TYPE, i, "MetricType " + value);
                }
                type = (int) value;
            } else if (tag == FAMILY_NAME || tag == FAMILY_HELP) {
                long length = varint(b, body, end);
                int limit = tag == FAMILY_NAME ? limits.nameBytes() : limits.helpBytes();
                if (length > limit) {
                    return error(tag == FAMILY_NAME ? Code.NAME_TOO_LONG : Code.HELP_TOO_LONG, i, limit + " bytes");
                }
                take(b, at, next, tag == FAMILY_NAME);
            }
            at = next;
        }
        type = type == NO_TYPE ? COUNTER : type;
        return Code.OK;
    }

    private Code declare() {
        if (type == GAUGE_HISTOGRAM) {
            Code code = declare(BUCKET_SUFFIX, MetricType.GAUGE);
            code = code == Code.OK ? declare(COUNT_SUFFIX[1], MetricType.GAUGE) : code;
            return code == Code.OK ? declare(SUM_SUFFIX[1], MetricType.GAUGE) : code;
        }
        return declare(
                NOTHING,
                switch (type) {
                    case COUNTER -> MetricType.COUNTER;
                    case GAUGE -> MetricType.GAUGE;
                    case SUMMARY -> MetricType.SUMMARY;
                    case UNTYPED -> MetricType.UNTYPED;
                    default -> MetricType.HISTOGRAM;
                });
    }

    private Code declare(byte[] suffix, MetricType declared) {
        System.arraycopy(suffix, 0, name, nameLength, suffix.length);
        int length = nameLength + suffix.length;
        Code code = sink.type(name, 0, length, declared);
        if (code == Code.OK && helpLength > 0) {
            int end = length;
            int text = helpLength;
            // the sink wants both in one array
            byte[] both = Arrays.copyOf(name, end + text);
            System.arraycopy(help, 0, both, end, text);
            code = sink.help(both, 0, end, end, text);
        }
        return code;
    }

    // ---- metrics

    private Code metric(byte[] b, int start, int end) {
        int i = start;
        while (i < end && b[i] == METRIC_LABEL) {
            i = afterDelimited(b, i + 1, end);
            if (i < 0) {
                return cutOff(start);
            }
        }
        labelBytes = b;
        labelsAt = start;
        labelsEnd = i;

        int value = -1;
        int valueEnd = -1;
        boolean more = false;
        while (i < end) {
            int tag = b[i];
            if (tag == valueTag) {
                long length = varint(b, i + 1, end);
                if (at < 0 || length < 0 || length > end - at) {
                    return cutOff(start);
                }
                value = at;
                i = valueEnd = at + (int) length;
            } else {
                if (tag == METRIC_TIMESTAMP && timestamps == TextParser.Timestamps.REFUSE) {
                    return error(Code.TIMESTAMP_REFUSED, i, familyText());
                }
                more |= tag == METRIC_LABEL;
                i = afterField(b, i, end);
                if (i < 0) {
                    return cutOff(start);
                }
            }
        }
        if (value < 0) {
            return error(Code.PROTOBUF_VALUE, start, familyText());
        }
        if (more) {
            gather(b, start, end);
        }
        hash.hash(labelBytes, labelsAt, labelsEnd - labelsAt, TWEAK);
        hash.combine(family0, family1, hash.h0(), hash.h1());
        metric0 = hash.h0();
        metric1 = hash.h1();
        return switch (type) {
            case COUNTER, GAUGE, UNTYPED -> scalar(b, start, value, valueEnd);
            case SUMMARY -> summary(b, start, value, valueEnd);
            default -> histogram(b, start, value, valueEnd);
        };
    }

    /** Puts label fields side by side that are not so in a metric, which no known encoder writes. */
    private void gather(byte[] b, int start, int end) {
        if (gathered.length < end - start) {
            gathered = new byte[end - start];
        }
        int n = 0;
        for (int i = start; i < end; ) {
            int next = afterField(b, i, end);
            if (b[i] == METRIC_LABEL) {
                System.arraycopy(b, i, gathered, n, next - i);
                n += next - i;
            }
            i = next;
        }
        labelBytes = gathered;
        labelsAt = 0;
        labelsEnd = n;
    }

    private Code scalar(byte[] b, int start, int from, int end) {
        double value = 0;
        int i = from;
        while (i < end) {
            if (b[i] == SCALAR_VALUE && end - i >= 9) {
                value = (double) DOUBLE.get(b, i + 1);
                i += 9;
            } else {
                int field = i;
                i = afterField(b, i, end);
                if (i < 0) {
                    return cutOff(start);
                }
                if (type == COUNTER && b[field] == COUNTER_EXEMPLAR) {
                    exemplarIs(b, field, i);
                }
            }
        }
        return sample(NOTHING, null, 0, value, start);
    }

    private Code summary(byte[] b, int start, int from, int end) {
        double count = 0;
        double sum = 0;
        int i = from;
        while (i < end) {
            int tag = b[i];
            if (tag == COUNT) {
                count = unsigned(varint(b, i + 1, end));
                i = at;
            } else if (tag == SUM && end - i >= 9) {
                sum = (double) DOUBLE.get(b, i + 1);
                i += 9;
            } else if (tag == PIECE) {
                long length = varint(b, i + 1, end);
                if (at < 0 || length < 0 || length > end - at) {
                    return cutOff(start);
                }
                i = at + (int) length;
                Code code = quantile(b, start, at, i);
                if (code != Code.OK) {
                    return code;
                }
            } else {
                i = afterField(b, i, end);
            }
            if (i < 0) {
                return cutOff(start);
            }
        }
        Code code = part(PART_SUM, SUM_SUFFIX[0], sum, start);
        return code == Code.OK ? part(PART_COUNT, COUNT_SUFFIX[0], count, start) : code;
    }

    private Code quantile(byte[] b, int start, int from, int end) {
        double quantile = 0;
        double value = 0;
        for (int i = from; i < end; ) {
            if (b[i] == QUANTILE && end - i >= 9) {
                quantile = (double) DOUBLE.get(b, i + 1);
                i += 9;
            } else if (b[i] == PIECE_BOUND && end - i >= 9) {
                value = (double) DOUBLE.get(b, i + 1);
                i += 9;
            } else {
                i = afterField(b, i, end);
                if (i < 0) {
                    return cutOff(start);
                }
            }
        }
        return labelled(PART_QUANTILE, NOTHING, QUANTILE_LABEL, quantile, value, start);
    }

    private Code histogram(byte[] b, int start, int from, int end) {
        double count = 0;
        double countFloat = 0;
        double sum = 0;
        boolean isNative = false;
        int i = from;
        while (i < end) {
            int tag = b[i];
            if (tag == PIECE) {
                int length = i + 1 < end ? b[i + 1] : -1;
                int piece = i + 2;
                if (length < 0) {
                    long n = varint(b, i + 1, end);
                    if (at < 0 || n < 0 || n > end - at) {
                        return cutOff(start);
                    }
                    length = (int) n;
                    piece = at;
                }
                i = piece + length;
                if (i > end) {
                    return cutOff(start);
                }
                Code code = bucket(b, start, piece, i);
                if (code != Code.OK) {
                    return code;
                }
            } else if (tag == COUNT) {
                count = unsigned(varint(b, i + 1, end));
                i = at;
            } else if (tag == SUM && end - i >= 9) {
                sum = (double) DOUBLE.get(b, i + 1);
                i += 9;
            } else if (tag == COUNT_FLOAT && end - i >= 9) {
                countFloat = (double) DOUBLE.get(b, i + 1);
                i += 9;
            } else {
                isNative |= tag >= NativeHistogramReader.FIRST_TAG && tag <= NativeHistogramReader.LAST_TAG;
                i = afterField(b, i, end);
            }
            if (i < 0) {
                return cutOff(start);
            }
        }
        int form = type == GAUGE_HISTOGRAM ? 1 : 0;
        Code code = part(PART_SUM, SUM_SUFFIX[form], sum, start);
        code = code == Code.OK
                ? part(PART_COUNT, COUNT_SUFFIX[form], countFloat > 0 ? countFloat : count, start)
                : code;
        return code == Code.OK && isNative && type == HISTOGRAM ? nativeBuckets(b, start, from, end) : code;
    }

    private Code nativeBuckets(byte[] b, int start, int from, int end) {
        Code code = nativeReader.read(b, from, end);
        if (code != Code.OK) {
            return code == Code.UNKNOWN
                    ? Code.OK
                    : code == Code.PROTOBUF ? cutOff(start) : error(code, start, familyText() + " has " + nativeReader.detail());
        }
        hash.combine(metric0, metric1, PART_NATIVE, ~PART_NATIVE);
        long h0 = hash.h0();
        long h1 = hash.h1();
        code = sink.knownNative(h0, h1, nativeReader.sample());
        if (code == Code.UNKNOWN) {
            defined = nativeReader.sample();
            code = define(h0, h1, nameLength, null, 0, 0, start);
            defined = null;
        } else if (code != Code.OK) {
            code = refusedBySink(code, start);
        }
        samples += code == Code.OK ? 1 : 0;
        return code;
    }

    private Code bucket(byte[] b, int start, int from, int end) {
        double count = 0;
        double countFloat = 0;
        double bound = 0;
        for (int i = from; i < end; ) {
            int tag = b[i];
            if (tag == COUNT) {
                int small = i + 1 < end ? b[i + 1] : -1;
                if (small >= 0) {
                    count = small;
                    i += 2;
                } else {
                    count = unsigned(varint(b, i + 1, end));
                    i = at;
                }
            } else if (tag == PIECE_BOUND && end - i >= 9) {
                bound = (double) DOUBLE.get(b, i + 1);
                i += 9;
            } else if (tag == COUNT_FLOAT && end - i >= 9) {
                countFloat = (double) DOUBLE.get(b, i + 1);
                i += 9;
            } else {
                int field = i;
                i = afterField(b, i, end);
                if (tag == BUCKET_EXEMPLAR && i > 0) {
                    exemplarIs(b, field, i);
                }
            }
            if (i < 0) {
                return cutOff(start);
            }
        }
        return labelled(PART_BUCKET, BUCKET_SUFFIX, LE, bound, countFloat > 0 ? countFloat : count, start);
    }

    private Code part(int part, byte[] suffix, double value, int start) {
        hash.combine(metric0, metric1, part, ~part);
        return sample(suffix, null, 0, value, start);
    }

    private Code labelled(int part, byte[] suffix, byte[] label, double labelValue, double value, int start) {
        long bits = Double.doubleToRawLongBits(labelValue);
        hash.combine(metric0, metric1, bits, Long.rotateLeft(bits, 32) ^ part);
        return sample(suffix, label, labelValue, value, start);
    }

    /** Tells the sink a sample whose key has just been hashed. */
    private Code sample(byte[] suffix, byte[] label, double labelValue, double value, int start) {
        long h0 = hash.h0();
        long h1 = hash.h1();
        Code code = sink.known(h0, h1, value);
        if (code == Code.UNKNOWN) {
            System.arraycopy(suffix, 0, name, nameLength, suffix.length);
            code = define(h0, h1, nameLength + suffix.length, label, labelValue, value, start);
        } else if (code != Code.OK) {
            code = refusedBySink(code, start);
        }
        samples += code == Code.OK ? 1 : 0;
        if (exemplarAt >= 0) {
            if (code == Code.OK && sink.takesExemplars()) {
                exemplar(h0, h1);
            }
            exemplarAt = -1;
        }
        return code;
    }

    /** The sample being read has its exemplar in this field. */
    private void exemplarIs(byte[] b, int field, int end) {
        exemplarBytes = b;
        exemplarAt = field + 1;
        exemplarEnd = end;
    }

    /** Tells the exemplar of the sample just staged; one that cannot be read is passed over. */
    private void exemplar(long h0, long h1) {
        byte[] b = exemplarBytes;
        int end = exemplarEnd;
        double value = 0;
        long time = Long.MIN_VALUE;
        sink.beginExemplar(h0, h1);
        varint(b, exemplarAt, end);
        for (int i = at, next; i < end; i = next) {
            next = afterField(b, i, end);
            if (next < 0) {
                return;
            }
            if (b[i] == EXEMPLAR_VALUE) {
                value = (double) DOUBLE.get(b, i + 1);
            } else if (b[i] == EXEMPLAR_TIME) {
                varint(b, i + 1, next);
                time = time(b, at, next);
            } else if (b[i] == EXEMPLAR_LABEL) {
                varint(b, i + 1, next);
                if (!pair(b, at, next)
                        || pairName == pairNameEnd
                        || !Utf8.isValid(b, pairName, pairNameEnd)
                        || !Utf8.isValid(b, pairValue, pairValueEnd)) {
                    return;
                }
                sink.exemplarLabel(b, pairName, pairNameEnd - pairName, pairValue, pairValueEnd - pairValue, false);
            }
        }
        sink.endExemplar(value, time);
    }

    /** A google.protobuf.Timestamp as nanoseconds since the epoch. */
    private long time(byte[] b, int from, int end) {
        long seconds = 0;
        long nanos = 0;
        for (int i = from, next; i < end; i = next) {
            next = afterField(b, i, end);
            if (next < 0) {
                return Long.MIN_VALUE;
            }
            if (b[i] == SECONDS) {
                seconds = varint(b, i + 1, next);
            } else if (b[i] == NANOS) {
                nanos = varint(b, i + 1, next);
            }
        }
        return Math.abs(seconds) > Long.MAX_VALUE / NANOS_PER_SECOND - 1 || nanos < 0 || nanos >= NANOS_PER_SECOND
                ? Long.MIN_VALUE
                : seconds * NANOS_PER_SECOND + nanos;
    }

    /** Reads a LabelPair; false when it cannot be read. */
    private boolean pair(byte[] b, int from, int end) {
        pairName = end;
        pairNameEnd = end;
        pairValue = end;
        pairValueEnd = end;
        for (int k = from; k < end; ) {
            int next = afterField(b, k, end);
            if (next < 0) {
                return false;
            }
            if (b[k] == LABEL_NAME) {
                varint(b, k + 1, end);
                pairName = at;
                pairNameEnd = next;
            } else if (b[k] == LABEL_VALUE) {
                varint(b, k + 1, end);
                pairValue = at;
                pairValueEnd = next;
            }
            k = next;
        }
        return true;
    }

    /** Takes the labels of the metric apart and defines one of its samples. */
    private Code define(
            long h0, long h1, int sampleNameLength, byte[] label, double labelValue, double value, int start) {
        byte[] b = labelBytes;
        byte[] own = switch (type) {
            case SUMMARY -> QUANTILE_LABEL;
            case HISTOGRAM, GAUGE_HISTOGRAM -> LE;
            default -> null;
        };
        sink.begin(name, 0, sampleNameLength);
        int labels = 0;
        for (int i = labelsAt; i < labelsEnd; ) {
            int end = afterDelimited(b, i + 1, labelsEnd);
            varint(b, i + 1, end);
            if (!pair(b, at, end)) {
                return cutOff(start);
            }
            int key = pairName;
            int keyEnd = pairNameEnd;
            int text = pairValue;
            int textEnd = pairValueEnd;
            Code code = checkLabel(b, start, key, keyEnd, text, textEnd, own);
            if (code == Code.OK && ++labels > limits.labels()) {
                code = error(Code.TOO_MANY_LABELS, start, limits.labels() + " in " + familyText());
            }
            if (code != Code.OK) {
                return code;
            }
            code = sink.label(b, key, keyEnd - key, text, textEnd - text, false);
            if (code != Code.OK) {
                return refusedBySink(code, start);
            }
            i = end;
        }
        if (label != null) {
            int length = label.length;
            int digits = number(labelValue, label);
            Code code = sink.label(number, 0, length, length, digits, true);
            if (code != Code.OK) {
                return refusedBySink(code, start);
            }
        }
        Code code = defined == null ? sink.end(h0, h1, value) : sink.endNative(h0, h1, defined);
        return code == Code.OK ? code : refusedBySink(code, start);
    }

    private Code checkLabel(byte[] b, int start, int key, int keyEnd, int text, int textEnd, byte[] own) {
        if (key == keyEnd) {
            return error(Code.EXPECTED_LABEL_NAME, start, "in " + familyText());
        }
        if (!Utf8.isValid(b, key, keyEnd)) {
            return error(Code.BAD_UTF8, start, "label name in " + familyText());
        }
        if (MetricNames.isReservedLabel(b, key, keyEnd)
                || own != null && Arrays.equals(b, key, keyEnd, own, 0, own.length)) {
            return error(Code.RESERVED_LABEL, start, "in " + familyText() + ": " + Excerpt.of(b, key, keyEnd, key));
        }
        if (keyEnd - key > limits.labelNameBytes()) {
            return error(Code.LABEL_NAME_TOO_LONG, start, limits.labelNameBytes() + " bytes in " + familyText());
        }
        if (textEnd - text > limits.labelValueBytes()) {
            return error(Code.LABEL_VALUE_TOO_LONG, start, limits.labelValueBytes() + " bytes in " + familyText());
        }
        if (!Utf8.isValid(b, text, textEnd)) {
            return error(Code.BAD_UTF8, start, "label value in " + familyText());
        }
        return Code.OK;
    }

    /** Writes label name and number side by side, the number as Go prints it; returns the length of the number. */
    private int number(double value, byte[] label) {
        String text = value == Double.POSITIVE_INFINITY ? "+Inf" : Double.toString(value);
        int e = text.indexOf('E');
        String digits = e < 0 ? text : text.substring(0, e);
        digits = digits.endsWith(".0") ? digits.substring(0, digits.length() - 2) : digits;
        if (e >= 0) {
            int exponent = Integer.parseInt(text.substring(e + 1));
            digits += (exponent < 0 ? "e-" : "e+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
        }
        byte[] ascii = ascii(digits);
        number = Arrays.copyOf(label, label.length + ascii.length);
        System.arraycopy(ascii, 0, number, label.length, ascii.length);
        return ascii.length;
    }

    // ---- wire format

    /** Value of the varint at {@code i}; {@link #at} is behind it, or -1 when it is not there or too long. */
    private long varint(byte[] b, int i, int end) {
        if (i < end && b[i] >= 0) {
            at = i + 1;
            return b[i];
        }
        long value = 0;
        int k = i;
        for (int shift = 0; k < end && shift < 64; shift += 7) {
            byte c = b[k++];
            value |= (long) (c & 0x7f) << shift;
            if (c >= 0) {
                at = k;
                return value;
            }
        }
        at = -1;
        return 0;
    }

    /** A number at {@code from}, of the field at {@code i}, has no end: too long wherever the body is cut, or more may come. */
    private Code incomplete(int i, int from, int end, boolean all, String what) {
        if (end - from >= VARINT_BYTES_MAX) {
            return error(Code.PROTOBUF, from, "a number is longer than ten bytes");
        }
        return all ? error(Code.PROTOBUF, i, what) : Code.UNKNOWN;
    }

    /** Index behind the field at {@code i}, or -1. */
    private int afterField(byte[] b, int i, int end) {
        long tag = varint(b, i, end);
        return at < 0 ? -1 : afterValue(b, at, end, (int) tag & 7);
    }

    private int afterValue(byte[] b, int i, int end, int wire) {
        switch (wire) {
            case VARINT -> {
                varint(b, i, end);
                return at;
            }
            case FIXED64 -> {
                return end - i >= 8 ? i + 8 : -1;
            }
            case FIXED32 -> {
                return end - i >= 4 ? i + 4 : -1;
            }
            case DELIMITED -> {
                return afterDelimited(b, i, end);
            }
            default -> {
                return -1;
            }
        }
    }

    /** Index behind a length at {@code i} and what it counts, or -1. */
    private int afterDelimited(byte[] b, int i, int end) {
        long length = varint(b, i, end);
        return at < 0 || length < 0 || length > end - at ? -1 : at + (int) length;
    }

    private static double unsigned(long n) {
        return n >= 0 ? n : 2.0 * (n >>> 1 | n & 1);
    }

    // ---- errors

    private String familyText() {
        return nameLength == 0 ? "a family without a name" : "family " + Excerpt.of(name, 0, nameLength, 0);
    }

    private Code cutOff(int start) {
        return error(Code.PROTOBUF, start, "a metric of " + familyText() + " cannot be read");
    }

    /** The sink's own words, or the family's name. */
    @Override
    Code refusedBySink(Code code, int where) {
        return error(code, where, sink.detail().isEmpty() ? familyText() : sink.detail());
    }
}
