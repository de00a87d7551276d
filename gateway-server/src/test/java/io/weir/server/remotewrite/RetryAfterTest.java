package io.weir.server.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetryAfterTest {
    /** Sun, 06 Nov 1994 08:49:00 GMT. */
    private static final long NOW = 784_111_740_000L;

    @ParameterizedTest
    @CsvSource({
        // seconds
        "0,0",
        "7,7000",
        "' 120 ',120000",
        "99999999999999999999,2147483647000",
        // dates, the three forms of RFC 9110
        "'Sun, 06 Nov 1994 08:49:37 GMT',37000",
        "'Sun Nov  6 08:49:37 1994',37000",
        "'Sun, 06 Nov 1994 08:48:37 GMT',0",
        // neither
        "'',-1",
        "-5,-1",
        "1.5,-1",
        "soon,-1",
        "'Sun, 99 Nov 1994 08:49:37 GMT',-1",
        ",-1"
    })
    void shouldReadDelay(String field, long millis) {
        assertThat(RetryAfter.millis(field, NOW)).isEqualTo(millis);
    }

    @ParameterizedTest
    @CsvSource({"'Wednesday, 06-Nov-30 08:49:37 GMT',1920185377000"})
    void shouldReadTheObsoleteFormWithTwoDigitsOfAYear(String field, long at) {
        assertThat(RetryAfter.millis(field, NOW)).isEqualTo(at - NOW);
    }
}
