package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.remotewrite.Decoded.Label;
import io.weir.server.remotewrite.RequestV2;
import io.weir.server.remotewrite.ScriptedReceiver;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Exemplars from a push to a receiver of remote_write 2.0, through a whole gateway. */
@Timeout(60)
class RemoteWriteExemplarsTest {
    private static final String BODY = """
            # TYPE jobs counter
            jobs_total 1 # {trace_id="T"} 0.5 1700000000.123456
            # TYPE seconds histogram
            seconds_bucket{le="0.5"} 1 # {trace_id="z"} 0.25 1700000001
            seconds_bucket{le="+Inf"} 2 # {trace_id="no time"} 7
            seconds_count 2
            seconds_sum 7.25
            # EOF
            """;

    @Test
    void shouldReachTheReceiverOnceEach() throws Exception {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                RunningWeir weir = new RunningWeir(
                        "--remote-write.url=" + receiver.url(), "--remote-write.interval=100ms", "--remote-write.protocol=2.0")) {
            push(weir, BODY);
            List<RequestV2.Series> first = exemplarsUntil(receiver, "jobs_total", 1);
            push(weir, BODY);
            List<RequestV2.Series> again = exemplarsUntil(receiver, "jobs_total", 2);
            push(weir, BODY.replace("\"T\"", "\"U\""));
            List<RequestV2.Series> third = exemplarsUntil(receiver, "jobs_total", 3);

            assertThat(first.stream().map(s -> s.series().key()))
                    .containsExactlyInAnyOrder("jobs_total", "seconds_bucket{le=\"0.5\"}");
            assertThat(first.stream().filter(s -> s.series().key().equals("jobs_total")).findFirst().orElseThrow().exemplars())
                    .containsExactly(new RequestV2.Exemplar(List.of(new Label("trace_id", "T")), 0.5, 1_700_000_000_123L));
            assertThat(again).isEmpty();
            assertThat(third).singleElement().satisfies(s -> {
                assertThat(s.series().key()).isEqualTo("jobs_total");
                assertThat(s.exemplars().get(0).labels()).containsExactly(new Label("trace_id", "U"));
            });
            String sink = "{sink=\"remote_write_0\",host=\"127.0.0.1\"}";
            assertThat(weir.own("weir_sink_exemplars_sent_total" + sink)).isEqualTo(3);
            assertThat(weir.own("weir_sink_exemplars_unwritten_total" + sink)).isZero();
        }
    }

    private static void push(RunningWeir weir, String body) {
        assertThat(weir.post(body).status() / 100).isEqualTo(2);
    }

    /** The series with exemplars of all requests up to the second in which the counter has that value. */
    private static List<RequestV2.Series> exemplarsUntil(ScriptedReceiver receiver, String counter, double value)
            throws InterruptedException {
        List<RequestV2.Series> with = new ArrayList<>();
        for (int seen = 0; seen < 3; ) {
            RequestV2 request = receiver.take().requestV2();
            request.series().stream().filter(s -> !s.exemplars().isEmpty()).forEach(with::add);
            boolean isThere = request.series().stream()
                    .anyMatch(s -> s.series().key().equals(counter) && s.series().sample().value() == value);
            seen += isThere ? 1 : 0;
        }
        return with;
    }
}
