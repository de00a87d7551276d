package io.weir.server;

import io.weir.server.auth.Access;
import io.weir.server.auth.AuthConfig;
import io.weir.server.config.Config;
import io.weir.server.config.ConfigException;
import io.weir.server.config.WebConfig;
import io.weir.server.telemetry.Counter;
import io.weir.server.telemetry.CounterFamily;
import io.weir.server.telemetry.Telemetry;
import io.weir.server.tls.Tls;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps TLS and access as their files say. Looks at the files every second; what has changed and stayed so for one look is
 * read, so that a file in the middle of being written is not. What cannot be read leaves everything as it was, and so does
 * what would open a door: whether there is TLS, and whether anybody is asked at all, is decided at the start. Any thread.
 */
final class WebAccess implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WebAccess.class);
    private static final long LOOK_MILLIS = 1_000;

    private final Path webFile;
    private final Access access;
    private final Runnable tokensChanged;
    private final Counter good;
    private final Counter bad;
    private volatile WebConfig web;
    private volatile boolean lastGood = true;
    private AuthConfig auth;
    private FileContents applied;
    private FileContents seen;
    private ScheduledExecutorService watch;

    /**
     * Puts in force what was read at the start.
     *
     * @param tokensChanged called when a file of tokens has changed
     */
    WebAccess(Config config, WebConfig web, Access access, Telemetry telemetry, Runnable tokensChanged) {
        this.webFile = config.web().configFile().orElse(null);
        this.access = access;
        this.tokensChanged = tokensChanged;
        CounterFamily reloads =
                telemetry.counters("weir_web_config_reloads_total", "Reloads of the web configuration file.", "result");
        good = reloads.with("good");
        bad = reloads.with("bad");
        telemetry.gauge("weir_web_config_last_reload_successful",
                "Whether the last reload of the web configuration file worked.", () -> lastGood ? 1 : 0);
        this.web = web;
        auth = config.auth();
        access.apply(auth, web.rules());
        applied = FileContents.of(files());
        seen = applied;
    }

    /** For new connections; null for plain HTTP. */
    Tls tls() {
        return web.tls().orElse(null);
    }

    /** Whether anybody is asked who he is. */
    boolean asks() {
        return asks(auth, web);
    }

    private static boolean asks(AuthConfig auth, WebConfig web) {
        return auth.asks() || !web.rules().users().isEmpty();
    }

    /** Begins to look at the files, when there are any. */
    synchronized void watch() {
        if (watch == null && !files().isEmpty()) {
            watch = Executors.newSingleThreadScheduledExecutor(task -> {
                Thread thread = new Thread(task, "weir-watch");
                thread.setDaemon(true);
                return thread;
            });
            watch.scheduleWithFixedDelay(this::lookSafely, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void lookSafely() {
        try {
            look();
        } catch (RuntimeException e) {
            LOG.error("looking after the files of the web configuration failed", e);
        }
    }

    /** One look at the files. */
    void look() {
        boolean webChanged;
        boolean changed;
        synchronized (this) {
            FileContents now = FileContents.of(files());
            boolean settled = now.equals(seen);
            seen = now;
            changed = settled && !now.equals(applied);
            webChanged = changed && !now.isSame(applied, web.files());
            if (changed) {
                applied = now;
            }
        }
        if (webChanged) {
            reload(auth);
        }
        if (changed && !webChanged) {
            tokensChanged.run();
        }
    }

    /**
     * Reads the web configuration again and takes over new tokens and passwords.
     *
     * @return what is wrong, in which case nothing has changed, or null
     */
    synchronized String reload(AuthConfig fresh) {
        WebConfig read;
        try {
            read = webFile == null ? WebConfig.NONE : WebConfig.read(webFile);
        } catch (ConfigException e) {
            return refuse(e.getMessage());
        }
        if (read.tls().isPresent() != web.tls().isPresent()) {
            return refuse(webFile + ": to switch TLS " + (read.tls().isPresent() ? "on" : "off") + " needs a restart");
        }
        if (asks() && !asks(fresh, read)) {
            return refuse("the new configuration asks nobody for credentials; that needs a restart");
        }
        web = read;
        auth = fresh;
        access.apply(auth, web.rules());
        applied = FileContents.of(files());
        lastGood = true;
        if (webFile != null) {
            good.increment();
            LOG.info("web configuration reloaded");
        }
        return null;
    }

    private String refuse(String problem) {
        lastGood = false;
        bad.increment();
        LOG.warn("reload of the web configuration refused, it stays as it was: {}", problem);
        return problem;
    }

    private List<Path> files() {
        List<Path> files = new ArrayList<>(web.files());
        files.addAll(auth.files());
        return files;
    }

    @Override
    public synchronized void close() {
        if (watch != null) {
            watch.shutdownNow();
        }
    }
}
