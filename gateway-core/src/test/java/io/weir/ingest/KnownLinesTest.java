package io.weir.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.parse.LineProtocolParser;
import io.weir.sample.Code;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.store.Selector;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Lines of points that are found by one look-up come to the same as when each of their fields is. */
class KnownLinesTest {
    private static final String ONE = "cpu,h=a u=1,s=2.5 1700000000000000000\n";

    /** A store that line protocol is written to. */
    private static final class Writes {
        final CoreRig core;
        final boolean byField;
        final LineProtocolParser parser;
        PointMapper mapper;

        Writes(boolean byField, Limits limits, PointRules rules) {
            this.core = new CoreRig(limits, AggregationRules.DEFAULTS);
            this.byField = byField;
            this.parser = new LineProtocolParser(core.hash, limits);
            this.mapper = new PointMapper(rules, limits, core.hash);
        }

        /** What was refused. */
        String write(String database, String body) {
            Batch batch = core.ingest.open(Mode.SET);
            try {
                mapper.begin(byField ? new ByField(batch) : batch, database, 1_700_000_000_000_000_000L);
                parser.reset(mapper);
                byte[] bytes = body.getBytes(UTF_8);
                core.ingest.enter();
                try {
                    parser.parse(bytes, 0, bytes.length);
                    parser.finish(bytes, parser.consumed(), bytes.length - parser.consumed());
                } finally {
                    core.ingest.exit();
                }
                RefusedLines refused = core.ingest.commitLines(batch);
                return parser.failures() + (refused == null ? "" : refused.lines().toString());
            } finally {
                core.ingest.close(batch);
            }
        }
    }

    /** Knows no line as a whole. */
    private record ByField(Batch batch) implements PointTarget {
        @Override
        public void mark(int line) {
            batch.mark(line);
        }

        @Override
        public Code known(long rawHash0, long rawHash1, double value) {
            return batch.known(rawHash0, rawHash1, value);
        }

        @Override
        public void begin(byte[] buffer, int nameOffset, int nameLength) {
            batch.begin(buffer, nameOffset, nameLength);
        }

        @Override
        public Code label(byte[] buffer, int nameOffset, int nameLength, int valueOffset, int valueLength, boolean escaped) {
            return batch.label(buffer, nameOffset, nameLength, valueOffset, valueLength, escaped);
        }

        @Override
        public Code endAs(long rawHash0, long rawHash1, double value, PointRules.As as, double[] buckets) {
            return batch.endAs(rawHash0, rawHash1, value, as, buckets);
        }

        @Override
        public void dropString(long rawHash0, long rawHash1) {
            batch.dropString(rawHash0, rawHash1);
        }

        @Override
        public void stamp(long timestampNanos) {
            batch.stamp(timestampNanos);
        }

        @Override
        public void rollback() {
            batch.rollback();
        }

        @Override
        public String detail() {
            return batch.detail();
        }
    }

    @Test
    void shouldComeToTheSameAsByField() {
        Random random = new Random(20261120);
        Limits limits = Limits.DEFAULTS.with(l -> l.series = 40);
        PointRules rules = new PointRules(
                "_",
                "db",
                List.of(new PointRules.Rule(
                        new NamePattern("net"), new NamePattern("bytes"), PointRules.As.COUNTER, null)));
        Writes lines = new Writes(false, limits, rules);
        Writes fields = new Writes(true, limits, rules);
        for (int round = 0; round < 1_500; round++) {
            StringBuilder body = new StringBuilder();
            for (int i = random.nextInt(40); i >= 0; i--) {
                body.append(line(random)).append(random.nextInt(30) == 0 ? "\r\n" : "\n");
            }
            String database = random.nextInt(4) == 0 ? "other" : null;
            assertThat(lines.write(database, body.toString()))
                    .as("round %s", round)
                    .isEqualTo(fields.write(database, body.toString()));
            if (random.nextInt(20) == 0) {
                for (Writes w : List.of(lines, fields)) {
                    w.core.delete(Selector.all());
                }
            }
            if (random.nextInt(30) == 0) {
                for (Writes w : List.of(lines, fields)) {
                    w.core.nanos += 5_000_000_000L;
                    w.core.keeper.doWork();
                }
            }
            assertThat(lines.core.scrape()).as("round %s", round).isEqualTo(fields.core.scrape());
        }
    }

    private static String line(Random random) {
        String line = switch (random.nextInt(3)) {
            case 0 -> "cpu,h=" + random.nextInt(12) + " u=" + random.nextInt(1000) / 8.0 + ",s=" + random.nextInt(9);
            case 1 -> "cpu,h=" + random.nextInt(12) + " u=" + random.nextInt(1000) / 8.0 + ",s=" + random.nextInt(9) + "i";
            default -> "net,h=" + random.nextInt(12) + " bytes=" + (random.nextInt(50) - 1) + "i";
        };
        line += random.nextInt(20) == 0 ? ",note=\"x\"" : "";
        line += random.nextInt(20) == 0 ? "" : " " + (1_700_000_000_000_000_000L + random.nextInt(100));
        return random.nextInt(40) == 0 ? line + " x" : line;
    }

    @Test
    void shouldReviveASeriesThatEndedBehindAKnownLine() {
        Writes writes = new Writes(false, Limits.DEFAULTS, PointRules.DEFAULTS);
        for (int i = 0; i < 4; i++) {
            writes.write(null, ONE);
        }
        writes.core.delete(Selector.all());
        writes.write(null, ONE);
        assertThat(writes.core.scrape()).contains("cpu_u{h=\"a\"} 1", "cpu_s{h=\"a\"} 2.5");
    }

    @Test
    void shouldLetRulesThatChangeHoldForKnownLines() {
        Writes writes = new Writes(false, Limits.DEFAULTS, PointRules.DEFAULTS);
        for (int i = 0; i < 4; i++) {
            writes.write(null, ONE);
        }
        writes.mapper = new PointMapper(new PointRules(".", null, List.of()), Limits.DEFAULTS, writes.core.hash);
        writes.core.ingest.rulesChanged();
        writes.core.delete(Selector.all());
        for (int i = 0; i < 4; i++) {
            writes.write(null, "mem,h=a u=1,s=2.5 1700000000000000000\n" + ONE);
        }
        writes.mapper = new PointMapper(PointRules.DEFAULTS, Limits.DEFAULTS, writes.core.hash);
        writes.core.ingest.rulesChanged();
        writes.core.delete(Selector.all());
        writes.write(null, ONE);
        assertThat(writes.core.scrape()).contains("cpu_u{h=\"a\"} 1").doesNotContain("mem");
    }
}
