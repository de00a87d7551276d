package io.weir.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.server.config.ExitCode;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/** {@code weir push}: Prometheus text from a file or standard input. */
final class PushCommand implements Command {
    @Override
    public String name() {
        return "push";
    }

    @Override
    public String summary() {
        return "Push Prometheus text from a file or standard input";
    }

    @Override
    public String operands() {
        return "[FILE]";
    }

    @Override
    public List<Flag> flags() {
        List<Flag> flags = new ArrayList<>(List.of(
                Flag.value("--job", "J", "push to the group of this job, /metrics/job/J, instead of /metrics"),
                Flag.on("--set", "PUT, which sets, instead of POST, which adds")));
        flags.addAll(GatewayClient.FLAGS);
        return flags;
    }

    @Override
    public List<String> examples() {
        return List.of(
                "weir push metrics.prom",
                "echo 'builds_total 1' | weir push",
                "weir push --job nightly --set metrics.prom",
                "weir push --url https://weir.example --token-file /run/secrets/push metrics.prom");
    }

    @Override
    public int run(Arguments arguments, Terminal terminal) throws CommandException, IOException, InterruptedException {
        if (arguments.operands().size() > 1) {
            throw CommandException.usage("push: expected one file, as in: weir push metrics.prom");
        }
        GatewayClient gateway = GatewayClient.of(arguments, terminal.environment());
        String file = arguments.operands().isEmpty() ? "-" : arguments.operands().get(0);
        byte[] body = file.equals("-") ? terminal.in().readAllBytes() : read(Path.of(file));
        Optional<String> job = arguments.value("--job");
        String target = job.isPresent() ? "/metrics" + group("job", job.get()) : "/metrics";
        gateway.send(arguments.has("--set") ? "PUT" : "POST", target, BodyPublishers.ofByteArray(body));
        return ExitCode.OK;
    }

    private static byte[] read(Path file) throws CommandException, IOException {
        if (!Files.isReadable(file)) {
            throw CommandException.failure("push: " + file + ": no such file, or not to be read");
        }
        return Files.readAllBytes(file);
    }

    /** One pair of a grouping path; what a path cannot carry goes as base64. */
    static String group(String label, String value) {
        boolean plain = !value.isEmpty() && !value.contains("/") && !value.equals(".") && !value.equals("..");
        return plain
                ? "/" + label + "/" + PathText.encode(value)
                : "/" + label + "@base64/"
                        + (value.isEmpty() ? "=" : Base64.getUrlEncoder().encodeToString(value.getBytes(UTF_8)));
    }
}
