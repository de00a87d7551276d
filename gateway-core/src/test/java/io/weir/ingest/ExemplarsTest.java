package io.weir.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.Exemplar;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_34_0.Metrics.MetricFamily;
import io.weir.expose.ByteBlock;
import io.weir.expose.Exposition;
import io.weir.expose.OpenMetricsExposition;
import io.weir.expose.ProtobufExposition;
import io.weir.parse.OpenMetricsParser;
import io.weir.parse.Parser;
import io.weir.parse.ProtobufParser;
import io.weir.parse.TextParser;
import io.weir.sample.Code;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.sample.SampleSink;
import io.weir.store.Selector;
import java.io.ByteArrayInputStream;
import org.junit.jupiter.api.Test;

class ExemplarsTest {
    private static final String BODY = """
            # TYPE jobs counter
            jobs_total{q="a"} 1 # {trace_id="x\\"y",span="1"} 0.5 1700000000.123456789
            jobs_total{q="b"} 1
            # TYPE seconds histogram
            seconds_bucket{le="0.5"} 1 # {trace_id="z"} 0.25
            seconds_bucket{le="1.0"} 1
            seconds_bucket{le="+Inf"} 2 # {} 7.0 5
            seconds_count 2
            seconds_sum 7.25
            # EOF
            """;

    private final CoreRig rig = rig(100);

    private static CoreRig rig(int exemplars) {
        CoreRig rig = new CoreRig(
                Limits.DEFAULTS.with(l -> {
                    l.series = 1000;
                    l.families = 100;
                }),
                AggregationRules.DEFAULTS);
        rig.table.exemplars().max(exemplars);
        return rig;
    }

    @Test
    void shouldStandWithCountersAndBuckets() throws Exception {
        assertThat(push(rig, open(rig), BODY.getBytes(UTF_8))).isEqualTo(Code.OK);
        String expected = BODY.replace("{trace_id=\"x\\\"y\",span=\"1\"}", "{span=\"1\",trace_id=\"x\\\"y\"}")
                .replace("# {} 7.0 5", "# {} 7 5")
                .replace("seconds_count 2\nseconds_sum 7.25\n", "seconds_sum 7.25\nseconds_count 2\n");
        assertThat(text(new OpenMetricsExposition(rig.snapshot()))).isEqualTo(expected);
        assertThat(rig.scrape()).doesNotContain("trace_id");

        byte[] protobuf = render(new ProtobufExposition(rig.snapshot()));
        ByteArrayInputStream in = new ByteArrayInputStream(protobuf);
        Exemplar jobs = MetricFamily.parseDelimitedFrom(in).getMetric(0).getCounter().getExemplar();
        assertThat(jobs.getLabel(1).getValue()).isEqualTo("x\"y");
        assertThat(jobs.getValue()).isEqualTo(0.5);
        assertThat(jobs.getTimestamp().getSeconds()).isEqualTo(1_700_000_000);
        assertThat(jobs.getTimestamp().getNanos()).isEqualTo(123_456_789);
        var seconds = MetricFamily.parseDelimitedFrom(in).getMetric(0).getHistogram();
        assertThat(seconds.getBucket(0).getExemplar().getLabel(0).getName()).isEqualTo("trace_id");
        assertThat(seconds.getBucket(0).getExemplar().hasTimestamp()).isFalse();
        assertThat(seconds.getBucket(1).hasExemplar()).isFalse();

        CoreRig second = rig(100);
        assertThat(push(second, protobuf(second), protobuf)).isEqualTo(Code.OK);
        assertThat(text(new OpenMetricsExposition(second.snapshot()))).isEqualTo(expected);
    }

    @Test
    void shouldKeepTheLatestOfEachCounterAndBucket() {
        for (int i = 0; i < 3; i++) {
            String body = "# TYPE jobs counter\njobs_total 1 # {id=\"" + i + "\"} 1\n# EOF\n";
            assertThat(push(rig, open(rig), body.getBytes(UTF_8))).isEqualTo(Code.OK);
            assertThat(text(new OpenMetricsExposition(rig.snapshot()))).contains("jobs_total " + (i + 1) + " # {id=\"" + i + "\"} 1\n");
        }
        assertThat(push(rig, open(rig), "# TYPE jobs counter\njobs_total 1\n# EOF\n".getBytes(UTF_8))).isEqualTo(Code.OK);
        assertThat(text(new OpenMetricsExposition(rig.snapshot()))).contains("jobs_total 4 # {id=\"2\"} 1\n");
        assertThat(rig.table.exemplars().size()).isEqualTo(1);
    }

    @Test
    void shouldKeepTheSameObjectWhenTheSameIsPushedAgain() {
        String body = "# TYPE jobs counter\njobs_total 1 # {id=\"1\"} 1 5.5\n# EOF\n";
        assertThat(push(rig, open(rig), body.getBytes(UTF_8))).isEqualTo(Code.OK);
        io.weir.snapshot.Exemplar first = rig.snapshot().families().get(0).exemplar(0, Double.NaN);
        assertThat(push(rig, open(rig), body.getBytes(UTF_8))).isEqualTo(Code.OK);
        assertThat(rig.snapshot().families().get(0).exemplar(0, Double.NaN)).isSameAs(first);

        for (String other : new String[] {"{id=\"2\"} 1 5.5", "{id=\"2\"} 2 5.5", "{id=\"2\"} 2 5.6", "{id=\"2\"} 2"}) {
            io.weir.snapshot.Exemplar before = rig.snapshot().families().get(0).exemplar(0, Double.NaN);
            assertThat(push(rig, open(rig), body.replace("{id=\"1\"} 1 5.5", other).getBytes(UTF_8))).isEqualTo(Code.OK);
            assertThat(rig.snapshot().families().get(0).exemplar(0, Double.NaN)).isNotSameAs(before);
        }
    }

    @Test
    void shouldKeepNoMoreThanTheLimitAndNoneOfSeriesThatHaveEnded() {
        CoreRig few = rig(2);
        String body = "# TYPE jobs counter\n";
        for (int i = 0; i < 5; i++) {
            body += "jobs_total{i=\"" + i + "\"} 1 # {id=\"" + i + "\"} 1\n";
        }
        assertThat(push(few, open(few), (body + "# EOF\n").getBytes(UTF_8))).isEqualTo(Code.OK);
        assertThat(few.table.exemplars().size()).isEqualTo(2);
        assertThat(text(new OpenMetricsExposition(few.snapshot()))).containsOnlyOnce("# {id=\"0\"}").containsOnlyOnce("# {id=\"1\"}");

        few.commands.delete(Selector.all(), deleted -> {});
        while (few.snapshot().series() > 0) {
            few.keeper.doWork();
        }
        assertThat(few.table.exemplars().size()).isZero();

        CoreRig none = rig(0);
        assertThat(push(none, open(none), BODY.getBytes(UTF_8))).isEqualTo(Code.OK);
        assertThat(none.table.exemplars().size()).isZero();
        assertThat(text(new OpenMetricsExposition(none.snapshot()))).doesNotContain("trace_id");
    }

    @Test
    void shouldKeepNoneOfWhatWasRefusedAndNoneThatOpenMetricsForbids() {
        String body = BODY.replace("# EOF\n", "# TYPE bad counter\nbad_total -1\n# EOF\n");
        assertThat(push(rig, open(rig), body.getBytes(UTF_8)).isError()).isTrue();
        assertThat(rig.table.exemplars().size()).isZero();

        assertThat(push(rig, open(rig), BODY.replace("trace_id=\"z\"", "\"trace.id\"=\"z\"").getBytes(UTF_8))).isEqualTo(Code.OK);
        assertThat(text(new OpenMetricsExposition(rig.snapshot()))).contains("{le=\"0.5\"} 1\n");
    }

    private static OpenMetricsParser open(CoreRig rig) {
        return new OpenMetricsParser(rig.limits, rig.hash, TextParser.Timestamps.IGNORE);
    }

    private static ProtobufParser protobuf(CoreRig rig) {
        return new ProtobufParser(rig.limits, rig.hash, TextParser.Timestamps.IGNORE);
    }

    private static Code push(CoreRig rig, Parser<SampleSink> parser, byte[] body) {
        Batch batch = rig.ingest.open(Mode.ADD);
        try {
            parser.reset(batch);
            rig.ingest.enter();
            Parser.Result result = parser.finish(body, 0, body.length);
            rig.ingest.exit();
            return result == Parser.Result.ERROR ? parser.failure().code() : rig.ingest.commit(batch);
        } finally {
            rig.ingest.close(batch);
        }
    }

    private static String text(Exposition exposition) {
        return new String(render(exposition), UTF_8);
    }

    private static byte[] render(Exposition exposition) {
        ByteBlock all = new ByteBlock(1 << 12);
        while (exposition.next(all)) {
            // all of it in one block
        }
        return all.toByteArray();
    }
}
