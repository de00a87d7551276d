package io.weir.server.config;

import io.weir.server.auth.WebRules;
import io.weir.server.tls.Tls;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a web configuration file says. Immutable, any thread.
 *
 * @param tls empty for plain HTTP
 * @param files that it was read from, itself the first
 */
public record WebConfig(Optional<Tls> tls, WebRules rules, List<Path> files) {
    public static final WebConfig NONE = new WebConfig(Optional.empty(), WebRules.NONE, List.of());

    /**
     * Reads and tries out a file in the format of Prometheus' exporter-toolkit
     * (https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md), with its verdict.
     *
     * @throws ConfigException of {@link ExitCode#CONFIG} with the first problem
     */
    public static WebConfig read(Path file) throws ConfigException {
        return WebConfigFile.read(file);
    }
}
