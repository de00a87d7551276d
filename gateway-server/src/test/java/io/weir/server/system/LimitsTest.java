package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.system.RunningWeir.Reply;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest.BodyPublishers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each limit, set low by its flag: what fits is taken, one more is refused by name, and nothing is half applied. */
@Timeout(60)
class LimitsTest {
    private static RunningWeir weir;

    @BeforeAll
    static void start() {
        weir = new RunningWeir(
                "--series.max=5",
                "--limits.body=2KiB",
                "--limits.samples-per-request=50",
                "--limits.line=1KiB",
                "--limits.name=16",
                "--limits.labels=3",
                "--limits.label-name=8",
                "--limits.label-value=32",
                "--limits.help=64",
                "--limits.buckets=3");
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
    void shouldRefuseABodyThatIsTooLargeHoweverItComes() {
        String large = "# " + "x".repeat(998) + "\n";
        large = large.repeat(3);
        Reply declared = weir.post(large);
        assertThat(declared.status()).as(declared.toString()).isEqualTo(413);
        assertThat(declared.body()).contains("2048 bytes, --limits.body").hasLineCount(1);
        byte[] bytes = large.getBytes();
        assertThat(weir.send("POST", "/metrics",
                BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(bytes))).status()).isEqualTo(413);
        assertThat(weir.send("POST", "/metrics", BodyPublishers.ofByteArray(RunningWeir.gzip(large)),
                "Content-Encoding", "gzip").status()).isEqualTo(413);
        assertThat(weir.post("a 1\n").status()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({
        "name, 16, n234567890123456 1, n2345678901234567 1",
        "label name, 8, 'a{l2345678=\"\"} 1', 'a{l23456789=\"\"} 1'",
        "label value, 32, 'a{l=\"12345678901234567890123456789012\"} 1', 'a{l=\"123456789012345678901234567890123\"} 1'",
        "labels, 3, 'a{a=\"1\",b=\"1\",c=\"1\"} 1', 'a{a=\"1\",b=\"1\",c=\"1\",d=\"1\"} 1'",
    })
    void shouldNameTheLimitOfALine(String what, String limit, String fits, String tooLong) {
        assertThat(weir.post("# TYPE x counter\n" + fits + "\n")).hasToString("200 ok");
        Reply reply = weir.post("# TYPE x counter\n" + tooLong + "\n");
        assertThat(reply.status()).as(reply.toString()).isEqualTo(400);
        assertThat(reply.body()).hasLineCount(1).startsWith("line 2").contains(what.split(" ")[0]).contains(limit);
    }

    @Test
    void shouldNameTheLimitsOfAPatch() {
        assertThat(weir.patch("n2345678901234567").body()).contains("16");
        assertThat(weir.patch("n2345678901234567").status()).isEqualTo(400);
        assertThat(weir.patch("a?l23456789=1").status()).isEqualTo(400);
        assertThat(weir.patch("a?l=" + "v".repeat(33)).status()).isEqualTo(400);
        assertThat(weir.patch("a?a=1&b=1&c=1&d=1").status()).isEqualTo(400);
        assertThat(weir.scrape()).isEmpty();
    }

    @Test
    void shouldRefuseALineThatIsTooLongBeforeItEnds() {
        Reply reply = weir.post("a 1\n# " + "x".repeat(1100));
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.body()).startsWith("line 2").contains("1024");
        assertThat(weir.scrape()).isEmpty();
    }

    @Test
    void shouldRefuseTooManySamplesAndApplyNone() {
        assertThat(weir.post("a 1\n".repeat(50)).status()).isEqualTo(200);
        Reply reply = weir.post("a 1\n".repeat(51));
        assertThat(reply.status()).as(reply.toString()).isEqualTo(413);
        assertThat(reply.body()).contains("50");
        assertThat(weir.value("a")).isEqualTo(50);
    }

    @Test
    void shouldRefuseTooManyBuckets() {
        String three = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"3\"} 1\n";
        assertThat(weir.post(three + "h_bucket{le=\"+Inf\"} 1\n").status()).isEqualTo(200);
        Reply reply = weir.post(three + "h_bucket{le=\"4\"} 1\nh_bucket{le=\"+Inf\"} 1\n");
        assertThat(reply.status()).as(reply.toString()).isEqualTo(400);
        assertThat(reply.body()).contains("3").contains("bucket");
        Reply merged = weir.post("# TYPE h histogram\nh_bucket{le=\"9\"} 1\nh_bucket{le=\"+Inf\"} 1\n");
        assertThat(merged.status()).as("the union would be too large: " + merged).isEqualTo(400);
        assertThat(merged.body()).contains("histogram h").contains("3").hasLineCount(1);
        assertThat(weir.value("h_count")).isEqualTo(1);
    }

    @Test
    void shouldRefuseNewSeriesAtTheLimitAndKeepTheOldOnesExact() {
        assertThat(weir.post("# TYPE s counter\ns{i=\"1\"} 1\ns{i=\"2\"} 1\ns{i=\"3\"} 1\ns{i=\"4\"} 1\n").status()).isEqualTo(200);

        Reply reply = weir.post("# TYPE s counter\ns{i=\"1\"} 1\ns{i=\"5\"} 1\ns{i=\"6\"} 1\n");

        assertThat(reply.status()).as(reply.toString()).isEqualTo(429);
        assertThat(reply.header("Retry-After")).isNotNull();
        assertThat(reply.body()).contains("5").contains("--series.max").hasLineCount(1);
        assertThat(weir.patch("s?i=5")).as("the room that the refused batch had taken is free").hasToString("200 ok");
        assertThat(weir.patch("s?i=6").status()).isEqualTo(429);
        assertThat(weir.patch("s?i=1")).hasToString("200 ok");
        assertThat(weir.samples("s"))
                .containsExactlyInAnyOrder("s{i=\"1\"} 2", "s{i=\"2\"} 1", "s{i=\"3\"} 1", "s{i=\"4\"} 1", "s{i=\"5\"} 1");
        assertThat(weir.own("weir_series")).isEqualTo(5);
        assertThat(weir.own("weir_series_limit")).isEqualTo(5);
        assertThat(weir.own("weir_ingest_rejected_total{protocol=\"text\",reason=\"series_limit\"}")).isPositive();
        assertThat(weir.own("weir_ingest_rejected_total{protocol=\"patch\",reason=\"series_limit\"}")).isPositive();

        weir.delete("s?i=2");
        assertThat(weir.patch("s?i=6")).hasToString("200 ok");
        assertThat(weir.patch("s?i=7").status()).isEqualTo(429);
    }

    @Test
    void shouldRefuseNewSeriesOfAFamilyAtItsLimitAndTakeThoseOfOthers() {
        try (RunningWeir few = new RunningWeir("--limits.family-series=2", "--series.max=100")) {
            assertThat(few.post("# TYPE s counter\ns{i=\"1\"} 1\ns{i=\"2\"} 1\n").status()).isEqualTo(200);

            Reply reply = few.post("t 1\n# TYPE s counter\ns{i=\"1\"} 1\ns{i=\"3\"} 1\n");

            assertThat(reply.status()).as(reply.toString()).isEqualTo(429);
            assertThat(reply.header("Retry-After")).isNotNull();
            assertThat(reply.body()).contains("2").contains("--limits.family-series").contains("s").hasLineCount(1);
            assertThat(few.patch("s?i=3").status()).isEqualTo(429);
            assertThat(few.patch("s?i=1")).hasToString("200 ok");
            assertThat(few.scrape()).isEqualTo("# TYPE s counter\ns{i=\"1\"} 2\ns{i=\"2\"} 1\n");
            assertThat(few.own("weir_ingest_rejected_total{protocol=\"text\",reason=\"family_series_limit\"}")).isEqualTo(1);
            Reply lines = few.send("POST", "/write", BodyPublishers.ofString("p,i=1 v=1\np,i=2 v=1\np,i=3 v=1\n"));
            assertThat(lines.status()).as("a part was written, so it must not be sent again: " + lines).isEqualTo(400);
            assertThat(lines.body()).contains("line 3").contains("--limits.family-series");
            assertThat(few.send("POST", "/write", BodyPublishers.ofString("p,i=3 v=1\n")).status()).isEqualTo(429);
            assertThat(few.samples("p_v")).hasSize(2);
        }
    }

    @Test
    void shouldRefuseNewFamiliesAtTheLimit() {
        try (RunningWeir few = new RunningWeir("--limits.families=3", "--series.max=100")) {
            assertThat(few.post("a 1\nb 1\nc 1\n").status()).isEqualTo(200);
            Reply reply = few.post("d 1\na 1\n");
            assertThat(reply.status()).as(reply.toString()).isEqualTo(429);
            assertThat(reply.header("Retry-After")).isNotNull();
            assertThat(reply.body()).contains("families").contains("3");
            assertThat(few.samples("a")).containsExactly("a 1");
            few.delete("b");
            RunningWeir.await("a deleted family makes room", () -> few.patch("d").status() == 200);
        }
    }

    @Test
    void shouldRefuseTimestampsWhenTold() {
        try (RunningWeir strict = new RunningWeir("--push.timestamps=refuse", "--series.max=100")) {
            Reply reply = strict.post("a 1\nb 1 1700000000000\n");
            assertThat(reply.status()).isEqualTo(400);
            assertThat(reply.body()).startsWith("line 2").contains("timestamp");
            assertThat(strict.scrape()).isEmpty();
        }
        assertThat(weir.post("a 1\nb 1 1700000000000\n").status()).isEqualTo(200);
        assertThat(weir.scrape()).doesNotContain("1700000000000");
    }
}
