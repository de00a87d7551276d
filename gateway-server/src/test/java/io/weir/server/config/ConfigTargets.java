package io.weir.server.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.fuzz.FuzzTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** What reads options: a YAML file, flags and environment variables. Whatever is wrong is a {@link ConfigException}. */
public final class ConfigTargets {
    private ConfigTargets() {}

    public static List<FuzzTarget> all() throws IOException {
        return List.of(new Yaml(), new Flags());
    }

    private static long outcome(ConfigException refused) {
        String message = refused.getMessage();
        if (message == null || message.isBlank()) {
            throw new AssertionError("refused without a word", refused);
        }
        return message.replaceAll("[0-9]+|\"[^\"]*\"|'[^']*'", "").hashCode();
    }

    private static final class Yaml implements FuzzTarget {
        private final Path file;

        Yaml() throws IOException {
            // in memory where there is such a place
            Path memory = Path.of("/dev/shm");
            file = Files.isWritable(memory) ? Files.createTempFile(memory, "weir", ".yml") : Files.createTempFile("weir", ".yml");
            file.toFile().deleteOnExit();
        }

        @Override
        public String name() {
            return "config-file";
        }

        @Override
        public int weight() {
            return 2;
        }

        @Override
        public List<byte[]> seeds() {
            return List.of(("web:\n  listen-address: [127.0.0.1:9091, \"[::1]:9091\"]\n  enable-lifecycle: true\n"
                    + "series:\n  max: 2000000\n  ttl: 1h\naggregation:\n  gauge: sum\n  rules:\n"
                    + "    - {match: \"queue_*\", gauge: max, ttl: 10m}\n    - {match: x, ttl: off}\n").getBytes(UTF_8),
                    ("influx:\n  database-label: db\n  rules:\n    - {measurement: http, field: requests, as: counter}\n"
                    + "    - {measurement: http, field: \"*_s\", as: histogram, buckets: [0.01, 0.1, 1]}\n"
                    + "limits:\n  body: 32MiB\n  connections: 2000\nlog.format: json\n").getBytes(UTF_8),
                    ("remote-write:\n  - url: https://prometheus.example/api/v1/write\n    username: weir\n"
                    + "    password-file: /run/secrets/p\n  - url: https://mimir.example/push\n    interval: 30s\n"
                    + "    headers: [\"X-Scope-OrgID: team-a\"]\n").getBytes(UTF_8),
                    "a: &x [1, *x]\nb: !!binary aGk=\n? [k]\n: v\n--- \n%YAML 1.2\n".getBytes(UTF_8));
        }

        @Override
        public List<byte[]> words() {
            return bytes("- ", ": ", "{", "}", "[", "]", "&a ", "*a", "!!str ", "|\n", ">-\n", "\"", "'", "#", "\n  ", "? ", "...",
                    "---\n", "\t", "off", "~", "null", "0x10", "1e9", "-1", "9999999999999999999", "1h30m", "\u0000", "\ufeff",
                    "\u2028", "limits.body", "series.max", "storage.path: none\n", "<<: *a");
        }

        @Override
        public long run(byte[] text) throws IOException {
            Files.write(file, text);
            try {
                Config config = ConfigLoader.check(file);
                return config.limits().hashCode() & 0xff;
            } catch (ConfigException refused) {
                return outcome(refused);
            }
        }
    }

    private static final class Flags implements FuzzTarget {
        @Override
        public String name() {
            return "options";
        }

        @Override
        public int weight() {
            return 6;
        }

        @Override
        public List<byte[]> seeds() {
            return bytes("--log.level=warn\n--log.format\njson\n--no-web.enable-lifecycle",
                    "--limits.body=32MiB\n--series.ttl=1h30m\n--web.listen-address=[::1]:9091\n--web.listen-address=:0",
                    "--remote-write.url=https://u:p@example/api?x=y\n--remote-write.headers=X-A: b\nremote",
                    "check\nconfig\nx.yml", "config\nprint", "help\nlimits", "WEIR_LOG_LEVEL=warn\nWEIR_SERIES_MAX=5",
                    "WEIR_WEB_LISTEN_ADDRESS=127.0.0.1:1,[::1]:2\nWEIR_PORT=tcp://1:2\nWEIR_X=1");
        }

        @Override
        public List<byte[]> words() {
            return bytes("--", "=", "\n", "-h", "--help", "no-", "WEIR_", "limits.", "series.max", "web.route-prefix=/a/b", "KiB",
                    "GiB", "ms", "h", "d", "off", "none", "[::", "]:", "65536", "-1", "9223372036854775808", "%00", "\u00e9", "//");
        }

        @Override
        public long run(byte[] text) {
            List<String> lines = Arrays.asList(new String(text, UTF_8).split("\n"));
            try {
                Map<String, String> environment = new java.util.TreeMap<>();
                for (String line : lines) {
                    int equals = line.indexOf('=');
                    if (equals > 0 && !line.startsWith("-") && !line.startsWith("WEIR_CONFIG_FILE")) {
                        environment.put(line.substring(0, equals), line.substring(equals + 1));
                    }
                }
                CommandLine commandLine = CommandLine.parse(
                        lines.stream().filter(line -> !line.startsWith("--config.file")).toList());
                if (commandLine.settings().text(Options.CONFIG_FILE).isEmpty()) {
                    ConfigLoader.load(commandLine, environment);
                }
                return commandLine.command().ordinal();
            } catch (ConfigException refused) {
                return outcome(refused);
            }
        }
    }

    private static List<byte[]> bytes(String... texts) {
        return Arrays.stream(texts).map(text -> text.getBytes(UTF_8)).toList();
    }
}
