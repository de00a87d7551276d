package io.weir.journal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** A directory of the file system. Any thread. */
public final class FileStorage implements Storage {
    private final Path directory;

    /** @param directory exists and can be written */
    public FileStorage(Path directory) {
        this.directory = directory;
    }

    @Override
    public Closeable lock(String name) throws IOException {
        FileChannel channel = FileChannel.open(
                directory.resolve(name), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                throw new DirectoryInUseException(place());
            }
            return channel;
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw new DirectoryInUseException(place());
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * As {@link #lock}, but for one of several who only read: keeps those out who write, and creates nothing.
     *
     * @throws DirectoryInUseException when a process that writes holds it
     */
    Closeable lockToRead(String name) throws IOException {
        if (!Files.exists(directory.resolve(name))) {
            return () -> {};
        }
        FileChannel channel = FileChannel.open(directory.resolve(name), StandardOpenOption.READ);
        try {
            FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true);
            if (lock == null) {
                throw new DirectoryInUseException(place());
            }
            return channel;
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw new DirectoryInUseException(place());
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    @Override
    public List<String> list() throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                names.add(file.getFileName().toString());
            }
        } catch (java.nio.file.DirectoryIteratorException e) {
            throw e.getCause();
        }
        return names;
    }

    @Override
    public Output create(String name) throws IOException {
        return new FileOutput(FileChannel.open(
                directory.resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    @Override
    public Input open(String name) throws IOException {
        return new FileInput(FileChannel.open(directory.resolve(name), StandardOpenOption.READ));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        Files.move(directory.resolve(from), directory.resolve(to), StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void delete(String name) throws IOException {
        Files.deleteIfExists(directory.resolve(name));
    }

    @Override
    public void truncate(String name, long bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(directory.resolve(name), StandardOpenOption.WRITE)) {
            channel.truncate(bytes);
            channel.force(true);
        }
    }

    @Override
    public void force(String name) throws IOException {
        try (FileChannel channel = FileChannel.open(directory.resolve(name), StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    @Override
    public void forceDirectory() throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public String place() {
        return directory.toString();
    }

    /** Of one system call: the JDK copies it through direct memory that stays with the thread, whatever its size. */
    private static final int CALL_BYTES_MAX = 1 << 20;

    private record FileOutput(FileChannel channel) implements Output {
        @Override
        public void write(byte[] buffer, int offset, int length) throws IOException {
            ByteBuffer bytes = ByteBuffer.wrap(buffer, offset, length);
            int end = bytes.limit();
            while (bytes.position() < end) {
                bytes.limit(Math.min(end, bytes.position() + CALL_BYTES_MAX));
                channel.write(bytes);
            }
        }

        @Override
        public void force() throws IOException {
            channel.force(false);
        }

        @Override
        public void truncate(long bytes) throws IOException {
            channel.truncate(bytes);
            channel.force(true);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    private record FileInput(FileChannel channel) implements Input {
        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public int read(long position, byte[] buffer, int offset, int length) throws IOException {
            ByteBuffer bytes = ByteBuffer.wrap(buffer, offset, length);
            int end = bytes.limit();
            while (bytes.position() < end) {
                bytes.limit(Math.min(end, bytes.position() + CALL_BYTES_MAX));
                if (channel.read(bytes, position + bytes.position() - offset) < 0) {
                    break;
                }
            }
            return bytes.position() - offset;
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
