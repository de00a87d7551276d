package io.weir.server;

import io.weir.journal.Journal;
import io.weir.journal.JournalConfig;
import io.weir.parse.TextParser;
import io.weir.server.auth.Access;
import io.weir.server.config.Address;
import io.weir.server.config.Config;
import io.weir.server.config.ConfigException;
import io.weir.server.config.ExitCode;
import io.weir.server.config.WebConfig;
import io.weir.server.door.Ack;
import io.weir.server.door.DrainRules;
import io.weir.server.door.Keeping;
import io.weir.server.door.Pushers;
import io.weir.server.door.Routes;
import io.weir.server.http.HttpServer;
import io.weir.server.remotewrite.RemoteWrite;
import io.weir.server.telemetry.ProcessMetrics;
import io.weir.server.telemetry.Telemetry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The gateway as a whole: what is started, in which order, and how it stops. Any thread. */
public final class Weir implements AutoCloseable {
    /** Reads the configuration again, from where it came. */
    @FunctionalInterface
    public interface ConfigSource {
        Config load() throws ConfigException;
    }

    private static final Logger LOG = LoggerFactory.getLogger(Weir.class);

    /** Requests in progress have this long to end when the process is asked to. */
    private static final Duration GRACE = Duration.ofSeconds(10);

    private final Telemetry telemetry = new Telemetry();
    private final Core core;
    private final Access access;
    private final WebAccess web;
    private final HttpServer http;
    private final RemoteWrite remoteWrite;
    private final ConfigSource source;
    private final CountDownLatch stopRequested = new CountDownLatch(1);
    private volatile Config config;
    private final CountDownLatch recovered = new CountDownLatch(1);
    private volatile StartupException failed;
    private volatile boolean open;
    private volatile String unready = "starting";
    private volatile boolean reloaded = true;

    private Weir(Config config, WebConfig webConfig, ConfigSource source, Journal journal) {
        this.config = config;
        this.source = source;
        Build build = Build.read();
        ProcessMetrics.register(telemetry, build.version(), build.commit());
        telemetry.gauge("weir_config_last_reload_successful", "Whether the last reload of the configuration worked.",
                () -> reloaded ? 1 : 0);

        core = new Core(config.limits(), config.aggregation(), config.heroku().expiryMillis(), journal, config.journal());
        core.keepExemplars(config.push().exemplarsMax());
        core.register(telemetry);
        remoteWrite = RemoteWrite.start(config.remoteWrite(), core.commands()::snapshot, build.version());
        if (!config.remoteWrite().isEmpty()) {
            // before the keeper starts, so that no snapshot has been taken yet
            core.recordEnds(remoteWrite::endedDone);
        }
        SinkMetrics.register(telemetry, remoteWrite.stats());
        access = new Access(telemetry, System::nanoTime);
        web = new WebAccess(config, webConfig, access, telemetry, this::reload);
        http = new HttpServer(
                HttpServer.Options.of(
                        config.web().listenAddresses().stream().map(Weir::socketAddress).toList(),
                        config.limits(),
                        core::newIngest,
                        config.web().allowedHosts(),
                        access,
                        web::tls),
                Routes.of(parts(build)),
                telemetry);
    }

    /**
     * Starts everything; on return connections are taken, and requests once {@link #awaitRecovery} returns.
     *
     * @param source asked by {@code /-/reload}
     * @throws StartupException when an address or the data directory cannot be had, or the web configuration is bad; nothing is left running then
     */
    public static Weir start(Config config, ConfigSource source) throws StartupException {
        WebConfig web = webConfig(config);
        Journal journal = null;
        if (config.storagePath().isPresent()) {
            journal = DataDirectory.journal(config.storagePath().get(), config.journal());
        }
        return start(config, web, source, journal);
    }

    static Weir start(Config config, ConfigSource source, Journal journal) throws StartupException {
        return start(config, webConfig(config), source, journal);
    }

    private static Weir start(Config config, WebConfig web, ConfigSource source, Journal journal)
            throws StartupException {
        Weir weir = new Weir(config, web, source, journal);
        try {
            weir.http.start();
            weir.web.watch();
            weir.warnWhenOpen();
        } catch (IOException e) {
            weir.close();
            throw new StartupException(
                    ExitCode.LISTEN, e.getMessage() + " (choose another address with --web.listen-address)", e);
        }
        if (journal == null) {
            weir.recover();
        } else {
            Thread thread = new Thread(weir::recover, "recovery");
            thread.setDaemon(true);
            thread.start();
        }
        return weir;
    }

    /** Before anything is opened or started. */
    private static WebConfig webConfig(Config config) throws StartupException {
        try {
            Optional<Path> file = config.web().configFile();
            return file.isPresent() ? WebConfig.read(file.get()) : WebConfig.NONE;
        } catch (ConfigException e) {
            throw new StartupException(e.exitCode(), e.getMessage(), e);
        }
    }

    private void warnWhenOpen() {
        OpenDoors open = OpenDoors.of(http.addresses(), access.openToAnybody(), isTls() && web.tls().knowsClients());
        if (open != null) {
            LOG.atWarn()
                    .addKeyValue("addresses", String.join(",", open.addresses()))
                    .addKeyValue("open", String.join(",", open.scopes()))
                    .log("listening beyond loopback without authentication: whoever reaches these addresses may do what is"
                            + " open; set auth.tokens or --web.config.file, or listen on 127.0.0.1");
        }
    }

    /** Whether anybody is asked who he is. */
    public boolean asks() {
        return web.asks();
    }

    /** Whether it speaks HTTPS. */
    public boolean isTls() {
        return web.tls() != null;
    }

    private void recover() {
        try {
            core.start();
            open = true;
            unready = null;
        } catch (IOException | RuntimeException e) {
            LOG.error("recovery failed", e);
            failed = new StartupException(
                    ExitCode.STORAGE, "data directory " + config.storagePath().orElseThrow() + " cannot be read: " + e, e);
            unready = failed.getMessage();
        } finally {
            recovered.countDown();
        }
    }

    /**
     * Returns once what was kept before is back and pushes are taken.
     *
     * @return series recovered; 0 without a journal
     * @throws StartupException when the data directory cannot be read
     */
    public long awaitRecovery() throws InterruptedException, StartupException {
        recovered.await();
        if (failed != null) {
            throw failed;
        }
        Persistence persistence = core.persistence();
        return persistence == null ? 0 : persistence.recovered().series();
    }

    /** Why no traffic should come here now, or null. */
    private String unready() {
        if (!open) {
            return closedBecause();
        }
        if (unready != null) {
            return unready;
        }
        Persistence persistence = core.persistence();
        String failure = persistence == null ? null : persistence.journal().failure();
        return failure == null ? null : "the journal cannot be written: " + failure;
    }

    private String closedBecause() {
        Persistence persistence = core.persistence();
        return persistence == null || failed != null
                ? unready
                : "recovering, " + (int) (100 * persistence.journal().progress()) + " % done";
    }

    private Keeping keeping() {
        Persistence persistence = core.persistence();
        if (persistence == null) {
            return new Keeping(Ack.MEMORY, core.keys(), null, () -> null, () -> open, this::closedBecause, new Pushers());
        }
        Ack ack = config.journal().sync() == JournalConfig.Sync.ALWAYS ? Ack.DISK : Ack.PROCESS;
        Journal journal = persistence.journal();
        return new Keeping(ack, core.keys(), journal.kills(), journal::failure, () -> open, this::closedBecause, new Pushers());
    }

    /** Where it listens, with the ports that the system chose. */
    public List<InetSocketAddress> addresses() {
        return http.addresses();
    }

    /** Every route with its scope, such as {@code POST /metrics push}. */
    public List<String> scopes() {
        return http.scopes();
    }

    /** Returns once {@link #requestStop} was called. */
    public void awaitStopRequest() throws InterruptedException {
        stopRequested.await();
    }

    /** Asks for the end of the process; returns at once. */
    public void requestStop() {
        stopRequested.countDown();
    }

    /**
     * Takes the configuration anew: aggregation and line-protocol rules and times to live hold from the next request on; all
     * else needs a restart.
     *
     * @return what is wrong with it, in which case nothing has changed, or null
     */
    public synchronized String reload() {
        Config fresh;
        try {
            fresh = source.load();
        } catch (ConfigException e) {
            reloaded = false;
            LOG.warn("reload refused, the configuration stays as it was: {}", e.getMessage());
            return e.getMessage();
        }
        String problem = web.reload(fresh.auth());
        if (problem != null) {
            reloaded = false;
            return problem;
        }
        core.rules(fresh.aggregation());
        config = fresh;
        reloaded = true;
        LOG.info("configuration reloaded");
        return null;
    }

    /** Stops: not ready, no new connection, requests in progress end, outputs flush once more. */
    @Override
    public void close() {
        unready = "stopping";
        web.close();
        http.stop(GRACE);
        access.close();
        remoteWrite.close();
        core.close();
    }

    private Routes.Parts parts(Build build) {
        Config.Web web = config.web();
        return new Routes.Parts(
                new Routes.Web(
                        build.version(),
                        web.routePrefix(),
                        web.telemetryPath(),
                        web.createdSamples(),
                        web.allowedOrigins(),
                        web.enableLifecycle(),
                        core::unhealthy,
                        this::unready,
                        this::reload,
                        this::requestStop),
                telemetry,
                config.limits(),
                core.hash(),
                config.push().refuseTimestamps() ? TextParser.Timestamps.REFUSE : TextParser.Timestamps.IGNORE,
                config.push().semantics(),
                () -> config.influx(),
                core.commands(),
                keeping(),
                new DrainRules(config.heroku().prefix(), config.heroku().drainTokens(), core::fleeting),
                new Routes.Api(build.version(), build.commit(), flags(), web.enableAdminApi()));
    }

    /** What clients of Pushgateway's API may look for. */
    private Map<String, String> flags() {
        Config.Web web = config.web();
        return Map.of(
                "log.level", config.log().level().name().toLowerCase(Locale.ROOT),
                "log.format", config.log().format().name().toLowerCase(Locale.ROOT),
                "persistence.file", config.storagePath().map(Object::toString).orElse(""),
                "push.disable-consistency-check", "false",
                "web.enable-admin-api", Boolean.toString(web.enableAdminApi()),
                "web.enable-lifecycle", Boolean.toString(web.enableLifecycle()),
                "web.listen-address", web.listenAddresses().get(0).toString(),
                "web.route-prefix", web.routePrefix(),
                "web.telemetry-path", web.telemetryPath());
    }

    private static InetSocketAddress socketAddress(Address address) {
        return address.host().isEmpty()
                ? new InetSocketAddress(address.port())
                : new InetSocketAddress(address.host(), address.port());
    }
}
