package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.system.RunningWeir.Reply;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How values join, what is refused, and that a refused batch leaves no trace. */
@Timeout(60)
class SemanticsTest {
    private static RunningWeir weir;

    @BeforeAll
    static void start() {
        weir = new RunningWeir("--series.max=10000");
    }

    @AfterAll
    static void stop() {
        weir.close();
    }

    @BeforeEach
    void empty() {
        weir.delete("__all");
    }

    @Test
    void shouldAddCountersAndGaugesOnPostAndSetThemOnPut() {
        String body = "# TYPE c counter\nc 1.5\n# TYPE g gauge\ng -2\nu 4\n";
        weir.post(body);
        weir.post(body);
        assertThat(weir.scrape()).isEqualTo("# TYPE c counter\nc 3\n# TYPE g gauge\ng -4\n# TYPE u untyped\nu 8\n");
        weir.put("# TYPE c counter\nc 1\n# TYPE g gauge\ng 7\nu 5\n");
        assertThat(weir.scrape()).isEqualTo("# TYPE c counter\nc 1\n# TYPE g gauge\ng 7\n# TYPE u untyped\nu 5\n");
    }

    @Test
    void shouldAddASeriesThatComesTwiceInOneBody() {
        weir.post("# TYPE c counter\nc{a=\"1\",b=\"2\"} 1\nc{b=\"2\",a=\"1\"} 2\n");
        assertThat(weir.samples("c")).containsExactly("c{a=\"1\",b=\"2\"} 3");
        weir.put("# TYPE c counter\nc{a=\"1\",b=\"2\"} 5\nc{b=\"2\",a=\"1\"} 6\n");
        assertThat(weir.samples("c")).hasSize(1).first().asString().startsWith("c{a=\"1\",b=\"2\"} ");
    }

    @Test
    void shouldCountExactlyUpTo2To53() {
        weir.patchBy("9007199254740990", "big");
        assertThat(weir.patch("big", "Accept", "application/json").body()).isEqualTo("{\"value\":9007199254740991}");
        assertThat(weir.scrape()).isEqualTo("# TYPE big counter\nbig 9007199254740991\n");
        assertThat(weir.patch("big", "Accept", "application/json").body()).isEqualTo("{\"value\":9007199254740992}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "NaN", "-Inf", "+Inf", "-1e-300"})
    void shouldRefuseACounterThatIsNotAnIncrementAndLeaveTheScrapeWhole(String value) {
        weir.post("# TYPE c counter\nc 1\n# TYPE g gauge\ng 1\n");
        for (String method : new String[] {"POST", "PUT"}) {
            Reply reply = method.equals("POST")
                    ? weir.post("# TYPE g gauge\ng 1\n# TYPE c counter\nc " + value + "\n")
                    : weir.put("# TYPE g gauge\ng 3\n# TYPE c counter\nc " + value + "\n");
            assertThat(reply.status()).as(reply.toString()).isEqualTo(400);
            assertThat(reply.body()).contains("line 4").contains("counter").hasLineCount(1);
        }
        assertThat(weir.scrape()).isEqualTo("# TYPE c counter\nc 1\n# TYPE g gauge\ng 1\n");
    }

    @Test
    void shouldShowGaugesThatAreNoNumbersInBothForms() {
        weir.post("# TYPE g gauge\ng{v=\"nan\"} NaN\ng{v=\"inf\"} +Inf\ng{v=\"low\"} -Inf\n");
        assertThat(weir.samples("g"))
                .containsExactly("g{v=\"nan\"} NaN", "g{v=\"inf\"} +Inf", "g{v=\"low\"} -Inf");
        assertThat(weir.get("/metrics", "Accept", "application/json").status()).isEqualTo(200);
    }

    // ---- types

    @ParameterizedTest
    @CsvSource({
        "counter,gauge",
        "gauge,counter",
        "counter,histogram",
        "histogram,summary",
        "summary,gauge",
        "untyped,counter",
        "counter,untyped",
    })
    void shouldRefuseASecondTypeNamingBoth(String first, String second) {
        assertThat(weir.post(family("clash", first)).status()).isEqualTo(200);
        String before = weir.scrape();

        Reply reply = weir.post("# TYPE innocent counter\ninnocent 1\n" + family("clash", second));

        assertThat(reply.status()).as(reply.toString()).isEqualTo(400);
        assertThat(reply.body()).hasLineCount(1).contains("clash").contains(first).contains(second);
        assertThat(weir.scrape()).isEqualTo(before);
    }

    @Test
    void shouldRefuseAPatchOfAGauge() {
        weir.post("# TYPE g gauge\ng 1\n");
        Reply reply = weir.patch("g");
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.body()).contains("gauge").contains("counter");
    }

    @Test
    void shouldRefuseAnotherFamilyThatWouldShareTheNamesOfAHistogram() {
        weir.post(family("h", "histogram"));
        assertThat(weir.patch("h_count").status()).isEqualTo(400);
        assertThat(weir.patch("h_sum").status()).isEqualTo(400);
        assertThat(weir.post("# TYPE h_bucket gauge\nh_bucket 1\n").status()).isEqualTo(400);
        weir.delete("__all");
        weir.patch("h_count");
        assertThat(weir.post(family("h", "histogram")).status()).isEqualTo(400);
    }

    @Test
    void shouldKeepTheLastHelpThatIsNotEmpty() {
        weir.post("# HELP c one\n# TYPE c counter\nc 1\n");
        weir.post("# TYPE c counter\n# HELP c two\\n\\\\lines\nc 1\n");
        weir.post("# HELP c\n# TYPE c counter\nc 1\n");
        assertThat(weir.scrape()).isEqualTo("# HELP c two\\n\\\\lines\n# TYPE c counter\nc 3\n");
    }

    // ---- histograms and summaries

    @Test
    void shouldMergeHistogramsOverTheUnionOfTheirBuckets() {
        weir.post("# TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_bucket{le=\"+Inf\"} 5\nh_sum 2.5\nh_count 5\n");
        weir.post("# TYPE h histogram\nh_bucket{le=\"2.0\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1.5\nh_count 1\n");
        assertThat(weir.scrape()).isEqualTo("""
                # TYPE h histogram
                h_bucket{le="1"} 5
                h_bucket{le="2"} 6
                h_bucket{le="+Inf"} 6
                h_sum 4
                h_count 6
                """);
        weir.put("# TYPE h histogram\nh_bucket{le=\"3\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 9\nh_count 2\n");
        assertThat(weir.samples("h"))
                .containsExactly("h_bucket{le=\"3\"} 1", "h_bucket{le=\"+Inf\"} 2", "h_sum 9", "h_count 2");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "h_bucket{le=\"1\"} 5\nh_bucket{le=\"2\"} 4\nh_bucket{le=\"+Inf\"} 5\nh_count 5\n",
        "h_bucket{le=\"1\"} -5\nh_bucket{le=\"+Inf\"} 5\nh_count 5\n",
        "h_bucket{le=\"1\"} NaN\nh_bucket{le=\"+Inf\"} 5\nh_count 5\n",
        "h_bucket{le=\"one\"} 5\nh_bucket{le=\"+Inf\"} 5\nh_count 5\n",
        "h_bucket 5\nh_count 5\n",
        "h_bucket{le=\"1\"} 5\nh_bucket{le=\"+Inf\"} 4\nh_count 5\n",
        "h_bucket{le=\"1\"} 5\nh_bucket{le=\"+Inf\"} +Inf\nh_count 5\n",
        "h_bucket{le=\"+Inf\"} 5\nh_count -1\n",
        "h_bucket{le=\"+Inf\"} 5\nh_count NaN\n",
        "h 5\n",
    })
    void shouldRefuseAHistogramThatIsNone(String body) {
        Reply reply = weir.post("# TYPE innocent counter\ninnocent 1\n# TYPE h histogram\n" + body);
        assertThat(reply.status()).as(reply.toString()).isEqualTo(400);
        assertThat(reply.body()).hasLineCount(1);
        assertThat(weir.scrape()).isEmpty();
    }

    @Test
    void shouldBelieveTheLastBucketWhereTheCountSaysOtherwise() {
        weir.post("# TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_bucket{le=\"+Inf\"} 6\nh_count 5\n");
        weir.post("# TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_count 7\nh_sum 4\n");
        assertThat(weir.samples("h"))
                .containsExactly("h_bucket{le=\"1\"} 10", "h_bucket{le=\"+Inf\"} 13", "h_sum 4", "h_count 13");
    }

    @ParameterizedTest
    @ValueSource(strings = {"s_count -1\ns_sum 1\n", "s_count NaN\n", "s_count +Inf\n", "s{quantile=\"half\"} 1\n", "s 1\n"})
    void shouldRefuseASummaryThatIsNone(String body) {
        Reply reply = weir.post("# TYPE innocent counter\ninnocent 1\n# TYPE s summary\n" + body);
        assertThat(reply.status()).as(reply.toString()).isEqualTo(400);
        assertThat(weir.scrape()).isEmpty();
    }

    @Test
    void shouldForgetTheHelpOfAFamilyThatWasDeleted() {
        weir.post("# HELP c old words\n# TYPE c counter\nc 1\n");
        weir.delete("c");
        weir.post("# TYPE c gauge\nc 1\n");
        assertThat(weir.scrape()).isEqualTo("# TYPE c gauge\nc 1\n");
    }

    @Test
    void shouldAddSummariesAndDropTheirQuantilesAndCountThem() {
        double before = weir.own("weir_ingest_dropped_total{protocol=\"text\",reason=\"summary_quantile\"}");
        String body = "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns{quantile=\"0.99\"} NaN\ns_sum 10\ns_count 4\n";
        weir.post(body);
        weir.post(body);
        assertThat(weir.scrape()).isEqualTo("# TYPE s summary\ns_sum 20\ns_count 8\n");
        assertThat(weir.own("weir_ingest_dropped_total{protocol=\"text\",reason=\"summary_quantile\"}"))
                .isEqualTo((Double.isNaN(before) ? 0 : before) + 4);
    }

    @Test
    void shouldKeepTheEarliestCreatedTime() {
        String first = "# TYPE c_total counter\nc_total 1\n# TYPE c_created gauge\nc_created 1700000100\n";
        String second = "# TYPE c_total counter\nc_total 1\n# TYPE c_created gauge\nc_created 1700000000.5\n";
        weir.post(first);
        weir.post(second);
        weir.post(first);
        assertThat(weir.value("c_total")).isEqualTo(3);
        assertThat(weir.value("c_created")).isEqualTo(1700000000.5);
    }

    // ---- all or nothing

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "a 1 oops               | line 3 column 5",
        "a                      | line 3 column 2",
        "a{b=\"c} 1             | line 3",
        "a{b=\"\\x\"} 1         | line 3",
        "1a 1                   | line 3 column 1",
        "a{b=\"1\",b=\"2\"} 1   | line 3",
        "a{__name__=\"x\"} 1    | line 3",
        "# TYPE a rate          | line 3",
        "a nine                 | line 3 column 3",
    })
    void shouldRefuseAllOfABatchWithOneBadLineAndSayWhere(String line, String where) {
        weir.post("# TYPE before counter\nbefore 1\n");
        String body = "# TYPE before counter\nbefore 5\n" + line + "\n# TYPE after counter\nafter 1\n";

        Reply reply = weir.post(body);

        assertThat(reply.status()).as(reply.toString()).isEqualTo(400);
        assertThat(reply.body()).hasLineCount(1).startsWith(where);
        assertThat(weir.scrape()).isEqualTo("# TYPE before counter\nbefore 1\n");
        Reply problem = weir.post(body, "Accept", "application/json");
        assertThat(problem.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(problem.body()).contains("\"status\":400").contains(where);
    }

    @Test
    void shouldNeverShowPartOfARefusedBatchHoweverLong() {
        String good = IntStream.range(0, 5_000).mapToObj(i -> "part{i=\"" + i + "\"} 1\n").collect(Collectors.joining());
        assertThat(weir.post("# TYPE part counter\n" + good + "part{i=\"x\"} -1\n").status()).isEqualTo(400);
        assertThat(weir.scrape()).isEmpty();
        assertThat(weir.own("weir_series")).isZero();
        assertThat(weir.post("# TYPE part counter\n" + good).status()).isEqualTo(200);
        assertThat(weir.own("weir_series")).isEqualTo(5_000);
        assertThat(weir.post("# TYPE part counter\n" + good + "part{i=\"x\"} -1\n").status()).isEqualTo(400);
        assertThat(weir.samples("part")).hasSize(5_000).allMatch(line -> line.endsWith(" 1"));
    }

    @Test
    void shouldQuoteWhatIsWrongWithoutControlBytes() {
        Reply reply = weir.post("a \u001b[31mred\u0007\n");
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.body()).doesNotContain("\u001b").doesNotContain("\u0007").contains("red");
    }

    private static String family(String name, String type) {
        String samples = switch (type) {
            case "histogram" -> name + "_bucket{le=\"+Inf\"} 1\n" + name + "_sum 1\n" + name + "_count 1\n";
            case "summary" -> name + "_sum 1\n" + name + "_count 1\n";
            default -> name + " 1\n";
        };
        return "# TYPE " + name + " " + type + "\n" + samples;
    }
}
