package io.weir.server;

import io.netty.util.internal.PlatformDependent;
import io.weir.server.cli.Command;
import io.weir.server.cli.Commands;
import io.weir.server.cli.Terminal;
import io.weir.server.config.CommandLine;
import io.weir.server.config.Config;
import io.weir.server.config.ConfigException;
import io.weir.server.config.ConfigLoader;
import io.weir.server.config.ConfigPrint;
import io.weir.server.config.ExitCode;
import io.weir.server.config.HelpText;
import io.weir.server.data.DataCommand;
import io.weir.server.http.HttpServer;
import io.weir.server.log.LogProvider;
import io.weir.server.log.Logging;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.LoggerFactory;

/**
 * The command line. Answers go to standard output, problems and the log to standard error; the exit codes are those of
 * {@link ExitCode}. SIGTERM and SIGINT stop the gateway in good order and end with 0, SIGHUP reloads.
 */
public final class Main {
    private static final String NAME = "weir: ";

    private final Map<String, String> environment;
    private final PrintStream out;
    private final PrintStream err;

    private Main(Map<String, String> environment, PrintStream out, PrintStream err) {
        this.environment = environment;
        this.out = out;
        this.err = err;
    }

    public static void main(String[] arguments) {
        System.exit(new Main(System.getenv(), System.out, System.err).run(List.of(arguments)));
    }

    private int run(List<String> arguments) {
        LogProvider.use();
        try {
            if (!arguments.isEmpty() && arguments.get(0).equals("data")) {
                return new DataCommand(environment, out, err).run(arguments.subList(1, arguments.size()));
            }
            Optional<Command> command = Commands.find(arguments);
            if (command.isPresent()) {
                return Commands.run(command.get(), arguments, new Terminal(System.in, out, err, environment));
            }
            CommandLine commandLine = CommandLine.parse(arguments, Commands.names());
            switch (commandLine.command()) {
                case HELP -> out.print(help(commandLine));
                case VERSION -> out.println(Build.read().describe());
                case CHECK_CONFIG -> check(commandLine.operands().get(0));
                case PRINT_CONFIG -> out.print(ConfigPrint.render(commandLine, environment));
                case RUN -> serve(() -> ConfigLoader.load(commandLine, environment));
            }
            return ExitCode.OK;
        } catch (ConfigException e) {
            e.getMessage().lines().forEach(line -> err.println(NAME + line));
            return e.exitCode();
        } catch (StartupException e) {
            err.println(NAME + e.getMessage());
            return e.exitCode();
        } catch (InterruptedException e) {
            return ExitCode.FAILURE;
        }
    }

    private static String help(CommandLine commandLine) throws ConfigException {
        Optional<Command> command = Commands.find(commandLine.operands());
        if (command.isPresent()) {
            return Commands.help(command.get());
        }
        Optional<String> group = commandLine.helpGroup();
        return group.isPresent() ? HelpText.render(group.get()) : HelpText.renderWith(Commands.listing());
    }

    private void check(String file) throws ConfigException {
        ConfigLoader.check(Path.of(file));
        out.println(file + ": ok");
    }

    private void serve(Weir.ConfigSource source) throws ConfigException, StartupException, InterruptedException {
        settle();
        // logging first: SLF4J gives stand-ins to a second thread that asks while the first one sets it up
        LoggerFactory.getILoggerFactory();
        Thread ahead = new Thread(HttpServer::prepare, "prepare");
        ahead.setDaemon(true);
        ahead.start();
        Config config = source.load();
        Logging.configure(config.log());
        config.notes().forEach(note -> LoggerFactory.getLogger(Main.class).warn(note));
        Weir weir = Weir.start(config, source);
        Runtime.getRuntime().addShutdownHook(new Shutdown(weir));
        HangUp.run(weir::reload);
        long recovered = weir.awaitRecovery();
        greet(weir, config.web(), config.storagePath(), recovered);
        if (!PlatformDependent.hasUnsafe()) {
            LoggerFactory.getLogger(Main.class).info("Netty does without Unsafe, at more CPU a request, unless the JVM is"
                    + " started with --sun-misc-unsafe-memory-access=allow");
        }
        weir.awaitStopRequest();
    }

    /**
     * What Netty would do that is of no use here. It would write down the stack of every 128th buffer to find leaks, at one or
     * two percent of a push (the tests do so for every buffer; who looks for a leak in the field sets the property); load
     * Flight Recorder for events of its allocator; and look for a hardware address and its process's number, for names of
     * connections that nobody reads.
     */
    private static void settle() {
        setDefault("io.netty.leakDetection.level", "disabled");
        setDefault("io.netty.jfr.enabled", "false");
        setDefault("io.netty.machineId", "00:00:00:00:00:00:00:01");
        setDefault("io.netty.processId", "1");
    }

    private static void setDefault(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    private void greet(Weir weir, Config.Web web, Optional<Path> data, long recovered) {
        // not from the process's start time, which the system knows to the second only
        long millis = ManagementFactory.getRuntimeMXBean().getUptime();
        Build build = Build.read();
        out.println("Weir " + build.version() + " (" + build.commit() + "), ready after " + millis + " ms");
        String first = null;
        for (InetSocketAddress address : weir.addresses()) {
            String url = url(weir.isTls() ? "https" : "http", address) + web.routePrefix();
            first = first == null ? url : first;
            out.println("listening on  " + url);
        }
        out.println("data lies in  " + data.map(path -> path.toAbsolutePath().normalize() + ", " + recovered + " series recovered")
                .orElse("memory only (--storage.path=none)"));
        String curl = weir.asks() ? "curl -H 'Authorization: Bearer TOKEN' " : "curl ";
        out.println("try           " + curl + "-X PATCH '" + first + "/metrics/demo_total?from=me' && " + curl + first + "/metrics");
        out.flush();
        LoggerFactory.getLogger(Main.class)
                .atInfo()
                .addKeyValue("version", build.version())
                .addKeyValue("commit", build.commit())
                .addKeyValue("ready_ms", millis)
                .log("ready");
    }

    /** A URL that works from this machine. */
    private static String url(String scheme, InetSocketAddress address) {
        String host = address.getAddress().isAnyLocalAddress() ? "127.0.0.1" : address.getAddress().getHostAddress();
        return scheme + "://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /** The JVM's own code after a signal would be 128 and its number; a clean stop is 0. */
    private static final class Shutdown extends Thread {
        private final Weir weir;

        Shutdown(Weir weir) {
            super("shutdown");
            this.weir = weir;
        }

        @Override
        public void run() {
            int code = ExitCode.OK;
            try {
                weir.close();
            } catch (RuntimeException e) {
                LoggerFactory.getLogger(Main.class).error("could not stop in good order", e);
                code = ExitCode.FAILURE;
            }
            Runtime.getRuntime().halt(code);
        }
    }
}
