package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.ingest.AggregationRules;
import io.weir.sample.Mode;
import io.weir.store.Selector;
import io.weir.store.TableConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames of bodies whose series follow one another in the store: runs, and what breaks them. */
class RunJournalTest {
    private final Gateway.Time time = new Gateway.Time();
    private final MemoryStorage storage = new MemoryStorage();

    private Gateway start(Storage on) {
        return new Gateway(on, JournalConfig.DEFAULTS, time, 2,
                TableConfig.of(5_000, 200), AggregationRules.DEFAULTS::policy);
    }

    private static String body(int from, int to, Random random) {
        StringBuilder body = new StringBuilder("# TYPE c counter\n");
        for (int i = from; i < to; i++) {
            Object value = switch (random.nextInt(4)) {
                case 0 -> 1;
                case 1 -> random.nextInt(1 << 4 * random.nextInt(8));
                case 2 -> random.nextInt(1_000_000) / 1000.0;
                default -> random.nextDouble();
            };
            body.append("c{i=\"").append(i).append("\"} ").append(value).append('\n');
        }
        return body.toString();
    }

    @Test
    void shouldWriteARunInLessRoomThanItsSeriesOneByOne() {
        Gateway g = start(storage);
        StringBuilder ones = new StringBuilder("# TYPE c counter\n");
        for (int i = 0; i < 600; i++) {
            ones.append("c{i=\"").append(i).append("\"} 300\n");
        }
        g.post(ones.toString());
        long before = g.journal.bytesWritten();
        g.post(ones.toString());
        // a quarter of a byte and two for each value, a few bytes for each of three runs and for the frame
        assertThat(g.journal.bytesWritten() - before).isLessThan(600 * 9 / 4 + 50);
        assertThat(start(storage.copy()).scrape()).isEqualTo(g.scrape()).contains("c{i=\"599\"} 600\n");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void shouldComeBackTheSameWhateverBreaksARun(int salt) {
        long seed = Long.getLong("weir.fuzz.seed", System.nanoTime()) + salt;
        Random random = new Random(seed);
        MemoryStorage disk = storage;
        Gateway g = start(disk);
        g.post(body(0, 1000, random));
        for (int round = 0; round < 150; round++) {
            int from = random.nextInt(1000);
            int to = Math.min(1000, from + 1 + random.nextInt(random.nextInt(4) == 0 ? 600 : 20));
            switch (random.nextInt(12)) {
                case 0 -> g.put(body(from, to, random));
                // two in one turn, with a gap, on top of each other
                case 1 -> {
                    g.submit(1, Mode.ADD, body(from, (from + to) / 2, random) + body((from + to) / 2 + 1, to + 1, random), null,
                            Gateway.CLOSE);
                    g.post(1, body(from, to, random));
                }
                // the other way round: no run at all
                case 2 -> g.post(reversed(body(from, to, random)));
                case 3 -> g.postFor(3600, body(from, to, random));
                case 4 -> g.group(0, Mode.ADD, Replace.NOTHING, "job=\"a\"", body(from, to, random), 0);
                case 5 -> g.group(0, Mode.SET, Replace.FAMILIES, "job=\"a\"", body(from, to, random), 0);
                // what is pushed again has another life than its neighbours
                case 6 -> {
                    g.delete(new Selector(bytes("c"), List.of(new Selector.Pair(bytes("i"), bytes(String.valueOf(from))))));
                    g.post(body(from, to, random));
                }
                case 7 -> {
                    g.sync();
                    g.checkpoint();
                }
                case 8 -> {
                    String before = g.scrape();
                    disk = disk.copy();
                    g = start(disk);
                    assertThat(sorted(g.scrape())).as("seed %d, round %d", seed, round).isEqualTo(sorted(before));
                }
                default -> g.post(random.nextInt(2), body(from, to, random));
            }
            time.pass(random.nextInt(100));
        }
        String before = sorted(g.scrape());
        assertThat(sorted(start(disk.copy()).scrape())).as("seed %d", seed).isEqualTo(before);
        g.checkpoint();
        assertThat(sorted(start(disk.copy()).scrape())).as("seed %d", seed).isEqualTo(before);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String reversed(String body) {
        List<String> lines = new ArrayList<>(body.lines().toList());
        String type = lines.remove(0);
        Collections.reverse(lines);
        return type + '\n' + String.join("\n", lines) + '\n';
    }

    private static String sorted(String text) {
        return String.join("\n", text.lines().sorted().toList());
    }

    /** Made by the release that wrote version 3: a checkpoint, segments of two processes, ends, a key, groups, stamps. */
    @Test
    void shouldReadADirectoryOfVersionThree() {
        MemoryStorage old = new MemoryStorage();
        for (String name : List.of("checkpoint-0000000000000002.weir", "segment-0000000000000000.journal",
                "segment-0000000000000001.journal", "segment-0000000000000003.journal", "segment-0000000000000004.journal")) {
            old.files.put(name, resource(name));
            assertThat(old.files.get(name)[8]).isEqualTo((byte) 3);
        }
        String expected = new String(resource("metrics.txt"), StandardCharsets.UTF_8);
        Gateway g = start(old);
        assertThat(sorted(g.scrape())).isEqualTo(sorted(expected));
        assertThat(g.recovered.corruptions()).isZero();
        assertThat(g.recovered.frames()).isPositive();

        // goes on in the present version, beside it
        g.post("# TYPE jobs_total counter\njobs_total{queue=\"q1\"} 1000\n");
        String before = g.scrape();
        assertThat(before).isNotEqualTo(expected);
        assertThat(start(old.copy()).scrape()).isEqualTo(before);
        g.checkpoint();
        assertThat(start(old.copy()).scrape()).isEqualTo(before);
    }

    private static byte[] resource(String name) {
        try (InputStream in = RunJournalTest.class.getResourceAsStream("/journal/version-3/" + name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
