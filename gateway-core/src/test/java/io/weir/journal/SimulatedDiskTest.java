package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.ingest.Settled;
import io.weir.journal.JournalConfig.Sync;
import io.weir.parse.NativeBodies;
import io.weir.sample.Code;
import io.weir.sample.Mode;
import io.weir.store.TableConfig;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * Gateways on a simulated disk that loses what was not forced, tears writes and fails at any call. {@code
 * -Dweir.disk.seeds=N} runs more seeds, {@code -Dweir.disk.seed=S} one.
 */
class SimulatedDiskTest {
    private static final int LIVES = 4;
    private static final int STEPS = 25;
    private static final int COUNTERS = 6;
    /** From here on they are native histograms, and their value is the count. */
    private static final int HISTOGRAMS_FROM = 4;
    private static final TableConfig SMALL = new TableConfig(1000, 50, 1, 2048, 85, 8192, 4096, 16, 16);

    @Test
    void shouldLoseNothingThatWasPromisedAndCountNothingTwice() {
        Long one = Long.getLong("weir.disk.seed");
        quiet(one == null);
        int seeds = one != null ? 1 : Integer.getInteger("weir.disk.seeds", 1000);
        long start = one != null ? one : 1;
        for (long seed = start; seed < start + seeds; seed++) {
            try {
                new Run(seed).play();
            } catch (Throwable e) {
                throw new AssertionError("-Dweir.disk.seed=" + seed, e);
            }
        }
        quiet(false);
    }

    /** Damage is what this test is about: its log lines would fill the report. */
    private static void quiet(boolean on) {
        ((ch.qos.logback.classic.Logger) LoggerFactory.getLogger(Journal.class))
                .setLevel(on ? ch.qos.logback.classic.Level.OFF : null);
    }

    private static final class Run {
        final Random random;
        final SimulatedDisk disk;
        final Gateway.Time time = new Gateway.Time();
        final JournalConfig config;
        /** Per counter: surely there after a kill; surely there after a power cut; possibly there. */
        final double[] written = new double[COUNTERS];
        final double[] forced = new double[COUNTERS];
        final double[] possible = new double[COUNTERS];
        /** Keyed pushes: those still to be sent, and those promised to outlive a kill, and a power cut. */
        final List<Integer> open = new ArrayList<>();
        final Map<Integer, Boolean> promised = new HashMap<>();
        final List<Waiting> waiting = new ArrayList<>();
        int keyed;
        Gateway gateway;

        /** A push that waits for the disk. */
        private record Waiting(int loop, long ticket, int counter, double value, int key) {}

        Run(long seed) {
            random = new Random(seed);
            disk = new SimulatedDisk(random);
            Sync sync = Sync.values()[random.nextInt(3)];
            config = new JournalConfig(
                    sync, 50, 200 + random.nextInt(2000), 8000, 300 + random.nextInt(5000), 1000, 600_000, 100);
        }

        void play() {
            for (int life = 0; life < LIVES; life++) {
                start();
                int steps = 1 + random.nextInt(STEPS);
                for (int i = 0; i < steps; i++) {
                    step();
                }
                boolean power = random.nextInt(3) > 0;
                if (power) {
                    disk.powerCut();
                } else {
                    disk.kill();
                }
                verify(power);
            }
            finish();
        }

        void start() {
            if (random.nextInt(8) == 0) {
                disk.failing(SimulatedDisk.Fault.values()[1 + random.nextInt(3)], random.nextInt(6), 6 + random.nextInt(6));
            }
            gateway = new Gateway(disk, config, time, 2, SMALL, io.weir.ingest.AggregationRules.DEFAULTS::policy);
            for (int loop = 0; loop < 2; loop++) {
                int l = loop;
                gateway.journals[loop].listener(new Durability() {
                    @Override
                    public void durable(long ticket) {
                        waiting.removeIf(w -> {
                            if (w.loop != l || w.ticket > ticket) {
                                return false;
                            }
                            if (w.key >= 0) {
                                promised.put(w.key, true);
                            } else {
                                forced[w.counter] += w.value;
                            }
                            return true;
                        });
                    }

                    @Override
                    public void lost(long ticket) {
                        waiting.removeIf(w -> w.loop == l && w.ticket <= ticket);
                    }
                });
            }
        }

        void step() {
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3, 4 -> push();
                case 5 -> pushKeyed();
                case 6, 7 -> {
                    time.pass(random.nextInt(80));
                    gateway.sync();
                }
                case 8 -> Gateway.work(gateway.journal.checkpoints());
                case 9 -> {
                    if (random.nextInt(3) == 0) {
                        SimulatedDisk.Fault fault = SimulatedDisk.Fault.values()[1 + random.nextInt(3)];
                        int from = random.nextInt(20);
                        disk.failing(fault, from, from + 1 + random.nextInt(10));
                    }
                }
                case 10 -> {
                    gateway.push(0, Mode.ADD, "# TYPE gone counter\ngone{i=\"" + random.nextInt(3) + "\"} 1\n");
                    gateway.delete("gone");
                }
                default -> time.pass(random.nextInt(300));
            }
        }

        void push() {
            int loop = random.nextInt(2);
            int n = 1 + random.nextInt(3);
            for (int i = 0; i < n; i++) {
                int counter = random.nextInt(COUNTERS);
                double value = random.nextInt(4) == 0 ? 1 : random.nextInt(1000);
                Settled settled = (batch, outcome, ticket) -> {
                    if (outcome != Outcome.REFUSED) {
                        possible[counter] += value;
                    }
                    if (outcome == Outcome.APPLIED) {
                        written[counter] += value;
                        waiting.add(new Waiting(loop, ticket, counter, value, -1));
                    }
                };
                if (counter >= HISTOGRAMS_FROM) {
                    byte[] body = NativeBodies.bucket("c" + counter, random.nextInt(9), random.nextInt(99), (long) value);
                    gateway.submit(loop, Mode.ADD, body, settled);
                } else {
                    String body = "# TYPE c" + counter + " counter\nc" + counter + "{a=\"" + "x".repeat(counter) + "\"} "
                            + value + "\n";
                    gateway.submit(loop, Mode.ADD, body, null, settled);
                }
            }
            gateway.loops[loop].flush();
        }

        void pushKeyed() {
            int number = open.isEmpty() || random.nextBoolean() ? keyed++ : open.remove(random.nextInt(open.size()));
            send(number);
        }

        void send(int number) {
            String key = "key-" + number;
            IdempotencyIndex keys = gateway.journal.keys();
            IdempotencyIndex.Claim claim = keys.claim(key, number, 0);
            if (claim.state() == IdempotencyIndex.State.DONE) {
                assertThat(claim.answer().answer()).isEqualTo(bytes("ok " + number));
                promised.putIfAbsent(number, false);
                return;
            }
            assertThat(claim.state()).isEqualTo(IdempotencyIndex.State.CLAIMED);
            KeyedAnswer answer = new KeyedAnswer(key, number, 0, 202, bytes("ok " + number));
            int loop = random.nextInt(2);
            Code code = gateway.submit(
                    loop, Mode.ADD, "# TYPE k counter\nk{i=\"" + number + "\"} 1\n", answer,
                    (batch, outcome, ticket) -> {
                        if (outcome == Outcome.APPLIED) {
                            keys.done(answer);
                            promised.putIfAbsent(number, false);
                            waiting.add(new Waiting(loop, ticket, -1, 1, number));
                        } else {
                            keys.abandon(key);
                            open.add(number);
                        }
                    });
            if (code != Code.OK) {
                keys.abandon(key);
                open.add(number);
            }
            gateway.loops[loop].flush();
        }

        private static byte[] bytes(String text) {
            return text.getBytes(StandardCharsets.UTF_8);
        }

        /** Looks at what another process finds. */
        void verify(boolean power) {
            waiting.clear();
            // pages of a failed force: what a kill leaves of them is readable and yet not on the disk
            boolean doubtful = disk.isDoubtful();
            Gateway next = new Gateway(disk, config, time, 2, SMALL, io.weir.ingest.AggregationRules.DEFAULTS::policy);
            Map<String, Double> found = values(next.scrape());
            for (int i = 0; i < COUNTERS; i++) {
                double value = found.getOrDefault("c" + i, 0.0);
                assertThat(value).as("c" + i + " after " + (power ? "power cut" : "kill"))
                        .isBetween(power ? forced[i] : written[i], possible[i]);
                written[i] = possible[i] = value;
                forced[i] = doubtful ? forced[i] : value;
            }
            for (int i = 0; i < keyed; i++) {
                double value = found.getOrDefault("k" + i, 0.0);
                assertThat(value).as("key " + i).isBetween(0.0, 1.0);
                Boolean promise = promised.get(i);
                if (promise != null && (!power || promise)) {
                    assertThat(value).as("promised key " + i).isEqualTo(1);
                }
                if (promise != null && value == 0) {
                    // lost within what its mode allows: its client knows nothing of that
                    promised.remove(i);
                }
                boolean known = next.journal.keys().claim("key-" + i, i, 0).state() == IdempotencyIndex.State.DONE;
                assertThat(known).as("key " + i + " and its record").isEqualTo(value == 1);
                if (known) {
                    promised.merge(i, !doubtful, Boolean::logicalOr);
                }
            }
            // only looked: the next life begins on what the process found
            disk.kill();
        }

        /** Every open key is retried until it has been accepted: then all have counted once. */
        void finish() {
            start();
            disk.works();
            for (int i = 0; i < keyed; i++) {
                if (!promised.containsKey(i)) {
                    for (int tries = 0; tries < 5 && !gateway.journal.isHealthy(); tries++) {
                        time.pass(1000);
                        gateway.sync();
                    }
                    send(i);
                }
            }
            Map<String, Double> found = values(gateway.scrape());
            for (int i = 0; i < keyed; i++) {
                assertThat(found.get("k" + i)).as("key " + i + " in the end").isEqualTo(1);
            }
        }

        static Map<String, Double> values(String text) {
            Map<String, Double> values = new HashMap<>();
            for (String line : text.split("\n")) {
                if (line.startsWith("c")) {
                    values.put(line.substring(0, 2), Double.valueOf(line.substring(line.lastIndexOf(' ') + 1)));
                } else if (line.startsWith("k{i=")) {
                    values.put(
                            "k" + line.substring(5, line.indexOf('"', 5)),
                            Double.valueOf(line.substring(line.lastIndexOf(' ') + 1)));
                }
            }
            return values;
        }
    }
}
