package io.weir.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.BucketSpan;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Histogram;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Metric;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.MetricFamily;
import io.weir.expose.ByteBlock;
import io.weir.expose.ProtobufExposition;
import io.weir.journal.Replace;
import io.weir.parse.NativeBodies;
import io.weir.parse.NativeBodies.Form;
import io.weir.parse.Parser;
import io.weir.parse.ProtobufParser;
import io.weir.parse.TextParser;
import io.weir.sample.Code;
import io.weir.sample.Limits;
import io.weir.sample.MetricType;
import io.weir.sample.Mode;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.NativeHistogram;
import io.weir.store.Selector;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Native histograms from a client's body through the store into a scraper's hands. */
class NativeHistogramsTest {
    private final CoreRig rig = rig();

    private static CoreRig rig() {
        Limits few = Limits.DEFAULTS.with(l -> {
            l.series = 100;
            l.familySeries = 100;
            l.families = 50;
        });
        return new CoreRig(few, AggregationRules.DEFAULTS);
    }

    private static Code push(CoreRig rig, Mode mode, byte[] body) {
        return push(rig, rig.ingest, mode, body);
    }

    private static Code push(CoreRig rig, Ingest ingest, Mode mode, byte[] body) {
        ProtobufParser parser = new ProtobufParser(rig.limits, rig.hash.copy(), TextParser.Timestamps.REFUSE);
        Batch batch = ingest.open(mode);
        try {
            parser.reset(batch);
            ingest.enter();
            Parser.Result result = parser.finish(body, 0, body.length);
            ingest.exit();
            if (result == Parser.Result.ERROR) {
                rig.error = parser.failure().describe();
                return parser.failure().code();
            }
            Code code = ingest.commit(batch);
            rig.error = batch.detail();
            return code;
        } finally {
            ingest.close(batch);
        }
    }

    private static HistogramValue value(CoreRig rig, String name) {
        for (FamilySnapshot family : rig.snapshot().families()) {
            if (new String(family.name()).equals(name)) {
                assertThat(family.size()).isEqualTo(1);
                return family.histogram(0);
            }
        }
        throw new AssertionError(name);
    }

    private static byte[] render(CoreRig rig) {
        ProtobufExposition exposition = new ProtobufExposition(rig.snapshot());
        ByteBlock all = new ByteBlock(1 << 12);
        while (exposition.next(all)) {
            // all of it in one block
        }
        return all.toByteArray();
    }

    private static Histogram exposed(CoreRig rig) throws IOException {
        MetricFamily family = MetricFamily.parseDelimitedFrom(new ByteArrayInputStream(render(rig)));
        Metric metric = family.getMetric(0);
        return metric.getHistogram();
    }

    /** Absolute buckets of one side, those without observations left out. */
    private static Map<Integer, Long> buckets(List<BucketSpan> spans, List<Long> deltas) {
        Map<Integer, Long> buckets = new TreeMap<>();
        int index = 0;
        int next = 0;
        long count = 0;
        for (BucketSpan span : spans) {
            index += span.getOffset();
            for (int i = 0; i < span.getLength(); i++, index++) {
                count += deltas.get(next++);
                if (count != 0) {
                    buckets.put(index, count);
                }
            }
        }
        assertThat(next).isEqualTo(deltas.size());
        return buckets;
    }

    @Test
    void shouldGiveOutWhatAClientHasPushed() throws Exception {
        Random random = new Random(Long.getLong("weir.fuzz.seed", 1));
        for (int round = 0; round < 100; round++) {
            CoreRig first = rig();
            Form form = random.nextBoolean() ? Form.NATIVE : Form.BOTH;
            byte[] body = NativeBodies.body("h", "x", form, random.nextInt(9) - 4, NativeBodies.values(random, random.nextInt(60)));
            assertThat(push(first, Mode.ADD, body)).as(first.error).isEqualTo(Code.OK);
            Histogram pushed = MetricFamily.parseDelimitedFrom(new ByteArrayInputStream(body)).getMetric(0).getHistogram();
            Histogram shown = exposed(first);

            assertThat(shown.getSchema()).isEqualTo(pushed.getSchema());
            assertThat(shown.getZeroThreshold()).isEqualTo(pushed.getZeroThreshold());
            assertThat(shown.getZeroCount()).isEqualTo(pushed.getZeroCount());
            assertThat(shown.getSampleCount()).isEqualTo(pushed.getSampleCount());
            assertThat(shown.getSampleSum()).isEqualTo(pushed.getSampleSum());
            assertThat(buckets(shown.getPositiveSpanList(), shown.getPositiveDeltaList()))
                    .isEqualTo(buckets(pushed.getPositiveSpanList(), pushed.getPositiveDeltaList()));
            assertThat(buckets(shown.getNegativeSpanList(), shown.getNegativeDeltaList()))
                    .isEqualTo(buckets(pushed.getNegativeSpanList(), pushed.getNegativeDeltaList()));
            assertThat(shown.getBucketCount()).isEqualTo(form == Form.NATIVE ? 0 : 4);

            CoreRig second = rig();
            assertThat(push(second, Mode.ADD, render(first))).as(second.error).isEqualTo(Code.OK);
            assertThat(value(second, "h")).isEqualTo(value(first, "h"));
        }
    }

    @Test
    void shouldAddWhatManyClientsPushAtDifferentSchemas() {
        Random random = new Random(Long.getLong("weir.fuzz.seed", 1));
        List<byte[]> bodies = new ArrayList<>();
        double count = 0;
        double sum = 0;
        int lowest = 8;
        for (int i = 0; i < 40; i++) {
            double[] values = NativeBodies.values(random, 20);
            int schema = 1 + random.nextInt(4);
            lowest = Math.min(lowest, schema);
            bodies.add(NativeBodies.body("h", "x", Form.BOTH, schema, values));
            count += values.length;
            sum += Arrays.stream(values).sum();
        }
        HistogramValue first = null;
        for (int order = 0; order < 3; order++) {
            CoreRig other = rig();
            for (byte[] body : bodies) {
                assertThat(push(other, Mode.ADD, body)).as(other.error).isEqualTo(Code.OK);
            }
            HistogramValue all = value(other, "h");
            assertThat(all.count()).isEqualTo(count);
            assertThat(all.sum()).isEqualTo(sum);
            assertThat(all.nativePart().count()).isEqualTo(count);
            assertThat(all.nativePart().schema()).isEqualTo(lowest);
            assertThat(all.buckets()).isEqualTo(3);
            first = first == null ? all : first;
            assertThat(all).isEqualTo(first);
            java.util.Collections.shuffle(bodies, random);
        }
    }

    @Test
    void shouldReplaceByASetAndBeginAnewAfterADelete() {
        byte[] one = NativeBodies.body("h", "x", Form.NATIVE, 3, 1, 2, 3);
        byte[] two = NativeBodies.body("h", "x", Form.NATIVE, 5, 4);
        push(rig, Mode.ADD, one);
        push(rig, Mode.SET, two);
        assertThat(value(rig, "h").nativePart().schema()).isEqualTo(5);
        assertThat(value(rig, "h").count()).isEqualTo(1);
        assertThat(rig.delete(Selector.all())).isEqualTo(1);
        push(rig, Mode.ADD, one);
        assertThat(value(rig, "h").count()).isEqualTo(3);
        // by its opaque key as well
        push(rig, Mode.ADD, one);
        assertThat(value(rig, "h").count()).isEqualTo(6);
    }

    @Test
    void shouldShowCountSumAndInfinityWhereTheFormatHasNoNativeBuckets() {
        push(rig, Mode.ADD, NativeBodies.body("h", "x", Form.NATIVE, 3, 1, 2.5));
        assertThat(rig.scrape()).isEqualTo(
                """
                # HELP h of a test
                # TYPE h histogram
                h_bucket{l="x",le="+Inf"} 2
                h_sum{l="x"} 3.5
                h_count{l="x"} 2
                """);
    }

    @Test
    void shouldExposeAHistogramOfNothingAsANativeOne() throws Exception {
        push(rig, Mode.ADD, NativeBodies.body("h", "x", Form.NATIVE, 3));
        Histogram shown = exposed(rig);
        assertThat(shown.getPositiveSpanCount() > 0 || shown.getZeroThreshold() > 0).isTrue();
        assertThat(shown.getBucketCount()).isZero();
    }

    // ---- forms

    @Test
    void shouldKeepTheFormThatAllHave() {
        byte[] both = NativeBodies.body("h", "x", Form.BOTH, 3, 0.05, 0.5, 5);
        byte[] classic = NativeBodies.body("h", "x", Form.CLASSIC, 3, 0.05);
        byte[] buckets = NativeBodies.body("h", "x", Form.NATIVE, 2, 7);

        push(rig, Mode.ADD, both);
        assertThat(push(rig, Mode.ADD, classic)).isEqualTo(Code.OK);
        assertThat(value(rig, "h")).isEqualTo(new HistogramValue(new double[] {0.1, 1, 10}, new double[] {2, 1, 1, 0}, 5.6));
        assertThat(push(rig, Mode.ADD, both)).isEqualTo(Code.OK);
        assertThat(value(rig, "h").nativePart()).isNull();

        push(rig, Mode.SET, both);
        assertThat(push(rig, Mode.ADD, buckets)).isEqualTo(Code.OK);
        assertThat(value(rig, "h").isClassic()).isFalse();
        assertThat(value(rig, "h").count()).isEqualTo(4);
        assertThat(value(rig, "h").nativePart().schema()).isEqualTo(2);
    }

    @Test
    void shouldRefuseToAddWhatHasNoFormInCommon() {
        push(rig, Mode.ADD, NativeBodies.body("h", "x", Form.NATIVE, 3, 1));
        assertThat(push(rig, Mode.ADD, NativeBodies.body("h", "x", Form.CLASSIC, 3, 1))).isEqualTo(Code.HISTOGRAM_FORM);
        assertThat(rig.error).isEqualTo("histogram h with native buckets, pushed with classic buckets");
        assertThat(rig.post("# TYPE h histogram\nh_count{l=\"x\"} 1\nh_sum{l=\"x\"} 1\n")).isEqualTo(Code.HISTOGRAM_FORM);
        assertThat(value(rig, "h").count()).isEqualTo(1);

        assertThat(push(rig, Mode.SET, NativeBodies.body("h", "x", Form.CLASSIC, 3, 1))).isEqualTo(Code.OK);
        assertThat(push(rig, Mode.ADD, NativeBodies.body("h", "x", Form.NATIVE, 3, 1))).isEqualTo(Code.HISTOGRAM_FORM);
        assertThat(rig.error).isEqualTo("histogram h with classic buckets, pushed with native buckets");
    }

    @Test
    void shouldLoseNoObservationWhereFormsMeetAllTheSame() {
        HistogramValue classic = new HistogramValue(new double[] {-2, 0, 1, 10}, new double[] {1, 2, 4, 8, 16}, 40);
        push(rig, Mode.ADD, NativeBodies.body("h", "x", Form.NATIVE, 3, 1, 1, 0));
        HistogramValue there = value(rig, "h");
        for (HistogramValue sum : List.of(there.plus(classic), classic.plus(there))) {
            assertThat(sum.isClassic()).isFalse();
            assertThat(sum.count()).isEqualTo(34);
            NativeHistogram buckets = sum.nativePart();
            assertThat(buckets.count()).isEqualTo(34);
            assertThat(buckets.zeroCount()).isEqualTo(3);
            assertThat(buckets.negativeCounts()).containsExactly(1);
            assertThat(buckets.positiveIndexes()).containsExactly(0, NativeHistogram.index(3, 10));
            assertThat(buckets.positiveCounts()).containsExactly(6, 24);
            assertThat(buckets.sum()).isEqualTo(42);
        }
    }

    @Test
    void shouldRefuseFormsThatDisagree() {
        byte[] body = NativeBodies.body("h", "x", Form.BOTH, 3, 0.05, 0.5, 5);
        int at = -1;
        // the cumulative count of the bucket +Inf, behind the two others
        for (int i = 0; i + 3 < body.length; i++) {
            if (body[i] == 0x1a && body[i + 2] == 0x08 && body[i + 3] == 3) {
                at = i + 3;
            }
        }
        body[at] = 4;
        assertThat(push(rig, Mode.ADD, body)).isEqualTo(Code.NATIVE_HISTOGRAM);
        assertThat(rig.snapshot().families()).isEmpty();
    }

    @Test
    void shouldConflictWithOtherTypesAsAnyHistogram() {
        rig.post("# TYPE h counter\nh 1\n");
        assertThat(push(rig, Mode.ADD, NativeBodies.body("h", "x", Form.NATIVE, 3, 1))).isEqualTo(Code.TYPE_CONFLICT);
    }

    @Test
    void shouldCountAgainstTheLimitOfSeries() {
        CoreRig small = new CoreRig(
                Limits.DEFAULTS.with(l -> {
                    l.series = 1;
                    l.familySeries = 1;
                    l.families = 10;
                }),
                AggregationRules.DEFAULTS);
        assertThat(push(small, Mode.ADD, NativeBodies.body("h", "x", Form.NATIVE, 3, 1))).isEqualTo(Code.OK);
        assertThat(push(small, Mode.ADD, NativeBodies.body("h", "y", Form.NATIVE, 3, 1))).isEqualTo(Code.SERIES_LIMIT);
        assertThat(push(small, Mode.ADD, NativeBodies.body("h", "x", Form.NATIVE, 3, 1))).isEqualTo(Code.OK);
        assertThat(value(small, "h").count()).isEqualTo(2);
    }

    // ---- groups

    private Code group(Mode mode, Replace replace, String key, byte[] body) {
        byte[] text = key.getBytes();
        Batch batch = rig.ingest.open(mode, text, 0, text.length, replace);
        ProtobufParser parser = new ProtobufParser(rig.limits, rig.hash.copy(), TextParser.Timestamps.REFUSE);
        parser.reset(batch);
        rig.ingest.enter();
        parser.finish(body, 0, body.length);
        rig.ingest.exit();
        Code code = rig.ingest.submit(batch, null, (b, outcome, ticket) -> rig.ingest.close(b));
        if (code != Code.OK) {
            rig.ingest.close(batch);
        }
        while (!rig.ingest.flush()) {
            rig.keeper.doWork();
        }
        return code;
    }

    @Test
    void shouldAddToAGroupAndReplaceIt() {
        String key = "job=\"a\"";
        byte[] one = NativeBodies.body("h", "x", Form.NATIVE, 3, 1, 2);
        group(Mode.ADD, Replace.NOTHING, key, one);
        group(Mode.ADD, Replace.NOTHING, key, one);
        assertThat(value(rig, "h").nativePart().count()).isEqualTo(4);
        group(Mode.SET, Replace.FAMILIES, key, one);
        assertThat(value(rig, "h").nativePart().count()).isEqualTo(2);
        group(Mode.SET, Replace.ALL, key, NativeBodies.body("other", "x", Form.NATIVE, 3, 1));
        assertThat(rig.snapshot().families()).hasSize(1);
        assertThat(value(rig, "other").nativePart().count()).isEqualTo(1);
    }

    // ---- at once

    /** Another loop makes the series live between two parts of one histogram: they meet in two cells, and are one in the end. */
    @Test
    void shouldUniteThePartsOfAHistogramThatHaveComeApart() {
        push(rig, Mode.ADD, NativeBodies.body("h", "x", Form.NATIVE, 3, 1, 2));
        NativeHistogram buckets = value(rig, "h").nativePart();
        CellJoiner joiner = new CellJoiner();
        CellJoiner.Cell counts = joiner.at(-1, MetricType.HISTOGRAM, false, 0);
        joiner.sum(counts, 3);
        joiner.count(counts, 2);
        CellJoiner.Cell rest = joiner.at(7, MetricType.HISTOGRAM, false, 2);
        joiner.nativePart(rest, buckets);
        assertThat(joiner.join(counts)).isEqualTo(Code.OK);
        assertThat(joiner.join(rest)).isEqualTo(Code.OK);
        joiner.unite(counts, rest);
        assertThat(joiner.join(counts)).isEqualTo(Code.OK);
        assertThat(counts.value).isEqualTo(new HistogramValue(buckets));
        assertThat(rest.value).isNull();
    }

    @Test
    void shouldAddExactlyWhatTwoLoopsPushAtOnce() throws Exception {
        int pushes = 4_000;
        List<byte[][]> all = new ArrayList<>();
        Thread[] loops = new Thread[2];
        List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
        for (int t = 0; t < 2; t++) {
            Ingest ingest = rig.newIngest();
            byte[][] bodies = new byte[8][];
            for (int i = 0; i < bodies.length; i++) {
                bodies[i] = NativeBodies.body("h", "x", Form.BOTH, 2 + t, NativeBodies.values(new Random(10 * t + i), 5));
            }
            all.add(bodies);
            loops[t] = new Thread(() -> {
                try {
                    for (int i = 0; i < pushes; i++) {
                        Code code = push(rig, ingest, Mode.ADD, bodies[i & 7]);
                        if (code != Code.OK) {
                            throw new AssertionError(code);
                        }
                    }
                } catch (Throwable e) {
                    failures.add(e);
                }
            });
        }
        for (Thread loop : loops) {
            loop.start();
        }
        for (Thread loop : loops) {
            loop.join();
        }
        assertThat(failures).isEmpty();

        CoreRig alone = rig();
        for (int i = 0; i < pushes; i++) {
            push(alone, Mode.ADD, all.get(0)[i & 7]);
            push(alone, Mode.ADD, all.get(1)[i & 7]);
        }
        assertThat(value(rig, "h")).isEqualTo(value(alone, "h"));
        assertThat(value(rig, "h").count()).isEqualTo(2 * pushes * 5);
    }
}
