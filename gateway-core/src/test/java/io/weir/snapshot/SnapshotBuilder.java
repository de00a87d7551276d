package io.weir.snapshot;

import io.weir.sample.MetricType;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Builds real snapshots for tests: {@code new SnapshotBuilder().family("a", COUNTER, "Help.").series(2, "x", "y").build()}.
 * Series belong to the family named last and keep their order; families and labels are sorted as the store would.
 */
public final class SnapshotBuilder {
    private static final int CHUNK_BYTES = 1 << 20;

    private final List<Draft> drafts = new ArrayList<>();
    private final List<EndedSeries> ended = new ArrayList<>();
    private long version = 1;
    private long epochMillis = 1_700_000_000_000L;

    private static final class Draft {
        byte[] name;
        MetricType type;
        byte[] help;
        final List<byte[]> chunks = new ArrayList<>();
        final ByteArrayOutputStream open = new ByteArrayOutputStream();
        final List<Long> texts = new ArrayList<>();
        final List<Long> values = new ArrayList<>();
        final List<CellValue> cells = new ArrayList<>();
    }

    public SnapshotBuilder version(long version) {
        this.version = version;
        return this;
    }

    public SnapshotBuilder epochMillis(long epochMillis) {
        this.epochMillis = epochMillis;
        return this;
    }

    public SnapshotBuilder family(String name, MetricType type) {
        return family(name, type, null);
    }

    /** Starts a family; {@code help} is plain text or null. */
    public SnapshotBuilder family(String name, MetricType type, String help) {
        Draft draft = new Draft();
        draft.name = utf8(name);
        draft.type = type;
        draft.help = help == null ? null : utf8(help);
        drafts.add(draft);
        return this;
    }

    /** Adds a scalar series; label names and plain values by turns. */
    public SnapshotBuilder series(double value, String... labels) {
        Draft draft = text(labelText(labels));
        draft.values.add(Double.doubleToRawLongBits(value));
        return this;
    }

    /** Adds a histogram or summary series. */
    public SnapshotBuilder series(CellValue value, String... labels) {
        Draft draft = text(labelText(labels));
        draft.cells.add(value);
        return this;
    }

    public SnapshotBuilder ended(String family, MetricType type, CellValue last, String... labels) {
        ended.add(new EndedSeries(utf8(family), type, labelText(labels), last));
        return this;
    }

    public Snapshot build() {
        List<FamilySnapshot> families = new ArrayList<>();
        int series = 0;
        for (Draft draft : drafts) {
            draft.chunks.add(draft.open.toByteArray());
            draft.open.reset();
            int size = draft.texts.size();
            series += size;
            boolean scalar = draft.type.isScalar();
            families.add(new FamilySnapshot(
                    draft.name,
                    draft.type,
                    draft.help,
                    size,
                    draft.chunks.toArray(byte[][]::new),
                    longs(draft.texts),
                    scalar ? longs(draft.values) : null,
                    scalar ? null : draft.cells.toArray(CellValue[]::new)));
        }
        families.sort(Comparator.comparing(FamilySnapshot::name, Arrays::compareUnsigned));
        return new Snapshot(version, epochMillis, List.copyOf(families), series, 0, ended.size(), List.copyOf(ended));
    }

    private static String escaped(String plain) {
        return plain.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    /** Canonical label text of names and plain values by turns. */
    public static byte[] labelText(String... labels) {
        Map<String, String> sorted = new TreeMap<>();
        for (int i = 0; i < labels.length; i += 2) {
            sorted.put(labels[i], labels[i + 1]);
        }
        StringBuilder text = new StringBuilder();
        sorted.forEach((name, value) -> text.append(text.isEmpty() ? "" : ",")
                .append(name.matches("[a-zA-Z_][a-zA-Z0-9_]*") ? name : '"' + escaped(name) + '"')
                .append("=\"")
                .append(escaped(value))
                .append('"'));
        return utf8(text.toString());
    }

    private Draft text(byte[] text) {
        Draft draft = drafts.get(drafts.size() - 1);
        if (draft.open.size() + text.length > CHUNK_BYTES) {
            draft.chunks.add(draft.open.toByteArray());
            draft.open.reset();
        }
        draft.texts.add(FamilySnapshot.text(draft.chunks.size(), draft.open.size(), text.length));
        draft.open.writeBytes(text);
        return draft;
    }

    private static long[] longs(List<Long> values) {
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
