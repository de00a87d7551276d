package io.weir.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weir.server.config.CommandLine;
import io.weir.server.config.Config;
import io.weir.server.config.ConfigLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Keeps the documents true. A block of the README behind {@code <!-- tried -->} is run by bash against a real gateway, in
 * order, and must give exactly the text block that follows it.
 */
class ReadmeTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final String ADDRESS = "127.0.0.1:9091";
    private static final int SECONDS_MAX = 60;
    private static final Pattern TRIED =
            Pattern.compile("<!-- tried -->\n```sh\n(.*?)```\n```text\n(.*?)```\n", Pattern.DOTALL);
    private static final Pattern SHELL = Pattern.compile("```sh\n(.*?)```\n", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:|#)([^)#]+)[^)]*\\)");
    private static final Pattern TYPE_NAME = Pattern.compile("`([A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+)`");

    /** One block and what it prints. */
    private record Example(String script, String output) {}

    @Test
    void shouldGiveTheAnswersThatTheReadmeShows(@TempDir Path directory) throws Exception {
        assumeTrue(isThere("bash") && isThere("curl"), "bash or curl is missing: the README's examples are NOT tried");
        List<Example> examples = examples();
        Config config = ConfigLoader.load(
                CommandLine.parse(List.of("--web.listen-address=127.0.0.1:0", "--storage.path=none")), Map.of());
        try (Weir weir = Weir.start(config, () -> config)) {
            String address = "127.0.0.1:" + weir.addresses().get(0).getPort();
            for (Example example : examples) {
                String script = example.script.replace(ADDRESS, address).replace("/tmp/", directory + "/");
                assertThat(run(script, directory)).as(example.script).isEqualTo(example.output.stripTrailing());
            }
        }
    }

    @Test
    void shouldTryEveryCurlOfTheReadme() throws IOException {
        Set<String> tried = examples().stream().map(Example::script).collect(Collectors.toSet());
        List<String> untried = SHELL.matcher(readme())
                .results()
                .map(block -> block.group(1))
                .filter(script -> script.contains("curl") && !tried.contains(script))
                .toList();
        assertThat(tried).hasSizeGreaterThan(10);
        assertThat(untried).isEmpty();
    }

    @Test
    void shouldLinkToFilesThatExist() throws IOException {
        Set<String> broken = new TreeSet<>();
        for (Path document : documents()) {
            Matcher link = LINK.matcher(Files.readString(document));
            while (link.find()) {
                if (!Files.exists(document.resolveSibling(link.group(1)))) {
                    broken.add(ROOT.relativize(document) + ": " + link.group(1));
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void shouldNameTypesThatExist() throws IOException {
        Set<String> types;
        try (Stream<Path> files = Files.walk(ROOT)) {
            types = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".java"))
                    .map(name -> name.substring(0, name.length() - ".java".length()))
                    .collect(Collectors.toSet());
        }
        Set<String> elsewhere = Set.of("ConcurrentHashMap", "ByteBuf", "HttpClient", "HdrHistogram", "JCTools");
        Set<String> unknown = new TreeSet<>();
        for (Path document : documents()) {
            Matcher name = TYPE_NAME.matcher(Files.readString(document));
            while (name.find()) {
                if (!types.contains(name.group(1)) && !elsewhere.contains(name.group(1))) {
                    unknown.add(ROOT.relativize(document) + ": " + name.group(1));
                }
            }
        }
        assertThat(unknown).isEmpty();
    }

    private static List<Example> examples() throws IOException {
        List<Example> examples = new ArrayList<>();
        Matcher block = TRIED.matcher(readme());
        while (block.find()) {
            examples.add(new Example(block.group(1), block.group(2)));
        }
        return examples;
    }

    private static String readme() throws IOException {
        return Files.readString(ROOT.resolve("README.md"));
    }

    private static List<Path> documents() throws IOException {
        try (Stream<Path> top = Files.list(ROOT);
                Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            return Stream.concat(top, docs)
                    .filter(file -> file.toString().endsWith(".md"))
                    .toList();
        }
    }

    /** Standard output, without white space at its end. */
    private static String run(String script, Path directory) throws IOException, InterruptedException {
        Path output = directory.resolve("output");
        Path problems = directory.resolve("problems");
        ProcessBuilder builder = new ProcessBuilder("bash", "-c", "set -euo pipefail\n" + script)
                .directory(directory.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(output.toFile())
                .redirectError(problems.toFile());
        builder.environment().keySet().removeIf(name -> name.toLowerCase(Locale.ROOT).endsWith("_proxy"));
        Process process = builder.start();
        if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("still running after " + SECONDS_MAX + " s: " + script);
        }
        assertThat(process.exitValue()).as("%s%n%s", script, Files.readString(problems)).isZero();
        return Files.readString(output, UTF_8).stripTrailing();
    }

    private static boolean isThere(String program) {
        for (String directory : System.getenv().getOrDefault("PATH", "").split(":")) {
            if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, program))) {
                return true;
            }
        }
        return false;
    }
}
