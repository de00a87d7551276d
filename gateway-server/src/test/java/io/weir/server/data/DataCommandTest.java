package io.weir.server.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.weir.server.StartupException;
import io.weir.server.Weir;
import io.weir.server.config.CommandLine;
import io.weir.server.config.Config;
import io.weir.server.config.ConfigLoader;
import io.weir.server.config.ExitCode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code weir data} on directories that real gateways have left. */
class DataCommandTest {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final String TEXT = """
            # HELP jobs_total Jobs \\\\ done,\\nby \\\\n queue "q".
            # TYPE jobs_total counter
            jobs_total{queue="a"} 3
            jobs_total{queue="\\"\\n\\\\{},= é🙂"} 0.30000000000000004
            jobs_total 9.007199254740993e+15
            # TYPE temperature gauge
            temperature -0
            temperature{room="x"} 1e-300
            temperature{room="inf"} +Inf
            temperature{room="nan"} NaN
            untyped_thing{a="b"} 1.5
            # HELP took_seconds How long.
            # TYPE took_seconds histogram
            took_seconds_bucket{le="0.1"} 3
            took_seconds_bucket{le="1"} 5
            took_seconds_bucket{le="+Inf"} 6
            took_seconds_sum 2.75
            took_seconds_count 6
            took_seconds_bucket{le="+Inf",path="/"} 1
            took_seconds_sum{path="/"} 0.1
            took_seconds_count{path="/"} 1
            # TYPE size_bytes summary
            size_bytes_sum{kind="in"} 1024
            size_bytes_count{kind="in"} 2
            # TYPE lone_count counter
            lone_count 4
            """;

    @TempDir
    private Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    // ---- round trip

    @ParameterizedTest
    @ValueSource(strings = {"set", "add"})
    void shouldBringBackEverythingThatWasWrittenOut(String mode) throws Exception {
        Path data = directory.resolve("data");
        String shown = gateway(data, url -> {
            assertThat(send(url, "POST", "/metrics", TEXT)).isEqualTo("ok");
            assertThat(send(url, "PATCH", "/metrics/jobs_total?queue=a", "")).isEqualTo("ok");
            send(url, "POST", "/write", "m,t=1 v=7 1700000000000000000\n");
            send(url, "PUT", "/metrics", "gone 1\n");
            assertThat(send(url, "DELETE", "/metrics/gone", "")).startsWith("deleted 1 ");
        });
        Map<String, String> before = state(data);
        assertThat(run("export", data.toString())).isZero();
        assertThat(out.toString(UTF_8)).isEqualTo(shown).contains("jobs_total{queue=\"a\"} 4\n", "room=\"inf\"} +Inf\n");
        assertThat(err.toString(UTF_8)).isEmpty();
        assertThat(state(data)).as("export changes nothing").isEqualTo(before);

        Path file = directory.resolve("weir.prom");
        assertThat(run("export", data.toString(), "--output=" + file)).isZero();
        assertThat(file).hasContent(shown);
        Path other = directory.resolve("new/other");
        assertThat(run("import", other.toString(), file.toString(), "--mode=" + mode)).as(err::toString).isZero();
        assertThat(out.toString(UTF_8)).contains("imported 20 samples").contains("series before 0, now 13");
        assertThat(run("check", other.toString())).as(out::toString).isZero();
        out.reset();
        assertThat(run("export", other.toString())).isZero();
        assertThat(out.toString(UTF_8)).isEqualTo(shown);
        assertThat(gateway(other, url -> {})).isEqualTo(shown);
    }

    @ParameterizedTest
    @CsvSource({"set, max, 5, 5", "set, min, 5, 5", "add, max, 8, 5", "add, min, 5, 2", "add, sum, 13, 7", "add, last, 5, 5"})
    void shouldTreatGaugesByTheRulesOfTheGateway(String mode, String policy, String eight, String two) throws Exception {
        Path data = directory.resolve("data");
        String flag = "--aggregation.gauge=" + policy;
        gateway(data, url -> send(url, "POST", "/metrics", "# TYPE g gauge\ng{x=\"8\"} 8\ng{x=\"2\"} 2\n"), flag);
        Path file = Files.writeString(directory.resolve("f"), "# TYPE g gauge\ng{x=\"8\"} 5\ng{x=\"2\"} 5\n");
        assertThat(run("import", data.toString(), file.toString(), "--mode=" + mode, flag)).isZero();
        String shown = gateway(data, url -> {}, flag);
        assertThat(shown).contains("g{x=\"8\"} " + eight + "\n", "g{x=\"2\"} " + two + "\n");
        run("export", data.toString());
        assertThat(out.toString(UTF_8)).endsWith(shown);
    }

    @Test
    void shouldAddOrSetWhatIsThereAlready() throws Exception {
        Path data = directory.resolve("data");
        String once = gateway(data, url -> send(url, "POST", "/metrics", TEXT));
        Path file = Files.writeString(directory.resolve("f"), once);
        assertThat(run("import", data.toString(), file.toString())).isZero();
        assertThat(gateway(data, url -> {})).as("setting what is there changes nothing").isEqualTo(once);
        assertThat(run("import", data.toString(), file.toString(), "--mode=add")).isZero();
        assertThat(gateway(data, url -> {})).contains(
                "jobs_total{queue=\"a\"} 6\n", "took_seconds_bucket{le=\"1\"} 10\n", "took_seconds_sum 5.5\n",
                "size_bytes_count{kind=\"in\"} 4\n", "lone_count 8\n", "temperature{room=\"x\"} 2e-300\n");
    }

    @Test
    void shouldTakeFilesOfManyBatchesAndCutNoHistogramInTwo() throws Exception {
        StringBuilder text = new StringBuilder("# HELP big_total Many.\n# TYPE big_total counter\n");
        // two batches to the sample: the next family is declared in one and begins in another
        for (int i = 0; i < 16_384; i++) {
            text.append("big_total{i=\"").append(i).append("\"} ").append(i).append('\n');
        }
        text.append("# HELP h Heights.\n# TYPE h histogram\n");
        for (int i = 0; i < 6_000; i++) {
            // labels in another order from line to line, as some clients write them
            text.append("h_bucket{i=\"").append(i).append("\",le=\"1\"} 1\nh_bucket{le=\"+Inf\",i=\"").append(i)
                    .append("\"} 3\nh_sum{i=\"").append(i).append("\"} 7\nh_count{i=\"").append(i).append("\"} 3\n");
        }
        text.append("# TYPE s summary\n");
        for (int i = 0; i < 6_000; i++) {
            text.append("s{quantile=\"0.5\",i=\"").append(i).append("\"} 4\ns_sum{i=\"").append(i)
                    .append("\"} 1\ns_count{i=\"").append(i).append("\"} 2\n");
        }
        Path file = Files.writeString(directory.resolve("f"), text);
        Path data = directory.resolve("data");
        assertThat(run("import", data.toString(), file.toString(), "--mode=add")).as(err::toString).isZero();
        assertThat(run("import", data.toString(), file.toString(), "--mode=add")).as(err::toString).isZero();
        out.reset();
        assertThat(run("export", data.toString())).isZero();
        String exported = out.toString(UTF_8);
        assertThat(exported.lines().filter(line -> line.endsWith("le=\"+Inf\"} 6")).count()).isEqualTo(6_000);
        assertThat(exported.lines().filter(line -> line.endsWith("le=\"1\"} 2")).count()).isEqualTo(6_000);
        assertThat(exported.lines().filter(line -> line.startsWith("h_sum") && line.endsWith(" 14")).count()).isEqualTo(6_000);
        assertThat(exported.lines().filter(line -> line.startsWith("s_count") && line.endsWith(" 4")).count()).isEqualTo(6_000);
        assertThat(exported).contains("# HELP big_total Many.\n# TYPE big_total counter\n", "big_total{i=\"16383\"} 32766\n")
                .contains("# HELP h Heights.\n");
    }

    // ---- all or nothing

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "bad line|line 10002 column 5: not a number",
        "# TYPE c gauge|line 10002 column 8: second TYPE line for this name, or TYPE after its samples",
        "g 1|the family exists with another type (g is a counter, pushed as untyped)",
        "h_bucket{i=\"1\",le=\"+Inf\"} 1|do not stand together: h",
    })
    void shouldChangeNothingWhenAnythingIsRefused(String line, String message) throws Exception {
        Path data = directory.resolve("data");
        String shown = gateway(data, url -> send(url, "POST", "/metrics", "# TYPE c counter\nc{i=\"1\"} 5\n"));
        StringBuilder text = new StringBuilder(line.startsWith("h_") ? "# TYPE h histogram\n" : "# TYPE c counter\n");
        for (int i = 0; i < 10_000; i++) {
            text.append(line.startsWith("h_")
                    ? "h_bucket{i=\"" + i + "\",le=\"+Inf\"} 1\n"
                    : "c{i=\"" + i + "\"} 1\n");
        }
        Path file = Files.writeString(directory.resolve("f"), text + line + "\n" + (line.equals("g 1") ? "# TYPE g counter\n" : ""));
        assertThat(run("import", data.toString(), file.toString(), "--mode=add")).isEqualTo(ExitCode.FAILURE);
        String said = err.toString(UTF_8);
        if (!line.equals("g 1")) {
            assertThat(said).contains(message);
        }
        assertThat(said).startsWith("weir: " + file + ": ").endsWith("; nothing is changed\n");
        assertThat(state(data).keySet()).noneMatch(name -> name.endsWith(".tmp"));
        assertThat(gateway(data, url -> {})).isEqualTo(shown);
    }

    @Test
    void shouldRefuseMoreSeriesThanTheLimitAndSayWhichFlagHelps() throws Exception {
        Path file = Files.writeString(directory.resolve("f"), "a 1\nb 1\nc 1\n");
        assertThat(run("import", directory.resolve("d").toString(), file.toString(), "--series.max=2")).isEqualTo(1);
        assertThat(err.toString(UTF_8)).contains("the series limit is reached");
        assertThat(run("import", directory.resolve("d").toString(), directory.resolve("no").toString())).isEqualTo(1);
        assertThat(err.toString(UTF_8)).contains("there is no file ");
    }

    // ---- damage

    @Test
    void shouldReportEachDamageAndLeaveItAsItIs() throws Exception {
        Path data = directory.resolve("data");
        String shown = gateway(data, url -> send(url, "POST", "/metrics", TEXT));
        assertThat(run("check", data.toString())).isZero();
        assertThat(out.toString(UTF_8)).contains("segments 1, frames 1\n").endsWith(data + ": ok\n");
        Path file = directory.resolve("f");
        Files.writeString(file, shown);
        // a checkpoint as well
        assertThat(run("import", data.toString(), file.toString())).isZero();
        assertThat(run("check", data.toString())).isZero();
        for (Path name : files(data)) {
            byte[] whole = Files.readAllBytes(name);
            for (int at : new int[] {0, 20, 70, whole.length - 1}) {
                if (at >= whole.length || at < 0) {
                    continue;
                }
                byte[] flipped = whole.clone();
                flipped[at] ^= 4;
                Files.write(name, flipped);
                Map<String, String> before = state(data);
                out.reset();
                assertThat(run("check", data.toString())).as(name + " " + at).isEqualTo(ExitCode.FAILURE);
                assertThat(out.toString(UTF_8)).containsOnlyOnce(": damaged at byte ")
                        .contains(name + ": damaged at byte " + (at < 64 ? 0 : at < 72 ? 64 : ""))
                        .endsWith("DAMAGED, places: 1\n");
                assertThat(run("export", data.toString())).isEqualTo(ExitCode.FAILURE);
                assertThat(state(data)).isEqualTo(before);
            }
            Files.write(name, whole);
        }
        out.reset();
        assertThat(run("export", data.toString())).isZero();
        assertThat(out.toString(UTF_8)).isEqualTo(shown);
    }

    @Test
    void shouldReportATornTailAndExportWhatLiesBefore() throws Exception {
        Path data = directory.resolve("data");
        gateway(data, url -> {
            send(url, "POST", "/metrics", "a 1\n");
            send(url, "POST", "/metrics", "b 1\n");
        });
        for (Path segment : files(data)) {
            byte[] whole = Files.readAllBytes(segment);
            Files.write(segment, java.util.Arrays.copyOf(whole, whole.length - 1));
        }
        assertThat(run("check", data.toString())).isEqualTo(ExitCode.FAILURE);
        assertThat(out.toString(UTF_8)).contains(": frame cut off");
        out.reset();
        assertThat(run("export", data.toString())).isEqualTo(ExitCode.FAILURE);
        assertThat(err.toString(UTF_8)).contains("frame cut off", "this is what a start would find");
        String exported = out.toString(UTF_8);
        assertThat(gateway(data, url -> {})).isEqualTo(exported);
        out.reset();
        assertThat(run("check", data.toString())).isZero();
        assertThat(out.toString(UTF_8)).contains("files set aside earlier (*.corrupt), not read");
    }

    // ---- directories and words

    @Test
    void shouldKeepOutOfADirectoryThatAGatewayUses() throws Exception {
        Path data = directory.resolve("data");
        Path file = Files.writeString(directory.resolve("f"), "a 1\n");
        gateway(data, url -> {
            for (String[] words : new String[][] {
                {"check", data.toString()}, {"export", data.toString()}, {"import", data.toString(), file.toString()}
            }) {
                StartupException e = catchThrowableOfType(StartupException.class, () -> run(words));
                assertThat(e.exitCode()).isEqualTo(ExitCode.STORAGE);
                assertThat(e.getMessage()).contains("using ", data.toString());
            }
            send(url, "POST", "/metrics", "b 1\n");
        });
        assertThat(run("check", data.toString())).isZero();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "check no|73|there is no directory no", "export no|73|there is no directory no",
        "check|2|data check: expected one directory", "check a b|2|data check: expected one directory",
        "export a --outptu=x|2|data: unknown flag \"--outptu=x\"", "export a --output|2|--output: no value",
        "import a|2|data import: expected a directory and a file", "import a b --mode=put|2|--mode: expected add or set",
        "chekc a|2|data: unknown command \"chekc\"",
    })
    void shouldSayInOneLineWhatIsWrong(String words, int code, String message) {
        StartupException e = catchThrowableOfType(StartupException.class, () -> run(words.split(" ")));
        assertThat(e.exitCode()).isEqualTo(code);
        assertThat(e.getMessage()).startsWith(message).doesNotContain("\n");
    }

    @Test
    void shouldSayThatThereIsNoJournal() {
        for (String command : List.of("check", "export")) {
            StartupException e =
                    catchThrowableOfType(StartupException.class, () -> run(command, directory.toString()));
            assertThat(e.exitCode()).isEqualTo(ExitCode.STORAGE);
            assertThat(e.getMessage()).startsWith("there is no journal in ");
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldExplainItself() throws Exception {
        for (String words : List.of("--help", "check --help", "export --help", "import -h", "help")) {
            out.reset();
            assertThat(run(words.split(" "))).isZero();
            assertThat(out.toString(UTF_8)).startsWith("Usage:\n  weir data ").contains("Exit codes:");
            assertThat(out.toString(UTF_8).lines()).allMatch(line -> line.length() <= 120);
        }
    }

    // ---- gateways

    private interface Work {
        void with(String url) throws Exception;
    }

    /** A gateway on a directory, for a while; what it shows in the end. */
    private static String gateway(Path data, Work work, String... flags) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--web.listen-address=127.0.0.1:0", "--storage.path=" + data));
        arguments.addAll(List.of(flags));
        Config config = ConfigLoader.load(CommandLine.parse(arguments), Map.of());
        try (Weir weir = Weir.start(config, () -> config)) {
            weir.awaitRecovery();
            String url = "http://127.0.0.1:" + weir.addresses().get(0).getPort();
            work.with(url);
            return send(url, "GET", "/metrics", "");
        }
    }

    private static String send(String url, String method, String target, String body) throws Exception {
        return CLIENT.send(
                        HttpRequest.newBuilder(URI.create(url + target)).method(method, BodyPublishers.ofString(body)).build(),
                        BodyHandlers.ofString())
                .body();
    }

    private int run(String... words) throws Exception {
        err.reset();
        return new DataCommand(Map.of(), new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8))
                .run(List.of(words));
    }

    private static List<Path> files(Path data) throws IOException {
        try (var files = Files.list(data)) {
            return files.filter(file -> !file.endsWith("lock")).sorted().toList();
        }
    }

    /** Names, contents and times of change. */
    private static Map<String, String> state(Path data) throws IOException {
        Map<String, String> state = new TreeMap<>();
        try (var files = Files.list(data)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                FileTime changed = Files.getLastModifiedTime(file);
                state.put(file.getFileName().toString(), changed + " " + java.util.Arrays.hashCode(Files.readAllBytes(file)));
            }
        }
        return state;
    }
}
