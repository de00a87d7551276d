package io.weir.server.cli;

import io.weir.server.config.ExitCode;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code weir inc}: adds to one counter and prints its new value. */
final class IncCommand implements Command {
    private static final Pattern VALUE = Pattern.compile("\\{\"value\":\"?([^\"}]+)\"?}");

    @Override
    public String name() {
        return "inc";
    }

    @Override
    public String summary() {
        return "Add to a counter and print its new value";
    }

    @Override
    public String operands() {
        return "NAME [LABEL=VALUE...]";
    }

    @Override
    public List<Flag> flags() {
        List<Flag> flags = new ArrayList<>(List.of(Flag.value("--by", "N", "how much (1)")));
        flags.addAll(GatewayClient.FLAGS);
        return flags;
    }

    @Override
    public List<String> examples() {
        return List.of("weir inc builds_total", "weir inc builds_total branch=main result=ok --by 3");
    }

    @Override
    public int run(Arguments arguments, Terminal terminal) throws CommandException, IOException, InterruptedException {
        List<String> operands = arguments.operands();
        if (operands.isEmpty()) {
            throw CommandException.usage("inc: expected a name, as in: weir inc builds_total branch=main");
        }
        StringBuilder target = new StringBuilder("/metrics/").append(PathText.encode(operands.get(0)));
        char before = '?';
        for (String label : operands.subList(1, operands.size())) {
            int equals = label.indexOf('=');
            if (equals < 1) {
                throw CommandException.usage("inc: expected LABEL=VALUE, found \"" + label + "\"");
            }
            target.append(before)
                    .append(PathText.encode(label.substring(0, equals)))
                    .append('=')
                    .append(PathText.encode(label.substring(equals + 1)));
            before = '&';
        }
        BodyPublisher amount = arguments.has("--by")
                ? BodyPublishers.ofString(arguments.value("--by").get())
                : BodyPublishers.noBody();
        String answer = GatewayClient.of(arguments, terminal.environment())
                .send("PATCH", target.toString(), amount, "Accept", "application/json");
        Matcher value = VALUE.matcher(answer);
        terminal.out().println(value.find() ? value.group(1) : answer.strip());
        return ExitCode.OK;
    }
}
