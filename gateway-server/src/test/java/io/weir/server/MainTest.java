package io.weir.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The process as a user sees it: really started, from the classes of this build. */
@Timeout(60)
class MainTest {
    @TempDir
    private Path directory;

    @Test
    void shouldSayUrlDataDirectoryAndACurlAndEndWithZeroOnSigterm() throws Exception {
        Path data = directory.resolve("a/b");
        try (WeirProcess weir = WeirProcess.start(
                directory, "--web.listen-address=127.0.0.1:0", "--web.listen-address=127.0.0.1:0", "--storage.path=" + data)) {
            List<String> greeting = weir.readThrough("try ");
            assertThat(greeting.get(0)).startsWith("Weir 0.").contains("ready after");
            assertThat(greeting.subList(1, 3)).allMatch(line -> line.matches("listening on  http://127\\.0\\.0\\.1:\\d+"));
            assertThat(greeting.get(3)).isEqualTo("data lies in  " + data + ", 0 series recovered");
            assertThat(greeting.get(4)).contains("curl -X PATCH").contains("/metrics");
            assertThat(data).isDirectoryContaining(file -> file.endsWith("lock"));

            weir.process().destroy();
            assertThat(weir.exitCode()).isZero();
        }
    }

    @Test
    void shouldGreetWithATokenWhereOneIsAskedForAndRefuseABadWebConfiguration() throws Exception {
        Path file = Files.writeString(
                directory.resolve("weir.yml"), "auth: {tokens: [{name: a, token: t, scopes: [push, scrape]}]}\n");
        try (WeirProcess weir = WeirProcess.start(
                directory, "--web.listen-address=127.0.0.1:0", "--storage.path=none", "--config.file=" + file)) {
            assertThat(weir.readThrough("try ")).last().asString().contains("curl -H 'Authorization: Bearer TOKEN' -X PATCH");
        }
        Path web = Files.writeString(directory.resolve("web.yml"), "basic_auth_users: {alice: secret}\n");
        try (WeirProcess weir = WeirProcess.start(directory, "--web.config.file=" + web)) {
            assertThat(weir.exitCode()).isEqualTo(78);
            assertThat(weir.problems())
                    .singleElement()
                    .asString()
                    .startsWith("weir: " + web + ":1:27: basic_auth_users: user \"alice\"")
                    .doesNotContain("secret");
            assertThat(directory.resolve("data")).doesNotExist();
        }
    }

    @Test
    void shouldEndWithZeroOnSigint() throws Exception {
        try (WeirProcess weir =
                WeirProcess.start(directory, "--web.listen-address=127.0.0.1:0", "--storage.path=none")) {
            assertThat(weir.readThrough("try ")).contains("data lies in  memory only (--storage.path=none)");
            new ProcessBuilder("kill", "-INT", Long.toString(weir.process().pid())).start().waitFor(10, TimeUnit.SECONDS);
            assertThat(weir.exitCode()).isZero();
        }
    }

    @Test
    void shouldEndWith69WhenThePortIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                WeirProcess weir = WeirProcess.start(
                        directory, "--web.listen-address=127.0.0.1:" + taken.getLocalPort(), "--storage.path=none")) {
            assertThat(weir.exitCode()).isEqualTo(69);
            assertThat(weir.problems())
                    .singleElement()
                    .asString()
                    .startsWith("weir: cannot listen on 127.0.0.1:" + taken.getLocalPort() + ": ")
                    .contains("Address already in use")
                    .contains("--web.listen-address");
        }
    }

    @Test
    void shouldEndWith69WhenTheHostIsUnknown() throws Exception {
        try (WeirProcess weir =
                WeirProcess.start(directory, "--web.listen-address=host.invalid:0", "--storage.path=none")) {
            assertThat(weir.exitCode()).isEqualTo(69);
            assertThat(weir.problems()).singleElement().asString().startsWith("weir: cannot listen on host.invalid:0: unknown host");
        }
    }

    @Test
    void shouldEndWith73WhenTheDataDirectoryIsAFile() throws Exception {
        Path file = Files.createFile(directory.resolve("data"));
        try (WeirProcess weir = WeirProcess.start(directory, "--web.listen-address=127.0.0.1:0")) {
            assertThat(weir.exitCode()).isEqualTo(73);
            assertThat(weir.problems())
                    .singleElement()
                    .asString()
                    .startsWith("weir: data directory " + file.toRealPath() + " cannot be used: ")
                    .contains("--storage.path");
        }
    }

    @Test
    void shouldEndWith2OnABadFlagAndABadVariable() throws Exception {
        try (WeirProcess weir = WeirProcess.start(directory, "--web.listen-adress=:1")) {
            assertThat(weir.exitCode()).isEqualTo(2);
            assertThat(weir.problems()).singleElement().asString().contains("did you mean --web.listen-address?");
        }
    }

    @Test
    void shouldEndWith78OnABadFileAndNameThePlace() throws Exception {
        Path file = Files.writeString(directory.resolve("weir.yml"), "web:\n  listen-adress: x\n");
        try (WeirProcess weir = WeirProcess.start(directory, "--config.file=" + file)) {
            assertThat(weir.exitCode()).isEqualTo(78);
            assertThat(weir.problems()).singleElement().asString().startsWith("weir: " + file + ":2:3: unknown key");
        }
        try (WeirProcess weir = WeirProcess.start(directory, "check", "config", file.toString())) {
            assertThat(weir.exitCode()).isEqualTo(78);
            assertThat(weir.problems()).singleElement().asString().startsWith("weir: " + file + ":2:3: unknown key");
        }
    }

    @Test
    void shouldCheckAGoodFileWithoutStarting() throws Exception {
        Path file = Files.writeString(directory.resolve("weir.yml"), "web:\n  listen-address: 127.0.0.1:1\n");
        try (WeirProcess weir = WeirProcess.start(directory, "check", "config", file.toString())) {
            assertThat(weir.exitCode()).isZero();
            assertThat(weir.readThrough(file.toString())).containsExactly(file + ": ok");
            assertThat(directory.resolve("data")).doesNotExist();
        }
    }

    @Test
    void shouldPrintHelpVersionAndConfig() throws IOException, InterruptedException {
        try (WeirProcess weir = WeirProcess.start(directory, "--help")) {
            assertThat(weir.readThrough("  --config.file")).anyMatch(line -> line.contains("--series.max"));
            assertThat(weir.exitCode()).isZero();
        }
        try (WeirProcess weir = WeirProcess.start(directory, "--version")) {
            assertThat(weir.readThrough("weir")).singleElement().asString()
                    .matches("weir 0\\.\\S+ \\(commit ([0-9a-f]{7,}|unknown), Java .*\\)");
        }
        try (WeirProcess weir = WeirProcess.start(directory, "config", "print", "--series.max=5")) {
            assertThat(weir.readThrough("series.max")).last().asString().matches("series.max: 5 +# --series.max");
        }
    }
}
