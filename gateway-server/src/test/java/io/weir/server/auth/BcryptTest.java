package io.weir.server.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BcryptTest {
    /** "fakepassword", from the sources of the exporter-toolkit. */
    private static final String KNOWN = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

    @Test
    void shouldVerifyAHashMadeElsewhere() {
        assertThat(Bcrypt.parse(KNOWN).verify("fakepassword")).isTrue();
        assertThat(Bcrypt.parse(KNOWN).verify("fakepassworD")).isFalse();
        assertThat(Bcrypt.parse(KNOWN).verify("")).isFalse();
        assertThat(Bcrypt.parse(KNOWN).cost()).isEqualTo(10);
        assertThat(Bcrypt.parse(KNOWN)).hasToString("***");
    }

    @ParameterizedTest
    @ValueSource(strings = {"$2a$", "$2b$", "$2x$", "$2y$", "$2z$", "$2$"})
    void shouldTakeEveryMinorVersionAsTheSame(String version) {
        assertThat(Bcrypt.parse(KNOWN.replace("$2y$", version)).verify("fakepassword")).isTrue();
    }

    @Test
    void shouldVerifyWhatItHashesAndCountTheFirst72Bytes() {
        String hash = Bcrypt.hash("p\u00e4ss", 4);
        assertThat(hash).startsWith("$2y$04$").hasSize(60);
        assertThat(Bcrypt.parse(hash).verify("p\u00e4ss")).isTrue();
        assertThat(Bcrypt.parse(hash).verify("pass")).isFalse();
        Bcrypt full = Bcrypt.parse(Bcrypt.hash("x".repeat(72), 4));
        assertThat(full.verify("x".repeat(80))).as("as in Go").isTrue();
        assertThat(full.verify("x".repeat(71))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "",
        "secret",
        "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDe",
        "$3y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi",
        "$2y$03$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi",
        "$2y$32$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi",
        "$2y$1x$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi",
        "0123456789012345678901234567890123456789012345678901234567890"
    })
    void shouldRefuseWhatIsNoHashWithoutRepeatingIt(String text) {
        assertThatThrownBy(() -> Bcrypt.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bcrypt")
                .message()
                .doesNotContain("QOauh");
    }

    @Test
    void shouldLetADamagedHashFitNothing() {
        assertThat(Bcrypt.parse("$2y$04$" + "\u00e9!".repeat(27)).verify("x")).isFalse();
    }
}
