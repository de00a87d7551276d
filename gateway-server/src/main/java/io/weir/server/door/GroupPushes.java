package io.weir.server.door;

import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.journal.Replace;
import io.weir.sample.Code;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.server.config.Durations;
import io.weir.server.config.PushSemantics;
import io.weir.server.http.EventLoopContext;
import io.weir.server.http.Method;
import io.weir.server.http.Request;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.DoubleSupplier;

/** What pushes to grouping paths mean here: which group, what becomes of what is there. Any thread. */
final class GroupPushes {
    private static final Duration TTL_MIN = Duration.ofSeconds(1);
    private static final Duration TTL_MAX = Duration.ofDays(366);
    private static final int JOB_AT = "/metrics/".length();

    private final EventLoopContext.Local<GroupPath> paths;
    private final PushSemantics semantics;
    private final DoubleSupplier epochSeconds;

    GroupPushes(Limits limits, PushSemantics semantics, DoubleSupplier epochSeconds) {
        this.paths = new EventLoopContext.Local<>(context -> new GroupPath(limits));
        this.semantics = semantics;
        this.epochSeconds = epochSeconds;
    }

    /** The group of a request, copied. */
    static final class Target {
        private final byte[] key;
        private final Replace replace;
        private final long ttlSeconds;

        private Target(byte[] key, Replace replace, long ttlSeconds) {
            this.key = key;
            this.replace = replace;
            this.ttlSeconds = ttlSeconds;
        }

        /** The grouping labels as label text; must not be written. */
        byte[] key() {
            return key;
        }

        /** After which the group ends unless it is pushed to again; 0 when the request says nothing of it. */
        long ttlSeconds() {
            return ttlSeconds;
        }

        Batch open(Ingest ingest) {
            return ingest.open(replace == Replace.NOTHING ? Mode.ADD : Mode.SET, key, 0, key.length, replace);
        }

        /** A batch that adds, whatever the request does. */
        Batch openToAdd(Ingest ingest) {
            return ingest.open(Mode.ADD, key, 0, key.length, Replace.NOTHING);
        }
    }

    /** Something is wrong with the request. */
    static final class BadRequest extends Exception {
        private static final long serialVersionUID = 1;

        BadRequest(String message) {
            super(message, null, false, false);
        }
    }

    Target target(Request request, EventLoopContext context) throws BadRequest {
        GroupPath path = context.get(paths);
        String problem = path.read(request.path(), JOB_AT);
        if (problem != null) {
            throw new BadRequest(problem);
        }
        return new Target(Arrays.copyOf(path.key(), path.keyLength()), replace(request), ttlSeconds(request));
    }

    /** Of a request; 0 when it says nothing of it. */
    static long ttlSeconds(Request request) throws BadRequest {
        String ttl = request.query() == null ? null : request.parameter("ttl");
        if (ttl == null) {
            return 0;
        }
        Duration duration = Durations.read(ttl);
        if (duration == null || duration.compareTo(TTL_MIN) < 0 || duration.compareTo(TTL_MAX) > 0) {
            throw new BadRequest("ttl must be a duration of 1s to " + TTL_MAX.toDays() + "d such as 30s, 5m or 1h30m, not \""
                    + ttl + '"');
        }
        return duration.plusMillis(999).toSeconds();
    }

    /** What a request ends of its group. */
    Replace replace(Request request) throws BadRequest {
        if (request.method() == Method.DELETE) {
            return Replace.ALL;
        }
        boolean put = request.method() == Method.PUT;
        String mode = request.query() == null ? null : request.parameter("mode");
        boolean replaces = semantics == PushSemantics.PUSHGATEWAY || semantics == PushSemantics.METHOD && put;
        if (mode != null) {
            replaces = mode.equals("replace");
            if (!replaces && !mode.equals("aggregate")) {
                throw new BadRequest("unknown mode \"" + mode + "\", there are replace and aggregate");
            }
        }
        return !replaces ? Replace.NOTHING : put ? Replace.ALL : Replace.FAMILIES;
    }

    /** Whether timestamps in bodies are refused, as the reference does. */
    boolean refusesTimestamps() {
        return semantics == PushSemantics.PUSHGATEWAY;
    }

    double now() {
        return epochSeconds.getAsDouble();
    }

    /** Whether a push that is refused for this counts as a failure of its group: what was sent could be read. */
    static boolean isFailureOfGroup(Code code) {
        return switch (code) {
            case TIMESTAMP_REFUSED, TYPE_CONFLICT, SERIES_TWICE, OTHER_OWNER -> true;
            default -> false;
        };
    }
}
