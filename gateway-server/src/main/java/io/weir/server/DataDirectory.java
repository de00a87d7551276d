package io.weir.server;

import io.weir.journal.DirectoryInUseException;
import io.weir.journal.FileStorage;
import io.weir.journal.Journal;
import io.weir.journal.JournalConfig;
import io.weir.journal.Storage;
import io.weir.server.config.ExitCode;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.SystemNanoClock;

/** The directory of {@code --storage.path}: made when missing, and tried before anything relies on it. */
public final class DataDirectory {
    private DataDirectory() {}

    /**
     * The directory's absolute path, after a file was written to it and removed again.
     *
     * @throws StartupException of {@link ExitCode#STORAGE}
     */
    public static Path open(Path path) throws StartupException {
        Path directory = path.toAbsolutePath().normalize();
        try {
            Files.createDirectories(directory);
            // not a temporary file of the JDK's, whose random name costs 15 ms of a start
            Path probe = directory.resolve(".probe-" + ProcessHandle.current().pid() + "-" + System.nanoTime());
            try {
                Files.write(probe, new byte[] {1}, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            } finally {
                Files.deleteIfExists(probe);
            }
        } catch (IOException e) {
            throw unusable(directory, e);
        }
        return directory;
    }

    /**
     * The journal in the directory, which is this process's from now on.
     *
     * @throws StartupException of {@link ExitCode#STORAGE}
     */
    static Journal journal(Path path, JournalConfig config) throws StartupException {
        Path directory = open(path);
        return journal(directory, new FileStorage(directory), config);
    }

    /**
     * The journal in a directory that {@link #open} has returned, by way of another storage.
     *
     * @throws StartupException of {@link ExitCode#STORAGE}
     */
    public static Journal journal(Path directory, Storage storage, JournalConfig config) throws StartupException {
        try {
            return Journal.open(storage, config, SystemEpochClock.INSTANCE, SystemNanoClock.INSTANCE);
        } catch (DirectoryInUseException e) {
            throw new StartupException(
                    ExitCode.STORAGE,
                    "another process is using data directory " + directory
                            + " (stop it, or choose another directory with --storage.path)",
                    e);
        } catch (IOException e) {
            throw unusable(directory, e);
        }
    }

    private static StartupException unusable(Path directory, IOException e) {
        return new StartupException(
                ExitCode.STORAGE,
                "data directory " + directory + " cannot be used: " + reason(e)
                        + " (choose another with --storage.path, or none to keep everything in memory)",
                e);
    }

    private static String reason(IOException e) {
        if (e instanceof FileAlreadyExistsException) {
            return "there is a file of that name";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof NoSuchFileException) {
            return "it cannot be created there";
        }
        boolean named = e instanceof FileSystemException f && f.getReason() != null;
        return named ? ((FileSystemException) e).getReason() : e.toString();
    }
}
