package io.weir.journal;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A storage whose new segments count for nothing until they are {@link #publish published}: they bear names that the next
 * start removes. A checkpoint is not held back. So everything written becomes true at once, by the one rename that gives a
 * checkpoint over all of it its name; segments published afterwards only stand behind it. One thread.
 */
public final class StagedStorage implements Storage, Closeable {
    private static final String SUFFIX = ".tmp";

    private final Storage files;
    private final Set<String> staged = new LinkedHashSet<>();

    public StagedStorage(Storage files) {
        this.files = files;
    }

    /** Gives the new segments their names. */
    public void publish() throws IOException {
        for (String name : List.copyOf(staged)) {
            files.rename(name + SUFFIX, name);
            staged.remove(name);
        }
        files.forceDirectory();
    }

    /** Removes what was not published. */
    @Override
    public void close() throws IOException {
        for (String name : List.copyOf(staged)) {
            files.delete(name + SUFFIX);
            staged.remove(name);
        }
    }

    private String there(String name) {
        return staged.contains(name) ? name + SUFFIX : name;
    }

    @Override
    public Closeable lock(String name) throws IOException {
        return files.lock(name);
    }

    @Override
    public List<String> list() throws IOException {
        List<String> names = new ArrayList<>(files.list());
        for (String name : staged) {
            names.remove(name + SUFFIX);
            names.add(name);
        }
        return names;
    }

    @Override
    public Output create(String name) throws IOException {
        if (Segment.number(name) < 0) {
            return files.create(name);
        }
        Output output = files.create(name + SUFFIX);
        staged.add(name);
        return output;
    }

    @Override
    public Input open(String name) throws IOException {
        return files.open(there(name));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        files.rename(there(from), to);
        staged.remove(from);
    }

    @Override
    public void delete(String name) throws IOException {
        files.delete(there(name));
        staged.remove(name);
    }

    @Override
    public void truncate(String name, long bytes) throws IOException {
        files.truncate(there(name), bytes);
    }

    @Override
    public void force(String name) throws IOException {
        files.force(there(name));
    }

    @Override
    public void forceDirectory() throws IOException {
        files.forceDirectory();
    }

    @Override
    public String place() {
        return files.place();
    }
}
