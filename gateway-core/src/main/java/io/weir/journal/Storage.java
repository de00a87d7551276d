package io.weir.journal;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/**
 * The directory a {@link Journal} lives in: flat, append-only files. Any thread, but one thread at a time per
 * {@link Output}. Every call may fail with {@link IOException}; a failed write may have written a part.
 */
public interface Storage {
    /**
     * Keeps every other process out until closed, or the process ends.
     *
     * @throws DirectoryInUseException when another process holds it
     */
    Closeable lock(String name) throws IOException;

    /** Names of all files, in no order. */
    List<String> list() throws IOException;

    /** A new, empty file; fails when there is one of this name. */
    Output create(String name) throws IOException;

    /**
     * The same for a file that grows by many small writes: until it is closed, and for ever when the process ends before
     * that, there may be zeros behind what was written.
     */
    default Output createToGrow(String name) throws IOException {
        return create(name);
    }

    Input open(String name) throws IOException;

    /** Whether there is nothing but zeros in a file from {@code at} on. */
    default boolean isBlank(String name, long at) throws IOException {
        try (Input input = open(name)) {
            byte[] block = new byte[64 << 10];
            for (int n; (n = input.read(at, block, 0, block.length)) > 0; at += n) {
                for (int i = 0; i < n; i++) {
                    if (block[i] != 0) {
                        return false;
                    }
                }
            }
            return true;
        }
    }

    /** Gives a file another name, over any file that has it: one or the other is there at all times. */
    void rename(String from, String to) throws IOException;

    void delete(String name) throws IOException;

    /** Cuts a file that is not open for writing, and waits until that is on the disk. */
    void truncate(String name, long bytes) throws IOException;

    /** Waits until what a file holds is on the disk; for files that nobody has open for writing. */
    void force(String name) throws IOException;

    /** Waits until names created, renamed and deleted so far are on the disk. */
    void forceDirectory() throws IOException;

    /** Where the directory is, for people. */
    String place();

    /** A file being written at its end. */
    interface Output extends Closeable {
        /** Appends all of it; after a failure a part of it may be there. */
        void write(byte[] buffer, int offset, int length) throws IOException;

        /** Waits until everything written before this call is on the disk. For any thread. */
        void force() throws IOException;

        /** Cuts what lies behind, and waits until that is on the disk. */
        void truncate(long bytes) throws IOException;
    }

    /** A file being read, possibly while it grows. */
    interface Input extends Closeable {
        long size() throws IOException;

        /** Bytes read, less than {@code length} only at the end of the file, where it is 0. */
        int read(long position, byte[] buffer, int offset, int length) throws IOException;
    }
}
