package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.ingest.AggregationRules;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.GaugePolicy;
import io.weir.sample.Mode;
import io.weir.store.TableConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
    private static final String BODY = """
            # HELP jobs_total Jobs done.
            # TYPE jobs_total counter
            jobs_total{queue="a"} 3
            jobs_total{queue="b\\"\\n\\\\"} 4.25
            # TYPE temperature gauge
            temperature -0
            temperature{room="x"} 1e300
            untyped_thing{a="b"} NaN
            # HELP took_seconds How long.
            # TYPE took_seconds histogram
            took_seconds_bucket{le="0.1"} 3
            took_seconds_bucket{le="1"} 5
            took_seconds_bucket{le="+Inf"} 6
            took_seconds_sum 2.75
            took_seconds_count 6
            # TYPE size_bytes summary
            size_bytes_sum{kind="in"} 1024
            size_bytes_count{kind="in"} 2
            """;

    private final Gateway.Time time = new Gateway.Time();
    private final MemoryStorage storage = new MemoryStorage();

    private Gateway start() {
        return new Gateway(storage.copy(), JournalConfig.DEFAULTS, time);
    }

    private Gateway first() {
        return new Gateway(storage, JournalConfig.DEFAULTS, time);
    }

    @Test
    void shouldShowTheSameTextAfterAKill() {
        Gateway gateway = first();
        gateway.post(BODY);
        gateway.post(1, BODY);
        gateway.put("# TYPE jobs_total counter\njobs_total{queue=\"a\"} 100\n");
        String before = gateway.scrape();

        assertThat(before).contains("jobs_total{queue=\"a\"} 100").contains("took_seconds_bucket{le=\"1\"} 10");
        assertThat(start().scrape()).isEqualTo(before);
    }

    @Test
    void shouldShowTheSameTextAfterACheckpointAndAKill() {
        Gateway gateway = first();
        gateway.post(BODY);
        gateway.checkpoint();
        gateway.post(1, BODY);
        String before = gateway.scrape();
        assertThat(gateway.journal.checkpointsTaken()).isEqualTo(1);
        assertThat(start().scrape()).isEqualTo(before);

        gateway.checkpoint();
        assertThat(start().scrape()).isEqualTo(before);
        assertThat(start().recovered.frames()).isZero();
    }

    @Test
    void shouldKeepDeletesAndWhatCameAfterThem() {
        Gateway gateway = first();
        gateway.post(BODY);
        assertThat(gateway.delete("jobs_total")).isEqualTo(2);
        assertThat(gateway.delete("took_seconds")).isEqualTo(1);
        gateway.post("# TYPE jobs_total counter\njobs_total{queue=\"a\"} 1\n");
        String before = gateway.scrape();
        assertThat(before).contains("jobs_total{queue=\"a\"} 1\n").doesNotContain("took_seconds");

        assertThat(start().scrape()).isEqualTo(before);
        gateway.checkpoint();
        assertThat(start().scrape()).isEqualTo(before);
    }

    @Test
    void shouldGoOnAfterManyRestarts(@TempDir Path directory) throws Exception {
        String before = "";
        for (int i = 1; i <= 5; i++) {
            Gateway gateway = new Gateway(new FileStorage(directory), JournalConfig.DEFAULTS, time);
            assertThat(gateway.scrape()).isEqualTo(before);
            gateway.post(BODY);
            gateway.post(1, BODY);
            if (i % 2 == 0) {
                gateway.checkpoint();
            }
            gateway.sync();
            before = gateway.scrape();
            assertThat(before).contains("jobs_total{queue=\"a\"} " + 6 * i + "\n");
            gateway.journal.close();
        }
    }

    @Test
    void shouldKeepASecondProcessOut(@TempDir Path directory) throws Exception {
        Gateway gateway = new Gateway(new FileStorage(directory), JournalConfig.DEFAULTS, time);
        assertThatThrownBy(() -> new Gateway(new FileStorage(directory), JournalConfig.DEFAULTS, time))
                .hasCauseInstanceOf(DirectoryInUseException.class);
        gateway.journal.close();
        new Gateway(new FileStorage(directory), JournalConfig.DEFAULTS, time).journal.close();
    }

    @Test
    void shouldWriteAllBatchesOfATurnAtOnce() {
        Gateway gateway = first();
        for (int i = 0; i < 10; i++) {
            gateway.submit(0, Mode.ADD, "# TYPE c counter\nc{i=\"" + i % 3 + "\"} 1\n", null, Gateway.CLOSE);
        }
        assertThat(gateway.scrape()).isEmpty();
        gateway.loops[0].flush();
        String before = gateway.scrape();
        assertThat(before).contains("c{i=\"0\"} 4\n");
        assertThat(start().scrape()).isEqualTo(before);
    }

    @Test
    void shouldKeepANewSeriesWhoseRecordIsCompactedAwayBeforeItGetsItsValue() {
        Gateway gateway = new Gateway(storage, JournalConfig.DEFAULTS, time, 2,
                new TableConfig(1000, 50, 1, 2048, 85, 8192, 4096, 16, 16), AggregationRules.DEFAULTS::policy);
        StringBuilder many = new StringBuilder("# TYPE many counter\n");
        for (int i = 0; i < 700; i++) {
            many.append("many{i=\"").append(i).append("\"} 1\n");
        }
        gateway.post(1, many.toString());
        gateway.submit(0, Mode.ADD, BODY, null, Gateway.CLOSE);
        assertThat(gateway.delete("many")).isEqualTo(700);
        assertThat(gateway.keeper.rebuilds()).isPositive();
        gateway.loops[0].flush();

        String before = gateway.scrape();
        assertThat(before).contains("jobs_total{queue=\"a\"} 3").contains("took_seconds_count 6");
        assertThat(gateway.loops[0].superseded()).isZero();
        assertThat(start().scrape()).isEqualTo(before);
    }

    @Test
    void shouldLetTimesToLiveGoOn() {
        java.util.function.Function<String, FamilyPolicy> policies =
                name -> new FamilyPolicy(GaugePolicy.SUM, name.startsWith("short") ? 10_000 : FamilyPolicy.FOREVER);
        TableConfig table = TableConfig.of(2_000, 200);
        Gateway gateway = new Gateway(storage, JournalConfig.DEFAULTS, time, 1, table, policies);
        gateway.post("# TYPE short_a counter\nshort_a 1\n# TYPE long_a counter\nlong_a 1\n");
        time.pass(6_000);
        gateway.post("# TYPE short_b counter\nshort_b 1\n");
        time.pass(2_000);
        gateway.checkpoint();

        Gateway next = new Gateway(storage.copy(), JournalConfig.DEFAULTS, time, 1, table, policies);
        assertThat(next.scrape()).contains("short_a 1\n").contains("short_b 1\n");
        time.pass(4_000);
        Gateway.work(next.keeper);
        assertThat(next.scrape()).doesNotContain("short_a").contains("short_b 1\n").contains("long_a 1\n");
        time.pass(6_000);
        Gateway.work(next.keeper);
        assertThat(next.scrape()).doesNotContain("short").contains("long_a 1\n");

        // what expires is written down as well
        Gateway.work(gateway.keeper);
        gateway.post("# TYPE short_a counter\nshort_a 5\n");
        Gateway last = new Gateway(storage.copy(), JournalConfig.DEFAULTS, time, 1, table, policies);
        assertThat(last.scrape()).contains("short_a 5\n").doesNotContain("short_b");
    }

    @Test
    void shouldJoinGaugesAsTheStoreDoes() {
        java.util.function.Function<String, FamilyPolicy> policies = name -> new FamilyPolicy(
                GaugePolicy.valueOf(name.substring(0, name.indexOf('_')).toUpperCase()), FamilyPolicy.FOREVER);
        TableConfig table = TableConfig.of(2_000, 200);
        Gateway gateway = new Gateway(storage, JournalConfig.DEFAULTS, time, 2, table, policies);
        double[] values = {3, -0.0, 1e17, 0.1, Double.NaN, Double.POSITIVE_INFINITY, 7, Double.NaN, -5, 1L << 50};
        for (int i = 0; i < values.length; i++) {
            StringBuilder body = new StringBuilder();
            for (String policy : new String[] {"sum", "last", "min", "max"}) {
                body.append("# TYPE ").append(policy).append("_g gauge\n");
                for (int k = 0; k <= i; k++) {
                    body.append(policy).append("_g{k=\"").append(k).append("\"} ").append(values[i]).append('\n');
                }
            }
            gateway.post(i % 2, body.toString().replace("Infinity", "+Inf"));
            if (i == 5) {
                gateway.checkpoint();
            }
            String before = gateway.scrape();
            Gateway next = new Gateway(storage.copy(), JournalConfig.DEFAULTS, time, 2, table, policies);
            assertThat(next.scrape()).isEqualTo(before);
        }
    }

    @Test
    void shouldKeepStampsOfLineProtocol() {
        Gateway gateway = first();
        gateway.points(0, "m,a=b value=5 2000");
        gateway.points(1, "m,a=b value=6 1000\nm,a=c value=1i 1\nm,a=d value=0.5");
        String before = gateway.scrape();
        assertThat(before).contains("{a=\"b\"} 5\n");
        for (int i = 0; i < 2; i++) {
            Gateway next = start();
            assertThat(next.scrape()).isEqualTo(before);
            next.points(0, "m,a=b value=7 1500\nm,a=c value=2i 2");
            assertThat(next.scrape()).contains("{a=\"b\"} 5\n").contains("{a=\"c\"} 2\n");
            gateway.checkpoint();
        }
    }

    @Test
    void shouldKeepHelpOfAFamilyThatWasAwayForAWhile() {
        Gateway gateway = first();
        gateway.post("# HELP a First.\n# TYPE a counter\na 1\n");
        gateway.post(1, "# HELP a Second.\n# TYPE a counter\na 1\n");
        gateway.delete("a");
        gateway.checkpoint();
        gateway.post("# HELP a Second.\n# TYPE a counter\na 1\n");
        String before = gateway.scrape();
        assertThat(before).contains("# HELP a Second.");
        assertThat(start().scrape()).isEqualTo(before);
        gateway.checkpoint();
        assertThat(start().scrape()).isEqualTo(before);
    }

    @Test
    void shouldTakeAtMost24BytesPerSampleOfAKnownSeries() {
        Gateway gateway = new Gateway(storage, JournalConfig.DEFAULTS, time, 1,
                TableConfig.of(20_000, 200), AggregationRules.DEFAULTS::policy);
        Random random = new Random(1);
        for (int round = 0; round < 3; round++) {
            int samples = 0;
            long before = gateway.journal.bytesWritten();
            for (int body = 0; body < 100; body++) {
                StringBuilder text = new StringBuilder();
                for (int family = 0; family < 10; family++) {
                    text.append("# TYPE app_operations_").append(family).append("_total counter\n");
                    for (int k = 0; k < 10; k++) {
                        // in an order of its own each time, with fractions
                        text.append("app_operations_").append(family).append("_total{instance=\"")
                                .append(round == 0 ? body : random.nextInt(100)).append("\",k=\"").append(k)
                                .append("\"} ").append(random.nextInt(1_000_000) / 1000.0).append('\n');
                        samples++;
                    }
                }
                gateway.post(text.toString());
            }
            double perSample = (double) (gateway.journal.bytesWritten() - before) / samples;
            if (round > 0) {
                assertThat(perSample).isLessThan(24);
            }
        }
    }

    @Test
    void shouldBoundWhatItKeepsOnTheDisk() {
        JournalConfig config =
                new JournalConfig(JournalConfig.Sync.INTERVAL, 50, 10_000, 100_000, 40_000, 1000, 60_000, 1000);
        Gateway gateway = new Gateway(storage, config, time);
        for (int i = 0; i < 20_000; i++) {
            gateway.post(i % 2, "# TYPE c counter\nc{i=\"" + i % 50 + "\"} 0.5\n");
            if (i % 100 == 0) {
                gateway.sync();
                Gateway.work(gateway.journal.checkpoints());
                long held = storage.files.values().stream().mapToLong(f -> f.length).sum();
                // two checkpoints, the journal of two rounds, and what is open
                assertThat(held).isLessThan(2 * 3_000 + 2 * 40_000 + 4 * 10_000 + 20_000);
                assertThat(gateway.journal.bytesHeld()).isEqualTo(held);
            }
        }
        assertThat(gateway.journal.checkpointsTaken()).isGreaterThan(3);
        assertThat(start().scrape()).isEqualTo(gateway.scrape());
    }

    @Test
    void shouldAnswerARepeatedKeyAcrossRestartsUntilItIsTooOld() {
        Gateway gateway = first();
        KeyedAnswer answer = new KeyedAnswer("k-1", 7, 8, 202, "done".getBytes(StandardCharsets.UTF_8));
        assertThat(gateway.journal.keys().claim("k-1", 7, 8).state()).isEqualTo(IdempotencyIndex.State.CLAIMED);
        assertThat(gateway.journal.keys().claim("k-1", 7, 8).state()).isEqualTo(IdempotencyIndex.State.IN_FLIGHT);
        assertThat(gateway.push(0, Mode.ADD, "# TYPE c counter\nc 1\n", answer)).isEqualTo(Outcome.APPLIED);
        gateway.journal.keys().done(answer);
        assertThat(gateway.journal.keys().claim("k-1", 7, 9).state()).isEqualTo(IdempotencyIndex.State.OTHER_BODY);

        time.pass(300_000);
        IdempotencyIndex.Claim claim = start().journal.keys().claim("k-1", 7, 8);
        assertThat(claim.state()).isEqualTo(IdempotencyIndex.State.DONE);
        assertThat(claim.answer().status()).isEqualTo(202);
        assertThat(claim.answer().answer()).asString(StandardCharsets.UTF_8).isEqualTo("done");
        gateway.checkpoint();
        assertThat(start().recovered.frames()).isZero();
        assertThat(start().journal.keys().claim("k-1", 7, 8).state()).isEqualTo(IdempotencyIndex.State.DONE);
        time.pass(300_000);
        assertThat(gateway.journal.keys().claim("k-1", 7, 8).state()).isEqualTo(IdempotencyIndex.State.CLAIMED);
        assertThat(start().journal.keys().claim("k-1", 7, 8).state()).isEqualTo(IdempotencyIndex.State.CLAIMED);
    }

    @Test
    void shouldForgetTheOldestKeysBeyondTheirLimit() {
        IdempotencyIndex index = new IdempotencyIndex(160, 1000, time::millis);
        for (int i = 0; i < 10_000; i++) {
            String key = "key " + i;
            assertThat(index.claim(key, i, 0).state()).isEqualTo(IdempotencyIndex.State.CLAIMED);
            index.done(new KeyedAnswer(key, i, 0, 200, new byte[0]));
            assertThat(index.size()).isLessThanOrEqualTo(160);
            assertThat(index.claim(key, i, 0).state()).isEqualTo(IdempotencyIndex.State.DONE);
        }
    }
}
