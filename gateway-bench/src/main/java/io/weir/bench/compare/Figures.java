package io.weir.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What has been measured, kept in a file of tab-separated lines, so that a comparison can be taken up again. One thread. */
final class Figures {
    /**
     * A row of the table.
     *
     * @param workload that measures it
     * @param name of the figure, in the file
     * @param text in the table
     * @param goal of Weir
     */
    record Row(String workload, String name, String text, String goal) {}

    static final List<Row> ROWS = List.of(
            new Row("a", "cpu_us", "a) one sample a request, 64 connections: CPU us/request", "7.0"),
            new Row("a", "rps", "a) requests/s", ""),
            new Row("a-pipe", "cpu_us", "a) 16 pipelined: CPU us/request", "1.3"),
            new Row("a-patch", "cpu_us", "a-patch) `PATCH` a counter: CPU us/request", "6.8"),
            new Row("a-100k", "cpu_us", "a-100k) as a), 100,000 series resident: CPU us/request", "as a), 10 %"),
            new Row("b", "cpu_s_m", "b) 100 samples a request: CPU s per million samples", "0.15"),
            new Row("c-low", "cpu_s_m", "c) line protocol, 400 series: CPU s per million values", "0.05"),
            new Row("c-high", "cold_s_m", "c) 800,000 series, first pass: CPU s per million values", "0.8"),
            new Row("c-high", "cpu_s_m", "c) 800,000 series, warm: CPU s per million values", "0.07"),
            new Row("d", "plain_ns", "d) scrape of 1,000,000 series: CPU ns a series", "90"),
            new Row("d", "plain_ms", "d) the same: wall ms", "90"),
            new Row("d", "first_ms", "d) the same: ms to the first byte", "2"),
            new Row("d", "gzip_ns", "d) gzip, every block new: CPU ns a series", "300"),
            new Row("d", "gzip_few_ns", "d) gzip, 10 series of one family changed: CPU ns a series", "60"),
            new Row("e", "bytes", "e) resident bytes a series at 1,000,000", "200"),
            new Row("f", "p50_us", "f) 2,000 requests/s, open loop: p50 us", "70"),
            new Row("f", "p99_us", "f) the same: p99 us", ""),
            new Row("f", "cpu_us", "f) the same: CPU us/request", "24"),
            new Row("g1k", "cpu_us", "g) 1,000 connections: CPU us/request", "12.5"),
            new Row("g5k", "cpu_us", "g) 5,000 connections: CPU us/request", "14"),
            new Row("h", "ms", "h) start to the first 2xx: ms", "300"),
            new Row("h", "cpu_ms", "h) the same: CPU ms", "450"),
            new Row("h", "rss_mb", "h) resident MB a second later", "80"));

    private final Path file;
    /** Gateway, workload and name; the last of a kind counts. */
    private final Map<String, String> values = new LinkedHashMap<>();
    private final Set<String> notes = new LinkedHashSet<>();
    private final Set<String> done = new TreeSet<>();

    Figures(Path file) throws IOException {
        this.file = file;
        if (Files.exists(file)) {
            Files.readAllLines(file).forEach(line -> take(line.split("\t")));
        }
    }

    private void take(String[] fields) {
        if (fields.length == 5) {
            values.put(key(fields[1], fields[2], fields[3]), fields[4]);
            done.add(fields[1] + '\t' + fields[2]);
        }
    }

    private static String key(String gateway, String workload, String name) {
        return gateway + '\t' + workload + '\t' + name;
    }

    boolean has(String gateway, String workload) {
        return done.contains(gateway + '\t' + workload);
    }

    /** Keeps a figure and prints it. */
    void add(String gateway, String workload, String name, double value) throws IOException {
        add(gateway, workload, name, number(value));
    }

    /** Says beneath the table how a figure came about. */
    void note(String gateway, String workload, String text) throws IOException {
        add(gateway, workload, "note", text);
    }

    private void add(String gateway, String workload, String name, String value) throws IOException {
        String line = String.join("\t", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(), gateway, workload, name, value);
        System.out.println(line);
        Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        take(line.split("\t"));
    }

    private static String number(double value) {
        int decimals = value >= 1_000 ? 0 : value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    /** Markdown: one line a figure, one column a gateway, and what is to be said of single ones. */
    String table(Collection<String> gateways) {
        List<String> shown = new ArrayList<>();
        for (String gateway : gateways) {
            if (values.keySet().stream().anyMatch(key -> key.startsWith(gateway + '\t'))) {
                shown.add(gateway);
            }
        }
        StringBuilder text = new StringBuilder("| workload | goal | ").append(String.join(" | ", shown)).append(" |\n|---|---|");
        text.append("---|".repeat(shown.size())).append('\n');
        for (Row row : ROWS) {
            List<String> cells = new ArrayList<>();
            for (String gateway : shown) {
                cells.add(values.getOrDefault(key(gateway, row.workload(), row.name()), ""));
            }
            if (cells.stream().anyMatch(cell -> !cell.isEmpty())) {
                text.append("| ").append(row.text()).append(" | ").append(row.goal()).append(" | ")
                        .append(String.join(" | ", cells)).append(" |\n");
            }
        }
        values.forEach((key, value) -> {
            if (key.endsWith("\tnote")) {
                String[] fields = key.split("\t");
                notes.add("- " + fields[0] + ", " + fields[1] + ": " + value);
            }
        });
        if (!notes.isEmpty()) {
            text.append('\n').append(String.join("\n", notes)).append('\n');
        }
        return text.toString();
    }
}
