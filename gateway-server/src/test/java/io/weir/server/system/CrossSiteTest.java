package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.LeakGuard;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What a browser sends for pages of other sites, with {@code Sec-Fetch-Site} as browsers set it. */
@ExtendWith(LeakGuard.class)
@Timeout(120)
class CrossSiteTest {
    private static final List<String> WRITES = List.of(
            "POST /metrics", "PUT /metrics", "POST /metrics/", "PATCH /metrics/a_total", "DELETE /metrics/a_total",
            "POST /metrics/job/a", "PUT /metrics/job/a", "DELETE /metrics/job/a", "POST /metrics/job@base64/YQ",
            "POST /write?db=a", "POST /api/v2/write", "POST /drain", "POST /api/v1/groups?by=job",
            "DELETE /api/v1/series?match%5B%5D=a_total", "PUT /api/v1/admin/wipe", "POST /-/reload");

    private static int status(RunningWeir weir, String request, String... headers) {
        String[] words = request.split(" ");
        String body = words[1].contains("write") ? "a b=1" : words[0].equals("PATCH") || words[0].equals("DELETE") ? "" : "a_total 1\n";
        return weir.send(words[0], words[1], BodyPublishers.ofString(body), headers).status();
    }

    @Test
    void shouldRefuseEveryWriteOfAPageOfAnotherSite() {
        try (RunningWeir weir = new RunningWeir("--web.enable-lifecycle", "--web.enable-admin-api")) {
            weir.patch("a_total");
            for (String write : WRITES) {
                assertThat(status(weir, write, "Sec-Fetch-Site", "cross-site")).as(write).isEqualTo(403);
            }
            assertThat(weir.scrape()).isEqualTo("# TYPE a_total counter\na_total 1\n");
        }
    }

    @Test
    void shouldTakeWritesOfItsOwnSiteOfTheUserAndOfPrograms() {
        try (RunningWeir weir = new RunningWeir()) {
            for (String site : List.of("same-origin", "same-site", "none")) {
                assertThat(status(weir, "PATCH /metrics/a_total", "Sec-Fetch-Site", site)).as(site).isEqualTo(200);
            }
            assertThat(status(weir, "PATCH /metrics/a_total")).isEqualTo(200);
            assertThat(weir.value("a_total")).isEqualTo(4);
            assertThat(weir.get("/metrics", "Sec-Fetch-Site", "cross-site").status()).as("reading changes nothing").isEqualTo(200);
        }
    }

    @Test
    void shouldTakeWritesOfOtherSitesThatAreAllowed() {
        try (RunningWeir weir = new RunningWeir("--web.allowed-origins=https://shop.example", "--web.allowed-origins=https://b.example")) {
            String write = "PATCH /metrics/a_total";
            assertThat(status(weir, write, "Sec-Fetch-Site", "cross-site", "Origin", "https://shop.example")).isEqualTo(200);
            assertThat(status(weir, write, "Sec-Fetch-Site", "cross-site", "Origin", "https://shop.example.evil")).isEqualTo(403);
            assertThat(status(weir, write, "Sec-Fetch-Site", "cross-site", "Origin", "null")).isEqualTo(403);
            assertThat(status(weir, write, "Sec-Fetch-Site", "cross-site")).isEqualTo(403);
        }
        try (RunningWeir weir = new RunningWeir("--web.allowed-origins=*")) {
            assertThat(status(weir, "PATCH /metrics/a_total", "Sec-Fetch-Site", "cross-site", "Origin", "null")).isEqualTo(200);
        }
    }

    @Test
    void shouldTakeWritesOfOtherSitesWithATokenButNotWithWhatTheBrowserAddsByItself(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("weir.yml");
        Files.writeString(file, "auth: {tokens: [{name: page, token: page-key, scopes: [push]}]}\n");
        String basic = "Basic " + Base64.getEncoder().encodeToString("page:page-key".getBytes());
        try (RunningWeir weir = new RunningWeir("--config.file=" + file)) {
            assertThat(status(weir, "PATCH /metrics/a_total", "Authorization", basic)).isEqualTo(200);
            assertThat(status(weir, "PATCH /metrics/a_total", "Authorization", basic, "Sec-Fetch-Site", "cross-site")).isEqualTo(403);
            assertThat(status(weir, "PATCH /metrics/a_total", "Authorization", "Bearer page-key", "Sec-Fetch-Site", "cross-site"))
                    .isEqualTo(200);
        }
    }
}
