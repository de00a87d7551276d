package io.weir.parse;

import static io.weir.parse.HerokuStage.ascii;

import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.MetricType;
import java.util.Arrays;

/**
 * Errors that the platform logs for a process: {@code Error R14 (Memory quota exceeded)}. Those of Logplex itself also say
 * how many messages were lost: {@code Error L10 (output buffer overflow): 491 messages dropped since 2012-...}. Event loop
 * only. Source: {@code specs/ingest.md} 1.8, 1.8.1.
 */
final class PlatformErrors {
    private static final long TWEAK = 0x6572_726f_72L;
    private static final byte[] ERROR = ascii("Error ");
    private static final byte[] DROPPED = ascii("dropped");
    private static final byte[] MESSAGES = ascii(" messages ");

    private static final byte[] ERRORS_NAME = ascii("heroku_platform_errors_total");
    private static final byte[] ERRORS_HELP = ascii("Errors that the platform logged for a process.");
    private static final byte[] DROPPED_NAME = ascii("heroku_logplex_dropped_messages_total");
    private static final byte[] DROPPED_HELP = ascii("Log messages that were lost on their way and are in no metric.");
    private static final byte[] CODE_LABEL = ascii("code");
    private static final byte[] PROCESS_LABEL = ascii("process");
    private static final int CODE_LENGTH = 3;

    private final HerokuStage stage;
    private final KeyHash hash;

    PlatformErrors(HerokuStage stage) {
        this.stage = stage;
        this.hash = stage.hash;
    }

    /** Whether the text is one of them. */
    boolean line(byte[] b, int process, int processEnd, int text, int end) {
        int code = text + ERROR.length;
        int codeEnd = code + CODE_LENGTH;
        if (codeEnd > end
                || !HerokuStage.startsWith(b, text, end, ERROR)
                || b[code] < 'A' || b[code] > 'Z' || !isDigit(b[code + 1]) || !isDigit(b[code + 2])
                || codeEnd < end && b[codeEnd] != ' ' && b[codeEnd] != ':') {
            return false;
        }
        count(b, ERRORS_NAME, ERRORS_HELP, process, processEnd, code, 1);
        if (b[code] == 'L') {
            double lost = dropped(b, codeEnd, end);
            if (lost > 0) {
                count(b, DROPPED_NAME, DROPPED_HELP, 0, 0, code, lost);
            }
        }
        return true;
    }

    private void count(byte[] b, byte[] name, byte[] help, int process, int processEnd, int code, double value) {
        hash.hash(b, process, processEnd - process, TWEAK + name.length);
        hash.combine(
                hash.h0() ^ stage.app0, hash.h1() ^ stage.app1,
                b[code] << 16 | b[code + 1] << 8 | b[code + 2], name.length);
        long h0 = hash.h0();
        long h1 = hash.h1();
        stage.item();
        Code verdict = stage.sink.known(h0, h1, value);
        if (verdict == Code.UNKNOWN) {
            verdict = stage.begin(name, name.length, help, help.length);
            verdict = verdict == Code.OK ? stage.label(CODE_LABEL, b, code, code + CODE_LENGTH) : verdict;
            verdict = verdict == Code.OK ? stage.label(PROCESS_LABEL, b, process, processEnd) : verdict;
            verdict = verdict == Code.OK
                    ? stage.sink.endScalar(h0, h1, MetricType.COUNTER, false, value) : verdict;
        }
        stage.settle(verdict);
    }

    /** The number in {@code N messages dropped} or {@code dropped N messages}; 0 for none. */
    private static double dropped(byte[] b, int from, int end) {
        for (int i = from; i + DROPPED.length <= end; i++) {
            if (!HerokuStage.startsWith(b, i, end, DROPPED)) {
                continue;
            }
            int after = i + DROPPED.length + 1;
            int before = i - MESSAGES.length;
            int to = after;
            while (to < end && isDigit(b[to])) {
                to++;
            }
            if (to > after && HerokuStage.startsWith(b, to, end, MESSAGES)) {
                return number(b, after, to);
            }
            if (before > from && Arrays.equals(b, before, i, MESSAGES, 0, MESSAGES.length)) {
                int first = before;
                while (first > from && isDigit(b[first - 1])) {
                    first--;
                }
                return number(b, first, before);
            }
        }
        return 0;
    }

    private static double number(byte[] b, int from, int to) {
        long bits = NumberReader.bits(b, from, to);
        return bits == NumberReader.INVALID ? 0 : Double.longBitsToDouble(bits);
    }

    private static boolean isDigit(byte c) {
        return c >= '0' && c <= '9';
    }
}
