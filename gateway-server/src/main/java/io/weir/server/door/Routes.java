package io.weir.server.door;

import static io.weir.server.http.Method.GET;
import static io.weir.server.http.Method.HEAD;
import static io.weir.server.http.Method.POST;
import static io.weir.server.http.Method.PUT;

import io.weir.server.http.RouteTable;
import io.weir.server.telemetry.Telemetry;
import java.util.function.Supplier;

/** Which doors there are: one line each. Used once, at the start. */
public final class Routes {
    private Routes() {}

    /**
     * What the doors need.
     *
     * @param version of this build, for the landing page
     * @param prefix of all paths, or empty
     * @param telemetryPath of the own metrics, below the prefix
     * @param lifecycle whether reload and quit are enabled
     * @param unhealthy why the process should be restarted, or null
     * @param unready why no traffic should be sent here now, or null
     * @param reload reads the configuration again; gives the error, or null
     * @param quit asks for the end of the process and returns at once
     */
    public record Parts(
            String version,
            String prefix,
            String telemetryPath,
            boolean lifecycle,
            Supplier<String> unhealthy,
            Supplier<String> unready,
            Supplier<String> reload,
            Runnable quit,
            Telemetry telemetry) {}

    public static RouteTable of(Parts parts) {
        return RouteTable.under(parts.prefix)
                .at("/", "landing", new LandingDoor(parts.version, parts.prefix, parts.telemetryPath), GET, HEAD)
                .at("/-/healthy", "healthy", new StatusDoor(parts.unhealthy), GET, HEAD)
                .at("/-/ready", "ready", new StatusDoor(parts.unready), GET, HEAD)
                .at("/-/reload", "reload", new ReloadDoor(parts.lifecycle, parts.reload), POST, PUT)
                .at("/-/quit", "quit", new QuitDoor(parts.lifecycle, parts.quit), POST, PUT)
                .at(parts.telemetryPath, "telemetry", new TelemetryDoor(parts.telemetry), GET, HEAD)
                .build();
    }
}
