package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PackedValuesTest {
    private static final double[] EDGES = {
        0, -0.0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, -32769, Integer.MAX_VALUE,
        Integer.MAX_VALUE + 1.0, Integer.MIN_VALUE, Integer.MIN_VALUE - 1.0, 1L << 48, 1L << 53, Long.MAX_VALUE,
        Long.MIN_VALUE, 0.5, -0.1, 63.943, Double.MIN_VALUE, Double.MAX_VALUE, Double.NaN, Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY, Double.longBitsToDouble(0x7ff8_0000_0000_1234L)
    };

    private static FrameCursor cursor(byte[] bytes, int at, int end) {
        FrameCursor cursor = new FrameCursor();
        cursor.reset(bytes, at, end);
        return cursor;
    }

    private static long[] bits(double[] values, int from, int count) {
        return Arrays.stream(values, from, from + count).mapToLong(Double::doubleToRawLongBits).toArray();
    }

    @Test
    void shouldGiveBackEveryBitOfAnyValues() {
        Random random = new Random(1);
        for (int round = 0; round < 20_000; round++) {
            int count = 1 + random.nextInt(LoopJournal.RUN);
            double[] values = new double[count + 3];
            for (int i = 0; i < values.length; i++) {
                values[i] = switch (random.nextInt(3)) {
                    case 0 -> EDGES[random.nextInt(EDGES.length)];
                    case 1 -> random.nextLong() >> random.nextInt(64);
                    default -> Double.longBitsToDouble(random.nextLong());
                };
            }
            byte[] room = new byte[5 + PackedValues.bytesMax(count)];
            int end = PackedValues.write(values, 3, count, room, 5);
            // as the last thing in its array: nothing may be read behind it
            byte[] bytes = random.nextBoolean() ? room : Arrays.copyOf(room, end);

            double[] read = new double[LoopJournal.RUN];
            FrameCursor from = cursor(bytes, 5, end);
            PackedValues.read(from, count, read);
            assertThat(bits(read, 0, count)).isEqualTo(bits(values, 3, count));
            assertThat(from.at).isEqualTo(end);
            from.reset(bytes, 5, end);
            PackedValues.skip(from, count);
            assertThat(from.at).isEqualTo(end);
        }
    }

    @Test
    void shouldTakeNoMoreRoomThanTheValuesNeed() {
        assertThat(bytes(1, 1, 1, 1, 1, 1, 1, 1)).isEqualTo(2 + 8);
        assertThat(bytes(127, 128, -32768, 32768, Integer.MIN_VALUE)).isEqualTo(2 + 1 + 2 + 2 + 4 + 4);
        assertThat(bytes(0.5, 1L << 40, -0.0)).isEqualTo(1 + 3 * 8);
    }

    private static int bytes(double... values) {
        return PackedValues.write(values, 0, values.length, new byte[PackedValues.bytesMax(values.length)], 0);
    }

    @Test
    void shouldRefuseValuesThatGoBeyondTheFrame() {
        double[] values = {1, 300, 0.5, 70_000, 1, -0.0, 5};
        byte[] room = new byte[PackedValues.bytesMax(values.length)];
        int end = PackedValues.write(values, 0, values.length, room, 0);
        for (int cut = 0; cut < end; cut++) {
            FrameCursor from = cursor(room, 0, cut);
            assertThatThrownBy(() -> PackedValues.read(from, values.length, new double[LoopJournal.RUN]))
                    .isInstanceOf(FrameCursor.DamagedException.class);
        }
    }
}
