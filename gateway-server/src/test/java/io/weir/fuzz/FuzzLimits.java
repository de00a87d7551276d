package io.weir.fuzz;

import io.weir.sample.Limits;
import io.weir.server.config.CommandLine;
import io.weir.server.config.ConfigException;
import io.weir.server.config.ConfigLoader;
import java.util.Arrays;
import java.util.Map;

/** Limits with some of them changed by their options. */
public final class FuzzLimits {
    private FuzzLimits() {}

    /** The defaults but for these, each as {@code name=value} without {@code limits.} in front. */
    public static Limits of(String... limits) {
        try {
            return ConfigLoader.load(
                            CommandLine.parse(Arrays.stream(limits).map(limit -> "--limits." + limit).toList()), Map.of())
                    .limits();
        } catch (ConfigException e) {
            throw new AssertionError(e);
        }
    }
}
