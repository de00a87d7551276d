package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.ZstdOutputStream;
import io.weir.expose.ZstdFrame;
import io.weir.sample.Limits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xerial.snappy.SnappyFramedOutputStream;

/** Framed snappy as snappy-java writes it and zstd as its own library does, cut and damaged in every way. */
class BodyInflaterTest {
    private static final Limits LIMITS = Limits.DEFAULTS;

    /** What came out, or why it did not. */
    private record Inflated(byte[] plain, Refusal refusal) {}

    @ParameterizedTest
    @EnumSource(names = {"SNAPPY", "ZSTD"})
    void shouldGiveTheSameHoweverTheBodyIsCut(HeadRules.Coding coding) {
        byte[] plain = mixed(new Random(3), 5_000);
        byte[] packed = pack(coding, plain);
        for (int cut = 0; cut <= packed.length; cut++) {
            assertThat(inflate(coding, packed, 1 << 16, cut, packed.length).plain).isEqualTo(plain);
        }
        int[] everywhere = new int[packed.length];
        Arrays.setAll(everywhere, i -> i + 1);
        assertThat(inflate(coding, packed, 7, everywhere).plain).isEqualTo(plain);
    }

    @ParameterizedTest
    @EnumSource(names = {"SNAPPY", "ZSTD"})
    void shouldReadWhatTheLibraryWrites(HeadRules.Coding coding) {
        Random random = new Random(4);
        for (int round = 0; round < 300; round++) {
            byte[] plain = mixed(random, random.nextInt(1 << random.nextInt(19)));
            byte[] packed = pack(coding, plain);
            Inflated whole = inflate(coding, packed, 1 + random.nextInt(100_000), packed.length);
            assertThat(whole.refusal).isNull();
            assertThat(whole.plain).isEqualTo(plain);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SNAPPY", "ZSTD"})
    void shouldNotTakeABodyThatEndsEarly(HeadRules.Coding coding) {
        byte[] packed = pack(coding, mixed(new Random(5), 3_000));
        for (int length = 1; length < packed.length; length++) {
            // snappy that ends between two chunks cannot be told from a shorter body; here all is in one chunk
            if (coding == HeadRules.Coding.SNAPPY && length == 10) {
                continue;
            }
            assertThat(inflate(coding, Arrays.copyOf(packed, length), 1 << 16, length).refusal)
                    .as("%d of %d", length, packed.length)
                    .isEqualTo(Refusal.TRUNCATED_COMPRESSION);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SNAPPY", "ZSTD"})
    void shouldNeverTakeADamagedBodyForAnotherOne(HeadRules.Coding coding) {
        Random random = new Random(6);
        byte[] plain = mixed(random, 2_000);
        byte[] packed = pack(coding, plain);
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] damaged = packed.clone();
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            if (coding == HeadRules.Coding.SNAPPY) {
                // the type of its only chunk: others are padding, which is to be passed over
                damaged[10] = packed[10];
            }
            Inflated inflated = inflate(coding, damaged, 1 << 16, random.nextInt(damaged.length + 1), damaged.length);
            if (inflated.refusal == null) {
                assertThat(inflated.plain).isEqualTo(plain);
            } else {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(19_000);
    }

    @Test
    void shouldPassOverPaddingAndRefuseWhatNobodyMayPassOver() {
        byte[] plain = "a 1\n".getBytes(ISO_8859_1);
        byte[] packed = snappy(plain);
        byte[] padding = {(byte) 0xfe, 3, 0, 0, 9, 9, 9};
        assertThat(inflate(HeadRules.Coding.SNAPPY, join(packed, padding), 100, 5, 30).plain).isEqualTo(plain);
        assertThat(inflate(HeadRules.Coding.SNAPPY, join(packed, packed), 100).plain).isEqualTo(join(plain, plain));
        byte[] reserved = {2, 3, 0, 0, 9, 9, 9};
        assertThat(inflate(HeadRules.Coding.SNAPPY, join(packed, reserved), 100).refusal).isEqualTo(Refusal.BAD_COMPRESSION);
        byte[] unidentified = Arrays.copyOfRange(packed, 10, packed.length);
        assertThat(inflate(HeadRules.Coding.SNAPPY, unidentified, 100).refusal).isEqualTo(Refusal.BAD_COMPRESSION);
        assertThat(inflate(HeadRules.Coding.SNAPPY, join(packed, new byte[] {0, -1, -1, -1}), 100).refusal)
                .isEqualTo(Refusal.BAD_COMPRESSION);
    }

    @Test
    void shouldJoinFramesAndRefuseWhatIsNone() {
        byte[] plain = "a 1\n".getBytes(ISO_8859_1);
        byte[] skippable = {0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7};
        assertThat(inflate(HeadRules.Coding.ZSTD, join(zstd(plain), skippable, zstd(plain)), 3).plain)
                .isEqualTo(join(plain, plain));
        assertThat(inflate(HeadRules.Coding.ZSTD, join(zstd(plain), "text".getBytes(ISO_8859_1)), 100).refusal)
                .isEqualTo(Refusal.BAD_COMPRESSION);
        assertThat(inflate(HeadRules.Coding.ZSTD, join(zstd(plain), new byte[] {0x28}), 100).refusal)
                .isEqualTo(Refusal.TRUNCATED_COMPRESSION);
    }

    @Test
    void shouldRefuseAWindowThatNobodyMayAskFor() throws IOException {
        for (int log : new int[] {23, 24}) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (ZstdOutputStream zstd = new ZstdOutputStream(out)) {
                zstd.setLong(log);
                zstd.write(new byte[100]);
            }
            assertThat(inflate(HeadRules.Coding.ZSTD, out.toByteArray(), 1000).refusal)
                    .isEqualTo(log == 23 ? null : Refusal.BAD_COMPRESSION);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SNAPPY", "ZSTD"})
    void shouldHoldABodyToItsLimits(HeadRules.Coding coding) {
        byte[] most = mixed(new Random(7), (int) LIMITS.bodyBytes());
        assertThat(inflate(coding, pack(coding, most), 1 << 16).refusal).isNull();
        assertThat(inflate(coding, pack(coding, Arrays.copyOf(most, most.length + 1)), 1 << 16).refusal)
                .isEqualTo(Refusal.INFLATED_TOO_LARGE);
        if (coding == HeadRules.Coding.ZSTD) {
            assertThat(inflate(coding, pack(coding, new byte[8 << 20]), 1 << 16).refusal).isEqualTo(Refusal.INFLATE_RATIO);
        }
    }

    private static Inflated inflate(HeadRules.Coding coding, byte[] packed, int room, int... ends) {
        assertThat(ZstdFrame.isAvailable()).isTrue();
        BodyInflater inflater = BodyInflater.of(coding, null, LIMITS);
        try {
            ByteArrayOutputStream plain = new ByteArrayOutputStream();
            byte[] out = new byte[room + 6];
            int from = 0;
            for (int i = 0; i <= ends.length; i++) {
                int to = i < ends.length ? Math.min(ends[i], packed.length) : packed.length;
                byte[] piece = Arrays.copyOfRange(packed, from, to);
                inflater.input(piece, 0, piece.length);
                for (int n; (n = inflater.inflate(out, 3, room)) > 0; ) {
                    plain.write(out, 3, n);
                }
                if (inflater.refusal() != null) {
                    return new Inflated(null, inflater.refusal());
                }
                from = to;
            }
            return new Inflated(plain.toByteArray(), inflater.atEnd());
        } finally {
            inflater.close(null);
        }
    }

    private static byte[] pack(HeadRules.Coding coding, byte[] plain) {
        return coding == HeadRules.Coding.SNAPPY ? snappy(plain) : zstd(plain);
    }

    static byte[] snappy(byte[] plain) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (SnappyFramedOutputStream snappy = new SnappyFramedOutputStream(out)) {
            snappy.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    static byte[] zstd(byte[] plain) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZstdOutputStream zstd = new ZstdOutputStream(out)) {
            zstd.setChecksum(true);
            zstd.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** Runs of noise and of repetition. */
    private static byte[] mixed(Random random, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; ) {
            int run = Math.min(length - i, 1 + random.nextInt(300));
            int back = random.nextInt(4) * (1 + random.nextInt(70_000));
            for (int k = 0; k < run; k++, i++) {
                bytes[i] = back > 0 && back <= i ? bytes[i - back] : (byte) random.nextInt(256);
            }
        }
        return bytes;
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
