package io.weir.ingest;

import static io.weir.parse.ProtobufBodies.counter;
import static io.weir.parse.ProtobufBodies.delimited;
import static io.weir.parse.ProtobufBodies.gauge;
import static io.weir.parse.ProtobufBodies.histogram;
import static io.weir.parse.ProtobufBodies.summary;
import static io.weir.parse.ProtobufBodies.untyped;
import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Metric;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.MetricFamily;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.MetricType;
import io.weir.expose.ByteBlock;
import io.weir.expose.Exposition;
import io.weir.expose.NameEscaping;
import io.weir.expose.OpenMetricsExposition;
import io.weir.expose.ProtobufExposition;
import io.weir.expose.TextExposition;
import io.weir.parse.OpenMetricsParser;
import io.weir.parse.Parser;
import io.weir.parse.ProtobufParser;
import io.weir.parse.TextParser;
import io.weir.sample.Code;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.sample.SampleSink;
import io.weir.snapshot.Snapshot;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Protobuf into a store, out of it in every format, and into stores of their own: they all hold the same. */
class FormatRoundTripTest {
    private static final long SEED = Long.getLong("weir.fuzz.seed", 1);
    private static final int ROUNDS = Integer.getInteger("weir.fuzz.rounds", 200);

    /** Tables of a million series take longer to make than to test. */
    private static CoreRig rig() {
        Limits few = Limits.DEFAULTS.with(l -> {
            l.series = 100;
            l.familySeries = 100;
            l.families = 50;
        });
        return new CoreRig(few, AggregationRules.DEFAULTS);
    }

    @Test
    void shouldHoldTheSameFamiliesAfterEveryFormat() throws Exception {
        Random random = new Random(SEED);
        for (int round = 0; round < Math.min(ROUNDS, 2_000); round++) {
            CoreRig first = rig();
            assertThat(push(first, new ProtobufParser(first.limits, first.hash, TextParser.Timestamps.IGNORE), body(random)))
                    .isEqualTo(Code.OK);
            TreeSet<String> expected = lines(first);

            String name = "seed " + SEED + " round " + round;
            for (Exposition exposition : List.of(
                    new TextExposition(first.snapshot()),
                    new OpenMetricsExposition(first.snapshot()),
                    new ProtobufExposition(first.snapshot()))) {
                CoreRig second = rig();
                byte[] out = render(exposition);
                Code code = push(second, parser(exposition, second), out);
                assertThat(code).as("%s, %s: %s", name, exposition.contentType(), second.error).isEqualTo(Code.OK);
                assertThat(lines(second)).as("%s, %s", name, exposition.contentType()).isEqualTo(expected);
            }
            for (NameEscaping names : NameEscaping.values()) {
                checkEscaped(name + ", " + names, names, first.snapshot());
            }
            // and the client library reads all of it
            ByteArrayInputStream in = new ByteArrayInputStream(render(new ProtobufExposition(first.snapshot())));
            int families = 0;
            while (MetricFamily.parseDelimitedFrom(in) != null) {
                families++;
            }
            assertThat(families).isEqualTo(first.snapshot().families().size());
        }
    }

    /** Nothing is lost and nothing has one name, whatever form names get; all but the first form are classic. */
    private static void checkEscaped(String name, NameEscaping names, Snapshot plain) {
        Snapshot shown = names.apply(plain);
        assertThat(shown.series()).isEqualTo(plain.series());
        for (Exposition exposition : List.of(
                new TextExposition(shown), new OpenMetricsExposition(shown), new ProtobufExposition(shown))) {
            CoreRig rig = rig();
            byte[] out = render(exposition);
            assertThat(push(rig, parser(exposition, rig), out)).as("%s: %s", name, rig.error).isEqualTo(Code.OK);
            assertThat(rig.snapshot().series()).as(name).isEqualTo(plain.series());
        }
        if (names != NameEscaping.NONE) {
            assertThat(new String(render(new TextExposition(shown)), StandardCharsets.UTF_8).lines())
                    .as(name)
                    .filteredOn(line -> !line.startsWith("# HELP"))
                    .allMatch(line -> line.matches("(# TYPE )?[a-zA-Z_:][a-zA-Z0-9_:]*[ {].*"))
                    .noneMatch(line -> line.matches("[^\"]*\\{\".*|.*[^\\\\]\",[^a-zA-Z_].*"));
        }
    }

    private static Parser<SampleSink> parser(Exposition exposition, CoreRig rig) {
        if (exposition instanceof OpenMetricsExposition) {
            return new OpenMetricsParser(rig.limits, rig.hash, TextParser.Timestamps.REFUSE);
        }
        return exposition instanceof ProtobufExposition
                ? new ProtobufParser(rig.limits, rig.hash, TextParser.Timestamps.REFUSE)
                : new TextParser(rig.limits, rig.hash, TextParser.Timestamps.REFUSE);
    }

    private static Code push(CoreRig rig, Parser<SampleSink> parser, byte[] body) {
        Batch batch = rig.ingest.open(Mode.ADD);
        try {
            parser.reset(batch);
            rig.ingest.enter();
            Parser.Result result = parser.finish(body, 0, body.length);
            rig.ingest.exit();
            if (result == Parser.Result.ERROR) {
                rig.error = parser.failure().describe();
                return parser.failure().code();
            }
            Code code = rig.ingest.commit(batch);
            rig.error = batch.detail();
            return code;
        } finally {
            rig.ingest.close(batch);
        }
    }

    private static TreeSet<String> lines(CoreRig rig) {
        return new TreeSet<>(rig.scrape().lines().toList());
    }

    private static byte[] render(Exposition exposition) {
        ByteBlock all = new ByteBlock(1 << 12);
        while (exposition.next(all)) {
            // all of it in one block
        }
        return all.toByteArray();
    }

    private static byte[] body(Random random) {
        List<MetricFamily> families = new ArrayList<>();
        int n = random.nextInt(6);
        for (int i = 0; i < n; i++) {
            MetricType type = MetricType.forNumber(random.nextInt(5));
            String name = utf8(random, "f" + i) + (type == MetricType.COUNTER ? "_total" : random.nextInt(5) == 0 ? "_created" : "_x");
            MetricFamily.Builder family = MetricFamily.newBuilder().setName(name).setType(type);
            if (random.nextBoolean()) {
                family.setHelp(word(random));
            }
            int size = 1 + random.nextInt(5);
            for (int k = 0; k < size; k++) {
                family.addMetric(metric(type, random, k));
            }
            families.add(family.build());
            if (type == MetricType.COUNTER && random.nextBoolean()) {
                families.add(MetricFamily.newBuilder()
                        .setName(name.substring(0, name.length() - "_total".length()) + "_created")
                        .setType(MetricType.GAUGE)
                        .addMetric(gauge(1.7e9, "k", "0"))
                        .build());
                // so that it has a series to stand with
                families.set(families.size() - 2, family.addMetric(counter(1, "k", "0")).build());
            }
        }
        return delimited(families.toArray(MetricFamily[]::new));
    }

    private static Metric.Builder metric(MetricType type, Random random, int k) {
        String one = utf8(random, "label");
        String other = utf8(random, "label");
        String[] labels = random.nextBoolean() && !one.equals(other)
                ? new String[] {"k", "" + k, one, word(random), other, word(random)}
                : new String[] {"z", word(random), "k", "" + k, "A", ""};
        return switch (type) {
            case COUNTER -> counter(Math.abs(number(random)), labels);
            case GAUGE -> gauge(random.nextInt(9) == 0 ? Double.NaN : number(random), labels);
            case UNTYPED -> untyped(random.nextInt(9) == 0 ? Double.NEGATIVE_INFINITY : number(random), labels);
            case SUMMARY -> summary(random.nextInt(1000), Math.abs(number(random)), new double[0], labels);
            default -> {
                double[] ladder = new double[2 * random.nextInt(8)];
                double bound = random.nextDouble();
                long count = 0;
                for (int i = 0; i < ladder.length; i += 2) {
                    bound += random.nextBoolean() ? 1 + random.nextInt(3) : Math.abs(number(random)) % 1e6 + 1e-3;
                    count += random.nextInt(3) * (long) random.nextInt(1 << 20);
                    ladder[i] = random.nextBoolean() ? Math.ceil(bound) : bound;
                    bound = ladder[i];
                    ladder[i + 1] = count;
                }
                yield histogram(count + random.nextInt(5), Math.abs(number(random)), ladder, labels);
            }
        };
    }

    private static double number(Random random) {
        double number = switch (random.nextInt(4)) {
            case 0 -> random.nextInt(1000);
            case 1 -> random.nextGaussian() * 1e3;
            case 2 -> Double.longBitsToDouble(random.nextLong());
            default -> random.nextLong() >> 11;
        };
        return Double.isFinite(number) && Math.abs(number) < 1e200 ? number : 0.5;
    }

    /** A name, often one that is not classic; few enough that some meet when they are escaped. */
    private static String utf8(Random random, String classic) {
        return switch (random.nextInt(6)) {
            case 0 -> classic + ".x";
            case 1 -> classic + word(random);
            case 2 -> classic.equals("label") ? random.nextBoolean() ? "label_x" : ".._x" : "\u00e9" + classic;
            default -> classic.equals("label") ? "label" + random.nextInt(1000) : classic;
        };
    }

    private static String word(Random random) {
        String[] parts = {"a", "\\", "\"", "\n", "{", "}", ",", "=", " ", "grün", "\ud83d\ude00", "#", "\t", "n", "# EOF"};
        StringBuilder s = new StringBuilder("w");
        for (int n = random.nextInt(6); n > 0; n--) {
            s.append(parts[random.nextInt(parts.length)]);
        }
        return s.append("w").toString();
    }
}
