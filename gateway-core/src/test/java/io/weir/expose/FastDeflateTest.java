package io.weir.expose;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class FastDeflateTest {
    private final FastDeflate deflate = new FastDeflate();

    @Test
    void shouldComeBackFromAnyKindAndSizeOfPiece() throws DataFormatException {
        for (int size : new int[] {0, 1, 2, 3, 4, 5, 15, 16, 17, 18, 100, 257, 258, 259, 260, 261, 262, 263, 300, 1000,
            32767, 32768, 32769, 65535, 65536, 65537, 70_000, 200_000, 1 << 20}) {
            check(new byte[size]);
            for (int letters : new int[] {2, 3, 10, 64, 255, 256}) {
                check(random(size, letters));
            }
            check(text(size));
        }
    }

    @Test
    void shouldSpendMatchesOfEveryLengthAndDistance() throws DataFormatException {
        for (int length = 4; length < 800; length++) {
            byte[] in = random(2 * length + 100, 256);
            System.arraycopy(in, 5, in, 50 + length, length);
            check(in);
            Arrays.fill(in, 10, 10 + length, (byte) length);
            check(in);
        }
        byte[] noise = random(70_000, 256);
        for (int distance = 40; distance < 40_000; distance += 1 + distance / 50) {
            byte[] in = noise.clone();
            System.arraycopy(in, 100, in, 100 + distance, 40);
            check(in);
        }
        for (int distance = 32766; distance < 32771; distance++) {
            byte[] in = noise.clone();
            System.arraycopy(in, 100, in, 100 + distance, 40);
            check(in);
        }
    }

    @Test
    void shouldKeepCodesWithinTheirLimitsForCountsThatGrowLikeFibonacci() throws DataFormatException {
        // each letter as often as the two before it together makes the deepest tree; no four bytes repeat closely
        Random random = new Random(3);
        byte[] in = new byte[400_000];
        int n = 0;
        for (int letter = 0, a = 1, b = 1; n + a < in.length; letter++) {
            Arrays.fill(in, n, n + a, (byte) letter);
            n += a;
            b += a;
            a = b - a;
        }
        in = Arrays.copyOf(in, n);
        for (int i = n - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            byte swap = in[i];
            in[i] = in[j];
            in[j] = swap;
        }
        check(in);
    }

    @Test
    void shouldNotBeMuchLongerThanZlibAtLevelOne() {
        byte[] text = text(64 << 10);
        Deflater zlib = new Deflater(1, true);
        zlib.setInput(text);
        int reference = zlib.deflate(new byte[text.length], 0, text.length, Deflater.SYNC_FLUSH);
        zlib.end();
        ByteBlock out = new ByteBlock(0);

        deflate.piece(text, 0, text.length, out);

        assertThat(out.length()).isLessThan((int) (reference * 1.1));
    }

    @Property(tries = 2000)
    void shouldComeBackFromAnySpanOfFewLetters(
            @ForAll @Size(max = 3000) @IntRange(max = 5) int[] letters, @ForAll @IntRange(max = 100) int offset)
            throws DataFormatException {
        byte[] in = new byte[letters.length];
        for (int i = 0; i < in.length; i++) {
            in[i] = (byte) (letters[i] * 51);
        }
        check(in, Math.min(offset, in.length));
    }

    private void check(byte[] in) throws DataFormatException {
        check(in, 0);
    }

    /** Two pieces joined, then the last block, must inflate to the input twice. */
    private void check(byte[] in, int from) throws DataFormatException {
        int length = in.length - from;
        ByteBlock out = new ByteBlock(7);
        deflate.piece(in, from, length, out);
        int half = out.length();
        deflate.piece(in, from, length, out);
        assertThat(out.length()).isEqualTo(2 * half);
        assertThat(half).isLessThan(length + length / 50 + 300);
        out.put(new byte[] {3, 0});

        Inflater inflater = new Inflater(true);
        inflater.setInput(out.array(), 0, out.length());
        byte[] back = new byte[2 * length + 1];
        int n = 0;
        while (!inflater.finished()) {
            int step = inflater.inflate(back, n, back.length - n);
            n += step;
            assertThat(step > 0 || inflater.finished()).isTrue();
        }
        assertThat(inflater.getRemaining()).isZero();
        inflater.end();
        assertThat(n).isEqualTo(2 * length);
        assertThat(Arrays.equals(back, 0, length, in, from, in.length)).isTrue();
        assertThat(Arrays.equals(back, length, 2 * length, in, from, in.length)).isTrue();
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
        Random random = new Random(1);
        for (int i = 0; b.length() < size; i++) {
            b.append("http_requests_total{instance=\"host-").append(i % 977).append(":9100\",method=\"GET\",path=\"/api/")
                    .append(i).append("\",status=\"").append(200 + i % 5).append("\"} ").append(random.nextInt(1_000_000))
                    .append('\n');
        }
        return Arrays.copyOf(b.toString().getBytes(StandardCharsets.UTF_8), size);
    }
}
