package io.weir.server.auth;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialsTest {
    @Test
    void shouldReadBasicBearerAndToken() {
        assertThat(Credentials.parse("Basic YTpiOmM=")).isEqualTo(new Credentials("a", "b:c"));
        assertThat(Credentials.parse("bAsIc  Og==")).isEqualTo(new Credentials("", ""));
        assertThat(Credentials.parse("Bearer x.y-z")).isEqualTo(new Credentials(null, "x.y-z"));
        assertThat(Credentials.parse("Token user:pass")).isEqualTo(new Credentials(null, "user:pass"));
        assertThat(Credentials.parse("Basic YTpiOmM=").toString()).doesNotContain("b:c");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Basic", "Basic ", "Basic !!!", "Basic YQ==", "Digest a=b", "Bearer", "Bearer  ", "Basic:YTpi"})
    void shouldTakeNothingElse(String field) {
        assertThat(Credentials.parse(field)).isNull();
    }
}
