package io.weir.server.auth;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScopeTest {
    @ParameterizedTest
    @CsvSource({
        "GET, /-/healthy, OPEN",
        "HEAD, /-/ready, OPEN",
        "GET, /health, OPEN",
        "POST, /ping, OPEN",
        "POST, /health, PUSH",
        "GET, /-/metrics, SCRAPE",
        "POST, /-/quit, ADMIN",
        "PUT, /-/anything, ADMIN",
        "GET, /metrics, SCRAPE",
        "POST, /metrics, PUSH",
        "PUT, /metrics/job/, PUSH",
        "PATCH, /metrics/, PUSH",
        "DELETE, /metrics/, DELETE",
        "DELETE, /api/v1/series, DELETE",
        "PUT, /api/v1/admin/wipe, ADMIN",
        "GET, /api/v1/status, SCRAPE",
        "PUT, /api/v1/groups, PUSH",
        "POST, /api/v1/groups, PUSH",
        "POST, /drain, DRAIN",
        "POST, /drainage, PUSH",
    })
    void shouldFollowFromTheFormOfARoute(String method, String path, Scope scope) {
        assertThat(Scope.of(method, path)).isEqualTo(scope);
    }
}
