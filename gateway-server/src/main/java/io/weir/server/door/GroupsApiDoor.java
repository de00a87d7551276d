package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.sample.MetricType;
import io.weir.server.http.Answer;
import io.weir.server.http.BodySource;
import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import io.weir.snapshot.GroupSnapshot;
import io.weir.snapshot.GroupSnapshot.Series;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.LabelText;
import io.weir.snapshot.NativeHistogram;
import io.weir.snapshot.SummaryValue;
import io.weir.store.StoreCommands;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * {@code GET /api/v1/metrics}: all groups with their families, in the form of Pushgateway's API: numbers are strings as Go
 * writes them, a native histogram shows its native buckets alone, {@code time_stamp} is that of the last push to the group. Sorted by grouping key. Any thread.
 *
 * <p>Source: prometheus/pushgateway, README "Query API" and {@code api/v1/api.go}.
 */
final class GroupsApiDoor implements Door {
    private static final int MICROS = 6;

    /** Bounds that belong to a native bucket, in the numbers of Prometheus' API. */
    private static final int UPPER = 0;
    private static final int LOWER = 1;
    private static final int BOTH = 3;

    private final StoreCommands commands;

    GroupsApiDoor(StoreCommands commands) {
        this.commands = commands;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        boolean accepted = commands.groups(groups -> responder.later(
                () -> responder.stream(Answer.head(200, Answer.JSON, ApiAnswers.FIELDS), new Groups(groups))));
        if (!accepted) {
            Refuse.busy(responder);
        }
        return Exchange.NONE;
    }

    /** The answer, a group at a time. */
    private static final class Groups implements BodySource {
        private final List<GroupSnapshot> groups;
        private int next;

        Groups(List<GroupSnapshot> groups) {
            this.groups = groups;
        }

        @Override
        public byte[] next() {
            if (next > groups.size()) {
                return null;
            }
            StringBuilder json = new StringBuilder(next == 0 ? "{\"status\":\"success\",\"data\":[" : "");
            if (next < groups.size()) {
                group(json.append(next == 0 ? "" : ","), groups.get(next));
            } else {
                json.append("]}");
            }
            next++;
            return json.toString().getBytes(UTF_8);
        }
    }

    private static void group(StringBuilder json, GroupSnapshot group) {
        double pushed = 0;
        double failed = 0;
        Map<String, StringBuilder> members = new TreeMap<>();
        for (Series series : group.series()) {
            String name = new String(series.family(), UTF_8);
            pushed = name.equals("push_time_seconds") ? series.value() : pushed;
            failed = name.equals("push_failure_time_seconds") ? series.value() : failed;
        }
        String time = time(pushed);
        byte[] family = null;
        StringBuilder member = null;
        for (Series series : group.series()) {
            if (!Arrays.equals(family, series.family())) {
                close(member);
                family = series.family();
                member = new StringBuilder();
                members.put(new String(family, UTF_8), member);
                family(member, series, time);
            } else {
                member.append(',');
            }
            series(member, series);
        }
        close(member);
        members.put("labels", labels(new StringBuilder(), group.key()));
        members.put("last_push_successful", new StringBuilder(Boolean.toString(pushed > failed)));
        String between = "{";
        for (Map.Entry<String, StringBuilder> entry : members.entrySet()) {
            json.append(between);
            ApiAnswers.string(json, entry.getKey());
            json.append(':').append(entry.getValue());
            between = ",";
        }
        json.append('}');
    }

    private static void family(StringBuilder json, Series series, String time) {
        json.append("{\"time_stamp\":\"").append(time).append("\",\"type\":\"")
                .append(series.type().text().toUpperCase(Locale.ROOT)).append('"');
        if (series.help() != null) {
            json.append(",\"help\":");
            ApiAnswers.string(json, new String(series.help(), UTF_8));
        }
        json.append(",\"metrics\":[");
    }

    private static void close(StringBuilder member) {
        if (member != null) {
            member.append("]}");
        }
    }

    private static void series(StringBuilder json, Series series) {
        json.append('{');
        if (series.type() == MetricType.HISTOGRAM) {
            histogram(json, (HistogramValue) series.cell(), series.labels());
        } else if (series.type() == MetricType.SUMMARY) {
            SummaryValue summary = (SummaryValue) series.cell();
            ApiAnswers.count(json.append("\"count\":"), summary.count());
            labels(json.append(",\"labels\":"), series.labels());
            ApiAnswers.number(json.append(",\"quantiles\":{},\"sum\":"), summary.sum());
        } else {
            labels(json.append("\"labels\":"), series.labels());
            ApiAnswers.number(json.append(",\"value\":"), series.value());
        }
        json.append('}');
    }

    private static void histogram(StringBuilder json, HistogramValue histogram, byte[] labels) {
        NativeHistogram buckets = histogram.nativePart();
        if (buckets != null && buckets.positiveIndexes().length + buckets.negativeIndexes().length > 0) {
            nativeBuckets(json.append("\"buckets\":["), buckets);
            ApiAnswers.count(json.append("],\"count\":"), buckets.count());
        } else {
            classicBuckets(json, histogram);
        }
        labels(json.append(",\"labels\":"), labels);
        ApiAnswers.number(json.append(",\"sum\":"), histogram.sum());
    }

    /** From the lowest to the highest: which bounds belong to it, the bounds, and the observations in it alone. */
    private static void nativeBuckets(StringBuilder json, NativeHistogram h) {
        int schema = h.schema();
        int start = json.length();
        for (int i = h.negativeIndexes().length - 1; i >= 0; i--) {
            int index = h.negativeIndexes()[i];
            double low = -NativeHistogram.bound(schema, index);
            bucket(json, start, LOWER, low, -NativeHistogram.bound(schema, index - 1), h.negativeCounts()[i]);
        }
        if (h.zeroCount() > 0) {
            bucket(json, start, BOTH, -h.zeroThreshold(), h.zeroThreshold(), h.zeroCount());
        }
        for (int i = 0; i < h.positiveIndexes().length; i++) {
            int index = h.positiveIndexes()[i];
            double low = NativeHistogram.bound(schema, index - 1);
            bucket(json, start, UPPER, low, NativeHistogram.bound(schema, index), h.positiveCounts()[i]);
        }
    }

    private static void bucket(StringBuilder json, int start, int bounds, double low, double high, double count) {
        json.append(json.length() == start ? "[" : ",[").append(bounds);
        ApiAnswers.number(json.append(','), low);
        ApiAnswers.number(json.append(','), high);
        ApiAnswers.count(json.append(','), count);
        json.append(']');
    }

    private static void classicBuckets(StringBuilder json, HistogramValue histogram) {
        // as keys of a JSON object: sorted as text
        Map<String, Double> buckets = new TreeMap<>();
        double cumulative = 0;
        for (int i = 0; i <= histogram.buckets(); i++) {
            cumulative += histogram.count(i);
            StringBuilder bound = new StringBuilder();
            ApiAnswers.number(bound, i < histogram.buckets() ? histogram.bound(i) : Double.POSITIVE_INFINITY);
            buckets.put(bound.toString(), cumulative);
        }
        json.append("\"buckets\":{");
        String between = "";
        for (Map.Entry<String, Double> bucket : buckets.entrySet()) {
            json.append(between).append(bucket.getKey()).append(':');
            ApiAnswers.count(json, bucket.getValue());
            between = ",";
        }
        ApiAnswers.count(json.append("},\"count\":"), cumulative);
    }

    private static StringBuilder labels(StringBuilder json, byte[] text) {
        LabelText walk = new LabelText().reset(text, 0, text.length);
        json.append('{');
        String between = "";
        while (walk.next()) {
            json.append(between);
            ApiAnswers.string(json, walk.name());
            json.append(':');
            ApiAnswers.string(json, walk.value());
            between = ",";
        }
        return json.append('}');
    }

    /** RFC 3339, as precise as a double is. */
    private static String time(double epochSeconds) {
        BigDecimal seconds = BigDecimal.valueOf(epochSeconds).setScale(MICROS, RoundingMode.HALF_UP);
        long whole = seconds.longValue();
        String time = Instant.ofEpochSecond(whole).toString();
        BigDecimal part = seconds.subtract(BigDecimal.valueOf(whole)).stripTrailingZeros();
        return part.signum() == 0 ? time : time.replace("Z", part.toPlainString().substring(1) + "Z");
    }
}
