package io.weir.parse;

import static io.weir.parse.ProtobufBodies.delimited;
import static io.weir.parse.ProtobufBodies.family;
import static io.weir.parse.ProtobufBodies.metric;
import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Bucket;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.BucketSpan;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Histogram;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.MetricType;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NativeHistogramReaderTest {
    private final ParserFeed feed = feed();

    private static ParserFeed feed() {
        return new ParserFeed(() -> new ProtobufParser(Limits.DEFAULTS, new KeyHash(1, 2, 3, 4), TextParser.Timestamps.IGNORE));
    }

    private static BucketSpan span(int offset, int length) {
        return BucketSpan.newBuilder().setOffset(offset).setLength(length).build();
    }

    /** 2 at zero, 1 3 0 2 from bucket -1 on, 4 in bucket 5, and 7 in bucket 0 of the negative side. */
    private static Histogram.Builder good() {
        return Histogram.newBuilder()
                .setSampleCount(19)
                .setSampleSum(4.5)
                .setSchema(2)
                .setZeroThreshold(0.001)
                .setZeroCount(2)
                .addPositiveSpan(span(-1, 4))
                .addPositiveSpan(span(2, 1))
                .addAllPositiveDelta(List.of(1L, 2L, -3L, 2L, 2L))
                .addNegativeSpan(span(0, 1))
                .addNegativeDelta(7);
    }

    private static byte[] body(Histogram.Builder histogram) {
        return delimited(family("h", MetricType.HISTOGRAM, metric("a", "b").setHistogram(histogram)).build());
    }

    private void tells(Histogram.Builder histogram, String... told) {
        ParserFeed.Verdict verdict = feed.whole(body(histogram));
        assertThat(verdict.failure()).as(() -> verdict.failure().describe()).isNull();
        assertThat(verdict.told().subList(1, verdict.told().size())).containsExactly(told);
    }

    private void refused(String why, Histogram.Builder histogram) {
        ParserFeed.Verdict verdict = feed.whole(body(histogram));
        assertThat(verdict.failure()).as(why).isNotNull();
        assertThat(verdict.failure().code()).isEqualTo(Code.NATIVE_HISTOGRAM);
        assertThat(verdict.failure().describe()).endsWith(": not a native histogram (family h has " + why + ")");
    }

    // ---- good ones

    @Test
    void shouldReadSpansAndDeltas() {
        tells(
                good(),
                "h_sum{a=\"b\"} 4.5",
                "h_count{a=\"b\"} 19.0",
                "h{a=\"b\"} schema 2 zero 0.001:2.0 +-1:1.0 +0:3.0 +2:2.0 +5:4.0 -0:7.0 count 19.0 sum 4.5");
    }

    @Test
    void shouldReadFloatCounts() {
        tells(
                Histogram.newBuilder().setSampleCountFloat(4).setSampleSum(-1).setSchema(-4).setZeroThreshold(1).setZeroCountFloat(0.5)
                        .addPositiveSpan(span(1, 2)).addPositiveCount(1.25).addPositiveCount(0.25)
                        .addNegativeSpan(span(1, 1)).addNegativeCount(2),
                "h_sum{a=\"b\"} -1.0",
                "h_count{a=\"b\"} 4.0",
                "h{a=\"b\"} schema -4 zero 1.0:0.5 +1:1.25 +2:0.25 -1:2.0 count 4.0 sum -1.0");
    }

    @Test
    void shouldReadBothFormsOfOneHistogram() {
        tells(
                good().addBucket(Bucket.newBuilder().setUpperBound(1).setCumulativeCount(12))
                        .addBucket(Bucket.newBuilder().setUpperBound(Double.POSITIVE_INFINITY).setCumulativeCount(19)),
                "h_bucket{a=\"b\",le~\"1\"} 12.0",
                "h_bucket{a=\"b\",le~\"+Inf\"} 19.0",
                "h_sum{a=\"b\"} 4.5",
                "h_count{a=\"b\"} 19.0",
                "h{a=\"b\"} schema 2 zero 0.001:2.0 +-1:1.0 +0:3.0 +2:2.0 +5:4.0 -0:7.0 count 19.0 sum 4.5");
    }

    @Test
    void shouldTakeAHistogramOfNothingForANativeOneByItsSpanOfNothing() {
        tells(
                Histogram.newBuilder().setSampleCount(0).setSampleSum(0).setSchema(3).addPositiveSpan(span(0, 0)),
                "h_sum{a=\"b\"} 0.0",
                "h_count{a=\"b\"} 0.0",
                "h{a=\"b\"} schema 3 zero 0.0:0.0 count 0.0 sum 0.0");
        tells(
                Histogram.newBuilder().setSampleCount(0).setSampleSum(0).setSchema(3).setZeroThreshold(0).setZeroCount(0),
                "h_sum{a=\"b\"} 0.0",
                "h_count{a=\"b\"} 0.0");
    }

    @Test
    void shouldAllowMoreObservationsThanBucketsHoldWhereTheSumIsNaN() {
        tells(
                good().setSampleSum(Double.NaN).setSampleCount(21),
                "h_sum{a=\"b\"} NaN",
                "h_count{a=\"b\"} 21.0",
                "h{a=\"b\"} schema 2 zero 0.001:2.0 +-1:1.0 +0:3.0 +2:2.0 +5:4.0 -0:7.0 count 21.0 sum NaN");
    }

    @Test
    void shouldReadPackedFieldsAsThoseWithATagEach() {
        String told = feed.whole(message(good().build().toByteArray())).told().get(3);
        assertThat(told).startsWith("h schema 2");
        Histogram.Builder rest = good().clearPositiveDelta().clearNegativeDelta();
        byte[] packed = join(
                rest.build().toByteArray(), field(13, new byte[] {2, 4, 5, 4, 4}), field(10, new byte[] {14}));
        assertThat(feed.whole(message(packed)).told().get(3)).isEqualTo(told);

        Histogram.Builder floats = Histogram.newBuilder().setSampleCountFloat(1.5).setSampleSum(1).addPositiveSpan(span(0, 1));
        byte[] counts = new byte[8];
        java.nio.ByteBuffer.wrap(counts).order(java.nio.ByteOrder.LITTLE_ENDIAN).putDouble(1.5);
        assertThat(feed.whole(message(join(floats.build().toByteArray(), field(14, counts)))).told().get(3))
                .isEqualTo("h schema 0 zero 0.0:0.0 +0:1.5 count 1.5 sum 1.0");
    }

    // ---- bad ones

    @Test
    void shouldRefuseSchemasThatAreNone() {
        refused("schema 9, which is not from -4 to 8", good().setSchema(9));
        refused("schema -5, which is not from -4 to 8", good().setSchema(-5));
        refused("custom buckets (schema -53), which are pushed as classic ones", good().setSchema(-53));
    }

    @Test
    void shouldRefuseSpansThatDoNotFit() {
        refused("positive span 2 has the offset -1", good().setPositiveSpan(1, span(-1, 1)));
        refused("positive spans are longer than the 5 buckets there are", good().setPositiveSpan(1, span(2, 2)));
        refused("positive spans cover 4 of 5 buckets", good().removePositiveSpan(1));
        refused("negative spans cover 0 of 1 buckets", good().clearNegativeSpan());
        refused("negative spans are longer than the 0 buckets there are", good().clearNegativeDelta());
        refused("positive spans are longer than the 5 buckets there are", good().setPositiveSpan(1, span(0, -1)));
    }

    @Test
    void shouldRefuseBucketsWhereThereAreNoNumbers() {
        refused("positive bucket 4098 is beyond the numbers there are", good().setPositiveSpan(1, span(4095, 1)));
        refused("negative bucket -5000 is beyond the numbers there are", good().setNegativeSpan(0, span(-5000, 1)));
        refused(
                "positive bucket 2147483649 is beyond the numbers there are",
                good().setPositiveSpan(1, span(Integer.MAX_VALUE - 1, 1)));
    }

    @Test
    void shouldRefuseCountsThatAreNone() {
        refused("positive bucket 1 has the count -1.0", good().setPositiveDelta(2, -4));
        refused("negative bucket 0 has the count -7.0", good().setNegativeDelta(0, -7));
        Histogram.Builder floats = Histogram.newBuilder().setSampleCountFloat(1).setSampleSum(0).addPositiveSpan(span(0, 1));
        refused("positive bucket 0 has the count NaN", floats.clone().addPositiveCount(Double.NaN));
        refused("positive bucket 0 has the count Infinity", floats.clone().addPositiveCount(Double.POSITIVE_INFINITY));
        refused("deltas of buckets, which only whole numbers have, and floating-point counts", floats.clone().addPositiveDelta(1));
        refused("zero count -1.0, count 1.0", floats.clone().addPositiveCount(1).setZeroCountFloat(-1));
    }

    @Test
    void shouldRefuseCountsThatDoNotAddUp() {
        refused("count 18, but 19 in its buckets", good().setSampleCount(18));
        refused("count 20, but 19 in its buckets", good().setSampleCount(20));
        refused("count 18, but 19 in its buckets", good().setSampleCount(18).setSampleSum(Double.NaN));
    }

    @Test
    void shouldRefuseThresholdsThatAreNone() {
        refused("zero threshold -1.0", good().setZeroThreshold(-1));
        refused("zero threshold NaN", good().setZeroThreshold(Double.NaN));
        refused("zero threshold Infinity", good().setZeroThreshold(Double.POSITIVE_INFINITY));
    }

    // ---- any bytes

    @Test
    void shouldTellTheSameHoweverTheBodyIsCut() {
        byte[] body = join(
                NativeBodies.body("one", "x", NativeBodies.Form.BOTH, 5, NativeBodies.values(new Random(1), 100)),
                NativeBodies.body("two", "y", NativeBodies.Form.NATIVE, 1, NativeBodies.values(new Random(2), 60)));
        ParserFeed.Verdict whole = feed.whole(body);
        assertThat(whole.failure()).isNull();
        assertThat(whole.told()).anyMatch(t -> t.startsWith("one{l=\"x\"} schema 5")).anyMatch(t -> t.startsWith("two{l=\"y\"} schema 1"));
        assertThat(feed.byteByByte(body)).isEqualTo(whole);
        for (int i = 0; i <= body.length; i++) {
            assertThat(feed.feed(body, i, body.length)).isEqualTo(whole);
            if (i < body.length) {
                assertThat(feed.whole(Arrays.copyOf(body, i)).told()).hasSizeLessThan(whole.told().size());
            }
        }
    }

    @Test
    void shouldGiveAVerdictOnAnyDamageAndTheSameInPieces() {
        Random random = new Random(Long.getLong("weir.fuzz.seed", 1));
        byte[] good = join(
                body(good()), NativeBodies.body("one", "x", NativeBodies.Form.BOTH, 3, NativeBodies.values(random, 30)));
        int rounds = Integer.getInteger("weir.fuzz.rounds", 6_000);
        for (int round = 0; round < rounds; round++) {
            byte[] body = good.clone();
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                body[random.nextInt(body.length)] = (byte) (random.nextBoolean() ? random.nextInt() : random.nextInt(128));
            }
            ParserFeed.Verdict whole = feed.whole(body);
            ParserFeed.Verdict cut = feed.feed(body, random.nextInt(body.length), body.length);
            assertThat(cut.failure() == null).as("round " + round).isEqualTo(whole.failure() == null);
            assertThat(cut.told()).as("round " + round).isEqualTo(whole.told());
        }
    }

    private static byte[] message(byte[] histogram) {
        byte[] metric = field(4, field(7, histogram));
        byte[] family = join(field(1, new byte[] {'h'}), new byte[] {0x18, 4}, metric);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        length(out, family.length);
        out.writeBytes(family);
        return out.toByteArray();
    }

    private static byte[] field(int number, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(number << 3 | 2);
        length(out, content.length);
        out.writeBytes(content);
        return out.toByteArray();
    }

    private static void length(ByteArrayOutputStream out, int n) {
        for (; n > 0x7f; n >>>= 7) {
            out.write(n | 0x80);
        }
        out.write(n);
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
