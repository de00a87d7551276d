package io.weir.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.config.CommandLine;
import io.weir.server.config.Config;
import io.weir.server.config.ConfigLoader;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Alerts and documents name only metrics that a running gateway has. */
class ContribTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final Pattern OWN_METRIC = Pattern.compile("\\b(?:weir|jvm|process)_[a-z_]+[a-z]\\b");
    private static final Pattern DECLARED = Pattern.compile("# TYPE (\\S+) ");

    @Test
    void shouldNameMetricsThatExist() throws Exception {
        Set<String> there = metrics();
        assertThat(there).contains("weir_series", "weir_sink_lag_seconds");
        for (String file : List.of(
                "contrib/weir.rules.yml", "contrib/test/weir.rules.test.yml", "README.md", "docs/ARCHITECTURE.md")) {
            Set<String> named = OWN_METRIC.matcher(Files.readString(ROOT.resolve(file)))
                    .results()
                    .map(match -> match.group())
                    .collect(Collectors.toCollection(TreeSet::new));
            assertThat(named).as(file).isNotEmpty();
            assertThat(there).as(file).containsAll(named);
        }
    }

    /** Names on the telemetry path of a gateway that also has an output. */
    private static Set<String> metrics() throws Exception {
        Config config = ConfigLoader.load(
                CommandLine.parse(List.of(
                        "--web.listen-address=127.0.0.1:0",
                        "--storage.path=none",
                        "--remote-write.url=http://127.0.0.1:9/write",
                        "--remote-write.interval=1h")),
                Map.of());
        try (Weir weir = Weir.start(config, () -> config)) {
            return DECLARED.matcher(get(weir.addresses().get(0), "/-/metrics"))
                    .results()
                    .map(match -> match.group(1))
                    .collect(Collectors.toSet());
        }
    }

    private static String get(InetSocketAddress address, String path) throws IOException {
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setSoTimeout(10_000);
            String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(UTF_8));
            return new String(socket.getInputStream().readAllBytes(), UTF_8);
        }
    }
}
