package io.weir.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A gateway in a process of its own, on the class path of the test. Ended with the test at the latest. */
final class WeirProcess implements AutoCloseable {
    private static final int SECONDS_MAX = 30;

    private final Process process;
    private final BufferedReader out;
    private final Path err;

    private WeirProcess(Process process, Path err) {
        this.process = process;
        this.out = process.inputReader();
        this.err = err;
    }

    /** Started in the directory, without variables of this process that could be options. */
    static WeirProcess start(Path directory, String... arguments) throws IOException {
        return start(directory, Map.of(), arguments);
    }

    static WeirProcess start(Path directory, Map<String, String> environment, String... arguments) throws IOException {
        // the first two flags stand in the manifest of the jar
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                "io.weir.server.Main"));
        command.addAll(List.of(arguments));
        Path err = Files.createTempFile("weir", ".err");
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(directory.toFile()).redirectError(err.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("WEIR_") || name.startsWith("SECRET_PROM_"));
        builder.environment().putAll(environment);
        return new WeirProcess(builder.start(), err);
    }

    Process process() {
        return process;
    }

    /** Lines of standard output, up to one that starts so or the end. */
    List<String> readThrough(String start) throws IOException {
        List<String> lines = new ArrayList<>();
        String line = out.readLine();
        while (line != null) {
            lines.add(line);
            line = line.startsWith(start) ? null : out.readLine();
        }
        return lines;
    }

    int exitCode() throws InterruptedException {
        if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
            throw new AssertionError("the process did not end within " + SECONDS_MAX + " s");
        }
        return process.exitValue();
    }

    /** Lines of standard error. */
    List<String> problems() throws IOException {
        return Files.readAllLines(err);
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        out.close();
        Files.delete(err);
    }
}
