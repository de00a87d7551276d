package io.weir.expose;

import static io.weir.expose.ExpositionGoldenTest.text;
import static io.weir.sample.MetricType.GAUGE;
import static io.weir.sample.MetricType.HISTOGRAM;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.weir.snapshot.HistogramValue;
import io.weir.snapshot.Snapshot;
import io.weir.snapshot.SnapshotBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;

/** What is exposed reads back as what it was, by readers that share no code with the writers. */
class ExpositionPropertyTest {
    @Property
    void shouldReadBackAnyLabelValueAndNumberFromText(
            @ForAll @Size(min = 1, max = 5) List<String> values, @ForAll long bits, @ForAll String help) {
        double number = Double.longBitsToDouble(bits);
        Snapshot snapshot = snapshot(values, number, help);

        List<String> lines = Arrays.asList(text(new TextExposition(snapshot)).split("\n", -1));

        String sent = utf8(help);
        int head = sent.isEmpty() ? 1 : 2;
        if (!sent.isEmpty()) {
            assertThat(lines.get(0)).startsWith("# HELP g ");
            assertThat(plain(lines.get(0).substring("# HELP g ".length()))).isEqualTo(sent);
        }
        assertThat(lines.get(head - 1)).isEqualTo("# TYPE g gauge");
        assertThat(lines).hasSize(head + values.size() + 1);
        assertThat(lines.get(lines.size() - 1)).isEmpty();
        for (int i = 0; i < values.size(); i++) {
            Map<String, String> labels = new TreeMap<>();
            double read = sample(lines.get(head + i), "g", labels);
            assertThat(labels).isEqualTo(Map.of("n", "" + i, "v", utf8(values.get(i))));
            assertThat(Double.doubleToLongBits(read)).isEqualTo(Double.doubleToLongBits(number));
        }
    }

    @Property
    void shouldReadBackAnyLabelValueAndNumberFromJson(
            @ForAll @Size(min = 1, max = 5) List<String> values, @ForAll long bits, @ForAll String help)
            throws IOException {
        double number = Double.longBitsToDouble(bits);

        Map<?, ?> family = (Map<?, ?>) parse(text(new JsonExposition(snapshot(values, number, help)))).get("g");

        String sent = utf8(help);
        assertThat(family.get("help")).isEqualTo(sent.isEmpty() ? null : sent);
        List<?> metrics = (List<?>) family.get("metrics");
        assertThat(metrics).hasSameSizeAs(values);
        for (int i = 0; i < values.size(); i++) {
            Map<?, ?> metric = (Map<?, ?>) metrics.get(i);
            assertThat(metric.get("labels")).isEqualTo(Map.of("n", "" + i, "v", utf8(values.get(i))));
            assertThat(metric.get("value")).isEqualTo(number(number));
        }
    }

    @Property
    void shouldNeverLetALadderFall(
            @ForAll @Size(max = 12) List<@DoubleRange(min = -1e9, max = 1e9) Double> bounds,
            @ForAll @Size(min = 13, max = 13) List<@DoubleRange(min = 0, max = 1e18) Double> counts) {
        double[] b = bounds.stream().mapToDouble(d -> d + 0.0).sorted().distinct().toArray();
        double[] c = counts.stream().mapToDouble(d -> d).limit(b.length + 1).toArray();
        Snapshot snapshot = new SnapshotBuilder()
                .family("h", HISTOGRAM)
                .series(new HistogramValue(b, c, 1), "a", "b")
                .build();

        String[] lines = text(new TextExposition(snapshot)).split("\n");

        double bound = Double.NEGATIVE_INFINITY;
        double count = 0;
        for (int i = 1; i < lines.length - 2; i++) {
            Map<String, String> labels = new TreeMap<>();
            double next = sample(lines[i], "h_bucket", labels);
            double le = number(labels.get("le"));
            assertThat(le).isGreaterThan(bound);
            assertThat(next).isGreaterThanOrEqualTo(count);
            count = next;
            bound = le;
        }
        assertThat(lines).hasSize(1 + b.length + 3);
        assertThat(bound).isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(lines[lines.length - 2]).isEqualTo("h_sum{a=\"b\"} 1");
        assertThat(sample(lines[lines.length - 1], "h_count", new TreeMap<>())).isEqualTo(count);
    }

    private static Snapshot snapshot(List<String> values, double number, String help) {
        SnapshotBuilder builder = new SnapshotBuilder().family("g", GAUGE, help);
        for (int i = 0; i < values.size(); i++) {
            builder.series(number, "v", values.get(i), "n", "" + i);
        }
        return builder.build();
    }

    /** Lone surrogates are not text; they become what UTF-8 makes of them. */
    private static String utf8(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    /** Reads one sample line. */
    private static double sample(String line, String name, Map<String, String> labels) {
        assertThat(line).startsWith(name);
        int i = name.length();
        if (line.charAt(i) == '{') {
            do {
                int equals = line.indexOf('=', i);
                String label = line.substring(i + 1, equals);
                assertThat(line.charAt(equals + 1)).isEqualTo('"');
                i = equals + 2;
                StringBuilder escaped = new StringBuilder();
                while (line.charAt(i) != '"') {
                    if (line.charAt(i) == '\\') {
                        escaped.append(line.charAt(i++));
                    }
                    escaped.append(line.charAt(i++));
                }
                assertThat(labels.put(label, plain(escaped.toString()))).isNull();
                i++;
            } while (line.charAt(i) == ',');
            assertThat(line.charAt(i++)).isEqualTo('}');
        }
        assertThat(line.charAt(i)).isEqualTo(' ');
        return number(line.substring(i + 1));
    }

    private static String plain(String escaped) {
        StringBuilder plain = new StringBuilder();
        for (int i = 0; i < escaped.length(); i++) {
            char c = escaped.charAt(i);
            if (c == '\\') {
                char next = escaped.charAt(++i);
                assertThat(next).isIn('\\', '"', 'n');
                c = next == 'n' ? '\n' : next;
            }
            plain.append(c);
        }
        return plain.toString();
    }

    private static double number(String text) {
        return switch (text) {
            case "+Inf" -> Double.POSITIVE_INFINITY;
            case "-Inf" -> Double.NEGATIVE_INFINITY;
            case "NaN" -> Double.NaN;
            default -> Double.parseDouble(text);
        };
    }

    private static Object number(double number) {
        if (Double.isNaN(number)) {
            return "NaN";
        }
        return Double.isInfinite(number) ? number > 0 ? "+Inf" : "-Inf" : number;
    }

    private static Map<?, ?> parse(String json) throws IOException {
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            parser.nextToken();
            Map<?, ?> map = (Map<?, ?>) value(parser);
            assertThat(parser.nextToken()).isNull();
            return map;
        }
    }

    private static Object value(JsonParser parser) throws IOException {
        JsonToken token = parser.currentToken();
        if (token == JsonToken.START_OBJECT) {
            Map<String, Object> map = new LinkedHashMap<>();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                parser.nextToken();
                assertThat(map.put(name, value(parser))).isNull();
            }
            return map;
        }
        if (token == JsonToken.START_ARRAY) {
            List<Object> list = new ArrayList<>();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                list.add(value(parser));
            }
            return list;
        }
        return token.isNumeric() ? (Object) Double.parseDouble(parser.getText()) : parser.getText();
    }
}
