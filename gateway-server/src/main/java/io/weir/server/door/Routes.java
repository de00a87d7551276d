package io.weir.server.door;

import static io.weir.server.http.Method.DELETE;
import static io.weir.server.http.Method.GET;
import static io.weir.server.http.Method.HEAD;
import static io.weir.server.http.Method.PATCH;
import static io.weir.server.http.Method.POST;
import static io.weir.server.http.Method.PUT;

import io.weir.ingest.PointRules;
import io.weir.parse.TextParser;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.server.auth.Scope;
import io.weir.server.door.IngestMetrics.Protocol;
import io.weir.server.config.PushSemantics;
import io.weir.server.http.Door;
import io.weir.server.http.RouteTable;
import io.weir.server.telemetry.Telemetry;
import io.weir.store.StoreCommands;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** Which doors there are: one line each. Used once, at the start. */
public final class Routes {
    private Routes() {}

    /**
     * What the doors need.
     *
     * @param web what the doors are told about the process
     * @param hash the store's; doors make copies
     * @param timestamps what becomes of timestamps in pushed text
     * @param semantics what PUT and POST of grouping paths do
     * @param points how line protocol becomes metrics, asked at each request
     * @param keeping how what is accepted is kept
     * @param drains how Logplex drains are taken
     * @param api what {@code /api/v1} tells
     */
    public record Parts(
            Web web,
            Telemetry telemetry,
            Limits limits,
            KeyHash hash,
            TextParser.Timestamps timestamps,
            PushSemantics semantics,
            Supplier<PointRules> points,
            StoreCommands commands,
            Keeping keeping,
            DrainRules drains,
            Api api) {}

    /**
     * What {@code /api/v1} tells of the process.
     *
     * @param flags options by the names they have in Pushgateway
     * @param admin whether everything may be ended
     */
    public record Api(String version, String revision, Map<String, String> flags, boolean admin) {}

    /**
     * The process, as its doors see it.
     *
     * @param version of this build, for the landing page
     * @param prefix of all paths, or empty
     * @param telemetryPath of the own metrics, below the prefix
     * @param createdSamples whether OpenMetrics has {@code _created} samples that nobody has pushed
     * @param origins of other sites, whose pages may write without a token
     * @param lifecycle whether reload and quit are enabled
     * @param unhealthy why the process should be restarted, or null
     * @param unready why no traffic should be sent here now, or null
     * @param reload reads the configuration again; gives the error, or null
     * @param quit asks for the end of the process and returns at once
     */
    public record Web(
            String version,
            String prefix,
            String telemetryPath,
            boolean createdSamples,
            Set<String> origins,
            boolean lifecycle,
            Supplier<String> unhealthy,
            Supplier<String> unready,
            Supplier<String> reload,
            Runnable quit) {}

    public static RouteTable of(Parts parts) {
        Web web = parts.web;
        Limits limits = parts.limits;
        KeyHash hash = parts.hash;
        IngestMetrics[] metrics = IngestMetrics.register(parts.telemetry);
        Keeping keeping = parts.keeping;
        Door push = new GatedDoor(
                new PushDoor(limits, hash, parts.timestamps, keeping, metrics, null), keeping);
        GroupPushes groups = new GroupPushes(limits, parts.semantics, Routes::epochSeconds);
        Door groupPush = new GatedDoor(
                new PushDoor(limits, hash, parts.timestamps, keeping, metrics, groups), keeping);
        Door groupDelete = new GatedDoor(new GroupDeleteDoor(groups, keeping), keeping);
        Door patch = new GatedDoor(
                new PatchDoor(limits, hash, keeping, metrics[Protocol.PATCH.ordinal()]), keeping);
        Ends ends = new Ends(keeping, keeping.isJournaled() ? new DiskWait(keeping.kills()) : null);
        Door delete = new GatedDoor(new DeleteDoor(limits, parts.commands, ends), keeping);
        Door scrape = new GatedDoor(new ScrapeDoor(parts.commands, web.createdSamples), keeping);
        Door drain = new GatedDoor(
                new HerokuDrainDoor(
                        parts.drains, limits, hash, keeping, metrics[Protocol.HEROKU.ordinal()],
                        new DrainMetrics(parts.telemetry)),
                keeping);
        RouteTable.Builder routes = RouteTable.under(web.prefix)
                .writesThrough(door -> new OwnSiteDoor(door, web.origins))
                .needs(Scope.PUSH, "influx_query")
                .at("/", "landing", new LandingDoor(web.version, web.prefix, web.telemetryPath), GET, HEAD)
                .at("/metrics", "scrape", scrape, GET, HEAD)
                .at("/metrics", "push", push, POST, PUT)
                .at("/metrics/", "push", push, POST, PUT)
                .under("/metrics/", "{name}", "patch", patch, PATCH)
                .under("/metrics/", "{name}", "delete", delete, DELETE)
                .under("/metrics/job/", "{job}/{label}/{value}...", "push", groupPush, POST, PUT)
                .under("/metrics/job/", "{job}/{label}/{value}...", "delete", groupDelete, DELETE)
                .under("/metrics/job@base64/", "{job}/{label}/{value}...", "push", groupPush, POST, PUT)
                .under("/metrics/job@base64/", "{job}/{label}/{value}...", "delete", groupDelete, DELETE)
                .at("/drain", "heroku_drain", drain, POST)
                .at("/-/healthy", "healthy", new StatusDoor(web.unhealthy), GET, HEAD)
                .at("/-/ready", "ready", new StatusDoor(web.unready), GET, HEAD)
                .at("/-/reload", "reload", new OwnOriginDoor(new ReloadDoor(web.lifecycle, web.reload)), POST, PUT)
                .at("/-/quit", "quit", new OwnOriginDoor(new QuitDoor(web.lifecycle, web.quit)), POST, PUT)
                .at(web.telemetryPath, "telemetry", new TelemetryDoor(parts.telemetry), GET, HEAD);
        routes.at("/api/v1/status", "api_status", new StatusApiDoor(parts.api), GET, HEAD)
                .at("/api/v1/metrics", "api_metrics", new GatedDoor(new GroupsApiDoor(parts.commands), keeping), GET, HEAD);
        routes.at("/api/v1/groups", "api_groups",
                new GatedDoor(new ManyGroupsDoor(limits, hash, parts.timestamps, keeping, metrics, groups), keeping), POST, PUT);
        routes.needs(Scope.ADMIN, "api_pushers")
                .at("/api/v1/pushers", "api_pushers", new PushersApiDoor(keeping.pushers()), GET, HEAD);
        routes.at("/api/v1/series", "api_series_delete",
                new GatedDoor(new SeriesDeleteDoor(parts.commands, ends), keeping), DELETE);
        if (parts.api.admin) {
            routes.at("/api/v1/admin/wipe", "wipe", new GatedDoor(new WipeDoor(parts.commands, ends), keeping), PUT);
        }
        return InfluxDoors.on(routes, web, limits, hash, parts.points, keeping, metrics[Protocol.INFLUX.ordinal()]).build();
    }

    private static double epochSeconds() {
        Instant now = Instant.now();
        return now.getEpochSecond() + now.getNano() / 1e9;
    }
}
