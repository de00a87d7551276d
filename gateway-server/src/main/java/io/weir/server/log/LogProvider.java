package io.weir.server.log;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import io.weir.server.config.Config;
import org.slf4j.ILoggerFactory;
import org.slf4j.IMarkerFactory;
import org.slf4j.helpers.BasicMarkerFactory;
import org.slf4j.spi.MDCAdapter;
import org.slf4j.spi.SLF4JServiceProvider;

/**
 * Logback as it is used here, without the search for a configuration that its own provider makes (service files, annotations,
 * four names of files): a tenth of a start. {@link #use} before the first logger; where nobody has, as in tests, Logback's own
 * provider finds {@link Logging}. Any thread.
 */
public final class LogProvider implements SLF4JServiceProvider {
    private static final String PROVIDER = "slf4j.provider";
    /** SLF4J would say on standard error that it was told so. */
    private static final String VERBOSITY = "slf4j.internal.verbosity";

    private final LoggerContext context = new LoggerContext();
    private final IMarkerFactory markers = new BasicMarkerFactory();
    private final LogbackMDCAdapter mdc = new LogbackMDCAdapter();

    /** Has SLF4J take this provider, unless a system property names another. */
    public static void use() {
        if (System.getProperty(PROVIDER) == null) {
            System.setProperty(PROVIDER, LogProvider.class.getName());
            System.setProperty(VERBOSITY, System.getProperty(VERBOSITY, "WARN"));
        }
    }

    @Override
    public void initialize() {
        context.setName("default");
        context.setMDCAdapter(mdc);
        Logging.install(context, Config.Log.DEFAULTS);
        context.start();
    }

    @Override
    public ILoggerFactory getLoggerFactory() {
        return context;
    }

    @Override
    public IMarkerFactory getMarkerFactory() {
        return markers;
    }

    @Override
    public MDCAdapter getMDCAdapter() {
        return mdc;
    }

    @Override
    public String getRequestedApiVersion() {
        return "2.0.99";
    }
}
