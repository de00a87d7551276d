package io.weir.server;

import io.weir.journal.FileStorage;
import io.weir.journal.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A directory on a disk that fails, or is slow, when it is told to. Any thread. */
final class FaultyStorage implements Storage {
    final Storage files;
    volatile boolean writesFail;
    volatile boolean forcesFail;
    volatile CountDownLatch listed = new CountDownLatch(0);
    volatile CountDownLatch forced = new CountDownLatch(0);

    FaultyStorage(Path directory) {
        files = new FileStorage(directory);
    }

    @Override
    public Closeable lock(String name) throws IOException {
        return files.lock(name);
    }

    @Override
    public List<String> list() throws IOException {
        await(listed);
        return files.list();
    }

    @Override
    public Output create(String name) throws IOException {
        Output output = files.create(name);
        return new Output() {
            @Override
            public void write(byte[] buffer, int offset, int length) throws IOException {
                if (writesFail) {
                    throw new IOException("No space left on device");
                }
                output.write(buffer, offset, length);
            }

            @Override
            public void force() throws IOException {
                await(forced);
                if (forcesFail) {
                    throw new IOException("Input/output error");
                }
                output.force();
            }

            @Override
            public void truncate(long bytes) throws IOException {
                output.truncate(bytes);
            }

            @Override
            public void close() throws IOException {
                output.close();
            }
        };
    }

    @Override
    public Input open(String name) throws IOException {
        return files.open(name);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        files.rename(from, to);
    }

    @Override
    public void delete(String name) throws IOException {
        files.delete(name);
    }

    @Override
    public void truncate(String name, long bytes) throws IOException {
        files.truncate(name, bytes);
    }

    @Override
    public void force(String name) throws IOException {
        files.force(name);
    }

    @Override
    public void forceDirectory() throws IOException {
        files.forceDirectory();
    }

    @Override
    public String place() {
        return files.place();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
