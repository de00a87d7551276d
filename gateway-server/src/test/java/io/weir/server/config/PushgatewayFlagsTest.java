package io.weir.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Command lines of Pushgateway start Weir. */
class PushgatewayFlagsTest {
    private static Config load(String... flags) throws ConfigException {
        return ConfigLoader.load(CommandLine.parse(Arrays.asList(flags)), Map.of());
    }

    @Test
    void shouldTakeEveryFlagThatPushgatewayHas() throws ConfigException {
        Config config = load("--web.config.file=", "--web.listen-address=:9091", "--web.listen-address=127.0.0.1:9092",
                "--web.telemetry-path=/metrics", "--web.external-url=https://push.example.org/gw/", "--web.enable-lifecycle",
                "--web.enable-admin-api", "--no-web.systemd-socket", "--persistence.file=/var/lib/prometheus/pushgateway.data",
                "--persistence.interval=10m", "--push.disable-consistency-check", "--push.enable-utf8-names",
                "--log.level=warn", "--log.format=json");
        assertThat(config.storagePath()).contains(Path.of("/var/lib/prometheus/pushgateway.data.weir"));
        assertThat(config.web().routePrefix()).isEqualTo("/gw");
        assertThat(config.web().telemetryPath()).isEqualTo("/-/metrics");
        assertThat(config.web().enableLifecycle()).isTrue();
        assertThat(config.web().enableAdminApi()).isTrue();
        assertThat(config.web().listenAddresses()).hasSize(2);
        assertThat(config.notes()).containsExactlyInAnyOrder(
                "--persistence.file: the data directory is /var/lib/prometheus/pushgateway.data.weir, as by --storage.path;"
                        + " /var/lib/prometheus/pushgateway.data is neither read nor written",
                "--persistence.interval: has no effect: every push is in the journal before its answer",
                "--push.disable-consistency-check: has no effect: pushes are checked, at the cost of what they hold and not of"
                        + " the store",
                "--push.enable-utf8-names: has no effect: which names are good does not depend on a flag",
                "--web.telemetry-path: /metrics shows what is pushed; the gateway's own metrics are on /-/metrics");
    }

    @Test
    void shouldLetItsOwnOptionsWin() throws ConfigException {
        Config config = load("--storage.path=/data", "--persistence.file=x", "--web.external-url=http://h/a", "--web.route-prefix=/");
        assertThat(config.storagePath()).contains(Path.of("/data"));
        assertThat(config.web().routePrefix()).isEmpty();
        assertThat(config.notes()).containsExactly("--persistence.file: has no effect beside --storage.path");
        assertThat(load("--web.external-url=http://h").web().routePrefix()).isEmpty();
    }

    @Test
    void shouldKeepNothingWhenTheFileIsEmpty() throws ConfigException {
        Config config = load("--persistence.file=");
        assertThat(config.storagePath()).isEmpty();
        assertThat(config.notes()).hasSize(1);
    }

    @Test
    void shouldRefuseInOneLineWhatItCannotDo() {
        assertThatThrownBy(() -> load("--web.systemd-socket"))
                .isInstanceOf(ConfigException.class)
                .hasMessage("--web.systemd-socket: sockets of systemd are not taken over; leave it out and say where to listen by"
                        + " --web.listen-address");
        assertThatThrownBy(() -> load("--web.external-url=http://h/%7Bx"))
                .hasMessageStartingWith("--web.external-url: its path cannot be a route prefix");
    }
}
