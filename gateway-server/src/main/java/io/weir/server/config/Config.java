package io.weir.server.config;

import io.weir.ingest.AggregationRules;
import io.weir.ingest.PointRules;
import io.weir.journal.JournalConfig;
import io.weir.parse.HerokuMessages;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.Limits;
import io.weir.server.auth.AuthConfig;
import io.weir.server.http.AllowedHosts;
import io.weir.server.remotewrite.RemoteWriteConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Everything the gateway is told at its start. Immutable, any thread.
 *
 * @param storagePath data directory; empty to keep everything in memory
 * @param journal how the journal in that directory is kept; idempotency keys are remembered without one as well
 * @param aggregation gauge policies and times to live, with the rules of the file
 * @param influx how line protocol becomes metrics
 * @param remoteWrite receivers, each with a state of its own
 * @param auth who may do what, beside the users of the web configuration
 * @param notes one line each, for the log: options that were given and do something else here
 */
public record Config(
        Web web,
        Optional<Path> storagePath,
        JournalConfig journal,
        Limits limits,
        AggregationRules aggregation,
        Push push,
        PointRules influx,
        Heroku heroku,
        List<RemoteWriteConfig> remoteWrite,
        AuthConfig auth,
        Log log,
        List<String> notes) {
    public static final Config DEFAULTS = new Config(
            Web.DEFAULTS,
            Optional.of(Path.of("./data")),
            JournalConfig.DEFAULTS,
            Limits.DEFAULTS,
            AggregationRules.DEFAULTS,
            Push.DEFAULTS,
            PointRules.DEFAULTS,
            Heroku.DEFAULTS,
            List.of(),
            AuthConfig.NONE,
            Log.DEFAULTS,
            List.of());

    /**
     * HTTP.
     *
     * @param listenAddresses at least one
     * @param allowedHosts that requests may be for
     * @param allowedOrigins of other sites, whose pages may write
     * @param telemetryPath of the own metrics, below the prefix
     * @param routePrefix empty, or a path that starts with and does not end in a slash
     * @param enableLifecycle whether {@code POST /-/reload} and {@code /-/quit} work
     * @param enableAdminApi whether {@code PUT /api/v1/admin/wipe} works
     * @param createdSamples whether OpenMetrics has {@code _created} samples that nobody has pushed
     * @param configFile TLS, users and more, in the format of the exporter-toolkit
     */
    public record Web(
            List<Address> listenAddresses,
            AllowedHosts allowedHosts,
            Set<String> allowedOrigins,
            String telemetryPath,
            String routePrefix,
            boolean enableLifecycle,
            boolean enableAdminApi,
            boolean createdSamples,
            Optional<Path> configFile) {
        public static final Web DEFAULTS = new Web(
                List.of(new Address("127.0.0.1", 9091)),
                AllowedHosts.EVERY,
                Set.of(),
                "/-/metrics",
                "",
                false,
                false,
                false,
                Optional.empty());
    }

    /**
     * Pushed Prometheus text.
     *
     * @param refuseTimestamps refuse a batch with a timestamp instead of ignoring it
     * @param semantics what PUT and POST of grouping paths do
     * @param exemplarsMax exemplars kept, 0 for none
     */
    public record Push(boolean refuseTimestamps, PushSemantics semantics, int exemplarsMax) {
        public static final Push DEFAULTS = new Push(false, PushSemantics.METHOD, Limits.EXEMPLARS);
    }

    /**
     * Logplex drains.
     *
     * @param prefix what stands before {@code :ingest } in log lines with metrics
     * @param drainTokens those that are let in; empty for all
     * @param expiryMillis a series that repeats itself ends after this time without news; {@link FamilyPolicy#FOREVER} for
     *     never
     */
    public record Heroku(String prefix, Set<String> drainTokens, long expiryMillis) {
        public static final Heroku DEFAULTS = new Heroku(HerokuMessages.PREFIX_DEFAULT, Set.of(), 600_000);
    }

    /** The log on standard error. */
    public record Log(Level level, Format format) {
        public static final Log DEFAULTS = new Log(Level.INFO, Format.LOGFMT);

        /** Least level that is logged. */
        public enum Level {
            ERROR,
            WARN,
            INFO,
            DEBUG,
            TRACE
        }

        /** Form of a line. */
        public enum Format {
            LOGFMT,
            JSON
        }
    }
}
