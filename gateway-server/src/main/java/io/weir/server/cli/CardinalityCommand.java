package io.weir.server.cli;

import io.weir.server.config.ExitCode;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** {@code weir cardinality}: which families, labels and label values the series come from. */
final class CardinalityCommand implements Command {
    private static final int SHOWN = 10;
    private static final int VALUE_WIDTH = 60;

    @Override
    public String name() {
        return "cardinality";
    }

    @Override
    public String summary() {
        return "Show the families, labels and label values with the most series";
    }

    @Override
    public List<Flag> flags() {
        List<Flag> flags = new ArrayList<>(List.of(Flag.value("--top", "N", "lines of each table (" + SHOWN + ")")));
        flags.addAll(GatewayClient.FLAGS);
        return flags;
    }

    @Override
    public List<String> examples() {
        return List.of("weir cardinality", "weir cardinality --top 50 --url http://127.0.0.1:9091");
    }

    @Override
    public int run(Arguments arguments, Terminal terminal) throws CommandException, IOException, InterruptedException {
        int top = Numbers.whole(this, arguments, "--top", SHOWN);
        GatewayClient gateway = GatewayClient.of(arguments, terminal.environment());
        Map<String, Long> families = new HashMap<>();
        Map<String, Long> pairs = new HashMap<>();
        Map<String, Set<String>> values = new HashMap<>();
        long[] series = {0};
        try (InputStream in = gateway.stream("GET", "/metrics", BodyPublishers.noBody())) {
            SampleLines.read(in, sample -> {
                series[0]++;
                families.merge(sample.family(), 1L, Long::sum);
                for (SampleLines.Label label : sample.labels()) {
                    pairs.merge(label.name() + "=" + shown(label.value()), 1L, Long::sum);
                    values.computeIfAbsent(label.name(), name -> new HashSet<>()).add(label.value());
                }
            });
        }
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%,d series as Prometheus counts them, in %,d families, with %,d labels%n", series[0], families.size(),
                values.size()));
        table(text, "series  family", families, top);
        Map<String, Long> distinct = new HashMap<>();
        values.forEach((label, texts) -> distinct.put(label, (long) texts.size()));
        table(text, "values  label", distinct, top);
        table(text, "series  label and value", pairs, top);
        terminal.out().print(text);
        return ExitCode.OK;
    }

    private static void table(StringBuilder text, String title, Map<String, Long> counts, int top) {
        if (counts.isEmpty()) {
            return;
        }
        text.append("\n        ").append(title).append('\n');
        counts.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .limit(top)
                .forEach(entry -> text.append(String.format(Locale.ROOT, "%,14d  %s%n", entry.getValue(), entry.getKey())));
        if (counts.size() > top) {
            text.append(String.format(Locale.ROOT, "%14s  and %,d more%n", "", counts.size() - top));
        }
    }

    /** What others have pushed must not drive this terminal. */
    private static String shown(String value) {
        String clean = value.replaceAll("\\p{Cntrl}", "?");
        return clean.length() > VALUE_WIDTH ? clean.substring(0, VALUE_WIDTH) + "..." : clean;
    }
}
