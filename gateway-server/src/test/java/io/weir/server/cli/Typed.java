package io.weir.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;

/** One command line as a user types it, and what came of it. */
record Typed(int exitCode, String out, String err) {
    static Typed weir(String... words) throws InterruptedException {
        return weir("", Map.of(), words);
    }

    static Typed weir(String in, Map<String, String> environment, String... words) throws InterruptedException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Terminal terminal = new Terminal(
                new ByteArrayInputStream(in.getBytes(UTF_8)),
                new PrintStream(out, true, UTF_8),
                new PrintStream(err, true, UTF_8),
                environment);
        int exitCode = Commands.run(Commands.find(List.of(words)).orElseThrow(), List.of(words), terminal);
        return new Typed(exitCode, out.toString(UTF_8), err.toString(UTF_8));
    }
}
