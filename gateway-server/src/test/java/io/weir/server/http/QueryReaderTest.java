package io.weir.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QueryReaderTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a=1|[a=1]",
                "a=1&b=2|[a=1, b=2]",
                "a|[a=]",
                "a=|[a=]",
                "=1|[=1]",
                "a==1|[a==1]",
                "&&a=1&&|[a=1]",
                "a=1=2&a=3|[a=1=2, a=3]",
                "a+b=c+d|[a b=c d]",
                "a%3Db=%26%2B%20|[a=b=&+ ]",
                "%E2%82%AC=%e2%82%ac|[€=€]",
                "a=%|[a=null]",
                "a=%2|[a=null]",
                "a=%zz|[a=null]",
                "%=1&b=2|[null=1, b=2]",
                "a=%-1|[a=null]",
            },
            ignoreLeadingAndTrailingWhitespace = false)
    void shouldReadParameters(String query, String expected) {
        List<String> found = new ArrayList<>();
        QueryReader reader = new QueryReader("?" + query, 1);
        while (reader.next()) {
            found.add(reader.name() + "=" + reader.value());
        }
        assertThat(found.toString()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gzip|gzip|true",
                "deflate, GZIP|gzip|true",
                "gzip;q=0|gzip|false",
                "gzip; q=0.000|gzip|false",
                "gzip;q=0.001|gzip|true",
                "gzip;q=1|gzip|true",
                "gzipx|gzip|false",
                "*|gzip|false",
                "''|gzip|false",
                "text/html, application/json;charset=utf-8;q=0.5|application/json|true",
            })
    void shouldReadListFields(String field, String wanted, boolean named) {
        assertThat(Accept.names(field, wanted)).isEqualTo(named);
    }
}
