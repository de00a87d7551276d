package io.weir.server.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.weir.expose.SnappyBlock;
import io.weir.sample.MetricType;
import io.weir.server.remotewrite.RemoteWriteConfig.Tuning;
import io.weir.server.remotewrite.RemoteWriteStats.Outcome;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.SummaryValue;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** Writes to a real Prometheus and reads back through its query API. */
@Tag("interop")
@Timeout(60)
@ParameterizedClass
@EnumSource(names = {"AUTO", "V1"})
class PrometheusTest {
    private final Protocol protocol;

    @TempDir
    Path directory;

    private PrometheusProcess prometheus;
    private final List<ILoggingEvent> log = new CopyOnWriteArrayList<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            log.add(event);
        }
    };
    private RemoteWrite remoteWrite;
    private volatile Snapshots store = Snapshots.empty();

    PrometheusTest(Protocol protocol) {
        this.protocol = protocol;
    }

    @BeforeEach
    void start() throws Exception {
        assumeTrue(
                PrometheusProcess.binary() != null,
                "SKIPPED: there is no 'prometheus' on the PATH (Debian: apt-get install prometheus)");
        appender.start();
        logger().addAppender(appender);
        prometheus = new PrometheusProcess(directory);
        prometheus.start();
        Tuning d = Tuning.DEFAULTS;
        Tuning quick = new Tuning(
                d.seriesPerRequest(),
                d.bytesPerRequest(),
                d.requestsInFlight(),
                d.connectTimeout(),
                d.requestTimeout(),
                Duration.ofMillis(20),
                Duration.ofMillis(200),
                d.retryAfterMax(),
                d.retryAgeMax(),
                d.triesPerBody(),
                d.splitsPerRequest(),
                d.finalFlush());
        RemoteWriteConfig config = new RemoteWriteConfig(
                prometheus.writeUrl(), Duration.ofMillis(200), null, null, null, null, protocol, List.of(), quick);
        remoteWrite = RemoteWrite.start(
                List.of(config),
                (after, to) -> {
                    to.accept(store.build(after));
                    return true;
                },
                "test");
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger("io.weir.server.remotewrite");
    }

    @AfterEach
    void stop() throws Exception {
        logger().detachAppender(appender);
        if (remoteWrite != null) {
            remoteWrite.close();
        }
        if (prometheus != null) {
            prometheus.close();
        }
    }

    @Test
    void shouldReadBackWhatWasWritten() throws Exception {
        store = Snapshots.empty()
                .counter("c_total", "Upper=\"1\",path=\"/a\\\\b\\\"c\\nd\",zone=\"ü€\"", 9007199254740991.0)
                .gauge("g", "", -0.1)
                .gauge("not_a_number", "", Double.NaN)
                .gauge("infinite", "", Double.NEGATIVE_INFINITY)
                .histogram("h", "job=\"x\",z=\"1\"", new double[] {0.05, 1, 10}, new double[] {8, 1, 1, 2}, 123.5)
                .histogram("n", "", new HistogramValue(NativeHistogramsTest.histogram(1)))
                .summary("s", "", 4, 2.5)
                .counters("many", 5_000, 0);

        prometheus.await("all series are there", () -> prometheus.value("count(many)").equals("5000"));
        prometheus.await("the counter is there", () -> prometheus.value("c_total").equals("9007199254740991"));

        assertThat(prometheus.value("count(c_total{path=\"/a\\\\b\\\"c\\nd\",zone=\"ü€\",Upper=\"1\"})")).isEqualTo("1");
        assertThat(prometheus.value("g")).isEqualTo("-0.1");
        assertThat(prometheus.value("not_a_number")).isEqualTo("NaN");
        assertThat(prometheus.value("infinite")).isEqualTo("-Inf");
        assertThat(prometheus.value("sum(many)")).isEqualTo("12497500");
        assertThat(prometheus.query("h_bucket"))
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "__name__:h_bucket,job:x,le:0.05,z:1", "8",
                        "__name__:h_bucket,job:x,le:1,z:1", "9",
                        "__name__:h_bucket,job:x,le:10,z:1", "10",
                        "__name__:h_bucket,job:x,le:+Inf,z:1", "12"));
        assertThat(prometheus.value("h_count")).isEqualTo("12");
        assertThat(prometheus.value("h_sum")).isEqualTo("123.5");
        assertThat(prometheus.value("n_count")).isEqualTo("19");
        assertThat(prometheus.value("histogram_quantile(0.5, h_bucket)")).startsWith("0.0375");
        assertThat(prometheus.value("s_sum / s_count")).isEqualTo("0.625");
        assertThat(remoteWrite.stats().get(0).requests(Outcome.REFUSED)).isZero();
        assertThat(remoteWrite.stats().get(0).protocolVersion()).isEqualTo(1);
        for (DropReason reason : DropReason.values()) {
            assertThat(remoteWrite.stats().get(0).dropped(reason)).isZero();
        }
        assertThat(prometheus.log()).doesNotContain("level=error", "remote");
        assertThat(log).filteredOn(e -> e.getLevel().isGreaterOrEqual(Level.WARN)).isEmpty();
        assertThat(log).hasSize(protocol == Protocol.AUTO ? 1 : 0);
    }

    @Test
    void shouldEndSeriesAtOnceAndBringThemBack() throws Exception {
        store = Snapshots.empty().counter("a", "", 1).summary("s", "", 1, 1);
        prometheus.await("both are there", () -> prometheus.query("{__name__=~\"a|s_sum|s_count\"}").size() == 3);

        store = Snapshots.empty()
                .counter("a", "", 1)
                .ended(MetricType.SUMMARY, "s", "", new SummaryValue(1, 1));
        prometheus.await("the ended series is gone", () -> prometheus.query("{__name__=~\"s_.*\"}").isEmpty());
        assertThat(prometheus.value("a")).isEqualTo("1");

        store = Snapshots.empty()
                .ended(MetricType.SUMMARY, "s", "", new SummaryValue(1, 1))
                .counter("a", "", 1)
                .summary("s", "", 7, 7);
        prometheus.await("it is back", () -> prometheus.value("s_sum").equals("7"));
        assertThat(remoteWrite.stats().get(0).staleMarkersSent()).isEqualTo(2);
    }

    @Test
    void shouldCatchUpAfterAnOutage() throws Exception {
        RemoteWriteStats stats = remoteWrite.stats().get(0);
        store = Snapshots.empty().counter("a", "", 1).gauge("gone", "", 1);
        prometheus.await("the first value is there", () -> prometheus.value("a").equals("1"));

        prometheus.kill();
        store = Snapshots.empty().counter("a", "", 2).ended(MetricType.GAUGE, "gone", "", null);
        long failed = stats.requests(Outcome.NETWORK);
        PrometheusProcess.poll("requests fail", () -> stats.requests(Outcome.NETWORK) >= failed + 5);
        store = Snapshots.empty()
                .counter("a", "", 3)
                .ended(MetricType.GAUGE, "gone", "", null);
        prometheus.start();

        prometheus.await("the newest value is there", () -> prometheus.value("a").equals("3"));
        prometheus.await("what ended meanwhile is gone", () -> prometheus.query("gone").isEmpty());
        List<String[]> samples = prometheus.samples("a");
        for (int i = 1; i < samples.size(); i++) {
            assertThat(Double.parseDouble(samples.get(i)[0])).isGreaterThan(Double.parseDouble(samples.get(i - 1)[0]));
            assertThat(Double.parseDouble(samples.get(i)[1])).isGreaterThanOrEqualTo(Double.parseDouble(samples.get(i - 1)[1]));
        }
        assertThat(samples).first().satisfies(s -> assertThat(s[1]).isEqualTo("1"));
        assertThat(stats.requests(Outcome.REFUSED)).isZero();
        assertThat(stats.superseded()).isPositive();
    }

    @Test
    void shouldSaveTheGoodSeriesBesideABadOne() throws Exception {
        store = Snapshots.empty().counters("a", 500, 0);
        prometheus.await("all are there", () -> prometheus.value("count(a)").equals("500"));

        // someone else writes one of our series with a later timestamp: from now on ours is out of order
        long later = System.currentTimeMillis() + 600_000;
        Lane lane = new Lane(0);
        new Flush(Snapshots.empty().counter("a", "i=\"123\"", -1).build(), later, Flush.Place.FIRST)
                .fill(new WriteRequestEncoder(), lane.series, 1, 1 << 20);
        lane.load(Flush.Place.FIRST);
        try (HttpTransport transport = new HttpTransport(Duration.ofSeconds(5))) {
            List<String> headers = RequestHeaders.with(
                    Message.V1,
                    new RequestHeaders(RemoteWriteConfig.of(prometheus.writeUrl()), "other").read(new ArrayList<>()));
            Transport.Reply reply = transport
                    .send(new Transport.Post(
                            prometheus.writeUrl(),
                            headers,
                            lane.body(Message.V1, null, new SnappyBlock()),
                            Duration.ofSeconds(5)))
                    .join();
            assertThat(reply.status()).isEqualTo(204);
        }
        store = Snapshots.empty().counters("a", 500, 10_000);

        prometheus.await("all others moved on", () -> prometheus.value("count(a > 9000)").equals("499"));
        prometheus.await("the drop is counted", () -> remoteWrite.stats().get(0).dropped(DropReason.REFUSED) > 0);
    }
}
