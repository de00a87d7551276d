package io.weir.server.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.MetricType;
import io.weir.server.remotewrite.RequestV2.Metadata;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import io.weir.snapshot.SummaryValue;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class RequestV2EncoderTest {
    private static final long TIME = 1_700_000_000_123L;

    private final RequestV2Encoder encoder = new RequestV2Encoder(new Random(1));

    @Test
    void shouldKeepEachStringOnce() {
        RequestV2 request = encode(Snapshots.empty()
                .counter("a", "job=\"x\",zone=\"x\"", 1)
                .counter("a", "job=\"y\",zone=\"job\"", 2));

        assertThat(request.symbols()).containsExactly("", "__name__", "a", "job", "x", "zone", "y");
        assertThat(request.decoded().keys()).containsExactly("a{job=\"x\",zone=\"x\"}", "a{job=\"y\",zone=\"job\"}");
        assertThat(request.series().get(1).series().sample()).isEqualTo(SteppedWriter.sample(2, TIME));
    }

    @Test
    void shouldSendTypeAndHelpOfEachFamily() {
        RequestV2 request = encode(Snapshots.empty()
                .counter("c_total", "", 1)
                .gauge("g", "", 1)
                .untyped("u", "", 1)
                .histogram("h", "", new double[] {1}, new double[] {1, 1}, 1)
                .summary("s", "", 1, 1)
                .help("c_total", "Counts\n\"things\" \\ ü.")
                .help("h", "Times.")
                .help("u", ""));

        assertThat(request.get("c_total").metadata()).isEqualTo(new Metadata("COUNTER", "Counts\n\"things\" \\ ü.", ""));
        assertThat(request.get("g").metadata()).isEqualTo(new Metadata("GAUGE", "", ""));
        assertThat(request.get("u").metadata()).isEqualTo(new Metadata("UNSPECIFIED", "", ""));
        for (String part : List.of("h_bucket{le=\"1\"}", "h_bucket{le=\"+Inf\"}", "h_sum", "h_count")) {
            assertThat(request.get(part).metadata()).isEqualTo(new Metadata("HISTOGRAM", "Times.", ""));
        }
        assertThat(request.get("s_sum").metadata()).isEqualTo(new Metadata("SUMMARY", "", ""));
    }

    @Test
    void shouldSendTheTypeOfWhatEnded() {
        RequestV2 request = encode(Snapshots.empty()
                .gauge("a", "", 1)
                .ended(MetricType.COUNTER, "c", "", null)
                .ended(MetricType.SUMMARY, "s", "", new SummaryValue(1, 1))
                .ended(MetricType.HISTOGRAM, "h", "", new HistogramValue(new double[] {}, new double[] {1}, 1)));

        assertThat(request.decoded().keys()).containsExactly("c", "s_sum", "s_count", "h_bucket{le=\"+Inf\"}", "h_sum", "h_count", "a");
        assertThat(request.series().stream().map(s -> s.metadata().type()))
                .containsExactly("COUNTER", "SUMMARY", "SUMMARY", "HISTOGRAM", "HISTOGRAM", "HISTOGRAM", "GAUGE");
        assertThat(request.decoded().series().subList(0, 6)).allMatch(Decoded.Series::isStale);
    }

    @Test
    void shouldSayWhenASeriesBegan() {
        RequestV2 request = encode(Snapshots.empty()
                .counter("c_total", "", 1)
                .gauge("g", "", 1)
                .histogram("h", "", new HistogramValue(NativeHistogramsTest.histogram(1)))
                .summary("later", "", 1, 1)
                .ended(MetricType.COUNTER, "gone_total", "a=\"1\"", null)
                .begun("c_total", TIME - 60_000)
                .begun("h", TIME)
                .begun("later", TIME + 1));

        assertThat(request.get("c_total").starts()).containsExactly(TIME - 60_000);
        assertThat(request.get("g").starts()).containsExactly(0L);
        assertThat(request.get("h_sum").starts()).containsExactly(TIME);
        assertThat(RequestV2.value(request.get("h").nativeHistogram(), "start_timestamp")).isEqualTo(TIME);
        assertThat(request.get("later_sum").starts()).as("in the future").containsExactly(0L);
        assertThat(request.series().stream().filter(s -> !s.starts().isEmpty() && s.series().isStale()))
                .allMatch(s -> s.starts().get(0) == 0);
        assertThat(request.decoded().series()).filteredOn(s -> !s.samples().isEmpty()).allMatch(s -> s.sample().timestamp() == TIME);
    }

    @Test
    void shouldGiveEachPartOfARequestItsOwnSymbols() {
        Snapshots snapshots = Snapshots.empty().counters("a", 50, 0).counters("b", 50, 0).help("b", "Help of b.");
        SeriesBuffer buffer = buffer(snapshots);

        for (int from = 0; from < 100; from += 7) {
            for (int to = from + 1; to <= 100; to += 13) {
                // the decoder refuses a symbol that nothing refers to
                RequestV2 part = encode(buffer, from, to);
                assertThat(part.decoded().series()).isEqualTo(v1(buffer, from, to).series());
                assertThat(part.symbols().contains("Help of b.")).isEqualTo(to > 50);
            }
        }
    }

    @Test
    void shouldEncodeManySymbolsAndLongOnes() {
        Snapshots snapshots = Snapshots.empty();
        for (int i = 0; i < 20_000; i++) {
            snapshots.gauge("g", "i=\"" + i + "\",j=\"" + (i % 7) + "\",k=\"" + "k".repeat(i % 300 + 1) + '"', i);
        }
        SeriesBuffer buffer = buffer(snapshots);

        RequestV2 request = encode(buffer, 0, buffer.count());

        assertThat(request.decoded()).isEqualTo(v1(buffer, 0, buffer.count()));
        assertThat(request.symbols()).hasSize(5 + 20_000 + 300 - 1 + 1);
    }

    @Test
    void shouldEncodeMoreLabelsThanItHasSeenBefore() {
        StringBuilder labels = new StringBuilder();
        for (int i = 0; i < 400; i++) {
            labels.append(i == 0 ? "" : ",").append(String.format("l%03d=\"%d\"", i, i));
        }
        Snapshots snapshots = Snapshots.empty().gauge("a", "", 1).gauge("b", labels.toString(), 1).gauge("c", "", 1)
                .gauge("d", labels.toString(), 1);
        SeriesBuffer buffer = buffer(snapshots);

        assertThat(encode(buffer, 0, 4).decoded()).isEqualTo(v1(buffer, 0, 4));
    }

    @Test
    void shouldNotAllocateForASeries() {
        Snapshots snapshots = Snapshots.empty();
        for (int i = 0; i < 2_000; i++) {
            snapshots.counter("requests_total", "instance=\"i" + i % 50 + "\",job=\"api\",path=\"/p/" + i + "\"", i);
        }
        SeriesBuffer buffer = buffer(snapshots);
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < 50; i++) {
            encoder.encode(buffer, 0, 2_000);
        }

        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 20; i++) {
            encoder.encode(buffer, 0, 2_000);
        }
        long bytes = threads.getCurrentThreadAllocatedBytes() - before;

        // one byte for each series would be 40,000
        assertThat(bytes).isLessThan(20_000);
    }

    @Test
    void shouldNotLetHelpTextsOutgrowARequest() {
        Snapshots snapshots = Snapshots.empty();
        for (int i = 0; i < 50; i++) {
            snapshots.gauge("g" + i, "", 1).help("g" + i, i + "h".repeat(3_000));
        }
        Snapshot snapshot = snapshots.build();
        Flush flush = new Flush(snapshot, TIME, Flush.Place.FIRST);
        SeriesBuffer buffer = new SeriesBuffer();
        List<String> keys = new ArrayList<>();
        while (flush.fill(new WriteRequestEncoder(), buffer, 2_000, 10_000)) {
            encoder.encode(buffer, 0, buffer.count());
            assertThat(encoder.length()).isLessThan(14_000);
            keys.addAll(encode(buffer, 0, buffer.count()).decoded().keys());
            buffer.clear();
        }
        assertThat(keys).hasSize(50).doesNotHaveDuplicates();
    }

    @Property(tries = 300)
    void shouldDecodeToTheSameSeriesAs1(@ForAll("stores") Snapshots store, @ForAll int cut) {
        SeriesBuffer buffer = buffer(store);
        if (buffer.count() == 0) {
            return;
        }
        int from = Math.floorMod(cut, buffer.count());

        assertThat(encode(buffer, 0, buffer.count()).decoded()).isEqualTo(v1(buffer, 0, buffer.count()));
        assertThat(encode(buffer, from, buffer.count()).decoded()).isEqualTo(v1(buffer, from, buffer.count()));
    }

    @Provide
    Arbitrary<Snapshots> stores() {
        Arbitrary<String> value = Arbitraries.oneOf(
                Arbitraries.strings().withChars('a', '"', '\\', '\n', 'ü', '€').ofMaxLength(6),
                Arbitraries.strings().withChars('x').ofMinLength(100).ofMaxLength(300));
        Arbitrary<List<String>> labels = value.list().ofMaxSize(4);
        Arbitrary<Long> seeds = Arbitraries.longs();
        return labels.list().ofMinSize(1).ofMaxSize(12).flatMap(sets -> seeds.map(seed -> store(sets, new Random(seed))));
    }

    private static Snapshots store(List<List<String>> sets, Random random) {
        Snapshots store = Snapshots.empty();
        for (List<String> values : sets) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < values.size(); i++) {
                String v = values.get(i).replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
                text.append(i == 0 ? "" : ",").append((char) ('a' + i)).append("=\"").append(v).append('"');
            }
            String labels = text.toString();
            int kind = random.nextInt(7);
            double[] bounds = IntStream.range(0, random.nextInt(4)).mapToDouble(i -> i + 0.5).toArray();
            double[] counts = new double[bounds.length + 1];
            Arrays.setAll(counts, i -> random.nextInt(9));
            switch (kind) {
                case 0 -> store.counter("c", labels, random.nextDouble());
                case 1 -> store.gauge("g", labels, Double.longBitsToDouble(random.nextLong()));
                case 2 -> store.untyped("u", labels, random.nextInt());
                case 3 -> store.histogram("h", labels, bounds, counts, random.nextDouble());
                case 4 -> store.summary("s", labels, random.nextInt(9), random.nextDouble());
                case 5 -> store.ended(MetricType.GAUGE, "e", labels, null);
                default -> store.ended(MetricType.HISTOGRAM, "eh", labels, new HistogramValue(bounds, counts, 1));
            }
        }
        for (String family : List.of("c", "g", "h")) {
            store.help(family, random.nextBoolean() ? "Help of " + family : "");
        }
        return store;
    }

    private RequestV2 encode(Snapshots snapshots) {
        SeriesBuffer buffer = buffer(snapshots);
        return encode(buffer, 0, buffer.count());
    }

    private RequestV2 encode(SeriesBuffer buffer, int from, int to) {
        encoder.encode(buffer, from, to);
        return RequestV2.of(Arrays.copyOf(encoder.bytes(), encoder.length()));
    }

    private static Decoded v1(SeriesBuffer buffer, int from, int to) {
        return Decoded.of(Arrays.copyOfRange(buffer.bytes(), buffer.offset(from), buffer.offset(to)));
    }

    private static SeriesBuffer buffer(Snapshots snapshots) {
        SeriesBuffer buffer = new SeriesBuffer();
        new Flush(snapshots.build(), TIME, Flush.Place.FIRST).fill(new WriteRequestEncoder(), buffer, 1 << 20, 1 << 28);
        return buffer;
    }
}
