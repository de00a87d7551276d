package io.weir.ingest;

import io.weir.ingest.CellJoiner.Cell;
import io.weir.ingest.Declarations.Declaration;
import io.weir.journal.Replace;
import io.weir.parse.NumberReader;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.MetricSink;
import io.weir.sample.MetricType;
import io.weir.sample.Mode;
import io.weir.sample.NativeSample;
import io.weir.sample.SampleSink;
import io.weir.snapshot.CellValue;
import io.weir.snapshot.Exemplar;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.NativeHistogram;
import io.weir.snapshot.SummaryValue;
import io.weir.store.Family;
import io.weir.store.Group;
import io.weir.store.TableWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The samples of one request, staged: nothing of it is in the store until {@link Ingest#commit} applies all of it or
 * nothing. Event loop only; taken from {@link Ingest#open} and given back by {@link Ingest#close}, reused in between.
 *
 * <p>A staged sample is a target, an operation and a value. The target is a reference to a record of the store when its
 * series was live as it was staged, else the number of a <i>newcomer</i>: a series, with its canonical key, that commit
 * will create or revive. Lines of histograms and summaries are joined into one value per series by {@link CellJoiner}.
 */
public final class Batch implements SampleSink, PointTarget, MetricSink {
    /** Operation of a staged observation, beside those of {@link TableWriter}; the upper bits number its bounds. */
    static final int OBSERVE = 0x80;

    /** Operation of a staged sample that another one of the batch replaces; every one from here on is no scalar to apply. */
    static final int REPLACED = 0x40;

    /** Operation of a staged histogram or summary: the upper bits are its place in {@link #wholes}, its value is 1 to set. */
    static final int WHOLE = OBSERVE | 0x40;

    /** A sample without a time of its own. */
    static final long NO_STAMP = Long.MIN_VALUE;

    /** Batches of so many samples keep their arrays. */
    private static final int KEPT_SAMPLES = 4096;

    /** A batch of more samples takes the arrays that a large one has left. */
    private static final int SMALL_SAMPLES = 512;

    /** Arrays for a large batch, all of one length. */
    record LargeArrays(long[] targets, double[] values, int[] operations, int[] lines, long[] stamps) {}

    private static final long GROUP_TWEAK = 0x6772_6f75_70L;
    private static final byte[] NOTHING = {};
    private static final byte[] LE = {'l', 'e'};
    private static final byte[] QUANTILE = "quantile".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] BUCKET_SUFFIX = "_bucket".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] SUM_SUFFIX = "_sum".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] COUNT_SUFFIX = "_count".getBytes(StandardCharsets.US_ASCII);

    private final Ingest ingest;
    private final TableWriter writer;
    private final SeriesCache cache;
    private final Limits limits;
    private final SeriesKey key;
    private final KeyHash hash;
    final Declarations declarations;
    final Newcomers newcomers = new Newcomers();
    final CellJoiner joiner = new CellJoiner();

    private boolean set;
    /** The group that is pushed to, or null; then what of it ends, and what opaque keys are salted with. */
    Group group;
    Replace replace = Replace.NOTHING;
    /** Families that get another type by this batch; null for none. */
    Map<Family, MetricType> changes;
    /** Places of what the group tells of itself, or -1. */
    int toldAt = -1;
    int ttlAt = -1;
    int ttlSeconds;
    private boolean retyped;
    private long salt0;
    private long salt1;
    private int openedSecond;
    private String detail = "";
    long droppedQuantiles;
    long droppedStrings;

    long[] targets = new long[16];
    double[] values = new double[16];
    int[] operations = new int[16];
    int[] lines;
    long[] stamps;
    final List<CellValue> wholes = new ArrayList<>();
    int size;
    /** Whether there are, or were, operations from {@link #OBSERVE} on. */
    boolean observes;
    private int cellSamples;
    private int line;

    // what has been learnt of opaque keys whose series are newcomers: raw hash, target, kind, extra
    private long[] learnt = new long[16];
    private double[] learntExtras = new double[4];
    private int learntSize;

    // resolution of the sample being defined
    private int declaration;
    private MetricType type;
    private int part;
    private double bound;
    /** Native buckets that are being staged. */
    private NativeSample nativeSample;

    double lastValue;

    /** An exemplar and the target of its sample, as in {@link #targets}. */
    record StagedExemplar(long target, Exemplar exemplar) {}

    final List<StagedExemplar> exemplars = new ArrayList<>();
    private SeriesKey exemplarKey;
    private boolean isExemplar;
    private long exemplarTarget;
    private double exemplarBound;

    // what a submitted batch waits for
    RefusedLines refused;
    Settled settled;
    long ticket;

    Batch(Ingest ingest) {
        this.ingest = ingest;
        this.writer = ingest.writer();
        this.cache = ingest.cache();
        this.limits = ingest.limits();
        this.key = new SeriesKey(limits, ingest.hash());
        this.hash = ingest.hash().copy();
        this.declarations = new Declarations(ingest.families(), ingest.hash());
    }

    void open(Mode mode) {
        set = mode == Mode.SET;
        openedSecond = writer.second();
    }

    /** All series of this batch are the group's. */
    void open(Mode mode, Group of, Replace replacing) {
        open(mode);
        group = of;
        replace = replacing;
        byte[] text = of.key();
        hash.hash(text, 0, text.length, GROUP_TWEAK);
        salt0 = hash.h0();
        salt1 = hash.h1();
    }

    /** Grouping labels of the group that all series belong to, as label text; must not be written. */
    public byte[] groupKey() {
        return group.key();
    }

    /** Whether all series of this batch belong to a group. */
    public boolean isGrouped() {
        return group != null;
    }

    /** Each series of this batch, which is of no group, ends when it is not touched for so long; 0 says nothing of it. */
    public void ttl(long seconds) {
        ttlSeconds = (int) Math.min(seconds, Integer.MAX_VALUE);
    }

    /**
     * Stages that the group has been pushed to; to be called once, after the samples.
     *
     * @param ttlSeconds after which the group ends unless it is pushed to again; 0 says nothing of it
     */
    public Code pushed(double epochSeconds, long ttlSeconds) {
        return told(TableWriter.SET, epochSeconds, TableWriter.ADD, 0, ttlSeconds);
    }

    /** Stages that a push to the group has failed; as {@link #pushed}. */
    public Code failed(double epochSeconds, long ttlSeconds) {
        return told(TableWriter.ADD, 0, TableWriter.SET, epochSeconds, ttlSeconds);
    }

    private Code told(int onPushed, double pushed, int onFailed, double failed, long ttlSeconds) {
        toldAt = size;
        Code code = tell(GroupSeries.PUSHED, GroupSeries.PUSHED_HELP, onPushed, pushed);
        code = code == Code.OK ? tell(GroupSeries.FAILED, GroupSeries.FAILED_HELP, onFailed, failed) : code;
        if (code == Code.OK && ttlSeconds > 0) {
            ttlAt = size;
            code = tell(GroupSeries.TTL, GroupSeries.TTL_HELP, TableWriter.SET, ttlSeconds);
        }
        return code;
    }

    /** Adding 0 leaves the value as it is, or makes it 0. */
    private Code tell(byte[] name, byte[] help, int operation, double value) {
        hash.hash(name, 0, name.length, GROUP_TWEAK);
        long raw0 = hash.h0();
        long raw1 = hash.h1();
        int entry = cache.find(raw0 ^ salt0, raw1 ^ salt1);
        if (entry != SeriesCache.NONE) {
            long reference = cache.reference(entry);
            if (writer.state(reference) == TableWriter.LIVE && writer.owner(reference) == group) {
                return push(reference, operation, value);
            }
        }
        key.begin(name, 0, name.length);
        type = MetricType.GAUGE;
        declaration = declarations.findOrAdd(name, 0, name.length);
        Code code = join(declaration, type);
        if (code != Code.OK) {
            return code;
        }
        Declaration d = declarations.get(declaration);
        // as in help: a family without live series begins anew, without help
        boolean there = d.family != null && d.family.live() > 0 && Arrays.equals(d.family.help(), help);
        d.help = there ? null : help;
        return define(raw0, raw1, value, SampleKind.of(type, SampleKind.VALUE, operation, true), Double.NaN);
    }

    /** Whether a series met by this batch may have gone since, with its number; inside of the writer only. */
    boolean mayHaveLostSeries() {
        return writer.enteredSecond() != openedSecond;
    }

    /** Number of samples staged so far, those of histograms included. */
    public int samples() {
        return size + cellSamples;
    }

    /** The same without what a group tells of itself. */
    public int pushedSamples() {
        return toldAt < 0 ? samples() : samples() - (ttlAt < 0 ? 2 : 3);
    }

    /** Lines that {@link Ingest#submitLines} has refused; null for none. */
    public RefusedLines refused() {
        return refused;
    }

    /** Quantiles of summaries that were read and dropped: they cannot be merged. */
    public long droppedQuantiles() {
        return droppedQuantiles;
    }

    /** String fields of line protocol that were read and dropped: metrics are numbers. */
    public long droppedStrings() {
        return droppedStrings;
    }

    /** New value of the scalar series that was applied last; meaningful after the commit of a single sample. */
    public double lastValue() {
        return lastValue;
    }

    @Override
    public String detail() {
        return detail;
    }

    void detail(String text) {
        detail = text;
    }

    // ---- staging by opaque key

    @Override
    public Code known(long rawHash0, long rawHash1, double value) {
        int entry = cache.find(rawHash0 ^ salt0, rawHash1 ^ salt1);
        return entry == SeriesCache.NONE ? Code.UNKNOWN : stage(entry, value);
    }

    @Override
    public int expected(byte[] buffer, int offset, int end) {
        // the keys of groups are those of others, salted
        return group == null ? cache.expected(buffer, offset, end) : 0;
    }

    @Override
    public Code again(double value) {
        return stage(cache.takeExpected(), value);
    }

    @Override
    public void learn(byte[] buffer, int offset, int length) {
        if (group == null) {
            cache.learn(buffer, offset, length);
        }
    }

    private Code stage(int entry, double value) {
        if (retyped) {
            return Code.UNKNOWN;
        }
        int kind = cache.kind(entry);
        long reference = cache.reference(entry);
        if (reference != TableWriter.NONE && writer.state(reference) != TableWriter.LIVE) {
            return Code.UNKNOWN;
        }
        if (group != null && (reference == TableWriter.NONE || writer.owner(reference) != group)) {
            return Code.UNKNOWN;
        }
        if (SampleKind.part(kind) == SampleKind.VALUE) {
            return stageScalar(reference, kind, value);
        }
        return stagePart(reference, kind, value, cache.extra(entry));
    }

    @Override
    public Code knownNative(long rawHash0, long rawHash1, NativeSample sample) {
        nativeSample = sample;
        return known(rawHash0, rawHash1, 0);
    }

    // ---- whole lines of points

    @Override
    public Code knownLine(
            int number, long rawHash0, long rawHash1, double[] lineValues, int fields, long timestampNanos) {
        SeriesCache known = ingest.lines();
        int found = known.find(rawHash0, rawHash1);
        if (found == SeriesCache.NONE || samples() + fields > limits.samplesPerRequest()) {
            return Code.UNKNOWN;
        }
        mark(number);
        while (size + fields > targets.length) {
            grow();
        }
        int first = (int) known.reference(found);
        for (int i = 0; i < fields; i++) {
            int kind = cache.kind(first + i);
            long reference = cache.reference(first + i);
            double value = lineValues[i];
            if (SampleKind.part(kind) != SampleKind.VALUE
                    || writer.state(reference) != TableWriter.LIVE || !isFit(kind, value)) {
                return Code.UNKNOWN;
            }
            int at = size + i;
            targets[at] = reference;
            operations[at] = SampleKind.op(kind);
            values[at] = value;
            lines[at] = number;
            stamps[at] = timestampNanos;
        }
        size += fields;
        cache.last(first + fields - 1);
        return Code.OK;
    }

    @Override
    public void learnLine(long rawHash0, long rawHash1, int fields) {
        int first = cache.last() - fields + 1;
        if (size - markSize != fields || first < 0) {
            return;
        }
        for (int i = 0; i < fields; i++) {
            int kind = cache.kind(first + i);
            if (targets[markSize + i] != cache.reference(first + i)
                    || SampleKind.part(kind) != SampleKind.VALUE || !SampleKind.isFixed(kind)) {
                return;
            }
        }
        ingest.lines().put(rawHash0, rawHash1, first, 0, Double.NaN);
    }

    private static boolean isFit(int kind, double value) {
        return (kind & 0xf) != MetricType.COUNTER.ordinal() || value >= 0 && value < Double.POSITIVE_INFINITY;
    }

    // ---- exemplars

    @Override
    public boolean takesExemplars() {
        return ingest.exemplarsMax() > 0;
    }

    @Override
    public void beginExemplar(long rawHash0, long rawHash1) {
        exemplarKey = exemplarKey == null ? new SeriesKey(limits, hash) : exemplarKey;
        exemplarKey.begin(NOTHING, 0, 0);
        long h0 = rawHash0 ^ salt0;
        long h1 = rawHash1 ^ salt1;
        int at = learntSize - 1 << 2;
        if (learntSize > 0 && learnt[at] == h0 && learnt[at + 1] == h1) {
            exemplarOf(learnt[at + 2], (int) learnt[at + 3], learntExtras[learntSize - 1]);
            return;
        }
        int entry = cache.find(h0, h1);
        isExemplar = entry != SeriesCache.NONE;
        if (isExemplar) {
            exemplarOf(cache.reference(entry), cache.kind(entry), cache.extra(entry));
        }
    }

    private void exemplarOf(long target, int kind, double extra) {
        int part = SampleKind.part(kind);
        boolean counter = part == SampleKind.VALUE && SampleKind.type(kind) == MetricType.COUNTER;
        isExemplar = exemplars.size() < ingest.exemplarsMax() && (counter || part == SampleKind.BUCKET);
        exemplarTarget = target;
        exemplarBound = counter ? Double.NaN : extra;
    }

    @Override
    public void exemplarLabel(
            byte[] buffer, int nameOffset, int nameLength, int valueOffset, int valueLength, boolean escaped) {
        isExemplar = isExemplar
                && exemplarKey.label(buffer, nameOffset, nameLength, valueOffset, valueLength, escaped) == Code.OK;
    }

    @Override
    public void endExemplar(double value, long epochNanos) {
        if (isExemplar && exemplarKey.seal(MetricType.UNTYPED) == Code.OK && !exemplarKey.quotesNames()) {
            int from = exemplarKey.labelsOffset();
            byte[] labels = Arrays.copyOfRange(exemplarKey.key(), from, from + exemplarKey.labelsLength());
            exemplars.add(new StagedExemplar(exemplarTarget, new Exemplar(exemplarBound, labels, value, epochNanos)));
        }
        isExemplar = false;
    }

    // ---- declarations

    @Override
    public Code type(byte[] buffer, int nameOffset, int nameLength, MetricType declared) {
        if (GroupSeries.isName(buffer, nameOffset, nameLength)) {
            return typeKept(buffer, nameOffset, nameLength, declared);
        }
        int number = declarations.findOrAdd(buffer, nameOffset, nameLength);
        Declaration d = declarations.get(number);
        if (d.type != null) {
            if (d.type == declared) {
                return Code.OK;
            }
            detail = "first " + d.type + ", now " + declared;
            return Code.SECOND_TYPE;
        }
        MetricType live = d.family == null ? null : d.family.type();
        if (live != null && live != declared) {
            if (replace == Replace.NOTHING) {
                detail = conflict(d.text(), live, declared);
                return Code.TYPE_CONFLICT;
            }
            // the commit may change it; opaque keys stand for series of the old type
            retyped = true;
        }
        d.type = declared;
        return Code.OK;
    }

    /** A family kept for groups: what a group says of it itself is not listened to, others must call it a gauge. */
    private Code typeKept(byte[] buffer, int nameOffset, int nameLength, MetricType declared) {
        if (group != null) {
            return Code.OK;
        }
        Declaration d = declarations.get(declarations.findOrAdd(buffer, nameOffset, nameLength));
        if (declared != MetricType.GAUGE) {
            detail = conflict(d.text(), MetricType.GAUGE, declared);
            return Code.TYPE_CONFLICT;
        }
        d.type = declared;
        return Code.OK;
    }

    @Override
    public Code help(byte[] buffer, int nameOffset, int nameLength, int textOffset, int textLength) {
        if (textLength == 0 || group != null && GroupSeries.isName(buffer, nameOffset, nameLength)) {
            return Code.OK;
        }
        int number = declarations.findOrAdd(buffer, nameOffset, nameLength);
        Declaration d = declarations.get(number);
        // a family without live series begins anew, without the help it has now
        byte[] there = d.family == null || d.family.live() == 0 ? null : d.family.help();
        if (there != null && isPlain(there)
                && Arrays.equals(there, 0, there.length, buffer, textOffset, textOffset + textLength)) {
            d.help = null;
            return Code.OK;
        }
        d.help = unescapedHelp(buffer, textOffset, textLength);
        return Code.OK;
    }

    // ---- definition of a sample by name and labels

    @Override
    public void begin(byte[] buffer, int nameOffset, int nameLength) {
        key.begin(buffer, nameOffset, nameLength);
    }

    @Override
    public boolean beginAlike(byte[] buffer, int nameOffset, int nameLength) {
        return group == null && key.beginAlike(buffer, nameOffset, nameLength);
    }

    @Override
    public Code label(
            byte[] buffer, int nameOffset, int nameLength, int valueOffset, int valueLength, boolean escaped) {
        return key.label(buffer, nameOffset, nameLength, valueOffset, valueLength, escaped);
    }

    @Override
    public Code end(long rawHash0, long rawHash1, double value) {
        if (group != null && GroupSeries.isName(key.key(), key.nameOffset(), key.nameLength())) {
            return Code.OK;
        }
        Code code = resolve();
        if (code != Code.OK) {
            return code;
        }
        Family family = declarations.get(declaration).family;
        int op = SampleKind.addOp(type, ingest.policy(family, key.key(), key.nameOffset(), key.nameLength()));
        return define(rawHash0, rawHash1, value, SampleKind.of(type, part, op, false), bound);
    }

    @Override
    public Code endNative(long rawHash0, long rawHash1, NativeSample sample) {
        nativeSample = sample;
        if (group != null && GroupSeries.isName(key.key(), key.nameOffset(), key.nameLength())) {
            return Code.OK;
        }
        Code code = joinAs(MetricType.HISTOGRAM);
        int kind = SampleKind.of(MetricType.HISTOGRAM, SampleKind.NATIVE, TableWriter.ADD, false);
        return code == Code.OK ? define(rawHash0, rawHash1, 0, kind, Double.NaN) : code;
    }

    /**
     * Stages the sample defined since {@link #begin} as a series of this very type, whatever its name looks like and
     * whatever the mode of the request: what PATCH and the rules of line protocol do.
     */
    @Override
    public Code endAs(long rawHash0, long rawHash1, double value, PointRules.As as, double[] buckets) {
        return switch (as) {
            case GAUGE -> endScalar(rawHash0, rawHash1, MetricType.GAUGE, true, value);
            case COUNTER -> endScalar(rawHash0, rawHash1, MetricType.COUNTER, false, value);
            case HISTOGRAM -> endObservation(rawHash0, rawHash1, buckets, value);
        };
    }

    @Override
    public Code endScalar(long rawHash0, long rawHash1, MetricType as, boolean set, double value) {
        Code code = joinAs(as);
        int operation = set ? TableWriter.SET : TableWriter.ADD;
        return code == Code.OK
                ? define(rawHash0, rawHash1, value, SampleKind.of(as, SampleKind.VALUE, operation, true), Double.NaN)
                : code;
    }

    @Override
    public Code endObservation(long rawHash0, long rawHash1, double[] bounds, double value) {
        Code code = joinAs(MetricType.HISTOGRAM);
        if (code != Code.OK) {
            return code;
        }
        int kind = SampleKind.of(MetricType.HISTOGRAM, SampleKind.OBSERVATION, TableWriter.ADD, true);
        return define(rawHash0, rawHash1, value, kind, ingest.boundsNumber(bounds));
    }

    @Override
    public Code endHistogram(boolean set, double[] bounds, double[] counts, double sum) {
        return bounds.length > limits.buckets()
                ? tooManyBuckets()
                : endWhole(MetricType.HISTOGRAM, set, new HistogramValue(bounds, counts, sum));
    }

    @Override
    public Code endSummary(boolean set, double count, double sum) {
        return endWhole(MetricType.SUMMARY, set, new SummaryValue(count, sum));
    }

    private Code endWhole(MetricType as, boolean set, CellValue whole) {
        Code code = joinAs(as);
        code = code == Code.OK ? key.seal(type) : code;
        if (code != Code.OK) {
            return code;
        }
        long reference = writer.find(key.h0(), key.h1());
        if (reference <= TableWriter.NONE || writer.state(reference) != TableWriter.LIVE) {
            reference = -1 - newcomers.findOrAdd(key, type, declaration);
        }
        observes = true;
        code = push(reference, WHOLE | wholes.size() << 8, set ? 1 : 0);
        if (code == Code.OK) {
            wholes.add(whole);
        }
        return code;
    }

    /** Lets the defined sample join the family of its very name, as this type. */
    private Code joinAs(MetricType as) {
        type = as;
        declaration = declarations.findOrAdd(key.key(), key.nameOffset(), key.nameLength());
        return join(declaration, as);
    }

    /** Drops a string field and remembers its opaque key as one to drop. */
    @Override
    public void dropString(long rawHash0, long rawHash1) {
        int kind = SampleKind.of(MetricType.UNTYPED, SampleKind.STRING, 0, true);
        cache.put(rawHash0, rawHash1, TableWriter.NONE, kind, Double.NaN);
        droppedStrings++;
    }

    /** Finds out family, type and part of the sample from its name, the declarations and the families in the store. */
    private Code resolve() {
        byte[] name = key.key();
        int offset = key.nameOffset();
        int length = key.nameLength();
        part = SampleKind.VALUE;
        bound = Double.NaN;

        int exact = declarations.find(name, offset, length);
        if (exact >= 0 && declarations.get(exact).type != null) {
            return asExact(exact);
        }
        int suffix = suffix(name, offset, length);
        if (suffix > 0) {
            int base = declarations.find(name, offset, length - suffix);
            MetricType baseType = base >= 0 ? declarations.get(base).type : null;
            if (baseType == null) {
                Family family = ingest.families().lookup(name, offset, length - suffix);
                baseType = family == null ? null : family.type();
            }
            if (owns(baseType, suffix)) {
                declaration = declarations.findOrAdd(name, offset, length - suffix);
                declarations.get(declaration).type = baseType;
                type = baseType;
                key.nameLength(length - suffix);
                part = suffix == BUCKET_SUFFIX.length
                        ? SampleKind.BUCKET : suffix == SUM_SUFFIX.length ? SampleKind.SUM : SampleKind.COUNT;
                return part == SampleKind.BUCKET ? takeBound() : Code.OK;
            }
        }

        exact = declarations.findOrAdd(name, offset, length);
        Declaration d = declarations.get(exact);
        MetricType live = d.family == null ? null : d.family.type();
        boolean kept = GroupSeries.isName(name, offset, length);
        d.type = live != null ? live : kept ? MetricType.GAUGE : MetricType.UNTYPED;
        d.byUse = true;
        return asExact(exact);
    }

    /** A sample that bears the very name of its family. */
    private Code asExact(int number) {
        declaration = number;
        type = declarations.get(number).type;
        if (type.isScalar()) {
            return Code.OK;
        }
        if (type == MetricType.SUMMARY) {
            int label = key.take(QUANTILE);
            if (label < 0 || Double.isNaN(number(label)) || key.take(QUANTILE) >= 0) {
                return Code.NO_QUANTILE;
            }
            part = SampleKind.QUANTILE;
            return Code.OK;
        }
        return Code.WRONG_SUFFIX;
    }

    private Code takeBound() {
        int label = key.take(LE);
        bound = label < 0 ? Double.NaN : number(label);
        if (Double.isNaN(bound) || bound == Double.NEGATIVE_INFINITY) {
            return Code.NO_LE;
        }
        return key.take(LE) >= 0 ? Code.DUPLICATE_LABEL : Code.OK;
    }

    /** Number that a label value holds, NaN for none. */
    private double number(int label) {
        byte[] spans = key.spans();
        int offset = key.valueOffset(label);
        int length = key.valueLength(label);
        long bits = NumberReader.bits(spans, offset, offset + length);
        if (bits != NumberReader.INVALID) {
            return Double.longBitsToDouble(bits);
        }
        return switch (new String(spans, offset, length, StandardCharsets.ISO_8859_1)) {
            case "+Inf", "Inf", "+inf", "inf" -> Double.POSITIVE_INFINITY;
            default -> Double.NaN;
        };
    }

    /** Lets a sample of a type that it brings itself join its family. */
    private Code join(int number, MetricType type) {
        Declaration d = declarations.get(number);
        MetricType there = d.type != null
                ? d.type
                : GroupSeries.isName(d.name, 0, d.nameLength) ? MetricType.GAUGE : d.family == null ? null : d.family.type();
        if (there != null && there != type) {
            detail = conflict(d.text(), there, type);
            return Code.TYPE_CONFLICT;
        }
        d.type = type;
        return Code.OK;
    }

    /** Stages the defined sample and remembers its opaque key. */
    private Code define(long rawHash0, long rawHash1, double value, int kind, double extra) {
        Code code = group == null ? Code.OK : force();
        code = code == Code.OK ? key.seal(type) : code;
        if (code != Code.OK) {
            return code;
        }
        rawHash0 ^= salt0;
        rawHash1 ^= salt1;
        long reference = writer.find(key.h0(), key.h1());
        if (reference > TableWriter.NONE && writer.state(reference) == TableWriter.LIVE) {
            if (group != null && writer.owner(reference) != group) {
                return othersSeries(reference);
            }
            cache.put(rawHash0, rawHash1, reference, kind, extra);
        } else {
            int newcomer = newcomers.findOrAdd(key, type, declaration);
            reference = -1 - newcomer;
            learnNewcomer(rawHash0, rawHash1, reference, kind, extra);
        }
        return SampleKind.part(kind) == SampleKind.VALUE
                ? stageScalar(reference, kind, value)
                : stagePart(reference, kind, value, extra);
    }

    /** Labels of the group, which must not be those that tell the lines of a histogram or summary apart. */
    private Code force() {
        if (!type.isScalar() && group.hasLabel(type == MetricType.SUMMARY ? QUANTILE : LE)) {
            detail = "grouping label of a " + type;
            return Code.DUPLICATE_LABEL;
        }
        return key.force(group);
    }

    Code othersSeries(long reference) {
        Group owner = writer.owner(reference);
        detail = "a series of " + writer.family(reference).text() + " with these labels was pushed "
                + (owner == null ? "without a group" : "to {" + owner.text() + "}");
        return Code.OTHER_OWNER;
    }

    // ---- staging proper

    private Code stageScalar(long target, int kind, double value) {
        if (!isFit(kind, value)) {
            return value < 0 && value != Double.NEGATIVE_INFINITY ? Code.COUNTER_NEGATIVE : Code.COUNTER_NOT_FINITE;
        }
        int operation = set && !SampleKind.isFixed(kind) ? TableWriter.SET : SampleKind.op(kind);
        return push(target, operation, value);
    }

    private Code stagePart(long target, int kind, double value, double extra) {
        int part = SampleKind.part(kind);
        switch (part) {
            case SampleKind.STRING -> {
                droppedStrings++;
                return Code.OK;
            }
            case SampleKind.QUANTILE -> {
                droppedQuantiles++;
                return Code.OK;
            }
            case SampleKind.OBSERVATION -> {
                observes = true;
                return push(target, OBSERVE | (int) extra << 8, value);
            }
            default -> {
                if (samples() >= limits.samplesPerRequest()) {
                    return tooManySamples();
                }
                Cell cell = joiner.at(target, SampleKind.type(kind), set, cellSamples);
                cellSamples++;
                if (part == SampleKind.SUM) {
                    joiner.sum(cell, value);
                    return Code.OK;
                }
                if (part == SampleKind.NATIVE) {
                    joiner.nativePart(cell, NativeHistogram.of(nativeSample));
                    return Code.OK;
                }
                if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
                    return Code.BUCKET_COUNT;
                }
                if (part == SampleKind.COUNT) {
                    joiner.count(cell, value);
                    return Code.OK;
                }
                joiner.bucket(cell, extra, value);
                return cell.buckets > limits.buckets() ? tooManyBuckets() : Code.OK;
            }
        }
    }

    private Code tooManySamples() {
        detail = "limit " + limits.samplesPerRequest() + " samples, --limits.samples-per-request";
        return Code.TOO_MANY_SAMPLES;
    }

    private Code tooManyBuckets() {
        detail = "limit " + limits.buckets() + " buckets, --limits.buckets";
        return Code.TOO_MANY_BUCKETS;
    }

    private Code push(long target, int operation, double value) {
        if (samples() >= limits.samplesPerRequest()) {
            return tooManySamples();
        }
        int i = size;
        if (i == targets.length) {
            grow();
        }
        targets[i] = target;
        operations[i] = operation;
        values[i] = value;
        if (lines != null) {
            lines[i] = line;
            stamps[i] = NO_STAMP;
        }
        size = i + 1;
        return Code.OK;
    }

    private void grow() {
        int n = targets.length << 1;
        // early, so that a large batch does not come to them by many steps
        LargeArrays spare = n > SMALL_SAMPLES ? ingest.takeLarge(n) : null;
        if (spare != null) {
            System.arraycopy(targets, 0, spare.targets(), 0, size);
            System.arraycopy(operations, 0, spare.operations(), 0, size);
            System.arraycopy(values, 0, spare.values(), 0, size);
            targets = spare.targets();
            operations = spare.operations();
            values = spare.values();
            if (lines != null) {
                System.arraycopy(lines, 0, spare.lines(), 0, size);
                System.arraycopy(stamps, 0, spare.stamps(), 0, size);
                lines = spare.lines();
                stamps = spare.stamps();
            }
            return;
        }
        targets = Arrays.copyOf(targets, n);
        operations = Arrays.copyOf(operations, n);
        values = Arrays.copyOf(values, n);
        if (lines != null) {
            lines = Arrays.copyOf(lines, n);
            stamps = Arrays.copyOf(stamps, n);
        }
    }

    // ---- lines of line protocol, items of other formats: each of which counts or does not

    @Override
    public void item(int number) {
        mark(number);
    }

    @Override
    public void drop() {
        rollback();
    }

    private int markSize;
    private int markNewcomers;
    private int markLearnt;
    private long markDroppedStrings;

    /** A line begins, to be ended by {@link #stamp} or {@link #rollback}; from now on lines are accepted one by one. */
    @Override
    public void mark(int line) {
        if (lines == null) {
            lines = new int[targets.length];
            stamps = new long[targets.length];
        }
        this.line = line;
        detail = "";
        markSize = size;
        markNewcomers = newcomers.size();
        markLearnt = learntSize;
        markDroppedStrings = droppedStrings;
    }

    /** The line is good: its samples bear this time, in nanoseconds since the epoch. */
    @Override
    public void stamp(long timestampNanos) {
        Arrays.fill(stamps, markSize, size, Math.max(timestampNanos, NO_STAMP + 1));
    }

    /** The line is bad: forgets its samples. Whole cells that nothing names any more stay where they are. */
    @Override
    public void rollback() {
        size = markSize;
        newcomers.truncate(markNewcomers);
        learntSize = markLearnt;
        droppedStrings = markDroppedStrings;
    }

    // ---- what commit needs

    /** Remembers the opaque keys of newcomers, now that they have records. */
    void teachCache() {
        for (int i = 0; i < learntSize; i++) {
            int at = i << 2;
            long reference = newcomers.reference((int) (-1 - learnt[at + 2]));
            if (reference > TableWriter.NONE) {
                cache.put(learnt[at], learnt[at + 1], reference, (int) learnt[at + 3], learntExtras[i]);
            }
        }
    }

    private void learnNewcomer(long rawHash0, long rawHash1, long target, int kind, double extra) {
        int i = learntSize;
        if (i == learntExtras.length) {
            learnt = Arrays.copyOf(learnt, learnt.length << 1);
            learntExtras = Arrays.copyOf(learntExtras, i << 1);
        }
        learnt[i << 2] = rawHash0;
        learnt[(i << 2) + 1] = rawHash1;
        learnt[(i << 2) + 2] = target;
        learnt[(i << 2) + 3] = kind;
        learntExtras[i] = extra;
        learntSize = i + 1;
    }

    /** Forgets everything; large arrays go too, but for one set of them, so that a few large requests do not stay in memory. */
    void clear() {
        if (targets.length > KEPT_SAMPLES) {
            ingest.giveLarge(targets, values, operations, lines, stamps);
            targets = new long[16];
            values = new double[16];
            operations = new int[16];
        }
        lines = null;
        stamps = null;
        size = 0;
        observes = false;
        wholes.clear();
        exemplars.clear();
        cellSamples = 0;
        if (learntExtras.length > 4096) {
            learnt = new long[16];
            learntExtras = new double[4];
        }
        learntSize = 0;
        declarations.clear();
        newcomers.clear();
        joiner.clear();
        droppedQuantiles = 0;
        droppedStrings = 0;
        detail = "";
        refused = null;
        settled = null;
        group = null;
        replace = Replace.NOTHING;
        salt0 = 0;
        salt1 = 0;
        changes = null;
        toldAt = -1;
        ttlAt = -1;
        ttlSeconds = 0;
        retyped = false;
    }

    static String conflict(String name, MetricType there, MetricType pushed) {
        return name + " is a " + there + ", pushed as " + pushed;
    }

    private static boolean owns(MetricType type, int suffix) {
        return type == MetricType.HISTOGRAM || type == MetricType.SUMMARY && suffix != BUCKET_SUFFIX.length;
    }

    /** Length of the suffix that makes this name a part of a histogram or summary, 0 for none. */
    private static int suffix(byte[] name, int offset, int length) {
        int end = offset + length;
        if (endsWith(name, offset, end, BUCKET_SUFFIX)) {
            return BUCKET_SUFFIX.length;
        }
        if (endsWith(name, offset, end, COUNT_SUFFIX)) {
            return COUNT_SUFFIX.length;
        }
        return endsWith(name, offset, end, SUM_SUFFIX) ? SUM_SUFFIX.length : 0;
    }

    private static boolean endsWith(byte[] name, int offset, int end, byte[] suffix) {
        return end - offset > suffix.length
                && Arrays.equals(name, end - suffix.length, end, suffix, 0, suffix.length);
    }

    /** Whether a text reads the same escaped and unescaped. */
    private static boolean isPlain(byte[] text) {
        for (byte b : text) {
            if (b == '\\' || b == '\n') {
                return false;
            }
        }
        return true;
    }

    private static byte[] unescapedHelp(byte[] buffer, int offset, int length) {
        byte[] plain = new byte[length];
        int n = 0;
        for (int i = offset, end = offset + length; i < end; i++) {
            byte b = buffer[i];
            if (b == '\\' && i + 1 < end && (buffer[i + 1] == '\\' || buffer[i + 1] == 'n')) {
                b = buffer[++i] == 'n' ? (byte) '\n' : (byte) '\\';
            }
            plain[n++] = b;
        }
        return Arrays.copyOf(plain, n);
    }
}
