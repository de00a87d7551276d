package io.weir.server.config;

import io.weir.ingest.AggregationRules;
import io.weir.ingest.PointRules;
import io.weir.journal.JournalConfig;
import io.weir.sample.Limits;
import io.weir.server.auth.AuthConfig;
import io.weir.server.auth.Guard;
import io.weir.server.auth.Token;
import io.weir.server.remotewrite.Protocol;
import io.weir.server.remotewrite.RemoteWriteConfig;
import io.weir.server.remotewrite.RemoteWriteConfig.Header;
import io.weir.server.remotewrite.Secret;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** From command line, environment and file to {@link Config}: a flag beats the environment beats the file beats the default. */
public final class ConfigLoader {
    private final Settings merged = new Settings();
    private final Settings typed = new Settings();
    private List<AggregationRules.Rule> aggregationRules = List.of();
    private List<PointRules.Rule> influxRules = List.of();
    private List<Settings> receivers = List.of();
    private List<Token> tokens = List.of();
    private List<Path> tokenFiles = List.of();

    private ConfigLoader() {}

    /** What the process starts with. */
    public static Config load(CommandLine commandLine, Map<String, String> environment) throws ConfigException {
        return merge(commandLine.settings(), environment).config();
    }

    /** What one file alone, over the defaults, says. */
    public static Config check(Path file) throws ConfigException {
        ConfigLoader loader = new ConfigLoader();
        loader.readFile(file);
        return loader.config();
    }

    static ConfigLoader merge(Settings flags, Map<String, String> environment) throws ConfigException {
        ConfigLoader loader = new ConfigLoader();
        loader.typed.override(Environment.read(environment));
        loader.typed.override(flags);
        String file = loader.typed.text(Options.CONFIG_FILE);
        if (!file.isEmpty()) {
            loader.readFile(Path.of(file));
        }
        loader.merged.override(loader.typed);
        return loader;
    }

    Settings settings() {
        return merged;
    }

    private void readFile(Path path) throws ConfigException {
        ConfigFile file = ConfigFile.read(path);
        merged.override(file.settings());
        aggregationRules = file.aggregationRules();
        influxRules = file.influxRules();
        receivers = file.receivers();
        tokens = file.tokens();
        tokenFiles = file.tokenFiles();
    }

    Config config() throws ConfigException {
        PushgatewayFlags pushgateway = new PushgatewayFlags(merged).read();
        return new Config(
                web(pushgateway),
                pushgateway.storagePath(storagePath()),
                journal(),
                limits(),
                aggregation(),
                push(),
                influx(),
                heroku(),
                remoteWrite(),
                auth(),
                log(),
                pushgateway.notes());
    }

    private Config.Web web(PushgatewayFlags pushgateway) throws ConfigException {
        List<Address> addresses = merged.addresses(Options.WEB_LISTEN_ADDRESS);
        if (addresses.isEmpty()) {
            throw merged.problem(Options.WEB_LISTEN_ADDRESS, "expected at least one address");
        }
        return new Config.Web(
                addresses,
                merged.hosts(Options.WEB_ALLOWED_HOSTS),
                Set.copyOf(merged.texts(Options.WEB_ALLOWED_ORIGINS)),
                pushgateway.telemetryPath(),
                pushgateway.routePrefix(),
                merged.bool(Options.WEB_ENABLE_LIFECYCLE),
                merged.bool(Options.WEB_ENABLE_ADMIN_API),
                merged.bool(Options.WEB_OPENMETRICS_CREATED_SAMPLES),
                Optional.ofNullable(file(merged, Options.WEB_CONFIG_FILE)));
    }

    private AuthConfig auth() {
        String drain = merged.text(Options.AUTH_DRAIN_PASSWORD);
        String metrics = merged.text(Options.AUTH_METRICS_PASSWORD);
        return new AuthConfig(
                tokens,
                drain.isEmpty() ? null : Guard.drainPassword(drain),
                metrics.isEmpty() ? null : Guard.metricsPassword(metrics),
                tokenFiles);
    }

    private Optional<Path> storagePath() {
        String text = merged.text(Options.STORAGE_PATH);
        return text.equals(Options.NONE) ? Optional.empty() : Optional.of(file(merged, Options.STORAGE_PATH));
    }

    private JournalConfig journal() {
        return new JournalConfig(
                JournalConfig.Sync.valueOf(merged.text(Options.DURABILITY_SYNC).toUpperCase(Locale.ROOT)),
                merged.duration(Options.DURABILITY_INTERVAL).toMillis(),
                merged.size(Options.DURABILITY_SEGMENT),
                JournalConfig.DEFAULTS.segmentBytesMax(),
                merged.size(Options.DURABILITY_CHECKPOINT),
                merged.integer(Options.IDEMPOTENCY_MAX),
                merged.duration(Options.IDEMPOTENCY_TTL).toMillis(),
                JournalConfig.DEFAULTS.probeMillis());
    }

    private Limits limits() {
        return new Limits(
                merged.size(Options.LIMITS_BODY),
                merged.integer(Options.LIMITS_INFLATE_RATIO),
                merged.integer(Options.LIMITS_SAMPLES_PER_REQUEST),
                merged.intSize(Options.LIMITS_LINE),
                merged.intSize(Options.LIMITS_LINE_POINT),
                merged.intSize(Options.LIMITS_NAME),
                merged.integer(Options.LIMITS_LABELS),
                merged.intSize(Options.LIMITS_LABEL_NAME),
                merged.intSize(Options.LIMITS_LABEL_VALUE),
                merged.intSize(Options.LIMITS_HELP),
                merged.integer(Options.LIMITS_BUCKETS),
                merged.integer(Options.SERIES_MAX),
                merged.integer(Options.LIMITS_FAMILY_SERIES),
                merged.integer(Options.LIMITS_FAMILIES),
                merged.integer(Options.LIMITS_HEADERS),
                merged.intSize(Options.LIMITS_HEADER_SIZE),
                merged.intSize(Options.LIMITS_URI),
                merged.integer(Options.LIMITS_QUERY_PARAMETERS),
                merged.integer(Options.LIMITS_CONNECTIONS),
                merged.integer(Options.LIMITS_CONNECTIONS_PER_ADDRESS),
                merged.integer(Options.LIMITS_PIPELINED_REQUESTS),
                merged.size(Options.LIMITS_IN_FLIGHT),
                merged.seconds(Options.LIMITS_HEADER_TIME),
                merged.seconds(Options.LIMITS_IDLE_TIME),
                httpLimits());
    }

    private Limits.Http httpLimits() {
        return new Limits.Http(
                merged.intSize(Options.LIMITS_CHUNK_EXTRAS),
                merged.intSize(Options.LIMITS_BODY_RATE),
                merged.seconds(Options.LIMITS_BODY_WINDOW),
                merged.seconds(Options.LIMITS_STALL_TIME),
                merged.seconds(Options.LIMITS_LINGER_TIME),
                merged.intSize(Options.LIMITS_LINGER),
                merged.seconds(Options.LIMITS_WAIT_TIME),
                merged.intSize(Options.LIMITS_ANSWER_RATE),
                merged.size(Options.LIMITS_UNREAD),
                merged.integer(Options.LIMITS_TLS_HANDSHAKES));
    }

    private AggregationRules aggregation() {
        return new AggregationRules(
                ConfigFile.gaugePolicy(merged.text(Options.AGGREGATION_GAUGE)),
                ConfigFile.ttlMillis(merged.text(Options.SERIES_TTL)),
                List.copyOf(aggregationRules));
    }

    private Config.Push push() {
        return new Config.Push(
                merged.text(Options.PUSH_TIMESTAMPS).equals("refuse"),
                PushSemantics.valueOf(merged.text(Options.PUSH_SEMANTICS).toUpperCase(Locale.ROOT)),
                merged.integer(Options.EXEMPLARS_MAX));
    }

    private PointRules influx() throws ConfigException {
        String separator = merged.text(Options.INFLUX_SEPARATOR);
        if (!separator.matches("[A-Za-z0-9_:]{0,16}")) {
            throw merged.problem(Options.INFLUX_SEPARATOR, "expected at most 16 of letters, digits, _ and :");
        }
        String label = merged.text(Options.INFLUX_DATABASE_LABEL);
        if (!label.matches("([A-Za-z_][A-Za-z0-9_]{0,127})?") || label.startsWith("__")) {
            throw merged.problem(Options.INFLUX_DATABASE_LABEL, "expected a label name such as db");
        }
        return new PointRules(separator, label.isEmpty() ? null : label, List.copyOf(influxRules));
    }

    private Config.Heroku heroku() throws ConfigException {
        String prefix = merged.text(Options.HEROKU_PREFIX);
        if (!prefix.matches("[!-~]{1,128}")) {
            throw merged.problem(Options.HEROKU_PREFIX, "expected 1 to 128 visible characters of ASCII");
        }
        return new Config.Heroku(
                prefix,
                Set.copyOf(merged.texts(Options.HEROKU_DRAIN_TOKENS)),
                ConfigFile.ttlMillis(merged.text(Options.HEROKU_EXPIRY)));
    }

    private List<RemoteWriteConfig> remoteWrite() throws ConfigException {
        List<RemoteWriteConfig> configs = new ArrayList<>();
        for (Settings receiver : receiversInUse()) {
            configs.add(receiver(receiver));
        }
        if (receiversInUse().isEmpty()) {
            for (String url : merged.texts(Options.REMOTE_WRITE_URL)) {
                configs.add(receiver(url, merged));
            }
        }
        return List.copyOf(configs);
    }

    /**
     * The file's list of receivers, each overridden by flags and environment. A URL from there replaces the whole list
     * with all that it says: one receiver's credentials never go to another.
     */
    List<Settings> receiversInUse() {
        if (typed.has(Options.REMOTE_WRITE_URL)) {
            return List.of();
        }
        receivers.forEach(receiver -> receiver.override(typed));
        return receivers;
    }

    private static RemoteWriteConfig receiver(Settings settings) throws ConfigException {
        return receiver(settings.text(Options.REMOTE_WRITE_URL), settings);
    }

    private static RemoteWriteConfig receiver(String url, Settings settings) throws ConfigException {
        String username = settings.text(Options.REMOTE_WRITE_USERNAME);
        String password = settings.text(Options.REMOTE_WRITE_PASSWORD);
        URI target = Settings.url(url);
        List<Header> headers = settings.texts(Options.REMOTE_WRITE_HEADERS).stream()
                .map(text -> Settings.checked(() -> Values.header(text)))
                .toList();
        try {
            return new RemoteWriteConfig(
                    target,
                    settings.duration(Options.REMOTE_WRITE_INTERVAL),
                    username.isEmpty() ? null : username,
                    password.isEmpty() ? null : new Secret(password),
                    file(settings, Options.REMOTE_WRITE_PASSWORD_FILE),
                    file(settings, Options.REMOTE_WRITE_BEARER_TOKEN_FILE),
                    Protocol.of(settings.text(Options.REMOTE_WRITE_PROTOCOL)),
                    headers,
                    RemoteWriteConfig.Tuning.DEFAULTS);
        } catch (IllegalArgumentException e) {
            throw settings.problem(Options.REMOTE_WRITE_URL, "receiver " + target.getHost() + ": " + e.getMessage());
        }
    }

    private Config.Log log() {
        return new Config.Log(
                Config.Log.Level.valueOf(merged.text(Options.LOG_LEVEL).toUpperCase(Locale.ROOT)),
                Config.Log.Format.valueOf(merged.text(Options.LOG_FORMAT).toUpperCase(Locale.ROOT)));
    }

    /** Null when there is none. */
    private static Path file(Settings settings, Option option) {
        String text = settings.text(option);
        return text.isEmpty() ? null : Path.of(text);
    }
}
