package io.weir.store;

import io.weir.sample.FamilyPolicy;
import io.weir.sample.MetricType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * All metric families by name. Any thread. Look-ups take no lock and allocate nothing; a new name, and the first live
 * series of a family, take one lock for all.
 *
 * <p>A live histogram {@code foo} owns {@code foo_bucket}, {@code foo_sum} and {@code foo_count}, a live summary
 * {@code foo_sum} and {@code foo_count}: their lines would collide in text and in remote_write. Owner and owned are
 * therefore never live together.
 *
 * <p>Bounded by {@link TableConfig#familiesMax()}. The keeper removes families without live series once no record names
 * them, at the latest soon after the bound has been met.
 */
public final class Families {
    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(Family[].class);
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final byte[] BUCKET = "_bucket".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] SUM = "_sum".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] COUNT = "_count".getBytes(StandardCharsets.US_ASCII);

    private final int familiesMax;
    private final long seed;
    private final Runnable whenFull;
    private Function<String, FamilyPolicy> policies;
    private volatile Family[] table = new Family[64];
    private volatile int size;
    private volatile long ttlTicksMin = Long.MAX_VALUE;
    private volatile boolean full;

    Families(int familiesMax, long seed, Function<String, FamilyPolicy> policies, Runnable whenFull) {
        this.familiesMax = familiesMax;
        this.seed = seed;
        this.policies = policies;
        this.whenFull = whenFull;
    }

    public int size() {
        return size;
    }

    public int limit() {
        return familiesMax;
    }

    /** The family of this name, or null. No lock, no allocation. */
    public Family lookup(byte[] name, int offset, int length) {
        Family family = find(table, hash(name, offset, length), name, offset, length);
        return family == null || family.isRemoved() ? null : family;
    }

    /** Finds or creates; null when there is no room for another family. Copies the name. */
    public Family claim(byte[] name, int offset, int length) {
        Family family = lookup(name, offset, length);
        if (family != null) {
            return family;
        }
        synchronized (this) {
            long hash = hash(name, offset, length);
            family = find(table, hash, name, offset, length);
            // Removal and the map change together under this lock: what is found here stands.
            if (family == null) {
                if (size >= familiesMax) {
                    full = true;
                    whenFull.run();
                    return null;
                }
                byte[] copy = Arrays.copyOfRange(name, offset, offset + length);
                family = new Family(copy, hash, policies.apply(new String(copy, StandardCharsets.UTF_8)));
                insert(family);
                size = size + 1;
                ttlTicksMin = Math.min(ttlTicksMin, family.ttlTicks());
            }
            return family;
        }
    }

    /** Replaces the policies, also those of families that exist. */
    public synchronized void policies(Function<String, FamilyPolicy> policies) {
        this.policies = policies;
        long min = Long.MAX_VALUE;
        for (Family family : table) {
            if (family != null) {
                family.policy(policies.apply(family.text()));
                min = Math.min(min, family.ttlTicks());
            }
        }
        ttlTicksMin = min;
    }

    /** Asks anew for the policy of one family, if there is such a family. */
    public synchronized void refreshPolicy(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        Family family = lookup(bytes, 0, bytes.length);
        if (family != null) {
            family.policy(policies.apply(name));
            ttlTicksMin = Math.min(ttlTicksMin, family.ttlTicks());
        }
    }

    /** Shortest time to live in seconds of any family, {@link Long#MAX_VALUE} when none expires. */
    long ttlTicksMin() {
        return ttlTicksMin;
    }

    List<Family> all() {
        Family[] t = table;
        List<Family> all = new ArrayList<>();
        for (int i = 0; i < t.length; i++) {
            Family family = (Family) SLOT.getAcquire(t, i);
            if (family != null && !family.isRemoved()) {
                all.add(family);
            }
        }
        return all;
    }

    /**
     * The first live series of a family: checks that no family with a derived name is in the way.
     *
     * @return null for success, {@code family} itself when it was removed, has another type or as many series as it may
     *     have by now, else the family that is in the way
     */
    synchronized Family reserveFirst(Family family, MetricType type, int seriesMax) {
        Family other = rival(family, type);
        if (other != null) {
            return other;
        }
        return family.reserveFirst(type, seriesMax) == Family.Reserved.YES ? null : family;
    }

    /** Begins a change of type, if no family with a derived name is in the way of the new one. */
    synchronized boolean beginChange(Family family, MetricType to, int live) {
        return rival(family, to) == null && family.beginChange(to, live);
    }

    /** A live family whose lines would collide with those of {@code family} as {@code type}; null for none. */
    private Family rival(Family family, MetricType type) {
        byte[] name = family.name;
        Family rival = null;
        if (type == MetricType.HISTOGRAM) {
            rival = liveNamed(name, BUCKET);
        }
        if (rival == null && !type.isScalar()) {
            rival = liveNamed(name, SUM);
        }
        if (rival == null && !type.isScalar()) {
            rival = liveNamed(name, COUNT);
        }
        if (rival == null) {
            rival = owner(name, BUCKET, false);
        }
        if (rival == null) {
            rival = owner(name, SUM, true);
        }
        if (rival == null) {
            rival = owner(name, COUNT, true);
        }
        return rival;
    }

    private Family liveNamed(byte[] name, byte[] suffix) {
        byte[] derived = Arrays.copyOf(name, name.length + suffix.length);
        System.arraycopy(suffix, 0, derived, name.length, suffix.length);
        Family family = lookup(derived, 0, derived.length);
        return family != null && family.live() > 0 ? family : null;
    }

    private Family owner(byte[] name, byte[] suffix, boolean orSummary) {
        int stem = name.length - suffix.length;
        if (stem <= 0 || !Arrays.equals(name, stem, name.length, suffix, 0, suffix.length)) {
            return null;
        }
        Family family = lookup(name, 0, stem);
        MetricType type = family == null ? null : family.type();
        return type == MetricType.HISTOGRAM || orSummary && type == MetricType.SUMMARY
                        || family != null && family.isChanging()
                ? family
                : null;
    }

    /** Whether a claim was refused since {@link #removeUnused}. */
    boolean isFull() {
        return full;
    }

    /** Keeper only: drops every family without live series and records; answers how many went. */
    synchronized int removeUnused() {
        full = false;
        Family[] old = table;
        int gone = 0;
        for (Family family : old) {
            gone += family != null && family.isUnused() && family.remove() ? 1 : 0;
        }
        if (gone > 0) {
            Family[] next = new Family[old.length];
            long min = Long.MAX_VALUE;
            for (Family family : old) {
                if (family != null && !family.isRemoved()) {
                    put(next, family);
                    min = Math.min(min, family.ttlTicks());
                }
            }
            table = next;
            size = size - gone;
            ttlTicksMin = min;
        }
        return gone;
    }

    private void insert(Family family) {
        Family[] t = table;
        if ((size + 1) * 2 > t.length) {
            Family[] larger = new Family[t.length * 2];
            for (Family f : t) {
                if (f != null) {
                    put(larger, f);
                }
            }
            put(larger, family);
            table = larger;
        } else {
            put(t, family);
        }
    }

    private static void put(Family[] t, Family family) {
        int i = (int) family.hash & t.length - 1;
        while (t[i] != null) {
            i = i + 1 & t.length - 1;
        }
        SLOT.setRelease(t, i, family);
    }

    private static Family find(Family[] t, long hash, byte[] name, int offset, int length) {
        for (int i = (int) hash & t.length - 1; ; i = i + 1 & t.length - 1) {
            Family family = (Family) SLOT.getAcquire(t, i);
            if (family == null) {
                return null;
            }
            if (family.hash == hash
                    && Arrays.equals(family.name, 0, family.name.length, name, offset, offset + length)) {
                return family;
            }
        }
    }

    /** Seeded, so that nobody can craft names that meet in one slot. */
    private long hash(byte[] b, int offset, int length) {
        long h = seed ^ length;
        int i = offset;
        int end = offset + length;
        for (; i + 8 <= end; i += 8) {
            h = mix(h ^ (long) LONG.get(b, i));
        }
        long tail = 0;
        for (; i < end; i++) {
            tail = tail << 8 | b[i] & 0xff;
        }
        return mix(h ^ tail);
    }

    private long mix(long x) {
        long y = seed | 1;
        long z = x * 0x9e37_79b9_7f4a_7c15L;
        return Math.multiplyHigh(z, y) ^ z * y ^ z >>> 29;
    }
}
