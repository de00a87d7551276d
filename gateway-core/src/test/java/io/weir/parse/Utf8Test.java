package io.weir.parse;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Utf8Test {
    @Test
    void shouldAgreeWithJavaOnEveryThreeBytesWithAHighLead() {
        byte[] b = new byte[3];
        for (int lead = 0x80; lead < 0x100; lead++) {
            for (int second = 0; second < 0x100; second++) {
                for (int third : new int[] {0, 'a', 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xe2, 0xff}) {
                    b[0] = (byte) lead;
                    b[1] = (byte) second;
                    b[2] = (byte) third;
                    assertThat(Utf8.isValid(b, 0, 3)).as(Arrays.toString(b)).isEqualTo(isValidToJava(b));
                }
            }
        }
    }

    @Test
    void shouldAcceptEveryCharacterAndNoSurrogate() {
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            if (c >= 0xd800 && c < 0xe000) {
                byte[] b = {(byte) (0xe0 | c >> 12), (byte) (0x80 | c >> 6 & 0x3f), (byte) (0x80 | c & 0x3f)};
                assertThat(Utf8.isValid(b, 0, 3)).isFalse();
                continue;
            }
            byte[] b = Character.toString(c).getBytes(StandardCharsets.UTF_8);
            int size = Utf8.sequence(b, 0, b.length);
            if (size != b.length || Utf8.codePoint(b, 0, size) != c || Utf8.firstInvalid(b, 0, b.length) != b.length) {
                throw new AssertionError("U+" + Integer.toHexString(c));
            }
            for (int cut = 1; cut < b.length; cut++) {
                if (Utf8.firstInvalid(b, 0, cut) != 0) {
                    throw new AssertionError("U+" + Integer.toHexString(c) + " cut after " + cut);
                }
            }
        }
    }

    @Test
    void shouldRefuseOverlongFormsAndWhatLiesBehindTheLastCharacter() {
        int[][] rows = {
            {0xc0, 0x80}, {0xc1, 0xbf}, {0xe0, 0x80, 0x80}, {0xe0, 0x9f, 0xbf}, {0xf0, 0x80, 0x80, 0x80},
            {0xf0, 0x8f, 0xbf, 0xbf}, {0xf4, 0x90, 0x80, 0x80}, {0xf5, 0x80, 0x80, 0x80}, {0xf8, 0x88, 0x80, 0x80, 0x80},
            {0xfe}, {0xff}, {0x80}, {0xbf}, {0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80}
        };
        for (int[] row : rows) {
            byte[] b = new byte[row.length];
            for (int i = 0; i < row.length; i++) {
                b[i] = (byte) row[i];
            }
            assertThat(Utf8.firstInvalid(b, 0, b.length)).as(Arrays.toString(row)).isZero();
        }
    }

    @Test
    void shouldSayWhereTheFirstBadByteIs() {
        for (int length = 1; length < 40; length++) {
            for (int at = 0; at < length; at++) {
                byte[] b = new byte[length + 4];
                Arrays.fill(b, (byte) 'x');
                b[2 + at] = (byte) 0xff;
                b[1] = (byte) 0xff;
                b[2 + length] = (byte) 0xff;
                assertThat(Utf8.firstInvalid(b, 2, 2 + length)).isEqualTo(2 + at);
                b[2 + at] = 'x';
                assertThat(Utf8.firstInvalid(b, 2, 2 + length)).isEqualTo(2 + length);
            }
        }
    }

    @Test
    void shouldAgreeWithJavaOnRandomDamage() {
        Random random = new Random(5);
        byte[] text = "plain ascii, \u00e9t\u00e9, \u20ac, \ud83d\ude00 and \u0434\u0430 again plain".getBytes(StandardCharsets.UTF_8);
        for (int n = 0; n < 100_000; n++) {
            byte[] b = text.clone();
            for (int k = random.nextInt(3); k >= 0; k--) {
                b[random.nextInt(b.length)] = (byte) random.nextInt();
            }
            boolean valid = Utf8.isValid(b, 0, b.length);
            if (valid != isValidToJava(b)) {
                assertThat(valid).as(Arrays.toString(b)).isEqualTo(!valid);
            }
        }
    }

    private static boolean isValidToJava(byte[] b) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(b));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }
}
