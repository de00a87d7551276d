package io.weir.parse;

import io.weir.sample.MetricNames;
import static io.weir.parse.HerokuStage.ascii;

import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.MetricType;
import java.util.Arrays;

/**
 * Samples in log lines: {@code source=S addon=A sample#key=value measure#key=value count#key=value}, as add-ons, dynos with
 * log-runtime-metrics and apps write them. A sample is a gauge, a measure an observation of a histogram, a count adds to a
 * counter.
 *
 * <table>
 *   <caption>What a line becomes</caption>
 *   <tr><th>process, or source<th>metric<th>labels
 *   <tr><td>{@code heroku-postgres}, or {@code source=HEROKU_POSTGRES...}<td>{@code heroku_postgres_key}<td>addon, app
 *   <tr><td>{@code heroku-redis}, or {@code source=REDIS}<td>{@code heroku_redis_key}<td>addon, app
 *   <tr><td>any other {@code heroku-x}<td>{@code heroku_x_key}<td>addon, app
 *   <tr><td>a dyno, from {@code heroku}<td>{@code heroku_dyno_key}<td>app, process
 *   <tr><td>anything else<td>{@code heroku_app_key}<td>app, process, and source if it is another
 * </table>
 *
 * <p>Units make bytes and seconds: {@code bytes B kB MB GB TB} (by 1024), {@code s ms us ns}, {@code pages}. A counter's name
 * ends in {@code _total}, a histogram's in {@code _seconds} or {@code _bytes} when its values say so. A bad sample skips
 * itself. Event loop only. Source: {@code specs/source-systems.md} 3.4, {@code specs/ingest.md} 1.8.1.
 */
final class LogSamples {
    private static final long TWEAK = 0x7361_6d70_6c65L;

    private static final byte[] SAMPLE = ascii("sample");
    private static final byte[] MEASURE = ascii("measure");
    private static final byte[] COUNT = ascii("count");
    private static final byte[] SOURCE = ascii("source=");
    private static final byte[] ADDON = ascii("addon=");

    private static final byte[] HEROKU = ascii("heroku");
    private static final byte[] ADDON_PROCESS = ascii("heroku-");
    private static final byte[] POSTGRES_SOURCE = ascii("HEROKU_POSTGRES");
    private static final byte[] REDIS_SOURCE = ascii("REDIS");
    private static final byte[] HEROKU_REDIS_SOURCE = ascii("HEROKU_REDIS");

    private static final byte[] POSTGRES = ascii("heroku_postgres_");
    private static final byte[] REDIS = ascii("heroku_redis_");
    private static final byte[] DYNO = ascii("heroku_dyno_");
    private static final byte[] APP = ascii("heroku_app_");
    private static final byte[] ADDON_LABEL = ascii("addon");
    private static final byte[] PROCESS_LABEL = ascii("process");
    private static final byte[] SOURCE_LABEL = ascii("source");

    private static final byte[] NOTHING = {};
    private static final byte[] TOTAL = ascii("_total");
    private static final byte[] SECONDS_SUFFIX = ascii("_seconds");
    private static final byte[] BYTES_SUFFIX = ascii("_bytes");

    /** Longest key or add-on name that is read. */
    private static final int KEY_MAX = 200;

    static final double[] SECONDS_BOUNDS = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
    static final double[] BYTES_BOUNDS = {
        1 << 8, 1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26, 1 << 28, 1L << 30
    };
    static final double[] PLAIN_BOUNDS = {1e-3, 1e-2, 1e-1, 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

    private enum Kind {
        SAMPLE,
        MEASURE,
        COUNT
    }

    /** What a unit counts, and so what a histogram of it is called. */
    private enum Dimension {
        NONE(NOTHING, PLAIN_BOUNDS),
        SECONDS(SECONDS_SUFFIX, SECONDS_BOUNDS),
        BYTES(BYTES_SUFFIX, BYTES_BOUNDS);

        final byte[] suffix;
        final double[] bounds;

        Dimension(byte[] suffix, double[] bounds) {
            this.suffix = suffix;
            this.bounds = bounds;
        }
    }

    private record Unit(byte[] text, Dimension dimension, double factor) {
        Unit(String text, Dimension dimension, double factor) {
            this(ascii(text), dimension, factor);
        }
    }

    private static final Unit[] UNITS = {
        new Unit("bytes", Dimension.BYTES, 1),
        new Unit("kB", Dimension.BYTES, 1 << 10),
        new Unit("MB", Dimension.BYTES, 1 << 20),
        new Unit("ms", Dimension.SECONDS, 1e-3),
        new Unit("s", Dimension.SECONDS, 1),
        new Unit("pages", Dimension.NONE, 1),
        new Unit("GB", Dimension.BYTES, 1 << 30),
        new Unit("TB", Dimension.BYTES, 1L << 40),
        new Unit("KB", Dimension.BYTES, 1 << 10),
        new Unit("B", Dimension.BYTES, 1),
        new Unit("us", Dimension.SECONDS, 1e-6),
        new Unit("ns", Dimension.SECONDS, 1e-9),
    };

    private final HerokuStage stage;
    private final KeyHash hash;

    // of the line at hand
    private byte[] group = new byte[ADDON_PROCESS.length + KEY_MAX + 2];
    private int groupLength;
    private boolean byAddon;
    private int addon;
    private int addonEnd;
    private int source;
    private int sourceEnd;
    private long line0;
    private long line1;

    // of the sample at hand
    private final byte[] name = new byte[group.length + KEY_MAX + 16];
    private Dimension dimension;

    LogSamples(HerokuStage stage) {
        this.stage = stage;
        this.hash = stage.hash;
    }

    /** Whether the text has any sample, good or bad. */
    boolean line(byte[] b, int app, int appEnd, int process, int processEnd, int text, int end) {
        boolean any = false;
        for (int i = text; i < end; i++) {
            if (b[i] != '#') {
                continue;
            }
            Kind kind = kind(b, text, i);
            if (kind == null) {
                continue;
            }
            if (!any) {
                any = true;
                if (!open(b, app, appEnd, process, processEnd, text, end)) {
                    stage.refuse(Code.LOG_SAMPLE);
                    return true;
                }
            }
            int key = i + 1;
            while (i < end && b[i] != ' ' && b[i] != '\n') {
                i++;
            }
            sample(b, kind, process, processEnd, key, i);
        }
        return any;
    }

    /** What the word before a {@code #} announces; null for nothing. */
    private static Kind kind(byte[] b, int text, int at) {
        if (isWord(b, text, at, SAMPLE)) {
            return Kind.SAMPLE;
        }
        return isWord(b, text, at, MEASURE) ? Kind.MEASURE : isWord(b, text, at, COUNT) ? Kind.COUNT : null;
    }

    private static boolean isWord(byte[] b, int text, int end, byte[] word) {
        int from = end - word.length;
        return from >= text
                && (from == text || b[from - 1] == ' ' || b[from - 1] == '\n')
                && Arrays.equals(b, from, end, word, 0, word.length);
    }

    /** Finds out whose samples these are. */
    private boolean open(byte[] b, int app, int appEnd, int process, int processEnd, int text, int end) {
        addon = addonEnd = source = sourceEnd = 0;
        for (int i = text; i < end; i++) {
            int from = i;
            while (i < end && b[i] != ' ' && b[i] != '\n') {
                i++;
            }
            if (HerokuStage.startsWith(b, from, i, SOURCE)) {
                source = from + SOURCE.length;
                sourceEnd = i;
            } else if (HerokuStage.startsWith(b, from, i, ADDON)) {
                addon = from + ADDON.length;
                addonEnd = i;
            }
        }

        byAddon = true;
        if (HerokuStage.startsWith(b, process, processEnd, ADDON_PROCESS)) {
            if (processEnd - process > KEY_MAX) {
                return false;
            }
            groupLength = MetricNames.sanitizeMetricName(b, process, processEnd, group, 0);
            group[groupLength++] = '_';
        } else if (HerokuStage.startsWith(b, source, sourceEnd, POSTGRES_SOURCE)) {
            group(POSTGRES);
        } else if (HerokuStage.startsWith(b, source, sourceEnd, REDIS_SOURCE)
                || HerokuStage.startsWith(b, source, sourceEnd, HEROKU_REDIS_SOURCE)) {
            group(REDIS);
        } else {
            byAddon = false;
            group(HerokuStage.isEqual(b, app, appEnd, HEROKU) ? DYNO : APP);
            if (groupLength == DYNO.length || Arrays.equals(b, source, sourceEnd, b, process, processEnd)) {
                sourceEnd = source;
            }
        }

        hash.hash(group, 0, groupLength, TWEAK);
        long g0 = hash.h0() ^ stage.app0;
        long g1 = hash.h1() ^ stage.app1;
        if (byAddon) {
            hash.hash(b, addon, addonEnd - addon, TWEAK);
        } else {
            hash.hash(b, process, processEnd - process, TWEAK);
            hash.combine(hash.h0(), hash.h1(), g0, g1);
            g0 = hash.h0();
            g1 = hash.h1();
            hash.hash(b, source, sourceEnd - source, TWEAK);
        }
        hash.combine(hash.h0(), hash.h1(), g0, g1);
        line0 = hash.h0();
        line1 = hash.h1();
        return true;
    }

    private void group(byte[] prefix) {
        System.arraycopy(prefix, 0, group, 0, prefix.length);
        groupLength = prefix.length;
    }

    private void sample(byte[] b, Kind kind, int process, int processEnd, int key, int end) {
        int equals = key;
        while (equals < end && b[equals] != '=') {
            equals++;
        }
        double value = equals == end || equals == key || equals - key > KEY_MAX ? Double.NaN : value(b, equals + 1, end);
        if (!Double.isFinite(value)) {
            stage.refuse(Code.LOG_SAMPLE);
            return;
        }
        // of the unit only what a name shows
        hash.hash(b, key, equals - key, TWEAK + kind.ordinal() + (kind == Kind.MEASURE ? dimension.ordinal() << 4 : 0));
        hash.combine(line0, line1, hash.h0(), hash.h1());
        long h0 = hash.h0();
        long h1 = hash.h1();
        stage.item();
        Code code = stage.sink.known(h0, h1, value);
        stage.settle(code == Code.UNKNOWN ? define(b, kind, process, processEnd, key, equals, h0, h1, value) : code);
    }

    private Code define(
            byte[] b, Kind kind, int process, int processEnd, int key, int keyEnd, long h0, long h1, double value) {
        System.arraycopy(group, 0, name, 0, groupLength);
        int length = groupLength;
        for (int i = key; i < keyEnd; i++) {
            byte c = b[i];
            if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_') {
                name[length++] = c;
            } else if ((c & 0xc0) != 0x80) {
                name[length++] = '_';
            }
        }
        byte[] help = Arrays.copyOfRange(name, groupLength, length);
        byte[] suffix = switch (kind) {
            case SAMPLE -> NOTHING;
            case MEASURE -> dimension.suffix;
            case COUNT -> TOTAL;
        };
        if (length - groupLength < suffix.length
                || !Arrays.equals(name, length - suffix.length, length, suffix, 0, suffix.length)) {
            System.arraycopy(suffix, 0, name, length, suffix.length);
            length += suffix.length;
        }
        if (kind == Kind.SAMPLE) {
            stage.fleeting(name, length);
        }

        Code code = stage.begin(name, length, help, help.length);
        if (byAddon) {
            code = code == Code.OK ? stage.label(ADDON_LABEL, b, addon, addonEnd) : code;
        } else {
            code = code == Code.OK ? stage.label(PROCESS_LABEL, b, process, processEnd) : code;
            code = code == Code.OK ? stage.label(SOURCE_LABEL, b, source, sourceEnd) : code;
        }
        if (code != Code.OK) {
            return code;
        }
        return switch (kind) {
            case SAMPLE -> stage.sink.endScalar(h0, h1, MetricType.GAUGE, true, value);
            case COUNT -> stage.sink.endScalar(h0, h1, MetricType.COUNTER, false, value);
            case MEASURE -> stage.sink.endObservation(h0, h1, dimension.bounds, value);
        };
    }

    /** A number and its unit as one number; NaN for what is none. The source read hexadecimal numbers, too. */
    private double value(byte[] b, int from, int end) {
        dimension = Dimension.NONE;
        double factor = 1;
        int to = end;
        if (to > from && b[to - 1] > '9') {
            boolean hex = isHex(b, from, to);
            Unit unit = unit(b, from, to);
            if (unit != null) {
                to -= unit.text.length;
                dimension = unit.dimension;
                factor = unit.factor;
            } else if (!hex) {
                return Double.NaN;
            }
        }
        if (isHex(b, from, to)) {
            return hexadecimal(b, from + 2, to) * factor;
        }
        long bits = NumberReader.bits(b, from, to);
        if (bits == NumberReader.INVALID) {
            return Double.NaN;
        }
        double number = Double.longBitsToDouble(bits);
        // quotients of whole numbers are the nearest to what is written: 22 / 1000, not 22 * 0.001
        return factor < 1 ? number / Math.rint(1 / factor) : number * factor;
    }

    private static Unit unit(byte[] b, int from, int end) {
        for (Unit unit : UNITS) {
            int at = end - unit.text.length;
            // what stands before a unit ends the number
            if (at > from && (b[at - 1] <= '9' || isHex(b, from, at)) && Arrays.equals(b, at, end, unit.text, 0, unit.text.length)) {
                return unit;
            }
        }
        return null;
    }

    private static boolean isHex(byte[] b, int from, int end) {
        return end - from > 2 && b[from] == '0' && (b[from + 1] | 0x20) == 'x';
    }

    private static double hexadecimal(byte[] b, int from, int end) {
        if (end - from > 15) {
            return Double.NaN;
        }
        long value = 0;
        for (int i = from; i < end; i++) {
            int digit = Character.digit(b[i], 16);
            if (digit < 0) {
                return Double.NaN;
            }
            value = value << 4 | digit;
        }
        return value;
    }
}
