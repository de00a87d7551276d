package io.weir.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.weir.ingest.AggregationRules;
import io.weir.ingest.NamePattern;
import io.weir.ingest.PointRules;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.GaugePolicy;
import io.weir.server.remotewrite.Protocol;
import io.weir.server.remotewrite.RemoteWriteConfig;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigFileTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {
        "remote-write: {url: 'http://h/w', interval: 5s}",
        "remote-write:\n  url: http://h/w\n  interval: 5s\n",
        "remote-write.url: http://h/w\nremote-write.interval: 5s",
        "remote-write.url: [http://h/w]\nremote-write: {interval: 5s}",
        "remote-write: [{url: http://h/w, interval: 5s}]",
        "\uFEFFremote-write: {\"url\": \"http://h/w\", \"interval\": \"5s\"}",
        "remote-write: {url: &u http://h/w, interval: 5s}\ninflux: {rules: [{field: *u, as: gauge}]}",
    })
    void shouldReadNestedAndDottedKeys(String yaml) throws Exception {
        RemoteWriteConfig receiver = check(yaml).remoteWrite().get(0);
        assertThat(receiver.url()).isEqualTo(URI.create("http://h/w"));
        assertThat(receiver.interval()).isEqualTo(Duration.ofSeconds(5));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '~', value = {
        "remote-write: {url: 'http://h/w'} ~ AUTO",
        "remote-write: {url: 'http://h/w', protocol: auto} ~ AUTO",
        "remote-write: [{url: 'http://h/w', protocol: 1.0}] ~ V1",
        "remote-write: {url: 'http://h/w', protocol: '2.0'} ~ V2",
        "{remote-write.url: 'http://h/w', remote-write.protocol: 2.0} ~ V2",
    })
    void shouldReadTheProtocolOfAReceiver(String yaml, Protocol protocol) throws Exception {
        assertThat(check(yaml).remoteWrite().get(0).protocol()).isEqualTo(protocol);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", "# nothing\n", "---\n", "null", "web:\n", "web: {}\n"})
    void shouldTakeTheDefaultsFromAFileThatSaysNothing(String yaml) throws Exception {
        assertThat(check(yaml)).isEqualTo(Config.DEFAULTS);
    }

    @Test
    void shouldReadAggregationRules() throws Exception {
        Config config = check("""
                aggregation:
                  gauge: last
                  rules:
                    - {match: 'queue_*', gauge: max, ttl: 10m}
                    - {match: x, ttl: off}
                """);
        assertThat(config.aggregation())
                .isEqualTo(new AggregationRules(GaugePolicy.LAST, FamilyPolicy.FOREVER, List.of(
                        new AggregationRules.Rule(new NamePattern("queue_*"), GaugePolicy.MAX, 600_000L),
                        new AggregationRules.Rule(new NamePattern("x"), null, FamilyPolicy.FOREVER))));
    }

    @Test
    void shouldReadInfluxRules() throws Exception {
        PointRules rules = check("""
                influx:
                  separator: ":"
                  rules:
                    - {measurement: http, field: requests, as: counter}
                    - {field: "*_s", as: histogram, buckets: [-1, 0.5, 1e3]}
                """).influx();
        assertThat(rules.separator()).isEqualTo(":");
        assertThat(rules.rules().get(0)).isEqualTo(
                new PointRules.Rule(new NamePattern("http"), new NamePattern("requests"), PointRules.As.COUNTER, null));
        assertThat(rules.rules().get(1).measurement()).isEqualTo(new NamePattern("*"));
        assertThat(rules.rules().get(1).buckets()).containsExactly(-1, 0.5, 1000);
    }

    @Test
    void shouldReadSeveralReceiversEachWithItsOwnSettings() throws Exception {
        Config config = check("""
                remote-write:
                  - url: http://a/w
                    username: u
                    password-file: /p
                  - url: http://b/w
                    interval: 1m
                    bearer-token-file: /t
                    headers:
                      - X-A: 1
                      - "X-B: 2"
                  - url: http://c/w
                    headers: {X-C: x, X-D: y}
                """);
        assertThat(config.remoteWrite()).extracting(RemoteWriteConfig::interval)
                .containsExactly(Duration.ofSeconds(15), Duration.ofMinutes(1), Duration.ofSeconds(15));
        assertThat(config.remoteWrite().get(0).username()).isEqualTo("u");
        assertThat(config.remoteWrite().get(1).username()).isNull();
        assertThat(config.remoteWrite().get(1).headers())
                .containsExactly(RemoteWriteConfig.Header.parse("X-A: 1"), RemoteWriteConfig.Header.parse("X-B: 2"));
        assertThat(config.remoteWrite().get(2).headers()).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', value = {
        // Unknown keys
        "web:\\n  listen-adress: x| 2:3: unknown key \"web.listen-adress\"; did you mean \"web.listen-address\"?",
        "wbe: {}| 1:1: unknown key \"wbe\"; did you mean \"web\"?",
        "remote-write.ulr: x| 1:1: unknown key \"remote-write.ulr\"; did you mean \"remote-write.url\"?",
        "aggregation: {rule: []}| 1:15: unknown key \"aggregation.rule\"; did you mean \"aggregation.rules\"?",
        "zzzzzzzzzz: 1| 1:1: unknown key \"zzzzzzzzzz\"",
        "<<: {web: {}}| 1:1: unknown key \"<<\"",
        "config.file: x| 1:1: config.file cannot stand in a file",
        // Bad values
        "log: {level: inof}| 1:14: log.level: bad value \"inof\"; expected one of error, warn, info, debug, trace; did you mean \"info\"?",
        "series:\\n  max: many| 2:8: series.max: bad value \"many\"; expected a whole number from 1 to 1073741824",
        "series:\\n  ttl: 5 minutes| 2:8: series.ttl: bad value \"5 minutes\"; expected a duration such as 15s, 5m, 1h30m or 500ms",
        "remote-write: {url: x://u:hunter2@h}| 1:21: remote-write.url: bad value; expected a URL such as https://host/api/v1/write",
        "web: {listen-address: [':1', '2']}| 1:30: web.listen-address: bad value \"2\"; expected an address such as 127.0.0.1:9091, :9091 or [::1]:9091",
        // Wrong shapes
        "- a| 1:1: expected keys and values, found a list",
        "hello| 1:1: expected keys and values, found \"hello\"",
        "web: 1| 1:6: web is a section; expected keys under it, found \"1\"",
        "web: []| 1:6: web is a section; expected keys under it, found a list",
        "log: {level: [info]}| 1:14: log.level: expected one value, found a list",
        "log: {level: {a: b}}| 1:14: log.level: expected one value, found keys and values",
        "log: {level: }| 1:13: log.level: no value (for an empty text write \"\")",
        "web: {listen-address: []}| 1:23: web.listen-address: expected at least one address",
        "[a]: b| 1:1: expected a key, found a list",
        // Twice
        "log.level: info\\nlog: {level: warn}| 2:7: log.level is given twice; first at FILE:1:1",
        // Rules
        "aggregation: {rules: 1}| 1:22: aggregation.rules: expected a list of rules, found \"1\"",
        "aggregation: {rules: [1]}| 1:23: aggregation.rules: expected a rule with the keys match, gauge, ttl",
        "aggregation: {rules: [{match: a}]}| 1:23: aggregation.rules: a rule needs gauge or ttl",
        "aggregation: {rules: [{gauge: max}]}| 1:23: aggregation.rules: a rule needs match",
        "aggregation: {rules: [{match: a, guage: max}]}| 1:34: aggregation.rules: unknown key \"guage\"; did you mean \"gauge\"?",
        "aggregation: {rules: [{match: a, gauge: big}]}| 1:41: aggregation.gauge: bad value \"big\"; expected one of sum, last, min, max",
        "aggregation: {rules: [{match: '', gauge: max}]}| 1:31: aggregation.rules: expected a name, in which * stands for any run of characters",
        "influx: {rules: [{field: a}]}| 1:18: influx.rules: a rule needs as",
        "influx: {rules: [{as: sum}]}| 1:23: as: bad value \"sum\"; expected one of gauge, counter, histogram",
        "influx: {rules: [{as: histogram}]}| 1:18: influx.rules: a histogram needs buckets",
        "influx: {rules: [{as: gauge, buckets: [1]}]}| 1:18: influx.rules: buckets are for as: histogram",
        "influx: {rules: [{as: histogram, buckets: []}]}| 1:43: buckets: expected a list of numbers, found a list",
        "influx: {rules: [{as: histogram, buckets: [1, 1]}]}| 1:47: buckets: 1 does not rise above the bound before it",
        "influx: {rules: [{as: histogram, buckets: [1, .inf]}]}| 1:47: buckets: bad value \".inf\"; expected a finite number",
        "influx: {rules: [{as: histogram, buckets: [1, 0x10]}]}| 1:47: buckets: bad value \"0x10\"; expected a finite number",
        // Receivers
        "remote-write: [{interval: 5s}]| 1:16: remote-write: a rule needs url",
        "remote-write: [{url: http://h, intervall: 5s}]| 1:32: remote-write: unknown key \"intervall\"; did you mean \"interval\"?",
        "remote-write: {url: http://h, username: u, password: p, bearer-token-file: /t}| 1:21: remote-write.url: receiver h: only one of username, bearer-token-file and an Authorization header can be used",
        "remote-write: {url: http://h, username: u, password: p, password-file: /t}| 1:21: remote-write.url: receiver h: password and password-file exclude each other",
        // Not YAML
        "web: {| 1:7: expected the node content, but found '<stream end>'",
        "a: b: c| 1:5: mapping values are not allowed here",
        "a:\\n\\tb: c| 2:1: found character '\\t(TAB)' that cannot start any token",
        "a: 1\\n---\\nb: 2| 2:1: a second document; expected one",
    })
    void shouldNameLineColumnAndReason(String yaml, String expected) throws IOException {
        Path file = write(yaml.replace("\\n", "\n").replace("\\t", "\t").getBytes(StandardCharsets.UTF_8));
        ConfigException e = catchThrowableOfType(ConfigException.class, () -> ConfigLoader.check(file));
        assertThat(e).as(yaml).isNotNull();
        String message = e.getMessage().replace(file.toString(), "FILE");
        assertThat(message).startsWith("FILE:" + expected);
        assertThat(message).doesNotContain("hunter2").doesNotContain("\n");
        assertThat(e.exitCode()).isEqualTo(ExitCode.CONFIG);
    }

    @Test
    void shouldListEveryProblemOfAFileUpToTen() throws IOException {
        StringBuilder yaml = new StringBuilder();
        for (int i = 0; i < 30; i++) {
            yaml.append("unknown").append(i).append(": 1\n");
        }
        Path file = write(yaml.toString().getBytes(StandardCharsets.UTF_8));
        ConfigException e = catchThrowableOfType(ConfigException.class, () -> ConfigLoader.check(file));
        assertThat(e.getMessage().lines()).hasSize(10).allMatch(line -> line.startsWith(file + ":"));
    }

    @Test
    void shouldSayWhereAFileIsNotUtf8() throws IOException {
        Path file = write(new byte[] {'a', ':', ' ', '1', '\n', 'b', ':', ' ', (byte) 0xff, '\n'});
        ConfigException e = catchThrowableOfType(ConfigException.class, () -> ConfigLoader.check(file));
        assertThat(e).hasMessage(file + ":2:4: not UTF-8");
    }

    @Test
    void shouldRefuseAMissingFileADirectoryAndALargeOne() throws IOException {
        assertThat(catchThrowableOfType(ConfigException.class, () -> ConfigLoader.check(directory.resolve("no.yml"))))
                .hasMessageEndingWith("no.yml: no such file");
        assertThat(catchThrowableOfType(ConfigException.class, () -> ConfigLoader.check(directory)).exitCode())
                .isEqualTo(ExitCode.CONFIG);
        Path large = write(("#" + "x".repeat(YamlText.BYTES_MAX)).getBytes(StandardCharsets.UTF_8));
        assertThat(catchThrowableOfType(ConfigException.class, () -> ConfigLoader.check(large)))
                .hasMessageEndingWith("larger than 1MiB");
    }

    @Test
    @Timeout(10)
    void shouldCutOffDeepNestingAndAliasBombs() throws IOException {
        Path deep = write("[".repeat(500_000).getBytes(StandardCharsets.UTF_8));
        assertThat(catchThrowableOfType(ConfigException.class, () -> ConfigLoader.check(deep)))
                .hasMessageEndingWith("nested deeper than 16 levels");

        StringBuilder bomb = new StringBuilder("a0: &a0 [x]\n");
        for (int i = 1; i < 50; i++) {
            String alias = "*a" + (i - 1);
            bomb.append("a" + i + ": &a" + i + " [" + String.join(", ", alias, alias, alias, alias) + "]\n");
        }
        Path aliases = write(bomb.toString().getBytes(StandardCharsets.UTF_8));
        assertThat(catchThrowableOfType(ConfigException.class, () -> ConfigLoader.check(aliases)))
                .hasMessageEndingWith("more than 100 aliases");
        Path self = write("web: &w {a: *w}\n".getBytes(StandardCharsets.UTF_8));
        assertThat(catchThrowableOfType(ConfigException.class, () -> ConfigLoader.check(self)).getMessage())
                .contains("unknown key \"web.a\"");
        Path headers = write("remote-write: {headers: &h [*h]}\n".getBytes(StandardCharsets.UTF_8));
        assertThat(catchThrowableOfType(ConfigException.class, () -> ConfigLoader.check(headers)).getMessage())
                .contains("expected one value, found a list");
    }

    @Test
    void shouldConstructNothingFromTags() throws IOException {
        Path file = write("log: {level: !!javax.script.ScriptEngineManager [x]}\n".getBytes(StandardCharsets.UTF_8));
        assertThat(catchThrowableOfType(ConfigException.class, () -> ConfigLoader.check(file)))
                .hasMessageEndingWith("log.level: expected one value, found a list");
    }

    private Config check(String yaml) throws IOException, ConfigException {
        return ConfigLoader.check(write(yaml.getBytes(StandardCharsets.UTF_8)));
    }

    private Path write(byte[] bytes) throws IOException {
        return Files.write(Files.createTempFile(directory, "weir", ".yml"), bytes);
    }
}
