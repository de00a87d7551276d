package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A series with a time to live of its own ends when it is not touched for so long, over restarts too. */
class SeriesTtlTest {
    private static final String HISTOGRAM = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n";

    private MemoryStorage storage = new MemoryStorage();
    private final Gateway.Time time = new Gateway.Time();
    private Gateway gateway = start();

    private Gateway start() {
        storage = storage.copy();
        return new Gateway(storage, JournalConfig.DEFAULTS, time);
    }

    private String after(long seconds) {
        time.pass(seconds * 1000);
        for (int i = 0; i < 10; i++) {
            Gateway.work(gateway.keeper);
        }
        return gateway.scrape();
    }

    @Test
    void shouldEndAloneWhenItIsNotTouchedForItsTime() {
        gateway.post("stays 1\n");
        gateway.postFor(60, "a 1\nb 1\n" + HISTOGRAM);
        gateway.postFor(600, "later 1\n");
        assertThat(after(50)).contains("a 1\n", "h_count 1\n");
        gateway.post("b 1\n");
        assertThat(after(25)).contains("b 2\n", "stays 1\n", "later 1\n").doesNotContain("a 1", "h_sum");
        assertThat(after(60)).doesNotContain("b 2");
        assertThat(after(700)).isEqualTo("# TYPE stays untyped\nstays 1\n");
        gateway.post("a 1\n");
        assertThat(after(100_000)).as("begun anew, without it").contains("a 1\n", "stays 1\n");
    }

    @Test
    void shouldTakeTheNewTime() {
        gateway.postFor(10, "a 1\nb 1\n");
        gateway.postFor(1000, "a 1\n");
        assertThat(after(500)).isEqualTo("# TYPE a untyped\na 2\n");
        gateway.postFor(10, "a 1\n");
        assertThat(after(15)).isEmpty();
    }

    @Test
    void shouldGoOnWhereItWasAfterAKillAndBehindACheckpoint() {
        gateway.post("stays 1\na 1\n");
        gateway.postFor(600, "a 1\n" + HISTOGRAM);
        gateway.group(1, io.weir.sample.Mode.SET, Replace.ALL, "job=\"g\"", "m 1\n", 5);
        after(200);
        gateway = start();
        assertThat(after(200)).contains("a 2\n", "h_count 1\n");
        gateway.checkpoint();
        gateway = start();
        assertThat(gateway.recovered.frames()).isZero();
        assertThat(after(100)).contains("a 2\n", "h_count 1\n");
        gateway.post("a 1\n");
        gateway = start();
        assertThat(after(200)).contains("a 3\n", "stays 1\n").doesNotContain("h_sum");
        gateway.checkpoint();
        time.pass(600_000);
        gateway = start();
        assertThat(after(0)).contains("stays 1\n", "m{instance=\"\",job=\"g\"} 1\n").doesNotContain("a 3");
        assertThat(after(100_000)).contains("stays 1\n", "m{");
    }
}
