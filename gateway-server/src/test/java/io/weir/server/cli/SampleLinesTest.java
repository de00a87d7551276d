package io.weir.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SampleLinesTest {
    @Test
    void shouldReadWhatAGatewayExposes() throws IOException {
        List<SampleLines.Sample> samples = read("""
                # HELP a_total x
                # TYPE a_total counter
                a_total 1
                a_total{l="v,}\\"\\\\\\n",m=""} +Inf
                # TYPE h histogram
                h_bucket{le="+Inf"} 3
                h_count 3
                # TYPE "my.metric" gauge
                {"my.metric","my label"="x"} -1.5e3
                other NaN
                """);
        assertThat(samples).extracting(SampleLines.Sample::family).containsExactly("a_total", "a_total", "h", "h", "my.metric", "other");
        assertThat(samples).extracting(SampleLines.Sample::type)
                .containsExactly("counter", "counter", "histogram", "histogram", "gauge", "untyped");
        assertThat(samples.get(1).label("l")).isEqualTo("v,}\"\\\n");
        assertThat(samples.get(1).value()).isInfinite();
        assertThat(samples.get(4).label("my label")).isEqualTo("x");
        assertThat(samples.get(4).value()).isEqualTo(-1500);
        assertThat(samples.get(5).value()).isNaN();
    }

    @Test
    void shouldSayWhenItIsSomethingElse() {
        assertThatThrownBy(() -> read("<html>\n")).isInstanceOf(IOException.class).hasMessageContaining("<html>");
        assertThatThrownBy(() -> read("a{b=\"c\n")).isInstanceOf(IOException.class);
    }

    private static List<SampleLines.Sample> read(String text) throws IOException {
        List<SampleLines.Sample> samples = new ArrayList<>();
        SampleLines.read(new ByteArrayInputStream(text.getBytes(UTF_8)), samples::add);
        return samples;
    }
}
