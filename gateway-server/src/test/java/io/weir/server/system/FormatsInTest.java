package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.core.metrics.Summary;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusProtobufWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.weir.server.system.RunningWeir.Reply;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublishers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The same metrics pushed in every format that is read, by the writers of the Java client library. */
@Timeout(60)
class FormatsInTest {
    static final String PROTOBUF =
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

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
    void clear() {
        weir.delete("__all");
    }

    @Test
    void shouldCountTheSameFromProtobufAsFromText() {
        PrometheusRegistry registry = registry();
        String text = new String(
                write(PrometheusTextFormatWriter.builder().setIncludeCreatedTimestamps(false).build(), registry),
                java.nio.charset.StandardCharsets.UTF_8);
        assertThat(weir.post(text)).hasToString("200 ok");
        assertThat(weir.post(text)).hasToString("200 ok");
        String expected = weir.scrape();
        assertThat(expected).contains("jobs_total{queue=\"grün \\\"x\\\"\"} 6\n").contains("seconds_bucket{le=\"+Inf\"} 6\n");

        weir.delete("__all");
        byte[] body = write(new PrometheusProtobufWriter(), registry);
        assertThat(push(PROTOBUF, body)).hasToString("200 ok");
        assertThat(push(PROTOBUF, body)).hasToString("200 ok");
        assertThat(weir.scrape()).isEqualTo(expected);

        assertThat(weir.put(text)).hasToString("200 ok");
        expected = weir.scrape();
        push(PROTOBUF, body);
        assertThat(weir.send("PUT", "/metrics", BodyPublishers.ofByteArray(body), "Content-Type", PROTOBUF))
                .hasToString("200 ok");
        assertThat(weir.scrape()).isEqualTo(expected);
    }

    @Test
    void shouldCountTheSameFromOpenMetricsAsFromTextWithAHeaderAndWithout() {
        PrometheusRegistry registry = registry();
        byte[] body = write(OpenMetricsTextFormatWriter.builder().setCreatedTimestampsEnabled(false).build(), registry);
        byte[] text = write(PrometheusTextFormatWriter.builder().setIncludeCreatedTimestamps(false).build(), registry);
        assertThat(push("text/plain; version=0.0.4", text)).hasToString("200 ok");
        assertThat(push("text/plain; version=0.0.4", text)).hasToString("200 ok");
        String expected = weir.scrape();

        weir.delete("__all");
        assertThat(push("application/openmetrics-text; version=1.0.0; charset=utf-8", body)).hasToString("200 ok");
        assertThat(weir.send("POST", "/metrics", BodyPublishers.ofByteArray(body))).hasToString("200 ok");
        assertThat(weir.scrape()).isEqualTo(expected);
        assertThat(weir.own("weir_ingest_samples_total{protocol=\"openmetrics\"}")).isPositive();
    }

    @Test
    void shouldReadWhatNodeClientsSendWithoutAHeaderAsOpenMetrics() {
        String body = "# HELP page_views Pages.\n# TYPE page_views counter\npage_views_total{path=\"/\"} 2\n# EOF\n";
        try (Wire wire = weir.wire()) {
            wire.send("POST /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + RunningWeir.oneByteChunks(body));
            assertThat(wire.answer()).isEqualTo(PushTest.ok());
        }
        assertThat(weir.scrape()).isEqualTo(
                "# HELP page_views_total Pages.\n# TYPE page_views_total counter\npage_views_total{path=\"/\"} 2\n");
    }

    @Test
    void shouldReadTextThatEndsLikeOpenMetricsAsText() {
        assertThat(weir.post("# TYPE a_total counter\na_total  1\n# EOF\n")).hasToString("200 ok");
        assertThat(weir.scrape()).isEqualTo("# TYPE a_total counter\na_total 1\n");
        assertThat(weir.post("# TYPE a counter\na_total 1 # {b=\"c\"} x\n# EOF\n").body())
                .startsWith("line 2 column 21: bad exemplar");
        String much = "# TYPE a counter\n" + "# comment\n".repeat(120_000) + "a_total 1\n# EOF\n";
        assertThat(weir.post(much)).hasToString("200 ok");
        assertThat(weir.value("a_total")).isEqualTo(2);
    }

    @Test
    void shouldTellTextByItsBeginningHoweverItIsCut() {
        for (String body : new String[] {"a 1\n# EOF\n", "\n# HELP a x\na 1\n# EOF\n",
                "# HELP a_total x\n# TYPE a_total counter\na_total 1\n# TYPE b counter\nb_total 1\n# EOF\n"}) {
            weir.post(body);
            String expected = weir.scrape();
            weir.delete("__all");
            try (Wire wire = weir.wire()) {
                wire.send("POST /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + RunningWeir.oneByteChunks(body));
                assertThat(wire.answer()).isEqualTo(PushTest.ok());
            }
            assertThat(weir.scrape()).isEqualTo(expected).contains(body.contains("b_total") ? "# TYPE b_total untyped" : "a 1\n");
            weir.delete("__all");
        }
    }

    @Test
    void shouldHoldASaidFormatToItsRules() {
        assertThat(push("application/openmetrics-text", "a 1\n".getBytes()).body())
                .isEqualTo("line 2 column 1: the body does not end with '# EOF'\n");
        assertThat(push("text/plain; version=0.0.4", "# TYPE a counter\na_total 1\n# EOF\n".getBytes())).hasToString("200 ok");
        assertThat(weir.scrape()).isEqualTo("# TYPE a_total untyped\na_total 1\n");
    }

    @Test
    void shouldApplyNothingOfABadProtobufBody() {
        byte[] body = write(new PrometheusProtobufWriter(), registry());
        double samples = weir.own("weir_ingest_samples_total{protocol=\"protobuf\"}");
        Reply cut = push(PROTOBUF, java.util.Arrays.copyOf(body, body.length - 1));
        assertThat(cut.status()).isEqualTo(400);
        assertThat(cut.body()).startsWith("byte " + (body.length - 1) + ": the body ends within a message (family ");
        assertThat(weir.scrape()).isEmpty();
        assertThat(weir.own("weir_ingest_samples_total{protocol=\"protobuf\"}")).isEqualTo(samples);
        assertThat(weir.own("weir_ingest_rejected_total{protocol=\"protobuf\",reason=\"bad_protobuf\"}")).isPositive();
        assertThat(push(PROTOBUF, "# TYPE a gauge\na 1\n".getBytes()).status()).isEqualTo(400);
    }

    @Test
    void shouldRefuseProtobufOfAnotherMessageOrForm() {
        String other = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=text";
        assertThat(push(other, new byte[0])).hasToString("415 application/vnd.google.protobuf is read with "
                + "proto=io.prometheus.client.MetricFamily and encoding=delimited only\n");
        assertThat(push("application/vnd.google.protobuf", new byte[0]).status()).isEqualTo(415);
        assertThat(push("Application/VND.google.protobuf;encoding=\"delimited\"; proto=io.prometheus.client.MetricFamily",
                        new byte[0])).hasToString("200 ok");
    }

    static Reply push(String contentType, byte[] body) {
        return weir.send("POST", "/metrics", BodyPublishers.ofByteArray(body), "Content-Type", contentType);
    }

    static byte[] write(ExpositionFormatWriter writer, PrometheusRegistry registry) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            writer.write(out, registry.scrape());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    static PrometheusRegistry registry() {
        PrometheusRegistry registry = new PrometheusRegistry();
        Counter jobs = Counter.builder().name("jobs_total").help("Jobs\nand \\ more.").labelNames("queue").register(registry);
        jobs.labelValues("grün \"x\"").inc(3);
        jobs.labelValues("b\n\\").inc(0.5);
        Gauge.builder().name("size_bytes").help("Size.").register(registry).set(-1.5);
        Histogram seconds = Histogram.builder().name("seconds").classicUpperBounds(0.1, 1, 2.5e6).register(registry);
        seconds.observe(0.05);
        seconds.observe(0.5);
        seconds.observe(1e9);
        Summary rpc = Summary.builder().name("rpc").quantile(0.5).labelNames("m").register(registry);
        rpc.labelValues("get").observe(4);
        Info.builder().name("build_info").labelNames("version").register(registry).setLabelValues("1.2");
        return registry;
    }
}
