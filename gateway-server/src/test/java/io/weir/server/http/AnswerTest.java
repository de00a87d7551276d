package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class AnswerTest {
    @Test
    void shouldRefuseAFieldThatWouldBeMoreThanOneLine() {
        for (String value : new String[] {"a\r\nSet-Cookie: b=c", "a\nb", "a\rb", "\u0000", "a\tb", "\u007f", "\u010a", "\u560a"}) {
            assertThatThrownBy(() -> Answer.text(200, "ok", "X", value)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> Answer.OK.with("X", value)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> Answer.of(200, value, new byte[0])).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> Answer.head(200, "text/plain", "X", value)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void shouldWriteWhatItIsGiven() {
        assertThat(new String(Answer.text(200, "ok", "X", "y z").whole(), ISO_8859_1))
                .isEqualTo("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nX: y z\r\nContent-Length: 2\r\n\r\nok");
    }
}
