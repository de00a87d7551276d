package io.weir.server.data;

import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.journal.Outcome;
import io.weir.sample.Code;
import io.weir.sample.MetricType;
import io.weir.sample.Mode;
import io.weir.sample.SampleSink;
import java.util.Arrays;
import java.util.function.Supplier;
import org.agrona.collections.LongHashSet;

/**
 * Takes a body of any size in batches of a bounded one. A batch ends between two series, so that no histogram or summary is
 * ever cut in two: of one whose lines do not stand together, the later ones are refused. One thread.
 */
final class ImportSink implements SampleSink {
    private static final int SAMPLES_PER_BATCH = 8_192;
    private static final long PRIME = 0x100_0000_01b3L;
    private static final long OFFSET = 0xcbf2_9ce4_8422_2325L;
    private static final byte[][] SUFFIXES = {{'_', 'b', 'u', 'c', 'k', 'e', 't'}, {'_', 's', 'u', 'm'}, {'_', 'c', 'o', 'u', 'n', 't'}};
    private static final byte[] LE = {'l', 'e'};

    private final Ingest ingest;
    private final Mode mode;
    private final Supplier<String> failure;
    private Batch batch;
    private String detail = "";

    // what was declared last, which the next batch has to hear of as well: its first sample may be there
    private byte[] family = {};
    private MetricType type;
    private byte[] helped = {};
    private byte[] help = {};

    // the sample being read, and the series it belongs to
    private byte[] buffer;
    private int nameOffset;
    private int nameLength;
    private int[] spans = new int[64];
    private int size;
    private long series;
    private final LongHashSet open = new LongHashSet();
    private final LongHashSet closed = new LongHashSet();

    /** Something is wrong with what has been read so far. */
    static final class RefusedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        RefusedException(String message) {
            super(message);
        }
    }

    /** @param failure why the journal fails */
    ImportSink(Ingest ingest, Mode mode, Supplier<String> failure) {
        this.ingest = ingest;
        this.mode = mode;
        this.failure = failure;
        this.batch = ingest.open(mode);
    }

    @Override
    public Code type(byte[] bytes, int offset, int length, MetricType declared) {
        family = Arrays.copyOfRange(bytes, offset, offset + length);
        type = declared;
        return took(batch.type(bytes, offset, length, declared));
    }

    @Override
    public Code help(byte[] bytes, int offset, int length, int textOffset, int textLength) {
        helped = Arrays.copyOfRange(bytes, offset, offset + length);
        help = Arrays.copyOfRange(bytes, textOffset, textOffset + textLength);
        return took(batch.help(bytes, offset, length, textOffset, textLength));
    }

    @Override
    public Code known(long rawHash0, long rawHash1, double value) {
        return Code.UNKNOWN;
    }

    @Override
    public void begin(byte[] bytes, int offset, int length) {
        buffer = bytes;
        nameOffset = offset;
        nameLength = length;
        size = 0;
    }

    @Override
    public Code label(byte[] bytes, int offset, int length, int valueOffset, int valueLength, boolean escaped) {
        if (size + 5 > spans.length) {
            spans = Arrays.copyOf(spans, spans.length << 1);
        }
        spans[size++] = offset;
        spans[size++] = length;
        spans[size++] = valueOffset;
        spans[size++] = valueLength;
        spans[size++] = escaped ? 1 : 0;
        return Code.OK;
    }

    @Override
    public Code end(long rawHash0, long rawHash1, double value) {
        boolean part = false;
        int stem = nameLength;
        if (type == null || !type.isScalar() || !isFamily(nameLength)) {
            stem = stem();
            part = stem < nameLength;
        }
        long now = series(stem, part);
        if (now != series) {
            if (batch.samples() >= SAMPLES_PER_BATCH) {
                next();
            }
            series = now;
            if (part && closed.contains(now)) {
                throw new RefusedException("the lines of one histogram or summary do not stand together: "
                        + new String(buffer, nameOffset, stem, java.nio.charset.StandardCharsets.UTF_8));
            }
            if (part) {
                open.add(now);
            }
        }
        batch.begin(buffer, nameOffset, nameLength);
        for (int i = 0; i < size; i += 5) {
            Code code = batch.label(buffer, spans[i], spans[i + 1], spans[i + 2], spans[i + 3], spans[i + 4] == 1);
            if (code != Code.OK) {
                return took(code);
            }
        }
        return took(batch.end(rawHash0, rawHash1, value));
    }

    @Override
    public String detail() {
        return detail;
    }

    private Code took(Code code) {
        detail = code == Code.OK ? "" : batch.detail();
        return code;
    }

    /** Has what has been read so far accepted, and begins the next batch. */
    void next() {
        submit();
        batch = ingest.open(mode);
        if (type != null) {
            batch.type(family, 0, family.length, type);
        }
        if (help.length > 0) {
            // name and text stand in one array, as in a line
            byte[] line = Arrays.copyOf(helped, helped.length + help.length);
            System.arraycopy(help, 0, line, helped.length, help.length);
            batch.help(line, 0, helped.length, helped.length, help.length);
        }
        closed.addAll(open);
        open.clear();
    }

    /** Has the last batch accepted. */
    void submit() {
        Outcome[] settled = new Outcome[1];
        Batch last = batch;
        Code code = ingest.submit(last, null, (b, outcome, ticket) -> settled[0] = outcome);
        if (code == Code.OK) {
            ingest.flush();
        }
        String more = code == Code.JOURNAL_FAILING || code == Code.OK ? failure.get() : last.detail();
        ingest.close(last);
        if (code != Code.OK || settled[0] != Outcome.APPLIED) {
            Code why = code == Code.OK ? Code.JOURNAL_FAILING : code;
            throw new RefusedException(why.text() + (more == null || more.isEmpty() ? "" : " (" + more + ")"));
        }
    }

    // ---- which series a line belongs to

    private boolean isFamily(int length) {
        return Arrays.equals(family, 0, family.length, buffer, nameOffset, nameOffset + length);
    }

    /** Length of the name without the suffix of a part. */
    private int stem() {
        int end = nameOffset + nameLength;
        for (byte[] suffix : SUFFIXES) {
            if (nameLength > suffix.length && Arrays.equals(buffer, end - suffix.length, end, suffix, 0, suffix.length)) {
                return nameLength - suffix.length;
            }
        }
        return nameLength;
    }

    /** A hash of name and labels, whatever their order; of parts without {@code le}. */
    private long series(int stem, boolean part) {
        long hash = fnv(OFFSET, nameOffset, stem);
        for (int i = 0; i < size; i += 5) {
            boolean le = part && Arrays.equals(buffer, spans[i], spans[i] + spans[i + 1], LE, 0, LE.length);
            if (!le) {
                long label = fnv(fnv(OFFSET, spans[i], spans[i + 1]) * PRIME, spans[i + 2], spans[i + 3]);
                hash += (label ^ label >>> 29) * 0x9e37_79b9_7f4a_7c15L;
            }
        }
        return hash;
    }

    private long fnv(long from, int offset, int length) {
        long hash = from;
        for (int i = offset; i < offset + length; i++) {
            hash = (hash ^ buffer[i]) * PRIME;
        }
        return hash;
    }
}
