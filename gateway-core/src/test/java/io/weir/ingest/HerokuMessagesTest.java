package io.weir.ingest;

import static io.weir.ingest.DrainRig.frame;
import static io.weir.ingest.DrainRig.join;
import static io.weir.ingest.DrainRig.log;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.parse.HerokuMessages.Kind;
import io.weir.sample.Code;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each kind of line becomes, as a scrape shows it. */
class HerokuMessagesTest {
    private static final String POSTGRES = "source=HEROKU_POSTGRESQL_RED addon=postgresql-a-1 ";

    private final DrainRig rig = new DrainRig();

    // ---- samples

    @ParameterizedTest
    @CsvSource({
        "1, 1", "-1.5, -1.5", "0.99625, 0.99625", "1e3, 1000", "15405636.0kB, 15775371264", "1.5kB, 1536", "5bytes, 5",
        "1B, 1", "590.29MB, 618963927.04", "2GB, 2147483648", "1TB, 1099511627776", "1KB, 1024", "156757pages, 156757",
        "22ms, 0.022", "1.5s, 1.5", "3us, 3e-06", "0x10, 16", "0x10bytes, 16", "1e3ms, 1"
    })
    void shouldReadNumbersWithUnits(String written, String shown) {
        postgres("sample#x=" + written);
        assertThat(samples()).containsExactly("heroku_postgres_x{addon=\"postgresql-a-1\",app=\"a\"} " + shown);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "sample#x=", "sample#x", "sample#=1", "sample#x=abc", "sample#x=1XB", "sample#x=5bytesbytes", "sample#x=MB",
        "sample#x=1,5", "sample#x=NaN", "sample#x=inf", "sample#x=0xzz", "sample#x=1e999", "sample#x=\u00e9", "sample#x=1\u00e9",
        "sample#x==1", "sample#x=1=2"
    })
    void shouldSkipABadSampleOnly(String bad) {
        postgres("sample#a=1 " + bad + " sample#b=2");
        assertThat(samples()).containsExactly(
                "heroku_postgres_a{addon=\"postgresql-a-1\",app=\"a\"} 1",
                "heroku_postgres_b{addon=\"postgresql-a-1\",app=\"a\"} 2");
        assertThat(rig.messages.refused(Code.LOG_SAMPLE)).isEqualTo(1);
        assertThat(rig.messages.count(Kind.SAMPLES)).isEqualTo(1);
    }

    @Test
    void shouldMakeNamesOfAnyKey() {
        postgres("sample#load-avg-1m=1 sample#db_size=2 sample#a.b/c=3 sample#gr\u00f6\u00dfe=4 sample#9=5");
        assertThat(samples()).containsExactly(
                "heroku_postgres_9{addon=\"postgresql-a-1\",app=\"a\"} 5",
                "heroku_postgres_a_b_c{addon=\"postgresql-a-1\",app=\"a\"} 3",
                "heroku_postgres_db_size{addon=\"postgresql-a-1\",app=\"a\"} 2",
                "heroku_postgres_gr__e{addon=\"postgresql-a-1\",app=\"a\"} 4",
                "heroku_postgres_load_avg_1m{addon=\"postgresql-a-1\",app=\"a\"} 1");
    }

    @Test
    void shouldTellByTheProcessAndTheSourceWhoseSamplesTheyAre() {
        rig.drain("a", join(
                log("app", "heroku-postgres", "source=DATABASE sample#x=1"),
                log("app", "heroku-redis", "addon=redis-b-2 source=REDIS sample#x=2"),
                log("app", "heroku-pgbouncer", "source=pgbouncer addon=postgresql-c-3 sample#x=3"),
                log("app", "postgres.17", "source=HEROKU_POSTGRESQL_RED addon=postgresql-d-4 sample#x=4"),
                log("app", "redis.17", "source=REDIS addon=redis-e-5 sample#x=5"),
                log("heroku", "web.1", "source=web.1 dyno=heroku.1.2 sample#x=6"),
                log("heroku", "run.9", "source=run.9 sample#x=7"),
                log("app", "web.1", "sample#x=8"),
                log("app", "web.1", "source=web.1 sample#x=9"),
                log("app", "web.1", "source=us-east sample#x=10")));
        assertThat(samples()).containsExactlyInAnyOrder(
                "heroku_postgres_x{app=\"a\"} 1",
                "heroku_redis_x{addon=\"redis-b-2\",app=\"a\"} 2",
                "heroku_pgbouncer_x{addon=\"postgresql-c-3\",app=\"a\"} 3",
                "heroku_postgres_x{addon=\"postgresql-d-4\",app=\"a\"} 4",
                "heroku_redis_x{addon=\"redis-e-5\",app=\"a\"} 5",
                "heroku_dyno_x{app=\"a\",process=\"web.1\"} 6",
                "heroku_dyno_x{app=\"a\",process=\"run.9\"} 7",
                "heroku_app_x{app=\"a\",process=\"web.1\"} 9",
                "heroku_app_x{app=\"a\",process=\"web.1\",source=\"us-east\"} 10");
        assertThat(rig.fleeting).contains("heroku_app_x", "heroku_dyno_x", "heroku_postgres_x");
    }

    @Test
    void shouldCountAndMeasure() {
        byte[] line = log("app", "web.1", "measure#db=12ms measure#page=3kB measure#depth=7 count#jobs=2 count#x_total=1 sample#q=4");
        rig.drain("a", line);
        rig.drain("a", line);
        assertThat(samples()).contains(
                "heroku_app_db_seconds_bucket{app=\"a\",process=\"web.1\",le=\"0.01\"} 0",
                "heroku_app_db_seconds_bucket{app=\"a\",process=\"web.1\",le=\"0.025\"} 2",
                "heroku_app_db_seconds_sum{app=\"a\",process=\"web.1\"} 0.024",
                "heroku_app_page_bytes_bucket{app=\"a\",process=\"web.1\",le=\"1024\"} 0",
                "heroku_app_page_bytes_bucket{app=\"a\",process=\"web.1\",le=\"4096\"} 2",
                "heroku_app_depth_bucket{app=\"a\",process=\"web.1\",le=\"1\"} 0",
                "heroku_app_depth_bucket{app=\"a\",process=\"web.1\",le=\"10\"} 2",
                "heroku_app_jobs_total{app=\"a\",process=\"web.1\"} 4",
                "heroku_app_x_total{app=\"a\",process=\"web.1\"} 2",
                "heroku_app_q{app=\"a\",process=\"web.1\"} 4");
        assertThat(rig.fleeting).containsExactly("heroku_app_q");
        rig.drain("a", log("app", "web.1", "count#jobs=-1"));
        assertThat(rig.messages.refused(Code.COUNTER_NEGATIVE)).isEqualTo(1);
    }

    @Test
    void shouldSeeNoSampleWhereThereIsNone() {
        rig.drain("a", join(
                log("app", "web.1", "example#x=1 resample#y=2 # sample# measure #sample"),
                log("app", "web.1", ""),
                log("app", "web.1", "GET /#sample=1")));
        assertThat(samples()).isEmpty();
        assertThat(rig.messages.count(Kind.OTHER)).isEqualTo(2);
    }

    @Test
    void shouldTakeTheAppOfTheFrameWhereTheRequestNamesNone() {
        rig.drain(null, join(log("one", "web.1", "sample#x=1"), log("two", "web.1", "sample#x=2"), log("one", "web.1", "sample#x=3")));
        assertThat(samples()).containsExactly(
                "heroku_app_x{app=\"one\",process=\"web.1\"} 3", "heroku_app_x{app=\"two\",process=\"web.1\"} 2");
    }

    // ---- router

    @Test
    void shouldHaveTheZeroesOfTheSourceAfterOneGoodRequest() {
        router("at=info method=GET dyno=web.1 connect=1ms service=22ms status=200 bytes=1");
        assertThat(samples("heroku_router_errors")).hasSize(11).allMatch(line -> line.endsWith("} 0"))
                .contains("heroku_router_errors{app=\"a\",code=\"H10\",process=\"web.1\"} 0");
    }

    @Test
    void shouldCountCodesThatTheSourceDoesNotKnow() {
        router("at=warning code=H23 desc=\"x\" method=GET dyno=web.1 connect=1ms service=2ms status=101");
        router("at=error code=H27 desc=\"Client Request Interrupted\" method=POST dyno=web.1 connect=1ms service=2ms status=499");
        router("at=info code=H81 desc=\"Blank app\" method=GET dyno= connect= service= status=502");
        assertThat(samples("heroku_router_errors")).contains(
                        "heroku_router_errors{app=\"a\",code=\"H23\",process=\"web.1\"} 1",
                        "heroku_router_errors{app=\"a\",code=\"H27\",process=\"web.1\"} 1")
                .noneMatch(line -> line.contains("H81"));
    }

    @Test
    void shouldReadEmptyFields() {
        router("at=error code=H10 desc=\"App crashed\" method=GET path=\"/\" host=h fwd=\"1.2.3.4\" dyno= connect= service= status=503 bytes=");
        assertThat(samples("heroku_router_errors")).contains("heroku_router_errors{app=\"a\",code=\"H10\"} 1");
        assertThat(samples("heroku_router_requests")).containsExactly(
                "heroku_router_requests_total{app=\"a\",method=\"GET\",status=\"503\"} 1");
        assertThat(samples("heroku_router_service")).isEmpty();
        assertThat(samples("heroku_router_connect")).isEmpty();
    }

    @Test
    void shouldNotTakeFieldsOutOfQuotedValues() {
        router("at=info method=GET path=\"/ dyno=web.9 status=500 method=PUT \\\" status=501\" dyno=web.1 status=200 connect=0ms service=0ms");
        assertThat(samples("heroku_router_requests")).containsExactly(
                "heroku_router_requests_total{app=\"a\",method=\"GET\",process=\"web.1\",status=\"200\"} 1");
    }

    /** Whoever sends requests to the app chooses their methods. */
    @Test
    void shouldKeepMethodsAndStatusesToThoseThatAre() {
        router("at=info method=GETS dyno=web.1 status=20");
        router("at=info method=" + "X".repeat(5_000) + " dyno=web.1 status=2000");
        router("at=info method=\u00e9 dyno=web.1 status=abc");
        assertThat(samples("heroku_router_requests")).containsExactly(
                "heroku_router_requests_total{app=\"a\",method=\"other\",process=\"web.1\"} 3");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "at=error", "\"", "a=\"", "=", "==", " ", "at=info dyno=web.1", "\\", "a=\"\\", "a=\"\\\""})
    void shouldCountARouterLineThatSaysNothing(String text) {
        router(text);
        assertThat(samples()).isEmpty();
        assertThat(rig.messages.refused(Code.LOG_ROUTER)).isEqualTo(1);
    }

    @Test
    void shouldReadFieldsInAnyOrderAndWithNewOnesBetween() {
        router("status=200 service=1.5s tls_version=tls1.3 connect=5ms protocol=https dyno=\"web.1\" method=\"GET\" at=info sock=client");
        assertThat(samples()).contains(
                "heroku_router_requests_total{app=\"a\",method=\"GET\",process=\"web.1\",status=\"200\"} 1",
                "heroku_router_service_seconds_sum{app=\"a\",process=\"web.1\"} 1.5",
                "heroku_router_connect_seconds_sum{app=\"a\",process=\"web.1\"} 0.005");
    }

    @Test
    void shouldCountManyProcessesInOneBody() {
        byte[][] lines = new byte[3_000][];
        for (int i = 0; i < lines.length; i++) {
            lines[i] = log("heroku", "router", "at=info method=GET dyno=web." + i % 1_000 + " status=200 connect=1ms service=1ms");
        }
        rig.drain("a", join(lines));
        assertThat(samples("heroku_router_requests")).hasSize(1_000).allMatch(line -> line.endsWith(" 3"));
        assertThat(samples("heroku_router_errors")).hasSize(11_000);
    }

    // ---- platform errors

    @Test
    void shouldCountWhatLogplexDropped() {
        rig.drain("a", join(
                log("heroku", "logplex", "Error L10 (output buffer overflow): 491 messages dropped since 2012-10-17T18:47:26+00:00."),
                log("heroku", "logplex", "Error L10 (output buffer overflow): 9 messages dropped since 2012-10-17T18:48:26+00:00."),
                log("heroku", "logplex", "Error L11 (tail buffer overflow) -> This tail session dropped 1101 messages since x"),
                log("heroku", "logplex", "Error L12: 2 messages dropped since x"),
                log("heroku", "logplex", "Error L14 (certificate validation): bad"),
                log("heroku", "web.1", "Error R99 (Platform error)"),
                log("heroku", "web.1", "Error R9 x"),
                log("heroku", "web.1", "Error reading"),
                log("app", "web.1", "Error R14 (Memory quota exceeded)")));
        assertThat(samples()).containsExactlyInAnyOrder(
                "heroku_logplex_dropped_messages_total{app=\"a\",code=\"L10\"} 500",
                "heroku_logplex_dropped_messages_total{app=\"a\",code=\"L11\"} 1101",
                "heroku_logplex_dropped_messages_total{app=\"a\",code=\"L12\"} 2",
                "heroku_platform_errors_total{app=\"a\",code=\"L10\",process=\"logplex\"} 2",
                "heroku_platform_errors_total{app=\"a\",code=\"L11\",process=\"logplex\"} 1",
                "heroku_platform_errors_total{app=\"a\",code=\"L12\",process=\"logplex\"} 1",
                "heroku_platform_errors_total{app=\"a\",code=\"L14\",process=\"logplex\"} 1",
                "heroku_platform_errors_total{app=\"a\",code=\"R99\",process=\"web.1\"} 1");
    }

    // ---- metrics that apps write

    @Test
    void shouldSetWhatIsAbsoluteAndAddWhatIsIncremental() {
        for (String kind : new String[] {"absolute", "incremental"}) {
            for (int i = 1; i <= 2; i++) {
                ingest("""
                        [{"metric":{"name":"c_KIND","kind":"KIND","counter":{"value":3}}},
                         {"metric":{"kind":"KIND","gauge":{"value":2.5},"name":"g_KIND","namespace":"n"}},
                         {"metric":{"name":"h_KIND","kind":"KIND","aggregated_histogram":
                           {"buckets":[1,2],"counts":[1,2],"count":4,"sum":9}}},
                         {"metric":{"name":"s_KIND","kind":"KIND","aggregated_summary":
                           {"quantiles":[0.5,0.99],"values":[1,2],"count":5,"sum":6}}},
                         {"metric":{"name":"d_KIND","kind":"KIND","distribution":
                           {"values":[0.3,20],"sample_rates":[2,1],"statistic":"histogram"}}},
                         {"metric":{"name":"e_KIND","kind":"KIND","distribution":
                           {"values":[1,3],"sample_rates":[2,1],"statistic":"summary"}}}]""".replace("KIND", kind));
            }
            boolean added = kind.equals("incremental");
            String labels = "{app=\"a\",process=\"web.1\"";
            assertThat(samples()).contains(
                    "c_" + kind + labels + "} " + (added ? 6 : 3),
                    "n_g_" + kind + labels + "} " + (added ? "5" : "2.5"),
                    "h_" + kind + "_bucket" + labels + ",le=\"1\"} " + (added ? 2 : 1),
                    "h_" + kind + "_bucket" + labels + ",le=\"2\"} " + (added ? 6 : 3),
                    "h_" + kind + "_bucket" + labels + ",le=\"+Inf\"} " + (added ? 8 : 4),
                    "h_" + kind + "_sum" + labels + "} " + (added ? 18 : 9),
                    "s_" + kind + "_count" + labels + "} " + (added ? 10 : 5),
                    "s_" + kind + "_sum" + labels + "} " + (added ? 12 : 6),
                    "d_" + kind + "_bucket" + labels + ",le=\"0.5\"} " + (added ? 4 : 2),
                    "d_" + kind + "_bucket" + labels + ",le=\"+Inf\"} " + (added ? 6 : 3),
                    "d_" + kind + "_sum" + labels + "} " + (added ? 41.2 : 20.6),
                    "e_" + kind + "_count" + labels + "} " + (added ? 6 : 3),
                    "e_" + kind + "_sum" + labels + "} " + (added ? 10 : 5));
        }
        assertThat(samples("s_absolute_quantile")).containsExactly(
                "s_absolute_quantile{app=\"a\",process=\"web.1\",quantile=\"0.5\"} 1",
                "s_absolute_quantile{app=\"a\",process=\"web.1\",quantile=\"0.99\"} 2");
        assertThat(samples("s_incremental_quantile")).isEmpty();
        assertThat(rig.fleeting).contains("c_absolute", "n_g_absolute", "h_absolute").doesNotContain("c_incremental");
        assertThat(refusals()).isZero();
    }

    @Test
    void shouldReadTheNewerFormOfTheModel() {
        ingest("""
                [{"metric":{"name":"h","namespace":null,"timestamp":"2020-01-01T00:00:00Z","interval_ms":10,
                   "tags":{"x":["a",null,"b"],"y":null},"aggregated_histogram":
                     {"buckets":[{"upper_limit":1.0,"count":1},{"count":2,"upper_limit":2.0},{"upper_limit":"inf","count":3}],
                      "count":6,"sum":9.5}}},
                 {"metric":{"name":"s","aggregated_summary":{"quantiles":[{"quantile":0.5,"value":7}],"count":1,"sum":7}}},
                 {"metric":{"name":"d","distribution":{"samples":[{"value":1,"rate":3}],"statistic":"histogram"}}},
                 {"metric":{"name":"u","set":{"values":["a","b","a"]}}}]""");
        assertThat(samples()).contains(
                "h_bucket{app=\"a\",process=\"web.1\",x=\"b\",le=\"2\"} 3",
                "h_bucket{app=\"a\",process=\"web.1\",x=\"b\",le=\"+Inf\"} 6",
                "h_sum{app=\"a\",process=\"web.1\",x=\"b\"} 9.5",
                "s_quantile{app=\"a\",process=\"web.1\",quantile=\"0.5\"} 7",
                "d_bucket{app=\"a\",process=\"web.1\",le=\"1\"} 3",
                "u{app=\"a\",process=\"web.1\"} 2");
        assertThat(refusals()).isZero();
    }

    @Test
    void shouldReadNumbersThatJsonHasNot() {
        ingest("""
                [{"metric":{"name":"p","gauge":{"value":"inf"}}},{"metric":{"name":"m","gauge":{"value":"-inf"}}},
                 {"metric":{"name":"n","gauge":{"value":"NaN"}}},{"metric":{"name":"c","counter":{"value":"inf"}}}]""");
        assertThat(samples()).containsExactlyInAnyOrder(
                "p{app=\"a\",process=\"web.1\"} +Inf", "m{app=\"a\",process=\"web.1\"} -Inf", "n{app=\"a\",process=\"web.1\"} NaN");
        assertThat(rig.messages.refused(Code.COUNTER_NOT_FINITE)).isEqualTo(1);
    }

    @Test
    void shouldPutAppAndProcessInThePlaceOfTags() {
        ingest("[{\"metric\":{\"name\":\"g\",\"tags\":{\"app\":\"x\",\"process\":\"y\",\"a-b\":\"z\"},\"gauge\":{\"value\":1}}}]");
        assertThat(samples()).containsExactly("g{a_b=\"z\",app=\"a\",process=\"web.1\"} 1");
    }

    @Test
    void shouldTakeTheFirstValueOfTheModelWhereThereAreSeveral() {
        ingest("[{\"metric\":{\"name\":\"g\",\"gauge\":{\"value\":1},\"counter\":{\"value\":2},\"set\":{\"values\":[1]}}}]");
        assertThat(rig.scrape()).contains("# TYPE g counter\ng{app=\"a\",process=\"web.1\"} 2\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{}", "[1]", "[{}]", "[{\"log\":{}}]", "[{\"metric\":1}]", "[{\"metric\":{}}]", "[{\"metric\":{\"name\":\"x\"}}]",
        "[{\"metric\":{\"gauge\":{\"value\":1}}}]", "[{\"metric\":{\"name\":\"\",\"gauge\":{\"value\":1}}}]",
        "[{\"metric\":{\"name\":5,\"gauge\":{\"value\":1}}}]", "[{\"metric\":{\"name\":\"x\",\"gauge\":1}}]",
        "[{\"metric\":{\"name\":\"x\",\"gauge\":{}}}]", "[{\"metric\":{\"name\":\"x\",\"gauge\":{\"value\":\"1\"}}}]",
        "[{\"metric\":{\"name\":\"x\",\"kind\":\"other\",\"gauge\":{\"value\":1}}}]",
        "[{\"metric\":{\"name\":\"x\",\"tags\":7,\"gauge\":{\"value\":1}}}]",
        "[{\"metric\":{\"name\":\"x\",\"sketch\":{\"AgentDDSketch\":{}}}}]",
        "[{\"metric\":{\"name\":\"x\",\"aggregated_histogram\":{\"buckets\":[2,1],\"counts\":[1,1],\"count\":2,\"sum\":1}}}]",
        "[{\"metric\":{\"name\":\"x\",\"aggregated_histogram\":{\"buckets\":[1],\"counts\":[1,1,1],\"count\":2,\"sum\":1}}}]",
        "[{\"metric\":{\"name\":\"x\",\"aggregated_histogram\":{\"buckets\":[1],\"counts\":[-1],\"count\":2,\"sum\":1}}}]",
        "[{\"metric\":{\"name\":\"x\",\"aggregated_summary\":{\"quantiles\":[],\"values\":[],\"sum\":1}}}]",
        "[{\"metric\":{\"name\":\"x\",\"distribution\":{\"values\":[1],\"sample_rates\":[]}}}]",
        "[{\"metric\":{\"name\":\"x\",\"tags\":{\"a\":{}},\"gauge\":{\"value\":1}}}]"
    })
    void shouldSkipABadMetricOnly(String bad) {
        String rest = bad.startsWith("[") ? bad.substring(1) : "1," + bad + "]";
        ingest("[{\"metric\":{\"name\":\"good\",\"gauge\":{\"value\":1}}}," + rest);
        assertThat(samples()).containsExactly("good{app=\"a\",process=\"web.1\"} 1");
        assertThat(rig.messages.refused(Code.LOG_METRIC)).isEqualTo(bad.startsWith("[") ? 1 : 2);
        assertThat(rig.messages.count(Kind.INGEST)).isEqualTo(1);
    }

    @Test
    void shouldSkipAMetricWithALabelItMayNotSet() {
        ingest("[{\"metric\":{\"name\":\"x\",\"tags\":{\"__name__\":\"y\"},\"gauge\":{\"value\":1}}},"
                + "{\"metric\":{\"name\":\"h\",\"tags\":{\"le\":\"1\"},\"aggregated_histogram\":{\"buckets\":[1],\"counts\":[1],\"count\":1,\"sum\":1}}},"
                + "{\"metric\":{\"name\":\"z\",\"tags\":{\"a-b\":\"1\",\"a_b\":\"2\"},\"gauge\":{\"value\":1}}}]");
        assertThat(samples()).isEmpty();
        assertThat(rig.messages.refused(Code.RESERVED_LABEL)).isEqualTo(2);
        assertThat(rig.messages.refused(Code.DUPLICATE_LABEL)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "[1,]", "[{\"metric\":{\"name\":\"g\",\"gauge\":{\"value\":1}}}", "nonsense", "", "[] []", "[1 2]"})
    void shouldSkipALineThatIsNoJson(String text) {
        rig.drain("a", join(ingestLine(text), log("app", "web.1", "sample#x=1")));
        assertThat(samples()).containsExactly("heroku_app_x{app=\"a\",process=\"web.1\"} 1");
        assertThat(refusals()).isEqualTo(1);
    }

    @Test
    void shouldSkipJsonOfAThousandLevels() {
        ingest("[".repeat(1_000) + "]".repeat(1_000));
        ingest("[{\"metric\":{\"name\":\"g\",\"gauge\":{\"value\":" + "1".repeat(5_000) + "}}}]");
        assertThat(samples()).isEmpty();
        assertThat(rig.messages.refused(Code.LOG_JSON)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "W10", "W10=", "W1 0=", "_-8=", "W", "====", "W10=x"})
    void shouldReadBase64AsPeopleWriteIt(String text) {
        boolean good = List.of("W10", "W10=", "W1 0=").contains(text);
        rig.drain("a", log("app", "web.1", "crates-io-heroku-metrics:ingest " + text));
        boolean isText = good || text.equals("_-8=") || text.equals("====");
        assertThat(rig.messages.refused(Code.LOG_BASE64)).isEqualTo(text.equals("====") || !isText ? 1 : 0);
        assertThat(rig.messages.refused(Code.LOG_JSON)).isEqualTo(text.equals("_-8=") ? 1 : 0);
    }

    /** One of them must not take away what the others bring. */
    @Test
    void shouldRefuseEachSampleForItselfAtALimit() {
        DrainRig small = new DrainRig(DrainRig.series(2));
        small.drain("a", join(
                log("app", "heroku-postgres", "sample#a=1 sample#b=2 sample#c=3"),
                log("app", "heroku-postgres", "sample#a=4")));
        assertThat(small.scrape().lines().filter(line -> !line.startsWith("#"))).containsExactly(
                "heroku_postgres_a{app=\"a\"} 4", "heroku_postgres_b{app=\"a\"} 2");
        assertThat(small.refused.lines()).extracting(RefusedLines.Line::code).containsExactly(Code.SERIES_LIMIT);
    }

    @Test
    void shouldRefuseAHistogramThatWouldHaveTooManyBuckets() {
        StringBuilder bounds = new StringBuilder();
        StringBuilder counts = new StringBuilder();
        for (int round = 0; round < 3; round++) {
            bounds.setLength(0);
            counts.setLength(0);
            for (int i = 0; i < 250; i++) {
                bounds.append(i == 0 ? "" : ",").append(3 * i + round);
                counts.append(i == 0 ? "1" : ",1");
            }
            ingest("[{\"metric\":{\"name\":\"h\",\"kind\":\"incremental\",\"aggregated_histogram\":{\"buckets\":[" + bounds
                    + "],\"counts\":[" + counts + "],\"count\":250,\"sum\":1}}}]");
        }
        assertThat(rig.refused.lines()).extracting(RefusedLines.Line::code).containsExactly(Code.TOO_MANY_BUCKETS);
        assertThat(samples()).contains("h_count{app=\"a\",process=\"web.1\"} 500");
    }

    @Test
    void shouldRefuseATypeThatTheFamilyHasNot() {
        ingest("[{\"metric\":{\"name\":\"x\",\"gauge\":{\"value\":1}}},{\"metric\":{\"name\":\"x\",\"counter\":{\"value\":1}}}]");
        ingest("[{\"metric\":{\"name\":\"x\",\"counter\":{\"value\":1}}},{\"metric\":{\"name\":\"y\",\"counter\":{\"value\":1}}}]");
        assertThat(samples()).containsExactly("x{app=\"a\",process=\"web.1\"} 1", "y{app=\"a\",process=\"web.1\"} 1");
        assertThat(rig.messages.refused(Code.TYPE_CONFLICT)).isEqualTo(1);
    }

    // ---- garbage

    @Test
    void shouldTakeAnyBytesWithoutHarm() {
        Random random = new Random(Long.getLong("weir.fuzz.seed", 42));
        String[] words = {
            "at=", "info", "error", " ", "\"", "\\", "=", "method=", "GET", "dyno=", "web.1", "status=", "200", "service=", "1ms",
            "connect=", "code=H12", "sample#", "measure#", "count#", "x", "=1", "kB", "source=", "HEROKU_POSTGRES", "addon=",
            "crates-io-heroku-metrics:ingest ", "W10=", "Error ", "R14 ", "L10 (x): 5 messages dropped", "\n", "\0", "\u00e9", "0x", "e9"
        };
        String[] processes = {"router", "heroku-postgres", "web.1", "logplex", "heroku-", "\u00e9", "r\u00fcter"};
        for (int round = 0; round < Integer.getInteger("weir.fuzz.rounds", 20_000); round++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(16); n > 0; n--) {
                text.append(words[random.nextInt(words.length)]);
            }
            byte[] noise = new byte[random.nextInt(8)];
            random.nextBytes(noise);
            byte[] bytes = join(
                    ("<1>1 t h " + (random.nextBoolean() ? "app " : "heroku ") + processes[random.nextInt(processes.length)]
                            + " - " + text).getBytes(UTF_8), noise);
            byte[] body = join((bytes.length + " ").getBytes(UTF_8), bytes, log("app", "heroku-redis", "sample#alive=" + round));
            rig.drain("a", body, 1 + random.nextInt(64));
            assertThat(rig.parser.samples()).as("round " + round + ": " + text).isGreaterThanOrEqualTo(2);
        }
        assertThat(rig.scrape()).contains("heroku_redis_alive{app=\"a\"} ");
    }

    /** No metric of an app, however broken, takes others with it or fails in another way than by being counted. */
    @Test
    void shouldTakeBrokenJsonWithoutHarm() {
        Random random = new Random(Long.getLong("weir.fuzz.seed", 42));
        String good = """
                [{"metric":{"name":"h","namespace":"n","kind":"incremental","tags":{"a":"b","c":[null,"d"]},"aggregated_histogram":
                {"buckets":[{"upper_limit":1.0,"count":1},{"upper_limit":"inf","count":2}],"count":6,"sum":9.5}}},
                {"metric":{"name":"d","distribution":{"values":[1,2],"sample_rates":[1,2],"statistic":"summary"}}},
                {"metric":{"name":"s","aggregated_summary":{"quantiles":[0.5],"values":[1],"count":1,"sum":2}}},
                {"metric":{"name":"u","set":{"values":["x",1]}}},{"metric":{"name":"c","counter":{"value":1e3}}}]""";
        String bits = "{}[]:,\"\\u0019eE+-.ntf \u00e9";
        for (int round = 0; round < Integer.getInteger("weir.fuzz.rounds", 5_000); round++) {
            StringBuilder json = new StringBuilder(good);
            for (int n = random.nextInt(6); n >= 0; n--) {
                int at = random.nextInt(json.length());
                char bit = bits.charAt(random.nextInt(bits.length()));
                switch (random.nextInt(4)) {
                    case 0 -> json.setCharAt(at, bit);
                    case 1 -> json.deleteCharAt(at);
                    case 2 -> json.insert(at, bit);
                    default -> json.insert(random.nextInt(json.length()), json.substring(at, Math.min(json.length(), at + 30)));
                }
            }
            rig.drain("a", join(ingestLine(json.toString()), log("app", "heroku-redis", "sample#alive=" + round)));
            assertThat(rig.messages.samples() + refusals()).as("round " + round + ": " + json).isGreaterThanOrEqualTo(2);
        }
        assertThat(rig.scrape()).contains("heroku_redis_alive{app=\"a\"} ");
    }

    @Test
    void shouldRefuseLabelsThatAreNoUtf8() {
        byte[] bad = "<1>1 t h heroku router - at=info method=GET dyno=\u00ff status=200\n".getBytes(ISO_8859_1);
        rig.drain("a", join((bad.length + " ").getBytes(UTF_8), bad, frame("<1>1 t h app heroku-redis - sample#x=1")));
        assertThat(samples()).containsExactly("heroku_redis_x{app=\"a\"} 1");
        assertThat(rig.messages.refused(Code.BAD_UTF8)).isEqualTo(12);
    }

    // ---- the rig

    private void postgres(String samples) {
        rig.drain("a", log("app", "heroku-postgres", POSTGRES + samples));
    }

    private void router(String text) {
        rig.drain("a", log("heroku", "router", text));
    }

    private static byte[] ingestLine(String json) {
        return log("app", "web.1", "crates-io-heroku-metrics:ingest "
                + Base64.getEncoder().encodeToString(json.getBytes(UTF_8)));
    }

    private void ingest(String json) {
        rig.drain("a", ingestLine(json));
    }

    private List<String> samples() {
        return samples("");
    }

    private List<String> samples(String start) {
        return rig.scrape().lines().filter(line -> !line.startsWith("#") && line.startsWith(start)).toList();
    }

    private long refusals() {
        long sum = 0;
        for (Code code : Code.values()) {
            sum += rig.messages.refused(code);
        }
        return sum;
    }
}
