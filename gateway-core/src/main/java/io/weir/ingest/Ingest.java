package io.weir.ingest;

import io.weir.ingest.CellJoiner.Cell;
import io.weir.ingest.Declarations.Declaration;
import io.weir.journal.KeyedAnswer;
import io.weir.journal.LoopJournal;
import io.weir.journal.Outcome;
import io.weir.journal.Replace;
import io.weir.sample.Code;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.GaugePolicy;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.MetricType;
import io.weir.sample.Mode;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.HistogramValue;
import io.weir.store.Families;
import io.weir.store.Family;
import io.weir.store.SeriesTable;
import io.weir.store.TableWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * One event loop's way into the store: hands out batches, commits them, keeps the opaque-key cache. Event loop only.
 *
 * <p><b>Commit</b> has two phases. <i>Prepare</i> creates the records of newcomers, dead, and reserves a live place for
 * each; here a batch meets a type conflict or a limit, gives its reservations back and leaves nothing. <i>Apply</i> cannot
 * fail: every sample is one CAS on its record. A series that was live when it was staged and has been killed since is
 * revived; where even that is impossible, because its family has taken another type or its record is gone, the sample
 * counts as added just before that kill, which was concurrent to this request.
 *
 * <p><b>With a journal</b> the two phases are apart: {@link #submit} and {@link #submitLines} prepare a batch and append
 * it to the journal of this event loop, {@link #flush} at the end of the event loop's turn writes all of them at once,
 * applies them and tells {@link Settled}. Without one {@link #commit} and {@link #commitLines} do both phases at once.
 *
 * <p><b>A batch of a group</b> goes by {@link #submit} and {@link #flush} in either case. Prepare also claims new series for the
 * group and refuses those of others; apply also ends what the batch replaces, {@link GroupMembers}, inside the gate.
 */
public final class Ingest {
    private static final int POOLED_BATCHES = 64;
    private static final int TURN_BYTES = 1 << 20;
    /** The arrays of one batch up to this size stay for the next: 2 MB an event loop. */
    private static final int LARGE_KEPT_SAMPLES = 1 << 16;

    private static final int TURN_BATCHES = 1 << 10;
    private static final byte[] NO_HELP = {};

    /** A batch of so many samples leaves tens of megabytes of garbage behind. */
    private static final int PEAK_SAMPLES = 1 << 18;

    private final SeriesTable table;
    private final TableWriter writer;
    private final SeriesCache cache;
    /** Lines of points by hash: reference is the entry of the first field in {@link #cache}, those of others follow it. */
    private final SeriesCache lines;
    private int linesOf;
    private final Limits limits;
    private final KeyHash hash;
    private final Function<String, FamilyPolicy> policies;
    private final Runnable onPeak;
    private final ArrayDeque<Batch> pool = new ArrayDeque<>();
    private final List<double[]> bounds = new ArrayList<>();
    private final Repeats repeats = new Repeats();
    private Batch.LargeArrays large;
    private final LoopJournal journal;
    private final ArrayList<Batch> turn = new ArrayList<>();
    private final GroupMembers members;
    private int grouped;
    private boolean changing;
    private String refusal = "";
    private int depth;
    private volatile long superseded;
    private volatile boolean rulesChanged;

    /**
     * @param hash the store's hash, the same secret for all event loops
     * @param policies policy of a family by name, as the store has it
     * @param cacheEntries opaque keys remembered at most
     * @param onPeak told after a batch of {@link #PEAK_SAMPLES} has been let go of; must be quick
     */
    public Ingest(
            SeriesTable table,
            Limits limits,
            KeyHash hash,
            Function<String, FamilyPolicy> policies,
            int cacheEntries,
            Runnable onPeak) {
        this(table, limits, hash, policies, cacheEntries, onPeak, null);
    }

    /**
     * As above.
     *
     * @param journal that of this event loop; null for none
     */
    public Ingest(
            SeriesTable table,
            Limits limits,
            KeyHash hash,
            Function<String, FamilyPolicy> policies,
            int cacheEntries,
            Runnable onPeak,
            LoopJournal journal) {
        this.journal = journal;
        this.table = table;
        this.writer = table.newWriter();
        this.members = new GroupMembers(writer);
        this.cache = new SeriesCache(cacheEntries);
        this.lines = new SeriesCache(cacheEntries / 2);
        this.limits = limits;
        this.hash = hash;
        this.policies = policies;
        this.onPeak = onPeak;
    }

    /** Opens the store for staging; parse a chunk between this and {@link #exit}, and never block in between. Nests. */
    public void enter() {
        if (depth++ == 0) {
            writer.enter();
        }
    }

    public void exit() {
        if (--depth == 0) {
            writer.exit();
        }
    }

    /** A batch to stage into; give it back with {@link #close}, committed or not. */
    public Batch open(Mode mode) {
        if (rulesChanged) {
            rulesChanged = false;
            cache.clear();
        }
        Batch batch = pool.pollLast();
        if (batch == null) {
            batch = new Batch(this);
        }
        batch.open(mode);
        return batch;
    }

    /**
     * A batch of which every series belongs to a group; it goes by {@link #submit} and {@link #flush} whether there is a
     * journal or not.
     *
     * @param key the grouping labels as canonical label text: sorted by name, values escaped, and there even if empty
     * @param replace what else of the group ends; all but NOTHING go with SET
     */
    public Batch open(Mode mode, byte[] key, int offset, int length, Replace replace) {
        Batch batch = open(mode);
        batch.open(mode, table.groups().claim(key, offset, length), replace);
        return batch;
    }

    public void close(Batch batch) {
        boolean peak = batch.samples() >= PEAK_SAMPLES;
        if (batch.group != null) {
            table.groups().release(batch.group);
        }
        batch.clear();
        if (peak) {
            onPeak.run();
        }
        if (pool.size() < POOLED_BATCHES) {
            pool.addLast(batch);
        }
    }

    /**
     * Applies all of a batch, or nothing.
     *
     * @return OK, or why nothing was applied, with more in {@link Batch#detail()}
     */
    public Code commit(Batch batch) {
        Code joined = join(batch);
        if (joined != Code.OK) {
            return joined;
        }

        enter();
        try {
            Code code = prepareAll(batch);
            if (code != Code.OK) {
                release(batch);
                return code;
            }
            apply(batch, null);
            finish(batch);
            return Code.OK;
        } finally {
            exit();
        }
    }

    /**
     * Applies the good lines of a batch of points. A line of which one sample is refused is left out as a whole.
     *
     * @return the refused lines, by the numbers given to {@link Batch#mark}, or null when all lines were applied
     */
    public RefusedLines commitLines(Batch batch) {
        enter();
        try {
            RefusedLines refused = prepareLines(batch);
            if (refused == null) {
                repeats.mark(batch);
            }
            joinObservations(batch, refused);
            apply(batch, refused);
            release(batch);
            finish(batch);
            return refused;
        } finally {
            exit();
        }
    }

    // ---- with a journal

    /** The journal that batches go through, by submit and flush; null when they are committed. */
    public LoopJournal journal() {
        return journal;
    }

    /**
     * Accepts all of a batch, or nothing. When the answer is OK the batch is applied by {@link #flush}, which then tells
     * {@code settled}; otherwise it is the caller's at once.
     *
     * @param key idempotency key with the answer to be given, or null
     * @return OK, JOURNAL_FAILING, or why the store refuses it, with more in {@link Batch#detail()}
     */
    public Code submit(Batch batch, KeyedAnswer key, Settled settled) {
        Code joined = join(batch);
        if (joined != Code.OK) {
            return joined;
        }
        if (!beginTurn()) {
            return Code.JOURNAL_FAILING;
        }
        Code code = prepareAll(batch);
        if (code == Code.TYPE_CONFLICT && batch.replace != Replace.NOTHING && !turn.isEmpty()) {
            // it may be with what this turn has not applied yet
            release(batch);
            finishTurn();
            if (!beginTurn()) {
                return Code.JOURNAL_FAILING;
            }
            code = prepareAll(batch);
        }
        if (code == Code.OK && batch.replace != Replace.NOTHING) {
            code = members.refuseTwice(batch);
        }
        if (code != Code.OK) {
            release(batch);
            leaveIdleTurn();
            return code;
        }
        if (batch.group != null) {
            grouped++;
            changing |= batch.changes != null;
        }
        append(batch, null, key, settled);
        return Code.OK;
    }

    /**
     * Accepts all of some batches, each of a group of its own, or nothing. They are written together and applied in one turn, so
     * a scrape sees all of them or none.
     *
     * @param settled told of each batch
     * @return as of {@link #submit}; what was refused is told by {@link #refusal()}
     */
    public Code submitAll(List<Batch> batches, Settled settled) {
        // types may change: nothing may be half way
        finishTurn();
        if (!beginTurn()) {
            return Code.JOURNAL_FAILING;
        }
        Code code = Code.OK;
        int prepared = 0;
        while (code == Code.OK && prepared < batches.size()) {
            Batch batch = batches.get(prepared++);
            code = join(batch);
            code = code == Code.OK ? prepareAll(batch) : code;
            if (code == Code.OK && batch.replace != Replace.NOTHING) {
                code = members.refuseTwice(batch);
            }
        }
        if (code != Code.OK) {
            refusal = GroupSplitter.inGroup(batches.get(prepared - 1));
            for (int i = 0; i < prepared; i++) {
                release(batches.get(i));
            }
            leaveIdleTurn();
            return code;
        }
        for (Batch batch : batches) {
            grouped++;
            changing |= batch.changes != null;
            append(batch, null, null, settled);
        }
        return Code.OK;
    }

    /** What was refused by {@link #submitAll}. */
    public String refusal() {
        return refusal;
    }

    /**
     * Accepts the good lines of a batch of points, as {@link #commitLines}.
     *
     * @param key makes the idempotency key with the answer that fits the refused lines (null for none); or null
     * @return OK, or JOURNAL_FAILING when nothing was accepted; the refused lines are in {@link Batch#refused()}
     */
    public Code submitLines(Batch batch, Function<RefusedLines, KeyedAnswer> key, Settled settled) {
        if (!beginTurn()) {
            return Code.JOURNAL_FAILING;
        }
        RefusedLines refused = prepareLines(batch);
        if (refused == null) {
            repeats.mark(batch);
        }
        joinObservations(batch, refused);
        append(batch, refused, key == null ? null : key.apply(refused), settled);
        return Code.OK;
    }

    /** Batches submitted since the last flush. */
    public int submitted() {
        return turn.size();
    }

    /**
     * Writes, applies and settles everything submitted; to be called at the end of each turn of the event loop.
     *
     * @return false when nothing has been done, since there are batches of groups and a snapshot is being taken: call again
     *     in a moment, the turn goes on until then
     */
    public boolean flush() {
        if (turn.isEmpty()) {
            return true;
        }
        boolean gated = grouped > 0;
        if (gated && !writer.tryEnterGate()) {
            return false;
        }
        grouped = 0;
        changing = false;
        Outcome outcome = Outcome.APPLIED;
        try {
            if (journal != null) {
                outcome = journal.write();
            }
            for (int i = 0; i < turn.size(); i++) {
                Batch batch = turn.get(i);
                if (outcome != Outcome.APPLIED) {
                    release(batch);
                } else if (batch.group == null) {
                    apply(batch, batch.refused);
                    finish(batch);
                } else {
                    applyToGroup(batch);
                }
            }
        } finally {
            if (gated) {
                writer.exitGate();
            }
            if (journal != null) {
                journal.applied();
            }
            exit();
        }
        // those told may submit again
        Batch[] settled = turn.toArray(new Batch[0]);
        turn.clear();
        for (Batch batch : settled) {
            batch.settled.settled(batch, outcome, batch.ticket);
        }
        return true;
    }

    /** One batch of a group at a time, so that what it ends is what was there before it. */
    private void applyToGroup(Batch batch) {
        synchronized (batch.group) {
            members.begin(batch);
            apply(batch, null);
            members.settle(batch);
        }
        finish(batch);
    }

    /** Stays inside the store until the turn is flushed: records prepared now keep their numbers. */
    private boolean beginTurn() {
        if (!turn.isEmpty() && isTurnFull()) {
            finishTurn();
        }
        if (journal != null && !journal.ready()) {
            return false;
        }
        if (turn.isEmpty()) {
            enter();
        }
        return true;
    }

    /** Now: waits for the keeper where {@link #flush} would put it off. */
    private void finishTurn() {
        while (!flush()) {
            Thread.onSpinWait();
        }
    }

    /** A family that gets another type keeps everybody out, the next push of the same client too. */
    private boolean isTurnFull() {
        return changing || (journal == null ? turn.size() >= TURN_BATCHES : journal.pendingBytes() > TURN_BYTES);
    }

    private void leaveIdleTurn() {
        if (turn.isEmpty()) {
            exit();
        }
    }

    private void append(Batch batch, RefusedLines refused, KeyedAnswer key, Settled settled) {
        if (journal != null) {
            write(batch, refused, key);
        }
        batch.refused = refused;
        batch.settled = settled;
        turn.add(batch);
    }

    private void write(Batch batch, RefusedLines refused, KeyedAnswer key) {
        journal.begin(key, batch.group, batch.replace, batch.ttlSeconds);
        long[] targets = batch.targets;
        int[] operations = batch.operations;
        double[] values = batch.values;
        long[] stamps = batch.lines == null ? null : batch.stamps;
        for (int i = 0, n = batch.size; i < n; ) {
            int operation = operations[i];
            if (operation >= Batch.REPLACED || refused != null && refused.contains(batch.lines[i])) {
                i++;
                continue;
            }
            boolean stamped = operation == TableWriter.SET && stamps != null && stamps[i] != Batch.NO_STAMP;
            if (refused == null && stamped == (stamps != null)) {
                int next = stamped
                        ? journal.stamped(targets, operations, values, stamps, Batch.NO_STAMP, i, n)
                        : journal.scalars(targets, operations, values, i, n);
                if (next > i) {
                    i = next;
                    continue;
                }
            }
            long target = targets[i];
            long reference = target >= 0 ? target : batch.newcomers.reference((int) (-1 - target));
            if (journal.isDefined(reference) || define(reference)) {
                if (stamped) {
                    journal.stamped(reference, stamps[i], values[i]);
                } else {
                    journal.scalar(reference, operation, values[i]);
                }
            }
            i++;
        }
        CellJoiner joiner = batch.joiner;
        for (int i = 0; i < joiner.size(); i++) {
            Cell cell = joiner.cell(i);
            long reference = cell.target >= 0 ? cell.target : batch.newcomers.reference((int) (-1 - cell.target));
            if (cell.value == null) {
                continue;
            }
            if (journal.isDefined(reference) || define(reference)) {
                journal.cell(reference, cell.set, cell.value);
            }
        }
        appendHelp(batch);
        batch.ticket = journal.end();
    }

    /** New HELP texts; and that there is none for families that may have begun anew, which takes the old one from them. */
    private void appendHelp(Batch batch) {
        Newcomers newcomers = batch.newcomers;
        Declarations declarations = batch.declarations;
        for (int i = 0, n = newcomers.size(); i < n; i++) {
            if (newcomers.isReserved(i)) {
                declarations.get(newcomers.declaration(i)).begun = true;
            }
        }
        for (int i = 0; i < declarations.size(); i++) {
            Declaration d = declarations.get(i);
            Family family = d.help != null || d.begun ? familyThere(d) : null;
            if (family != null && d.help != null) {
                journal.help(family, d.help);
            } else if (family != null && family.help() == null) {
                journal.help(family, NO_HELP);
            }
        }
    }

    /** False when the record is gone: then the sample is superseded, as it will be when it is applied. */
    private boolean define(long reference) {
        if (writer.state(reference) == TableWriter.GONE) {
            return false;
        }
        writer.seekLabels(reference);
        journal.define(
                reference,
                writer.family(reference),
                writer.type(reference),
                writer.labelChunk(),
                writer.labelOffset(),
                writer.labelLength());
        return true;
    }

    /** Samples that met a concurrent kill and could not revive their series; they count as killed with it. Any thread. */
    public long superseded() {
        return superseded;
    }

    /** Rules have changed, and with them what opaque keys stand for: they are learnt anew from the next batch on. Any thread. */
    public void rulesChanged() {
        rulesChanged = true;
    }

    // ---- prepare

    private Code join(Batch batch) {
        CellJoiner joiner = batch.joiner;
        for (int i = 0; i < joiner.size(); i++) {
            Code code = joiner.join(joiner.cell(i));
            if (code != Code.OK) {
                batch.detail(describe(batch, joiner.cell(i)));
                return code;
            }
        }
        return Code.OK;
    }

    /**
     * Whether a series that was known when its sample was read has ended and left the table since, as it may during a body
     * that takes its time. Its key is no longer at hand. Those that are still there stay until the commit is over.
     */
    private boolean hasLostSeries(Batch batch) {
        for (int i = 0; i < batch.size; i++) {
            if (isGone(batch.targets[i])) {
                return true;
            }
        }
        CellJoiner joiner = batch.joiner;
        for (int i = 0; i < joiner.size(); i++) {
            if (isGone(joiner.cell(i).target)) {
                return true;
            }
        }
        return false;
    }

    private boolean isGone(long target) {
        return target >= 0 && writer.state(target) == TableWriter.GONE;
    }

    private Code prepareAll(Batch batch) {
        Code code = batch.mayHaveLostSeries() && hasLostSeries(batch) ? Code.SERIES_ENDED : prepare(batch);
        code = code == Code.OK ? unite(batch) : code;
        return code == Code.OK ? prepareCells(batch) : code;
    }

    private Code prepare(Batch batch) {
        Newcomers newcomers = batch.newcomers;
        for (int i = 0, n = newcomers.size(); i < n; i++) {
            Code code = prepare(batch, i);
            if (code != Code.OK) {
                return code;
            }
        }
        return Code.OK;
    }

    /** Reserves first, so that a refused series costs the table nothing; then finds or creates the record. */
    private Code prepare(Batch batch, int newcomer) {
        Newcomers newcomers = batch.newcomers;
        Declaration d = batch.declarations.get(newcomers.declaration(newcomer));
        MetricType type = newcomers.type(newcomer);
        while (true) {
            long reference = writer.find(newcomers.h0(newcomer), newcomers.h1(newcomer));
            if (reference != TableWriter.NONE && writer.state(reference) == TableWriter.LIVE) {
                newcomers.reference(newcomer, reference);
                return batch.group == null || writer.owner(reference) == batch.group
                        ? Code.OK
                        : batch.othersSeries(reference);
            }
            Family family = reference != TableWriter.NONE ? writer.family(reference) : family(d);
            if (family == null) {
                batch.detail("limit " + limits.families() + " families (--limits.families), new: " + d.text());
                return Code.FAMILY_LIMIT;
            }
            Code code = writer.reserve(family, type, limits.familySeries());
            if (code == Code.UNKNOWN) {
                continue;
            }
            if (code == Code.TYPE_CONFLICT && batch.replace != Replace.NOTHING && members.change(batch, family, type)) {
                code = writer.reserveInChange(family);
            }
            if (code != Code.OK) {
                batch.detail(refusal(code, d, type));
                return code;
            }
            if (reference == TableWriter.NONE) {
                if (newcomers.quotesNames(newcomer)) {
                    family.quotesLabels();
                }
                reference = writer.findOrCreate(
                        newcomers.h0(newcomer),
                        newcomers.h1(newcomer),
                        family,
                        type,
                        newcomers.arena(),
                        newcomers.textOffset(newcomer),
                        newcomers.textLength(newcomer));
                if (reference == TableWriter.FULL) {
                    writer.release(family);
                    return Code.TABLE_FULL;
                }
            }
            int state = reference == TableWriter.NONE ? TableWriter.GONE : writer.state(reference);
            if (state == TableWriter.GONE) {
                writer.release(family);
                continue;
            }
            newcomers.reference(newcomer, reference);
            boolean own = batch.group == null || writer.owner(reference) == batch.group;
            if (state == TableWriter.DEAD && batch.group != null) {
                own = writer.claim(reference, batch.group);
                newcomers.claimed(newcomer, own);
            }
            if (state == TableWriter.LIVE || !own) {
                writer.release(family);
            } else {
                newcomers.reserved(newcomer, true);
            }
            return own ? Code.OK : batch.othersSeries(reference);
        }
    }

    /** The family of a declaration as it is now, made when there is none; null when there may be no more. */
    private Family family(Declaration d) {
        if (d.family == null || d.family.isRemoved()) {
            d.family = table.families().claim(d.name, 0, d.nameLength);
        }
        return d.family;
    }

    /**
     * Joins again what belongs to one histogram: when another event loop makes a series live while a body names it, some of
     * its lines have met a newcomer and others the record. Applied apart, a scrape could see the half, and a set would
     * leave it.
     */
    private Code unite(Batch batch) {
        CellJoiner joiner = batch.joiner;
        for (int i = 0, n = batch.newcomers.size() == 0 ? 0 : joiner.size(); i < n; i++) {
            Cell cell = joiner.cell(i);
            Cell other = cell.target < 0 ? joiner.find(batch.newcomers.reference((int) (-1 - cell.target))) : null;
            if (other == null) {
                continue;
            }
            joiner.unite(cell, other);
            Code code = joiner.join(cell);
            if (code != Code.OK) {
                batch.detail(describe(batch, cell));
                return code;
            }
        }
        return Code.OK;
    }

    /** Histograms merge into the union of their bounds, which has a limit as well. */
    private Code prepareCells(Batch batch) {
        CellJoiner joiner = batch.joiner;
        for (int i = 0; i < joiner.size(); i++) {
            Cell cell = joiner.cell(i);
            if (cell.set || !(cell.value instanceof HistogramValue added)) {
                continue;
            }
            long reference = cell.target < 0 ? batch.newcomers.reference((int) (-1 - cell.target)) : cell.target;
            CellValue there = writer.cell(reference);
            if (there instanceof HistogramValue histogram && histogram.unionBuckets(added) > limits.buckets()) {
                batch.detail(describe(batch, cell) + " would have more than " + limits.buckets()
                        + " buckets, --limits.buckets");
                return Code.TOO_MANY_BUCKETS;
            }
            if (there instanceof HistogramValue histogram && !histogram.addsTo(added)) {
                batch.detail(describe(batch, cell) + form(histogram) + ", pushed" + form(added));
                return Code.HISTOGRAM_FORM;
            }
        }
        return Code.OK;
    }

    private static String form(HistogramValue histogram) {
        return histogram.isClassic() ? " with classic buckets" : " with native buckets";
    }

    private RefusedLines prepareLines(Batch batch) {
        boolean lost = batch.mayHaveLostSeries() && hasLostSeries(batch);
        Newcomers newcomers = batch.newcomers;
        Code[] codes = null;
        String[] details = null;
        for (int i = 0, n = newcomers.size(); i < n; i++) {
            Code code = prepare(batch, i);
            if (code != Code.OK) {
                if (codes == null) {
                    codes = new Code[n];
                    details = new String[n];
                }
                codes[i] = code;
                details[i] = batch.detail();
            }
        }
        if (codes == null && !lost && batch.wholes.isEmpty()) {
            return null;
        }
        RefusedLines refused = new RefusedLines();
        for (int i = 0; i < batch.size; i++) {
            long target = batch.targets[i];
            int newcomer = (int) (-1 - target);
            if (target < 0 && codes != null && codes[newcomer] != null) {
                refused.add(batch.lines[i], codes[newcomer], details[newcomer]);
            } else if (lost && isGone(target)) {
                refused.add(batch.lines[i], Code.SERIES_ENDED, "");
            } else if (isTooWide(batch, i)) {
                refused.add(batch.lines[i], Code.TOO_MANY_BUCKETS, "limit " + limits.buckets() + " together with those there");
            }
        }
        if (refused.lines().isEmpty()) {
            return null;
        }
        for (int i = 0; i < batch.size; i++) {
            if (refused.contains(batch.lines[i])) {
                refused.leaveOut();
            }
        }
        return refused;
    }

    /** Whether a whole histogram, added to the one that is there, would have more buckets than the limit. */
    private boolean isTooWide(Batch batch, int i) {
        int operation = batch.operations[i];
        if ((operation & Batch.WHOLE) != Batch.WHOLE || batch.values[i] != 0
                || !(batch.wholes.get(operation >>> 8) instanceof HistogramValue added)) {
            return false;
        }
        long target = batch.targets[i];
        long reference = target >= 0 ? target : batch.newcomers.reference((int) (-1 - target));
        return writer.cell(reference) instanceof HistogramValue there && there.unionBuckets(added) > limits.buckets();
    }

    private String refusal(Code code, Declaration d, MetricType type) {
        return switch (code) {
            case TYPE_CONFLICT -> {
                Family other = writer.conflict();
                MetricType there = writer.conflictType();
                yield there == null
                        ? d.text() + " pushed as " + type + " met another type that has just gone"
                        : other.text().equals(d.text())
                        ? Batch.conflict(d.text(), there, type)
                        : d.text() + " pushed as " + type + " shares names with the " + there + " " + other.text();
            }
            case SERIES_LIMIT -> "limit " + limits.series() + " series (--series.max), new in: " + d.text();
            case FAMILY_SERIES_LIMIT ->
                    "limit " + limits.familySeries() + " series (--limits.family-series), new in: " + d.text();
            default -> d.text();
        };
    }

    // ---- apply

    private void joinObservations(Batch batch, RefusedLines refused) {
        CellJoiner joiner = batch.joiner;
        for (int i = 0, n = batch.observes ? batch.size : 0; i < n; i++) {
            int operation = batch.operations[i];
            if ((operation & Batch.OBSERVE) == 0 || refused != null && refused.contains(batch.lines[i])) {
                continue;
            }
            Cell cell = joiner.at(batch.targets[i], MetricType.HISTOGRAM, false, i);
            if ((operation & Batch.WHOLE) == Batch.WHOLE) {
                joiner.whole(cell, batch.wholes.get(operation >>> 8), batch.values[i] != 0);
            } else {
                joiner.observe(cell, bounds.get(operation >>> 8), batch.values[i]);
            }
        }
        for (int i = 0; i < joiner.size(); i++) {
            joiner.join(joiner.cell(i));
        }
    }

    private void apply(Batch batch, RefusedLines refused) {
        long[] targets = batch.targets;
        int[] operations = batch.operations;
        double[] values = batch.values;
        int[] lines = batch.lines;
        for (int i = 0, n = batch.size; i < n; i++) {
            int operation = operations[i];
            if (operation >= Batch.REPLACED || refused != null && refused.contains(lines[i])) {
                continue;
            }
            long target = targets[i];
            long stamp = lines == null ? Batch.NO_STAMP : batch.stamps[i];
            if (target >= 0) {
                if (applyScalar(target, operation, values[i], stamp) != TableWriter.APPLIED) {
                    applyToDead(batch, target, -1, operation, values[i], stamp);
                }
            } else {
                applyToDead(batch, 0, (int) (-1 - target), operation, values[i], stamp);
            }
        }
        if (batch.size > 0) {
            batch.lastValue = writer.applied();
        }

        CellJoiner joiner = batch.joiner;
        for (int i = 0; i < joiner.size(); i++) {
            if (joiner.cell(i).value != null) {
                applyCell(batch, joiner.cell(i));
            }
        }
        if (batch.ttlSeconds > 0) {
            limitLife(batch);
        }
    }

    private void limitLife(Batch batch) {
        for (int i = 0; i < batch.size; i++) {
            limitLife(batch, batch.targets[i]);
        }
        CellJoiner joiner = batch.joiner;
        for (int i = 0; i < joiner.size(); i++) {
            if (joiner.cell(i).value != null) {
                limitLife(batch, joiner.cell(i).target);
            }
        }
    }

    private void limitLife(Batch batch, long target) {
        long reference = target >= 0 ? target : batch.newcomers.reference((int) (-1 - target));
        if (reference > TableWriter.NONE) {
            writer.ttl(reference, batch.ttlSeconds);
        }
    }

    private int applyScalar(long reference, int operation, double value, long stamp) {
        return stamp != Batch.NO_STAMP && operation == TableWriter.SET
                ? writer.setLast(reference, stamp, value)
                : writer.apply(reference, operation, value);
    }

    /** Applies to a series that may be dead: by the newcomer's reservation, or by one made now. */
    private void applyToDead(Batch batch, long reference, int newcomer, int operation, double value, long stamp) {
        if (newcomer >= 0) {
            reference = batch.newcomers.reference(newcomer);
        }
        boolean reserved = newcomer >= 0 && batch.newcomers.isReserved(newcomer);
        while (true) {
            if (!reserved) {
                int result = applyScalar(reference, operation, value, stamp);
                if (result == TableWriter.APPLIED) {
                    return;
                }
                if (result == TableWriter.GONE || !reserveAnyway(reference)) {
                    superseded = superseded + 1;
                    return;
                }
            }
            int result = writer.revive(reference, value, stamp);
            if (result == TableWriter.GONE && newcomer >= 0) {
                long anew = createAnew(batch, newcomer, reference);
                if (anew > TableWriter.NONE) {
                    reference = anew;
                    reserved = true;
                    continue;
                }
            }
            if (newcomer >= 0) {
                batch.newcomers.reserved(newcomer, false);
            }
            if (result == TableWriter.APPLIED) {
                if (batch.group != null) {
                    members.took(batch, newcomer, reference);
                }
                return;
            }
            writer.release(writer.family(reference));
            if (result == TableWriter.GONE) {
                superseded = superseded + 1;
                return;
            }
            reserved = false;
        }
    }

    private void applyCell(Batch batch, Cell cell) {
        int newcomer = cell.target < 0 ? (int) (-1 - cell.target) : -1;
        long reference = newcomer < 0 ? cell.target : batch.newcomers.reference(newcomer);
        boolean reserved = newcomer >= 0 && batch.newcomers.isReserved(newcomer);
        int operation = cell.set ? TableWriter.SET : TableWriter.ADD;
        while (true) {
            if (!reserved) {
                int result = writer.apply(reference, operation, cell.value);
                if (result == TableWriter.APPLIED) {
                    return;
                }
                if (result == TableWriter.GONE || !reserveAnyway(reference)) {
                    superseded = superseded + 1;
                    return;
                }
            }
            int result = writer.revive(reference, cell.value);
            if (result == TableWriter.GONE && newcomer >= 0) {
                long anew = createAnew(batch, newcomer, reference);
                if (anew > TableWriter.NONE) {
                    reference = anew;
                    reserved = true;
                    continue;
                }
            }
            if (newcomer >= 0) {
                batch.newcomers.reserved(newcomer, false);
            }
            if (result == TableWriter.APPLIED) {
                if (batch.group != null) {
                    members.took(batch, newcomer, reference);
                }
                return;
            }
            writer.release(writer.family(reference));
            if (result == TableWriter.GONE) {
                superseded = superseded + 1;
                return;
            }
            reserved = false;
        }
    }

    /** A record prepared dead has been compacted away before it got its value; its reservation still holds the family. */
    private long createAnew(Batch batch, int newcomer, long gone) {
        Newcomers newcomers = batch.newcomers;
        long reference = writer.findOrCreate(
                newcomers.h0(newcomer),
                newcomers.h1(newcomer),
                writer.family(gone),
                newcomers.type(newcomer),
                newcomers.arena(),
                newcomers.textOffset(newcomer),
                newcomers.textLength(newcomer));
        if (reference > TableWriter.NONE) {
            newcomers.reference(newcomer, reference);
        }
        return reference;
    }

    private boolean reserveAnyway(long reference) {
        return writer.reserveAnyway(writer.family(reference), writer.type(reference)) == Code.OK;
    }

    /** Gives back what prepare reserved and apply did not use. */
    private void release(Batch batch) {
        members.abandonChanges(batch);
        Newcomers newcomers = batch.newcomers;
        for (int i = 0, n = newcomers.size(); i < n; i++) {
            if (newcomers.isReserved(i)) {
                newcomers.reserved(i, false);
                writer.release(writer.family(newcomers.reference(i)));
            }
            if (newcomers.isClaimed(i)) {
                newcomers.claimed(i, false);
                writer.disclaim(newcomers.reference(i), batch.group);
            }
        }
    }

    private void finish(Batch batch) {
        release(batch);
        Declarations declarations = batch.declarations;
        for (int i = 0; i < declarations.size(); i++) {
            Declaration d = declarations.get(i);
            Family family = d.help == null ? null : familyThere(d);
            if (family != null) {
                family.help(d.help);
            }
        }
        if (!batch.exemplars.isEmpty()) {
            keepExemplars(batch);
        }
        writer.committed();
        batch.teachCache();
    }

    private void keepExemplars(Batch batch) {
        for (Batch.StagedExemplar staged : batch.exemplars) {
            long target = staged.target();
            long reference = target >= 0 ? target : batch.newcomers.reference((int) (-1 - target));
            if (reference > TableWriter.NONE) {
                table.exemplars().put(reference, staged.exemplar());
            }
        }
    }

    /** Most exemplars that are kept, 0 for none. */
    int exemplarsMax() {
        return table.exemplars().max();
    }

    private Family familyThere(Declaration d) {
        return d.family != null ? d.family : table.families().lookup(d.name, 0, d.nameLength);
    }

    private String describe(Batch batch, Cell cell) {
        String name;
        if (cell.target < 0) {
            name = batch.declarations.get(batch.newcomers.declaration((int) (-1 - cell.target))).text();
        } else {
            enter();
            try {
                if (writer.state(cell.target) == TableWriter.GONE) {
                    return "a histogram that has just ended";
                }
                name = writer.family(cell.target).text();
            } finally {
                exit();
            }
        }
        return "histogram " + name;
    }

    // ---- what batches need

    /** The arrays of a large batch before, if they hold {@code samples}; else null. */
    Batch.LargeArrays takeLarge(int samples) {
        Batch.LargeArrays arrays = large;
        if (arrays == null || arrays.targets().length < samples) {
            return null;
        }
        large = null;
        return arrays;
    }

    /** Keeps one set of arrays, unless it is very large. */
    void giveLarge(long[] targets, double[] values, int[] operations, int[] lines, long[] stamps) {
        int n = targets.length;
        if (n <= LARGE_KEPT_SAMPLES && (large == null || large.targets().length < n)) {
            large = new Batch.LargeArrays(
                    targets,
                    values,
                    operations,
                    lines == null ? new int[n] : lines,
                    stamps == null ? new long[n] : stamps);
        }
    }

    TableWriter writer() {
        return writer;
    }

    SeriesCache cache() {
        return cache;
    }

    SeriesCache lines() {
        if (linesOf != cache.clears()) {
            linesOf = cache.clears();
            lines.clear();
        }
        return lines;
    }

    Limits limits() {
        return limits;
    }

    KeyHash hash() {
        return hash;
    }

    Families families() {
        return table.families();
    }

    GaugePolicy policy(Family family, byte[] name, int offset, int length) {
        return family != null
                ? family.policy().gauge()
                : policies.apply(new String(name, offset, length, StandardCharsets.UTF_8)).gauge();
    }

    /** Number of a bounds array, by content. */
    int boundsNumber(double[] array) {
        for (int i = 0; i < bounds.size(); i++) {
            if (Arrays.equals(bounds.get(i), array)) {
                return i;
            }
        }
        bounds.add(array);
        return bounds.size() - 1;
    }
}
