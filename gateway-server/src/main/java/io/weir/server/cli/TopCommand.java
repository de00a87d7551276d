package io.weir.server.cli;

import io.weir.server.config.ExitCode;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** {@code weir top}: rates and counts of a running gateway, drawn anew until it is interrupted. */
final class TopCommand implements Command {
    private static final int SECONDS = 2;
    private static final int FAMILIES_SHOWN = 10;
    /** Above this the series are not read at every look. */
    private static final long SERIES_READ_MAX = 100_000;
    private static final String CLEAR = "\u001b[H\u001b[2J";

    /** One look. */
    private record Look(long nanos, Map<String, Double> own, Map<String, Double> counters, Map<String, Long> series) {
        double value(String name) {
            return own.getOrDefault(name, 0.0);
        }
    }

    @Override
    public String name() {
        return "top";
    }

    @Override
    public String summary() {
        return "Show rates and series of a running gateway, until Ctrl-C";
    }

    @Override
    public List<Flag> flags() {
        List<Flag> flags = new ArrayList<>(List.of(
                Flag.value("--interval", "SECONDS", "between two looks (" + SECONDS + ")"),
                Flag.value("--count", "N", "end after so many pictures")));
        flags.addAll(GatewayClient.FLAGS);
        return flags;
    }

    @Override
    public List<String> examples() {
        return List.of("weir top", "weir top --interval 10 --count 1    # one picture of ten seconds, for a report");
    }

    @Override
    public int run(Arguments arguments, Terminal terminal) throws CommandException, IOException, InterruptedException {
        int seconds = Numbers.whole(this, arguments, "--interval", SECONDS);
        int count = Numbers.whole(this, arguments, "--count", 999_999_999);
        GatewayClient gateway = GatewayClient.of(arguments, terminal.environment());
        boolean clear = System.console() != null && !arguments.has("--count");
        CountDownLatch never = new CountDownLatch(1);
        Look before = look(gateway);
        for (int i = 0; i < count; i++) {
            never.await(seconds, TimeUnit.SECONDS);
            Look now = look(gateway);
            terminal.out().print((clear ? CLEAR : "") + picture(gateway.url(), before, now));
            terminal.out().flush();
            before = now;
        }
        return ExitCode.OK;
    }

    private static Look look(GatewayClient gateway) throws CommandException, IOException, InterruptedException {
        Map<String, Double> own = new TreeMap<>();
        long nanos = System.nanoTime();
        try (InputStream in = gateway.stream("GET", "/-/metrics", BodyPublishers.noBody())) {
            SampleLines.read(in, sample -> {
                own.merge(sample.name(), sample.value(), Double::sum);
                switch (sample.name()) {
                    case "weir_http_requests_total" -> own.merge(
                            "request " + sample.label("handler") + " " + sample.label("code"), sample.value(), Double::sum);
                    case "weir_ingest_samples_total" -> own.merge(
                            "samples " + sample.label("protocol"), sample.value(), Double::sum);
                    default -> {}
                }
            });
        }
        Map<String, Double> counters = new HashMap<>();
        Map<String, Long> series = new HashMap<>();
        if (own.getOrDefault("weir_series", 0.0) <= SERIES_READ_MAX) {
            try (InputStream in = gateway.stream("GET", "/metrics", BodyPublishers.noBody())) {
                SampleLines.read(in, sample -> {
                    series.merge(sample.family(), 1L, Long::sum);
                    if (sample.type().equals("counter") || sample.name().endsWith("_count")) {
                        counters.merge(sample.family(), sample.value(), Double::sum);
                    }
                });
            }
        }
        return new Look(nanos, own, counters, series);
    }

    private static String picture(String url, Look before, Look now) {
        double seconds = (now.nanos - before.nanos) / 1e9;
        StringBuilder text = new StringBuilder();
        double started = now.value("process_start_time_seconds");
        long up = started == 0 ? 0 : (long) (System.currentTimeMillis() / 1e3 - started);
        text.append(String.format(Locale.ROOT, "%s   up %s%n", url, up(up)));
        text.append(String.format(
                Locale.ROOT,
                "series %,.0f of %,.0f   families %,.0f   connections %,.0f%n",
                now.value("weir_series"), now.value("weir_series_limit"), now.value("weir_families"),
                now.value("weir_connections")));
        text.append(String.format(Locale.ROOT, "%n%-28s %14s %16s%n", "", "per second", "total"));
        rate(text, "samples", "weir_ingest_samples_total", before, now, seconds);
        for (String name : now.own.keySet()) {
            if (name.startsWith("samples ") && now.value(name) > 0) {
                rate(text, "  " + name.substring(8), name, before, now, seconds);
            }
        }
        rate(text, "requests", "weir_http_requests_total", before, now, seconds);
        for (String name : now.own.keySet()) {
            if (name.startsWith("request ") && now.value(name) > 0) {
                rate(text, "  " + name.substring(8), name, before, now, seconds);
            }
        }
        rate(text, "refused before a door", "weir_http_rejected_total", before, now, seconds);
        rate(text, "refused by a door", "weir_ingest_rejected_total", before, now, seconds);
        rate(text, "not let in", "weir_auth_denied_total", before, now, seconds);
        fastest(text, before, now, seconds);
        return text.append('\n').toString();
    }

    private static void fastest(StringBuilder text, Look before, Look now, double seconds) {
        Map<String, Double> rates = new HashMap<>();
        now.counters.forEach((family, value) -> {
            double rate = (value - before.counters.getOrDefault(family, 0.0)) / seconds;
            if (rate > 0) {
                rates.put(family, rate);
            }
        });
        if (rates.isEmpty()) {
            return;
        }
        text.append(String.format(Locale.ROOT, "%n%-28s %14s %16s%n", "fastest counters", "per second", "series"));
        rates.entrySet().stream()
                .sorted(Map.Entry.<String, Double>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .limit(FAMILIES_SHOWN)
                .forEach(entry -> text.append(String.format(
                Locale.ROOT,
                        "%-28s %,14.1f %,16d%n", entry.getKey(), entry.getValue(), now.series.get(entry.getKey()))));
    }

    private static void rate(StringBuilder text, String title, String name, Look before, Look now, double seconds) {
        double rate = Math.max(0, now.value(name) - before.value(name)) / seconds;
        text.append(String.format(Locale.ROOT, "%-28s %,14.1f %,16.0f%n", title, rate, now.value(name)));
    }

    private static String up(long seconds) {
        Duration up = Duration.ofSeconds(seconds);
        return up.toDays() > 0
                ? up.toDays() + "d" + up.toHoursPart() + "h"
                : up.toHours() > 0
                        ? up.toHours() + "h" + up.toMinutesPart() + "m"
                        : up.toMinutes() + "m" + up.toSecondsPart() + "s";
    }
}
