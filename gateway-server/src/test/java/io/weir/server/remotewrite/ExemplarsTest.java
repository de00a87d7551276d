package io.weir.server.remotewrite;

import static io.weir.server.remotewrite.ScriptedTransport.answer;
import static io.weir.server.remotewrite.ScriptedTransport.bare;
import static io.weir.server.remotewrite.ScriptedTransport.isV2;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.MetricType;
import io.weir.server.remotewrite.Decoded.Label;
import io.weir.server.remotewrite.Transport.Post;
import io.weir.server.remotewrite.Transport.Reply;
import io.weir.snapshot.Exemplar;
import io.weir.snapshot.HistogramValue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xerial.snappy.Snappy;

/** Exemplars: each one once to a receiver of 2.0, none to one of 1.0. */
class ExemplarsTest extends SteppedWriter {
    private static final double COUNTER = Double.NaN;
    private static final long TIME = 1_700_000_000_123L;

    ExemplarsTest() {
        super(Protocol.AUTO);
        transport.always(written(204, Long.MAX_VALUE));
    }

    /** Says that it has written all samples, and so many exemplars at most. */
    private static Function<Post, CompletableFuture<Reply>> written(int status, long exemplars) {
        return post -> {
            RequestV2 request = requestV2(post);
            long n = Math.min(exemplars, request.exemplars().size());
            Written written = new Written(request.series().size(), 0, n);
            return CompletableFuture.completedFuture(new Reply(status, null, null, written, new byte[0]));
        };
    }

    private static Exemplar exemplar(double bound, String labels, double value) {
        return new Exemplar(bound, labels.getBytes(StandardCharsets.UTF_8), value, TIME * 1_000_000 + 999_999);
    }

    private static RequestV2.Exemplar decoded(double value, String... labels) {
        List<Label> list = new ArrayList<>();
        for (int i = 0; i < labels.length; i += 2) {
            list.add(new Label(labels[i], labels[i + 1]));
        }
        return new RequestV2.Exemplar(list, value, TIME);
    }

    // what goes out

    @Test
    void shouldStandWithCountersAndBuckets() {
        store.counter("c_total", "job=\"a\"", 1)
                .counter("c_total", "job=\"b\"", 2)
                .exemplars("c_total", "job=\"b\"", exemplar(COUNTER, "span=\"7\",trace_id=\"x\\\"y\\n\"", 0.5))
                .histogram("h", "", new double[] {1, 2}, new double[] {1, 1, 1}, 9)
                .exemplars(
                        "h",
                        "",
                        exemplar(Double.POSITIVE_INFINITY, "", 7),
                        exemplar(1, "trace_id=\"z\"", -0.25),
                        exemplar(1.5, "trace_id=\"of no bucket\"", 1.25))
                .gauge("z", "", 1);

        pass(INTERVAL);

        RequestV2 request = request(0);
        assertThat(request.get("c_total{job=\"a\"}").exemplars()).isEmpty();
        assertThat(request.get("c_total{job=\"b\"}").exemplars())
                .containsExactly(decoded(0.5, "span", "7", "trace_id", "x\"y\n"));
        assertThat(request.get("c_total{job=\"b\"}").metadata().type()).isEqualTo("COUNTER");
        assertThat(request.get("h_bucket{le=\"1\"}").exemplars()).containsExactly(decoded(-0.25, "trace_id", "z"));
        assertThat(request.get("h_bucket{le=\"2\"}").exemplars()).isEmpty();
        assertThat(request.get("h_bucket{le=\"+Inf\"}").exemplars()).containsExactly(decoded(7));
        assertThat(request.exemplars()).hasSize(3);
        assertThat(writer.stats().exemplarsSent()).isEqualTo(3);
        assertThat(writer.stats().exemplarsUnwritten()).isZero();
    }

    @Test
    void shouldStandWithTheRightBucketsOfAHistogramThatIsCutInTwo() {
        restart(tuning(4, 1));
        double[] bounds = new double[20];
        Arrays.setAll(bounds, i -> i);
        Exemplar[] all = new Exemplar[21];
        Arrays.setAll(all, i -> exemplar(i < 20 ? i : Double.POSITIVE_INFINITY, "", i));
        store.histogram("h", "", bounds, new double[21], 1).exemplars("h", "", all);

        pass(INTERVAL);

        assertThat(transport.posts).hasSize(6);
        for (int i = 0; i < 6; i++) {
            for (RequestV2.Series s : request(i).series()) {
                String le = s.series().labels().stream().filter(l -> l.name().equals("le")).map(Label::value).findFirst().orElse("");
                assertThat(s.exemplars()).hasSize(le.isEmpty() ? 0 : 1);
                if (!le.isEmpty()) {
                    assertThat(s.exemplars()).containsExactly(decoded(le.equals("+Inf") ? 20 : Double.parseDouble(le)));
                }
            }
        }
    }

    @Test
    void shouldLeaveOutThoseWithoutATimeAndThoseThatAreTooLong() {
        byte[] labels = "id=\"1\"".getBytes(StandardCharsets.UTF_8);
        store.counters("c", 3, 0)
                .exemplars("c", "i=\"0\"", new Exemplar(COUNTER, labels, 1, Exemplar.NO_TIME))
                .exemplars("c", "i=\"1\"", exemplar(COUNTER, "id=\"" + "ü".repeat(127) + '"', 1))
                .exemplars("c", "i=\"2\"", exemplar(COUNTER, "id=\"" + "ü".repeat(126) + '"', 1));

        pass(INTERVAL);

        assertThat(request(0).exemplars()).containsExactly(decoded(1, "id", "ü".repeat(126)));
    }

    @Test
    void shouldNotOutgrowARequest() {
        for (int i = 0; i < 2_000; i++) {
            store.counter("c", "i=\"" + i + '"', i)
                    .exemplars("c", "i=\"" + i + '"', exemplar(COUNTER, "trace_id=\"" + "%0100d".formatted(i) + '"', i));
        }
        SeriesBuffer buffer = new SeriesBuffer();
        RequestV2Encoder encoder = new RequestV2Encoder(new Random(1));
        Flush flush = new Flush(store.build(), TIME, Flush.Place.FIRST, new SentExemplars());
        Set<RequestV2.Exemplar> all = new HashSet<>();
        while (flush.fill(new WriteRequestEncoder(), buffer, 2_000, 10_000)) {
            for (int from = 0; from < buffer.count(); from += 11) {
                int to = Math.min(from + 11, buffer.count());
                encoder.encode(buffer, from, to);
                RequestV2 part = RequestV2.of(Arrays.copyOf(encoder.bytes(), encoder.length()));
                assertThat(part.series()).hasSize(to - from).allMatch(s -> s.exemplars().get(0).value() == s.series().sample().value());
                all.addAll(part.exemplars());
            }
            encoder.encode(buffer, 0, buffer.count());
            assertThat(encoder.length()).isLessThan(11_000);
            buffer.clear();
        }
        assertThat(all).hasSize(2_000);
    }

    // once

    @Test
    void shouldGoOutOnceAndTheNextOneToo() {
        store.counter("c", "", 1).exemplars("c", "", exemplar(COUNTER, "id=\"1\"", 1));

        pass(INTERVAL * 3);
        assertThat(sent(0)).containsExactly(decoded(1, "id", "1"));

        store.exemplars("c", "", exemplar(COUNTER, "id=\"2\"", 2));
        pass(INTERVAL * 3);
        assertThat(transport.posts).hasSize(6);
        assertThat(sent(3)).containsExactly(decoded(2, "id", "2"));
        assertThat(writer.stats().exemplarsSent()).isEqualTo(2);
    }

    @Test
    void shouldComeAgainWithTheNextFlushWhenThatWasNotDelivered() {
        store.counter("c", "", 1).exemplars("c", "", exemplar(COUNTER, "id=\"1\"", 1));
        transport.then(500, 403).afterwards(written(204, 9));

        pass(INTERVAL * 3);

        assertThat(transport.posts).hasSizeGreaterThanOrEqualTo(4);
        assertThat(request(0).exemplars()).hasSize(1);
        assertThat(transport.posts.get(1).body()).isEqualTo(transport.posts.get(0).body());
        assertThat(request(2).exemplars()).hasSize(1);
        assertThat(sent(3)).isEmpty();
        assertThat(writer.stats().exemplarsSent()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {204, 400})
    void shouldCountWhatWasNotWrittenAndNotSendItAgain(int status) {
        store.counters("c", 5, 0);
        for (int i = 0; i < 5; i++) {
            store.exemplars("c", "i=\"" + i + '"', exemplar(COUNTER, "", i));
        }
        transport.always(written(status, 2));

        pass(INTERVAL * 3);

        assertThat(sent(0)).hasSize(5);
        assertThat(writer.stats().exemplarsSent()).isEqualTo(2);
        assertThat(writer.stats().exemplarsUnwritten()).isEqualTo(3);
        assertThat(writer.stats().samplesSent()).isEqualTo(15);
        for (DropReason reason : DropReason.values()) {
            assertThat(writer.stats().dropped(reason)).as("samples").isZero();
        }
    }

    @Test
    void shouldSaveThoseOfTheGoodSeriesBesideABadOne() {
        store.counters("c", 10, 0);
        for (int i = 0; i < 10; i++) {
            store.exemplars("c", "i=\"" + i + '"', exemplar(COUNTER, "", i));
        }
        transport.then(written(204, 0));
        pass(INTERVAL); // so that it is known to understand 2.0
        for (int i = 0; i < 10; i++) {
            store.exemplars("c", "i=\"" + i + '"', exemplar(COUNTER, "", i));
        }
        transport.always(post -> decodedKeys(post).contains("c{i=\"3\"}") ? answer(422).apply(post) : written(204, 99).apply(post));

        pass(INTERVAL);

        assertThat(writer.stats().dropped(DropReason.REFUSED)).isEqualTo(1);
        assertThat(writer.stats().exemplarsUnwritten()).isEqualTo(10);
        assertThat(writer.stats().exemplarsSent()).isEqualTo(9);
    }

    @Test
    void shouldRememberNoMoreThanTheStoreHolds() {
        SentExemplars sent = new SentExemplars();
        for (int round = 0; round < 20; round++) {
            List<Exemplar> now = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                now.add(exemplar(COUNTER, "", i));
                store.counter("c", "i=\"" + i + '"', 1).exemplars("c", "i=\"" + i + '"', now.get(i));
            }
            sent.retain(store.build());
            assertThat(sent.size()).isZero();
            now.forEach(sent::add);
            sent.retain(store.build());
            assertThat(sent.size()).isEqualTo(50);
            assertThat(now).noneMatch(sent::isDue);
        }
    }

    // 1.0

    @ParameterizedTest
    @ValueSource(ints = {204, 400, 415})
    void shouldBeLeftOutOf1AndChangeNothingElse(int status) {
        store.counter("c", "", 1)
                .exemplars("c", "", exemplar(COUNTER, "id=\"1\"", 1))
                .histogram("h", "", new HistogramValue(new double[] {1}, new double[] {1, 1}, 1))
                .exemplars("h", "", exemplar(1, "id=\"1\"", 1))
                .ended(MetricType.GAUGE, "e", "", null);
        transport.always(post -> (isV2(post) ? bare(status) : answer(204)).apply(post));

        pass(INTERVAL * 2);

        // the decoder of 1.0 refuses all but labels and samples
        assertThat(versions()).containsExactly("2.0.0", "0.1.0", "0.1.0");
        assertThat(request(0).exemplars()).hasSize(2);
        assertThat(transport.request(1)).isEqualTo(transport.request(0));
        assertThat(writer.stats().samplesSent()).isEqualTo(1 + 2 * 5);
        assertThat(writer.stats().exemplarsSent()).isZero();
        assertThat(writer.stats().exemplarsUnwritten()).isZero();

        transport.always(post -> (isV2(post) ? written(204, 9) : answer(204)).apply(post));
        pass(ProtocolChoice.TRIAL_INTERVAL.toMillis());
        assertThat(writer.stats().exemplarsSent()).as("when it understands 2.0").isEqualTo(2);
    }

    private List<RequestV2.Exemplar> sent(int from) {
        List<RequestV2.Exemplar> all = new ArrayList<>();
        for (int i = from; i < transport.posts.size(); i++) {
            all.addAll(request(i).exemplars());
        }
        return all;
    }

    private RequestV2 request(int i) {
        return requestV2(transport.posts.get(i));
    }

    private static List<String> decodedKeys(Post post) {
        return requestV2(post).decoded().keys();
    }

    private static RequestV2 requestV2(Post post) {
        try {
            return RequestV2.of(Snappy.uncompress(post.body()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
