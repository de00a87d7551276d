package io.weir.server.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.MetricType;
import io.weir.server.remotewrite.Decoded.Label;
import io.weir.server.remotewrite.Decoded.Series;
import io.weir.server.remotewrite.ScriptedReceiver.Received;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The sender tests of the Prometheus remote write 1.0 compliance suite that apply to a push gateway, one for one, on what
 * the receiver decodes, for both versions. Up, Invalid and HonorLabels speak of scraping; JobLabel and InstanceLabel of what the pusher adds.
 */
@Timeout(60)
@ParameterizedClass
@EnumSource(names = {"V1", "V2"})
class ComplianceTest {
    private final Protocol protocol;
    private ScriptedReceiver receiver;
    private volatile Snapshots store = Snapshots.empty();
    private RemoteWrite remoteWrite;

    ComplianceTest(Protocol protocol) {
        this.protocol = protocol;
    }

    @BeforeEach
    void open() throws IOException {
        receiver = new ScriptedReceiver();
        remoteWrite = start(Duration.ofMillis(200));
    }

    private RemoteWrite start(Duration interval) {
        RemoteWriteConfig config = new RemoteWriteConfig(
                receiver.url(), interval, null, null, null, null, protocol, List.of(), RemoteWriteConfig.Tuning.DEFAULTS);
        return RemoteWrite.start(
                List.of(config),
                (after, to) -> {
                    to.accept(store.build(after));
                    return true;
                },
                "test");
    }

    @AfterEach
    void close() throws IOException {
        remoteWrite.close();
        receiver.close();
    }

    @Test
    void counterTest() throws Exception {
        store = Snapshots.empty().counter("counter", "foo=\"bar\"", 1);
        List<Series> first = flushes(1);
        store = Snapshots.empty().counter("counter", "foo=\"bar\"", 2);
        List<Series> later = flushes(2);

        assertThat(first).allMatch(s -> s.key().equals("counter{foo=\"bar\"}") && s.sample().value() == 1);
        assertThat(later).last().matches(s -> s.sample().value() == 2);
    }

    @Test
    void gaugeTest() throws Exception {
        store = Snapshots.empty().gauge("gauge", "", 1).gauge("negative", "", -5.5);

        assertThat(flushes(1)).extracting(s -> s.sample().value()).containsExactly(1.0, -5.5);
    }

    @Test
    void histogramTest() throws Exception {
        store = Snapshots.empty().histogram("h", "", new double[] {0.1, 1, 5}, new double[] {1, 2, 3, 4}, 33);

        List<Series> series = flushes(1);
        Map<String, Double> values = new HashMap<>();
        series.forEach(s -> values.put(s.key(), s.sample().value()));
        assertThat(values)
                .isEqualTo(Map.of(
                        "h_bucket{le=\"0.1\"}", 1.0,
                        "h_bucket{le=\"1\"}", 3.0,
                        "h_bucket{le=\"5\"}", 6.0,
                        "h_bucket{le=\"+Inf\"}", 10.0,
                        "h_sum", 33.0,
                        "h_count", 10.0));
    }

    @Test
    void summaryTest() throws Exception {
        store = Snapshots.empty().summary("s", "", 2, 10);

        assertThat(flushes(1)).extracting(Series::key).containsExactly("s_sum", "s_count");
    }

    @Test
    void sortedLabelsTest() throws Exception {
        store = allSorts();

        for (Series s : flushes(3)) {
            assertThat(s.labels()).isSortedAccordingTo(Comparator.comparing(Label::name));
        }
    }

    @Test
    void repeatedLabelsTest() throws Exception {
        store = allSorts();

        for (Series s : flushes(3)) {
            assertThat(s.labels().stream().map(Label::name)).doesNotHaveDuplicates();
        }
    }

    @Test
    void emptyLabelsTest() throws Exception {
        store = allSorts();

        for (Series s : flushes(3)) {
            assertThat(s.labels()).allMatch(l -> !l.name().isEmpty() && !l.value().isEmpty());
        }
    }

    @Test
    void nameLabelTest() throws Exception {
        store = allSorts();

        for (Series s : flushes(3)) {
            assertThat(s.labels().stream().filter(l -> l.name().equals("__name__"))).hasSize(1);
        }
    }

    @Test
    void stalenessTest() throws Exception {
        store = Snapshots.empty().gauge("a", "", 1).gauge("stale", "", 3);
        flushes(1);
        store = Snapshots.empty().gauge("a", "", 1).ended(MetricType.GAUGE, "stale", "", null);

        List<Series> ofStale = new ArrayList<>();
        for (Series s : flushes(5)) {
            if (s.key().equals("stale")) {
                ofStale.add(s);
            }
        }
        assertThat(ofStale).isNotEmpty();
        assertThat(ofStale.stream().filter(Series::isStale)).hasSize(1);
        assertThat(ofStale.get(ofStale.size() - 1).isStale()).isTrue();
    }

    @Test
    void timestampTest() throws Exception {
        long begin = System.currentTimeMillis();
        store = Snapshots.empty().gauge("now", "", 1);

        List<Series> series = flushes(3);

        assertThat(series).allMatch(s -> s.sample().timestamp() >= begin);
        assertThat(series).allMatch(s -> s.sample().timestamp() <= System.currentTimeMillis());
        assertThat(series.stream().map(s -> s.sample().timestamp())).doesNotHaveDuplicates().isSorted();
    }

    @Test
    void headersTest() throws Exception {
        store = Snapshots.empty().gauge("a", "", 1);

        assertThat(receiver.take().headers())
                .containsEntry(
                        "Content-Type", protocol == Protocol.V1 ? "application/x-protobuf" : SteppedWriter.V2_TYPE)
                .containsEntry("Content-Encoding", "snappy")
                .containsEntry("X-Prometheus-Remote-Write-Version", protocol == Protocol.V1 ? "0.1.0" : "2.0.0")
                .containsKey("User-Agent");
    }

    @Test
    void retries500Test() throws Exception {
        remoteWrite.close();
        remoteWrite = start(Duration.ofHours(1));
        receiver.then(ScriptedReceiver.status(500));
        store = Snapshots.empty().gauge("a", "", 1);

        // the last flush comes at once, and none takes its place
        remoteWrite.close();
        Received refused = receiver.take();
        Received next = receiver.take();

        assertThat(next.decoded()).isEqualTo(refused.decoded());
    }

    @Test
    void retries400Test() throws Exception {
        receiver.then(ScriptedReceiver.status(400));
        store = Snapshots.empty().gauge("a", "", 1);

        long refused = receiver.take().decoded().get("a").sample().timestamp();

        assertThat(flushes(3)).noneMatch(s -> s.sample().timestamp() == refused);
    }

    private static Snapshots allSorts() {
        return Snapshots.empty()
                .gauge("a", "B=\"1\",_c=\"2\",d=\"\",empty=\"\",z=\"3\"", 1)
                .gauge("b", "", 1)
                .histogram("h", "A=\"1\",a=\"\",kind=\"2\",zone=\"3\"", new double[] {1, 2}, new double[] {1, 1, 1}, 3)
                .summary("s", "L=\"1\",l=\"2\"", 1, 1)
                .ended(MetricType.COUNTER, "e", "X=\"1\",x=\"2\",y=\"\"", null);
    }

    private List<Series> flushes(int n) throws InterruptedException {
        List<Series> series = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            series.addAll(receiver.take().decoded().series());
        }
        return series;
    }
}
