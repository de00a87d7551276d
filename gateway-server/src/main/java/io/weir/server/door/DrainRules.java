package io.weir.server.door;

import io.weir.parse.HerokuMessages;
import java.util.Set;
import java.util.function.Consumer;

/**
 * How Logplex drains are taken. Immutable, any thread.
 *
 * @param prefix what stands before {@code :ingest } in log lines with metrics
 * @param tokens drain tokens that are let in; empty for all
 * @param fleeting told the names of families whose series end when their source falls silent; any event loop
 */
public record DrainRules(String prefix, Set<String> tokens, Consumer<String> fleeting) {
    public static final DrainRules DEFAULTS = new DrainRules(HerokuMessages.PREFIX_DEFAULT, Set.of(), name -> {});
}
