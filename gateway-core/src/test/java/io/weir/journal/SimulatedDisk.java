package io.weir.journal;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * A disk with a page cache in front of it. What is not forced may be lost by {@link #powerCut}, sector by sector and in any
 * order; names may be lost from the last ones on. A failed force leaves pages that no later force will write. Calls fail
 * when {@link #failing} says so. Deterministic from its {@link Random}. One thread.
 */
final class SimulatedDisk implements Storage {
    private static final int SECTOR = 512;
    /** By so much a growing file grows at a time: not in step with sectors. */
    private static final int GROWTH = 700;

    /** What fails. */
    enum Fault {
        NONE,
        /** Every call that changes anything. */
        ALL,
        WRITE,
        FORCE
    }

    private record Write(long offset, byte[] bytes) {}

    private static final class File {
        byte[] cached = new byte[0];
        byte[] durable = new byte[0];
        /** Not forced; a null stands for the length of a cut. */
        List<Write> pending = new ArrayList<>();
        /** Met a failed force: the system believes them written. */
        final List<Write> doomed = new ArrayList<>();
    }

    private record Change(String from, String to, File file) {}

    private final Random random;
    private final Map<String, File> names = new TreeMap<>();
    private final Map<String, File> durableNames = new TreeMap<>();
    private final List<Change> changes = new ArrayList<>();
    private boolean locked;
    private Fault fault = Fault.NONE;
    private long failFrom = Long.MAX_VALUE;
    private long failTo;
    long calls;
    long faults;

    SimulatedDisk(Random random) {
        this.random = random;
    }

    /** Fails calls by number, counted from now. */
    void failing(Fault fault, long from, long to) {
        this.fault = fault;
        failFrom = calls + from;
        failTo = calls + to;
    }

    void works() {
        fault = Fault.NONE;
    }

    boolean isFailing() {
        return fault != Fault.NONE && calls < failTo;
    }

    /** Whether a failed force has left pages that only seem to be on the disk. */
    boolean isDoubtful() {
        return names.values().stream().anyMatch(file -> !file.doomed.isEmpty());
    }

    /** The same disk after the process has been killed: nothing is lost. */
    void kill() {
        locked = false;
        works();
    }

    /** The disk after a power cut. */
    void powerCut() {
        kill();
        int kept = changes.isEmpty() ? 0 : random.nextInt(changes.size() + 1);
        for (Change change : changes.subList(0, kept)) {
            apply(durableNames, change);
        }
        changes.clear();
        names.clear();
        names.putAll(durableNames);
        for (File file : names.values()) {
            crash(file);
        }
    }

    private void crash(File file) {
        byte[] content = file.durable;
        int mode = random.nextInt(4);
        List<Write> open = new ArrayList<>(file.doomed);
        open.addAll(file.pending);
        int prefix = open.isEmpty() ? 0 : random.nextInt(open.size() + 1);
        for (int i = 0; i < open.size(); i++) {
            Write write = open.get(i);
            boolean all = mode == 0 || mode == 2 && i < prefix;
            boolean torn = mode == 3 || mode == 2 && i == prefix;
            if (all) {
                content = apply(content, write);
            } else if (torn && write.bytes != null) {
                for (int at = 0; at < write.bytes.length; at += SECTOR) {
                    if (random.nextBoolean()) {
                        int end = Math.min(write.bytes.length, at + 1 + random.nextInt(SECTOR));
                        content = apply(content, new Write(write.offset + at, Arrays.copyOfRange(write.bytes, at, end)));
                    }
                }
            }
        }
        file.durable = content;
        file.cached = content;
        file.pending.clear();
        file.doomed.clear();
    }

    private static byte[] apply(byte[] content, Write write) {
        if (write.bytes == null) {
            return Arrays.copyOf(content, (int) Math.min(content.length, write.offset));
        }
        byte[] more = Arrays.copyOf(content, (int) Math.max(content.length, write.offset + write.bytes.length));
        System.arraycopy(write.bytes, 0, more, (int) write.offset, write.bytes.length);
        return more;
    }

    private static void apply(Map<String, File> names, Change change) {
        if (change.from != null) {
            names.remove(change.from);
        }
        if (change.to != null) {
            names.put(change.to, change.file);
        }
    }

    private void change(String from, String to, File file) {
        Change change = new Change(from, to, file);
        apply(names, change);
        changes.add(change);
    }

    private boolean fails(Fault kind) {
        calls++;
        boolean fails = calls >= failFrom && calls < failTo && (fault == Fault.ALL || fault == kind);
        faults += fails ? 1 : 0;
        return fails;
    }

    private void check(Fault kind) throws IOException {
        if (fails(kind)) {
            throw new IOException("simulated " + kind);
        }
    }

    private File file(String name) throws IOException {
        File file = names.get(name);
        if (file == null) {
            throw new IOException("no file " + name);
        }
        return file;
    }

    private void force(File file) throws IOException {
        if (fails(Fault.FORCE)) {
            file.doomed.addAll(file.pending);
            file.pending.clear();
            throw new IOException("simulated EIO");
        }
        for (Write write : file.pending) {
            file.durable = apply(file.durable, write);
        }
        file.pending.clear();
    }

    private void write(File file, Write write) {
        file.cached = apply(file.cached, write);
        file.pending.add(write);
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
        return new ArrayList<>(names.keySet());
    }

    @Override
    public Output create(String name) throws IOException {
        check(Fault.WRITE);
        if (names.containsKey(name)) {
            throw new IOException("there is a file " + name);
        }
        File file = new File();
        change(null, name, file);
        return new Output() {
            @Override
            public void write(byte[] buffer, int offset, int length) throws IOException {
                boolean fails = fails(Fault.WRITE);
                int part = fails ? random.nextInt(length + 1) : length;
                if (part > 0) {
                    SimulatedDisk.this.write(
                            file, new Write(file.cached.length, Arrays.copyOfRange(buffer, offset, offset + part)));
                }
                if (fails) {
                    throw new IOException("simulated ENOSPC");
                }
            }

            @Override
            public void force() throws IOException {
                SimulatedDisk.this.force(file);
            }

            @Override
            public void truncate(long bytes) throws IOException {
                check(Fault.WRITE);
                SimulatedDisk.this.write(file, new Write(bytes, null));
                SimulatedDisk.this.force(file);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public Output createToGrow(String name) throws IOException {
        Output exact = create(name);
        File file = file(name);
        return new Output() {
            private int size;
            private int grown;
            private boolean broken;

            @Override
            public void write(byte[] buffer, int offset, int length) throws IOException {
                int end = size + length;
                grown = Math.max(grown, (end + GROWTH - 1) / GROWTH * GROWTH);
                byte[] bytes = Arrays.copyOfRange(buffer, offset, offset + length);
                bytes = file.cached.length < end ? Arrays.copyOf(bytes, grown - size) : bytes;
                boolean fails = fails(Fault.WRITE);
                broken |= fails;
                int part = fails ? random.nextInt(bytes.length + 1) : bytes.length;
                if (part > 0) {
                    SimulatedDisk.this.write(file, new Write(size, Arrays.copyOf(bytes, part)));
                }
                if (fails) {
                    throw new IOException("simulated ENOSPC");
                }
                size = end;
            }

            @Override
            public void force() throws IOException {
                try {
                    exact.force();
                } catch (IOException e) {
                    broken = true;
                    throw e;
                }
            }

            @Override
            public void truncate(long bytes) throws IOException {
                exact.truncate(bytes);
                size = (int) bytes;
                grown = size;
            }

            @Override
            public void close() throws IOException {
                if (!broken && grown > size) {
                    check(Fault.WRITE);
                    SimulatedDisk.this.write(file, new Write(size, null));
                }
            }
        };
    }

    @Override
    public Input open(String name) throws IOException {
        File file = file(name);
        return new Input() {
            @Override
            public long size() {
                return file.cached.length;
            }

            @Override
            public int read(long position, byte[] buffer, int offset, int length) {
                int n = (int) Math.max(0, Math.min(length, file.cached.length - position));
                System.arraycopy(file.cached, (int) Math.min(position, file.cached.length), buffer, offset, n);
                return n;
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public void rename(String from, String to) throws IOException {
        check(Fault.WRITE);
        change(from, to, file(from));
    }

    @Override
    public void delete(String name) throws IOException {
        check(Fault.WRITE);
        if (names.containsKey(name)) {
            change(name, null, null);
        }
    }

    @Override
    public void truncate(String name, long bytes) throws IOException {
        check(Fault.WRITE);
        File file = file(name);
        write(file, new Write(bytes, null));
        force(file);
    }

    @Override
    public void force(String name) throws IOException {
        force(file(name));
    }

    @Override
    public void forceDirectory() throws IOException {
        check(Fault.FORCE);
        for (Change change : changes) {
            apply(durableNames, change);
        }
        changes.clear();
    }

    @Override
    public String place() {
        return "simulated disk";
    }
}
