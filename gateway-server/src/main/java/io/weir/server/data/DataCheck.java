package io.weir.server.data;

import io.weir.journal.FileStorage;
import io.weir.journal.JournalReader;
import io.weir.server.StartupException;
import io.weir.server.config.ExitCode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;

/** {@code weir data check}: every damaged place, then what is there. One thread. */
final class DataCheck {
    private final Path directory;
    private final PrintStream out;

    DataCheck(Path directory, PrintStream out) {
        this.directory = directory;
        this.out = out;
    }

    int run(FileStorage files) throws IOException, StartupException {
        JournalReader reader = new JournalReader(
                files,
                (file, offset, what) -> out.println(directory.resolve(file) + ": damaged at byte " + offset + ": " + what));
        JournalReader.Contents found = contents(reader, directory);
        out.printf(
                Locale.ROOT,
                "%s: %,d bytes, checkpoints %d, series in the one in use %,d, idempotency keys %,d, segments %d, frames %,d%n",
                directory, found.bytes(), found.checkpoints(), found.series(), found.keys(), found.segments(), found.frames());
        if (found.setAside() > 0) {
            out.println(directory + ": " + found.setAside() + " files set aside earlier (*.corrupt), not read");
        }
        out.println(directory + ": " + (found.damages() == 0 ? "ok" : "DAMAGED, places: " + found.damages()));
        return found.damages() == 0 ? ExitCode.OK : ExitCode.FAILURE;
    }

    /** Reads everything. */
    static JournalReader.Contents contents(JournalReader reader, Path directory) throws IOException, StartupException {
        JournalReader.Contents contents = reader.check();
        if (contents.isEmpty()) {
            throw new StartupException(ExitCode.STORAGE, "there is no journal in " + directory, null);
        }
        return contents;
    }
}
