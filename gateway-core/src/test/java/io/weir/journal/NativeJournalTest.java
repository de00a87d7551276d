package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.journal.JournalConfig.Sync;
import io.weir.parse.NativeBodies;
import io.weir.parse.NativeBodies.Form;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.MetricType;
import io.weir.sample.Mode;
import io.weir.sample.NativeSample;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.NativeHistogram;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Native histograms in frames, checkpoints and restarts. */
class NativeJournalTest {
    private static final JournalConfig CONFIG = new JournalConfig(Sync.INTERVAL, 5, 4_000, 60_000, 100_000, 1000, 60_000, 100);

    private MemoryStorage storage = new MemoryStorage();
    private final Gateway.Time time = new Gateway.Time();

    /** As after a kill of the one before. */
    private Gateway start() {
        storage = storage.copy();
        return new Gateway(storage, CONFIG, time);
    }

    private static void push(Gateway gateway, int loop, Mode mode, byte[] body) {
        assertThat(gateway.submit(loop, mode, body, Gateway.CLOSE)).isEqualTo(Code.OK);
        gateway.loops[loop].flush();
    }

    /** Everything there is, to the last bucket. */
    private static Map<String, String> values(Gateway gateway) {
        Map<String, String> values = new TreeMap<>();
        for (FamilySnapshot family : gateway.snapshot().families()) {
            for (int i = 0; i < family.size(); i++) {
                byte[] chunk = family.textChunk(i);
                String labels = new String(chunk, family.textOffset(i), family.textLength(i));
                values.put(new String(family.name()) + '{' + labels + '}', family.histogram(i).toString());
            }
        }
        return values;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldFindAfterAKillWhatWasThereBefore(int salt) {
        Random random = new Random(Long.getLong("weir.fuzz.seed", 1) + salt);
        Form[] forms = {Form.NATIVE, Form.BOTH};
        Gateway gateway = start();
        for (int round = 0; round < 150; round++) {
            int series = random.nextInt(4);
            byte[] body = NativeBodies.body(
                    "h" + series / 2, "x" + series, forms[series % 2], random.nextInt(9) - 4,
                    NativeBodies.values(random, random.nextInt(12)));
            push(gateway, random.nextInt(2), random.nextInt(6) == 0 ? Mode.SET : Mode.ADD, body);
            switch (random.nextInt(12)) {
                case 0 -> gateway.delete("h" + random.nextInt(2));
                case 1 -> gateway.checkpoint();
                case 2 -> {
                    Map<String, String> before = values(gateway);
                    gateway = start();
                    assertThat(gateway.recovered.corruptions()).isZero();
                    assertThat(values(gateway)).isEqualTo(before);
                }
                default -> {}
            }
        }
    }

    @Test
    void shouldKeepInfinitiesNaNAndFractions() {
        Gateway gateway = start();
        push(gateway, 0, Mode.ADD, NativeBodies.body(
                "h", "x", Form.NATIVE, 3, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0.1, -1e300));
        push(gateway, 0, Mode.ADD, NativeBodies.bucket("nan", 8, -1, 3, Double.NaN));
        Map<String, String> before = values(gateway);
        assertThat(before.toString()).contains("count 4.0").contains("count 3.0 sum NaN");
        assertThat(values(start())).isEqualTo(before);
        Gateway again = start();
        again.checkpoint();
        assertThat(values(start())).isEqualTo(before);
    }

    @Test
    void shouldHaveEachPushWhollyOrNotAtAllWhereverTheFileEnds() throws Exception {
        Gateway gateway = start();
        Map<Integer, String> states = new HashMap<>();
        states.put(0, "{}");
        for (int i = 1; i <= 6; i++) {
            push(gateway, 0, Mode.ADD, NativeBodies.body(
                    "h", "x", i == 4 ? Form.NATIVE : Form.BOTH, 3 + i % 2, NativeBodies.values(new Random(i), 8)));
            states.put(i, values(gateway).toString());
        }
        String name = storage.list().stream()
                .filter(n -> n.startsWith("segment"))
                .max(java.util.Comparator.comparingInt(n -> storage.files.get(n).length))
                .orElseThrow();
        byte[] whole = storage.files.get(name);
        int state = 0;
        for (int end = 64; end <= whole.length; end++) {
            MemoryStorage cut = storage.copy();
            cut.files.put(name, Arrays.copyOf(whole, end));
            String found = values(new Gateway(cut, CONFIG, time)).toString();
            if (!found.equals(states.get(state))) {
                state++;
                assertThat(found).as("cut at " + end).isEqualTo(states.get(state));
            }
        }
        assertThat(state).isEqualTo(6);
    }

    // ---- what a kill leaves of what came at its time

    private static HistogramValue value(int schema, double... buckets) {
        NativeSample sample = new NativeSample();
        sample.schema = schema;
        sample.zeroThreshold = 0x1p-128;
        for (int i = 0; i < buckets.length; i += 2) {
            sample.positive.add((int) buckets[i], buckets[i + 1]);
            sample.count += buckets[i + 1];
        }
        sample.sum = sample.count;
        return new HistogramValue(NativeHistogram.of(sample));
    }

    private static HistogramValue after(HistogramValue added, HistogramValue more, HistogramValue killed) {
        Fold fold = new Fold();
        int n = fold.findOrAdd(fold.family(new byte[] {'h'}), MetricType.HISTOGRAM.ordinal(), new byte[0], 0, 0);
        fold.cell(n, 5, 0, false, added);
        fold.cell(n, 6, 0, false, more);
        fold.kill(n, 5, killed);
        if (!fold.isLive(n)) {
            return null;
        }
        StoredSeries rest = new StoredSeries();
        fold.get(n, rest);
        return (HistogramValue) rest.cell;
    }

    @Test
    void shouldTellWhatEndedFromWhatCameAfter() {
        HistogramValue one = value(3, 1, 5, 4, 7);
        HistogramValue two = value(3, 1, 2, 90, 1);
        assertThat(after(one, two, one)).isEqualTo(two);
        assertThat(after(one, two, one.plus(two))).isNull();
        // at the schema of the one that ended
        HistogramValue coarse = value(1, 1, 2);
        assertThat(after(coarse, two, coarse)).isEqualTo(value(1, 1, 2, 23, 1));
        HistogramValue both = new HistogramValue(new double[] {1}, new double[] {5, 7}, one.nativePart());
        assertThat(after(both, both, both)).isEqualTo(both);
        // the sum has no classic buckets, what ended had
        assertThat(after(both, two, both)).isEqualTo(two);
    }
}
