package io.weir.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.parse.Parser;
import io.weir.sample.Code;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.GaugePolicy;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.store.Selector;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Semantics of issue-level promises, from body to scrape, with nothing replaced. */
class IngestTest {
    private final CoreRig rig = new CoreRig();

    // ---- the source system's transcript

    @Test
    void shouldGiveTheGoldenTranscriptOfTheSourceSystem() {
        assertThat(rig.post("""
                # TYPE some_metric counter
                some_metric{label="val1"} 42
                # TYPE another_metric gauge
                # HELP another_metric Just an example.
                another_metric 2398.283
                """)).isEqualTo(Code.OK);
        assertThat(rig.post("""
                # TYPE some_metric counter
                some_metric{label="val1"} 8
                some_metric{label="val2"} 1
                # TYPE another_metric gauge
                another_metric 1
                """)).isEqualTo(Code.OK);

        assertThat(rig.scrape()).isEqualTo("""
                # HELP another_metric Just an example.
                # TYPE another_metric gauge
                another_metric 2399.283
                # TYPE some_metric counter
                some_metric{label="val1"} 50
                some_metric{label="val2"} 1
                """);
    }

    // ---- counters, gauges

    @Test
    void shouldTreatLabelsInAnyOrderAsOneSeries() {
        rig.post("# TYPE c counter\nc{a=\"1\",b=\"2\"} 1\nc{b=\"2\",a=\"1\"} 1\nc{b=\"2\", a=\"1\",} 1\n");
        rig.post("# TYPE c counter\nc{b=\"2\",a=\"1\",empty=\"\"} 1\n");

        assertThat(rig.scrape()).isEqualTo("# TYPE c counter\nc{a=\"1\",b=\"2\"} 4\n");
    }

    @Test
    void shouldAddTheSameSeriesTwiceInOneBody() {
        rig.post("# TYPE c counter\nc 1\nc 2\n");

        assertThat(rig.scrape()).isEqualTo("# TYPE c counter\nc 3\n");
    }

    @Test
    void shouldSetWithPutOnlyWhatItNames() {
        rig.post("# TYPE c counter\nc{x=\"1\"} 5\nc{x=\"2\"} 6\n# TYPE g gauge\ng 7\n");
        rig.put("# TYPE c counter\nc{x=\"1\"} 1\n# TYPE g gauge\ng -2.5\n");

        assertThat(rig.scrape()).isEqualTo("# TYPE c counter\nc{x=\"1\"} 1\nc{x=\"2\"} 6\n# TYPE g gauge\ng -2.5\n");
    }

    @Test
    void shouldStayExactUpToTwoToTheFiftyThree() {
        rig.post("# TYPE c counter\nc 9007199254740990\n");
        rig.post("# TYPE c counter\nc 1\n");
        rig.post("# TYPE c counter\nc 1\n");

        assertThat(rig.scrape()).endsWith("c 9007199254740992\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "NaN", "+Inf", "-Inf", "-0.001"})
    void shouldRefuseWhatACounterCannotBe(String value) {
        rig.post("# TYPE c counter\nc 1\n");

        for (Mode mode : Mode.values()) {
            Code code = rig.push(mode, "# TYPE c counter\nc{new=\"x\"} 1\nc " + value + "\n", Integer.MAX_VALUE);
            assertThat(code).isIn(Code.COUNTER_NEGATIVE, Code.COUNTER_NOT_FINITE);
            assertThat(rig.error).startsWith("line 3 column ");
        }
        assertThat(rig.scrape()).isEqualTo("# TYPE c counter\nc 1\n");
    }

    @ParameterizedTest
    @EnumSource(GaugePolicy.class)
    void shouldJoinGaugesByTheirPolicy(GaugePolicy policy) {
        CoreRig byPolicy = new CoreRig(
                Limits.DEFAULTS, new AggregationRules(policy, FamilyPolicy.FOREVER, List.of()));
        for (String value : new String[] {"5", "9", "NaN", "-3", "4"}) {
            assertThat(byPolicy.post("# TYPE g gauge\ng " + value + "\n")).isEqualTo(Code.OK);
        }

        String expected = switch (policy) {
            case SUM -> "15";
            case LAST -> "4";
            case MIN -> "-3";
            case MAX -> "9";
        };
        assertThat(byPolicy.scrape()).isEqualTo("# TYPE g gauge\ng " + expected + "\n");
    }

    @Test
    void shouldKeepTheOldestCreationTime() {
        rig.post("# TYPE c_created gauge\nc_created 20\n");
        rig.post("# TYPE c_created gauge\nc_created 10\n");
        rig.post("# TYPE c_created gauge\nc_created 30\n");

        assertThat(rig.scrape()).endsWith("c_created 10\n");
    }

    // ---- types

    @Test
    void shouldTakeSamplesWithoutTypeAsUntypedAndAddThem() {
        rig.post("foo 1\n");
        rig.post("foo 2");

        assertThat(rig.scrape()).isEqualTo("# TYPE foo untyped\nfoo 3\n");
    }

    @Test
    void shouldLetASampleWithoutTypeJoinTheTypeThatIsThere() {
        rig.post("# TYPE c counter\nc 1\n");
        assertThat(rig.post("c 1\nc{x=\"y\"} 1\n")).isEqualTo(Code.OK);
        assertThat(rig.post("c -1\n")).isEqualTo(Code.COUNTER_NEGATIVE);

        assertThat(rig.scrape()).isEqualTo("# TYPE c counter\nc 2\nc{x=\"y\"} 1\n");
    }

    @Test
    void shouldRefuseTheBatchOnATypeConflictAndNameBothTypes() {
        rig.post("# TYPE c counter\nc 1\n");

        assertThat(rig.post("# TYPE fresh gauge\nfresh 1\n# TYPE c gauge\nc 1\n")).isEqualTo(Code.TYPE_CONFLICT);
        assertThat(rig.error).contains("line 3").contains("counter").contains("gauge");
        assertThat(rig.scrape()).isEqualTo("# TYPE c counter\nc 1\n");
    }

    @Test
    void shouldTakeANewTypeOnceTheFamilyIsGone() {
        rig.post("# TYPE c counter\nc{x=\"y\"} 1\n");
        assertThat(rig.delete(new Selector("c".getBytes(), List.of()))).isEqualTo(1);

        assertThat(rig.post("# TYPE c gauge\nc{x=\"y\"} 2\n")).isEqualTo(Code.OK);
        assertThat(rig.post("# TYPE c gauge\nc{x=\"y\"} 2\n")).isEqualTo(Code.OK);
        assertThat(rig.scrape()).isEqualTo("# TYPE c gauge\nc{x=\"y\"} 4\n");
    }

    @Test
    void shouldRefuseASecondTypeOfOneBody() {
        assertThat(rig.post("# TYPE c counter\n# TYPE c gauge\nc 1\n")).isEqualTo(Code.SECOND_TYPE);
        assertThat(rig.post("c 1\n# TYPE c counter\nc 1\n")).isEqualTo(Code.SECOND_TYPE);
        assertThat(rig.scrape()).isEmpty();
    }

    @Test
    void shouldNotLetAFamilyTakeTheNameOfAPartOfAHistogram() {
        rig.post("# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n");

        assertThat(rig.post("# TYPE h_count counter\nh_count{x=\"1\"} 1\n")).isEqualTo(Code.TYPE_CONFLICT);
        assertThat(rig.error).contains("histogram").contains("h_count");
        rig.post("# TYPE g_sum gauge\ng_sum 1\n");
        assertThat(rig.post("# TYPE g summary\ng_sum{x=\"1\"} 1\ng_count{x=\"1\"} 1\n")).isEqualTo(Code.TYPE_CONFLICT);
        assertThat(rig.scrape()).isEqualTo(
                "# TYPE g_sum gauge\ng_sum 1\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n");
    }

    @Test
    void shouldKeepTheLastNonEmptyHelp() {
        rig.post("# HELP c first\n# TYPE c counter\nc 1\n");
        rig.post("# HELP c second \\\\ line\\nbreak\n# TYPE c counter\nc 1\n");
        rig.post("# HELP c \n# TYPE c counter\nc 1\n");

        assertThat(rig.scrape()).isEqualTo("# HELP c second \\\\ line\\nbreak\n# TYPE c counter\nc 3\n");
    }

    @Test
    void shouldNotMistakeAnEscapedHelpForAnEqualPlainOne() {
        rig.post("# HELP c a\\\\n\n# TYPE c counter\nc 1\n");
        assertThat(rig.scrape()).startsWith("# HELP c a\\\\n\n");
        rig.post("# HELP c a\\n\n# TYPE c counter\nc 1\n");

        assertThat(rig.scrape()).startsWith("# HELP c a\\n\n");
    }

    // ---- histograms, summaries

    private static final String HISTOGRAM = """
            # TYPE h histogram
            h_bucket{path="/",le="0.1"} 2
            h_bucket{path="/",le="1"} 5
            h_bucket{path="/",le="+Inf"} 6
            h_sum{path="/"} 3.5
            h_count{path="/"} 6
            """;

    @Test
    void shouldAddHistogramsBucketByBucket() {
        rig.post(HISTOGRAM);
        rig.post(HISTOGRAM);
        rig.post(HISTOGRAM);

        assertThat(rig.scrape()).isEqualTo("""
                # TYPE h histogram
                h_bucket{path="/",le="0.1"} 6
                h_bucket{path="/",le="1"} 15
                h_bucket{path="/",le="+Inf"} 18
                h_sum{path="/"} 10.5
                h_count{path="/"} 18
                """);
    }

    @Test
    void shouldMergeDifferentBucketsByTheirUnion() {
        rig.post("# TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_bucket{le=\"+Inf\"} 5\nh_sum 1\nh_count 5\n");
        rig.post("# TYPE h histogram\nh_count 1\nh_sum 2\nh_bucket{le=\"+Inf\"} 1\nh_bucket{le=\"2.0\"} 1\n");

        assertThat(rig.scrape()).isEqualTo("""
                # TYPE h histogram
                h_bucket{le="1"} 5
                h_bucket{le="2"} 6
                h_bucket{le="+Inf"} 6
                h_sum 3
                h_count 6
                """);
    }

    @Test
    void shouldReplaceAHistogramWithPut() {
        rig.post(HISTOGRAM);
        rig.put("# TYPE h histogram\nh_bucket{path=\"/\",le=\"7\"} 1\nh_sum{path=\"/\"} 6\nh_count{path=\"/\"} 2\n");

        assertThat(rig.scrape()).isEqualTo("""
                # TYPE h histogram
                h_bucket{path="/",le="7"} 1
                h_bucket{path="/",le="+Inf"} 2
                h_sum{path="/"} 6
                h_count{path="/"} 2
                """);
    }

    @Test
    void shouldRefuseAFallingLadder() {
        assertThat(rig.post("""
                # TYPE ok counter
                ok 1
                # TYPE h histogram
                h_bucket{le="1"} 5
                h_bucket{le="2"} 4
                h_bucket{le="+Inf"} 5
                """)).isEqualTo(Code.LADDER_FALLS);
        assertThat(rig.error).contains("h");
        assertThat(rig.scrape()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "h_bucket{le=\"x\"} 1",
        "h_bucket{a=\"b\"} 1",
        "h_bucket{le=\"NaN\"} 1",
        "h_bucket{le=\"1\",le=\"2\"} 1",
        "h_bucket{le=\"1\"} -1",
        "h_bucket{le=\"1\"} NaN",
        "h_count +Inf",
        "h 1",
    })
    void shouldRefuseWhatAHistogramCannotBe(String line) {
        assertThat(rig.post("# TYPE h histogram\n" + line + "\n").isError()).isTrue();
        assertThat(rig.error).startsWith("line 2 column ");
        assertThat(rig.scrape()).isEmpty();
    }

    @Test
    void shouldAddSumAndCountOfSummariesAndDropQuantiles() {
        String summary = "# TYPE s summary\ns{quantile=\"0.5\",x=\"y\"} NaN\ns_sum{x=\"y\"} 1.5\ns_count{x=\"y\"} 3\n";
        for (int i = 0; i < 3; i++) {
            assertThat(rig.post(summary)).isEqualTo(Code.OK);
        }

        assertThat(rig.scrape()).isEqualTo("# TYPE s summary\ns_sum{x=\"y\"} 4.5\ns_count{x=\"y\"} 9\n");
    }

    @Test
    void shouldNotDropASampleBecauseItOnceWasAQuantile() {
        String summary = "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1.5\ns_count 3\n";
        rig.post(summary);
        rig.post(summary);
        rig.delete(new Selector("s".getBytes(), List.of()));

        assertThat(rig.post("# TYPE s gauge\ns{quantile=\"0.5\"} 1\n")).isEqualTo(Code.OK);
        assertThat(rig.scrape()).isEqualTo("# TYPE s gauge\ns{quantile=\"0.5\"} 1\n");
    }

    @Test
    void shouldKeepAHistogramWholeThatComesAliveWhileABodyNamesIt() {
        Ingest otherLoop = rig.newIngest();
        String first = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\n";
        String second = "h_sum 1\nh_count 1\n";
        for (Mode mode : Mode.values()) {
            rig.delete(Selector.all());

            assertThat(rig.pushAround(mode, first, second, () -> rig.pushTo(otherLoop, Mode.ADD, first + second)))
                    .isEqualTo(Code.OK);

            int times = mode == Mode.ADD ? 2 : 1;
            assertThat(rig.scrape()).isEqualTo("# TYPE h histogram\nh_bucket{le=\"1\"} " + times
                    + "\nh_bucket{le=\"+Inf\"} " + times + "\nh_sum " + times + "\nh_count " + times + "\n");
        }
    }

    // ---- all or nothing

    @Test
    void shouldLeaveNothingOfABadBodyWhereverItIsCut() {
        String bad = "# TYPE c counter\nc{a=\"1\"} 1\nc{a=\"2\"} 1\nc{a=\"3\" 1\n";
        for (int piece = 1; piece <= bad.length(); piece++) {
            assertThat(rig.push(Mode.ADD, bad, piece)).isEqualTo(Code.EXPECTED_COMMA_OR_BRACE);
            assertThat(rig.error).startsWith("line 4 column 9");
        }
        assertThat(rig.scrape()).isEmpty();
    }

    @Test
    void shouldGiveTheSameSumHoweverABodyIsCut() {
        for (int piece = 1; piece <= HISTOGRAM.length(); piece++) {
            assertThat(rig.push(Mode.ADD, HISTOGRAM, piece)).isEqualTo(Code.OK);
        }
        assertThat(rig.scrape()).contains("h_count{path=\"/\"} " + 6 * HISTOGRAM.length() + "\n");
    }

    @Test
    void shouldRefuseTheWholeBatchAtTheSeriesLimitAndKeepWhatIsThereExact() {
        Limits d = Limits.DEFAULTS;
        CoreRig small = new CoreRig(withSeries(d, 3, 10), AggregationRules.DEFAULTS);
        small.post("# TYPE c counter\nc{i=\"1\"} 1\nc{i=\"2\"} 1\n");

        assertThat(small.post("# TYPE c counter\nc{i=\"1\"} 1\nc{i=\"3\"} 1\nc{i=\"4\"} 1\n")).isEqualTo(Code.SERIES_LIMIT);
        assertThat(small.error).contains("3 series");
        assertThat(small.post("# TYPE c counter\nc{i=\"1\"} 1\nc{i=\"3\"} 1\nc{i=\"3\"} 1\n")).isEqualTo(Code.OK);
        assertThat(small.scrape()).isEqualTo("# TYPE c counter\nc{i=\"1\"} 2\nc{i=\"2\"} 1\nc{i=\"3\"} 2\n");
        assertThat(small.table.live()).isEqualTo(3);
    }

    @Test
    void shouldGoOnSayingThatTheLimitIsReachedHoweverManySeriesAreRefused() {
        CoreRig small = new CoreRig(withSeries(Limits.DEFAULTS, 10, 10), AggregationRules.DEFAULTS);
        for (int i = 0; i < 10; i++) {
            small.post("c{i=\"" + i + "\"} 1\n");
        }
        int words = small.table.usedWords();

        for (int i = 10; i < 1_000; i++) {
            assertThat(small.post("c{i=\"" + i + "\"} 1\nc{i=\"0\"} 1\n")).isEqualTo(Code.SERIES_LIMIT);
        }
        assertThat(small.table.usedWords()).isEqualTo(words);
        assertThat(small.scrape()).contains("c{i=\"0\"} 1\n");
    }

    @Test
    void shouldRefuseMoreFamiliesThanTheLimit() {
        CoreRig small = new CoreRig(withSeries(Limits.DEFAULTS, 100, 2), AggregationRules.DEFAULTS);
        small.post("a 1\nb 1\n");

        assertThat(small.post("a 1\nc 1\n")).isEqualTo(Code.FAMILY_LIMIT);
        assertThat(small.scrape()).isEqualTo("# TYPE a untyped\na 1\n# TYPE b untyped\nb 1\n");
    }

    // ---- delete

    @Test
    void shouldDeleteTheSeriesThatHaveAllGivenLabels() {
        rig.post("# TYPE c counter\nc{a=\"1\",b=\"1\"} 1\nc{a=\"1\",b=\"2\"} 1\nc{a=\"2\",b=\"1\"} 1\nd 1\n");

        assertThat(rig.delete(selector("c", "a", "1", "b", "2"))).isEqualTo(1);
        assertThat(rig.delete(selector("c", "a", "1", "nope", "2"))).isZero();
        assertThat(rig.delete(selector("missing", "a", "1"))).isZero();
        assertThat(rig.delete(selector("c", "a", "1"))).isEqualTo(1);
        assertThat(rig.scrape()).isEqualTo("# TYPE c counter\nc{a=\"2\",b=\"1\"} 1\n# TYPE d untyped\nd 1\n");
        assertThat(rig.delete(new Selector(null, List.of()))).isEqualTo(2);
        assertThat(rig.scrape()).isEmpty();
    }

    @Test
    void shouldStartADeletedCounterAtWhatIsPushedNext() {
        for (int i = 0; i < 50; i++) {
            assertThat(rig.post("# TYPE c counter\nc{a=\"1\"} 1\nc{a=\"2\"} 1\n")).isEqualTo(Code.OK);
            assertThat(rig.scrape()).isEqualTo("# TYPE c counter\nc{a=\"1\"} 1\nc{a=\"2\"} 1\n");
            assertThat(rig.delete(selector("c"))).isEqualTo(2);
            for (int j = 0; j < i % 4; j++) {
                rig.keeper.doWork();
            }
        }
        assertThat(rig.table.live()).isZero();
    }

    // ---- time to live

    @Test
    void shouldEndASeriesThatIsNotTouchedForItsTimeToLive() {
        CoreRig mortal = new CoreRig(
                Limits.DEFAULTS, new AggregationRules(GaugePolicy.SUM, 60_000, List.of()));
        mortal.post("# TYPE c counter\nc{a=\"1\"} 1\nc{a=\"2\"} 1\n");
        mortal.nanos += 40_000_000_000L;
        mortal.keeper.doWork();
        mortal.post("# TYPE c counter\nc{a=\"2\"} 1\n");
        mortal.nanos += 40_000_000_000L;
        for (int i = 0; i < 100; i++) {
            mortal.keeper.doWork();
        }

        assertThat(mortal.scrape()).isEqualTo("# TYPE c counter\nc{a=\"2\"} 2\n");
    }

    @Test
    void shouldAskForABodyAgainWhoseSeriesWentWhileItWasRead() {
        CoreRig small = new CoreRig(withSeries(Limits.DEFAULTS, 64, 100), AggregationRules.DEFAULTS);
        String body = "# TYPE k counter\nk{a=\"1\"} 1\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n";
        small.post(body);
        for (String part : List.of("k{a=\"1\"} 1\n", "h_bucket{le=\"+Inf\"} 1\nh_count 1\n")) {
            small.post(body);
            Batch slow = small.ingest.open(Mode.ADD);
            small.parser.reset(slow);
            small.ingest.enter();
            assertThat(small.parser.parse(part.getBytes(), 0, part.length())).isEqualTo(Parser.Result.COMPLETE);
            small.ingest.exit();

            small.delete(selector("k"));
            small.delete(selector("h"));
            long rebuilds = small.keeper.rebuilds();
            for (int i = 0; i < 50 && small.keeper.rebuilds() < rebuilds + 40; i++) {
                small.nanos += 1_000_000_000L;
                for (int k = 0; k < 40; k++) {
                    small.post("churn_" + i + "{i=\"" + k + "\"} 1\n");
                }
                small.delete(Selector.all());
            }

            assertThat(small.ingest.commit(slow)).as(part).isEqualTo(Code.SERIES_ENDED);
            small.ingest.close(slow);
            assertThat(small.scrape()).isEmpty();
            assertThat(small.post(body)).isEqualTo(Code.OK);
            assertThat(small.scrape()).contains("k{a=\"1\"} 1\n", "h_count 1\n");
            assertThat(small.ingest.superseded()).isZero();
        }
    }

    // ---- JSON

    @Test
    void shouldGiveTheJsonOfTheSourceSystem() {
        rig.post("# TYPE worker_request counter\nworker_request{country=\"CZ\",anotherlabel=\"value\"} 2\n");

        assertThat(rig.json()).isEqualTo("{\"worker_request\":{\"name\":\"worker_request\",\"type\":\"counter\","
                + "\"metrics\":[{\"value\":2,\"labels\":{\"anotherlabel\":\"value\",\"country\":\"CZ\"}}]}}");
    }

    private static Selector selector(String family, String... labels) {
        List<Selector.Pair> pairs = new java.util.ArrayList<>();
        for (int i = 0; i < labels.length; i += 2) {
            pairs.add(new Selector.Pair(labels[i].getBytes(), labels[i + 1].getBytes()));
        }
        return new Selector(family.getBytes(), pairs);
    }

    @Test
    void shouldRefuseABatchThatTakesOneFamilyPastItsLimitAndLeaveNothingOfIt() {
        CoreRig small = new CoreRig(withSeries(Limits.DEFAULTS, 100, 3, 10), AggregationRules.DEFAULTS);
        assertThat(small.post("a{i=\"1\"} 1\na{i=\"2\"} 1\nb 1\n")).isEqualTo(Code.OK);

        assertThat(small.post("b{i=\"1\"} 1\na{i=\"3\"} 1\na{i=\"4\"} 1\n")).isEqualTo(Code.FAMILY_SERIES_LIMIT);

        assertThat(small.error).isEqualTo("limit 3 series (--limits.family-series), new in: a");
        assertThat(small.table.live()).isEqualTo(3);
        assertThat(small.post("a{i=\"3\"} 1\na{i=\"1\"} 1\n")).as("the place is free again").isEqualTo(Code.OK);
        assertThat(small.post("a{i=\"4\"} 1\n")).isEqualTo(Code.FAMILY_SERIES_LIMIT);
        assertThat(small.post("b{i=\"1\"} 1\nb{i=\"2\"} 1\n")).as("other families go on").isEqualTo(Code.OK);
        assertThat(small.delete(selector("a", "i", "2"))).isEqualTo(1);
        assertThat(small.post("a{i=\"4\"} 1\n")).isEqualTo(Code.OK);
        assertThat(small.scrape()).contains("a{i=\"1\"} 2\n").doesNotContain("a{i=\"2\"}");
    }

    private static Limits withSeries(Limits d, int series, int families) {
        return withSeries(d, series, series, families);
    }

    private static Limits withSeries(Limits d, int series, int familySeries, int families) {
        return d.with(l -> {
            l.series = series;
            l.familySeries = familySeries;
            l.families = families;
        });
    }
}
