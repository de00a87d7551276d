package io.weir.server.http;

import io.netty.util.concurrent.EventExecutor;
import io.weir.ingest.Ingest;
import io.weir.journal.Durability;
import io.weir.sample.Limits;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.zip.Inflater;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the connections and doors of one event loop share: scratch memory, inflaters, the recorder of requests, the clock.
 * Event loop only.
 */
public final class EventLoopContext {
    private static final Logger LOG = LoggerFactory.getLogger(EventLoopContext.class);
    private static final int SCRATCH_MIN = 128 << 10;
    /** What one read brings at most. */
    private static final int INPUT_MIN = 64 << 10;
    private static final int INFLATERS_KEPT = 4;
    private static final int HELD_KEPT = 1024;
    /** A snapshot of a small store takes about as long. */
    private static final int PUT_OFF_MICROS = 100;
    /** Of a sweep, before the sockets are looked at again: ten thousand connections may have to be ended at once. */
    private static final long SWEEP_NANOS = 500_000;
    private static final int SWEEP_STEP = 16;
    private static final int GATHER_MILLIS = 100;

    /**
     * Something a door keeps once per event loop, such as parsers that are used again. Declared once per door, at the
     * start.
     */
    public static final class Local<T> {
        private static final AtomicInteger COUNT = new AtomicInteger();

        private final int id = COUNT.getAndIncrement();
        private final Function<EventLoopContext, T> make;

        /** Made by {@code make} when an event loop first asks. */
        public Local(Function<EventLoopContext, T> make) {
            this.make = make;
        }
    }

    private final Ingest ingest;
    private final HttpRecorder recorder;
    private final LongSupplier nanoClock;
    private final long inFlightMax;
    private final Turns turns;
    private final ArrayList<HttpFront> fronts = new ArrayList<>();
    private final ArrayDeque<Inflater> inflaters = new ArrayDeque<>();
    private Object[] locals = new Object[16];
    private byte[] scratch = new byte[SCRATCH_MIN];
    private byte[] input = new byte[INPUT_MIN];
    private KnownHeads heads;
    private final EventExecutor loop;
    private final ArrayDeque<HeldAnswer> heldAnswers = new ArrayDeque<>();
    private final ArrayDeque<HeldAnswer> forDisk = new ArrayDeque<>();
    private final Runnable endOfTurn = this::endTurn;
    private ArrayList<HttpFront> changed = new ArrayList<>();
    private ArrayList<HttpFront> settling = new ArrayList<>();
    private boolean turnEnds;
    private boolean forceWanted;
    private long durable = -1;
    private long lost = -1;
    private long inFlight;
    private boolean draining;
    /** Connections that the sweep in progress has yet to look at; they are the first ones. */
    private int toSweep;
    private UnreadAnswers unread;
    private final List<Runnable> gathered = new ArrayList<>();

    EventLoopContext(
            EventExecutor loop,
            Ingest ingest,
            HttpRecorder recorder,
            LongSupplier nanoClock,
            long inFlightMax,
            int waitSeconds) {
        this.loop = loop;
        this.ingest = ingest;
        this.recorder = recorder;
        this.nanoClock = nanoClock;
        this.inFlightMax = inFlightMax;
        this.turns = new Turns(loop, nanoClock, TimeUnit.SECONDS.toNanos(waitSeconds));
        if (ingest != null && ingest.journal() != null) {
            ingest.journal().listener(new OnDisk());
        }
    }

    /** This event loop's way into the store. */
    public Ingest ingest() {
        return ingest;
    }

    /** What a door keeps for this event loop. */
    @SuppressWarnings("unchecked")
    public <T> T get(Local<T> local) {
        if (local.id >= locals.length) {
            locals = Arrays.copyOf(locals, local.id + 8);
        }
        Object value = locals[local.id];
        if (value == null) {
            value = local.make.apply(this);
            locals[local.id] = value;
        }
        return (T) value;
    }

    /** The answers of the server, which this loop's count among. */
    void unread(UnreadAnswers unread) {
        this.unread = unread;
    }

    /** The source of an answer that begins. */
    BodySource hold(BodySource source) {
        return unread == null ? source : unread.hold(source);
    }

    /** Whether so many answers are being sent that what costs much should be made for several at once. */
    public boolean isCrowded() {
        return unread != null && unread.isCrowded();
    }

    /** Runs a task within {@link #GATHER_MILLIS}, together with others that were given here. */
    public void gather(Runnable task) {
        gathered.add(task);
        if (gathered.size() == 1) {
            loop.schedule(this::runGathered, GATHER_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void runGathered() {
        List<Runnable> tasks = List.copyOf(gathered);
        gathered.clear();
        tasks.forEach(Runnable::run);
    }

    /** Has everything submitted to {@link #ingest} written, applied and answered at the end of this turn of the loop. */
    public void endOfTurn() {
        if (!turnEnds) {
            turnEnds = true;
            loop.execute(endOfTurn);
        }
    }

    private void endTurn() {
        boolean over = true;
        try {
            do {
                over = ingest.flush();
                // an answer that came of the first flush may have to be kept as well
            } while (over && ingest.submitted() > 0);
        } finally {
            turnEnds = false;
        }
        if (!over) {
            turnEnds = true;
            loop.schedule(endOfTurn, PUT_OFF_MICROS, TimeUnit.MICROSECONDS);
            return;
        }
        if (forceWanted) {
            forceWanted = false;
            ingest.journal().force();
        }
        settle();
    }

    /** One pass over all connections whose held answers have changed, so that each is flushed once. */
    private void settle() {
        ArrayList<HttpFront> now = changed;
        changed = settling;
        settling = now;
        for (int i = 0; i < now.size(); i++) {
            HttpFront front = now.get(i);
            front.changed = false;
            front.settle();
        }
        now.clear();
    }

    void changed(HttpFront front) {
        if (!front.changed) {
            front.changed = true;
            changed.add(front);
            endOfTurn();
        }
    }

    HeldAnswer heldAnswer(HttpFront front) {
        HeldAnswer held = heldAnswers.pollLast();
        if (held == null) {
            held = new HeldAnswer();
        }
        held.front = front;
        return held;
    }

    void giveBack(HeldAnswer held) {
        held.front = null;
        held.fields = null;
        if (heldAnswers.size() < HELD_KEPT) {
            heldAnswers.addLast(held);
        }
    }

    /** Tickets come in order. */
    void awaitDisk(HeldAnswer answer) {
        if (answer.ticket <= durable) {
            answer.onDisk(true);
        } else if (answer.ticket <= lost) {
            answer.onDisk(false);
        } else {
            forDisk.addLast(answer);
            forceWanted = true;
        }
    }

    private final class OnDisk implements Durability {
        @Override
        public void durable(long ticket) {
            onLoop(() -> {
                durable = ticket;
                for (HeldAnswer a; (a = forDisk.peekFirst()) != null && a.ticket <= ticket; forDisk.removeFirst()) {
                    a.onDisk(true);
                }
            });
        }

        @Override
        public void lost(long ticket) {
            onLoop(() -> {
                lost = ticket;
                for (HeldAnswer a; (a = forDisk.peekFirst()) != null && a.ticket <= ticket; forDisk.removeFirst()) {
                    a.onDisk(false);
                }
            });
        }
    }

    private void onLoop(Runnable task) {
        try {
            loop.execute(task);
        } catch (RejectedExecutionException stopped) {
            LOG.debug("nobody waits for the disk any more: the event loop has stopped");
        }
    }

    Turns turns() {
        return turns;
    }

    HttpRecorder recorder() {
        return recorder;
    }

    long nanoTime() {
        return nanoClock.getAsLong();
    }

    /** Memory for one delivery of a body; what it holds is lost at the next request for it. */
    byte[] scratch(int atLeast) {
        if (scratch.length < atLeast) {
            scratch = new byte[Math.max(atLeast, scratch.length + (scratch.length >> 1))];
        }
        return scratch;
    }

    /** Memory for what one read has brought, apart from {@link #scratch}. */
    byte[] input(int atLeast) {
        if (input.length < atLeast) {
            input = new byte[Math.max(atLeast, input.length + (input.length >> 1))];
        }
        return input;
    }

    /** What is known of heads, with the limits of the first that asks: all connections have the same. */
    KnownHeads heads(Limits limits) {
        if (heads == null) {
            heads = new KnownHeads(limits);
        }
        return heads;
    }

    /** A raw inflater (RFC 1951) from the small stock, or a new one; 10 us and 40 kB of native memory each. */
    Inflater inflater() {
        Inflater inflater = inflaters.poll();
        return inflater == null ? new Inflater(true) : inflater;
    }

    void giveBack(Inflater inflater) {
        if (inflaters.size() < INFLATERS_KEPT) {
            inflater.reset();
            inflaters.push(inflater);
        } else {
            inflater.end();
        }
    }

    /** Books held input; false when this loop's share of {@code Limits.inFlightBytes} is used up. */
    boolean book(long bytes) {
        if (inFlight + bytes > inFlightMax) {
            return false;
        }
        inFlight += bytes;
        return true;
    }

    /** Books input that is there already, whether or not there is room. */
    void bookAnyway(long bytes) {
        inFlight += bytes;
    }

    /** Whether so much more input could be booked. */
    boolean hasRoom(long bytes) {
        return inFlight + bytes <= inFlightMax;
    }

    void unbook(long bytes) {
        inFlight -= bytes;
        assert inFlight >= 0;
    }

    boolean draining() {
        return draining;
    }

    void join(HttpFront front) {
        front.place(fronts.size());
        fronts.add(front);
    }

    /** Takes a front out in constant time: the last one moves into its place. */
    void leave(HttpFront front) {
        HttpFront last = fronts.remove(fronts.size() - 1);
        if (last != front) {
            fronts.set(front.place(), last);
            last.place(front.place());
        }
    }

    /** Connections whose next head has begun, new connections included. */
    int partialHeads() {
        int count = 0;
        for (HttpFront front : fronts) {
            count += front.hasPartialHead() ? 1 : 0;
        }
        return count;
    }

    /** Begins to look after all time limits, and goes on in later rounds of the event loop. */
    void beginSweep() {
        if (toSweep == 0) {
            toSweep = fronts.size();
            sweepOn();
        }
    }

    private void sweepOn() {
        sweep(System.nanoTime() + SWEEP_NANOS);
        if (toSweep > 0) {
            loop.schedule(this::sweepOn, 0, TimeUnit.NANOSECONDS); // which is after the sockets have been looked at
        }
    }

    /** Looks after all time limits at once. */
    void sweep() {
        toSweep = fronts.size();
        sweep(Long.MAX_VALUE);
    }

    /** A front may leave meanwhile, then the last one takes its place: so the walk goes from the end. */
    private void sweep(long untilNanos) {
        long now = nanoTime();
        do {
            for (int step = 0; step < SWEEP_STEP && toSweep > 0; step++) {
                toSweep--;
                if (toSweep < fronts.size()) {
                    fronts.get(toSweep).checkTime(now);
                }
            }
        } while (toSweep > 0 && (untilNanos == Long.MAX_VALUE || System.nanoTime() - untilNanos < 0));
    }

    /** From now on every answer is the last of its connection; connections between requests are closed. */
    void drain() {
        draining = true;
        for (HttpFront front : fronts.toArray(new HttpFront[0])) {
            front.drain();
        }
    }

    void closeAll() {
        for (HttpFront front : fronts.toArray(new HttpFront[0])) {
            front.closeNow();
        }
        inflaters.forEach(Inflater::end);
        inflaters.clear();
    }
}
