package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Mode;
import io.weir.store.Selector;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Groups outlive the process: what was replaced stays replaced, and who owns what is known again. */
class GroupJournalTest {
    private static final String A = "job=\"a\"";
    private static final String AX = "job=\"a\",x=\"1\"";

    private MemoryStorage storage = new MemoryStorage();
    private final Gateway.Time time = new Gateway.Time();

    /** Starts one after the last, if any, was killed. */
    private Gateway start() {
        storage = storage.copy();
        return new Gateway(storage, JournalConfig.DEFAULTS, time);
    }

    private static void put(Gateway gateway, String key, String body) {
        gateway.group(0, Mode.SET, Replace.ALL, key, body, 5);
    }

    /** The same text after a kill, and again after a kill behind a checkpoint. */
    private Gateway again(Gateway gateway) {
        String before = gateway.scrape();
        Gateway next = start();
        assertThat(next.scrape()).isEqualTo(before);
        next.checkpoint();
        next = start();
        assertThat(next.recovered.frames()).isZero();
        assertThat(next.scrape()).isEqualTo(before);
        return next;
    }

    @Test
    void shouldKeepReplacementsAndOwners() {
        Gateway g = start();
        put(g, A, "m{x=\"1\"} 1\nn 2\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_count 3\n");
        put(g, AX, "o 1\n");
        g.post("plain 1\n");
        put(g, A, "m{x=\"1\"} 4\nq 1\n");
        g = again(g);

        // what only the checkpoint knows ends with its group, and nothing else does
        put(g, A, "r 1\n");
        assertThat(g.scrape()).contains("o{", "r{", "plain 1").doesNotContain("m{", "q{");
        g = again(g);
        g.group(0, Mode.SET, Replace.ALL, AX, "", 0);
        g = again(g);
        assertThat(g.scrape()).contains("r{", "plain 1").doesNotContain("o{", "x=\"1\"");
        assertThat(g.table.groups().size()).isEqualTo(1);
    }

    @Test
    void shouldReplaceFamiliesThatOnlyACheckpointKnows() {
        Gateway g = start();
        put(g, A, "m{x=\"1\"} 1\nm{x=\"2\"} 2\nn 3\n");
        g = again(g);
        g.group(0, Mode.SET, Replace.FAMILIES, A, "m{x=\"2\"} 5\n", 6);
        g = again(g);
        assertThat(g.scrape()).contains("m{instance=\"\",job=\"a\",x=\"2\"} 5\n", "n{").doesNotContain("x=\"1\"");
    }

    @Test
    void shouldComeBackAsBeforeAReplacementOrAfterItWhereverTheFileEnds() throws Exception {
        Gateway g = start();
        put(g, A, "m 1\nn 1\n");
        String before = g.scrape();
        Map<String, Long> sizes = sizes();
        put(g, A, "o 1\np 1\n");
        String after = g.scrape();
        int whole = 0;
        for (Map.Entry<String, Long> file : sizes().entrySet()) {
            long from = sizes.getOrDefault(file.getKey(), 0L);
            for (long end = from; from > 0 && from < file.getValue() && end <= file.getValue(); end++) {
                MemoryStorage cut = storage.copy();
                cut.truncate(file.getKey(), end);
                String text = new Gateway(cut, JournalConfig.DEFAULTS, time).scrape();
                assertThat(text).isEqualTo(end < file.getValue() ? before : after);
                whole += end == file.getValue() ? 1 : 0;
            }
        }
        assertThat(whole).isEqualTo(1);
    }

    private Map<String, Long> sizes() throws IOException {
        Map<String, Long> sizes = new HashMap<>();
        for (String name : storage.list()) {
            try (Storage.Input input = storage.open(name)) {
                sizes.put(name, input.size());
            }
        }
        return sizes;
    }

    @Test
    void shouldForgetOwnersWithTheirSeries() {
        Gateway g = start();
        put(g, A, "m{instance=\"i\"} 1\n");
        g.delete(Selector.all());
        g.post("m{instance=\"i\",job=\"a\"} 3\n");
        g = again(g);
        put(g, A, "");
        g = again(g);
        assertThat(g.scrape()).contains("m{instance=\"i\",job=\"a\"} 3\n");
    }

    @Test
    void shouldReadWhatTheVersionsBeforeHaveWritten() {
        assertThat(SegmentHeader.VERSION_MIN).isEqualTo(1);
        assertThat(CheckpointHeader.VERSION_MIN).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void shouldComeBackTheSameAfterAnyPushes(int salt) {
        long seed = Long.getLong("weir.fuzz.seed", System.nanoTime()) + salt;
        Random random = new Random(seed);
        Gateway g = start();
        for (int round = 0; round < 400; round++) {
            String key = random.nextInt(3) == 0 ? AX : "job=\"" + (char) ('a' + random.nextInt(3)) + "\"";
            StringBuilder body = new StringBuilder();
            for (int i = 0; i < 6; i++) {
                if (random.nextInt(3) == 0) {
                    body.append("m").append(i / 2).append("{y=\"").append(i % 2).append("\"} ").append(random.nextInt(9)).append('\n');
                }
            }
            int loop = random.nextInt(2);
            switch (random.nextInt(12)) {
                case 0 -> g.group(loop, Mode.SET, Replace.ALL, key, "", 0);
                case 1, 2, 3 -> g.group(loop, Mode.ADD, Replace.NOTHING, key, body.toString(), round);
                case 4, 5 -> g.group(loop, Mode.SET, Replace.FAMILIES, key, body.toString(), round);
                case 6 -> g.delete("m" + random.nextInt(3));
                case 7 -> g.post(loop, "p{job=\"a\",y=\"" + random.nextInt(3) + "\"} 1\n");
                case 8 -> {
                    if (random.nextBoolean()) {
                        g.checkpoint();
                    }
                    String before = g.scrape();
                    g = start();
                    assertThat(sorted(g.scrape())).as("seed %d, round %d", seed, round).isEqualTo(sorted(before));
                }
                default -> g.group(loop, Mode.SET, Replace.ALL, key, body.toString(), round);
            }
            time.pass(300);
        }
    }

    /** Series that ended and came again may stand elsewhere after a restart. */
    private static String sorted(String text) {
        return String.join("\n", text.lines().sorted().toList());
    }
}
