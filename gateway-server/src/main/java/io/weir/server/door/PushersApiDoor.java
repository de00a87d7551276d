package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.server.http.Answer;
import io.weir.server.http.BodySource;
import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import io.weir.snapshot.LabelText;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** {@code GET /api/v1/pushers}: who has pushed here, see {@link Pushers}; whoever came last first. Any thread. */
final class PushersApiDoor implements Door {
    private static final int PER_PIECE = 64;

    private final Pushers pushers;

    PushersApiDoor(Pushers pushers) {
        this.pushers = pushers;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        // not for pages of other sites: it has addresses
        responder.stream(Answer.head(200, Answer.JSON, "Cache-Control", "no-store"), new Listing(pushers.known(), pushers.forgotten()));
        return Exchange.NONE;
    }

    /** The answer, some pushers at a time. */
    private static final class Listing implements BodySource {
        private final List<Pushers.Known> known;
        private final long forgotten;
        private int next = -1;

        Listing(List<Pushers.Known> known, long forgotten) {
            this.known = known;
            this.forgotten = forgotten;
        }

        @Override
        public byte[] next() {
            if (next > known.size()) {
                return null;
            }
            StringBuilder json = new StringBuilder();
            if (next < 0) {
                json.append("{\"status\":\"success\",\"data\":{\"forgotten\":").append(forgotten).append(",\"pushers\":[");
                next = 0;
            }
            for (int end = Math.min(next + PER_PIECE, known.size()); next < end; next++) {
                pusher(json.append(next == 0 ? "" : ","), known.get(next));
            }
            if (next == known.size()) {
                json.append("]}}");
                next++;
            }
            return json.toString().getBytes(UTF_8);
        }
    }

    private static void pusher(StringBuilder json, Pushers.Known pusher) {
        json.append('{');
        if (pusher.group() != null) {
            Map<String, String> labels = new TreeMap<>();
            LabelText walk = new LabelText().reset(pusher.group(), 0, pusher.group().length);
            while (walk.next()) {
                labels.put(walk.name(), walk.value());
            }
            ApiAnswers.strings(json.append("\"group\":"), labels);
            json.append(',');
        }
        text(json, "principal", pusher.sender().principal());
        text(json, "address", pusher.sender().address());
        text(json, "user_agent", pusher.sender().userAgent());
        json.append("\"pushes\":").append(pusher.pushes());
        json.append(",\"samples\":").append(pusher.samples());
        json.append(",\"bytes\":").append(pusher.bytes());
        time(json, "last_push", pusher.lastMillis());
        json.append(",\"errors\":").append(pusher.errors());
        if (pusher.error() != null) {
            time(json, "last_error_time", pusher.errorMillis());
            ApiAnswers.string(json.append(",\"last_error\":"), pusher.error());
        }
        json.append('}');
    }

    private static void text(StringBuilder json, String name, String value) {
        if (value != null) {
            ApiAnswers.string(json.append('"').append(name).append("\":"), value);
            json.append(',');
        }
    }

    private static void time(StringBuilder json, String name, long millis) {
        if (millis > 0) {
            json.append(",\"").append(name).append("\":\"").append(Instant.ofEpochMilli(millis)).append('"');
        }
    }
}
