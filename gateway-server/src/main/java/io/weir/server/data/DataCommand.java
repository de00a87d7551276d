package io.weir.server.data;

import io.weir.journal.DirectoryInUseException;
import io.weir.journal.FileStorage;
import io.weir.journal.JournalReader;
import io.weir.sample.Mode;
import io.weir.server.StartupException;
import io.weir.server.config.ConfigException;
import io.weir.server.config.ExitCode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code weir data check|export|import DIR}. Results go to standard output, problems to standard error; the exit code is
 * one of {@link ExitCode}. One thread.
 */
public final class DataCommand {
    private static final String HELP =
            """
            Usage:
              weir data check DIR                 read every byte of a data directory, report each damage
              weir data export DIR [flags]        write all series as Prometheus text
              weir data import DIR FILE [flags]   bring the samples of Prometheus text in
              weir data COMMAND --help            more about one of them

            DIR is what the gateway calls --storage.path. No gateway may be using it.

            Exit codes:
              0 done, 1 damage found or input refused, 2 bad arguments, 73 DIR is not there, in use, or has no journal
            """;

    private static final String CHECK =
            """
            Usage:
              weir data check DIR

            Reads every checkpoint and every segment in DIR and says what is in them. Each damaged place is one line on
            standard output: file, offset in bytes, what is wrong. Changes nothing: what to do with damage is decided by the
            next start, which keeps everything before it and sets the rest aside as *.corrupt. A frame that is cut off at
            the end of a segment is what loss of power leaves of a push that was never acknowledged as on the disk.

            Examples:
              weir data check /var/lib/weir
              weir data check /backup/weir || echo 'do not rely on it'

            Exit codes:
              0 no damage, 1 damage found, 2 bad arguments, 73 DIR is not there, in use, or has no journal
            """;

    private static final String EXPORT =
            """
            Usage:
              weir data export DIR [--output=FILE]

            Writes all series in DIR as Prometheus text 0.0.4 with their HELP and TYPE, as /metrics would show them after a
            start, to standard output. Changes nothing in DIR. Timestamps of line protocol, times to live that have begun
            and idempotency keys have no place in the text and stay behind; so do native buckets of histograms: count, sum
            and classic buckets are written, and how many histograms have lost native ones is said on standard error. A
            running gateway gives these out as protobuf. Of a damaged directory it writes what a start would find.

            Flags:
              --output=<file>
                  write there instead; the file appears when it is complete

            Examples:
              weir data export /var/lib/weir > weir.prom
              weir data export /var/lib/weir --output=weir.prom

            Exit codes:
              0 done, 1 DIR is damaged (what can be read is written all the same) or the text cannot be written,
              2 bad arguments, 73 DIR is not there, in use, or has no journal
            """;

    private static final String IMPORT =
            """
            Usage:
              weir data import DIR FILE [--mode=add|set] [flags of the gateway]

            Brings the samples of FILE, Prometheus text 0.0.4, into DIR, by the rules for pushes: all of them or, when
            anything is refused or the process is killed, none. FILE is - for standard input. DIR is made when it is missing.
            Give the flags, variables or --config.file of your gateway along: limits and aggregation rules hold here too.

            Flags:
              --mode=<add|set>  (default set)
                  set puts each value in the place of the one that is there, as PUT does, and may be repeated;
                  add adds counters, histograms and summaries up and treats gauges by their aggregation rule, as POST does

            Examples:
              weir data import /var/lib/weir weir.prom
              weir data export /old | weir data import /var/lib/weir - --mode=add --config.file=weir.yml

            Exit codes:
              0 done, 1 the text is refused or cannot be read or written, nothing is changed, 2 bad arguments,
              73 DIR cannot be used, 78 bad configuration file
            """;

    private final Map<String, String> environment;
    private final PrintStream out;
    private final PrintStream err;

    public DataCommand(Map<String, String> environment, PrintStream out, PrintStream err) {
        this.environment = environment;
        this.out = out;
        this.err = err;
    }

    /**
     * Does it.
     *
     * @param arguments behind {@code data}
     * @return the exit code
     */
    public int run(List<String> arguments) throws ConfigException, StartupException {
        List<String> words = new ArrayList<>();
        List<String> flags = new ArrayList<>();
        boolean help = arguments.isEmpty();
        for (String argument : arguments) {
            boolean flag = argument.startsWith("-") && argument.length() > 1;
            help |= argument.equals("--help") || argument.equals("-h");
            (flag ? flags : words).add(argument);
        }
        String command = words.isEmpty() ? "" : words.remove(0);
        switch (command) {
            case "check" -> {
                if (help) {
                    return print(CHECK);
                }
                none(flags);
                return check(one(command, words));
            }
            case "export" -> {
                if (help) {
                    return print(EXPORT);
                }
                String output = take(flags, "--output");
                none(flags);
                return export(one(command, words), output);
            }
            case "import" -> {
                if (help) {
                    return print(IMPORT);
                }
                Mode mode = mode(take(flags, "--mode"));
                if (words.size() != 2) {
                    throw usage("data import: expected a directory and a file, and flags as --name=value, as in:"
                            + " weir data import /var/lib/weir weir.prom --mode=add");
                }
                return new DataImport(out, err).run(Path.of(words.get(0)), words.get(1), mode, flags, environment);
            }
            case "help", "" -> {
                if (help || command.equals("help")) {
                    return print(HELP);
                }
                throw usage("data: expected check, export or import (weir data --help)");
            }
            default -> throw usage(
                    "data: unknown command " + quote(command) + "; expected check, export or import");
        }
    }

    private int print(String text) {
        out.print(text);
        return ExitCode.OK;
    }

    private int check(Path directory) throws StartupException {
        return reading(directory, files -> new DataCheck(directory, out).run(files));
    }

    private int export(Path directory, String output) throws StartupException {
        return reading(directory, files -> new DataExport(directory, out, err).run(files, output == null ? null : Path.of(output)));
    }

    /** Work on a directory that is not in use meanwhile. */
    private interface Reading {
        int on(FileStorage files) throws IOException, StartupException;
    }

    private int reading(Path directory, Reading work) throws StartupException {
        if (!Files.isDirectory(directory)) {
            throw new StartupException(ExitCode.STORAGE, "there is no directory " + directory, null);
        }
        FileStorage files = new FileStorage(directory);
        try (var lock = JournalReader.lock(files)) {
            return work.on(files);
        } catch (DirectoryInUseException e) {
            throw new StartupException(
                    ExitCode.STORAGE, "a gateway is using " + directory + " (stop it, or take a copy of the directory)", e);
        } catch (IOException e) {
            throw new StartupException(ExitCode.STORAGE, directory + " cannot be read: " + e, e);
        }
    }

    private static Path one(String command, List<String> words) throws StartupException {
        if (words.size() != 1) {
            throw usage("data " + command + ": expected one directory, as in: weir data " + command + " /var/lib/weir");
        }
        return Path.of(words.get(0));
    }

    /** Value of {@code --name=value}, which is taken out; null when it is not there. */
    private static String take(List<String> flags, String name) throws StartupException {
        String value = null;
        for (String flag : List.copyOf(flags)) {
            if (flag.startsWith(name + "=")) {
                value = flag.substring(name.length() + 1);
                flags.remove(flag);
            } else if (flag.equals(name)) {
                throw usage(name + ": no value; expected " + name + "=<value>");
            }
        }
        if (value != null && value.isEmpty()) {
            throw usage(name + ": no value; expected " + name + "=<value>");
        }
        return value;
    }

    private static Mode mode(String word) throws StartupException {
        return switch (word == null ? "set" : word) {
            case "set" -> Mode.SET;
            case "add" -> Mode.ADD;
            default -> throw usage("--mode: expected add or set, got " + quote(word));
        };
    }

    private static void none(List<String> flags) throws StartupException {
        if (!flags.isEmpty()) {
            throw usage("data: unknown flag " + quote(flags.get(0)));
        }
    }

    private static String quote(String word) {
        return '"' + word.replaceAll("\\p{Cntrl}", "?") + '"';
    }

    private static StartupException usage(String message) {
        return new StartupException(ExitCode.USAGE, message, null);
    }
}
