package io.weir.server.data;

import io.weir.expose.ByteBlock;
import io.weir.expose.TextExposition;
import io.weir.journal.FileStorage;
import io.weir.journal.JournalReader;
import io.weir.server.StartupException;
import io.weir.server.config.ExitCode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * {@code weir data export}: series come in the order of the files and are kept in the compact form of a snapshot, some 60
 * bytes and the label text each, then written family by family and block by block. One thread.
 */
final class DataExport {
    private static final int BLOCK_BYTES = 64 << 10;

    private final Path directory;
    private final PrintStream out;
    private final PrintStream err;

    DataExport(Path directory, PrintStream out, PrintStream err) {
        this.directory = directory;
        this.out = out;
        this.err = err;
    }

    int run(FileStorage files, Path file) throws IOException, StartupException {
        JournalReader reader = new JournalReader(
                files,
                (name, offset, what) ->
                        err.println("weir: " + directory.resolve(name) + ": damaged at byte " + offset + ": " + what));
        JournalReader.Contents found = DataCheck.contents(reader, directory);
        CollectedSeries series = new CollectedSeries();
        reader.read(series::add);
        TextExposition text = new TextExposition(series.snapshot());
        try {
            if (file == null) {
                write(text, out);
            } else {
                Path part = file.resolveSibling(file.getFileName() + ".part");
                try (OutputStream to = Files.newOutputStream(part)) {
                    write(text, to);
                }
                Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            err.println("weir: the text cannot be written: " + e);
            return ExitCode.FAILURE;
        }
        if (series.misfits() > 0) {
            err.println("weir: left out, for their family has another type: series " + series.misfits());
        }
        if (series.nativeHistograms() > 0) {
            err.println("weir: written without their native buckets, for which text has no place: histograms "
                    + series.nativeHistograms());
        }
        if (found.damages() > 0) {
            err.println("weir: " + directory + " is damaged; this is what a start would find");
        }
        return found.damages() == 0 && series.misfits() == 0 ? ExitCode.OK : ExitCode.FAILURE;
    }

    private static void write(TextExposition text, OutputStream to) throws IOException {
        ByteBlock block = new ByteBlock(BLOCK_BYTES);
        boolean more = true;
        while (more) {
            more = text.next(block);
            to.write(block.array(), 0, block.length());
            block.clear();
            if (to instanceof PrintStream stream && stream.checkError()) {
                throw new IOException("standard output is closed");
            }
        }
        to.flush();
    }
}
