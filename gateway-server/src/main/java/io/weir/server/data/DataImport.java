package io.weir.server.data;

import io.weir.ingest.AggregationRules;
import io.weir.ingest.Ingest;
import io.weir.ingest.Restore;
import io.weir.journal.FileStorage;
import io.weir.journal.Journal;
import io.weir.journal.Recovered;
import io.weir.journal.StagedStorage;
import io.weir.parse.Parser;
import io.weir.parse.TextParser;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.server.DataDirectory;
import io.weir.server.StartupException;
import io.weir.server.config.CommandLine;
import io.weir.server.config.Config;
import io.weir.server.config.ConfigException;
import io.weir.server.config.ConfigLoader;
import io.weir.server.config.ExitCode;
import io.weir.server.log.Logging;
import io.weir.store.SeriesTable;
import io.weir.store.TableConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * {@code weir data import}: the way of a push, without a network. What is written on the way counts only from the rename of
 * the checkpoint at its end, which holds all of it. One thread.
 */
final class DataImport {
    private static final int WINDOW_BYTES = 1 << 20;
    private static final int CACHE_ENTRIES = 1 << 12;

    private final PrintStream out;
    private final PrintStream err;

    DataImport(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    int run(Path directory, String file, Mode mode, List<String> flags, Map<String, String> environment)
            throws ConfigException, StartupException {
        CommandLine commandLine = CommandLine.parse(flags);
        Config config = ConfigLoader.load(commandLine, environment);
        Logging.configure(new Config.Log(Config.Log.Level.WARN, config.log().format()));
        try (InputStream text = open(file)) {
            return run(directory, file, text, mode, config);
        } catch (NoSuchFileException e) {
            err.println("weir: there is no file " + file);
        } catch (IOException e) {
            err.println("weir: " + file + " cannot be read: " + e);
        }
        return ExitCode.FAILURE;
    }

    private static InputStream open(String file) throws IOException {
        return file.equals("-") ? System.in : Files.newInputStream(Path.of(file));
    }

    private int run(Path path, String file, InputStream text, Mode mode, Config config) throws StartupException, IOException {
        Path directory = DataDirectory.open(path);
        StagedStorage staged = new StagedStorage(new FileStorage(directory));
        Journal journal = DataDirectory.journal(directory, staged, config.journal());
        try (staged; journal) {
            Limits limits = config.limits();
            SecureRandom random = new SecureRandom();
            KeyHash hash = new KeyHash(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
            AggregationRules rules = config.aggregation();
            SeriesTable table =
                    new SeriesTable(TableConfig.of(limits.series(), limits.families()), System::nanoTime, rules::policy);
            Restore restore = new Restore(table, limits, hash.copy());
            Recovered recovered = journal.recover(restore);
            restore.finish();
            if (restore.refused() > 0) {
                throw new ImportSink.RefusedException(
                        restore.refused() + " series of the directory find no room (--series.max)");
            }
            Ingest ingest =
                    new Ingest(table, limits, hash, rules::policy, CACHE_ENTRIES, () -> {}, journal.newLoop());
            TextParser parser = new TextParser(
                    limits,
                    hash.copy(),
                    config.push().refuseTimestamps() ? TextParser.Timestamps.REFUSE : TextParser.Timestamps.IGNORE);
            read(text, ingest, parser, new ImportSink(ingest, mode, journal::failure), limits);
            make(journal);
            staged.publish();
            out.printf(
                    Locale.ROOT,
                    "%s: imported %,d samples of %s; series before %,d, now %,d%n",
                    directory, parser.samples(), file, recovered.series(), table.live());
            return ExitCode.OK;
        } catch (ImportSink.RefusedException e) {
            err.println("weir: " + file + ": " + e.getMessage() + "; nothing is changed");
            return ExitCode.FAILURE;
        }
    }

    private static void read(InputStream text, Ingest ingest, TextParser parser, ImportSink sink, Limits limits)
            throws IOException {
        parser.reset(sink);
        byte[] window = new byte[Math.max(WINDOW_BYTES, 2 * limits.lineBytes())];
        int length = 0;
        boolean more = true;
        try {
            while (more) {
                int n = text.readNBytes(window, length, window.length - length);
                more = n > 0;
                length += n;
                ingest.enter();
                Parser.Result result;
                try {
                    result = more ? parser.parse(window, 0, length) : parser.finish(window, 0, length);
                } finally {
                    ingest.exit();
                }
                if (result == Parser.Result.ERROR) {
                    throw new ImportSink.RefusedException(parser.failure().describe());
                }
                length -= parser.consumed();
                System.arraycopy(window, parser.consumed(), window, 0, length);
            }
            sink.submit();
        } catch (ImportSink.RefusedException e) {
            throw parser.failure() != null
                    ? e
                    : new ImportSink.RefusedException("line " + parser.lines() + " or before: " + e.getMessage());
        }
    }

    /** The moment from which the import counts. */
    private static void make(Journal journal) {
        long before = journal.checkpointsTaken();
        journal.requestCheckpoint();
        try {
            journal.checkpoints().doWork();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        if (journal.checkpointsTaken() == before) {
            throw new ImportSink.RefusedException("the checkpoint cannot be written");
        }
    }
}
