package io.weir.expose;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.io.NumberOutput;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumberWriterTest {
    @ParameterizedTest
    @CsvSource({
        "0.0, 0", "-0.0, -0", "1.0, 1", "-1.0, -1", "9.0, 9", "10.0, 10", "42.0, 42", "99.0, 99", "100.0, 100",
        "1000000.0, 1000000", "2147483647.0, 2147483647", "2147483648.0, 2147483648", "-12345678901.0, -12345678901",
        "9007199254740991.0, 9007199254740991", "9007199254740992.0, 9007199254740992", "1e20, 100000000000000000000",
        "123456789012345678901.0, 123456789012345680000", "1e21, 1e+21", "1.5e21, 1.5e+21", "1e22, 1e+22",
        "1.7976931348623157e308, 1.7976931348623157e+308", "-1.5e100, -1.5e+100", "4.9e-324, 5e-324",
        "2.2250738585072014e-308, 2.2250738585072014e-308",
        // decimals
        "0.005, 0.005", "0.1, 0.1", "-0.1, -0.1", "2.5, 2.5", "0.25, 0.25", "0.125, 0.125", "2399.283, 2399.283",
        "0.3, 0.3", "0.30000000000000004, 0.30000000000000004", "1.1, 1.1", "100.01, 100.01", "99.999, 99.999",
        "0.001, 0.001", "0.0005, 0.0005", "0.00001, 0.00001", "0.000012345, 0.000012345",
        "0.000012345678901234567, 0.000012345678901234568", "0.0000099, 9.9e-06", "1e-7, 1e-07", "1.25e-10, 1.25e-10",
        "123456.789012, 123456.789012", "999999999999.999, 999999999999.999", "1234567890123.25, 1234567890123.25",
        "1.7951586642453669e9, 1795158664.2453668", "2e-3, 0.002", "3.14159265358979, 3.14159265358979",
        "3.141592653589793, 3.141592653589793", "2.0E-10, 2e-10",
        "NaN, NaN", "Infinity, +Inf", "-Infinity, -Inf"
    })
    void shouldWriteTheDocumentedForm(double value, String text) {
        assertThat(text(value)).isEqualTo(text);
    }

    @Property(tries = 20_000)
    void shouldReadBackToTheSameDouble(@ForAll long bits) {
        check(Double.longBitsToDouble(bits));
    }

    @Property(tries = 20_000)
    void shouldReadBackNumbersOfDailyLife(@ForAll double value) {
        check(value);
    }

    @Test
    void shouldTakeTheDigitsOfAnIndependentWriterOnEveryPath() {
        Random random = new Random(20261120);
        for (int i = 0; i < 1_000_000; i++) {
            double whole = random.nextLong() >> random.nextInt(64);
            // few decimals, and the neighbours of such numbers
            double decimal = whole / Math.pow(10, random.nextInt(24));
            switch (i & 3) {
                case 0 -> check(decimal);
                case 1 -> check(Math.nextUp(decimal));
                case 2 -> check(Math.nextDown(decimal));
                default -> check(random.nextInt(2_000_000) / 1000.0 + random.nextInt(1000) / 10.0);
            }
        }
        for (int i = 0; i < 300_000; i++) {
            check(Double.longBitsToDouble(random.nextLong()));
            check(i / 1000.0);
            check(i);
        }
        for (int exponent = -1080; exponent < 1024; exponent++) {
            check(Math.scalb(1.0, exponent));
            check(Math.nextDown(Math.scalb(1.0, exponent)));
            check(-Math.nextUp(Math.scalb(1.0, exponent)));
        }
        for (int exponent = -324; exponent < 309; exponent++) {
            check(Double.parseDouble("1e" + exponent));
            check(Math.nextUp(Double.parseDouble("1e" + exponent)));
            check(Math.nextDown(Double.parseDouble("-1e" + exponent)));
        }
    }

    private static void check(double value) {
        String text = text(value);
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            assertThat(text).isIn("NaN", "+Inf", "-Inf");
            return;
        }
        double read = Double.parseDouble(text);
        if (Double.doubleToRawLongBits(read) != Double.doubleToRawLongBits(value)) {
            throw new AssertionError(value + " written as " + text);
        }
        if (plainInteger(value)) {
            assertThat(text).isEqualTo(value == 0 && 1 / value < 0 ? "-0" : Long.toString((long) value));
            return;
        }
        BigDecimal expected = new BigDecimal(NumberOutput.toString(value, true)).stripTrailingZeros();
        BigDecimal ours = new BigDecimal(text).stripTrailingZeros();
        // Java's rule takes the nearest of two digits even where one digit would do
        boolean same = ours.equals(expected) || expected.precision() == 2 && ours.precision() == 1;
        if (!same) {
            throw new AssertionError(value + " written as " + text + ", expected " + expected);
        }
        int exponent = ours.precision() - ours.scale() - 1;
        if (text.indexOf('e') >= 0 != (exponent < -5 || exponent > 20)) {
            throw new AssertionError(value + " written as " + text);
        }
    }

    private static boolean plainInteger(double value) {
        return Math.rint(value) == value && Math.abs(value) < 1L << 53;
    }

    private static String text(double value) {
        byte[] out = new byte[NumberWriter.BYTES_MAX + 1];
        int end = NumberWriter.write(value, out, 1);
        return new String(out, 1, end - 1, StandardCharsets.US_ASCII);
    }
}
