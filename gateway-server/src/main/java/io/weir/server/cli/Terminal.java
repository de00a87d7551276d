package io.weir.server.cli;

import java.io.InputStream;
import java.io.PrintStream;
import java.util.Map;

/**
 * Where a command reads and writes.
 *
 * @param out for answers only
 * @param err for problems
 */
public record Terminal(InputStream in, PrintStream out, PrintStream err, Map<String, String> environment) {}
