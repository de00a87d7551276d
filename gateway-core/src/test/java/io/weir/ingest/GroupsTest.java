package io.weir.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.journal.Replace;
import io.weir.sample.Code;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.snapshot.Snapshot;
import io.weir.store.Selector;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Groups from body to scrape, on one thread: who owns which series, what a push replaces, what a scrape sees. */
class GroupsTest {
    private static final String A = "job=\"a\"";
    private static final String AX = "job=\"a\",x=\"1\"";
    private static final String TIMES_A = "# HELP push_failure_time_seconds Last Unix time when changing this group in the"
            + " Pushgateway failed.\n# TYPE push_failure_time_seconds gauge\npush_failure_time_seconds{instance=\"\",job=\"a\"} 0\n"
            + "# HELP push_time_seconds Last Unix time when changing this group in the Pushgateway succeeded.\n"
            + "# TYPE push_time_seconds gauge\npush_time_seconds{instance=\"\",job=\"a\"} %s\n";

    private final CoreRig rig = new CoreRig();

    private void put(String key, String body) {
        assertThat(rig.group(Mode.SET, Replace.ALL, key, body, 5)).as(rig.error).isEqualTo(Code.OK);
    }

    private String series() {
        StringBuilder lines = new StringBuilder();
        for (String line : rig.scrape().split("\n")) {
            if (!line.isEmpty() && !line.startsWith("#") && !line.startsWith("push_")) {
                lines.append(line).append('\n');
            }
        }
        return lines.toString();
    }

    // ---- labels

    @Test
    void shouldForceTheLabelsOfTheGroupIntoEverySeries() {
        put(A, "# TYPE m counter\nm{job=\"b\",z=\"2\"} 1\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\n"
                + "h_sum 4\nh_count 3\n");

        assertThat(rig.scrape()).isEqualTo("""
                # TYPE h histogram
                h_bucket{instance="",job="a",le="1"} 2
                h_bucket{instance="",job="a",le="+Inf"} 3
                h_sum{instance="",job="a"} 4
                h_count{instance="",job="a"} 3
                # TYPE m counter
                m{instance="",job="a",z="2"} 1
                """ + String.format(Locale.ROOT, TIMES_A, 5));
    }

    @Test
    void shouldKeepTheInstanceThatABodyBringsAndThatOfTheKey() {
        put(A, "m{instance=\"i\"} 1\nn{instance=\"\"} 1\n");
        put("instance=\"k\",job=\"a\"", "o{instance=\"i\"} 1\n");
        put("instance=\"\",job=\"c\"", "p{instance=\"i\"} 1\n");

        assertThat(series()).isEqualTo("m{instance=\"i\",job=\"a\"} 1\nn{instance=\"\",job=\"a\"} 1\n"
                + "o{instance=\"k\",job=\"a\"} 1\np{instance=\"\",job=\"c\"} 1\n");
    }

    @Test
    void shouldRefuseAHistogramWhoseGroupHasALabelLe() {
        assertThat(rig.group(Mode.SET, Replace.ALL, "job=\"a\",le=\"1\"", "# TYPE h histogram\nh_bucket{le=\"1\"} 2\n", 5))
                .isEqualTo(Code.DUPLICATE_LABEL);
        put("job=\"a\",le=\"1\"", "g 1\n");
    }

    // ---- replacing

    @Test
    void shouldEndWhatAPutDoesNotName() {
        put(A, "m 1\nn 2\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_count 3\n");
        put("job=\"b\"", "m 7\n");
        put(A, "n 3\no 4\n");

        assertThat(series()).isEqualTo("m{instance=\"\",job=\"b\"} 7\nn{instance=\"\",job=\"a\"} 3\no{instance=\"\",job=\"a\"} 4\n");
        assertThat(rig.keeper.replaced()).isEqualTo(2);
    }

    @Test
    void shouldEmptyTheGroupByAnEmptyPutAndRemoveItByADelete() {
        put(A, "m 1\n");
        put(A, "");
        assertThat(rig.scrape()).isEqualTo(String.format(Locale.ROOT, TIMES_A, 5));
        rig.group(Mode.SET, Replace.ALL, A, "", 0);
        assertThat(rig.scrape()).isEmpty();
        assertThat(rig.table.groups().size()).isZero();
        assertThat(rig.table.live()).isZero();
    }

    @Test
    void shouldReplaceSameNamedFamiliesOnly() {
        put(A, "m{x=\"1\"} 1\nm{x=\"2\"} 2\nn 3\n");
        rig.group(Mode.SET, Replace.FAMILIES, A, "m{x=\"2\"} 5\nm{x=\"3\"} 6\n", 6);
        assertThat(series()).isEqualTo(
                "m{instance=\"\",job=\"a\",x=\"2\"} 5\nm{instance=\"\",job=\"a\",x=\"3\"} 6\nn{instance=\"\",job=\"a\"} 3\n");
        put(A, "n 9\n");
        assertThat(series()).isEqualTo("n{instance=\"\",job=\"a\"} 9\n");
    }

    @Test
    void shouldAddToAGroup() {
        for (int i = 1; i <= 3; i++) {
            assertThat(rig.group(Mode.ADD, Replace.NOTHING, A, "# TYPE c counter\nc 2\n# TYPE g" + i + " gauge\ng" + i + " 1\n", i))
                    .isEqualTo(Code.OK);
        }
        assertThat(series()).isEqualTo(
                "c{instance=\"\",job=\"a\"} 6\ng1{instance=\"\",job=\"a\"} 1\ng2{instance=\"\",job=\"a\"} 1\n"
                        + "g3{instance=\"\",job=\"a\"} 1\n");
        put(A, "g2 5\n");
        assertThat(series()).isEqualTo("g2{instance=\"\",job=\"a\"} 5\n");
    }

    @Test
    void shouldReviveWhatItEnded() {
        for (int i = 0; i < 5; i++) {
            put(A, "m " + i + "\n");
            put(A, "n " + i + "\n");
        }
        assertThat(series()).isEqualTo("n{instance=\"\",job=\"a\"} 4\n");
    }

    @Test
    void shouldApplyPushesOfOneTurnInTheirOrder() {
        rig.submitGroup(rig.ingest, Mode.SET, Replace.ALL, A, "m 1\nn 1\n", 1);
        rig.submitGroup(rig.ingest, Mode.SET, Replace.ALL, A, "", 0);
        rig.submitGroup(rig.ingest, Mode.SET, Replace.ALL, A, "m 2\n", 2);
        rig.submitGroup(rig.ingest, Mode.ADD, Replace.NOTHING, A, "m 3\no 1\n", 3);
        rig.ingest.flush();
        assertThat(series()).isEqualTo("m{instance=\"\",job=\"a\"} 5\no{instance=\"\",job=\"a\"} 1\n");
        put(A, "");
        assertThat(series()).isEmpty();
    }

    // ---- consistency

    @Test
    void shouldTellGroupsApartWhoseKeysExtendEachOther() {
        put(A, "m{x=\"1\"} 1\nn{x=\"1\"} 1\n");
        put(AX, "o 1\n");
        put(AX, "p 1\n");

        assertThat(series()).isEqualTo(
                "m{instance=\"\",job=\"a\",x=\"1\"} 1\nn{instance=\"\",job=\"a\",x=\"1\"} 1\np{instance=\"\",job=\"a\",x=\"1\"} 1\n");
        put(A, "");
        assertThat(series()).isEqualTo("p{instance=\"\",job=\"a\",x=\"1\"} 1\n");
    }

    @Test
    void shouldRefuseASeriesThatAnotherGroupOwns() {
        put(A, "m{x=\"1\"} 1\n");
        assertThat(rig.group(Mode.SET, Replace.ALL, AX, "n 1\nm 2\n", 5)).isEqualTo(Code.OTHER_OWNER);
        assertThat(rig.error).isEqualTo("a series of m with these labels was pushed to {job=\"a\"}");
        assertThat(series()).isEqualTo("m{instance=\"\",job=\"a\",x=\"1\"} 1\n");

        put(A, "");
        put(AX, "m 2\n");
        assertThat(series()).isEqualTo("m{instance=\"\",job=\"a\",x=\"1\"} 2\n");
    }

    @Test
    void shouldRefuseASeriesThatIsThereWithoutAGroupAndLetItBeAddedTo() {
        rig.post("m{instance=\"i\",job=\"a\"} 1\n");
        assertThat(rig.group(Mode.SET, Replace.ALL, A, "m{instance=\"i\"} 1\n", 5)).isEqualTo(Code.OTHER_OWNER);
        assertThat(rig.error).isEqualTo("a series of m with these labels was pushed without a group");

        put(A, "n{instance=\"i\"} 1\n");
        rig.post("n{instance=\"i\",job=\"a\"} 5\n");
        assertThat(series()).isEqualTo("m{instance=\"i\",job=\"a\"} 1\nn{instance=\"i\",job=\"a\"} 6\n");
        put(A, "");
        assertThat(series()).isEqualTo("m{instance=\"i\",job=\"a\"} 1\n");
        rig.post("n{instance=\"i\",job=\"a\"} 5\n");
        put(A, "");
        assertThat(series()).as("no longer the group's").contains("n{instance=\"i\",job=\"a\"} 5\n");
    }

    @Test
    void shouldLeaveNothingBehindWhenItRefuses() {
        put("job=\"b\"", "# TYPE c counter\nc 1\n");
        String before = rig.scrape();
        assertThat(rig.group(Mode.SET, Replace.ALL, A, "new 1\n# TYPE c gauge\nc 1\n", 5)).isEqualTo(Code.TYPE_CONFLICT);
        assertThat(rig.group(Mode.SET, Replace.ALL, A, "new 1\nx 1\nx 1\n", 5)).isEqualTo(Code.SERIES_TWICE);
        assertThat(rig.group(Mode.SET, Replace.ALL, A, "new 1\nx{job=\"c\"} 1\nx 1\n", 5)).isEqualTo(Code.SERIES_TWICE);
        assertThat(rig.scrape()).isEqualTo(before);
        assertThat(rig.table.groups().size()).isEqualTo(1);

        put("job=\"a\",new=\"\"", "other 1\n");
        put(AX, "new 1\n");
    }

    @Test
    void shouldNotListenToWhatABodySaysOfTheTimesOfItsGroup() {
        put(A, "# HELP push_time_seconds x\n# TYPE push_time_seconds counter\npush_time_seconds 1\n"
                + "push_failure_time_seconds{a=\"b\"} 7\nm 1\n");
        assertThat(rig.scrape()).endsWith(String.format(Locale.ROOT, TIMES_A, 5)).doesNotContain("a=\"b\"");
        assertThat(rig.post("# TYPE push_time_seconds counter\npush_time_seconds 1\n")).isEqualTo(Code.TYPE_CONFLICT);
        assertThat(new CoreRig().post("# TYPE push_failure_time_seconds counter\n")).isEqualTo(Code.TYPE_CONFLICT);
    }

    @Test
    void shouldTellReceiversWhatWasReplacedAndIsNotBack() {
        rig.keeper.recordEnds(() -> 0);
        rig.snapshot();
        put(A, "m 1\nn 1\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\n");
        put(A, "n 1\n");
        put(A, "o 1\n");
        put(A, "n 1\n");
        AtomicReference<Snapshot> taken = new AtomicReference<>();
        rig.commands.snapshot(0, taken::set);
        rig.keeper.doWork();
        assertThat(taken.get().ended())
                .extracting(e -> new String(e.family(), java.nio.charset.StandardCharsets.UTF_8))
                .containsExactlyInAnyOrder("m", "h", "o");
        assertThat(taken.get().ended()).filteredOn(e -> e.last() != null).hasSize(1);
    }

    // ---- types

    @Test
    void shouldGiveAFamilyAnotherTypeWhenTheGroupOwnsAllOfIt() {
        put(A, "# TYPE m counter\nm 1\nm{x=\"1\"} 1\n");
        put(A, "# TYPE m gauge\nm 2\n");
        assertThat(rig.scrape()).contains("# TYPE m gauge\nm{instance=\"\",job=\"a\"} 2\n#");
        rig.group(Mode.SET, Replace.FAMILIES, A, "# TYPE m histogram\nm_bucket{le=\"+Inf\"} 3\n", 5);
        assertThat(rig.scrape()).contains("# TYPE m histogram\n", "m_count{instance=\"\",job=\"a\"} 3\n").doesNotContain("} 2\n");
        put(A, "# TYPE m summary\nm_sum 3\nm_count 1\n");
        put(A, "# TYPE m counter\nm 4\n");
        assertThat(rig.scrape()).contains("# TYPE m counter\nm{instance=\"\",job=\"a\"} 4\n#");
        assertThat(rig.table.live()).isEqualTo(3);
    }

    @Test
    void shouldKeepTheTypeWhenOthersHaveItOrTheBatchIsRefused() {
        put(A, "# TYPE m counter\nm 1\n");
        put("job=\"b\"", "# TYPE m counter\nm 1\n");
        assertThat(rig.group(Mode.SET, Replace.ALL, A, "# TYPE m gauge\nm 2\n", 5)).isEqualTo(Code.TYPE_CONFLICT);
        rig.group(Mode.SET, Replace.ALL, "job=\"b\"", "", 0);
        assertThat(rig.group(Mode.SET, Replace.ALL, A, "# TYPE m gauge\nm 2\nn 1\nn 1\n", 5)).isEqualTo(Code.SERIES_TWICE);
        assertThat(rig.group(Mode.ADD, Replace.NOTHING, A, "# TYPE m gauge\nm 2\n", 5)).isEqualTo(Code.TYPE_CONFLICT);
        assertThat(rig.post("# TYPE m counter\nm{z=\"1\"} 1\n")).isEqualTo(Code.OK);
        assertThat(rig.group(Mode.SET, Replace.ALL, A, "# TYPE m gauge\nm 2\n", 5)).isEqualTo(Code.TYPE_CONFLICT);
        assertThat(rig.scrape()).contains("# TYPE m counter\nm{instance=\"\",job=\"a\"} 1\nm{z=\"1\"} 1\n");
    }

    @Test
    void shouldChangeTypesBackAndForthInOneTurn() {
        for (int i = 0; i < 5; i++) {
            rig.submitGroup(rig.ingest, Mode.SET, Replace.ALL, A, "# TYPE m counter\nm " + i + "\n", 5);
            assertThat(rig.submitGroup(rig.ingest, Mode.SET, Replace.ALL, A, "# TYPE m gauge\nm " + i + "\n", 5))
                    .isEqualTo(Code.OK);
        }
        rig.ingest.flush();
        assertThat(rig.scrape()).contains("# TYPE m gauge\nm{instance=\"\",job=\"a\"} 4\n#");
    }

    // ---- ends from elsewhere

    @Test
    void shouldForgetAGroupWhoseSeriesWereDeleted() {
        put(A, "");
        rig.delete(Selector.all());
        put(A, "");
        assertThat(rig.scrape()).as("with HELP again").isEqualTo(String.format(Locale.ROOT, TIMES_A, 5));
        put(A, "m 1\nn 1\n");
        put(AX, "m 1\n");
        rig.delete(new Selector("m".getBytes(java.nio.charset.StandardCharsets.UTF_8), List.of()));
        assertThat(series()).isEqualTo("n{instance=\"\",job=\"a\"} 1\n");
        rig.delete(Selector.all());
        assertThat(rig.scrape()).isEmpty();
        assertThat(rig.table.groups().size()).isZero();
        put(A, "m 2\n");
        assertThat(series()).isEqualTo("m{instance=\"\",job=\"a\"} 2\n");
    }

    // ---- against the obvious way

    @Test
    void shouldBeAMapOfMaps() {
        long seed = Long.getLong("weir.fuzz.seed", System.nanoTime());
        Random random = new Random(seed);
        Ingest other = rig.newIngest();
        TreeMap<String, TreeMap<String, Integer>> groups = new TreeMap<>();
        for (int round = 0; round < 3_000; round++) {
            String job = "g" + random.nextInt(4);
            String key = "job=\"" + job + "\"";
            TreeMap<String, Integer> group = groups.computeIfAbsent(job, k -> new TreeMap<>());
            StringBuilder body = new StringBuilder();
            TreeMap<String, Integer> pushed = new TreeMap<>();
            for (int i = random.nextInt(5); i > 0; i--) {
                String name = "m" + random.nextInt(4);
                String labels = random.nextBoolean() ? "" : ",x=\"" + random.nextInt(3) + "\"";
                pushed.put(name + "{instance=\"\",job=\"" + job + "\"" + labels + "}", random.nextInt(100));
            }
            pushed.forEach((series, value) -> body.append(series).append(' ').append(value).append('\n'));
            Ingest loop = random.nextBoolean() ? rig.ingest : other;
            Code code;
            switch (random.nextInt(5)) {
                case 0, 1 -> {
                    code = rig.group(loop, Mode.SET, Replace.ALL, key, body.toString(), 5);
                    group.clear();
                    group.putAll(pushed);
                }
                case 2 -> {
                    code = rig.group(loop, Mode.SET, Replace.FAMILIES, key, body.toString(), 5);
                    for (String series : pushed.keySet()) {
                        String name = series.substring(0, series.indexOf('{') + 1);
                        group.keySet().removeIf(s -> s.startsWith(name));
                    }
                    group.putAll(pushed);
                }
                case 3 -> {
                    code = rig.group(loop, Mode.ADD, Replace.NOTHING, key, body.toString(), 5);
                    pushed.forEach((series, value) -> group.merge(series, value, Integer::sum));
                }
                default -> {
                    code = Code.OK;
                    rig.nanos += 1_000_000_000L;
                    if (random.nextInt(4) == 0) {
                        rig.delete(new Selector("m1".getBytes(java.nio.charset.StandardCharsets.UTF_8), List.of()));
                        groups.values().forEach(g -> g.keySet().removeIf(s -> s.startsWith("m1{")));
                    } else {
                        rig.group(loop, Mode.SET, Replace.ALL, key, "", 0);
                        group.clear();
                    }
                }
            }
            assertThat(code).as("seed %d, %s", seed, rig.error).isEqualTo(Code.OK);
            if (round % 10 == 0) {
                TreeMap<String, Integer> all = new TreeMap<>();
                groups.values().forEach(all::putAll);
                TreeMap<String, Integer> seen = new TreeMap<>();
                series().lines().forEach(l -> seen.put(l.substring(0, l.indexOf(' ')), Integer.valueOf(l.substring(l.indexOf(' ') + 1))));
                assertThat(seen).as("seed %d, round %d", seed, round).isEqualTo(all);
            }
        }
    }

    @Test
    void shouldRefuseMoreSeriesThanThereMayBe() {
        CoreRig small = new CoreRig(Limits.DEFAULTS.with(l -> l.series = 3), AggregationRules.DEFAULTS);
        assertThat(small.group(Mode.SET, Replace.ALL, A, "m 1\n", 5)).isEqualTo(Code.OK);
        assertThat(small.group(Mode.SET, Replace.ALL, A, "m 1\nn 1\n", 6)).isEqualTo(Code.SERIES_LIMIT);
        assertThat(small.scrape()).contains("m{instance=\"\",job=\"a\"} 1\n").doesNotContain("n{");
    }
}
