package io.weir.store;

import io.weir.snapshot.LabelText;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * All groups by their key. Any thread. A group is there as long as somebody holds it or it has members, so there are never
 * more than live series and requests in progress.
 */
public final class Groups {
    private final ConcurrentHashMap<String, Group> map = new ConcurrentHashMap<>();

    /** Groups that end some time after their last push; changed under the monitor of each. */
    private final Set<Group> timed = ConcurrentHashMap.newKeySet();

    private volatile long ttlTicksMin = Long.MAX_VALUE;

    public int size() {
        return map.size();
    }

    void timed(Group group, long pushed, long ttl, Slab slab) {
        boolean news = !group.isTimed();
        group.timed(pushed, ttl);
        if (news && group.isTimed()) {
            timed.add(group);
        }
        long ticks = group.ttlTicks(slab);
        if (ticks < ttlTicksMin) {
            ttlTicksMin(ticks);
        }
    }

    private synchronized void ttlTicksMin(long ticks) {
        ttlTicksMin = Math.min(ttlTicksMin, ticks);
    }

    /** No group lives shorter after its last push; {@link Long#MAX_VALUE} when all live for ever. */
    long ttlTicksMin() {
        return ttlTicksMin;
    }

    /** Keeper only: the groups whose time is over. Forgets those that live for ever by now. */
    void stale(int now, Slab slab, Collection<Group> to) {
        synchronized (this) {
            ttlTicksMin = Long.MAX_VALUE;
        }
        long min = Long.MAX_VALUE;
        for (Group group : timed) {
            synchronized (group) {
                long ticks = group.ttlTicks(slab);
                if (ticks == Long.MAX_VALUE) {
                    group.timed(0, 0);
                    timed.remove(group);
                    continue;
                }
                min = Math.min(min, ticks);
                if (now - group.pushedTick(slab) > ticks) {
                    to.add(group);
                }
            }
        }
        ttlTicksMin(min);
    }

    /** Every group there is, in no order; some may have no live series any more. */
    public Collection<Group> all() {
        return Collections.unmodifiableCollection(map.values());
    }

    /**
     * The group of this key, made when there is none; to be given back by {@link #release}.
     *
     * @param key canonical label text: sorted, escaped, values may be empty
     */
    public Group claim(byte[] key, int offset, int length) {
        String text = new String(key, offset, length, StandardCharsets.ISO_8859_1);
        return map.compute(text, (k, there) -> (there == null ? make(k) : there).pin());
    }

    /** Gives back what {@link #claim} gave; a group without members goes. */
    public void release(Group group) {
        map.compute(group.mapKey(), (k, there) -> group.unpin() && isEmpty(group) ? null : there);
    }

    /**
     * Keeper only, while the gate is closed: the group has lost series other than by its own pushes, and goes if that was all
     * of them. False when somebody holds it, so that this is to be called again.
     */
    boolean lost(Group group, Slab slab) {
        boolean[] free = {true};
        map.computeIfPresent(group.mapKey(), (k, there) -> {
            free[0] = !there.isPinned();
            return free[0] && there.cleanAndIsEmpty(slab) ? null : there;
        });
        return free[0];
    }

    private static boolean isEmpty(Group group) {
        synchronized (group) {
            return group.size() == 0;
        }
    }

    private static Group make(String text) {
        byte[] key = text.getBytes(StandardCharsets.ISO_8859_1);
        List<byte[]> names = new ArrayList<>();
        List<byte[]> values = new ArrayList<>();
        LabelText walk = new LabelText().reset(key, 0, key.length);
        while (walk.next()) {
            names.add(walk.plainName());
            values.add(text.substring(walk.valueOffset(), walk.valueOffset() + walk.valueLength())
                    .getBytes(StandardCharsets.ISO_8859_1));
        }
        return new Group(text, key, names.toArray(new byte[0][]), values.toArray(new byte[0][]));
    }
}
