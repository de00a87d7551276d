package io.weir.server.cli;

import io.weir.server.config.ConfigException;
import io.weir.server.config.ExitCode;
import io.weir.server.config.WebConfig;
import java.nio.file.Path;
import java.util.List;

/** {@code weir check web-config}: the verdict on a file for {@code --web.config.file}, without starting anything. */
final class CheckWebConfigCommand implements Command {
    @Override
    public String name() {
        return "check web-config";
    }

    @Override
    public String summary() {
        return "Check a file for --web.config.file; exit code 0 or 78";
    }

    @Override
    public String operands() {
        return "FILE";
    }

    @Override
    public List<String> examples() {
        return List.of("weir check web-config web.yml");
    }

    @Override
    public int run(Arguments arguments, Terminal terminal) throws CommandException {
        if (arguments.operands().size() != 1) {
            throw CommandException.usage("check web-config: expected one file, as in: weir check web-config web.yml");
        }
        try {
            WebConfig.read(Path.of(arguments.operands().get(0)));
        } catch (ConfigException e) {
            throw new CommandException(e.exitCode(), e.getMessage());
        }
        terminal.out().println(arguments.operands().get(0) + ": ok");
        return ExitCode.OK;
    }
}
