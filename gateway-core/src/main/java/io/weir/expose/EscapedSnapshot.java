package io.weir.expose;

import io.weir.sample.MetricType;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.LabelText;
import io.weir.snapshot.Snapshot;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Makes a snapshot whose names are all classic from one where some are not. Classic families are taken over as they are;
 * of the others names and label texts are made anew, which takes memory by their size. One use, one thread.
 */
final class EscapedSnapshot {
    private static final byte[][] SUFFIXES = {bytes("_bucket"), bytes("_sum"), bytes("_count")};
    private static final int CHUNK_BYTES = 1 << 20;

    private final Snapshot snapshot;
    private final NameEscaping scheme;
    /** Names given so far, beside those of classic families. */
    private final Map<ByteBuffer, MetricType> given = new HashMap<>();

    private final LabelText walk = new LabelText();

    EscapedSnapshot(Snapshot snapshot, NameEscaping scheme) {
        this.snapshot = snapshot;
        this.scheme = scheme;
    }

    Snapshot escaped() {
        List<FamilySnapshot> families = new ArrayList<>(snapshot.families().size());
        for (FamilySnapshot family : snapshot.families()) {
            families.add(family.isClassic() ? family : escaped(family));
        }
        families.sort((a, b) -> Arrays.compareUnsigned(a.name(), b.name()));
        return new Snapshot(
                snapshot.version(),
                snapshot.epochMillis(),
                List.copyOf(families),
                snapshot.series(),
                snapshot.endedFrom(),
                snapshot.endedSequence(),
                snapshot.ended());
    }

    private FamilySnapshot escaped(FamilySnapshot family) {
        byte[] name = family.name();
        if (!family.hasClassicName()) {
            name = familyName(new String(name, StandardCharsets.UTF_8), family.type());
        }
        List<byte[]> chunks = new ArrayList<>();
        ByteBlock chunk = new ByteBlock(1 << 10);
        long[] texts = new long[family.size()];
        byte[][] labels = labels(family);
        for (int i = 0; i < labels.length; i++) {
            if (chunk.length() + labels[i].length > CHUNK_BYTES) {
                chunks.add(chunk.toByteArray());
                chunk.clear();
            }
            texts[i] = FamilySnapshot.text(chunks.size(), chunk.length(), labels[i].length);
            chunk.put(labels[i]);
        }
        chunks.add(chunk.toByteArray());
        return family.shownAs(name, chunks.toArray(byte[][]::new), texts);
    }

    // ---- families

    private byte[] familyName(String name, MetricType type) {
        byte[] shown = scheme.escape(name, false);
        if (isTaken(shown, type)) {
            shown = NameEscaping.VALUES.escape(name, false);
        }
        for (String more = "_"; isTaken(shown, type); more += "_") {
            shown = bytes(new String(NameEscaping.UNDERSCORES.escape(name, false), StandardCharsets.UTF_8) + more);
        }
        given.put(ByteBuffer.wrap(shown), type);
        return shown;
    }

    /** Whether a family of this name and type would have a sample name that another family has. */
    private boolean isTaken(byte[] name, MetricType type) {
        if (typeOf(name) != null) {
            return true;
        }
        for (byte[] suffix : SUFFIXES) {
            int stem = name.length - suffix.length;
            if (owns(type, suffix) && typeOf(LineExposition.join(name, suffix)) != null
                    || stem > 0
                            && Arrays.equals(name, stem, name.length, suffix, 0, suffix.length)
                            && owns(typeOf(Arrays.copyOf(name, stem)), suffix)) {
                return true;
            }
        }
        return false;
    }

    private static boolean owns(MetricType type, byte[] suffix) {
        return type == MetricType.HISTOGRAM || type == MetricType.SUMMARY && suffix != SUFFIXES[0];
    }

    private MetricType typeOf(byte[] name) {
        int i = Exposition.find(snapshot.families(), name);
        return i >= 0 && snapshot.families().get(i).hasClassicName()
                ? snapshot.families().get(i).type()
                : given.get(ByteBuffer.wrap(name));
    }

    // ---- labels

    private byte[][] labels(FamilySnapshot family) {
        byte[][] labels = new byte[family.size()][];
        Set<ByteBuffer> taken = new HashSet<>();
        boolean[] quoted = new boolean[labels.length];
        for (int i = 0; i < labels.length; i++) {
            int from = family.textOffset(i);
            int length = family.textLength(i);
            labels[i] = Arrays.copyOfRange(family.textChunk(i), from, from + length);
            quoted[i] = LabelText.quotesNames(labels[i], 0, length);
            if (!quoted[i]) {
                taken.add(ByteBuffer.wrap(labels[i]));
            }
        }
        for (int i = 0; i < labels.length; i++) {
            if (quoted[i]) {
                byte[] plain = labels[i];
                labels[i] = labelText(plain, scheme, "");
                if (isTooLong(labels[i]) || taken.contains(ByteBuffer.wrap(labels[i]))) {
                    labels[i] = labelText(plain, NameEscaping.VALUES, "");
                }
                for (String more = "_"; isTooLong(labels[i]) || taken.contains(ByteBuffer.wrap(labels[i])); more += "_") {
                    labels[i] = labelText(plain, NameEscaping.UNDERSCORES, more);
                }
                taken.add(ByteBuffer.wrap(labels[i]));
            }
        }
        return labels;
    }

    private static boolean isTooLong(byte[] text) {
        return text.length > FamilySnapshot.TEXT_BYTES_MAX;
    }

    /** A label text whose names are all classic, each once, sorted. */
    private byte[] labelText(byte[] plain, NameEscaping form, String more) {
        TreeMap<String, String> shown = new TreeMap<>();
        for (boolean quoted : new boolean[] {false, true}) {
            walk.reset(plain, 0, plain.length);
            while (walk.next()) {
                if (walk.nameQuoted() == quoted) {
                    String name = quoted ? labelName(walk.name(), form, more, shown.keySet()) : walk.name();
                    int from = walk.valueOffset();
                    shown.put(name, new String(plain, from, walk.valueLength(), StandardCharsets.UTF_8));
                }
            }
        }
        StringBuilder text = new StringBuilder();
        shown.forEach((name, value) -> text.append(text.length() > 0 ? "," : "")
                .append(name)
                .append("=\"")
                .append(value)
                .append('"'));
        return bytes(text.toString());
    }

    private static String labelName(String name, NameEscaping form, String more, Set<String> taken) {
        String shown = new String(form.escape(name, true), StandardCharsets.UTF_8) + more;
        if (shown.startsWith("__") || taken.contains(shown)) {
            shown = new String(NameEscaping.VALUES.escape(name, true), StandardCharsets.UTF_8) + more;
        }
        StringBuilder longer = new StringBuilder(shown);
        while (taken.contains(longer.toString())) {
            longer.append('_');
        }
        return longer.toString();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
