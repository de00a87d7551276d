package io.weir.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class RouteTableTest {
    private static final Door DOOR = (request, responder) -> Exchange.NONE;

    private final RouteTable table = RouteTable.under("")
            .at("/metrics", "scrape", DOOR, Method.GET)
            .at("/metrics", "push", DOOR, Method.POST)
            .under("/metrics/", "{name}", "patch", DOOR, Method.PATCH)
            .under("/metrics/job/", "...", "group", DOOR, Method.PUT)
            .build();

    @Test
    void shouldPreferExactPathsAndThenTheLongestPrefix() {
        assertThat(handler("/metrics", Method.GET)).isEqualTo("scrape");
        assertThat(handler("/metrics", Method.POST)).isEqualTo("push");
        assertThat(handler("/metrics/x", Method.PATCH)).isEqualTo("patch");
        assertThat(handler("/metrics/job", Method.PATCH)).isEqualTo("patch");
        assertThat(handler("/metrics/job/x", Method.PUT)).isEqualTo("group");
        assertThat(table.find("/metrics/job/x").endpoint(Method.PATCH)).isNull();
        assertThat(table.find("/metric")).isNull();
        assertThat(table.find("/Metrics")).isNull();
    }

    @Test
    void shouldListWhatThereIs() {
        assertThat(table.listing())
                .isEqualTo("GET|POST /metrics, PATCH /metrics/{name}, PUT /metrics/job/...");
        assertThat(table.find("/metrics").allow()).isEqualTo("GET, POST, OPTIONS");
        assertThat(table.handlers()).containsExactly("none", "scrape", "push", "patch", "group");
    }

    @Test
    void shouldTakeAPrefixOffWholeSegmentsOnly() {
        RouteTable below = RouteTable.under("/a/b/").at("/x", "x", DOOR, Method.GET).build();
        assertThat(below.inside("/a/b/x?q")).isEqualTo("/x?q");
        assertThat(below.inside("/a/b")).isEqualTo("/");
        assertThat(below.inside("/a/b?q")).isEqualTo("/?q");
        assertThat(below.inside("/a/bx")).isNull();
        assertThat(below.inside("/x")).isNull();
    }

    @Test
    void shouldRefuseTwoDoorsInOnePlace() {
        RouteTable.Builder builder = RouteTable.under("").at("/x", "x", DOOR, Method.GET);
        assertThatThrownBy(() -> builder.at("/x", "y", DOOR, Method.GET)).hasMessageContaining("two doors for GET");
        assertThatThrownBy(() -> RouteTable.under("x")).hasMessageContaining("starts with '/'");
    }

    private String handler(String path, Method method) {
        return table.find(path).endpoint(method).handler();
    }
}
