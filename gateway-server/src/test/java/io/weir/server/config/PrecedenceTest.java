package io.weir.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.weir.server.remotewrite.RemoteWriteConfig;
import io.weir.server.remotewrite.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrecedenceTest {
    @TempDir
    private Path directory;

    @Test
    void shouldPreferFlagToEnvironmentToFileToDefault() throws Exception {
        Path file = file("series: {max: 1}\nlog: {level: error, format: json}\npush: {timestamps: refuse}\n");
        Config config = load(
                List.of("--config.file=" + file, "--series.max=3"),
                Map.of("WEIR_SERIES_MAX", "2", "WEIR_LOG_LEVEL", "debug"));
        assertThat(config.limits().series()).isEqualTo(3);
        assertThat(config.log()).isEqualTo(new Config.Log(Config.Log.Level.DEBUG, Config.Log.Format.JSON));
        assertThat(config.push().refuseTimestamps()).isTrue();
        assertThat(config.web()).isEqualTo(Config.Web.DEFAULTS);
    }

    @Test
    void shouldTakeTheFileFromTheEnvironment() throws Exception {
        Path file = file("series: {max: 1}\n");
        assertThat(load(List.of(), Map.of("WEIR_CONFIG_FILE", file.toString())).limits().series()).isEqualTo(1);
    }

    @Test
    void shouldReplaceAListAsAWhole() throws Exception {
        Path file = file("web: {listen-address: [':1', ':2']}\n");
        Config config = load(List.of("--config.file=" + file), Map.of("WEIR_WEB_LISTEN_ADDRESS", ":3, :4\n"));
        assertThat(config.web().listenAddresses()).hasToString("[:3, :4]");
    }

    @Test
    void shouldKnowTheSourceSystemsVariables() throws Exception {
        RemoteWriteConfig receiver = load(List.of(), Map.of(
                        "SECRET_PROM_ENDPOINT", "https://h/w", "SECRET_PROM_USER", "u", "SECRET_PROM_TOKEN", "t,\"1"))
                .remoteWrite().get(0);
        assertThat(receiver.url()).hasToString("https://h/w");
        assertThat(receiver.username()).isEqualTo("u");
        assertThat(receiver.password()).isEqualTo(new Secret("t,\"1"));
    }

    @Test
    void shouldPreferAnOptionsOwnVariableToItsAlias() throws Exception {
        Config config = load(List.of(), Map.of(
                "SECRET_PROM_ENDPOINT", "https://old/w", "WEIR_REMOTE_WRITE_URL", "https://new/w"));
        assertThat(config.remoteWrite()).extracting(receiver -> receiver.url().getHost()).containsExactly("new");
    }

    @Test
    void shouldTakeAnEmptyVariableForNone() throws Exception {
        assertThat(load(List.of(), Map.of("WEIR_SERIES_MAX", "", "WEIR_REMOTE_WRITE_URL", ""))).isEqualTo(Config.DEFAULTS);
    }

    @Test
    void shouldKeepCommasInHeadersOfTheEnvironment() throws Exception {
        Config config = load(List.of("--remote-write.url=http://h"), Map.of("WEIR_REMOTE_WRITE_HEADERS", "X-A: 1, 2\nX-B: 3"));
        assertThat(config.remoteWrite().get(0).headers()).containsExactly(
                RemoteWriteConfig.Header.parse("X-A: 1, 2"), RemoteWriteConfig.Header.parse("X-B: 3"));
    }

    @Test
    void shouldRefuseMisspeltVariablesButNotThoseOfOthers() throws Exception {
        ConfigException e = catchThrowableOfType(
                ConfigException.class, () -> load(List.of(), Map.of("WEIR_WEB_LISTEN_ADRESS", ":1")));
        assertThat(e).hasMessage("unknown environment variable \"WEIR_WEB_LISTEN_ADRESS\"; did you mean"
                + " WEIR_WEB_LISTEN_ADDRESS? (weir --help lists the options)");
        assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(load(List.of(), Map.of(
                        "WEIR_SERVICE_HOST", "10.0.0.1", "WEIR_PORT", "tcp://x", "WEIR_PORT_9091_TCP_ADDR", "x",
                        "WEIR_JAVA_OPTS", "-Xmx1g", "WEIR_CMD", "x", "WEIR_HOME", "/opt/weir", "PATH", "/bin")))
                .isEqualTo(Config.DEFAULTS);
    }

    @Test
    void shouldNameTheVariableOfABadValue() {
        ConfigException e = catchThrowableOfType(
                ConfigException.class, () -> load(List.of(), Map.of("WEIR_SERIES_TTL", "soon")));
        assertThat(e.getMessage()).startsWith("WEIR_SERIES_TTL: bad value \"soon\"; expected a duration");
        assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void shouldApplyAFlagToEveryReceiverOfTheFile() throws Exception {
        Path file = file("remote-write: [{url: http://a, interval: 1s}, {url: http://b}]\n");
        Config config = load(List.of("--config.file=" + file, "--remote-write.interval=9s"), Map.of());
        assertThat(config.remoteWrite()).hasSize(2).allMatch(r -> r.interval().equals(Duration.ofSeconds(9)));
    }

    @Test
    void shouldNotSendOneReceiversCredentialsToAUrlFromAFlag() throws Exception {
        Path file = file("remote-write: [{url: http://a, username: u, password: hunter2}]\n");
        Config config = load(List.of("--config.file=" + file, "--remote-write.url=http://b"), Map.of());
        assertThat(config.remoteWrite()).hasSize(1);
        assertThat(config.remoteWrite().get(0).username()).isNull();
        assertThat(config.remoteWrite().get(0).password()).isNull();
    }

    @Test
    void shouldKeepEverythingInMemoryWhenAsked() throws Exception {
        assertThat(load(List.of("--storage.path=none"), Map.of()).storagePath()).isEmpty();
        assertThat(load(List.of("--storage.path=./none"), Map.of()).storagePath()).contains(Path.of("./none"));
    }

    @Test
    void shouldPrintValuesWithTheirOriginAndNoSecret() throws Exception {
        Path file = file("log: {level: warn}\nremote-write:\n  username: u\n  password: hunter2\n");
        String printed = ConfigPrint.render(
                CommandLine.parse(List.of("config", "print", "--config.file=" + file, "--series.ttl=90m")),
                Map.of(
                        "WEIR_REMOTE_WRITE_URL", "https://h/w?token=hunter2",
                        "WEIR_REMOTE_WRITE_HEADERS", "X-Key: hunter2"));
        assertThat(printed)
                .doesNotContain("hunter2")
                .containsPattern("log.level: warn +# " + file + ":1:14\n")
                .containsPattern("series.ttl: 90m +# --series.ttl\n")
                .containsPattern("remote-write.password: \"\\(secret\\)\" +# .*:4:13\n")
                .containsPattern("remote-write.headers: \\[\"X-Key: \\(secret\\)\"\\] +# WEIR_REMOTE_WRITE_HEADERS\n")
                .containsPattern("series.max: 1000000 +# default\n");
    }

    @Test
    void shouldPrintEveryReceiverOfTheFileAndNoSecret() throws Exception {
        Path file = file("remote-write: [{url: http://a, username: u, password: hunter2}, {url: 'http://b/?k=hunter2'}]\n");
        String printed = ConfigPrint.render(CommandLine.parse(List.of("config", "print", "--config.file=" + file)), Map.of());
        assertThat(printed)
                .doesNotContain("hunter2")
                .contains("# receiver url: [\"http://a\"], username: \"u\", password: \"(secret)\"\n")
                .contains("# receiver url: [\"http://b/?(secret)\"]\n");
    }

    @Test
    void shouldPrintAFileThatReadsBackTheSame() throws Exception {
        List<String> flags = List.of(
                "--web.listen-address=[::1]:1", "--web.listen-address=:2", "--limits.body=3MiB", "--series.ttl=1h30m",
                "--storage.path=a \"b\\c", "--aggregation.gauge=min", "--remote-write.url=http://h");
        Path file = file(ConfigPrint.render(CommandLine.parse(flags), Map.of()));
        assertThat(ConfigLoader.check(file)).isEqualTo(load(flags, Map.of()));
    }

    @Test
    void shouldShowNoSecretInConfigOrItsRecords() throws Exception {
        Config config = load(
                List.of("--remote-write.url=http://h", "--remote-write.username=u", "--remote-write.password=hunter2",
                        "--remote-write.headers=X-Key: hunter2"),
                Map.of());
        assertThat(config.toString()).doesNotContain("hunter2");
    }

    private Path file(String yaml) throws IOException {
        return Files.writeString(Files.createTempFile(directory, "weir", ".yml"), yaml);
    }

    private static Config load(List<String> flags, Map<String, String> environment) throws ConfigException {
        return ConfigLoader.load(CommandLine.parse(flags), environment);
    }
}
