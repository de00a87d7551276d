package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Mode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class DamageTest {
    private static final JournalConfig CONFIG = JournalConfig.DEFAULTS;
    private final Gateway.Time time = new Gateway.Time();
    private final MemoryStorage storage = new MemoryStorage();
    private final List<Integer> ends = new ArrayList<>();
    private final List<Map<String, String>> states = new ArrayList<>();

    @BeforeAll
    static void quiet() {
        log(ch.qos.logback.classic.Level.OFF);
    }

    @AfterAll
    static void loud() {
        log(null);
    }

    private static void log(ch.qos.logback.classic.Level level) {
        ((ch.qos.logback.classic.Logger) LoggerFactory.getLogger(Journal.class)).setLevel(level);
    }

    /** A journal of one segment; says where each frame ends and what is there then. */
    private String write() throws Exception {
        Gateway gateway = new Gateway(storage, CONFIG, time);
        gateway.post("# TYPE a counter\n# HELP a What a is.\na{x=\"1\"} 1\na{x=\"2\"} 2.5\n" + run(7));
        note(SegmentHeader.BYTES, Map.of());
        note();
        gateway.post("# TYPE a counter\na{x=\"1\"} 1\n# TYPE g gauge\ng 3\n" + run(0.25));
        note();
        gateway.post("# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 4.5\nh_count 3\n");
        note();
        KeyedAnswer key = new KeyedAnswer("a key", 1, 2, 202, new byte[] {'o', 'k'});
        assertThat(gateway.push(0, Mode.ADD, "# TYPE a counter\na{x=\"2\"} 1\n", key)).isEqualTo(Outcome.APPLIED);
        note();
        gateway.put("# TYPE a counter\na{x=\"1\"} 100\n# HELP a What a is now.\n");
        note();
        return segment();
    }

    /** Series that follow one another, so many that they make a run once they are known. */
    private static String run(double value) {
        StringBuilder body = new StringBuilder("# TYPE r counter\n");
        for (int i = 0; i < 9; i++) {
            body.append("r{i=\"").append(i).append("\"} ").append(i % 2 == 0 ? value : i * 100).append('\n');
        }
        return body.toString();
    }

    private String segment() {
        return storage.files.keySet().stream().filter(n -> Segment.number(n) >= 0).reduce((a, b) -> b).orElseThrow();
    }

    private void note() throws Exception {
        note(storage.files.get(segment()).length, find(storage.copy()).series);
    }

    private void note(int end, Map<String, String> state) {
        ends.add(end);
        states.add(state);
    }

    private Found find(Storage on) throws Exception {
        return new Found(on, CONFIG, time);
    }

    /** State before the frame in which byte {@code at} lies. */
    private int frame(int at) {
        int n = 0;
        while (n + 1 < ends.size() && ends.get(n + 1) <= at) {
            n++;
        }
        return n;
    }

    @Test
    void shouldKeepEverythingBeforeTheCutWhereverAFileIsCutOff() throws Exception {
        String name = write();
        byte[] whole = storage.files.get(name);
        assertThat(states).doesNotHaveDuplicates().hasSize(6);
        for (int length = 0; length <= whole.length; length++) {
            MemoryStorage cut = storage.copy();
            cut.files.put(name, Arrays.copyOf(whole, length));
            Found found = find(cut);
            boolean clean = length == 0 || ends.contains(length);
            int expected = length < SegmentHeader.BYTES ? 0 : frame(length);
            assertThat(found.series).as("cut at " + length).isEqualTo(states.get(expected));
            assertThat(found.recovered.corruptions()).as("cut at " + length).isEqualTo(clean ? 0 : 1);
            if (!clean) {
                int from = length < SegmentHeader.BYTES ? 0 : ends.get(expected);
                assertThat(cut.files.get(name + ".corrupt")).isEqualTo(Arrays.copyOfRange(whole, from, length));
            }
            assertThat(find(cut).series).as("again").isEqualTo(states.get(expected));
            assertThat(find(cut).recovered.corruptions()).as("again").isZero();
        }
    }

    @Test
    void shouldKeepEverythingBeforeAnyFlippedBit() throws Exception {
        String name = write();
        byte[] whole = storage.files.get(name);
        for (int bit = 0; bit < whole.length * 8; bit++) {
            MemoryStorage flipped = storage.copy();
            flipped.files.get(name)[bit >> 3] ^= (byte) (1 << (bit & 7));
            Found found = find(flipped);
            int expected = bit >> 3 < SegmentHeader.BYTES ? 0 : frame(bit >> 3);
            assertThat(found.series).as("bit " + bit).isEqualTo(states.get(expected));
            assertThat(found.recovered.corruptions()).as("bit " + bit).isEqualTo(1);
            assertThat(flipped.files).as("bit " + bit).containsKey(name + ".corrupt");
        }
    }

    @Test
    void shouldEndWhereAFileHasGrownByZerosThatNothingWasWrittenInto() throws Exception {
        String name = write();
        byte[] whole = storage.files.get(name);
        int end = whole.length;
        for (int zeros : new int[] {1, 7, 8, 9, 100, 300_000}) {
            MemoryStorage grown = storage.copy();
            grown.files.put(name, Arrays.copyOf(whole, end + zeros));
            Found found = find(grown);
            assertThat(found.series).as(zeros + " zeros").isEqualTo(states.get(5));
            assertThat(found.recovered.corruptions()).as(zeros + " zeros").isZero();
            assertThat(grown.files).doesNotContainKey(name + ".corrupt");
        }
        for (int bit = 0; bit < 40 * 8; bit++) {
            MemoryStorage flipped = storage.copy();
            byte[] file = Arrays.copyOf(whole, end + 40);
            file[end + (bit >> 3)] ^= (byte) (1 << (bit & 7));
            flipped.files.put(name, file);
            Found found = find(flipped);
            assertThat(found.series).as("bit " + bit).isEqualTo(states.get(5));
            assertThat(found.recovered.corruptions()).as("bit " + bit).isEqualTo(1);
            assertThat(flipped.files.get(name + ".corrupt")).isEqualTo(Arrays.copyOfRange(file, end, file.length));
        }
        // the header was lost with everything else
        MemoryStorage blank = storage.copy();
        blank.files.put(name, new byte[5000]);
        assertThat(find(blank).series).isEmpty();
        assertThat(blank.files).doesNotContainKeys(name, name + ".corrupt");
    }

    @Test
    void shouldLoseNothingByAnyDamageOfOneCheckpoint() throws Exception {
        Gateway gateway = new Gateway(storage, CONFIG, time);
        for (int i = 0; i < 4; i++) {
            gateway.post("# TYPE a counter\n# HELP a What a is.\na{x=\"1\"} 1\na{x=\"" + i + "\"} 2.5\n");
            gateway.post(1, "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 4.5\nh_count 3\n");
            if (i == 2) {
                gateway.delete("a");
            }
            if (i < 3) {
                damageEachCheckpoint();
                gateway.checkpoint();
                // new segments, so that the old ones can go
                gateway.journal.failed("a test", new java.io.IOException("that nothing is wrong with"));
                time.pass(2000);
                gateway.sync();
                assertThat(gateway.journal.isHealthy()).isTrue();
            }
        }
        damageEachCheckpoint();
    }

    private void damageEachCheckpoint() throws Exception {
        Map<String, String> whole = find(storage.copy()).series;
        for (String name : storage.files.keySet()) {
            if (CheckpointHeader.number(name) < 0) {
                continue;
            }
            int length = storage.files.get(name).length;
            for (int at = 0; at < length; at++) {
                MemoryStorage flipped = storage.copy();
                flipped.files.get(name)[at] ^= (byte) (1 << at % 8);
                assertThat(find(flipped).series).as(name + " flipped at " + at).isEqualTo(whole);
                MemoryStorage cut = storage.copy();
                cut.files.put(name, Arrays.copyOf(cut.files.get(name), at));
                assertThat(find(cut).series).as(name + " cut at " + at).isEqualTo(whole);
            }
        }
    }

    @Test
    void shouldKeepTheGoodBlocksWhenNoCheckpointIsWhole() throws Exception {
        MemoryStorage only = new MemoryStorage();
        StringBuilder body = new StringBuilder("# TYPE a counter\n");
        for (int i = 0; i < 1900; i++) {
            body.append("a{x=\"").append("y".repeat(50)).append(Integer.toHexString(i * 0x9e3779b1)).append("\"} 1\n");
        }
        Gateway gateway = new Gateway(only, CONFIG, time);
        gateway.post(body.toString());
        gateway.checkpoint();
        gateway.post("# TYPE a counter\na{x=\"last\"} 1\n");
        gateway.checkpoint();
        only.files.keySet().removeIf(n -> Segment.number(n) >= 0);
        List<String> checkpoints = new ArrayList<>(only.files.keySet());
        checkpoints.removeIf(n -> CheckpointHeader.number(n) < 0);
        only.files.remove(checkpoints.get(0));
        byte[] file = only.files.get(checkpoints.get(1));
        file[file.length - 40] ^= 1;
        Found found = find(only = only.copy());
        assertThat(found.recovered.corruptions()).isPositive();
        // blocks are cut by size: the last one is lost
        assertThat(found.series.size()).isLessThan(1901);
        assertThat(only.files).containsKey(checkpoints.get(1));
    }

    @Test
    void shouldSayThatASegmentIsMissing() throws Exception {
        JournalConfig small = new JournalConfig(JournalConfig.Sync.NEVER, 50, 100, 200, 1 << 20, 10, 1000, 1000);
        Gateway gateway = new Gateway(storage, small, time);
        for (int i = 0; i < 20; i++) {
            gateway.post("# TYPE a counter\na{x=\"" + i + "\"} 1\n");
        }
        List<String> segments = new ArrayList<>(storage.files.keySet());
        segments.removeIf(n -> Segment.number(n) < 0);
        assertThat(segments).hasSizeGreaterThan(4);
        assertThat(find(storage.copy()).recovered.corruptions()).isZero();
        storage.files.remove(segments.get(2));
        Found found = find(storage.copy());
        assertThat(found.recovered.corruptions()).isEqualTo(1);
        assertThat(found.series.size()).isBetween(10, 19);
    }

    /** Makes a good header of a file say another format version. */
    private static void version(byte[] file, int version) {
        file[8] = (byte) version;
        java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
        crc.update(file, 0, SegmentHeader.BYTES - 4);
        for (int i = 0; i < 4; i++) {
            file[SegmentHeader.BYTES - 4 + i] = (byte) (crc.getValue() >>> 8 * i);
        }
    }

    @Test
    void shouldReadEveryVersionItSaysItReads() throws Exception {
        String name = write();
        for (int version = SegmentHeader.VERSION_MIN - 1; version <= SegmentHeader.VERSION + 1; version++) {
            MemoryStorage other = storage.copy();
            version(other.files.get(name), version);
            boolean known = version >= SegmentHeader.VERSION_MIN && version <= SegmentHeader.VERSION;
            assertThat(find(other).series).as("version " + version).isEqualTo(known ? states.get(5) : Map.of());
        }
    }

    @Test
    void shouldFallBackFromACheckpointOfALaterVersion() throws Exception {
        write();
        MemoryStorage both = storage.copy();
        try (Journal journal = Journal.open(both, CONFIG, time::millis, () -> time.nanos)) {
            journal.recover((s, age) -> {});
            journal.requestCheckpoint();
            Gateway.work(journal.checkpoints());
            assertThat(journal.checkpointsTaken()).isEqualTo(1);
        }
        String name = both.files.keySet().stream().filter(n -> CheckpointHeader.number(n) >= 0).findFirst().orElseThrow();
        version(both.files.get(name), CheckpointHeader.VERSION + 1);
        byte[] before = both.files.get(name).clone();
        Found found = find(both);
        assertThat(found.series).isEqualTo(states.get(5));
        assertThat(found.recovered.corruptions()).isEqualTo(1);
        assertThat(both.files.get(name + ".corrupt")).isEqualTo(before);
    }

    @Test
    void shouldSetFilesOfALaterVersionAside() throws Exception {
        String name = write();
        byte[] file = storage.files.get(name);
        version(file, SegmentHeader.VERSION + 1);
        byte[] before = file.clone();
        MemoryStorage later = storage.copy();
        Found found = find(later);
        assertThat(found.series).isEmpty();
        assertThat(found.recovered.corruptions()).isEqualTo(1);
        assertThat(later.files.get(name + ".corrupt")).isEqualTo(before);
    }

    @Test
    void shouldStartOnAnyRandomDamage() throws Exception {
        write();
        MemoryStorage base = storage.copy();
        Gateway gateway = new Gateway(base, CONFIG, time);
        gateway.checkpoint();
        gateway.post("# TYPE a counter\na{x=\"1\"} 1\n");
        for (int seed = 0; seed < 1000; seed++) {
            Random random = new Random(seed);
            MemoryStorage damaged = base.copy();
            List<String> names = new ArrayList<>(damaged.files.keySet());
            for (int i = 0, n = 1 + random.nextInt(4); i < n; i++) {
                String name = names.get(random.nextInt(names.size()));
                byte[] file = damaged.files.get(name);
                switch (random.nextInt(4)) {
                    case 0 -> damaged.files.put(name, Arrays.copyOf(file, random.nextInt(file.length + 10)));
                    case 1 -> damaged.files.put(name, new byte[random.nextInt(200)]);
                    case 2 -> {
                        byte[] noise = new byte[1 + random.nextInt(40)];
                        random.nextBytes(noise);
                        int at = random.nextInt(file.length + 1);
                        System.arraycopy(noise, 0, file, at, Math.min(noise.length, file.length - at));
                    }
                    default -> damaged.files.remove(name);
                }
                if (!damaged.files.containsKey(name)) {
                    names.remove(name);
                }
                if (names.isEmpty()) {
                    break;
                }
            }
            Found first = find(damaged);
            assertThat(find(damaged).series).as("seed " + seed).isEqualTo(first.series);
        }
    }
}
