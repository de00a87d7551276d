package io.weir.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.weir.server.config.CommandLine.Command;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CommandLineTest {
    @ParameterizedTest
    @CsvSource({
        "'', RUN",
        "--log.level=warn, RUN",
        "check config weir.yml, CHECK_CONFIG",
        "config print, PRINT_CONFIG",
        "config print --log.level=warn, PRINT_CONFIG",
        "--log.level=warn config print, PRINT_CONFIG",
        "help, HELP",
        "help limits, HELP",
        "--help, HELP",
        "-h, HELP",
        "--version --help, HELP",
        "config print --help, HELP",
        "version, VERSION",
        "--version, VERSION",
    })
    void shouldFindTheCommand(String words, Command command) throws ConfigException {
        assertThat(CommandLine.parse(words(words)).command()).isEqualTo(command);
    }

    @ParameterizedTest
    @CsvSource({
        "--log.level=warn, WARN",
        "--log.level warn, WARN",
        "--log.level=trace, TRACE",
    })
    void shouldReadValuesAfterAnEqualsSignOrASpace(String words, Config.Log.Level level) throws ConfigException {
        assertThat(load(words).log().level()).isEqualTo(level);
    }

    @ParameterizedTest
    @CsvSource({
        "--web.enable-lifecycle, true",
        "--no-web.enable-lifecycle, false",
        "--web.enable-lifecycle=true, true",
        "--web.enable-lifecycle=false, false",
    })
    void shouldReadBooleans(String words, boolean enabled) throws ConfigException {
        assertThat(load(words).web().enableLifecycle()).isEqualTo(enabled);
    }

    @Test
    void shouldCollectRepeatedFlags() throws ConfigException {
        Config config = load("--web.listen-address=:1 --web.listen-address [::1]:2");
        assertThat(config.web().listenAddresses()).containsExactly(new Address("", 1), new Address("::1", 2));
    }

    @Test
    void shouldTakeAValueThatBeginsWithADash() throws ConfigException {
        assertThat(CommandLine.parse(List.of("--remote-write.username", "-x")).settings().text(Options.REMOTE_WRITE_USERNAME))
                .isEqualTo("-x");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '~', quoteCharacter = '\0', value = {
        "--web.listen-adress=:1~ unknown flag \"--web.listen-adress\"; did you mean --web.listen-address? (weir --help lists them all)",
        "-web.listen-address=:1~ unknown flag \"-web.listen-address\"; did you mean --web.listen-address? (weir --help lists them all)",
        "--frobnicate~ unknown flag \"--frobnicate\" (weir --help lists them all)",
        "--no-log.level~ unknown flag \"--no-log.level\"; only booleans have a --no- form (weir --help lists them all)",
        "--log.level=inof~ --log.level: bad value \"inof\"; expected one of error, warn, info, debug, trace; did you mean \"info\"?",
        "--log.level=~ --log.level: bad value \"\"; expected a value (error|warn|info|debug|trace)",
        "--log.level~ --log.level: no value; expected --log.level=<error|warn|info|debug|trace>",
        "--log.level --log.format=json~ --log.level: no value; expected --log.level=<error|warn|info|debug|trace>",
        "--log.level=info --log.level=warn~ --log.level: given twice; first as --log.level",
        "--web.enable-lifecycle=yes~ --web.enable-lifecycle: bad value \"yes\"; expected true or false",
        "--series.ttl=5~ --series.ttl: bad value \"5\"; expected a duration such as 15s, 5m, 1h30m or 500ms",
        "--series.ttl=1ms~ --series.ttl: bad value \"1ms\"; expected a duration from 1s to 3650d",
        "--limits.line=1GiB~ --limits.line: bad value \"1GiB\"; expected a size from 1 to 64MiB",
        "--limits.labels=0~ --limits.labels: bad value \"0\"; expected a whole number from 1 to 2147483647",
        "--web.listen-address=9091~ --web.listen-address: bad value \"9091\"; expected an address such as 127.0.0.1:9091, :9091 or [::1]:9091",
        "--web.allowed-hosts=a --web.allowed-hosts=*~ --web.allowed-hosts: bad value \"*\"; expected a host such as weir.example.org, *.example.org, localhost:9091 or [::1]",
        "start~ unknown command \"start\"; to start the gateway give flags only",
        "check confg x~ unknown command \"check confg x\"; did you mean check config?; to start the gateway give flags only",
        "check config~ check config: expected one file, as in: weir check config weir.yml",
        "check config a b~ check config: expected one file, as in: weir check config weir.yml",
        "config print x~ config print: unexpected argument \"x\"",
        "--remote-write.url=http://u:hunter2@h/~ --remote-write.url: bad value; expected a URL without credentials (they have their own options: username, password-file)",
        "--remote-write.headers=hunter2~ --remote-write.headers: bad value; expected a header such as 'X-Scope-OrgID: team-a'",
        "--remote-write.url=http://h --remote-write.password=hunter2~ --remote-write.url: receiver h: a password needs a username",
        "--remote-write.url=http://h --remote-write.username=u~ --remote-write.url: receiver h: a username needs a password or password-file",
        "--web.telemetry-path=/~ --web.telemetry-path: expected a path of its own, such as /-/metrics",
        "--influx.separator=-~ --influx.separator: expected at most 16 of letters, digits, _ and :",
        "--influx.database-label=__name__~ --influx.database-label: expected a label name such as db",
    })
    void shouldSayInOneLineWhatIsWrong(String words, String message) {
        ConfigException e = catchThrowableOfType(ConfigException.class, () -> load(words));
        assertThat(e).as(words).hasMessage(message);
        assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void shouldNotPrintControlCharactersOfABadFlag() {
        ConfigException e = catchThrowableOfType(
                ConfigException.class, () -> CommandLine.parse(List.of("--a\u001b[2Jb\nc" + "x".repeat(1_000))));
        assertThat(e.getMessage()).doesNotContain("\u001b", "\n").hasSizeLessThan(200);
    }

    private static Config load(String words) throws ConfigException {
        return ConfigLoader.load(CommandLine.parse(words(words)), Map.of());
    }

    private static List<String> words(String text) {
        return text == null || text.isBlank() ? List.of() : List.of(text.strip().split(" "));
    }
}
