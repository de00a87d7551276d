package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.sample.Entropy;
import io.weir.sample.KeyHash;
import io.weir.server.http.EventLoopContext;
import io.weir.server.http.Request;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongSupplier;

/**
 * Who pushed what, when, how much, and what went wrong last. A group is known by its grouping key, for it is the same job
 * wherever it runs; who pushes without a group by the name of his credentials, his address and his User-Agent, for nothing
 * else tells. Each event loop keeps a table of its own, read by any thread: {@link #known}.
 *
 * <p>Each table knows the last {@link #PUSHERS_MAX} of its event loop. A push costs the same however many there are, and nothing is
 * allocated for a known pusher on a connection that has pushed before.
 */
public final class Pushers {
    /** Pushers that one event loop remembers; the one whose last push is oldest goes first. */
    static final int PUSHERS_MAX = 4096;

    private static final int ERROR_CHARS_MAX = 300;
    private static final int SENDER_CHARS_MAX = 200;
    private static final long GROUP = 1;
    private static final long SENDER = 2;

    /**
     * Who a connection belongs to.
     *
     * @param principal name of token or user; null when nobody asks
     * @param address null when it is not an Internet address
     * @param userAgent null when there is none
     */
    record Sender(String principal, String address, String userAgent) {
        private boolean is(String name, String agent) {
            return Objects.equals(principal, name)
                    && (userAgent == null ? agent == null : agent != null && sameStart(userAgent, agent));
        }

        /** Long ones are kept cut. */
        private static boolean sameStart(String kept, String agent) {
            return kept.length() < SENDER_CHARS_MAX ? kept.equals(agent) : agent.startsWith(kept);
        }
    }

    /**
     * What is known of one pusher, of all event loops together.
     *
     * @param group the grouping labels as label text; null for pushes without a group
     * @param sender of the last push
     * @param pushes that were applied, at least in part
     * @param bytes of their bodies, decompressed
     * @param lastMillis when the last of them was; 0 for never
     * @param errors pushes that were refused, wholly or in part
     * @param errorMillis when the last of them was
     * @param error the last; null for none
     */
    record Known(
            byte[] group,
            Sender sender,
            long pushes,
            long samples,
            long bytes,
            long lastMillis,
            long errors,
            long errorMillis,
            String error) {
        private Known plus(Known other) {
            boolean later = other.newest() > newest();
            boolean laterError = other.errorMillis > errorMillis;
            return new Known(
                    group,
                    later ? other.sender : sender,
                    pushes + other.pushes,
                    samples + other.samples,
                    bytes + other.bytes,
                    Math.max(lastMillis, other.lastMillis),
                    errors + other.errors,
                    laterError ? other.errorMillis : errorMillis,
                    laterError ? other.error : error);
        }

        long newest() {
            return Math.max(lastMillis, errorMillis);
        }
    }

    private final EventLoopContext.Local<Table> tables = new EventLoopContext.Local<>(context -> newTable());
    private final List<Table> all = new CopyOnWriteArrayList<>();
    private final KeyHash hash;
    private final LongSupplier epochMillis;
    private final int max;

    /** Nobody is known yet. */
    public Pushers() {
        this(PUSHERS_MAX, System::currentTimeMillis);
    }

    Pushers(int max, LongSupplier epochMillis) {
        hash = Entropy.keyHash();
        this.max = max;
        this.epochMillis = epochMillis;
    }

    /** The pushers of one event loop. */
    Table of(EventLoopContext context) {
        return context.get(tables);
    }

    Table newTable() {
        Table table = new Table(hash.copy());
        all.add(table);
        return table;
    }

    /** All that are known, whoever has come last first. Any thread. */
    List<Known> known() {
        Map<Object, Known> known = new HashMap<>();
        for (Table table : all) {
            for (int i = 0; i < max; i++) {
                Pusher pusher = table.slots.get(i);
                if (pusher != null) {
                    Known one = pusher.known();
                    known.merge(pusher.group == null ? one.sender : new String(pusher.group, UTF_8), one, Known::plus);
                }
            }
        }
        List<Known> sorted = new ArrayList<>(known.values());
        sorted.sort((a, b) -> Long.compare(b.newest(), a.newest()));
        return sorted;
    }

    /** How many have been forgotten for others. Any thread. */
    long forgotten() {
        long sum = 0;
        for (Table table : all) {
            sum += table.forgotten.get();
        }
        return sum;
    }

    /** One pusher as one event loop knows it: written by that loop, read by any thread. */
    static final class Pusher {
        private final byte[] group;
        private final long h0;
        private final long h1;
        private final AtomicLong pushes = new AtomicLong();
        private final AtomicLong samples = new AtomicLong();
        private final AtomicLong bytes = new AtomicLong();
        private final AtomicLong lastMillis = new AtomicLong();
        private final AtomicLong errors = new AtomicLong();
        private final AtomicLong errorMillis = new AtomicLong();
        private volatile String error;
        private volatile Sender sender;

        private int slot;
        private Pusher chained;
        private Pusher earlier;
        private Pusher later;

        private Pusher(byte[] group, long h0, long h1) {
            this.group = group;
            this.h0 = h0;
            this.h1 = h1;
        }

        private Known known() {
            return new Known(group, sender, pushes.get(), samples.get(), bytes.get(), lastMillis.get(), errors.get(),
                    errorMillis.get(), error);
        }

        private static void add(AtomicLong to, long n) {
            // one writer
            to.lazySet(to.getPlain() + n);
        }
    }

    /** Event loop only, but for what {@link Pushers#known} reads. */
    final class Table {
        private final KeyHash keys;
        private final Pusher[] index;
        private final AtomicReferenceArray<Pusher> slots;
        private final AtomicLong forgotten = new AtomicLong();
        private Pusher oldest;
        private Pusher newest;
        private int size;
        /** Who pushed last without a group: often the next one too, on whatever connection. */
        private Sender lastSender;
        private Pusher last;

        private Table(KeyHash keys) {
            this.keys = keys;
            this.index = new Pusher[Integer.highestOneBit(max) << 1];
            this.slots = new AtomicReferenceArray<>(max);
        }

        /** Who sends this request; remembered with its connection. */
        Sender sender(Request request) {
            String agent = request.header("user-agent");
            if (request.memo() instanceof Sender known && known.is(request.principal(), agent)) {
                return known;
            }
            Sender sender = new Sender(
                    request.principal(),
                    request.remote() == null || request.remote().getAddress() == null
                            ? null
                            : request.remote().getAddress().getHostAddress(),
                    agent == null || agent.length() <= SENDER_CHARS_MAX ? agent : agent.substring(0, SENDER_CHARS_MAX));
            // one object for all connections of a client, so that it is recognised without being hashed
            sender = sender.equals(lastSender) ? lastSender : sender;
            request.memo(sender);
            return sender;
        }

        /** A push has been applied, at least in part. */
        void pushed(Sender sender, byte[] group, long samples, long bytes) {
            Pusher pusher = find(sender, group);
            Pusher.add(pusher.pushes, 1);
            Pusher.add(pusher.samples, samples);
            Pusher.add(pusher.bytes, bytes);
            pusher.lastMillis.lazySet(epochMillis.getAsLong());
        }

        /** A push has been refused, wholly or in part. */
        void failed(Sender sender, byte[] group, String error) {
            Pusher pusher = find(sender, group);
            Pusher.add(pusher.errors, 1);
            pusher.error = error.length() <= ERROR_CHARS_MAX ? error : error.substring(0, ERROR_CHARS_MAX);
            pusher.errorMillis.lazySet(epochMillis.getAsLong());
        }

        private Pusher find(Sender sender, byte[] group) {
            if (group == null && sender == lastSender && last != null) {
                return use(last);
            }
            if (group == null) {
                long name = hash(sender.principal, 0);
                long address = hash(sender.address, name);
                hash(sender.userAgent, address);
            } else {
                keys.hash(group, 0, group.length, GROUP);
            }
            long h0 = keys.h0();
            long h1 = keys.h1();
            int at = (int) h0 & index.length - 1;
            Pusher pusher = index[at];
            while (pusher != null && (pusher.h0 != h0 || pusher.h1 != h1)) {
                pusher = pusher.chained;
            }
            if (pusher == null) {
                pusher = new Pusher(group == null ? null : group.clone(), h0, h1);
                pusher.sender = sender;
                pusher.slot = size < max ? size++ : forgetOldest();
                pusher.chained = index[at];
                index[at] = pusher;
                append(pusher);
                slots.setRelease(pusher.slot, pusher);
            } else if (pusher.sender != sender) {
                pusher.sender = sender;
            }
            if (group == null) {
                lastSender = sender;
                last = pusher;
            }
            return use(pusher);
        }

        private Pusher use(Pusher pusher) {
            if (pusher != newest) {
                remove(pusher);
                append(pusher);
            }
            return pusher;
        }

        private final byte[] chars = new byte[2 * SENDER_CHARS_MAX + 32];

        /** Of a text that may be none, and what came before it. */
        private long hash(String text, long before) {
            int length = 0;
            for (int shift = 0; shift < 64; shift += 8) {
                chars[length++] = (byte) (before >>> shift);
            }
            for (int i = 0; text != null && i < text.length() && length < chars.length; i++) {
                chars[length++] = (byte) text.charAt(i);
            }
            keys.hash(chars, 0, length, SENDER + (text == null ? 1 : 0));
            return keys.h0();
        }

        private int forgetOldest() {
            Pusher gone = oldest;
            last = gone == last ? null : last;
            remove(gone);
            int at = (int) gone.h0 & index.length - 1;
            if (index[at] == gone) {
                index[at] = gone.chained;
            } else {
                Pusher before = index[at];
                while (before.chained != gone) {
                    before = before.chained;
                }
                before.chained = gone.chained;
            }
            Pusher.add(forgotten, 1);
            return gone.slot;
        }

        private void append(Pusher pusher) {
            pusher.earlier = newest;
            pusher.later = null;
            if (newest == null) {
                oldest = pusher;
            } else {
                newest.later = pusher;
            }
            newest = pusher;
        }

        private void remove(Pusher pusher) {
            if (pusher.earlier == null) {
                oldest = pusher.later;
            } else {
                pusher.earlier.later = pusher.later;
            }
            if (pusher.later == null) {
                newest = pusher.earlier;
            } else {
                pusher.later.earlier = pusher.earlier;
            }
        }
    }
}
