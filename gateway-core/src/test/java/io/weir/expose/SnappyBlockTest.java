package io.weir.expose;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.xerial.snappy.Snappy;

class SnappyBlockTest {
    private static final int[] SIZES = {
        0, 1, 2, 3, 4, 5, 14, 15, 16, 17, 18, 31, 59, 60, 61, 62, 63, 64, 65, 127, 128, 129, 255, 256, 257, 258, 1000,
        4095, 4096, 65519, 65520, 65521, 65535, 65536, 65537, 65551, 65552, 65553, 131071, 131072, 131073, 196608,
        196609, 300_000, 714_000, 1 << 20
    };

    private final SnappyBlock snappy = new SnappyBlock();

    @Test
    void shouldComeBackFromAnyKindAndSizeOfInput() throws IOException {
        for (int size : SIZES) {
            check(new byte[size]);
            check(random(size, 256));
            check(random(size, 2));
            check(random(size, 1 + size % 7));
            check(text(size));
            check(mixed(size));
        }
    }

    @Test
    void shouldComeBackFromFiveMegabytes() throws IOException {
        check(new byte[5_000_000]);
        check(random(5_000_000, 256));
        check(text(5_000_000));
        check(mixed(5_000_000));
    }

    @Test
    void shouldShrinkLabelTextAsMuchAsTheReference() throws IOException {
        byte[] text = text(1_000_000);

        assertThat(compress(text).length).isLessThan((int) (Snappy.compress(text).length * 1.03));
    }

    @Test
    void shouldSpendCopiesOfEveryLengthAndDistance() throws IOException {
        Random random = new Random(7);
        for (int length = 4; length < 300; length++) {
            for (int gap : new int[] {0, 1, 100, 2047 - length, 2048 - length, 5000, 65000 - length}) {
                byte[] in = random(2 * length + Math.max(0, gap) + 40, 256);
                System.arraycopy(in, 8, in, 8 + length + Math.max(0, gap), length);
                check(in);
            }
            byte[] run = random(length + 40, 256);
            Arrays.fill(run, 10, 10 + length, (byte) random.nextInt());
            check(run);
        }
    }

    @Test
    void shouldKeepTheBoundWhereLiteralsGrowMost() throws IOException {
        // a four-byte copy after each literal of 61 bytes costs one byte more than the input
        byte[] in = random(200_000, 256);
        for (int i = 65; i + 65 < in.length; i += 65) {
            System.arraycopy(in, i - 4, in, i + 61, 4);
        }
        check(in);
    }

    @Test
    void shouldRefuseAnOutputWithoutRoom() {
        byte[] in = new byte[100];

        assertThatThrownBy(() -> snappy.compress(in, 0, 100, new byte[SnappyBlock.maxCompressedLength(100) - 1], 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> snappy.compress(in, 1, 100, new byte[1000], 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> SnappyBlock.maxCompressedLength(Integer.MAX_VALUE))
                .isInstanceOf(ArithmeticException.class);
    }

    @Property(tries = 2000)
    void shouldComeBackFromAnySpanOfFewLetters(
            @ForAll @Size(max = 2000) @IntRange(max = 3) int[] letters, @ForAll @IntRange(max = 100) int offset)
            throws IOException {
        byte[] in = new byte[letters.length];
        for (int i = 0; i < in.length; i++) {
            in[i] = (byte) letters[i];
        }
        check(in, Math.min(offset, in.length));
    }

    private void check(byte[] in) throws IOException {
        check(in, 0);
    }

    private void check(byte[] in, int from) throws IOException {
        byte[] expected = Arrays.copyOfRange(in, from, in.length);
        int bound = SnappyBlock.maxCompressedLength(expected.length);
        byte[] out = new byte[bound + 3];
        Arrays.fill(out, (byte) 0x5a);
        byte[] exact = new byte[bound];

        int length = snappy.compress(in, from, expected.length, out, 3);
        int again = snappy.compress(in, from, expected.length, exact, 0);

        assertThat(length).isLessThanOrEqualTo(bound);
        byte[] block = Arrays.copyOfRange(out, 3, 3 + length);
        assertThat(Arrays.equals(block, Arrays.copyOf(exact, again))).isTrue();
        assertThat(out[0] + out[1] + out[2]).isEqualTo(3 * 0x5a);
        assertThat(Snappy.isValidCompressedBuffer(block)).isTrue();
        assertThat(Arrays.equals(Snappy.uncompress(block), expected)).isTrue();
    }

    private byte[] compress(byte[] in) {
        byte[] out = new byte[SnappyBlock.maxCompressedLength(in.length)];
        return Arrays.copyOf(out, snappy.compress(in, 0, in.length, out, 0));
    }

    private static byte[] random(int size, int letters) {
        byte[] bytes = new byte[size];
        Random random = new Random(size * 31L + letters);
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) random.nextInt(letters);
        }
        return bytes;
    }

    private static byte[] text(int size) {
        StringBuilder b = new StringBuilder();
        for (int i = 0; b.length() < size; i++) {
            b.append("http_requests_total{instance=\"host-").append(i % 977).append(":9100\",method=\"GET\",path=\"/api/")
                    .append(i).append("\",status=\"").append(200 + i % 5).append("\"} ").append(i * 17L).append('\n');
        }
        return Arrays.copyOf(b.toString().getBytes(StandardCharsets.UTF_8), size);
    }

    private static byte[] mixed(int size) {
        byte[] bytes = random(size, 256);
        byte[] text = text(size);
        for (int i = 0; i < size; i += 3000) {
            System.arraycopy(text, i, bytes, i, Math.min(1700, size - i));
        }
        return bytes;
    }
}
