package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.ZstdInputStream;
import io.weir.server.system.RunningWeir.Reply;
import java.io.ByteArrayInputStream;
import java.net.InetSocketAddress;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a scraper meets. */
@Timeout(60)
class ScrapeTest {
    private static RunningWeir weir;

    @BeforeAll
    static void start() {
        weir = new RunningWeir("--series.max=50000");
    }

    @AfterAll
    static void stop() {
        weir.close();
    }

    @BeforeEach
    void fill() {
        weir.delete("__all");
        weir.post("# TYPE b counter\nb{l=\"x\"} 1\n# HELP a Words.\n# TYPE a gauge\na 2.5\n"
                + "# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n");
    }

    @Test
    void shouldServeTextWithItsVersion() {
        Reply reply = weir.get("/metrics");
        assertThat(reply.header("Content-Type")).isEqualTo("text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
        assertThat(reply.body()).startsWith("# HELP a Words.\n# TYPE a gauge\na 2.5\n# TYPE b counter\n").endsWith("h_count 2\n");
    }

    /** Beyond what is kept of a body, and beyond one block of it. */
    @Test
    void shouldGiveALargeBodyByteForByte() throws Exception {
        weir.delete("__all");
        StringBuilder large = new StringBuilder("# TYPE large gauge\n");
        for (int i = 10_000; i < 50_000; i++) {
            large.append("large{id=\"").append(i).append("\",text=\"").append("x".repeat(60)).append("\"} ").append(i).append('\n');
        }
        assertThat(weir.post(large.toString()).status()).isEqualTo(200);
        assertThat(weir.get("/metrics").body()).isEqualTo(large.toString());
        assertThat(weir.get("/metrics?name[]=large").body()).isEqualTo(large.toString());
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(weir.get("/metrics", "Accept-Encoding", "gzip").bytes()))) {
            assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo(large.toString());
        }
    }

    @Test
    void shouldServeWhatIsAskedForFirst() {
        String accept = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        Reply open = weir.get("/metrics", "Accept", accept);
        assertThat(open.header("Content-Type")).isEqualTo("application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores");
        assertThat(open.header("Vary")).contains("Accept");
        assertThat(open.body()).startsWith("# HELP a Words.\n").contains("h_bucket{le=\"0.5\"} 1\n").endsWith("# EOF\n");
        assertThat(open.header("ETag")).isNotEqualTo(weir.get("/metrics").header("ETag"));
        assertThat(weir.get("/metrics?name[]=a", "Accept", accept).body()).endsWith("a 2.5\n# EOF\n");

        Reply protobuf = weir.get("/metrics", "Accept", FormatsInTest.PROTOBUF);
        assertThat(protobuf.header("Content-Type")).isEqualTo(FormatsInTest.PROTOBUF + "; escaping=underscores");
        assertThat(protobuf.header("Content-Length")).isNull();
        assertThat(weir.get("/metrics", "Accept", "text/html,application/xhtml+xml,*/*;q=0.8").header("Content-Type"))
                .startsWith("text/plain; version=0.0.4");
    }

    @Test
    void shouldPackWithZstdWhenAskedTo() throws Exception {
        Reply packed = weir.get("/metrics", "Accept-Encoding", "gzip;q=0.5, zstd");
        assertThat(packed.header("Content-Encoding")).isEqualTo("zstd");
        byte[] plain = new ZstdInputStream(new ByteArrayInputStream(packed.bytes())).readAllBytes();
        assertThat(new String(plain, StandardCharsets.UTF_8)).isEqualTo(weir.scrape());
        assertThat(weir.get("/metrics", "Accept-Encoding", "gzip, zstd;q=0.9").header("Content-Encoding")).isEqualTo("gzip");
        assertThat(weir.get("/metrics", "Accept-Encoding", "zstd;q=0").header("Content-Encoding")).isNull();
    }

    @Test
    void shouldServeTheJsonMapOfTheSourceSystem() {
        String json = weir.get("/metrics?format=json").body();
        assertThat(json).startsWith("{\"a\":{\"name\":\"a\",\"help\":\"Words.\",\"type\":\"gauge\",\"metrics\":[{\"value\":2.5,\"labels\":{}}]}")
                .contains("\"b\":{\"name\":\"b\"")
                .endsWith("}");
        assertThat(weir.get("/metrics", "Accept", "application/json").body()).isEqualTo(json);
        assertThat(weir.get("/metrics?format=json").header("Content-Type")).startsWith("application/json");
    }

    @Test
    void shouldCompressWhenAskedAndSayTheSame() throws Exception {
        String many = "# TYPE many counter\n"
                + IntStream.range(0, 30_000).mapToObj(i -> "many{i=\"" + i + "\"} " + i + "\n").collect(Collectors.joining());
        assertThat(weir.post(many).status()).isEqualTo(200);
        String plain = weir.scrape();
        Reply zipped = weir.get("/metrics", "Accept-Encoding", "gzip");
        assertThat(zipped.header("Content-Encoding")).isEqualTo("gzip");
        assertThat(zipped.header("Vary")).contains("Accept-Encoding");
        assertThat(zipped.bytes().length).isLessThan(plain.length() / 4);
        byte[] unzipped = new GZIPInputStream(new ByteArrayInputStream(zipped.bytes())).readAllBytes();
        assertThat(new String(unzipped, StandardCharsets.UTF_8)).isEqualTo(plain).contains(many);
        assertThat(weir.get("/metrics", "Accept-Encoding", "gzip;q=0").header("Content-Encoding")).isNull();
    }

    @Test
    void shouldAnswer304UntilSomethingChanges() {
        Reply first = weir.get("/metrics");
        String etag = first.header("ETag");
        assertThat(etag).startsWith("\"").endsWith("\"");
        Reply same = weir.get("/metrics", "If-None-Match", etag);
        assertThat(same.status()).isEqualTo(304);
        assertThat(same.bytes()).isEmpty();
        assertThat(same.header("ETag")).isEqualTo(etag);
        assertThat(weir.get("/metrics", "If-None-Match", "\"other\"").status()).isEqualTo(200);
        assertThat(weir.get("/metrics", "Accept-Encoding", "gzip").header("ETag")).isNotEqualTo(etag);

        weir.patch("b?l=x");

        Reply changed = weir.get("/metrics", "If-None-Match", etag);
        assertThat(changed.status()).isEqualTo(200);
        assertThat(changed.header("ETag")).isNotEqualTo(etag);
        assertThat(changed.body()).contains("b{l=\"x\"} 2\n");
    }

    @Test
    void shouldShareOneSnapshotWhileNothingChanges() {
        weir.scrape();
        double before = weir.own("weir_store_snapshots_total");
        for (int i = 0; i < 5; i++) {
            weir.scrape();
            weir.get("/metrics?format=json");
        }
        assertThat(weir.own("weir_store_snapshots_total")).isEqualTo(before);
        weir.patch("b?l=x");
        weir.scrape();
        assertThat(weir.own("weir_store_snapshots_total")).isEqualTo(before + 1);
    }

    @Test
    void shouldAnswerHeadLikeGetWithoutTheBody() {
        for (String target : new String[] {"/metrics", "/-/metrics", "/-/healthy", "/-/ready", "/"}) {
            Reply head = weir.send("HEAD", target, BodyPublishers.noBody());
            assertThat(head.status()).as(target).isEqualTo(200);
            assertThat(head.bytes()).as(target).isEmpty();
            assertThat(head.header("Content-Type")).as(target).isEqualTo(weir.get(target).header("Content-Type"));
        }
    }

    @Test
    void shouldGiveOnlyTheFamiliesThatAreNamed() {
        assertThat(weir.get("/metrics?name[]=b").body()).isEqualTo("# TYPE b counter\nb{l=\"x\"} 1\n");
        assertThat(weir.get("/metrics?name[]=h&name[]=b&name[]=none").body())
                .startsWith("# TYPE b counter\n").contains("# TYPE h histogram\n").doesNotContain("# TYPE a ");
        assertThat(weir.get("/metrics?name[]=none")).hasToString("200 ");
        assertThat(weir.get("/metrics?name[]=b&format=json").body()).startsWith("{\"b\":{").endsWith("}}");
    }

    @Test
    void shouldAnswerTheProbes() {
        assertThat(weir.get("/-/healthy")).hasToString("200 OK");
        assertThat(weir.get("/-/ready")).hasToString("200 OK");
        assertThat(weir.get("/").body()).contains("PATCH").contains("/metrics");
    }

    @Test
    void shouldServeBelowAPrefixAndOwnMetricsWhereTold() {
        try (RunningWeir prefixed = new RunningWeir("--web.route-prefix=/gate/way", "--web.telemetry-path=/self", "--series.max=1000")) {
            assertThat(prefixed.send("PATCH", "/gate/way/metrics/a?b=c", BodyPublishers.noBody())).hasToString("200 ok");
            assertThat(prefixed.get("/gate/way/metrics").body()).isEqualTo("# TYPE a counter\na{b=\"c\"} 1\n");
            assertThat(prefixed.get("/gate/way/self").body()).contains("weir_build_info");
            assertThat(prefixed.get("/gate/way/-/healthy").status()).isEqualTo(200);
            assertThat(prefixed.get("/gate/way/").status()).isEqualTo(200);
            assertThat(prefixed.get("/metrics").status()).isEqualTo(404);
            assertThat(prefixed.get("/gate/waymetrics").status()).isEqualTo(404);
            assertThat(prefixed.get("/gate/way/-/metrics").status()).isEqualTo(404);
        }
    }

    @Test
    void shouldListenOnSeveralAddresses() {
        try (RunningWeir two = new RunningWeir(
                "--web.listen-address=127.0.0.1:0", "--web.listen-address=127.0.0.1:0", "--series.max=1000")) {
            assertThat(two.weir.addresses()).hasSize(2).doesNotHaveDuplicates();
            for (InetSocketAddress address : two.weir.addresses()) {
                try (Wire wire = new Wire(address)) {
                    wire.send(RunningWeir.request("PATCH", "/metrics/both", ""));
                    assertThat(wire.answer()).isEqualTo(PushTest.ok());
                }
            }
            assertThat(two.value("both")).isEqualTo(2);
        }
    }
}
