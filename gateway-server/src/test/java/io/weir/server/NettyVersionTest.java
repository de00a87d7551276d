package io.weir.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.Version;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** 4.2.18 closed thirty advisories, eight of them in the HTTP codec; nothing older may come back. */
class NettyVersionTest {
    private static final int[] LEAST = {4, 2, 18};

    @Test
    void shouldRunOnANettyWithoutKnownAdvisories() {
        Map<String, Version> versions = Version.identify(Version.class.getClassLoader());
        assertThat(versions).containsKeys("netty-codec-http", "netty-handler", "netty-common");
        versions.forEach((artifact, version) -> {
            int[] numbers = Arrays.stream(version.artifactVersion().replace(".Final", "").split("\\."))
                    .mapToInt(Integer::parseInt)
                    .toArray();
            assertThat(Arrays.compare(numbers, LEAST)).as(artifact + " " + version).isNotNegative();
        });
    }
}
