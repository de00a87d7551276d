package io.weir.parse;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ExcerptTest {
    @Test
    void shouldShowAShortLineAsItIs() {
        assertThat(excerpt("", 0)).isEmpty();
        assertThat(excerpt("foo{a=\"b\"} 1", 5)).isEqualTo("foo{a=\"b\"} 1");
        assertThat(excerpt("\u00e9t\u00e9 \u20ac \ud83d\ude00", 3)).isEqualTo("\u00e9t\u00e9 \u20ac \ud83d\ude00");
        assertThat(excerpt("x".repeat(80), 0)).isEqualTo("x".repeat(80));
    }

    @Test
    void shouldShowThePartAroundThePosition() {
        assertThat(excerpt("x".repeat(81), 0)).isEqualTo("x".repeat(77) + "...");
        assertThat(excerpt("a".repeat(60) + "HERE" + "b".repeat(60), 60))
                .isEqualTo("..." + "a".repeat(40) + "HERE" + "b".repeat(30) + "...");
        assertThat(excerpt("a".repeat(200) + "HERE", 200)).isEqualTo("..." + "a".repeat(40) + "HERE");
        assertThat(excerpt("a".repeat(200), 200)).isEqualTo("..." + "a".repeat(40));
    }

    @Test
    void shouldEscapeWhatATerminalOrAReaderWouldNotShow() {
        assertThat(excerpt("\u001b[31mred\u0007", 0)).isEqualTo("\\x1b[31mred\\x07");
        assertThat(excerpt("a\tb\rc\nd\u0000\u007f", 0)).isEqualTo("a\\tb\\rc\\nd\\x00\\x7f");
        assertThat(excerpt("\ufeff\u202e\u2028\u0085\u200b", 0)).isEqualTo("\\ufeff\\u202e\\u2028\\u0085\\u200b");
        assertThat(excerpt("\udb40\udc01", 0)).isEqualTo("\\U000e0001");
        byte[] broken = {'a', (byte) 0xff, (byte) 0xc3, 'b', (byte) 0xe2, (byte) 0x82};
        assertThat(Excerpt.of(broken, 0, broken.length, 0)).isEqualTo("a\\xff\\xc3b\\xe2\\x82");
    }

    @Test
    void shouldNeverCutACharacterOrGrowBeyondItsBound() {
        Random random = new Random(3);
        for (int n = 0; n < 20_000; n++) {
            byte[] b = new byte[random.nextInt(300)];
            random.nextBytes(b);
            if (n % 2 == 0) {
                b = new String(b, StandardCharsets.UTF_16).getBytes(StandardCharsets.UTF_8);
            }
            String excerpt = Excerpt.of(b, 0, b.length, random.nextInt(b.length + 1));
            assertThat(excerpt.length()).isLessThanOrEqualTo(Excerpt.CHARACTERS);
            assertThat(StandardCharsets.UTF_8.newEncoder().canEncode(excerpt)).isTrue();
            assertThat(excerpt.chars().noneMatch(c -> c < 0x20 || c == 0x7f)).isTrue();
        }
    }

    private static String excerpt(String line, int position) {
        byte[] b = ("[\u00e9" + line + "\u00e9]").getBytes(StandardCharsets.UTF_8);
        int end = b.length - 3;
        return Excerpt.of(b, 3, end, 3 + position);
    }
}
