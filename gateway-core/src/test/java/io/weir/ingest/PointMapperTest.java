package io.weir.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.ingest.PointRules.As;
import io.weir.parse.LineProtocolParser;
import io.weir.parse.ParseFailure;
import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PointMapperTest {
    private static final long NOW = 1_700_000_000_000_000_000L;

    // each row: a line, the series it becomes with value and time
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "cpu,host=a usage=1.5 7|cpu_usage{host=a} GAUGE 1.5 @7",
        "cpu usage=1i|cpu_usage{} GAUGE 1.0 @1700000000000000000",
        "cpu up=t,down=false 7|cpu_up{} GAUGE 1.0 @7; cpu_down{} GAUGE 0.0 @7",
        "disk.io,mount-point=/,2nd=x bytes/s=1 7|disk_io_bytes_s{_2nd=x, mount_point=/} GAUGE 1.0 @7",
        "2xx 4xx=1 7|_2xx_4xx{} GAUGE 1.0 @7",
        "rule:sum,a:b=c x:y=1 7|rule:sum_x:y{a_b=c} GAUGE 1.0 @7",
        "wärme,größe=groß grad=1 7|w_rme_grad{gr__e=groß} GAUGE 1.0 @7",
        "m \u20ac=1 7|m__{} GAUGE 1.0 @7",
        "m s=\"text\",v=2 7|m_v{} GAUGE 2.0 @7",
        "m v=1 -9223372036854775808|m_v{} GAUGE 1.0 @-9223372036854775807",
    })
    void shouldNameSeriesAfterMeasurementAndField(String line, String expected) {
        Recorder recorder = new Recorder();
        Feed feed = new Feed(PointRules.DEFAULTS, recorder);

        assertThat(feed.read(line, null)).isEmpty();
        assertThat(recorder.take()).isEqualTo(expected);
        assertThat(feed.read(line, null)).isEmpty();
        assertThat(recorder.take()).as("when it is known").isEqualTo(expected);
    }

    // each row: a line, the code it is refused with, the detail
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "m,a.b=1,a-b=2 v=1|DUPLICATE_LABEL|two tags become a_b",
        "m,a_b=1,a\u00e4b=2 v=1|DUPLICATE_LABEL|two tags become a_b",
        "m,__name__=x v=1|DUPLICATE_LABEL|tag __name__ becomes __name__",
        "m,.\\ name_-=x v=1|DUPLICATE_LABEL|tag . name_- becomes __name__",
    })
    void shouldRefuseTagsThatBecomeTheSameLabel(String line, Code code, String detail) {
        Recorder recorder = new Recorder();
        Feed feed = new Feed(PointRules.DEFAULTS, recorder);
        for (int i = 0; i < 2; i++) {
            List<ParseFailure> failures = feed.read(line + "\ngood v=1 7", null);
            assertThat(failures).extracting(ParseFailure::code).containsExactly(code);
            assertThat(failures).extracting(ParseFailure::detail).containsExactly(detail);
            assertThat(recorder.take()).isEqualTo("good_v{} GAUGE 1.0 @7");
        }
    }

    @Test
    void shouldConcatenateWhenThereIsNoSeparator() {
        Recorder recorder = new Recorder();
        new Feed(new PointRules("", null, List.of()), recorder).read("cpu 2nd=1 7", null);
        assertThat(recorder.take()).isEqualTo("cpu2nd{} GAUGE 1.0 @7");
    }

    @Test
    void shouldSanitizeTheSeparator() {
        Recorder recorder = new Recorder();
        new Feed(new PointRules(".\u00b7:", null, List.of()), recorder).read("cpu v=1 7", null);
        assertThat(recorder.take()).isEqualTo("cpu__:v{} GAUGE 1.0 @7");
    }

    @Test
    void shouldLabelSeriesWithTheDatabaseAndTellDatabasesApart() {
        Recorder recorder = new Recorder();
        Feed feed = new Feed(new PointRules("_", "db", List.of()), recorder);
        for (int i = 0; i < 2; i++) {
            feed.read("m,host=a v=1 7", "prod");
            assertThat(recorder.take()).isEqualTo("m_v{db=prod, host=a} GAUGE 1.0 @7");
            feed.read("m,host=a v=1 7", "test");
            assertThat(recorder.take()).isEqualTo("m_v{db=test, host=a} GAUGE 1.0 @7");
            feed.read("m,host=a v=1 7", null);
            assertThat(recorder.take()).isEqualTo("m_v{host=a} GAUGE 1.0 @7");
            feed.read("m,db=own v=1 7", "prod");
            assertThat(recorder.take()).as("the tag wins").isEqualTo("m_v{db=own} GAUGE 1.0 @7");
        }
    }

    @Test
    void shouldIgnoreTheDatabaseWithoutALabelForIt() {
        Recorder recorder = new Recorder();
        Feed feed = new Feed(PointRules.DEFAULTS, recorder);
        feed.read("m v=1 7", "prod");
        feed.read("m v=1 7", "test");
        assertThat(recorder.take()).isEqualTo("m_v{} GAUGE 1.0 @7; m_v{} GAUGE 1.0 @7");
        assertThat(recorder.definitions).isEqualTo(1);
    }

    @Test
    void shouldFollowTheFirstRuleThatMatchesMeasurementAndField() {
        double[] bounds = {0.1, 1};
        PointRules rules = new PointRules("_", null, List.of(
                new PointRules.Rule(new NamePattern("http*"), new NamePattern("took.ms"), As.HISTOGRAM, bounds),
                new PointRules.Rule(new NamePattern("http*"), new NamePattern("*"), As.COUNTER, null),
                new PointRules.Rule(new NamePattern("*"), new NamePattern("took.ms"), As.GAUGE, null)));
        Recorder recorder = new Recorder();
        Feed feed = new Feed(rules, recorder);
        for (int i = 0; i < 2; i++) {
            feed.read("http.in took.ms=5,n=2 7\njob took.ms=9 7", null);
            assertThat(recorder.take())
                    .isEqualTo("http_in_took_ms{} HISTOGRAM[0.1, 1.0] 5.0 @7; http_in_n{} COUNTER 2.0 @7; "
                            + "job_took_ms{} GAUGE 9.0 @7");
        }
    }

    @Test
    void shouldDropStringsAndCountThemOnGoodLinesOnly() {
        Recorder recorder = new Recorder();
        Feed feed = new Feed(PointRules.DEFAULTS, recorder);
        for (int i = 1; i <= 3; i++) {
            feed.read("m s=\"a\",t=\"b\"\nm s=\"a\",v=x\nm s=\"a\" nope\n", null);
            assertThat(recorder.take()).isEmpty();
            assertThat(recorder.strings).isEqualTo(2 * i);
        }
    }

    @Test
    void shouldLeaveNothingOfALineThatTurnsOutBad() {
        Recorder recorder = new Recorder();
        Feed feed = new Feed(PointRules.DEFAULTS, recorder);
        for (int i = 0; i < 2; i++) {
            assertThat(feed.read("m a=1,b=2 7\nm a=3,b=x 7\nm a=5 7", null)).hasSize(1);
            assertThat(recorder.take()).isEqualTo("m_a{} GAUGE 1.0 @7; m_b{} GAUGE 2.0 @7; m_a{} GAUGE 5.0 @7");
        }
    }

    @Test
    void shouldSayWhatTheTargetRefused() {
        Recorder recorder = new Recorder();
        recorder.refused = "m_b";
        List<ParseFailure> failures = new Feed(PointRules.DEFAULTS, recorder).read("m a=1,b=1\nm a=2 7", null);

        assertThat(failures).hasSize(1);
        assertThat(failures.get(0).code()).isEqualTo(Code.TYPE_CONFLICT);
        assertThat(failures.get(0).detail()).isEqualTo("m_b is something else");
        assertThat(recorder.take()).isEqualTo("m_a{} GAUGE 2.0 @7");
    }

    @Test
    void shouldRefuseMoreTagsThanLabelsAreAllowed() {
        StringBuilder most = new StringBuilder("m");
        for (int i = 0; i < Limits.DEFAULTS.labels(); i++) {
            most.append(",t").append(i).append("=v");
        }
        Recorder recorder = new Recorder();
        List<ParseFailure> failures =
                new Feed(PointRules.DEFAULTS, recorder).read(most + " v=1 7\n" + most + ",more=v v=1 7", null);

        assertThat(failures).extracting(ParseFailure::code).containsExactly(Code.TOO_MANY_LABELS);
        assertThat(recorder.staged).hasSize(1);
    }

    private static final class Feed {
        private final KeyHash hash = new KeyHash(0x243f_6a88_85a3L, 0x1319_8a2e_0370L, 0x7344_a409_3822L, 0x299f_31d0_082eL);
        private final LineProtocolParser parser = new LineProtocolParser(hash, Limits.DEFAULTS);
        private final PointMapper mapper;
        private final Recorder recorder;

        Feed(PointRules rules, Recorder recorder) {
            this.mapper = new PointMapper(rules, Limits.DEFAULTS, hash);
            this.recorder = recorder;
        }

        List<ParseFailure> read(String body, String database) {
            mapper.begin(recorder, database, NOW);
            parser.reset(mapper);
            byte[] bytes = body.getBytes(UTF_8);
            parser.finish(bytes, 0, bytes.length);
            return List.copyOf(parser.failures());
        }
    }

    /** Stages as text and remembers opaque keys. */
    private static final class Recorder implements PointTarget {
        private record Hash(long h0, long h1) {}

        final List<String> staged = new ArrayList<>();
        private final Map<Hash, String> known = new HashMap<>();
        String refused;
        long strings;
        long definitions;
        private long markStrings;
        private int mark;
        private String name;
        private Map<String, String> labels;

        @Override
        public void mark(int line) {
            mark = staged.size();
            markStrings = strings;
        }

        @Override
        public Code known(long rawHash0, long rawHash1, double value) {
            String series = known.get(new Hash(rawHash0, rawHash1));
            if (series == null) {
                return Code.UNKNOWN;
            }
            if (series.isEmpty()) {
                strings++;
            } else {
                staged.add(series + value);
            }
            return Code.OK;
        }

        @Override
        public void begin(byte[] buffer, int nameOffset, int nameLength) {
            name = new String(buffer, nameOffset, nameLength, UTF_8);
            labels = new TreeMap<>();
        }

        @Override
        public Code label(
                byte[] buffer, int nameOffset, int nameLength, int valueOffset, int valueLength, boolean escaped) {
            assertThat(escaped).isFalse();
            labels.put(new String(buffer, nameOffset, nameLength, UTF_8),
                    new String(buffer, valueOffset, valueLength, UTF_8));
            return Code.OK;
        }

        @Override
        public Code endAs(long rawHash0, long rawHash1, double value, As as, double[] buckets) {
            if (name.equals(refused)) {
                return Code.TYPE_CONFLICT;
            }
            definitions++;
            String series = name + labels + " " + as + (buckets == null ? "" : Arrays.toString(buckets)) + " ";
            known.put(new Hash(rawHash0, rawHash1), series);
            staged.add(series + value);
            return Code.OK;
        }

        @Override
        public void dropString(long rawHash0, long rawHash1) {
            known.put(new Hash(rawHash0, rawHash1), "");
            strings++;
        }

        @Override
        public void stamp(long timestampNanos) {
            for (int i = mark; i < staged.size(); i++) {
                staged.set(i, staged.get(i) + " @" + timestampNanos);
            }
        }

        @Override
        public void rollback() {
            staged.subList(mark, staged.size()).clear();
            strings = markStrings;
        }

        @Override
        public String detail() {
            return name + " is something else";
        }

        String take() {
            String all = String.join("; ", staged);
            staged.clear();
            return all;
        }
    }
}
