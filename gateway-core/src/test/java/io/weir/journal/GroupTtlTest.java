package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Mode;
import io.weir.store.Selector;
import org.junit.jupiter.api.Test;

/** A group with a time to live ends when it is not pushed to for so long, over restarts too. */
class GroupTtlTest {
    private static final String A = "job=\"a\"";
    private static final String B = "job=\"b\"";

    private MemoryStorage storage = new MemoryStorage();
    private final Gateway.Time time = new Gateway.Time();
    private Gateway gateway = start();

    /** Starts one after the last, if any, was killed. */
    private Gateway start() {
        storage = storage.copy();
        return new Gateway(storage, JournalConfig.DEFAULTS, time);
    }

    private void push(Mode mode, Replace replace, String key, String body, long ttl) {
        gateway.group(0, mode, replace, key, body, 5, ttl);
    }

    private void put(String key, String body, long ttl) {
        push(Mode.SET, Replace.ALL, key, body, ttl);
    }

    private String after(long seconds) {
        time.pass(seconds * 1000);
        for (int i = 0; i < 10; i++) {
            Gateway.work(gateway.keeper);
        }
        return gateway.scrape();
    }

    @Test
    void shouldEndAsAWholeWhenNotPushedToForItsTime() {
        put(A, "m 1\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 1\n", 60);
        put(B, "m 2\n", 0);
        assertThat(gateway.scrape()).contains("push_ttl_seconds{instance=\"\",job=\"a\"} 60\n").doesNotContain("push_ttl_seconds{instance=\"\",job=\"b\"");
        assertThat(after(59)).contains("job=\"a\"");
        assertThat(after(12)).contains("m{instance=\"\",job=\"b\"} 2\n").doesNotContain("job=\"a\"", "push_ttl");
        assertThat(gateway.table.groups().size()).isEqualTo(1);
        assertThat(gateway.keeper.expired()).isEqualTo(5);
        assertThat(after(1_000_000)).contains("job=\"b\"");
    }

    @Test
    void shouldBeginAnewWithEveryPushWhateverItNames() {
        put(A, "m 1\nn 1\n", 60);
        for (int i = 0; i < 5; i++) {
            after(50);
            // of the series only one is touched
            push(Mode.ADD, Replace.NOTHING, A, "m 1\n", 0);
        }
        assertThat(after(59)).contains("n{", "push_ttl_seconds{instance=\"\",job=\"a\"} 60\n");
        assertThat(after(12)).isEmpty();
    }

    @Test
    void shouldLiveForEverAgainWhenAPutSaysNothingOfIt() {
        put(A, "m 1\n", 2);
        put(A, "m 1\n", 0);
        assertThat(after(1000)).contains("m{").doesNotContain("push_ttl");
        put(A, "m 1\n", 2);
        gateway.delete("push_ttl_seconds");
        assertThat(after(1000)).contains("m{");
        put(A, "m 1\n", 3);
        assertThat(after(6)).isEmpty();
    }

    @Test
    void shouldTakeTheNewTime() {
        put(A, "m 1\n", 1000);
        put(A, "m 1\n", 5);
        assertThat(after(8)).isEmpty();
        put(A, "m 1\n", 5);
        push(Mode.ADD, Replace.NOTHING, A, "m 1\n", 1000);
        assertThat(after(900)).contains("push_ttl_seconds{instance=\"\",job=\"a\"} 1000\n");
    }

    @Test
    void shouldGoOnWhereItWasAfterAKillAndBehindACheckpoint() {
        put(A, "m 1\nn 1\n", 600);
        put(B, "m 1\n", 6000);
        after(200);
        gateway = start();
        assertThat(after(200)).contains("job=\"a\"");
        gateway.checkpoint();
        gateway = start();
        assertThat(after(199)).contains("m{instance=\"\",job=\"a\"}");
        // down meanwhile
        time.pass(3_000);
        gateway = start();
        assertThat(after(0)).contains("job=\"b\"").doesNotContain("job=\"a\"");
        gateway = start();
        assertThat(gateway.scrape()).as("stays ended").contains("job=\"b\"").doesNotContain("job=\"a\"");
        assertThat(after(6000)).isEmpty();
        assertThat(gateway.table.live()).isZero();
        assertThat(gateway.delete(Selector.all())).isZero();
    }
}
