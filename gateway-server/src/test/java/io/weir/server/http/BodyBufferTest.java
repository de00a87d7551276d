package io.weir.server.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Limits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;

class BodyBufferTest {
    private final EventLoopContext context = new EventLoopContext(null, null, new HttpRecorder(1), () -> 0, Long.MAX_VALUE, 1);
    private final BodyBuffer body = new BodyBuffer();
    private final Lines lines = new Lines();

    @Test
    void shouldHandOverWhatWasLeftInFrontOfTheNextBytes() {
        feed("on");
        feed("e\ntw");
        feed("o\nthree");
        end();
        assertThat(lines.text.toString()).isEqualTo("[one][two]<three>");
        assertThat(body.held()).isZero();
    }

    @Test
    void shouldGiveTheSameForEveryWayToCutABody() {
        String whole = "a\nbb\n\nccc\nsome longer line that goes on and on\nend";
        Random random = new Random(1);
        for (int round = 0; round < 1_000; round++) {
            lines.text.setLength(0);
            for (int at = 0; at < whole.length(); ) {
                int end = Math.min(whole.length(), at + 1 + random.nextInt(10));
                feed(whole.substring(at, end));
                at = end;
            }
            end();
            assertThat(lines.text.toString())
                    .isEqualTo("[a][bb][][ccc][some longer line that goes on and on]<end>");
        }
    }

    @Test
    void shouldCostLinearTimeByteByByte() {
        int length = 200_000;
        for (int i = 0; i < length; i++) {
            feed("x");
        }
        end();
        assertThat(lines.text).hasSize(length + 2);
        assertThat(lines.offered).as("bytes offered, with repetition").isLessThan(4L * length);
    }

    @Test
    void shouldCostLinearTimeWhenDecompressedByteByByte() throws IOException {
        byte[] plain = new byte[200_000];
        new Random(1).nextBytes(plain);
        for (int i = 0; i < plain.length; i++) {
            plain[i] = (byte) ('a' + (plain[i] & 15));
        }
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(plain);
        }
        Inflater raw = new Inflater(true);
        BodyInflater inflater = new DeflateInflater(raw, true, Limits.DEFAULTS);
        for (byte b : packed.toByteArray()) {
            inflater.input(new byte[] {b}, 0, 1);
            while (body.inflate(inflater, context, lines)) {
                // until the byte is used up
            }
        }
        raw.end();
        assertThat(inflater.refusal()).isNull();
        assertThat(inflater.atEnd()).isNull();
        end();
        assertThat(lines.text.toString()).isEqualTo("<" + new String(plain, US_ASCII) + ">");
        assertThat(lines.offered).isLessThan(4L * plain.length);
    }

    private void feed(String text) {
        byte[] data = ("in front" + text + "behind").getBytes(US_ASCII);
        body.feed(data, 8, text.length(), context, lines);
    }

    private void end() {
        body.offerRest(lines);
        body.end(lines);
    }

    /** Consumes whole lines. */
    private static final class Lines implements Exchange {
        final StringBuilder text = new StringBuilder();
        long offered;

        @Override
        public int body(byte[] buffer, int offset, int length) {
            offered += length;
            int begin = offset;
            for (int i = offset; i < offset + length; i++) {
                if (buffer[i] == '\n') {
                    text.append('[').append(new String(buffer, begin, i - begin, US_ASCII)).append(']');
                    begin = i + 1;
                }
            }
            return begin - offset;
        }

        @Override
        public void end(byte[] buffer, int offset, int length) {
            text.append('<').append(new String(buffer, offset, length, US_ASCII)).append('>');
        }
    }
}
