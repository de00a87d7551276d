package io.weir.parse;

import static io.weir.parse.HerokuStage.ascii;

import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.MetricSink;
import io.weir.sample.MetricType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Lines of Heroku's router: {@code at=info method=GET path="/" ... dyno=web.1 connect=1ms service=22ms status=304 ...}.
 * Fields may come in any order, values may be quoted or empty. Each line counts as a request and is observed by its
 * {@code service} and {@code connect} times; one that is not {@code at=info} counts as an error by its {@code code}. For
 * each process that a body names, the counters of the source's eleven codes are there, if only as zero.
 *
 * <p>Of methods only those that have a name of their own become one, of statuses only three digits: both come from whoever
 * sends requests to the app. Event loop only. Source: {@code specs/source-systems.md} 3.6, {@code specs/ingest.md} 1.8.1.
 */
final class RouterLines {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGHS = 0x8080_8080_8080_8080L;
    private static final long SPACES = ' ' * ONES;
    private static final long QUOTES = '"' * ONES;
    private static final long BACKSLASHES = '\\' * ONES;

    private static final long TWEAK = 0x726f_7574_6572L;
    /** Odd words that tell the series of one process apart. */
    private static final long SERVICE = 0x9e37_79b9_7f4a_7c15L;
    private static final long CONNECT = 0xc2b2_ae3d_27d4_eb4fL;
    private static final long ERRORS = 0x1656_67b1_9e37_79f9L;

    private static final long AT = word("at");
    private static final long INFO = word("info");
    private static final long CODE = word("code");
    private static final long DYNO = word("dyno");
    private static final long METHOD = word("method");
    private static final long STATUS = word("status");
    private static final long CONNECT_TIME = word("connect");
    private static final long SERVICE_TIME = word("service");

    private static final byte[] REQUESTS_NAME = ascii("heroku_router_requests_total");
    private static final byte[] REQUESTS_HELP = ascii("Requests that the router logged.");
    private static final byte[] ERRORS_NAME = ascii("heroku_router_errors");
    private static final byte[] ERRORS_HELP = ascii("Requests that the router logged with an error code.");
    private static final byte[] SERVICE_NAME = ascii("heroku_router_service_seconds");
    private static final byte[] SERVICE_HELP = ascii("Time from the connection to the dyno to its last byte.");
    private static final byte[] CONNECT_NAME = ascii("heroku_router_connect_seconds");
    private static final byte[] CONNECT_HELP = ascii("Time to connect to the dyno.");

    private static final byte[] PROCESS_LABEL = ascii("process");
    private static final byte[] METHOD_LABEL = ascii("method");
    private static final byte[] STATUS_LABEL = ascii("status");
    private static final byte[] CODE_LABEL = ascii("code");

    /** The router gives up after 30 s. */
    static final double[] SERVICE_BOUNDS = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
    /** The router tries to connect for 5 s. */
    static final double[] CONNECT_BOUNDS = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};

    /** Those that the source always shows. */
    private static final byte[][] CODES = {
        ascii("H10"), ascii("H11"), ascii("H12"), ascii("H13"), ascii("H14"), ascii("H15"), ascii("H18"), ascii("H19"),
        ascii("H20"), ascii("H21"), ascii("H22")
    };
    private static final byte[][] METHODS = {
        ascii("GET"), ascii("POST"), ascii("HEAD"), ascii("PUT"), ascii("PATCH"), ascii("DELETE"), ascii("OPTIONS"),
        ascii("CONNECT"), ascii("TRACE")
    };
    private static final long[] METHOD_WORDS = new long[METHODS.length];
    private static final byte[] OTHER = ascii("other");
    private static final int NO_METHOD = -1;

    /** Processes of one body beyond this are not remembered: their zeros are staged line by line. */
    private static final int SEEN_MAX = 1 << 14;

    static {
        for (int i = 0; i < METHODS.length; i++) {
            METHOD_WORDS[i] = word(new String(METHODS[i], StandardCharsets.US_ASCII));
        }
    }

    private final HerokuStage stage;
    private final KeyHash hash;
    private long[] seen = new long[64];
    private int seenSize;

    // of the line at hand
    private int dyno;
    private int dynoEnd;

    RouterLines(HerokuStage stage) {
        this.stage = stage;
        this.hash = stage.hash;
    }

    void reset() {
        if (seen.length > 1024) {
            seen = new long[64];
        } else if (seenSize > 0) {
            Arrays.fill(seen, 0);
        }
        seenSize = 0;
    }

    void line(byte[] b, int text, int end) {
        boolean info = true;
        int method = NO_METHOD;
        int status = 0;
        int code = 0;
        double connect = -1;
        double service = -1;
        dyno = 0;
        dynoEnd = 0;

        int i = text;
        while (i < end) {
            int key = i;
            byte c = 0;
            while (i < end && (c = b[i]) != '=' && c != ' ') {
                i++;
            }
            if (i == end || c == ' ') {
                i++;
                continue;
            }
            int keyLength = i - key;
            int from = i + 1;
            int to;
            if (from < end && b[from] == '"') {
                to = quote(b, ++from, end);
                i = to + 2;
            } else {
                to = space(b, from, end);
                i = to + 1;
            }
            if (keyLength > 7) {
                continue;
            }
            long name = word(b, key, keyLength);
            switch (keyLength) {
                case 2 -> info = name == AT ? to - from == 4 && word(b, from, 4) == INFO : info;
                case 4 -> {
                    if (name == DYNO) {
                        dyno = from;
                        dynoEnd = to;
                    } else if (name == CODE) {
                        code = code(b, from, to);
                    }
                }
                case 6 -> {
                    if (name == METHOD) {
                        method = method(b, from, to);
                    } else if (name == STATUS) {
                        status = status(b, from, to);
                    }
                }
                case 7 -> {
                    if (name == CONNECT_TIME) {
                        connect = seconds(b, from, to);
                    } else if (name == SERVICE_TIME) {
                        service = seconds(b, from, to);
                    }
                }
                default -> {}
            }
        }
        if (method == NO_METHOD && status == 0) {
            stage.refuse(Code.LOG_ROUTER);
            return;
        }
        stage(b, info ? 0 : code, method, status, connect, service);
    }

    private void stage(byte[] b, int code, int method, int status, double connect, double service) {
        hash.hash(b, dyno, dynoEnd - dyno, TWEAK);
        long p0 = hash.h0() ^ stage.app0;
        long p1 = hash.h1() ^ stage.app1;
        MetricSink sink = stage.sink;

        long q = (long) (method + 1) << 32 | status;
        hash.combine(p0, p1, q, q);
        long h0 = hash.h0();
        long h1 = hash.h1();
        stage.item();
        Code verdict = sink.known(h0, h1, 1);
        stage.settle(verdict == Code.UNKNOWN ? request(b, h0, h1, method, status) : verdict);

        if (service >= 0) {
            stage.item();
            verdict = sink.known(p0 ^ SERVICE, p1 ^ SERVICE, service);
            stage.settle(verdict == Code.UNKNOWN
                    ? time(b, SERVICE_NAME, SERVICE_HELP, p0 ^ SERVICE, p1 ^ SERVICE, SERVICE_BOUNDS, service) : verdict);
        }
        if (connect >= 0) {
            stage.item();
            verdict = sink.known(p0 ^ CONNECT, p1 ^ CONNECT, connect);
            stage.settle(verdict == Code.UNKNOWN
                    ? time(b, CONNECT_NAME, CONNECT_HELP, p0 ^ CONNECT, p1 ^ CONNECT, CONNECT_BOUNDS, connect) : verdict);
        }
        if (isFirst(p0)) {
            for (byte[] known : CODES) {
                error(b, p0 ^ ERRORS, p1 ^ ERRORS, known[0] << 16 | known[1] << 8 | known[2], 0);
            }
        }
        if (code != 0) {
            error(b, p0 ^ ERRORS, p1 ^ ERRORS, code, 1);
        }
    }

    private void error(byte[] b, long p0, long p1, int code, double value) {
        hash.combine(p0, p1, code, code);
        long h0 = hash.h0();
        long h1 = hash.h1();
        stage.item();
        Code verdict = stage.sink.known(h0, h1, value);
        if (verdict == Code.UNKNOWN) {
            verdict = stage.begin(ERRORS_NAME, ERRORS_NAME.length, ERRORS_HELP, ERRORS_HELP.length);
            byte[] text = {(byte) (code >> 16), (byte) (code >> 8), (byte) code};
            verdict = verdict == Code.OK ? stage.label(CODE_LABEL, text, 0, text.length) : verdict;
            verdict = verdict == Code.OK ? stage.label(PROCESS_LABEL, b, dyno, dynoEnd) : verdict;
            verdict = verdict == Code.OK
                    ? stage.sink.endScalar(h0, h1, MetricType.COUNTER, false, value) : verdict;
        }
        stage.settle(verdict);
    }

    private Code request(byte[] b, long h0, long h1, int method, int status) {
        Code verdict = stage.begin(REQUESTS_NAME, REQUESTS_NAME.length, REQUESTS_HELP, REQUESTS_HELP.length);
        verdict = verdict == Code.OK ? stage.label(PROCESS_LABEL, b, dyno, dynoEnd) : verdict;
        if (method != NO_METHOD) {
            byte[] text = method == METHODS.length ? OTHER : METHODS[method];
            verdict = verdict == Code.OK ? stage.label(METHOD_LABEL, text, 0, text.length) : verdict;
        }
        if (status != 0) {
            byte[] text = ascii(Integer.toString(status));
            verdict = verdict == Code.OK ? stage.label(STATUS_LABEL, text, 0, text.length) : verdict;
        }
        return verdict == Code.OK ? stage.sink.endScalar(h0, h1, MetricType.COUNTER, false, 1) : verdict;
    }

    private Code time(byte[] b, byte[] name, byte[] help, long h0, long h1, double[] bounds, double value) {
        Code verdict = stage.begin(name, name.length, help, help.length);
        verdict = verdict == Code.OK ? stage.label(PROCESS_LABEL, b, dyno, dynoEnd) : verdict;
        return verdict == Code.OK ? stage.sink.endObservation(h0, h1, bounds, value) : verdict;
    }

    /** Whether this process is new to the body. */
    private boolean isFirst(long process) {
        int mask = seen.length - 1;
        int i = (int) process & mask;
        for (long there; (there = seen[i]) != 0; i = i + 1 & mask) {
            if (there == process) {
                return false;
            }
        }
        if (seenSize == SEEN_MAX) {
            return true;
        }
        seen[i] = process;
        if (++seenSize << 1 > seen.length) {
            long[] old = seen;
            seen = new long[old.length << 1];
            mask = seen.length - 1;
            for (long there : old) {
                int at = (int) there & mask;
                while (there != 0 && seen[at] != 0) {
                    at = at + 1 & mask;
                }
                seen[at] = there == 0 ? seen[at] : there;
            }
        }
        return true;
    }

    /** A letter and two digits as three bytes; 0 when it is something else. */
    private static int code(byte[] b, int from, int to) {
        return to - from == 3 && b[from] >= 'A' && b[from] <= 'Z' && isDigit(b[from + 1]) && isDigit(b[from + 2])
                ? b[from] << 16 | b[from + 1] << 8 | b[from + 2]
                : 0;
    }

    private static int status(byte[] b, int from, int to) {
        return to - from == 3 && b[from] >= '1' && b[from] <= '9' && isDigit(b[from + 1]) && isDigit(b[from + 2])
                ? (b[from] - '0') * 100 + (b[from + 1] - '0') * 10 + b[from + 2] - '0'
                : 0;
    }

    private static int method(byte[] b, int from, int to) {
        if (from == to) {
            return NO_METHOD;
        }
        if (to - from <= 7) {
            long name = word(b, from, to - from);
            for (int i = 0; i < METHOD_WORDS.length; i++) {
                if (METHOD_WORDS[i] == name) {
                    return i;
                }
            }
        }
        return METHODS.length;
    }

    /** A time such as {@code 22ms} or {@code 1.5s} in seconds; -1 for none. */
    private static double seconds(byte[] b, int from, int to) {
        if (to - from < 3 || b[to - 1] != 's') {
            return -1;
        }
        boolean millis = b[to - 2] == 'm';
        int end = millis ? to - 2 : to - 1;
        long value = 0;
        int i = from;
        while (i < end && i - from < 15 && isDigit(b[i])) {
            value = 10 * value + b[i++] - '0';
        }
        if (i == end) {
            return millis ? value / 1e3 : value;
        }
        long bits = NumberReader.bits(b, from, end);
        double number = bits == NumberReader.INVALID ? -1 : Double.longBitsToDouble(bits);
        return number >= 0 && number < 1e9 ? millis ? number / 1e3 : number : -1;
    }

    /** The first space from {@code i} on, or the end. */
    private static int space(byte[] b, int i, int end) {
        while (i <= end - 8) {
            long word = (long) LONG.get(b, i) ^ SPACES;
            long found = word - ONES & ~word & HIGHS;
            if (found != 0) {
                return i + (Long.numberOfTrailingZeros(found) >>> 3);
            }
            i += 8;
        }
        while (i < end && b[i] != ' ') {
            i++;
        }
        return i;
    }

    /** The quote that closes a value, or the end; one behind a backslash does not close it. */
    private static int quote(byte[] b, int i, int end) {
        while (i < end) {
            while (i <= end - 8) {
                long word = (long) LONG.get(b, i);
                long q = word ^ QUOTES;
                long s = word ^ BACKSLASHES;
                long found = (q - ONES & ~q | s - ONES & ~s) & HIGHS;
                if (found != 0) {
                    i += Long.numberOfTrailingZeros(found) >>> 3;
                    break;
                }
                i += 8;
            }
            while (i < end && b[i] != '"' && b[i] != '\\') {
                i++;
            }
            if (i < end && b[i] == '"') {
                return i;
            }
            i += 2;
        }
        return end;
    }

    private static boolean isDigit(byte c) {
        return c >= '0' && c <= '9';
    }

    /** Up to eight bytes as a number, the first one lowest. */
    private static long word(byte[] b, int from, int length) {
        if (from <= b.length - 8) {
            return length == 0 ? 0 : (long) LONG.get(b, from) & -1L >>> 64 - 8 * length;
        }
        long word = 0;
        for (int i = length - 1; i >= 0; i--) {
            word = word << 8 | b[from + i] & 0xff;
        }
        return word;
    }

    private static long word(String text) {
        byte[] bytes = ascii(text);
        return word(bytes, 0, bytes.length);
    }
}
