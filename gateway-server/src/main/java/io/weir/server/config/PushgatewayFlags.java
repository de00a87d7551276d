package io.weir.server.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What flags of Pushgateway mean here, so that its command line, or that of a unit file, starts Weir unchanged. Used once for
 * each reading of the configuration.
 */
final class PushgatewayFlags {
    private static final String METRICS = "/metrics";

    private final Settings settings;
    private final List<String> notes = new ArrayList<>();

    PushgatewayFlags(Settings settings) {
        this.settings = settings;
    }

    /** For the log: what was asked for and is done in another way. */
    List<String> notes() {
        return List.copyOf(notes);
    }

    /** Takes note of flags that change nothing, and refuses what cannot be had. */
    PushgatewayFlags read() throws ConfigException {
        if (settings.bool(Options.WEB_SYSTEMD_SOCKET)) {
            throw settings.problem(Options.WEB_SYSTEMD_SOCKET,
                    "sockets of systemd are not taken over; leave it out and say where to listen by --web.listen-address");
        }
        if (isGiven(Options.PERSISTENCE_INTERVAL)) {
            note(Options.PERSISTENCE_INTERVAL, "has no effect: every push is in the journal before its answer");
        }
        if (settings.bool(Options.PUSH_DISABLE_CONSISTENCY_CHECK)) {
            note(Options.PUSH_DISABLE_CONSISTENCY_CHECK,
                    "has no effect: pushes are checked, at the cost of what they hold and not of the store");
        }
        if (settings.bool(Options.PUSH_ENABLE_UTF8_NAMES)) {
            note(Options.PUSH_ENABLE_UTF8_NAMES, "has no effect: which names are good does not depend on a flag");
        }
        return this;
    }

    /** The data directory when no other option names it; else {@code otherwise}. */
    Optional<Path> storagePath(Optional<Path> otherwise) {
        String file = settings.text(Options.PERSISTENCE_FILE);
        // in a file empty is as good as left out
        if (file.isEmpty() && settings.get(Options.PERSISTENCE_FILE).origin().kind() != Origin.Kind.FLAG) {
            return otherwise;
        }
        if (isGiven(Options.STORAGE_PATH)) {
            note(Options.PERSISTENCE_FILE, "has no effect beside --storage.path");
            return otherwise;
        }
        if (file.isEmpty()) {
            note(Options.PERSISTENCE_FILE, "is empty: everything is kept in memory only, as by --storage.path=none");
            return Optional.empty();
        }
        Path directory = Path.of(file + ".weir");
        note(Options.PERSISTENCE_FILE, "the data directory is " + directory + ", as by --storage.path; " + file
                + " is neither read nor written");
        return Optional.of(directory);
    }

    String routePrefix() throws ConfigException {
        String url = settings.text(Options.WEB_EXTERNAL_URL);
        if (isGiven(Options.WEB_ROUTE_PREFIX) || url.isEmpty()) {
            return settings.route(Options.WEB_ROUTE_PREFIX);
        }
        String path = Settings.url(url).getRawPath();
        try {
            return path == null ? "" : Values.path(path);
        } catch (BadValue e) {
            throw settings.problem(Options.WEB_EXTERNAL_URL, "its path cannot be a route prefix: expected " + e.getMessage());
        }
    }

    /** Pushgateway has its own metrics among those that are pushed. */
    String telemetryPath() throws ConfigException {
        String path = settings.route(Options.WEB_TELEMETRY_PATH);
        if (path.isEmpty()) {
            throw settings.problem(Options.WEB_TELEMETRY_PATH, "expected a path of its own, such as /-/metrics");
        }
        if (!path.equals(METRICS)) {
            return path;
        }
        String own = Config.Web.DEFAULTS.telemetryPath();
        note(Options.WEB_TELEMETRY_PATH, METRICS + " shows what is pushed; the gateway's own metrics are on " + own);
        return own;
    }

    /** Whether it is another text than the default, which {@code config print} writes as well. */
    private boolean isGiven(Option option) {
        return !settings.texts(option).equals(option.initialValues()) && !settings.text(option).isEmpty();
    }

    private void note(Option option, String what) {
        notes.add(option.flag() + ": " + what);
    }
}
