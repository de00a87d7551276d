package io.weir.journal;

import io.weir.journal.FrameCursor.DamagedException;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.EpochClock;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.NanoClock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what was pushed and what ended in the files of one directory. {@link #open}, then {@link #recover}, then the rest;
 * made, recovered and closed by one thread, the rest for any thread. {@link #sync} and {@link #checkpoints} are agents,
 * each for a thread of its own; {@link LoopJournal} and {@link KillJournal} belong to the threads that write.
 *
 * <p>A frame gets its sequence number before it is applied. A <em>cut</em> is a sequence number below which everything is
 * both written and applied; a checkpoint holds exactly the frames below its cut.
 *
 * <p>When a write or a force fails, the journal takes nothing more, says why ({@link #failure}), and tries the disk again
 * every {@link JournalConfig#probeMillis}. A segment that has failed is never written to again.
 */
public final class Journal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);
    static final String LOCK = "lock";
    private static final String TEMPORARY = ".tmp";
    static final String CORRUPT = ".corrupt";
    /** Journal between two checkpoints, in sizes of the first. */
    private static final int CHECKPOINT_FACTOR = 4;
    private static final int PROBE_BYTES = 4096;
    /** Folding so many series leaves tens of megabytes of garbage behind. */
    private static final int PEAK_SERIES = 1 << 17;
    /** Frames of ends remembered one by one; of more, the oldest are taken together. */
    private static final int ENDS_MAX = 1024;
    private static final long MILLI_NANOS = 1_000_000L;

    final JournalConfig config;
    private final Storage storage;
    private final EpochClock wall;
    private final NanoClock clock;
    private final Closeable lock;
    private final IdempotencyIndex keys;
    private final KillJournal kills;
    private final Chain killChain;
    private final Sync sync;
    private final Checkpoints checkpoints;

    private final AtomicLong sequence = new AtomicLong(1);
    private final AtomicLong nextNumber = new AtomicLong();
    private final AtomicLong sinceCheckpoint = new AtomicLong();
    private final AtomicLong bytesWritten = new AtomicLong();
    private final List<Segment> segments = new ArrayList<>();
    private final List<long[]> uncertain = new ArrayList<>();
    private final ArrayDeque<long[]> ends = new ArrayDeque<>();
    private volatile Chain[] chains = new Chain[0];
    private int loops;
    /** Tells this process from those before: the number of its first file. */
    private int process;
    private volatile String failure;
    private volatile long generation;
    private volatile boolean directoryChanged;
    private volatile boolean checkpointWanted;
    private volatile Runnable onPeak = () -> {};
    private volatile double progress;
    private volatile long anchorMillis;
    private volatile long anchorNanos;
    private volatile long corruptions;
    private volatile long failures;

    /** A checkpoint file and what it covers. */
    private record Checkpoint(long number, long cut, long bytes) {}

    private volatile Checkpoint current;
    private volatile Checkpoint previous;

    private Journal(Storage storage, JournalConfig config, EpochClock wall, NanoClock clock) throws IOException {
        this.storage = storage;
        this.config = config;
        this.wall = wall;
        this.clock = clock;
        this.lock = storage.lock(LOCK);
        this.anchorMillis = wall.time();
        this.anchorNanos = clock.nanoTime();
        this.sync = new Sync();
        this.checkpoints = new Checkpoints();
        this.keys = new IdempotencyIndex(config.keysMax(), config.keyMillis(), this::millis);
        this.killChain = chain(SegmentHeader.KEEPER);
        this.kills = new KillJournal(this, killChain);
    }

    /**
     * Takes a directory.
     *
     * @throws DirectoryInUseException when another process has it
     */
    public static Journal open(Storage storage, JournalConfig config, EpochClock wall, NanoClock clock)
            throws IOException {
        return new Journal(storage, config, wall, clock);
    }

    // ---- for those who write

    /** The journal of one event loop more. */
    public synchronized LoopJournal newLoop() {
        return new LoopJournal(this, chain(loops++));
    }

    /** The journal of the keeper. */
    public KillJournal kills() {
        return kills;
    }

    public IdempotencyIndex keys() {
        return keys;
    }

    private synchronized Chain chain(int writer) {
        Chain chain = new Chain(this, writer);
        Chain[] more = Arrays.copyOf(chains, chains.length + 1);
        more[chains.length] = chain;
        chains = more;
        return chain;
    }

    /** Milliseconds since the epoch by a clock that never goes back while the process lives. */
    public long millis() {
        return anchorMillis + (clock.nanoTime() - anchorNanos) / MILLI_NANOS;
    }

    long sequence() {
        return sequence.get();
    }

    long nextSequence() {
        return sequence.getAndIncrement();
    }

    long generation() {
        return generation;
    }

    /** Every frame with a lower sequence number is written and applied, but for those of {@code except}. */
    long low(Chain except) {
        long low = sequence.get();
        for (Chain chain : chains) {
            if (chain != except) {
                low = Math.min(low, chain.pendingFrom);
            }
        }
        return low;
    }

    /**
     * A frame of ends, numbered {@code sequence}, tells with {@code low} which frames may or may not be part of the values it
     * ends. Of those a checkpoint would keep the sum only, so no cut may come between the two.
     */
    void ended(long low, long sequence) {
        synchronized (ends) {
            ends.addLast(new long[] {low, sequence});
            if (ends.size() > ENDS_MAX) {
                long[] first = ends.pollFirst();
                ends.peekFirst()[0] = first[0];
            }
        }
    }

    /**
     * Where a checkpoint may end now. Frames of ends are looked at last: one that begins later finds nothing pending below
     * this cut, one that is being made keeps it low, and one that is done is remembered.
     */
    private long cut() {
        long cut = Math.min(low(null), killChain.pendingFrom);
        synchronized (ends) {
            Checkpoint base = current;
            while (base != null && !ends.isEmpty() && ends.peekFirst()[1] < base.cut) {
                ends.pollFirst();
            }
            for (Iterator<long[]> newestFirst = ends.descendingIterator(); newestFirst.hasNext(); ) {
                long[] end = newestFirst.next();
                if (end[0] < cut && cut <= end[1]) {
                    cut = end[0];
                }
            }
        }
        return cut;
    }

    void wrote(int bytes) {
        bytesWritten.getAndAdd(bytes);
        long since = sinceCheckpoint.addAndGet(bytes);
        long due = checkpointDue();
        if (since >= due && since - bytes < due) {
            LockSupport.unpark(checkpoints.thread);
        }
        if (config.sync() == JournalConfig.Sync.ALWAYS) {
            wakeSync();
        }
    }

    /** Journal after which the next checkpoint begins: a large one is not written anew for a little. */
    private long checkpointDue() {
        Checkpoint last = current;
        return Math.max(config.checkpointBytes(), last == null ? 0 : CHECKPOINT_FACTOR * last.bytes);
    }

    void wakeSync() {
        sync.wanted = true;
        LockSupport.unpark(sync.thread);
    }

    Segment newSegment(int writer, long before, long beforeSequence) throws IOException {
        long number = nextNumber.getAndIncrement();
        Storage.Output output = storage.createToGrow(Segment.name(number));
        FrameBuffer head = new FrameBuffer(SegmentHeader.BYTES);
        new SegmentHeader(SegmentHeader.VERSION, writer, number, before, wall.time(), sequence.get(), beforeSequence, process)
                .write(head);
        try {
            output.write(head.bytes, 0, head.size);
        } catch (IOException e) {
            closeQuietly(output);
            throw e;
        }
        directoryChanged = true;
        Segment segment = new Segment(number, writer, generation, output, head.size, -1);
        synchronized (segments) {
            segments.add(segment);
        }
        return segment;
    }

    /** Who is told after much memory has become garbage; must be quick. */
    public void onPeak(Runnable told) {
        onPeak = told;
    }

    private void folded(Folding folding) {
        if (folding.fold.size() >= PEAK_SERIES) {
            onPeak.run();
        }
    }

    // ---- health

    /** Whether pushes can be taken. */
    public boolean isHealthy() {
        return failure == null;
    }

    /** Why pushes cannot be taken; null when they can. */
    public String failure() {
        return failure;
    }

    void failed(String what, IOException e) {
        if (failure == null) {
            LOG.error("{} in {}: {}; nothing is accepted until the disk works again", what, storage.place(), e.toString());
        }
        failures = failures + 1;
        failure = what + ": " + (e.getMessage() == null ? e.toString() : e.getMessage());
        wakeSync();
    }

    /** Frames of a failed write that could not be undone: they are declared void before anything else is accepted. */
    void uncertain(int writer, long first, long last) {
        synchronized (uncertain) {
            uncertain.add(new long[] {writer, first, last});
        }
    }

    private void probe() {
        try {
            String name = "probe" + TEMPORARY;
            storage.delete(name);
            try (Storage.Output output = storage.create(name)) {
                output.write(new byte[PROBE_BYTES], 0, PROBE_BYTES);
                output.force();
            }
            storage.delete(name);
            writeVoids();
            storage.forceDirectory();
        } catch (IOException e) {
            failure = "the disk still fails: " + (e.getMessage() == null ? e.toString() : e.getMessage());
            return;
        }
        generation = generation + 1;
        failure = null;
        LOG.info("{} works again", storage.place());
        if (checkpointWanted) {
            LockSupport.unpark(checkpoints.thread);
        }
    }

    private void writeVoids() throws IOException {
        List<long[]> voids;
        synchronized (uncertain) {
            voids = new ArrayList<>(uncertain);
        }
        if (voids.isEmpty()) {
            return;
        }
        // a file of its own: pages that a failed force has left behind are not to be trusted
        Segment segment = newSegment(SegmentHeader.JOURNAL, -1, -1);
        segment.closed = true;
        try (Storage.Output output = segment.output) {
            FrameBuffer to = new FrameBuffer(1024);
            long number = nextSequence();
            to.beginFrame();
            to.putByte(Frame.VOIDS);
            to.putVarint(number);
            to.putVarint(millis());
            for (long[] v : voids) {
                to.putVarint(v[0]);
                to.putVarint(v[1]);
                to.putVarint(v[2]);
            }
            to.endFrame();
            output.write(to.bytes, 0, to.size);
            output.force();
            segment.bytes = segment.bytes + to.size;
            segment.lastSequence = number;
        }
        synchronized (uncertain) {
            uncertain.removeAll(voids);
        }
    }

    // ---- figures

    /** Frames, checkpoints and segments found damaged or missing so far. */
    public long corruptions() {
        return corruptions;
    }

    /** Failed writes and forces so far. */
    public long failures() {
        return failures;
    }

    /** Bytes of frames written by this process. */
    public long bytesWritten() {
        return bytesWritten.get();
    }

    /** Forces so far. */
    public long forces() {
        return sync.forces;
    }

    /** Time spent in them. */
    public long forceNanos() {
        return sync.forceNanos;
    }

    /** Checkpoints completed by this process. */
    public long checkpointsTaken() {
        return checkpoints.taken;
    }

    /** Checkpoints that failed. */
    public long checkpointsFailed() {
        return checkpoints.failed;
    }

    public int segments() {
        synchronized (segments) {
            return segments.size();
        }
    }

    /** Bytes of all segments and checkpoints that a recovery would read or fall back to. */
    public long bytesHeld() {
        long bytes = 0;
        synchronized (segments) {
            for (Segment segment : segments) {
                bytes += segment.bytes;
            }
        }
        Checkpoint c = current;
        Checkpoint p = previous;
        return bytes + (c == null ? 0 : c.bytes) + (p == null ? 0 : p.bytes);
    }

    /** How far {@link #recover} has come, from 0 to 1. */
    public double progress() {
        return progress;
    }

    // ---- recovery

    /**
     * Hands out everything the directory holds. Call once, before anything is written. Damage is set aside as
     * {@code *.corrupt}, counted and logged; it never stops recovery.
     *
     * @throws IOException when the directory cannot even be listed
     */
    public Recovered recover(RecoverySink sink) throws IOException {
        final long start = clock.nanoTime();
        List<String> names = storage.list();
        removeTemporary(names);
        Checkpoint base = chooseCheckpoint(names);
        List<Segment> found = findSegments(names);
        long cut = base == null ? 0 : base.cut;
        checkChains(found, cut);
        List<Segment> counting = new ArrayList<>(found);
        counting.removeIf(s -> s.lastSequence >= 0);
        Folding folding = new Folding(storage, counting, cut, Long.MAX_VALUE, false, this::setAside);
        int done = 0;
        for (Segment segment : counting) {
            folding.index(segment);
            progress = 0.4 * ++done / counting.size();
        }

        long[] count = new long[1];
        if (base != null) {
            try (CheckpointReader reader = checkpoint(base)) {
                anchor(Math.max(reader.header.millis(), folding.lastMillis));
                folding.base(reader);
            }
        } else {
            anchor(folding.lastMillis);
        }
        progress = 0.5;
        folding.replay();
        progress = 0.6;
        try (CheckpointReader reader = base == null ? null : checkpoint(base)) {
            folding.handOut(reader, s -> {
                count[0]++;
                sink.series(s, age(s));
                progress = reader == null ? 0.8 : 0.6 + 0.4 * reader.progress();
            });
        }
        long now = millis();
        int kept = 0;
        for (Folding.TimedKey key : folding.keys.values()) {
            if (now - key.millis() < config.keyMillis()) {
                keys.restore(key.answer(), key.millis());
                kept++;
            }
        }

        forceFound(found, cut);
        sequence.set(Math.max(Math.max(folding.lastSequence + 1, cut), 1));
        process = (int) Math.min(nextNumber.get() + 1, Integer.MAX_VALUE);
        current = base;
        long bytes = 0;
        synchronized (segments) {
            for (Segment segment : found) {
                segment.closed = true;
                segments.add(segment);
                bytes += segment.lastSequence >= cut ? segment.bytes : 0;
            }
        }
        sinceCheckpoint.set(bytes);
        renewVoids(folding.voided);
        // should a force have failed before the end of the last process, its frames are on no disk until written anew
        checkpointWanted |= folding.frames > 0;
        progress = 1;
        folded(folding);
        return new Recovered(
                count[0], folding.frames, kept, corruptions, (clock.nanoTime() - start) / MILLI_NANOS);
    }

    /** What the process before wrote and did not force any more is acknowledged all the same. */
    private void forceFound(List<Segment> found, long cut) {
        try {
            for (Segment segment : found) {
                if (segment.lastSequence >= cut) {
                    storage.force(segment.name());
                }
            }
            storage.forceDirectory();
        } catch (IOException e) {
            failed("cannot force what was found", e);
            checkpointWanted = true;
        }
    }

    /** A void whose force failed is read from the cache of the system all the same: what it voids may yet come back. */
    private void renewVoids(Set<Folding.Void> voided) {
        for (Folding.Void v : voided) {
            uncertain(v.writer(), v.first(), v.last());
        }
        if (voided.isEmpty()) {
            return;
        }
        try {
            writeVoids();
            storage.forceDirectory();
        } catch (IOException e) {
            failed("cannot write what was found to be void", e);
        }
    }

    private void anchor(long lastMillis) {
        anchorNanos = clock.nanoTime();
        anchorMillis = Math.max(wall.time(), lastMillis);
    }

    private CheckpointReader checkpoint(Checkpoint checkpoint) throws IOException {
        try {
            return new CheckpointReader(storage, CheckpointHeader.name(checkpoint.number));
        } catch (DamagedException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private long age(StoredSeries s) {
        return Math.max(0, anchorMillis - s.touchedMillis);
    }

    private void removeTemporary(List<String> names) {
        for (String name : names) {
            if (name.endsWith(TEMPORARY)) {
                deleteQuietly(name);
            }
        }
    }

    /** The newest checkpoint that is whole, else the newest of which a part can be read. */
    private Checkpoint chooseCheckpoint(List<String> names) {
        List<Long> numbers = new ArrayList<>();
        for (String name : names) {
            long number = CheckpointHeader.number(withoutSuffixes(name));
            if (number >= 0) {
                nextNumber.accumulateAndGet(number + 1, Math::max);
                if (CheckpointHeader.number(name) >= 0) {
                    numbers.add(number);
                }
            }
        }
        numbers.sort(Comparator.reverseOrder());
        Checkpoint partial = null;
        List<Long> damaged = new ArrayList<>();
        Checkpoint chosen = null;
        for (long number : numbers) {
            String name = CheckpointHeader.name(number);
            try (CheckpointReader reader = new CheckpointReader(storage, name)) {
                Checkpoint checkpoint = new Checkpoint(number, reader.header.cut(), reader.size);
                if (chosen != null) {
                    previous = previous == null ? checkpoint : previous;
                    continue;
                }
                if (reader.check()) {
                    chosen = checkpoint;
                    continue;
                }
                corrupt(name, reader.damageOffset(), "checkpoint damaged");
                // made from nothing, it is still in the segments as a whole
                partial = partial == null && reader.header.base() > 0 ? checkpoint : partial;
            } catch (IOException | DamagedException e) {
                corrupt(name, 0, e.getMessage());
            }
            damaged.add(number);
        }
        if (chosen == null && partial != null) {
            // it stays where it is until a new one has been proven
            checkpointWanted = true;
            damaged.remove(partial.number);
            chosen = partial;
        }
        for (long number : damaged) {
            renameQuietly(CheckpointHeader.name(number));
        }
        return chosen;
    }

    private static String withoutSuffixes(String name) {
        int at = name.indexOf(CORRUPT);
        return at < 0 ? name : name.substring(0, at);
    }

    private List<Segment> findSegments(List<String> names) {
        List<Segment> found = new ArrayList<>();
        for (String name : names) {
            long number = Segment.number(withoutSuffixes(name));
            if (number < 0) {
                continue;
            }
            nextNumber.accumulateAndGet(number + 1, Math::max);
            if (Segment.number(name) < 0) {
                continue;
            }
            try (SegmentReader reader = new SegmentReader(storage, name, Long.MAX_VALUE)) {
                found.add(new Segment(number, reader.header.writer(), -1, null, Long.MAX_VALUE, -1));
            } catch (DamagedException e) {
                if (isBlank(name)) {
                    // a crash between creating the file and writing its header
                    deleteQuietly(name);
                } else {
                    corrupt(name, 0, e.getMessage());
                    renameQuietly(name);
                }
            } catch (IOException e) {
                corrupt(name, 0, e.toString());
            }
        }
        found.sort(Comparator.comparingLong(s -> s.number));
        return found;
    }

    private boolean isBlank(String name) {
        try {
            return storage.isBlank(name, 0);
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Each segment says how far the one before it went: that one is missing, or need not be read, or is read.
     */
    private void checkChains(List<Segment> found, long cut) {
        Map<Long, Segment> numbers = new HashMap<>();
        for (Segment segment : found) {
            numbers.put(segment.number, segment);
        }
        for (Segment segment : found) {
            try (SegmentReader reader = new SegmentReader(storage, segment.name(), SegmentHeader.BYTES)) {
                SegmentHeader header = reader.header;
                Segment before = numbers.get(header.previous());
                if (before == null) {
                    if (header.previous() >= 0 && header.previousSequence() >= cut) {
                        corrupt(Segment.name(header.previous()), 0, "segment is missing");
                    }
                } else if (header.previousSequence() < cut && header.previousSequence() >= 0) {
                    before.lastSequence = header.previousSequence();
                    before.bytes = size(before);
                }
            } catch (IOException | DamagedException e) {
                LOG.debug("{} cannot be read twice", segment.name(), e);
            }
        }
    }

    private long size(Segment segment) throws IOException {
        try (Storage.Input input = storage.open(segment.name())) {
            return input.size();
        }
    }

    private void corrupt(String name, long offset, String what) {
        corruptions = corruptions + 1;
        LOG.error("{}/{} at byte {}: {}", storage.place(), name, offset, what);
    }

    /** Copies what lies behind the damage into a file of its own, then cuts it off. */
    private void setAside(Segment segment, long offset, String what) {
        String name = segment.name();
        corrupt(name, offset, what);
        try {
            String aside = freeName(name);
            try (Storage.Input input = storage.open(name);
                    Storage.Output output = storage.create(aside)) {
                byte[] block = new byte[64 << 10];
                long at = offset;
                for (int n; (n = input.read(at, block, 0, block.length)) > 0; at += n) {
                    output.write(block, 0, n);
                }
                output.force();
            }
            storage.forceDirectory();
            storage.truncate(name, offset);
            LOG.warn("what lies behind is kept in {}", aside);
        } catch (IOException e) {
            segment.damaged = true;
            LOG.warn("what lies behind stays in {}: {}", name, e.toString());
        }
    }

    private String freeName(String name) throws IOException {
        List<String> names = storage.list();
        String free = name + CORRUPT;
        for (int i = 2; names.contains(free); i++) {
            free = name + CORRUPT + '-' + i;
        }
        return free;
    }

    private void renameQuietly(String name) {
        try {
            storage.rename(name, freeName(name));
        } catch (IOException e) {
            LOG.warn("{} cannot be set aside: {}", name, e.toString());
        }
    }

    private void deleteQuietly(String name) {
        try {
            storage.delete(name);
        } catch (IOException e) {
            LOG.warn("{} cannot be deleted: {}", name, e.toString());
        }
    }

    private static void closeQuietly(Closeable file) {
        try {
            file.close();
        } catch (IOException e) {
            LOG.debug("close failed", e);
        }
    }

    // ---- agents

    /** Forces what is written to the disk, and tries a failing disk again. */
    public Agent sync() {
        return sync;
    }

    /** Sleeps until there is something to force. */
    public IdleStrategy syncIdle() {
        return new Parking(() -> sync.wanted, Math.min(config.intervalMillis(), config.probeMillis()) * MILLI_NANOS);
    }

    /** Folds what is written into checkpoints, and deletes what they cover. */
    public Agent checkpoints() {
        return checkpoints;
    }

    /** Sleeps until a checkpoint is due. */
    public IdleStrategy checkpointIdle() {
        return new Parking(() -> false, 1_000 * MILLI_NANOS);
    }

    /** Has a checkpoint made soon, whatever has been written. */
    public void requestCheckpoint() {
        checkpointWanted = true;
        LockSupport.unpark(checkpoints.thread);
    }

    /** Forces everything and leaves the directory. All who write have stopped. */
    @Override
    public void close() throws IOException {
        for (Chain chain : chains) {
            chain.retire();
        }
        try {
            if (isHealthy()) {
                sync.force();
            }
        } finally {
            for (Chain chain : chains) {
                for (Segment segment; (segment = chain.retired.poll()) != null; ) {
                    closeQuietly(segment.output);
                }
            }
            lock.close();
        }
    }

    private final class Sync implements Agent {
        private volatile Thread thread;
        private volatile boolean wanted;
        private volatile long forces;
        private volatile long forceNanos;
        private long lastNanos = clock.nanoTime();
        private long lastProbe = clock.nanoTime();
        private Checkpoint told;

        @Override
        public String roleName() {
            return "journal-sync";
        }

        @Override
        public int doWork() {
            thread = Thread.currentThread();
            long now = clock.nanoTime();
            if (!isHealthy()) {
                wanted = false;
                tellLost();
                if (now - lastProbe >= config.probeMillis() * MILLI_NANOS) {
                    lastProbe = now;
                    probe();
                    return 1;
                }
                return 0;
            }
            lastProbe = now - config.probeMillis() * MILLI_NANOS;
            tellCheckpointed();
            boolean due = wanted
                    || config.sync() == JournalConfig.Sync.INTERVAL
                            && now - lastNanos >= config.intervalMillis() * MILLI_NANOS;
            if (!due) {
                return 0;
            }
            wanted = false;
            lastNanos = now;
            return force();
        }

        /** One force for everything written so far. */
        private int force() {
            Chain[] all = chains;
            long[] written = new long[all.length];
            Segment[] open = new Segment[all.length];
            boolean[] good = new boolean[all.length];
            int work = 0;
            for (int i = 0; i < all.length; i++) {
                // in this order: what was written before is in a segment retired or in the one seen now
                written[i] = all[i].written;
                open[i] = all[i].segment;
                good[i] = true;
                for (Segment segment; (segment = all[i].retired.poll()) != null; ) {
                    good[i] &= force(all[i], segment);
                    closeQuietly(segment.output);
                    work++;
                }
                if (open[i] != null && open[i].bytes > open[i].forcedBytes) {
                    good[i] &= force(all[i], open[i]);
                    work++;
                }
            }
            if (directoryChanged) {
                directoryChanged = false;
                try {
                    storage.forceDirectory();
                } catch (IOException e) {
                    directoryChanged = true;
                    Arrays.fill(good, false);
                    failed("cannot force the directory", e);
                    checkpointWanted = true;
                }
            }
            for (int i = 0; i < all.length; i++) {
                Chain chain = all[i];
                if (!good[i]) {
                    lost(chain, written[i]);
                } else if (written[i] > chain.durable && written[i] > chain.lost) {
                    chain.durable = written[i];
                    chain.listener.durable(written[i]);
                }
            }
            return work;
        }

        private boolean force(Chain chain, Segment segment) {
            if (segment.failed) {
                lost(chain, segment.lastSequence);
                return true;
            }
            long bytes = segment.bytes;
            if (bytes == segment.forcedBytes) {
                return true;
            }
            long start = clock.nanoTime();
            try {
                segment.output.force();
                segment.forcedBytes = bytes;
                forces = forces + 1;
                forceNanos = forceNanos + clock.nanoTime() - start;
                return true;
            } catch (IOException e) {
                segment.failed = true;
                failed("cannot force " + segment.name() + " to the disk", e);
                // what the segment holds is written anew, by a checkpoint, once the disk works
                checkpointWanted = true;
                return false;
            }
        }

        /** A checkpoint has brought to the disk what failed segments hold. */
        private void tellCheckpointed() {
            Checkpoint newest = current;
            if (newest == told) {
                return;
            }
            told = newest;
            for (Chain chain : chains) {
                long written = chain.written;
                if (written < newest.cut && written > chain.durable) {
                    chain.durable = written;
                    chain.listener.durable(written);
                }
            }
        }

        /** Tells those who wait for frames of failed segments. */
        private void tellLost() {
            for (Chain chain : chains) {
                lost(chain, chain.written);
            }
        }

        private void lost(Chain chain, long ticket) {
            if (ticket > chain.durable && ticket > chain.lost) {
                chain.lost = ticket;
                chain.listener.lost(ticket);
            }
        }
    }

    private final class Checkpoints implements Agent {
        private volatile Thread thread;
        private volatile long taken;
        private volatile long failed;
        private long retryNanos = Long.MIN_VALUE;

        @Override
        public String roleName() {
            return "journal-checkpoint";
        }

        @Override
        public int doWork() {
            thread = Thread.currentThread();
            if (!isHealthy() || !checkpointWanted && sinceCheckpoint.get() < checkpointDue()) {
                return 0;
            }
            long now = clock.nanoTime();
            if (retryNanos != Long.MIN_VALUE && now - retryNanos < 0) {
                return 0;
            }
            long cut = cut();
            Checkpoint base = current;
            if (cut <= (base == null ? 0 : base.cut)) {
                return 0;
            }
            boolean wanted = checkpointWanted;
            checkpointWanted = false;
            long since = sinceCheckpoint.get();
            try {
                take(base, cut);
                sinceCheckpoint.addAndGet(-since);
                retryNanos = Long.MIN_VALUE;
                taken = taken + 1;
            } catch (IOException | DamagedException e) {
                checkpointWanted |= wanted;
                retryNanos = now + config.probeMillis() * MILLI_NANOS;
                failed = failed + 1;
                LOG.warn("no checkpoint in {}: {}", storage.place(), e.toString());
            }
            return 1;
        }

        private void take(Checkpoint base, long cut) throws IOException {
            List<Segment> sources = new ArrayList<>();
            synchronized (segments) {
                for (Segment s : segments) {
                    if (!s.closed || base == null || s.lastSequence >= base.cut) {
                        // a copy: its bytes stand still, and after the cut was chosen they hold all below it
                        Segment copy = new Segment(s.number, s.writer, s.generation, null, s.bytes, s.lastSequence);
                        copy.definitionsEnd = s.definitionsEnd;
                        sources.add(copy);
                    }
                }
            }
            long from = base == null ? 0 : base.cut;
            Folding folding = new Folding(storage, sources, from, cut, true, this::damaged);
            for (Segment segment : sources) {
                folding.index(segment);
            }

            long number = nextNumber.getAndIncrement();
            String name = CheckpointHeader.name(number);
            String temporary = name + TEMPORARY;
            long bytes;
            try (CheckpointWriter writer = new CheckpointWriter(
                    storage,
                    temporary,
                    new CheckpointHeader(CheckpointHeader.VERSION, number, cut, millis(), from))) {
                fold(folding, base, writer);
                bytes = writer.finish();
            } catch (IOException | RuntimeException e) {
                deleteQuietly(temporary);
                throw e;
            }
            storage.rename(temporary, name);
            storage.forceDirectory();
            try (CheckpointReader proof = new CheckpointReader(storage, name)) {
                if (!proof.check()) {
                    throw new IOException(name + " cannot be read back");
                }
            }
            previous = base;
            current = new Checkpoint(number, cut, bytes);
            prune();
            folded(folding);
        }

        /** The checkpoint before is read twice: first for what the segments change, then for all of it. */
        private void fold(Folding folding, Checkpoint base, CheckpointWriter writer) throws IOException {
            if (base != null) {
                try (CheckpointReader reader = checkpoint(base)) {
                    folding.base(reader);
                }
            }
            folding.replay();
            try (CheckpointReader reader = base == null ? null : checkpoint(base)) {
                folding.handOut(reader, writer::series);
            }
            long now = millis();
            int excess = folding.keys.size() - config.keysMax();
            for (Folding.TimedKey key : folding.keys.values()) {
                if (excess-- <= 0 && now - key.millis() < config.keyMillis()) {
                    writer.key(key.answer(), key.millis());
                }
            }
        }

        private void damaged(Segment copy, long offset, String what) {
            corrupt(copy.name(), offset, what);
            synchronized (segments) {
                for (Segment s : segments) {
                    s.damaged |= s.number == copy.number;
                }
            }
        }

        /** Keeps two checkpoints and the segments behind the older one: should the newer be damaged, nothing is lost. */
        private void prune() throws IOException {
            Checkpoint keep = previous;
            for (String name : storage.list()) {
                long number = CheckpointHeader.number(name);
                if (number >= 0 && number < (keep == null ? current.number : keep.number)) {
                    deleteQuietly(name);
                }
            }
            if (keep == null) {
                return;
            }
            List<Segment> gone = new ArrayList<>();
            synchronized (segments) {
                for (Segment s : segments) {
                    if (s.closed && s.lastSequence < keep.cut) {
                        gone.add(s);
                    }
                }
                segments.removeAll(gone);
            }
            for (Segment s : gone) {
                if (s.damaged) {
                    renameQuietly(s.name());
                } else {
                    deleteQuietly(s.name());
                }
            }
        }
    }

    /** Sleeps when there was no work. */
    private static final class Parking implements IdleStrategy {
        private final java.util.function.BooleanSupplier wanted;
        private final long nanos;

        Parking(java.util.function.BooleanSupplier wanted, long nanos) {
            this.wanted = wanted;
            this.nanos = nanos;
        }

        @Override
        public void idle(int workCount) {
            if (workCount == 0) {
                idle();
            }
        }

        @Override
        public void idle() {
            if (!wanted.getAsBoolean()) {
                LockSupport.parkNanos(this, nanos);
            }
        }

        @Override
        public void reset() {}

        @Override
        public String alias() {
            return "parking";
        }
    }
}
