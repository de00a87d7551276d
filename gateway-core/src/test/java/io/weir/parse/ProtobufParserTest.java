package io.weir.parse;

import static io.weir.parse.ProtobufBodies.counter;
import static io.weir.parse.ProtobufBodies.delimited;
import static io.weir.parse.ProtobufBodies.everything;
import static io.weir.parse.ProtobufBodies.family;
import static io.weir.parse.ProtobufBodies.gauge;
import static io.weir.parse.ProtobufBodies.histogram;
import static io.weir.parse.ProtobufBodies.label;
import static io.weir.parse.ProtobufBodies.summary;
import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Bucket;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.BucketSpan;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Histogram;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.MetricFamily;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.MetricType;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ProtobufParserTest {
    private static final long SEED = Long.getLong("weir.fuzz.seed", 1);
    private static final int ROUNDS = Integer.getInteger("weir.fuzz.rounds", 6_000);

    private final ParserFeed feed = feed();

    private static ParserFeed feed() {
        return new ParserFeed(
                () -> new ProtobufParser(Limits.DEFAULTS, new KeyHash(1, 2, 3, 4), TextParser.Timestamps.IGNORE));
    }

    @Test
    void shouldTellEverySampleOfEveryType() {
        assertThat(feed.whole(everything()).told()).containsExactly(
                "TYPE requests_total counter",
                "HELP requests_total Requests \\\\ all\nof them",
                "requests_total{path=\"/a\"\\\n\",code=\"200\"} 3.0",
                "requests_total 0.5",
                "TYPE queue_size gauge",
                "queue_size{q=\"grün\"} -4.25",
                "queue_size NaN",
                "TYPE what untyped",
                "what{a=\"\"} Infinity",
                "TYPE rpc_seconds summary",
                "rpc_seconds{m=\"x\",quantile~\"0.5\"} 1.0",
                "rpc_seconds{m=\"x\",quantile~\"0.99\"} 2.0",
                "rpc_seconds_sum{m=\"x\"} 7.5",
                "rpc_seconds_count{m=\"x\"} 5.0",
                "TYPE latency_seconds histogram",
                "latency_seconds_bucket{m=\"x\",le~\"0.001\"} 1.0",
                "latency_seconds_bucket{m=\"x\",le~\"1\"} 5.0",
                "latency_seconds_bucket{m=\"x\",le~\"2.5e+20\"} 7.0",
                "latency_seconds_sum{m=\"x\"} 12.5",
                "latency_seconds_count{m=\"x\"} 300.0",
                "latency_seconds_bucket{le~\"1\"} 2.0",
                "latency_seconds_bucket{le~\"+Inf\"} 9.0",
                "latency_seconds_sum 1.0",
                "latency_seconds_count 9.0",
                "TYPE level_bucket gauge",
                "TYPE level_gcount gauge",
                "TYPE level_gsum gauge",
                "level_bucket{le~\"1e-07\"} 2.0",
                "level_bucket{le~\"0.5\"} 2.0",
                "level_gsum -1.0",
                "level_gcount 2.0");
    }

    @Test
    void shouldTellTheSameHoweverTheBodyIsCut() {
        byte[] body = everything();
        ParserFeed.Verdict whole = feed.whole(body);
        assertThat(whole.failure()).isNull();
        assertThat(whole.samples()).isEqualTo(22);
        assertThat(feed.byteByByte(body)).isEqualTo(whole);
        for (int i = 0; i <= body.length; i++) {
            assertThat(feed.feed(body, i, body.length)).isEqualTo(whole);
            assertThat(feed().feed(body, i)).isEqualTo(whole);
        }
    }

    @Test
    void shouldRefuseEveryBodyThatEndsWithinAMessage() {
        byte[] body = everything();
        List<Integer> boundaries = boundaries(body);
        for (int i = 0; i < body.length; i++) {
            byte[] cut = Arrays.copyOf(body, i);
            ParserFeed.Verdict whole = feed.whole(cut);
            if (boundaries.contains(i)) {
                assertThat(whole.failure()).as("cut at %d", i).isNull();
            } else {
                assertThat(whole.failure().code()).isEqualTo(Code.PROTOBUF_TRUNCATED);
                assertThat(whole.failure().describe()).startsWith("byte " + i + ": the body ends within a message");
            }
        }
    }

    private static List<Integer> boundaries(byte[] body) {
        List<Integer> found = new java.util.ArrayList<>(List.of(0));
        java.io.ByteArrayInputStream in = new java.io.ByteArrayInputStream(body);
        try {
            while (MetricFamily.parseDelimitedFrom(in) != null) {
                found.add(body.length - in.available());
            }
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
        return found;
    }

    @Test
    void shouldKnowASeriesByItsKeyTheSecondTime() {
        byte[] body = everything();
        feed.whole(body);
        int defined = feed.sink.defined;
        feed.whole(body);
        assertThat(feed.sink.defined).isEqualTo(defined);
        assertThat(feed.sink.known).isEqualTo(defined);
    }

    @Test
    void shouldTellSeriesOfOtherNamesTypesAndLabelsApart() {
        feed.whole(delimited(family("a", MetricType.COUNTER, counter(1, "x", "y")).build()));
        feed.whole(delimited(family("a", MetricType.GAUGE, gauge(1, "x", "y")).build()));
        feed.whole(delimited(family("b", MetricType.GAUGE, gauge(1, "x", "y")).build()));
        feed.whole(delimited(family("b", MetricType.GAUGE, gauge(1, "x", "z")).build()));
        assertThat(feed.sink.known).isZero();
        assertThat(feed.sink.defined).isEqualTo(4);
    }

    @Test
    void shouldReadFloatCountsAndNativeBuckets() {
        Histogram.Builder h = Histogram.newBuilder()
                .setSampleCountFloat(2.5)
                .setSampleSum(3)
                .setSchema(3)
                .setZeroThreshold(1e-128)
                .setZeroCountFloat(1)
                .addPositiveSpan(BucketSpan.newBuilder().setOffset(-3).setLength(2))
                .addPositiveCount(1.5)
                .addPositiveCount(0)
                .addBucket(Bucket.newBuilder().setUpperBound(1).setCumulativeCountFloat(1.5));
        assertThat(feed.whole(delimited(family("h", MetricType.HISTOGRAM, ProtobufBodies.metric().setHistogram(h)).build()))
                        .told())
                .containsExactly(
                        "TYPE h histogram",
                        "h_bucket{le~\"1\"} 1.5",
                        "h_sum 3.0",
                        "h_count 2.5",
                        "h schema 3 zero 1.0E-128:1.0 +-3:1.5 count 2.5 sum 3.0");
    }

    @Test
    void shouldTakeAFamilyWithoutTypeForACounterWhereverItsFieldsStand() {
        byte[] metric = field(4, counter(2, "a", "b").build().toByteArray());
        byte[] name = field(1, "c_total".getBytes(StandardCharsets.US_ASCII));
        byte[] help = field(2, "text".getBytes(StandardCharsets.US_ASCII));
        List<String> told = List.of("TYPE c_total counter", "HELP c_total text", "c_total{a=\"b\"} 2.0");
        for (byte[] body : List.of(message(name, help, metric), message(metric, help, name), message(help, metric, name))) {
            assertThat(feed.whole(body).told()).isEqualTo(told);
            assertThat(feed.byteByByte(body).told()).isEqualTo(told);
        }
        byte[] gauge = field(4, gauge(2).build().toByteArray());
        assertThat(feed.whole(message(gauge, name, new byte[] {0x18, 1})).told())
                .containsExactly("TYPE c_total gauge", "c_total 2.0");
    }

    @Test
    void shouldFindLabelsBehindTheValue() {
        byte[] metric = join(
                field(1, label("a", "1").toByteArray()),
                field(3, new byte[] {9, 0, 0, 0, 0, 0, 0, (byte) 0xf0, 0x3f}),
                field(1, label("b", "2").toByteArray()));
        byte[] body = message(field(1, "c".getBytes(StandardCharsets.US_ASCII)), field(4, metric));
        assertThat(feed.whole(body).told()).containsExactly("TYPE c counter", "c{a=\"1\",b=\"2\"} 1.0");
        assertThat(feed.whole(body).told()).containsExactly("TYPE c counter", "c{a=\"1\",b=\"2\"} 1.0");
        assertThat(feed.sink.defined).isEqualTo(1);
    }

    @Test
    void shouldPassOverFieldsOfTheFuture() {
        byte[] metric = join(
                field(1, join(field(1, new byte[] {'a'}), field(9, new byte[3]), field(2, new byte[] {'b'}))),
                field(20, new byte[300]),
                new byte[] {(byte) 0xad, 0x02, 1, 2, 3, 4},
                field(3, join(new byte[] {0x28, 5}, new byte[] {9, 0, 0, 0, 0, 0, 0, 0, 0x40})));
        byte[] body = message(
                field(1, new byte[] {'c'}), field(30, new byte[1000]), new byte[] {0x18, 0}, field(4, metric),
                field(31, new byte[1000]));
        assertThat(feed.whole(body).told()).containsExactly("TYPE c counter", "c{a=\"b\"} 2.0");
        assertThat(feed.byteByByte(body).told()).containsExactly("TYPE c counter", "c{a=\"b\"} 2.0");
    }

    @Test
    void shouldSayWhatIsWrongAndWhere() {
        refused(new byte[] {2, 0x0b, 0}, "byte 1: not delimited io.prometheus.client.MetricFamily messages"
                + " (a field cannot be read)");
        refused("# TYPE a gauge\na 1\n".getBytes(StandardCharsets.US_ASCII), "byte 12: not delimited");
        refused(new byte[] {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x7f}, "byte 0: protobuf message longer");
        refused(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1}, "byte 0: not delimited");
        refused(delimited(family("", MetricType.GAUGE, gauge(1)).build()), "byte 5: expected a metric name");
        refused(delimited(family("a", MetricType.GAUGE, counter(1)).build()),
                "byte 8: a metric has no value of its family's type (family a)");
        refused(delimited(family("a", MetricType.GAUGE, gauge(1, "", "x")).build()),
                "byte 8: expected a label name [a-zA-Z_][a-zA-Z0-9_]* (in family a)");
        refused(delimited(family("a", MetricType.GAUGE, gauge(1, "__x", "")).build()), "byte 8: this label name is reserved");
        refused(delimited(family("a", MetricType.HISTOGRAM, histogram(1, 1, new double[] {1, 1}, "le", "1")).build()),
                "byte 8: this label name is reserved (in family a: le)");
        refused(delimited(family("a", MetricType.SUMMARY, summary(1, 1, new double[0], "quantile", "1")).build()),
                "byte 8: this label name is reserved (in family a: quantile)");
        refused(delimited(family("refuse_me", MetricType.GAUGE, gauge(1)).build()), "byte 14: second TYPE line");
        refused(delimited(family("no_negative", MetricType.GAUGE, gauge(-1)).build()), "byte 18: a counter cannot");
        refused(message(field(1, new byte[] {'a'}), new byte[] {0x18, 9}), "byte 4: unknown type");
        refused(message(field(1, new byte[] {'a'}), new byte[] {0x18, 1}, field(4, field(2, new byte[0])),
                field(1, new byte[] {'b'})), "byte 10: not delimited", "name or help of family a behind its metrics");
        refused(message(field(1, new byte[] {'a'}), new byte[] {0x18, 1}, field(4, new byte[] {0x12, 5, 0})),
                "byte 8: not delimited", "a metric of family a cannot be read");
        byte[] notUtf8 = field(1, join(field(1, new byte[] {'b'}), field(2, new byte[] {-1})));
        refused(message(field(1, new byte[] {'a'}), field(4, join(notUtf8, field(3, new byte[0])))), "byte 6: invalid UTF-8 (label value in family a)");
    }

    private void refused(byte[] body, String... parts) {
        ParserFeed.Verdict whole = feed.whole(body);
        assertThat(whole.failure()).as(parts[0]).isNotNull();
        assertThat(whole.failure().describe()).startsWith(parts[0]).contains(parts);
        assertThat(feed.byteByByte(body)).isEqualTo(whole);
    }

    @Test
    void shouldHoldLimitsToTheByte() {
        Limits d = Limits.DEFAULTS;
        accepts(d.nameBytes(), n -> family("n".repeat(n), MetricType.GAUGE, gauge(1)), Code.NAME_TOO_LONG);
        accepts(d.helpBytes(), n -> family("a", MetricType.GAUGE, gauge(1)).setHelp("h".repeat(n)), Code.HELP_TOO_LONG);
        accepts(d.labelNameBytes(), n -> family("a", MetricType.GAUGE, gauge(1, "l".repeat(n), "v")),
                Code.LABEL_NAME_TOO_LONG);
        accepts(d.labelValueBytes(), n -> family("a", MetricType.GAUGE, gauge(1, "l", "v".repeat(n))),
                Code.LABEL_VALUE_TOO_LONG);
        accepts(d.labels(), n -> {
            String[] labels = new String[2 * n];
            Arrays.setAll(labels, i -> "l" + i);
            return family("a", MetricType.GAUGE, gauge(1, labels));
        }, Code.TOO_MANY_LABELS);
        int most = ProtobufParser.metricBytesMax(d);
        assertThat(feed.whole(message(field(1, new byte[] {'a'}), field(4, field(30, new byte[most])))).failure().code())
                .isEqualTo(Code.MESSAGE_TOO_LONG);
    }

    private static void accepts(int limit, java.util.function.IntFunction<MetricFamily.Builder> family, Code code) {
        assertThat(feed().whole(delimited(family.apply(limit).build())).failure()).isNull();
        byte[] over = delimited(family.apply(limit + 1).build());
        assertThat(feed().whole(over).failure().code()).isEqualTo(code);
        assertThat(feed().byteByByte(over).failure().code()).isEqualTo(code);
    }

    @Test
    void shouldRefuseTimestampsWhereToldTo() {
        byte[] body = delimited(family("a", MetricType.GAUGE, gauge(1).setTimestampMs(5)).build());
        assertThat(feed.whole(body).failure()).isNull();
        ParserFeed strict = new ParserFeed(
                () -> new ProtobufParser(Limits.DEFAULTS, new KeyHash(1, 2, 3, 4), TextParser.Timestamps.REFUSE));
        assertThat(strict.whole(body).failure().code()).isEqualTo(Code.TIMESTAMP_REFUSED);
        assertThat(strict.whole(delimited(family("a", MetricType.GAUGE, gauge(1)).build())).failure()).isNull();
    }

    @Test
    void shouldAgreeWithTheLibraryOnMutatedBodiesHoweverTheyAreCut() {
        Random random = new Random(SEED);
        byte[] seed = everything();
        int accepted = 0;
        int compared = 0;
        for (int round = 0; round < ROUNDS; round++) {
            byte[] body = mutate(seed, random);
            ParserFeed one = feed();
            ParserFeed.Verdict whole = one.whole(body);
            try {
                assertThat(one.feed(body, random.nextInt(body.length + 1), body.length)).isEqualTo(whole);
                assertThat(one.byteByByte(body)).isEqualTo(whole);
                if (whole.failure() == null) {
                    accepted++;
                    List<String> told = ProtobufBodies.told(body);
                    // what is passed over is not looked into, so the library may find fault there
                    if (told != null) {
                        compared++;
                        assertThat(whole.told()).isEqualTo(told);
                    }
                } else {
                    assertThat(whole.failure().describe()).startsWith("byte ").doesNotContain("\n");
                    assertThat(whole.failure().column()).isBetween(0, body.length);
                }
            } catch (AssertionError e) {
                throw new AssertionError("seed " + SEED + " round " + round, e);
            }
        }
        assertThat(accepted).isBetween(ROUNDS / 100, ROUNDS * 99 / 100);
        assertThat(compared).isGreaterThan(accepted * 3 / 4);
    }

    private static byte[] mutate(byte[] seed, Random random) {
        byte[] body = seed.clone();
        for (int n = random.nextInt(3) + 1; n > 0; n--) {
            body[random.nextInt(body.length)] = (byte) (random.nextBoolean() ? random.nextInt(256) : random.nextInt(32));
        }
        return random.nextInt(8) == 0 ? Arrays.copyOf(body, random.nextInt(body.length)) : body;
    }

    private static byte[] field(int number, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        varint(number << 3 | 2, out);
        varint(content.length, out);
        out.writeBytes(content);
        return out.toByteArray();
    }

    private static byte[] message(byte[]... fields) {
        byte[] content = join(fields);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        varint(content.length, out);
        out.writeBytes(content);
        return out.toByteArray();
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static void varint(int n, ByteArrayOutputStream out) {
        for (; n >= 0x80; n >>>= 7) {
            out.write(n | 0x80);
        }
        out.write(n);
    }
}
