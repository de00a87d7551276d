package io.weir.journal;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Files in memory that never fail; {@link #copy} is the disk as a killed process leaves it. One thread. */
final class MemoryStorage implements Storage {
    final Map<String, byte[]> files = new TreeMap<>();
    private boolean locked;

    MemoryStorage copy() {
        MemoryStorage copy = new MemoryStorage();
        files.forEach((name, bytes) -> copy.files.put(name, bytes.clone()));
        return copy;
    }

    private byte[] file(String name) throws IOException {
        byte[] bytes = files.get(name);
        if (bytes == null) {
            throw new IOException("no file " + name);
        }
        return bytes;
    }

    @Override
    public Closeable lock(String name) throws IOException {
        if (locked) {
            throw new DirectoryInUseException(place());
        }
        locked = true;
        return () -> locked = false;
    }

    @Override
    public List<String> list() {
        return new ArrayList<>(files.keySet());
    }

    @Override
    public Output create(String name) throws IOException {
        if (files.putIfAbsent(name, new byte[0]) != null) {
            throw new IOException("there is a file " + name);
        }
        return new Output() {
            @Override
            public void write(byte[] buffer, int offset, int length) throws IOException {
                byte[] old = file(name);
                byte[] more = Arrays.copyOf(old, old.length + length);
                System.arraycopy(buffer, offset, more, old.length, length);
                files.put(name, more);
            }

            @Override
            public void force() {}

            @Override
            public void truncate(long bytes) throws IOException {
                MemoryStorage.this.truncate(name, bytes);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public Input open(String name) throws IOException {
        file(name);
        return new Input() {
            @Override
            public long size() throws IOException {
                return file(name).length;
            }

            @Override
            public int read(long position, byte[] buffer, int offset, int length) throws IOException {
                byte[] bytes = file(name);
                int n = (int) Math.max(0, Math.min(length, bytes.length - position));
                System.arraycopy(bytes, (int) Math.min(position, bytes.length), buffer, offset, n);
                return n;
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public void rename(String from, String to) throws IOException {
        files.put(to, file(from));
        files.remove(from);
    }

    @Override
    public void delete(String name) {
        files.remove(name);
    }

    @Override
    public void truncate(String name, long bytes) throws IOException {
        files.put(name, Arrays.copyOf(file(name), (int) bytes));
    }

    @Override
    public void force(String name) {}

    @Override
    public void forceDirectory() {}

    @Override
    public String place() {
        return "memory";
    }
}
