package io.weir.server.remotewrite;

import static io.weir.server.remotewrite.ScriptedTransport.answer;
import static io.weir.server.remotewrite.ScriptedTransport.bare;
import static io.weir.server.remotewrite.ScriptedTransport.isV2;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.weir.sample.MetricType;
import io.weir.sample.NativeSample;
import io.weir.server.remotewrite.Transport.Reply;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.NativeHistogram;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xerial.snappy.Snappy;

/** Native histograms: a series of their own in 2.0, left out of 1.0. */
class NativeHistogramsTest extends SteppedWriter {
    NativeHistogramsTest() {
        super(Protocol.AUTO);
        // says that it has written whatever it is sent
        transport.always(post -> {
            long samples = isV2(post) ? requestV2(post).series().stream().filter(s -> s.nativeHistogram() == null).count() : 0;
            long natives = isV2(post) ? requestV2(post).series().size() - samples : 0;
            return CompletableFuture.completedFuture(
                    new Reply(204, null, null, isV2(post) ? new Written(samples, natives, 0) : null, new byte[0]));
        });
    }

    @Test
    void shouldSendNativeBucketsBesideSumAndCount() {
        store.histogram("h", "job=\"x\"", new HistogramValue(histogram(1))).help("h", "Times.");

        pass(INTERVAL);

        RequestV2 request = requestV2(transport.posts.get(0));
        assertThat(request.decoded().keys())
                .containsExactly(
                        "h_bucket{job=\"x\",le=\"+Inf\"}", "h_sum{job=\"x\"}", "h_count{job=\"x\"}", "h{job=\"x\"}");
        RequestV2.Series series = request.get("h{job=\"x\"}");
        assertThat(series.metadata()).isEqualTo(new RequestV2.Metadata("HISTOGRAM", "Times.", ""));
        Message h = series.nativeHistogram();
        assertThat(RequestV2.value(h, "timestamp")).isEqualTo(START + INTERVAL);
        assertThat(RequestV2.value(h, "count_int")).isEqualTo(19L);
        assertThat(RequestV2.value(h, "zero_count_int")).isEqualTo(2L);
        assertThat(RequestV2.value(h, "zero_threshold")).isEqualTo(0x1p-128);
        assertThat(RequestV2.value(h, "schema")).isEqualTo(3);
        assertThat(RequestV2.value(h, "sum")).isEqualTo(12.5);
        assertThat(RequestV2.buckets(h, "positive")).isEqualTo(Map.of(-7, 3.0, -5, 1.0, 40, 9.0));
        assertThat(RequestV2.buckets(h, "negative")).isEqualTo(Map.of(2, 4.0));
        assertThat(writer.stats().samplesSent()).isEqualTo(4);
        assertThat(writer.stats().dropped(DropReason.UNWRITTEN)).isZero();
    }

    @Test
    void shouldSendFractionsAsFloats() {
        store.histogram("h", "", new HistogramValue(histogram(0.5)));

        pass(INTERVAL);

        Message h = requestV2(transport.posts.get(0)).get("h").nativeHistogram();
        assertThat(RequestV2.value(h, "count_float")).isEqualTo(9.5);
        assertThat(RequestV2.value(h, "zero_count_float")).isEqualTo(1.0);
        assertThat(RequestV2.buckets(h, "positive")).isEqualTo(Map.of(-7, 1.5, -5, 0.5, 40, 4.5));
    }

    @Test
    void shouldSendClassicAndNativeBuckets() {
        HistogramValue both = new HistogramValue(new double[] {1, 2}, new double[] {10, 5, 4}, histogram(1));
        store.histogram("h", "", both);

        pass(INTERVAL);

        assertThat(transport.request(0).keys())
                .containsExactly("h_bucket{le=\"1\"}", "h_bucket{le=\"2\"}", "h_bucket{le=\"+Inf\"}", "h_sum", "h_count", "h");
    }

    @ParameterizedTest
    @ValueSource(ints = {204, 415})
    void shouldLeaveThemOutOf1AndLoseNothingElse(int status) {
        for (int i = 0; i < 3; i++) {
            store.histogram("h", "i=\"" + i + '"', new HistogramValue(histogram(1)));
        }
        store.counter("a", "", 1).counter("z", "", 1).ended(MetricType.HISTOGRAM, "e", "", new HistogramValue(histogram(1)));
        transport.always(post -> (isV2(post) ? bare(status) : answer(204)).apply(post));

        pass(INTERVAL);

        assertThat(transport.request(0).series()).hasSize(4 + 2 + 3 * 4);
        assertThat(transport.request(1).keys())
                .hasSize(3 + 2 + 3 * 3)
                .contains("a", "z", "e_sum", "h_count{i=\"0\"}", "h_count{i=\"2\"}")
                .noneMatch(k -> k.startsWith("h{") || k.equals("e"));
        assertThat(writer.stats().samplesSent()).isEqualTo(3 + 2 + 3 * 3);
        assertThat(writer.endedDone()).isEqualTo(1);
        for (DropReason reason : DropReason.values()) {
            assertThat(writer.stats().dropped(reason)).isZero();
        }
    }

    @Test
    void shouldMarkTheSeriesOfOneThatEnded() {
        store.ended(MetricType.HISTOGRAM, "h", "", new HistogramValue(histogram(1)));

        pass(INTERVAL);

        assertThat(transport.request(0).keys()).containsExactly("h_bucket{le=\"+Inf\"}", "h_sum", "h_count", "h");
        assertThat(transport.request(0).series()).allMatch(Decoded.Series::isStale);
    }

    @Test
    void shouldEncodeAnyHistogram() {
        Random random = new Random(5);
        for (int round = 0; round < 300; round++) {
            NativeSample sample = new NativeSample();
            sample.clear();
            sample.schema = random.nextInt(13) - 4;
            Map<Integer, Double> positive = side(sample.positive, random);
            Map<Integer, Double> negative = side(sample.negative, random);
            sample.count = positive.values().stream().mapToDouble(d -> d).sum() + negative.values().stream().mapToDouble(d -> d).sum();
            store = Snapshots.empty().histogram("h", "", new HistogramValue(NativeHistogram.of(sample)));
            transport.posts.clear();
            pass(INTERVAL);

            Message h = requestV2(transport.posts.get(0)).get("h").nativeHistogram();
            assertThat(RequestV2.buckets(h, "positive")).isEqualTo(positive);
            assertThat(RequestV2.buckets(h, "negative")).isEqualTo(negative);
        }
    }

    private static Map<Integer, Double> side(NativeSample.Side side, Random random) {
        Map<Integer, Double> buckets = new TreeMap<>();
        for (int i = random.nextInt(20), index = random.nextInt(40) - 30; i > 0; i--) {
            index += 1 + random.nextInt(random.nextBoolean() ? 3 : 20);
            buckets.put(index, 1.0 + random.nextInt(1_000_000));
        }
        buckets.forEach(side::add);
        return buckets;
    }

    /** Of 19 observations, times {@code each}. */
    static NativeHistogram histogram(double each) {
        NativeSample sample = new NativeSample();
        sample.clear();
        sample.schema = 3;
        sample.zeroThreshold = 0x1p-128;
        sample.zeroCount = 2 * each;
        sample.positive.add(-7, 3 * each);
        sample.positive.add(-5, each);
        sample.positive.add(40, 9 * each);
        sample.negative.add(2, 4 * each);
        sample.count = 19 * each;
        sample.sum = 12.5;
        return NativeHistogram.of(sample);
    }

    private static RequestV2 requestV2(Transport.Post post) {
        try {
            return RequestV2.of(Snappy.uncompress(post.body()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
