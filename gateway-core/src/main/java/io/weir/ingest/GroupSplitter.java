package io.weir.ingest;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.journal.Replace;
import io.weir.sample.Code;
import io.weir.sample.MetricType;
import io.weir.sample.Mode;
import io.weir.sample.NativeSample;
import io.weir.sample.SampleSink;
import io.weir.snapshot.LabelText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One body for many groups: the values of some labels of each series name its group, and each group gets a batch of its own, to
 * be submitted together by {@link Ingest#submitAll}. A label that a series does not have is an empty one; without {@code job} it is
 * refused. Event loop only; used again after {@link #close}.
 *
 * <p>Every sample is taken apart, so this costs more than the same samples pushed group by group; what it saves is requests.
 */
public final class GroupSplitter implements SampleSink {
    /** Groups of one request. */
    public static final int GROUPS_MAX = 1000;

    private static final byte[] JOB = {'j', 'o', 'b'};
    private static final String[] SUFFIXES = {"_bucket", "_sum", "_count"};

    /** What the body says of one family. */
    private static final class Declared {
        MetricType type;
        byte[] help;
    }

    private static final class Part {
        final Batch batch;
        final Set<String> told = new HashSet<>();

        Part(Batch batch) {
            this.batch = batch;
        }
    }

    private final Ingest ingest;
    private final Map<String, Part> parts = new HashMap<>();
    private final List<Batch> batches = new ArrayList<>();
    private final Map<String, Declared> declared = new HashMap<>();
    private byte[][] by;
    private Mode mode;
    private Replace replace;
    private int samples;
    private String detail = "";

    // the sample being defined: its bytes, and of each label name offset and length, value offset and length, whether escaped
    private byte[] bytes = new byte[1024];
    private int used;
    private int nameLength;
    private int[] labels = new int[5 * 16];
    private int labelCount;
    private byte[] key = new byte[256];
    private int keyLength;

    public GroupSplitter(Ingest ingest) {
        this.ingest = ingest;
    }

    /**
     * Begins a body.
     *
     * @param by names of the labels that name a group, sorted, each once, {@code job} among them
     * @param replace what else of each group ends; all but NOTHING go with SET
     */
    public void open(byte[][] by, Mode mode, Replace replace) {
        this.by = by;
        this.mode = mode;
        this.replace = replace;
    }

    /** One batch for each group, in the order of the body. */
    public List<Batch> batches() {
        return batches;
    }

    /** Gives back all batches. */
    public void close() {
        batches.forEach(ingest::close);
        batches.clear();
        parts.clear();
        declared.clear();
        samples = 0;
        detail = "";
    }

    @Override
    public String detail() {
        return detail;
    }

    @Override
    public Code type(byte[] buffer, int nameOffset, int length, MetricType type) {
        Declared d = declared(buffer, nameOffset, length);
        if (d.type != null && d.type != type) {
            detail = "first " + d.type + ", now " + type;
            return Code.SECOND_TYPE;
        }
        d.type = type;
        return Code.OK;
    }

    @Override
    public Code help(byte[] buffer, int nameOffset, int length, int textOffset, int textLength) {
        declared(buffer, nameOffset, length).help = Arrays.copyOfRange(buffer, textOffset, textOffset + textLength);
        return Code.OK;
    }

    private Declared declared(byte[] buffer, int nameOffset, int length) {
        return declared.computeIfAbsent(new String(buffer, nameOffset, length, UTF_8), n -> new Declared());
    }

    /** An opaque key does not say which group it is of. */
    @Override
    public Code known(long rawHash0, long rawHash1, double value) {
        return Code.UNKNOWN;
    }

    @Override
    public void begin(byte[] buffer, int nameOffset, int length) {
        used = 0;
        labelCount = 0;
        copy(buffer, nameOffset, length);
        nameLength = length;
    }

    @Override
    public Code label(byte[] buffer, int nameOffset, int length, int valueOffset, int valueLength, boolean escaped) {
        int at = 5 * labelCount++;
        if (at == labels.length) {
            labels = Arrays.copyOf(labels, labels.length << 1);
        }
        labels[at] = copy(buffer, nameOffset, length);
        labels[at + 1] = length;
        labels[at + 2] = copy(buffer, valueOffset, valueLength);
        labels[at + 3] = valueLength;
        labels[at + 4] = escaped ? 1 : 0;
        return Code.OK;
    }

    private int copy(byte[] buffer, int offset, int length) {
        if (bytes.length - used < length) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length << 1, used + length));
        }
        System.arraycopy(buffer, offset, bytes, used, length);
        used += length;
        return used - length;
    }

    @Override
    public Code knownNative(long rawHash0, long rawHash1, NativeSample sample) {
        return Code.UNKNOWN;
    }

    @Override
    public Code end(long rawHash0, long rawHash1, double value) {
        return end(rawHash0, rawHash1, value, null);
    }

    @Override
    public Code endNative(long rawHash0, long rawHash1, NativeSample sample) {
        return end(rawHash0, rawHash1, 0, sample);
    }

    private Code end(long rawHash0, long rawHash1, double value, NativeSample sample) {
        if (samples++ >= ingest.limits().samplesPerRequest()) {
            detail = "limit " + ingest.limits().samplesPerRequest() + " samples, --limits.samples-per-request";
            return Code.TOO_MANY_SAMPLES;
        }
        Code code = writeKey();
        if (code != Code.OK) {
            return code;
        }
        String text = new String(key, 0, keyLength, ISO_8859_1);
        Part part = parts.get(text);
        if (part == null) {
            if (parts.size() == GROUPS_MAX) {
                detail = "limit " + GROUPS_MAX;
                return Code.TOO_MANY_GROUPS;
            }
            part = new Part(ingest.open(mode, key, 0, keyLength, replace));
            parts.put(text, part);
            batches.add(part.batch);
        }
        code = stage(part, rawHash0, rawHash1, value, sample);
        if (code.isError()) {
            detail = inGroup(part.batch);
        }
        return code;
    }

    /** What a batch says of its refusal, and which group it is. */
    static String inGroup(Batch batch) {
        String why = batch.detail();
        return (why.isEmpty() ? "" : why + ", ") + "group {" + new String(batch.group.key(), UTF_8) + "}";
    }

    private Code stage(Part part, long rawHash0, long rawHash1, double value, NativeSample sample) {
        Batch batch = part.batch;
        Code code = tell(part);
        if (code != Code.OK) {
            return code;
        }
        batch.begin(bytes, 0, nameLength);
        for (int i = 0; i < labelCount; i++) {
            int at = 5 * i;
            code = batch.label(bytes, labels[at], labels[at + 1], labels[at + 2], labels[at + 3], labels[at + 4] == 1);
            if (code != Code.OK) {
                return code;
            }
        }
        return sample == null
                ? batch.end(rawHash0, rawHash1, value)
                : batch.endNative(rawHash0, rawHash1, sample);
    }

    /** Tells the batch of the families that the sample can belong to. */
    private Code tell(Part part) {
        if (declared.isEmpty()) {
            return Code.OK;
        }
        String name = new String(bytes, 0, nameLength, UTF_8);
        Code code = tell(part, name);
        for (String suffix : SUFFIXES) {
            if (code == Code.OK && name.endsWith(suffix)) {
                code = tell(part, name.substring(0, name.length() - suffix.length()));
            }
        }
        return code;
    }

    private Code tell(Part part, String family) {
        Declared d = declared.get(family);
        if (d == null || !part.told.add(family)) {
            return Code.OK;
        }
        byte[] name = family.getBytes(UTF_8);
        Code code = d.type == null ? Code.OK : part.batch.type(name, 0, name.length, d.type);
        if (code == Code.OK && d.help != null) {
            byte[] both = Arrays.copyOf(name, name.length + d.help.length);
            System.arraycopy(d.help, 0, both, name.length, d.help.length);
            code = part.batch.help(both, 0, name.length, name.length, d.help.length);
        }
        return code;
    }

    // ---- the key

    private Code writeKey() {
        keyLength = 0;
        for (byte[] name : by) {
            int label = find(name);
            boolean empty = label < 0 || labels[5 * label + 3] == 0;
            if (empty && Arrays.equals(name, JOB)) {
                detail = "the label job is missing";
                return Code.NO_GROUP;
            }
            int length = empty ? 0 : labels[5 * label + 3];
            int most = LabelText.nameBytesMax(name.length) + LabelText.nameBytesMax(length) + 2;
            if (key.length - keyLength < most) {
                key = Arrays.copyOf(key, 2 * (key.length + most));
            }
            if (keyLength > 0) {
                key[keyLength++] = ',';
            }
            keyLength = LabelText.putName(name, 0, name.length, key, keyLength);
            key[keyLength++] = '=';
            if (!empty && labels[5 * label + 4] == 0) {
                keyLength = LabelText.quote(bytes, labels[5 * label + 2], length, key, keyLength);
                continue;
            }
            key[keyLength++] = '"';
            if (!empty) {
                System.arraycopy(bytes, labels[5 * label + 2], key, keyLength, length);
                keyLength += length;
            }
            key[keyLength++] = '"';
        }
        return Code.OK;
    }

    private int find(byte[] name) {
        for (int i = 0; i < labelCount; i++) {
            int at = labels[5 * i];
            if (Arrays.equals(bytes, at, at + labels[5 * i + 1], name, 0, name.length)) {
                return i;
            }
        }
        return -1;
    }
}
