package io.weir.server.door;

import io.weir.ingest.RefusedLines;
import io.weir.parse.ParseFailure;
import io.weir.sample.Code;
import io.weir.server.http.Answer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What became of a line-protocol body of which some lines, or all, were refused. Event loop only; error path only.
 *
 * <p>A bad line is 400, for sending it again would not help; good lines of that body have been applied. Only when nothing
 * was applied and all that was wrong is that there is no room, is it 429 or 503 with {@code Retry-After}, so that clients
 * keep their points. Telegraf drops a batch at 400 and keeps it at 429 and 503.
 */
final class InfluxRefusal {
    /** Lines listed at most; all are counted. */
    static final int LISTED = 100;

    private record Bad(long line, String message) {}

    private final List<Bad> bad = new ArrayList<>();
    private final long total;
    private final boolean noRoom;
    private final boolean tableFull;

    /**
     * @param failures the first lines that the parser refused
     * @param failed how many it refused
     * @param refused lines that the store refused, or null
     */
    InfluxRefusal(List<ParseFailure> failures, long failed, RefusedLines refused) {
        for (ParseFailure f : failures) {
            bad.add(new Bad(f.line(), "unable to parse '" + f.text() + "': line " + f.line() + " column " + f.column() + ": "
                    + Refuse.text(f.code(), f.detail())));
        }
        boolean onlyRoom = failed == 0;
        boolean anyFull = false;
        long lines = failed;
        if (refused != null) {
            lines += refused.lines().size();
            for (RefusedLines.Line line : refused.lines()) {
                if (bad.size() < 2 * LISTED) {
                    bad.add(new Bad(line.line(), "line " + line.line() + ": " + Refuse.text(line.code(), line.detail())));
                }
                boolean full = line.code() == Code.TABLE_FULL || line.code() == Code.SERIES_ENDED;
                anyFull |= full;
                onlyRoom &= full || isLimit(line.code());
            }
        }
        bad.sort(Comparator.comparingLong(Bad::line));
        total = lines;
        noRoom = onlyRoom;
        tableFull = anyFull;
    }

    private static boolean isLimit(Code code) {
        return code == Code.SERIES_LIMIT || code == Code.FAMILY_SERIES_LIMIT || code == Code.FAMILY_LIMIT;
    }

    /** @param applied samples of this body that were applied */
    Answer answer(InfluxVersion version, long applied, String... headers) {
        StringBuilder message = new StringBuilder();
        if (applied > 0) {
            message.append("partial write: ");
        }
        int listed = Math.min(bad.size(), LISTED);
        for (int i = 0; i < listed; i++) {
            message.append(i == 0 ? "" : "\n").append(bad.get(i).message);
        }
        if (total > listed) {
            message.append("\nand ").append(total - listed).append(" more bad lines");
        }
        if (applied > 0) {
            message.append(" dropped=").append(total);
        }
        long first = bad.get(0).line;
        if (applied > 0 || !noRoom) {
            return version.error(400, message.toString(), first, headers);
        }
        List<String> fields = new ArrayList<>(List.of(headers));
        fields.add("Retry-After");
        fields.add(tableFull ? "1" : Refuse.LIMIT_SECONDS);
        return version.error(tableFull ? 503 : 429, message.toString(), first, fields.toArray(new String[0]));
    }
}
