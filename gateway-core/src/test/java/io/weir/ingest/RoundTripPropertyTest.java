package io.weir.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Code;
import io.weir.store.Selector;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.BeforeTry;

/** {@code parse(expose(store(x))) = x}: what a scrape shows can be pushed to another gateway and shows there again. */
class RoundTripPropertyTest {
    /** One gauge with its labels in any order. */
    record Gauge(Map<String, String> labels, double value) {}

    private final CoreRig first = new CoreRig();
    private final CoreRig second = new CoreRig();

    @BeforeTry
    void empty() {
        first.delete(Selector.all());
        second.delete(Selector.all());
    }

    @Property(tries = 200)
    void shouldShowTheSameAfterAScrapeIsPushedElsewhere(
            @ForAll("gauges") List<Gauge> gauges, @ForAll("texts") String help) {
        // a carriage return at the end of a line belongs to the line end
        String body = body(gauges, help.replaceAll("\\r+$", ""));
        assertThat(first.put(body)).as("%s: %s", first.error, body).isEqualTo(Code.OK);
        String shown = first.scrape();

        assertThat(second.put(shown)).as("%s: %s", second.error, shown).isEqualTo(Code.OK);

        assertThat(second.scrape()).isEqualTo(shown);
        for (Gauge gauge : gauges) {
            assertThat(shown).as("every label set is there").contains(sorted(gauge.labels) + " ");
        }
    }

    @Property(tries = 200)
    void shouldKeepEveryLabelValueAsItWasSent(@ForAll("texts") String value) {
        assertThat(first.put("g{l=\"" + escaped(value) + "\",a=\"\"} 1\n")).as(first.error).isEqualTo(Code.OK);
        String expected = value.isEmpty() ? "g 1" : "g{l=\"" + escaped(value) + "\"} 1";
        assertThat(first.scrape()).isEqualTo("# TYPE g untyped\n" + expected + "\n");
    }

    @Example
    void shouldKeepEveryCodePoint() {
        StringBuilder body = new StringBuilder("# TYPE g gauge\n");
        StringBuilder chunk = new StringBuilder();
        int series = 0;
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
                chunk.appendCodePoint(c);
            }
            if (chunk.length() >= 1_000 || c == Character.MAX_CODE_POINT) {
                body.append("g{l=\"").append(escaped(chunk.toString())).append("\"} ").append(++series).append('\n');
                chunk.setLength(0);
            }
        }
        assertThat(first.post(body.toString())).as(first.error).isEqualTo(Code.OK);
        assertThat(first.scrape()).isEqualTo(body.toString());
    }

    @Provide
    Arbitrary<List<Gauge>> gauges() {
        Arbitrary<String> names = Arbitraries.of("a", "B", "_c", "le_", "zone", "quantile");
        Arbitrary<Map<String, String>> labels = Arbitraries.maps(names, texts()).ofMaxSize(4);
        Arbitrary<Double> values = Arbitraries.oneOf(
                Arbitraries.doubles(),
                Arbitraries.longs().map(bits -> Double.longBitsToDouble(bits)),
                Arbitraries.of(0.0, -0.0, 1.0, Double.NaN, Double.POSITIVE_INFINITY, Double.MIN_VALUE, 9007199254740992.0));
        return Combinators.combine(labels, values).as(Gauge::new).list().ofMinSize(1).ofMaxSize(8);
    }

    /** All of Unicode, with what has to be escaped more often than chance would have it. */
    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.oneOf(
                Arbitraries.strings().withChars("\\\"\n{},=# \t\r\u0000é€").ofMaxLength(20),
                Arbitraries.strings().all().ofMaxLength(20).map(RoundTripPropertyTest::wellFormed),
                Arbitraries.integers().between(0x10000, 0x10ffff).list().ofMaxSize(5).map(list -> {
                    StringBuilder text = new StringBuilder();
                    list.forEach(text::appendCodePoint);
                    return text.toString();
                }));
    }

    private static String body(List<Gauge> gauges, String help) {
        StringBuilder body = new StringBuilder("# HELP g ")
                .append(help.replace("\\", "\\\\").replace("\n", "\\n")).append("\n# TYPE g gauge\n");
        for (Gauge gauge : gauges) {
            body.append('g');
            if (!gauge.labels.isEmpty()) {
                body.append('{');
                gauge.labels.forEach((name, value) ->
                        body.append(name).append("=\"").append(escaped(value)).append("\","));
                body.append('}');
            }
            body.append(' ').append(text(gauge.value)).append('\n');
        }
        return body.toString();
    }

    private static String sorted(Map<String, String> labels) {
        Map<String, String> kept = new LinkedHashMap<>();
        labels.entrySet().stream()
                .filter(label -> !label.getValue().isEmpty())
                .sorted(Map.Entry.comparingByKey())
                .forEach(label -> kept.put(label.getKey(), label.getValue()));
        if (kept.isEmpty()) {
            return "g";
        }
        StringBuilder text = new StringBuilder("g{");
        kept.forEach((name, value) ->
                text.append(text.length() == 2 ? "" : ",").append(name).append("=\"").append(escaped(value)).append('"'));
        return text.append('}').toString();
    }

    private static String text(double value) {
        return Double.isInfinite(value) ? (value > 0 ? "+Inf" : "-Inf") : Double.toString(value);
    }

    private static String escaped(String text) {
        return text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    /** Lone surrogates have no UTF-8. */
    private static String wellFormed(String text) {
        return text.replaceAll("[\ud800-\udfff]", "");
    }
}
