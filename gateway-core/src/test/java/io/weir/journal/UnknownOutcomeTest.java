package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Mode;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A write that fails and cannot be undone: nobody knows what became of it, and yet it may not count twice. */
class UnknownOutcomeTest {
    private static final String BODY = "# TYPE k counter\nk 1\n";
    private static final KeyedAnswer KEY = new KeyedAnswer("a key", 1, 2, 200, new byte[] {'o', 'k'});

    private final Gateway.Time time = new Gateway.Time();

    @BeforeAll
    static void quiet() {
        log(ch.qos.logback.classic.Level.OFF);
    }

    @AfterAll
    static void loud() {
        log(null);
    }

    private static void log(ch.qos.logback.classic.Level level) {
        ((ch.qos.logback.classic.Logger) LoggerFactory.getLogger(Journal.class)).setLevel(level);
    }

    /** A failing write leaves all of its bytes; all else is left to chance. */
    private static final class Chance extends Random {
        private static final long serialVersionUID = 1L;
        boolean whole;

        Chance(long seed) {
            super(seed);
        }

        @Override
        public int nextInt(int bound) {
            return whole ? bound - 1 : super.nextInt(bound);
        }
    }

    private final class Run {
        final Chance chance;
        final SimulatedDisk disk;
        Gateway gateway;

        Run(long seed) {
            chance = new Chance(seed);
            disk = new SimulatedDisk(chance);
            start();
        }

        void start() {
            gateway = new Gateway(disk, JournalConfig.DEFAULTS.with(JournalConfig.Sync.ALWAYS), time);
        }

        /** A push with a key whose frame gets into the file, though the write fails and so does its undoing. */
        void fail() {
            assertThat(gateway.push(0, Mode.ADD, "# TYPE before counter\nbefore 1\n")).isEqualTo(Outcome.APPLIED);
            gateway.sync();
            assertThat(gateway.journal.keys().claim("a key", 1, 2).state()).isEqualTo(IdempotencyIndex.State.CLAIMED);
            chance.whole = true;
            disk.failing(SimulatedDisk.Fault.WRITE, 0, 3);
            assertThat(gateway.push(0, Mode.ADD, BODY, KEY)).isEqualTo(Outcome.UNKNOWN);
            gateway.journal.keys().abandon("a key");
            chance.whole = false;
            disk.works();
        }

        void retry() {
            IdempotencyIndex keys = gateway.journal.keys();
            if (keys.claim("a key", 1, 2).state() == IdempotencyIndex.State.DONE) {
                return;
            }
            for (int i = 0; i < 5 && !gateway.journal.isHealthy(); i++) {
                time.pass(1000);
                gateway.sync();
            }
            AtomicReference<Outcome> outcome = new AtomicReference<>();
            gateway.submit(1, Mode.ADD, BODY, KEY, (batch, what, ticket) -> outcome.set(what));
            gateway.loops[1].flush();
            assertThat(outcome.get()).isEqualTo(Outcome.APPLIED);
            keys.done(KEY);
            gateway.sync();
            assertThat(gateway.journals[1].durable()).isEqualTo(gateway.journals[1].written());
        }
    }

    @Test
    void shouldCountAFrameThatWasNotUndoneOrVoidedOnce() {
        Run run = new Run(1);
        run.fail();
        assertThat(run.gateway.scrape()).doesNotContain("k 1");
        run.disk.kill();
        run.start();
        // the frame is there: its key says so, and nothing is pushed again
        assertThat(run.gateway.scrape()).contains("before 1\n", "k 1\n");
        run.retry();
        assertThat(run.gateway.scrape()).contains("k 1\n");
    }

    @Test
    void shouldVoidTheFrameBeforeAnythingIsAcceptedAgain() {
        Run run = new Run(1);
        run.fail();
        assertThat(run.gateway.push(1, Mode.ADD, BODY)).isNull();
        run.retry();
        assertThat(run.gateway.scrape()).contains("k 1\n");
        run.disk.kill();
        run.start();
        assertThat(run.gateway.scrape()).contains("before 1\n", "k 1\n");
        run.gateway.checkpoint();
        run.disk.powerCut();
        run.start();
        assertThat(run.gateway.scrape()).contains("before 1\n", "k 1\n");
    }

    @Test
    void shouldNotBringBackAFrameWhoseVoidNeverReachedTheDisk() {
        int voidsLost = 0;
        for (int call = 0; call < 16; call++) {
            for (int seed = 0; seed < 20; seed++) {
                Run run = new Run(seed);
                run.fail();
                // one force fails while the disk is tried again; the process dies, and what it wrote is in the cache only
                run.disk.failing(SimulatedDisk.Fault.FORCE, call, call + 1);
                time.pass(1000);
                run.gateway.sync();
                boolean voidLost = run.disk.isDoubtful();
                voidsLost += voidLost ? 1 : 0;
                run.disk.kill();
                run.start();
                run.retry();
                run.disk.powerCut();
                run.start();
                assertThat(run.gateway.scrape())
                        .as("force " + call + " failed, seed " + seed)
                        .contains("before 1\n", "k 1\n");
            }
        }
        assertThat(voidsLost).isPositive();
    }
}
