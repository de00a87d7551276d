package io.weir.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.LeakGuard;
import java.net.http.HttpRequest.BodyPublishers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every odd number through every door: what a scrape shows then, or {@code -} where it is refused. The columns: the number, as a
 * gauge in text, as a counter in text, as the amount of a PATCH, as a field of line protocol.
 */
@Timeout(60)
@ExtendWith(LeakGuard.class)
class NumberEdgesTest {
    private static RunningWeir weir;

    @BeforeAll
    static void start() {
        weir = new RunningWeir();
    }

    @AfterAll
    static void stop() {
        weir.close();
    }

    @BeforeEach
    void empty() {
        weir.delete("__all");
    }

    @ParameterizedTest
    @CsvSource({
        // zeros and signs
        "0,       0,     0,     0,    0",
        "-0,      -0,    0,     0,    -0",
        "+1,      1,     1,     1,    -",
        "-1,      -1,    -,     -,    -1",
        "007,     7,     7,     7,    7",
        // points and exponents
        ".5,      0.5,   0.5,   0.5,  0.5",
        "5.,      5,     5,     5,    5",
        "1e3,     1000,  1000,  1000, 1000",
        "1E+3,    1000,  1000,  1000, 1000",
        "1e,      -,     -,     -,    -",
        ".,       -,     -,     -,    -",
        "1..2,    -,     -,     -,    -",
        "1e1.5,   -,     -,     -,    -",
        // where doubles end
        "9007199254740992, 9007199254740992, 9007199254740992, 9007199254740992, 9007199254740992",
        "9007199254740993, 9007199254740992, 9007199254740992, 9007199254740992, 9007199254740992",
        "1.7976931348623157e308, 1.7976931348623157e+308, 1.7976931348623157e+308, 1.7976931348623157e+308, 1.7976931348623157e+308",
        "1e400,   -,     -,     -,    -",
        "-1e400,  -,     -,     -,    -",
        "4.9e-324, 5e-324, 5e-324, 5e-324, 5e-324",
        "1e-400,  0,     0,     0,    0",
        // no numbers, or not here
        "NaN,     NaN,   -,     -,    -",
        "nan,     NaN,   -,     -,    -",
        "+Inf,    +Inf,  -,     -,    -",
        "-Inf,    -Inf,  -,     -,    -",
        "Infinity, +Inf, -,     -,    -",
        "0x10,    -,     -,     -,    -",
        "0x1p4,   -,     -,     -,    -",
        "1_000,   -,     -,     -,    -",
        "'1,5',   -,     -,     -,    -",
        "1f,      -,     -,     -,    -",
        "1d,      -,     -,     -,    -",
        "one,     -,     -,     -,    -",
        // types of line protocol
        "1i,      -,     -,     -,    1",
        "-1i,     -,     -,     -,    -1",
        "1u,      -,     -,     -,    1",
        "-1u,     -,     -,     -,    -",
        "1.5i,    -,     -,     -,    -",
        "9223372036854775807i, -, -, -, 9223372036854775807",
        "9223372036854775808i, -, -, -, -",
        "18446744073709551615u, -, -, -, 18446744073709551615",
        "18446744073709551616u, -, -, -, -",
    })
    void shouldTakeOrRefuse(String number, String gauge, String counter, String patch, String field) {
        check("gauge", gauge, "g", () -> weir.post("# TYPE g gauge\ng " + number + "\n").status());
        check("counter", counter, "c", () -> weir.post("# TYPE c counter\nc " + number + "\n").status());
        check("patch", patch, "p", () -> weir.patchBy(number, "p").status());
        check("field", field, "m_v", () -> weir.send("POST", "/write", BodyPublishers.ofString("m v=" + number + "\n")).status());
    }

    private static void check(String door, String shown, String series, java.util.function.IntSupplier push) {
        int status = push.getAsInt();
        if (shown.equals("-")) {
            assertThat(status).as(door).isEqualTo(400);
            assertThat(weir.samples(series)).as(door).isEmpty();
        } else {
            assertThat(status).as(door).isIn(200, 204);
            String line = weir.samples(series).get(0);
            String value = line.substring(line.lastIndexOf(' ') + 1);
            if (value.equals("NaN") || shown.equals("NaN")) {
                assertThat(value).as(door).isEqualTo(shown);
            } else {
                assertThat(number(value)).as(door).isEqualTo(number(shown));
            }
        }
    }

    private static double number(String text) {
        return Double.parseDouble(text.replace("Inf", "Infinity"));
    }
}
