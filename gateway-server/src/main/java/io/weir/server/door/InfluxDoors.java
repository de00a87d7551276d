package io.weir.server.door;

import static io.weir.server.http.Method.GET;
import static io.weir.server.http.Method.HEAD;
import static io.weir.server.http.Method.POST;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.ingest.PointRules;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.RouteTable;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * All places at which InfluxDB clients look: writes of version 1 and 2, also under the prefixes of GreptimeDB and
 * VictoriaMetrics, and the probes that clients send before they write. Used once, at the start.
 */
final class InfluxDoors {
    private InfluxDoors() {}

    /**
     * Registers them.
     *
     * @param rules asked at each request
     */
    static RouteTable.Builder on(
            RouteTable.Builder routes,
            Routes.Web web,
            Limits limits,
            KeyHash hash,
            Supplier<PointRules> rules,
            Keeping keeping,
            IngestMetrics metrics) {
        String version = web.version();
        Supplier<String> unready = web.unready();
        String[] headers = {"X-Influxdb-Version", version, "X-Influxdb-Build", "Weir"};
        Door v1 = new GatedDoor(
                new InfluxWriteDoor(
                        InfluxVersion.V1, limits, hash, rules, InfluxDoors::epochNanos, keeping, metrics, headers),
                keeping);
        Door v2 = new GatedDoor(
                new InfluxWriteDoor(
                        InfluxVersion.V2, limits, hash, rules, InfluxDoors::epochNanos, keeping, metrics, headers),
                keeping);
        Door ping = ping(version, headers);
        Door health = health(version, unready, headers);
        Door query = new InfluxQueryDoor(headers);
        return routes
                .at("/write", "influx_write", v1, POST)
                .at("/influx/write", "influx_write", v1, POST)
                .at("/v1/influxdb/write", "influx_write", v1, POST)
                .at("/api/v2/write", "influx_write", v2, POST)
                .at("/influx/api/v2/write", "influx_write", v2, POST)
                .at("/v1/influxdb/api/v2/write", "influx_write", v2, POST)
                .at("/ping", "influx_ping", ping, GET, HEAD, POST)
                .at("/v1/influxdb/ping", "influx_ping", ping, GET, HEAD, POST)
                .at("/health", "influx_health", health, GET, HEAD)
                .at("/v1/influxdb/health", "influx_health", health, GET, HEAD)
                .at("/ready", "influx_ready", ready(unready, Instant.now(), headers), GET, HEAD)
                .at("/query", "influx_query", query, GET, HEAD, POST)
                .at("/influx/query", "influx_query", query, GET, HEAD, POST);
    }

    private static long epochNanos() {
        return TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
    }

    /** 204, or with {@code verbose} 200 and the version. */
    private static Door ping(String version, String... headers) {
        Answer quiet = Answer.empty(204, headers);
        Answer verbose = json(200, "{\"version\":" + InfluxVersion.quote(version) + "}", headers);
        return (request, responder) -> {
            String how = request.parameter("verbose");
            boolean asked = how != null && !how.isEmpty() && !how.equals("0") && !how.equals("false");
            responder.send(asked ? verbose : quiet);
            return Exchange.NONE;
        };
    }

    private static Door health(String version, Supplier<String> unready, String... headers) {
        return (request, responder) -> {
            String problem = unready.get();
            responder.send(json(problem == null ? 200 : 503,
                    "{\"name\":\"influxdb\",\"message\":"
                            + InfluxVersion.quote(problem == null ? "ready for queries and writes" : problem)
                            + ",\"status\":\"" + (problem == null ? "pass" : "fail") + "\",\"checks\":[],\"version\":"
                            + InfluxVersion.quote(version) + "}",
                    headers));
            return Exchange.NONE;
        };
    }

    private static Door ready(Supplier<String> unready, Instant started, String... headers) {
        return (request, responder) -> {
            String problem = unready.get();
            if (problem != null) {
                responder.send(InfluxVersion.V2.error(503, problem, 0, headers));
                return Exchange.NONE;
            }
            long seconds = started.until(Instant.now(), ChronoUnit.SECONDS);
            responder.send(json(200,
                    "{\"status\":\"ready\",\"started\":\"" + started + "\",\"up\":\"" + seconds / 3600 + "h"
                            + seconds / 60 % 60 + "m" + seconds % 60 + "s\"}",
                    headers));
            return Exchange.NONE;
        };
    }

    private static Answer json(int status, String body, String... headers) {
        return Answer.of(status, Answer.JSON, (body + "\n").getBytes(UTF_8), headers);
    }
}
