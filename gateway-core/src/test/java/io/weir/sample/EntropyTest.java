package io.weir.sample;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EntropyTest {
    @Test
    void shouldGiveAnotherWordEachTime() {
        Set<Long> words = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            words.add(Entropy.word());
        }
        assertThat(words).hasSize(1_000);
    }

    @Test
    void shouldGiveHashesThatDiffer() {
        byte[] text = "http_requests_total".getBytes(UTF_8);
        KeyHash one = Entropy.keyHash();
        KeyHash other = Entropy.keyHash();
        one.hash(text, 0, text.length, 0);
        other.hash(text, 0, text.length, 0);
        assertThat(one.h0()).isNotEqualTo(other.h0());
    }
}
