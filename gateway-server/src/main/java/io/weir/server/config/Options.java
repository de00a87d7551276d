package io.weir.server.config;

import static io.weir.server.config.Option.Group.AGGREGATION;
import static io.weir.server.config.Option.Group.AUTH;
import static io.weir.server.config.Option.Group.CONFIG;
import static io.weir.server.config.Option.Group.DURABILITY;
import static io.weir.server.config.Option.Group.HEROKU;
import static io.weir.server.config.Option.Group.IDEMPOTENCY;
import static io.weir.server.config.Option.Group.INFLUX;
import static io.weir.server.config.Option.Group.LIMITS;
import static io.weir.server.config.Option.Group.LOG;
import static io.weir.server.config.Option.Group.PUSH;
import static io.weir.server.config.Option.Group.PUSHGATEWAY;
import static io.weir.server.config.Option.Group.REMOTE_WRITE;
import static io.weir.server.config.Option.Group.SERIES;
import static io.weir.server.config.Option.Group.STORAGE;
import static io.weir.server.config.Option.Group.WEB;

import io.weir.journal.JournalConfig;
import io.weir.sample.Limits;
import io.weir.server.remotewrite.Protocol;
import io.weir.server.remotewrite.RemoteWriteConfig;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The option table: the one source of flags, environment variables, YAML keys, {@code --help} and
 * {@code docs/CONFIG.md}. Order is the order of the documents. Immutable, any thread.
 */
final class Options {
    static final String OFF = "off";
    static final String NONE = "none";

    private static final long INT_MAX = Integer.MAX_VALUE;
    private static final long DAY_MILLIS = Duration.ofDays(1).toMillis();
    private static final long YEARS_MILLIS = Duration.ofDays(3_650).toMillis();
    private static final long BODY_MAX = 1L << 30;
    private static final long LINE_MAX = 64L << 20;
    private static final long HEADER_MAX = 1L << 20;
    private static final Limits LIMIT = Limits.DEFAULTS;
    private static final JournalConfig JOURNAL = JournalConfig.DEFAULTS;

    private static final Map<String, Option> BY_NAME = new LinkedHashMap<>();
    private static final Map<String, Option> BY_VARIABLE = new LinkedHashMap<>();

    static final Option WEB_LISTEN_ADDRESS = add(new Option(
                    "web.listen-address",
                    WEB,
                    Type.ADDRESS,
                    Config.Web.DEFAULTS.listenAddresses().get(0).toString(),
                    "Where to listen; without a host on every address of the machine, port 0 takes a free one")
            .many());
    static final Option WEB_ALLOWED_HOSTS = add(new Option(
                    "web.allowed-hosts",
                    WEB,
                    Type.HOST,
                    "",
                    "Hosts that requests may be for, those for others get 421: names, addresses, *.example.org for all names"
                            + " below it, each with a port or for all ports. When none is given, every host; probes are"
                            + " answered whatever the host")
            .many());
    static final Option WEB_ALLOWED_ORIGINS = add(new Option(
                    "web.allowed-origins",
                    WEB,
                    Type.TEXT,
                    "",
                    "Origins such as https://shop.example, or * for all, whose pages may write without a token though they are"
                            + " of another site; a browser that says so gets 403 otherwise")
            .many());
    static final Option WEB_TELEMETRY_PATH = add(new Option(
            "web.telemetry-path",
            WEB,
            Type.ROUTE,
            Config.Web.DEFAULTS.telemetryPath(),
            "Path of the gateway's own metrics; what is pushed stands on /metrics"));
    static final Option WEB_ROUTE_PREFIX = add(new Option(
            "web.route-prefix", WEB, Type.ROUTE, "", "Path in front of every route, for use behind a reverse proxy"));
    static final Option WEB_ENABLE_LIFECYCLE = add(new Option(
            "web.enable-lifecycle", WEB, Type.BOOLEAN, "false", "Allow POST /-/reload and POST /-/quit"));

    static final Option WEB_ENABLE_ADMIN_API = add(new Option(
            "web.enable-admin-api", WEB, Type.BOOLEAN, "false", "Allow PUT /api/v1/admin/wipe, which ends every series"));

    static final Option WEB_OPENMETRICS_CREATED_SAMPLES = add(new Option(
            "web.openmetrics-created-samples",
            WEB,
            Type.BOOLEAN,
            "false",
            "Write _created samples of counters, histograms and summaries in OpenMetrics, which Prometheus takes for series of"
                    + " their own unless it is told otherwise; protobuf always says when series began"));

    static final Option WEB_CONFIG_FILE = add(new Option(
            "web.config.file",
            WEB,
            Type.FILE,
            "",
            "File with TLS, users, headers and rate limit in the format of Prometheus' exporter-toolkit, read again when it"
                    + " changes"));

    static final Option AUTH_DRAIN_PASSWORD = add(new Option(
                    "auth.drain-password",
                    AUTH,
                    Type.SECRET,
                    "",
                    "Password of the user drain, who may send to /drain and nothing else; a flag shows in the process list,"
                            + " so prefer the variable")
            .alias("PASSWORD_DRAIN"));
    static final Option AUTH_METRICS_PASSWORD = add(new Option(
                    "auth.metrics-password",
                    AUTH,
                    Type.SECRET,
                    "",
                    "Password of the user metrics, who may read /metrics and all else that is read, and change nothing")
            .alias("PASSWORD_METRICS"));

    static final Option STORAGE_PATH = add(new Option(
                    "storage.path",
                    STORAGE,
                    Type.FILE,
                    "./data",
                    "Data directory, created when missing; none keeps everything in memory")
            .choices(NONE));

    static final Option DURABILITY_SYNC = add(new Option(
                    "durability.sync",
                    DURABILITY,
                    Type.CHOICE,
                    "interval",
                    "When a push is forced to the disk: always before its answer, at an interval, or never; the end of the"
                            + " process it survives in any case")
            .choices("always", "interval", "never"));
    static final Option DURABILITY_INTERVAL = add(new Option(
                    "durability.interval",
                    DURABILITY,
                    Type.DURATION,
                    Values.format(Duration.ofMillis(JOURNAL.intervalMillis())),
                    "Most that a power cut can take with --durability.sync=interval")
            .range(1, DAY_MILLIS));
    static final Option DURABILITY_SEGMENT =
            add(new Option(
                            "durability.segment",
                            DURABILITY,
                            Type.SIZE,
                            Values.formatSize(JOURNAL.segmentBytes()),
                            "A file of the journal of this size ends, once its samples outweigh its names")
                    .range(64 << 10, JOURNAL.segmentBytesMax()));
    static final Option DURABILITY_CHECKPOINT =
            add(new Option(
                            "durability.checkpoint",
                            DURABILITY,
                            Type.SIZE,
                            Values.formatSize(JOURNAL.checkpointBytes()),
                            "Least journal between two checkpoints; a large checkpoint waits for four times its size")
                    .range(64 << 10, 1L << 40));

    static final Option IDEMPOTENCY_TTL = add(new Option(
                    "idempotency.ttl",
                    IDEMPOTENCY,
                    Type.DURATION,
                    Values.format(Duration.ofMillis(JOURNAL.keyMillis())),
                    "Time for which an Idempotency-Key and its answer are remembered")
            .range(1, YEARS_MILLIS));
    static final Option IDEMPOTENCY_MAX = add(new Option(
                    "idempotency.max",
                    IDEMPOTENCY,
                    Type.INTEGER,
                    Integer.toString(JOURNAL.keysMax()),
                    "Idempotency keys remembered at most; the oldest go first")
            .range(1, 1 << 30));

    static final Option SERIES_MAX = add(new Option(
                    "series.max",
                    SERIES,
                    Type.INTEGER,
                    Integer.toString(LIMIT.series()),
                    "Live series; a push that would make more is refused, series that exist stay exact")
            .range(1, 1 << 30));
    static final Option SERIES_TTL = add(new Option(
                    "series.ttl", SERIES, Type.DURATION, OFF, "A series that nobody touched for this long ends")
            .range(Duration.ofSeconds(1).toMillis(), YEARS_MILLIS)
            .choices(OFF));

    static final Option AGGREGATION_GAUGE = add(new Option(
                    "aggregation.gauge",
                    AGGREGATION,
                    Type.CHOICE,
                    "sum",
                    "How a gauge sent with POST joins the value that is there; PUT and line protocol always set")
            .choices("sum", "last", "min", "max"));

    static final Option PUSH_TIMESTAMPS = add(new Option(
                    "push.timestamps",
                    PUSH,
                    Type.CHOICE,
                    "ignore",
                    "What to do with timestamps in pushed Prometheus text: ignore them or refuse the batch")
            .choices("ignore", "refuse"));

    static final Option EXEMPLARS_MAX = add(new Option(
                    "exemplars.max",
                    PUSH,
                    Type.INTEGER,
                    Integer.toString(Config.Push.DEFAULTS.exemplarsMax()),
                    "Exemplars kept, the latest of each counter and bucket, in memory only; 0 keeps none")
            .range(0, 10_000_000));

    static final Option PUSH_SEMANTICS = add(new Option(
                    "push.semantics",
                    PUSH,
                    Type.CHOICE,
                    "method",
                    "On /metrics/job/...: method, PUT replaces the group and POST adds to it; pushgateway, POST replaces the"
                            + " group's families of the same names instead; aggregate, both add")
            .choices("method", "pushgateway", "aggregate"));

    static final Option INFLUX_SEPARATOR = add(new Option(
            "influx.separator",
            INFLUX,
            Type.TEXT,
            "_",
            "Between measurement and field in a metric's name; letters, digits, _ and :"));
    static final Option INFLUX_DATABASE_LABEL = add(new Option(
            "influx.database-label",
            INFLUX,
            Type.TEXT,
            "",
            "Label that carries the request's db or bucket; empty for no such label"));

    static final Option HEROKU_PREFIX = add(new Option(
            "heroku.prefix",
            HEROKU,
            Type.TEXT,
            Config.Heroku.DEFAULTS.prefix(),
            "What stands before \":ingest BASE64\" in log lines in which an app writes metrics"));
    static final Option HEROKU_DRAIN_TOKENS = add(new Option(
                    "heroku.drain-tokens",
                    HEROKU,
                    Type.SECRET,
                    "",
                    "Drain token, as \"heroku drains\" shows it, that may drain here; without one all may")
            .many());
    static final Option HEROKU_EXPIRY = add(new Option(
                    "heroku.expiry",
                    HEROKU,
                    Type.DURATION,
                    Values.format(Duration.ofMillis(Config.Heroku.DEFAULTS.expiryMillis())),
                    "A drain's gauge, or a metric that an app sets, ends after this time without news; rules of aggregation beat it")
            .range(Duration.ofSeconds(1).toMillis(), YEARS_MILLIS)
            .choices(OFF));

    static final Option REMOTE_WRITE_URL = add(new Option(
                    "remote-write.url",
                    REMOTE_WRITE,
                    Type.URL,
                    "",
                    "remote_write receiver to send to; without one nothing is sent")
            .many()
            .alias("SECRET_PROM_ENDPOINT"));
    static final Option REMOTE_WRITE_INTERVAL = add(new Option(
                    "remote-write.interval",
                    REMOTE_WRITE,
                    Type.DURATION,
                    Values.format(RemoteWriteConfig.INTERVAL_DEFAULT),
                    "Time between two flushes")
            .range(RemoteWriteConfig.INTERVAL_MIN.toMillis(), RemoteWriteConfig.INTERVAL_MAX.toMillis()));
    static final Option REMOTE_WRITE_PROTOCOL = add(new Option(
                    "remote-write.protocol",
                    REMOTE_WRITE,
                    Type.CHOICE,
                    Protocol.AUTO.text(),
                    "Version of remote_write; auto sends 2.0, and 1.0 to a receiver that does not understand it")
            .choices(Protocol.AUTO.text(), Protocol.V1.text(), Protocol.V2.text()));
    static final Option REMOTE_WRITE_USERNAME = add(new Option(
                    "remote-write.username", REMOTE_WRITE, Type.TEXT, "", "User of basic authentication")
            .alias("SECRET_PROM_USER"));
    static final Option REMOTE_WRITE_PASSWORD = add(new Option(
                    "remote-write.password",
                    REMOTE_WRITE,
                    Type.SECRET,
                    "",
                    "Password of basic authentication; a flag shows in the process list, so prefer password-file")
            .alias("SECRET_PROM_TOKEN"));
    static final Option REMOTE_WRITE_PASSWORD_FILE = add(new Option(
            "remote-write.password-file",
            REMOTE_WRITE,
            Type.FILE,
            "",
            "File that holds the password, read before every flush"));
    static final Option REMOTE_WRITE_BEARER_TOKEN_FILE = add(new Option(
            "remote-write.bearer-token-file",
            REMOTE_WRITE,
            Type.FILE,
            "",
            "File that holds a bearer token, read before every flush; instead of username and password"));
    static final Option REMOTE_WRITE_HEADERS = add(new Option(
                    "remote-write.headers",
                    REMOTE_WRITE,
                    Type.HEADER,
                    "",
                    "Header to send along, such as 'X-Scope-OrgID: team-a'")
            .many());

    static final Option LOG_LEVEL = add(new Option("log.level", LOG, Type.CHOICE, "info", "Least level that is logged")
            .choices("error", "warn", "info", "debug", "trace"));
    static final Option LOG_FORMAT = add(
            new Option("log.format", LOG, Type.CHOICE, "logfmt", "Form of a log line on standard error")
                    .choices("logfmt", "json"));

    static final Option PERSISTENCE_FILE = add(new Option(
            "persistence.file",
            PUSHGATEWAY,
            Type.FILE,
            "",
            "Stands for --storage.path=FILE.weir; the file itself, which Pushgateway wrote, is not read; empty stands for none"));
    static final Option PERSISTENCE_INTERVAL = add(new Option(
                    "persistence.interval",
                    PUSHGATEWAY,
                    Type.DURATION,
                    "5m",
                    "Without effect: what was answered is in the journal by then")
            .range(0, YEARS_MILLIS));
    static final Option PUSH_DISABLE_CONSISTENCY_CHECK = add(new Option(
            "push.disable-consistency-check",
            PUSHGATEWAY,
            Type.BOOLEAN,
            "false",
            "Without effect: the check is as cheap as the push"));
    static final Option PUSH_ENABLE_UTF8_NAMES = add(new Option(
            "push.enable-utf8-names",
            PUSHGATEWAY,
            Type.BOOLEAN,
            "false",
            "Without effect: which names are good does not depend on a flag"));
    static final Option WEB_EXTERNAL_URL = add(new Option(
            "web.external-url",
            PUSHGATEWAY,
            Type.URL,
            "",
            "URL under which people reach the gateway; its path is the route prefix where --web.route-prefix gives none"));
    static final Option WEB_SYSTEMD_SOCKET = add(new Option(
            "web.systemd-socket",
            PUSHGATEWAY,
            Type.BOOLEAN,
            "false",
            "Refused: sockets of systemd are not taken over, --web.listen-address opens one"));

    static final Option LIMITS_BODY =
            add(size("limits.body", LIMIT.bodyBytes(), BODY_MAX, "One request's body, as sent and as inflated"));
    static final Option LIMITS_INFLATE_RATIO = add(count(
            "limits.inflate-ratio",
            LIMIT.inflateRatio(),
            "Inflated bytes for each compressed byte, checked from 1 MiB inflated"));
    static final Option LIMITS_SAMPLES_PER_REQUEST =
            add(count("limits.samples-per-request", LIMIT.samplesPerRequest(), "Samples in one request"));
    static final Option LIMITS_LINE =
            add(size("limits.line", LIMIT.lineBytes(), LINE_MAX, "One line of Prometheus text"));
    static final Option LIMITS_LINE_POINT =
            add(size("limits.line-point", LIMIT.linePointBytes(), LINE_MAX, "One line of line protocol"));
    static final Option LIMITS_NAME = add(size("limits.name", LIMIT.nameBytes(), LINE_MAX, "A metric name"));
    static final Option LIMITS_LABELS = add(count("limits.labels", LIMIT.labels(), "Labels of one series"));
    static final Option LIMITS_LABEL_NAME =
            add(size("limits.label-name", LIMIT.labelNameBytes(), LINE_MAX, "A label name"));
    static final Option LIMITS_LABEL_VALUE =
            add(size("limits.label-value", LIMIT.labelValueBytes(), LINE_MAX, "A label value"));
    static final Option LIMITS_HELP = add(size("limits.help", LIMIT.helpBytes(), LINE_MAX, "A HELP text"));
    static final Option LIMITS_BUCKETS =
            add(count("limits.buckets", LIMIT.buckets(), "Bucket bounds of one histogram"));
    static final Option LIMITS_FAMILY_SERIES = add(count(
            "limits.family-series", LIMIT.familySeries(), "Live series of one family; counts like the limit of all series"));
    static final Option LIMITS_FAMILIES = add(count("limits.families", LIMIT.families(), "Metric families"));
    static final Option LIMITS_HEADERS =
            add(count("limits.headers", LIMIT.headers(), "Header fields of one request"));
    static final Option LIMITS_HEADER_SIZE = add(
            size("limits.header-size", LIMIT.headerBytes(), HEADER_MAX, "All header fields of one request together"));
    static final Option LIMITS_URI = add(size("limits.uri", LIMIT.uriBytes(), HEADER_MAX, "A request target"));
    static final Option LIMITS_QUERY_PARAMETERS =
            add(count("limits.query-parameters", LIMIT.queryParameters(), "Parameters in one query string"));
    static final Option LIMITS_CONNECTIONS =
            add(count("limits.connections", LIMIT.connections(), "Open connections"));
    static final Option LIMITS_CONNECTIONS_PER_ADDRESS = add(count(
            "limits.connections-per-address", LIMIT.connectionsPerAddress(), "Open connections of one address"));
    static final Option LIMITS_PIPELINED_REQUESTS = add(count(
            "limits.pipelined-requests",
            LIMIT.pipelinedRequests(),
            "Requests of one connection that wait for their answers"));
    static final Option LIMITS_IN_FLIGHT =
            add(size("limits.in-flight", LIMIT.inFlightBytes(), 1L << 40, "Input of all unfinished requests together"));
    static final Option LIMITS_HEADER_TIME = add(seconds(
            "limits.header-time", LIMIT.headerSeconds(), "From the first byte of a request to the end of its header"));
    static final Option LIMITS_IDLE_TIME =
            add(seconds("limits.idle-time", LIMIT.idleSeconds(), "An open connection without a request"));
    static final Option LIMITS_CHUNK_EXTRAS = add(size(
            "limits.chunk-extras",
            LIMIT.http().chunkExtraBytes(),
            HEADER_MAX,
            "Chunk extensions and trailers of one request together"));
    static final Option LIMITS_BODY_RATE = add(size(
            "limits.body-rate",
            LIMIT.http().bodyRateBytes(),
            BODY_MAX,
            "A body that brings fewer bytes a second is cut, taken over each window"));
    static final Option LIMITS_BODY_WINDOW = add(seconds(
            "limits.body-window", LIMIT.http().bodyWindowSeconds(), "Window over which the rate of a body is taken"));
    static final Option LIMITS_STALL_TIME = add(seconds(
            "limits.stall-time", LIMIT.http().stallSeconds(), "A client that takes nothing of its answer"));
    static final Option LIMITS_LINGER_TIME = add(seconds(
            "limits.linger-time",
            LIMIT.http().lingerSeconds(),
            "From the last answer of a connection until the client has to stop sending"));
    static final Option LIMITS_LINGER = add(size(
            "limits.linger",
            LIMIT.http().lingerBytes(),
            BODY_MAX,
            "Rest of a body that is read and dropped after an early answer; a longer one ends the connection"));
    static final Option LIMITS_WAIT_TIME = add(seconds(
            "limits.wait-time",
            LIMIT.http().waitSeconds(),
            "A push that waits for the work on others; one that would wait longer is refused with 503"));
    static final Option LIMITS_ANSWER_RATE = add(size(
            "limits.answer-rate",
            LIMIT.http().answerRateBytes(),
            BODY_MAX,
            "A client that takes fewer bytes a second of an answer is cut, taken over limits.stall-time"));
    static final Option LIMITS_UNREAD = add(size(
            "limits.unread",
            LIMIT.http().unreadBytes(),
            1L << 40,
            "Memory of all answers that are being sent; beyond, who has taken nothing for longest is cut, from a second on"));
    static final Option LIMITS_TLS_HANDSHAKES = add(count(
            "limits.tls-handshakes",
            LIMIT.http().handshakes(),
            "TLS handshakes in progress; others wait for half of limits.header-time, then they are closed"));

    static final Option CONFIG_FILE =
            add(new Option("config.file", CONFIG, Type.FILE, "", "YAML file with any of the options here"));

    private Options() {}

    static List<Option> all() {
        return List.copyOf(BY_NAME.values());
    }

    static Option byName(String name) {
        return BY_NAME.get(name);
    }

    static Option byVariable(String variable) {
        return BY_VARIABLE.get(variable);
    }

    static Iterable<String> names() {
        return BY_NAME.keySet();
    }

    static Iterable<String> variables() {
        return BY_VARIABLE.keySet();
    }

    /** Whether a YAML key of this name holds further keys. */
    static boolean isSection(String name) {
        return BY_NAME.keySet().stream().anyMatch(option -> option.startsWith(name + "."));
    }

    private static Option size(String name, long initial, long max, String help) {
        return new Option(name, LIMITS, Type.SIZE, Values.formatSize(initial), help).range(1, max);
    }

    private static Option count(String name, int initial, String help) {
        return new Option(name, LIMITS, Type.INTEGER, Integer.toString(initial), help).range(1, INT_MAX);
    }

    private static Option seconds(String name, int initial, String help) {
        return new Option(name, LIMITS, Type.DURATION, Values.format(Duration.ofSeconds(initial)), help)
                .range(Duration.ofSeconds(1).toMillis(), DAY_MILLIS);
    }

    private static Option add(Option option) {
        BY_NAME.put(option.name(), option);
        BY_VARIABLE.put(option.variable(), option);
        option.aliases().forEach(alias -> BY_VARIABLE.put(alias, option));
        return option;
    }
}
