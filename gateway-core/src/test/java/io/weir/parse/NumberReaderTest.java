package io.weir.parse;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NumberReaderTest {
    /** Stands before each number: with a room of 0, 8 and 16 bytes and more, every way to load the words is taken. */
    private static final String[] BEFORE = {
        "", "9", "1234567", ".1234567", "9.9.9.9.9.9.9.9", "9999999999999999", "{a=\"5.5.5.5.5.5\"} "
    };

    @Test
    void shouldReadWhatJavaReads() {
        String[] numbers = {
            "0", "1", "9", "10", "12345678", "123456789", "1234567890123456", "12345678901234567", "123456789012345678",
            "1234567890123456789", "12345678901234567890", "99999999999999999999999999999999999999",
            "-0", "+0", "-1", "+1", "0.0", "-0.0", ".0", "0.", ".5", "5.", "-.5", "+5.", "00", "007", "0000000000000001",
            "00000000000000001", "0000000000000000000000000000000000000000000001", "1.5", "12.5", "1234567.1",
            "12345678.1", "1.12345678", "1.1234567", "123.4567", "1234.5678", ".12345678", ".1234567", "1234567.",
            "12345678.", "123456789.", "999999999999999.", ".999999999999999", "9999999999999999", "99999999.9999999",
            "9007199254740991", "9007199254740992", "9007199254740993", "9007199254740994", "900719925474099.3",
            "9007199254740993.0", "0.1", "0.2", "0.3", "0.7", "1.1", "2.675", "1.005", "123.456789",
            "1e0", "1e5", "1E5", "1e+5", "1e-5", "1e22", "1e23", "-1e23", "1e-22", "1e-23", "123e22", "1.5e300",
            "8.5e-320", "4.9e-324", "2.4e-324", "2.5e-324", "1e-400", "-1e-400", "1e400", "-1e400",
            "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "2.2250738585072014e-308",
            "2.2250738585072011e-308", "0e999999999", "0e-999999999", "1e99999999999999999999", "1e-99999999999999999999",
            "0.000000000000000000000000000000000001e36", "100000000000000000000000000000000000e-35",
            "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286"
                    + "41669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447573027006985"
                    + "557136695962284291481986083493647529271907416844436551070434271155969950809304288017790417449779",
            "6.631236846766476e-316", "1.00000000000000011102230246251565404236316680908203125",
            "1.00000000000000011102230246251565404236316680908203124", "9.5367431640625e-07"
        };
        for (String number : numbers) {
            check(number);
            check("-" + number.replaceFirst("^[+-]", ""));
        }
    }

    @Test
    void shouldRefuseWhatIsNoDecimalNumber() {
        String[] others = {
            "", ".", "-", "+", "-.", "+.", "--1", "+-1", "1-", "1+", "1-2", "1.2.3", "1..2", "..1", "1..", "..", " 1", "1 ", "1 2",
            "e5", ".e5", "1e", "1e+", "1e-", "1e5.", "1e5e5", "1e1.5", "1e 5", "0x10", "0x1p4", "1_000", "1,5", "1f",
            "1d", "1F", "1D", "1L", "1i", "1u", "NaN", "Infinity", "inf", "+Inf", "true", "1:", "1/", ":", "/", "\u00b9",
            "\u0661", "1\u0000", "\u00001", "1\n", "12345678a", "a12345678", "1234567890123456x", "x1234567890123456",
            "1234567:", "\u00001234567", "\u001e1234567", "\u001e", "\u008012345", "123\u00ff45"
        };
        for (String other : others) {
            for (String before : BEFORE) {
                byte[] b = (before + other + "9.9").getBytes(StandardCharsets.ISO_8859_1);
                assertThat(NumberReader.bits(b, before.length(), before.length() + other.length()))
                        .as("'%s' behind '%s'", other, before)
                        .isEqualTo(NumberReader.INVALID);
            }
        }
    }

    @Test
    void shouldTakeEveryByteForWhatItIs() {
        for (int length = 1; length <= 17; length++) {
            byte[] b = "0000000000000000012345678901234567".getBytes(StandardCharsets.US_ASCII);
            for (int at = b.length - length; at < b.length; at++) {
                byte digit = b[at];
                for (int c = 0; c < 256; c++) {
                    b[at] = (byte) c;
                    String text = new String(b, b.length - length, length, StandardCharsets.ISO_8859_1);
                    long bits = NumberReader.bits(b, b.length - length, b.length);
                    if (text.matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?")) {
                        assertThat(bits).as(text).isEqualTo(Double.doubleToRawLongBits(Double.parseDouble(text)));
                    } else {
                        assertThat(bits).as(text).isEqualTo(NumberReader.INVALID);
                    }
                }
                b[at] = digit;
            }
        }
    }

    @Test
    void shouldAgreeWithJavaOnRandomNumbers() {
        Random random = new Random(20261120);
        byte[] b = new byte[64];
        for (int n = 0; n < 300_000; n++) {
            String number = switch (n % 6) {
                case 0 -> Long.toString(random.nextLong() >> random.nextInt(64));
                case 1 -> Double.toString(Double.longBitsToDouble(random.nextLong() & ~(1L << 62)));
                case 2 -> BigDecimal.valueOf(random.nextLong() >> random.nextInt(64), random.nextInt(19)).toPlainString();
                case 3 -> random.nextInt(1_000_000) + "." + random.nextInt(1_000_000);
                case 4 -> (random.nextLong() >>> 11) + "e" + (random.nextInt(60) - 30);
                default -> Float.toString(random.nextFloat() * 1e6f);
            };
            int at = random.nextInt(20);
            random.nextBytes(b);
            System.arraycopy(number.getBytes(StandardCharsets.US_ASCII), 0, b, at, number.length());
            long bits = NumberReader.bits(b, at, at + number.length());
            if (bits != Double.doubleToRawLongBits(Double.parseDouble(number))) {
                assertThat(Double.longBitsToDouble(bits)).as(number).isEqualTo(new BigDecimal(number).doubleValue());
                assertThat(bits).as(number).isEqualTo(Double.doubleToRawLongBits(Double.parseDouble(number)));
            }
        }
    }

    private static void check(String number) {
        for (String before : BEFORE) {
            byte[] b = (before + number + "5.5").getBytes(StandardCharsets.US_ASCII);
            long bits = NumberReader.bits(b, before.length(), before.length() + number.length());
            assertThat(Double.longBitsToDouble(bits))
                    .as("'%s' behind '%s'", number, before)
                    .isEqualTo(Double.parseDouble(number));
            assertThat(bits).isEqualTo(Double.doubleToRawLongBits(Double.parseDouble(number)));
        }
    }
}
