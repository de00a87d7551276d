package io.weir.server.door;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScrapeFormatTest {
    private static final String PROTOBUF =
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            '' | text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            */* | text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            text/html,application/xhtml+xml,*/*;q=0.8 | text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            text/plain;version=9 | text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            # Prometheus 2.42 and 3
            application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1 | application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores
            application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2 | application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8
            # with its protobuf switched on
            application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1 | PROTOBUF; escaping=underscores
            application/vnd.google.protobuf;proto="io.prometheus.client.MetricFamily";encoding="delimited";escaping=underscores | PROTOBUF; escaping=underscores
            application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text,text/plain;q=0.1 | text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            text/plain;version=1.0.0;escaping=dots | text/plain; version=1.0.0; charset=utf-8; escaping=dots
            text/plain;version=0.0.4;escaping=nonsense | text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            application/openmetrics-text | application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores
            application/openmetrics-text;version=2.0.0,text/plain;q=0.1 | text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            text/plain,application/openmetrics-text;version=1.0.0 | text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            text/plain;q=0.9,application/openmetrics-text;version=1.0.0;q=0.91 | application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores
            application/openmetrics-text;version=1.0.0;q=0 | text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            # the escaping of a range holds for those behind it, whatever it was for
            text/html;escaping=values,text/plain | text/plain; version=0.0.4; charset=utf-8; escaping=values
            text/plain;q=0.2,application/x;escaping=allow-utf-8 | text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8
            text/html;escaping=values | text/plain; version=0.0.4; charset=utf-8; escaping=values
            application/json | application/json
            application/json, text/plain, */* | application/json
            text/plain,application/json | application/json
            application/json;q=0.5,text/plain | text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            """)
    void shouldChooseAsPrometheusDoes(String accept, String contentType) {
        assertThat(ScrapeFormat.of(accept).contentType()).isEqualTo(contentType.replace("PROTOBUF", PROTOBUF));
        assertThat(ScrapeFormat.of(accept).contentType()).startsWith(ScrapeFormat.of(accept).format().contentType().split(";")[0]);
    }
}
