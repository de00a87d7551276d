package io.weir.store;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What was pushed under one grouping key: the series that bear its labels and that it owns. Its list of members may name
 * series that have ended or have got another owner since: a member counts only while it is live and {@link
 * TableWriter#owner} says this group. Members are guarded by the monitor of the group; the rest is immutable, any thread.
 */
public final class Group {
    private static final int MEMBERS_MIN = 8;

    private final String text;
    private final byte[] key;
    private final byte[][] names;
    private final byte[][] values;
    private long[] members = new long[MEMBERS_MIN];
    private int size;
    private int pins;
    private long pushed;
    private long ttl;

    Group(String text, byte[] key, byte[][] names, byte[][] values) {
        this.text = text;
        this.key = key;
        this.names = names;
        this.values = values;
    }

    /** The grouping labels as canonical label text, labels without a value included; must not be written. */
    public byte[] key() {
        return key;
    }

    /** The same for people. */
    public String text() {
        return new String(key, StandardCharsets.UTF_8);
    }

    public int labels() {
        return names.length;
    }

    /** Name of a grouping label; must not be written. */
    public byte[] name(int i) {
        return names[i];
    }

    /** Value of a grouping label, escaped as in label text; must not be written. */
    public byte[] value(int i) {
        return values[i];
    }

    /** Whether there is a grouping label of this name. */
    public boolean hasLabel(byte[] name) {
        for (byte[] n : names) {
            if (Arrays.equals(n, name)) {
                return true;
            }
        }
        return false;
    }

    // ---- members, under the monitor

    public int size() {
        return size;
    }

    public long member(int i) {
        return members[i];
    }

    /** Whether the list is exactly this one, as it is when the same body comes again. */
    public boolean isExactly(long[] references, int count) {
        return Arrays.equals(members, 0, size, references, 0, count);
    }

    /** Whether the group may end by itself some time after its last push. */
    public boolean isTimed() {
        return ttl != 0;
    }

    /** Reference of the series that every push touches; 0 when nobody has asked for it. */
    public long pushed() {
        return pushed;
    }

    /** Reference of the series that holds the time; 0 for none. */
    public long ttl() {
        return ttl;
    }

    void timed(long pushedReference, long ttlReference) {
        pushed = pushedReference;
        ttl = ttlReference;
    }

    /** Seconds that the group lives on without a push; {@link Long#MAX_VALUE} for ever. */
    long ttlTicks(Slab slab) {
        int n = (int) ttl;
        if (ttl == 0 || !isOwned(ttl, slab)) {
            return Long.MAX_VALUE;
        }
        long word = slab.valueAcquire(n);
        return Slab.isLive(word) ? Math.max(1, (long) Math.ceil(Slab.decode(word))) : Long.MAX_VALUE;
    }

    /** The second of the last push, if the group is timed. */
    int pushedTick(Slab slab) {
        boolean told = isOwned(pushed, slab) && Slab.isLive(slab.valueAcquire((int) pushed));
        return Slab.tick(slab.metaAcquire((int) (told ? pushed : ttl)));
    }

    private boolean isOwned(long reference, Slab slab) {
        int n = (int) reference;
        return reference != 0 && Slab.life(slab.metaAcquire(n)) == (int) (reference >>> 32) && slab.owner(n) == this;
    }

    /** Whether this member is the one that makes the group end by itself, or tells since when. */
    boolean isClock(long reference) {
        return reference == ttl || reference == pushed;
    }

    /** Replaces the list. */
    public void members(long[] references, int count) {
        if (members.length < count || members.length > 4 * Math.max(count, MEMBERS_MIN)) {
            members = new long[Math.max(count, MEMBERS_MIN)];
        }
        System.arraycopy(references, 0, members, 0, count);
        size = count;
    }

    /** Adds members. Before the list grows it is cleaned, so its length stays in proportion to what the group owns. */
    public void add(long[] references, int count, TableWriter by) {
        if (size + count > members.length) {
            clean(by);
            if (size + count > members.length / 2) {
                members = Arrays.copyOf(members, 2 * (size + count));
            }
        }
        System.arraycopy(references, 0, members, size, count);
        size += count;
    }

    private void clean(TableWriter by) {
        Arrays.sort(members, 0, size);
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if ((i == 0 || members[i] != members[i - 1]) && by.owner(members[i]) == this) {
                members[kept++] = members[i];
            }
        }
        size = kept;
    }

    /** Keeper only, while the gate is closed: drops what is not owned any more; whether nothing is left. */
    synchronized boolean cleanAndIsEmpty(Slab slab) {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            int n = (int) members[i];
            if (Slab.life(slab.metaAcquire(n)) == (int) (members[i] >>> 32) && slab.owner(n) == this) {
                members[kept++] = members[i];
            }
        }
        size = kept;
        return kept == 0;
    }

    // ---- for Groups, under the lock of its place in the map

    String mapKey() {
        return text;
    }

    Group pin() {
        pins++;
        return this;
    }

    boolean unpin() {
        return --pins == 0;
    }

    boolean isPinned() {
        return pins > 0;
    }
}
