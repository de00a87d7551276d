package io.weir.server.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.server.remotewrite.RemoteWriteConfig.Header;
import io.weir.server.remotewrite.RemoteWriteConfig.Tuning;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RemoteWriteConfigTest {
    private static final URI URL = URI.create("https://receiver.test/push/path-token?key=query-token");

    @Test
    void shouldNeverPrintASecretOrThePathOfTheUrl() {
        RemoteWriteConfig config = config("user", new Secret("pass-word"), null, null, Header.parse("X-Key: header-token"));

        assertThat(config.toString())
                .contains("receiver.test", "user", "X-Key")
                .doesNotContain("pass-word", "header-token", "path-token", "query-token");
        assertThat(config.password().reveal()).isEqualTo("pass-word");
    }

    @ParameterizedTest
    @CsvSource({
        "ftp://receiver.test/,must begin with http",
        "receiver.test:9090,must begin with http",
        "http:///api,no valid host",
        "http://under_score/api,no valid host",
        "http://user:secret@receiver.test/,must not hold user and password",
        "http://receiver.test:99999/,port",
        "http://receiver.test/#x,fragment"
    })
    void shouldRefuseAUrlWithoutShowingIt(String url, String problem) {
        assertThatThrownBy(() -> RemoteWriteConfig.of(URI.create(url)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(problem)
                .hasMessageNotContaining("secret");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Encoding: gzip",
                "content-type: text/plain",
                "X-PROMETHEUS-REMOTE-WRITE-VERSION: 2",
                "User-Agent: me",
                "Host: other",
                "Content-Length: 1",
                "Transfer-Encoding: chunked",
                "Connection: close"
            })
    void shouldRefuseHeadersOfTheProtocol(String line) {
        assertThatThrownBy(() -> config(null, null, null, null, Header.parse(line)))
                .hasMessageContaining("is set by remote_write itself");
    }

    @ParameterizedTest
    @ValueSource(strings = {"no colon", ": value", "bad name: x", "Name: a\nb", "Näme: x", "Name: \u0001", "Name: ü"})
    void shouldRefuseWhatIsNoHeader(String line) {
        assertThatThrownBy(() -> Header.parse(line)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldRefuseAHeaderGivenTwiceAndTooMany() {
        assertThatThrownBy(() -> config(null, null, null, null, Header.parse("A: 1"), Header.parse("a: 2")))
                .hasMessage("header 'a' is given twice");
        Header[] many = IntStream.range(0, 33).mapToObj(i -> Header.parse("X-" + i + ": 1")).toArray(Header[]::new);
        assertThatThrownBy(() -> config(null, null, null, null, many)).hasMessage("more than 32 headers");
    }

    @Test
    void shouldRefuseCredentialsThatContradictEachOther() {
        Secret secret = new Secret("s3cret");
        Path file = Path.of("file");
        assertThatThrownBy(() -> config("u", secret, file, null)).hasMessageContaining("exclude each other");
        assertThatThrownBy(() -> config(null, secret, null, null)).hasMessage("a password needs a username");
        assertThatThrownBy(() -> config("u", null, null, null)).hasMessageContaining("a username needs a password");
        assertThatThrownBy(() -> config("u", secret, null, file)).hasMessageContaining("only one of");
        assertThatThrownBy(() -> config(null, null, null, file, Header.parse("authorization: Bearer x")))
                .hasMessageContaining("only one of");
        assertThatThrownBy(() -> config("a:b", secret, null, null)).hasMessageContaining("':'");
        assertThat(config(null, null, null, null, Header.parse("Authorization: Bearer x")).headers()).hasSize(1);
    }

    @Test
    void shouldRefuseIntervalsOutOfRange() {
        for (Duration interval : List.of(Duration.ZERO, Duration.ofMillis(99), Duration.ofMinutes(61))) {
            assertThatThrownBy(() -> new RemoteWriteConfig(
                            URL, interval, null, null, null, null, Protocol.AUTO, List.of(), Tuning.DEFAULTS))
                    .hasMessageContaining("between 100ms and 1h");
        }
    }

    private static RemoteWriteConfig config(
            String username, Secret password, Path passwordFile, Path tokenFile, Header... headers) {
        return new RemoteWriteConfig(
                URL,
                RemoteWriteConfig.INTERVAL_DEFAULT,
                username,
                password,
                passwordFile,
                tokenFile,
                Protocol.AUTO,
                List.of(headers),
                Tuning.DEFAULTS);
    }
}
