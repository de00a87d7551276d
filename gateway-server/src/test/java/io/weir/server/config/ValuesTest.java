package io.weir.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValuesTest {
    @ParameterizedTest
    @CsvSource({
        "500ms, 500",
        "15s, 15000",
        "5m, 300000",
        "1h30m, 5400000",
        "1d, 86400000",
        "1h1ms, 3600001",
        "0s, 0",
        "90s, 90000",
    })
    void shouldReadDurations(String text, long millis) throws BadValue {
        assertThat(Values.duration(text)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "15", "s", "15x", "1.5s", "-1s", "+1s", "1s1m", "1s1s", "15 s", " 15s", "15S", "1m1",
        "99999999999999999d", "9999999999999999999999s", "1e3s", "１５s",
    })
    void shouldRefuseWhatIsNoDuration(String text) {
        assertThatThrownBy(() -> Values.duration(text)).isInstanceOf(BadValue.class).hasMessageContaining("1h30m");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "4096, 4096",
        "4096B, 4096",
        "64k, 65536",
        "64K, 65536",
        "64KiB, 65536",
        "64kB, 64000",
        "16MiB, 16777216",
        "16mib, 16777216",
        "16m, 16777216",
        "16MB, 16000000",
        "1GiB, 1073741824",
        "1g, 1073741824",
        "2GB, 2000000000",
    })
    void shouldReadSizes(String text, long bytes) throws BadValue {
        assertThat(Values.size(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "k", "-1", "+1", "1.5MiB", "16 MiB", "16TiB", "16MiBs", "9999999999999999999", "99999999999999999g"})
    void shouldRefuseWhatIsNoSize(String text) {
        assertThatThrownBy(() -> Values.size(text)).isInstanceOf(BadValue.class).hasMessageContaining("16MiB");
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1_000_000, 1000000", "007, 7"})
    void shouldReadWholeNumbers(String text, int value) throws BadValue {
        assertThat(Values.integer(text, 1, 1_000_000)).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "-1", "1000001", "1e3", "1.0", "_1", "99999999999999999999", "1,000", "0x10"})
    void shouldRefuseNumbersOutOfRangeOrForm(String text) {
        assertThatThrownBy(() -> Values.integer(text, 1, 1_000_000)).hasMessage("a whole number from 1 to 1000000");
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:9091, 127.0.0.1, 9091",
        ":9091, '', 9091",
        "[::1]:9091, ::1, 9091",
        "localhost:0, localhost, 0",
        "0.0.0.0:65535, 0.0.0.0, 65535",
    })
    void shouldReadAddresses(String text, String host, int port) throws BadValue {
        assertThat(Address.parse(text)).isEqualTo(new Address(host, port)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "9091", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:9091", "[]:9091", "[::1]",
        "http://a:1", "a b:1", "a@b:1", "[::1:9091", "host:-1", "host:+1",
    })
    void shouldRefuseWhatIsNoAddress(String text) {
        assertThatThrownBy(() -> Address.parse(text)).isInstanceOf(BadValue.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://localhost:9090/api/v1/write", "https://a.example/x?tenant=1", "HTTPS://A/"})
    void shouldReadUrls(String text) throws BadValue {
        assertThat(Values.url(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a.example/write", "ftp://a/", "http://", "http:///x", "https://u:p@a/", "http://a/ b", "http://a/#f", "file:///etc/passwd"})
    void shouldRefuseOtherUrls(String text) {
        assertThatThrownBy(() -> Values.url(text)).isInstanceOf(BadValue.class).hasMessageNotContaining("u:p");
    }

    @ParameterizedTest
    @CsvSource({"/, ''", "/weir, /weir", "/weir/, /weir", "/-/metrics, /-/metrics", "'', ''"})
    void shouldReadRoutes(String text, String route) throws BadValue {
        assertThat(Values.path(text)).isEqualTo(route);
    }

    @ParameterizedTest
    @ValueSource(strings = {"weir", "/a//b", "/a b", "/a?b", "/a#b", "/ä", "/a%2f", "//"})
    void shouldRefuseOtherRoutes(String text) {
        assertThatThrownBy(() -> Values.path(text)).isInstanceOf(BadValue.class);
    }

    @ParameterizedTest
    @CsvSource({"'X-A: b', X-A, b", "'X-A:b: c', X-A, 'b: c'", "'X-A:', X-A, ''"})
    void shouldReadHeaders(String text, String name, String value) throws BadValue {
        assertThat(Values.header(text).name()).isEqualTo(name);
        assertThat(Values.header(text).value().reveal()).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "X-A", ": b", "X A: b", "X-A: b\r\nX-B: c", "X-A: b\0", "X-Ä: b", "X-A: ä"})
    void shouldRefuseOtherHeaders(String text) {
        assertThatThrownBy(() -> Values.header(text)).isInstanceOf(BadValue.class);
    }

    @Property
    void shouldReadEveryDurationItWrites(@ForAll @LongRange(min = 0, max = 1L << 45) long millis) throws BadValue {
        assertThat(Values.duration(Values.format(Duration.ofMillis(millis))).toMillis()).isEqualTo(millis);
    }

    @Property
    void shouldReadEverySizeItWrites(@ForAll @LongRange(min = 0, max = 1L << 45) long bytes) throws BadValue {
        assertThat(Values.size(Values.formatSize(bytes))).isEqualTo(bytes);
    }
}
