package io.weir.parse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.weir.sample.PointSink.FieldKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The decode cases of influxdata/line-protocol. Values of strings are not compared: a sink does not hear them. */
class LineProtocolCorpusTest {
    /** Cases whose verdict differs on purpose, at most five. */
    private static final Map<String, String> DIFFERENT = Map.of(
            "dfa6432a639651d02910c4527badb15c", "a control byte inside a comment is skipped with the comment");

    private record Case(String key, String about, byte[] text, long defaultTime, TimePrecision precision,
            List<RecordedPoints.Point> points) {
        boolean isCurated() {
            return !about.equals("fuzz");
        }
    }

    private static List<Case> cases;

    @BeforeAll
    static void read() throws IOException {
        Path found = null;
        for (Path p = Path.of("").toAbsolutePath(); p != null && found == null; p = p.getParent()) {
            Path candidate = p.resolve("shared/corpora/line-protocol/corpus.json");
            found = Files.exists(candidate) ? candidate : null;
        }
        assumeTrue(found != null, "SKIPPED: no shared/corpora/line-protocol/corpus.json beside the repository");
        cases = new ArrayList<>();
        try (JsonParser json = new JsonFactory().createParser(found.toFile())) {
            Map<?, ?> root = (Map<?, ?>) value(json, json.nextToken());
            for (Map.Entry<?, ?> e : ((Map<?, ?>) root.get("decode")).entrySet()) {
                cases.add(read((String) e.getKey(), (Map<?, ?>) e.getValue()));
            }
        }
    }

    @Test
    void shouldAgreeWithNearlyEveryCuratedCase() {
        List<String> misses = new ArrayList<>();
        int count = 0;
        for (Case c : cases) {
            if (c.isCurated()) {
                count++;
                if (!DIFFERENT.containsKey(c.key) && !agrees(c)) {
                    misses.add(describe(c));
                }
            }
        }
        assertThat(misses).isEmpty();
        assertThat(DIFFERENT).hasSizeLessThanOrEqualTo(5);
        assertThat(cases.stream().filter(c -> c.isCurated() && DIFFERENT.containsKey(c.key)).count())
                .isLessThanOrEqualTo(count / 100);
        assertThat(count).isGreaterThan(100);
    }

    @Test
    void shouldAgreeWithEveryFuzzCase() {
        List<String> misses = new ArrayList<>();
        for (Case c : cases) {
            if (!c.isCurated() && !DIFFERENT.containsKey(c.key) && !agrees(c)) {
                misses.add(describe(c));
            }
        }
        assertThat(misses).isEmpty();
    }

    @Test
    void shouldFindTheSameInPiecesAndWhenItsFieldsAreKnown() {
        Random random = new Random(7);
        for (Case c : cases) {
            LineProtocolFeed feed = new LineProtocolFeed();
            feed.precision = c.precision;
            LineProtocolFeed.Outcome whole = feed.feed(c.text);
            long defined = feed.sink.definitions;
            assertThat(feed.feed(c.text)).as("known: %s", c).isEqualTo(whole);
            assertThat(feed.sink.definitions).as("defined again: %s", c).isEqualTo(defined);
            assertThat(feed.byteByByte(c.text)).as("known, byte by byte: %s", c).isEqualTo(whole);

            LineProtocolFeed cold = new LineProtocolFeed();
            cold.precision = c.precision;
            assertThat(cold.byteByByte(c.text)).as("byte by byte: %s", c).isEqualTo(whole);

            int[] cuts = random.ints(3, 0, c.text.length + 1).sorted().toArray();
            LineProtocolFeed cut = new LineProtocolFeed();
            cut.precision = c.precision;
            assertThat(cut.feed(c.text, cuts)).as("cut at %s: %s", Arrays.toString(cuts), c).isEqualTo(whole);
            assertThat(feed.feed(c.text, cuts)).as("known, cut at %s: %s", Arrays.toString(cuts), c).isEqualTo(whole);
        }
    }

    @Test
    void shouldNameOnlyCasesThatAreThere() {
        assertThat(cases.stream().map(Case::key)).containsAll(DIFFERENT.keySet());
    }

    private static boolean agrees(Case c) {
        LineProtocolFeed feed = new LineProtocolFeed();
        feed.precision = c.precision;
        LineProtocolFeed.Outcome o = feed.feed(c.text);
        if (c.points == null) {
            return o.failed() > 0;
        }
        if (o.failed() > 0) {
            return false;
        }
        List<RecordedPoints.Point> found = new ArrayList<>();
        for (RecordedPoints.Point p : o.points()) {
            long time = p.time() == null ? c.defaultTime - c.defaultTime % c.precision.nanos() : p.time();
            // JSON writes minus zero as 0
            List<RecordedPoints.Value> values = p.values().stream()
                    .map(v -> new RecordedPoints.Value(v.field(), v.value() + 0.0))
                    .toList();
            found.add(new RecordedPoints.Point(values, time));
        }
        return found.equals(c.points);
    }

    private static String describe(Case c) {
        LineProtocolFeed feed = new LineProtocolFeed();
        feed.precision = c.precision;
        return c.key + " " + c.about + " " + Excerpt.of(c.text, 0, c.text.length, 0) + " expected " + c.points + " found "
                + feed.feed(c.text);
    }

    private static Case read(String key, Map<?, ?> c) {
        Map<?, ?> input = (Map<?, ?>) c.get("input");
        Object text = input.get("text");
        byte[] bytes = text instanceof String s
                ? s.getBytes(UTF_8)
                : Base64.getDecoder().decode((String) ((Map<?, ?>) text).get("binary"));
        List<?> result = (List<?>) ((Map<?, ?>) c.get("output")).get("result");
        List<RecordedPoints.Point> points = null;
        if (result != null) {
            points = new ArrayList<>();
            for (Object point : result) {
                points.add(point((Map<?, ?>) point));
            }
        }
        return new Case(key, (String) input.get("implementation"), bytes,
                ((Number) input.get("defaultTime")).longValue(),
                TimePrecision.of(((String) input.get("precision")).substring(1)), points);
    }

    private static RecordedPoints.Point point(Map<?, ?> point) {
        Map<String, String> tags = new TreeMap<>();
        for (Object tag : (List<?>) point.get("tags")) {
            tags.put(text(((Map<?, ?>) tag).get("key")), text(((Map<?, ?>) tag).get("value")));
        }
        List<RecordedPoints.Value> values = new ArrayList<>();
        for (Object f : (List<?>) point.get("fields")) {
            Map<?, ?> field = (Map<?, ?>) f;
            Map.Entry<?, ?> value = ((Map<?, ?>) field.get("value")).entrySet().iterator().next();
            FieldKind kind = switch ((String) value.getKey()) {
                case "float" -> FieldKind.FLOAT;
                case "int" -> FieldKind.INTEGER;
                case "uint" -> FieldKind.UNSIGNED;
                case "bool" -> FieldKind.BOOLEAN;
                default -> FieldKind.STRING;
            };
            double number = value.getValue() instanceof Number n
                    ? n.doubleValue()
                    : Boolean.TRUE.equals(value.getValue()) ? 1 : 0;
            values.add(new RecordedPoints.Value(
                    new RecordedPoints.Field(text(point.get("name")), tags, text(field.get("key")), kind), number));
        }
        return new RecordedPoints.Point(values, ((Number) point.get("time")).longValue());
    }

    private static String text(Object o) {
        return o instanceof String s
                ? s
                : new String(Base64.getDecoder().decode((String) ((Map<?, ?>) o).get("binary")), UTF_8);
    }

    private static Object value(JsonParser json, JsonToken token) throws IOException {
        switch (token) {
            case START_OBJECT -> {
                Map<String, Object> map = new LinkedHashMap<>();
                while (json.nextToken() != JsonToken.END_OBJECT) {
                    String name = json.currentName();
                    map.put(name, value(json, json.nextToken()));
                }
                return map;
            }
            case START_ARRAY -> {
                List<Object> list = new ArrayList<>();
                for (JsonToken t = json.nextToken(); t != JsonToken.END_ARRAY; t = json.nextToken()) {
                    list.add(value(json, t));
                }
                return list;
            }
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
                return json.getNumberValue();
            }
            case VALUE_TRUE, VALUE_FALSE -> {
                return token == JsonToken.VALUE_TRUE;
            }
            default -> {
                return json.getText();
            }
        }
    }
}
